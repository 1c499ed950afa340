//! `attributes` and `excludedAttributes` (RFC 7644 §3.9): which part of an account is shown. Pure.

use serde_json::{Map, Value, json};

use super::path::{self, Aim};
use super::schema::ENTERPRISE;
use crate::sandbox::wire::Request;

/// Shown whatever is asked for (RFC 7643 §7, "returned: always").
const ALWAYS: &[&str] = &["id", "schemas"];

/// An account, shown as far as the request wants it; whole top-level attributes, and single ones of the extension.
pub(super) fn project(request: &Request, account: Value) -> Value {
    let Value::Object(mut account) = account else { return account };
    if let Some(wanted) = request.option("attributes") {
        let mut shown = Map::new();
        for name in ALWAYS.iter().copied().chain(wanted.split(',')) {
            show(&account, name.trim(), &mut shown);
        }
        return Value::Object(shown);
    }
    let excluded = request.option("excludedAttributes").unwrap_or_default();
    for name in excluded.split(',').filter(|name| !ALWAYS.contains(name)) {
        hide(&mut account, name.trim());
    }
    Value::Object(account)
}

fn show(account: &Map<String, Value>, name: &str, shown: &mut Map<String, Value>) {
    match path::parse(name) {
        Ok(Aim::Extension) => {
            shown.extend(account.get(ENTERPRISE).map(|value| (ENTERPRISE.to_owned(), value.clone())));
        }
        Ok(Aim::At(path)) if path.extension => {
            if let Some(value) = account.get(ENTERPRISE).and_then(|extension| extension.get(path.attribute)) {
                shown.entry(ENTERPRISE).or_insert_with(|| json!({}))[path.attribute] = value.clone();
            }
        }
        Ok(Aim::At(path)) => {
            shown.extend(account.get(path.attribute).map(|value| (path.attribute.to_owned(), value.clone())));
        }
        Err(_) => {}
    }
}

fn hide(account: &mut Map<String, Value>, name: &str) {
    match path::parse(name) {
        Ok(Aim::Extension) => drop(account.remove(ENTERPRISE)),
        Ok(Aim::At(path)) if path.extension => {
            if let Some(Value::Object(extension)) = account.get_mut(ENTERPRISE) {
                extension.remove(path.attribute);
            }
        }
        Ok(Aim::At(path)) => drop(account.remove(path.attribute)),
        Err(_) => {}
    }
}
