//! Accounts that were there before us: recognised, adopted with somebody's word, and otherwise never written.

use rollcall::report::RunResult;
use serde_json::{Value, json};

use crate::world::{World, failing, hold};

/// What the directory calls somebody.
fn name_of(world: &World, person: &str) -> String {
    world.directory().person(person).unwrap()["userPrincipalName"].as_str().unwrap().to_owned()
}

/// Made by hand, before us.
fn seed(world: &World, account: &Value) -> String {
    world.sandbox.app.admin().seed(account).unwrap()
}

fn existing(world: &mut World, rule: &str) {
    world.edit_configuration("[mapping]", &format!("existing = \"{rule}\"\n\n[mapping]"));
}

/// A live customer with a hire who has an account already.
async fn world_with_one(rule: &str, account: impl Fn(&str, &str) -> Value) -> (World, String, String) {
    let mut world = World::new(12).await;
    existing(&mut world, rule);
    world.go_live().await;
    let hire = world.directory().hire(&json!({})).unwrap();
    let id = seed(&world, &account(&hire, &name_of(&world, &hire)));
    (world, hire, id)
}

#[tokio::test]
async fn an_account_is_recognised_by_external_id_or_user_name_in_any_case() {
    let accounts: [fn(&str, &str) -> Value; 3] = [
        |person, _| json!({ "userName": "someone.else", "externalId": person, "active": true }),
        |_, name| json!({ "userName": name, "active": true }),
        |_, name| json!({ "userName": name.to_uppercase(), "active": true }),
    ];
    for account in accounts {
        let (mut world, hire, id) = world_with_one("ask", account).await;
        let report = world.run().await;
        assert_eq!(report.result, RunResult::Held);
        assert_eq!(hold(&report, "adoptions").count, 1);
        assert_eq!(world.writes().len(), 0);
        let report = world.approve("adoptions").await;
        assert_eq!((report.counts.adopted, report.counts.created), (1, 0));
        assert_eq!(world.account(&hire)["id"], id.as_str());
        assert_eq!(world.account(&hire)["userName"], name_of(&world, &hire));
        world.finish().await;
    }
}

#[tokio::test]
async fn an_account_without_doubts_is_adopted_at_once_where_that_is_wished() {
    let (mut world, hire, id) = world_with_one("adopt", |_, name| json!({ "userName": name, "active": true })).await;
    let report = world.run().await;
    assert_eq!((report.result, report.counts.adopted), (RunResult::Done, 1));
    assert_eq!(world.account(&hire)["id"], id.as_str());
    world.finish().await;
}

#[tokio::test]
async fn an_account_that_is_inactive_foreign_or_protected_is_never_adopted_by_itself() {
    let accounts: [fn(&str, &str) -> Value; 2] = [
        |_, name| json!({ "userName": name, "active": false }),
        |_, name| json!({ "userName": name, "externalId": "of-another-system", "active": true }),
    ];
    for account in accounts {
        let (mut world, ..) = world_with_one("adopt", account).await;
        let report = world.run().await;
        assert_eq!((report.result, report.counts.held), (RunResult::Held, 1));
        assert_eq!(hold(&report, "adoptions").count, 1);
        assert_eq!(world.writes().len(), 0);
        world.finish().await;
    }
    let mut world = World::new(12).await;
    let rule = "existing = \"adopt\"\nprotected = [\"Root@northwind.example\"]\n\n[mapping]";
    world.edit_configuration("[mapping]", rule);
    world.go_live().await;
    world.directory().hire(&json!({ "userPrincipalName": "root@northwind.example" })).unwrap();
    seed(&world, &json!({ "userName": "root@northwind.example", "active": true }));
    let report = world.run().await;
    assert_eq!(hold(&report, "adoptions").count, 1);
    assert_eq!(world.writes().len(), 0);
    world.finish().await;
}

#[tokio::test]
async fn an_adoption_that_was_approved_shows_before_and_after_and_reactivates() {
    let (mut world, hire, id) =
        world_with_one("ask", |_, name| json!({ "userName": name, "title": "Old", "active": false })).await;
    let (_, changes) = world.plan().await;
    let change = &changes[0].operation.change;
    assert_eq!(change.attributes["title"].before, Some(json!("Old")));
    assert_eq!(change.attributes["active"].after, Some(json!(true)));
    world.run().await;
    world.approve("adoptions").await;
    assert!(world.is_active(&hire));
    assert_eq!(world.account(&hire)["id"], id.as_str());
    world.finish().await;
}

#[tokio::test]
async fn where_existing_accounts_are_only_reported_the_person_fails_and_nothing_is_written() {
    let (mut world, hire, _) = world_with_one("report", |_, name| json!({ "userName": name, "active": true })).await;
    let report = world.run().await;
    assert_eq!(report.result, RunResult::Partial);
    assert_eq!(failing(&report)[0].0, hire);
    assert_eq!(world.writes().len(), 0);
    world.finish().await;
}

#[tokio::test]
async fn an_account_that_matches_two_people_is_nobodys() {
    let mut world = World::new(12).await;
    existing(&mut world, "adopt");
    world.go_live().await;
    let one = world.directory().hire(&json!({})).unwrap();
    let two = world.directory().hire(&json!({})).unwrap();
    // By the object id it is one's, by the user name the other's.
    seed(&world, &json!({ "userName": name_of(&world, &two), "externalId": one, "active": true }));
    let report = world.run().await;
    let mut failures: Vec<String> = failing(&report).into_iter().map(|it| it.0).collect();
    failures.sort();
    let mut both = vec![one, two];
    both.sort();
    assert_eq!(failures, both, "{report:#?}");
    assert_eq!(world.writes().len(), 0);
    world.finish().await;
}

#[tokio::test]
async fn several_accounts_that_match_one_person_are_never_a_guess() {
    let mut world = World::settled(12).await;
    world.sandbox.app.admin().quirks(|quirks| quirks.external_id_unique = false);
    let hire = world.directory().hire(&json!({})).unwrap();
    seed(&world, &json!({ "userName": "one", "externalId": hire, "active": true }));
    seed(&world, &json!({ "userName": "two", "externalId": hire, "active": true }));
    let report = world.run().await;
    assert_eq!(report.result, RunResult::Partial);
    assert_eq!(failing(&report)[0].0, hire);
    assert_eq!((world.writes().len(), world.accounts().len()), (0, 14));
}

#[tokio::test]
async fn a_thousand_foreign_accounts_are_never_written() {
    let mut world = World::new(12).await;
    for number in 0..1000 {
        let active = number % 3 > 0;
        let account = json!({ "userName": format!("foreign{number}@elsewhere.example"), "active": active });
        seed(&world, &account);
    }
    let foreign = |world: &World| {
        let accounts = world.accounts().into_iter();
        accounts.filter(|it| it["userName"].as_str().unwrap().starts_with("foreign")).collect::<Vec<_>>()
    };
    let before = foreign(&world);
    world.run().await;
    world.approve("configuration").await;
    let [leaver, mover] = world.people();
    world.leave(&leaver);
    world.directory().set(&mover, "jobTitle", "Mover").unwrap();
    world.directory().hire(&json!({})).unwrap();
    world.run().await;
    assert_eq!(foreign(&world), before);
    assert_eq!(world.writes().iter().filter(|write| write.method == "POST").count(), 13);
    world.finish().await;
}

#[tokio::test]
async fn a_first_day_with_many_people_lists_the_app_instead_of_asking_for_each() {
    let mut world = World::new(120).await;
    let people = world.directory().members(3);
    for person in &people {
        seed(&world, &json!({ "userName": name_of(&world, person).to_uppercase(), "active": true }));
    }
    let report = world.run().await;
    assert_eq!(hold(&report, "configuration").count, 120);
    assert_eq!(world.sandbox.app.admin().counters().get("lookup"), 0);
    let report = world.approve("configuration").await;
    assert_eq!((report.counts.created, report.counts.adopted), (117, 3));
    world.finish().await;
}

#[tokio::test]
async fn a_hire_under_a_leavers_name_does_not_get_the_leavers_account() {
    let mut world = World::settled(12).await;
    let [leaver] = world.people();
    let name = name_of(&world, &leaver);
    world.directory().hard_delete(&leaver).unwrap();
    world.run().await;
    let hire = world.directory().hire(&json!({ "userPrincipalName": name })).unwrap();
    let report = world.run().await;
    assert_eq!(failing(&report).iter().map(|it| it.0.as_str()).collect::<Vec<_>>(), [hire.as_str()], "{report:#?}");
    assert!(!world.is_active(&leaver));
    world.finish().await;
}
