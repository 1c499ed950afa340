//! `[schedule]`: what an operator may write about when runs happen. Decides nothing but whether a zone has that name.

use chrono::NaiveDate;
use chrono_tz::Tz;
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer};

use super::zone;
use crate::model::Span;

/// `[schedule]` of a customer's file: `days` and `times`, or `cron`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ScheduleSettings {
    /// An IANA time zone, for example `Australia/Sydney`.
    #[serde(deserialize_with = "named_zone")]
    #[schemars(with = "String", extend("format" = "timezone"))]
    pub timezone: Tz,
    /// For example `Mon-Fri` or `Mon,Wed,Fri`.
    pub days: Option<String>,
    /// `HH:MM`, on each of the days.
    pub times: Option<Vec<String>>,
    /// Instead of days and times: cron expressions with 5 fields, or 6 with seconds first.
    pub cron: Option<Vec<String>>,
    /// A daily run that also lists the target, at `HH:MM` on the same days.
    pub reconcile: Option<String>,
    /// Starts are spread over this span by a stable hash of the customer's name.
    #[serde(default = "no_jitter")]
    pub jitter: Span,
    /// A slot missed while the daemon was down is run once at start.
    #[serde(default = "yes")]
    pub catch_up: bool,
    /// Days without scheduled runs, in the customer's time zone.
    #[serde(default)]
    pub skip: Vec<NaiveDate>,
    /// Called (GET) after each good run, so that silence is noticed elsewhere.
    #[schemars(extend("format" = "ping-url"))]
    pub heartbeat_url: Option<String>,
}

fn no_jitter() -> Span {
    Span::ZERO
}

fn yes() -> bool {
    true
}

fn named_zone<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Tz, D::Error> {
    zone::named(&String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
}
