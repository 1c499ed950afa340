//! `[leavers]` and `[people]`: when a leaver's account is deactivated, and how long a hire may be incomplete.

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer};

use crate::model::{Cause, Span};

/// What happens to the account of somebody who left: `"now"`, `"after 3d"` or `"keep"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema)]
#[schemars(with = "String", extend("format" = "leaver-rule"))]
pub enum LeaverRule {
    Now,
    After(Span),
    Keep,
}

impl<'de> Deserialize<'de> for LeaverRule {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        match text.as_str() {
            "now" => Ok(Self::Now),
            "keep" => Ok(Self::Keep),
            _ => {
                let expected = || {
                    serde::de::Error::custom(format!(
                        "found {text:?}; expected \"now\", \"keep\", or \"after\" and a time such as \"after 3d\""
                    ))
                };
                let span = text.strip_prefix("after ").ok_or_else(expected)?;
                span.trim().parse().map(Self::After).map_err(|_| expected())
            }
        }
    }
}

/// One rule per cause of leaving.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Leavers {
    pub disabled: LeaverRule,
    pub deleted: LeaverRule,
    pub left_group: LeaverRule,
    pub out_of_scope: LeaverRule,
}

impl Leavers {
    /// The rule for a leaver's cause; causes that are not about leaving have none.
    pub fn rule(&self, cause: Cause) -> Option<LeaverRule> {
        match cause {
            Cause::Disabled => Some(self.disabled),
            Cause::Deleted => Some(self.deleted),
            Cause::LeftGroup => Some(self.left_group),
            Cause::OutOfScope => Some(self.out_of_scope),
            Cause::Joined | Cause::Returned | Cause::AttributesChanged | Cause::ManagerArrived => None,
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PeopleSettings {
    /// How long a person may lack a required value before that is a failure.
    pub patience: Span,
    /// An expression: a new object id with the value of a person proved gone gets that person's account.
    #[schemars(extend("format" = "expression"))]
    pub same_person: Option<String>,
}
