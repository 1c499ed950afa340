//! SCIM's error object (RFC 7644 §3.12). Shapes only.

use serde_json::{Value, json};

use crate::sandbox::wire::Answer;

pub(super) const SCIM_JSON: &str = "application/scim+json";

/// Why the app refuses a request.
#[derive(Clone, Debug)]
pub(super) struct Refusal {
    pub(super) status: u16,
    pub(super) scim_type: Option<&'static str>,
    pub(super) detail: String,
}

impl Refusal {
    pub(super) fn new(status: u16, detail: impl Into<String>) -> Self {
        Self { status, scim_type: None, detail: detail.into() }
    }

    /// A 400 with one of the RFC's `scimType` words.
    pub(super) fn typed(scim_type: &'static str, detail: impl Into<String>) -> Self {
        Self { status: 400, scim_type: Some(scim_type), detail: detail.into() }
    }

    pub(super) fn not_found(id: &str) -> Self {
        Self::new(404, format!("Resource {id} not found."))
    }

    pub(super) fn answer(&self) -> Answer {
        scim_error(self.status, self.scim_type, &self.detail)
    }
}

pub(super) fn scim_error(status: u16, scim_type: Option<&str>, detail: &str) -> Answer {
    let mut body = json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"],
        "status": status.to_string(),
        "detail": detail,
    });
    if let Some(scim_type) = scim_type {
        body["scimType"] = Value::from(scim_type);
    }
    Answer::new(status, SCIM_JSON, body.to_string())
}
