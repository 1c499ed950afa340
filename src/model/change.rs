//! A change: one person, what becomes of their account, from what to what, and why.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{AccountId, PersonId};

/// What is to happen to one account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChangeKind {
    Create,
    Adopt,
    Update,
    /// An update that touches userName or a match attribute.
    Rename,
    Deactivate,
    Reactivate,
}

impl ChangeKind {
    pub const ALL: [Self; 6] =
        [Self::Create, Self::Adopt, Self::Update, Self::Rename, Self::Deactivate, Self::Reactivate];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Adopt => "adopt",
            Self::Update => "update",
            Self::Rename => "rename",
            Self::Deactivate => "deactivate",
            Self::Reactivate => "reactivate",
        }
    }
}

impl fmt::Display for ChangeKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Why a change is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// On the roster and in scope, without an account of ours.
    Joined,
    /// On the roster and in scope again, with an account of ours that is inactive.
    Returned,
    /// What mapping says differs from what was last sent.
    AttributesChanged,
    /// The person's manager has an account only now.
    ManagerArrived,
    /// Strong: the directory says the account is disabled.
    Disabled,
    /// Strong: the directory no longer has this person.
    Deleted,
    /// Weak: enabled, but in none of the groups.
    LeftGroup,
    /// Weak: in a group, but the scope says no.
    OutOfScope,
}

impl Cause {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Joined => "joined",
            Self::Returned => "returned",
            Self::AttributesChanged => "attributes_changed",
            Self::ManagerArrived => "manager_arrived",
            Self::Disabled => "disabled",
            Self::Deleted => "deleted",
            Self::LeftGroup => "left_group",
            Self::OutOfScope => "out_of_scope",
        }
    }

    /// A strong leaver: the directory itself says disabled or deleted.
    pub fn is_strong_leaver(self) -> bool {
        matches!(self, Self::Disabled | Self::Deleted)
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One attribute, from what to what. `None` is "no value".
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Delta {
    pub before: Option<Value>,
    pub after: Option<Value>,
}

/// One person's change, as planned.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Change {
    pub person: PersonId,
    /// `None` only for a create.
    pub account: Option<AccountId>,
    /// What people call them: the wanted userName, or the one last sent.
    pub user_name: String,
    pub kind: ChangeKind,
    pub cause: Cause,
    /// Only what differs; at a create everything that is set; empty at a deactivation.
    pub attributes: BTreeMap<String, Delta>,
}

impl Change {
    /// The attributes that get a value, without those that are cleared.
    pub fn values(&self) -> super::Attributes {
        let value_of = |(name, delta): (&String, &Delta)| Some((name.clone(), delta.after.clone()?));
        self.attributes.iter().filter_map(value_of).collect()
    }
}
