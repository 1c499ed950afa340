use std::collections::BTreeSet;

use rollcall::sandbox::GroupState;
use serde_json::{Value, json};

use crate::{Rehearsal, json, refused};

fn rows(body: &Value) -> &Vec<Value> {
    body["value"].as_array().unwrap()
}

#[tokio::test]
async fn members_come_in_pages_of_100_and_every_one_once() {
    let rehearsal = Rehearsal::with(250).await;
    let (mut seen, mut sizes) = (BTreeSet::new(), Vec::new());
    let (_, mut body) = json(rehearsal.group("/members")).await;
    loop {
        sizes.push(rows(&body).len());
        seen.extend(rows(&body).iter().map(|row| row["id"].as_str().unwrap().to_owned()));
        let Some(link) = body["@odata.nextLink"].as_str().map(str::to_owned) else { break };
        body = json(rehearsal.follow(&link)).await.1;
    }
    assert_eq!((seen.len(), sizes), (250, vec![100, 100, 50]));
}

#[tokio::test]
async fn a_next_link_keeps_the_query_and_cannot_be_changed() {
    let rehearsal = Rehearsal::with(5).await;
    let (_, body) = json(rehearsal.group("/members?$select=id,mail&$top=2")).await;
    let link = body["@odata.nextLink"].as_str().unwrap();
    assert!(link.contains("/members?$select=id,mail&$top=2&$skiptoken="), "{link}");
    let changed = link.replace("$top=2", "$top=3");
    assert_eq!(refused(rehearsal.follow(&changed)).await, (400, "Request_BadRequest".to_owned()));
    rehearsal.sandbox.directory.expire_page_tokens();
    assert_eq!(refused(rehearsal.follow(link)).await, (400, "Directory_ExpiredPageToken".to_owned()));
}

#[tokio::test]
async fn top_is_1_to_999() {
    let rehearsal = Rehearsal::with(3).await;
    for top in ["0", "1000", "-1", "many"] {
        assert_eq!(refused(rehearsal.group(&format!("/members?$top={top}"))).await.0, 400, "{top}");
    }
    assert_eq!(json(rehearsal.group("/members?$top=999")).await.0, 200);
}

#[tokio::test]
async fn select_is_honoured_exactly() {
    let rehearsal = Rehearsal::with(1).await;
    let (_, body) = json(rehearsal.group("/members")).await;
    let row = rows(&body)[0].as_object().unwrap();
    assert!(row.contains_key("userPrincipalName") && !row.contains_key("accountEnabled"));
    let (_, body) = json(rehearsal.group("/members?$select=accountEnabled,faxNumber")).await;
    let expected = json!({"@odata.type": "#microsoft.graph.user", "accountEnabled": true, "faxNumber": null});
    assert_eq!(rows(&body)[0], expected);
    let unknown = refused(rehearsal.group("/members?$select=id,shoeSize")).await;
    assert_eq!(unknown, (400, "Request_BadRequest".to_owned()));
    assert_eq!(refused(rehearsal.group("/members?$slect=id")).await.0, 400);
}

#[tokio::test]
async fn members_are_of_several_types_and_a_cast_leaves_users() {
    let rehearsal = Rehearsal::with(2).await;
    let directory = &rehearsal.sandbox.directory;
    let (group, nested) = (directory.group(), directory.add_group("Nested"));
    for member in [nested, directory.add_device("PC-1"), directory.add_org_contact("Mx Contact")] {
        directory.add_member(&group, &member).unwrap();
    }
    let (_, body) = json(rehearsal.group("/members?$select=id,displayName,mail")).await;
    let kinds: Vec<_> = rows(&body).iter().map(|row| row["@odata.type"].as_str().unwrap()).collect();
    let user = "#microsoft.graph.user";
    assert_eq!(kinds, [user, user, "#microsoft.graph.group", "#microsoft.graph.device", "#microsoft.graph.orgContact"]);
    // No right on devices: an id, and null for the rest.
    assert_eq!(rows(&body)[3]["displayName"], Value::Null);
    let (_, body) = json(rehearsal.group("/members/microsoft.graph.user?$select=id")).await;
    assert_eq!(rows(&body).len(), 2);
    assert!(rows(&body)[0].get("@odata.type").is_none());
}

#[tokio::test]
async fn a_missing_right_on_users_is_rows_of_null_and_no_error() {
    let rehearsal = Rehearsal::with(2).await;
    rehearsal.sandbox.directory.revoke("User.Read.All");
    let (status, body) = json(rehearsal.group("/members?$select=userPrincipalName,accountEnabled")).await;
    assert_eq!(status, 200);
    assert!(rows(&body)[0]["id"].is_string());
    assert_eq!((&rows(&body)[0]["userPrincipalName"], &rows(&body)[0]["accountEnabled"]), (&Value::Null, &Value::Null));
    assert_eq!(refused(rehearsal.graph("/users")).await.0, 403);
}

#[tokio::test]
async fn a_hidden_group_looks_empty_without_the_right() {
    let rehearsal = Rehearsal::with(2).await;
    let directory = &rehearsal.sandbox.directory;
    directory.set_group_state(&directory.group(), GroupState::Hidden).unwrap();
    let (status, body) = json(rehearsal.group("/members")).await;
    assert_eq!((status, rows(&body).len()), (200, 0));
    let (_, body) = json(rehearsal.group("?$select=visibility,groupTypes")).await;
    assert_eq!((&body["visibility"], &body["groupTypes"]), (&json!("HiddenMembership"), &json!(["Unified"])));
    directory.grant("Member.Read.Hidden");
    // A right that is granted later needs a new token.
    assert_eq!(rows(&json(rehearsal.group("/members")).await.1).len(), 0);
    let url = rehearsal.graph_url(&format!("/groups/{}/members", directory.group()));
    let token = rehearsal.fresh_token().await;
    assert_eq!(rows(&json(rehearsal.client.get(url).bearer_auth(token)).await.1).len(), 2);
}

#[tokio::test]
async fn unknown_groups_are_404_and_malformed_ids_400() {
    let rehearsal = Rehearsal::with(1).await;
    let unknown = refused(rehearsal.graph("/groups/00000000-0000-4000-8000-000000000000/members")).await;
    assert_eq!(unknown, (404, "Request_ResourceNotFound".to_owned()));
    assert_eq!(refused(rehearsal.graph("/groups/staff/members")).await.0, 400);
    let group = rehearsal.sandbox.directory.group();
    rehearsal.sandbox.directory.delete_group(&group).unwrap();
    assert_eq!(refused(rehearsal.graph(&format!("/groups/{group}/members"))).await.0, 404);
}

#[tokio::test]
async fn counts_are_text_and_need_the_header() {
    let rehearsal = Rehearsal::with(7).await;
    assert_eq!(refused(rehearsal.group("/members/$count")).await, (400, "Request_BadRequest".to_owned()));
    let response = rehearsal.group("/members/$count").header("ConsistencyLevel", "eventual").send().await.unwrap();
    assert_eq!(response.headers()["content-type"], "text/plain");
    assert_eq!(response.text().await.unwrap(), "7");
}

#[tokio::test]
async fn advanced_queries_need_the_header_on_every_page() {
    let rehearsal = Rehearsal::with(3).await;
    let path = "/transitiveMembers/microsoft.graph.user?$count=true&$top=2";
    assert_eq!(refused(rehearsal.group(path)).await, (400, "Request_UnsupportedQuery".to_owned()));
    let (_, body) = json(rehearsal.group(path).header("ConsistencyLevel", "eventual")).await;
    assert_eq!(body["@odata.count"], 3);
    let link = body["@odata.nextLink"].as_str().unwrap();
    assert_eq!(refused(rehearsal.follow(link)).await.1, "Request_UnsupportedQuery");
    let (status, body) = json(rehearsal.follow(link).header("ConsistencyLevel", "eventual")).await;
    assert_eq!((status, body.get("@odata.count")), (200, None));
    // Without the header $count=true on plain members is ignored in silence.
    assert_eq!(json(rehearsal.group("/members?$count=true")).await.1.get("@odata.count"), None);
}

#[tokio::test]
async fn nested_groups_are_opened_by_transitive_members_only() {
    let rehearsal = Rehearsal::with(2).await;
    let directory = &rehearsal.sandbox.directory;
    let nested = directory.add_group("Nested");
    let inner = directory.register(&json!({"givenName": "In", "surname": "Ner"})).unwrap();
    directory.add_member(&nested, &inner).unwrap();
    directory.add_member(&directory.group(), &nested).unwrap();
    assert_eq!(rows(&json(rehearsal.group("/members")).await.1).len(), 3);
    assert_eq!(rows(&json(rehearsal.group("/transitiveMembers")).await.1).len(), 4);
    let path = format!("/users/{inner}/checkMemberGroups");
    let (_, body) = json(rehearsal.graph_post(&path, &json!({"groupIds": [directory.group()]}))).await;
    assert_eq!(body["value"], json!([directory.group()]));
    let (_, body) = json(rehearsal.graph(&format!("/users/{inner}/memberOf?$select=id"))).await;
    assert_eq!(body["value"], json!([{"@odata.type": "#microsoft.graph.group", "id": nested}]));
}

#[tokio::test]
async fn a_user_is_found_by_id_by_name_and_by_filter_until_deleted() {
    let rehearsal = Rehearsal::with(3).await;
    let directory = &rehearsal.sandbox.directory;
    let id = directory.members(1)[0].clone();
    directory.rename(&id, "pat.o'neil@northwind.example").unwrap();
    let (_, body) = json(rehearsal.graph("/users/pat.o'neil@northwind.example?$select=id,accountEnabled")).await;
    assert_eq!((&body["id"], &body["accountEnabled"]), (&json!(id), &json!(true)));
    let filter = "/users?$select=id&$filter=userPrincipalName%20eq%20'pat.o''neil@northwind.example'";
    assert_eq!(json(rehearsal.graph(filter)).await.1["value"], json!([{"id": id}]));
    let unescaped = "/users?$filter=userPrincipalName%20eq%20'pat.o'neil@northwind.example'";
    assert_eq!(refused(rehearsal.graph(unescaped)).await, (400, "Request_UnsupportedQuery".to_owned()));
    let mail = directory.person(&id).unwrap()["mail"].as_str().unwrap().to_owned();
    let filter = format!("/users?$select=id&$filter=mail%20eq%20'{mail}'");
    assert_eq!(json(rehearsal.graph(&filter)).await.1["value"], json!([{"id": id}]));
    directory.soft_delete(&id).unwrap();
    let gone = refused(rehearsal.graph(&format!("/users/{id}"))).await;
    assert_eq!(gone, (404, "Request_ResourceNotFound".to_owned()));
}

#[tokio::test]
async fn a_manager_may_be_a_contact_or_nobody() {
    let rehearsal = Rehearsal::with(12).await;
    let directory = &rehearsal.sandbox.directory;
    let people = directory.members(12);
    assert_eq!(refused(rehearsal.graph(&format!("/users/{}/manager", people[0]))).await.0, 404);
    let path = format!("/users/{}/manager?$select=id", people[10]);
    assert_eq!(json(rehearsal.graph(&path)).await.1["id"], json!(people[1]));
    let contact = directory.add_org_contact("Outside");
    directory.set_manager(&people[10], Some(&contact)).unwrap();
    assert_eq!(json(rehearsal.graph(&path)).await.1["@odata.type"], "#microsoft.graph.orgContact");
}

#[tokio::test]
async fn hidden_groups_are_left_out_of_check_member_groups() {
    let rehearsal = Rehearsal::with(1).await;
    let directory = &rehearsal.sandbox.directory;
    let (group, person) = (directory.group(), directory.members(1)[0].clone());
    let path = format!("/users/{person}/checkMemberGroups");
    let asked = json!({"groupIds": [group]});
    assert_eq!(json(rehearsal.graph_post(&path, &asked)).await.1["value"], json!([group]));
    directory.set_group_state(&group, GroupState::Hidden).unwrap();
    assert_eq!(json(rehearsal.graph_post(&path, &asked)).await.1["value"], json!([]));
    let many = json!({"groupIds": vec![group; 21]});
    assert_eq!(json(rehearsal.graph_post(&path, &many)).await.0, 400);
}

#[tokio::test]
async fn a_batch_answers_each_request_by_itself() {
    let rehearsal = Rehearsal::with(30).await;
    let people = rehearsal.sandbox.directory.members(30);
    let item = |n: usize| json!({"id": n.to_string(), "method": "GET", "url": format!("/users/{}/manager?$select=id", people[n])});
    let requests: Vec<_> = (0..20).map(item).collect();
    let (status, body) = json(rehearsal.graph_post("/$batch", &json!({"requests": requests}))).await;
    assert_eq!(status, 200);
    let answers = body["responses"].as_array().unwrap();
    let answer = |id: &str| answers.iter().find(|answer| answer["id"] == id).unwrap();
    assert_eq!((answers.len(), &answer("0")["status"]), (20, &json!(404)));
    assert_eq!(answer("9")["body"]["id"], json!(people[1]));
    let too_many: Vec<_> = (0..21).map(item).collect();
    assert_eq!(json(rehearsal.graph_post("/$batch", &json!({"requests": too_many}))).await.0, 400);
    let twice = json!({"requests": [item(1), item(1)]});
    assert_eq!(json(rehearsal.graph_post("/$batch", &twice)).await.0, 400);
}

#[tokio::test]
async fn errors_carry_the_ids_that_support_asks_for() {
    let rehearsal = Rehearsal::with(1).await;
    let request = rehearsal.graph("/users/nobody@northwind.example").header("client-request-id", "mine");
    let response = request.send().await.unwrap();
    assert_eq!(response.headers()["client-request-id"], "mine");
    let id = response.headers()["request-id"].to_str().unwrap().to_owned();
    let body: Value = response.json().await.unwrap();
    assert_eq!(body["error"]["innerError"]["request-id"], json!(id));
}

#[tokio::test]
async fn the_secrets_expiry_can_be_read_with_the_right() {
    let rehearsal = Rehearsal::with(1).await;
    let directory = &rehearsal.sandbox.directory;
    let path = format!("/applications(appId='{}')?$select=passwordCredentials", directory.client_id());
    let (_, body) = json(rehearsal.graph(&path)).await;
    let credential = &body["passwordCredentials"][0];
    assert_eq!(credential["hint"].as_str(), directory.client_secret().get(..3));
    assert_eq!(credential["secretText"], Value::Null);
    directory.revoke("Application.Read.All");
    assert_eq!(refused(rehearsal.graph(&path)).await.0, 403);
}

#[tokio::test]
async fn half_a_million_members_are_served() {
    let rehearsal = Rehearsal::with(500_000).await;
    let response = rehearsal.group("/members/$count").header("ConsistencyLevel", "eventual").send().await.unwrap();
    assert_eq!(response.text().await.unwrap(), "500000");
    let (_, body) = json(rehearsal.group("/members?$select=id,employeeId&$top=999")).await;
    assert_eq!(rows(&body)[998]["employeeId"], "0000999");
}
