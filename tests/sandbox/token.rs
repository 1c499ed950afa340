use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{TimeDelta, Utc};
use rollcall::sandbox::{Fault, Spot};
use serde_json::Value;

use crate::{Rehearsal, json, refused};

async fn check(changes: &[(&str, &str)], status: u16, error: &str, code: u64) {
    let rehearsal = Rehearsal::with(1).await;
    let response = rehearsal.ask_token(changes).await;
    assert_eq!(response.status().as_u16(), status, "{changes:?}");
    let body: Value = response.json().await.unwrap();
    assert_eq!((body["error"].as_str().unwrap(), &body["error_codes"][0]), (error, &Value::from(code)));
    assert!(body["error_description"].as_str().unwrap().starts_with(&format!("AADSTS{code}: ")));
}

#[tokio::test]
async fn each_mistake_has_its_own_code() {
    check(&[("client_secret", "wrong")], 401, "invalid_client", 7_000_215).await;
    check(&[("client_secret", "")], 401, "invalid_client", 7_000_218).await;
    check(&[("client_id", "00000000-0000-4000-8000-000000000000")], 400, "unauthorized_client", 700_016).await;
    check(&[("scope", "User.Read")], 400, "invalid_scope", 1_002_012).await;
    check(&[("scope", "")], 400, "invalid_request", 900_144).await;
    check(&[("grant_type", "")], 400, "invalid_request", 900_144).await;
    check(&[("grant_type", "password")], 400, "unsupported_grant_type", 70003).await;
    check(&[("scope", "https://other.example/.default")], 400, "invalid_resource", 500_011).await;
}

#[tokio::test]
async fn an_expired_secret_is_told_from_a_wrong_one() {
    let rehearsal = Rehearsal::with(1).await;
    rehearsal.sandbox.directory.set_secret_expiry(Utc::now() - TimeDelta::days(1));
    let body: Value = rehearsal.ask_token(&[]).await.json().await.unwrap();
    assert_eq!(body["error_codes"][0], 7_000_222);
}

#[tokio::test]
async fn an_unknown_tenant_is_90002() {
    let rehearsal = Rehearsal::with(1).await;
    for (tenant, code) in [("nobody.example", 90002), ("common", 50194), ("nonsense", 900_023)] {
        let form = [("grant_type", "client_credentials")];
        let (status, body) = json(rehearsal.client.post(rehearsal.token_url(tenant)).form(&form)).await;
        assert_eq!((status, &body["error_codes"][0]), (400, &Value::from(code)));
    }
}

#[tokio::test]
async fn basic_authentication_is_an_alternative_for_the_secret() {
    let rehearsal = Rehearsal::with(1).await;
    let directory = &rehearsal.sandbox.directory;
    let form = [("scope", "https://graph.microsoft.com/.default"), ("grant_type", "client_credentials")];
    let request = rehearsal
        .client
        .post(rehearsal.token_url(&directory.domain()))
        .basic_auth(directory.client_id(), Some(directory.client_secret()));
    assert_eq!(json(request.form(&form)).await.0, 200);
}

#[tokio::test]
async fn a_token_lives_60_to_90_minutes_and_names_the_granted_roles() {
    let rehearsal = Rehearsal::with(1).await;
    rehearsal.sandbox.directory.set_permissions(&["GroupMember.Read.All"]);
    let body: Value = rehearsal.ask_token(&[]).await.json().await.unwrap();
    assert!((3600..5400).contains(&body["expires_in"].as_u64().unwrap()));
    let payload = body["access_token"].as_str().unwrap().split('.').nth(1).unwrap().to_owned();
    let payload: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap();
    assert_eq!(payload["roles"], serde_json::json!(["GroupMember.Read.All"]));
}

#[tokio::test]
async fn a_token_without_permissions_is_issued_and_then_refused() {
    let rehearsal = Rehearsal::with(1).await;
    rehearsal.sandbox.directory.set_permissions(&[]);
    let token = rehearsal.fresh_token().await;
    let url = rehearsal.graph_url(&format!("/groups/{}", rehearsal.sandbox.directory.group()));
    let answer = refused(rehearsal.client.get(url).bearer_auth(token)).await;
    assert_eq!(answer, (403, "Authorization_RequestDenied".to_owned()));
}

#[tokio::test]
async fn a_missing_or_revoked_token_is_401() {
    let rehearsal = Rehearsal::with(1).await;
    let url = rehearsal.graph_url("/organization");
    assert_eq!(refused(rehearsal.client.get(url)).await, (401, "InvalidAuthenticationToken".to_owned()));
    rehearsal.sandbox.entra.expire_tokens();
    assert_eq!(refused(rehearsal.graph("/organization")).await, (401, "InvalidAuthenticationToken".to_owned()));
}

#[tokio::test]
async fn the_endpoint_can_be_unavailable_once() {
    let rehearsal = Rehearsal::with(1).await;
    rehearsal.sandbox.entra.fault(Fault::refuse(Spot::Token, 400, "temporarily_unavailable"));
    let body: Value = rehearsal.ask_token(&[]).await.json().await.unwrap();
    assert_eq!(body["error"], "temporarily_unavailable");
    assert_eq!(rehearsal.ask_token(&[]).await.status(), 200);
}
