//! Where people come from: a closed set of directory systems, each read completely or not at all.
//! Reads only; nothing here decides what becomes of anybody.

pub mod entra;
mod settings;

use std::fmt;

use chrono::{DateTime, Utc};
use tokio::sync::mpsc;

pub use settings::{Cloud, GroupRef, NamedGroup, SourceKind, SourceSettings};

use crate::http::Patience;
use crate::model::{Failure, Person, PersonId, Properties};
use crate::report::Finding;

/// What a read hands over, in order.
#[derive(Debug)]
pub enum Reading {
    /// One page of people, as yet without any claim of completeness.
    Page(Vec<Person>),
    /// The enumeration began anew (an expired page token, a count that disagreed): forget every page so far.
    StartOver,
}

/// The proof that a read was complete. Only a connector makes one, after its last check.
#[derive(Debug)]
#[expect(clippy::manual_non_exhaustive, reason = "closed to every module but the connectors, within the crate too")]
pub struct Roster {
    pub groups: Vec<GroupFacts>,
    /// Members that are no users: nested groups, devices, contacts. Counted, never provisioned.
    pub other_members: u64,
    /// Page requests it took, for the report.
    pub pages: u64,
    /// Observations for the operator that do not stop the run (a paused dynamic group, a longer list than its count).
    pub warnings: Vec<String>,
    _complete: (),
}

/// One group that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupFacts {
    pub id: String,
    pub name: String,
    /// Distinct users read from it.
    pub users: u64,
}

/// Why there is no roster. Nothing may be concluded about anybody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceError {
    /// A stable word for incidents: `credentials`, `permission`, `group_gone`, `group_hidden`, `unreadable`, `incomplete`, `unavailable`, `configuration`.
    pub class: &'static str,
    /// What is wrong, in plain words.
    pub reason: String,
    /// What to do, and where.
    pub remedy: String,
    /// The remote side's request id, where there is one.
    pub request_id: Option<String>,
}

impl fmt::Display for SourceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.reason, self.remedy)?;
        match &self.request_id {
            Some(id) => write!(f, " (request {id})"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for SourceError {}

/// What the source says about one person, asked by object id.
#[derive(Debug)]
pub enum Whereabouts {
    /// 404: the directory does not have this person.
    Gone,
    Present(Box<Person>),
}

/// What the source says about one person just before a deactivation.
#[derive(Debug)]
pub enum Proof {
    Gone,
    /// `member`: in at least one of the groups (nested ones included) and in none of the excepted ones.
    Present {
        person: Box<Person>,
        member: bool,
    },
}

/// A directory system, connected.
#[derive(Debug)]
pub enum Source {
    Entra(Box<entra::Entra>),
}

impl Source {
    /// Prepares a connection; asks nothing yet.
    pub fn connect(settings: &SourceSettings, properties: &Properties) -> anyhow::Result<Self> {
        Self::connect_with(settings, properties, Patience::default())
    }

    /// The same, with another patience than the default.
    pub fn connect_with(
        settings: &SourceSettings,
        properties: &Properties,
        patience: Patience,
    ) -> anyhow::Result<Self> {
        match settings.kind {
            SourceKind::Entra => Ok(Self::Entra(Box::new(entra::Entra::connect(settings, properties, patience)?))),
        }
    }

    /// Reads every group, page by page, and answers with the proof of completeness or with the reason there is none.
    pub async fn read(&self, pages: mpsc::Sender<Reading>) -> Result<Roster, SourceError> {
        match self {
            Self::Entra(entra) => entra.read(pages).await,
        }
    }

    /// Where these people are now: one answer each, in the order of `people`.
    pub async fn whereabouts(&self, people: &[PersonId]) -> Vec<Result<Whereabouts, Failure>> {
        match self {
            Self::Entra(entra) => entra.whereabouts(people).await,
        }
    }

    /// Asks about one person just before a deactivation, on fresh attributes.
    pub async fn prove(&self, person: &PersonId) -> Result<Proof, Failure> {
        match self {
            Self::Entra(entra) => entra.prove(person).await,
        }
    }

    /// Finds one person by object id or by what they are called (Entra: userPrincipalName or mail).
    pub async fn find(&self, name: &str) -> Result<Option<Person>, SourceError> {
        match self {
            Self::Entra(entra) => entra.find(name).await,
        }
    }

    /// When the credential that this source is read with expires, as far as that can be known.
    pub async fn credential_expiry(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        match self {
            Self::Entra(entra) => entra.credential_expiry(now).await,
        }
    }

    /// Tests the link and changes nothing. People of a sample are handed over for the mapping to be tried on.
    pub async fn check(&self, now: DateTime<Utc>) -> (Vec<Finding>, Vec<Person>) {
        match self {
            Self::Entra(entra) => entra.check(now).await,
        }
    }
}

/// Whether a source of this kind has this property; some have more than can be listed (Entra: directory extensions).
pub fn has_property(kind: SourceKind, name: &str) -> bool {
    match kind {
        SourceKind::Entra => entra::is_property(name),
    }
}

/// The properties a source of this kind has, for checking expressions before any run and naming the nearest one.
pub fn known_properties(kind: SourceKind) -> &'static [&'static str] {
    match kind {
        SourceKind::Entra => entra::PROPERTIES,
    }
}
