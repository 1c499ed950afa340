//! The app's front door and its endpoints (RFC 7644 §3.2): who asks, whether a fault is due, and what is answered.

use std::sync::Arc;

use super::accounts::{Account, encoded};
use super::error::{Refusal, SCIM_JSON};
use super::faults::AppAct;
use super::projection::project;
use super::quirks::Quirks;
use super::{Shop, State, auth, change, discovery, document, patch, search};
use crate::sandbox::wire::{Answer, Request};
use axum::http::Method;

/// Whether a write changes anything, or is only answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Effect {
    Real,
    Pretended,
}

/// How the sandbox counts a request, and faults find it.
fn kind(request: &Request) -> &'static str {
    match (request.segments().as_slice(), request.method.as_str()) {
        (["oauth", "token"], _) => "token",
        (["scim", "v2", "Users"], "GET") => {
            if request.option("filter").is_some() {
                "lookup"
            } else {
                "list"
            }
        }
        (["scim", "v2", "Users"], "POST") => "create",
        (["scim", "v2", "Users", _], "GET") => "read",
        (["scim", "v2", "Users", _], "PATCH") => "patch",
        (["scim", "v2", "Users", _], "PUT") => "put",
        (["scim", "v2", "Users", _], "DELETE") => "delete",
        (["scim", "v2", "ServiceProviderConfig" | "Schemas" | "ResourceTypes", ..], "GET") => "config",
        _ => "other",
    }
}

pub(super) async fn answer(shop: Arc<Shop>, request: Request) -> Answer {
    let kind = kind(&request);
    shop.counters.add(kind);
    let latency = shop.state().latency;
    if !latency.is_zero() {
        tokio::time::sleep(latency).await;
    }
    let act = shop.faults.strike(|spot| spot.covers(kind));
    let before = act.as_ref().and_then(AppAct::before);
    let answer = before.unwrap_or_else(|| serve(&shop, &request, kind, act.as_ref()));
    let mut state = shop.state();
    if matches!(kind, "create" | "patch" | "put" | "delete") {
        let path = format!("/{}", request.path.get(2..).unwrap_or_default().join("/"));
        state.writes.add(request.method.as_str(), path, &request.body, answer.status);
    }
    let headers = state.quirks.headers.clone();
    drop(state);
    let answer = headers.into_iter().fold(answer, |answer, (name, value)| answer.with(name, value));
    match act {
        Some(act) => act.upon(answer),
        None => answer,
    }
}

fn serve(shop: &Shop, request: &Request, kind: &str, act: Option<&AppAct>) -> Answer {
    if kind == "token" {
        return auth::issue(shop, request);
    }
    let mut state = shop.state();
    if !state.auth.admits(request, &state.issued) {
        let refusal = Refusal::new(401, "Authorization failure. The authorization header is invalid or missing.");
        return refusal.answer().with("www-authenticate", "Bearer realm=\"sandbox\"");
    }
    let effect = if matches!(act, Some(AppAct::NoEffect)) { Effect::Pretended } else { Effect::Real };
    route(&mut state, request, kind, effect).unwrap_or_else(|refusal| refusal.answer())
}

fn route(state: &mut State, request: &Request, kind: &str, effect: Effect) -> Result<Answer, Refusal> {
    let id = request.path.get(3).map_or("", String::as_str);
    match kind {
        "config" => discovery::config(state, request),
        "lookup" | "list" => search::list(state, request),
        "create" => change::create(state, request, effect),
        "read" => Ok(shown(200, visible(state, id)?, &state.quirks, request)),
        "patch" if state.quirks.put_only => Err(Refusal::new(501, "PATCH is not supported.")),
        "patch" => {
            let before = found(state, id)?.document();
            let after = patch::apply(&before, written(request)?, &state.quirks)?;
            change::change(state, request, after, effect)?;
            let account = found(state, id)?;
            if state.quirks.patch_answers_empty {
                return Ok(Answer::empty(204).with("etag", account.etag()));
            }
            Ok(shown(200, account, &state.quirks, request))
        }
        "put" => {
            found(state, id)?;
            let after = document::strict(written(request)?, &state.quirks)?;
            change::change(state, request, after, effect)?;
            Ok(shown(200, found(state, id)?, &state.quirks, request))
        }
        "delete" => {
            let number = state.accounts.by_id(id).ok_or_else(|| Refusal::not_found(id))?;
            change::check_version(state, request, id)?;
            if effect == Effect::Real {
                state.accounts.remove(number);
            }
            Ok(Answer::empty(204))
        }
        _ if request.method == Method::GET || !exists(request) => Err(Refusal::new(404, "There is no such endpoint.")),
        _ => Err(Refusal::new(405, "The endpoint does not take this method.")),
    }
}

fn exists(request: &Request) -> bool {
    let endpoints = ["Users", "ServiceProviderConfig", "Schemas", "ResourceTypes"];
    matches!(request.segments().as_slice(), ["scim", "v2", endpoint, ..] if endpoints.contains(endpoint))
}

pub(super) fn found<'a>(state: &'a State, id: &str) -> Result<&'a Account, Refusal> {
    let number = state.accounts.by_id(id).ok_or_else(|| Refusal::not_found(id))?;
    state.accounts.get(number).ok_or_else(|| Refusal::not_found(id))
}

/// An account for readers; an inactive one that hides from them can still be written to.
fn visible<'a>(state: &'a State, id: &str) -> Result<&'a Account, Refusal> {
    let account = found(state, id)?;
    if state.quirks.inactive_is_404 && !account.is_active() {
        return Err(Refusal::not_found(id));
    }
    Ok(account)
}

pub(super) fn written(request: &Request) -> Result<&[u8], Refusal> {
    match request.media_type().as_deref() {
        Some("application/scim+json" | "application/json") => Ok(&request.body),
        _ => Err(Refusal::new(415, "The body must be application/scim+json.")),
    }
}

/// The base of the API as the client called it.
pub(super) fn base(request: &Request) -> String {
    format!("http://{}/scim/v2", request.header("host").unwrap_or("127.0.0.1"))
}

pub(super) fn shown(status: u16, account: &Account, quirks: &Quirks, request: &Request) -> Answer {
    let base = base(request);
    let body = project(request, account.shown(quirks, &base));
    let answer = Answer::new(status, SCIM_JSON, body.to_string()).with("etag", account.etag());
    if status == 201 { answer.with("location", format!("{base}/Users/{}", encoded(&account.id))) } else { answer }
}
