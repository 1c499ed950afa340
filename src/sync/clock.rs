//! The time of a run: where it began, and how long it has taken since by the monotonic clock.

use std::time::Instant;

use chrono::{DateTime, TimeDelta, Utc};

/// Wall-clock jumps during a run do not reach it.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    began: DateTime<Utc>,
    since: Instant,
}

impl Clock {
    pub fn starting_at(began: DateTime<Utc>) -> Self {
        Self { began, since: Instant::now() }
    }

    pub fn began(&self) -> DateTime<Utc> {
        self.began
    }

    pub fn now(&self) -> DateTime<Utc> {
        self.began + TimeDelta::from_std(self.since.elapsed()).unwrap_or_default()
    }
}
