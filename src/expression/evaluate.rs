//! Evaluating an expression for one person. The only place that says what null does: it passes through every function,
//! joining and adding; `==`, `!=`, `in` accept it; `or`, `not` and `if` count it as false; an order with it is undecidable.
//! Every step and every byte is paid from a fixed allowance. Pure.

use std::borrow::Cow;
use std::cell::Cell;
use std::collections::BTreeMap;

use regex::Regex;
use serde_json::Value;

use super::compare::{compare, is_empty, is_true};
use super::error::EvaluationError;
use super::function::Function;
use super::node::{Comparison, Node, Owner};
use super::text::{Bounded, LONGEST_BYTES, as_text, place, shown, whole};
use crate::model::{AccountId, Person};

/// A step is a node or 64 bytes of value; ten thousand are far more than an attribute needs, and take below a millisecond.
const ALLOWED_STEPS: usize = 10_000;
const BYTES_A_STEP: usize = 64;

type Evaluated<'e> = Result<Cow<'e, Value>, EvaluationError>;

/// One evaluation, of one expression for one person.
pub(super) struct Evaluation<'e> {
    person: &'e Person,
    manager_account: Option<&'e AccountId>,
    steps_left: Cell<usize>,
}

impl<'e> Evaluation<'e> {
    pub fn new(person: &'e Person, manager_account: Option<&'e AccountId>) -> Self {
        Self { person, manager_account, steps_left: Cell::new(ALLOWED_STEPS) }
    }

    pub fn value(&self, node: &'e Node) -> Evaluated<'e> {
        self.spend(1)?;
        match node {
            Node::Constant(value) => Ok(Cow::Borrowed(value)),
            Node::Property { owner, name, path } => self.property(*owner, name, path),
            Node::Manager => Ok(self.manager()),
            Node::ManagerAccount => {
                Ok(Cow::Owned(self.manager_account.map_or(Value::Null, |account| account.as_str().into())))
            }
            Node::List(items) => self.list(items),
            Node::Table(entries) => self.table(entries),
            Node::Not(operand) => Ok(owned(!is_true(&*self.value(operand)?))),
            Node::Negative(operand) => arithmetic(&Value::from(0), &*self.value(operand)?, i64::checked_sub),
            Node::AnyOf(operands) => self.until(operands, true),
            Node::AllOf(operands) => self.until(operands, false),
            Node::Joined(operands) => self.joined(operands),
            Node::Plus(left, right) => self.plus(left, right),
            Node::Minus(left, right) => arithmetic(&*self.value(left)?, &*self.value(right)?, i64::checked_sub),
            Node::Compared(first, rest) => self.compared(first, rest),
            Node::Choice { condition, then, otherwise } => self.choice(condition, then, otherwise.as_deref()),
            Node::Item(of, key) => self.item(of, key),
            Node::Slice { of, start, stop } => self.slice(of, start.as_deref(), stop.as_deref()),
            Node::FirstOf(operands) => self.first_of(operands),
            Node::IsNull(operand) => Ok(owned(self.value(operand)?.is_null())),
            Node::IsEmpty(operand) => Ok(owned(is_empty(&*self.value(operand)?))),
            Node::Matches(input, pattern) => self.matches(input, pattern),
            Node::RegexReplaced { input, pattern, replacement } => self.regex_replaced(input, pattern, replacement),
            Node::Lookup { input, table, default } => self.lookup(input, table, default.as_deref()),
            Node::Call(function, values) => self.call(function, values),
        }
    }

    fn spend(&self, steps: usize) -> Result<(), EvaluationError> {
        match self.steps_left.get().checked_sub(steps) {
            Some(left) => {
                self.steps_left.set(left);
                Ok(())
            }
            None => Err(EvaluationError::new("this takes more steps than are allowed")),
        }
    }

    /// Pays for a value that is about to be walked through.
    fn pay(&self, value: &Value) -> Result<(), EvaluationError> {
        self.spend(size(value) / BYTES_A_STEP)
    }

    /// Pays for a value that was made, and refuses one that is too long.
    fn made(&self, value: Value) -> Evaluated<'e> {
        if size(&value) > LONGEST_BYTES {
            return Err(EvaluationError::new(format!("a value became longer than {LONGEST_BYTES} bytes on the way")));
        }
        self.pay(&value)?;
        Ok(Cow::Owned(value))
    }

    fn property(&self, owner: Owner, name: &str, path: &[String]) -> Evaluated<'e> {
        let (id, attributes): (_, &'e BTreeMap<String, Value>) = match (owner, &self.person.manager) {
            (Owner::User, _) => (&self.person.id, &self.person.attributes),
            (Owner::Manager, Some(manager)) => (&manager.id, &manager.attributes),
            (Owner::Manager, None) => return Ok(null()),
        };
        let Some(mut value) = attributes.get(name) else {
            return Ok(if name == "id" && path.is_empty() { Cow::Owned(id.as_str().into()) } else { null() });
        };
        for part in path {
            value = match value {
                Value::Null => return Ok(null()),
                Value::Object(parts) => match parts.get(part) {
                    Some(value) => value,
                    None => return Ok(null()),
                },
                other => return Err(EvaluationError::new(format!("{name} is {}, which has no {part}", shown(other)))),
            };
        }
        Ok(Cow::Borrowed(value))
    }

    /// The record as a whole is only ever asked whether it is there.
    fn manager(&self) -> Cow<'e, Value> {
        match &self.person.manager {
            Some(manager) => Cow::Owned(serde_json::json!({ "id": manager.id.as_str() })),
            None => null(),
        }
    }

    fn list(&self, items: &'e [Node]) -> Evaluated<'e> {
        let values = items.iter().map(|item| Ok(self.value(item)?.into_owned())).collect::<Result<_, _>>()?;
        self.made(Value::Array(values))
    }

    fn table(&self, entries: &'e [(String, Node)]) -> Evaluated<'e> {
        let entry = |(name, node): &'e (String, Node)| Ok((name.clone(), self.value(node)?.into_owned()));
        self.made(Value::Object(entries.iter().map(entry).collect::<Result<_, _>>()?))
    }

    /// The first operand that counts as `decisive`, else the last.
    fn until(&self, operands: &'e [Node], decisive: bool) -> Evaluated<'e> {
        let mut last = null();
        for operand in operands {
            last = self.value(operand)?;
            if is_true(&last) == decisive {
                break;
            }
        }
        Ok(last)
    }

    fn joined(&self, operands: &'e [Node]) -> Evaluated<'e> {
        let mut joined = Bounded::default();
        for operand in operands {
            let value = self.value(operand)?;
            if value.is_null() {
                return Ok(null());
            }
            joined.push(&as_text(&value)?)?;
        }
        self.made(joined.into_value())
    }

    fn plus(&self, left: &'e Node, right: &'e Node) -> Evaluated<'e> {
        let (left, right) = (self.value(left)?, self.value(right)?);
        match (&*left, &*right) {
            (Value::String(a), Value::String(b)) => {
                let mut joined = Bounded::default();
                joined.push(a)?;
                joined.push(b)?;
                self.made(joined.into_value())
            }
            (Value::Array(a), Value::Array(b)) => self.made(a.iter().chain(b).cloned().collect()),
            _ => arithmetic(&left, &right, i64::checked_add),
        }
    }

    fn compared(&self, first: &'e Node, rest: &'e [(Comparison, Node)]) -> Evaluated<'e> {
        let mut left = self.value(first)?;
        for (comparison, node) in rest {
            let right = self.value(node)?;
            self.pay(&right)?;
            if !compare(*comparison, &left, &right)? {
                return Ok(owned(false));
            }
            left = right;
        }
        Ok(owned(true))
    }

    fn choice(&self, condition: &'e Node, then: &'e Node, otherwise: Option<&'e Node>) -> Evaluated<'e> {
        match otherwise {
            _ if is_true(&*self.value(condition)?) => self.value(then),
            Some(otherwise) => self.value(otherwise),
            None => Ok(null()),
        }
    }

    fn item(&self, of: &'e Node, key: &'e Node) -> Evaluated<'e> {
        let (of, key) = (self.value(of)?, self.value(key)?);
        let item = match (&*of, &*key) {
            (Value::Null, _) | (_, Value::Null) => None,
            (Value::Object(parts), Value::String(name)) => parts.get(name).cloned(),
            (Value::Array(items), _) => at(whole(&key)?, items.len()).and_then(|index| items.get(index).cloned()),
            (Value::String(text), Value::Number(_)) => {
                let index = at(whole(&key)?, text.chars().count());
                index.and_then(|index| text.chars().nth(index)).map(|character| Value::from(character.to_string()))
            }
            _ => return Err(EvaluationError::new(format!("{} has no item {}", shown(&of), shown(&key)))),
        };
        self.made(item.unwrap_or_default())
    }

    fn slice(&self, of: &'e Node, start: Option<&'e Node>, stop: Option<&'e Node>) -> Evaluated<'e> {
        let of = self.value(of)?;
        let length = match &*of {
            Value::Null => return Ok(null()),
            Value::String(text) => text.chars().count(),
            Value::Array(items) => items.len(),
            other => return Err(EvaluationError::new(format!("{} cannot be cut into slices", shown(other)))),
        };
        let start = self.bound(start)?.map_or(0, |index| place(index, length));
        let stop = self.bound(stop)?.map_or(length, |index| place(index, length)).max(start);
        self.made(match &*of {
            Value::Array(items) => items[start..stop].to_vec().into(),
            value => as_text(value)?.chars().skip(start).take(stop - start).collect::<String>().into(),
        })
    }

    fn bound(&self, node: Option<&'e Node>) -> Result<Option<i64>, EvaluationError> {
        let value = node.map(|node| self.value(node)).transpose()?.unwrap_or_else(null);
        if value.is_null() { Ok(None) } else { whole(&value).map(Some) }
    }

    fn first_of(&self, operands: &'e [Node]) -> Evaluated<'e> {
        let mut last = null();
        for operand in operands {
            last = self.value(operand)?;
            if !is_empty(&last) {
                break;
            }
        }
        Ok(last)
    }

    fn matches(&self, input: &'e Node, pattern: &Regex) -> Evaluated<'e> {
        let input = self.value(input)?;
        if input.is_null() {
            return Ok(null());
        }
        self.pay(&input)?;
        Ok(owned(pattern.is_match(&as_text(&input)?)))
    }

    fn regex_replaced(&self, input: &'e Node, pattern: &Regex, replacement: &'e Node) -> Evaluated<'e> {
        let (input, replacement) = (self.value(input)?, self.value(replacement)?);
        if input.is_null() || replacement.is_null() {
            return Ok(null());
        }
        self.pay(&input)?;
        let (input, replacement) = (as_text(&input)?, as_text(&replacement)?);
        let (mut replaced, mut end) = (Bounded::default(), 0);
        for captures in pattern.captures_iter(&input) {
            let Some(found) = captures.get(0) else { continue };
            let mut expanded = String::new();
            captures.expand(&replacement, &mut expanded);
            replaced.push(&input[end..found.start()])?;
            replaced.push(&expanded)?;
            end = found.end();
        }
        replaced.push(&input[end..])?;
        self.made(replaced.into_value())
    }

    fn lookup(&self, input: &'e Node, table: &'e Node, default: Option<&'e Node>) -> Evaluated<'e> {
        let input = self.value(input)?;
        if input.is_null() {
            return Ok(null());
        }
        let table = self.value(table)?;
        let found = table.get(&*as_text(&input)?).cloned();
        match (found, default) {
            (Some(value), _) => self.made(value),
            (None, Some(default)) => self.value(default),
            (None, None) => Ok(null()),
        }
    }

    /// The one place where a function is called: a null among its values is its answer.
    fn call(&self, function: &'static Function, nodes: &'e [Node]) -> Evaluated<'e> {
        let mut values = Vec::with_capacity(nodes.len());
        for node in nodes {
            let value = self.value(node)?;
            if value.is_null() {
                return Ok(null());
            }
            self.pay(&value)?;
            values.push(value);
        }
        self.made((function.run)(&values)?)
    }
}

/// Whole numbers only: nothing an account has is reckoned with more.
fn arithmetic<'e>(left: &Value, right: &Value, operation: fn(i64, i64) -> Option<i64>) -> Evaluated<'e> {
    match (left, right) {
        (Value::Null, _) | (_, Value::Null) => Ok(null()),
        (Value::Number(_), Value::Number(_)) => {
            let result = operation(whole(left)?, whole(right)?);
            let number = result.ok_or_else(|| EvaluationError::new("a number became too large"))?;
            Ok(Cow::Owned(Value::from(number)))
        }
        _ => Err(EvaluationError::new(format!(
            "{} and {} cannot be added or subtracted; join them with ~",
            shown(left),
            shown(right)
        ))),
    }
}

fn null<'e>() -> Cow<'e, Value> {
    Cow::Owned(Value::Null)
}

fn owned<'e>(answer: bool) -> Cow<'e, Value> {
    Cow::Owned(Value::Bool(answer))
}

/// A place that exists; negative ones count from the end.
fn at(index: i64, length: usize) -> Option<usize> {
    let distance = usize::try_from(index.unsigned_abs()).ok()?;
    if index < 0 { length.checked_sub(distance) } else { Some(distance) }
}

fn size(value: &Value) -> usize {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => 0,
        Value::String(text) => text.len(),
        Value::Array(items) => items.iter().map(|item| 8 + size(item)).sum(),
        Value::Object(parts) => parts.iter().map(|(name, part)| name.len() + size(part)).sum(),
    }
}
