//! Leavers by every cause, at once, later or never, and those who come back.

use chrono::TimeDelta;
use rollcall::model::{Cause, ChangeKind};
use rollcall::report::RunResult;
use serde_json::json;

use crate::world::World;

/// What makes somebody a leaver.
#[derive(Clone, Copy, Debug)]
enum Leave {
    Disabled,
    Deleted,
    DeletedForGood,
    LeftGroup,
    OutOfScope,
}

const EVERY_WAY: [Leave; 5] =
    [Leave::Disabled, Leave::Deleted, Leave::DeletedForGood, Leave::LeftGroup, Leave::OutOfScope];

impl Leave {
    fn happen(self, world: &World, person: &str) {
        let directory = world.directory();
        match self {
            Self::Disabled => directory.disable(person),
            Self::Deleted => directory.soft_delete(person),
            Self::DeletedForGood => directory.hard_delete(person),
            Self::LeftGroup => directory.remove_member(&world.group(), person),
            Self::OutOfScope => directory.set(person, "department", "Contractors"),
        }
        .unwrap();
    }

    fn be_undone(self, world: &World, person: &str) {
        let directory = world.directory();
        match self {
            Self::Disabled => directory.enable(person),
            Self::Deleted => directory.restore(person),
            Self::DeletedForGood => return,
            Self::LeftGroup => directory.add_member(&world.group(), person),
            Self::OutOfScope => directory.set(person, "department", "Sales"),
        }
        .unwrap();
    }

    fn cause(self) -> Cause {
        match self {
            Self::Disabled => Cause::Disabled,
            Self::Deleted | Self::DeletedForGood => Cause::Deleted,
            Self::LeftGroup => Cause::LeftGroup,
            Self::OutOfScope => Cause::OutOfScope,
        }
    }
}

const SCOPE: &str = "[scope]\nwhere = \"user.department not in ['Contractors']\"\n";

async fn world_with(more: &str) -> World {
    let mut world = World::new(12).await;
    world.add_to_configuration(&format!("{SCOPE}{more}"));
    world.go_live().await;
    world
}

#[tokio::test]
async fn a_leaver_by_any_cause_is_deactivated_at_once_and_nobody_else_is_touched() {
    for leave in EVERY_WAY {
        let mut world = world_with("").await;
        let [leaver] = world.people();
        leave.happen(&world, &leaver);
        let (_, plan) = world.plan().await;
        let planned: Vec<_> = plan.iter().map(|row| (row.operation.change.kind, row.operation.change.cause)).collect();
        assert_eq!(planned, [(ChangeKind::Deactivate, leave.cause())], "{leave:?}");
        let report = world.run().await;
        assert_eq!((report.result, report.counts.deactivated), (RunResult::Done, 1), "{leave:?}");
        assert!(!world.is_active(&leaver), "{leave:?}");
        assert_eq!((world.active(), world.writes().len()), (11, 1), "{leave:?}");
        world.finish().await;
    }
}

#[tokio::test]
async fn nothing_is_ever_deleted_in_the_app() {
    let mut world = world_with("").await;
    let people = world.directory().members(EVERY_WAY.len());
    for (leave, person) in EVERY_WAY.into_iter().zip(&people) {
        leave.happen(&world, person);
    }
    world.run().await;
    assert_eq!(world.accounts().len(), 12);
    assert_eq!(world.writes().iter().filter(|write| write.method == "DELETE").count(), 0);
    world.finish().await;
}

#[tokio::test]
async fn a_leaver_with_time_left_keeps_the_account_until_it_is_over() {
    let rules = "[leavers]\ndisabled = \"after 3d\"\ndeleted = \"after 3d\"\nleft_group = \"after 3d\"\nout_of_scope = \"after 3d\"\n";
    for leave in EVERY_WAY {
        let mut world = world_with(rules).await;
        let [leaver] = world.people();
        leave.happen(&world, &leaver);
        assert_eq!(world.run().await.counts.deactivated, 0, "{leave:?}");
        world.wait(TimeDelta::days(3) - TimeDelta::minutes(10));
        assert_eq!(world.run().await.counts.deactivated, 0, "{leave:?}: still some minutes left");
        assert!(world.is_active(&leaver), "{leave:?}");
        world.wait(TimeDelta::minutes(10));
        assert_eq!(world.run().await.counts.deactivated, 1, "{leave:?}: three days are over");
        assert!(!world.is_active(&leaver), "{leave:?}");
        world.finish().await;
    }
}

#[tokio::test]
async fn a_leaver_who_comes_back_in_time_was_never_gone_and_a_second_leave_begins_anew() {
    let mut world = world_with("[leavers]\nleft_group = \"after 3d\"\n").await;
    let [person] = world.people();
    world.leave(&person);
    world.run().await;
    world.wait(TimeDelta::days(2));
    world.join(&person);
    world.run().await;
    world.leave(&person);
    world.run().await;
    world.wait(TimeDelta::days(2));
    assert_eq!(world.run().await.counts.deactivated, 0, "two days of the second leave");
    world.wait(TimeDelta::days(1));
    assert_eq!(world.run().await.counts.deactivated, 1);
    world.finish().await;
}

#[tokio::test]
async fn an_account_that_is_to_be_kept_is_kept_for_ever() {
    let rules = "[leavers]\ndisabled = \"keep\"\ndeleted = \"keep\"\nleft_group = \"keep\"\nout_of_scope = \"keep\"\n";
    for leave in EVERY_WAY {
        let mut world = world_with(rules).await;
        let [leaver] = world.people();
        leave.happen(&world, &leaver);
        world.run().await;
        world.wait(TimeDelta::days(60));
        world.run().await;
        assert!(world.is_active(&leaver), "{leave:?}");
        assert_eq!(world.writes().len(), 0, "{leave:?}");
        world.finish().await;
    }
}

#[tokio::test]
async fn who_comes_back_gets_the_same_account_again_and_never_a_second() {
    for leave in [Leave::Disabled, Leave::Deleted, Leave::LeftGroup, Leave::OutOfScope] {
        let mut world = world_with("").await;
        let [person] = world.people();
        let id = world.account(&person)["id"].clone();
        for _ in 0..3 {
            leave.happen(&world, &person);
            world.run().await;
            assert!(!world.is_active(&person), "{leave:?}");
            leave.be_undone(&world, &person);
            world.directory().set(&person, "jobTitle", "Returned").unwrap();
            assert_eq!(world.run().await.counts.reactivated, 1, "{leave:?}");
            assert!(world.is_active(&person), "{leave:?}");
            assert_eq!(world.account(&person)["id"], id, "{leave:?}");
            assert_eq!(world.account(&person)["title"], "Returned", "{leave:?}");
            world.wait(TimeDelta::days(8));
        }
        assert_eq!(world.accounts().len(), 12);
        world.finish().await;
    }
}

#[tokio::test]
async fn a_disabled_person_without_an_account_is_not_eligible_and_no_failure() {
    let mut world = world_with("").await;
    let person = json!({ "accountEnabled": false, "displayName": null, "givenName": null, "surname": null });
    let hire = world.directory().hire(&person).unwrap();
    let report = world.run().await;
    assert_eq!((report.result, report.counts.failed, report.counts.waiting), (RunResult::Done, 0, 0));
    assert_eq!(world.accounts_of(&hire).len(), 0);
    world.finish().await;
}

#[tokio::test]
async fn a_leaver_needs_no_mapping_and_collides_with_nobody() {
    let mut world = world_with("").await;
    let [leaver, other] = world.people();
    let name = world.directory().person(&other).unwrap()["userPrincipalName"].clone();
    // The leaver's record is ruined too: without a mail address, and under a name that somebody else has.
    world.directory().set(&leaver, "userPrincipalName", name).unwrap();
    world.directory().set(&leaver, "mail", serde_json::Value::Null).unwrap();
    world.directory().disable(&leaver).unwrap();
    let report = world.run().await;
    assert_eq!((report.result, report.counts.deactivated), (RunResult::Done, 1));
    assert!(!world.is_active(&leaver) && world.is_active(&other));
    world.finish().await;
}

#[tokio::test]
async fn a_guest_is_out_of_scope_unless_guests_are_wanted() {
    let mut world = world_with("").await;
    let [person] = world.people();
    world.directory().set(&person, "userType", "Guest").unwrap();
    let report = world.run().await;
    assert_eq!(report.counts.deactivated, 1);
    assert!(!world.is_active(&person));
    world.finish().await;
}

#[tokio::test]
async fn a_protected_leaver_keeps_the_account_and_is_told_of() {
    let mut world = World::new(12).await;
    let [boss, other] = world.people();
    let name = world.directory().person(&boss).unwrap()["userPrincipalName"].as_str().unwrap().to_uppercase();
    world.edit_configuration("[mapping]", &format!("protected = [\"{name}\"]\n\n[mapping]"));
    world.go_live().await;
    world.directory().disable(&boss).unwrap();
    world.directory().disable(&other).unwrap();
    let report = world.run().await;
    assert_eq!(report.counts.deactivated, 1);
    assert!(world.is_active(&boss) && !world.is_active(&other));
    assert!(report.warnings.iter().any(|warning| warning.contains("protected")), "{:?}", report.warnings);
    world.finish().await;
}

#[tokio::test]
async fn the_name_of_a_deleted_person_never_reaches_the_app() {
    let mut world = world_with("").await;
    let [person] = world.people();
    world.directory().soft_delete(&person).unwrap();
    let name = world.directory().person(&person).unwrap()["userPrincipalName"].as_str().unwrap().to_owned();
    world.run().await;
    // A list that lags still shows the person, under the name of the recycle bin.
    assert!(world.writes().iter().all(|write| !write.body.to_string().contains(&name)));
    assert_ne!(world.account(&person)["userName"], name);
    world.finish().await;
}
