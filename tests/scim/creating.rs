//! Rules 2, 4 and 10 for creates: never a second account, and every doubt is looked up.

use std::time::Duration;

use rollcall::model::{FailureClass, Outcome};
use serde_json::{Value, json};

use crate::app::{App, ENTERPRISE, Reply, error};
use crate::{ada, apply, connect, connect_within, create, done, failed, operation, settings, target};

#[tokio::test]
async fn a_new_account_has_every_attribute_active_and_its_schemas() {
    let app = App::honest().await;
    let outcome = apply(&target(&app), create()).await;
    assert_eq!(done(&outcome), "id-1");
    let expected = json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User", ENTERPRISE],
        "id": "id-1", "active": true, "userName": "ada@x.example", "externalId": "p-1", "displayName": "Ada",
        "name": {"givenName": "Ada"}, "emails": [{"type": "work", "value": "ada@x.example", "primary": true}],
        ENTERPRISE: {"department": "Tools", "manager": {"value": "boss/1"}},
    });
    assert_eq!(app.user("id-1"), expected);
    let sent = &app.asked("POST", "/Users")[0];
    assert_eq!(sent.headers["content-type"], "application/scim+json");
    assert_eq!(sent.headers["authorization"], "Bearer token-1");
    assert_eq!(app.requests(), 1);
    let Outcome::Done { echo: Some(echo), .. } = outcome else { panic!("no echo") };
    assert_eq!(echo, ada(), "the echo is in the mapping's own spelling");
}

#[tokio::test]
async fn what_is_left_out_is_never_sent() {
    let app = App::honest().await;
    let mut settings = settings(&app.url);
    settings.leave_out = vec!["EXTERNALID".into(), crate::MANAGER.into(), crate::DEPARTMENT.into()];
    done(&apply(&connect(&settings), create()).await);
    let sent = &app.asked("POST", "/Users")[0].body;
    assert!(sent.get("externalId").is_none() && sent.get(ENTERPRISE).is_none(), "{sent}");
    assert_eq!(sent["schemas"], json!(["urn:ietf:params:scim:schemas:core:2.0:User"]));
}

#[tokio::test]
async fn a_duplicate_in_any_of_its_forms_ends_in_a_look_up_and_no_second_account() {
    let forms: [fn() -> Reply; 6] = [
        || error(409, Some("uniqueness"), "taken"),
        || Reply::Text(409, ""),
        || error(400, Some("uniqueness"), "taken"),
        || error(400, None, "A user with this e-mail already exists."),
        || error(500, None, "duplicate key value violates unique constraint"),
        || Reply::Text(500, "<html>Internal Server Error</html>"),
    ];
    for form in forms {
        let app = App::start(move |asked, _| (asked.method == "POST").then(form)).await;
        app.add("old", json!({"userName": "ADA@x.example", "active": true, "title": "kept"}));
        let Outcome::Exists { account, .. } = apply(&target(&app), create()).await else { panic!("not found") };
        assert_eq!(account.id.as_str(), "old");
        assert_eq!((app.users(), app.asked("POST", "").len()), (1, 1));
    }
}

#[tokio::test]
async fn a_duplicate_that_the_app_does_not_show_is_a_failure_and_no_loop() {
    let app = App::start(|asked, _| (asked.method == "POST").then(|| error(409, None, "email was used before"))).await;
    let failure = failed(apply(&target(&app), create()).await);
    assert_eq!(failure.class, FailureClass::Conflict);
    assert!(failure.reason.contains("shows none") && failure.reason.contains("email was used before"));
    assert!(failure.remedy.contains("deleted or hidden"), "{}", failure.remedy);
    assert_eq!(app.requests(), 3);
}

#[tokio::test]
async fn a_duplicate_with_several_candidates_is_a_conflict() {
    let app = App::start(|asked, _| (asked.method == "POST").then_some(Reply::Text(409, ""))).await;
    app.add("1", json!({"userName": "ada@x.example"}));
    app.add("2", json!({"userName": "ADA@x.example"}));
    let failure = failed(apply(&target(&app), create()).await);
    assert_eq!(failure.class, FailureClass::Conflict);
    assert!(failure.reason.contains("Several accounts"), "{}", failure.reason);
}

#[tokio::test]
async fn a_create_whose_answer_was_lost_is_found_and_not_repeated() {
    let app = App::start(|asked, accounts| {
        (asked.method == "POST").then(|| {
            accounts.create(&asked.body);
            Reply::Broken
        })
    })
    .await;
    assert_eq!(done(&apply(&target(&app), create()).await), "id-1");
    assert_eq!((app.users(), app.asked("POST", "").len()), (1, 1));
}

#[tokio::test]
async fn a_create_that_was_done_and_answered_500_is_ours() {
    let app = App::start(|asked, accounts| {
        (asked.method == "POST").then(|| {
            accounts.create(&asked.body);
            error(500, None, "mail server down")
        })
    })
    .await;
    assert_eq!(done(&apply(&target(&app), create()).await), "id-1");
    assert_eq!(app.asked("POST", "").len(), 1);
}

#[tokio::test]
async fn after_a_fault_the_app_is_asked_before_it_is_sent_again() {
    let app = App::start(|asked, accounts| {
        let first = asked.method == "POST" && accounts.count("POST") == 1;
        first.then(|| error(503, None, "busy"))
    })
    .await;
    assert_eq!(done(&apply(&target(&app), create()).await), "id-1");
    let order: Vec<_> = [app.asked("POST", "").len(), app.asked("GET", "/Users?filter=").len()].into();
    assert_eq!(order, [2, 2], "a look-up by each key between two creates");
}

#[tokio::test]
async fn a_fault_that_stays_is_a_passing_failure_after_three_tries() {
    let app = App::start(|asked, _| (asked.method == "POST").then(|| error(503, None, "busy"))).await;
    assert_eq!(failed(apply(&target(&app), create()).await).class, FailureClass::Transient);
    assert_eq!(app.asked("POST", "").len(), 3);
}

#[tokio::test]
async fn a_doubt_that_cannot_be_looked_up_stays_unknown() {
    let app = App::start(|asked, accounts| match asked.method.as_str() {
        "POST" => {
            accounts.create(&asked.body);
            Some(Reply::Broken)
        }
        _ => Some(error(400, None, "no filters today")),
    })
    .await;
    let Outcome::Unknown(failure) = apply(&target(&app), create()).await else { panic!("not unknown") };
    assert_eq!(failure.class, FailureClass::Transient);
    assert_eq!(app.asked("POST", "").len(), 1);
}

#[tokio::test]
async fn where_look_ups_lag_they_are_repeated_before_anything_is_concluded() {
    let app = App::start(|asked, accounts| {
        if asked.method == "POST" {
            accounts.create(&asked.body);
            return Some(Reply::Broken);
        }
        let early = asked.query("filter").is_some() && accounts.count("GET") <= 4;
        early.then(|| Reply::Json(200, json!({"totalResults": 0, "Resources": []})))
    })
    .await;
    let mut settings = settings(&app.url);
    settings.eventually_consistent = true;
    assert_eq!(done(&apply(&connect(&settings), create()).await), "id-1");
    assert_eq!(app.asked("POST", "").len(), 1);
}

#[tokio::test]
async fn where_look_ups_lag_an_account_that_stays_unseen_is_unknown_and_not_made_again() {
    let app = App::start(|asked, _| (asked.method == "POST").then(|| error(503, None, "busy"))).await;
    let mut settings = settings(&app.url);
    settings.eventually_consistent = true;
    assert!(matches!(apply(&connect(&settings), create()).await, Outcome::Unknown(_)));
    assert_eq!((app.asked("POST", "").len(), app.asked("GET", "").len()), (1, 8));
}

#[tokio::test]
async fn a_create_answered_with_somebody_elses_account_is_stopped_and_told() {
    for foreign in [
        json!({"id": "7", "userName": "bob@x.example"}),
        json!({"id": "7", "userName": "ADA@X.example", "externalId": "p-9"}),
    ] {
        let app = App::start(move |asked, _| (asked.method == "POST").then(|| Reply::Json(201, foreign.clone()))).await;
        let failure = failed(apply(&target(&app), create()).await);
        assert_eq!(failure.class, FailureClass::Conflict);
        assert!(failure.reason.contains("account 7"), "{}", failure.reason);
    }
}

#[tokio::test]
async fn a_create_without_an_id_in_its_answer_is_looked_up() {
    for reply in
        [Reply::Text(201, ""), Reply::Json(200, json!({"userName": "ada@x.example"})), Reply::Text(201, "created")]
    {
        let app = App::start(move |asked, accounts| {
            (asked.method == "POST").then(|| {
                accounts.create(&asked.body);
                reply.clone()
            })
        })
        .await;
        assert_eq!(done(&apply(&target(&app), create()).await), "id-1");
    }
    let lying = App::start(|asked, _| (asked.method == "POST").then_some(Reply::Text(201, ""))).await;
    assert!(matches!(apply(&target(&lying), create()).await, Outcome::Unknown(_)));
}

#[tokio::test]
async fn an_echo_that_drops_and_reformats_is_still_a_success() {
    let app = App::start(|asked, _| {
        (asked.method == "POST").then(|| {
            Reply::Json(201, json!({"id": 5, "userName": "Ada@X.Example", "active": "True", "displayName": "ADA"}))
        })
    })
    .await;
    assert_eq!(done(&apply(&target(&app), create()).await), "5");
}

#[tokio::test]
async fn one_bad_record_never_stops_the_others() {
    let app = App::start(|asked, _| {
        let bad = asked.method == "POST" && asked.body["displayName"] == "13";
        bad.then(|| error(400, Some("invalidValue"), "displayName 13 is unlucky"))
    })
    .await;
    let batch: Vec<_> = (0..40)
        .map(|number| {
            let mut operation = operation(
                rollcall::model::ChangeKind::Create,
                None,
                json!({"userName": format!("u{number}"), "displayName": number.to_string()}),
            );
            operation.id = number;
            operation
        })
        .collect();
    let outcomes = target(&app).apply(&batch).await;
    assert_eq!(outcomes.len(), 40);
    for (id, outcome) in outcomes {
        let failed = matches!(&outcome, Outcome::Failed(failure) if failure.class == FailureClass::Record);
        assert_eq!(failed, id == 13, "{id}: {outcome:?}");
    }
    assert_eq!(app.users(), 39);
}

#[tokio::test]
async fn an_app_that_is_down_is_left_alone_and_nothing_counts_as_sent() {
    let app = App::start(|_, _| Some(Reply::Text(503, ""))).await;
    let batch: Vec<_> = (0..500)
        .map(|number| {
            operation(
                rollcall::model::ChangeKind::Create,
                None,
                json!({"userName": format!("u{number}"), "externalId": Value::Null}),
            )
        })
        .collect();
    let mut settings = settings(&app.url);
    settings.concurrency = 8;
    let outcomes = connect(&settings).apply(&batch).await;
    let not_sent = outcomes.iter().filter(|(_, outcome)| matches!(outcome, Outcome::NotSent(_))).count();
    assert!(app.requests() <= 12, "{}", app.requests());
    assert!(not_sent >= 480, "{not_sent}");
}

#[tokio::test]
async fn nothing_listening_is_not_sent() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("bound"));
    drop(listener);
    assert!(matches!(apply(&connect(&settings(&url)), create()).await, Outcome::NotSent(_)));
}

#[tokio::test]
async fn an_account_that_looks_just_like_ours_is_still_not_made_by_us_when_the_app_says_duplicate() {
    let app = App::honest().await;
    let target = target(&app);
    done(&apply(&target, create()).await);
    assert!(matches!(apply(&target, create()).await, Outcome::Exists { .. }));
}

#[tokio::test]
async fn a_create_without_an_answer_in_time_is_looked_up_and_never_sent_again() {
    for reached in [true, false] {
        let app = App::start(move |asked, accounts| {
            (asked.method == "POST").then(|| {
                if reached {
                    accounts.create(&asked.body);
                }
                Reply::Silent
            })
        })
        .await;
        let target = connect_within(&settings(&app.url), Duration::from_secs(2));
        let outcome = apply(&target, create()).await;
        // A server that is merely slow may still be at it.
        assert_eq!(matches!(outcome, Outcome::Done { .. }), reached, "{outcome:?}");
        assert_eq!(matches!(outcome, Outcome::Unknown(_)), !reached, "{outcome:?}");
        assert_eq!(app.asked("POST", "").len(), 1);
    }
}

#[tokio::test]
async fn a_lost_create_never_takes_over_an_account_with_a_foreign_external_id() {
    let app = App::start(|asked, _| (asked.method == "POST").then_some(Reply::Broken)).await;
    app.add("7", json!({"userName": "ada@x.example", "externalId": "p-9"}));
    assert!(matches!(apply(&target(&app), create()).await, Outcome::Exists { .. }));
}

#[tokio::test]
async fn a_rest_longer_than_our_patience_ends_the_sending() {
    let app = App::start(|asked, _| {
        (asked.method == "POST").then(|| Reply::WithHeader(429, "retry-after", "3600".into(), json!({})))
    })
    .await;
    let target = target(&app);
    assert_eq!(failed(apply(&target, create()).await).class, FailureClass::Transient);
    let Outcome::NotSent(failure) = apply(&target, create()).await else { panic!("sent") };
    assert!(failure.reason.contains("a rest of 3600 seconds"), "{}", failure.reason);
    assert_eq!(app.requests(), 1);
}

#[tokio::test]
async fn a_short_rest_is_granted_and_the_create_sent_again() {
    let app = App::start(|asked, accounts| {
        let first = asked.method == "POST" && accounts.count("POST") == 1;
        first.then(|| Reply::WithHeader(429, "retry-after", "0".into(), json!({})))
    })
    .await;
    assert_eq!(done(&apply(&target(&app), create()).await), "id-1");
}

#[tokio::test]
async fn a_duplicate_of_what_an_earlier_try_made_is_ours() {
    let app = App::start(|asked, accounts| {
        if asked.query("filter").is_some() && accounts.count("POST") < 2 {
            return Some(Reply::Json(200, json!({"totalResults": 0, "Resources": []})));
        }
        let first = asked.method == "POST" && accounts.count("POST") == 1;
        first.then(|| {
            accounts.create(&asked.body);
            error(503, None, "busy")
        })
    })
    .await;
    assert_eq!(done(&apply(&target(&app), create()).await), "id-1");
    assert_eq!((app.users(), app.asked("POST", "").len()), (1, 2));
}
