//! Throttling by resource units (Graph documentation: "Identity and access service limits"): a bucket per ten seconds.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::error::Refusal;
use super::graph::Call;
use crate::sandbox::wire::Request;

const WINDOW: Duration = Duration::from_secs(10);

#[derive(Debug, Default)]
pub(super) struct Bucket(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    limit: Option<u32>,
    since: Option<Instant>,
    used: u32,
}

impl Bucket {
    pub(super) fn set_limit(&self, limit: Option<u32>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = State { limit, since: None, used: 0 };
    }

    /// Takes a request's units, or says when to come back. Requests made while throttled keep counting.
    pub(super) fn take(&self, call: Call, request: &Request) -> Result<(), Refusal> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(limit) = state.limit else { return Ok(()) };
        let now = Instant::now();
        if state.since.is_none_or(|since| now - since >= WINDOW) {
            state.since = Some(now);
            state.used = 0;
        }
        state.used = state.used.saturating_add(cost(call, request));
        if state.used <= limit {
            return Ok(());
        }
        let left = WINDOW.saturating_sub(state.since.map_or(Duration::ZERO, |since| now - since));
        let mut refusal = Refusal::new(429, "TooManyRequests", "Please retry again later.");
        refusal.retry_after = Some(left.as_secs().max(1).to_string());
        Err(refusal)
    }
}

/// The documented cost: `$select` saves a unit, `$expand` costs one, a small `$top` saves one, and one is the least.
fn cost(call: Call, request: &Request) -> u32 {
    let base = match call {
        Call::Members { transitive: true, .. } => 5,
        Call::Members { transitive: false, .. } => 3,
        Call::Users | Call::Application => 2,
        _ => 1,
    };
    let saved = u32::from(request.option("$select").is_some())
        + u32::from(request.option("$top").and_then(|top| top.parse::<u32>().ok()).is_some_and(|top| top < 20));
    let extra = u32::from(request.option("$expand").is_some());
    (base + extra).saturating_sub(saved).max(1)
}
