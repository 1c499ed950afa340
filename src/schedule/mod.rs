//! When runs are due: slots in the customer's time zone, right through every change to and from summer time.
//! Pure: no clock; an instant is an argument.

mod days;
mod jitter;
mod line;
mod settings;
mod slot;
mod zone;

use std::collections::BTreeSet;

use chrono::{DateTime, NaiveDate, SubsecRound, TimeDelta, Utc};
use chrono_tz::Tz;

pub use settings::ScheduleSettings;
pub use slot::{Missed, Slot, SlotKind};

use crate::model::Span;
use line::Line;

/// Longer than this from a slot to the next, and there is none.
const HORIZON: TimeDelta = TimeDelta::days(5 * 366);

/// A start that is spread over more than this is on another part of the day than the operator wrote.
const LONGEST_JITTER: Span = Span::of_seconds(12 * 3_600);

/// When a customer's runs are due. A fixed time of day happens once on a day that has it twice, and at the first instant
/// after a gap on a day that has it not at all; slots only ever move forward.
#[derive(Clone, Debug)]
pub struct Schedule {
    zone: Tz,
    lines: Vec<Line>,
    skip: BTreeSet<NaiveDate>,
    delay: TimeDelta,
    catch_up: bool,
}

/// What is wrong with one key of `[schedule]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScheduleMistake {
    /// For example `schedule.times`.
    pub key: String,
    /// What was found, what was expected.
    pub message: String,
}

impl Schedule {
    /// The schedule an operator wrote for this customer (whose name decides the jitter), or every mistake in it.
    pub fn new(settings: &ScheduleSettings, customer: &str) -> Result<Self, Vec<ScheduleMistake>> {
        let mut mistakes = Vec::new();
        let runs = run_lines(settings, &mut mistakes);
        let lines = with_reconcile(runs, settings.reconcile.as_deref(), &mut mistakes);
        if settings.jitter > LONGEST_JITTER {
            let message = format!("{} is too long for a jitter; at most {LONGEST_JITTER}", settings.jitter);
            mistakes.push(mistake("jitter", message));
        }
        if !mistakes.is_empty() {
            return Err(mistakes);
        }
        Ok(Self {
            zone: settings.timezone,
            lines,
            skip: settings.skip.iter().copied().collect(),
            delay: jitter::delay(settings.jitter, customer),
            catch_up: settings.catch_up,
        })
    }

    pub fn zone(&self) -> Tz {
        self.zone
    }

    /// Whether a slot that was missed while the daemon was down is run at its start.
    pub fn catch_up(&self) -> bool {
        self.catch_up
    }

    /// When the slot of this moment starts: with the customer's jitter.
    pub fn start_of(&self, at: DateTime<Utc>) -> DateTime<Utc> {
        at + self.delay
    }

    /// The first slot that *starts* after this instant.
    pub fn next_after(&self, instant: DateTime<Utc>) -> Option<Slot> {
        self.next_among(instant, |_| true)
    }

    /// The slots that start after this instant, each later than the one before.
    pub fn slots_after(&self, instant: DateTime<Utc>) -> impl Iterator<Item = Slot> + '_ {
        std::iter::successors(self.next_after(instant), |slot| self.next_after(slot.starts_at))
    }

    /// The last slot that started at this instant or before it, within five years.
    pub fn last_at_or_before(&self, instant: DateTime<Utc>) -> Option<Slot> {
        let until = instant.trunc_subsecs(0);
        let started = |from: DateTime<Utc>| self.next_after(from).filter(|slot| slot.starts_at <= until);
        let mut found = started(until - HORIZON)?;
        // Before the last slot there is always one to come, from it on there is none: halve the stretch until it is found.
        let mut none_after = until;
        while found.starts_at < none_after {
            let middle = found.starts_at + TimeDelta::seconds((none_after - found.starts_at).num_seconds() / 2);
            match started(middle) {
                Some(later) => found = later,
                None => none_after = middle,
            }
        }
        Some(found)
    }

    /// The slots that started after the one instant and not after the other.
    pub fn missed(&self, after: DateTime<Utc>, until: DateTime<Utc>) -> Option<Missed> {
        let latest = self.last_at_or_before(until).filter(|slot| slot.starts_at > after)?;
        let passed = self.slots_after(after).take_while(|slot| slot.starts_at <= until);
        let count = passed.zip(1..=Missed::COUNTED).last().map_or(1, |(_, number)| number);
        let reconcile = self.next_among(after, |line| line.kind == SlotKind::Reconcile);
        let kind = match reconcile {
            Some(slot) if slot.starts_at <= until => SlotKind::Reconcile,
            _ => SlotKind::Run,
        };
        Some(Missed { latest, count, kind })
    }

    fn next_among(&self, instant: DateTime<Utc>, wanted: impl Fn(&Line) -> bool) -> Option<Slot> {
        let mut from = instant.checked_sub_signed(self.delay)?.with_timezone(&self.zone);
        let horizon = from.checked_add_signed(HORIZON)?;
        loop {
            let next = |line: &Line| line.next_after(&from).map(|at| (at, std::cmp::Reverse(line.kind)));
            let (at, std::cmp::Reverse(kind)) = self.lines.iter().filter(|line| wanted(line)).filter_map(next).min()?;
            if at > horizon {
                return None;
            }
            if !self.skip.contains(&at.date_naive()) {
                let at = at.to_utc();
                return Some(Slot { at, starts_at: at.checked_add_signed(self.delay)?, kind });
            }
            // A day may hold thousands of slots: go to its end at once, but never back.
            from = zone::just_before(self.zone, at.date_naive().succ_opt()?)?.max(at);
        }
    }
}

fn mistake(key: &str, message: String) -> ScheduleMistake {
    ScheduleMistake { key: format!("schedule.{key}"), message }
}

fn run_lines(settings: &ScheduleSettings, mistakes: &mut Vec<ScheduleMistake>) -> Vec<Line> {
    match (&settings.cron, &settings.days, &settings.times) {
        (Some(lines), None, None) => cron_lines(lines, mistakes),
        (None, Some(days), Some(times)) => daily_lines(days, times, mistakes),
        (Some(_), _, _) => {
            mistakes.push(mistake("cron", "takes the place of days and times; write one or the other".to_owned()));
            Vec::new()
        }
        (None, None, None) => {
            let message = "no run would ever start; write days = \"Mon-Fri\" and times = [\"07:00\", \"13:00\"]";
            mistakes.push(mistake("times", message.to_owned()));
            Vec::new()
        }
        (None, None, Some(_)) => {
            mistakes.push(mistake("days", "is missing; say on which days, for example \"Mon-Fri\"".to_owned()));
            Vec::new()
        }
        (None, Some(_), None) => {
            mistakes.push(mistake("times", "is missing; say when on these days, for example [\"07:00\"]".to_owned()));
            Vec::new()
        }
    }
}

fn cron_lines(lines: &[String], mistakes: &mut Vec<ScheduleMistake>) -> Vec<Line> {
    if lines.is_empty() {
        mistakes.push(mistake("cron", "is empty; no run would ever start".to_owned()));
    }
    noting("cron", lines.iter().map(|line| Line::parse(line)), mistakes)
}

fn daily_lines(days: &str, times: &[String], mistakes: &mut Vec<ScheduleMistake>) -> Vec<Line> {
    if times.is_empty() {
        mistakes.push(mistake("times", "is empty; no run would ever start".to_owned()));
    }
    let times = noting("times", times.iter().map(|text| days::time(text)), mistakes);
    match days::weekdays(days) {
        Ok(days) => {
            let days = Vec::from_iter(days);
            times.into_iter().map(|time| Line::weekly(&days, time, SlotKind::Run)).collect()
        }
        Err(message) => {
            mistakes.push(mistake("days", message));
            Vec::new()
        }
    }
}

/// A reconcile happens on the days of the runs, once on each.
fn with_reconcile(mut lines: Vec<Line>, time: Option<&str>, mistakes: &mut Vec<ScheduleMistake>) -> Vec<Line> {
    let Some(time) = noting("reconcile", time.into_iter().map(days::time), mistakes).pop() else { return lines };
    let mut reconciles: Vec<Line> = lines.iter().map(|line| line.reconcile_at(time)).collect();
    reconciles.dedup_by(|one, other| one.days == other.days);
    lines.extend(reconciles);
    lines
}

/// The good ones; the others become mistakes of this key.
fn noting<T>(
    key: &str,
    results: impl Iterator<Item = Result<T, String>>,
    mistakes: &mut Vec<ScheduleMistake>,
) -> Vec<T> {
    let mut good = Vec::new();
    for result in results {
        match result {
            Ok(value) => good.push(value),
            Err(message) => mistakes.push(mistake(key, message)),
        }
    }
    good
}
