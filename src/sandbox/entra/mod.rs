//! A simulated Entra tenant: the token endpoint and Microsoft Graph v1.0 on one server, as strict as the real ones
//! (Graph documentation: errors, paging, advanced queries, `$batch`). Reads the directory, never changes it.

mod applications;
mod batch;
mod error;
mod faults;
mod graph;
mod groups;
mod members;
mod odata;
mod page;
mod throttle;
mod token;
mod users;

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

pub use faults::{Act, Fault, Spot};

use super::counters::Counters;
use super::directory::Directory;
use super::script::Script;
use super::wire::{Answer, Request, Server};

/// The running tenant.
#[derive(Debug)]
pub struct Entra {
    tenant: Arc<Tenant>,
    server: Server,
}

/// What every request to the tenant shares.
#[derive(Debug)]
struct Tenant {
    directory: Directory,
    faults: Script<Spot, Act>,
    counters: Counters,
    tokens: Mutex<HashMap<String, token::Issued>>,
    throttle: throttle::Bucket,
    page_delay_micros: AtomicU64,
}

impl Entra {
    /// Serves this directory on loopback; port 0 takes a free one.
    pub async fn start(directory: Directory, port: u16) -> anyhow::Result<Self> {
        let tenant = Arc::new(Tenant {
            directory,
            faults: Script::default(),
            counters: Counters::default(),
            tokens: Mutex::default(),
            throttle: throttle::Bucket::default(),
            page_delay_micros: AtomicU64::new(0),
        });
        let shared = Arc::clone(&tenant);
        let server = Server::start(port, move |request| answer(Arc::clone(&shared), request)).await?;
        Ok(Self { tenant, server })
    }

    /// Where tokens come from: append `/{tenant}/oauth2/v2.0/token`.
    pub fn login_url(&self) -> String {
        self.server.url()
    }

    /// Graph's base, version included.
    pub fn graph_url(&self) -> String {
        format!("{}/v1.0", self.server.url())
    }

    /// Requests so far by kind: token, group, page, count, user, users, manager, memberOf, checkMemberGroups, batch,
    /// application, organization, other; those inside a batch count under their kind too.
    pub fn counters(&self) -> &Counters {
        &self.tenant.counters
    }

    /// Each page of members takes this long from now on.
    pub fn set_page_delay(&self, delay: Duration) {
        let micros = u64::try_from(delay.as_micros()).unwrap_or(u64::MAX);
        self.tenant.page_delay_micros.store(micros, Ordering::Relaxed);
    }

    /// At most this many resource units in ten seconds, 429 above; none: no limit.
    pub fn set_throttle(&self, units_per_ten_seconds: Option<u32>) {
        self.tenant.throttle.set_limit(units_per_ten_seconds);
    }

    pub fn fault(&self, fault: Fault) {
        self.tenant.faults.arm(fault.armed());
    }

    /// Nothing scripted happens from now on.
    pub fn clear_faults(&self) {
        self.tenant.faults.clear();
    }

    /// Every token handed out so far is refused from now on.
    pub fn expire_tokens(&self) {
        self.tenant.tokens.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// A handle on the tenant's faults and counters. Cheap to clone; clones share.
    pub fn desk(&self) -> Desk {
        Desk(Arc::clone(&self.tenant))
    }

    pub async fn shutdown(self) {
        self.server.shutdown().await;
    }
}

/// What can be reached of the tenant without owning its server.
#[derive(Clone, Debug)]
pub struct Desk(Arc<Tenant>);

impl Desk {
    pub fn fault(&self, fault: Fault) {
        self.0.faults.arm(fault.armed());
    }

    /// Nothing scripted happens from now on.
    pub fn clear_faults(&self) {
        self.0.faults.clear();
    }

    pub fn counters(&self) -> &Counters {
        &self.0.counters
    }
}

async fn answer(tenant: Arc<Tenant>, request: Request) -> Answer {
    match request.segments().as_slice() {
        [directory, "oauth2", "v2.0", "token"] => {
            tenant.counters.add("token");
            let struck = tenant.faults.strike(|spot| matches!(spot, Spot::Token | Spot::Any));
            match struck {
                Some(act) => act.before_token().unwrap_or_else(|| act.upon(token::issue(&tenant, directory, &request))),
                None => token::issue(&tenant, directory, &request),
            }
        }
        _ => graph::answer(&tenant, &request, graph::Place::Alone).await,
    }
}
