//! What `schedule` says about days, times and cron expressions, with the entry of the list that it is about. Pure.

use super::key::KeyPath;
use crate::schedule::{Schedule, ScheduleMistake, ScheduleSettings};

/// Every mistake of `[schedule]` that its types let pass.
pub fn mistakes(settings: &ScheduleSettings) -> Vec<(KeyPath, String)> {
    let mut found = judged(settings);
    if settings.times.is_some() && settings.days.is_none() && settings.cron.is_none() {
        // Without days the times are not looked at.
        let more = judged(&ScheduleSettings { days: Some("Mon".to_owned()), ..settings.clone() });
        found.extend(more.into_iter().filter(|mistake| mistake.key == "schedule.times"));
    }
    found.into_iter().map(|mistake| (key(settings, &mistake), mistake.message)).collect()
}

fn judged(settings: &ScheduleSettings) -> Vec<ScheduleMistake> {
    // The customer's name decides the jitter only.
    Schedule::new(settings, "").err().unwrap_or_default()
}

/// The key of a mistake; of a list, the entry that the message quotes.
pub fn key(settings: &ScheduleSettings, mistake: &ScheduleMistake) -> KeyPath {
    let key = KeyPath::from(mistake.key.as_str());
    let list = match mistake.key.as_str() {
        "schedule.times" => &settings.times,
        "schedule.cron" => &settings.cron,
        _ => &None,
    };
    let entries = list.iter().flatten();
    match entries.enumerate().find(|(_, entry)| mistake.message.starts_with(&format!("{entry:?}"))) {
        Some((index, _)) => key.index(index),
        None => key,
    }
}
