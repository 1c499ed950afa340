//! A roster is complete, or nothing happens: whatever Entra answers, nobody is deactivated for it.

use rollcall::report::RunResult;
use rollcall::sandbox::{Act, Fault, GroupState, Spot};

use crate::world::{World, assert_failed, hold};

/// So many people take three pages of members.
const THREE_PAGES: u32 = 2100;

/// Three pages of people of whom only a few on every page have accounts.
async fn three_pages() -> World {
    let mut world = World::new(THREE_PAGES).await;
    for person in world.directory().members(THREE_PAGES as usize).iter().step_by(150) {
        world.directory().set(person, "jobTitle", "Pilot").unwrap();
    }
    world.add_to_configuration("[scope]\nwhere = \"user.jobTitle == 'Pilot'\"");
    world.go_live().await;
    world
}

#[tokio::test]
async fn an_empty_roster_never_acts_by_itself_whatever_the_size() {
    for size in [1, 2, 40] {
        let mut world = World::settled(size).await;
        world.directory().empty_group(&world.group()).unwrap();
        let report = world.run().await;
        assert_eq!(report.result, RunResult::Held, "{size}");
        assert_eq!(hold(&report, "left").count, u64::from(size));
        assert_eq!(world.writes().len(), 0, "{size}");
        assert!(!world.mails_to("it@").is_empty(), "{size}");
        world.finish().await;
    }
}

#[tokio::test]
async fn an_empty_roster_is_held_even_where_the_limits_of_each_cause_would_let_everybody_go() {
    let mut world = World::settled(4).await;
    let people = world.directory().members(4);
    people[..2].iter().for_each(|person| world.directory().disable(person).unwrap());
    world.directory().empty_group(&world.group()).unwrap();
    let report = world.run().await;
    assert_eq!((hold(&report, "disabled").count, hold(&report, "left").count), (2, 2), "{report:#?}");
    assert_eq!((world.active(), world.writes().len()), (4, 0));
    world.finish().await;
}

#[tokio::test]
async fn a_page_without_rows_at_all_is_no_proof_that_anybody_left() {
    let mut world = World::settled(40).await;
    world.sandbox.entra.fault(Fault::new(Spot::Members, Act::NoRows).always());
    let report = world.run().await;
    assert_failed(&report, "incomplete");
    assert_eq!(world.writes().len(), 0);
    world.sandbox.entra.clear_faults();
    world.run().await;
    world.finish().await;
}

#[tokio::test]
async fn a_group_that_is_gone_fails_the_run_and_deactivates_nobody() {
    let mut world = World::settled(12).await;
    world.directory().delete_group(&world.group()).unwrap();
    let report = world.run().await;
    assert_failed(&report, "group_gone");
    assert_eq!(world.writes().len(), 0);
    assert!(!world.mails_to("it@").is_empty(), "the client's admins are told");
    world.forget();
    world.run().await;
    assert_eq!((world.writes().len(), world.mails().len()), (0, 0), "told once while it lasts");
}

#[tokio::test]
async fn a_group_with_hidden_members_fails_the_run_and_deactivates_nobody() {
    let mut world = World::settled(12).await;
    world.directory().set_group_state(&world.group(), GroupState::Hidden).unwrap();
    let report = world.run().await;
    assert_failed(&report, "group_hidden");
    assert_eq!(world.writes().len(), 0);
    world.directory().set_group_state(&world.group(), GroupState::Assigned).unwrap();
    world.run().await;
    world.finish().await;
}

#[tokio::test]
async fn members_who_are_only_ids_fail_the_run_and_clear_no_attribute() {
    for skip in [0, 1] {
        let mut world = three_pages().await;
        world.sandbox.entra.fault(Fault::new(Spot::Members, Act::IdOnly).after(skip).always());
        let report = world.run().await;
        assert_failed(&report, "permission");
        assert_eq!(world.writes().len(), 0);
        world.sandbox.entra.clear_faults();
        world.run().await;
        world.finish().await;
    }
}

#[tokio::test]
async fn a_right_that_is_taken_away_fails_the_run_and_names_itself() {
    for right in ["GroupMember.Read.All", "User.Read.All"] {
        let mut world = World::settled(12).await;
        world.directory().revoke(right);
        let report = world.run().await;
        assert_failed(&report, "permission");
        let error = report.error.unwrap().text();
        assert!(error.contains(right), "{error}");
        assert_eq!(world.writes().len(), 0, "{right}");
        world.directory().grant(right);
        world.run().await;
        world.finish().await;
    }
}

#[tokio::test]
async fn a_401_or_403_anywhere_in_the_read_fails_the_run_and_deactivates_nobody() {
    for (status, code) in [(401, "InvalidAuthenticationToken"), (403, "Authorization_RequestDenied")] {
        for spot in [Spot::Group, Spot::Members] {
            let mut world = World::settled(12).await;
            world.sandbox.entra.fault(Fault::refuse(spot.clone(), status, code).always());
            let report = world.run().await;
            assert_eq!(report.result, RunResult::Failed, "{status} at {spot:?}: {report:#?}");
            assert_eq!(world.writes().len(), 0, "{status} at {spot:?}");
            world.sandbox.entra.clear_faults();
            world.run().await;
            world.finish().await;
        }
    }
}

/// Every way a page can fail for good.
fn failures_of_a_page() -> Vec<Act> {
    let refuse = |status, code: &str| Act::Refuse { status, code: code.to_owned(), retry_after: None };
    let body = |text: &str| Act::Body { status: 200, body: text.to_owned() };
    vec![
        refuse(503, "ServiceUnavailable"),
        refuse(500, "InternalServerError"),
        refuse(404, "Request_ResourceNotFound"),
        refuse(400, "BadRequest"),
        refuse(429, "TooManyRequests"),
        Act::Html { status: 502 },
        Act::Html { status: 200 },
        Act::EmptyBody,
        body("{}"),
        body("{\"value\": null}"),
        Act::Truncated,
        Act::CutBefore,
        Act::CutWithin,
        Act::RepeatPage,
        Act::Cycle,
        Act::DropRows(3),
        Act::ForgetNextLink,
        Act::NextLink("https://graph.microsoft.com.evil.example/v1.0/groups".to_owned()),
        Act::Redirect("http://127.0.0.1:9/".to_owned()),
    ]
}

#[tokio::test]
async fn whichever_page_fails_in_whatever_way_nothing_is_sent() {
    let mut world = three_pages().await;
    let [leaver] = world.people();
    world.leave(&leaver);
    for page in 1..=3 {
        for act in failures_of_a_page() {
            // The last page has no next link to lose.
            let harmless = page == 3 && matches!(act, Act::ForgetNextLink);
            if harmless {
                continue;
            }
            world.sandbox.entra.fault(Fault::new(Spot::MembersPage(page), act.clone()).always());
            let report = world.run().await;
            assert_eq!(report.result, RunResult::Failed, "page {page}, {act:?}: {report:#?}");
            assert_eq!(world.writes().len(), 0, "page {page}, {act:?}");
            world.sandbox.entra.clear_faults();
        }
    }
    let report = world.run().await;
    assert_eq!((report.result, report.counts.deactivated), (RunResult::Done, 1), "{report:#?}");
    world.finish().await;
}

#[tokio::test]
async fn a_fault_that_passes_is_waited_out() {
    let mut world = World::settled(40).await;
    let [mover] = world.people();
    world.directory().set(&mover, "jobTitle", "Patient").unwrap();
    world.sandbox.entra.fault(Fault::refuse(Spot::Members, 503, "ServiceUnavailable"));
    world.sandbox.entra.fault(Fault::throttled(Spot::Group, Some("0")));
    let report = world.run().await;
    assert_eq!((report.result, report.counts.updated), (RunResult::Done, 1));
    world.finish().await;
}

#[tokio::test]
async fn a_list_shorter_than_its_count_is_refused_and_a_longer_one_taken_with_a_warning() {
    let mut world = World::settled(40).await;
    let [leaver] = world.people();
    world.leave(&leaver);
    world.sandbox.entra.fault(Fault::new(Spot::Count, Act::CountOff(1)).always());
    let report = world.run().await;
    assert_failed(&report, "incomplete");
    assert_eq!(world.writes().len(), 0);
    world.sandbox.entra.clear_faults();
    world.sandbox.entra.fault(Fault::new(Spot::Count, Act::CountOff(-1)).always());
    let report = world.run().await;
    assert_eq!((report.result, report.counts.deactivated), (RunResult::Done, 1));
    assert!(report.warnings.iter().any(|warning| warning.contains("counts")), "{:?}", report.warnings);
    world.sandbox.entra.clear_faults();
    world.run().await;
    world.finish().await;
}

#[tokio::test]
async fn a_secret_that_is_wrong_or_expired_fails_the_run_and_deactivates_nobody() {
    let mut world = World::settled(12).await;
    world.directory().set_secret("another~secret");
    let report = world.run().await;
    assert_failed(&report, "credentials");
    assert_eq!(world.writes().len(), 0);
    let told = world.mails_to("it@");
    assert_eq!(told.len(), 1, "{:?}", told.iter().map(rollcall::sandbox::Mail::subject).collect::<Vec<_>>());
    world.edit_configuration("\n[schedule]", "\n[schedule]");
    let secret = world.sandbox.directory.client_secret();
    assert_eq!(secret, "another~secret");
    // The sandbox writes the present secret into the credentials, as an operator would.
    let report = world.run().await;
    assert_eq!(report.result, RunResult::Done);
    world.finish().await;
}

#[tokio::test]
async fn an_attribute_that_vanished_from_everybody_is_held_not_cleared() {
    let mut world = World::settled(40).await;
    let people = world.directory().members(40);
    for person in &people {
        world.directory().set(person, "jobTitle", serde_json::Value::Null).unwrap();
    }
    world.directory().disable(&people[0]).unwrap();
    let report = world.run().await;
    assert_eq!(report.result, RunResult::Held);
    let held = hold(&report, "mass_null");
    assert_eq!(held.count, 39);
    assert!(held.message.contains("jobTitle"), "{}", held.message);
    assert_eq!(report.counts.deactivated, 1, "a dismissed person goes all the same");
    assert!(people[1..].iter().all(|person| world.account(person)["title"].is_string()));
    let report = world.approve("mass_null").await;
    assert_eq!(report.counts.updated, 39);
    world.finish().await;
}
