//! What is to be told now, given what was told before: news at once, reminders ever more rarely, the end once. Pure.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Datelike, Timelike, Utc, Weekday};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

use super::{Incident, Report, Told, Topic, incidents};

/// More mails a day than this are read by nobody: the rest waits for the evening, or the next day.
pub const LETTERS_A_DAY: u32 = 6;

/// From this hour on, one letter more may go out, with everything that was folded.
const EVENING: u32 = 18;

/// An incident that was noticed before and is not over.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OpenIncident {
    pub incident: Incident,
    /// What the last mail about it said; meaningless while `mails_sent` is 0.
    pub told: Told,
    pub last_mailed_at: Option<DateTime<Utc>>,
    /// Zero: noticed, but not told yet (the daily maximum was reached).
    pub mails_sent: u32,
}

impl OpenIncident {
    /// The first notice of an incident, before any mail about it.
    pub fn noticed(incident: Incident) -> Self {
        Self { told: incident.topic.told(), incident, last_mailed_at: None, mails_sent: 0 }
    }

    /// A mail about its present state was written.
    pub fn mailed(&mut self, now: DateTime<Utc>) {
        self.told = self.incident.topic.told();
        self.last_mailed_at = Some(now);
        self.mails_sent = self.mails_sent.saturating_add(1);
    }
}

/// What is to be told now. Empty lists: no mail.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Digest {
    /// Not told before.
    pub opened: Vec<Incident>,
    /// Told before, and worse or different now.
    pub worse: Vec<Incident>,
    /// Told before, unchanged, and due to be told again.
    pub reminded: Vec<Incident>,
    /// Over, and told so now. They were told before.
    pub solved: Vec<Incident>,
    /// Told before and unchanged: named beside the news, never a reason for a mail.
    pub lasting: Vec<Incident>,
    /// The keys that are over, told or never told: to be closed.
    pub ended: Vec<String>,
}

impl Digest {
    pub fn is_empty(&self) -> bool {
        self.told_now().next().is_none() && self.solved.is_empty()
    }

    /// The incidents that a mail is written about now, as against those that are over.
    pub fn told_now(&self) -> impl Iterator<Item = &Incident> {
        self.opened.iter().chain(&self.worse).chain(&self.reminded)
    }

    pub fn lasting_count(&self) -> usize {
        self.lasting.len()
    }

    /// Beyond [`LETTERS_A_DAY`] only what is never folded is told; the rest stays as it is and comes with the
    /// evening's letter, or the next day's first.
    #[must_use]
    pub fn folded(mut self, letters_today: u32, now: DateTime<Tz>) -> Self {
        let evening_letter = letters_today == LETTERS_A_DAY && now.hour() >= EVENING;
        if letters_today < LETTERS_A_DAY || evening_letter {
            return self;
        }
        for told in [&mut self.opened, &mut self.worse, &mut self.reminded, &mut self.solved] {
            let (kept, folded) = std::mem::take(told).into_iter().partition(|it| it.topic.is_never_folded());
            *told = kept;
            let folded: BTreeSet<String> = folded.into_iter().map(|it: Incident| it.key).collect();
            self.ended.retain(|key| !folded.contains(key));
        }
        self
    }
}

/// What is to be told after a run: of `open`, only what this run could see may end.
/// `others` are incidents that no run reports (expiries, notices), as they are now.
pub fn after_run(open: &[OpenIncident], report: &Report, others: &[Incident], now: DateTime<Tz>) -> Digest {
    let could_see = |topic: &Topic| match topic {
        Topic::Hold(_) | Topic::Person(_) | Topic::App(_) => !report.is_preview(),
        Topic::Run(_) | Topic::Expiry(_) | Topic::Notice(_) => true,
    };
    let visible: Vec<OpenIncident> = open.iter().filter(|it| could_see(&it.incident.topic)).cloned().collect();
    let mut present = incidents(report);
    present.extend_from_slice(others);
    decide(&visible, &present, now)
}

/// What is to be told now. `open` holds only incidents whose absence from `present` means that they are over
/// (a run of one person cannot end another's); a failed run ends nothing but notices.
/// `now` is in the customer's time zone: reminders go by its days.
pub fn decide(open: &[OpenIncident], present: &[Incident], now: DateTime<Tz>) -> Digest {
    let by_key: BTreeMap<&str, &OpenIncident> = open.iter().map(|it| (it.incident.key.as_str(), it)).collect();
    let mut digest = Digest::default();
    for incident in present {
        let Some(known) = by_key.get(incident.key.as_str()) else {
            digest.opened.push(incident.clone());
            continue;
        };
        // The first notice is when it began, whatever the latest report says.
        let incident = Incident { opened_at: known.incident.opened_at.min(incident.opened_at), ..incident.clone() };
        list_for(&mut digest, known, &incident, now).push(incident);
    }
    let failed = present.iter().any(|incident| matches!(incident.topic, Topic::Run(_)));
    let still: BTreeSet<&str> = present.iter().map(|incident| incident.key.as_str()).collect();
    for known in open.iter().filter(|known| !still.contains(known.incident.key.as_str())) {
        end(&mut digest, known, failed);
    }
    digest
}

fn list_for<'a>(
    digest: &'a mut Digest,
    known: &OpenIncident,
    incident: &Incident,
    now: DateTime<Tz>,
) -> &'a mut Vec<Incident> {
    let told = incident.topic.told();
    if known.mails_sent == 0 {
        &mut digest.opened
    } else if told.class != known.told.class || told.count > known.told.count {
        &mut digest.worse
    } else if reminder_is_due(known, now) {
        &mut digest.reminded
    } else {
        &mut digest.lasting
    }
}

/// A run that failed saw nobody: it ends no incident of a person, a hold, the app, nor another failure's; nor
/// an expiry, which it may not have been allowed to read.
fn end(digest: &mut Digest, known: &OpenIncident, failed: bool) {
    let incident = &known.incident;
    if failed && !matches!(incident.topic, Topic::Notice(_)) {
        digest.lasting.push(incident.clone());
        return;
    }
    digest.ended.push(incident.key.clone());
    if known.mails_sent > 0 {
        digest.solved.push(incident.clone());
    }
}

/// Leavers who keep their access: every working day. Expiries: by their own steps. Everything else: on the
/// three days after the first mail, then every third day three times, then weekly for ever.
fn reminder_is_due(known: &OpenIncident, now: DateTime<Tz>) -> bool {
    let Some(last) = known.last_mailed_at else { return true };
    let days = (now.date_naive() - last.with_timezone(&now.timezone()).date_naive()).num_days();
    if known.incident.topic.leaves_access_open() {
        let weekend = matches!(now.weekday(), Weekday::Sat | Weekday::Sun);
        return days >= 1 && !weekend;
    }
    if matches!(known.incident.topic, Topic::Expiry(_)) {
        return false;
    }
    let pause = match known.mails_sent {
        0..=3 => 1,
        4..=6 => 3,
        _ => 7,
    };
    days >= pause
}
