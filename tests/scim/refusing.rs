//! Rule 10: what a refusal means, by status first and body second.

use rollcall::model::{FailureClass, Outcome};
use rollcall::target::OauthAuth;
use serde_json::json;

use crate::app::{App, Reply, error};
use crate::{DEPARTMENT, apply, connect, create, failed, secret, settings, target, update};

/// The class of an update's refusal, and its words.
async fn refused(reply: Reply) -> (FailureClass, String) {
    let app = App::start(move |asked, _| (asked.method == "PATCH").then(|| reply.clone())).await;
    app.add("1", json!({"userName": "ada", "title": "x"}));
    let outcome = apply(&target(&app), update("1", json!({"title": "License limit lead", DEPARTMENT: "Salles"}))).await;
    let failure = failed(outcome);
    (failure.class, failure.reason)
}

#[tokio::test]
async fn the_status_decides_whose_failure_it_is() {
    use FailureClass::{App, Conflict, Record, Transient};
    let table = [
        (error(400, Some("invalidValue"), "no"), Record),
        (error(400, Some("mutability"), "no"), Record),
        (error(413, None, "no"), Record),
        (Reply::Text(422, "<html>no</html>"), Record),
        (Reply::Text(400, ""), Record),
        (error(400, Some("uniqueness"), "no"), Conflict),
        (Reply::Json(409, json!({"status": 409})), Conflict),
        (error(401, None, "no"), App),
        (error(402, None, "no"), App),
        (error(403, None, "no"), App),
        (error(501, None, "no"), App),
        (error(400, None, "No seats available."), App),
        (error(409, None, "license limit reached"), App),
        (error(403, None, "Upgrade your plan to add users"), App),
        (Reply::WithHeader(302, "location", "https://evil.example/".into(), json!({})), App),
        (error(429, None, "quota exceeded"), Transient),
        (error(503, None, "no"), Transient),
    ];
    for (reply, expected) in table {
        let said = format!("{reply:?}");
        let (class, reason) = refused(reply).await;
        assert_eq!(class, expected, "{said}: {reason}");
    }
}

#[tokio::test]
async fn a_failure_quotes_the_app_and_names_the_refused_value() {
    let (_, reason) = refused(error(400, Some("invalidValue"), "Department is not in the list.")).await;
    assert_eq!(
        reason,
        format!("The app refuses a value of this record: “Department is not in the list” ({DEPARTMENT} is “Salles”).")
    );
    let (_, reason) = refused(error(400, None, "unknown value 'Salles'")).await;
    assert!(reason.contains(DEPARTMENT), "{reason}");
    let (_, reason) = refused(error(400, None, "departments are closed")).await;
    assert!(!reason.contains("Salles"), "{reason}");
}

#[tokio::test]
async fn a_quoted_value_is_not_mistaken_for_a_lack_of_seats() {
    let (class, _) = refused(error(400, None, "title “License limit lead” is no title")).await;
    assert_eq!(class, FailureClass::Record);
    let (class, _) = refused(error(400, None, "no such city: Seattle")).await;
    assert_eq!(class, FailureClass::Record);
}

#[tokio::test]
async fn foreign_text_is_bounded_and_cannot_rewrite_a_line() {
    let (_, reason) = refused(error(400, None, &format!("a\r\nb\u{1b}[31m\u{202e}{}", "x".repeat(5000)))).await;
    assert!(reason.chars().count() < 500, "{}", reason.len());
    assert!(!reason.contains(['\r', '\n', '\u{1b}', '\u{202e}']), "{reason:?}");
}

#[tokio::test]
async fn a_redirect_is_not_followed_and_credentials_stay() {
    let elsewhere = App::honest().await;
    let url = elsewhere.url.clone();
    let app = App::start(move |_, _| Some(Reply::WithHeader(307, "location", format!("{url}/Users"), json!({})))).await;
    assert_eq!(failed(apply(&target(&app), create()).await).class, FailureClass::App);
    assert_eq!(elsewhere.requests(), 0);
}

#[tokio::test]
async fn a_token_that_expired_early_is_renewed_once() {
    let app = App::start(|asked, accounts| {
        if asked.is("POST", "/token") {
            let number = accounts.asked.iter().filter(|asked| asked.is("POST", "/token")).count();
            return Some(Reply::Json(200, json!({"access_token": format!("t{number}"), "expires_in": 3600})));
        }
        let expired = asked.headers["authorization"] == "Bearer t1";
        expired.then(|| error(401, None, "expired"))
    })
    .await;
    let mut settings = settings(&app.url);
    settings.token = None;
    settings.oauth = Some(OauthAuth {
        token_url: format!("{}/token", app.url),
        client_id: "c".into(),
        client_secret: secret("s"),
        scope: None,
    });
    assert!(matches!(apply(&connect(&settings), create()).await, Outcome::Done { .. }));
    assert_eq!(app.users(), 1);
}

#[tokio::test]
async fn a_token_service_that_refuses_means_nothing_was_sent() {
    let app =
        App::start(|asked, _| asked.is("POST", "/token").then(|| Reply::Json(401, json!({"error": "invalid_client"}))))
            .await;
    let mut settings = settings(&app.url);
    settings.token = None;
    settings.oauth = Some(OauthAuth {
        token_url: format!("{}/token", app.url),
        client_id: "c".into(),
        client_secret: secret("s"),
        scope: None,
    });
    let Outcome::NotSent(failure) = apply(&connect(&settings), create()).await else { panic!("sent") };
    assert_eq!(failure.class, FailureClass::App);
}
