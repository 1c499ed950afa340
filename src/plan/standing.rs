//! Where a person stands: the one word that `status`, counts and the next run's judgement start from.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// On the roster, in scope, and mapped to an account.
    InScope,
    OutOfScope,
    /// A leaver without an account: nothing to do, and no failure.
    NotEligible,
    /// Cannot be provisioned yet, within patience: not a failure.
    Waiting,
    Failing,
    /// A leaver whose account is kept for now, by rule.
    Leaving,
}

impl Standing {
    pub const ALL: [Self; 6] =
        [Self::InScope, Self::OutOfScope, Self::NotEligible, Self::Waiting, Self::Failing, Self::Leaving];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::InScope => "in_scope",
            Self::OutOfScope => "out_of_scope",
            Self::NotEligible => "not_eligible",
            Self::Waiting => "waiting",
            Self::Failing => "failing",
            Self::Leaving => "leaving",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|standing| standing.as_str() == text)
    }
}

/// A standing, and since when it has held without a break.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StandingSince {
    pub standing: Standing,
    pub since: DateTime<Utc>,
}
