//! Each deactivation is proved just before it is sent; where the answer disagrees or does not come, nothing is sent.

use rollcall::report::RunResult;
use rollcall::sandbox::{Act, Fault, Spot};
use serde_json::Value;

use crate::world::{World, failing};

/// The run was partial: this person's deactivation was not sent, and is reported.
#[track_caller]
fn assert_unproven(report: &rollcall::report::Report, world: &World, person: &str) {
    assert_eq!(report.result, RunResult::Partial, "{report:#?}");
    assert_eq!(failing(report).iter().map(|it| it.0.as_str()).collect::<Vec<_>>(), [person]);
    assert_eq!(report.counts.deactivated, 0);
    assert_eq!(world.writes().len(), 0, "nothing is sent");
    assert!(world.is_active(person));
    assert!(!world.mails().is_empty(), "it is reported");
}

#[tokio::test]
async fn who_is_missing_from_a_list_that_lags_is_not_deactivated() {
    let mut world = World::settled(12).await;
    let [person] = world.people();
    // Readers see the group without this person; the person is back already.
    world.leave(&person);
    world.directory().lag(&world.group()).unwrap();
    world.join(&person);
    let report = world.run().await;
    assert_unproven(&report, &world, &person);
    world.directory().catch_up(&world.group()).unwrap();
    let report = world.run().await;
    assert_eq!((report.result, report.counts.failed), (RunResult::Done, 0));
    world.finish().await;
}

#[tokio::test]
async fn who_is_enabled_again_by_the_time_of_the_proof_is_not_deactivated() {
    let mut world = World::settled(12).await;
    let [person] = world.people();
    let rows = members_of(&world, |row| {
        if row["id"] == person.as_str() {
            row["accountEnabled"] = Value::Bool(false);
        }
    });
    world.sandbox.entra.fault(Fault::new(Spot::MembersPage(1), Act::Body { status: 200, body: rows }));
    let report = world.run().await;
    assert_unproven(&report, &world, &person);
    let report = world.run().await;
    assert_eq!((report.result, report.counts.failed), (RunResult::Done, 0));
    world.finish().await;
}

#[tokio::test]
async fn who_is_in_scope_on_fresh_values_is_not_deactivated() {
    let mut world = World::new(12).await;
    world.add_to_configuration("[scope]\nwhere = \"user.department not in ['Contractors']\"");
    world.go_live().await;
    let [person] = world.people();
    let rows = members_of(&world, |row| {
        if row["id"] == person.as_str() {
            row["department"] = Value::from("Contractors");
        }
    });
    world.sandbox.entra.fault(Fault::new(Spot::MembersPage(1), Act::Body { status: 200, body: rows }));
    let report = world.run().await;
    assert_unproven(&report, &world, &person);
    let report = world.run().await;
    assert_eq!((report.result, report.counts.failed), (RunResult::Done, 0));
    world.finish().await;
}

#[tokio::test]
async fn who_is_there_after_all_is_not_deactivated_as_deleted() {
    let mut world = World::settled(12).await;
    let [person] = world.people();
    world.leave(&person);
    world.directory().lag(&world.group()).unwrap();
    world.join(&person);
    // The first answer about the person alone is a 404 of a replica that lags, the proof's is the truth.
    world.sandbox.entra.fault(Fault::refuse(Spot::User, 404, "Request_ResourceNotFound"));
    let report = world.run().await;
    assert_unproven(&report, &world, &person);
    world.directory().catch_up(&world.group()).unwrap();
    world.run().await;
    world.finish().await;
}

#[tokio::test]
async fn a_source_that_cannot_be_reached_at_the_proof_proves_nothing() {
    for act in [
        Act::Refuse { status: 503, code: "ServiceUnavailable".to_owned(), retry_after: None },
        Act::Refuse { status: 403, code: "Authorization_RequestDenied".to_owned(), retry_after: None },
        Act::CutBefore,
        Act::Truncated,
        Act::EmptyBody,
        Act::Html { status: 200 },
    ] {
        let mut world = World::settled(12).await;
        let [person] = world.people();
        world.leave(&person);
        world.sandbox.entra.fault(Fault::new(Spot::CheckMemberGroups, act.clone()).always());
        let report = world.run().await;
        assert_unproven(&report, &world, &person);
        world.sandbox.entra.clear_faults();
        let report = world.run().await;
        assert_eq!(report.counts.deactivated, 1, "{act:?}: retried at the next run");
        world.finish().await;
    }
}

#[tokio::test]
async fn a_person_whose_whereabouts_nobody_says_is_not_deactivated() {
    for act in [
        Act::Refuse { status: 503, code: "ServiceUnavailable".to_owned(), retry_after: None },
        Act::Refuse { status: 403, code: "Authorization_RequestDenied".to_owned(), retry_after: None },
        Act::Html { status: 404 },
        Act::EmptyBody,
        Act::Body { status: 200, body: "{\"id\": \"00000000-0000-0000-0000-000000000000\"}".to_owned() },
    ] {
        let mut world = World::settled(12).await;
        let [person] = world.people();
        world.leave(&person);
        world.sandbox.entra.fault(Fault::new(Spot::User, act.clone()).always());
        let report = world.run().await;
        assert_unproven(&report, &world, &person);
        world.sandbox.entra.clear_faults();
        let report = world.run().await;
        assert_eq!(report.counts.deactivated, 1, "{act:?}");
        world.finish().await;
    }
}

#[tokio::test]
async fn one_that_cannot_be_proved_keeps_nobody_else_active() {
    let mut world = World::settled(12).await;
    let [doubtful, leaver] = world.people();
    world.leave(&doubtful);
    world.directory().lag(&world.group()).unwrap();
    world.join(&doubtful);
    world.directory().disable(&leaver).unwrap();
    let report = world.run().await;
    assert_eq!((report.result, report.counts.deactivated), (RunResult::Partial, 1));
    assert!(world.is_active(&doubtful) && !world.is_active(&leaver));
    world.directory().catch_up(&world.group()).unwrap();
    world.run().await;
    world.finish().await;
}

/// The only page of members, with changed rows: what a replica that lags may say.
fn members_of(world: &World, change: impl Fn(&mut Value)) -> String {
    let row = |person: &String| {
        let mut row = Value::Object(world.directory().person(person).unwrap());
        row["@odata.type"] = Value::from("#microsoft.graph.user");
        change(&mut row);
        row
    };
    let rows: Vec<Value> = world.directory().members(usize::MAX).iter().map(row).collect();
    serde_json::json!({ "@odata.count": rows.len(), "value": rows }).to_string()
}
