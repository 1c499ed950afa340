//! What the app answers: passing faults, lies, lost answers, refusals of one person and of everybody.

use rollcall::model::ChangeKind;
use rollcall::report::{Report, RunResult};
use rollcall::sandbox::app::Refused;
use rollcall::sandbox::{AppAct, AppFault, AppSpot};
use serde_json::json;

use crate::world::{World, assert_failed, failing};

/// A day with one of each: a hire, a mover, a leaver.
struct Day {
    hire: String,
    mover: String,
    leaver: String,
}

impl Day {
    fn dawn(world: &World) -> Self {
        let [mover, leaver] = world.people();
        world.directory().set(&mover, "jobTitle", "Mover").unwrap();
        world.directory().disable(&leaver).unwrap();
        Self { hire: world.directory().hire(&json!({})).unwrap(), mover, leaver }
    }

    #[track_caller]
    fn assert_done(&self, world: &World) {
        assert!(world.is_active(&self.hire), "the hire has an account");
        assert_eq!(world.account(&self.mover)["title"], "Mover");
        assert!(!world.is_active(&self.leaver), "the leaver is shut out");
        world.assert_no_doubles();
    }
}

#[track_caller]
fn assert_done(report: &Report) {
    assert_eq!(report.result, RunResult::Done, "{report:#?}");
}

#[tokio::test]
async fn a_fault_that_passes_is_waited_out_within_the_run() {
    let faults = [
        AppFault::throttled(AppSpot::Any, Some("1")),
        AppFault::throttled(AppSpot::Any, None),
        AppFault::refuse(AppSpot::Any, 503),
        AppFault::refuse(AppSpot::Any, 500),
        AppFault::new(AppSpot::Any, AppAct::CutBefore),
        AppFault::new(AppSpot::Any, AppAct::Html { status: 502 }),
    ];
    for fault in faults {
        for skip in 0..6 {
            let mut world = World::settled(6).await;
            let day = Day::dawn(&world);
            world.sandbox.app.admin().fault(fault.clone().after(skip));
            let report = world.run().await;
            assert_done(&report);
            day.assert_done(&world);
            world.finish().await;
        }
    }
}

#[tokio::test]
async fn an_answer_that_is_lost_or_makes_no_sense_makes_no_second_account_and_forgets_nobody() {
    let acts = [
        AppAct::DoneThenCut,
        AppAct::DoneThenStatus { status: 503 },
        AppAct::DoneThenStatus { status: 504 },
        AppAct::DoneThenStatus { status: 200 },
        AppAct::Truncated,
        AppAct::CutWithin,
        AppAct::Html { status: 200 },
    ];
    for act in acts {
        for spot in [AppSpot::Create, AppSpot::Patch] {
            let mut world = World::settled(6).await;
            let day = Day::dawn(&world);
            world.sandbox.app.admin().fault(AppFault::new(spot, act.clone()));
            world.sandbox.app.admin().fault(AppFault::new(spot, act.clone()).after(1));
            world.run().await;
            world.assert_no_doubles();
            world.run().await;
            world.run().await;
            day.assert_done(&world);
            world.finish().await;
        }
    }
}

#[tokio::test]
async fn an_answer_that_never_comes_makes_no_second_account() {
    for spot in [AppSpot::Create, AppSpot::Patch] {
        let mut world = World::settled(6).await;
        let day = Day::dawn(&world);
        world.sandbox.app.admin().fault(AppFault::new(spot, AppAct::DoneThenHang));
        world.run().await;
        world.assert_no_doubles();
        world.run().await;
        day.assert_done(&world);
        world.finish().await;
    }
}

#[tokio::test]
async fn a_doubt_that_lasts_is_settled_at_the_next_run_and_solved() {
    let mut world = World::settled(6).await;
    let hire = world.directory().hire(&json!({})).unwrap();
    // The account is made, the answer lost, and nobody can be asked about it.
    let app = world.sandbox.app.admin();
    app.fault(AppFault::new(AppSpot::Create, AppAct::DoneThenCut));
    app.fault(AppFault::refuse(AppSpot::Lookup, 503).after(2).times(8));
    let report = world.run().await;
    assert_eq!(report.result, RunResult::Partial, "{report:#?}");
    assert_eq!(world.store().in_flight().unwrap().len(), 1);
    app.clear_faults();
    let report = world.run().await;
    assert_done(&report);
    assert_eq!(failing(&report), []);
    assert!(world.is_active(&hire));
    world.finish().await;
}

#[tokio::test]
async fn a_deactivation_without_effect_is_found_at_once_and_reported() {
    let mut world = World::settled(12).await;
    let [leaver, other] = world.people();
    world.directory().disable(&leaver).unwrap();
    world.sandbox.app.admin().fault(AppFault::new(AppSpot::Patch, AppAct::NoEffect).always());
    let report = world.run().await;
    assert_eq!((report.result, report.counts.deactivated), (RunResult::Partial, 0), "{report:#?}");
    assert_eq!(report.failures[0].change, Some(ChangeKind::Deactivate));
    assert!(report.failures[0].reason.contains("still active"), "{:?}", report.failures);
    assert!(!world.mails_to("it@").is_empty());
    world.sandbox.app.admin().clear_faults();
    world.directory().set(&other, "jobTitle", "Other").unwrap();
    let report = world.run().await;
    assert_eq!((report.counts.deactivated, report.counts.updated), (1, 1));
    world.finish().await;
}

#[tokio::test]
async fn a_duplicate_is_understood_however_the_app_says_it() {
    for (status, says_type) in [(409, true), (409, false), (400, false), (500, false)] {
        let mut world = World::settled(6).await;
        let hire = world.directory().hire(&json!({})).unwrap();
        let name = world.directory().person(&hire).unwrap()["userPrincipalName"].clone();
        let app = world.sandbox.app.admin();
        app.quirks(|quirks| {
            quirks.duplicate_status = status;
            quirks.duplicate_says_type = says_type;
        });
        // Somebody makes the account between the look-up and the create: the look-ups of matching do not see it.
        app.seed(&json!({ "userName": name, "displayName": "made meanwhile", "active": true })).unwrap();
        app.fault(AppFault::new(
            AppSpot::Lookup,
            AppAct::Refuse { status: 404, scim_type: None, detail: None, retry_after: None },
        ));
        world.run().await;
        world.assert_no_doubles();
        assert_eq!(world.accounts().len(), 7, "{status}");
        let report = world.run().await;
        assert_eq!(report.counts.held, 1, "{status}: the account is somebody's to decide about: {report:#?}");
        world.approve("adoptions").await;
        assert!(world.is_active(&hire), "{status}");
        world.finish().await;
    }
}

#[tokio::test]
async fn an_app_that_is_down_gets_few_requests_and_the_next_run_does_everything() {
    let mut world = World::settled(60).await;
    let people = world.directory().members(15);
    for person in &people {
        world.directory().set(person, "jobTitle", "Mover").unwrap();
    }
    world.sandbox.app.admin().fault(AppFault::refuse(AppSpot::Any, 503).always());
    let report = world.run().await;
    assert_failed(&report, "target");
    let requests: u64 = world.sandbox.app.admin().counters().all().values().sum();
    assert!(requests <= 24, "{requests} requests to an app that is down");
    assert!(people.iter().all(|person| world.account(person)["title"] != "Mover"));
    world.sandbox.app.admin().clear_faults();
    let report = world.run().await;
    assert_eq!((report.result, report.counts.updated), (RunResult::Done, 15), "{report:#?}");
    world.finish().await;
}

#[tokio::test]
async fn a_token_that_the_app_refuses_fails_the_run_and_nobody_in_it() {
    let mut world = World::settled(12).await;
    let day = Day::dawn(&world);
    world.sandbox.app.admin().fault(AppFault::refuse(AppSpot::Any, 401).always());
    let report = world.run().await;
    assert_eq!(report.result, RunResult::Failed);
    assert_eq!(failing(&report), []);
    assert!(report.error.unwrap().text().contains("token"));
    world.sandbox.app.admin().clear_faults();
    let report = world.run().await;
    assert_done(&report);
    day.assert_done(&world);
    world.finish().await;
}

#[tokio::test]
async fn without_seats_creates_stop_after_three_refusals_and_nobody_fails() {
    let mut world = World::settled(12).await;
    for _ in 0..30 {
        world.directory().hire(&json!({})).unwrap();
    }
    world.sandbox.app.admin().quirks(|quirks| quirks.seats = Some(12));
    let report = world.run().await;
    assert_eq!(report.result, RunResult::Failed);
    assert_eq!((report.counts.created, failing(&report).len()), (0, 0), "{report:#?}");
    let tries = world.sandbox.app.admin().counters().get("create");
    let concurrency = 8;
    assert!(tries <= 3 + concurrency, "{tries} creates without a seat");
    assert_eq!(report.refusals.len(), 1);
    assert_eq!(report.refusals[0].count, 30);
    assert_eq!(world.mails_to("it@").len(), 1, "one incident");
    world.forget();
    world.run().await;
    assert_eq!(world.mails().len(), 0, "not repeated while it lasts");
    world.sandbox.app.admin().quirks(|quirks| quirks.seats = None);
    let report = world.run().await;
    assert_eq!((report.result, report.counts.created), (RunResult::Done, 30));
    assert!(world.mails_to("it@").iter().any(|mail| mail.text.to_lowercase().contains("solved")));
    world.finish().await;
}

#[tokio::test]
async fn leavers_free_the_seats_that_hires_need() {
    let mut world = World::settled(12).await;
    let day = Day::dawn(&world);
    world.sandbox.app.admin().quirks(|quirks| quirks.seats = Some(12));
    let report = world.run().await;
    assert_done(&report);
    day.assert_done(&world);
    world.finish().await;
}

#[tokio::test]
async fn one_refused_value_is_one_persons_failure_and_stops_nobody_else() {
    let mut world = World::settled(12).await;
    let people = world.directory().members(6);
    for (number, person) in people.iter().enumerate() {
        world.directory().set(person, "jobTitle", format!("Title {number}")).unwrap();
    }
    let day = Day::dawn(&world);
    world.directory().set(&day.mover, "jobTitle", "Mover").unwrap();
    let detail = "title is not allowed".to_owned();
    let refused = Refused { attribute: "title".to_owned(), value: "Title 3".to_owned(), detail };
    world.sandbox.app.admin().quirks(|quirks| quirks.refused.push(refused));
    let report = world.run().await;
    assert_eq!(report.result, RunResult::Partial);
    let failures = failing(&report);
    assert_eq!(failures.len(), 1, "{failures:?}");
    assert_eq!(failures[0].0, people[3]);
    assert!(failures[0].1.contains("Title 3"), "the refused value is named: {failures:?}");
    assert!(world.mails_to("it@")[0].text.contains("Title 3"));
    day.assert_done(&world);
    world.directory().set(&people[3], "jobTitle", "Title 33").unwrap();
    let report = world.run().await;
    assert_done(&report);
    assert_eq!(world.account(&people[3])["title"], "Title 33");
    world.finish().await;
}

#[tokio::test]
async fn a_failing_deactivation_is_tried_at_every_run_and_told_every_day() {
    let mut world = World::settled(12).await;
    let [leaver] = world.people();
    world.directory().disable(&leaver).unwrap();
    world.sandbox.app.admin().fault(AppFault::refuse(AppSpot::Patch, 400).always());
    let mut mailed = 0;
    for _ in 0..4 {
        world.forget();
        let report = world.run().await;
        assert_eq!(report.result, RunResult::Partial);
        assert!(!world.writes().is_empty(), "tried");
        mailed += usize::from(!world.mails().is_empty());
        world.wait(chrono::TimeDelta::days(1));
    }
    // Thursday, Friday, and not at the weekend.
    assert_eq!(mailed, 2);
    world.sandbox.app.admin().clear_faults();
    let report = world.run().await;
    assert_eq!(report.counts.deactivated, 1);
    world.finish().await;
}

#[tokio::test]
async fn an_account_that_somebody_deleted_in_the_app_is_shut_out_enough() {
    let mut world = World::settled(12).await;
    let [leaver] = world.people();
    world.sandbox.app.admin().delete(world.account(&leaver)["id"].as_str().unwrap()).unwrap();
    world.directory().disable(&leaver).unwrap();
    let report = world.run().await;
    assert_eq!((report.result, report.counts.deactivated), (RunResult::Done, 1));
    world.finish().await;
}
