//! Look-ups and lists (RFC 7644 §3.4.2, §3.4.2.4). Reads only.

use serde_json::{Value, json};

use super::State;
use super::error::{Refusal, SCIM_JSON};
use super::filter::Filter;
use super::projection::project;
use super::quirks::Paging;
use super::routes::base;
use crate::sandbox::wire::{Answer, Request};

/// Search and paging (RFC 7644 §3.4.2, §3.4.2.4).
pub(super) fn list(state: &mut State, request: &Request) -> Result<Answer, Refusal> {
    let filter = request.option("filter").map(|text| Filter::parse(&text)).transpose()?;
    let base = base(request);
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
        .map(|account| project(request, account.shown(&state.quirks, &base)))
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
