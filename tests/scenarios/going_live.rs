//! The first plan, its review, and approvals.

use chrono::TimeDelta;
use rollcall::model::{ChangeKind, PersonId};
use rollcall::report::RunResult;
use serde_json::json;

use crate::world::{World, hold};

#[tokio::test]
async fn a_preview_writes_nothing_and_shows_what_would_wait() {
    let mut world = World::new(12).await;
    world.stage("preview");
    let report = world.run().await;
    assert_eq!(report.result, RunResult::Done);
    assert_eq!((report.counts.created, report.counts.held), (0, 0), "in preview all counts of changes are 0");
    assert_eq!(hold(&report, "configuration").count, 12);
    assert_eq!(world.writes().len(), 0);
    assert_eq!(world.mails().len(), 0);
    assert_eq!(world.store().open_holds().unwrap().len(), 0, "nothing can be approved in preview");
    assert_eq!(world.store().reviewed_configuration().unwrap(), None);
}

#[tokio::test]
async fn the_first_plan_is_held_whole_and_approval_releases_all_of_it() {
    let mut world = World::new(12).await;
    let report = world.run().await;
    assert_eq!(report.result, RunResult::Held);
    assert_eq!(hold(&report, "configuration").count, 12);
    assert_eq!(world.writes().len(), 0);
    assert!(!world.mails_to("it@").is_empty(), "the client's admins are asked");
    let report = world.approve("configuration").await;
    assert_eq!(report.result, RunResult::Done);
    assert_eq!(report.counts.created, 12);
    assert_eq!(world.active(), 12);
    world.finish().await;
}

#[tokio::test]
async fn a_plan_is_what_the_run_does_and_has_the_same_id() {
    let mut world = World::new(12).await;
    let (plan, changes) = world.plan().await;
    let run = world.run().await;
    assert_eq!(hold(&plan, "configuration").id, hold(&run, "configuration").id);
    assert_eq!(changes.len(), 12);
    assert!(changes.iter().all(|change| change.operation.change.kind == ChangeKind::Create));
    assert_eq!(world.writes().len(), 0);
    world.approve("configuration").await;
    world.finish().await;
}

#[tokio::test]
async fn a_plan_changes_nothing_not_even_the_state() {
    let mut world = World::settled(12).await;
    let [mover, leaver] = world.people();
    world.directory().set(&mover, "jobTitle", "Head of Plans").unwrap();
    world.leave(&leaver);
    let runs = world.store().runs(10).unwrap().len();
    let (_, first) = world.plan().await;
    let (_, second) = world.plan().await;
    let digests = |rows: &[rollcall::store::PlannedRow]| rows.iter().map(|row| row.digest.clone()).collect::<Vec<_>>();
    assert_eq!(digests(&first), digests(&second));
    assert_eq!((first.len(), world.writes().len(), world.mails().len()), (2, 0, 0));
    assert_eq!(world.store().runs(10).unwrap().len(), runs);
    world.run().await;
    world.finish().await;
}

#[tokio::test]
async fn approval_drops_pairs_that_are_no_longer_due_and_judges_new_ones_by_themselves() {
    let mut world = World::new(12).await;
    world.run().await;
    let [gone, changed] = world.people();
    world.leave(&gone);
    world.directory().set(&changed, "jobTitle", "Somebody Else").unwrap();
    let new = world.directory().hire(&json!({})).unwrap();
    let report = world.approve("configuration").await;
    assert_eq!(world.accounts_of(&gone).len(), 0, "no longer due");
    assert_eq!(world.account(&changed)["title"], "Somebody Else", "another change, judged by itself: one create");
    assert!(world.is_active(&new), "a new one, judged by itself: one create");
    assert_eq!(report.counts.created, 12);
    world.finish().await;
}

#[tokio::test]
async fn new_pairs_beyond_their_own_limit_wait_while_the_approved_ones_go() {
    let mut world = World::settled(40).await;
    for person in &world.directory().members(12)[4..] {
        world.leave(person);
    }
    let report = world.run().await;
    assert_eq!(hold(&report, "left").count, 8);
    let more = world.directory().members(30);
    for person in &more[20..23] {
        world.leave(person);
    }
    let report = world.approve("left").await;
    assert_eq!(report.counts.deactivated, 8, "exactly those that were approved");
    assert_eq!(hold(&report, "left").count, 3, "the new ones are above the limit of 2 by themselves");
    assert!(more[20..23].iter().all(|person| world.is_active(person)));
    world.finish().await;
}

#[tokio::test]
async fn an_approval_is_for_a_person_and_a_change_not_for_whatever_else_befalls_the_person() {
    let mut world = World::settled(30).await;
    let people = world.directory().members(22);
    let promote = |world: &World, title: &str| {
        for person in &people {
            world.directory().set(person, "jobTitle", title).unwrap();
        }
    };
    promote(&world, "As approved");
    world.run().await;
    promote(&world, "Something else");
    let report = world.approve("updates").await;
    assert_eq!((report.counts.updated, hold(&report, "updates").count), (0, 22));
    assert_eq!(world.writes().len(), 0);
    assert_eq!(world.approve("updates").await.counts.updated, 22);
    world.finish().await;
}

#[tokio::test]
async fn only_releases_these_people_and_the_rest_waits_on() {
    let mut world = World::new(12).await;
    world.run().await;
    let [one, two] = world.people();
    let chosen = [one.as_str(), two.as_str()].map(PersonId::new).to_vec();
    let report = world.approve_with("configuration", |approval| approval.only = chosen).await;
    assert_eq!(report.counts.created, 2);
    assert_eq!(hold(&report, "configuration").count, 10);
    assert!(world.is_active(&one) && world.is_active(&two));
    world.finish().await;
}

#[tokio::test]
async fn except_releases_everybody_else() {
    let mut world = World::new(12).await;
    world.run().await;
    let [one] = world.people();
    let but = vec![PersonId::new(one.as_str())];
    let report = world.approve_with("configuration", |approval| approval.except = but).await;
    assert_eq!(report.counts.created, 11);
    assert_eq!(hold(&report, "configuration").count, 1);
    assert_eq!(world.accounts_of(&one).len(), 0);
    world.finish().await;
}

#[tokio::test]
async fn an_approval_of_leavers_expires_after_a_day() {
    let mut world = World::settled(40).await;
    let people = world.directory().members(8);
    for person in &people {
        world.leave(person);
    }
    world.run().await;
    world.approve_later("left", |_| {});
    world.wait(TimeDelta::hours(24) + TimeDelta::minutes(1));
    let report = world.run().await;
    assert_eq!((report.counts.deactivated, report.counts.held), (0, 8));
    assert_eq!(world.writes().len(), 0);
    let report = world.approve("left").await;
    assert_eq!(report.counts.deactivated, 8);
    world.finish().await;
}

#[tokio::test]
async fn an_approval_of_the_first_plan_expires_after_a_day_too() {
    let mut world = World::new(12).await;
    world.run().await;
    world.approve_later("configuration", |_| {});
    world.wait(TimeDelta::hours(24) + TimeDelta::minutes(1));
    let report = world.run().await;
    assert_eq!((report.counts.created, report.counts.held), (0, 12), "nothing new is ever sent unreviewed");
    assert_eq!(world.writes().len(), 0);
    let report = world.approve("configuration").await;
    assert_eq!(report.counts.created, 12);
    world.finish().await;
}

#[tokio::test]
async fn a_hold_that_was_approved_once_and_expired_is_not_wholly_approved_by_a_later_word_about_one() {
    let mut world = World::new(12).await;
    world.run().await;
    world.approve_later("configuration", |_| {});
    world.wait(TimeDelta::hours(25));
    world.run().await;
    let [one] = world.people();
    let report = world.approve_with("configuration", |it| it.only = vec![PersonId::new(one.as_str())]).await;
    assert_eq!((report.counts.created, report.counts.held), (1, 11));
    world.finish().await;
}

#[tokio::test]
async fn an_approval_is_spent_once_it_was_used() {
    let mut world = World::settled(40).await;
    let people = world.directory().members(8);
    for person in &people {
        world.leave(person);
    }
    world.run().await;
    world.approve("left").await;
    for person in &people {
        world.join(person);
    }
    world.run().await;
    let report = world.approve("reactivations").await;
    assert_eq!(report.counts.reactivated, 8);
    for person in &people {
        world.leave(person);
    }
    let report = world.run().await;
    assert_eq!((report.counts.deactivated, report.counts.held), (0, 8), "the second leave needs a word of its own");
    world.finish().await;
}

#[tokio::test]
async fn who_is_left_out_of_an_approval_waits_for_a_word_of_their_own() {
    let mut world = World::settled(20).await;
    let people: [String; 3] = world.people();
    for person in &people {
        world.leave(person);
    }
    assert_eq!(hold(&world.run().await, "left").count, 3);
    let spared = vec![PersonId::new(people[0].as_str())];
    let report = world.approve_with("left", |approval| approval.except = spared).await;
    assert_eq!(report.counts.deactivated, 2);
    assert!(world.is_active(&people[0]), "alone they would be within the limit, and still nobody said yes");
    assert_eq!(hold(&report, "left").count, 1);
    let again = world.run().await;
    assert_eq!((again.counts.deactivated, again.counts.held), (0, 1));
    let released = world.approve("left").await;
    assert_eq!(released.counts.deactivated, 1);
    world.finish().await;
}

#[tokio::test]
async fn a_yes_does_not_outlive_its_change() {
    let mut world = World::settled(20).await;
    let people: [String; 4] = world.people();
    for person in &people {
        world.leave(person);
    }
    world.run().await;
    world.approve_later("left", |_| {});
    for person in &people {
        world.join(person);
    }
    assert_eq!(world.run().await.counts.held, 0, "nobody is due any more");
    for person in &people {
        world.leave(person);
    }
    let report = world.run().await;
    assert_eq!((report.counts.deactivated, hold(&report, "left").count), (0, 4), "the old yes is not theirs");
    world.finish().await;
}

#[tokio::test]
async fn an_expired_yes_leaves_out_whoever_is_left_out_of_the_next() {
    let mut world = World::settled(20).await;
    let people: [String; 4] = world.people();
    for person in &people {
        world.leave(person);
    }
    world.run().await;
    world.approve_later("left", |_| {});
    world.wait(TimeDelta::hours(25));
    world.run().await;
    let chosen = people[..3].iter().map(|person| PersonId::new(person.as_str())).collect();
    let report = world.approve_with("left", |approval| approval.only = chosen).await;
    assert_eq!((report.counts.deactivated, report.counts.held), (3, 1), "the fourth has only a yes that is over");
    world.finish().await;
}
