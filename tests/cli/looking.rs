//! Commands that only look, or mend a binding: status, history, schedule, check, mail-test, rebind.

use serde_json::{Value, json};

use crate::Host;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn status_tells_a_customers_health_in_words_and_json() {
    let host = Host::new(4).await;
    let never = host.json(&["status", "demo"], 0);
    assert_eq!((&never["customer"], &never["stage"]), (&json!("demo"), &json!("live")));
    host.expect(&["run", "demo"], 3);
    let status = host.json(&["status", "demo"], 0);
    assert_eq!(status["last_run"]["result"], "held");
    assert_eq!(status["holds"][0]["count"], 4);
    assert!(status["next_run"].is_string() && status["seconds_since_good_run"].is_u64());
    let text = host.expect(&["status", "demo"], 0);
    assert!(text.contains(status["holds"][0]["id"].as_str().unwrap()), "{text}");
    let all = host.json(&["status"], 0);
    assert_eq!(all.as_array().unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn status_of_all_shows_the_others_when_one_cannot_be_read() {
    let host = Host::new(4).await;
    std::fs::write(host.dir.path().join("customers/broken.toml"), "name = ").unwrap();
    let all = host.json(&["status"], 78);
    let customers: Vec<&str> = all.as_array().unwrap().iter().map(|it| it["customer"].as_str().unwrap()).collect();
    assert_eq!(customers, ["broken", "demo"]);
    assert!(all[0]["error"].is_string() && all[1].get("error").is_none());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn history_tells_who_was_changed_when_why_and_with_what_answer() {
    let host = Host::settled(4).await;
    let person = host.sandbox.directory.members(1).remove(0);
    host.sandbox.directory.disable(&person).unwrap();
    let run = host.json(&["run", "demo"], 0);
    let of_run = host.json(&["history", "demo", "--run", &run["run"].to_string()], 0);
    let entry = &of_run[0];
    assert_eq!(
        (&entry["event"], &entry["change"], &entry["cause"]),
        (&json!("done"), &json!("deactivate"), &json!("disabled"))
    );
    assert_eq!(entry["person"], person.as_str());
    assert_eq!(entry["answer"]["status"], 200);
    let of_person = host.json(&["history", "demo", "--person", &person], 0);
    let changes: Vec<&Value> = of_person.as_array().unwrap().iter().map(|entry| &entry["change"]).collect();
    assert!(changes.contains(&&json!("create")) && changes.contains(&&json!("deactivate")), "{changes:?}");
    let text = host.expect(&["history", "demo"], 0);
    assert!(text.contains("approved by"), "{text}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn schedule_lists_the_next_ten_slots_in_both_times() {
    let host = Host::new(2).await;
    let slots = host.json(&["schedule", "demo"], 0);
    let slots = slots.as_array().unwrap();
    assert_eq!(slots.len(), 10);
    assert!(slots.iter().all(|slot| slot["local"].is_string() && slot["utc"].is_string() && slot["kind"] == "run"));
    assert_eq!(host.expect(&["schedule", "demo"], 0).lines().count(), 10);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn check_of_a_sound_customer_finds_no_failure_and_changes_nothing() {
    let host = Host::new(4).await;
    let findings = host.json(&["check", "demo"], 0);
    let findings = findings.as_array().unwrap();
    assert!(findings.len() > 4, "{findings:#?}");
    assert!(findings.iter().all(|it| it["verdict"] != "failure" && it["message"].is_string()), "{findings:#?}");
    assert_eq!(host.sandbox.app.admin().writes().len(), 0);
    assert!(!host.dir.path().join("state").exists());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mail_test_sends_one_mail_to_each_recipient() {
    let host = Host::new(2).await;
    let answers = host.json(&["mail-test", "demo"], 0);
    assert_eq!(answers.as_array().unwrap().len(), 2);
    assert!(answers.as_array().unwrap().iter().all(|answer| answer["ok"] == true));
    assert_eq!(host.sandbox.mailbox.shelf().mails().len(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rebind_shows_what_it_means_asks_and_holds_everything() {
    let host = Host::settled(4).await;
    let second = host.sandbox.directory.add_group("Another");
    host.edit(&host.sandbox.directory.group(), &second);
    host.expect(&["run", "demo"], 78);
    let asked = host.expect(&["rebind", "demo"], 2);
    assert!(asked.contains("--yes") && asked.contains(&second), "{asked}");
    host.expect(&["run", "demo"], 78);
    host.expect(&["rebind", "demo", "--yes"], 0);
    let run = host.json(&["run", "demo"], 3);
    assert_eq!((&run["held"], &run["deactivated"]), (&json!(4), &json!(0)));
}
