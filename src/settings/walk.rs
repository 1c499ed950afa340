//! Holds a file against the schema: unknown keys, wrong types, values that are no choice or have the wrong form. Pure.

use serde_json::Value as Shape;

use super::document::{Document, Entry, Node, Table, Value};
use super::format;
use super::key::KeyPath;
use super::mistake::{Mistake, Wish, nearest, quoted};
use super::shape::{
    SECRET_FORM, SECRET_PLACES, alternatives, choices, expected, fits, inside, is_secret, keys, one_expected, one_of,
    one_of_keys, widest,
};

/// Every mistake of one file that can be seen without the other files.
pub fn mistakes(document: &Document, shape: &Shape) -> Vec<Mistake> {
    let mut walk = Walk { top: shape, mistakes: Vec::new() };
    walk.table(&document.root, shape, &KeyPath::default());
    walk.mistakes
}

/// The keys that `shape` requires and `value` lacks, with what each of them takes.
pub fn missing(value: &Shape, shape: &Shape) -> Vec<(KeyPath, String)> {
    let mut missing = Vec::new();
    collect_missing(value, shape, &KeyPath::default(), &mut missing);
    missing
}

struct Walk<'a> {
    top: &'a Shape,
    mistakes: Vec<Mistake>,
}

impl Walk<'_> {
    fn table(&mut self, table: &Table, shape: &Shape, path: &KeyPath) {
        for (name, entry) in table {
            let path = path.key(name);
            match inside(shape, name) {
                Some(shape) => self.node(&entry.node, shape, path),
                None => self.unknown_key(name, entry, shape, path),
            }
        }
    }

    fn node(&mut self, node: &Node, shape: &Shape, path: KeyPath) {
        if is_secret(shape) {
            return self.secret(node, path);
        }
        let choices = choices(shape);
        if !choices.is_empty() {
            return self.choice(node, &choices, path);
        }
        let Some(shape) = alternatives(shape).into_iter().find(|shape| fits(node, shape)) else {
            return self.wrong(node, path, Wish::of(expected(shape)));
        };
        match &node.value {
            Value::Table(table) => self.table(table, shape, &path),
            Value::List(list) => self.list(node, list, shape, &path),
            Value::Text(text) | Value::Date(text) => self.text(node, text, shape, path),
            #[expect(clippy::cast_precision_loss, reason = "only compared with small bounds")]
            Value::Integer(number) => self.number(node, *number as f64, shape, path),
            Value::Float(number) => self.number(node, *number, shape, path),
            Value::Flag(_) => {}
        }
    }

    fn list(&mut self, node: &Node, list: &[Node], shape: &Shape, path: &KeyPath) {
        let least = shape.get("minItems").and_then(Shape::as_u64).unwrap_or(0);
        if u64::try_from(list.len()).is_ok_and(|length| length < least) {
            let message = format!("found an empty list, expected at least {least} entry");
            self.mistakes.push(Mistake::new(node.place.clone(), path.clone(), message));
        }
        let Some(items) = shape.get("items") else { return };
        for (index, item) in list.iter().enumerate() {
            self.node(item, items, path.index(index));
        }
    }

    fn text(&mut self, node: &Node, text: &str, shape: &Shape, path: KeyPath) {
        let Some(format) = shape.get("format").and_then(Shape::as_str) else { return };
        let Err(complaint) = format::check(format, text) else { return };
        let found = if complaint.hidden { "text that is not shown here".to_owned() } else { quoted(text) };
        self.mistakes.push(Mistake::value(node.place.clone(), path, found, complaint.wish));
    }

    fn number(&mut self, node: &Node, number: f64, shape: &Shape, path: KeyPath) {
        let least = shape.get("minimum").and_then(Shape::as_f64);
        let most = shape.get("maximum").and_then(Shape::as_f64).or_else(|| widest(shape));
        let within = least.is_none_or(|least| number >= least) && most.is_none_or(|most| number <= most);
        if within && number.is_finite() {
            return;
        }
        let kind = one_expected(shape);
        let expected = match (least, shape.get("maximum").and_then(Shape::as_f64)) {
            (Some(least), Some(most)) => format!("{kind} from {least} to {most}"),
            (Some(least), None) if number < least => format!("{kind}, at least {least}"),
            _ => format!("{kind}, at most {}", most.unwrap_or(f64::MAX)),
        };
        self.wrong(node, path, Wish::of(expected));
    }

    fn choice(&mut self, node: &Node, choices: &[&str], path: KeyPath) {
        let Value::Text(text) = &node.value else {
            return self.wrong(node, path, Wish::of(one_of(choices)));
        };
        if !choices.contains(&text.as_str()) {
            let nearest = nearest(text, choices.iter().copied()).map(str::to_owned);
            self.wrong(node, path, Wish { expected: one_of(choices), nearest });
        }
    }

    /// What stands where a secret's place belongs may be the secret: nothing of it is ever shown.
    fn secret(&mut self, node: &Node, path: KeyPath) {
        let Value::Table(table) = &node.value else {
            return self.mistakes.push(literal_secret(node, path));
        };
        let known = table.iter().filter(|(name, _)| SECRET_PLACES.contains(&name.as_str())).collect::<Vec<_>>();
        let [(name, entry)] = known[..] else {
            let message = format!("expected exactly one of file, env and credential: {SECRET_FORM}");
            return self.mistakes.push(Mistake::new(node.place.clone(), path, message));
        };
        if table.len() > 1 {
            let message = format!("expected nothing beside `{name}`: {SECRET_FORM}");
            self.mistakes.push(Mistake::new(node.place.clone(), path.clone(), message));
        }
        let text = if let Value::Text(text) = &entry.node.value { text } else { "" };
        if !super::secrets::is_name(name, text) {
            let message = format!("expected {} (what stands there is not shown)", super::secrets::expected_name(name));
            self.mistakes.push(Mistake::new(entry.node.place.clone(), path.key(name), message));
        }
    }

    fn unknown_key(&mut self, name: &str, entry: &Entry, shape: &Shape, path: KeyPath) {
        let keys = keys(shape);
        let near = nearest(name, keys.iter().copied()).map(str::to_owned).or_else(|| self.elsewhere(name));
        let message = match &near {
            Some(near) => format!("unknown key; nearest key: {near}"),
            None => format!("unknown key, expected {}", one_of_keys(&keys)),
        };
        self.mistakes.push(Mistake { nearest: near, ..Mistake::new(entry.place.clone(), path, message) });
    }

    /// The same key in another section: lines written below the wrong header are a common slip.
    fn elsewhere(&self, name: &str) -> Option<String> {
        let sections = self.top.get("properties")?.as_object()?;
        let section = sections.iter().find(|(_, section)| keys(section).contains(&name))?;
        Some(format!("{}.{name}", section.0))
    }

    fn wrong(&mut self, node: &Node, path: KeyPath, wish: Wish) {
        self.mistakes.push(Mistake::value(node.place.clone(), path, found(&node.value), wish));
    }
}

fn literal_secret(node: &Node, path: KeyPath) -> Mistake {
    let found = match node.value {
        Value::Text(_) => "a text",
        _ => "something else",
    };
    let message = format!(
        "found {found} (not shown), expected {SECRET_FORM}: a secret is never written in a configuration file; if this was one, replace it where it was issued"
    );
    Mistake { expected: Some(SECRET_FORM.to_owned()), ..Mistake::new(node.place.clone(), path, message) }
}

fn collect_missing(value: &Shape, shape: &Shape, path: &KeyPath, missing: &mut Vec<(KeyPath, String)>) {
    if is_secret(shape) {
        return;
    }
    match value {
        Shape::Object(table) => {
            let Some(shape) = alternatives(shape).into_iter().find(|shape| shape["type"] == "object") else { return };
            for name in shape["required"].as_array().into_iter().flatten().filter_map(Shape::as_str) {
                if !table.contains_key(name) {
                    missing.push((path.key(name), inside(shape, name).map(expected).unwrap_or_default()));
                }
            }
            for (name, value) in table {
                if let Some(shape) = inside(shape, name) {
                    collect_missing(value, shape, &path.key(name), missing);
                }
            }
        }
        Shape::Array(list) => {
            let Some(items) = shape.get("items") else { return };
            list.iter().enumerate().for_each(|(i, item)| collect_missing(item, items, &path.index(i), missing));
        }
        Shape::Null | Shape::Bool(_) | Shape::Number(_) | Shape::String(_) => {}
    }
}

fn found(value: &Value) -> String {
    match value {
        Value::Text(text) => quoted(text),
        Value::Integer(number) => number.to_string(),
        Value::Float(number) => number.to_string(),
        Value::Flag(flag) => flag.to_string(),
        Value::Date(date) => format!("the date {date}"),
        Value::List(list) if list.is_empty() => "an empty list".to_owned(),
        Value::List(_) => "a list".to_owned(),
        Value::Table(_) => "a table".to_owned(),
    }
}
