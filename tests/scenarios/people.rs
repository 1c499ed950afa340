//! Hires, movers, renames, people who cannot be provisioned, and hostile names.

use chrono::TimeDelta;
use rollcall::report::RunResult;
use serde_json::{Value, json};

use crate::world::{World, failing, hold};

fn upn(world: &World, person: &str) -> String {
    world.directory().person(person).unwrap()["userPrincipalName"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn hires_appear_movers_change_and_nothing_else_is_written() {
    let mut world = World::settled(12).await;
    let [mover] = world.people();
    let hire = world.directory().hire(&json!({ "givenName": "Nour", "surname": "Haddad" })).unwrap();
    world.directory().set(&mover, "department", "Finance").unwrap();
    world.directory().set(&mover, "mobilePhone", "not mapped").unwrap();
    let report = world.run().await;
    assert_eq!((report.result, report.counts.created, report.counts.updated), (RunResult::Done, 1, 1));
    assert_eq!(world.account(&hire)["name"]["familyName"], "Haddad");
    let writes = world.writes();
    assert_eq!(writes.len(), 2);
    let patch = writes.iter().find(|write| write.method == "PATCH").unwrap();
    assert_eq!(patch.body["Operations"].as_array().unwrap().len(), 1, "only what differs: {}", patch.body);
    world.finish().await;
}

#[tokio::test]
async fn a_rename_keeps_the_account() {
    let mut world = World::settled(12).await;
    let [person] = world.people();
    let id = world.account(&person)["id"].clone();
    world.directory().rename(&person, "married.name@northwind.example").unwrap();
    let report = world.run().await;
    assert_eq!((report.counts.updated, report.counts.created), (1, 0));
    assert_eq!(world.account(&person)["id"], id);
    assert_eq!(world.account(&person)["userName"], "married.name@northwind.example");
    world.finish().await;
}

#[tokio::test]
async fn two_people_who_swap_names_are_both_reported_or_both_done_and_neither_is_broken() {
    let mut world = World::settled(12).await;
    let [one, two] = world.people();
    let (first, second) = (upn(&world, &one), upn(&world, &two));
    world.directory().rename(&one, "between@northwind.example").unwrap();
    world.directory().rename(&two, &first).unwrap();
    world.directory().rename(&one, &second).unwrap();
    let report = world.run().await;
    world.assert_no_doubles();
    assert_eq!((world.active(), world.accounts().len()), (12, 12));
    let swapped = world.account(&one)["userName"] == second.as_str();
    let names: Vec<_> = failing(&report).into_iter().map(|it| it.0).collect();
    if swapped {
        assert_eq!(world.account(&two)["userName"], first.as_str());
    } else {
        assert!(names.contains(&one) && names.contains(&two), "neither done, and not both told: {report:#?}");
        assert_eq!(world.account(&one)["userName"], first.as_str());
        assert_eq!(world.account(&two)["userName"], second.as_str());
    }
    // One of them gets another name: both are served.
    world.directory().rename(&one, "a.way.out@northwind.example").unwrap();
    world.run().await;
    world.run().await;
    assert_eq!(world.account(&one)["userName"], "a.way.out@northwind.example");
    assert_eq!(world.account(&two)["userName"], first.as_str());
    world.finish().await;
}

#[tokio::test]
async fn a_chain_of_renames_comes_to_its_end() {
    let mut world = World::settled(12).await;
    let people = world.directory().members(4);
    let names: Vec<String> = people.iter().map(|person| upn(&world, person)).collect();
    world.directory().rename(&people[3], "last@northwind.example").unwrap();
    for number in (0..3).rev() {
        world.directory().rename(&people[number], &names[number + 1]).unwrap();
    }
    for _ in 0..4 {
        world.run().await;
        world.assert_no_doubles();
    }
    for number in 0..3 {
        assert_eq!(world.account(&people[number])["userName"], names[number + 1].as_str());
    }
    world.finish().await;
}

#[tokio::test]
async fn a_person_without_a_required_value_waits_then_fails_then_is_provisioned() {
    let mut world = World::new(12).await;
    world.edit_configuration(
        "title                          = \"user.jobTitle\"",
        "title = { value = \"user.jobTitle\", required = true }",
    );
    world.go_live().await;
    let hire = world.directory().hire(&json!({ "jobTitle": null })).unwrap();
    let report = world.run().await;
    assert_eq!((report.result, report.counts.waiting, report.counts.failed), (RunResult::Done, 1, 0));
    assert_eq!(world.mails().len(), 0, "waiting is no failure");
    world.wait(TimeDelta::days(2) - TimeDelta::minutes(10));
    assert_eq!(world.run().await.counts.waiting, 1);
    world.wait(TimeDelta::minutes(10));
    let report = world.run().await;
    assert_eq!((report.result, report.counts.waiting, report.counts.failed), (RunResult::Partial, 0, 1));
    assert!(failing(&report)[0].1.contains("title"), "{:?}", failing(&report));
    assert!(!world.mails_to("it@").is_empty());
    world.directory().set(&hire, "jobTitle", "At last").unwrap();
    let report = world.run().await;
    assert_eq!((report.result, report.counts.created), (RunResult::Done, 1));
    world.finish().await;
}

#[tokio::test]
async fn an_account_whose_person_loses_a_required_value_is_left_alone_and_never_a_leaver() {
    let mut world = World::new(12).await;
    world.edit_configuration(
        "displayName                    = \"user.displayName\"",
        "displayName = { value = \"user.displayName\", required = true }",
    );
    world.go_live().await;
    let [person] = world.people();
    world.directory().set(&person, "displayName", Value::Null).unwrap();
    world.run().await;
    world.wait(TimeDelta::days(3));
    let report = world.run().await;
    assert_eq!((report.result, report.counts.failed, report.counts.deactivated), (RunResult::Partial, 1, 0));
    assert!(world.is_active(&person) && world.account(&person)["displayName"].is_string());
    assert_eq!(world.writes().len(), 0);
    world.finish().await;
}

#[tokio::test]
async fn hires_who_would_share_a_user_name_both_fail_and_neither_is_written() {
    let mut world = World::settled(12).await;
    let one = world.directory().hire(&json!({ "userPrincipalName": "Sam@northwind.example" })).unwrap();
    let two = world.directory().hire(&json!({ "userPrincipalName": "other@northwind.example" })).unwrap();
    world.directory().set(&two, "userPrincipalName", "SAM@northwind.example").unwrap();
    let report = world.run().await;
    let names: Vec<_> = failing(&report).into_iter().map(|it| it.0).collect();
    assert!(names.len() == 2 && names.contains(&one) && names.contains(&two), "{report:#?}");
    assert_eq!(world.writes().len(), 0);
    world.directory().rename(&two, "another.sam@northwind.example").unwrap();
    let report = world.run().await;
    assert_eq!((report.result, report.counts.created), (RunResult::Done, 2));
    world.finish().await;
}

#[tokio::test]
async fn a_hire_who_would_share_an_unchanged_persons_name_fails_together_with_them_and_the_account_stays() {
    let mut world = World::settled(12).await;
    let [owner] = world.people();
    let before = world.account(&owner);
    let hire = world.directory().hire(&json!({})).unwrap();
    world.directory().set(&hire, "userPrincipalName", upn(&world, &owner).to_uppercase()).unwrap();
    let report = world.run().await;
    let names: Vec<_> = failing(&report).into_iter().map(|it| it.0).collect();
    assert!(names.contains(&hire) && names.contains(&owner), "for all involved: {report:#?}");
    assert_eq!(world.writes().len(), 0);
    assert_eq!(world.account(&owner), before, "the account stays with its owner");
    let report = world.run().await;
    assert_eq!(failing(&report).len(), 2, "as long as it lasts");
    world.directory().rename(&hire, "own.name@northwind.example").unwrap();
    let report = world.run().await;
    assert_eq!((report.result, report.counts.failed, report.counts.created), (RunResult::Done, 0, 1), "{report:#?}");
    world.finish().await;
}

#[tokio::test]
async fn a_mover_who_would_take_anothers_name_is_not_renamed() {
    let mut world = World::settled(12).await;
    let [mover, owner] = world.people();
    let before = world.accounts();
    world.directory().set(&mover, "userPrincipalName", upn(&world, &owner)).unwrap();
    let report = world.run().await;
    assert_eq!(failing(&report).len(), 2, "{report:#?}");
    assert_eq!(world.accounts(), before);
    world.finish().await;
}

#[tokio::test]
async fn an_expression_that_cannot_be_decided_is_a_failure_and_never_a_leave() {
    let mut world = World::new(12).await;
    // Joining text with nothing gives nothing; comparing it with > cannot be decided.
    world.add_to_configuration("[scope]\nwhere = \"user.employeeId > 0\"");
    for (number, person) in world.directory().members(12).iter().enumerate() {
        world.directory().set(person, "employeeId", (number + 1).to_string()).unwrap();
    }
    world.run().await;
    let report = world.run().await;
    assert_eq!((report.result, report.counts.failed), (RunResult::Partial, 12), "text > number: {report:#?}");
    assert_eq!(world.writes().len(), 0);
    world.finish().await;
}

#[tokio::test]
async fn somebody_with_an_account_for_whom_the_scope_cannot_be_decided_keeps_it() {
    let mut world = World::new(12).await;
    world.add_to_configuration("[scope]\nwhere = \"user.department | lower | length > 0\"");
    for person in world.directory().members(12) {
        world.directory().set(&person, "department", "Sales").unwrap();
    }
    world.go_live().await;
    let [person] = world.people();
    world.directory().set(&person, "department", Value::Null).unwrap();
    let report = world.run().await;
    assert_eq!((report.result, report.counts.deactivated), (RunResult::Partial, 0), "{report:#?}");
    assert_eq!(failing(&report)[0].0, person);
    assert!(world.is_active(&person));
    world.finish().await;
}

#[tokio::test]
async fn a_mapping_line_that_is_removed_leaves_the_value_alone() {
    let mut world = World::settled(12).await;
    let before: Vec<Value> = world.accounts().iter().map(|account| account["title"].clone()).collect();
    world.edit_configuration("title                          = \"user.jobTitle\"\n", "");
    let report = world.run().await;
    assert_eq!(report.counts.held, 0);
    let [person] = world.people();
    world.directory().set(&person, "jobTitle", "Nobody's business").unwrap();
    world.run().await;
    let after: Vec<Value> = world.accounts().iter().map(|account| account["title"].clone()).collect();
    assert_eq!((after, world.writes().len()), (before, 0));
    world.finish().await;
}

#[tokio::test]
async fn what_is_null_is_cleared_or_kept_as_the_mapping_says() {
    for (rule, cleared) in [("clear", true), ("keep", false)] {
        let mut world = World::new(12).await;
        let line = format!("title = {{ value = \"user.jobTitle\", on_null = \"{rule}\" }}");
        world.edit_configuration("title                          = \"user.jobTitle\"", &line);
        world.go_live().await;
        let [person] = world.people();
        world.directory().set(&person, "jobTitle", Value::Null).unwrap();
        let report = world.run().await;
        assert_eq!(report.counts.updated, u64::from(cleared));
        assert_eq!(world.account(&person)["title"].is_null(), cleared);
        world.finish().await;
    }
}

#[tokio::test]
async fn a_value_for_creation_is_never_changed_afterwards() {
    let mut world = World::new(12).await;
    let line = "title = { value = \"user.jobTitle\", when = \"create\" }";
    world.edit_configuration("title                          = \"user.jobTitle\"", line);
    world.go_live().await;
    let [person] = world.people();
    assert!(world.account(&person)["title"].is_string());
    world.directory().set(&person, "jobTitle", "Changed").unwrap();
    let report = world.run().await;
    assert_eq!((report.counts.updated, world.writes().len()), (0, 0));
    assert_ne!(world.account(&person)["title"], "Changed");
    world.finish().await;
}

#[tokio::test]
async fn hostile_names_reach_the_app_as_they_are() {
    let mut world = World::settled(40).await;
    let long = "x".repeat(256);
    let names = [
        "O'Brien \"Bobby\" \\; DROP TABLE people; --",
        "=HYPERLINK(\"http://evil.example\")",
        "\u{202e}gnihtemos\u{202c}",
        "family \u{1f468}\u{200d}\u{1f469}\u{200d}\u{1f467} emoji",
        "<script>alert(1)</script> & Söhne",
        "tab\tand\nline",
        "{{ user.id }} {% for %} $(rm -rf /)",
        "ẞ İstanbul ﬁ Å",
        &long,
        "%00 %2e%2e/ ../../",
    ];
    let people = world.directory().members(names.len());
    for (person, name) in people.iter().zip(names) {
        world.directory().set(person, "displayName", name).unwrap();
        world.directory().set(person, "surname", name).unwrap();
    }
    let report = world.run().await;
    assert_eq!(report.result, RunResult::Done, "{report:#?}");
    for (person, name) in people.iter().zip(names) {
        assert_eq!(world.account(person)["displayName"], name);
        assert_eq!(world.account(person)["name"]["familyName"], name);
    }
    world.finish().await;
}

#[tokio::test]
async fn hostile_user_names_are_looked_up_as_they_are() {
    let mut world = World::settled(12).await;
    for name in [
        "o'brien@northwind.example",
        "a\"b\\c@northwind.example",
        "a+b%20c&d=e@northwind.example",
        "josé@northwind.example",
    ] {
        let hire = world.directory().hire(&json!({ "userPrincipalName": name })).unwrap();
        world.run().await;
        assert_eq!(world.account(&hire)["userName"], name);
    }
    world.finish().await;
}

#[tokio::test]
async fn a_run_of_one_person_touches_nobody_else_under_the_same_rules() {
    let mut world = World::settled(12).await;
    let [one, two, leaver] = world.people();
    for person in [&one, &two] {
        world.directory().set(person, "jobTitle", "Mover").unwrap();
    }
    world.leave(&leaver);
    let report = world.run_person(&one).await;
    assert_eq!((report.counts.updated, report.counts.deactivated), (1, 0), "{report:#?}");
    assert_eq!(world.writes().len(), 1);
    assert_ne!(world.account(&two)["title"], "Mover");
    let report = world.run_person(&leaver).await;
    assert_eq!(report.counts.deactivated, 1);
    let report = world.run().await;
    assert_eq!((report.counts.updated, report.counts.deactivated), (1, 0));
    world.finish().await;
}

#[tokio::test]
async fn a_run_of_one_person_ends_nobody_elses_incident_and_hold() {
    let mut world = World::settled(40).await;
    let people = world.directory().members(9);
    for person in &people[1..] {
        world.leave(person);
    }
    let report = world.run().await;
    let id = hold(&report, "left").id.clone();
    world.forget();
    world.directory().set(&people[0], "jobTitle", "Mover").unwrap();
    let report = world.run_person(&people[0]).await;
    assert_eq!(report.counts.updated, 1);
    assert_eq!(world.mails().len(), 0);
    assert_eq!(world.store().open_holds().unwrap()[0].report.id, id);
    let report = world.approve("left").await;
    assert_eq!(report.counts.deactivated, 8);
    world.finish().await;
}
