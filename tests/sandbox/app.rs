use reqwest::Method;
use rollcall::sandbox::app::{Paging, Refused};
use rollcall::sandbox::{AppAct, AppFault, AppSpot, Auth};
use serde_json::{Value, json};

use crate::{Rehearsal, json};

const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
const PATCH: &str = "urn:ietf:params:scim:api:messages:2.0:PatchOp";

fn ada() -> Value {
    json!({
        "schemas": [USER, ENTERPRISE], "userName": "Ada@x.example", "externalId": "E1", "active": true,
        "name": {"givenName": "Ada"}, "emails": [{"type": "work", "value": "ada@x.example", "primary": true}],
        ENTERPRISE: {"department": "Legal"},
    })
}

async fn create(rehearsal: &Rehearsal, user: &Value) -> (u16, Value) {
    json(rehearsal.scim_write(Method::POST, "/Users", user)).await
}

async fn patch(rehearsal: &Rehearsal, id: &str, operations: Value) -> (u16, Value) {
    let body = json!({"schemas": [PATCH], "Operations": operations});
    json(rehearsal.scim_write(Method::PATCH, &format!("/Users/{id}"), &body)).await
}

async fn found(rehearsal: &Rehearsal, filter: &str) -> usize {
    let request = rehearsal.scim(Method::GET, "/Users").query(&[("filter", filter)]);
    json(request).await.1["Resources"].as_array().unwrap().len()
}

#[tokio::test]
async fn a_created_account_has_an_id_a_location_and_a_version() {
    let rehearsal = Rehearsal::with(0).await;
    let response = rehearsal.scim_write(Method::POST, "/Users", &ada()).send().await.unwrap();
    assert_eq!(response.status(), 201);
    assert_eq!(response.headers()["etag"], "W/\"1\"");
    let location = response.headers()["location"].to_str().unwrap().to_owned();
    let body: Value = response.json().await.unwrap();
    assert_eq!(body["meta"]["location"], json!(location));
    let (_, read) = json(rehearsal.client.get(location).bearer_auth(rehearsal.sandbox.app_token())).await;
    assert_eq!(read, body);
}

#[tokio::test]
async fn duplicates_are_409() {
    let rehearsal = Rehearsal::with(0).await;
    create(&rehearsal, &ada()).await;
    let (status, body) = create(&rehearsal, &json!({"schemas": [USER], "userName": "ADA@X.example"})).await;
    assert_eq!((status, &body["scimType"]), (409, &json!("uniqueness")));
    let (status, _) = create(&rehearsal, &json!({"schemas": [USER], "userName": "b", "externalId": "E1"})).await;
    assert_eq!(status, 409);
    rehearsal.sandbox.app.admin().quirks(|quirks| {
        quirks.duplicate_status = 500;
        quirks.duplicate_says_type = false;
    });
    let (status, body) = create(&rehearsal, &ada()).await;
    assert_eq!((status, body.get("scimType")), (500, None));
}

#[tokio::test]
async fn types_are_checked_and_unknown_attributes_refused_or_dropped() {
    let rehearsal = Rehearsal::with(0).await;
    let bad = [
        json!({"schemas": [USER], "userName": "a", "active": "True"}),
        json!({"schemas": [USER], "userName": "a", "emails": "a@b.example"}),
        json!({"schemas": [USER], "userName": "a", "title": 7}),
        json!({"schemas": [USER], "userName": ""}),
        json!({"schemas": [USER], "title": "x"}),
        json!({"userName": "a"}),
        json!({"schemas": [USER], "userName": "a", ENTERPRISE: {"department": "x"}}),
    ];
    for user in bad {
        assert_eq!(create(&rehearsal, &user).await.0, 400, "{user}");
    }
    let odd = json!({"schemas": [USER], "userName": "a", "shoeSize": "9"});
    assert_eq!(create(&rehearsal, &odd).await.0, 400);
    rehearsal.sandbox.app.admin().quirks(|quirks| quirks.unknown_dropped = true);
    let (status, body) = create(&rehearsal, &odd).await;
    assert_eq!((status, body.get("shoeSize")), (201, None));
    let request = rehearsal.scim(Method::POST, "/Users").header("content-type", "text/plain").body(ada().to_string());
    assert_eq!(json(request).await.0, 415);
}

#[tokio::test]
async fn a_patch_is_atomic_and_its_paths_are_exact() {
    let rehearsal = Rehearsal::with(0).await;
    let id = create(&rehearsal, &ada()).await.1["id"].as_str().unwrap().to_owned();
    let operations = json!([
        {"op": "replace", "path": "active", "value": false},
        {"op": "replace", "path": "emails[type eq \"work\"].value", "value": "new@x.example"},
        {"op": "replace", "path": "name.familyName", "value": "Lovelace"},
        {"op": "add", "path": format!("{ENTERPRISE}:manager"), "value": {"value": "m-1"}},
        {"op": "remove", "path": format!("{ENTERPRISE}:department")},
    ]);
    let (status, body) = patch(&rehearsal, &id, operations).await;
    assert_eq!((status, &body["active"], &body["name"]["familyName"]), (200, &json!(false), &json!("Lovelace")));
    assert_eq!(body["emails"][0]["value"], "new@x.example");
    assert_eq!(body[ENTERPRISE], json!({"manager": {"value": "m-1"}}));
    let operations = json!([
        {"op": "replace", "path": "title", "value": "Countess"},
        {"op": "replace", "path": "emails[type eq \"home\"].value", "value": "x"},
    ]);
    let (status, body) = patch(&rehearsal, &id, operations).await;
    assert_eq!((status, &body["scimType"]), (400, &json!("noTarget")));
    assert!(rehearsal.sandbox.app.admin().account(&id).unwrap().get("title").is_none());
}

#[tokio::test]
async fn a_patch_without_a_path_merges() {
    let rehearsal = Rehearsal::with(0).await;
    let id = create(&rehearsal, &ada()).await.1["id"].as_str().unwrap().to_owned();
    let value = json!({"title": "Countess", "name": {"familyName": "Lovelace"}, ENTERPRISE: {"division": "D"}});
    let (_, body) = patch(&rehearsal, &id, json!([{"op": "replace", "value": value}])).await;
    assert_eq!(body["name"], json!({"givenName": "Ada", "familyName": "Lovelace"}));
    assert_eq!(body[ENTERPRISE], json!({"department": "Legal", "division": "D"}));
}

#[tokio::test]
async fn adding_joins_values_and_replacing_replaces_them() {
    let rehearsal = Rehearsal::with(0).await;
    let id = create(&rehearsal, &ada()).await.1["id"].as_str().unwrap().to_owned();
    let home = json!({"emails": [{"type": "home", "value": "ada@home.example"}]});
    let (_, body) = patch(&rehearsal, &id, json!([{"op": "add", "value": home}])).await;
    assert_eq!(body["emails"].as_array().unwrap().len(), 2);
    let (_, body) = patch(&rehearsal, &id, json!([{"op": "replace", "value": home}])).await;
    assert_eq!(body["emails"], home["emails"]);
}

#[tokio::test]
async fn sloppy_patches_are_refused() {
    let rehearsal = Rehearsal::with(0).await;
    let id = create(&rehearsal, &ada()).await.1["id"].as_str().unwrap().to_owned();
    let bad = [
        json!([{"op": "Replace", "path": "title", "value": "x"}]),
        json!([{"op": "replace", "path": "active", "value": "False"}]),
        json!([{"op": "replace", "path": "shoeSize", "value": "x"}]),
        json!([{"op": "remove"}]),
        json!([{"op": "remove", "path": "userName"}]),
        json!([{"op": "replace", "path": "id", "value": "x"}]),
        json!([]),
    ];
    for operations in bad {
        assert_eq!(patch(&rehearsal, &id, operations.clone()).await.0, 400, "{operations}");
    }
    let unknown = patch(&rehearsal, "nobody", json!([{"op": "replace", "path": "title", "value": "x"}])).await;
    assert_eq!(unknown.0, 404);
}

#[tokio::test]
async fn filters_compare_names_without_case_and_external_ids_with_it() {
    let rehearsal = Rehearsal::with(0).await;
    create(&rehearsal, &ada()).await;
    for (filter, hits) in [
        ("userName eq \"ADA@x.EXAMPLE\"", 1),
        ("externalId eq \"e1\"", 0),
        ("externalId eq \"E1\" and active eq true", 1),
        ("emails[type eq \"work\"].value eq \"ada@x.example\"", 1),
        ("userName eq \"nobody\"", 0),
    ] {
        assert_eq!(found(&rehearsal, filter).await, hits, "{filter}");
    }
    let admin = rehearsal.sandbox.app.admin();
    admin.quirks(|quirks| quirks.filter_case_sensitive = true);
    assert_eq!(found(&rehearsal, "userName eq \"ADA@x.EXAMPLE\"").await, 0);
    admin.quirks(|quirks| quirks.filter_ignored = true);
    assert_eq!(found(&rehearsal, "userName eq \"nobody\"").await, 1);
    let request = rehearsal.scim(Method::GET, "/Users").query(&[("filter", "userName sw \"a\"")]);
    assert_eq!(json(request).await.1["scimType"], "invalidFilter");
}

#[tokio::test]
async fn paging_is_true_ignored_or_goes_round() {
    let rehearsal = Rehearsal::with(0).await;
    let admin = rehearsal.sandbox.app.admin();
    for number in 0..5 {
        admin.seed(&json!({"userName": format!("user{number}")})).unwrap();
    }
    let page = |start: usize| {
        let path = format!("/Users?startIndex={start}&count=2");
        let request = rehearsal.scim(Method::GET, &path);
        async {
            let (_, body) = json(request).await;
            let names =
                body["Resources"].as_array().unwrap().iter().map(|user| user["userName"].as_str().unwrap().to_owned());
            (body["totalResults"].as_u64().unwrap(), names.collect::<Vec<_>>())
        }
    };
    assert_eq!(page(5).await, (5, vec!["user4".to_owned()]));
    assert_eq!(page(6).await.1.len(), 0);
    admin.quirks(|quirks| quirks.paging = Paging::WrapRound);
    assert_eq!(page(5).await.1, ["user0", "user1"]);
    admin.quirks(|quirks| {
        quirks.paging = Paging::Ignored;
        quirks.total_results = Some(2);
    });
    let (total, names) = page(5).await;
    assert_eq!((total, names.len()), (2, 5));
}

#[tokio::test]
async fn put_replaces_and_delete_forgets() {
    let rehearsal = Rehearsal::with(0).await;
    let id = create(&rehearsal, &ada()).await.1["id"].as_str().unwrap().to_owned();
    let path = format!("/Users/{id}");
    let body = json!({"schemas": [USER], "userName": "ada@x.example", "active": false});
    let (_, put) = json(rehearsal.scim_write(Method::PUT, &path, &body)).await;
    assert_eq!((put.get("name"), &put["active"]), (None, &json!(false)));
    assert_eq!(json(rehearsal.scim(Method::DELETE, &path)).await.0, 204);
    assert_eq!(json(rehearsal.scim(Method::GET, &path)).await.0, 404);
}

#[tokio::test]
async fn every_way_in_is_checked() {
    let rehearsal = Rehearsal::with(0).await;
    let admin = rehearsal.sandbox.app.admin();
    let url = format!("{}/Users", rehearsal.sandbox.urls().app);
    let bare = || rehearsal.client.get(&url);
    assert_eq!(json(bare()).await.0, 401);
    assert_eq!(json(bare().bearer_auth("wrong")).await.0, 401);
    admin.set_auth(Auth::Header { name: "x-api-key".to_owned(), value: "k".to_owned() });
    assert_eq!(json(bare().header("X-Api-Key", "k")).await.0, 200);
    admin.set_auth(Auth::Basic { username: "u".to_owned(), password: "p".to_owned() });
    assert_eq!(json(bare().basic_auth("u", Some("p"))).await.0, 200);
    let (client_id, client_secret) = ("c".to_owned(), "s".to_owned());
    admin.set_auth(Auth::OAuth { client_id, client_secret, scope: None });
    let form = [("grant_type", "client_credentials"), ("client_id", "c"), ("client_secret", "s")];
    let (_, body) = json(rehearsal.client.post(rehearsal.sandbox.app.token_url()).form(&form)).await;
    assert_eq!(json(bare().bearer_auth(body["access_token"].as_str().unwrap())).await.0, 200);
}

#[tokio::test]
async fn a_write_can_be_done_and_its_answer_lost() {
    let rehearsal = Rehearsal::with(0).await;
    let admin = rehearsal.sandbox.app.admin();
    admin.fault(AppFault::new(AppSpot::Create, AppAct::DoneThenCut));
    assert!(rehearsal.scim_write(Method::POST, "/Users", &ada()).send().await.is_err());
    assert_eq!((admin.len(), admin.writes().len()), (1, 1));
}

#[tokio::test]
async fn a_write_can_be_answered_and_not_done() {
    let rehearsal = Rehearsal::with(0).await;
    let admin = rehearsal.sandbox.app.admin();
    let id = create(&rehearsal, &ada()).await.1["id"].as_str().unwrap().to_owned();
    admin.fault(AppFault::new(AppSpot::Patch, AppAct::NoEffect));
    let (status, _) = patch(&rehearsal, &id, json!([{"op": "replace", "path": "active", "value": false}])).await;
    assert_eq!((status, &admin.account(&id).unwrap()["active"]), (200, &json!(true)));
}

#[tokio::test]
async fn refusals_say_why() {
    let rehearsal = Rehearsal::with(0).await;
    let admin = rehearsal.sandbox.app.admin();
    let refused =
        Refused { attribute: "emails.value".to_owned(), value: "ada@x.example".to_owned(), detail: "No.".to_owned() };
    admin.quirks(|quirks| quirks.refused.push(refused));
    let (status, body) = create(&rehearsal, &ada()).await;
    assert_eq!((status, &body["scimType"], &body["detail"]), (400, &json!("invalidValue"), &json!("No.")));
    admin.quirks(|quirks| {
        quirks.refused.clear();
        quirks.seats = Some(0);
    });
    assert_eq!(create(&rehearsal, &ada()).await.0, 403);
    admin.quirks(|quirks| quirks.seats = None);
    admin.fault(AppFault::throttled(AppSpot::Write, Some("1")));
    let response = rehearsal.scim_write(Method::POST, "/Users", &ada()).send().await.unwrap();
    assert_eq!((response.status().as_u16(), response.headers()["retry-after"].to_str().unwrap()), (429, "1"));
}

#[tokio::test]
async fn a_new_account_may_be_invisible_for_a_while() {
    let rehearsal = Rehearsal::with(0).await;
    rehearsal.sandbox.app.admin().quirks(|quirks| quirks.blind_lookups = 2);
    create(&rehearsal, &ada()).await;
    for hits in [0, 0, 1] {
        assert_eq!(found(&rehearsal, "externalId eq \"E1\"").await, hits);
    }
}

#[tokio::test]
async fn odd_ids_need_percent_encoding() {
    let rehearsal = Rehearsal::with(0).await;
    rehearsal.sandbox.app.admin().quirks(|quirks| quirks.odd_ids = true);
    let (_, body) = create(&rehearsal, &ada()).await;
    assert_eq!(body["id"], "user 1/Ada@x.example");
    let (status, _) = json(rehearsal.scim(Method::GET, "/Users/user%201%2FAda%40x.example")).await;
    assert_eq!(status, 200);
}

#[tokio::test]
async fn versions_can_be_demanded() {
    let rehearsal = Rehearsal::with(0).await;
    let id = create(&rehearsal, &ada()).await.1["id"].as_str().unwrap().to_owned();
    rehearsal.sandbox.app.admin().quirks(|quirks| quirks.etag_required = true);
    let operations = json!([{"op": "replace", "path": "title", "value": "x"}]);
    assert_eq!(patch(&rehearsal, &id, operations.clone()).await.0, 428);
    let body = json!({"schemas": [PATCH], "Operations": operations});
    let with =
        |etag: &str| rehearsal.scim_write(Method::PATCH, &format!("/Users/{id}"), &body).header("if-match", etag);
    assert_eq!(json(with("W/\"9\"")).await.0, 412);
    assert_eq!(json(with("W/\"1\"")).await.0, 200);
}

#[tokio::test]
async fn put_only_servers_say_so() {
    let rehearsal = Rehearsal::with(0).await;
    let id = create(&rehearsal, &ada()).await.1["id"].as_str().unwrap().to_owned();
    rehearsal.sandbox.app.admin().quirks(|quirks| quirks.put_only = true);
    let (_, config) = json(rehearsal.scim(Method::GET, "/ServiceProviderConfig")).await;
    assert_eq!(config["patch"]["supported"], false);
    assert_eq!(patch(&rehearsal, &id, json!([{"op": "replace", "path": "title", "value": "x"}])).await.0, 501);
}

#[tokio::test]
async fn schemas_and_resource_types_are_described() {
    let rehearsal = Rehearsal::with(0).await;
    let (_, schemas) = json(rehearsal.scim(Method::GET, "/Schemas")).await;
    let names: Vec<_> = schemas["Resources"].as_array().unwrap().iter().map(|schema| &schema["id"]).collect();
    assert_eq!(names, [&json!(USER), &json!(ENTERPRISE)]);
    assert_eq!(json(rehearsal.scim(Method::GET, "/ResourceTypes/User")).await.1["endpoint"], "/Users");
}

#[tokio::test]
async fn an_account_is_shown_as_far_as_asked_for() {
    let rehearsal = Rehearsal::with(0).await;
    let id = create(&rehearsal, &ada()).await.1["id"].as_str().unwrap().to_owned();
    let (_, some) = json(rehearsal.scim(Method::GET, &format!("/Users/{id}?attributes=userName,emails.value"))).await;
    let keys: Vec<_> = some.as_object().unwrap().keys().collect();
    assert_eq!(keys, ["emails", "id", "schemas", "userName"]);
    let (_, list) = json(rehearsal.scim(Method::GET, "/Users?excludedAttributes=emails")).await;
    assert_eq!((list["Resources"][0].get("emails"), list["Resources"][0].get("name").is_some()), (None, true));
}

#[tokio::test]
async fn unknown_endpoints_are_404_and_wrong_methods_405() {
    let rehearsal = Rehearsal::with(0).await;
    assert_eq!(json(rehearsal.scim(Method::GET, "/Nonsense")).await.0, 404);
    assert_eq!(json(rehearsal.scim(Method::POST, "/Schemas")).await.0, 405);
    assert_eq!(json(rehearsal.scim(Method::PUT, "/Users")).await.0, 405);
}

#[tokio::test]
async fn admins_of_the_app_can_meddle() {
    let rehearsal = Rehearsal::with(0).await;
    let admin = rehearsal.sandbox.app.admin();
    let id = admin.seed(&json!({"userName": "old@x.example", "externalId": "foreign"})).unwrap();
    admin.set_active(&id, false).unwrap();
    admin.edit("old@x.example", &json!({"title": "Boss", "externalId": null})).unwrap();
    let account = admin.account(&id).unwrap();
    assert_eq!(
        (&account["active"], &account["title"], account.get("externalId")),
        (&json!(false), &json!("Boss"), None)
    );
    assert_eq!(found(&rehearsal, "externalId eq \"foreign\"").await, 0);
    admin.delete(&id).unwrap();
    assert!(admin.is_empty());
}
