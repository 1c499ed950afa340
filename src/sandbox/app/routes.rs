//! The app's front door and its endpoints (RFC 7644 §3.2): who asks, whether a fault is due, and what is answered.

use std::sync::Arc;

use axum::http::Method;
use serde_json::{Value, json};

use super::accounts::{Account, encoded};
use super::document::{self, Document};
use super::error::{Refusal, SCIM_JSON};
use super::faults::AppAct;
use super::filter::Filter;
use super::quirks::{Paging, Quirks};
use super::{Shop, State, auth, patch, schema};
use crate::sandbox::wire::{Answer, Request};

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
    let effect = !matches!(act, Some(AppAct::NoEffect));
    route(&mut state, request, kind, effect).unwrap_or_else(|refusal| refusal.answer())
}

fn route(state: &mut State, request: &Request, kind: &str, effect: bool) -> Result<Answer, Refusal> {
    let base = format!("http://{}/scim/v2", request.header("host").unwrap_or("127.0.0.1"));
    let id = request.path.get(3).map_or("", String::as_str);
    match kind {
        "config" => config(state, request, &base),
        "lookup" | "list" => list(state, request, &base),
        "create" => create(state, request, &base, effect),
        "read" => {
            let account = visible(state, id)?;
            Ok(shown(200, account, &state.quirks, &base))
        }
        "patch" if state.quirks.put_only => Err(Refusal::new(501, "PATCH is not supported.")),
        "patch" => {
            let before = visible_to_writes(state, id)?.document();
            let after = patch::apply(&before, written(request)?, &state.quirks)?;
            change(state, request, after, effect)?;
            let account = found(state, id)?;
            if state.quirks.patch_answers_empty {
                return Ok(Answer::empty(204).with("etag", account.etag()));
            }
            Ok(shown(200, account, &state.quirks, &base))
        }
        "put" => {
            visible_to_writes(state, id)?;
            let after = document::strict(written(request)?, &state.quirks)?;
            change(state, request, after, effect)?;
            Ok(shown(200, found(state, id)?, &state.quirks, &base))
        }
        "delete" => {
            let number = state.accounts.by_id(id).ok_or_else(|| Refusal::not_found(id))?;
            check_version(state, request, id)?;
            if effect {
                state.accounts.remove(number);
            }
            Ok(Answer::empty(204))
        }
        _ if request.method == Method::GET || request.method == Method::POST => {
            Err(Refusal::new(404, "There is no such endpoint."))
        }
        _ => Err(Refusal::new(405, "The endpoint does not take this method.")),
    }
}

fn create(state: &mut State, request: &Request, base: &str, effect: bool) -> Result<Answer, Refusal> {
    let mut document = document::strict(written(request)?, &state.quirks)?;
    document.entry("active").or_insert(Value::Bool(true));
    check_values(&document, &state.quirks)?;
    check_unique(state, &document, None)?;
    let active = document["active"] == true;
    check_seat(state, active)?;
    let name = document.get("userName").cloned().unwrap_or_default();
    let odd = state.quirks.odd_ids;
    let id = state.accounts.insert(document, odd);
    let number = state.accounts.by_id(&id).ok_or_else(|| Refusal::not_found(&id))?;
    let answer = state.accounts.get(number).map(|account| shown(201, account, &state.quirks, base));
    if !effect {
        state.accounts.remove(number);
    }
    let blind = state.quirks.blind_lookups;
    state.accounts.blind(&id, blind);
    answer.ok_or_else(|| Refusal::new(500, format!("{name} was not stored.")))
}

/// Puts a changed document in place of an account's.
fn change(state: &mut State, request: &Request, mut after: Document, effect: bool) -> Result<(), Refusal> {
    let id = request.path.get(3).map_or("", String::as_str);
    check_version(state, request, id)?;
    let number = state.accounts.by_id(id).ok_or_else(|| Refusal::not_found(id))?;
    // A PUT without it reactivates, as on real servers.
    after.entry("active").or_insert(Value::Bool(true));
    check_values(&after, &state.quirks)?;
    check_unique(state, &after, Some(number))?;
    let before = found(state, id)?;
    let becomes_active = after["active"] == true && !before.is_active();
    if state.quirks.inactive_is_frozen && !before.is_active() && differs_beyond_active(&before.document(), &after) {
        return Err(Refusal::typed("mutability", "The account is deactivated; reactivate it first."));
    }
    check_seat(state, becomes_active)?;
    if effect {
        state.accounts.replace(number, &after);
    }
    Ok(())
}

fn differs_beyond_active(before: &Document, after: &Document) -> bool {
    let without = |document: &Document| {
        let mut document = document.clone();
        document.remove("active");
        document
    };
    without(before) != without(after)
}

fn found<'a>(state: &'a State, id: &str) -> Result<&'a Account, Refusal> {
    let number = state.accounts.by_id(id).ok_or_else(|| Refusal::not_found(id))?;
    state.accounts.get(number).ok_or_else(|| Refusal::not_found(id))
}

fn visible<'a>(state: &'a State, id: &str) -> Result<&'a Account, Refusal> {
    let account = found(state, id)?;
    if state.quirks.inactive_is_404 && !account.is_active() {
        return Err(Refusal::not_found(id));
    }
    Ok(account)
}

/// An inactive account that hides from readers can still be reactivated.
fn visible_to_writes<'a>(state: &'a State, id: &str) -> Result<&'a Account, Refusal> {
    found(state, id)
}

fn written(request: &Request) -> Result<&[u8], Refusal> {
    match request.media_type().as_deref() {
        Some("application/scim+json" | "application/json") => Ok(&request.body),
        _ => Err(Refusal::new(415, "The body must be application/scim+json.")),
    }
}

/// RFC 7644 §3.14.
fn check_version(state: &State, request: &Request, id: &str) -> Result<(), Refusal> {
    let account = found(state, id)?;
    match request.header("if-match") {
        None if state.quirks.etag_required => Err(Refusal::new(428, "If-Match is required.")),
        Some(sent) if sent != "*" && sent != account.etag() => Err(Refusal::new(412, "The account has changed.")),
        _ => Ok(()),
    }
}

fn check_values(document: &Document, quirks: &Quirks) -> Result<(), Refusal> {
    for refused in &quirks.refused {
        let (attribute, part) = refused.attribute.split_once('.').unwrap_or((&refused.attribute, "value"));
        let found = document.get(attribute);
        let is = |value: Option<&Value>| value.and_then(Value::as_str) == Some(refused.value.as_str());
        let hit = match found {
            Some(Value::Array(entries)) => entries.iter().any(|entry| is(entry.get(part))),
            Some(Value::Object(parts)) => is(parts.get(part)),
            found => is(found),
        };
        if hit {
            return Err(Refusal::typed("invalidValue", refused.detail.clone()));
        }
    }
    Ok(())
}

fn check_unique(state: &State, document: &Document, own: Option<u64>) -> Result<(), Refusal> {
    let text = |name: &str| document.get(name).and_then(Value::as_str).unwrap_or("");
    let (name, external) = (text("userName"), text("externalId"));
    let spelled =
        |number: &u64| state.accounts.get(*number).is_some_and(|account| account.document()["userName"] == name);
    let mut others = state.accounts.by_name(name).filter(|number| Some(*number) != own);
    if others.any(|number| !state.quirks.case_variants_allowed || spelled(&number)) {
        return Err(duplicate(&state.quirks, &format!("userName {name} is in use.")));
    }
    let mut others = state.accounts.by_external(external).filter(|number| Some(*number) != own);
    if state.quirks.external_id_unique && others.next().is_some() {
        return Err(duplicate(&state.quirks, &format!("externalId {external} is in use.")));
    }
    Ok(())
}

fn duplicate(quirks: &Quirks, detail: &str) -> Refusal {
    let scim_type = quirks.duplicate_says_type.then_some("uniqueness");
    Refusal { status: quirks.duplicate_status, scim_type, detail: detail.to_owned() }
}

fn check_seat(state: &State, needed: bool) -> Result<(), Refusal> {
    let full = state.quirks.seats.is_some_and(|seats| state.accounts.active() >= seats);
    if needed && full {
        let text = "Your plan has no seats left. Buy more seats or deactivate accounts.";
        return Err(Refusal::new(state.quirks.no_seat_status, text));
    }
    Ok(())
}

fn shown(status: u16, account: &Account, quirks: &Quirks, base: &str) -> Answer {
    let answer = Answer::new(status, SCIM_JSON, account.shown(quirks, base).to_string()).with("etag", account.etag());
    if status == 201 { answer.with("location", format!("{base}/Users/{}", encoded(&account.id))) } else { answer }
}

/// Search and paging (RFC 7644 §3.4.2, §3.4.2.4).
fn list(state: &mut State, request: &Request, base: &str) -> Result<Answer, Refusal> {
    let filter = request.option("filter").map(|text| Filter::parse(&text)).transpose()?;
    let start = number(request, "startIndex", 1)?.max(1);
    let count = number(request, "count", state.quirks.page_limit)?.min(state.quirks.page_limit);
    let numbers = matching(state, filter.as_ref());
    let (first, count) = match state.quirks.paging {
        Paging::True => (start - 1, count),
        Paging::Ignored => (0, usize::MAX),
        Paging::WrapRound => (0, count),
    };
    let page: Vec<Value> = numbers
        .iter()
        .skip(first)
        .take(count)
        .filter_map(|number| state.accounts.get(*number))
        .map(|account| account.shown(&state.quirks, base))
        .collect();
    let total = state.quirks.total_results.unwrap_or(numbers.len() as u64);
    let body = json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:ListResponse"],
        "totalResults": total,
        "startIndex": first + 1,
        "itemsPerPage": page.len(),
        "Resources": page,
    });
    if state.quirks.blind_lookups > 0 {
        state.accounts.see();
    }
    Ok(Answer::new(200, SCIM_JSON, body.to_string()))
}

fn number(request: &Request, name: &str, default: usize) -> Result<usize, Refusal> {
    let Some(text) = request.option(name) else { return Ok(default) };
    let number: i64 = text.parse().map_err(|_| Refusal::typed("invalidValue", format!("{name} must be a number.")))?;
    Ok(usize::try_from(number).unwrap_or(0))
}

fn matching(state: &State, filter: Option<&Filter>) -> Vec<u64> {
    let quirks = &state.quirks;
    let seen = |number: &u64| {
        let account = state.accounts.get(*number);
        account.is_some_and(|account| account.blind == 0 && (account.is_active() || !quirks.inactive_is_404))
    };
    let everyone = || state.accounts.numbers().filter(seen).collect();
    let Some(filter) = filter else { return everyone() };
    if quirks.filter_ignored {
        return everyone();
    }
    if quirks.filter_finds_nothing {
        return Vec::new();
    }
    let candidates: Vec<u64> = match (filter.exact("userName"), filter.exact("externalId")) {
        (Some(name), _) => state.accounts.by_name(name).collect(),
        (None, Some(external)) => state.accounts.by_external(external).collect(),
        (None, None) => state.accounts.numbers().collect(),
    };
    let matches = |number: &u64| {
        let account = state.accounts.get(*number);
        account.is_some_and(|account| filter.matches(&account.id, &account.document(), quirks.filter_case_sensitive))
    };
    candidates.into_iter().filter(seen).filter(matches).collect()
}

/// RFC 7643 §5 to §7, RFC 7644 §4.
fn config(state: &State, request: &Request, base: &str) -> Result<Answer, Refusal> {
    let quirks = &state.quirks;
    if quirks.config_missing {
        return Err(Refusal::new(404, "There is no such endpoint."));
    }
    let listed = |resources: Vec<Value>| {
        json!({
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:ListResponse"],
            "totalResults": resources.len(), "startIndex": 1, "itemsPerPage": resources.len(), "Resources": resources,
        })
    };
    let body = match request.segments().get(2..).unwrap_or_default() {
        ["ServiceProviderConfig"] => provider(quirks, base),
        ["Schemas"] => listed(schema::listed(&quirks.unknown)),
        ["Schemas", urn] => {
            let found = schema::listed(&quirks.unknown).into_iter().find(|schema| schema["id"] == *urn);
            found.ok_or_else(|| Refusal::not_found(urn))?
        }
        ["ResourceTypes"] => listed(vec![resource_type(base)]),
        ["ResourceTypes", "User"] => resource_type(base),
        _ => return Err(Refusal::new(404, "There is no such endpoint.")),
    };
    Ok(Answer::new(200, SCIM_JSON, body.to_string()))
}

fn provider(quirks: &Quirks, base: &str) -> Value {
    json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"],
        "patch": {"supported": !quirks.put_only},
        "bulk": {"supported": false, "maxOperations": 0, "maxPayloadSize": 0},
        "filter": {"supported": true, "maxResults": quirks.page_limit},
        "changePassword": {"supported": false},
        "sort": {"supported": false},
        "etag": {"supported": quirks.etag_required},
        "authenticationSchemes": [{
            "type": "oauthbearertoken", "name": "OAuth Bearer Token", "description": "A bearer token.", "primary": true,
        }],
        "meta": {"resourceType": "ServiceProviderConfig", "location": format!("{base}/ServiceProviderConfig")},
    })
}

fn resource_type(base: &str) -> Value {
    json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:ResourceType"],
        "id": "User", "name": "User", "endpoint": "/Users", "schema": schema::USER,
        "schemaExtensions": [{"schema": schema::ENTERPRISE, "required": false}],
        "meta": {"resourceType": "ResourceType", "location": format!("{base}/ResourceTypes/User")},
    })
}
