//! Managers, asked in batches whose items answer, fail and are throttled each by itself.

use std::collections::BTreeMap;

use rollcall::model::Properties;
use rollcall::source::Source;
use serde_json::{Value, json};

use crate::read;
use crate::tenant::{Asked, Directory, Reply, Tenant, id, user};

const PEOPLE: usize = 45;

/// Everybody is managed by the person before them; the first by nobody.
fn company() -> Directory {
    let managers = (1..PEOPLE).map(|n| (id(n), user(n - 1))).collect();
    Directory { managers, ..Directory::of(PEOPLE).pages_of(30) }
}

fn source(tenant: &Tenant) -> Source {
    let manager = Some(["account_id", "mail", "department"].map(str::to_owned).into());
    tenant.source_with(|_| {}, &Properties { manager, ..Properties::default() })
}

fn only_for(person: usize, meddled: impl Fn(&Asked) -> Option<Reply> + Send + Sync + 'static) -> Directory {
    let path = format!("{}/manager", id(person));
    company().meddle(
        move |asked, reply| {
            if asked.path.ends_with(&path) { meddled(asked).unwrap_or(reply) } else { reply }
        },
    )
}

#[tokio::test]
async fn everybody_gets_their_own_manager_whatever_the_order_of_the_answers() {
    let tenant = company().open().await;
    let read = read(&source(&tenant)).await;
    read.roster();
    let found: BTreeMap<String, Option<String>> = read
        .people
        .iter()
        .map(|person| (person.id.to_string(), person.manager.as_ref().map(|manager| manager.id.to_string())))
        .collect();
    let expected = (0..PEOPLE).map(|n| (id(n), (n > 0).then(|| id(n - 1)))).collect::<BTreeMap<_, _>>();
    assert_eq!(found, expected);
    let attributes = &read.people[1].manager.as_ref().expect("a manager").attributes;
    assert_eq!(attributes.keys().collect::<Vec<_>>(), ["department", "id"], "what is selected and set");
    let sizes: Vec<usize> =
        tenant.asked("/$batch").iter().map(|asked| asked.json()["requests"].as_array().map_or(0, Vec::len)).collect();
    assert_eq!(sizes.iter().sum::<usize>(), PEOPLE);
    assert!(sizes.iter().all(|&size| size <= 20), "{sizes:?}");
}

#[tokio::test]
async fn a_throttled_item_is_tried_again_alone_after_its_pause() {
    let throttled =
        |asked: &Asked| (asked.nth < 3).then(|| Reply::fault(429, "TooManyRequests").with("Retry-After", "0"));
    let tenant = only_for(7, throttled).open().await;
    let read = read(&source(&tenant)).await;
    read.roster();
    assert!(read.people.iter().all(|person| person.manager.is_some() || person.id.as_str() == id(0)));
    let alone = tenant
        .asked("/$batch")
        .iter()
        .filter(|asked| asked.json()["requests"].as_array().map_or(0, Vec::len) == 1)
        .count();
    assert_eq!(alone, 2);
    assert_eq!(tenant.asked(&format!("{}/manager", id(8))).len(), 1, "the others are not asked again");
}

#[tokio::test]
async fn an_item_that_stays_unavailable_fails_the_read() {
    for (status, retry_after) in [(503, "0"), (500, "0"), (429, "0"), (429, "3600")] {
        let tenant =
            only_for(7, move |_| Some(Reply::fault(status, "x").with("Retry-After", retry_after))).open().await;
        assert_eq!(read(&source(&tenant)).await.error().class, "unavailable", "{status} {retry_after}");
    }
}

#[tokio::test]
async fn an_item_that_is_refused_fails_the_read() {
    let refusals =
        [(401, "InvalidAuthenticationToken", "credentials"), (403, "Authorization_RequestDenied", "permission")];
    for (status, code, class) in refusals {
        let tenant = only_for(7, move |_| Some(Reply::fault(status, code))).open().await;
        assert_eq!(read(&source(&tenant)).await.error().class, class, "{status}");
    }
}

#[tokio::test]
async fn only_graphs_own_404_says_that_there_is_no_manager() {
    for reply in [Reply::text(404, "<html>"), Reply::fault(404, "SomethingElse"), Reply::json(404, &Value::Null)] {
        let tenant = only_for(7, move |_| Some(reply.clone())).open().await;
        assert_eq!(read(&source(&tenant)).await.error().class, "unreadable");
    }
}

#[tokio::test]
async fn a_contact_as_manager_is_none_and_a_warning() {
    let contact = json!({"@odata.type": "#microsoft.graph.orgContact", "id": id(99), "mail": "boss@else.example"});
    let tenant = only_for(7, move |_| Some(Reply::json(200, &contact))).open().await;
    let read = read(&source(&tenant)).await;
    assert_eq!(read.roster().warnings.len(), 1);
    let person = read.people.iter().find(|person| person.id.as_str() == id(7)).expect("on the roster");
    assert_eq!(person.manager, None);
}

#[tokio::test]
async fn a_manager_that_cannot_be_understood_fails_the_read() {
    for body in [json!(null), json!([]), json!({}), json!({"id": 1}), json!({"id": ""})] {
        let tenant = only_for(7, move |_| Some(Reply::json(200, &body))).open().await;
        assert_eq!(read(&source(&tenant)).await.error().class, "unreadable");
    }
}

fn with_batches(meddled: impl Fn(&Asked, Value) -> Reply + Send + Sync + 'static) -> Directory {
    company().meddle(
        move |asked, reply| {
            if asked.path.ends_with("/$batch") { meddled(asked, reply.value()) } else { reply }
        },
    )
}

#[tokio::test]
async fn an_item_without_an_answer_is_asked_for_again() {
    for (times, expected) in [(1, Ok(())), (usize::MAX, Err("unreadable"))] {
        let tenant = with_batches(move |asked, mut body| {
            let responses = body["responses"].as_array_mut().expect("a list");
            let last = asked.json()["requests"].as_array().map_or(0, Vec::len);
            if asked.nth <= times && (last > 1 || times > 1) {
                responses.pop();
            }
            Reply::json(200, &body)
        })
        .open()
        .await;
        let read = read(&source(&tenant)).await;
        assert_eq!(read.outcome.as_ref().map(|_| ()).map_err(|error| error.class), expected);
    }
}

#[tokio::test]
async fn an_answer_to_nothing_or_twice_fails_the_read() {
    for id in ["0", "77", "x"] {
        let tenant = with_batches(move |_, mut body| {
            body["responses"][0]["id"] = json!(id);
            Reply::json(200, &body)
        })
        .open()
        .await;
        assert_eq!(read(&source(&tenant)).await.error().class, "unreadable", "{id}");
    }
}

#[tokio::test]
async fn a_batch_that_is_refused_or_garbled_fails_the_read() {
    let replies = [
        (Reply::fault(400, "BadRequest"), "configuration"),
        (Reply::text(502, "<html>"), "unavailable"),
        (Reply::text(200, "<html>"), "unreadable"),
        (Reply::text(200, "{\"responses\":{}}"), "unreadable"),
    ];
    for (reply, class) in replies {
        let tenant = with_batches(move |_, _| reply.clone()).open().await;
        assert_eq!(read(&source(&tenant)).await.error().class, class);
    }
}
