//! References to managers: they come last, are part of their create, and are sent once.

use rollcall::report::RunResult;
use serde_json::{Value, json};

use crate::world::World;

const URN: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

fn manager_of(world: &World, person: &str) -> Value {
    let manager = &world.account(person)[URN]["manager"];
    manager.get("value").unwrap_or(manager).clone()
}

#[track_caller]
fn assert_manages(world: &World, manager: &str, person: &str) {
    assert_eq!(manager_of(world, person), world.account(manager)["id"]);
}

fn set_manager(world: &World, person: &str, manager: Option<&str>) {
    world.directory().set_manager(person, manager).unwrap();
}

#[tokio::test]
async fn the_first_day_refers_everybody_to_their_manager_and_counts_creates_only() {
    let mut world = World::with_managers(12).await;
    let people = world.directory().members(12);
    for person in &people {
        set_manager(&world, person, None);
    }
    set_manager(&world, &people[0], Some(&people[11]));
    set_manager(&world, &people[11], Some(&people[5]));
    world.run().await;
    let report = world.approve("configuration").await;
    assert_eq!((report.result, report.counts.created, report.counts.updated), (RunResult::Done, 12, 0));
    assert_manages(&world, &people[11], &people[0]);
    assert_manages(&world, &people[5], &people[11]);
    world.finish().await;
}

#[tokio::test]
async fn managers_in_a_loop_and_of_themselves_are_referred_to_all_the_same() {
    let mut world = World::with_managers(6).await;
    let people = world.directory().members(6);
    set_manager(&world, &people[0], Some(&people[1]));
    set_manager(&world, &people[1], Some(&people[2]));
    set_manager(&world, &people[2], Some(&people[0]));
    set_manager(&world, &people[3], Some(&people[3]));
    world.go_live().await;
    assert_manages(&world, &people[1], &people[0]);
    assert_manages(&world, &people[2], &people[1]);
    assert_manages(&world, &people[0], &people[2]);
    assert_manages(&world, &people[3], &people[3]);
    world.finish().await;
}

#[tokio::test]
async fn a_manager_hired_later_is_referred_to_once() {
    let mut world = World::with_managers(12).await;
    let people = world.directory().members(12);
    let boss = world.directory().register(&json!({})).unwrap();
    set_manager(&world, &people[0], Some(&boss));
    world.go_live().await;
    assert_eq!(manager_of(&world, &people[0]), Value::Null);
    world.join(&boss);
    let report = world.run().await;
    assert_eq!((report.result, report.counts.created, report.counts.updated), (RunResult::Done, 1, 1), "{report:#?}");
    assert_manages(&world, &boss, &people[0]);
    assert_eq!(world.writes().len(), 2);
    world.finish().await;
}

#[tokio::test]
async fn a_manager_outside_the_group_leaves_the_value_out_and_nobody_fails() {
    let mut world = World::with_managers(12).await;
    let people = world.directory().members(12);
    let outsider = world.directory().register(&json!({})).unwrap();
    let contact = world.directory().add_org_contact("A partner");
    set_manager(&world, &people[0], Some(&outsider));
    set_manager(&world, &people[1], Some(&contact));
    world.run().await;
    let report = world.approve("configuration").await;
    assert_eq!((report.result, report.counts.created, report.counts.failed), (RunResult::Done, 12, 0));
    assert_eq!(manager_of(&world, &people[0]), Value::Null);
    assert_eq!(manager_of(&world, &people[1]), Value::Null);
    world.finish().await;
}

#[tokio::test]
async fn a_new_manager_and_none_any_more_are_sent_once() {
    let mut world = World::with_managers(12).await;
    let people = world.directory().members(12);
    set_manager(&world, &people[0], Some(&people[1]));
    world.go_live().await;
    set_manager(&world, &people[0], Some(&people[2]));
    assert_eq!(world.run().await.counts.updated, 1);
    assert_manages(&world, &people[2], &people[0]);
    set_manager(&world, &people[0], None);
    assert_eq!(world.run().await.counts.updated, 1);
    assert_eq!(manager_of(&world, &people[0]), Value::Null);
    assert_eq!(world.writes().len(), 2);
    world.finish().await;
}

#[tokio::test]
async fn a_hire_and_their_new_manager_on_one_day_need_one_run() {
    let mut world = World::with_managers(12).await;
    world.go_live().await;
    let boss = world.directory().hire(&json!({})).unwrap();
    let hire = world.directory().hire(&json!({})).unwrap();
    set_manager(&world, &hire, Some(&boss));
    let report = world.run().await;
    assert_eq!((report.counts.created, report.counts.updated), (2, 0), "a reference of a create is not counted");
    assert_manages(&world, &boss, &hire);
    world.finish().await;
}

#[tokio::test]
async fn a_manager_whose_account_cannot_be_made_holds_nobody_up() {
    let mut world = World::with_managers(12).await;
    world.go_live().await;
    let boss = world.directory().hire(&json!({})).unwrap();
    let hire = world.directory().hire(&json!({})).unwrap();
    set_manager(&world, &hire, Some(&boss));
    let name = world.directory().person(&boss).unwrap()["userPrincipalName"].as_str().unwrap().to_owned();
    let refused = rollcall::sandbox::app::Refused {
        attribute: "userName".to_owned(),
        value: name,
        detail: "userName is not allowed".to_owned(),
    };
    world.sandbox.app.admin().quirks(|quirks| quirks.refused.push(refused));
    let report = world.run().await;
    assert_eq!((report.result, report.counts.created, report.counts.failed), (RunResult::Partial, 1, 1));
    assert!(world.is_active(&hire));
    world.sandbox.app.admin().quirks(|quirks| quirks.refused.clear());
    world.run().await;
    assert_manages(&world, &boss, &hire);
    world.finish().await;
}
