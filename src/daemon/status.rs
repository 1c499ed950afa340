//! The line that `systemctl status` shows. Pure.

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;

use crate::schedule::Slot;

/// A weekday alone is clear for less than a week.
const WEEKDAY_IS_CLEAR: TimeDelta = TimeDelta::days(6);

/// What the loop knows about itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Status {
    /// Since when a run is in progress.
    pub running_since: Option<DateTime<Utc>>,
    /// What the last run said of itself.
    pub last_run: Option<String>,
    /// How many slots the last run skipped by its length.
    pub skipped: u32,
    /// The configuration on disk was refused; an older one is in use.
    pub reload_refused: bool,
}

impl Status {
    /// "next run Mon 07:00; last run 312 people, 4 changes, ok", in the customer's time.
    pub fn line(&self, next: Option<Slot>, zone: Tz, now: DateTime<Utc>) -> String {
        let mut parts = vec![match (self.running_since, next) {
            (Some(since), _) => format!("running since {}", since.with_timezone(&zone).format("%H:%M")),
            (None, Some(slot)) if slot.starts_at <= now => "next run now".to_owned(),
            (None, Some(slot)) => format!("next run {}", moment(slot.starts_at, zone, now)),
            (None, None) => "no run to come".to_owned(),
        }];
        parts.extend(self.last_run.as_ref().map(|text| format!("last run {text}")));
        if self.skipped > 0 {
            parts.push(format!("it took too long: {} skipped", slots(self.skipped)));
        }
        if self.reload_refused {
            parts.push("the configuration on disk is invalid, the one before is in use".to_owned());
        }
        parts.join("; ")
    }
}

/// "1 slot", "3 slots".
pub(super) fn slots(count: u32) -> String {
    if count == 1 { "1 slot".to_owned() } else { format!("{count} slots") }
}

fn moment(at: DateTime<Utc>, zone: Tz, now: DateTime<Utc>) -> String {
    let form = if at - now < WEEKDAY_IS_CLEAR { "%a %H:%M" } else { "%a %-d %b %Y %H:%M" };
    at.with_timezone(&zone).format(form).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schedule::SlotKind;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[track_caller]
    fn check(status: &Status, next: &str, expected: &str) {
        let next = Slot { at: at(next), starts_at: at(next), kind: SlotKind::Run };
        assert_eq!(status.line(Some(next), Tz::Australia__Sydney, at("2026-11-20T05:00:00Z")), expected);
    }

    #[test]
    fn the_line_says_when_the_next_run_is_in_the_customers_time_and_how_the_last_one_went() {
        check(&Status::default(), "2026-11-22T20:00:00Z", "next run Mon 07:00");
        let ran = Status { last_run: Some("312 people, 4 changes, ok".into()), ..Status::default() };
        check(&ran, "2026-11-22T20:00:00Z", "next run Mon 07:00; last run 312 people, 4 changes, ok");
        check(&ran, "2027-01-03T20:00:00Z", "next run Mon 4 Jan 2027 07:00; last run 312 people, 4 changes, ok");
    }

    #[test]
    fn the_line_says_what_is_unusual() {
        let running = Status { running_since: Some(at("2026-11-20T05:00:00Z")), ..Status::default() };
        check(&running, "2026-11-22T20:00:00Z", "running since 16:00");
        let late = Status { last_run: Some("ok".into()), skipped: 1, reload_refused: true, ..Status::default() };
        check(
            &late,
            "2026-11-22T20:00:00Z",
            "next run Mon 07:00; last run ok; it took too long: 1 slot skipped; the configuration on disk is invalid, \
             the one before is in use",
        );
        check(&Status::default(), "2026-11-20T05:00:00Z", "next run now");
        assert_eq!(Status::default().line(None, Tz::UTC, at("2026-11-20T05:00:00Z")), "no run to come");
    }
}
