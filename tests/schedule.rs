//! The schedule against a second opinion: a walk over every minute of years, which knows nothing of cron.

use std::collections::BTreeSet;

use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime, TimeDelta, TimeZone, Timelike, Utc};
use chrono_tz::Tz;
use proptest::prelude::*;
use rollcall::schedule::{Schedule, ScheduleMistake, ScheduleSettings, SlotKind};
use serde_json::{Value, json};

fn try_schedule(settings: &Value) -> Result<Schedule, Vec<ScheduleMistake>> {
    let settings: ScheduleSettings = serde_json::from_value(settings.clone()).expect("settings of the right form");
    Schedule::new(&settings, "acme")
}

fn schedule(settings: &Value) -> Schedule {
    try_schedule(settings).expect("a schedule")
}

fn utc(text: &str) -> DateTime<Utc> {
    text.parse().expect("an instant")
}

/// Wall-clock times of the customer, with the offset.
fn local_slots(schedule: &Schedule, from: &str, count: usize) -> Vec<String> {
    let show = |at: DateTime<Utc>| at.with_timezone(&schedule.zone()).format("%a %d %b %H:%M %z").to_string();
    schedule.slots_after(utc(from)).take(count).map(|slot| show(slot.at)).collect()
}

/// What to expect of a wall clock: either moments that must happen, once each, or times at which it must show something.
enum Pattern {
    /// On these weekdays (Monday = 0) at these times: late if jumped over, once if repeated.
    Fixed(BTreeSet<u32>, Vec<(u32, u32)>),
    /// Whenever the wall clock shows one of these hours and minutes.
    Repeating(BTreeSet<u32>, BTreeSet<u32>),
}

fn brute_force(zone: Tz, years: std::ops::Range<i32>, pattern: &Pattern) -> Vec<DateTime<Utc>> {
    let start = Utc.with_ymd_and_hms(years.start, 1, 1, 0, 0, 0).unwrap();
    let end = Utc.with_ymd_and_hms(years.end, 1, 1, 0, 0, 0).unwrap();
    let mut found = Vec::new();
    let mut instant = start;
    let mut furthest = start.with_timezone(&zone).naive_local();
    while instant < end {
        instant += TimeDelta::minutes(1);
        let wall = instant.with_timezone(&zone).naive_local();
        let hit = match pattern {
            Pattern::Fixed(days, times) => wall > furthest && any_between(furthest, wall, days, times),
            Pattern::Repeating(hours, minutes) => hours.contains(&wall.hour()) && minutes.contains(&wall.minute()),
        };
        furthest = furthest.max(wall);
        if hit {
            found.push(instant);
        }
    }
    found
}

/// Does a moment of the pattern lie after the one and not after the other?
fn any_between(after: NaiveDateTime, until: NaiveDateTime, days: &BTreeSet<u32>, times: &[(u32, u32)]) -> bool {
    let minutes = (until - after).num_minutes();
    (1..=minutes).map(|minute| after + TimeDelta::minutes(minute)).any(|wall| {
        days.contains(&wall.weekday().num_days_from_monday()) && times.contains(&(wall.hour(), wall.minute()))
    })
}

#[track_caller]
fn agree(zone: Tz, years: std::ops::Range<i32>, settings: &mut Value, pattern: &Pattern) {
    settings["timezone"] = json!(zone.name());
    let schedule = schedule(settings);
    let expected = brute_force(zone, years.clone(), pattern);
    let start = Utc.with_ymd_and_hms(years.start, 1, 1, 0, 0, 0).unwrap();
    let slots: Vec<_> = schedule.slots_after(start).map(|slot| slot.at).take(expected.len()).collect();
    let differs = slots.iter().zip(&expected).find(|(slot, expected)| slot != expected);
    assert_eq!(differs, None, "{zone}, {settings}");
    assert_eq!(slots.len(), expected.len(), "{zone}, {settings}");
    // From any instant around a slot, not only from the slot before.
    for pair in expected.windows(2).step_by(397) {
        for seconds in [0, 1, 1800] {
            let instant = pair[0] + TimeDelta::seconds(seconds);
            if instant < pair[1] {
                assert_eq!(schedule.next_after(instant).map(|slot| slot.at), Some(pair[1]), "after {instant}, {zone}");
            }
        }
        assert_eq!(schedule.last_at_or_before(pair[1]).map(|slot| slot.at), Some(pair[1]), "{zone}");
        let before = pair[1] - TimeDelta::seconds(1);
        assert_eq!(schedule.last_at_or_before(before).map(|slot| slot.at), Some(pair[0]), "{zone}");
    }
}

const ZONES: [(Tz, std::ops::Range<i32>); 6] = [
    (Tz::Australia__Sydney, 2026..2028),
    (Tz::Europe__Berlin, 2027..2028),
    (Tz::America__New_York, 2027..2028),
    (Tz::Australia__Lord_Howe, 2027..2028),
    (Tz::Pacific__Apia, 2011..2013),
    // Its summer time begins at midnight, so that a day lacks its first hour.
    (Tz::Asia__Beirut, 2027..2028),
];

#[test]
fn fixed_times_agree_with_a_walk_over_every_minute() {
    let days: BTreeSet<u32> = (0..7).collect();
    let times = vec![(0, 0), (0, 30), (1, 15), (1, 45), (2, 0), (2, 30), (3, 0), (7, 0), (16, 0), (23, 59)];
    let written: Vec<_> = times.iter().map(|(hour, minute)| format!("{hour:02}:{minute:02}")).collect();
    for (zone, years) in ZONES {
        agree(
            zone,
            years,
            &mut json!({"days": "Mon-Sun", "times": written}),
            &Pattern::Fixed(days.clone(), times.clone()),
        );
    }
}

#[test]
fn weekdays_agree_with_a_walk_over_every_minute() {
    let days = BTreeSet::from([0, 4, 5, 6]);
    for (zone, years) in ZONES {
        agree(
            zone,
            years,
            &mut json!({"days": "Fri-Mon", "times": ["02:30"]}),
            &Pattern::Fixed(days.clone(), vec![(2, 30)]),
        );
    }
}

#[test]
fn a_cron_line_of_plain_numbers_is_days_and_times() {
    let times = vec![(1, 30), (2, 30), (3, 30)];
    for (zone, years) in ZONES {
        let days: BTreeSet<u32> = (0..7).collect();
        let pattern = Pattern::Fixed(days, times.clone());
        agree(zone, years.clone(), &mut json!({"cron": ["30 1,2,3 * * *"]}), &pattern);
        agree(zone, years, &mut json!({"cron": ["0 30 1-3 * * Mon-Sun"]}), &pattern);
    }
}

#[test]
fn a_repeating_cron_line_follows_the_wall_clock_minute_by_minute() {
    let all_hours: BTreeSet<u32> = (0..24).collect();
    for (zone, years) in ZONES {
        let third = Pattern::Repeating(all_hours.clone(), BTreeSet::from([0, 20, 40]));
        agree(zone, years.clone(), &mut json!({"cron": ["*/20 * * * *"]}), &third);
        let second_hour = Pattern::Repeating((0..24).step_by(2).collect(), BTreeSet::from([15]));
        agree(zone, years, &mut json!({"cron": ["0 15 */2 * * *"]}), &second_hour);
    }
}

#[test]
fn the_time_of_day_stays_when_summer_time_ends_and_begins() {
    let sydney = schedule(&json!({"timezone": "Australia/Sydney", "days": "Mon-Sun", "times": ["09:00"]}));
    assert_eq!(
        local_slots(&sydney, "2026-04-03T12:00:00Z", 3),
        ["Sat 04 Apr 09:00 +1100", "Sun 05 Apr 09:00 +1000", "Mon 06 Apr 09:00 +1000"]
    );
    assert_eq!(
        local_slots(&sydney, "2026-10-02T12:00:00Z", 3),
        ["Sat 03 Oct 09:00 +1000", "Sun 04 Oct 09:00 +1100", "Mon 05 Oct 09:00 +1100"]
    );
}

#[test]
fn a_time_that_is_jumped_over_happens_at_the_first_instant_after_the_gap_and_a_repeated_one_once() {
    let sydney = schedule(&json!({"timezone": "Australia/Sydney", "days": "Mon-Sun", "times": ["02:30"]}));
    assert_eq!(local_slots(&sydney, "2026-10-03T00:00:00Z", 2), ["Sun 04 Oct 03:00 +1100", "Mon 05 Oct 02:30 +1100"]);
    assert_eq!(local_slots(&sydney, "2026-04-04T00:00:00Z", 2), ["Sun 05 Apr 02:30 +1100", "Mon 06 Apr 02:30 +1000"]);
}

#[test]
fn the_day_that_samoa_left_out_happens_at_once_after_it() {
    let apia = schedule(&json!({"timezone": "Pacific/Apia", "days": "Mon-Fri", "times": ["07:00", "13:00"]}));
    assert_eq!(
        local_slots(&apia, "2011-12-29T20:00:00Z", 4),
        ["Thu 29 Dec 13:00 -1000", "Sat 31 Dec 00:00 +1400", "Mon 02 Jan 07:00 +1400", "Mon 02 Jan 13:00 +1400"]
    );
}

#[test]
fn a_29_february_is_every_four_years() {
    let leap = schedule(&json!({"timezone": "UTC", "cron": ["0 9 29 2 *"]}));
    assert_eq!(local_slots(&leap, "2026-01-01T00:00:00Z", 2), ["Tue 29 Feb 09:00 +0000", "Sun 29 Feb 09:00 +0000"]);
    assert_eq!(
        leap.last_at_or_before(utc("2027-06-01T00:00:00Z")).map(|slot| slot.id()),
        Some("2024-02-29T09:00:00Z".into())
    );
}

#[test]
fn a_day_to_skip_has_no_slots_however_many_it_would_have() {
    let settings =
        json!({"timezone": "Australia/Sydney", "cron": ["* * * * * *"], "skip": ["2026-12-25", "2026-12-26"]});
    let first = schedule(&settings).next_after(utc("2026-12-24T13:00:00Z")).expect("a slot");
    assert_eq!(first.id(), "2026-12-26T13:00:00Z");
    let settings =
        json!({"timezone": "Australia/Sydney", "days": "Mon-Fri", "times": ["07:00"], "skip": ["2026-12-25"]});
    assert_eq!(
        local_slots(&schedule(&settings), "2026-12-23T00:00:00Z", 2),
        ["Thu 24 Dec 07:00 +1100", "Mon 28 Dec 07:00 +1100"]
    );
}

#[test]
fn a_reconcile_is_on_the_same_days_and_takes_the_place_of_a_run_at_its_time() {
    let kinds = |settings: &Value| -> Vec<_> {
        let slots = schedule(settings);
        let slots: Vec<_> = slots.slots_after(utc("2026-11-20T12:00:00Z")).take(3).collect();
        slots.iter().map(|slot| (slot.id(), slot.kind)).collect()
    };
    let monday = |time: &str, kind| (format!("2026-11-23T{time}:00Z"), kind);
    let settings = json!({"timezone": "UTC", "days": "Mon-Fri", "times": ["07:00", "10:00"], "reconcile": "02:30"});
    let expected =
        [monday("02:30", SlotKind::Reconcile), monday("07:00", SlotKind::Run), monday("10:00", SlotKind::Run)];
    assert_eq!(kinds(&settings), expected);
    assert_eq!(kinds(&json!({"timezone": "UTC", "cron": ["0 7,10 * * Mon"], "reconcile": "02:30"})), expected);
    let settings = json!({"timezone": "UTC", "days": "Mon", "times": ["07:00", "10:00"], "reconcile": "07:00"});
    assert_eq!(kinds(&settings)[0], monday("07:00", SlotKind::Reconcile));
    assert_eq!(kinds(&settings)[1], monday("10:00", SlotKind::Run));
}

#[test]
fn jitter_delays_the_start_and_changes_neither_the_slot_nor_its_name() {
    let plain = schedule(&json!({"timezone": "UTC", "days": "Mon", "times": ["07:00"]}));
    let late = schedule(&json!({"timezone": "UTC", "days": "Mon", "times": ["07:00"], "jitter": "1h"}));
    let (one, other) = (plain.next_after(utc("2026-11-20T00:00:00Z")), late.next_after(utc("2026-11-20T00:00:00Z")));
    let (one, other) = (one.expect("a slot"), other.expect("a slot"));
    assert_eq!((one.at, one.id()), (other.at, other.id()));
    assert_eq!(one.starts_at, one.at);
    assert!(other.starts_at > other.at && other.starts_at < other.at + TimeDelta::hours(1));
    // Between its moment and its start it is still to come.
    assert_eq!(late.next_after(other.at), Some(other));
    assert_eq!(late.last_at_or_before(other.starts_at), Some(other));
    assert_ne!(late.last_at_or_before(other.at), Some(other));
}

#[test]
fn what_was_missed_is_the_latest_how_many_and_whether_one_was_a_reconcile() {
    let settings = json!({"timezone": "UTC", "days": "Mon-Fri", "times": ["07:00", "10:00"], "reconcile": "02:30"});
    let schedule = schedule(&settings);
    let missed = schedule.missed(utc("2026-11-23T02:00:00Z"), utc("2026-11-23T10:00:00Z")).expect("slots");
    assert_eq!(
        (missed.latest.id().as_str(), missed.count, missed.kind),
        ("2026-11-23T10:00:00Z", 3, SlotKind::Reconcile)
    );
    let missed = schedule.missed(utc("2026-11-23T02:30:00Z"), utc("2026-11-23T09:59:59Z")).expect("slots");
    assert_eq!((missed.latest.id().as_str(), missed.count, missed.kind), ("2026-11-23T07:00:00Z", 1, SlotKind::Run));
    assert_eq!(schedule.missed(utc("2026-11-23T10:00:00Z"), utc("2026-11-24T02:29:59Z")), None);
    assert_eq!(schedule.missed(utc("2026-11-24T10:00:00Z"), utc("2026-11-23T10:00:00Z")), None);
}

#[test]
fn a_year_of_missed_seconds_is_not_counted_one_by_one() {
    let seconds = schedule(&json!({"timezone": "Australia/Sydney", "cron": ["* * * * * *"]}));
    let missed = seconds.missed(utc("2025-01-01T00:00:00Z"), utc("2026-01-01T00:00:00Z")).expect("slots");
    assert_eq!((missed.latest.id().as_str(), missed.count), ("2026-01-01T00:00:00Z", 1_000));
}

#[track_caller]
fn refused(settings: &Value, key: &str, expected: &str) {
    let mistakes = try_schedule(settings).expect_err("a mistake");
    assert_eq!(mistakes.len(), 1, "{mistakes:?}");
    assert_eq!(mistakes[0].key, key);
    assert!(mistakes[0].message.contains(expected), "{mistakes:?}");
}

#[test]
fn a_wrong_schedule_says_what_to_write() {
    let daily = |days: &str, times: &[&str]| json!({"timezone": "UTC", "days": days, "times": times});
    refused(&daily("Monday-Fri", &["07:00"]), "schedule.days", "write \"Mon\"");
    refused(&daily("Mon-Fri", &["7:00"]), "schedule.times", "\"7:00\" is not a time of day");
    refused(&daily("Mon-Fri", &[]), "schedule.times", "is empty");
    refused(&json!({"timezone": "UTC"}), "schedule.times", "no run would ever start");
    refused(&json!({"timezone": "UTC", "times": ["07:00"]}), "schedule.days", "Mon-Fri");
    refused(&json!({"timezone": "UTC", "days": "Mon"}), "schedule.times", "07:00");
    refused(&json!({"timezone": "UTC", "days": "Mon", "cron": ["0 7 * * *"]}), "schedule.cron", "one or the other");
    let with = |key: &str, value: &str| {
        let mut settings = daily("Mon", &["07:00"]);
        settings[key] = json!(value);
        settings
    };
    refused(&with("reconcile", "2:30"), "schedule.reconcile", "\"2:30\"");
    refused(&with("jitter", "13h"), "schedule.jitter", "at most 12h");
}

#[test]
fn a_wrong_cron_line_says_what_to_write() {
    let refuse = |line: &str, expected: &str| {
        refused(&json!({"timezone": "UTC", "cron": [line]}), "schedule.cron", expected);
    };
    refuse("0 9 * *", "has 4 fields");
    refuse("0 0 9 * * * 2026", "has 7 fields");
    refuse("@daily", "has 1 fields");
    refuse("", "has 0 fields");
    refuse("*/90 * * * *", "beyond the minute");
    refuse("0 */24 * * *", "beyond the hour");
    refuse("0 9 * * MONDAY", "write \"MON\"");
    refuse("0 9 * * Mon-Friday", "write \"FRI\"");
    refuse("0 9 * * FRI-MON", "\"FRI-SAT,SUN-MON\"");
    refuse("0 9 30 2 *", "does not happen within five years");
    refuse("0 61 * * *", "is not a cron expression");
    refuse("0 0/15 * * *", "is not a cron expression");
    refuse("*/0 * * * *", "is not a cron expression");
    refuse("0 9 * * MON-", "is not a cron expression");
}

#[test]
fn every_mistake_is_told_at_once() {
    let settings =
        json!({"timezone": "UTC", "days": "Funday", "times": ["7", "25:00"], "reconcile": "x", "jitter": "2d"});
    let keys: Vec<_> = try_schedule(&settings).expect_err("mistakes").into_iter().map(|mistake| mistake.key).collect();
    assert_eq!(keys, ["schedule.times", "schedule.times", "schedule.days", "schedule.reconcile", "schedule.jitter"]);
}

fn any_schedule() -> impl Strategy<Value = Schedule> {
    let zones = prop::sample::select(vec![
        "Australia/Sydney",
        "Europe/Berlin",
        "Australia/Lord_Howe",
        "America/Havana",
        "Asia/Beirut",
    ]);
    let lines = vec![
        json!({"cron": ["*/20 * * * *"]}),
        json!({"cron": ["30 0,1,2,3 * * *", "0 */3 * * Mon-Fri"], "reconcile": "00:15"}),
        json!({"days": "Mon-Fri", "times": ["00:00", "02:30", "23:45"], "reconcile": "02:30"}),
        json!({"cron": ["0 9 29 2 *"]}),
    ];
    (zones, prop::sample::select(lines), prop::sample::select(vec!["0s", "7m", "3h"])).prop_map(
        |(zone, mut settings, jitter)| {
            settings["timezone"] = json!(zone);
            settings["jitter"] = json!(jitter);
            settings["skip"] = json!(["2026-04-05", "2026-10-04", "2026-10-25", "2026-11-01"]);
            schedule(&settings)
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_next_slot_is_later_not_on_a_day_to_skip_and_nothing_lies_before_it(
        schedule in any_schedule(),
        seconds in 0_i64..3 * 365 * 86_400,
        nanoseconds in 0_i64..1_000_000_000,
    ) {
        let instant = utc("2026-01-01T00:00:00Z") + TimeDelta::seconds(seconds) + TimeDelta::nanoseconds(nanoseconds);
        let next = schedule.next_after(instant).expect("a slot");
        prop_assert!(next.starts_at > instant);
        prop_assert_eq!(next.starts_at.nanosecond(), 0);
        let day = next.at.with_timezone(&schedule.zone()).date_naive();
        prop_assert!(day != NaiveDate::from_ymd_opt(2026, 4, 5).unwrap());
        if let Some(last) = schedule.last_at_or_before(instant) {
            prop_assert!(last.starts_at <= instant);
            prop_assert_eq!(schedule.next_after(last.starts_at), Some(next));
        }
        prop_assert_eq!(schedule.last_at_or_before(next.starts_at), Some(next));
    }
}
