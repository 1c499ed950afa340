//! What is true, equal, contained, or more than something else. The only place that says what null is in a comparison. Pure.

use std::cmp::Ordering;

use serde_json::{Number, Value};

use super::error::EvaluationError;
use super::node::Comparison;
use super::text::shown;

/// What `or`, `and`, `not` and `if` take a value for.
pub fn is_true(value: &Value) -> bool {
    match value {
        Value::Bool(answer) => *answer,
        Value::Number(number) => number.as_f64() != Some(0.0),
        Value::Null | Value::String(_) | Value::Array(_) | Value::Object(_) => !is_empty(value),
    }
}

pub(super) fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(_) | Value::Number(_) => false,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(parts) => parts.is_empty(),
    }
}

pub(super) fn compare(comparison: Comparison, left: &Value, right: &Value) -> Result<bool, EvaluationError> {
    match comparison {
        Comparison::Equal => equal(left, right),
        Comparison::NotEqual => equal(left, right).map(|equal| !equal),
        Comparison::In => contains(right, left),
        Comparison::NotIn => contains(right, left).map(|contained| !contained),
        Comparison::Less => order(left, right).map(Ordering::is_lt),
        Comparison::LessOrEqual => order(left, right).map(Ordering::is_le),
        Comparison::Greater => order(left, right).map(Ordering::is_gt),
        Comparison::GreaterOrEqual => order(left, right).map(Ordering::is_ge),
    }
}

/// Null equals null and nothing else. Values of two kinds are an error rather than different: `user.employeeId == 7`
/// would be false for everybody, and nobody would notice.
fn equal(left: &Value, right: &Value) -> Result<bool, EvaluationError> {
    match (left, right) {
        (Value::Null, _) | (_, Value::Null) => Ok(left.is_null() && right.is_null()),
        (Value::Number(a), Value::Number(b)) => Ok(order_of(a, b) == Some(Ordering::Equal)),
        _ if std::mem::discriminant(left) == std::mem::discriminant(right) => Ok(left == right),
        _ => Err(EvaluationError::new(format!(
            "{} and {} are never equal: only one of them is quoted text",
            shown(left),
            shown(right)
        ))),
    }
}

/// Whether a list has the item, a text the text, a record the part. Nothing is in null.
pub(super) fn contains(container: &Value, value: &Value) -> Result<bool, EvaluationError> {
    match (container, value) {
        (Value::Array(items), _) => {
            for item in items {
                if equal(item, value)? {
                    return Ok(true);
                }
            }
            Ok(false)
        }
        (Value::Null, _) | (Value::String(_) | Value::Object(_), Value::Null) => Ok(false),
        (Value::String(text), Value::String(part)) => Ok(text.contains(&**part)),
        (Value::Object(parts), Value::String(name)) => Ok(parts.contains_key(name)),
        _ => Err(EvaluationError::new(format!("{} cannot be looked for in {}", shown(value), shown(container)))),
    }
}

/// Nothing is before or after null: an answer, either one, would decide who has an account.
fn order(left: &Value, right: &Value) -> Result<Ordering, EvaluationError> {
    let order = match (left, right) {
        (Value::Null, _) | (_, Value::Null) => {
            return Err(EvaluationError::new("a value that is not set is neither more nor less than another"));
        }
        (Value::Number(a), Value::Number(b)) => order_of(a, b),
        (Value::String(a), Value::String(b)) => Some(a.cmp(b)),
        _ => None,
    };
    order.ok_or_else(|| EvaluationError::new(format!("{} is neither more nor less than {}", shown(left), shown(right))))
}

fn order_of(left: &Number, right: &Number) -> Option<Ordering> {
    match (left.as_i64(), right.as_i64()) {
        (Some(a), Some(b)) => Some(a.cmp(&b)),
        _ => left.as_f64()?.partial_cmp(&right.as_f64()?),
    }
}
