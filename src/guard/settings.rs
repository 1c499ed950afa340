//! `[limits]`: how many changes of each kind may go ahead by themselves (guarantee 5).

use schemars::JsonSchema;
use serde::Deserialize;

/// L = min(max(ceil(percent of A), `at_least`), `at_most`), A being the active managed accounts.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Limit {
    #[schemars(range(min = 0, max = 100))]
    pub percent: f64,
    pub at_least: u32,
    pub at_most: Option<u32>,
}

/// One limit per kind of change.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// Strong leavers: disabled or deleted in the directory.
    pub disabled: Limit,
    /// Weak leavers: left the group or the scope.
    pub left: Limit,
    pub reactivations: Limit,
    pub renames: Limit,
    /// Creates and adoptions together.
    pub creates: Limit,
    pub updates: Limit,
}
