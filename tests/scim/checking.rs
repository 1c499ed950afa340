//! `check`, and settings that cannot be connected with.

use rollcall::report::{Finding, Verdict};
use rollcall::target::{HeaderAuth, Target};
use serde_json::json;

use crate::app::{App, Reply, error};
use crate::{connect, secret, settings, target};

#[track_caller]
fn verdict<'a>(findings: &'a [Finding], subject: &str) -> (Verdict, &'a str) {
    let finding = findings.iter().find(|finding| finding.subject.starts_with(subject));
    let finding = finding.unwrap_or_else(|| panic!("no {subject} in {findings:?}"));
    (finding.verdict, &finding.message)
}

#[tokio::test]
async fn a_sound_app_passes_and_nothing_is_written() {
    let app = App::start(|asked, _| {
        let document = json!({"patch": {"supported": true}, "filter": {"supported": true}});
        asked.is("GET", "/ServiceProviderConfig").then_some(Reply::Json(200, document))
    })
    .await;
    let findings = target(&app).check().await;
    assert!(findings.iter().all(|finding| finding.verdict == Verdict::Ok), "{findings:?}");
    assert_eq!(verdict(&findings, "target 127.0.0.1").1, "reachable; patch yes, filter yes, etag not said");
    assert_eq!(app.asked("GET", "").len(), app.requests());
}

#[tokio::test]
async fn a_missing_configuration_document_is_a_warning() {
    let app = App::honest().await;
    assert_eq!(verdict(&target(&app).check().await, "target 127.0.0.1").0, Verdict::Warning);
}

#[tokio::test]
async fn refused_credentials_are_a_failure_with_a_remedy() {
    let app = App::start(|_, _| Some(error(401, None, "bad token"))).await;
    let findings = target(&app).check().await;
    let (found, message) = verdict(&findings, "target 127.0.0.1");
    assert_eq!(found, Verdict::Failure);
    assert!(message.contains("refuses our credentials") && message.contains("new provisioning token"), "{message}");
}

#[tokio::test]
async fn credentials_are_tested_even_where_the_configuration_document_is_public() {
    let app = App::start(|asked, _| asked.target.starts_with("/Users").then(|| error(403, None, "no"))).await;
    assert_eq!(verdict(&target(&app).check().await, "target look-up by userName").0, Verdict::Failure);
}

#[tokio::test]
async fn an_app_that_ignores_filters_is_warned_about() {
    let app = App::start(|asked, _| {
        asked.query("filter").map(|_| Reply::Json(200, json!({"totalResults": 1, "Resources": [{"id": "1"}]})))
    })
    .await;
    let findings = target(&app).check().await;
    let (found, message) = verdict(&findings, "target look-up by externalId");
    assert_eq!(found, Verdict::Warning);
    assert!(message.contains("ignores the filter"), "{message}");
}

#[tokio::test]
async fn an_attribute_that_cannot_be_filtered_on_is_a_failure_that_names_the_setting() {
    let app = App::start(|asked, _| {
        let external = asked.query("filter")?.starts_with("externalId");
        external.then(|| error(400, Some("invalidFilter"), "unsupported"))
    })
    .await;
    let findings = target(&app).check().await;
    let (found, message) = verdict(&findings, "target look-up by externalId");
    assert_eq!(found, Verdict::Failure);
    assert!(message.contains("`filterable`"), "{message}");
    assert_eq!(verdict(&findings, "target look-up by userName").0, Verdict::Ok);
}

#[tokio::test]
async fn match_attributes_that_can_all_not_be_looked_up_are_a_failure() {
    let app = App::honest().await;
    let mut settings = settings(&app.url);
    settings.filterable = Some(vec!["displayName".into()]);
    assert_eq!(verdict(&connect(&settings).check().await, "target look-up").0, Verdict::Failure);
}

#[tokio::test]
async fn attributes_that_the_schema_does_not_know_are_a_warning() {
    let app = App::start(|asked, _| {
        let names = ["userName", "displayName", "NAME", "title", "emails", "roles"].map(|name| json!({"name": name}));
        let schema = json!({"id": "urn:ietf:params:scim:schemas:core:2.0:User", "attributes": names});
        asked.is("GET", "/Schemas").then(|| Reply::Json(200, json!({"Resources": [schema]})))
    })
    .await;
    let findings = target(&app).check().await;
    let (found, message) = verdict(&findings, "target schema");
    assert_eq!(found, Verdict::Warning);
    assert!(message.contains(crate::DEPARTMENT) && !message.contains("externalId"), "{message}");
}

#[tokio::test]
async fn an_app_that_cannot_be_reached_is_one_failure() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("bound"));
    drop(listener);
    let findings = connect(&settings(&url)).check().await;
    assert_eq!((findings.len(), findings[0].verdict), (1, Verdict::Failure));
}

#[test]
fn exactly_one_kind_of_credentials_is_needed() {
    let mut settings = settings("http://127.0.0.1:1");
    settings.header = Some(HeaderAuth { name: "x-api-key".into(), value: secret("k") });
    assert!(Target::connect(&settings, &[]).expect_err("a refusal").to_string().contains("exactly one"));
    settings.token = None;
    assert!(Target::connect(&settings, &[]).is_ok());
    settings.header = None;
    assert!(Target::connect(&settings, &[]).is_err());
}

#[test]
fn an_attribute_that_is_no_path_is_refused_unless_it_is_left_out() {
    let mut settings = settings("http://127.0.0.1:1");
    let attributes = ["emails[0].value".to_owned()];
    assert!(Target::connect(&settings, &attributes).expect_err("a refusal").to_string().contains("emails[0].value"));
    settings.leave_out = attributes.to_vec();
    assert!(Target::connect(&settings, &attributes).is_ok());
}
