//! Tests of the link for `check`: can the app be reached, does it know us, can it look accounts up, does it know the
//! mapping's attributes. Changes nothing.

use std::collections::BTreeSet;

use serde_json::Value;
use uuid::Uuid;

use crate::http::Answer;
use crate::model::{Attributes, Failure, FailureClass};
use crate::report::{Finding, Verdict};

use super::Scim;
use super::capabilities::Capabilities;
use super::lookup::page_in;
use super::path::{Path, member};
use super::refusal::{failure, no_answer};
use super::schema::CORE_USER;

impl Scim {
    /// Tests credentials and capabilities, and changes nothing.
    pub async fn check(&self) -> Vec<Finding> {
        let mut findings = match self.check_service().await {
            Ok(finding) => vec![finding],
            Err(unreachable) => return vec![unreachable],
        };
        let keys: Vec<&String> = self.profile.match_by.iter().filter(|key| self.can_filter(key)).collect();
        if keys.is_empty() {
            let message = "the app can look accounts up by none of the match attributes: let `match` and `filterable` of the \
                           target's settings have one in common";
            findings.push(finding("target look-up", Verdict::Failure, message.to_owned()));
        }
        for key in keys {
            findings.push(self.check_lookup(key).await);
        }
        findings.extend(self.check_schema().await);
        findings
    }

    /// `/ServiceProviderConfig` (RFC 7644 §4): some services have none, and some show it to anybody.
    async fn check_service(&self) -> Result<Finding, Finding> {
        let subject = format!("target {}", self.link.host());
        let broken = |failure: &Failure| finding(&subject, Verdict::Failure, told(failure));
        let answer = self.link.document("ServiceProviderConfig").await.map_err(|error| broken(&no_answer(&error)))?;
        if matches!(answer.status, 401 | 403) {
            return Err(broken(&failure(&answer, &Attributes::new())));
        }
        let document: Value = serde_json::from_slice(&answer.body).unwrap_or(Value::Null);
        if !answer.is_success() || !document.is_object() {
            let message = "reachable, but it does not say what it can do (no /ServiceProviderConfig): the profile and \
                           the defaults are used; if changes fail, set update_by to \"patch\" or \"put\"";
            return Ok(finding(&subject, Verdict::Warning, message.to_owned()));
        }
        let message = format!("reachable; {}", announced(Capabilities::of(&document)));
        Ok(finding(&subject, Verdict::Ok, message))
    }

    /// The test every app built for Entra knows: a look-up of nobody must give 200 and an empty list.
    async fn check_lookup(&self, key: &str) -> Finding {
        let subject = format!("target look-up by {key}");
        let filter = format!("{key} eq {}", Value::from(Uuid::new_v4().to_string()));
        let answer = match self.link.search(&filter, 1).await {
            Ok(answer) => answer,
            Err(error) => return finding(&subject, Verdict::Failure, told(&no_answer(&error))),
        };
        if answer.status == 404 {
            let message = "the app answers 404 instead of an empty list: compare the SCIM address, unless the app is \
                           known to say \"nobody\" this way";
            return finding(&subject, Verdict::Warning, message.to_owned());
        }
        match page_in(&answer) {
            Ok(page) if page.rows.is_empty() => finding(&subject, Verdict::Ok, "works".to_owned()),
            Ok(page) => finding(&subject, Verdict::Warning, ignores_filters(key, page.rows.len())),
            Err(failure) => finding(&subject, Verdict::Failure, told(&unfilterable(key, &answer, failure))),
        }
    }

    /// `/Schemas` (RFC 7644 §4) is optional and may hold less than the app takes: nothing here is a failure.
    async fn check_schema(&self) -> Option<Finding> {
        let answer = self.link.document("Schemas").await.ok().filter(Answer::is_success)?;
        let known = known_attributes(&serde_json::from_slice(&answer.body).ok()?);
        if known.is_empty() {
            return None;
        }
        let unknown = self.attributes.iter().filter(|path| !is_known(path, &known));
        let unknown: Vec<&str> = unknown.map(Path::as_str).collect();
        Some(match unknown.as_slice() {
            [] => finding("target schema", Verdict::Ok, "knows every attribute of the mapping".to_owned()),
            names => finding("target schema", Verdict::Warning, unknown_attributes(names)),
        })
    }
}

fn finding(subject: &str, verdict: Verdict, message: String) -> Finding {
    Finding { subject: subject.to_owned(), verdict, message }
}

fn told(failure: &Failure) -> String {
    format!("{} {}", failure.reason, failure.remedy)
}

fn announced(capabilities: Capabilities) -> String {
    let told = |name, supported| match supported {
        Some(true) => format!("{name} yes"),
        Some(false) => format!("{name} no"),
        None => format!("{name} not said"),
    };
    let Capabilities { patch, etag, filter } = capabilities;
    [told("patch", patch), told("filter", filter), told("etag", etag)].join(", ")
}

fn ignores_filters(key: &str, rows: usize) -> String {
    format!(
        "the app ignores the filter on {key}: it showed {rows} accounts for a name that nobody has. Look-ups are checked \
         here, but are slow and end undecided with many accounts; list what the app can filter on under `filterable`"
    )
}

fn unfilterable(key: &str, answer: &Answer, failure: Failure) -> Failure {
    if answer.status != 400 {
        return failure;
    }
    let reason = format!("The app cannot look accounts up by {key}. {}", failure.reason);
    let remedy = "List the attributes it can look up under `filterable` in the target's settings.";
    Failure::new(FailureClass::App, reason, remedy)
}

fn unknown_attributes(names: &[&str]) -> String {
    format!(
        "does not know {}: if values are refused or do not arrive, take these lines out of the mapping or list them under \
         `leave_out`",
        names.join(", ")
    )
}

/// Every attribute of every schema, as `<schema>:<name>` in lower case (RFC 7643 §7).
fn known_attributes(document: &Value) -> BTreeSet<String> {
    let schemas = member(document, "Resources").unwrap_or(document).as_array().cloned().unwrap_or_default();
    let mut known = BTreeSet::new();
    for schema in &schemas {
        let Some(id) = member(schema, "id").and_then(Value::as_str) else { continue };
        let attributes = member(schema, "attributes").and_then(Value::as_array).into_iter().flatten();
        let names = attributes.filter_map(|attribute| member(attribute, "name")?.as_str());
        known.extend(names.map(|name| format!("{id}:{name}").to_lowercase()));
    }
    known
}

/// `externalId` is common to all resources and in no schema (RFC 7643 §3.1).
fn is_known(path: &Path, known: &BTreeSet<String>) -> bool {
    let schema = path.schema.as_deref().unwrap_or(CORE_USER);
    let common = path.schema.is_none() && path.name.eq_ignore_ascii_case("externalId");
    common || known.contains(&format!("{schema}:{}", path.name).to_lowercase())
}
