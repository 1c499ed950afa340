//! A server that fails again and again, or asks to be left alone for long, is left alone for the rest of the run.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use super::{Answer, Error, Origin, Patience, retry_after};

/// So many failures in a row are an outage, not bad luck.
const FAILURES_IN_A_ROW: u32 = 5;

/// Counts failures in a row over all requests of one client.
#[derive(Debug, Default)]
pub struct Breaker {
    failures: AtomicU32,
    /// A `Retry-After` beyond our patience: nothing sent before then is welcome.
    told_to_wait: OnceLock<Duration>,
}

impl Breaker {
    /// # Errors
    /// [`Error::LeftAlone`] once the server has failed too often in a row, or asked for a long rest.
    pub fn check(&self, origin: &Origin) -> Result<(), Error> {
        let left_alone = |why| Err(Error::LeftAlone { origin: origin.to_string(), why });
        if let Some(wait) = self.told_to_wait.get() {
            return left_alone(format!("asked for a rest of {} seconds", wait.as_secs()));
        }
        let failures = self.failures.load(Ordering::Relaxed);
        if failures >= FAILURES_IN_A_ROW {
            return left_alone(format!("failed {failures} times in a row"));
        }
        Ok(())
    }

    /// A throttled answer is no failure: `Retry-After` deals with it.
    pub fn note(&self, answer: &Result<Answer, Error>, patience: &Patience) {
        let failed = match answer {
            Ok(answer) => answer.status >= 500,
            Err(error) => error.is_transient(),
        };
        if failed {
            self.failures.fetch_add(1, Ordering::Relaxed);
        } else {
            self.failures.store(0, Ordering::Relaxed);
        }
        let asked_for = answer.as_ref().ok().and_then(retry_after);
        if let Some(wait) = asked_for.filter(|wait| *wait > patience.longest_retry_after) {
            // Set before means that another request was told the same.
            let _ = self.told_to_wait.set(wait);
        }
    }
}
