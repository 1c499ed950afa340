//! A server that fails again and again, or asks to be left alone for long, is left alone for the rest of the run.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use tokio::sync::{Mutex, MutexGuard};

use super::{Answer, Error, Origin, Patience, retry_after};

/// After so many failures in a row requests go one at a time, each waiting for the one before: a few bad records sent
/// at once look like an outage, and must not keep everybody else from being served.
const FAILURES_IN_A_ROW: u32 = 3;
/// So many more are an outage, not bad luck. Together with eight requests under way that makes at most twelve.
const MOST_PROBES: u32 = 2;

/// Counts failures in a row over all requests of one client.
#[derive(Debug, Default)]
pub struct Breaker {
    failures: AtomicU32,
    probes: Mutex<u32>,
    /// A `Retry-After` beyond our patience: nothing sent before then is welcome.
    told_to_wait: OnceLock<Duration>,
}

/// Leave to send one request.
#[derive(Debug)]
pub struct Permit<'a> {
    /// Held by the one request that may be under way to a server that seems to be down.
    probe: Option<MutexGuard<'a, u32>>,
}

impl Breaker {
    /// # Errors
    /// [`Error::LeftAlone`] once the server has failed too often in a row, or asked for a long rest.
    pub async fn admit(&self, origin: &Origin) -> Result<Permit<'_>, Error> {
        let left_alone = |why| Err(Error::LeftAlone { origin: origin.to_string(), why });
        if let Some(wait) = self.told_to_wait.get() {
            return left_alone(format!("asked for a rest of {} seconds", wait.as_secs()));
        }
        if self.failures() < FAILURES_IN_A_ROW {
            return Ok(Permit { probe: None });
        }
        let mut probes = self.probes.lock().await;
        if self.failures() < FAILURES_IN_A_ROW {
            return Ok(Permit { probe: None });
        }
        if *probes >= MOST_PROBES {
            return left_alone(format!("failed {} times in a row", self.failures()));
        }
        *probes += 1;
        Ok(Permit { probe: Some(probes) })
    }

    /// A throttled answer is no failure: `Retry-After` deals with it.
    pub fn note(&self, permit: Permit<'_>, answer: &Result<Answer, Error>, patience: &Patience) {
        let failed = match answer {
            Ok(answer) => answer.status >= 500,
            Err(error) => error.is_transient(),
        };
        if failed {
            self.failures.fetch_add(1, Ordering::Relaxed);
        } else {
            self.failures.store(0, Ordering::Relaxed);
            permit.probe.into_iter().for_each(|mut probes| *probes = 0);
        }
        let asked_for = answer.as_ref().ok().and_then(retry_after);
        if let Some(wait) = asked_for.filter(|wait| *wait > patience.longest_retry_after) {
            // Set before means that another request was told the same.
            let _ = self.told_to_wait.set(wait);
        }
    }

    fn failures(&self) -> u32 {
        self.failures.load(Ordering::Relaxed)
    }
}
