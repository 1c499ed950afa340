//! Incidents of every topic, as a run would report them.

use chrono::{DateTime, Utc};
use rollcall::model::{Cause, ChangeKind, FailureClass, PersonId};
use rollcall::report::letter::{Context, write};
use rollcall::report::{
    AppRefusal, Audience, Counts, Digest, Expiry, HeldPerson, HoldReport, Incident, Letter, Notice, PeopleInMail,
    PersonFailure, Report, RunError, RunResult, Topic,
};

pub fn at(text: &str) -> DateTime<Utc> {
    text.parse().expect("a moment")
}

/// Monday, 2 March 2026, 07:00 in Sydney.
pub fn monday() -> DateTime<Utc> {
    at("2026-03-01T20:00:00Z")
}

pub fn incident(topic: Topic) -> Incident {
    Incident::new(topic, monday())
}

pub fn hold(kind: &str, count: u64, limit: u64) -> HoldReport {
    let (change, cause) = match kind {
        "disabled" => (ChangeKind::Deactivate, Cause::Disabled),
        "renames" => (ChangeKind::Rename, Cause::AttributesChanged),
        "creates" => (ChangeKind::Create, Cause::Joined),
        _ => (ChangeKind::Deactivate, Cause::LeftGroup),
    };
    let held = |number: u64| HeldPerson {
        person: PersonId::new(format!("00000000-0000-4000-8000-{number:012}")),
        user_name: format!("person{number}@acme.example"),
        change,
        cause,
    };
    HoldReport {
        id: "h-3f9c".to_owned(),
        kind: kind.to_owned(),
        count,
        limit,
        active: 900,
        message: format!("would {change} {count} of 900 accounts; the limit is {limit}."),
        people: (1..=count.min(50)).map(held).collect(),
        created_at: monday(),
    }
}

pub fn failure(name: &str, change: Option<ChangeKind>, reason: &str, remedy: &str) -> PersonFailure {
    PersonFailure {
        person: PersonId::new(format!("id-of-{name}")),
        user_name: format!("{name}@acme.example"),
        change,
        class: FailureClass::Record,
        reason: reason.to_owned(),
        remedy: remedy.to_owned(),
        since: monday(),
    }
}

pub fn no_mail(name: &str) -> Incident {
    let reason = "userName is required, and user.mail has no value.";
    incident(Topic::Person(failure(name, Some(ChangeKind::Create), reason, "Fill in the e-mail address in Entra.")))
}

pub fn refused_title() -> Incident {
    let reason = "The app refuses title \"Chief Everything Officer\": at most 20 characters.";
    let remedy = "Shorten the job title in Entra. Or run rollcall plan acme to see the mapping.";
    incident(Topic::Person(failure("ada", Some(ChangeKind::Update), reason, remedy)))
}

pub fn stuck_leaver() -> Incident {
    let mut failure = failure("bob", Some(ChangeKind::Deactivate), "The app answers 500.", "");
    failure.class = FailureClass::Transient;
    incident(Topic::Person(failure))
}

pub fn failed_run(class: &str, reason: &str) -> Incident {
    incident(Topic::Run(RunError {
        class: class.to_owned(),
        reason: reason.to_owned(),
        remedy: "Make a new client secret; then run rollcall check acme.".to_owned(),
        request_id: Some("5f1c8f2e-0000".to_owned()),
    }))
}

pub fn no_seats() -> Incident {
    incident(Topic::App(AppRefusal {
        change: ChangeKind::Create,
        count: 12,
        reason: "All 250 seats of the app's plan are taken.".to_owned(),
        remedy: "Buy more seats in the app, or deactivate accounts that nobody uses.".to_owned(),
    }))
}

pub fn expiring(days: i64) -> Incident {
    let date = monday().date_naive() + chrono::TimeDelta::days(days);
    let what = "Client secret of the app registration in Entra";
    incident(Topic::Expiry(Expiry::announced(what, date, monday().date_naive()).expect("near enough")))
}

pub fn pause() -> Incident {
    incident(Topic::Notice(Notice {
        kind: "pause".to_owned(),
        reason: "Runs are paused until 5 March 2026.".to_owned(),
        remedy: "They go on by themselves then; at once with: rollcall resume acme".to_owned(),
    }))
}

pub fn report() -> Report {
    Report {
        run: Some(12),
        stage: "live".to_owned(),
        started_at: monday(),
        finished_at: monday(),
        result: RunResult::Partial,
        counts: Counts { roster: 1204, in_scope: 1180, created: 3, unchanged: 1165, failed: 2, ..Counts::default() },
        holds: vec![],
        failures: vec![],
        refusals: vec![],
        error: None,
        warnings: vec!["4 people have managers without accounts".to_owned()],
    }
}

pub fn context(audience: Audience) -> Context<'static> {
    Context {
        customer: "acme",
        name: "Acme Pty Ltd",
        audience,
        people: PeopleInMail::Counts,
        timezone: chrono_tz::Australia::Sydney,
        report: None,
    }
}

pub fn opened(incidents: Vec<Incident>) -> Digest {
    Digest { opened: incidents, ..Digest::default() }
}

/// The subject, and the text below.
pub fn shown(letter: &Letter) -> String {
    format!("Subject: {}\n\n{}", letter.subject, letter.text)
}

pub fn to_client(digest: &Digest) -> String {
    shown(&write(digest, &context(Audience::ClientAdmins)).expect("a letter for the client"))
}

pub fn to_operators(digest: &Digest) -> String {
    let report = report();
    let context = Context { report: Some(&report), ..context(Audience::Operators) };
    shown(&write(digest, &context).expect("a letter for operators"))
}
