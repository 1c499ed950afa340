//! Whether a schedule can be kept: the one place where `settings` asks about days, times and cron expressions. Pure.

use std::str::FromStr as _;

use chrono::NaiveTime;
use croner::parser::{CronParser, Seconds};

use super::key::KeyPath;
use crate::schedule::ScheduleSettings;

/// Every mistake of `[schedule]` that its types let pass.
pub fn mistakes(schedule: &ScheduleSettings) -> Vec<(KeyPath, String)> {
    let top = KeyPath::from("schedule");
    let mut mistakes = forms(schedule, &top);
    for (index, line) in schedule.cron.iter().flatten().enumerate() {
        mistakes.extend(cron(line).err().map(|why| (top.key("cron").index(index), why)));
    }
    for (index, text) in schedule.times.iter().flatten().enumerate() {
        mistakes.extend(time(text).err().map(|why| (top.key("times").index(index), why)));
    }
    if let Some(text) = &schedule.reconcile {
        mistakes.extend(time(text).err().map(|why| (top.key("reconcile"), why)));
    }
    if let Some(days) = &schedule.days {
        mistakes.extend(weekdays(days).err().map(|why| (top.key("days"), why)));
    }
    mistakes
}

fn forms(schedule: &ScheduleSettings, top: &KeyPath) -> Vec<(KeyPath, String)> {
    let one = |key: &str, message: &str| vec![(top.key(key), message.to_owned())];
    let empty = |list: &Option<Vec<String>>| list.as_ref().is_some_and(Vec::is_empty);
    match (&schedule.cron, &schedule.days, &schedule.times) {
        (Some(_), Some(_), _) | (Some(_), _, Some(_)) => {
            one("cron", "found beside days and times, expected either cron, or days and times")
        }
        (None, None, None) => one("times", "missing, expected days and times (or cron): no run would ever start"),
        (None, Some(_), None) => one("times", "missing, expected a list of times such as [\"07:00\", \"13:00\"]"),
        (None, None, Some(_)) => one("days", "missing, expected days such as \"Mon-Fri\""),
        (cron, _, times) if empty(cron) || empty(times) => {
            one(if cron.is_some() { "cron" } else { "times" }, "found an empty list: no run would ever start")
        }
        _ => Vec::new(),
    }
}

fn cron(line: &str) -> Result<(), String> {
    let expected = "a cron expression of 5 fields, or 6 with seconds first, such as \"0 0 7,10,13,16 * * Mon-Fri\"";
    let parser = CronParser::builder().seconds(Seconds::Optional).dom_and_dow(true).build();
    match parser.parse(line) {
        Ok(_) => Ok(()),
        Err(why) => Err(format!("found {line:?}, expected {expected} ({why})")),
    }
}

fn time(text: &str) -> Result<(), String> {
    let shape = text.len() == 5 && text.as_bytes()[2] == b':';
    if shape && NaiveTime::parse_from_str(text, "%H:%M").is_ok() {
        return Ok(());
    }
    Err(format!("found {text:?}, expected a time from \"00:00\" to \"23:59\""))
}

fn weekdays(text: &str) -> Result<(), String> {
    let named = |day: &str| chrono::Weekday::from_str(day.trim()).is_ok();
    let sound = text.split(',').all(|part| match part.split_once('-') {
        Some((first, last)) => named(first) && named(last),
        None => named(part),
    });
    if sound { Ok(()) } else { Err(format!("found {text:?}, expected days such as \"Mon-Fri\" or \"Mon,Wed,Fri\"")) }
}
