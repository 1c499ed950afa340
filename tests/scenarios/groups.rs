//! Several groups, nested groups, excepted groups, guests.

use rollcall::report::RunResult;
use serde_json::json;

use crate::world::{World, assert_failed, hold};

/// A world with a second group, named in the customer's file as `groups` says of it.
async fn world_with(groups: impl Fn(&str, &str) -> String) -> (World, String) {
    let mut world = World::new(12).await;
    let second = world.directory().add_group("Casuals");
    let first = world.group();
    world.edit_configuration(&format!("groups        = [\"{first}\"]"), &groups(&first, &second));
    (world, second)
}

#[tokio::test]
async fn several_groups_are_their_union_and_who_is_in_two_has_one_account() {
    let (mut world, second) =
        world_with(|one, two| format!("groups = [\"{one}\", {{ id = \"{two}\", name = \"Casuals\" }}]")).await;
    let [both] = world.people();
    let casual = world.directory().register(&json!({})).unwrap();
    world.directory().add_member(&second, &both).unwrap();
    world.directory().add_member(&second, &casual).unwrap();
    world.go_live().await;
    assert_eq!(world.active(), 13);
    world.leave(&both);
    let report = world.run().await;
    assert_eq!(report.counts.deactivated, 0, "still in the second group");
    world.directory().remove_member(&second, &both).unwrap();
    let report = world.run().await;
    assert_eq!(report.counts.deactivated, 1);
    world.finish().await;
}

#[tokio::test]
async fn one_group_of_several_that_is_gone_fails_the_run() {
    let (mut world, second) = world_with(|one, two| format!("groups = [\"{one}\", \"{two}\"]")).await;
    let casual = world.directory().register(&json!({})).unwrap();
    world.directory().add_member(&second, &casual).unwrap();
    world.go_live().await;
    world.directory().delete_group(&second).unwrap();
    let report = world.run().await;
    assert_failed(&report, "group_gone");
    assert_eq!(world.writes().len(), 0);
    assert!(world.is_active(&casual));
}

#[tokio::test]
async fn an_added_group_needs_no_rebind_and_a_removed_one_holds_its_leavers() {
    let mut world = World::settled(12).await;
    let second = world.directory().add_group("Casuals");
    let casual = world.directory().register(&json!({})).unwrap();
    world.directory().add_member(&second, &casual).unwrap();
    let first = world.group();
    world.edit_configuration(
        &format!("groups        = [\"{first}\"]"),
        &format!("groups = [\"{first}\", \"{second}\"]"),
    );
    world.run().await;
    world.approve("configuration").await;
    assert!(world.is_active(&casual));
    world.edit_configuration(&format!("groups = [\"{first}\", \"{second}\"]"), &format!("groups = [\"{first}\"]"));
    let report = world.run().await;
    assert_eq!((report.counts.deactivated, hold(&report, "configuration").count), (0, 1));
    assert!(world.is_active(&casual));
    world.approve("configuration").await;
    assert!(!world.is_active(&casual));
    world.finish().await;
}

#[tokio::test]
async fn members_of_nested_groups_count_only_when_that_is_wished() {
    for nested in [false, true] {
        let mut world = World::new(12).await;
        let inner = world.directory().add_group("Inner");
        let person = world.directory().register(&json!({})).unwrap();
        world.directory().add_member(&inner, &person).unwrap();
        world.directory().add_member(&world.group(), &inner).unwrap();
        if nested {
            world.edit_configuration("\n[target]", "nested = true\n\n[target]");
        }
        world.go_live().await;
        assert_eq!(world.accounts_of(&person).len(), usize::from(nested));
        assert_eq!(world.active(), 12 + usize::from(nested));
        if nested {
            world.directory().remove_member(&inner, &person).unwrap();
            let report = world.run().await;
            assert_eq!((report.result, report.counts.deactivated), (RunResult::Done, 1));
        }
        world.finish().await;
    }
}

#[tokio::test]
async fn who_is_in_an_excepted_group_is_not_on_the_roster() {
    let (mut world, except) = world_with(|one, two| format!("groups = [\"{one}\"]\nexcept_groups = [\"{two}\"]")).await;
    let [excepted, later] = world.people();
    world.directory().add_member(&except, &excepted).unwrap();
    world.go_live().await;
    assert_eq!(world.active(), 11);
    assert_eq!(world.accounts_of(&excepted).len(), 0);
    world.directory().add_member(&except, &later).unwrap();
    let report = world.run().await;
    assert_eq!((report.result, report.counts.deactivated), (RunResult::Done, 1), "{report:#?}");
    world.directory().remove_member(&except, &later).unwrap();
    assert_eq!(world.run().await.counts.reactivated, 1);
    world.finish().await;
}

#[tokio::test]
async fn an_excepted_group_that_is_gone_fails_the_run() {
    let (mut world, except) = world_with(|one, two| format!("groups = [\"{one}\"]\nexcept_groups = [\"{two}\"]")).await;
    world.go_live().await;
    world.directory().delete_group(&except).unwrap();
    let report = world.run().await;
    assert_failed(&report, "group_gone");
    assert_eq!(world.writes().len(), 0);
}

#[tokio::test]
async fn guests_have_accounts_only_where_that_is_wished() {
    for guests in [false, true] {
        let mut world = World::new(12).await;
        let guest = world.directory().hire(&json!({ "userType": "Guest" })).unwrap();
        if guests {
            world.edit_configuration("\n[target]", "guests = true\n\n[target]");
        }
        world.go_live().await;
        assert_eq!(world.accounts_of(&guest).len(), usize::from(guests));
        world.finish().await;
    }
}

#[tokio::test]
async fn devices_contacts_and_groups_in_the_group_are_no_people() {
    let mut world = World::new(12).await;
    let things = [
        world.directory().add_device("Printer"),
        world.directory().add_org_contact("Partner"),
        world.directory().add_group("Empty"),
    ];
    for thing in &things {
        world.directory().add_member(&world.group(), thing).unwrap();
    }
    world.go_live().await;
    assert_eq!(world.active(), 12);
    world.finish().await;
}
