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
    people.iter().for_each(|person| world.leave(person));
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
async fn a_run_of_one_person_repeats_no_mail_about_the_secret() {
    let mut world = World::settled(5).await;
    let date = (world.now() + TimeDelta::days(5)).date_naive();
    world.edit_configuration("groups        =", &format!("client_secret_expires = {date}\ngroups        ="));
    let [person] = world.people();
    world.run().await;
    let told = world.mails().len();
    world.run_person(&person).await;
    world.run_person(&person).await;
    assert_eq!(world.mails().len(), told);
    world.finish().await;
}

#[tokio::test]
async fn the_manager_in_a_scope_is_the_same_one_when_a_leaver_is_proved() {
    let mut world = World::with_managers(6).await;
    world.add_to_configuration("[scope]\nwhere = \"user.jobTitle == 'Nobody' or manager.account_id != 'x'\"");
    world.go_live().await;
    world.finish().await;
}
