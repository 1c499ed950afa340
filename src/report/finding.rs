//! What `check` says of one link: fine, doubtful or broken, and the remedy.

/// One line of `check`.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Finding {
    /// What was tested, for example `group "Staff"`.
    pub subject: String,
    pub verdict: Verdict,
    /// What was found; with a warning or a failure also what to do.
    pub message: String,
}

impl Finding {
    pub fn new(subject: impl Into<String>, verdict: Verdict, message: impl Into<String>) -> Self {
        Self { subject: subject.into(), verdict, message: message.into() }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    Ok,
    Warning,
    Failure,
}
