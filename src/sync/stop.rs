//! What ends a run before its end.

use crate::model::{Failure, FailureClass};
use crate::report::RunError;
use crate::source::SourceError;

/// A run ended early: nothing, or only part, was sent.
#[derive(Debug)]
pub enum Stop {
    /// There is no complete roster.
    Source(SourceError),
    /// The target cannot be asked, so nothing can be sent safely.
    Target(Failure),
    /// Our own state, or a bug.
    State(anyhow::Error),
}

/// So many look-ups that fail in passing are the target's trouble, not so many people's.
const AN_OUTAGE: usize = 5;

impl Stop {
    /// Whether what failed says that the target as a whole cannot be asked: it refuses us, cannot be reached at all, or
    /// fails in passing again and again. That is nobody's failure.
    pub fn if_target_is_down<'a>(failures: impl Iterator<Item = &'a Failure> + Clone) -> Result<(), Self> {
        if let Some(refusal) = failures.clone().find(|failure| is_about_the_target(failure)) {
            return Err(Self::Target(refusal.clone()));
        }
        let mut transient = failures.filter(|failure| failure.class == FailureClass::Transient);
        transient.nth(AN_OUTAGE - 1).map_or(Ok(()), |failure| Err(Self::Target(failure.clone())))
    }

    pub fn to_error(&self) -> RunError {
        match self {
            Self::Source(error) => RunError {
                class: error.class.to_owned(),
                reason: error.reason.clone(),
                remedy: error.remedy.clone(),
                request_id: error.request_id.clone(),
            },
            Self::Target(failure) => RunError {
                class: "target".to_owned(),
                reason: failure.reason.clone(),
                remedy: failure.remedy.clone(),
                request_id: failure.answer.request_id.clone(),
            },
            Self::State(error) => RunError {
                class: "state".to_owned(),
                reason: format!("The run could not go on: {error:#}."),
                remedy:
                    "Check the state directory's free space, owner and mode; the next run begins where this one ended."
                        .to_owned(),
                request_id: None,
            },
        }
    }
}

fn is_about_the_target(failure: &Failure) -> bool {
    match failure.class {
        FailureClass::App => true,
        FailureClass::Transient => failure.answer.status.is_none(),
        FailureClass::Record | FailureClass::Conflict | FailureClass::Unproven => false,
    }
}

impl From<SourceError> for Stop {
    fn from(error: SourceError) -> Self {
        Self::Source(error)
    }
}

impl From<anyhow::Error> for Stop {
    fn from(error: anyhow::Error) -> Self {
        Self::State(error)
    }
}
