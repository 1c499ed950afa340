//! Who may use the app: a bearer token, a header, basic credentials, or OAuth client credentials (RFC 6749 §4.4).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use uuid::Uuid;

use super::Shop;
use crate::sandbox::wire::{Answer, Request};

/// How the app wants to be spoken to.
#[derive(Clone, Debug)]
pub enum Auth {
    Bearer(String),
    Header { name: String, value: String },
    Basic { username: String, password: String },
    OAuth { client_id: String, client_secret: String, scope: Option<String> },
}

impl Auth {
    pub(super) fn admits(&self, request: &Request, issued: &[String]) -> bool {
        let authorization = request.header("authorization").unwrap_or("");
        let bearer = authorization.strip_prefix("Bearer ").unwrap_or("");
        match self {
            Self::Bearer(token) => bearer == token,
            Self::Header { name, value } => request.header(name) == Some(value.as_str()),
            Self::Basic { username, password } => is_basic(authorization, username, password),
            Self::OAuth { .. } => issued.iter().any(|token| token == bearer),
        }
    }
}

/// The app's own token endpoint.
pub(super) fn issue(shop: &Shop, request: &Request) -> Answer {
    let refuse = |status, name: &str| Answer::json(status, &json!({"error": name}));
    let mut state = shop.state();
    let Auth::OAuth { client_id, client_secret, scope } = state.auth.clone() else {
        return refuse(404, "invalid_request");
    };
    let form: Vec<(String, String)> = url::form_urlencoded::parse(&request.body).into_owned().collect();
    let field = |name: &str| form.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
    if field("grant_type") != Some("client_credentials") {
        return refuse(400, "unsupported_grant_type");
    }
    let in_body =
        field("client_id") == Some(client_id.as_str()) && field("client_secret") == Some(client_secret.as_str());
    let in_header = is_basic(request.header("authorization").unwrap_or(""), &client_id, &client_secret);
    if !in_body && !in_header {
        return refuse(401, "invalid_client");
    }
    if scope.is_some() && field("scope") != scope.as_deref() {
        return refuse(400, "invalid_scope");
    }
    let token = Uuid::new_v4().simple().to_string();
    state.issued.push(token.clone());
    Answer::json(200, &json!({"access_token": token, "token_type": "Bearer", "expires_in": 3600}))
}

fn is_basic(authorization: &str, username: &str, password: &str) -> bool {
    let wanted = STANDARD.encode(format!("{username}:{password}"));
    authorization.strip_prefix("Basic ") == Some(wanted.as_str())
}
