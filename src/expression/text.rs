//! The functions of text and lists. Each gets values that are not null, counted by `function`; each bounds what it
//! builds before it builds it. Pure.

use std::borrow::Cow;

use serde_json::Value;
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use super::error::EvaluationError;

/// No value on the way is longer than this many bytes, so that nothing that is written grows without end.
pub(super) const LONGEST_BYTES: usize = 64 * 1024;

type Values<'v> = &'v [Cow<'v, Value>];
type Answer = Result<Value, EvaluationError>;

/// Text being built, which refuses to grow beyond the limit.
#[derive(Default)]
pub(super) struct Bounded(String);

impl Bounded {
    pub fn push(&mut self, piece: &str) -> Result<(), EvaluationError> {
        if self.0.len() + piece.len() > LONGEST_BYTES {
            return Err(EvaluationError::new(format!("a text became longer than {LONGEST_BYTES} bytes on the way")));
        }
        self.0.push_str(piece);
        Ok(())
    }

    pub fn into_value(self) -> Value {
        Value::String(self.0)
    }
}

/// A value as a person may read it in a message: short, and with nothing invisible in it.
pub(super) fn shown(value: &Value) -> String {
    const SHOWN_CHARACTERS: usize = 60;
    match value {
        Value::Null => "no value".to_owned(),
        Value::Bool(_) | Value::Number(_) => value.to_string(),
        Value::String(text) if text.chars().count() > SHOWN_CHARACTERS => {
            format!("{:?}…", text.chars().take(SHOWN_CHARACTERS).collect::<String>())
        }
        Value::String(text) => format!("{text:?}"),
        Value::Array(items) => format!("a list of {}", items.len()),
        Value::Object(_) => "a record".to_owned(),
    }
}

/// A single value written as text; a list or a record has no one way to be written.
pub(super) fn as_text(value: &Value) -> Result<Cow<'_, str>, EvaluationError> {
    match value {
        Value::String(text) => Ok(Cow::Borrowed(text)),
        Value::Bool(_) | Value::Number(_) => Ok(Cow::Owned(value.to_string())),
        Value::Null | Value::Array(_) | Value::Object(_) => {
            Err(EvaluationError::new(format!("{} is not a text", shown(value))))
        }
    }
}

fn changed(values: Values<'_>, change: impl FnOnce(&str) -> String) -> Answer {
    Ok(Value::String(change(&as_text(&values[0])?)))
}

pub(super) fn lower(values: Values<'_>) -> Answer {
    changed(values, str::to_lowercase)
}

pub(super) fn upper(values: Values<'_>) -> Answer {
    changed(values, str::to_uppercase)
}

pub(super) fn trim(values: Values<'_>) -> Answer {
    changed(values, |text| text.trim().to_owned())
}

/// "JEAN-PAUL o'brien" becomes "Jean-Paul O'Brien".
pub(super) fn title(values: Values<'_>) -> Answer {
    changed(values, |text| {
        let mut titled = String::with_capacity(text.len());
        let mut starts_word = true;
        for character in text.chars() {
            if starts_word {
                titled.extend(character.to_uppercase());
            } else {
                titled.extend(character.to_lowercase());
            }
            starts_word = !character.is_alphanumeric() && !is_combining_mark(character);
        }
        titled
    })
}

/// Letters with marks become letters without (Müller: Muller), others the nearest ASCII (ß: ss, æ: ae, ø: oe as
/// Entra's `NormalizeDiacritics` has it); what is neither letter, digit nor punctuation is dropped, names of emoji included.
pub(super) fn ascii(values: Values<'_>) -> Answer {
    let text = as_text(&values[0])?;
    if text.is_ascii() {
        return Ok(Value::String(text.into_owned()));
    }
    let mut plain = Bounded::default();
    for character in text.nfkd() {
        let mut buffer = [0; 4];
        match character {
            _ if character.is_ascii() => plain.push(character.encode_utf8(&mut buffer))?,
            'ø' => plain.push("oe")?,
            'Ø' => plain.push("Oe")?,
            _ if is_combining_mark(character) => {}
            _ => plain.push(nearest_ascii(character))?,
        }
    }
    Ok(plain.into_value())
}

fn nearest_ascii(character: char) -> &'static str {
    let nearest = deunicode::deunicode_char(character).unwrap_or_default();
    let names_a_picture = !character.is_alphanumeric() && nearest.contains(|c: char| c.is_ascii_alphanumeric());
    if names_a_picture { "" } else { nearest }
}

pub(super) fn replace(values: Values<'_>) -> Answer {
    let (text, from, to) = (as_text(&values[0])?, as_text(&values[1])?, as_text(&values[2])?);
    if from.is_empty() {
        return Err(EvaluationError::new("`replace` was given an empty text to look for"));
    }
    let mut replaced = Bounded::default();
    for (number, piece) in text.split(&*from).enumerate() {
        if number > 0 {
            replaced.push(&to)?;
        }
        replaced.push(piece)?;
    }
    Ok(replaced.into_value())
}

/// One null among the items makes the whole null, as joining with `~` does.
pub(super) fn join(values: Values<'_>) -> Answer {
    let separator = values.get(1).map(|value| as_text(value)).transpose()?.unwrap_or_default();
    let Value::Array(items) = &*values[0] else {
        return Ok(Value::String(as_text(&values[0])?.into_owned()));
    };
    if items.iter().any(Value::is_null) {
        return Ok(Value::Null);
    }
    let mut joined = Bounded::default();
    for (number, item) in items.iter().enumerate() {
        if number > 0 {
            joined.push(&separator)?;
        }
        joined.push(&as_text(item)?)?;
    }
    Ok(joined.into_value())
}

pub(super) fn split(values: Values<'_>) -> Answer {
    let (text, separator) = (as_text(&values[0])?, as_text(&values[1])?);
    if separator.is_empty() {
        return Err(EvaluationError::new("`split` was given an empty text to split at"));
    }
    Ok(text.split(&*separator).map(Value::from).collect())
}

pub(super) fn first(values: Values<'_>) -> Answer {
    Ok(match &*values[0] {
        Value::Array(items) => items.first().cloned().unwrap_or_default(),
        value => as_text(value)?.chars().next().map(String::from).map(Value::String).unwrap_or_default(),
    })
}

pub(super) fn last(values: Values<'_>) -> Answer {
    Ok(match &*values[0] {
        Value::Array(items) => items.last().cloned().unwrap_or_default(),
        value => as_text(value)?.chars().next_back().map(String::from).map(Value::String).unwrap_or_default(),
    })
}

/// `substring(start[, length])`, counted in characters from 0; a negative start counts from the end.
pub(super) fn substring(values: Values<'_>) -> Answer {
    let text = as_text(&values[0])?;
    let start = whole(&values[1])?;
    let length = values.get(2).map(|value| whole(value)).transpose()?;
    let length = length.map_or(usize::MAX, |length| usize::try_from(length).unwrap_or(0));
    let skipped = place(start, text.chars().count());
    Ok(Value::String(text.chars().skip(skipped).take(length).collect()))
}

/// A place in a value of `length`; negative places count from the end, and none is outside.
pub(super) fn place(index: i64, length: usize) -> usize {
    let distance = usize::try_from(index.unsigned_abs()).unwrap_or(usize::MAX);
    if index < 0 { length.saturating_sub(distance) } else { distance.min(length) }
}

/// A whole number, as an index or a length.
pub(super) fn whole(value: &Value) -> Result<i64, EvaluationError> {
    let number = match value {
        Value::Number(number) => number.as_i64(),
        _ => None,
    };
    number.ok_or_else(|| EvaluationError::new(format!("{} is not a whole number", shown(value))))
}

pub(super) fn length(values: Values<'_>) -> Answer {
    Ok(match &*values[0] {
        Value::Array(items) => Value::from(items.len()),
        value => Value::from(as_text(value)?.chars().count()),
    })
}

/// What stands before the last `@`; the whole, without one.
pub(super) fn localpart(values: Values<'_>) -> Answer {
    changed(values, |text| text.rsplit_once('@').map_or(text, |(local, _)| local).to_owned())
}

/// What stands after the last `@`; null, without one.
pub(super) fn domain(values: Values<'_>) -> Answer {
    let text = as_text(&values[0])?;
    Ok(text.rsplit_once('@').map(|(_, domain)| Value::from(domain)).unwrap_or_default())
}

pub(super) fn string(values: Values<'_>) -> Answer {
    changed(values, str::to_owned)
}

pub(super) fn int(values: Values<'_>) -> Answer {
    match &*values[0] {
        Value::Number(number) if number.is_i64() => Ok(values[0].clone().into_owned()),
        Value::String(text) if let Ok(number) = text.trim().parse::<i64>() => Ok(Value::from(number)),
        other => Err(EvaluationError::new(format!("{} is not a whole number", shown(other)))),
    }
}

pub(super) fn startswith(values: Values<'_>) -> Answer {
    Ok(Value::Bool(as_text(&values[0])?.starts_with(&*as_text(&values[1])?)))
}

pub(super) fn endswith(values: Values<'_>) -> Answer {
    Ok(Value::Bool(as_text(&values[0])?.ends_with(&*as_text(&values[1])?)))
}

/// Whether a text contains a text, or a list an item.
pub(super) fn contains(values: Values<'_>) -> Answer {
    super::compare::contains(&values[0], &values[1]).map(Value::Bool)
}
