//! Which slot is due, whatever the clock does: the daemon's own bookkeeping. Pure: the clock's value is an argument.

use chrono::{DateTime, TimeDelta, Utc};

use super::Trigger;
use crate::schedule::{Missed, Schedule, Slot, SlotKind};

/// A clock that is corrected by less than this has not been set back.
const CORRECTION: TimeDelta = TimeDelta::seconds(2);

/// The schedule, and how far it is dealt with.
#[derive(Debug)]
pub(super) struct Timetable {
    schedule: Schedule,
    /// Slots that start up to here were run, were skipped, or are none of our business.
    settled_until: DateTime<Utc>,
    /// What the clock showed last.
    seen: DateTime<Utc>,
    /// What was skipped since the last run.
    skipped: u32,
    owes_reconcile: bool,
}

impl Timetable {
    /// At the daemon's start: with an earlier slot on record, what was missed since is due once; a first start has
    /// missed nothing. A record from the future is a clock that was wrong: the latest slot is due, if it was not run.
    pub fn new(schedule: Schedule, last_slot: Option<DateTime<Utc>>, now: DateTime<Utc>) -> Self {
        let settled_until = match last_slot {
            Some(at) if schedule.catch_up() && at <= now => schedule.start_of(at).min(now),
            Some(_) if schedule.catch_up() => {
                let latest = schedule.last_at_or_before(now);
                latest.map_or(now, |slot| slot.starts_at - TimeDelta::seconds(1))
            }
            _ => now,
        };
        Self { schedule, settled_until, seen: now, skipped: 0, owes_reconcile: false }
    }

    pub fn schedule(&self) -> &Schedule {
        &self.schedule
    }

    /// To be called with every reading of the clock. True if it was set back: then slots come again, and the record of
    /// claimed slots says which of them were run.
    pub fn was_set_back(&mut self, now: DateTime<Utc>) -> bool {
        let set_back = now < self.seen - CORRECTION;
        if set_back {
            self.settled_until = self.settled_until.min(now);
        }
        self.seen = now;
        set_back
    }

    /// The slot that is due, if any: the latest one, in the name of all that were passed over.
    pub fn due(&self, now: DateTime<Utc>) -> Option<Trigger> {
        let Missed { latest, count, kind } = self.passed(now)?;
        let kind = if self.owes_reconcile { SlotKind::Reconcile } else { kind };
        Some(Trigger { slot: latest, kind, skipped: self.skipped.saturating_add(count - 1) })
    }

    /// This slot's run begins.
    pub fn begun(&mut self, trigger: &Trigger) {
        self.settled_until = trigger.slot.starts_at;
        self.skipped = 0;
        self.owes_reconcile = false;
    }

    /// This slot was run before, so that nothing is due in its place.
    pub fn was_run_before(&mut self, slot: &Slot) {
        self.settled_until = slot.starts_at;
    }

    /// A run ended: what came due meanwhile is skipped, and made up for by the next run.
    pub fn run_ended(&mut self, now: DateTime<Utc>) -> Option<Missed> {
        let missed = self.passed(now)?;
        self.settled_until = missed.latest.starts_at;
        self.skipped = self.skipped.saturating_add(missed.count);
        self.owes_reconcile |= missed.kind == SlotKind::Reconcile;
        Some(missed)
    }

    /// A new schedule says nothing about the time before it.
    pub fn replace(&mut self, schedule: Schedule, now: DateTime<Utc>) {
        self.schedule = schedule;
        self.settled_until = now;
    }

    /// The next slot to wait for.
    pub fn next(&self) -> Option<Slot> {
        self.schedule.next_after(self.settled_until)
    }

    fn passed(&self, now: DateTime<Utc>) -> Option<Missed> {
        self.next().filter(|slot| slot.starts_at <= now)?;
        self.schedule.missed(self.settled_until, now)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;
    use crate::schedule::ScheduleSettings;

    fn schedule(settings: Value) -> Schedule {
        let settings: ScheduleSettings = serde_json::from_value(settings).unwrap();
        Schedule::new(&settings, "acme").unwrap()
    }

    fn weekdays() -> Schedule {
        schedule(json!({
            "timezone": "UTC", "days": "Mon-Fri", "times": ["07:00", "10:00", "13:00"], "reconcile": "02:30"
        }))
    }

    /// Monday 23 November 2026 at this time.
    fn monday(time: &str) -> DateTime<Utc> {
        format!("2026-11-23T{time}:00Z").parse().unwrap()
    }

    #[track_caller]
    fn check(table: &Timetable, now: DateTime<Utc>, expected: Option<(DateTime<Utc>, SlotKind, u32)>) {
        let due = table.due(now).map(|trigger| (trigger.slot.at, trigger.kind, trigger.skipped));
        assert_eq!(due, expected, "at {now}");
    }

    #[test]
    fn a_first_start_has_missed_nothing() {
        let table = Timetable::new(weekdays(), None, monday("11:00"));
        check(&table, monday("11:00"), None);
        check(&table, monday("12:59"), None);
        check(&table, monday("13:00"), Some((monday("13:00"), SlotKind::Run, 0)));
    }

    #[test]
    fn what_was_missed_while_down_is_one_run_and_a_reconcile_if_one_was_missed() {
        let friday = "2026-11-20T13:00:00Z".parse().unwrap();
        let mut table = Timetable::new(weekdays(), Some(friday), monday("11:00"));
        check(&table, monday("11:00"), Some((monday("10:00"), SlotKind::Reconcile, 2)));
        table.begun(&table.due(monday("11:00")).unwrap());
        assert_eq!(table.run_ended(monday("11:05")), None);
        check(&table, monday("11:05"), None);
        check(&table, monday("13:00"), Some((monday("13:00"), SlotKind::Run, 0)));
    }

    #[test]
    fn nothing_was_missed_since_the_slot_on_record() {
        let table = Timetable::new(weekdays(), Some(monday("10:00")), monday("11:00"));
        check(&table, monday("11:00"), None);
    }

    #[test]
    fn without_catch_up_a_start_waits_for_the_next_slot() {
        let hourly = schedule(json!({"timezone": "UTC", "cron": ["0 * * * *"], "catch_up": false}));
        let table = Timetable::new(hourly, Some(monday("07:00")), monday("11:30"));
        check(&table, monday("11:30"), None);
        check(&table, monday("12:00"), Some((monday("12:00"), SlotKind::Run, 0)));
    }

    #[test]
    fn a_record_from_the_future_makes_the_latest_slot_due_and_blocks_none() {
        let next_year = "2027-11-22T10:00:00Z".parse().unwrap();
        let table = Timetable::new(weekdays(), Some(next_year), monday("11:00"));
        check(&table, monday("11:00"), Some((monday("10:00"), SlotKind::Run, 0)));
    }

    #[test]
    fn slots_during_a_long_run_are_skipped_and_the_next_run_makes_up_for_them() {
        let mut table = Timetable::new(weekdays(), None, monday("01:00") - TimeDelta::days(3));
        table.begun(&table.due("2026-11-20T13:00:00Z".parse().unwrap()).unwrap());
        let missed = table.run_ended(monday("07:10")).unwrap();
        assert_eq!((missed.latest.at, missed.count), (monday("07:00"), 2));
        check(&table, monday("09:59"), None);
        check(&table, monday("10:00"), Some((monday("10:00"), SlotKind::Reconcile, 2)));
        table.begun(&table.due(monday("10:00")).unwrap());
        assert_eq!(table.run_ended(monday("10:05")), None);
        check(&table, monday("13:00"), Some((monday("13:00"), SlotKind::Run, 0)));
    }

    #[test]
    fn a_clock_that_jumps_ahead_a_year_is_one_run_and_one_that_is_set_right_again_loses_no_slot() {
        let mut table = Timetable::new(weekdays(), None, monday("11:00"));
        let ahead = monday("11:00") + TimeDelta::days(364);
        assert!(!table.was_set_back(ahead));
        let trigger = table.due(ahead).unwrap();
        assert_eq!(trigger.skipped, Missed::COUNTED - 1);
        table.begun(&trigger);
        assert_eq!(table.run_ended(ahead), None);
        check(&table, ahead, None);

        assert!(table.was_set_back(monday("11:01")));
        check(&table, monday("11:01"), None);
        check(&table, monday("13:00"), Some((monday("13:00"), SlotKind::Run, 0)));
    }

    #[test]
    fn a_correction_of_a_second_is_no_step_back() {
        let mut table = Timetable::new(weekdays(), None, monday("13:00"));
        assert!(!table.was_set_back(monday("13:00") - TimeDelta::seconds(1)));
        check(&table, monday("13:00"), None);
    }

    #[test]
    fn a_new_schedule_says_nothing_about_the_time_before_it() {
        let mut table = Timetable::new(weekdays(), None, monday("11:00"));
        table.replace(schedule(json!({"timezone": "UTC", "cron": ["0 * * * *"]})), monday("11:30"));
        check(&table, monday("11:30"), None);
        check(&table, monday("12:00"), Some((monday("12:00"), SlotKind::Run, 0)));
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn whatever_the_clock_does_no_slot_runs_twice_and_slots_only_move_forward_while_it_does(
            readings in prop::collection::vec((-200_000_i64..200_000, any::<bool>()), 1..200),
            every_20_minutes in any::<bool>(),
        ) {
            let schedule = if every_20_minutes {
                schedule(json!({"timezone": "Australia/Lord_Howe", "cron": ["*/20 * * * *"], "jitter": "7m"}))
            } else {
                weekdays()
            };
            let mut now = monday("11:00");
            let mut table = Timetable::new(schedule, None, now);
            let mut claimed = BTreeSet::new();
            let mut last = None;
            for (step, jump) in readings {
                now += TimeDelta::seconds(if jump { step } else { step.abs() / 100 });
                if table.was_set_back(now) {
                    last = None;
                }
                let Some(trigger) = table.due(now) else { continue };
                prop_assert!(trigger.slot.starts_at <= now);
                if claimed.insert(trigger.slot.id()) {
                    prop_assert!(last < Some(trigger.slot.at));
                    last = Some(trigger.slot.at);
                    table.begun(&trigger);
                } else {
                    table.was_run_before(&trigger.slot);
                }
                prop_assert_eq!(table.due(now), None, "one look, one run");
            }
        }
    }
}
