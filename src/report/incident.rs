//! Incidents: something wrong, from its first notice to its recovery; what mails are about. Pure: no clock, no mail.

mod digest;
mod expiry;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

pub use digest::{Digest, LETTERS_A_DAY, OpenIncident, after_run, decide};
pub use expiry::Expiry;

use super::{AppRefusal, HoldReport, PersonFailure, Report, RunError};
use crate::model::ChangeKind;

/// Something wrong. Two incidents with one key are the same one at different times.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Incident {
    /// `run:<class>`, `hold:<kind>`, `person:<id>`, `app:<change>`, `expiry:<what>` or `notice:<kind>`.
    pub key: String,
    pub topic: Topic,
    pub opened_at: DateTime<Utc>,
}

/// What is wrong.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Topic {
    Hold(HoldReport),
    Person(PersonFailure),
    Run(RunError),
    App(AppRefusal),
    Expiry(Expiry),
    Notice(Notice),
}

/// Something only operators must know: no good run for too long, a pause, an exemption that ends, a mail refused.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Notice {
    /// A stable word: `silence`, `pause`, `exemption`, `mail`, …
    pub kind: String,
    pub reason: String,
    pub remedy: String,
}

/// What was last told of an incident, as far as it decides whether there is news.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    /// Another one is news.
    pub class: String,
    /// A larger one is news.
    pub count: u64,
}

impl Incident {
    /// An incident that is not a run's: an expiry, a notice.
    pub fn new(topic: Topic, opened_at: DateTime<Utc>) -> Self {
        Self { key: topic.key(), topic, opened_at }
    }
}

/// The incidents of one run. In preview only the run's own failure is one: nothing is held or refused there.
pub fn incidents(report: &Report) -> Vec<Incident> {
    let error = report.error.iter().map(|error| Incident::new(Topic::Run(error.clone()), report.finished_at));
    if report.is_preview() {
        return error.collect();
    }
    let holds = report.holds.iter().map(|hold| Incident::new(Topic::Hold(hold.clone()), hold.created_at));
    let people = report.failures.iter().map(|failure| Incident::new(Topic::Person(failure.clone()), failure.since));
    let app = report.refusals.iter().map(|refusal| Incident::new(Topic::App(refusal.clone()), report.finished_at));
    holds.chain(error).chain(app).chain(people).collect()
}

impl Topic {
    pub fn key(&self) -> String {
        match self {
            Self::Hold(hold) => format!("hold:{}", hold.kind),
            Self::Person(failure) => format!("person:{}", failure.person),
            Self::Run(error) => format!("run:{}", error.class),
            Self::App(refusal) => format!("app:{}", refusal.change),
            Self::Expiry(expiry) => format!("expiry:{}", expiry.what),
            Self::Notice(notice) => format!("notice:{}", notice.kind),
        }
    }

    /// What a later state of the same incident is compared with.
    pub fn told(&self) -> Told {
        match self {
            // A hold under another id answers to another reference: the old one in people's mail is of no use.
            Self::Hold(hold) => Told { class: hold.id.clone(), count: hold.count },
            Self::Person(failure) => Told { class: class_of(failure), count: 0 },
            Self::Run(error) => Told { class: error.class.clone(), count: 0 },
            // Its count moves with every run; only its reason is news.
            Self::App(refusal) => Told { class: fingerprint(&refusal.reason), count: 0 },
            Self::Expiry(expiry) => Told { class: expiry.date.to_string(), count: expiry.step() },
            Self::Notice(notice) => Told { class: fingerprint(&notice.reason), count: 0 },
        }
    }

    /// Somebody keeps access they should have lost: told every working day, and never folded away.
    pub fn leaves_access_open(&self) -> bool {
        match self {
            Self::Hold(hold) => hold.holds_leavers(),
            Self::Person(failure) => failure.change == Some(ChangeKind::Deactivate),
            Self::App(refusal) => refusal.change == ChangeKind::Deactivate,
            Self::Run(_) | Self::Expiry(_) | Self::Notice(_) => false,
        }
    }

    /// Whether the daily maximum of mails never applies to it (guarantee 18).
    pub fn is_never_folded(&self) -> bool {
        match self {
            Self::Hold(_) | Self::Run(_) => true,
            Self::Person(_) | Self::App(_) | Self::Expiry(_) | Self::Notice(_) => self.leaves_access_open(),
        }
    }
}

impl HoldReport {
    /// Whether deactivations wait in it.
    pub fn holds_leavers(&self) -> bool {
        matches!(self.kind.as_str(), "disabled" | "left")
            || self.people.iter().any(|held| held.change == ChangeKind::Deactivate)
    }
}

/// When somebody mends one value and the next is refused, that is news: the reason counts, not only its class.
fn class_of(failure: &PersonFailure) -> String {
    let change = failure.change.map_or("none", ChangeKind::as_str);
    format!("{:?}:{change}:{}", failure.class, fingerprint(&failure.reason))
}

/// A short digest of a sentence without its words that hold digits: times, counts and request ids change
/// from answer to answer while the reason stays the same.
fn fingerprint(reason: &str) -> String {
    let has_digit = |word: &&str| word.bytes().any(|byte| byte.is_ascii_digit());
    let words: Vec<&str> = reason.split_whitespace().filter(|word| !has_digit(word)).collect();
    let digest = ring::digest::digest(&ring::digest::SHA256, words.join(" ").as_bytes());
    let (first, _) = digest.as_ref().split_first_chunk().expect("SHA-256 has 32 bytes");
    format!("{:016x}", u64::from_be_bytes(*first))
}

#[cfg(test)]
mod tests;
