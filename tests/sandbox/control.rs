use std::os::unix::fs::PermissionsExt;

use reqwest::Method;
use serde_json::{Value, json};

use crate::{Rehearsal, json};

async fn control(rehearsal: &Rehearsal, method: Method, path: &str, body: Value) -> (u16, Value) {
    let url = format!("{}{path}", rehearsal.sandbox.urls().control);
    json(rehearsal.client.request(method, url).body(body.to_string())).await
}

#[tokio::test]
async fn another_process_can_hire_move_and_dismiss() {
    let rehearsal = Rehearsal::with(2).await;
    let directory = &rehearsal.sandbox.directory;
    let person = json!({"givenName": "Mei", "surname": "Xu", "department": "Legal"});
    let (_, hired) = control(&rehearsal, Method::POST, "/people", person).await;
    assert_eq!(hired["userPrincipalName"], "mei.xu@northwind.example");
    let path = "/people/mei.xu%40northwind.example";
    control(&rehearsal, Method::POST, &format!("{path}/set"), json!({"department": null})).await;
    control(&rehearsal, Method::POST, &format!("{path}/disable"), json!({})).await;
    let mei = directory.person("mei.xu@northwind.example").unwrap();
    assert_eq!((&mei["department"], &mei["accountEnabled"]), (&Value::Null, &json!(false)));
    control(&rehearsal, Method::POST, &format!("{path}/leave"), json!({})).await;
    assert_eq!(directory.count(&directory.group()).unwrap(), 2);
    let (status, body) = control(&rehearsal, Method::POST, "/people/nobody/disable", json!({})).await;
    assert_eq!(status, 400);
    assert!(body["error"].as_str().unwrap().contains("nobody"));
}

#[tokio::test]
async fn faults_and_counters_can_be_reached() {
    let rehearsal = Rehearsal::with(2).await;
    let fault = json!({"entra": {"on": {"members_page": 1}, "act": {"refuse": {"status": 503, "code": "x"}}}});
    assert_eq!(control(&rehearsal, Method::POST, "/faults", fault).await.0, 200);
    assert_eq!(json(rehearsal.group("/members")).await.0, 503);
    let fault = json!({"app": {"on": "create", "times": 2, "act": "done_then_cut"}});
    assert_eq!(control(&rehearsal, Method::POST, "/faults", fault).await.0, 200);
    let (_, counts) = control(&rehearsal, Method::GET, "/requests", json!({})).await;
    assert_eq!((&counts["entra"]["page"], &counts["entra"]["token"]), (&json!(1), &json!(1)));
    assert_eq!(control(&rehearsal, Method::GET, "/accounts", json!({})).await.1, json!([]));
    assert_eq!(control(&rehearsal, Method::GET, "/mails", json!({})).await.1, json!([]));
}

#[tokio::test]
async fn a_whole_configuration_is_written_with_closed_credentials() {
    let rehearsal = Rehearsal::with(2).await;
    let dir = tempfile::tempdir().unwrap();
    let urls = rehearsal.sandbox.write_configuration(dir.path()).unwrap();
    let customer = std::fs::read_to_string(dir.path().join("customers/demo.toml")).unwrap();
    let parsed = toml_edit::Document::parse(customer.as_str()).unwrap();
    assert_eq!(parsed["source"]["graph_url"].as_str(), Some(urls.graph.as_str()));
    assert_eq!(parsed["stage"].as_str(), Some("live"));
    let secret = dir.path().join("credentials/entra-secret");
    assert_eq!(std::fs::metadata(&secret).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(std::fs::read_to_string(secret).unwrap().trim(), rehearsal.sandbox.directory.client_secret());
}
