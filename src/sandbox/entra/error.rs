//! Graph's error object (Graph documentation: "Microsoft Graph error responses and resource types"). Shapes only.

use chrono::Utc;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::sandbox::wire::{Answer, Request};

/// Why a Graph request is refused.
#[derive(Clone, Debug)]
pub(super) struct Refusal {
    pub(super) status: u16,
    pub(super) code: String,
    pub(super) message: String,
    pub(super) retry_after: Option<String>,
}

impl Refusal {
    pub(super) fn new(status: u16, code: &str, message: impl Into<String>) -> Self {
        Self { status, code: code.to_owned(), message: message.into(), retry_after: None }
    }

    pub(super) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(400, "Request_BadRequest", message)
    }

    pub(super) fn unsupported(message: impl Into<String>) -> Self {
        Self::new(400, "Request_UnsupportedQuery", message)
    }

    pub(super) fn not_found(what: &str) -> Self {
        let text = format!(
            "Resource '{what}' does not exist or one of its queried reference-property objects are not present."
        );
        Self::new(404, "Request_ResourceNotFound", text)
    }

    pub(super) fn denied() -> Self {
        Self::new(403, "Authorization_RequestDenied", "Insufficient privileges to complete the operation.")
    }

    pub(super) fn answer(&self, ids: &Ids) -> Answer {
        let mut inner = json!({
            "date": Utc::now().format("%Y-%m-%dT%H:%M:%S").to_string(),
            "request-id": ids.request,
            "client-request-id": ids.client,
        });
        // The extra members that throttled answers are documented with.
        if self.status == 429 {
            inner["code"] = Value::from("429");
            inner["status"] = Value::from("429");
            inner["message"] = Value::from("Please retry after");
        }
        let body = json!({"error": {"code": self.code, "message": self.message, "innerError": inner}});
        let answer = Answer::json(self.status, &body);
        match &self.retry_after {
            Some(after) => answer.with("retry-after", after.clone()),
            None => answer,
        }
    }
}

/// The ids that Microsoft's support asks for.
#[derive(Clone, Debug)]
pub(super) struct Ids {
    pub(super) request: String,
    pub(super) client: String,
}

impl Ids {
    pub(super) fn of(request: &Request) -> Self {
        let own = Uuid::new_v4().to_string();
        let client = request.header("client-request-id").unwrap_or(&own).to_owned();
        Self { request: own, client }
    }

    pub(super) fn stamp(&self, answer: Answer) -> Answer {
        answer
            .with("request-id", self.request.clone())
            .with("client-request-id", self.client.clone())
            .with("x-ms-ags-diagnostic", "{\"ServerInfo\":{\"DataCenter\":\"Sandbox\",\"Ring\":\"1\"}}")
    }
}
