//! The state: one run at a time, bound to one tenant and one app, and never a reason to guess.

use std::os::unix::fs::PermissionsExt as _;

use rollcall::report::RunResult;
use rollcall::sandbox::Sandbox;
use rollcall::store::{RunningElsewhere, StateRefused, Store};
use rollcall::sync::{self, WrongBinding};
use serde_json::json;

use crate::world::{World, hold};

#[tokio::test]
async fn two_runs_at_once_are_one_run() {
    let mut world = World::settled(12).await;
    let other = Store::open(&world.settings().state_dir()).unwrap();
    let lock = other.lock_run().unwrap();
    let [leaver] = world.people();
    world.leave(&leaver);
    let error = world.try_run().await.unwrap_err();
    assert!(error.is::<RunningElsewhere>(), "{error:#}");
    assert_eq!(world.writes().len(), 0);
    assert_eq!(world.sandbox.entra.counters().all().len(), 0, "nobody was asked anything");
    drop(lock);
    world.run().await;
    world.finish().await;
}

#[tokio::test]
async fn twenty_runs_at_once_make_no_double() {
    let world = World::settled(12).await;
    for _ in 0..10 {
        world.directory().hire(&json!({})).unwrap();
    }
    let settings = world.settings();
    let stores: Vec<Store> = (0..20).map(|_| Store::open(&settings.state_dir()).unwrap()).collect();
    let clock = sync::Clock::starting_at(world.now());
    let jobs: Vec<_> = stores.iter().map(|store| sync::Job::prepare(&settings, store, clock).unwrap()).collect();
    let trigger = rollcall::store::Trigger::Command("run");
    let runs = futures_util::future::join_all(jobs.iter().map(|job| sync::run(job, &trigger))).await;
    let created: u64 = runs.iter().flatten().map(|report| report.counts.created).sum();
    assert_eq!((created, world.accounts().len()), (10, 22));
    assert!(runs.iter().filter_map(|run| run.as_ref().err()).all(anyhow::Error::is::<RunningElsewhere>));
    drop(jobs);
    world.finish().await;
}

#[tokio::test]
async fn the_state_of_another_tenant_target_or_group_is_refused_before_anybody_is_asked() {
    let mut world = World::settled(12).await;
    let tenant = world.directory().tenant_id();
    let other = "11111111-2222-4333-8444-555555555555";
    let app = world.sandbox.urls().app;
    let group = world.group();
    let changes = [(tenant.as_str(), other), (app.as_str(), "http://127.0.0.1:9/scim/v2"), (group.as_str(), other)];
    for (what, instead) in changes {
        world.forget();
        let path = world.dir.path().join("customers/demo.toml");
        let right = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, right.replace(what, instead)).unwrap();
        let error = world.try_run().await.unwrap_err();
        assert!(error.is::<WrongBinding>(), "{error:#}");
        assert!(error.to_string().contains("rollcall rebind demo"), "{error:#}");
        assert_eq!(world.sandbox.entra.counters().all().len(), 0);
        assert_eq!(world.sandbox.app.admin().counters().all().len(), 0);
        std::fs::write(&path, right).unwrap();
    }
    world.finish().await;
}

#[tokio::test]
async fn after_a_rebind_everything_waits_for_a_word() {
    let mut world = World::settled(12).await;
    let second = world.directory().add_group("Another company");
    let [stays] = world.people();
    world.directory().add_member(&second, &stays).unwrap();
    world.edit_configuration(&world.group(), &second);
    assert!(world.try_run().await.unwrap_err().is::<WrongBinding>());
    let binding = sync::configured_binding(&world.settings());
    world.store().rebind(&binding, world.now()).unwrap();
    let report = world.run().await;
    assert_eq!((report.counts.deactivated, hold(&report, "configuration").count), (0, 11));
    assert_eq!(world.writes().len(), 0);
    world.finish().await;
}

#[tokio::test]
async fn a_lost_state_recognises_what_exists_and_deactivates_nobody() {
    let mut world = World::settled(12).await;
    let [leaver] = world.people();
    world.leave(&leaver);
    world.close();
    std::fs::remove_dir_all(world.settings().state_dir()).unwrap();
    world.reopen();
    let report = world.run().await;
    assert_eq!(report.result, RunResult::Held);
    assert_eq!(hold(&report, "configuration").count, 11);
    assert_eq!(world.writes().len(), 0);
    let report = world.approve("configuration").await;
    assert_eq!((report.counts.adopted, report.counts.created, report.counts.deactivated), (11, 0, 0));
    assert!(world.is_active(&leaver), "nobody is deactivated by a guess");
    assert_eq!(world.accounts().len(), 12);
    world.finish().await;
}

#[tokio::test]
async fn a_state_restored_from_a_backup_makes_no_double_and_ends_right() {
    let mut world = World::settled(12).await;
    let state = world.settings().state_dir();
    let backup = world.dir.path().join("backup.db");
    world.close();
    std::fs::copy(state.join("state.db"), &backup).unwrap();
    world.reopen();
    let [leaver, mover] = world.people();
    let hire = world.directory().hire(&json!({})).unwrap();
    world.directory().disable(&leaver).unwrap();
    world.directory().set(&mover, "jobTitle", "Mover").unwrap();
    world.run().await;
    world.close();
    for file in ["state.db-wal", "state.db-shm"] {
        drop(std::fs::remove_file(state.join(file)));
    }
    std::fs::copy(&backup, state.join("state.db")).unwrap();
    world.reopen();
    let report = world.run().await;
    assert_eq!(hold(&report, "adoptions").count, 1, "the hire of the lost runs: {report:#?}");
    world.approve("adoptions").await;
    assert_eq!(world.accounts().len(), 13);
    assert!(world.is_active(&hire) && !world.is_active(&leaver));
    world.finish().await;
}

#[track_caller]
fn assert_refused(world: &World) {
    let error = Store::open(&world.settings().state_dir()).unwrap_err();
    assert!(error.is::<StateRefused>(), "{error:#}");
    assert!(error.to_string().len() > 40, "says what to do: {error:#}");
}

#[tokio::test]
async fn a_state_that_is_newer_or_another_programs_is_refused() {
    for pragma in ["user_version = 9999", "application_id = 1"] {
        let mut world = World::settled(2).await;
        world.close();
        let file = world.settings().state_dir().join("state.db");
        rusqlite::Connection::open(&file).unwrap().execute_batch(&format!("PRAGMA {pragma}")).unwrap();
        assert_refused(&world);
    }
}

#[tokio::test]
async fn a_state_that_is_damaged_anywhere_is_refused_or_read_rightly_and_never_a_panic() {
    let mut world = World::settled(12).await;
    world.close();
    let file = world.settings().state_dir().join("state.db");
    let whole = std::fs::read(&file).unwrap();
    let mut refused = 0;
    for at in (0..whole.len()).step_by(4096 / 2 + 97) {
        let mut damaged = whole.clone();
        damaged[at..].iter_mut().take(64).for_each(|byte| *byte ^= 0xff);
        std::fs::write(&file, &damaged).unwrap();
        if let Err(error) = Store::open(&world.settings().state_dir()) {
            assert!(error.is::<StateRefused>(), "byte {at}: {error:#}");
            refused += 1;
        }
    }
    assert!(refused > 5, "only {refused} damages were found");
    std::fs::write(&file, &whole[..whole.len() / 2]).unwrap();
    assert_refused(&world);
    std::fs::write(&file, b"this is not a database at all, but a text of some length").unwrap();
    assert_refused(&world);
    std::fs::write(&file, &whole).unwrap();
    world.reopen();
    world.finish().await;
}

#[tokio::test]
async fn a_state_that_cannot_be_written_is_refused() {
    let mut world = World::settled(2).await;
    world.close();
    let state = world.settings().state_dir();
    // Root may write everywhere: a directory where the file should be refuses root too.
    let file = state.join("state.db");
    let aside = state.join("aside.db");
    std::fs::rename(&file, &aside).unwrap();
    std::fs::create_dir(&file).unwrap();
    assert_refused(&world);
    std::fs::remove_dir(&file).unwrap();
    std::fs::rename(&aside, &file).unwrap();
    world.reopen();
    world.finish().await;
}

#[tokio::test]
async fn the_states_files_are_for_their_owner_only() {
    let world = World::settled(2).await;
    let state = world.settings().state_dir();
    let mode = |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&state), 0o700);
    for entry in std::fs::read_dir(&state).unwrap() {
        let path = entry.unwrap().path();
        assert_eq!(mode(&path), 0o600, "{}", path.display());
    }
    world.finish().await;
}

#[tokio::test]
async fn nothing_is_sent_when_the_journal_cannot_be_written() {
    let mut world = World::settled(12).await;
    let [leaver] = world.people();
    world.leave(&leaver);
    let settings = world.settings();
    let connection = rusqlite::Connection::open(settings.state_dir().join("state.db")).unwrap();
    // A full disk, as far as the journal is concerned.
    connection
        .execute_batch("CREATE TRIGGER full BEFORE INSERT ON operations BEGIN SELECT RAISE(ABORT, 'disk full'); END")
        .unwrap();
    let report = world.run().await;
    assert_eq!(report.result, RunResult::Failed);
    assert_eq!(report.error.as_ref().unwrap().class, "state");
    assert_eq!(world.writes().len(), 0);
    connection.execute_batch("DROP TRIGGER full").unwrap();
    let report = world.run().await;
    assert_eq!(report.counts.deactivated, 1);
    world.finish().await;
}

/// Another customer's world on the same machine never meets this one's.
#[tokio::test]
async fn the_sandbox_of_another_seed_is_another_tenant() {
    let world = World::new(2).await;
    let other =
        Sandbox::start(rollcall::sandbox::Options { members: 2, seed: 8, ..rollcall::sandbox::Options::default() });
    assert_ne!(other.await.unwrap().directory.tenant_id(), world.directory().tenant_id());
}
