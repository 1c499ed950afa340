//! Accounts as SCIM resources: one to create, one as read, pages of them. Pure.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use crate::model::{Account, AccountId, Attributes};

use super::link::is_usable;
use super::path::{Path, boolean, member};
use super::schema::CORE_USER;

/// A page of a list (RFC 7644 §3.4.2), read as liberally as services write it.
#[derive(Debug, Default)]
pub(super) struct Page {
    /// Every row, those without a usable id too.
    pub rows: Vec<Value>,
    pub total: Option<u64>,
}

impl Page {
    /// `None` when this is no list. A list without rows may leave `Resources` out.
    pub fn parse(body: &[u8]) -> Option<Self> {
        let mut body: Value = serde_json::from_slice(body).ok()?;
        let total = member(&body, "totalResults").and_then(number);
        let key = body.as_object()?.keys().find(|key| key.eq_ignore_ascii_case("Resources")).cloned();
        match key.map(|key| body[key].take()) {
            Some(Value::Array(rows)) => Some(Self { rows, total }),
            Some(Value::Null) | None => total.map(|_| Self { rows: Vec::new(), total }),
            Some(_) => None,
        }
    }
}

/// The id of a resource, where it has one that can be addressed.
pub(super) fn id_of(resource: &Value) -> Option<AccountId> {
    let id = match member(resource, "id")? {
        Value::String(id) => id.clone(),
        Value::Number(id) => id.to_string(),
        _ => return None,
    };
    is_usable(&id).then(|| AccountId::new(id))
}

/// Whether the account is active, where the app says so.
pub(super) fn active_of(resource: &Value) -> Option<bool> {
    member(resource, "active").and_then(boolean)
}

/// The version to send as `If-Match` (RFC 7643 §3.1).
pub(super) fn version_of(resource: &Value) -> Option<String> {
    member(member(resource, "meta")?, "version")?.as_str().map(str::to_owned)
}

/// A resource reduced to the attributes the mapping names.
pub(super) fn account(resource: &Value, id: AccountId, attributes: &[Path]) -> Account {
    Account {
        id,
        user_name: text_of(resource, "userName").unwrap_or_default(),
        external_id: text_of(resource, "externalId"),
        active: active_of(resource),
        attributes: reduced(resource, attributes),
    }
}

/// The attributes of a resource that the mapping names, spelled as the mapping spells them.
pub(super) fn reduced(resource: &Value, attributes: &[Path]) -> Attributes {
    let value_of = |path: &Path| Some((path.as_str().to_owned(), path.get(resource)?));
    attributes.iter().filter_map(value_of).collect()
}

pub(super) fn text_of(resource: &Value, name: &str) -> Option<String> {
    let text = match member(resource, name)? {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        _ => return None,
    };
    (!text.is_empty()).then_some(text)
}

/// A new account: every attribute, `active`, and each schema in use.
pub(super) fn creation(values: &[(Path, Value)]) -> Value {
    let mut resource = Map::new();
    for (path, value) in values {
        path.set(&mut resource, value);
    }
    resource.insert("active".into(), Value::Bool(true));
    choose_primary_email(&mut resource);
    name_schemas(&mut resource, values.iter().map(|(path, _)| path));
    Value::Object(resource)
}

/// `schemas` lists the core schema, what was listed before, and every extension used (RFC 7643 §3.1).
pub(super) fn name_schemas<'a>(resource: &mut Map<String, Value>, paths: impl Iterator<Item = &'a Path>) {
    let before = resource.get("schemas").and_then(Value::as_array).cloned().unwrap_or_default();
    let mut schemas: BTreeSet<String> = before.iter().filter_map(Value::as_str).map(str::to_owned).collect();
    schemas.insert(CORE_USER.to_owned());
    let used = paths.filter_map(|path| path.schema.clone()).filter(|schema| resource.contains_key(schema));
    schemas.extend(used);
    resource.insert("schemas".into(), json!(schemas));
}

/// The first e-mail is the primary one when nothing says otherwise, as Entra's own client sends it: apps that want a
/// primary address were built against that.
pub(super) fn choose_primary_email(resource: &mut Map<String, Value>) {
    let Some(emails) = resource.get_mut("emails").and_then(Value::as_array_mut) else { return };
    if emails.iter().any(|email| member(email, "primary").is_some()) {
        return;
    }
    if let Some(first) = emails.first_mut().and_then(Value::as_object_mut) {
        first.insert("primary".into(), Value::Bool(true));
    }
}

fn number(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| value.as_str()?.trim().parse().ok())
}
