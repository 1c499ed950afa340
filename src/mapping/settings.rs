//! `[mapping]` of a customer's file.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

/// When a mapping line applies.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum When {
    #[default]
    Always,
    /// Only when the account is created; never touched again.
    Create,
}

/// What a null result does to an optional attribute.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OnNull {
    #[default]
    Clear,
    Keep,
}

/// The long form of a mapping line.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LongLine {
    /// An expression over `user` and `manager`.
    #[schemars(extend("format" = "expression"))]
    pub value: String,
    #[serde(default)]
    pub when: When,
    #[serde(default)]
    pub on_null: OnNull,
    /// A person without this value is not provisioned (and reported, after `people.patience`).
    #[serde(default)]
    pub required: bool,
    /// The value to use when the expression gives none.
    pub default: Option<String>,
}

/// An expression, or the long form.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(
    untagged,
    expecting = "an expression, or { value = \"<expression>\", when = …, on_null = …, required = …, default = … }"
)]
pub enum MappingLine {
    Expression(#[schemars(extend("format" = "expression"))] String),
    Long(LongLine),
}

/// `[mapping]`: target attribute = expression.
pub type MappingSettings = BTreeMap<String, MappingLine>;

impl MappingLine {
    /// The line with everything said.
    pub fn to_long(&self) -> LongLine {
        match self {
            Self::Long(line) => line.clone(),
            Self::Expression(value) => LongLine {
                value: value.clone(),
                when: When::default(),
                on_null: OnNull::default(),
                required: false,
                default: None,
            },
        }
    }
}
