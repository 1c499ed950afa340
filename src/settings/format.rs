//! What a text must look like, by the word that stands as `format` in the schema of its type. Pure.

use chrono::NaiveDate;
use chrono_tz::{TZ_VARIANTS, Tz};
use lettre::message::Mailbox;
use serde_json::json;
use url::Url;
use uuid::Uuid;

use super::mistake::{Wish, nearest};
use crate::http::Origin;
use crate::model::Span;
use crate::schedule::ScheduleSettings;

/// What is wrong with a text, and whether it may be shown.
#[derive(Debug, PartialEq, Eq)]
pub struct Complaint {
    pub wish: Wish,
    /// The text may hold a password.
    pub hidden: bool,
}

impl From<Wish> for Complaint {
    fn from(wish: Wish) -> Self {
        Self { wish, hidden: false }
    }
}

/// Judges `text` by the rule named `format`; a format without a rule is an annotation for editors only.
pub fn check(format: &str, text: &str) -> Result<(), Complaint> {
    if format == "expression" && text.len() > LONGEST_EXPRESSION {
        return Err(Wish::of(format!("at most {LONGEST_EXPRESSION} characters")).into());
    }
    let good = match format {
        "span" => return span(text).map_err(Complaint::from),
        "leaver-rule" => leaver_rule(text),
        "timezone" => return timezone(text).map_err(Complaint::from),
        "date" => text.parse::<NaiveDate>().is_ok(),
        "uuid" => is_uuid(text),
        "tenant" => return tenant(text).map_err(Complaint::from),
        "mailbox" => !text.contains(char::is_control) && text.parse::<Mailbox>().is_ok(),
        "base-url" => return base_url(text),
        "ping-url" => return ping_url(text),
        "smtp-url" => return smtp_url(text),
        "header-name" => is_header_name(text),
        "profile" => is_file_stem(text),
        "path" | "line" => !text.trim().is_empty() && !text.contains(char::is_control),
        "expression" => !text.trim().is_empty() && !text.contains(is_stray_control),
        _ => true,
    };
    if good { Ok(()) } else { Err(Wish::of(expected(format)).into()) }
}

/// What a text of this format looks like, in words.
pub fn expected(format: &str) -> &'static str {
    match format {
        "span" => "a time such as \"30m\", \"12h\" or \"2d\"",
        "leaver-rule" => "\"now\", \"keep\", or \"after\" and a time such as \"after 3d\"",
        "timezone" => "an IANA time zone such as \"Australia/Sydney\"",
        "date" => "a date such as 2027-01-31",
        "uuid" => "an id of the form \"00000000-0000-0000-0000-000000000000\"",
        "tenant" => "a tenant id of the form \"00000000-0000-0000-0000-000000000000\", or a domain of the tenant",
        "mailbox" => "an e-mail address, or \"Name <address>\"",
        "base-url" => "an https:// address without user name, query or fragment (http:// on loopback only)",
        "ping-url" => "an https:// address (http:// on loopback only)",
        "smtp-url" => {
            "smtp://host:587 (STARTTLS required), smtps://host:465 (TLS from the start) or smtp+plain://127.0.0.1:1025 (loopback only)"
        }
        "header-name" => "the name of an HTTP header",
        "profile" => "a name of small letters, digits, - and _",
        "path" => "a path",
        "expression" => "an expression",
        "line" => "text that is not empty",
        _ => "text",
    }
}

/// Entra's own limit on an expression; nobody reads a longer one.
const LONGEST_EXPRESSION: usize = 10_000;

fn span(text: &str) -> Result<(), Wish> {
    let Err(why) = text.parse::<Span>() else { return Ok(()) };
    let number = text.trim();
    if !number.is_empty() && number.chars().all(|c| c.is_ascii_digit()) {
        return Err(Wish::of(format!("a unit behind it, such as \"{number}m\", \"{number}h\" or \"{number}d\"")));
    }
    let too_long = why.contains("ten years");
    Err(Wish::of(if too_long { "at most ten years" } else { expected("span") }))
}

fn leaver_rule(text: &str) -> bool {
    let after = |text: &str| text.strip_prefix("after ").is_some_and(|span| span.trim().parse::<Span>().is_ok());
    text == "now" || text == "keep" || after(text)
}

/// `schedule` decides; what is said here is what was probably meant.
fn timezone(text: &str) -> Result<(), Wish> {
    if serde_json::from_value::<ScheduleSettings>(json!({ "timezone": text })).is_ok() {
        return Ok(());
    }
    let places =
        || TZ_VARIANTS.iter().map(|zone| zone.name()).filter(|name| name.contains('/') && !name.starts_with("Etc/"));
    if let Some(name) = places().find(|name| name.eq_ignore_ascii_case(text)) {
        let expected = "an IANA time zone, in its own upper and lower case".to_owned();
        return Err(Wish { expected, nearest: Some(name.to_owned()) });
    }
    if text.parse::<Tz>().is_ok() || text.chars().all(|c| c.is_ascii_uppercase()) {
        let why = "an abbreviation or an offset does not say when summer time begins and ends";
        return Err(Wish::of(format!("a place such as \"Australia/Sydney\", or \"UTC\": {why}")));
    }
    let city = |name: &&str| name.rsplit('/').next().is_some_and(|city| nearest(text, [city]).is_some());
    let near = nearest(text, places()).or_else(|| places().find(city));
    Err(Wish { expected: expected("timezone").to_owned(), nearest: near.map(str::to_owned) })
}

fn is_uuid(text: &str) -> bool {
    text.len() == 36 && Uuid::try_parse(text).is_ok_and(|id| !id.is_nil())
}

/// Tenants that are none: Microsoft's words for "whoever signs in". A daemon signs in nobody.
const NOBODYS_TENANTS: [&str; 3] = ["common", "organizations", "consumers"];

fn tenant(text: &str) -> Result<(), Wish> {
    if NOBODYS_TENANTS.contains(&text.to_lowercase().as_str()) {
        return Err(Wish::of(format!(
            "the customer's own tenant id: {text:?} stands for whoever signs in, and an app without a user belongs to one tenant"
        )));
    }
    if is_uuid(text) || is_domain(text) { Ok(()) } else { Err(Wish::of(expected("tenant"))) }
}

fn is_domain(text: &str) -> bool {
    let label = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
    };
    text.len() <= 253 && text.contains('.') && text.split('.').all(label)
}

fn base_url(text: &str) -> Result<(), Complaint> {
    let spelled_out = !text.contains(|c: char| c.is_whitespace() || c.is_control() || c == '\\');
    if spelled_out && Origin::new(text).is_ok() { Ok(()) } else { Err(address("base-url", text)) }
}

/// Such addresses are secrets of a kind, and often have a query: never shown.
fn ping_url(text: &str) -> Result<(), Complaint> {
    let base = text.split(['?', '#']).next().unwrap_or_default();
    let sound = !text.contains(|c: char| c.is_whitespace() || c.is_control()) && Origin::new(base).is_ok();
    if sound { Ok(()) } else { Err(Complaint { hidden: true, ..address("ping-url", text) }) }
}

fn smtp_url(text: &str) -> Result<(), Complaint> {
    let complaint = || address("smtp-url", text);
    let url = Url::parse(text).map_err(|_| complaint())?;
    let anonymous = url.username().is_empty() && url.password().is_none();
    let bare = matches!(url.path(), "" | "/") && url.query().is_none() && url.fragment().is_none();
    let host = url.host_str().filter(|host| !host.is_empty()).ok_or_else(complaint)?;
    let reachable = match url.scheme() {
        "smtp" | "smtps" => true,
        "smtp+plain" => is_loopback(host),
        _ => false,
    };
    if anonymous && bare && reachable { Ok(()) } else { Err(complaint()) }
}

fn is_loopback(host: &str) -> bool {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

fn address(format: &str, text: &str) -> Complaint {
    Complaint { wish: Wish::of(expected(format)), hidden: text.contains('@') }
}

/// RFC 9110 §5.1: a token. `Host` and the framing headers are not the operator's to set.
fn is_header_name(text: &str) -> bool {
    let fit = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
    let taken = ["host", "content-length", "transfer-encoding", "connection", "content-type", "accept"];
    !text.is_empty() && text.chars().all(fit) && !taken.contains(&text.to_lowercase().as_str())
}

/// Names of files that are looked up: nothing that leads to another directory.
pub fn is_file_stem(text: &str) -> bool {
    let fit = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_';
    !text.is_empty() && text.len() <= 64 && text.chars().all(fit)
}

/// Expressions may run over several lines.
fn is_stray_control(c: char) -> bool {
    c.is_control() && !matches!(c, '\n' | '\r' | '\t')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn good(format: &str, texts: &[&str]) {
        for text in texts {
            assert_eq!(check(format, text), Ok(()), "{text:?}");
        }
    }

    #[track_caller]
    fn bad(format: &str, texts: &[&str]) {
        for text in texts {
            assert!(check(format, text).is_err(), "{format} accepted {text:?}");
        }
    }

    #[test]
    fn mail_goes_out_encrypted_or_stays_on_the_host() {
        good(
            "smtp-url",
            &["smtp://relay:587", "smtps://relay", "smtp+plain://127.0.0.1:1025", "smtp+plain://[::1]:25"],
        );
        bad(
            "smtp-url",
            &["relay:25", "smtp://", "smtp+plain://relay:25", "http://relay", "smtp://u:p@relay", "smtp://relay/x?y"],
        );
    }

    #[test]
    fn a_password_inside_an_address_is_not_shown() {
        let complaint = check("smtp-url", "smtp://user:hunter2@relay:587").expect_err("refused");
        assert!(complaint.hidden);
        assert!(check("base-url", "https://user:hunter2@app.example").expect_err("refused").hidden);
    }

    #[test]
    fn a_tenant_is_an_id_or_a_domain_of_its_own() {
        good("tenant", &["6babcaad-604b-40ac-a9d7-9fd97c0b779f", "acme.onmicrosoft.com"]);
        bad("tenant", &["common", "Organizations", "consumers", "acme", "a..b", "https://acme.example", ""]);
    }

    #[test]
    fn a_misspelled_time_zone_is_recognised() {
        let near = |text: &str| check("timezone", text).expect_err("refused").wish.nearest;
        assert_eq!(near("australia/sydney").as_deref(), Some("Australia/Sydney"));
        assert_eq!(near("Australia/Sidney").as_deref(), Some("Australia/Sydney"));
        assert_eq!(near("Sydney").as_deref(), Some("Australia/Sydney"));
        assert_eq!(near("Nowhere/At_all"), None);
        assert_eq!(near("AEST"), None);
        assert!(check("timezone", "EST").expect_err("refused").wish.expected.contains("summer time"));
    }

    #[test]
    fn a_header_of_the_protocol_itself_carries_no_credential() {
        good("header-name", &["X-Api-Key", "Authorization"]);
        bad("header-name", &["", "X Api", "Host", "X:Y", "x\r\ny"]);
    }
}
