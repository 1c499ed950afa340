//! Questions about single people: proof, whereabouts, finding.

use rollcall::model::{Failure, FailureClass, PersonId, Properties};
use rollcall::source::{GroupRef, Proof, Whereabouts};
use serde_json::{Value, json};

use crate::tenant::{Asked, CASUALS, Directory, Ending, Reply, STAFF, Tenant, id, properties, user};

const OTHERS: &str = "00000000-0000-0000-0000-0000000000dd";
const EXCEPT: &str = "00000000-0000-0000-0000-0000000000cc";

/// 0 and 1 are staff, 1 is excepted, 2 is in neither group.
fn directory() -> Directory {
    Directory::of(2).group(EXCEPT, vec![user(1)]).group(OTHERS, vec![user(2)])
}

async fn prove(tenant: &Tenant, person: usize) -> Result<Proof, Failure> {
    let except =
        |settings: &mut rollcall::source::SourceSettings| settings.except_groups = vec![GroupRef::Id(EXCEPT.into())];
    tenant.source_with(except, &properties(&["department"])).prove(&PersonId::new(id(person))).await
}

#[tokio::test]
async fn membership_is_in_some_group_and_in_no_excepted_one() {
    let tenant = directory().open().await;
    for (person, expected) in [(0, true), (1, false), (2, false)] {
        let Ok(Proof::Present { person: found, member }) = prove(&tenant, person).await else { panic!("present") };
        assert_eq!((found.id.as_str(), member), (id(person).as_str(), expected));
        assert_eq!(found.attributes["department"], json!("Sales"));
    }
    assert_eq!(tenant.asked("/checkMemberGroups")[0].json(), json!({"groupIds": [STAFF, EXCEPT]}));
    assert!(tenant.asked("/$batch").is_empty(), "a proof asks directly");
}

#[tokio::test]
async fn twenty_groups_are_asked_at_once() {
    let tenant = directory().group(CASUALS, vec![user(9)]).open().await;
    let many = |settings: &mut rollcall::source::SourceSettings| {
        settings.groups = (0..20).map(|n| GroupRef::Id(id(1000 + n))).chain([GroupRef::Id(CASUALS.into())]).collect();
    };
    let source = tenant.source_with(many, &properties(&[]));
    let proof = source.prove(&PersonId::new(id(9))).await.expect("present");
    assert!(matches!(proof, Proof::Present { member: true, .. }));
    assert_eq!(tenant.asked("/checkMemberGroups").len(), 2);
}

#[tokio::test]
async fn somebody_whom_the_directory_does_not_have_is_gone() {
    let tenant = directory().open().await;
    assert!(matches!(prove(&tenant, 77).await, Ok(Proof::Gone)));
}

#[tokio::test]
async fn the_proof_shows_the_state_and_the_manager_of_now() {
    let disabled = |asked: &Asked, reply: Reply| {
        let mut body = reply.value();
        if asked.path.ends_with(&id(0)) {
            body["accountEnabled"] = json!(false);
            return Reply::json(200, &body);
        }
        reply
    };
    let managers = [(id(0), user(1))].into();
    let tenant = Directory { managers, ..directory().meddle(disabled) }.open().await;
    let wanted = Properties { manager: Some(["mail".to_owned()].into()), ..Properties::default() };
    let source = tenant.source_with(|_| {}, &wanted);
    let Ok(Proof::Present { person, .. }) = source.prove(&PersonId::new(id(0))).await else { panic!("present") };
    assert_eq!(person.enabled, Some(false));
    assert_eq!(person.manager.expect("a manager").id.as_str(), id(1));
}

/// Accident A2: no answer, and no answer that makes no sense, is ever read as "gone" or "no member".
#[tokio::test]
async fn whatever_is_no_clear_answer_proves_nothing() {
    let stranger = Reply::json(200, &user(5));
    let id_only =
        Reply::json(200, &json!({"id": id(0), "userPrincipalName": null, "displayName": null, "accountEnabled": null}));
    let anyhow = [
        Reply::text(404, "<html>"),
        Reply::fault(404, "SomethingElse"),
        Reply::fault(400, "Request_BadRequest"),
        Reply::fault(401, "InvalidAuthenticationToken"),
        Reply::fault(403, "Authorization_RequestDenied"),
        Reply::fault(410, "Gone"),
        Reply::fault(429, "TooManyRequests"),
        Reply::fault(429, "TooManyRequests").with("retry-after", "3600"),
        Reply::text(500, ""),
        Reply::text(503, "<html>"),
        Reply::text(200, ""),
        Reply::text(200, "null"),
        Reply::text(200, "{}"),
        Reply::text(200, "<html>"),
        Reply::text(204, ""),
        Reply::text(302, "").with("location", "http://127.0.0.1:1/"),
        Reply::json(200, &user(0)).ending(Ending::Cut),
    ];
    let of_the_user = anyhow.iter().chain([&stranger, &id_only]).map(|reply| (id(0), reply));
    let of_the_groups = anyhow.iter().map(|reply| ("checkMemberGroups".to_owned(), reply));
    for (path, reply) in of_the_user.chain(of_the_groups) {
        // A user is gone only by the question about the user.
        let (wanted, broken) = (path.clone(), reply.clone());
        let meddle = move |asked: &Asked, honest| if asked.path.ends_with(&wanted) { broken.clone() } else { honest };
        let tenant = directory().meddle(meddle).open().await;
        let failure = prove(&tenant, 0).await.expect_err("no proof");
        assert_eq!(failure.class, FailureClass::Unproven, "{path}: {reply:?}");
        assert!(!failure.reason.is_empty() && !failure.remedy.is_empty());
        assert!(!failure.reason.contains("Ada"), "Graph's text names people: {}", failure.reason);
    }
}

#[tokio::test]
async fn a_user_gone_between_two_questions_proves_nothing_yet() {
    let meddle = |asked: &Asked, reply| {
        if asked.path.ends_with("checkMemberGroups") { Reply::fault(404, "Request_ResourceNotFound") } else { reply }
    };
    let tenant = directory().meddle(meddle).open().await;
    assert_eq!(prove(&tenant, 0).await.expect_err("no proof").class, FailureClass::Unproven);
}

#[tokio::test]
async fn whereabouts_come_in_the_order_of_the_people() {
    for people in [1, 20, 21, 75] {
        let tenant = Directory::of(people).open().await;
        let asked: Vec<PersonId> = (0..=people).rev().map(|n| PersonId::new(id(n))).collect();
        let answers = tenant.source().whereabouts(&asked).await;
        assert_eq!(answers.len(), asked.len());
        for (person, answer) in asked.iter().zip(answers) {
            match answer.expect("an answer") {
                Whereabouts::Gone => assert_eq!(person.as_str(), id(people)),
                Whereabouts::Present(found) => assert_eq!(&found.id, person),
            }
        }
        assert_eq!(tenant.asked("/$batch").is_empty(), people < 20);
    }
}

#[tokio::test]
async fn one_person_without_an_answer_is_that_persons_failure() {
    for people in [5, 50] {
        let meddle =
            |asked: &Asked, reply| if asked.path.ends_with(&id(3)) { Reply::text(404, "<html>") } else { reply };
        let tenant = Directory::of(people).meddle(meddle).open().await;
        let asked: Vec<PersonId> = (0..people).map(|n| PersonId::new(id(n))).collect();
        let answers = tenant.source().whereabouts(&asked).await;
        let failed: Vec<usize> = (0..people).filter(|&n| answers[n].is_err()).collect();
        assert_eq!(failed, [3]);
    }
}

#[tokio::test]
async fn a_batch_without_an_answer_is_the_failure_of_its_twenty() {
    let meddle = |asked: &Asked, reply: Reply| {
        let first = asked.json()["requests"][0]["url"].as_str().unwrap_or_default().contains(&id(20));
        if asked.path.ends_with("/$batch") && first { Reply::text(503, "") } else { reply }
    };
    let tenant = Directory::of(50).meddle(meddle).open().await;
    let asked: Vec<PersonId> = (0..50).map(|n| PersonId::new(id(n))).collect();
    let answers = tenant.source().whereabouts(&asked).await;
    let failed: Vec<usize> = (0..50).filter(|&n| answers[n].is_err()).collect();
    assert_eq!(failed, (20..40).collect::<Vec<_>>());
}

fn somebody(n: usize, name: &str, mail: &Value) -> Value {
    json!({"@odata.type": "#microsoft.graph.user", "id": id(n), "userPrincipalName": name, "displayName": "X",
        "accountEnabled": true, "userType": "Member", "mail": mail})
}

#[tokio::test]
async fn somebody_is_found_by_id_by_user_name_and_by_mail() {
    let members = vec![
        somebody(0, "ada@acme.example", &Value::Null),
        somebody(1, "g_x.example#EXT#@acme.example", &json!("o'hara@acme.example")),
        somebody(2, "bo@acme.example", &json!("both@acme.example")),
        somebody(3, "cy@acme.example", &json!("both@acme.example")),
    ];
    let tenant = Directory::default().group(STAFF, members).open().await;
    let source = tenant.source();
    let cases = [
        (id(0), Some(0)),
        ("ada@acme.example".into(), Some(0)),
        ("g_x.example#EXT#@acme.example".into(), Some(1)),
        ("o'hara@acme.example".into(), Some(1)),
        ("both@acme.example".into(), None),
        ("nobody@acme.example".into(), None),
        (id(9), None),
        (String::new(), None),
        ("..".into(), None),
        ("../groups".into(), None),
    ];
    for (name, expected) in cases {
        let found = source.find(&name).await.expect("an answer");
        assert_eq!(found.map(|person| person.id.to_string()), expected.map(id), "{name}");
    }
}

#[tokio::test]
async fn an_unclear_answer_never_means_that_nobody_is_found() {
    let meddle = |asked: &Asked, reply| if asked.path.contains("/users") { Reply::text(404, "<html>") } else { reply };
    let tenant = directory().meddle(meddle).open().await;
    assert_eq!(tenant.source().find("ada@acme.example").await.expect_err("no answer").class, "unreadable");
}
