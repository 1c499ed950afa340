//! A refusal about the app as a whole (seats, plan, credentials) stops that kind of change after a few (guarantee 13).

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use super::Scim;
use crate::model::{ChangeKind, Failure, FailureClass, Operation, Outcome};

/// So many refusals about the app are no accident.
const ENOUGH: usize = 3;

/// The app's refusals of one batch, by kind of change.
#[derive(Debug, Default)]
pub(super) struct Refusals {
    by_kind: Mutex<BTreeMap<ChangeKind, Vec<Failure>>>,
}

impl Refusals {
    /// Sends an operation, unless the app has refused its kind often enough: then it gets the same answer unsent.
    pub(super) async fn heed(&self, scim: &Scim, operation: &Operation) -> Outcome {
        let kind = operation.change.kind;
        if let Some(failure) = self.enough(kind) {
            return Outcome::Failed(failure);
        }
        let outcome = scim.send(operation).await;
        if let Outcome::Failed(failure) = &outcome
            && failure.class == FailureClass::App
        {
            let mut by_kind = self.by_kind.lock().unwrap_or_else(PoisonError::into_inner);
            by_kind.entry(kind).or_default().push(failure.clone());
        }
        outcome
    }

    fn enough(&self, kind: ChangeKind) -> Option<Failure> {
        let by_kind = self.by_kind.lock().unwrap_or_else(PoisonError::into_inner);
        by_kind.get(&kind).filter(|failures| failures.len() >= ENOUGH)?.last().cloned()
    }
}
