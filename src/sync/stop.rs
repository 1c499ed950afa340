//! What ends a run before its end.

use crate::model::Failure;
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

impl Stop {
    pub fn to_error(&self) -> RunError {
        match self {
            Self::Source(error) => RunError {
                class: error.class.to_owned(),
                reason: with_request(&error.reason, error.request_id.as_deref()),
                remedy: error.remedy.clone(),
            },
            Self::Target(failure) => RunError {
                class: "target".to_owned(),
                reason: with_request(&failure.reason, failure.answer.request_id.as_deref()),
                remedy: failure.remedy.clone(),
            },
            Self::State(error) => RunError {
                class: "state".to_owned(),
                reason: format!("The run could not go on: {error:#}."),
                remedy: "Check the state directory's free space, owner and mode; the next run begins where this one ended.".to_owned(),
            },
        }
    }
}

fn with_request(reason: &str, request: Option<&str>) -> String {
    request.map_or_else(|| reason.to_owned(), |id| format!("{reason} (request {id})"))
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
