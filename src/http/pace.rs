//! Requests per minute that a target allows, kept by us rather than enforced by it.

use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::Instant;

/// Spaces requests evenly; the first goes at once.
#[derive(Debug)]
pub struct Pace {
    gap: Duration,
    next: Mutex<Option<Instant>>,
}

impl Pace {
    pub fn unlimited() -> Self {
        Self { gap: Duration::ZERO, next: Mutex::new(None) }
    }

    pub fn per_minute(requests: Option<u32>) -> Self {
        let gap = requests.map_or(Duration::ZERO, |requests| Duration::from_mins(1) / requests.max(1));
        Self { gap, next: Mutex::new(None) }
    }

    /// Waits for the next free place.
    pub async fn wait(&self) {
        if self.gap.is_zero() {
            return;
        }
        let place = {
            let mut next = self.next.lock().await;
            let place = next.map_or_else(Instant::now, |next| next.max(Instant::now()));
            *next = Some(place + self.gap);
            place
        };
        tokio::time::sleep_until(place).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn requests_are_spaced_evenly() {
        let pace = Pace::per_minute(Some(60));
        let start = Instant::now();
        for _ in 0..4 {
            pace.wait().await;
        }
        assert_eq!(start.elapsed().as_secs(), 3);
    }
}
