//! What a client's admin is told when a value is missing or cannot be used: names, values and what to fill in, in words
//! that need no knowledge of expressions. Pure.

use std::fmt;

use serde_json::Value;

use super::node::Owner;
use super::text::shown;
use super::{Expression, Input};
use crate::model::Person;

const CHANGE_THE_RULE: &str = "Reply to this message: the rule for this has to be changed.";

/// What people call this person: the display name, else the user name, else the id.
pub fn called(person: &Person) -> &str {
    let display_name = person.attributes.get("displayName").and_then(Value::as_str).unwrap_or_default();
    [display_name, &person.user_name].into_iter().find(|name| !name.trim().is_empty()).unwrap_or(person.id.as_str())
}

/// "Ada Lovelace has no mail in the directory", or which values gave nothing that can be used.
pub fn what_is_missing(expression: &Expression, person: &Person) -> String {
    let missing = missing_names(expression, person);
    if missing.is_empty() {
        return format!(
            "{} has nothing in the directory that can be used ({})",
            called(person),
            inputs_shown(expression, person)
        );
    }
    format!("{} has no {} in the directory", called(person), missing.join(" and no "))
}

/// "Fill in mail for Ada Lovelace in Entra.", or what to check there.
pub fn fill_in(expression: &Expression, person: &Person) -> String {
    let missing = missing_names(expression, person);
    if missing.is_empty() {
        return check_inputs(expression, person);
    }
    format!("Fill in {} for {} in Entra.", missing.join(" and "), called(person))
}

/// "Check department for Ada Lovelace in Entra; …".
pub fn check_inputs(expression: &Expression, person: &Person) -> String {
    let names: Vec<String> = expression.inputs(person).iter().map(Input::title).collect();
    if names.is_empty() {
        return CHANGE_THE_RULE.to_owned();
    }
    format!(
        "Check {} for {} in Entra; if that is right there, reply to this message, so that the rule is changed.",
        names.join(" and "),
        called(person)
    )
}

/// `mail is not set, department is "IT"`.
pub fn inputs_shown(expression: &Expression, person: &Person) -> String {
    let inputs: Vec<String> = expression.inputs(person).iter().map(ToString::to_string).collect();
    if inputs.is_empty() { "it takes nothing from the directory".to_owned() } else { inputs.join(", ") }
}

fn missing_names(expression: &Expression, person: &Person) -> Vec<String> {
    expression.inputs(person).iter().filter(|input| input.is_missing()).map(Input::title).collect()
}

impl Input {
    fn title(&self) -> String {
        match (self.owner, self.name.as_str()) {
            (Owner::User, name) => name.to_owned(),
            (Owner::Manager, "") => "manager".to_owned(),
            (Owner::Manager, name) => format!("{name} of the manager"),
        }
    }

    fn is_missing(&self) -> bool {
        match &self.value {
            Value::Null => true,
            Value::String(text) => text.trim().is_empty(),
            Value::Array(items) => items.is_empty(),
            Value::Bool(_) | Value::Number(_) | Value::Object(_) => false,
        }
    }
}

impl fmt::Display for Input {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.value {
            Value::Null => write!(f, "{} is not set", self.title()),
            value => write!(f, "{} is {}", self.title(), shown(value)),
        }
    }
}
