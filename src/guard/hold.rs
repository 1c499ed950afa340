//! The kinds of holds, and which changes each of them holds.

use serde::{Deserialize, Serialize};

use crate::model::{Cause, ChangeKind};

/// What a limit counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LimitKind {
    /// Strong leavers.
    Disabled,
    /// Weak leavers.
    Left,
    Reactivations,
    Renames,
    /// Creates, and adoptions that nobody needs to be asked about.
    Creates,
    Updates,
}

impl LimitKind {
    pub const ALL: [Self; 6] =
        [Self::Disabled, Self::Left, Self::Reactivations, Self::Renames, Self::Creates, Self::Updates];

    pub fn of(kind: ChangeKind, cause: Cause) -> Self {
        match kind {
            ChangeKind::Create | ChangeKind::Adopt => Self::Creates,
            ChangeKind::Update => Self::Updates,
            ChangeKind::Rename => Self::Renames,
            ChangeKind::Reactivate => Self::Reactivations,
            ChangeKind::Deactivate if cause.is_strong_leaver() => Self::Disabled,
            ChangeKind::Deactivate => Self::Left,
        }
    }

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Disabled => "disabled",
            Self::Left => "left",
            Self::Reactivations => "reactivations",
            Self::Renames => "renames",
            Self::Creates => "creates",
            Self::Updates => "updates",
        }
    }

    pub(super) fn is_leavers(self) -> bool {
        matches!(self, Self::Disabled | Self::Left)
    }
}

/// Why changes are held. One hold per kind; an earlier kind takes a change before a later one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HoldKind {
    /// The first plan of a configuration.
    Configuration,
    /// An attribute vanished from everyone.
    MassNull,
    /// Accounts that exist already.
    Adoptions,
    #[serde(untagged)]
    Limit(LimitKind),
}

impl HoldKind {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Configuration => "configuration",
            Self::MassNull => "mass_null",
            Self::Adoptions => "adoptions",
            Self::Limit(kind) => kind.as_str(),
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        let others = [Self::Configuration, Self::MassNull, Self::Adoptions];
        let all = others.into_iter().chain(LimitKind::ALL.map(Self::Limit));
        all.into_iter().find(|kind| kind.as_str() == text)
    }

    /// Whether a change is one that this hold is about. `ask`: an adoption that needs somebody's word.
    pub fn covers(self, kind: ChangeKind, cause: Cause, ask: bool) -> bool {
        let limit = LimitKind::of(kind, cause);
        match self {
            // Strong leavers excepted: a change of configuration never keeps a dismissed person active.
            Self::Configuration => limit != LimitKind::Disabled,
            Self::MassNull => matches!(limit, LimitKind::Updates | LimitKind::Renames) || cause == Cause::OutOfScope,
            Self::Adoptions => ask,
            Self::Limit(held) => held == limit && !ask,
        }
    }
}
