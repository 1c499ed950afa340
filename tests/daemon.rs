//! The daemon's loop, with work that only notes what it is asked for. Everything that happens goes into one transcript,
//! so that a test waits for events and never for time.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use rollcall::daemon::{self, Controls, Ending, Notifier, Summary, Trigger, Work};
use rollcall::schedule::{Schedule, ScheduleSettings, Slot};
use serde_json::{Value, json};
use tokio::sync::{Semaphore, mpsc};
use tokio::task::{JoinHandle, LocalSet};
use tokio_util::sync::CancellationToken;

/// What a run of the test's work does.
#[derive(Clone, Copy, PartialEq)]
enum Run {
    Ends,
    Panics,
    Refuses,
    /// Until the test lets it go, or it is told to stop.
    Waits,
    /// Whatever it is told.
    NeverEnds,
}

struct Notes {
    say: mpsc::UnboundedSender<String>,
    claimed: Mutex<BTreeSet<DateTime<Utc>>>,
    run: Run,
    let_go: Semaphore,
    failing_claims: AtomicU32,
    reload: Mutex<Result<Schedule, String>>,
    active: AtomicU32,
}

impl Notes {
    fn say(&self, what: impl Into<String>) {
        // The test may have heard enough.
        let _ = self.say.send(what.into());
    }
}

impl Work for Notes {
    fn last_slot(&self) -> anyhow::Result<Option<DateTime<Utc>>> {
        Ok(self.claimed.lock().expect("no poison").last().copied())
    }

    fn claim_slot(&self, slot: &Slot) -> anyhow::Result<bool> {
        if self.failing_claims.load(Ordering::Relaxed) > 0 {
            self.failing_claims.fetch_sub(1, Ordering::Relaxed);
            anyhow::bail!("the disk is full");
        }
        Ok(self.claimed.lock().expect("no poison").insert(slot.at))
    }

    async fn run(&self, trigger: Trigger, stop: CancellationToken) -> Summary {
        assert_eq!(self.active.fetch_add(1, Ordering::SeqCst), 0, "two runs at once");
        self.say(format!("run {} {:?} skipped {}", trigger.slot.id(), trigger.kind, trigger.skipped));
        match self.run {
            Run::Ends => {}
            Run::Panics => {
                self.active.store(0, Ordering::SeqCst);
                panic!("a fault in a run, as the test wants it");
            }
            Run::Refuses => return Summary::Refused("the state is of another tenant".into()),
            Run::Waits => tokio::select! {
                permit = self.let_go.acquire() => permit.expect("open").forget(),
                () = stop.cancelled() => self.say("told to stop"),
            },
            Run::NeverEnds => std::future::pending().await,
        }
        self.active.store(0, Ordering::SeqCst);
        self.say("run ended");
        Summary::Ran("2 people, 1 change, ok".into())
    }

    fn run_panicked(&self, trigger: &Trigger) {
        self.say(format!("panicked {}", trigger.slot.id()));
    }

    async fn housekeeping(&self, _now: DateTime<Utc>, _stop: CancellationToken) {
        self.say("housekeeping");
    }

    fn reload(&self) -> Result<Schedule, String> {
        self.reload.lock().expect("no poison").clone()
    }
}

/// Only a failing test waits this long.
const PATIENCE: Duration = Duration::from_secs(30);

struct Told {
    heard: mpsc::UnboundedReceiver<String>,
    work: Arc<Notes>,
    stop: CancellationToken,
    reload: mpsc::Sender<()>,
    daemon: JoinHandle<anyhow::Result<Ending>>,
}

impl Told {
    async fn hear(&mut self) -> String {
        let heard = tokio::time::timeout(PATIENCE, self.heard.recv()).await;
        heard.expect("an event, but nothing came").expect("the daemon goes on")
    }

    /// What comes next, housekeeping and signs of life left out.
    async fn next(&mut self) -> String {
        loop {
            let heard = self.hear().await;
            if heard != "housekeeping" && heard != "WATCHDOG=1" {
                return heard;
            }
        }
    }

    async fn until(&mut self, start: &str) -> String {
        loop {
            let heard = self.hear().await;
            if heard.starts_with(start) {
                return heard;
            }
        }
    }

    async fn ending(self) -> Ending {
        self.daemon.await.expect("no panic").expect("a start")
    }

    async fn stopped(self) -> Ending {
        self.stop.cancel();
        self.ending().await
    }
}

fn schedule(cron: &str) -> Schedule {
    let settings: Value = json!({"timezone": "UTC", "cron": [cron]});
    let settings: ScheduleSettings = serde_json::from_value(settings).expect("settings");
    Schedule::new(&settings, "acme").expect("a schedule")
}

/// Once a year, so that nothing is due by itself while a test runs.
const YEARLY: &str = "0 0 1 1 *";
const EVERY_SECOND: &str = "* * * * * *";

/// A slot with three after it that have started, too.
fn three_slots_ago() -> DateTime<Utc> {
    let last = |before| schedule(YEARLY).last_at_or_before(before).expect("a new year").at;
    let second = TimeDelta::seconds(1);
    (0..3).fold(last(Utc::now()), |slot, _| last(slot - second))
}

/// The work with these slots on record.
fn notes(run: Run, claimed: impl IntoIterator<Item = DateTime<Utc>>) -> (Notes, mpsc::UnboundedReceiver<String>) {
    let (say, heard) = mpsc::unbounded_channel();
    let notes = Notes {
        say,
        claimed: Mutex::new(claimed.into_iter().collect()),
        run,
        let_go: Semaphore::new(0),
        failing_claims: AtomicU32::new(0),
        reload: Mutex::new(Err("customers/acme.toml:3: no such key".into())),
        active: AtomicU32::new(0),
    };
    (notes, heard)
}

fn start(cron: &str, (notes, heard): (Notes, mpsc::UnboundedReceiver<String>)) -> Told {
    let stop = CancellationToken::new();
    let (reload, reloads) = mpsc::channel(1);
    let notifier = Notifier::channel(notes.say.clone(), Some(Duration::from_millis(100)));
    let controls = Controls { stop: stop.clone(), reloads, notifier, beat: Duration::from_millis(50) };
    let work = Arc::new(notes);
    let daemon = tokio::task::spawn_local(daemon::run(schedule(cron), Arc::clone(&work), controls));
    Told { heard, work, stop, reload, daemon }
}

#[tokio::test]
async fn it_is_ready_before_the_first_run_and_what_was_missed_is_one_run() {
    LocalSet::new()
        .run_until(async {
            let mut told = start(YEARLY, notes(Run::Ends, [three_slots_ago()]));
            assert_eq!(told.next().await, "READY=1");
            assert_eq!(told.next().await, "STATUS=next run now");
            let run = told.until("run ").await;
            assert!(run.ends_with("-01-01T00:00:00Z Run skipped 2"), "{run}");
            told.until("run ended").await;
            let status = told.until("STATUS=next run").await;
            assert!(status.ends_with("; last run 2 people, 1 change, ok"), "{status}");
            assert_eq!(told.stopped().await, Ending::Stopped);
        })
        .await;
}

#[tokio::test]
async fn a_first_start_runs_nothing_and_a_second_one_has_nothing_to_catch_up() {
    LocalSet::new()
        .run_until(async {
            let mut told = start(YEARLY, notes(Run::Ends, []));
            told.until("housekeeping").await;
            told.until("housekeeping").await;
            let claimed = told.work.claimed.lock().unwrap().clone();
            assert_eq!(claimed.len(), 1, "the slot before the start is on record");
            assert_eq!(told.stopped().await, Ending::Stopped);

            let mut told = start(YEARLY, notes(Run::Ends, claimed));
            assert_eq!(told.next().await, "READY=1");
            assert!(told.next().await.starts_with("STATUS="));
            told.until("housekeeping").await;
            told.until("housekeeping").await;
            assert_eq!(told.work.claimed.lock().unwrap().len(), 1);
            told.stopped().await;
        })
        .await;
}

#[tokio::test]
async fn a_slot_on_record_is_not_run_again() {
    LocalSet::new()
        .run_until(async {
            let latest = schedule(YEARLY).last_at_or_before(Utc::now()).expect("a new year").at;
            // A record from the future: the latest slot would be due, had it not been run.
            let mut told = start(YEARLY, notes(Run::Ends, [latest, Utc::now() + TimeDelta::days(800)]));
            told.until("housekeeping").await;
            told.until("housekeeping").await;
            assert_eq!(told.work.active.load(Ordering::SeqCst), 0);
            assert_eq!(told.work.claimed.lock().unwrap().len(), 2);
            told.stopped().await;
        })
        .await;
}

#[tokio::test]
async fn the_alarm_rings_at_each_slot_and_no_slot_comes_twice() {
    LocalSet::new()
        .run_until(async {
            let mut told = start(EVERY_SECOND, notes(Run::Ends, []));
            let mut runs = Vec::new();
            for _ in 0..3 {
                runs.push(told.until("run 2").await);
            }
            assert!(runs.is_sorted() && runs[0] != runs[1] && runs[1] != runs[2], "{runs:?}");
            assert_eq!(told.stopped().await, Ending::Stopped);
        })
        .await;
}

#[tokio::test]
async fn a_run_longer_than_its_interval_skips_slots_and_says_so() {
    LocalSet::new()
        .run_until(async {
            let mut told = start(EVERY_SECOND, notes(Run::Waits, []));
            let first = told.until("run 2").await;
            let begun: DateTime<Utc> = first[4..24].parse().unwrap();
            while Utc::now() < begun + TimeDelta::milliseconds(2_100) {
                told.until("housekeeping").await;
            }
            told.work.let_go.add_permits(1);
            told.until("run ended").await;
            let status = told.until("STATUS=next run").await;
            assert!(status.contains("it took too long: ") && status.ends_with("skipped"), "{status}");
            let next = told.until("run 2").await;
            let skipped: u32 = next.rsplit(' ').next().unwrap().parse().unwrap();
            assert!(skipped >= 2, "{next}");
            told.stopped().await;
        })
        .await;
}

#[tokio::test]
async fn a_stop_reaches_the_run_in_progress_and_waits_for_it() {
    LocalSet::new()
        .run_until(async {
            let mut told = start(YEARLY, notes(Run::Waits, [three_slots_ago()]));
            told.until("run 2").await;
            told.stop.cancel();
            told.until("told to stop").await;
            told.until("run ended").await;
            assert_eq!(told.ending().await, Ending::Stopped);
        })
        .await;
}

#[tokio::test(start_paused = true)]
async fn a_run_that_does_not_listen_is_left_after_eight_seconds() {
    LocalSet::new()
        .run_until(async {
            let mut told = start(YEARLY, notes(Run::NeverEnds, [three_slots_ago()]));
            told.until("run 2").await;
            let begun = tokio::time::Instant::now();
            assert_eq!(told.stopped().await, Ending::Stopped);
            let seconds = begun.elapsed().as_secs_f64();
            assert!((7.9..9.0).contains(&seconds), "{seconds}");
        })
        .await;
}

#[tokio::test]
async fn a_panic_is_a_failed_run_and_not_the_end() {
    LocalSet::new()
        .run_until(async {
            let mut told = start(EVERY_SECOND, notes(Run::Panics, []));
            let first = told.until("run 2").await;
            assert_eq!(told.until("panicked").await[9..], first[4..24]);
            let status = told.until("STATUS=next run").await;
            assert!(status.ends_with("last run failed: a fault in Rollcall itself"), "{status}");
            assert_ne!(told.until("run 2").await, first);
            told.stopped().await;
        })
        .await;
}

#[tokio::test]
async fn a_run_that_refuses_to_go_on_ends_the_daemon() {
    LocalSet::new()
        .run_until(async {
            let mut told = start(YEARLY, notes(Run::Refuses, [three_slots_ago()]));
            told.until("STOPPING=1").await;
            assert_eq!(told.ending().await, Ending::Refused("the state is of another tenant".into()));
        })
        .await;
}

#[tokio::test]
async fn a_slot_that_cannot_be_recorded_waits_and_is_not_lost() {
    LocalSet::new()
        .run_until(async {
            let (notes, heard) = notes(Run::Ends, [three_slots_ago()]);
            notes.failing_claims.store(3, Ordering::Relaxed);
            let mut told = start(YEARLY, (notes, heard));
            told.until("run 2").await;
            assert_eq!(told.work.failing_claims.load(Ordering::Relaxed), 0);
            told.stopped().await;
        })
        .await;
}

#[tokio::test]
async fn a_reload_takes_the_new_schedule_and_an_invalid_one_keeps_the_old() {
    LocalSet::new()
        .run_until(async {
            let mut told = start(YEARLY, notes(Run::Ends, []));
            told.until("READY=1").await;
            told.reload.send(()).await.unwrap();
            told.until("RELOADING=1").await;
            told.until("READY=1").await;
            let status = told.next().await;
            assert!(status.ends_with("; the configuration on disk is invalid, the one before is in use"), "{status}");

            *told.work.reload.lock().unwrap() = Ok(schedule(EVERY_SECOND));
            told.reload.send(()).await.unwrap();
            told.until("READY=1").await;
            assert!(!told.next().await.contains("invalid"));
            told.until("run 2").await;
            told.until("run 2").await;

            *told.work.reload.lock().unwrap() = Ok(schedule(YEARLY));
            told.reload.send(()).await.unwrap();
            told.until("RELOADING=1").await;
            told.until("READY=1").await;
            assert_eq!(told.work.active.load(Ordering::SeqCst), 0);
            told.stopped().await;
        })
        .await;
}

#[tokio::test]
async fn the_watchdog_is_fed_while_the_loop_turns_also_during_a_run() {
    LocalSet::new()
        .run_until(async {
            let mut told = start(YEARLY, notes(Run::Waits, [three_slots_ago()]));
            told.until("run 2").await;
            told.until("WATCHDOG=1").await;
            told.stopped().await;
        })
        .await;
}
