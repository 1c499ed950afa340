//! What a client's admin is told when a value is missing or cannot be used: names, values and what to fill in, in words
//! that need no knowledge of expressions. Pure.

use serde_json::Value;

use super::node::Owner;
use super::text::shown;
use super::{Expression, Input};
use crate::model::Person;

/// What people call this person: the display name, else the user name, else the id.
pub fn called(person: &Person) -> &str {
    let display_name = person.attributes.get("displayName").and_then(Value::as_str).unwrap_or_default();
    [display_name, &person.user_name].into_iter().find(|name| !name.trim().is_empty()).unwrap_or(person.id.as_str())
}

/// "Ada Lovelace has no mail in the directory", or which values gave nothing that can be used.
pub fn blamed(expression: &Expression, person: &Person) -> String {
    let inputs = expression.inputs(person);
    let missing: Vec<String> = inputs.iter().filter(|input| is_missing(input)).map(|input| of(input, person)).collect();
    let name = called(person);
    if !missing.is_empty() {
        return format!("{name} has no {} in the directory", missing.join(" and no "));
    }
    let given: Vec<String> =
        inputs.iter().map(|input| format!("{} is {}", of(input, person), shown(&input.value))).collect();
    if given.is_empty() {
        return format!("nothing is known for {name}");
    }
    format!("for {name}, {}", given.join(" and "))
}

/// "Fill in mail for Ada Lovelace in Entra", or what to check there.
pub fn filled_in(expression: &Expression, person: &Person) -> String {
    let inputs = expression.inputs(person);
    let missing: Vec<String> = inputs.iter().filter(|input| is_missing(input)).map(|input| of(input, person)).collect();
    let name = called(person);
    if !missing.is_empty() {
        return format!("Fill in {} for {name} in Entra.", missing.join(", "));
    }
    let given: Vec<String> = inputs.iter().map(|input| of(input, person)).collect();
    if given.is_empty() {
        return "Reply to this message: the rule for this value has to be changed.".to_owned();
    }
    format!("Check {} for {name} in Entra; if that is right, reply, so that the rule is changed.", given.join(", "))
}

fn is_missing(input: &Input) -> bool {
    match &input.value {
        Value::Null => true,
        Value::String(text) => text.trim().is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Bool(_) | Value::Number(_) | Value::Object(_) => false,
    }
}

/// A manager who is not there is one thing missing, whatever was asked of them.
fn of(input: &Input, person: &Person) -> String {
    match (input.owner, &person.manager) {
        (Owner::User, _) => input.name.clone(),
        (Owner::Manager, None) => "manager".to_owned(),
        (Owner::Manager, Some(_)) => format!("{} of the manager", input.name),
    }
}
