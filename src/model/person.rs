//! A person: a user in the source directory, known by an immutable object id and by nothing else.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The immutable object id of a user in the source directory: the only identity of a person.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PersonId(String);

impl PersonId {
    pub fn new(id: impl Into<String>) -> Self {
        Self(id.into())
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for PersonId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One person as the source described them in one read.
///
/// `attributes` holds the selected properties, spelled as the source spells them; a property that is
/// not set is absent (never `null`), so that absence has one form only.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct Person {
    pub id: PersonId,
    /// What people call this user in the directory (Entra: the userPrincipalName); for reports only.
    pub user_name: String,
    /// Whether the account may sign in; `None` when the source did not say, which is never read as "disabled".
    pub enabled: Option<bool>,
    pub guest: bool,
    pub attributes: BTreeMap<String, Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub manager: Option<Manager>,
}

impl fmt::Debug for Person {
    /// Logs may show this, so it names the id and nothing personal.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Person").field("id", &self.id).field("enabled", &self.enabled).finish_non_exhaustive()
    }
}

/// The record of a person's manager: the same properties, read only when the expressions name `manager`.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct Manager {
    pub id: PersonId,
    pub attributes: BTreeMap<String, Value>,
}

impl fmt::Debug for Manager {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Manager").field("id", &self.id).finish_non_exhaustive()
    }
}

/// The properties that the expressions name, to be asked of the source and no others.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Properties {
    pub user: BTreeSet<String>,
    /// Present when an expression names `manager` at all, be it only `manager.account_id`.
    pub manager: Option<BTreeSet<String>>,
}
