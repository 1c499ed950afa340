//! What the daemon does when a slot is due, as the loop sees it: five verbs. No I/O here.

use chrono::{DateTime, TimeDelta, Utc};
use tokio_util::sync::CancellationToken;

use crate::schedule::{Schedule, Slot, SlotKind};

/// A customer's work. Its methods take `&self` because mails are sent and settings reloaded while a run is in progress.
/// Its futures turn in the loop's own thread, so they must not block for long: a run that hangs there is a loop that
/// hangs, and the watchdog's.
pub trait Work: 'static {
    /// The latest slot that was ever claimed (its `at`), from what is kept on disk; `None` before the first start.
    fn last_slot(&self) -> anyhow::Result<Option<DateTime<Utc>>>;

    /// Records on disk that this slot is taken; false if it was before. Every claim must be remembered by the slot's id,
    /// not only the latest: a clock that was years ahead for a minute must neither repeat a slot nor block those to come.
    fn claim_slot(&self, slot: &Slot) -> anyhow::Result<bool>;

    /// One run. Once `stop` is cancelled it has eight seconds to settle what is in flight and return.
    fn run(&self, trigger: Trigger, stop: CancellationToken) -> impl Future<Output = Summary>;

    /// The run of this slot panicked: it is to be recorded and told as a failed run.
    fn run_panicked(&self, trigger: &Trigger);

    /// Called about twice a minute, also while a run is in progress, never twice at once: mails that wait, reminders.
    fn housekeeping(&self, now: DateTime<Utc>, stop: CancellationToken) -> impl Future<Output = ()>;

    /// Reads the configuration again. A run in progress keeps the one it began with. An invalid one changes nothing and
    /// is told to people by the work; the text is for the log.
    fn reload(&self) -> Result<Schedule, String>;
}

/// Why a run happens now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trigger {
    pub slot: Slot,
    /// A reconcile if the slot is one, or one was skipped since the last run.
    pub kind: SlotKind,
    /// Slots without a run before this one: the last run took too long, the clock jumped, or the daemon was down.
    pub skipped: u32,
}

impl Trigger {
    /// A slot that starts this late was missed, and is caught up.
    const LATE: TimeDelta = TimeDelta::seconds(90);

    pub fn is_caught_up(&self, now: DateTime<Utc>) -> bool {
        now - self.slot.starts_at > Self::LATE
    }
}

/// What a run says of itself when it has ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Summary {
    /// For the status line: "312 people, 4 changes, ok", or "failed: the secret has expired". Names no person.
    Ran(String),
    /// State or binding refuses to go on, and a restart would not help: the daemon ends.
    Refused(String),
}

/// How the daemon ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ending {
    /// It was told to: exit code 0.
    Stopped,
    /// A run refused to go on, for this reason: exit code 78.
    Refused(String),
}
