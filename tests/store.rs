//! What the state keeps and what it forgets, on a real file.
#![forbid(unsafe_code)]

use chrono::{DateTime, TimeDelta, Utc};
use rollcall::model::Span;
use rollcall::report::{Counts, Report, RunResult};
use rollcall::store::{IncidentUpdate, Keep, NewMail, Store, Trigger};

fn now() -> DateTime<Utc> {
    "2026-11-23T08:00:00Z".parse().expect("an instant")
}

fn keep() -> Keep {
    Keep { history: Span::of_days(400), mail: Span::of_days(30) }
}

fn report(run: i64, at: DateTime<Utc>) -> Report {
    Report {
        run: Some(run),
        stage: "live".to_owned(),
        started_at: at,
        finished_at: at,
        result: RunResult::Done,
        counts: Counts::default(),
        holds: Vec::new(),
        failures: Vec::new(),
        refusals: Vec::new(),
        error: None,
        warnings: Vec::new(),
    }
}

fn mail(name: &str, at: DateTime<Utc>) -> NewMail {
    NewMail {
        message_id: format!("<{name}@vendor.example>"),
        recipient: "it@acme.example".to_owned(),
        subject: name.to_owned(),
        text: name.to_owned(),
        html: name.to_owned(),
        created_at: at,
    }
}

/// A run that ended at `at` and wrote a mail.
fn run_at(store: &Store, name: &str, at: DateTime<Utc>) -> i64 {
    let run = store.begin_run(&Trigger::Command("run"), "live", at).expect("a run");
    store.finish_run(&report(run, at), &IncidentUpdate::default(), &[mail(name, at)]).expect("its end");
    run
}

fn waiting(store: &Store) -> Vec<String> {
    store.due_mails(now()).expect("mails").into_iter().map(|row| row.mail.subject).collect()
}

#[test]
fn what_is_older_than_is_kept_goes_and_what_waits_stays() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = Store::open(&folder.path().join("acme")).expect("a state");
    let old = run_at(&store, "old and sent", now() - TimeDelta::days(401));
    run_at(&store, "old and waiting", now() - TimeDelta::days(401));
    let recent = run_at(&store, "recent", now() - TimeDelta::days(399));
    let sent = store.due_mails(now()).expect("mails").remove(0);
    store.mail_sent(sent.id, now()).expect("noted");
    store.forget_old(&keep(), now()).expect("forgotten");
    assert_eq!(waiting(&store), ["old and waiting", "recent"], "a mail that nobody has taken yet is never dropped");
    assert!(store.run(old).expect("runs").expect("its row").report.is_none(), "its number stays, its content goes");
    assert!(store.run(recent).expect("runs").expect("its row").report.is_some());
}

#[test]
fn the_state_is_its_owners_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().expect("a folder");
    let directory = folder.path().join("acme");
    let store = Store::open(&directory).expect("a state");
    run_at(&store, "so that there is a write-ahead log", now());
    let mode = |path: &std::path::Path| std::fs::metadata(path).expect("a file").permissions().mode() & 0o777;
    assert_eq!(mode(&directory), 0o700);
    for entry in std::fs::read_dir(&directory).expect("a folder") {
        let path = entry.expect("an entry").path();
        assert_eq!(mode(&path), 0o600, "{}", path.display());
    }
}

#[test]
fn a_slot_is_taken_once_whatever_the_clock_says_meanwhile() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = Store::open(&folder.path().join("acme")).expect("a state");
    assert!(store.claim_slot("2026-11-23T20:00:00Z", now()).expect("a claim"));
    assert!(store.claim_slot("2031-01-01T20:00:00Z", now() + TimeDelta::days(1500)).is_ok_and(|taken| taken));
    assert!(!store.claim_slot("2031-01-01T20:00:00Z", now()).expect("a claim"));
    assert_eq!(store.last_slot().expect("a slot").as_deref(), Some("2031-01-01T20:00:00Z"));
}
