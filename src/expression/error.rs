//! What can be wrong with an expression: in itself (the operator's mistake), or for one person. Pure.

use std::ops::Range;

/// An expression that cannot be used, whoever the person is.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ExpressionError {
    /// What was found, what was expected, and the nearest valid name.
    pub message: String,
    /// The bytes of the expression's text that are to blame.
    pub range: Range<usize>,
}

/// An expression that cannot be decided for one person. Never "false", and never "no value".
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct EvaluationError {
    /// In plain words, with the value that is to blame: `"31.12.2020" is not a date such as 2026-01-31`.
    pub reason: String,
}

impl EvaluationError {
    pub(super) fn new(reason: impl Into<String>) -> Self {
        Self { reason: reason.into() }
    }
}

/// The name among `known` that was probably meant.
pub(super) fn nearest<'k>(name: &str, known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
    /// Below this, a suggestion is more often wrong than right.
    const ALIKE: f64 = 0.8;
    let alike = |candidate: &'k str| {
        let score = strsim::jaro_winkler(&name.to_ascii_lowercase(), &candidate.to_ascii_lowercase());
        (score, candidate)
    };
    let best = known.into_iter().map(alike).max_by(|a, b| a.0.total_cmp(&b.0))?;
    (best.0 >= ALIKE).then_some(best.1)
}

/// `; did you mean "department"?`, or nothing.
pub(super) fn suggestion<'k>(name: &str, known: impl IntoIterator<Item = &'k str>) -> String {
    nearest(name, known).map_or_else(String::new, |best| format!("; did you mean {best:?}?"))
}
