//! Questions to a JSON Schema: what is inside, what fits, what to call it in words. Knows what schemars writes, no more. Pure.

use serde_json::Value as Shape;

use super::document::{Node, Value};
use super::format;

/// The forms a secret's place can have.
pub const SECRET_PLACES: [&str; 3] = ["file", "env", "credential"];
/// How a secret is written.
pub const SECRET_FORM: &str = "{ credential = \"<name>\" }, { file = \"<path>\" } or { env = \"<VARIABLE>\" }";

/// The shape of the value that `name` has in a table of this shape.
pub fn inside<'a>(shape: &'a Shape, name: &str) -> Option<&'a Shape> {
    let own = shape.get("properties").and_then(|properties| properties.get(name));
    own.or_else(|| shape.get("additionalProperties").filter(|other| other.is_object()))
}

pub fn keys(shape: &Shape) -> Vec<&str> {
    let properties = shape.get("properties").and_then(Shape::as_object);
    properties.into_iter().flat_map(|properties| properties.keys().map(String::as_str)).collect()
}

/// JSON Schema's word for "written, never shown" (draft 2020-12, Validation §9.4).
pub fn is_secret(shape: &Shape) -> bool {
    shape["writeOnly"] == true
}

pub fn alternatives(shape: &Shape) -> Vec<&Shape> {
    let listed = ["anyOf", "oneOf"].iter().find_map(|word| shape.get(*word)).and_then(Shape::as_array);
    listed.map_or_else(|| vec![shape], |listed| listed.iter().collect())
}

/// The words of a closed set; empty, when the shape is no closed set.
pub fn choices(shape: &Shape) -> Vec<&str> {
    let mut words = Vec::new();
    for alternative in alternatives(shape) {
        words.extend(alternative["const"].as_str());
        words.extend(alternative["enum"].as_array().into_iter().flatten().filter_map(Shape::as_str));
    }
    words
}

pub fn fits(node: &Node, shape: &Shape) -> bool {
    match shape["type"].as_str() {
        Some("string") => match node.value {
            Value::Text(_) => true,
            // TOML's own dates are as good as texts where a date is due.
            Value::Date(_) => shape["format"] == "date",
            _ => false,
        },
        Some("integer") => matches!(node.value, Value::Integer(_)),
        Some("number") => matches!(node.value, Value::Integer(_) | Value::Float(_)),
        Some("boolean") => matches!(node.value, Value::Flag(_)),
        Some("array") => matches!(node.value, Value::List(_)),
        Some("object") => matches!(node.value, Value::Table(_)),
        _ => true,
    }
}

/// The largest number that the Rust type behind the shape holds.
pub fn widest(shape: &Shape) -> Option<f64> {
    (shape["format"] == "uint32").then(|| f64::from(u32::MAX))
}

/// What a shape takes, in words.
pub fn expected(shape: &Shape) -> String {
    if is_secret(shape) {
        return SECRET_FORM.to_owned();
    }
    let choices = choices(shape);
    if !choices.is_empty() {
        return one_of(&choices);
    }
    let words: Vec<String> = alternatives(shape).into_iter().map(one_expected).collect();
    words.join(", or ")
}

pub fn one_expected(shape: &Shape) -> String {
    match shape["type"].as_str() {
        Some("string") => format::expected(shape["format"].as_str().unwrap_or_default()).to_owned(),
        Some("integer") => "a whole number".to_owned(),
        Some("number") => "a number".to_owned(),
        Some("boolean") => "true or false".to_owned(),
        Some("array") => match shape.get("items") {
            Some(items) => format!("a list, each entry {}", expected(items)),
            None => "a list".to_owned(),
        },
        Some("object") if shape.get("properties").is_some() => format!("a table with {}", keys(shape).join(", ")),
        _ => "a table".to_owned(),
    }
}

pub fn one_of(choices: &[&str]) -> String {
    let quoted: Vec<String> = choices.iter().map(|choice| format!("{choice:?}")).collect();
    or(&quoted)
}

pub fn one_of_keys(keys: &[&str]) -> String {
    let keys: Vec<String> = keys.iter().map(|key| (*key).to_owned()).collect();
    if keys.is_empty() { "none".to_owned() } else { or(&keys) }
}

fn or(words: &[String]) -> String {
    match words {
        [] => String::new(),
        [only] => only.clone(),
        [first @ .., last] => format!("{} or {last}", first.join(", ")),
    }
}
