//! A user's document: checked against the schema, and brought to one spelling. Pure.

use anyhow::Context;
use serde_json::{Map, Value};

use super::error::Refusal;
use super::quirks::Quirks;
use super::schema::{self, ENTERPRISE, Shape, USER};

pub(super) type Document = Map<String, Value>;

/// A whole resource as a client sends it with POST or PUT.
pub(super) fn strict(body: &[u8], quirks: &Quirks) -> Result<Document, Refusal> {
    let value: Value = serde_json::from_slice(body)
        .map_err(|error| Refusal::typed("invalidSyntax", format!("The body is no JSON: {error}.")))?;
    let Value::Object(sent) = value else {
        return Err(Refusal::typed("invalidSyntax", "The body is no JSON object."));
    };
    let schemas = sent.get("schemas").and_then(Value::as_array);
    if !schemas.is_some_and(|schemas| schemas.iter().any(|schema| schema == USER)) {
        return Err(Refusal::typed("invalidSyntax", format!("schemas must name {USER}.")));
    }
    if sent.contains_key(ENTERPRISE) && !schemas.is_some_and(|schemas| schemas.iter().any(|s| s == ENTERPRISE)) {
        return Err(Refusal::typed("invalidSyntax", format!("schemas must name {ENTERPRISE}, which the body uses.")));
    }
    let mut document = Document::new();
    for (name, value) in sent {
        if name == "schemas" {
            continue;
        }
        put(&mut document, &name, value, quirks)?;
    }
    require_user_name(&document)?;
    Ok(document)
}

/// What an admin types in by hand: any attributes.
pub(super) fn lenient(resource: &Value) -> anyhow::Result<Document> {
    let mut document = resource.as_object().context("an account is a JSON object")?.clone();
    document.remove("schemas");
    document.remove("meta");
    document.get("userName").and_then(Value::as_str).context("an account needs a userName")?;
    document.entry("active").or_insert(Value::Bool(true));
    Ok(document)
}

pub(super) fn require_user_name(document: &Document) -> Result<(), Refusal> {
    let name = document.get("userName").and_then(Value::as_str);
    if name.is_none_or(|name| name.trim().is_empty()) {
        return Err(Refusal::typed("invalidValue", "userName is required."));
    }
    Ok(())
}

/// Sets one attribute, or a whole extension, after checking it; null and `[]` unset it (RFC 7643 §2.5).
pub(super) fn put(document: &mut Document, name: &str, value: Value, quirks: &Quirks) -> Result<(), Refusal> {
    if name.eq_ignore_ascii_case(ENTERPRISE) {
        return put_extension(document, value, quirks);
    }
    let core_name = name.strip_prefix(USER).and_then(|rest| rest.strip_prefix(':')).unwrap_or(name);
    if let Some(attribute) = name.strip_prefix(ENTERPRISE).and_then(|rest| rest.strip_prefix(':')) {
        return put_extended(document, attribute, value, quirks);
    }
    let known = schema::core(core_name).filter(|(known, _)| !quirks.unknown.iter().any(|gone| gone == known));
    let Some((name, shape)) = known else { return unknown(core_name, quirks) };
    set(document, name, shape, value)
}

fn put_extension(document: &mut Document, value: Value, quirks: &Quirks) -> Result<(), Refusal> {
    match value {
        Value::Null => drop(document.remove(ENTERPRISE)),
        Value::Object(parts) => {
            for (name, value) in parts {
                put_extended(document, &name, value, quirks)?;
            }
        }
        _ => return Err(wrong_type(ENTERPRISE, "an object")),
    }
    Ok(())
}

fn put_extended(document: &mut Document, name: &str, value: Value, quirks: &Quirks) -> Result<(), Refusal> {
    let known = schema::extension(name).filter(|(known, _)| !quirks.unknown.iter().any(|gone| gone == known));
    let Some((name, shape)) = known else { return unknown(name, quirks) };
    let mut extension = document.remove(ENTERPRISE).and_then(into_object).unwrap_or_default();
    let outcome = set(&mut extension, name, shape, value);
    if !extension.is_empty() {
        document.insert(ENTERPRISE.to_owned(), Value::Object(extension));
    }
    outcome
}

/// Checks a value against its type and stores it, or removes what is empty.
pub(super) fn set(target: &mut Document, name: &str, shape: Shape, value: Value) -> Result<(), Refusal> {
    if shape == Shape::ReadOnly {
        return Ok(());
    }
    match canonical(name, shape, value)? {
        Some(value) => target.insert(name.to_owned(), value),
        None => target.remove(name),
    };
    Ok(())
}

fn canonical(name: &str, shape: Shape, value: Value) -> Result<Option<Value>, Refusal> {
    if value.is_null() {
        return Ok(None);
    }
    match (shape, value) {
        (Shape::Text, value @ Value::String(_)) | (Shape::Truth, value @ Value::Bool(_)) => Ok(Some(value)),
        (Shape::Text, _) => Err(wrong_type(name, "a string")),
        (Shape::Truth, _) => Err(wrong_type(name, "a boolean")),
        (Shape::Complex(_), Value::Object(parts)) => {
            let checked = parts_of(name, shape, parts)?;
            Ok((!checked.is_empty()).then_some(Value::Object(checked)))
        }
        (Shape::Complex(_), _) => Err(wrong_type(name, "an object")),
        (Shape::Several(_), Value::Array(entries)) => {
            let entries = entries.into_iter().map(|entry| entry_of(name, shape, entry));
            let entries = entries.collect::<Result<Vec<Value>, Refusal>>()?;
            one_primary(name, &entries)?;
            Ok((!entries.is_empty()).then_some(Value::Array(entries)))
        }
        (Shape::Several(_), _) => Err(wrong_type(name, "an array")),
        (Shape::ReadOnly, _) => Ok(None),
    }
}

/// One entry of a multi-valued attribute.
pub(super) fn entry_of(name: &str, shape: Shape, entry: Value) -> Result<Value, Refusal> {
    match entry {
        Value::Object(parts) => Ok(Value::Object(parts_of(name, shape, parts)?)),
        _ => Err(wrong_type(name, "an array of objects")),
    }
}

fn parts_of(name: &str, shape: Shape, parts: Document) -> Result<Document, Refusal> {
    let mut checked = Document::new();
    for (part, value) in parts {
        let Some(part) = schema::part(shape, &part) else {
            return Err(Refusal::typed("invalidSyntax", format!("{name} has no part {part}.")));
        };
        let shape = if part == "primary" { Shape::Truth } else { Shape::Text };
        if let Some(value) = canonical(&format!("{name}.{part}"), shape, value)? {
            checked.insert(part.to_owned(), value);
        }
    }
    Ok(checked)
}

/// RFC 7643 §2.4: at most one entry is primary.
fn one_primary(name: &str, entries: &[Value]) -> Result<(), Refusal> {
    if entries.iter().filter(|entry| entry["primary"] == true).count() > 1 {
        return Err(Refusal::typed("invalidValue", format!("{name} has more than one primary entry.")));
    }
    Ok(())
}

fn unknown(name: &str, quirks: &Quirks) -> Result<(), Refusal> {
    if quirks.unknown_dropped {
        return Ok(());
    }
    Err(Refusal::typed("invalidSyntax", format!("There is no attribute {name}.")))
}

fn wrong_type(name: &str, expected: &str) -> Refusal {
    Refusal::typed("invalidValue", format!("{name} must be {expected}."))
}

fn into_object(value: Value) -> Option<Document> {
    if let Value::Object(map) = value { Some(map) } else { None }
}
