//! The rules of telling, one test each. Time is an argument; every moment is in the customer's zone.

use chrono::{DateTime, TimeDelta, TimeZone, Utc};
use chrono_tz::Tz;

use super::*;
use crate::model::{Cause, FailureClass, PersonId};
use crate::report::{Counts, HeldPerson, RunResult};

const ZONE: Tz = chrono_tz::Australia::Sydney;

/// Monday, 2 March 2026, 07:00 in Sydney (Sunday evening in UTC), and so many days later.
fn morning(days: i64) -> DateTime<Tz> {
    ZONE.with_ymd_and_hms(2026, 3, 2, 7, 0, 0).single().expect("a moment") + TimeDelta::days(days)
}

fn at(days: i64) -> DateTime<Utc> {
    morning(days).with_timezone(&Utc)
}

fn person(id: &str, change: Option<ChangeKind>, reason: &str) -> PersonFailure {
    PersonFailure {
        person: PersonId::new(id),
        user_name: format!("{id}@acme.example"),
        change,
        class: FailureClass::Record,
        reason: reason.to_owned(),
        remedy: "Correct it.".to_owned(),
        since: at(0),
    }
}

fn hold(kind: &str, id: &str, count: u64) -> HoldReport {
    let (kind, id) = (kind.to_owned(), id.to_owned());
    HoldReport { id, kind, count, limit: 5, active: 90, message: String::new(), people: vec![], created_at: at(0) }
}

fn run_error(class: &str) -> RunError {
    let (reason, remedy) = ("It failed.".to_owned(), "Mend it.".to_owned());
    RunError { class: class.to_owned(), reason, remedy, request_id: None }
}

fn report() -> Report {
    Report {
        run: Some(1),
        stage: "live".to_owned(),
        started_at: at(0),
        finished_at: at(0),
        result: RunResult::Done,
        counts: Counts::default(),
        holds: vec![],
        failures: vec![],
        refusals: vec![],
        error: None,
        warnings: vec![],
    }
}

fn failing(ids: &[&str]) -> Report {
    Report { failures: ids.iter().map(|id| person(id, Some(ChangeKind::Create), "no mail")).collect(), ..report() }
}

/// What the store does: keeps what is open, marks what was mailed.
#[derive(Default)]
struct Book {
    open: Vec<OpenIncident>,
}

impl Book {
    fn run(&mut self, report: &Report, now: DateTime<Tz>) -> Digest {
        let digest = after_run(&self.open, report, &[], now);
        self.keep(&incidents(report), &digest, now);
        digest
    }

    fn keep(&mut self, present: &[Incident], digest: &Digest, now: DateTime<Tz>) {
        self.open.retain(|known| !digest.ended.contains(&known.incident.key));
        for incident in present {
            match self.open.iter_mut().find(|known| known.incident.key == incident.key) {
                Some(known) => known.incident = incident.clone(),
                None => self.open.push(OpenIncident::noticed(incident.clone())),
            }
        }
        for told in digest.told_now() {
            let known = self.open.iter_mut().find(|known| known.incident.key == told.key);
            known.expect("what is told is open").mailed(now.with_timezone(&Utc));
        }
    }

    /// The days, counted from the first, on which one report mailed again every morning is told.
    fn days_told(mut self, report: &Report, days: i64) -> Vec<i64> {
        (0..days).filter(|day| !self.run(report, morning(*day)).is_empty()).collect()
    }
}

fn keys(incidents: &[Incident]) -> Vec<&str> {
    incidents.iter().map(|incident| incident.key.as_str()).collect()
}

#[test]
fn the_same_failure_is_not_mailed_again_on_the_same_day() {
    let mut book = Book::default();
    assert_eq!(keys(&book.run(&failing(&["ada"]), morning(0)).opened), ["person:ada"]);
    let later = book.run(&failing(&["ada"]), morning(0) + TimeDelta::hours(3));
    assert!(later.is_empty(), "{later:?}");
    assert_eq!(later.lasting_count(), 1);
}

#[test]
fn reminders_thin_out_and_never_stop() {
    let days = Book::default().days_told(&failing(&["ada"]), 60);
    assert_eq!(days, [0, 1, 2, 3, 6, 9, 12, 19, 26, 33, 40, 47, 54]);
}

#[test]
fn a_hold_of_leavers_and_a_failing_deactivation_are_mailed_every_working_day() {
    let working_days = [0, 1, 2, 3, 4, 7, 8, 9, 10, 11, 14];
    for kind in ["left", "disabled"] {
        let held = Report { holds: vec![hold(kind, "h-1", 9)], ..report() };
        assert_eq!(Book::default().days_told(&held, 15), working_days, "{kind}");
    }
    let failing = Report { failures: vec![person("ada", Some(ChangeKind::Deactivate), "403")], ..report() };
    assert_eq!(Book::default().days_told(&failing, 15), working_days);
}

#[test]
fn a_configuration_hold_with_leavers_in_it_is_a_hold_of_leavers() {
    let mut held = hold("configuration", "h-1", 1);
    assert!(!held.holds_leavers());
    let (change, cause) = (ChangeKind::Deactivate, Cause::LeftGroup);
    held.people = vec![HeldPerson { person: PersonId::new("ada"), user_name: "ada".into(), change, cause }];
    assert!(held.holds_leavers());
}

#[test]
fn a_reminder_goes_by_the_days_of_the_customer_not_by_hours() {
    let mut book = Book::default();
    book.run(&failing(&["ada"]), morning(0));
    let next = book.run(&failing(&["ada"]), morning(1) - TimeDelta::minutes(5));
    assert_eq!(keys(&next.reminded), ["person:ada"]);
}

#[test]
fn the_end_is_told_once() {
    let mut book = Book::default();
    book.run(&failing(&["ada"]), morning(0));
    let over = book.run(&report(), morning(1));
    assert_eq!((keys(&over.solved), over.ended.clone()), (vec!["person:ada"], vec!["person:ada".to_owned()]));
    assert!(book.run(&report(), morning(2)).is_empty());
}

#[test]
fn a_hold_that_grows_or_changes_its_reference_is_mailed_and_one_that_shrinks_is_not() {
    let mut book = Book::default();
    let held = |id: &str, count| Report { holds: vec![hold("left", id, count)], ..report() };
    let mut hours = 0;
    let mut run = |report: &Report| {
        hours += 1;
        book.run(report, morning(0) + TimeDelta::hours(hours))
    };
    assert_eq!(run(&held("h-1", 9)).opened.len(), 1);
    assert!(run(&held("h-1", 8)).is_empty());
    assert!(run(&held("h-1", 9)).is_empty());
    assert_eq!(run(&held("h-1", 10)).worse.len(), 1);
    assert_eq!(run(&held("h-2", 10)).worse.len(), 1);
}

#[test]
fn another_reason_is_news_and_another_request_id_in_it_is_not() {
    let mut book = Book::default();
    let failing = |reason: &str| Report { failures: vec![person("ada", Some(ChangeKind::Create), reason)], ..report() };
    book.run(&failing("title is too long (request 7f3a1)"), morning(0));
    assert!(book.run(&failing("title is too long (request 9c2b4)"), morning(0)).is_empty());
    assert_eq!(book.run(&failing("department is unknown"), morning(0)).worse.len(), 1);
}

#[test]
fn a_failed_run_ends_nothing_it_could_not_see() {
    let mut book = Book::default();
    let good = Report { holds: vec![hold("left", "h-1", 9)], ..failing(&["ada"]) };
    book.run(&good, morning(0));
    let failed = book.run(&Report { error: Some(run_error("credentials")), ..report() }, morning(1));
    assert_eq!((keys(&failed.opened), failed.solved.len()), (vec!["run:credentials"], 0));
    assert_eq!(keys(&failed.lasting), ["hold:left", "person:ada"]);

    let failed = book.run(&Report { error: Some(run_error("unavailable")), ..report() }, morning(1));
    assert_eq!((keys(&failed.opened), failed.solved.len()), (vec!["run:unavailable"], 0));

    let over = book.run(&good, morning(1));
    assert_eq!(keys(&over.solved), ["run:credentials", "run:unavailable"]);
}

#[test]
fn in_preview_only_a_failed_run_is_an_incident_and_nothing_else_ends() {
    let mut book = Book::default();
    book.run(&failing(&["ada"]), morning(0));
    let preview = Report { stage: "preview".to_owned(), holds: vec![hold("left", "h-1", 9)], ..failing(&["bob"]) };
    let told = book.run(&preview, morning(1));
    assert!(told.is_empty() && told.ended.is_empty(), "{told:?}");
    let failed = Report { error: Some(run_error("credentials")), ..preview };
    assert_eq!(keys(&book.run(&failed, morning(1)).opened), ["run:credentials"]);
}

#[test]
fn it_began_when_it_was_first_noticed() {
    let mut book = Book::default();
    let failed = |day| Report { error: Some(run_error("credentials")), finished_at: at(day), ..report() };
    book.run(&failed(0), morning(0));
    assert_eq!(book.run(&failed(1), morning(1)).reminded[0].opened_at, at(0));
}

#[test]
fn beyond_six_letters_a_day_only_urgent_things_are_told_and_the_rest_is_not_forgotten() {
    let mut book = Book::default();
    book.run(&failing(&["ada"]), morning(0));
    let now = morning(0) + TimeDelta::hours(2);
    let news = Report { holds: vec![hold("left", "h-1", 9)], ..failing(&["bob"]) };
    let digest = after_run(&book.open, &news, &[], now).folded(6, now);
    assert_eq!((keys(&digest.opened), digest.solved.len(), digest.ended.len()), (vec!["hold:left"], 0, 0));
    book.keep(&incidents(&news), &digest, now);

    let evening = morning(0) + TimeDelta::hours(11);
    let digest = after_run(&book.open, &news, &[], evening).folded(6, evening);
    assert_eq!((keys(&digest.opened), keys(&digest.solved)), (vec!["person:bob"], vec!["person:ada"]));
    let digest = after_run(&book.open, &news, &[], evening).folded(7, evening);
    assert!(digest.is_empty(), "only one letter in the evening: {digest:?}");
}

#[test]
fn what_was_never_told_ends_in_silence() {
    let open = [OpenIncident::noticed(incidents(&failing(&["ada"]))[0].clone())];
    let digest = after_run(&open, &report(), &[], morning(0));
    assert!(digest.is_empty());
    assert_eq!(digest.ended, ["person:ada"]);
}

#[test]
fn an_expiry_is_told_at_its_steps_and_over_when_renewed() {
    let mut book = Book::default();
    let date = |days| morning(days).date_naive();
    let mut days_told = Vec::new();
    for day in 0..40 {
        let expiry = Expiry::announced("client secret", date(35), date(day));
        let present: Vec<Incident> = expiry.map(|it| Incident::new(Topic::Expiry(it), at(day))).into_iter().collect();
        let digest = decide(&book.open, &present, morning(day));
        book.keep(&present, &digest, morning(day));
        if !digest.is_empty() {
            days_told.push(35 - day);
        }
    }
    assert_eq!(days_told, [30, 14, 7, 3, 1, -1, -2, -3, -4]);
    assert_eq!(decide(&book.open, &[], morning(40)).solved.len(), 1);
}

#[test]
fn an_incident_survives_the_store() {
    let held = Report { holds: vec![hold("left", "h-1", 9)], error: Some(run_error("target")), ..failing(&["ada"]) };
    for incident in incidents(&held) {
        let json = serde_json::to_string(&incident).expect("serializable");
        assert_eq!(serde_json::from_str::<Incident>(&json).expect("deserializable"), incident, "{json}");
    }
}
