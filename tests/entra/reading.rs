//! What a read asks, and what it hands over.

use std::collections::BTreeMap;

use rollcall::model::Properties;
use rollcall::source::{GroupRef, NamedGroup};
use serde_json::{Value, json};

use crate::read;
use crate::tenant::{CASUALS, Directory, Reply, STAFF, id, properties, user};

#[tokio::test]
async fn a_group_is_read_from_its_first_page_to_its_last() {
    let tenant = Directory::of(10).pages_of(3).open().await;
    let read = read(&tenant.source()).await;
    assert_eq!(read.roster().pages, 4);
    assert_eq!(read.roster().groups[0].users, 10);
    assert_eq!(read.roster().groups[0].name, "Staff");
    assert_eq!(read.roster().warnings, [""; 0]);
    assert_eq!(read.ids(), (0..10).map(id).collect::<Vec<_>>());
    assert_eq!(tenant.asked("/token").len(), 1);
}

#[tokio::test]
async fn only_what_the_expressions_name_is_selected() {
    let tenant = Directory::of(1).open().await;
    read(&tenant.source_with(|_| {}, &properties(&["department", "onPremisesExtensionAttributes"]))).await.roster();
    let list = &tenant.asked("/members")[0];
    let select = "accountEnabled,department,displayName,id,onPremisesExtensionAttributes,userPrincipalName,userType";
    assert_eq!(list.query["$select"], select);
    assert_eq!(list.query["$top"], "999");
    assert!(list.headers.contains_key("client-request-id"));
    assert!(!list.headers.contains_key("consistencylevel"), "a plain list is not an advanced query");
}

#[tokio::test]
async fn the_scope_of_the_token_is_the_clouds_graph() {
    let tenant = Directory::of(1).open().await;
    read(&tenant.source()).await.roster();
    let asked = &tenant.asked("/oauth2/v2.0/token")[0];
    let form: BTreeMap<String, String> = url::form_urlencoded::parse(&asked.body).into_owned().collect();
    assert_eq!(form["scope"], "https://graph.microsoft.com/.default");
    assert_eq!(form["grant_type"], "client_credentials");
    assert_eq!(form["client_secret"], "s3cr~et");
}

#[tokio::test]
async fn an_empty_group_is_a_complete_roster_of_nobody() {
    let tenant = Directory::of(0).open().await;
    let read = read(&tenant.source()).await;
    assert_eq!(read.roster().groups[0].users, 0);
    assert!(read.people.is_empty());
}

#[tokio::test]
async fn the_roster_is_the_union_of_the_groups_without_the_excepted_ones() {
    let directory = Directory::of(5).group(CASUALS, (3..8).map(user).collect());
    let except = "00000000-0000-0000-0000-0000000000cc";
    let tenant = directory.group(except, vec![user(4), user(7)]).pages_of(2).open().await;
    let named = NamedGroup { id: CASUALS.into(), name: Some("Casuals".into()) };
    let source = tenant.source_with(
        |settings| {
            settings.groups.push(GroupRef::Named(named));
            settings.except_groups.push(GroupRef::Id(except.into()));
        },
        &properties(&[]),
    );
    let read = read(&source).await;
    assert_eq!(read.roster().groups[1].name, "Casuals");
    let mut ids = read.ids();
    ids.dedup();
    assert_eq!(ids, [0, 1, 2, 3, 5, 6].map(id));
}

#[tokio::test]
async fn nested_groups_are_opened_when_asked_for() {
    let tenant = Directory::of(2).open().await;
    read(&tenant.source_with(|settings| settings.nested = true, &properties(&[]))).await.roster();
    assert_eq!(tenant.asked("/transitiveMembers").len(), 1);
    assert_eq!(tenant.asked("/transitiveMembers/$count").len(), 1);
    assert!(tenant.asked("/members").is_empty());
}

#[tokio::test]
async fn members_that_are_no_users_are_counted_and_never_handed_over() {
    let other = |kind: &str, n: usize| json!({"@odata.type": format!("#microsoft.graph.{kind}"), "id": id(n), "displayName": "X"});
    let members = vec![user(0), other("group", 1), other("device", 2), other("orgContact", 3), other("group", 4)];
    let tenant = Directory::default().group(STAFF, members).open().await;
    let read = read(&tenant.source()).await;
    assert_eq!(read.roster().other_members, 4);
    assert_eq!(read.ids(), [id(0)]);
}

/// Everything that one user's record may look like, and the person it becomes.
#[tokio::test]
async fn a_user_becomes_a_person_with_what_is_set() {
    let record = json!({"@odata.type": "#microsoft.graph.user", "id": id(1), "userPrincipalName": "zoë@acme.example",
        "displayName": "Zoë", "accountEnabled": false, "userType": null, "department": null, "mail": "zoe@acme.example",
        "businessPhones": ["1"], "jobTitle": "not selected",
        "onPremisesExtensionAttributes": {"extensionAttribute1": "x", "extensionAttribute2": null},
        "employeeOrgData": {"division": null, "costCenter": null}});
    let tenant = Directory::default().group(STAFF, vec![record]).open().await;
    let names = ["department", "mail", "businessPhones", "onPremisesExtensionAttributes", "employeeOrgData"];
    let read = read(&tenant.source_with(|_| {}, &properties(&names))).await;
    read.roster();
    let person = &read.people[0];
    assert_eq!((person.enabled, person.guest, person.user_name.as_str()), (Some(false), false, "zoë@acme.example"));
    let expected = json!({"id": id(1), "userPrincipalName": "zoë@acme.example", "displayName": "Zoë", "accountEnabled": false,
        "mail": "zoe@acme.example", "businessPhones": ["1"], "onPremisesExtensionAttributes": {"extensionAttribute1": "x"}});
    assert_eq!(serde_json::to_value(&person.attributes).expect("JSON"), expected);
    assert!(!format!("{person:?}").contains("zo"), "a person's Debug names nobody");
}

#[tokio::test]
async fn a_guest_is_known_by_type_or_else_by_name() {
    let guest = |n: usize, kind: Value, name: &str| {
        json!({"@odata.type": "#microsoft.graph.user", "id": id(n), "userPrincipalName": name, "displayName": "G",
            "accountEnabled": null, "userType": kind})
    };
    let members = vec![
        guest(0, json!("Guest"), "a@acme.example"),
        guest(1, Value::Null, "b_x.example#EXT#@acme.example"),
        guest(2, json!("Member"), "c_x.example#EXT#@acme.example"),
        guest(3, Value::Null, "d@acme.example"),
    ];
    let tenant = Directory::default().group(STAFF, members).open().await;
    let read = read(&tenant.source()).await;
    read.roster();
    assert_eq!(read.people.iter().map(|person| person.guest).collect::<Vec<_>>(), [true, true, false, false]);
    assert_eq!(read.people[0].enabled, None, "an unsaid state is never read as disabled");
}

#[tokio::test]
async fn a_row_without_a_type_is_a_user_if_it_has_a_user_name() {
    let members = vec![
        json!({"id": id(0), "userPrincipalName": "a@acme.example", "displayName": "A", "accountEnabled": true}),
        json!({"id": id(1), "displayName": "a device"}),
    ];
    let tenant = Directory::default().group(STAFF, members).open().await;
    let read = read(&tenant.source()).await;
    assert_eq!((read.roster().other_members, read.ids()), (1, vec![id(0).as_str()]));
}

/// Accident A9: with a permission lost, Graph answers 200 and leaves everything but the id out.
#[tokio::test]
async fn a_single_user_without_names_fails_the_read() {
    for kind in [json!("#microsoft.graph.user"), Value::Null] {
        let mut members: Vec<Value> = (0..500).map(user).collect();
        members[321] = json!({"@odata.type": kind, "id": id(321), "userPrincipalName": null, "displayName": null});
        let tenant = Directory::default().group(STAFF, members).pages_of(100).open().await;
        let read = read(&tenant.source()).await;
        assert_eq!(read.error().class, "permission");
        assert!(read.error().to_string().contains("User.Read.All"));
    }
}

#[tokio::test]
async fn a_group_that_is_gone_is_never_an_empty_one() {
    let tenant = Directory::default().open().await;
    let read = read(&tenant.source()).await;
    assert_eq!(read.error().class, "group_gone");
    assert!(read.error().reason.contains(STAFF));
    assert!(tenant.asked("/members").is_empty());
}

#[tokio::test]
async fn a_group_deleted_while_it_is_read_is_gone() {
    let vanish = |asked: &crate::tenant::Asked, reply| match asked.page() {
        Some(2) => Reply::fault(404, "Request_ResourceNotFound"),
        _ => reply,
    };
    let tenant = Directory::of(10).pages_of(2).meddle(vanish).open().await;
    assert_eq!(read(&tenant.source()).await.error().class, "group_gone");
}

#[tokio::test]
async fn a_404_of_a_proxy_does_not_say_that_a_group_is_gone() {
    let proxy =
        |_: &crate::tenant::Asked, reply: Reply| if reply.status == 404 { Reply::text(404, "<html>") } else { reply };
    let tenant = Directory::default().meddle(proxy).open().await;
    assert_eq!(read(&tenant.source()).await.error().class, "unreadable");
}

#[tokio::test]
async fn the_description_of_another_group_is_refused() {
    let tenant = Directory::of(1).described(STAFF, "id", json!(CASUALS)).open().await;
    assert_eq!(read(&tenant.source()).await.error().class, "unreadable");
}

#[tokio::test]
async fn a_hidden_membership_needs_its_permission() {
    let hidden = || Directory::of(2).described(STAFF, "visibility", json!("HiddenMembership"));
    let tenant = hidden().open().await;
    let refused = read(&tenant.source()).await;
    assert_eq!(refused.error().class, "group_hidden");
    assert!(refused.error().to_string().contains("Member.Read.Hidden"));
    assert!(tenant.asked("/members").is_empty());

    let tenant = hidden().roles(json!(["Directory.Read.All", "Member.Read.Hidden"])).open().await;
    assert_eq!(read(&tenant.source()).await.people.len(), 2);
}

#[tokio::test]
async fn with_an_opaque_token_a_hidden_group_may_be_read_but_not_be_empty() {
    let opaque = |asked: &crate::tenant::Asked, reply| {
        if asked.path.ends_with("/token") {
            Reply::json(200, &json!({"access_token": "opaque", "expires_in": 3600}))
        } else {
            reply
        }
    };
    let hidden =
        |people| Directory::of(people).described(STAFF, "visibility", json!("HiddenMembership")).meddle(opaque);
    assert_eq!(read(&hidden(2).open().await.source()).await.people.len(), 2);
    assert_eq!(read(&hidden(0).open().await.source()).await.error().class, "group_hidden");
}

#[tokio::test]
async fn a_paused_dynamic_group_is_read_with_a_warning() {
    let tenant = Directory::of(1)
        .described(STAFF, "groupTypes", json!(["DynamicMembership"]))
        .described(STAFF, "membershipRuleProcessingState", json!("Paused"))
        .open()
        .await;
    let read = read(&tenant.source()).await;
    assert_eq!(read.roster().warnings.len(), 1);
    assert!(read.roster().warnings[0].contains("frozen"));
}

#[tokio::test]
async fn a_reader_that_goes_away_ends_the_read() {
    let tenant = Directory::of(100).pages_of(5).open().await;
    let (pages, received) = tokio::sync::mpsc::channel(1);
    drop(received);
    let error = tenant.source().read(pages).await.expect_err("nobody reads");
    assert_eq!(error.class, "incomplete");
    assert!(tenant.asked("/members").len() <= 2);
}

#[tokio::test]
async fn a_bad_property_is_named() {
    let refuse = |asked: &crate::tenant::Asked, reply| match asked.page() {
        Some(_) => Reply::json(
            400,
            &json!({"error": {"code": "Request_BadRequest",
            "message": "Could not find a property named 'departmant' on type 'microsoft.graph.user'."}}),
        ),
        None => reply,
    };
    let tenant = Directory::of(1).meddle(refuse).open().await;
    let read = read(&tenant.source_with(|_| {}, &properties(&["departmant"]))).await;
    assert_eq!(read.error().class, "configuration");
    assert!(read.error().reason.contains("departmant"));
}

#[tokio::test]
async fn managers_are_asked_for_only_when_an_expression_names_them() {
    let tenant = Directory::of(3).open().await;
    read(&tenant.source()).await.roster();
    assert!(tenant.asked("/$batch").is_empty());
    let with_manager = Properties { manager: Some(["account_id".to_owned()].into()), ..Properties::default() };
    read(&tenant.source_with(|_| {}, &with_manager)).await.roster();
    assert_eq!(tenant.asked("/manager")[0].query["$select"], "id", "account_id is not Graph's");
}
