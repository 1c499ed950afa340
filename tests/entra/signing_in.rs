//! Refusals of the sign-in service and of Graph, each with one reason and one remedy.

use rollcall::model::{Secret, SecretPlace};
use rollcall::source::{Cloud, Source, SourceError, SourceSettings};
use serde_json::json;

use crate::read;
use crate::tenant::{Asked, Directory, Reply, properties};

async fn refused_with(reply: Reply, path: &'static str) -> SourceError {
    let meddle = move |asked: &Asked, honest| if asked.path.ends_with(path) { reply.clone() } else { honest };
    let tenant = Directory::of(1).meddle(meddle).open().await;
    read(&tenant.source()).await.error().clone()
}

fn aadsts(status: u16, error: &str, code: u32) -> Reply {
    let description = format!("AADSTS{code}: Something about app 'x'.\r\nTrace ID: t-1\r\nCorrelation ID: c");
    let body = json!({"error": error, "error_description": description, "error_codes": [code], "trace_id": "t-1"});
    Reply { headers: Vec::new(), ..Reply::json(status, &body) }
}

/// Each number that an operator can act on: its class, and a word of its remedy.
#[tokio::test]
async fn every_refusal_to_sign_in_says_what_to_do() {
    let rows = [
        (401, "invalid_client", 7_000_215, "credentials", "not its Secret ID"),
        (401, "invalid_client", 7_000_222, "credentials", "new client secret"),
        (400, "unauthorized_client", 700_016, "credentials", "source.client_id"),
        (401, "invalid_client", 7_000_229, "credentials", "admin consent"),
        (400, "unauthorized_client", 7_000_112, "credentials", "Enabled for users to sign in"),
        (400, "unauthorized_client", 70_001, "credentials", "Enabled for users to sign in"),
        (401, "invalid_client", 7_000_218, "credentials", "source.client_secret"),
        (401, "invalid_client", 700_027, "credentials", "certificate"),
        (401, "invalid_client", 700_024, "credentials", "clock"),
        (401, "invalid_client", 50_012, "credentials", "certificate"),
        (401, "invalid_client", 700_213, "credentials", "subject"),
        (400, "invalid_request", 90_002, "configuration", "source.tenant_id"),
        (400, "invalid_request", 900_023, "configuration", "source.tenant_id"),
        (400, "invalid_request", 90_038, "configuration", "source.cloud"),
        (400, "invalid_request", 9_001_023, "configuration", "common"),
        (400, "invalid_request", 50_194, "configuration", "common"),
        (400, "invalid_resource", 500_011, "configuration", "source.cloud"),
        (400, "invalid_scope", 1_002_012, "configuration", "source.cloud"),
        (400, "invalid_grant", 65_001, "permission", "GroupMember.Read.All"),
        (400, "invalid_grant", 53_003, "credentials", "address"),
        (400, "access_denied", 530_032, "credentials", "address"),
        (400, "invalid_request", 900_144, "configuration", "source.client_id"),
        (400, "invalid_request", 50_196, "unavailable", "other programs"),
        (400, "temporarily_unavailable", 90_055, "unavailable", "next run"),
        (400, "temporarily_unavailable", 90_033, "unavailable", "next run"),
        (503, "temporarily_unavailable", 50_033, "unavailable", "next run"),
        (400, "invalid_request", 123_456, "credentials", "source.client_secret"),
    ];
    for (status, error, code, class, word) in rows {
        let refusal = refused_with(aadsts(status, error, code), "/token").await;
        assert_eq!(refusal.class, class, "{code}");
        assert!(refusal.remedy.contains(word), "{code}: {}", refusal.remedy);
        assert!(refusal.reason.contains(&format!("AADSTS{code}")), "{code}: {}", refusal.reason);
        assert_eq!(refusal.request_id.as_deref(), Some("t-1"));
    }
}

#[tokio::test]
async fn a_sign_in_service_that_is_down_or_talks_nonsense_is_told_apart() {
    let rows = [
        (Reply::text(503, "<html>"), "unavailable"),
        (Reply::text(429, ""), "unavailable"),
        (Reply::text(403, "<html>"), "credentials"),
        (Reply::text(200, "<html>"), "unreadable"),
        (Reply::text(200, "{}"), "unreadable"),
        (Reply::json(200, &json!({"access_token": ""})), "credentials"),
    ];
    for (reply, class) in rows {
        let status = reply.status;
        let body = String::from_utf8_lossy(&reply.body).into_owned();
        let meddle = move |asked: &Asked, honest: Reply| match asked.path.ends_with("/token") {
            true => reply.clone(),
            false if asked.headers.get("authorization").is_none_or(|bearer| bearer.len() < 10) => {
                Reply::fault(401, "InvalidAuthenticationToken")
            }
            false => honest,
        };
        let tenant = Directory::of(1).meddle(meddle).open().await;
        assert_eq!(read(&tenant.source()).await.error().class, class, "{status} {body}");
    }
}

#[tokio::test]
async fn a_secret_id_is_recognised_before_anything_is_asked() {
    let tenant = Directory::of(1).open().await;
    let paste = |settings: &mut SourceSettings| {
        settings.client_secret = Secret::at(SecretPlace::Env("SECRET".into()));
        settings.client_secret.resolve("9f8e7d6c-5b4a-4321-8765-123456789abc".into());
    };
    let source = tenant.source_with(paste, &properties(&[]));
    let read = read(&source).await;
    assert_eq!(read.error().class, "credentials");
    assert!(read.error().reason.contains("Secret ID"));
    assert!(tenant.asked("").is_empty());
}

/// Each answer of Graph's that an operator can act on: its class, and a word of reason or remedy.
#[tokio::test]
async fn every_refusal_of_graph_says_what_to_do() {
    let rows = [
        (Reply::fault(401, "InvalidAuthenticationToken"), "credentials", "source.cloud"),
        (Reply::fault(403, "Authorization_RequestDenied"), "permission", "admin consent"),
        (Reply::fault(403, "Authorization_IdentityDisabled"), "credentials", "Enabled for users to sign in"),
        (Reply::fault(403, "Authorization_IdentityNotFound"), "credentials", "admin consent"),
        (
            Reply::fault(403, "x").with("www-authenticate", "Bearer error=\"insufficient_claims\""),
            "credentials",
            "policy",
        ),
        (Reply::fault(400, "Request_UnsupportedQuery"), "configuration", "mistake of Rollcall's"),
        (Reply::fault(400, "Request_InvalidRequestUrl"), "configuration", "source.groups"),
        (Reply::fault(400, "Request_BadRequest"), "configuration", "mapping"),
        (Reply::fault(404, "x"), "unreadable", "source.graph_url"),
        (Reply::fault(413, "x"), "unreadable", "too large"),
        (Reply::fault(414, "x"), "configuration", "fewer properties"),
        (Reply::fault(418, "x"), "unreadable", "418"),
        (Reply::fault(501, "NotImplemented"), "configuration", "lists"),
        (Reply::fault(429, "TooManyRequests").with("retry-after", "600"), "unavailable", "600 seconds"),
        (Reply::fault(500, "generalException"), "unavailable", "HTTP 500"),
        (Reply::text(504, "<html>"), "unavailable", "HTTP 504"),
        (Reply::text(204, ""), "unreadable", "understood"),
    ];
    for (reply, class, word) in rows {
        let refusal = refused_with(reply.clone(), "/members").await;
        assert_eq!(refusal.class, class, "{reply:?}");
        assert!(refusal.to_string().contains(word), "{word}: {refusal}");
        assert!(!refusal.to_string().contains("Ada"), "Graph's text names people: {refusal}");
    }
}

#[tokio::test]
async fn a_403_names_the_permissions_that_the_token_does_not_show() {
    let rows = [
        (json!(null), "GroupMember.Read.All and User.Read.All"),
        (json!([]), "GroupMember.Read.All and User.Read.All"),
        (json!(["User.Read.All"]), "lacks the permission GroupMember.Read.All."),
        (json!(["Group.Read.All"]), "lacks the permission User.Read.All."),
        (json!(["Directory.Read.All"]), "although its token shows"),
    ];
    for (roles, word) in rows {
        let deny = |asked: &Asked, reply| {
            if asked.path.contains("/groups/") { Reply::fault(403, "Authorization_RequestDenied") } else { reply }
        };
        let tenant = Directory::of(1).roles(roles.clone()).meddle(deny).open().await;
        let read = read(&tenant.source()).await;
        assert_eq!(read.error().class, "permission");
        assert!(read.error().reason.contains(word) || roles.is_null(), "{}", read.error().reason);
        assert_eq!(tenant.asked("/groups/").len() + tenant.asked("").len(), 2, "one request after the token");
    }
}

#[tokio::test]
async fn a_missing_server_is_unavailable() {
    let tenant = Directory::of(1).open().await;
    let nowhere = |settings: &mut SourceSettings| settings.graph_url = Some("http://127.0.0.1:1/v1.0".into());
    assert_eq!(read(&tenant.source_with(nowhere, &properties(&[]))).await.error().class, "unavailable");
}

#[tokio::test]
async fn settings_that_cannot_work_are_refused_at_once() {
    let tenant = Directory::of(1).open().await;
    let refused = |change: &dyn Fn(&mut SourceSettings)| {
        let mut settings = tenant.settings();
        change(&mut settings);
        Source::connect(&settings, &properties(&[])).err().map(|error| error.to_string())
    };
    assert_eq!(refused(&|_| {}), None);
    for tenant_id in ["", "common", "Organizations", "consumers", "a/b", "..", "a b", "x?y"] {
        assert!(refused(&|settings| settings.tenant_id = tenant_id.into()).is_some(), "{tenant_id}");
    }
    assert!(refused(&|settings| settings.graph_url = Some("http://graph.example/v1.0".into())).is_some());
    assert!(refused(&|settings| settings.login_url = Some("ftp://login.example".into())).is_some());
    assert!(refused(&|settings| settings.ca_file = Some("/nowhere.pem".into())).is_some());
    for cloud in [Cloud::Global, Cloud::Usgov, Cloud::UsgovDod, Cloud::China] {
        let national = |settings: &mut SourceSettings| {
            (settings.cloud, settings.login_url, settings.graph_url) = (cloud, None, None);
        };
        assert_eq!(refused(&national), None, "{cloud:?}");
    }
}

#[tokio::test]
async fn no_error_shows_a_secret_or_a_token() {
    let echo = |asked: &Asked, _: Reply| {
        let text = format!("{:?} {}", asked.headers, String::from_utf8_lossy(&asked.body));
        Reply::json(400, &json!({"error": {"code": "Request_BadRequest", "message": text}}))
    };
    let tenant = Directory::of(1)
        .meddle(move |asked, reply| if asked.path.ends_with("/token") { reply } else { echo(asked, reply) })
        .open()
        .await;
    let source = tenant.source();
    let shown = format!("{:?} {source:?}", read(&source).await.error());
    assert!(!shown.contains("s3cr~et") && !shown.contains("e30."), "{shown}");
}
