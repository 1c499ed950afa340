//! The snapshot: what we last sent successfully for one person.

use serde::{Deserialize, Serialize};

use super::{AccountId, Attributes, PersonId};

/// How an account became ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    Created,
    Adopted,
}

/// One person's account, and the attributes we last sent successfully. Not what the target echoed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Snapshot {
    pub person: PersonId,
    pub account: AccountId,
    pub user_name: String,
    pub active: bool,
    pub attributes: Attributes,
    pub origin: Origin,
}
