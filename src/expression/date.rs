//! Dates as Graph writes them, in a form of the operator's choosing. No clock: a date is always a value of the person's.

use std::borrow::Cow;
use std::fmt::Write;

use chrono::format::{Item, StrftimeItems};
use chrono::{DateTime, FixedOffset, NaiveDate};
use serde_json::Value;

use super::error::EvaluationError;
use super::text::{as_text, shown};

/// Whether a form such as `%d.%m.%Y` (chrono's `strftime`) is one.
pub(super) fn check_format(format: &str) -> Result<(), String> {
    if StrftimeItems::new(format).any(|item| matches!(item, Item::Error)) {
        return Err(format!("{format:?} is not the form of a date; write for example '%Y-%m-%d'"));
    }
    Ok(())
}

/// `date('%d.%m.%Y')` of a date or an ISO timestamp; a timestamp keeps the offset it is written with.
pub(super) fn date(values: &[Cow<'_, Value>]) -> Result<Value, EvaluationError> {
    let (text, format) = (as_text(&values[0])?, as_text(&values[1])?);
    check_format(&format).map_err(EvaluationError::new)?;
    let moment = parse(text.trim()).ok_or_else(|| {
        EvaluationError::new(format!("{} is not a date such as 2026-01-31 or 2026-01-31T00:00:00Z", shown(&values[0])))
    })?;
    let mut written = String::new();
    write!(written, "{}", moment.format(&format))
        .map_err(|_| EvaluationError::new(format!("{format:?} cannot be written for {}", shown(&values[0]))))?;
    Ok(Value::String(written))
}

fn parse(text: &str) -> Option<DateTime<FixedOffset>> {
    if let Ok(moment) = DateTime::parse_from_rfc3339(text) {
        return Some(moment);
    }
    let midnight = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?.and_hms_opt(0, 0, 0)?;
    Some(midnight.and_utc().fixed_offset())
}
