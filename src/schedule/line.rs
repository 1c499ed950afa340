//! One line of a schedule: a cron pattern that was checked, and the instants it names. Pure; the only file that knows croner.

use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, Timelike};
use chrono_tz::Tz;
use croner::Cron;
use croner::parser::{CronParser, Seconds, Year};

use super::SlotKind;
use super::days;
use super::zone::first_instant;

/// A pattern of the wall clock.
#[derive(Clone, Debug)]
pub(super) struct Line {
    cron: Cron,
    /// Its seconds, minutes and hours are plain numbers: such a line happens once in an hour that is repeated and, if its
    /// time is jumped over, at the first instant after the gap. One with `*` or `/` in them repeats all the time: it
    /// happens whenever the wall clock shows the right time.
    fixed: bool,
    /// Its day of the month, month and weekday, as written.
    pub days: [String; 3],
    pub kind: SlotKind,
}

/// A pattern that does not happen within five years from here is a mistake. A constant, so that a file that is right today
/// is right tomorrow; these five years hold a 29 February.
const FIRST_YEAR: i32 = 2026;

/// The names of the six fields and the largest step that means something.
const FIELDS: [(&str, u32); 6] =
    [("second", 59), ("minute", 59), ("hour", 23), ("day of the month", 31), ("month", 12), ("weekday", 7)];

impl Line {
    /// A line as an operator writes it: 5 fields, or 6 with seconds first.
    pub fn parse(text: &str) -> Result<Self, String> {
        let fields = fields(text)?;
        steps_make_sense(&fields)?;
        weekdays_make_sense(fields[5])?;
        Self::of_fields(&fields, SlotKind::Run)
            .map_err(|why| format!("{text:?} is not a cron expression: {why}"))?
            .happens(text)
    }

    /// Every week on these days (Sunday = 0) at this time.
    pub fn weekly(days: &[u8], time: NaiveTime, kind: SlotKind) -> Self {
        let days = days.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
        let (minute, hour) = (time.minute().to_string(), time.hour().to_string());
        Self::of_fields(&["0", &minute, &hour, "*", "*", &days], kind).expect("made of checked numbers")
    }

    /// A reconcile on the days of this line, at this time.
    pub fn reconcile_at(&self, time: NaiveTime) -> Self {
        let (minute, hour) = (time.minute().to_string(), time.hour().to_string());
        let [day, month, weekday] = self.days.each_ref().map(String::as_str);
        Self::of_fields(&["0", &minute, &hour, day, month, weekday], SlotKind::Reconcile)
            .expect("made of checked fields")
    }

    /// The first instant after this one that the line names.
    pub fn next_after(&self, instant: &DateTime<Tz>) -> Option<DateTime<Tz>> {
        if !self.fixed {
            return self.cron.find_next_occurrence(instant, false).ok();
        }
        // Whatever the wall clock shows by now has happened; the loop passes over what it shows a second time.
        let mut wall = instant.naive_local();
        loop {
            wall = self.cron.find_next_occurrence(&wall, false).ok()?;
            let next = first_instant(instant.timezone(), wall)?;
            if next > *instant {
                return Some(next);
            }
        }
    }

    fn of_fields(fields: &[&str; 6], kind: SlotKind) -> Result<Self, String> {
        let cron = CronParser::builder()
            .seconds(Seconds::Required)
            .year(Year::Disallowed)
            .build()
            .parse(&fields.join(" "))
            .map_err(|why| why.to_string())?;
        let fixed = fields.iter().take(3).all(|field| !field.contains(['*', '/']));
        let days = [fields[3], fields[4], fields[5]].map(str::to_owned);
        Ok(Self { cron, fixed, days, kind })
    }

    fn happens(self, text: &str) -> Result<Self, String> {
        let start = NaiveDate::from_ymd_opt(FIRST_YEAR, 1, 1).expect("a date").and_time(NaiveTime::MIN);
        let soon =
            self.cron.find_next_occurrence(&start, true).is_ok_and(|next| next < start + TimeDelta::days(5 * 365));
        soon.then_some(self)
            .ok_or_else(|| format!("{text:?} does not happen within five years; no run would ever start"))
    }
}

/// Seconds, minute, hour, day of the month, month, weekday.
fn fields(text: &str) -> Result<[&str; 6], String> {
    let fields: Vec<&str> = text.split_whitespace().collect();
    match *fields.as_slice() {
        [minute, hour, day, month, weekday] => Ok(["0", minute, hour, day, month, weekday]),
        [second, minute, hour, day, month, weekday] => Ok([second, minute, hour, day, month, weekday]),
        _ => Err(format!(
            "{text:?} has {} fields; a cron expression has 5 (minute hour day month weekday), or 6 with seconds first, \
             for example \"0 7,13 * * Mon-Fri\"",
            fields.len()
        )),
    }
}

/// croner takes `*/90` for `0`.
fn steps_make_sense(fields: &[&str; 6]) -> Result<(), String> {
    for (field, (name, largest)) in fields.iter().zip(FIELDS) {
        for step in field.split(',').filter_map(|item| item.split_once('/')).map(|(_, step)| step) {
            if step.parse::<u32>().is_ok_and(|step| step > largest) {
                return Err(format!(
                    "{field:?} steps beyond the {name}, whose largest step is {largest}; write each {name} instead"
                ));
            }
        }
    }
    Ok(())
}

fn weekdays_make_sense(field: &str) -> Result<(), String> {
    for item in field.trim_start_matches('+').split(',') {
        for word in item.split(['-', '#', '/']).filter(|word| word.len() > 3) {
            if let Some(short) = days::short_name(word) {
                return Err(format!("{word:?} is too long for a weekday here; write {:?}", short.to_uppercase()));
            }
        }
        if let Some((first, last)) = item.split_once('-').filter(|range| wraps(*range)) {
            return Err(format!(
                "{item:?} goes over the end of the week; write two ranges: \"{first}-SAT,SUN-{last}\""
            ));
        }
    }
    Ok(())
}

fn wraps((first, last): (&str, &str)) -> bool {
    let number = |word: &str| word.parse::<u8>().ok().or_else(|| days::weekdays(word).ok()?.first().copied());
    let (Some(first), Some(last)) = (number(first), number(last)) else { return false };
    // A week may end with Sunday: Mon-Sun is no wrap.
    last < first && last != 0
}
