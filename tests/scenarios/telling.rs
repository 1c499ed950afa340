//! What people are told: once, in their words, until it is over; and no mail is lost.

use chrono::TimeDelta;
use rollcall::report::RunResult;
use rollcall::sandbox::{Act, Fault, Mail, Spot};
use serde_json::json;

use crate::world::World;

fn subjects(mails: &[Mail]) -> Vec<String> {
    mails.iter().map(|mail| mail.subject().to_owned()).collect()
}

#[tokio::test]
async fn a_failing_run_is_told_once_and_so_is_its_end() {
    let mut world = World::settled(12).await;
    world.sandbox.entra.fault(Fault::new(Spot::Members, Act::IdOnly).always());
    assert_eq!(world.run().await.result, RunResult::Failed);
    assert_eq!(world.mails_to("it@").len(), 1);
    assert_eq!(world.mails_to("integrations@").len(), 1);
    for _ in 0..5 {
        world.run().await;
    }
    assert_eq!(world.mails().len(), 2, "{:?}", subjects(&world.mails()));
    world.forget();
    world.sandbox.entra.clear_faults();
    world.run().await;
    let told = world.mails_to("it@");
    assert_eq!(told.len(), 1, "{:?}", subjects(&told));
    assert!(told[0].subject().to_lowercase().contains("solved"), "{}", told[0].subject());
    world.finish().await;
}

#[tokio::test]
async fn a_failing_run_of_one_person_tells_nothing_that_was_told() {
    let mut world = World::settled(12).await;
    let [person] = world.people();
    world.sandbox.entra.fault(Fault::new(Spot::Members, Act::IdOnly).always());
    world.run().await;
    world.forget();
    world.run_person(&person).await;
    world.run_person(&person).await;
    assert_eq!(subjects(&world.mails()), Vec::<String>::new());
    world.sandbox.entra.clear_faults();
    world.run().await;
    world.finish().await;
}

#[tokio::test]
async fn ten_failures_of_one_run_are_one_mail_that_names_each() {
    let mut world = World::settled(12).await;
    let mut names = Vec::new();
    for number in 0..10 {
        let name = format!("twin{}@northwind.example", number / 2);
        let hire = world.directory().hire(&json!({})).unwrap();
        world.directory().set(&hire, "userPrincipalName", name.clone()).unwrap();
        names.push(name);
    }
    let report = world.run().await;
    assert_eq!(report.counts.failed, 10);
    let told = world.mails_to("it@");
    assert_eq!(told.len(), 1, "{:?}", subjects(&told));
    for name in &names {
        assert!(told[0].text.contains(name) && told[0].html.contains(name), "{name} is not named");
    }
    world.finish().await;
}

#[tokio::test]
async fn held_leavers_are_mailed_every_working_day_and_name_nobody_to_the_client() {
    let mut world = World::settled(40).await;
    let people = world.directory().members(8);
    for person in &people {
        world.leave(person);
    }
    let name = world.directory().person(&people[0]).unwrap()["displayName"].as_str().unwrap().to_owned();
    let upn = world.directory().person(&people[0]).unwrap()["userPrincipalName"].as_str().unwrap().to_owned();
    // From Thursday to the next Wednesday.
    let mut mailed = Vec::new();
    while mailed.len() < 7 {
        world.forget();
        world.run().await;
        world.run().await;
        let told = world.mails_to("it@");
        mailed.push(told.len());
        for mail in &told {
            assert!(!mail.text.contains(&name) && !mail.text.contains(&upn), "{}", mail.text);
            assert!(!mail.text.contains("rollcall"), "no commands for the client: {}", mail.text);
        }
        world.wait(TimeDelta::days(1));
    }
    assert_eq!(mailed, [1, 1, 0, 0, 1, 1, 1], "from Thursday on, not at the weekend");
    world.run().await;
    world.finish().await;
}

#[tokio::test]
async fn the_operators_mail_names_people_and_the_command() {
    let mut world = World::settled(40).await;
    let people = world.directory().members(8);
    for person in &people {
        world.leave(person);
    }
    let report = world.run().await;
    let mail = world.mails_to("integrations@").remove(0);
    let command = format!("rollcall approve demo {}", report.holds[0].id);
    assert!(mail.text.contains(&command), "{}", mail.text);
    world.finish().await;
}

#[tokio::test]
async fn a_mail_waits_while_the_server_is_down_and_is_sent_once_afterwards() {
    let mut world = World::settled(12).await;
    world.sandbox.mailbox.shelf().manners(|manners| manners.closed = true);
    world.directory().delete_group(&world.group()).unwrap();
    let report = world.run().await;
    assert_eq!(report.result, RunResult::Failed);
    assert_eq!(world.mails().len(), 0);
    assert_eq!(world.store().waiting_mails().unwrap().0, 2);
    world.reopen();
    world.sandbox.mailbox.shelf().manners(|manners| manners.closed = false);
    world.hour_passes_for_mails();
    world.run().await;
    assert_eq!((world.mails().len(), world.store().waiting_mails().unwrap().0), (2, 0));
    world.run().await;
    assert_eq!(world.mails().len(), 2, "no doubles");
}

#[tokio::test]
async fn a_recipient_who_is_refused_keeps_nobody_else_uninformed() {
    let mut world = World::settled(12).await;
    let refused = world.settings().admins[0].clone();
    world.sandbox.mailbox.shelf().manners(|manners| manners.refused.push(refused));
    world.directory().delete_group(&world.group()).unwrap();
    world.run().await;
    assert_eq!((world.mails_to("it@").len(), world.mails_to("integrations@").len()), (0, 1));
    world.run().await;
    assert_eq!(world.mails().len(), 1);
}

#[tokio::test]
async fn a_doubtful_end_of_a_mail_repeats_the_same_message() {
    let mut world = World::settled(12).await;
    world.sandbox.mailbox.shelf().manners(|manners| manners.die_after_dot = 1);
    world.directory().delete_group(&world.group()).unwrap();
    world.run().await;
    world.hour_passes_for_mails();
    world.run().await;
    let mails = world.mails();
    let mut ids: Vec<&str> = mails.iter().map(|mail| mail.header("message-id")).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!((mails.len(), ids.len()), (3, 2), "the doubtful one twice, under one id");
}

#[tokio::test]
async fn mails_carry_no_secret_and_no_foreign_subject() {
    let mut world = World::settled(12).await;
    let [person] = world.people();
    let name = "Evil\r\nBcc: everybody@northwind.example";
    world.directory().set(&person, "jobTitle", name).unwrap();
    let refused = rollcall::sandbox::app::Refused {
        attribute: "title".to_owned(),
        value: name.to_owned(),
        detail: format!("no such title {name}, token {}", world.sandbox.app_token()),
    };
    world.sandbox.app.admin().quirks(|quirks| quirks.refused.push(refused));
    world.run().await;
    let (secret, token) = (world.directory().client_secret(), world.sandbox.app_token().to_owned());
    assert!(!world.mails().is_empty());
    for mail in world.mails() {
        let raw = String::from_utf8_lossy(&mail.raw).into_owned();
        assert!(!raw.contains(&secret) && !mail.text.contains(&token), "{}", mail.text);
        assert!(!mail.subject().contains("Evil"));
        assert_eq!(mail.header("bcc"), "");
    }
    world.directory().set(&person, "jobTitle", "Good").unwrap();
    world.run().await;
    world.finish().await;
}
