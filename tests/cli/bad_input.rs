//! Bad input: each has its exit code and one message that says what, where, and what to do.

use std::os::unix::fs::PermissionsExt as _;

use chrono::{TimeDelta, Utc};

use crate::Host;

const A_GUID: &str = "11111111-2222-4333-8444-555555555555";

/// `run` ends with this code and one message that has all of these words.
#[track_caller]
fn check(host: &Host, code: i32, words: &[&str]) {
    let object = host.json(&["run", "demo"], code);
    let message = object["error"].as_str().unwrap_or_else(|| panic!("no error in {object:#}"));
    for word in words {
        assert!(message.to_lowercase().contains(&word.to_lowercase()), "{word:?} is not in: {message}");
    }
    let text = host.expect(&["run", "demo"], code);
    let first = message.split(['.', '\n', ';']).next().unwrap_or_default();
    assert_eq!(text.matches(first.trim()).count(), 1, "told once: {text}");
    assert_eq!(host.sandbox.app.admin().writes().len(), 0);
    assert!(!text.contains("panicked") && !text.contains(&host.sandbox.directory.client_secret()), "{text}");
}

/// The first link that `check` names as broken has a line with all of these words.
#[track_caller]
fn assert_checked(host: &Host, words: &[&str]) {
    let findings = host.json(&["check", "demo"], 4);
    let broken: Vec<_> = findings.as_array().unwrap().iter().filter(|it| it["verdict"] == "failure").collect();
    assert!(!broken.is_empty(), "{findings:#}");
    let message = broken[0]["message"].as_str().unwrap().to_lowercase();
    for word in words {
        assert!(message.contains(&word.to_lowercase()), "{word:?} is not in: {message}");
    }
}

fn credential(host: &Host, name: &str) -> std::path::PathBuf {
    host.dir.path().join("credentials").join(name)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_tenant() {
    let host = Host::new(2).await;
    host.edit(&host.sandbox.directory.tenant_id(), A_GUID);
    check(&host, 4, &["tenant", "tenant_id"]);
    assert_checked(&host, &["tenant"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_client_id() {
    let host = Host::new(2).await;
    host.edit(&host.sandbox.directory.client_id(), A_GUID);
    check(&host, 4, &["client_id"]);
    assert_checked(&host, &["client_id"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_secret() {
    let host = Host::new(2).await;
    std::fs::write(credential(&host, "entra-secret"), "a-secret-that-nobody-issued-for-this-app").unwrap();
    check(&host, 4, &["client secret", "Entra"]);
    assert_checked(&host, &["secret"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_expired_secret() {
    let host = Host::new(2).await;
    host.sandbox.directory.set_secret_expiry(Utc::now() - TimeDelta::days(1));
    check(&host, 4, &["client secret", "expired"]);
    assert_checked(&host, &["expired"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_secret_that_is_its_own_id() {
    let host = Host::new(2).await;
    std::fs::write(credential(&host, "entra-secret"), A_GUID).unwrap();
    check(&host, 4, &["secret", "id", "value"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_group() {
    let host = Host::new(2).await;
    host.edit(&host.sandbox.directory.group(), A_GUID);
    check(&host, 4, &["group", A_GUID]);
    assert_checked(&host, &["group"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_missing_permission() {
    for permission in ["GroupMember.Read.All", "User.Read.All"] {
        let host = Host::new(2).await;
        host.sandbox.directory.revoke(permission);
        check(&host, 4, &[permission, "consent"]);
        assert_checked(&host, &[permission]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_unknown_attribute_in_a_mapping() {
    let host = Host::new(2).await;
    host.edit("user.jobTitle", "user.jobTitel");
    check(&host, 78, &["demo.toml:", "mapping.title", "jobTitel", "jobTitle"]);
    assert_eq!(host.sandbox.entra.counters().all().len(), 0, "found without asking anybody");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_malformed_cron_expression() {
    let host = Host::new(2).await;
    let times = "days     = \"Mon-Fri\"\ntimes    = [\"07:00\", \"10:00\", \"13:00\", \"16:00\"]";
    host.edit(times, "cron = [\"0 0 25 * * Mon-Fri\"]");
    check(&host, 78, &["demo.toml:", "schedule.cron", "0 0 25 * * Mon-Fri"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_unknown_time_zone() {
    let host = Host::new(2).await;
    host.edit("Australia/Sydney", "Australia/Sidney");
    check(&host, 78, &["demo.toml:", "schedule.timezone", "Australia/Sidney", "Australia/Sydney"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_unknown_key() {
    let host = Host::new(2).await;
    host.edit("timezone", "time_zone");
    check(&host, 78, &["demo.toml:", "time_zone", "timezone"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_secret_file_that_is_not_there() {
    let host = Host::new(2).await;
    std::fs::remove_file(credential(&host, "target-token")).unwrap();
    check(&host, 78, &["target.token", "target-token"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_secret_file_that_cannot_be_read() {
    let host = Host::new(2).await;
    let path = credential(&host, "target-token");
    std::fs::remove_file(&path).unwrap();
    std::fs::create_dir(&path).unwrap();
    check(&host, 78, &["target.token", "target-token"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_secret_file_that_others_can_read() {
    let host = Host::new(2).await;
    let path = credential(&host, "entra-secret");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
    check(&host, 78, &["source.client_secret", "entra-secret", "chmod"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_secret_that_is_written_into_the_file() {
    let host = Host::new(2).await;
    host.edit("client_secret = { credential = \"entra-secret\" }", "client_secret = \"abc8Q~secret\"");
    check(&host, 78, &["demo.toml:", "source.client_secret", "credential"]);
    assert!(!host.expect(&["run", "demo"], 78).contains("abc8Q~secret"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_target_that_cannot_be_reached() {
    let host = Host::new(2).await;
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    host.edit(&host.sandbox.urls().app, &format!("http://{free}/scim/v2"));
    check(&host, 4, &["app", &free.to_string()]);
    assert_checked(&host, &[&free.to_string()]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_source_that_cannot_be_reached() {
    let host = Host::new(2).await;
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    host.edit(&host.sandbox.urls().login, &format!("http://{free}"));
    check(&host, 4, &[&free.to_string()]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_target_token() {
    let host = Host::new(2).await;
    std::fs::write(credential(&host, "target-token"), "wrong-token").unwrap();
    check(&host, 4, &["app", "credentials", "token"]);
    assert_checked(&host, &["token"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mail_server_that_refuses() {
    let host = Host::new(2).await;
    host.sandbox.mailbox.shelf().manners(|manners| manners.closed = true);
    assert_checked(&host, &["554"]);
    let answers = host.json(&["mail-test", "demo"], 4);
    assert!(answers[0]["error"].as_str().unwrap().contains("554"), "{answers}");
    // A run does its work all the same, and its mails wait.
    host.json(&["run", "demo"], 3);
    let status = host.json(&["status", "demo"], 0);
    assert_eq!(status["mails_waiting"], 2);
}
