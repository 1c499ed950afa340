//! Lays documents over each other by the `config` crate: tables key by key, everything else whole. Pure.
//!
//! Each file was parsed once, with places, and is handed to `config` as a source of our own. Its own TOML source would lose
//! the places, and would take a quoted top-level key such as `"a[9999999999]"` for a list to fill with that many values.
//! Keys below the top pass `config` exactly as they are written: dots, brackets, colons and upper case included.

use config::{Config, ConfigError, Map, Source, ValueKind};

use super::document::{Document, Entry, Node, Table, Value};
use super::{schema, secrets};

/// The documents as one; later wins.
pub fn merge(mut documents: Vec<Document>) -> Result<Config, ConfigError> {
    for later in 1..documents.len() {
        let (below, above) = documents.split_at_mut(later);
        for document in below {
            make_way(&mut document.root, &above[0].root);
        }
    }
    documents.into_iter().fold(Config::builder(), |builder, document| builder.add_source(Layer(document))).build()
}

/// Ways to say one thing: a later layer's choice ends an earlier layer's.
const ALTERNATIVES: [(&str, &[&[&str]]); 2] =
    [("target", &[&["token"], &["header"], &["basic"], &["oauth"]]), ("schedule", &[&["days", "times"], &["cron"]])];

/// Removes from an earlier layer what must not be merged with the later one: the other ways of saying what the later
/// one says, mapping lines, and places of secrets.
fn make_way(earlier: &mut Table, later: &Table) {
    for (section, ways) in ALTERNATIVES {
        let (Some(below), Some(above)) = (section_mut(earlier, section), section_of(later, section)) else { continue };
        let chosen = |way: &&[&str]| way.iter().any(|key| above.contains_key(*key));
        if ways.iter().any(chosen) {
            let ended = ways.iter().filter(|way| !chosen(way)).flat_map(|way| way.iter());
            ended.for_each(|key| drop(below.remove(*key)));
        }
    }
    if let (Some(below), Some(above)) = (section_mut(earlier, "mapping"), section_of(later, "mapping")) {
        below.retain(|attribute, _| !above.contains_key(attribute));
    }
    for path in secrets::PATHS {
        make_way_at(earlier, later, path);
    }
}

fn make_way_at(earlier: &mut Table, later: &Table, path: &[&str]) {
    match path {
        [key] if later.contains_key(*key) => drop(earlier.remove(*key)),
        [] | [_] => {}
        [section, rest @ ..] => {
            if let (Some(below), Some(above)) = (section_mut(earlier, section), section_of(later, section)) {
                make_way_at(below, above, rest);
            }
        }
    }
}

fn section_of<'a>(table: &'a Table, name: &str) -> Option<&'a Table> {
    match table.get(name) {
        Some(Entry { node: Node { value: Value::Table(section), .. }, .. }) => Some(section),
        _ => None,
    }
}

fn section_mut<'a>(table: &'a mut Table, name: &str) -> Option<&'a mut Table> {
    match table.get_mut(name) {
        Some(Entry { node: Node { value: Value::Table(section), .. }, .. }) => Some(section),
        _ => None,
    }
}

/// A document as `config` wants it.
#[derive(Clone, Debug)]
struct Layer(Document);

impl Source for Layer {
    fn clone_into_box(&self) -> Box<dyn Source + Send + Sync> {
        Box::new(self.clone())
    }

    fn collect(&self) -> Result<Map<String, config::Value>, ConfigError> {
        // `config` reads top-level keys as paths: only the known ones, which are plain words, may reach it.
        let known = self.0.root.iter().filter(|(section, _)| schema::is_section(section));
        Ok(known.map(|(section, entry)| (section.clone(), foreign(&entry.node))).collect())
    }
}

fn foreign(node: &Node) -> config::Value {
    let kind = match &node.value {
        Value::Text(text) | Value::Date(text) => ValueKind::String(text.clone()),
        Value::Integer(number) => ValueKind::I64(*number),
        Value::Float(number) => ValueKind::Float(*number),
        Value::Flag(flag) => ValueKind::Boolean(*flag),
        Value::List(list) => ValueKind::Array(list.iter().map(foreign).collect()),
        Value::Table(table) => ValueKind::Table(table.iter().map(|(key, e)| (key.clone(), foreign(&e.node))).collect()),
    };
    config::Value::new(Some(&node.place.file), kind)
}
