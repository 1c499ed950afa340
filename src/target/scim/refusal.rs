//! Why something failed, in words for people: a refusal classified by HTTP status first and body second, and what it
//! means when no answer came. Pure.

use std::sync::LazyLock;

use regex::Regex;
use serde_json::Value;

use crate::http::{Answer, Error};
use crate::model::{Attributes, Failure, FailureClass, Outcome};
use crate::oauth::{SessionError, TokenError};

use super::path::{Path, member};

/// An app's explanation is quoted up to here; the audit trail keeps more.
const LONGEST_QUOTE: usize = 300;

/// Words for "the plan is full" beside words for "no more": texts vary, and no status says it.
static SEATS: LazyLock<Regex> = LazyLock::new(|| {
    let thing = r"\b(seats?|licen[cs]es?|subscription|quota|plan|user limit|users allowed)\b";
    let lack = r"\b(no|not enough|insufficient|limit|exceed\w*|reached|maximum|available|remaining|upgrade|full)\b";
    Regex::new(&format!("(?i){thing}.*{lack}|{lack}.*{thing}")).expect("a fixed pattern")
});

/// Words for "exists already", for services that answer a duplicate without `scimType`.
static DUPLICATE: LazyLock<Regex> = LazyLock::new(|| {
    let words = r"already (exists?|in use|taken|used|registered|been)|duplicate|\bunique(ness)?\b|\bconflict";
    Regex::new(&format!("(?i){words}")).expect("a fixed pattern")
});

/// An error answer, read as liberally as services write it (RFC 7644 §3.12).
#[derive(Debug, Default)]
pub(super) struct Refusal {
    pub scim_type: Option<String>,
    pub detail: Option<String>,
}

impl Refusal {
    pub fn read(answer: &Answer) -> Self {
        let Ok(body) = serde_json::from_slice::<Value>(&answer.body) else { return Self::default() };
        let text = |name| member(&body, name).and_then(Value::as_str).map(str::to_owned);
        let detail = ["detail", "message", "error_description", "error"].iter().find_map(|name| text(name));
        Self { scim_type: text("scimType"), detail: detail.as_deref().and_then(quotable) }
    }

    pub fn is(&self, scim_type: &str) -> bool {
        self.scim_type.as_deref().is_some_and(|found| found.eq_ignore_ascii_case(scim_type))
    }

    fn says(&self, words: &Regex) -> bool {
        self.detail.as_deref().is_some_and(|detail| words.is_match(detail))
    }
}

/// Whether a create was refused because the account exists: 409, or another error with the words for it.
pub(super) fn is_duplicate(answer: &Answer) -> bool {
    let refusal = Refusal::read(answer);
    let named = refusal.is("uniqueness") || refusal.says(&DUPLICATE);
    let about_seats = refusal.says(&SEATS);
    !about_seats && (answer.status == 409 || (matches!(answer.status, 400 | 422 | 500..=599) && named))
}

/// Whether the server may have done it although it answered with an error.
pub(super) fn may_have_happened(answer: &Answer) -> bool {
    matches!(answer.status, 408 | 425 | 500 | 502..=599)
}

/// What an answer that is no success means for the person whose attributes were sent.
pub(super) fn failure(answer: &Answer, sent: &Attributes) -> Failure {
    let refusal = Refusal::read(answer);
    let without_values = refusal.detail.as_deref().map(|detail| strip_values(detail, sent));
    let seats = answer.status != 429 && without_values.is_some_and(|detail| SEATS.is_match(&detail));
    let verdict = if seats && (400..500).contains(&answer.status) { no_seats() } else { verdict(answer, &refusal) };
    let quote = refusal.detail.map_or_else(|| format!("HTTP {}", answer.status), |detail| format!("“{detail}”"));
    let value = if verdict.class == FailureClass::Record { refused_value(&quote, sent) } else { String::new() };
    let reason = format!("{}: {quote}{value}.", verdict.reason);
    Failure { answer: answer.summary(), ..Failure::new(verdict.class, reason, verdict.remedy) }
}

/// One line of the table below.
struct Verdict {
    class: FailureClass,
    reason: &'static str,
    remedy: &'static str,
}

impl Verdict {
    fn new(class: FailureClass, reason: &'static str, remedy: &'static str) -> Self {
        Self { class, reason, remedy }
    }
}

fn no_seats() -> Verdict {
    Verdict::new(
        FailureClass::App,
        "The app has no seats or licences left",
        "Free seats or buy more in the app's plan; the accounts follow by themselves.",
    )
}

/// The one table of refusals: the status decides, `scimType` refines.
fn verdict(answer: &Answer, refusal: &Refusal) -> Verdict {
    use FailureClass::{App, Record, Transient};
    match answer.status {
        401 => Verdict::new(
            App,
            "The app refuses our credentials",
            "Make a new provisioning token in the app and hand it to whoever runs this integration.",
        ),
        402 => no_seats(),
        403 => Verdict::new(
            App,
            "The app says that our credentials may not do this",
            "Give the provisioning token in the app the right to manage users.",
        ),
        404 | 405 | 501 => Verdict::new(
            App,
            "The app does not offer this at its address",
            "Compare the SCIM address in the app's provisioning settings with the configured one.",
        ),
        409 => conflict(),
        400 | 422 if refusal.is("uniqueness") => conflict(),
        400 if refusal.is("invalidFilter") => Verdict::new(
            App,
            "The app cannot look accounts up by this attribute",
            "List the attributes it can look up under `filterable` in the target's settings.",
        ),
        412 => Verdict::new(
            Transient,
            "The account was changed in the app at the same moment",
            "Nothing to do: it is tried again at the next run.",
        ),
        408 | 425 | 429 | 500..=599 => Verdict::new(
            Transient,
            "The app is busy or has a fault",
            "Nothing to do unless it persists: it is tried again at the next run.",
        ),
        413 => Verdict::new(Record, "The app says that this record is too large", CORRECT_THE_RECORD),
        400..=499 => Verdict::new(Record, "The app refuses a value of this record", CORRECT_THE_RECORD),
        _ => Verdict::new(
            App,
            "The app's answer is not one of SCIM",
            "Compare the SCIM address in the app's provisioning settings with the configured one.",
        ),
    }
}

const CORRECT_THE_RECORD: &str = "Correct the value in Entra, or tell whoever runs this integration.";

fn conflict() -> Verdict {
    Verdict::new(
        FailureClass::Conflict,
        "Another account in the app already uses one of these values",
        "Find the other account in the app and change or remove it, or correct the value in Entra.",
    )
}

/// Names the value that the app complains about, where its text tells which.
fn refused_value(quote: &str, sent: &Attributes) -> String {
    let quote = quote.to_lowercase();
    let blamed = |(name, value): &(&String, &Value)| {
        let leaf = Path::parse(name).map_or_else(|_| (*name).clone(), |path| path.leaf().to_owned());
        let value = value.as_str().unwrap_or_default();
        names(&quote, &leaf.to_lowercase()) || (value.len() > 2 && quote.contains(&value.to_lowercase()))
    };
    let named: Vec<String> = sent.iter().filter(blamed).take(3).map(|(name, value)| told(name, value)).collect();
    if named.is_empty() { String::new() } else { format!(" ({})", named.join(", ")) }
}

fn told(name: &str, value: &Value) -> String {
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let text = quotable(&text).unwrap_or_default();
    format!("{name} is “{text}”")
}

/// Whether a text contains a name as a word.
fn names(text: &str, name: &str) -> bool {
    let part_of_word = |c: char| c.is_alphanumeric() || c == '_';
    text.match_indices(name).any(|(start, found)| {
        let before = text[..start].chars().next_back();
        let after = text[start + found.len()..].chars().next();
        !before.is_some_and(part_of_word) && !after.is_some_and(part_of_word)
    })
}

/// A quoted value must not decide whose failure it is: there are departments called Licensing.
fn strip_values(detail: &str, sent: &Attributes) -> String {
    let values = sent.values().filter_map(Value::as_str).filter(|value| value.len() > 2);
    values.fold(detail.to_owned(), |text, value| text.replace(value, ""))
}

/// Foreign text for people: one line, bounded, without characters that could rewrite a line.
fn quotable(text: &str) -> Option<String> {
    let hostile = |c: char| {
        c.is_control() || matches!(c, '\u{200e}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    let clean: String = text.chars().take(LONGEST_QUOTE).map(|c| if hostile(c) { ' ' } else { c }).collect();
    let clean = clean.trim().trim_end_matches('.');
    (!clean.is_empty()).then(|| clean.to_owned())
}

/// What it means for an operation that no answer came.
pub(super) fn unanswered(error: &SessionError) -> Outcome {
    let failure = no_answer(error);
    match error {
        SessionError::Http(error) if error.may_have_happened() => Outcome::Unknown(failure),
        SessionError::Http(_) | SessionError::Token(_) => Outcome::NotSent(failure),
    }
}

/// Why no answer came.
pub(super) fn no_answer(error: &SessionError) -> Failure {
    match error {
        SessionError::Http(error) | SessionError::Token(TokenError::Unreachable(error)) => unreachable_app(error),
        SessionError::Token(TokenError::Refused(answer)) => Failure {
            answer: answer.summary(),
            ..Failure::new(
                FailureClass::App,
                format!("The app's token service refuses our credentials: HTTP {}.", answer.status),
                "Make a new client secret in the app and hand it to whoever runs this integration.",
            )
        },
        SessionError::Token(TokenError::Malformed(why)) => Failure::new(
            FailureClass::App,
            format!("The app's token service answered something else than a token: {why}."),
            "Compare `token_url` in the target's settings with the app's documentation.",
        ),
    }
}

fn unreachable_app(error: &Error) -> Failure {
    let class = match error {
        // Nobody's record keeps a connection from being made.
        Error::NotConnected { .. } | Error::LeftAlone { .. } | Error::Foreign(_) | Error::TooLarge { .. } => {
            FailureClass::App
        }
        Error::TimedOut { .. } | Error::Broken { .. } => FailureClass::Transient,
    };
    let remedy = match error {
        Error::Foreign(_) => "Compare `url` in the target's settings with the app's documentation.",
        Error::TooLarge { .. } => "Tell the maker of the app: an answer of this size is no account.",
        Error::NotConnected { .. } | Error::TimedOut { .. } | Error::Broken { .. } | Error::LeftAlone { .. } => {
            "Nothing to do unless it persists: it is tried again at the next run."
        }
    };
    Failure::new(class, format!("The app cannot be reached: {error}."), remedy)
}
