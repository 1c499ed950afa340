//! The one language of mapping and scope: an expression over `user` and `manager`, evaluated for one person at a time.
//! Pure: no clock, no log, no I/O; bounded in length, steps and output; what it cannot decide is an error, never "false".
//!
//! The grammar is minijinja's. A null stays null: see `evaluate`.

mod compare;
mod date;
mod error;
mod evaluate;
mod function;
mod node;
mod parse;
mod text;
mod tokens;
mod wording;

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::ops::Range;

use serde_json::Value;

pub use compare::is_true;
pub use error::{EvaluationError, ExpressionError};
pub use node::Owner;
pub use wording::{called, check_inputs, fill_in, inputs_shown, what_is_missing};

use crate::model::{AccountId, Person, Properties};
use evaluate::Evaluation;
use node::Node;

/// The longest text that an expression may give: more than any attribute of any target takes.
pub const LONGEST_OUTPUT: usize = 4096;
/// The most values that an expression may give, for attributes that have several.
const MOST_OUTPUTS: usize = 1000;

/// An expression, compiled once and evaluated for everybody.
#[derive(Clone, Debug)]
pub struct Expression {
    text: String,
    root: Node,
    uses: Vec<PropertyUse>,
    names_manager: bool,
    names_manager_account: bool,
}

/// One place where an expression names a property.
#[derive(Clone, Debug)]
struct PropertyUse {
    owner: Owner,
    name: String,
    path: Vec<String>,
    range: Range<usize>,
}

impl PropertyUse {
    fn dotted(&self) -> String {
        std::iter::once(&self.name).chain(&self.path).map(String::as_str).collect::<Vec<_>>().join(".")
    }
}

impl Expression {
    /// Compiles an expression. Syntax, unknown names, filters, tests, patterns and counts of values are judged here, wherever in the
    /// expression they stand; whether the source has the properties is `check_properties`.
    pub fn compile(text: &str) -> Result<Self, ExpressionError> {
        parse::compile(text)
    }

    /// The expression as it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The properties to ask of the source. `manager.account_id` is the target's, and therefore none.
    pub fn properties(&self) -> Properties {
        let named = |owner| -> BTreeSet<String> {
            self.uses.iter().filter(|used| used.owner == owner).map(|used| used.name.clone()).collect()
        };
        Properties { user: named(Owner::User), manager: self.names_manager.then(|| named(Owner::Manager)) }
    }

    /// Whether the expression names `manager.account_id`.
    pub fn names_manager_account(&self) -> bool {
        self.names_manager_account
    }

    /// Refuses every property that the source does not have. `known` are its names; where it lists the parts of an
    /// object too (`employeeOrgData.division`), those are checked as well. A directory extension (`extension_<app id>_<name>`)
    /// is the tenant's own and always accepted.
    pub fn check_properties(&self, known: &[&str]) -> Result<(), Vec<ExpressionError>> {
        let mistakes: Vec<_> = self.uses.iter().filter_map(|used| used.mistake(known)).collect();
        if mistakes.is_empty() { Ok(()) } else { Err(mistakes) }
    }

    /// The expression's value for one person; `None` is null. `manager_account` is the id of the manager's account.
    pub fn evaluate(
        &self,
        person: &Person,
        manager_account: Option<&AccountId>,
    ) -> Result<Option<Value>, EvaluationError> {
        let value = Evaluation::new(person, manager_account).value(&self.root)?.into_owned();
        check_output(&value)?;
        Ok(if value.is_null() { None } else { Some(value) })
    }

    /// The expression's inputs with their values for one person, each once; a manager who is not there is one input.
    pub fn inputs(&self, person: &Person) -> Vec<Input> {
        let mut inputs: Vec<Input> = Vec::new();
        if self.names_manager && person.manager.is_none() {
            inputs.push(Input { owner: Owner::Manager, name: String::new(), value: Value::Null });
        }
        for used in &self.uses {
            let node = Node::Property { owner: used.owner, name: used.name.clone(), path: used.path.clone() };
            let value = Evaluation::new(person, None).value(&node).map_or(Value::Null, std::borrow::Cow::into_owned);
            let input = Input { owner: used.owner, name: used.dotted(), value };
            let is_known = (used.owner == Owner::Manager && person.manager.is_none()) || inputs.contains(&input);
            if !is_known {
                inputs.push(input);
            }
        }
        inputs
    }
}

/// One input of an expression, and what the directory has for it.
#[derive(Clone, Debug, PartialEq)]
pub struct Input {
    pub owner: Owner,
    /// `employeeOrgData.division`; empty for a manager who is not there.
    pub name: String,
    /// Null when the directory has nothing.
    pub value: Value,
}

/// The ranges of the clauses of `a and b and c`, of a text that compiles; the whole when it is no such chain.
pub fn clauses(text: &str) -> Vec<Range<usize>> {
    tokens::clauses(text)
}

impl PropertyUse {
    fn mistake(&self, known: &[&str]) -> Option<ExpressionError> {
        if is_extension(&self.name) {
            return None;
        }
        if !known.contains(&&*self.name) {
            let first_level = known.iter().copied().filter(|name| !name.contains('.'));
            let hint = error::suggestion(&self.name, first_level);
            let message = format!("the directory has no property {:?}{hint}", self.name);
            return Some(ExpressionError { message, range: self.range.clone() });
        }
        let within = format!("{}.", self.name);
        let parts: Vec<&str> = known.iter().filter_map(|name| name.strip_prefix(&within)).collect();
        let part = self.path.first()?;
        if parts.is_empty() || parts.contains(&&**part) {
            return None;
        }
        let hint = error::suggestion(part, parts);
        let message = format!("{:?} has no part {part:?}{hint}", self.name);
        Some(ExpressionError { message, range: self.range.clone() })
    }
}

/// `extension_<32 hex digits>_<name>` (Graph: directory extensions).
fn is_extension(name: &str) -> bool {
    let Some((app, extension)) = name.strip_prefix("extension_").and_then(|rest| rest.split_once('_')) else {
        return false;
    };
    app.len() == 32 && app.bytes().all(|byte| byte.is_ascii_hexdigit()) && !extension.is_empty()
}

fn check_output(value: &Value) -> Result<(), EvaluationError> {
    match value {
        Value::String(text) if text.len() > LONGEST_OUTPUT => {
            let characters = text.chars().count();
            if characters <= LONGEST_OUTPUT {
                return Ok(());
            }
            Err(EvaluationError::new(format!(
                "it would be {characters} characters long; the limit is {LONGEST_OUTPUT}"
            )))
        }
        Value::Array(items) if items.len() > MOST_OUTPUTS => {
            Err(EvaluationError::new(format!("it would be {} values; the limit is {MOST_OUTPUTS}", items.len())))
        }
        Value::Array(items) => items.iter().try_for_each(check_output),
        _ => Ok(()),
    }
}
