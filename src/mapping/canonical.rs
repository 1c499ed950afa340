//! Values in the one form in which they are compared, sent and stored. Nothing after this changes a value. Pure.

use serde_json::{Number, Value};

use crate::model::{AttributeKind, Person};

/// The value as an attribute of this kind; `None` when there is none (empty text and an empty list are no value).
pub(super) fn canonical(value: Value, kind: AttributeKind) -> Result<Option<Value>, String> {
    match (kind, value) {
        (_, Value::Null) => Ok(None),
        (AttributeKind::Set, Value::Array(items)) => set(items),
        (AttributeKind::Set, single) => set(vec![single]),
        (_, Value::Array(items)) => {
            Err(format!("there are {} values, and only one has a place; use `first` or `join`", items.len()))
        }
        (_, Value::Object(_)) => Err("there is a whole record instead of one of its parts".to_owned()),
        (AttributeKind::Text, value) => text(&value),
        (AttributeKind::Boolean, value) => boolean(value),
        (AttributeKind::Number, value) => number(value),
    }
}

/// The text that may not be written to a target: the name that Entra gives a soft-deleted user, which is
/// `<the object id without dashes><the old name>`. In a name, any 32 hexadecimal digits are taken for such an id.
pub(super) fn forbidden<'v>(value: &'v Value, person: &Person, is_name: bool) -> Option<&'v str> {
    let id = person.id.as_str().replace('-', "");
    let is_forbidden = |text: &&str| {
        let Some((digits, old_name)) = text.split_at_checked(32) else { return false };
        let names_an_id = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        let local_part_goes_on = old_name.find('@').is_some_and(|place| place > 0);
        names_an_id && local_part_goes_on && (is_name || digits.eq_ignore_ascii_case(&id))
    };
    match value {
        Value::Array(items) => items.iter().filter_map(Value::as_str).find(is_forbidden),
        value => value.as_str().filter(is_forbidden),
    }
}

/// Characters that nobody sees and that make two names look alike: no account may be known by them.
pub(super) fn has_invisible(value: &Value) -> bool {
    let invisible = |c: char| {
        c.is_control()
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
    };
    value.as_str().is_some_and(|text| text.contains(invisible))
}

fn text(value: &Value) -> Result<Option<Value>, String> {
    let text = match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    if text.contains('\0') {
        return Err("there is an invisible character (NUL) in it".to_owned());
    }
    Ok(if text.is_empty() { None } else { Some(Value::String(text)) })
}

fn boolean(value: Value) -> Result<Option<Value>, String> {
    match &value {
        Value::Bool(_) => Ok(Some(value)),
        Value::String(text) if text.is_empty() => Ok(None),
        Value::String(text) if text.eq_ignore_ascii_case("true") => Ok(Some(Value::Bool(true))),
        Value::String(text) if text.eq_ignore_ascii_case("false") => Ok(Some(Value::Bool(false))),
        other => Err(format!("{other} is neither true nor false")),
    }
}

fn number(value: Value) -> Result<Option<Value>, String> {
    let Value::String(text) = &value else {
        return if value.is_number() { Ok(Some(value)) } else { Err(format!("{value} is not a number")) };
    };
    if text.is_empty() {
        return Ok(None);
    }
    let whole = text.parse::<i64>().ok().map(Number::from);
    let number = whole.or_else(|| text.parse::<f64>().ok().and_then(Number::from_f64));
    number.map(|number| Some(Value::Number(number))).ok_or_else(|| format!("{text:?} is not a number"))
}

/// Several values: their order means nothing, and no value is there twice.
fn set(items: Vec<Value>) -> Result<Option<Value>, String> {
    let mut values = Vec::with_capacity(items.len());
    for item in items {
        if let Some(Value::String(text)) = canonical(item, AttributeKind::Text)? {
            values.push(text);
        }
    }
    values.sort_unstable();
    values.dedup();
    Ok(if values.is_empty() { None } else { Some(Value::from(values)) })
}
