//! When the app's client secret expires: read from its registration where that is allowed, else from the configuration.

use chrono::{DateTime, NaiveTime, Utc};

use super::Entra;
use super::graph::encoded;
use super::wire::{GraphApplication, PasswordCredential};
use crate::report::{Finding, Verdict};

/// From here on an operator is warned (guarantee 20).
const WARN_DAYS: i64 = 30;

/// When the secret expires, as far as that can be known. Needs Application.Read.All, and does without.
pub(super) async fn expiry(entra: &Entra, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let registered =
        registered(entra).await.and_then(|found| of_secret(&found, entra.settings.client_secret.expose(), now));
    let configured = entra.settings.client_secret_expires.map(|date| date.and_time(NaiveTime::MIN).and_utc());
    registered.or(configured)
}

async fn registered(entra: &Entra) -> Option<Vec<PasswordCredential>> {
    let app = encoded(&entra.settings.client_id);
    let path = format!("/applications(appId='{app}')?$select=id,appId,displayName,passwordCredentials,keyCredentials");
    let answer = entra.graph.get(entra.graph.address(&path)).await.ok().filter(crate::http::Answer::is_success)?;
    serde_json::from_slice::<GraphApplication>(&answer.body).ok().map(|app| app.password_credentials)
}

/// The entry whose hint the secret begins with. Of several the first to expire: the secret works, so it is none of the
/// expired ones as long as there is another.
fn of_secret(entries: &[PasswordCredential], secret: &str, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let is_ours = |entry: &&PasswordCredential| {
        entry.hint.as_deref().is_some_and(|hint| !hint.is_empty() && secret.starts_with(hint))
    };
    let ours = || entries.iter().filter(is_ours).filter_map(|entry| entry.end_date_time);
    ours().filter(|end| *end > now).min().or_else(|| ours().max())
}

/// What `check` says of it. Pure.
pub(super) fn finding(expiry: Option<DateTime<Utc>>, now: DateTime<Utc>) -> Finding {
    let renew =
        "In Entra, App registrations > Certificates & secrets, make a new client secret and give Rollcall its Value.";
    let Some(expiry) = expiry else {
        return Finding::new(
            "client secret",
            Verdict::Warning,
            "its expiry is not known, so nobody will be warned before it. Set source.client_secret_expires, or grant the app Application.Read.All.",
        );
    };
    let (date, days) = (expiry.date_naive(), (expiry - now).num_days());
    if expiry <= now {
        return Finding::new("client secret", Verdict::Failure, format!("expired on {date}. {renew}"));
    }
    if days <= WARN_DAYS {
        return Finding::new("client secret", Verdict::Warning, format!("expires on {date}, in {days} days. {renew}"));
    }
    Finding::new("client secret", Verdict::Ok, format!("good until {date}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(date: &str) -> DateTime<Utc> {
        format!("{date}T00:00:00Z").parse().expect("a date")
    }

    fn entry(hint: &str, end: &str) -> PasswordCredential {
        PasswordCredential { hint: Some(hint.into()), end_date_time: Some(at(end)) }
    }

    #[test]
    fn the_secret_is_recognised_by_its_first_characters() {
        let entries = [entry("abc", "2026-02-01"), entry("xyz", "2027-01-31"), entry("abc", "2026-09-01")];
        let now = at("2026-03-01");
        assert_eq!(of_secret(&entries, "xyz~secret", now), Some(at("2027-01-31")));
        assert_eq!(of_secret(&entries, "abc~secret", now), Some(at("2026-09-01")), "an expired one cannot be ours");
        assert_eq!(of_secret(&entries, "abc~secret", at("2027-01-01")), Some(at("2026-09-01")));
        assert_eq!(of_secret(&entries, "other", now), None);
    }

    #[test]
    fn an_expiry_is_warned_of_from_thirty_days_ahead() {
        let verdict = |expiry: &str| finding(Some(at(expiry)), at("2026-01-01")).verdict;
        assert_eq!(verdict("2026-02-01"), Verdict::Ok);
        assert_eq!(verdict("2026-01-31"), Verdict::Warning);
        assert_eq!(verdict("2026-01-01"), Verdict::Failure);
        assert_eq!(finding(None, at("2026-01-01")).verdict, Verdict::Warning);
    }
}
