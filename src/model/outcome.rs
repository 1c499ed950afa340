//! An operation is a change in the journal; its outcome is what came of sending it.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Account, AccountId, Attributes, Change, MatchKey};

/// The journal's number of an operation.
pub type OperationId = i64;

/// A journaled change, ready to be sent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Operation {
    pub id: OperationId,
    pub change: Change,
    /// Everything the account has after this operation: for targets that replace (PUT) instead of patching.
    pub whole: Attributes,
    /// By what an account made by this operation is found again, in the order of `match`.
    pub keys: Vec<MatchKey>,
}

/// What a remote side answered, for the audit trail.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Answer {
    pub status: Option<u16>,
    pub request_id: Option<String>,
    /// The first 500 characters of the body, of errors only.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub body: String,
}

/// What came of one operation.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// The target did it. `echo` is the account as the target answered it, where it did: an object of
    /// [`Attributes`], reduced and spelled like those of [`Account::attributes`].
    Done { account: AccountId, answer: Answer, echo: Option<Value> },
    /// The change is already so: the account to deactivate no longer exists.
    AlreadyGone { answer: Answer },
    /// A create found an account that exists already: no second one is made.
    Exists { account: Box<Account>, answer: Answer },
    /// It did not happen, and this is why.
    Failed(Failure),
    /// It may or may not have happened: the target must be asked before anything is sent again.
    Unknown(Failure),
    /// Nothing was sent, because the target is down or refuses everything; the next run plans it again.
    NotSent(Failure),
}

/// Why something failed, in words for a person, with what a machine needs beside them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Failure {
    pub class: FailureClass,
    /// What is wrong, in plain words, naming the refused value where there is one.
    pub reason: String,
    /// What to do about it, and where.
    pub remedy: String,
    pub answer: Answer,
}

impl Failure {
    pub fn new(class: FailureClass, reason: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { class, reason: reason.into(), remedy: remedy.into(), answer: Answer::default() }
    }
}

/// Whose failure it is, which decides who is told and what is tried again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FailureClass {
    /// The record: a value missing or refused. Somebody must mend it in the directory.
    Record,
    /// Another account stands in the way (duplicate, ambiguous, an account that is not ours).
    Conflict,
    /// The app as a whole refuses: seats, plan, credentials, permission. Nobody's record is to blame.
    App,
    /// Passing: throttled, unavailable, broken connection.
    Transient,
    /// The proof before a deactivation disagreed or did not come.
    Unproven,
}
