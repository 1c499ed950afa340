//! Which people on the roster are ours to provision: one expression, and whether guests count. Pure.

use schemars::JsonSchema;
use serde::Deserialize;

/// `[scope]` of a customer's file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ScopeSettings {
    /// An expression over `user` and `manager` that is true for the people to provision; everybody, when absent.
    #[serde(rename = "where")]
    #[schemars(extend("format" = "expression"))]
    pub condition: Option<String>,
}
