//! What is to change in one account, and how it is said: as PATCH operations, as one without a path, or as a whole
//! resource. Pure.

use serde_json::{Map, Value, json};

use crate::model::Attributes;

use super::path::Path;
use super::resource::{active_of, choose_primary_email, name_schemas};
use super::schema::PATCH_OP;

/// The edits of one account; an attribute without a value is cleared.
#[derive(Clone, Debug, Default)]
pub(super) struct Edits {
    pub active: Option<bool>,
    pub values: Vec<(Path, Option<Value>)>,
}

impl Edits {
    pub fn only_active(active: bool) -> Self {
        Self { active: Some(active), values: Vec::new() }
    }

    pub fn is_empty(&self) -> bool {
        self.active.is_none() && self.values.is_empty()
    }

    /// The values being set, for naming the one that was refused.
    pub fn sent(&self) -> Attributes {
        let set = |(path, value): &(Path, Option<Value>)| Some((path.as_str().to_owned(), value.clone()?));
        self.values.iter().filter_map(set).collect()
    }

    /// Whether an account shows all of it.
    pub fn are_in(&self, current: &Value) -> bool {
        let shown = |(path, value): &(Path, Option<Value>)| {
            let mut wanted = Map::new();
            if let Some(value) = value {
                path.set(&mut wanted, value);
            }
            path.get(current) == path.get(&Value::Object(wanted))
        };
        self.active.is_none_or(|active| active_of(current) == Some(active)) && self.values.iter().all(shown)
    }

    /// One operation per attribute, each with its path (RFC 7644 §3.5.2).
    pub fn operations(&self) -> Vec<Value> {
        let operation = |(path, value): &(Path, Option<Value>)| match value {
            Some(value) => replace(path, value),
            None => remove(path),
        };
        self.activation().into_iter().chain(self.values.iter().map(operation)).collect()
    }

    /// The operations that fit an account as it is: nothing absent is removed or replaced, and an entry that does not
    /// exist is added whole (`replace` on it is 400 noTarget, RFC 7644 §3.5.2.3).
    pub fn fitted(&self, current: &Value) -> Vec<Value> {
        let mut operations: Vec<Value> = self.activation().into_iter().collect();
        let mut entries = Map::new();
        for (path, value) in &self.values {
            let present = path.get(current).is_some();
            match value {
                None if present => operations.push(remove(path)),
                None => {}
                Some(value) if present => operations.push(replace(path, value)),
                Some(value) if path.selector.is_some() && !path.selects_in(current) => {
                    path.set(&mut entries, value);
                }
                Some(value) => {
                    operations.push(json!({"op": "add", "path": path.as_str(), "value": path.on_the_wire(value)}));
                }
            }
        }
        operations.extend(added(entries));
        operations
    }

    /// One operation without a path. What surrounds an attribute goes along as it is, because `replace` may be meant
    /// for the whole of it.
    pub fn without_path(&self, current: &Value) -> Value {
        let mut whole = current.as_object().cloned().unwrap_or_default();
        let mut value = Map::new();
        for (path, _) in &self.values {
            self.apply_one(path, &mut whole);
            let top = path.schema.as_ref().unwrap_or(&path.name);
            let key = whole.keys().find(|key| key.eq_ignore_ascii_case(top)).unwrap_or(top).clone();
            let now = whole.get(&key).cloned().unwrap_or(Value::Null);
            value.insert(key, now);
        }
        self.null_what_is_cleared(&mut value);
        if let Some(active) = self.active {
            value.insert("active".into(), Value::Bool(active));
        }
        json!({"op": "replace", "value": value})
    }

    /// The account with the edits made: what the app shows, what it does not show but was sent, and `active` always.
    pub fn replacement(&self, current: &Value, whole: &[(Path, Value)]) -> Value {
        let mut resource = current.as_object().cloned().unwrap_or_default();
        resource.retain(|name, _| !["meta", "groups"].iter().any(|read_only| name.eq_ignore_ascii_case(read_only)));
        for (path, value) in whole.iter().filter(|(path, _)| path.get(current).is_none()) {
            path.set(&mut resource, value);
        }
        for (path, _) in &self.values {
            self.apply_one(path, &mut resource);
        }
        let active = self.active.or_else(|| active_of(current)).unwrap_or(true);
        resource.retain(|name, _| !name.eq_ignore_ascii_case("active"));
        resource.insert("active".into(), Value::Bool(active));
        choose_primary_email(&mut resource);
        let paths = whole.iter().map(|(path, _)| path).chain(self.values.iter().map(|(path, _)| path));
        name_schemas(&mut resource, paths);
        Value::Object(resource)
    }

    fn activation(&self) -> Option<Value> {
        self.active.map(|active| json!({"op": "replace", "path": "active", "value": active}))
    }

    fn apply_one(&self, path: &Path, resource: &mut Map<String, Value>) {
        match self.values.iter().find(|(other, _)| other == path) {
            Some((_, Some(value))) => path.set(resource, value),
            Some((_, None)) => path.clear(resource),
            None => {}
        }
    }

    /// An app that merges objects must be told that a member is gone; null is how (RFC 7643 §2.5).
    fn null_what_is_cleared(&self, value: &mut Map<String, Value>) {
        for (path, _) in self.values.iter().filter(|(path, value)| value.is_none() && path.selector.is_none()) {
            path.set_null(value);
        }
    }
}

/// The body of a PATCH request.
pub(super) fn patch_body(operations: &[Value]) -> Value {
    json!({"schemas": [PATCH_OP], "Operations": operations})
}

fn replace(path: &Path, value: &Value) -> Value {
    json!({"op": "replace", "path": path.as_str(), "value": path.on_the_wire(value)})
}

fn remove(path: &Path) -> Value {
    json!({"op": "remove", "path": path.removal()})
}

/// One `add` per list, with every new entry of it.
fn added(entries: Map<String, Value>) -> impl Iterator<Item = Value> {
    entries.into_iter().map(|(name, value)| json!({"op": "add", "path": name, "value": value}))
}
