//! A SCIM 2.0 app (RFC 7643, RFC 7644): strict by default, with the habits of real ones as switches.
//! Its accounts can be touched by hand, as an admin of the app would.

mod accounts;
mod auth;
mod change;
mod discovery;
mod document;
mod error;
mod faults;
mod filter;
mod patch;
mod path;
mod projection;
mod quirks;
mod routes;
mod schema;
mod search;
mod writes;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

pub use auth::Auth;
pub use faults::{AppAct, AppFault, AppSpot};
pub use quirks::{Paging, Quirks, Refused};
pub use writes::Write;

use serde_json::Value;

use super::counters::Counters;
use super::script::Script;
use super::wire::Server;
use accounts::Accounts;

/// The running app.
#[derive(Debug)]
pub struct App {
    shop: Arc<Shop>,
    server: Server,
}

/// What every request to the app shares.
#[derive(Debug)]
struct Shop {
    state: Mutex<State>,
    faults: Script<AppSpot, AppAct>,
    counters: Counters,
}

#[derive(Debug)]
struct State {
    accounts: Accounts,
    quirks: Quirks,
    auth: Auth,
    /// Bearer tokens that the app's own token endpoint handed out.
    issued: Vec<String>,
    latency: Duration,
    writes: writes::Log,
}

impl Shop {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl App {
    /// Serves an app without accounts on loopback; port 0 takes a free one.
    pub async fn start(auth: Auth, port: u16) -> anyhow::Result<Self> {
        let state = State {
            accounts: Accounts::default(),
            quirks: Quirks::default(),
            auth,
            issued: Vec::new(),
            latency: Duration::ZERO,
            writes: writes::Log::default(),
        };
        let shop =
            Arc::new(Shop { state: Mutex::new(state), faults: Script::default(), counters: Counters::default() });
        let shared = Arc::clone(&shop);
        let server = Server::start(port, move |request| routes::answer(Arc::clone(&shared), request)).await?;
        Ok(Self { shop, server })
    }

    /// The base of the API.
    pub fn url(&self) -> String {
        format!("{}/scim/v2", self.server.url())
    }

    /// Where OAuth client credentials are exchanged for a bearer token.
    pub fn token_url(&self) -> String {
        format!("{}/oauth/token", self.server.url())
    }

    /// A handle on everything but the server itself. Cheap to clone; clones share.
    pub fn admin(&self) -> AppAdmin {
        AppAdmin(Arc::clone(&self.shop))
    }

    pub async fn shutdown(self) {
        self.server.shutdown().await;
    }
}

/// What an admin of the app, or the author of a test, can see and do.
#[derive(Clone, Debug)]
pub struct AppAdmin(Arc<Shop>);

impl AppAdmin {
    /// Changes habits, for example `admin.quirks(|quirks| quirks.patch_answers_empty = true)`.
    pub fn quirks(&self, change: impl FnOnce(&mut Quirks)) {
        change(&mut self.0.state().quirks);
    }

    pub fn set_auth(&self, auth: Auth) {
        self.0.state().auth = auth;
    }

    /// Each request takes this long from now on.
    pub fn set_latency(&self, latency: Duration) {
        self.0.state().latency = latency;
    }

    pub fn fault(&self, fault: AppFault) {
        self.0.faults.arm(fault.armed());
    }

    pub fn clear_faults(&self) {
        self.0.faults.clear();
    }

    /// Requests so far by kind: lookup, list, read, create, patch, put, delete, config, token, other.
    pub fn counters(&self) -> &Counters {
        &self.0.counters
    }

    /// Every write that was received, in order; the oldest are forgotten beyond 50,000.
    pub fn writes(&self) -> Vec<Write> {
        self.0.state().writes.all()
    }

    pub fn clear_writes(&self) {
        self.0.state().writes.clear();
    }

    /// Every account as SCIM shows it, in the order of creation.
    pub fn accounts(&self) -> Vec<Value> {
        let state = self.0.state();
        state.accounts.all().map(|account| account.shown(&state.quirks, "")).collect()
    }

    pub fn len(&self) -> usize {
        self.0.state().accounts.len()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// One account by id or userName.
    pub fn account(&self, key: &str) -> Option<Value> {
        let state = self.0.state();
        let number = state.accounts.find(key)?;
        state.accounts.get(number).map(|account| account.shown(&state.quirks, ""))
    }

    /// An account that somebody made by hand; answers with its id.
    pub fn seed(&self, resource: &Value) -> anyhow::Result<String> {
        let mut state = self.0.state();
        let document = document::lenient(resource)?;
        let odd = state.quirks.odd_ids;
        Ok(state.accounts.insert(document, odd))
    }

    /// An admin of the app sets attributes by hand (top level; null removes), `active` included.
    pub fn edit(&self, key: &str, attributes: &Value) -> anyhow::Result<()> {
        let mut state = self.0.state();
        let number =
            state.accounts.find(key).ok_or_else(|| anyhow::anyhow!("the sandbox's app has no account {key}"))?;
        let mut document = state.accounts.get(number).map(accounts::Account::document).unwrap_or_default();
        for (name, value) in attributes.as_object().into_iter().flatten() {
            if value.is_null() {
                document.remove(name);
            } else {
                document.insert(name.clone(), value.clone());
            }
        }
        state.accounts.replace(number, &document);
        Ok(())
    }

    pub fn set_active(&self, key: &str, active: bool) -> anyhow::Result<()> {
        self.edit(key, &serde_json::json!({"active": active}))
    }

    /// An admin of the app deletes an account.
    pub fn delete(&self, key: &str) -> anyhow::Result<()> {
        let mut state = self.0.state();
        let number =
            state.accounts.find(key).ok_or_else(|| anyhow::anyhow!("the sandbox's app has no account {key}"))?;
        state.accounts.remove(number);
        Ok(())
    }
}
