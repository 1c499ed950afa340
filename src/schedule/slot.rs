//! One moment at which a run is due. Pure.

use chrono::{DateTime, SecondsFormat, Utc};

/// One moment of a schedule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slot {
    /// The moment the schedule names, without jitter. It alone identifies a slot.
    pub at: DateTime<Utc>,
    /// When the run begins: `at` and the customer's jitter.
    pub starts_at: DateTime<Utc>,
    pub kind: SlotKind,
}

/// What is due. Where both fall on one moment, the reconcile is the run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SlotKind {
    Run,
    /// A run that also lists the target.
    Reconcile,
}

impl Slot {
    /// A stable name, the same after every restart and under any jitter: `2026-11-23T20:00:00Z`. Sorts by time.
    pub fn id(&self) -> String {
        self.at.to_rfc3339_opts(SecondsFormat::Secs, true)
    }
}

/// Slots that were due in a stretch of time in which none was run: at least one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Missed {
    pub latest: Slot,
    /// How many, at most [`Missed::COUNTED`].
    pub count: u32,
    /// A reconcile if any of them was one.
    pub kind: SlotKind,
}

impl Missed {
    /// Counting stops here: after a year of downtime nobody needs the exact number.
    pub const COUNTED: u32 = 1_000;
}
