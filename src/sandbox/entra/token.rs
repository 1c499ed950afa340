//! The token endpoint for client credentials (Microsoft identity platform: "OAuth 2.0 client credentials flow"), and
//! whether a token it issued is still good. A secret only; certificates are refused as unknown.

use std::collections::BTreeSet;
use std::sync::PoisonError;
use std::time::Duration;

use axum::http::Method;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use chrono::Utc;
use percent_encoding::percent_decode_str;
use serde_json::json;
use tokio::time::Instant;
use uuid::Uuid;

use super::Tenant;
use super::error::Refusal;
use crate::sandbox::directory::{Registration, guid};
use crate::sandbox::wire::{Answer, Request};

const GRAPH: &str = "https://graph.microsoft.com";

/// A token that was handed out.
#[derive(Debug)]
pub(super) struct Issued {
    expires: Instant,
    roles: BTreeSet<String>,
}

/// What a token is asked for with.
#[derive(Debug)]
struct Grant {
    client_id: Option<String>,
    secret: Option<String>,
    assertion: bool,
    scope: Option<String>,
    kind: Option<String>,
}

/// Why the endpoint refuses, in its own terms.
struct Denial(u16, &'static str, u32, String);

/// Answers `POST /{tenant}/oauth2/v2.0/token`.
pub(super) fn issue(tenant: &Tenant, directory: &str, request: &Request) -> Answer {
    if request.method != Method::POST {
        let text = "AADSTS900561: The endpoint only accepts POST requests. Received a GET request.";
        return error(405, "invalid_request", 900_561, text);
    }
    match grant(tenant, directory, request) {
        Ok(answer) => answer,
        Err(Denial(status, name, code, text)) => error(status, name, code, &text),
    }
}

/// The endpoint's error object; `error` is what clients may branch on.
pub(super) fn error(status: u16, name: &str, code: u32, text: &str) -> Answer {
    let (trace, correlation) = (Uuid::new_v4(), Uuid::new_v4());
    let timestamp = Utc::now().format("%Y-%m-%d %H:%M:%SZ").to_string();
    let description =
        format!("AADSTS{code}: {text}\r\nTrace ID: {trace}\r\nCorrelation ID: {correlation}\r\nTimestamp: {timestamp}");
    let body = json!({
        "error": name,
        "error_description": description,
        "error_codes": [code],
        "timestamp": timestamp,
        "trace_id": trace.to_string(),
        "correlation_id": correlation.to_string(),
        "error_uri": format!("https://login.microsoftonline.com/error?code={code}"),
    });
    Answer::json(status, &body).with("cache-control", "no-store, no-cache")
}

/// The permissions a request's token carries and that are still granted.
pub(super) fn rights(tenant: &Tenant, request: &Request) -> Result<BTreeSet<String>, Refusal> {
    let refuse = |text: &str| Refusal::new(401, "InvalidAuthenticationToken", text);
    let header = request.header("authorization").ok_or_else(|| refuse("Access token is empty."))?;
    let token = header.strip_prefix("Bearer ").ok_or_else(|| refuse("Access token is empty."))?;
    let tokens = tenant.tokens.lock().unwrap_or_else(PoisonError::into_inner);
    let issued = tokens.get(token).ok_or_else(|| refuse("Access token validation failure. Invalid audience."))?;
    if issued.expires <= Instant::now() {
        return Err(refuse("Lifetime validation failed, the token is expired."));
    }
    let granted = tenant.directory.world().registration.permissions.clone();
    Ok(issued.roles.intersection(&granted).cloned().collect())
}

fn grant(tenant: &Tenant, directory: &str, request: &Request) -> Result<Answer, Denial> {
    let world = tenant.directory.world();
    let registration = world.registration.clone();
    check_tenant(&registration, &world.population.domain, directory)?;
    drop(world);
    let grant = read(request)?;
    check(&registration, &grant)?;
    Ok(hand_out(tenant, &registration))
}

fn check_tenant(registration: &Registration, domain: &str, tenant: &str) -> Result<(), Denial> {
    if guid(tenant) == Some(registration.tenant_id) || tenant.eq_ignore_ascii_case(domain) {
        return Ok(());
    }
    if matches!(tenant, "common" | "organizations" | "consumers") {
        let text = "Application is not configured as a multi-tenant application. Usage of the /common endpoint is not supported.";
        return Err(Denial(400, "invalid_request", 50194, text.to_owned()));
    }
    if guid(tenant).is_none() && !tenant.contains('.') {
        let text =
            format!("Specified tenant identifier '{tenant}' is neither a valid DNS name, nor a valid external domain.");
        return Err(Denial(400, "invalid_request", 900_023, text));
    }
    let text = format!(
        "Tenant '{tenant}' not found. Check to make sure you have the correct tenant ID and are signing into the correct cloud."
    );
    Err(Denial(400, "invalid_request", 90002, text))
}

fn read(request: &Request) -> Result<Grant, Denial> {
    if request.media_type().as_deref() != Some("application/x-www-form-urlencoded") {
        let text = "The request body must contain the following parameter: 'grant_type'.";
        return Err(Denial(400, "invalid_request", 900_144, text.to_owned()));
    }
    let form: Vec<(String, String)> = url::form_urlencoded::parse(&request.body).into_owned().collect();
    let field = |name: &str| form.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone());
    let (user, password) = basic(request).unzip();
    Ok(Grant {
        client_id: field("client_id").or(user),
        secret: field("client_secret").or(password),
        assertion: field("client_assertion").is_some(),
        scope: field("scope"),
        kind: field("grant_type"),
    })
}

/// RFC 6749 §2.3.1: both halves are form-encoded before they are joined.
fn basic(request: &Request) -> Option<(String, String)> {
    let encoded = request.header("authorization")?.strip_prefix("Basic ")?;
    let text = String::from_utf8(STANDARD.decode(encoded).ok()?).ok()?;
    let (user, password) = text.split_once(':')?;
    let decode = |half: &str| percent_decode_str(half).decode_utf8_lossy().into_owned();
    Some((decode(user), decode(password)))
}

fn check(registration: &Registration, grant: &Grant) -> Result<(), Denial> {
    let missing = |name: &str| {
        let text = format!("The request body must contain the following parameter: '{name}'.");
        Denial(400, "invalid_request", 900_144, text)
    };
    match grant.kind.as_deref() {
        None => return Err(missing("grant_type")),
        Some("client_credentials") => {}
        Some(other) => {
            let text = format!("The app requested an unsupported grant type '{other}'.");
            return Err(Denial(400, "unsupported_grant_type", 70003, text));
        }
    }
    let client = grant.client_id.as_deref().ok_or_else(|| missing("client_id"))?;
    check_scope(grant.scope.as_deref().ok_or_else(|| missing("scope"))?)?;
    if guid(client) != Some(registration.client_id) {
        let text = format!(
            "Application with identifier '{client}' was not found in the directory. This can happen if the application has not been installed by the administrator of the tenant or consented to by any user in the tenant."
        );
        return Err(Denial(400, "unauthorized_client", 700_016, text));
    }
    check_secret(registration, grant)
}

fn check_scope(scope: &str) -> Result<(), Denial> {
    let Some(resource) = scope.strip_suffix("/.default") else {
        let text = format!(
            "The provided value for scope {scope} is not valid. Client credential flows must have a scope value with /.default suffixed to the resource identifier (application ID URI)."
        );
        return Err(Denial(400, "invalid_scope", 1_002_012, text));
    };
    if resource.contains(char::is_whitespace) {
        let text = format!(
            "The provided request must include a 'scope' input parameter. The provided value for the input parameter 'scope' is not valid: {scope}."
        );
        return Err(Denial(400, "invalid_scope", 70011, text));
    }
    // A client that only knows the sandbox's own address asks for that.
    if resource.trim_end_matches('/') == GRAPH || resource.starts_with("http://127.0.0.1") {
        return Ok(());
    }
    let text = format!("The resource principal named {resource} was not found in the tenant.");
    Err(Denial(400, "invalid_resource", 500_011, text))
}

fn check_secret(registration: &Registration, grant: &Grant) -> Result<(), Denial> {
    let client = registration.client_id;
    if grant.assertion {
        let text = "The certificate with identifier used to sign the client assertion is not registered on application. [Reason - The key was not found.]";
        return Err(Denial(401, "invalid_client", 700_027, text.to_owned()));
    }
    let Some(secret) = &grant.secret else {
        let text = "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.";
        return Err(Denial(401, "invalid_client", 7_000_218, text.to_owned()));
    };
    if *secret != registration.secret {
        let text = format!(
            "Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not the client secret ID, for a secret added to app '{client}'."
        );
        return Err(Denial(401, "invalid_client", 7_000_215, text));
    }
    if registration.secret_expires <= Utc::now() {
        let text = format!(
            "The provided client secret keys for app '{client}' are expired. Visit the Azure portal to create new keys for your app."
        );
        return Err(Denial(401, "invalid_client", 7_000_222, text));
    }
    Ok(())
}

fn hand_out(tenant: &Tenant, registration: &Registration) -> Answer {
    // Entra draws the life at random, 60 to 90 minutes, so that nobody relies on a constant.
    let lifetime = fastrand::u32(3600..5400);
    let token = jwt(registration, lifetime);
    let expires = Instant::now() + Duration::from_secs(lifetime.into());
    let issued = Issued { expires, roles: registration.permissions.clone() };
    tenant.tokens.lock().unwrap_or_else(PoisonError::into_inner).insert(token.clone(), issued);
    let body = json!({
        "token_type": "Bearer", "expires_in": lifetime, "ext_expires_in": lifetime, "access_token": token,
    });
    Answer::json(200, &body).with("cache-control", "no-store, no-cache")
}

/// Shaped like a JWT so that `roles` can be read for a diagnosis; nobody but this server can check it.
fn jwt(registration: &Registration, lifetime: u32) -> String {
    let now = Utc::now().timestamp();
    let mut payload = json!({
        "aud": GRAPH, "iss": format!("https://sts.windows.net/{}/", registration.tenant_id), "iat": now, "nbf": now,
        "exp": now + i64::from(lifetime), "appid": registration.client_id, "tid": registration.tenant_id,
        "idtyp": "app", "uti": Uuid::new_v4().simple().to_string(),
    });
    // Without any application permission the claim is absent, and the token is issued all the same.
    if !registration.permissions.is_empty() {
        payload["roles"] = json!(registration.permissions);
    }
    let encode = |value: &serde_json::Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let signature = URL_SAFE_NO_PAD.encode(Uuid::new_v4().as_bytes());
    format!("{}.{}.{signature}", encode(&json!({"typ": "JWT", "alg": "RS256"})), encode(&payload))
}
