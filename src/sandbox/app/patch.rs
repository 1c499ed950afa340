//! PATCH (RFC 7644 §3.5.2): the operations of one request on one document, all or none. Pure.

use serde::Deserialize;
use serde_json::{Value, json};

use super::document::{self, Document};
use super::error::Refusal;
use super::path::{self, Aim, Path, is_entry};
use super::quirks::Quirks;
use super::schema::{ENTERPRISE, Shape};

const PATCH_OP: &str = "urn:ietf:params:scim:api:messages:2.0:PatchOp";

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Message {
    schemas: Vec<String>,
    #[serde(rename = "Operations")]
    operations: Vec<Operation>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Operation {
    op: String,
    path: Option<String>,
    value: Option<Value>,
}

/// The document after every operation; the one given is untouched.
pub(super) fn apply(before: &Document, body: &[u8], quirks: &Quirks) -> Result<Document, Refusal> {
    let message: Message = serde_json::from_slice(body)
        .map_err(|error| Refusal::typed("invalidSyntax", format!("The body is no PatchOp: {error}.")))?;
    if !message.schemas.iter().any(|schema| schema == PATCH_OP) {
        return Err(Refusal::typed("invalidSyntax", format!("schemas must name {PATCH_OP}.")));
    }
    if message.operations.is_empty() {
        return Err(Refusal::typed("invalidSyntax", "There is no operation."));
    }
    let mut document = before.clone();
    for operation in message.operations {
        one(&mut document, operation, quirks)?;
    }
    document::require_user_name(&document)?;
    Ok(document)
}

fn one(document: &mut Document, operation: Operation, quirks: &Quirks) -> Result<(), Refusal> {
    let op = if quirks.any_case_operations { operation.op.to_ascii_lowercase() } else { operation.op };
    let aim = operation.path.as_deref().map(path::parse).transpose()?;
    if let Some(Aim::At(path)) = &aim {
        check_path(path, quirks)?;
    }
    match (op.as_str(), aim, operation.value) {
        ("add" | "replace", None, Some(Value::Object(values))) => {
            let adding = if op == "add" { Adding::Yes } else { Adding::No };
            values.into_iter().try_for_each(|(name, value)| merge(document, &name, Given { value, adding }, quirks))
        }
        ("add" | "replace", None, _) => {
            Err(Refusal::typed("invalidValue", "Without a path the value is an object of attributes."))
        }
        ("add" | "replace", Some(Aim::Extension), Some(value)) => document::put(document, ENTERPRISE, value, quirks),
        ("add", Some(Aim::At(path)), Some(value)) => write(document, &path, value, Adding::Yes),
        ("replace", Some(Aim::At(path)), Some(value)) => write(document, &path, value, Adding::No),
        ("add" | "replace", Some(_), None) => Err(Refusal::typed("invalidValue", "The operation has no value.")),
        ("remove", None, _) => Err(Refusal::typed("noTarget", "A removal needs a path.")),
        ("remove", Some(Aim::Extension), _) => {
            document.remove(ENTERPRISE);
            Ok(())
        }
        ("remove", Some(Aim::At(path)), _) => remove(document, &path),
        (other, _, _) => Err(Refusal::typed("invalidSyntax", format!("There is no operation {other}."))),
    }
}

/// Whether several values are joined by another, or replaced by it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Adding {
    Yes,
    No,
}

fn check_path(path: &Path, quirks: &Quirks) -> Result<(), Refusal> {
    if path.shape == Shape::ReadOnly {
        return Err(Refusal::typed("mutability", format!("{} is read-only.", path.attribute)));
    }
    if quirks.unknown.iter().any(|gone| gone == path.attribute) && !quirks.unknown_dropped {
        return Err(Refusal::typed("invalidPath", format!("There is no attribute {}.", path.attribute)));
    }
    Ok(())
}

/// One attribute of an operation without a path.
struct Given {
    value: Value,
    adding: Adding,
}

/// Without a path complex attributes are merged, several values joined when adding, and all else is set
/// (RFC 7644 §3.5.2.1, §3.5.2.3).
fn merge(document: &mut Document, name: &str, given: Given, quirks: &Quirks) -> Result<(), Refusal> {
    let value = match (document.get(name), given.value) {
        (Some(Value::Object(before)), Value::Object(parts)) if name != ENTERPRISE => {
            let mut merged = before.clone();
            merged.extend(parts);
            Value::Object(merged)
        }
        (Some(Value::Array(before)), Value::Array(more)) if given.adding == Adding::Yes => join(before, more),
        (_, value) => value,
    };
    document::put(document, name, value, quirks)
}

/// Several values and more of them, each once.
fn join(before: &[Value], more: Vec<Value>) -> Value {
    let mut entries = before.to_vec();
    entries.extend(more.into_iter().filter(|entry| !before.contains(entry)));
    Value::Array(entries)
}

fn write(document: &mut Document, path: &Path, value: Value, adding: Adding) -> Result<(), Refusal> {
    let mut target = holder(document, path);
    let outcome = write_in(&mut target, path, value, adding);
    put_back(document, path, target);
    outcome
}

fn write_in(target: &mut Document, path: &Path, value: Value, adding: Adding) -> Result<(), Refusal> {
    let before = target.get(path.attribute).cloned();
    let Some(entry) = &path.entry else {
        let after = match (path.part, before, value) {
            (Some(_), Some(Value::Array(_)) | None, _) if matches!(path.shape, Shape::Several(_)) => {
                return Err(Refusal::typed("invalidPath", format!("{} has several values; name one.", path.attribute)));
            }
            (Some(part), before, value) => {
                let mut parts = before.unwrap_or_else(|| json!({}));
                parts[part] = value;
                parts
            }
            (None, Some(Value::Array(before)), Value::Array(more)) if adding == Adding::Yes => join(&before, more),
            (None, _, value) => value,
        };
        return document::set(target, path.attribute, path.shape, after);
    };
    let (part, wanted) = entry;
    let Some(Value::Array(mut entries)) = before else { return Err(no_target(path)) };
    let mut found = false;
    for entry in entries.iter_mut().filter(|entry| is_entry(entry, part, wanted)) {
        found = true;
        match path.part {
            Some(part) => entry[part] = value.clone(),
            None => *entry = value.clone(),
        }
    }
    if !found {
        return Err(no_target(path));
    }
    document::set(target, path.attribute, path.shape, Value::Array(entries))
}

fn remove(document: &mut Document, path: &Path) -> Result<(), Refusal> {
    let mut target = holder(document, path);
    match (target.get_mut(path.attribute), &path.entry, path.part) {
        (None, None, _) => {}
        (None, Some(_), _) => return Err(no_target(path)),
        (Some(_), None, None) => drop(target.remove(path.attribute)),
        (Some(Value::Object(parts)), None, Some(part)) => drop(parts.remove(part)),
        (Some(Value::Array(entries)), Some((part, wanted)), sub) => {
            let before = entries.len();
            match sub {
                None => entries.retain(|entry| !is_entry(entry, part, wanted)),
                Some(sub) => {
                    let matching = entries.iter_mut().filter(|entry| is_entry(entry, part, wanted));
                    matching.filter_map(Value::as_object_mut).for_each(|entry| drop(entry.remove(sub)));
                }
            }
            if sub.is_none() && entries.len() == before {
                return Err(no_target(path));
            }
            let rest = Value::Array(std::mem::take(entries));
            document::set(&mut target, path.attribute, path.shape, rest)?;
        }
        _ => return Err(Refusal::typed("invalidPath", "The path does not fit the attribute.")),
    }
    if target.get(path.attribute).and_then(Value::as_object).is_some_and(serde_json::Map::is_empty) {
        target.remove(path.attribute);
    }
    put_back(document, path, target);
    Ok(())
}

/// The object an attribute lies in: the document, or its extension.
fn holder(document: &mut Document, path: &Path) -> Document {
    if !path.extension {
        return std::mem::take(document);
    }
    match document.remove(ENTERPRISE) {
        Some(Value::Object(extension)) => extension,
        _ => Document::new(),
    }
}

fn put_back(document: &mut Document, path: &Path, target: Document) {
    if !path.extension {
        *document = target;
    } else if !target.is_empty() {
        document.insert(ENTERPRISE.to_owned(), Value::Object(target));
    }
}

fn no_target(path: &Path) -> Refusal {
    Refusal::typed("noTarget", format!("No entry of {} is meant by this path.", path.attribute))
}
