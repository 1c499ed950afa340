//! One directory object, read by hand: pages hold a thousand of them, and only the selected properties become values.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

/// Far above anything Entra stores in one property; more is a mistake or an attack.
const LONGEST_TEXT: usize = 4096;
/// An object id is a GUID; a simulator's may be something else, as long as it is safe in a path.
const LONGEST_ID: usize = 64;

/// What `@odata.type` says of an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Kind {
    User,
    Other,
    /// No type was given.
    Unsaid,
}

/// A directory object with the properties that were asked for; of a user, unless `kind` says otherwise.
#[derive(Debug)]
pub(in super::super) struct GraphUser {
    pub kind: Kind,
    pub id: String,
    pub user_principal_name: Option<String>,
    pub display_name: Option<String>,
    pub account_enabled: Option<bool>,
    pub user_type: Option<String>,
    /// The other selected properties, those that are set.
    pub properties: BTreeMap<String, Value>,
}

impl GraphUser {
    /// An app without User.Read.All is given rows like this, with HTTP 200 (Graph, "limited information").
    pub fn is_id_only(&self) -> bool {
        self.user_principal_name.is_none() && self.display_name.is_none()
    }

    /// Whether this is a user. A row without a type is one if it has a userPrincipalName, or no name at all: the
    /// latter might be a user whose properties the app may not read, and must not pass for a device.
    pub fn is_user(&self) -> bool {
        match self.kind {
            Kind::User => true,
            Kind::Other => false,
            Kind::Unsaid => self.user_principal_name.is_some() || self.is_id_only(),
        }
    }
}

pub(super) struct ObjectsSeed<'s> {
    pub selected: &'s BTreeSet<String>,
}

impl<'de> DeserializeSeed<'de> for ObjectsSeed<'_> {
    type Value = Vec<GraphUser>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for ObjectsSeed<'_> {
    type Value = Vec<GraphUser>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array of directory objects")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut rows: A) -> Result<Self::Value, A::Error> {
        let mut objects = Vec::new();
        while let Some(object) = rows.next_element_seed(ObjectSeed { selected: self.selected })? {
            objects.push(object);
        }
        Ok(objects)
    }
}

pub(super) struct ObjectSeed<'s> {
    pub selected: &'s BTreeSet<String>,
}

impl<'de> DeserializeSeed<'de> for ObjectSeed<'_> {
    type Value = GraphUser;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for ObjectSeed<'_> {
    type Value = GraphUser;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a directory object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut row = Row::default();
        while let Some(field) = map.next_key_seed(FieldSeed { selected: self.selected })? {
            match field {
                Field::Kind => row.kind.fill(map.next_value()?, "@odata.type")?,
                Field::Id => row.id.fill(map.next_value()?, "id")?,
                Field::UserPrincipalName => row.user_principal_name.fill(map.next_value()?, "userPrincipalName")?,
                Field::DisplayName => row.display_name.fill(map.next_value()?, "displayName")?,
                Field::AccountEnabled => row.account_enabled.fill(map.next_value()?, "accountEnabled")?,
                Field::UserType => row.user_type.fill(map.next_value()?, "userType")?,
                Field::Selected(name) => row.set(name, map.next_value()?)?,
                Field::Ignored => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        row.into_object()
    }
}

/// A row while it is read.
#[derive(Default)]
struct Row {
    kind: Slot<String>,
    id: Slot<String>,
    user_principal_name: Slot<String>,
    display_name: Slot<String>,
    account_enabled: Slot<bool>,
    user_type: Slot<String>,
    properties: BTreeMap<String, Value>,
}

/// A field, and whether it came already: one that comes twice has two meanings, and we will not choose.
struct Slot<T> {
    seen: bool,
    value: Option<T>,
}

impl<T> Default for Slot<T> {
    fn default() -> Self {
        Self { seen: false, value: None }
    }
}

impl<T> Slot<T> {
    fn fill<E: Error>(&mut self, value: Option<T>, name: &'static str) -> Result<(), E> {
        if std::mem::replace(&mut self.seen, true) {
            return Err(E::duplicate_field(name));
        }
        self.value = value;
        Ok(())
    }
}

impl Row {
    fn set<E: Error>(&mut self, name: String, mut value: Value) -> Result<(), E> {
        prune(&mut value);
        if is_too_long(&value) {
            return Err(E::custom(format_args!("{name} is longer than {LONGEST_TEXT} bytes")));
        }
        if self.properties.contains_key(&name) {
            return Err(E::custom(format_args!("{name} comes twice")));
        }
        if !value.is_null() {
            self.properties.insert(name, value);
        }
        Ok(())
    }

    fn into_object<E: Error>(self) -> Result<GraphUser, E> {
        let id = self.id.value.ok_or_else(|| E::missing_field("id"))?;
        let safe = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        if id.is_empty() || id.len() > LONGEST_ID || !id.chars().all(safe) {
            return Err(E::custom("an object id is no GUID"));
        }
        let texts = [&self.user_principal_name.value, &self.display_name.value, &self.user_type.value];
        if texts.into_iter().flatten().any(|text| text.len() > LONGEST_TEXT) {
            return Err(E::custom(format_args!("a name of {id} is longer than {LONGEST_TEXT} bytes")));
        }
        Ok(GraphUser {
            kind: kind_of(self.kind.value.as_deref()),
            id,
            user_principal_name: self.user_principal_name.value,
            display_name: self.display_name.value,
            account_enabled: self.account_enabled.value,
            user_type: self.user_type.value,
            properties: self.properties,
        })
    }
}

fn kind_of(odata_type: Option<&str>) -> Kind {
    match odata_type {
        None => Kind::Unsaid,
        Some("#microsoft.graph.user") => Kind::User,
        Some(_) => Kind::Other,
    }
}

/// Members that are not set go, and an object without members is not set: absence has one form only.
fn prune(value: &mut Value) {
    if let Value::Object(members) = value {
        members.values_mut().for_each(prune);
        members.retain(|_, member| !member.is_null());
        if members.is_empty() {
            *value = Value::Null;
        }
    }
}

fn is_too_long(value: &Value) -> bool {
    match value {
        Value::String(text) => text.len() > LONGEST_TEXT,
        Value::Array(items) => items.iter().any(is_too_long),
        Value::Object(members) => members.values().any(is_too_long),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

enum Field {
    Kind,
    Id,
    UserPrincipalName,
    DisplayName,
    AccountEnabled,
    UserType,
    Selected(String),
    Ignored,
}

/// Decides on a borrowed name, so that ignored properties cost no allocation.
struct FieldSeed<'s> {
    selected: &'s BTreeSet<String>,
}

impl<'de> DeserializeSeed<'de> for FieldSeed<'_> {
    type Value = Field;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Field, D::Error> {
        deserializer.deserialize_identifier(self)
    }
}

impl Visitor<'_> for FieldSeed<'_> {
    type Value = Field;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of a property")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<Field, E> {
        Ok(match name {
            "@odata.type" => Field::Kind,
            "id" => Field::Id,
            name if !self.selected.contains(name) => Field::Ignored,
            "userPrincipalName" => Field::UserPrincipalName,
            "displayName" => Field::DisplayName,
            "accountEnabled" => Field::AccountEnabled,
            "userType" => Field::UserType,
            name => Field::Selected(name.to_owned()),
        })
    }
}
