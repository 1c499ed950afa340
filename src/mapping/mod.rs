//! How a person's attributes become an account's attributes: one expression per target attribute. Pure. A person who
//! cannot be mapped is `Wanted::Rejected`, a type of its own, so that nobody reads it as "has left".

mod canonical;
mod rejection;
mod settings;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::ops::Range;

use serde_json::Value;

use crate::expression::Expression;
use crate::model::{AccountId, AttributeKind, Person, Properties, WantedAccount, Wish};

pub use rejection::{Rejection, RejectionKind};
pub use settings::{LongLine, MappingLine, MappingSettings, OnNull, When};

/// The attribute by which every target knows an account.
const USER_NAME: &str = "userName";
/// What a target sets by itself, or what is decided by whether the person is ours, never by an expression.
const NOT_MAPPED: [&str; 4] = ["active", "id", "meta", "schemas"];

/// A mapping, compiled once and applied to everybody.
#[derive(Clone, Debug)]
pub struct Mapping {
    lines: Vec<Line>,
}

/// How one attribute comes about.
#[derive(Clone, Debug)]
struct Line {
    attribute: String,
    expression: Expression,
    kind: AttributeKind,
    when: When,
    on_null: OnNull,
    required: bool,
    /// An existing account is recognised by it.
    is_match: bool,
    default: Option<Value>,
}

/// What is wrong with one line of `[mapping]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MappingMistake {
    pub attribute: String,
    pub message: String,
    /// The bytes of the expression that are to blame; `None` when it is the line, or a line that is missing.
    pub range: Option<Range<usize>>,
}

/// What mapping says of one person.
#[derive(Clone, Debug, PartialEq)]
pub enum Wanted {
    Account(WantedAccount),
    Rejected(Rejection),
}

impl Mapping {
    /// Compiles `[mapping]`. `match_by` are the attributes an account is recognised by, `kinds` what the target's schema says.
    /// All mistakes are found at once.
    pub fn compile(
        settings: &MappingSettings,
        match_by: &[String],
        kinds: impl Fn(&str) -> AttributeKind,
    ) -> Result<Self, Vec<MappingMistake>> {
        let mut lines = Vec::with_capacity(settings.len());
        let mut mistakes = names_that_do_not_fit(settings);
        for (attribute, line) in settings {
            let is_match = attribute == USER_NAME || match_by.contains(attribute);
            match Line::compile(attribute, &line.to_long(), (kinds(attribute), is_match)) {
                Ok(line) => lines.push(line),
                Err(mistake) => mistakes.push(mistake),
            }
        }
        if mistakes.is_empty() { Ok(Self { lines }) } else { Err(mistakes) }
    }

    /// Refuses every property that the source does not have; see `Expression::check_properties`.
    pub fn check_properties(&self, known: &[&str]) -> Result<(), Vec<MappingMistake>> {
        let mistakes: Vec<_> = self.lines.iter().flat_map(|line| line.unknown_properties(known)).collect();
        if mistakes.is_empty() { Ok(()) } else { Err(mistakes) }
    }

    /// The properties to ask of the source.
    pub fn properties(&self) -> Properties {
        let mut all = Properties::default();
        for line in &self.lines {
            let named = line.expression.properties();
            all.user.extend(named.user);
            if let Some(manager) = named.manager {
                all.manager.get_or_insert_default().extend(manager);
            }
        }
        all
    }

    /// The attributes of the target that this mapping speaks of.
    pub fn attributes(&self) -> impl Iterator<Item = &str> {
        self.lines.iter().map(|line| line.attribute.as_str())
    }

    /// The account wanted for one person who is in scope; `manager_account` is the id of their manager's account.
    pub fn map(&self, person: &Person, manager_account: Option<&AccountId>) -> Wanted {
        let manager_is_awaited = person.manager.is_some() && manager_account.is_none();
        let mut account = WantedAccount { attributes: BTreeMap::new(), awaits_manager: false };
        for line in &self.lines {
            let awaits_manager = manager_is_awaited && line.expression.names_manager_account();
            account.awaits_manager |= awaits_manager;
            match line.wish(person, manager_account, awaits_manager) {
                Ok(wish) => account.attributes.insert(line.attribute.clone(), wish),
                Err(rejection) => return Wanted::Rejected(rejection),
            };
        }
        Wanted::Account(account)
    }

    /// The settings in one form only, for others to hash: the same text for the short and the long form of a line.
    pub fn fingerprint_text(&self) -> String {
        self.lines.iter().map(Line::fingerprint_text).collect::<Vec<_>>().join("\n")
    }
}

impl Line {
    fn compile(
        attribute: &str,
        settings: &LongLine,
        (kind, is_match): (AttributeKind, bool),
    ) -> Result<Self, MappingMistake> {
        let mistake = |message: String, range| MappingMistake { attribute: attribute.to_owned(), message, range };
        let expression =
            Expression::compile(&settings.value).map_err(|error| mistake(error.message, Some(error.range)))?;
        let default = match &settings.default {
            None => None,
            Some(text) => canonical::canonical(Value::String(text.clone()), kind)
                .map_err(|reason| mistake(format!("its default cannot be used: {reason}"), None))?,
        };
        Ok(Self {
            attribute: attribute.to_owned(),
            expression,
            kind,
            when: settings.when,
            on_null: settings.on_null,
            required: settings.required || is_match,
            is_match,
            default,
        })
    }

    fn unknown_properties(&self, known: &[&str]) -> Vec<MappingMistake> {
        let mistakes = self.expression.check_properties(known).err().unwrap_or_default();
        let of_line = |error: crate::expression::ExpressionError| MappingMistake {
            attribute: self.attribute.clone(),
            message: error.message,
            range: Some(error.range),
        };
        mistakes.into_iter().map(of_line).collect()
    }

    fn wish(
        &self,
        person: &Person,
        manager_account: Option<&AccountId>,
        awaits_manager: bool,
    ) -> Result<Wish, Rejection> {
        let evaluated = self.expression.evaluate(person, manager_account);
        let value = evaluated.map_err(|error| rejection::undecidable(self, person, &error.reason))?;
        let value = value.map_or(Ok(None), |value| canonical::canonical(value, self.kind));
        let value = value.map_err(|reason| rejection::undecidable(self, person, &reason))?;
        if value.is_none() && awaits_manager {
            return Ok(Wish::Leave);
        }
        let Some(value) = value.or_else(|| self.default.clone()) else { return self.without_value(person) };
        if self.is_match && canonical::has_invisible(&value) {
            return Err(rejection::undecidable(self, person, "there is an invisible character in it"));
        }
        if let Some(text) = canonical::forbidden(&value, person, self.is_match) {
            return Err(rejection::forbidden(self, person, text));
        }
        Ok(match self.when {
            When::Always => Wish::Set(value),
            When::Create => Wish::SetAtCreation(value),
        })
    }

    fn without_value(&self, person: &Person) -> Result<Wish, Rejection> {
        match (self.required, self.when, self.on_null) {
            (true, _, _) => Err(rejection::missing(self, person)),
            (false, When::Create, _) | (false, When::Always, OnNull::Keep) => Ok(Wish::Leave),
            (false, When::Always, OnNull::Clear) => Ok(Wish::Clear),
        }
    }

    fn fingerprint_text(&self) -> String {
        let when = if self.when == When::Create { "create" } else { "always" };
        let on_null = if self.on_null == OnNull::Keep { "keep" } else { "clear" };
        let text = self.expression.text();
        serde_json::json!([self.attribute, text, when, on_null, self.required, self.default]).to_string()
    }
}

/// Mistakes in the attributes' names, which are the same in any case (RFC 7643 §2.1).
fn names_that_do_not_fit(settings: &MappingSettings) -> Vec<MappingMistake> {
    let mistake =
        |attribute: &str, message: String| MappingMistake { attribute: attribute.to_owned(), message, range: None };
    let mut mistakes = Vec::new();
    if !settings.contains_key(USER_NAME) {
        let other = settings.keys().find(|attribute| attribute.eq_ignore_ascii_case(USER_NAME));
        mistakes.push(match other {
            Some(other) => mistake(other, format!("write {USER_NAME:?}")),
            None => mistake(
                USER_NAME,
                format!("{USER_NAME} has to be mapped; write for example userName = \"user.userPrincipalName\""),
            ),
        });
    }
    let mut seen: BTreeMap<String, &str> = BTreeMap::new();
    for attribute in settings.keys() {
        if NOT_MAPPED.iter().any(|name| attribute.eq_ignore_ascii_case(name)) {
            let message =
                format!("{attribute:?} is not mapped: it is set by whether the person is ours, or by the app");
            mistakes.push(mistake(attribute, message));
        }
        if let Some(other) = seen.insert(attribute.to_ascii_lowercase(), attribute) {
            mistakes.push(mistake(attribute, format!("{attribute:?} and {other:?} are the same attribute")));
        }
    }
    mistakes
}
