//! Exit codes, and which error is which.

use std::process::ExitCode;

use super::output;
use crate::report::{Report, RunResult};
use crate::settings::Mistakes;
use crate::store::{RunningElsewhere, StateRefused};
use crate::sync::WrongBinding;

/// The exit codes of the README: 4 wins over 3, 3 over 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    Done,
    /// Done, but some people failed or could not be proved.
    Partial,
    Usage,
    /// Something is held, waiting for approval.
    Held,
    /// The run failed: nothing, or only part, was sent.
    Failed,
    /// Another run of this customer is in progress.
    Busy,
    /// Configuration, binding or state refuses to go on; found without asking anyone.
    Refused,
}

impl Exit {
    pub fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Partial => 1,
            Self::Usage => 2,
            Self::Held => 3,
            Self::Failed => 4,
            Self::Busy => 75,
            Self::Refused => 78,
        }
    }

    pub fn of_report(report: &Report) -> Self {
        match report.result {
            RunResult::Done => Self::Done,
            RunResult::Partial => Self::Partial,
            RunResult::Held => Self::Held,
            RunResult::Failed => Self::Failed,
        }
    }

    pub fn of_error(error: &anyhow::Error) -> Self {
        if error.is::<UsageError>() {
            Self::Usage
        } else if error.is::<RunningElsewhere>() {
            Self::Busy
        } else if error.is::<Mistakes>() || error.is::<WrongBinding>() || error.is::<StateRefused>() {
            Self::Refused
        } else {
            Self::Failed
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

/// What was asked for makes no sense: an unknown hold, person or run.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct UsageError(pub String);

/// Says once what went wrong, with its causes.
pub fn complain(error: &anyhow::Error) -> Exit {
    output::error(&format!("{error:#}"));
    Exit::of_error(error)
}
