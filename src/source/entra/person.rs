//! From Graph's user to our person. Pure.

use std::collections::BTreeMap;

use serde_json::Value;

use super::wire::GraphUser;
use crate::model::{Manager, Person, PersonId};

impl From<GraphUser> for Person {
    fn from(user: GraphUser) -> Self {
        let GraphUser { kind: _, id, user_principal_name, display_name, account_enabled, user_type, properties } = user;
        let mut attributes = properties;
        let mut set = |name: &str, value: Option<Value>| {
            if let Some(value) = value {
                attributes.insert(name.to_owned(), value);
            }
        };
        // A guest's type may be missing; the name that Entra gives guests never is.
        let guest = match &user_type {
            Some(kind) => kind.eq_ignore_ascii_case("Guest"),
            None => user_principal_name.as_ref().is_some_and(|name| name.contains("#EXT#")),
        };
        set("id", Some(Value::String(id.clone())));
        set("displayName", display_name.map(Value::String));
        set("userPrincipalName", user_principal_name.clone().map(Value::String));
        set("accountEnabled", account_enabled.map(Value::Bool));
        set("userType", user_type.map(Value::String));
        let user_name = user_principal_name.unwrap_or_else(|| id.clone());
        Self { id: PersonId::new(id), user_name, enabled: account_enabled, guest, attributes, manager: None }
    }
}

impl From<GraphUser> for Manager {
    fn from(user: GraphUser) -> Self {
        let Person { id, user_name: _, enabled: _, guest: _, attributes, manager: _ } = user.into();
        let attributes: BTreeMap<String, Value> = attributes;
        Self { id, attributes }
    }
}
