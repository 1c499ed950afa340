//! The shape of the configuration as a JSON Schema, made from the settings types themselves: what `walk` checks files
//! against, and what editors are given. Pure.

use std::sync::LazyLock;

use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

use super::{Settings, layers, merge};

/// The schema with every reference spelled out, for walking.
pub static SHAPE: LazyLock<Value> =
    LazyLock::new(|| generate(SchemaSettings::draft2020_12().with(|s| s.inline_subschemas = true)));

/// Which file a schema is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileKind {
    /// `rollcall.toml`.
    Host,
    /// `customers/<customer>.toml`.
    Customer,
    /// `targets/<profile>.toml`.
    Profile,
}

/// The sections a profile may have: what an app is like, and how people become its accounts.
pub const PROFILE_SECTIONS: [&str; 2] = ["target", "mapping"];

/// Whether the configuration has a top-level key of this name.
pub fn is_section(name: &str) -> bool {
    SHAPE["properties"].get(name).is_some()
}

/// The schema for editors. Nothing is required, because another file may hold it, but for a customer's name.
pub fn published(kind: FileKind) -> Value {
    let mut schema = generate(SchemaSettings::draft2020_12());
    let (title, name) = match kind {
        FileKind::Host => ("rollcall.toml: what all customers of this host share", "rollcall"),
        FileKind::Customer => ("customers/<customer>.toml: one customer of Rollcall", "customer"),
        FileKind::Profile => ("targets/<profile>.toml: what an app is like", "profile"),
    };
    ease(&mut schema, true);
    annotate(&mut schema);
    let Some(top) = schema.as_object_mut() else { return schema };
    top.insert("title".to_owned(), json!(title));
    top.insert("$id".to_owned(), json!(format!("{name}.schema.json")));
    match kind {
        FileKind::Host => {}
        FileKind::Customer => {
            top.insert("required".to_owned(), json!(["name"]));
        }
        FileKind::Profile => keep_sections(top),
    }
    schema
}

fn generate(settings: SchemaSettings) -> Value {
    let mut schema = settings.into_generator().into_root_schema_for::<Settings>().to_value();
    without_null(&mut schema);
    schema
}

/// TOML has no null: an optional value is one whose key may be left out.
fn without_null(schema: &mut Value) {
    match schema {
        Value::Object(object) => {
            if let Some(Value::Array(types)) = object.get("type") {
                let real: Vec<&Value> = types.iter().filter(|name| *name != "null").collect();
                if let [only] = real[..] {
                    let only = only.clone();
                    object.insert("type".to_owned(), only);
                }
            }
            lift_only_choice(object);
            object.values_mut().for_each(without_null);
        }
        Value::Array(list) => list.iter_mut().for_each(without_null),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// `anyOf: [X, null]` becomes X; the field's own description stays.
fn lift_only_choice(object: &mut Map<String, Value>) {
    let Some(Value::Array(choices)) = object.get("anyOf") else { return };
    let [choice, null] = &choices[..] else { return };
    if null.get("type").is_none_or(|name| name != "null") {
        return;
    }
    let Value::Object(choice) = choice.clone() else { return };
    object.remove("anyOf");
    for (key, value) in choice {
        object.entry(key).or_insert(value);
    }
}

/// Drops `required` where files are merged; inside a list or an alternative a value is written in one piece.
fn ease(schema: &mut Value, merged: bool) {
    let Some(object) = schema.as_object_mut() else { return };
    if merged {
        object.remove("required");
    }
    for (key, value) in object.iter_mut() {
        match (key.as_str(), value) {
            ("properties", Value::Object(properties)) => properties.values_mut().for_each(|v| ease(v, merged)),
            ("$defs", Value::Object(definitions)) => {
                for (name, definition) in definitions {
                    ease(definition, !WRITTEN_IN_ONE_PIECE.contains(&name.as_str()));
                }
            }
            _ => {}
        }
    }
}

/// Types that only occur inside lists and alternatives.
const WRITTEN_IN_ONE_PIECE: [&str; 3] = ["LongLine", "NamedGroup", "SecretPlace"];

/// Writes the built-in defaults into the schema, so that an editor shows them.
fn annotate(schema: &mut Value) {
    let defaults = merge::merge(layers::defaults().into_iter().collect());
    let Ok(Value::Object(defaults)) = defaults.and_then(config::Config::try_deserialize) else { return };
    for (section, default) in &defaults {
        let Some(property) = schema.pointer_mut(&format!("/properties/{section}")) else { continue };
        match (default, property.get("$ref").and_then(Value::as_str).map(str::to_owned)) {
            (Value::Object(values), Some(name)) => {
                annotate_section(schema.pointer_mut(name.trim_start_matches('#')), values);
            }
            (Value::Object(_), None) => {}
            (_, _) => property["default"] = default.clone(),
        }
    }
}

fn annotate_section(section: Option<&mut Value>, values: &Map<String, Value>) {
    let Some(properties) = section.and_then(|section| section.get_mut("properties")) else { return };
    for (key, value) in values {
        if let Some(property) = properties.get_mut(key) {
            property["default"] = value.clone();
        }
    }
}

fn keep_sections(top: &mut Map<String, Value>) {
    if let Some(Value::Object(properties)) = top.get_mut("properties") {
        properties.retain(|section, _| PROFILE_SECTIONS.contains(&section.as_str()));
    }
}
