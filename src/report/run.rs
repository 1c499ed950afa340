//! What one run did: the one value that terminal, mail and JSON are views of.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::model::{ChangeKind, FailureClass, PersonId};

/// How a run ended, in the words of `run --json`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunResult {
    Done,
    /// Done, but some people failed or could not be proved.
    Partial,
    /// Something is held, waiting for approval; the rest was done.
    Held,
    /// Nothing, or only part, was sent.
    Failed,
}

impl RunResult {
    /// The roster was complete and everything allowed was sent; held or partly failed counts as good.
    pub fn is_good(self) -> bool {
        self != Self::Failed
    }
}

/// How many people each thing happened to. Renames count under updated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    pub roster: u64,
    pub in_scope: u64,
    pub created: u64,
    pub adopted: u64,
    pub updated: u64,
    pub deactivated: u64,
    pub reactivated: u64,
    pub unchanged: u64,
    pub waiting: u64,
    pub failed: u64,
    pub held: u64,
}

/// One person's failure, in words for people.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PersonFailure {
    pub person: PersonId,
    /// What they are called in the directory (Entra: the userPrincipalName).
    pub user_name: String,
    /// The change that failed; `None` when none could even be planned.
    pub change: Option<ChangeKind>,
    pub class: FailureClass,
    /// What is wrong, naming the refused value.
    pub reason: String,
    pub remedy: String,
    /// Since when this person fails without a break.
    pub since: DateTime<Utc>,
}

/// The changes of one objection, waiting for approval.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HoldReport {
    /// For example `h-3f9c`.
    pub id: String,
    /// `configuration`, `disabled`, `left`, `reactivations`, `renames`, `creates`, `updates`, `adoptions`, `mass_null`.
    pub kind: String,
    pub count: u64,
    /// How many would have gone ahead by themselves.
    pub limit: u64,
    /// Active managed accounts when it was judged.
    pub active: u64,
    /// For operators: what, how many, the limit, the next step.
    pub message: String,
    /// The people it is about, at most [`HoldReport::NAMED`].
    pub people: Vec<HeldPerson>,
    pub created_at: DateTime<Utc>,
}

impl HoldReport {
    /// A mail with more names than this is read by nobody.
    pub const NAMED: usize = 50;
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HeldPerson {
    pub person: PersonId,
    pub user_name: String,
    pub change: ChangeKind,
    pub cause: crate::model::Cause,
}

/// Why a run failed as a whole.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunError {
    /// A stable word: `credentials`, `permission`, `group_gone`, `incomplete`, `unavailable`, `target`, `state`, …
    pub class: String,
    pub reason: String,
    pub remedy: String,
    /// The remote side's request id, where there is one: its support asks for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
}

impl RunError {
    pub fn text(&self) -> String {
        format!("{} {}", self.reason, self.remedy).trim().to_owned()
    }
}

/// A refusal that is about the app (seats, plan, credentials): one incident with a count, nobody's failure.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AppRefusal {
    pub change: ChangeKind,
    /// Changes of that kind that were not made because of it.
    pub count: u64,
    pub reason: String,
    pub remedy: String,
}

/// What one run did.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// The run's number; `None` when it did not get that far.
    pub run: Option<i64>,
    /// `preview` or `live`.
    pub stage: String,
    pub started_at: DateTime<Utc>,
    pub finished_at: DateTime<Utc>,
    pub result: RunResult,
    #[serde(flatten)]
    pub counts: Counts,
    pub holds: Vec<HoldReport>,
    pub failures: Vec<PersonFailure>,
    pub refusals: Vec<AppRefusal>,
    pub error: Option<RunError>,
    /// Observations that stop nothing: anomalies, a paused dynamic group, managers without accounts.
    pub warnings: Vec<String>,
}

impl Report {
    /// In preview nothing is sent, so nothing can be held or refused.
    pub fn is_preview(&self) -> bool {
        self.stage == "preview"
    }
}
