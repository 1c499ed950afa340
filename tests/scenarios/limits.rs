//! Limits: exactly at them everything goes, one above everything of that kind waits; in a run, a day and a week.

use chrono::TimeDelta;
use rollcall::report::RunResult;
use serde_json::json;

use crate::world::{World, hold};

#[tokio::test]
async fn at_the_limit_weak_leavers_go_and_one_more_holds_them_all() {
    // 5 % of 60 is 3.
    for (leaving, gone) in [(3, 3), (4, 0)] {
        let mut world = World::settled(60).await;
        for person in world.directory().members(leaving) {
            world.leave(&person);
        }
        let report = world.run().await;
        assert_eq!(report.counts.deactivated, gone);
        if gone == 0 {
            let held = hold(&report, "left");
            assert_eq!((held.count, held.limit, held.active), (4, 3, 60));
            assert!(held.message.contains('4') && held.message.contains("60") && held.message.contains('3'));
            assert!(world.mails_to("it@").iter().any(|mail| mail.text.contains('4')), "the mail says how many");
        }
        world.finish().await;
    }
}

#[tokio::test]
async fn at_the_limit_strong_leavers_go_and_one_more_holds_them_all() {
    // 10 % of 60 is 6.
    for (leaving, gone) in [(6, 6), (7, 0)] {
        let mut world = World::settled(60).await;
        for person in world.directory().members(leaving) {
            world.directory().disable(&person).unwrap();
        }
        let report = world.run().await;
        assert_eq!(report.counts.deactivated, gone);
        assert_eq!(report.counts.held, if gone == 0 { 7 } else { 0 });
        world.finish().await;
    }
}

#[tokio::test]
async fn a_group_mistake_never_keeps_a_dismissed_person_active() {
    let mut world = World::settled(40).await;
    let people = world.directory().members(30);
    for person in &people[1..] {
        world.leave(person);
    }
    world.directory().disable(&people[0]).unwrap();
    let report = world.run().await;
    assert_eq!((report.result, report.counts.deactivated, report.counts.held), (RunResult::Held, 1, 29));
    assert!(!world.is_active(&people[0]));
    world.finish().await;
}

#[tokio::test]
async fn at_the_limit_of_renames_updates_creates_and_reactivations_all_go_and_one_more_holds_them_all() {
    // Of 30: 5 renames, 20 updates, 50 creates, 5 reactivations.
    for extra in [0, 1] {
        let mut world = World::settled(30).await;
        let people = world.directory().members(30);
        for (number, person) in people[..5 + extra].iter().enumerate() {
            let name = format!("renamed{number}@northwind.example");
            world.directory().rename(person, &name).unwrap();
        }
        let report = world.run().await;
        assert_eq!((report.counts.updated, report.counts.held), if extra == 0 { (5, 0) } else { (0, 6) });
        world.finish().await;

        let mut world = World::settled(30).await;
        for person in &people[..20 + extra] {
            world.directory().set(person, "jobTitle", "Mover").unwrap();
        }
        let report = world.run().await;
        assert_eq!((report.counts.updated, report.counts.held), if extra == 0 { (20, 0) } else { (0, 21) });
        world.finish().await;

        let mut world = World::settled(30).await;
        for _ in 0..50 + extra {
            world.directory().hire(&json!({})).unwrap();
        }
        let report = world.run().await;
        assert_eq!((report.counts.created, report.counts.held), if extra == 0 { (50, 0) } else { (0, 51) });
        world.finish().await;

        let mut world = World::settled(30).await;
        let back = &people[..5 + extra];
        for person in back {
            world.leave(person);
        }
        world.run().await;
        world.approve("left").await;
        for person in back {
            world.join(person);
        }
        let report = world.run().await;
        assert_eq!((report.counts.reactivated, report.counts.held), if extra == 0 { (5, 0) } else { (0, 6) });
        world.finish().await;
    }
}

#[tokio::test]
async fn many_runs_a_day_do_not_add_up_to_more_than_a_days_limit() {
    let mut world = World::settled(60).await;
    let people = world.directory().members(8);
    let mut gone = 0;
    for person in &people {
        world.leave(person);
        gone += world.run().await.counts.deactivated;
        world.wait(TimeDelta::hours(1));
    }
    assert_eq!(gone, 3, "5 % of 60 in a day, however many runs");
    // A day after the third: what waited is five by now, which is above the limit by itself.
    world.wait(TimeDelta::days(1));
    let report = world.run().await;
    assert_eq!((report.counts.deactivated, report.counts.held), (0, 5));
    let report = world.approve("left").await;
    assert_eq!(report.counts.deactivated, 5);
    world.finish().await;
}

#[tokio::test]
async fn a_week_allows_twice_the_limit_and_no_more() {
    let mut world = World::settled(60).await;
    let people = world.directory().members(12);
    let mut gone = Vec::new();
    for day in people.chunks(3) {
        for person in day {
            world.leave(person);
        }
        gone.push(world.run().await.counts.deactivated);
        world.wait(TimeDelta::hours(25));
    }
    assert_eq!(gone, [3, 3, 0, 0]);
    world.approve("left").await;
    world.finish().await;
}

#[tokio::test]
async fn what_was_approved_does_not_count_against_the_day() {
    let mut world = World::settled(60).await;
    let people = world.directory().members(10);
    for person in &people[..8] {
        world.leave(person);
    }
    world.run().await;
    assert_eq!(world.approve("left").await.counts.deactivated, 8);
    for person in &people[8..] {
        world.leave(person);
    }
    let report = world.run().await;
    assert_eq!((report.counts.deactivated, report.counts.held), (2, 0));
    world.finish().await;
}

#[tokio::test]
async fn the_last_account_of_a_company_never_goes_by_itself() {
    for size in [1, 2, 3] {
        let mut world = World::settled(size).await;
        for person in world.directory().members(2) {
            world.directory().disable(&person).unwrap();
        }
        let report = world.run().await;
        assert_eq!(report.counts.deactivated, 0, "{size}");
        assert_eq!(report.result, RunResult::Held, "{size}");
        world.finish().await;
    }
}

#[tokio::test]
async fn a_changed_mapping_is_one_hold_except_for_strong_leavers() {
    let mut world = World::settled(12).await;
    let [disabled, left, mover] = world.people();
    world.edit_configuration("user.jobTitle", "user.jobTitle | upper");
    world.directory().disable(&disabled).unwrap();
    world.leave(&left);
    world.directory().set(&mover, "displayName", "A Mover").unwrap();
    world.directory().hire(&json!({})).unwrap();
    let report = world.run().await;
    assert_eq!(report.counts.deactivated, 1, "the dismissed person");
    assert_eq!(report.holds.len(), 1);
    assert_eq!(hold(&report, "configuration").count, 12, "ten titles, a hire, somebody who left");
    assert!(!world.is_active(&disabled) && world.is_active(&left));
    let report = world.approve("configuration").await;
    assert_eq!(report.result, RunResult::Done);
    assert!(world.account(&mover)["title"].as_str().unwrap().chars().all(|c| !c.is_lowercase()));
    world.finish().await;
}

#[tokio::test]
async fn a_changed_scope_is_one_hold_whatever_its_size() {
    let mut world = World::settled(12).await;
    let [person] = world.people();
    world.directory().set(&person, "department", "Contractors").unwrap();
    world.run().await;
    world.add_to_configuration("[scope]\nwhere = \"user.department != 'Contractors'\"");
    let report = world.run().await;
    assert_eq!((report.counts.deactivated, hold(&report, "configuration").count), (0, 1));
    assert!(world.is_active(&person));
    world.approve("configuration").await;
    assert!(!world.is_active(&person));
    world.finish().await;
}

#[tokio::test]
async fn changed_rules_for_leavers_are_one_hold() {
    let mut world = World::new(12).await;
    world.edit_configuration("[mapping]", "[leavers]\nleft_group = \"keep\"\n\n[mapping]");
    world.go_live().await;
    let [person] = world.people();
    world.leave(&person);
    world.run().await;
    world.edit_configuration("left_group = \"keep\"", "left_group = \"now\"");
    let report = world.run().await;
    assert_eq!((report.counts.deactivated, hold(&report, "configuration").count), (0, 1));
    world.approve("configuration").await;
    assert!(!world.is_active(&person));
    world.finish().await;
}

#[tokio::test]
async fn a_changed_configuration_that_changes_nobody_needs_no_word() {
    let mut world = World::settled(12).await;
    world.add_to_configuration("[scope]\nwhere = \"user.department != 'Nobody at all'\"");
    let report = world.run().await;
    assert_eq!((report.result, report.counts.held), (RunResult::Done, 0));
    world.directory().hire(&json!({})).unwrap();
    let report = world.run().await;
    assert_eq!((report.result, report.counts.created), (RunResult::Done, 1));
    world.finish().await;
}
