//! The process dies, anywhere: afterwards there is no second account for anybody, and nobody is forgotten.

use std::time::Duration;

use rollcall::report::RunResult;
use rollcall::sandbox::{AppAct, AppFault, AppSpot, Sandbox};
use serde_json::json;

use crate::world::{World, failing};

/// So many writes have reached the app.
fn writes(number: u64) -> impl Fn(&Sandbox) -> bool {
    move |sandbox| {
        let admin = sandbox.app.admin();
        admin.counters().get("create") + admin.counters().get("patch") >= number
    }
}

/// So many requests of any kind have reached the app.
fn requests(number: u64) -> impl Fn(&Sandbox) -> bool {
    move |sandbox| sandbox.app.admin().counters().all().values().sum::<u64>() >= number
}

#[tokio::test]
async fn a_first_day_that_dies_anywhere_ends_as_if_it_had_not() {
    for point in [1, 2, 5, 9, 14, 20, 27, 30, 35, 41, 44, 47] {
        let mut world = World::new(24).await;
        world.run().await;
        world.approve_later("configuration", |_| {});
        world.sandbox.app.admin().set_latency(Duration::from_millis(1));
        world.run_until(requests(point)).await;
        world.run_until(requests(2 * point)).await;
        world.sandbox.app.admin().set_latency(Duration::ZERO);
        let report = world.run().await;
        assert_eq!(report.result, RunResult::Done, "at {point}: {report:#?}");
        assert_eq!((world.accounts().len(), world.active()), (24, 24), "at {point}");
        world.finish().await;
    }
}

#[tokio::test]
async fn who_was_being_created_when_the_process_died_and_left_meanwhile_is_shut_out() {
    for point in [1, 4, 8, 12] {
        let mut world = World::settled(40).await;
        let hires: Vec<String> = (0..12).map(|_| world.directory().hire(&json!({})).unwrap()).collect();
        world.sandbox.app.admin().set_latency(Duration::from_millis(1));
        world.run_until(writes(point)).await;
        world.sandbox.app.admin().set_latency(Duration::ZERO);
        for (number, hire) in hires.iter().enumerate() {
            match number % 3 {
                0 => world.directory().disable(hire).unwrap(),
                1 => world.directory().hard_delete(hire).unwrap(),
                _ => world.leave(hire),
            }
        }
        let report = world.run().await;
        if report.result == RunResult::Held {
            for hold in &report.holds {
                world.approve(&hold.kind).await;
            }
        }
        let left: Vec<_> =
            hires.iter().filter(|hire| world.accounts_of(hire).iter().any(|it| it["active"] == true)).collect();
        assert_eq!(left, Vec::<&String>::new(), "active leavers nobody knows, dead at {point}");
        world.finish().await;
    }
}

#[tokio::test]
async fn an_ordinary_day_that_dies_at_every_request_ends_as_if_it_had_not() {
    for point in 1..=16 {
        let mut world = World::with_managers(12).await;
        world.go_live().await;
        let people = world.directory().members(6);
        let hire = world.directory().hire(&json!({})).unwrap();
        world.directory().set_manager(&people[0], Some(&hire)).unwrap();
        world.directory().set(&people[1], "jobTitle", "Mover").unwrap();
        world.directory().rename(&people[2], "another.name@northwind.example").unwrap();
        world.directory().disable(&people[3]).unwrap();
        world.leave(&people[4]);
        world.sandbox.app.admin().set_latency(Duration::from_millis(1));
        world.run_until(requests(point)).await;
        world.sandbox.app.admin().set_latency(Duration::ZERO);
        world.run().await;
        world.run().await;
        assert_eq!((world.accounts().len(), world.active()), (13, 11), "at {point}");
        assert_eq!(world.account(&people[1])["title"], "Mover", "at {point}");
        assert_eq!(world.account(&people[2])["userName"], "another.name@northwind.example", "at {point}");
        assert!(!world.is_active(&people[3]) && !world.is_active(&people[4]), "at {point}");
        let urn = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
        let manager = world.account(&people[0])[urn]["manager"]["value"].clone();
        assert_eq!(manager, world.account(&hire)["id"], "at {point}");
        world.finish().await;
    }
}

#[tokio::test]
async fn a_run_that_dies_while_reading_leaves_nothing_behind() {
    let mut world = World::settled(12).await;
    let [leaver] = world.people();
    world.leave(&leaver);
    world.run_until(|sandbox| sandbox.entra.counters().get("page") >= 1).await;
    assert_eq!(world.writes().len(), 0);
    let report = world.run().await;
    assert_eq!(report.counts.deactivated, 1);
    world.finish().await;
}

#[tokio::test]
async fn what_cannot_be_settled_after_a_crash_is_not_sent_again_until_it_can() {
    let mut world = World::settled(12).await;
    let hire = world.directory().hire(&json!({})).unwrap();
    world.sandbox.app.admin().fault(AppFault::new(AppSpot::Create, AppAct::DoneThenHang));
    assert!(world.run_until(writes(1)).await.is_none(), "the process died with the create under way");
    world.sandbox.app.admin().fault(AppFault::refuse(AppSpot::Any, 503).always());
    world.forget();
    let report = world.run().await;
    assert_eq!(failing(&report).iter().map(|it| it.0.as_str()).collect::<Vec<_>>(), [hire.as_str()], "{report:#?}");
    assert_eq!(world.writes().len(), 0);
    world.sandbox.app.admin().clear_faults();
    let report = world.run().await;
    assert_eq!((report.result, report.counts.failed), (RunResult::Done, 0));
    assert!(world.is_active(&hire));
    world.finish().await;
}

#[tokio::test]
async fn a_first_run_that_was_interrupted_needs_no_second_approval_for_its_creates() {
    let mut world = World::with_managers(130).await;
    world.run().await;
    world.approve_later("configuration", |_| {});
    assert!(world.run_until(writes(30)).await.is_none(), "the process died in the middle");
    world.forget();
    let report = world.run().await;
    assert!(!report.holds.iter().any(|hold| hold.kind == "creates"), "{:?}", report.holds);
    assert_eq!(world.accounts().len(), 130);
    world.assert_no_doubles();
}
