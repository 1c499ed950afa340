//! Histories that once went wrong: each is a sequence of days in which somebody would have been forgotten, doubled,
//! deactivated or changed without anybody's word.
#![forbid(unsafe_code)]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails where it stands")]

#[path = "scenarios/world.rs"]
#[expect(dead_code, reason = "the scenarios use all of it")]
mod world;

use chrono::TimeDelta;
use rollcall::report::RunResult;
use rollcall::sandbox::{Act, AppAct, AppFault, AppSpot, Fault, Spot};
use serde_json::json;
use world::{World, described, failing, hold};

const GRACE: &str = "[leavers]\nleft_group = \"after 3d\"\ndisabled = \"after 3d\"";

async fn settled_with(members: u32, more: &str) -> World {
    let mut world = World::new(members).await;
    world.add_to_configuration(more);
    world.go_live().await;
    world
}

fn refused(status: u16) -> Act {
    Act::Refuse { status, code: "serviceNotAvailable".to_owned(), retry_after: None }
}

#[tokio::test]
async fn a_leaver_whose_time_is_up_stays_due_for_as_long_as_the_hold_waits() {
    let mut world = settled_with(12, GRACE).await;
    let people: [String; 8] = world.people();
    for person in &people {
        world.leave(person);
    }
    assert_eq!(world.run().await.counts.held, 0);
    world.wait(TimeDelta::days(3));
    assert_eq!(hold(&world.run().await, "left").count, 8);
    world.wait(TimeDelta::hours(3));
    assert_eq!(hold(&world.run().await, "left").count, 8, "their time does not begin anew");
    assert_eq!(world.approve("left").await.counts.deactivated, 8);
    world.finish().await;
}

#[tokio::test]
async fn a_leaver_s_time_goes_on_while_the_directory_or_the_app_does_not_answer() {
    let mut world = settled_with(12, GRACE).await;
    let [person] = world.people();
    world.leave(&person);
    world.run().await;
    world.wait(TimeDelta::days(1));
    world.sandbox.entra.fault(Fault::new(Spot::User, refused(403)));
    assert_eq!(world.run().await.counts.failed, 1, "the directory does not say where they are");
    world.wait(TimeDelta::days(2));
    world.sandbox.app.admin().fault(AppFault::refuse(AppSpot::Patch, 400));
    assert_eq!(world.run().await.counts.failed, 1, "the app refuses");
    assert_eq!(world.run().await.counts.deactivated, 1);
    world.finish().await;
}

#[tokio::test]
async fn since_when_somebody_fails_is_since_the_first_failure() {
    let mut world = World::settled(5).await;
    let [person] = world.people();
    world.directory().set(&person, "jobTitle", "Chief").unwrap();
    world.sandbox.app.admin().fault(AppFault::refuse(AppSpot::Patch, 400).times(2));
    let first = world.run().await.failures.remove(0).since;
    world.wait(TimeDelta::days(1));
    assert_eq!(world.run().await.failures.remove(0).since, first);
    assert_eq!(world.run().await.counts.updated, 1);
    world.finish().await;
}

#[tokio::test]
async fn a_failing_deactivation_stays_one_while_the_directory_does_not_answer() {
    let mut world = World::settled(8).await;
    let [person] = world.people();
    world.leave(&person);
    world.sandbox.app.admin().fault(AppFault::refuse(AppSpot::Patch, 400));
    assert_eq!(world.run().await.failures[0].change, Some(rollcall::model::ChangeKind::Deactivate));
    world.sandbox.entra.fault(Fault::new(Spot::User, refused(403)));
    assert_eq!(world.run().await.failures[0].change, Some(rollcall::model::ChangeKind::Deactivate));
    world.run().await;
    world.finish().await;
}

#[tokio::test]
async fn a_superseded_first_plan_reviews_nothing_but_its_own_people() {
    let mut world = World::new(5).await;
    let first = world.run().await;
    let superseded = world.store().holds_called(&first.holds[0].id).unwrap().remove(0);
    for number in 0..3 {
        world.directory().hire(&json!({ "displayName": format!("New {number}") })).unwrap();
    }
    assert_eq!(hold(&world.run().await, "configuration").count, 8);
    let yes = rollcall::store::Approval { by: "pat".to_owned(), ..Default::default() };
    world.store().approve(&superseded, &yes, world.now()).unwrap();
    let report = world.run().await;
    assert_eq!(report.counts.created, 5);
    assert_eq!(hold(&report, "configuration").count, 3);
    world.finish().await;
}

#[tokio::test]
async fn a_first_plan_of_which_nobody_could_be_judged_is_not_reviewed() {
    let mut world = World::settled(6).await;
    world.directory().hire(&json!({ "displayName": "New" })).unwrap();
    world.add_to_configuration("[scope]\nwhere = \"user.department != 'Nowhere'\"");
    world.sandbox.app.admin().fault(AppFault::refuse(AppSpot::Lookup, 503).times(4));
    assert_eq!(world.run().await.counts.failed, 1);
    assert_eq!(hold(&world.run().await, "configuration").count, 1);
    world.finish().await;
}

#[tokio::test]
async fn an_attribute_that_vanished_is_still_missed_after_a_run_of_one_person() {
    let mut world = World::settled(15).await;
    for person in world.directory().members(15) {
        world.directory().set(&person, "department", serde_json::Value::Null).unwrap();
    }
    let person = world.directory().hire(&json!({ "displayName": "New", "department": null })).unwrap();
    world.run_person(&person).await;
    assert_eq!(hold(&world.run().await, "mass_null").count, 15);
    world.finish().await;
}

#[tokio::test]
async fn managers_who_vanish_from_everybody_are_missed_like_an_attribute() {
    let mut world = World::with_managers(18).await;
    world.go_live().await;
    world.run().await;
    for person in world.directory().members(18) {
        world.directory().set_manager(&person, None).unwrap();
    }
    let report = world.run().await;
    assert!(hold(&report, "mass_null").count >= 10, "{report:#?}");
    world.finish().await;
}

#[tokio::test]
async fn a_new_manager_brings_a_reference_and_nothing_else() {
    let mut world = World::with_managers(6).await;
    let [person] = world.people();
    let name = world.directory().person(&person).unwrap()["userPrincipalName"].as_str().unwrap().to_owned();
    world.edit_configuration(
        "match = [\"externalId\", \"userName\"]",
        &format!("match = [\"externalId\", \"userName\"]\nprotected = [\"{name}\"]"),
    );
    world.go_live().await;
    world.directory().rename(&person, &format!("other-{name}")).unwrap();
    let manager = world.directory().hire(&json!({ "displayName": "Manager" })).unwrap();
    world.directory().set_manager(&person, Some(&manager)).unwrap();
    let report = world.run().await;
    assert_eq!((report.counts.created, report.counts.updated), (1, 1));
    assert_eq!(world.account(&person)["userName"], name, "a protected account keeps its name");
    let urn = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
    assert_eq!(world.account(&person)[urn]["manager"]["value"], world.account(&manager)["id"]);
    assert_eq!(world.run().await.warnings.len(), 1, "the rename is still told of");
    world.finish().await;
}

#[tokio::test]
async fn what_was_in_doubt_and_turns_out_done_is_no_failure_afterwards() {
    let mut world = World::settled(5).await;
    let [person] = world.people();
    world.directory().set(&person, "jobTitle", "Chief").unwrap();
    world.sandbox.app.admin().fault(AppFault::new(AppSpot::Patch, AppAct::DoneThenCut));
    world.sandbox.app.admin().fault(AppFault::refuse(AppSpot::Read, 400));
    assert_eq!(world.run().await.counts.failed, 1);
    // The same process runs again.
    let report = world.run().await;
    assert_eq!(failing(&report), []);
    assert_eq!(report.counts.updated, 1, "told once it is known");
    world.finish().await;
}

#[tokio::test]
async fn one_person_in_doubt_does_not_keep_everybody_else_waiting() {
    let mut world = World::settled(8).await;
    let [doubtful, leaver] = world.people();
    world.directory().set(&doubtful, "jobTitle", "Chief").unwrap();
    world.sandbox.app.admin().fault(AppFault::new(AppSpot::Patch, AppAct::DoneThenCut));
    world.sandbox.app.admin().fault(AppFault::refuse(AppSpot::Read, 400).times(2));
    assert_eq!(world.run().await.counts.failed, 1);
    world.leave(&leaver);
    let report = world.run().await;
    assert_eq!(
        (report.result, report.counts.deactivated, report.counts.failed),
        (RunResult::Partial, 1, 1),
        "{report:#?}"
    );
    assert_eq!(world.run().await.counts.updated, 1);
    world.finish().await;
}

#[tokio::test]
async fn what_a_run_did_before_its_process_died_is_told_by_the_next() {
    let mut world = World::new(30).await;
    world.run().await;
    world.approve_later("configuration", |_| {});
    world.sandbox.app.admin().set_latency(std::time::Duration::from_millis(20));
    let died = world.run_until(|sandbox| sandbox.app.admin().len() == 30).await;
    assert!(died.is_none());
    let report = world.run().await;
    assert_eq!(report.counts.created, 30, "each is told once, whoever sent it");
    world.finish().await;
}

#[tokio::test]
async fn a_state_bound_to_another_app_touches_no_account_there_by_an_old_id() {
    let mut world = World::settled(6).await;
    let [person] = world.people();
    let mut binding = world.store().binding().unwrap().unwrap();
    "https://elsewhere.example/scim".clone_into(&mut binding.target);
    world.store().rebind(&binding, world.now()).unwrap();
    binding.target = rollcall::sync::configured_binding(&world.settings()).target;
    world.store().rebind(&binding, world.now()).unwrap();
    world.directory().disable(&person).unwrap();
    let report = world.run().await;
    assert_eq!(described(&world.writes()), Vec::<String>::new());
    assert_eq!(hold(&report, "configuration").count, 5, "everybody is matched anew");
}

#[tokio::test]
async fn a_run_of_one_person_names_nobody_else_s_failure() {
    let mut world = World::settled(5).await;
    let [bad, good] = world.people();
    world.directory().set(&bad, "jobTitle", "Chief").unwrap();
    world.sandbox.app.admin().fault(AppFault::refuse(AppSpot::Patch, 400));
    assert_eq!(world.run().await.counts.failed, 1);
    let report = world.run_person(&good).await;
    assert_eq!((report.result, report.counts.failed), (RunResult::Done, 0));
    world.run().await;
    world.finish().await;
}

#[tokio::test]
async fn a_run_of_one_person_repeats_no_mail_about_the_secret() {
    let mut world = World::settled(5).await;
    let date = (world.now() + TimeDelta::days(5)).date_naive();
    world.edit_configuration("groups        =", &format!("client_secret_expires = {date}\ngroups        ="));
    world.directory().revoke("Application.Read.All");
    let [person] = world.people();
    world.run().await;
    let told = world.mails().len();
    assert!(told > 0);
    world.run_person(&person).await;
    world.run_person(&person).await;
    assert_eq!(world.mails().len(), told);
    world.finish().await;
}

#[tokio::test]
async fn asked_to_stop_while_the_directory_is_slow_to_prove_a_run_sends_nothing_more() {
    let mut world = World::settled(8).await;
    let [leaver] = world.people();
    world.leave(&leaver);
    world.sandbox.entra.fault(Fault::new(Spot::CheckMemberGroups, Act::Hang));
    let settings = world.settings();
    let job = world.job(&settings);
    let stop = async {
        while world.sandbox.entra.counters().get("checkMemberGroups") == 0 {
            tokio::time::sleep(std::time::Duration::from_millis(1)).await;
        }
        job.stop.cancel();
    };
    let trigger = rollcall::store::Trigger::Command("run");
    let (report, ()) = tokio::join!(rollcall::sync::run(&job, &trigger), stop);
    assert_eq!(
        world.sandbox.entra.counters().get("checkMemberGroups"),
        1,
        "it does not wait for the answer and ask again"
    );
    assert_eq!(report.unwrap().result, RunResult::Failed);
    drop(job);
    assert!(world.is_active(&leaver));
    assert_eq!(world.run().await.counts.deactivated, 1);
    world.finish().await;
}
