//! Writes: what must hold before an account is created or changed (RFC 7644 §3.3, §3.5, §3.14).

use serde_json::Value;

use super::State;
use super::document::{self, Document};
use super::error::Refusal;
use super::quirks::Quirks;
use super::routes::{Effect, found, shown, written};
use crate::sandbox::wire::{Answer, Request};

pub(super) fn create(state: &mut State, request: &Request, effect: Effect) -> Result<Answer, Refusal> {
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
    let answer = state.accounts.get(number).map(|account| shown(201, account, &state.quirks, request));
    if effect == Effect::Pretended {
        state.accounts.remove(number);
    }
    let blind = state.quirks.blind_lookups;
    state.accounts.blind(&id, blind);
    answer.ok_or_else(|| Refusal::new(500, format!("{name} was not stored.")))
}

/// Puts a changed document in place of an account's.
pub(super) fn change(state: &mut State, request: &Request, mut after: Document, effect: Effect) -> Result<(), Refusal> {
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
    if effect == Effect::Real {
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

/// RFC 7644 §3.14.
pub(super) fn check_version(state: &State, request: &Request, id: &str) -> Result<(), Refusal> {
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
