//! `$batch` (Graph: "Combine multiple HTTP requests using JSON batching"): up to 20 requests, answered in any order,
//! each by itself.

use std::collections::BTreeSet;

use axum::body::Bytes;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::Tenant;
use super::error::Refusal;
use super::graph::{self, JSON, Place};
use crate::sandbox::wire::{Answer, Request};

const MOST_REQUESTS: usize = 20;

#[derive(Debug, Deserialize)]
struct Envelope {
    requests: Vec<Item>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Item {
    id: String,
    method: String,
    url: String,
    #[serde(default)]
    headers: Map<String, Value>,
    body: Option<Value>,
    #[serde(default)]
    depends_on: Vec<String>,
}

pub(super) async fn answer(tenant: &Tenant, request: &Request) -> Result<Answer, Refusal> {
    if request.media_type().as_deref() != Some("application/json") {
        return Err(Refusal::new(415, "Request_BadRequest", "A batch is of type application/json."));
    }
    let envelope: Envelope = serde_json::from_slice(&request.body)
        .map_err(|error| Refusal::new(400, "BadRequest", format!("Invalid batch payload format: {error}")))?;
    check(&envelope)?;
    let mut answers: Vec<Value> = Vec::new();
    let mut failed = BTreeSet::new();
    for item in &envelope.requests {
        let answer = if item.depends_on.iter().any(|id| failed.contains(id.as_str())) {
            json!({"id": item.id, "status": 424, "headers": {}, "body": null})
        } else {
            one(tenant, request, item).await
        };
        if answer["status"].as_u64().is_some_and(|status| status >= 400) {
            failed.insert(item.id.as_str());
        }
        answers.push(answer);
    }
    // Answers come in any order; one that relies on theirs must be found out.
    // Seeded, so that a test that fails fails again.
    fastrand::Rng::with_seed(answers.len() as u64).shuffle(&mut answers);
    Ok(Answer::new(200, JSON, json!({"responses": answers}).to_string()))
}

fn check(envelope: &Envelope) -> Result<(), Refusal> {
    let refuse = |text: String| Err(Refusal::new(400, "BadRequest", text));
    if envelope.requests.is_empty() || envelope.requests.len() > MOST_REQUESTS {
        return refuse(format!("Number of batch request steps must be between 1 and {MOST_REQUESTS}."));
    }
    let mut ids = BTreeSet::new();
    for item in &envelope.requests {
        if !ids.insert(item.id.as_str()) {
            return refuse(format!("Request id {} has to be unique in a batch.", item.id));
        }
        if item.url.starts_with("http") {
            return refuse(format!("Invalid request URL: {}. Expected a relative one.", item.url));
        }
        if item.body.is_some() && !item.headers.keys().any(|name| name.eq_ignore_ascii_case("content-type")) {
            return refuse(format!("Write request id : {} does not contain Content-Type header.", item.id));
        }
    }
    Ok(())
}

/// Boxed, since a batch is itself one of the calls that `graph` answers.
async fn one(tenant: &Tenant, outer: &Request, item: &Item) -> Value {
    let Ok(method) = item.method.parse::<Method>() else {
        return json!({"id": item.id, "status": 400, "headers": {}, "body": null});
    };
    let mut headers = HeaderMap::new();
    for name in ["host", "authorization"] {
        headers.extend(outer.headers.get(name).map(|value| (HeaderName::from_static(name), value.clone())));
    }
    for (name, value) in &item.headers {
        let name = HeaderName::try_from(name.as_str());
        let value = value.as_str().map(HeaderValue::from_str);
        if let (Ok(name), Some(Ok(value))) = (name, value) {
            headers.insert(name, value);
        }
    }
    let body = item.body.as_ref().map(|body| Bytes::from(body.to_string())).unwrap_or_default();
    let inner = Request::new(method, &format!("/v1.0/{}", item.url.trim_start_matches('/')), headers, body);
    let answer = Box::pin(graph::answer(tenant, &inner, Place::InBatch)).await;
    shown(&item.id, &answer)
}

fn shown(id: &str, answer: &Answer) -> Value {
    let headers: Map<String, Value> =
        answer.headers.iter().map(|(name, value)| (canonical(name), Value::from(value.as_str()))).collect();
    let body = serde_json::from_slice(&answer.body)
        .unwrap_or_else(|_| Value::from(String::from_utf8_lossy(&answer.body).into_owned()));
    json!({"id": id, "status": answer.status, "headers": headers, "body": body})
}

/// As the documentation spells them inside a batch.
fn canonical(name: &str) -> String {
    match name {
        "content-type" => "Content-Type".to_owned(),
        "retry-after" => "Retry-After".to_owned(),
        other => other.to_owned(),
    }
}
