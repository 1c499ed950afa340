//! Attribute paths of SCIM (RFC 7644 §3.5.2, figure 7): `title`, `name.givenName`, `emails[type eq "work"].value`,
//! `urn:…:User:department`, `urn:…:User:manager.value`. Parses; changes nothing.

use serde_json::Value;

use super::error::Refusal;
use super::schema::{self, ENTERPRISE, Shape, USER};

/// Where a path leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Path {
    pub(super) extension: bool,
    pub(super) attribute: &'static str,
    pub(super) shape: Shape,
    /// `[part eq value]`.
    pub(super) entry: Option<(&'static str, Value)>,
    pub(super) part: Option<&'static str>,
}

/// What a PATCH operation is aimed at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Aim {
    At(Path),
    /// The whole enterprise extension.
    Extension,
}

pub(super) fn parse(text: &str) -> Result<Aim, Refusal> {
    let invalid = || Refusal::typed("invalidPath", format!("The path {text} is not one of this app's."));
    if text.eq_ignore_ascii_case(ENTERPRISE) {
        return Ok(Aim::Extension);
    }
    let (extension, rest) = match strip_urn(text, ENTERPRISE) {
        Some(rest) => (true, rest),
        None => (false, strip_urn(text, USER).unwrap_or(text)),
    };
    let (head, after) = match rest.find(['[', '.']) {
        Some(at) => rest.split_at(at),
        None => (rest, ""),
    };
    let found = if extension { schema::extension(head) } else { schema::core(head) };
    let (attribute, shape) = found.ok_or_else(invalid)?;
    let (entry, after) = match after.strip_prefix('[') {
        Some(inner) => {
            let (filter, after) = inner.split_once(']').ok_or_else(invalid)?;
            (Some(entry_filter(filter, shape).ok_or_else(invalid)?), after)
        }
        None => (None, after),
    };
    let part = match after.strip_prefix('.') {
        Some(part) => Some(schema::part(shape, part).ok_or_else(invalid)?),
        None if after.is_empty() => None,
        None => return Err(invalid()),
    };
    Ok(Aim::At(Path { extension, attribute, shape, entry, part }))
}

fn strip_urn<'a>(text: &'a str, urn: &str) -> Option<&'a str> {
    let head = text.get(..urn.len())?;
    head.eq_ignore_ascii_case(urn).then(|| text[urn.len()..].strip_prefix(':')).flatten()
}

/// `type eq "work"` or `primary eq true`.
fn entry_filter(text: &str, shape: Shape) -> Option<(&'static str, Value)> {
    if !matches!(shape, Shape::Several(_)) {
        return None;
    }
    let mut words = text.trim().splitn(3, ' ');
    let part = schema::part(shape, words.next()?)?;
    words.next().filter(|operator| operator.eq_ignore_ascii_case("eq"))?;
    let value: Value = serde_json::from_str(words.next()?.trim()).ok()?;
    (value.is_string() || value.is_boolean()).then_some((part, value))
}

/// Whether an entry is the one a path's brackets mean; text is compared without regard to case.
pub(super) fn is_entry(entry: &Value, part: &str, wanted: &Value) -> bool {
    match (&entry[part], wanted) {
        (Value::String(found), Value::String(wanted)) => found.eq_ignore_ascii_case(wanted),
        (found, wanted) => found == wanted,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_lead_into_extensions_entries_and_parts() {
        let Ok(Aim::At(email)) = parse("emails[type eq \"work\"].value") else { panic!("a path") };
        assert_eq!((email.attribute, email.part), ("emails", Some("value")));
        let Ok(Aim::At(manager)) = parse(&format!("{ENTERPRISE}:manager.value")) else { panic!("a path") };
        assert!(manager.extension);
        assert_eq!((manager.attribute, manager.part), ("manager", Some("value")));
        assert_eq!(parse(ENTERPRISE).ok(), Some(Aim::Extension));
    }

    #[test]
    fn a_path_that_leads_nowhere_is_refused() {
        for text in ["shoeSize", "emails[type eq work].value", "name.shoe", "title[type eq \"x\"]", "emails[", ""] {
            assert_eq!(parse(text).err().and_then(|refusal| refusal.scim_type), Some("invalidPath"), "{text}");
        }
    }
}
