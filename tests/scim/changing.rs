//! Rules 3, 4, 7 and 8: PATCH and PUT as apps take them, and deactivations that are proved.

use rollcall::model::{ChangeKind, FailureClass, Operation, Outcome};
use rollcall::target::UpdateBy;
use serde_json::{Value, json};

use crate::app::{App, ENTERPRISE, Reply, error, not_found};
use crate::{
    DEPARTMENT, MANAGER, WORK_EMAIL, apply, connect, deactivate, done, failed, operation, settings, target, update,
};

fn account() -> Value {
    json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User", "urn:foreign"], "urn:foreign": {"badge": 1},
        "meta": {"version": "W/\"1\""}, "groups": [{"value": "g"}],
        "userName": "ada@x.example", "externalId": "p-1", "active": true, "title": "Engineer", "nickName": "Countess",
        "name": {"givenName": "Ada", "familyName": "Lovelace"},
        "emails": [{"type": "home", "value": "home@x.example", "primary": true}, {"type": "work", "value": "old@x.example"}],
        ENTERPRISE: {"department": "Tools", "costCenter": "9"},
    })
}

async fn app_with_ada() -> App {
    let app = App::honest().await;
    app.add("a/1", account());
    app
}

fn edits() -> Value {
    json!({"title": null, "name.givenName": "Eva", WORK_EMAIL: "new@x.example", DEPARTMENT: "Sales", MANAGER: "boss"})
}

#[track_caller]
fn assert_edited(user: &Value) {
    assert!(user["title"].is_null(), "{user}");
    assert_eq!(user["name"], json!({"givenName": "Eva", "familyName": "Lovelace"}));
    let emails = json!([{"type": "home", "value": "home@x.example", "primary": true}, {"type": "work", "value": "new@x.example"}]);
    assert_eq!(user["emails"], emails);
    assert_eq!(user[ENTERPRISE], json!({"department": "Sales", "costCenter": "9", "manager": {"value": "boss"}}));
    assert_eq!((&user["nickName"], &user["active"]), (&json!("Countess"), &json!(true)));
    assert_eq!(user["urn:foreign"], json!({"badge": 1}));
}

#[tokio::test]
async fn a_patch_has_one_operation_per_attribute_and_204_is_success() {
    let app = app_with_ada().await;
    assert_eq!(done(&apply(&target(&app), update("a/1", edits())).await), "a/1");
    assert_edited(&app.user("a/1"));
    let expected = json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
        "Operations": [
            {"op": "replace", "path": WORK_EMAIL, "value": "new@x.example"},
            {"op": "replace", "path": "name.givenName", "value": "Eva"},
            {"op": "remove", "path": "title"},
            {"op": "replace", "path": DEPARTMENT, "value": "Sales"},
            {"op": "replace", "path": MANAGER, "value": {"value": "boss"}},
        ],
    });
    let sent = app.asked("PATCH", "/Users/a%2F1");
    assert_eq!(sent[0].body, expected, "active goes along only when it changes");
}

#[tokio::test]
async fn a_patch_answered_200_with_a_body_gives_an_echo() {
    let app =
        App::start(|asked, _| (asked.method == "PATCH").then(|| Reply::Json(200, json!({"id": "a/1", "title": "X"}))))
            .await;
    let Outcome::Done { echo, .. } = apply(&target(&app), update("a/1", json!({"title": "Y"}))).await else { panic!() };
    assert_eq!(echo, Some(json!({"title": "X"})));
}

#[tokio::test]
async fn nothing_to_send_sends_nothing() {
    let app = app_with_ada().await;
    let mut settings = settings(&app.url);
    settings.leave_out = vec!["title".into()];
    done(&apply(&connect(&settings), update("a/1", json!({"title": "X"}))).await);
    done(&apply(&connect(&settings), operation(ChangeKind::Adopt, Some("a/1"), json!({}))).await);
    assert_eq!(app.requests(), 0);
}

#[tokio::test]
async fn an_adoption_sends_what_differs_and_leaves_active_alone() {
    let app = app_with_ada().await;
    done(&apply(&target(&app), operation(ChangeKind::Adopt, Some("a/1"), json!({"externalId": "p-1"}))).await);
    let operations = &app.asked("PATCH", "")[0].body["Operations"];
    assert_eq!(operations, &json!([{"op": "replace", "path": "externalId", "value": "p-1"}]));
}

#[tokio::test]
async fn an_entry_that_is_not_there_is_added_whole() {
    let app = App::honest().await;
    app.add("1", json!({"userName": "ada", "title": "x", "emails": [{"type": "home", "value": "h"}]}));
    done(&apply(&target(&app), update("1", json!({WORK_EMAIL: "w", "title": "y"}))).await);
    let expected = json!([{"type": "home", "value": "h"}, {"type": "work", "value": "w"}]);
    assert_eq!((&app.user("1")["emails"], &app.user("1")["title"]), (&expected, &json!("y")));
}

#[tokio::test]
async fn clearing_what_is_already_gone_is_success() {
    let app = App::honest().await;
    app.add("1", json!({"userName": "ada"}));
    done(&apply(&target(&app), update("1", json!({"title": null}))).await);
    assert_eq!(app.asked("PATCH", "").len(), 1);
    done(&apply(&target(&app), update("1", json!({"title": null, "displayName": "A"}))).await);
    assert_eq!(app.user("1")["displayName"], "A");
}

#[tokio::test]
async fn a_service_without_patch_gets_a_put_that_keeps_what_others_wrote() {
    let app = App::start(|asked, _| {
        let document = json!({"patch": {"supported": false}, "etag": {"supported": false}});
        asked.is("GET", "/ServiceProviderConfig").then_some(Reply::Json(200, document))
    })
    .await;
    app.add("a/1", account());
    let target = target(&app);
    done(&apply(&target, update("a/1", edits())).await);
    assert_edited(&app.user("a/1"));
    let sent = &app.asked("PUT", "/Users/a%2F1")[0].body;
    assert!(sent.get("meta").is_none() && sent.get("groups").is_none(), "{sent}");
    assert_eq!(sent["schemas"], json!(["urn:foreign", "urn:ietf:params:scim:schemas:core:2.0:User", ENTERPRISE]));
    done(&apply(&target, update("a/1", json!({"title": "Z"}))).await);
    assert_eq!(app.asked("GET", "/ServiceProviderConfig").len(), 1, "asked once");
}

#[tokio::test]
async fn a_put_never_reactivates_an_account_and_always_says_active() {
    let app = App::honest().await;
    app.add("1", json!({"userName": "ada", "active": "False"}));
    let mut settings = settings(&app.url);
    settings.update_by = Some(UpdateBy::Put);
    let target = connect(&settings);
    done(&apply(&target, update("1", json!({"title": "x"}))).await);
    assert_eq!(app.user("1")["active"], false);
    done(&apply(&target, operation(ChangeKind::Reactivate, Some("1"), json!({}))).await);
    assert_eq!(app.user("1")["active"], true);
    done(&apply(&target, deactivate("1")).await);
    assert_eq!(app.user("1")["active"], false);
}

#[tokio::test]
async fn a_patch_without_path_keeps_what_surrounds_an_attribute() {
    let app = app_with_ada().await;
    let mut settings = settings(&app.url);
    settings.update_by = Some(UpdateBy::PatchWithoutPath);
    let target = connect(&settings);
    done(&apply(&target, update("a/1", edits())).await);
    assert_edited(&app.user("a/1"));
    let sent = app.asked("PATCH", "")[0].body.clone();
    assert!(sent["Operations"][0].get("path").is_none());
    assert!(sent["Operations"][0]["value"].get("nickName").is_none(), "{sent}");
    done(&apply(&target, deactivate("a/1")).await);
    assert_eq!(app.asked("PATCH", "")[1].body["Operations"], json!([{"op": "replace", "value": {"active": false}}]));
}

#[tokio::test]
async fn a_deactivation_is_read_back() {
    let app = app_with_ada().await;
    done(&apply(&target(&app), deactivate("a/1")).await);
    assert_eq!(app.user("a/1")["active"], false);
    assert_eq!(
        app.asked("PATCH", "")[0].body["Operations"],
        json!([{"op": "replace", "path": "active", "value": false}])
    );
    assert_eq!(app.asked("GET", "/Users/a%2F1").len(), 1);
}

#[tokio::test]
async fn a_deactivation_that_did_nothing_is_a_failure_of_that_person() {
    let app = App::start(|asked, _| {
        (asked.method == "PATCH").then(|| Reply::Json(200, json!({"id": "a/1", "active": false})))
    })
    .await;
    app.add("a/1", account());
    let failure = failed(apply(&target(&app), deactivate("a/1")).await);
    assert!(failure.reason.contains("HTTP 200 but the account is still active"), "{}", failure.reason);
    assert_eq!(failure.class, FailureClass::Conflict);
}

#[tokio::test]
async fn a_deactivation_that_arrives_late_is_waited_for_where_the_app_lags() {
    let app = App::start(|asked, accounts| {
        let early = asked.is("GET", "/Users/a%2F1")
            && accounts.asked.iter().filter(|a| a.is("GET", "/Users/a%2F1")).count() < 3;
        early.then(|| Reply::Json(200, account()))
    })
    .await;
    app.add("a/1", account());
    let mut settings = settings(&app.url);
    settings.eventually_consistent = true;
    done(&apply(&connect(&settings), deactivate("a/1")).await);
}

#[tokio::test]
async fn an_app_that_hides_deactivated_accounts_has_deactivated_them() {
    let app = App::start(|asked, accounts| {
        let hidden = asked.is("GET", "/Users/a%2F1") && accounts.users["a/1"]["active"] == false;
        hidden.then(not_found)
    })
    .await;
    app.add("a/1", account());
    done(&apply(&target(&app), deactivate("a/1")).await);
}

#[tokio::test]
async fn a_deactivation_that_cannot_be_read_back_is_unknown() {
    let app = App::start(|asked, _| asked.is("GET", "/Users/a%2F1").then_some(Reply::Text(500, ""))).await;
    app.add("a/1", account());
    let Outcome::Unknown(failure) = apply(&target(&app), deactivate("a/1")).await else { panic!("claimed to know") };
    assert!(failure.reason.contains("could not be read back"), "{}", failure.reason);
}

#[tokio::test]
async fn a_deactivation_whose_answer_was_lost_is_settled_by_reading() {
    let app = App::start(|asked, accounts| {
        (asked.method == "PATCH").then(|| {
            accounts.answer(asked);
            Reply::Broken
        })
    })
    .await;
    app.add("a/1", account());
    done(&apply(&target(&app), deactivate("a/1")).await);
}

#[tokio::test]
async fn a_missing_account_is_already_gone_at_a_deactivation_and_vanished_at_an_update() {
    let app = App::honest().await;
    let target = target(&app);
    assert!(matches!(apply(&target, deactivate("gone")).await, Outcome::AlreadyGone { .. }));
    let failure = failed(apply(&target, update("gone", json!({"title": "x"}))).await);
    assert_eq!(failure.class, FailureClass::Conflict);
    assert!(failure.reason.contains("vanished"), "{}", failure.reason);
}

#[tokio::test]
async fn where_the_whole_address_is_gone_no_account_is_called_gone() {
    let app = App::start(|_, _| Some(Reply::Text(404, "<html>no such page</html>"))).await;
    let target = target(&app);
    let failure = failed(apply(&target, deactivate("1")).await);
    assert_eq!(failure.class, FailureClass::App, "{}", failure.reason);
    assert_eq!(failed(apply(&target, update("1", json!({"title": "x"}))).await).class, FailureClass::App);
}

#[tokio::test]
async fn a_reactivation_says_active_and_what_changed_in_one_request_or_in_two() {
    let app = App::honest().await;
    app.add("1", json!({"userName": "ada", "active": false}));
    let back = || operation(ChangeKind::Reactivate, Some("1"), json!({"title": "x"}));
    let mut settings = settings(&app.url);
    done(&apply(&connect(&settings), back()).await);
    settings.reactivate_first = true;
    done(&apply(&connect(&settings), back()).await);
    let operations: Vec<Value> = app.asked("PATCH", "").iter().map(|asked| asked.body["Operations"].clone()).collect();
    let active = json!({"op": "replace", "path": "active", "value": true});
    let title = json!({"op": "replace", "path": "title", "value": "x"});
    assert_eq!(operations, [json!([active, title]), json!([active]), json!([title])]);
}

#[tokio::test]
async fn a_version_is_sent_and_read_again_once_when_it_is_outdated() {
    let app = App::start(|asked, accounts| {
        if asked.method != "PATCH" {
            return None;
        }
        let outdated = accounts.count("PATCH") == 1;
        accounts.users.get_mut("a/1").expect("there")["meta"]["version"] = json!("W/\"2\"");
        outdated.then(|| error(412, Some("invalidVers"), "changed"))
    })
    .await;
    app.add("a/1", account());
    let mut settings = settings(&app.url);
    settings.etag = Some(true);
    done(&apply(&connect(&settings), update("a/1", json!({"title": "x"}))).await);
    let versions: Vec<_> = app.asked("PATCH", "").iter().map(|asked| asked.headers["if-match"].clone()).collect();
    assert_eq!(versions, ["W/\"1\"", "W/\"2\""]);
}

#[tokio::test]
async fn an_update_in_doubt_is_settled_by_reading_the_account() {
    let app = App::start(|asked, accounts| {
        (asked.method == "PATCH").then(|| {
            accounts.answer(asked);
            error(500, None, "late fault")
        })
    })
    .await;
    app.add("a/1", account());
    done(&apply(&target(&app), update("a/1", edits())).await);
    let faulty = App::start(|asked, _| (asked.method == "PATCH").then(|| error(500, None, "fault"))).await;
    faulty.add("a/1", account());
    assert_eq!(failed(apply(&target(&faulty), update("a/1", edits())).await).class, FailureClass::Transient);
}

#[tokio::test]
async fn an_answer_that_is_no_account_never_counts_as_a_change() {
    for page in [Reply::Text(200, "<html>Sign in</html>"), Reply::Json(200, json!({"id": "other", "active": false}))] {
        let app = App::start(move |asked, _| (asked.method == "GET").then(|| page.clone())).await;
        app.add("a/1", account());
        let mut settings = settings(&app.url);
        settings.update_by = Some(UpdateBy::Put);
        settings.etag = Some(false);
        let failure = failed(apply(&connect(&settings), update("a/1", json!({"title": "x"}))).await);
        assert_eq!(failure.class, FailureClass::App, "{}", failure.reason);
        assert_eq!(app.asked("PUT", "").len(), 0);
        let by_patch = apply(&target(&app), deactivate("a/1")).await;
        assert!(matches!(by_patch, Outcome::Unknown(_)), "{by_patch:?}");
    }
}

#[tokio::test]
async fn an_app_that_hides_deactivated_accounts_can_reactivate_them() {
    for update_by in [UpdateBy::Patch, UpdateBy::Put, UpdateBy::PatchWithoutPath] {
        let app = App::start(|asked, accounts| {
            let hidden = asked.is("GET", "/Users/1") && accounts.users["1"]["active"] == false;
            hidden.then(not_found)
        })
        .await;
        app.add("1", json!({"userName": "ada@x.example", "active": false}));
        let mut settings = settings(&app.url);
        settings.update_by = Some(update_by);
        settings.etag = Some(true);
        done(
            &apply(
                &connect(&settings),
                operation(ChangeKind::Reactivate, Some("1"), json!({"userName": "ada@x.example", "title": "x"})),
            )
            .await,
        );
        assert_eq!((&app.user("1")["active"], &app.user("1")["title"]), (&json!(true), &json!("x")), "{update_by:?}");
    }
}

#[tokio::test]
async fn a_put_sends_what_the_app_does_not_show_and_leaves_alone_what_was_changed_by_hand() {
    let app = App::honest().await;
    app.add("1", json!({"userName": "ada@x.example", "displayName": "By hand", "active": true}));
    let mut settings = settings(&app.url);
    settings.update_by = Some(UpdateBy::Put);
    let mut operation = update("1", json!({"title": "x"}));
    operation.whole.insert("displayName".into(), json!("As sent"));
    operation.whole.insert("name.givenName".into(), json!("Ada"));
    done(&apply(&connect(&settings), operation).await);
    let user = app.user("1");
    assert_eq!(
        (&user["displayName"], &user["name"]["givenName"], &user["title"]),
        (&json!("By hand"), &json!("Ada"), &json!("x"))
    );
}

#[tokio::test]
async fn bad_records_that_all_answer_500_never_keep_the_others_from_being_served() {
    let app = App::start(|asked, _| {
        let bad = asked.method == "PATCH" && asked.target.starts_with("/Users/bad");
        bad.then_some(Reply::Text(500, "<html>fault</html>"))
    })
    .await;
    let ids: Vec<String> = (0..12).map(|n| format!("bad{n}")).chain((0..12).map(|n| format!("good{n}"))).collect();
    let mut batch = Vec::new();
    for (number, id) in (0..).zip(&ids) {
        app.add(id, account());
        batch.push(Operation { id: number, ..update(id, json!({"title": "x"})) });
    }
    let mut settings = settings(&app.url);
    settings.concurrency = 8;
    let target = connect(&settings);
    for (id, outcome) in target.apply(&batch).await {
        match outcome {
            Outcome::Done { .. } => assert!(id >= 12, "{id}"),
            Outcome::Failed(failure) => {
                assert!(id < 12 && failure.class == FailureClass::Transient, "{id} {failure:?}");
            }
            other => panic!("{id}: {other:?}"),
        }
    }
}

#[tokio::test]
async fn an_update_is_sent_again_only_after_the_account_shows_that_it_did_not_arrive() {
    for fault in [Reply::Broken, Reply::Text(503, "")] {
        let app = App::start(move |asked, accounts| {
            let first = asked.method == "PATCH" && accounts.count("PATCH") == 1;
            first.then(|| fault.clone())
        })
        .await;
        app.add("a/1", account());
        done(&apply(&target(&app), update("a/1", edits())).await);
        assert_edited(&app.user("a/1"));
        assert_eq!((app.asked("PATCH", "").len(), app.asked("GET", "/Users/").len()), (2, 1));
    }
}
