//! One configuration file, parsed, with the place of every key and value. The only file that knows `toml_edit`.
//! It judges nothing but the syntax.

use std::collections::BTreeMap;
use std::ops::Range;

use toml_edit::{Item, TableLike};

use super::key::{KeyPath, Step};
use super::mistake::{Mistake, Mistakes, Place};

/// A value and where it stands.
#[derive(Clone, Debug)]
pub struct Node {
    pub place: Place,
    pub value: Value,
}

/// What TOML can say. Dates are kept as they are written.
#[derive(Clone, Debug)]
pub enum Value {
    Text(String),
    Integer(i64),
    Float(f64),
    Flag(bool),
    Date(String),
    List(Vec<Node>),
    Table(Table),
}

/// A table's entries by key.
pub type Table = BTreeMap<String, Entry>;

/// A key, where it stands, and its value.
#[derive(Clone, Debug)]
pub struct Entry {
    pub place: Place,
    pub node: Node,
}

/// A configuration file.
#[derive(Clone, Debug)]
pub struct Document {
    /// Relative to the configuration directory.
    pub name: String,
    pub root: Table,
}

impl Document {
    /// # Errors
    /// The first thing that is no TOML. The parser's own message with its excerpt is not used: the line may hold a secret.
    pub fn parse(name: &str, text: &str) -> Result<Self, Mistakes> {
        let lines = Lines::of(name, text);
        let document = toml_edit::Document::parse(text).map_err(|error| {
            let place = lines.place(error.span());
            let message = format!("not valid TOML: {}", error.message().replace('\n', ", "));
            Mistakes::from(Mistake::new(place, KeyPath::default(), message))
        })?;
        Ok(Self { name: name.to_owned(), root: lines.table(document.as_table()) })
    }

    /// The value at `key`.
    pub fn node(&self, key: &KeyPath) -> Option<&Node> {
        let (Step::Key(first), rest) = key.steps.split_first()? else { return None };
        rest.iter().try_fold(&self.root.get(first)?.node, |node, step| match (step, &node.value) {
            (Step::Key(name), Value::Table(table)) => table.get(name).map(|entry| &entry.node),
            (Step::Index(index), Value::List(list)) => list.get(*index),
            _ => None,
        })
    }

    /// The place of the deepest part of `key` that this file holds.
    pub fn place_near(&self, key: &KeyPath) -> Place {
        let mut at = Some(key.clone());
        while let Some(key) = at {
            if let Some(node) = self.node(&key) {
                return node.place.clone();
            }
            at = key.parent();
        }
        Place::whole(&self.name)
    }

    /// The place of every value.
    pub fn places(&self) -> BTreeMap<KeyPath, Place> {
        let mut places = BTreeMap::new();
        collect(&self.root, &KeyPath::default(), &mut places);
        places
    }
}

fn collect(table: &Table, path: &KeyPath, places: &mut BTreeMap<KeyPath, Place>) {
    for (name, entry) in table {
        collect_node(&entry.node, path.key(name), places);
    }
}

fn collect_node(node: &Node, path: KeyPath, places: &mut BTreeMap<KeyPath, Place>) {
    match &node.value {
        Value::Table(table) => collect(table, &path, places),
        Value::List(list) => list.iter().enumerate().for_each(|(i, item)| collect_node(item, path.index(i), places)),
        Value::Text(_) | Value::Integer(_) | Value::Float(_) | Value::Flag(_) | Value::Date(_) => {}
    }
    places.insert(path, node.place.clone());
}

/// Turns byte offsets into lines and columns, and the parser's tree into ours.
struct Lines<'a> {
    name: &'a str,
    text: &'a str,
    /// Where each line begins.
    starts: Vec<usize>,
}

impl<'a> Lines<'a> {
    fn of(name: &'a str, text: &'a str) -> Self {
        let starts = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
        Self { name, text, starts }
    }

    fn place(&self, span: Option<Range<usize>>) -> Place {
        let Some(offset) = span.map(|span| span.start.min(self.text.len())) else { return Place::whole(self.name) };
        let line = self.starts.partition_point(|start| *start <= offset);
        let before = &self.text.as_bytes()[self.starts[line - 1]..offset];
        let column = String::from_utf8_lossy(before).chars().count() + 1;
        Place { file: self.name.to_owned(), line, column }
    }

    fn table(&self, table: &dyn TableLike) -> Table {
        let entry = |(name, item): (&str, &Item)| {
            let key_place = self.place(table.key(name).and_then(toml_edit::Key::span));
            let mut node = self.item(item)?;
            if node.place.line == 0 {
                // A table that only its dotted keys make has no span of its own.
                node.place = key_place.clone();
            }
            Some((name.to_owned(), Entry { place: key_place, node }))
        };
        table.iter().filter_map(entry).collect()
    }

    fn item(&self, item: &Item) -> Option<Node> {
        match item {
            Item::None => None,
            Item::Value(value) => Some(self.value(value)),
            Item::Table(table) => {
                Some(Node { place: self.place(table.span()), value: Value::Table(self.table(table)) })
            }
            Item::ArrayOfTables(tables) => {
                let node = |table: &toml_edit::Table| Node {
                    place: self.place(table.span()),
                    value: Value::Table(self.table(table)),
                };
                Some(Node { place: self.place(tables.span()), value: Value::List(tables.iter().map(node).collect()) })
            }
        }
    }

    fn value(&self, value: &toml_edit::Value) -> Node {
        let place = self.place(value.span());
        let value = match value {
            toml_edit::Value::String(text) => Value::Text(text.value().clone()),
            toml_edit::Value::Integer(number) => Value::Integer(*number.value()),
            toml_edit::Value::Float(number) => Value::Float(*number.value()),
            toml_edit::Value::Boolean(flag) => Value::Flag(*flag.value()),
            toml_edit::Value::Datetime(date) => Value::Date(date.value().to_string()),
            toml_edit::Value::Array(list) => Value::List(list.iter().map(|item| self.value(item)).collect()),
            toml_edit::Value::InlineTable(table) => Value::Table(self.table(table)),
        };
        Node { place, value }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, key: &KeyPath, expected: (usize, usize)) {
        let place = Document::parse("x.toml", text).expect("valid").place_near(key);
        assert_eq!((place.line, place.column), expected);
    }

    #[test]
    fn every_value_knows_its_line_and_column() {
        check("a = 1\n[b]\nc = 2\n", &"b.c".into(), (3, 5));
        check("b.c = 2\n", &"b".into(), (1, 1));
        check("'é' = { x = [1, 2] }\n", &KeyPath::default().key("é").key("x").index(1), (1, 17));
        check("[m]\n'a.b' = 1\n", &KeyPath::from("m").key("a.b"), (2, 9));
    }

    #[test]
    fn a_key_that_is_not_there_has_the_place_of_what_should_hold_it() {
        check("[source]\nkind = 'entra'\n", &"source.tenant_id".into(), (1, 1));
    }

    #[test]
    fn a_syntax_error_shows_no_text_of_the_file() {
        let mistakes = Document::parse("x.toml", "client_secret = \"hunter2\nx").expect_err("no TOML");
        assert!(!mistakes.to_string().contains("hunter2"));
        assert!(mistakes.all[0].place.line > 0);
    }
}
