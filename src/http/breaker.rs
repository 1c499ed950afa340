//! A server that fails again and again is left alone for the rest of the run.

use std::sync::atomic::{AtomicU32, Ordering};

use super::{Answer, Error, Origin};

/// So many failures in a row are an outage, not bad luck.
const FAILURES_IN_A_ROW: u32 = 5;

/// Counts failures in a row over all requests of one client.
#[derive(Debug, Default)]
pub struct Breaker {
    failures: AtomicU32,
}

impl Breaker {
    /// # Errors
    /// [`Error::LeftAlone`] once the server has failed too often in a row.
    pub fn check(&self, origin: &Origin) -> Result<(), Error> {
        let failures = self.failures.load(Ordering::Relaxed);
        if failures < FAILURES_IN_A_ROW {
            return Ok(());
        }
        Err(Error::LeftAlone { origin: origin.to_string(), failures })
    }

    /// A throttled answer is no failure: `Retry-After` deals with it.
    pub fn note(&self, answer: &Result<Answer, Error>) {
        let failed = match answer {
            Ok(answer) => answer.status >= 500,
            Err(error) => error.is_transient(),
        };
        if failed {
            self.failures.fetch_add(1, Ordering::Relaxed);
        } else {
            self.failures.store(0, Ordering::Relaxed);
        }
    }
}
