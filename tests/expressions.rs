//! The examples of docs/expressions.md, each evaluated for the person shown there: the page cannot promise what the
//! language does not do. Reads the page; knows no expression of its own.

use std::collections::BTreeMap;

use rollcall::expression::{EvaluationError, Expression};
use rollcall::model::{Manager, Person, PersonId};
use serde_json::Value;

const PAGE: &str = include_str!("../docs/expressions.md");

#[test]
fn every_example_of_the_page_gives_what_it_says() {
    let person = person_of_the_page();
    let examples: Vec<(String, String)> = PAGE.lines().filter_map(example).collect();
    assert!(examples.len() > 80, "only {} examples were found", examples.len());
    for (text, expected) in examples {
        check(&person, &text, &expected);
    }
}

#[test]
fn the_typical_lines_are_a_configuration() {
    let toml = fenced("toml");
    let directory = tempfile::tempdir().expect("a directory");
    let customers = directory.path().join("customers");
    std::fs::create_dir(&customers).expect("a directory");
    std::fs::write(customers.join("acme.toml"), format!("{HEAD}{toml}")).expect("a file");
    let settings = rollcall::settings::load(directory.path(), "acme", rollcall::settings::Secrets::LeaveUnread);
    rollcall::sync::compile(&settings.expect("sound settings")).expect("sound expressions");
}

/// What a customer's file needs beside scope and mapping.
const HEAD: &str = r#"
name = "Acme"
schedule = { timezone = "UTC", days = "Mon-Fri", times = ["07:00"] }
target = { kind = "scim", url = "https://app.example/scim/v2", token = { credential = "t" } }
[source]
kind = "entra"
tenant_id = "11111111-2222-3333-4444-555555555555"
client_id = "66666666-7777-8888-9999-aaaaaaaaaaaa"
client_secret = { credential = "s" }
groups = ["bbbbbbbb-1111-2222-3333-444444444444"]
"#;

#[track_caller]
fn check(person: &Person, text: &str, expected: &str) {
    let expression = Expression::compile(text).unwrap_or_else(|error| panic!("{text}: {error}"));
    let given: Result<Option<Value>, EvaluationError> = expression.evaluate(person, None);
    match expected {
        "undecidable" => assert!(given.is_err(), "{text} gives {given:?}"),
        "null" => assert_eq!(given, Ok(None), "{text}"),
        json => assert_eq!(given, Ok(Some(serde_json::from_str(json).expect(json))), "{text}"),
    }
}

/// A row of two cells, the first of them code, the second code, `null` or `undecidable`.
fn example(line: &str) -> Option<(String, String)> {
    // A bar within a cell is written with a backslash.
    let line = line.replace("\\|", "\u{1}");
    let (left, right) = line.strip_prefix("| ")?.strip_suffix(" |")?.split_once(" | ")?;
    let code = |cell: &str| Some(cell.strip_prefix('`')?.strip_suffix('`')?.replace('\u{1}', "|"));
    let is_word = matches!(right, "null" | "undecidable");
    let expected = if is_word { right.to_owned() } else { code(right)? };
    Some((code(left)?, expected))
}

fn fenced(language: &str) -> &'static str {
    let (_, rest) = PAGE.split_once(&format!("```{language}\n")).expect("a fence");
    rest.split_once("```").expect("its end").0
}

fn person_of_the_page() -> Person {
    let mut attributes: BTreeMap<String, Value> = serde_json::from_str(fenced("json")).expect("an object");
    let mut manager: BTreeMap<String, Value> =
        serde_json::from_value(attributes.remove("manager").expect("a manager")).expect("an object");
    let id = |of: &mut BTreeMap<String, Value>| match of.remove("id") {
        Some(Value::String(id)) => PersonId::new(id),
        other => panic!("{other:?} is no id"),
    };
    Person {
        id: id(&mut attributes),
        user_name: "Ada.Lovelace@Acme.example".to_owned(),
        enabled: Some(true),
        guest: false,
        manager: Some(Manager { id: id(&mut manager), attributes: manager }),
        attributes,
    }
}
