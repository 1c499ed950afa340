//! An account: a user in the target app, and what mapping says it should be.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The target's own id of an account.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AccountId(String);

impl AccountId {
    pub fn new(id: impl Into<String>) -> Self {
        Self(id.into())
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for AccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Values by target attribute, spelled as the mapping spells it (`name.givenName`,
/// `emails[type eq "work"].value`). An attribute that has no value is absent.
pub type Attributes = BTreeMap<String, Value>;

/// An account as the target showed it, reduced to the attributes the mapping names.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Account {
    pub id: AccountId,
    pub user_name: String,
    pub external_id: Option<String>,
    /// `None` when the target did not say.
    pub active: Option<bool>,
    pub attributes: Attributes,
}

impl Account {
    /// The text of an attribute by which accounts are recognised.
    pub fn value_of(&self, attribute: &str) -> Option<String> {
        if attribute.eq_ignore_ascii_case("userName") {
            return Some(self.user_name.clone());
        }
        if attribute.eq_ignore_ascii_case("externalId") {
            return self.external_id.clone();
        }
        self.attributes.get(attribute)?.as_str().map(str::to_owned)
    }
}

/// One value by which an existing account is recognised, for example `userName` = `ada@acme.example`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct MatchKey {
    pub attribute: String,
    pub value: String,
}

/// What mapping wants for one attribute.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Wish {
    /// Keep it at this value. A reference to an account that does not exist yet is a `Leave`.
    Set(Value),
    /// Give it this value when the account is created, and never touch it again.
    SetAtCreation(Value),
    /// The source has no value: the target shall have none either.
    Clear,
    /// Say nothing about it.
    Leave,
}

/// The account that mapping wants for one person who is in scope.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WantedAccount {
    pub attributes: BTreeMap<String, Wish>,
    /// The mapping names `manager.account_id`, the person has a manager, and that manager has no account yet.
    pub awaits_manager: bool,
}

impl WantedAccount {
    /// The attributes an account is created with.
    pub fn at_creation(&self) -> Attributes {
        let value_of = |(name, wish): (&String, &Wish)| match wish {
            Wish::Set(value) | Wish::SetAtCreation(value) => Some((name.clone(), value.clone())),
            Wish::Clear | Wish::Leave => None,
        };
        self.attributes.iter().filter_map(value_of).collect()
    }

    /// The text wanted for an attribute, if it is set to one.
    pub fn text(&self, attribute: &str) -> Option<&str> {
        match self.attributes.get(attribute)? {
            Wish::Set(value) | Wish::SetAtCreation(value) => value.as_str(),
            Wish::Clear | Wish::Leave => None,
        }
    }

    /// The values this account would be recognised by, in the order of `match`.
    pub fn match_keys(&self, attributes: &[String]) -> Vec<MatchKey> {
        let key_of = |attribute: &String| {
            let value = self.text(attribute)?.to_owned();
            Some(MatchKey { attribute: attribute.clone(), value })
        };
        attributes.iter().filter_map(key_of).collect()
    }
}

/// What the target's schema says an attribute is; text unless it says otherwise.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AttributeKind {
    #[default]
    Text,
    Boolean,
    Number,
    /// Several values whose order means nothing.
    Set,
}
