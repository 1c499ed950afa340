//! Filters as targets really offer them: `eq`, joined by `and` (RFC 7644 §3.4.2.2). Parses and compares; pure.

use serde_json::Value;

use super::document::Document;
use super::error::Refusal;
use super::path::{self, Aim, Path, is_entry};
use super::schema::ENTERPRISE;

/// One `path eq value`.
#[derive(Clone, Debug)]
pub(super) struct Clause {
    path: Path,
    value: Value,
}

/// Every clause must hold.
#[derive(Clone, Debug)]
pub(super) struct Filter(Vec<Clause>);

impl Filter {
    pub(super) fn parse(text: &str) -> Result<Self, Refusal> {
        let invalid = || Refusal::typed("invalidFilter", format!("The filter {text} is not one this app understands."));
        let mut clauses = Vec::new();
        let mut rest = text.trim();
        loop {
            let operator = rest.to_ascii_lowercase().find(" eq ").ok_or_else(invalid)?;
            // The brackets of `emails[type eq "work"].value eq "…"` hold an operator of their own.
            let operator = match (rest.find('['), rest.find(']')) {
                (Some(open), Some(close)) if open < operator && operator < close => {
                    close + rest[close..].to_ascii_lowercase().find(" eq ").ok_or_else(invalid)?
                }
                _ => operator,
            };
            let Ok(Aim::At(path)) = path::parse(rest[..operator].trim()) else { return Err(invalid()) };
            let (value, after) = literal(rest[operator + 4..].trim_start()).ok_or_else(invalid)?;
            clauses.push(Clause { path, value });
            rest = after.trim();
            if rest.is_empty() {
                return Ok(Self(clauses));
            }
            rest = rest
                .get(..4)
                .filter(|word| word.eq_ignore_ascii_case("and "))
                .map(|_| &rest[4..])
                .ok_or_else(invalid)?;
        }
    }

    /// The value of `attribute eq`, when that is a clause: the way to an index.
    pub(super) fn exact(&self, attribute: &str) -> Option<&str> {
        let clause = self.0.iter().find(|clause| clause.path.attribute == attribute && clause.path.part.is_none())?;
        clause.value.as_str()
    }

    pub(super) fn matches(&self, id: &str, document: &Document, case_sensitive: bool) -> bool {
        self.0.iter().all(|clause| clause.matches(id, document, case_sensitive))
    }
}

impl Clause {
    fn matches(&self, id: &str, document: &Document, case_sensitive: bool) -> bool {
        let exact = case_sensitive || matches!(self.path.attribute, "id" | "externalId");
        if self.path.attribute == "id" {
            return self.value == id;
        }
        let holder =
            if self.path.extension { document.get(ENTERPRISE).and_then(Value::as_object) } else { Some(document) };
        let Some(found) = holder.and_then(|holder| holder.get(self.path.attribute)) else { return false };
        let part = self.path.part.unwrap_or("value");
        match found {
            Value::Array(entries) => entries
                .iter()
                .filter(|entry| self.path.entry.as_ref().is_none_or(|(part, wanted)| is_entry(entry, part, wanted)))
                .any(|entry| same(&entry[part], &self.value, exact)),
            Value::Object(parts) => parts.get(part).is_some_and(|found| same(found, &self.value, exact)),
            found => same(found, &self.value, exact),
        }
    }
}

fn same(found: &Value, wanted: &Value, exact: bool) -> bool {
    match (found, wanted) {
        (Value::String(found), Value::String(wanted)) if !exact => found.to_lowercase() == wanted.to_lowercase(),
        (found, wanted) => found == wanted,
    }
}

/// A JSON literal at the beginning of a text, and what follows it.
fn literal(text: &str) -> Option<(Value, &str)> {
    let mut stream = serde_json::Deserializer::from_str(text).into_iter::<Value>();
    let value = stream.next()?.ok()?;
    let end = stream.byte_offset();
    (value.is_string() || value.is_boolean() || value.is_number()).then(|| (value, &text[end..]))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(filter: &str, matches: bool) {
        let Value::Object(document) = json!({
            "userName": "Ada@x.example", "externalId": "E1", "active": true,
            "emails": [{"type": "work", "value": "ada@x.example"}],
            ENTERPRISE: {"employeeNumber": "007"},
        }) else {
            panic!("an object")
        };
        let filter = Filter::parse(filter).expect("understood");
        assert_eq!(filter.matches("id-1", &document, false), matches);
    }

    #[test]
    fn user_names_are_compared_without_case_and_external_ids_with_it() {
        check("userName eq \"ADA@x.example\"", true);
        check("USERNAME Eq \"ada@x.example\"", true);
        check("externalId eq \"e1\"", false);
        check("externalId eq \"E1\" and active eq true", true);
    }

    #[test]
    fn entries_and_extensions_can_be_asked_for() {
        check("emails[type eq \"work\"].value eq \"ada@x.example\"", true);
        check("emails.value eq \"bob@x.example\"", false);
        check(&format!("{ENTERPRISE}:employeeNumber eq \"007\""), true);
        check("id eq \"id-1\"", true);
    }

    #[test]
    fn other_filters_are_refused() {
        for text in ["userName sw \"a\"", "userName eq ada", "shoeSize eq \"9\"", "userName eq \"a\" or active eq true"]
        {
            assert!(Filter::parse(text).is_err(), "{text}");
        }
    }
}
