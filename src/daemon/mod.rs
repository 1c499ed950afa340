//! The long-running loop: waits for slots, runs them one at a time, tells systemd how it is. Knows nothing of what a run
//! is; the work does. The one place that reads the clock to decide what is due is [`now`].

mod alarm;
mod controls;
mod keeper;
mod notifier;
mod status;
mod task;
mod timetable;
mod work;

use std::sync::Arc;

use chrono::{DateTime, Utc};

pub use controls::Controls;
pub use notifier::Notifier;
pub use work::{Ending, Summary, Trigger, Work};

use crate::schedule::Schedule;
use keeper::Keeper;

/// Runs the work on its schedule until it is told to stop, or refuses to go on.
///
/// A slot is run at most once, two runs are never at work together, and what was missed is one run, not many.
/// READY=1 is sent before the first run. An error means that nothing was started.
pub async fn run<W: Work>(schedule: Schedule, work: Arc<W>, controls: Controls) -> anyhow::Result<Ending> {
    Ok(Keeper::start(schedule, work, controls).await?.keep().await)
}

fn now() -> DateTime<Utc> {
    Utc::now()
}
