//! `[keep]`: how long the database remembers.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::model::Span;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Keep {
    /// The audit trail.
    pub history: Span,
    /// Mails that were sent.
    pub mail: Span,
}
