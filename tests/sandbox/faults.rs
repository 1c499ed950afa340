use std::collections::BTreeSet;

use rollcall::sandbox::{Act, Fault, Spot};
use serde_json::{Value, json};

use crate::{Rehearsal, json, refused};

fn ids(body: &Value) -> Vec<String> {
    body["value"].as_array().unwrap().iter().map(|row| row["id"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn retry_after_comes_whole_with_a_fraction_or_not_at_all() {
    let rehearsal = Rehearsal::with(1).await;
    for after in [Some("2"), Some("2.128"), Some("Wed, 21 Oct 2026 07:28:00 GMT"), None] {
        rehearsal.sandbox.entra.fault(Fault::throttled(Spot::Members, after));
        let response = rehearsal.group("/members").send().await.unwrap();
        assert_eq!(response.status(), 429);
        assert_eq!(response.headers().get("retry-after").map(|value| value.to_str().unwrap()), after);
    }
    assert_eq!(json(rehearsal.group("/members")).await.0, 200);
}

#[tokio::test]
async fn a_fault_hits_the_page_it_is_meant_for() {
    let rehearsal = Rehearsal::with(6).await;
    rehearsal.sandbox.entra.fault(Fault::refuse(Spot::MembersPage(2), 503, "serviceNotAvailable"));
    let (_, first) = json(rehearsal.group("/members?$top=2")).await;
    let link = first["@odata.nextLink"].as_str().unwrap();
    assert_eq!(refused(rehearsal.follow(link)).await, (503, "serviceNotAvailable".to_owned()));
    assert_eq!(json(rehearsal.follow(link)).await.0, 200);
}

#[tokio::test]
async fn an_empty_page_leads_to_the_rows() {
    let rehearsal = Rehearsal::with(4).await;
    rehearsal.sandbox.entra.fault(Fault::new(Spot::MembersPage(2), Act::EmptyPage));
    let (_, first) = json(rehearsal.group("/members?$top=2")).await;
    let (_, empty) = json(rehearsal.follow(first["@odata.nextLink"].as_str().unwrap())).await;
    assert_eq!(empty["value"], json!([]));
    let (_, last) = json(rehearsal.follow(empty["@odata.nextLink"].as_str().unwrap())).await;
    assert_eq!(ids(&last).len(), 2);
    assert!(last.get("@odata.nextLink").is_none());
}

#[tokio::test]
async fn pages_repeat_circle_end_early_and_point_elsewhere() {
    let rehearsal = Rehearsal::with(4).await;
    let entra = &rehearsal.sandbox.entra;
    let second = |act| {
        entra.clear_faults();
        entra.fault(Fault::new(Spot::MembersPage(2), act).always());
        async {
            let (_, first) = json(rehearsal.group("/members?$top=1")).await;
            let link = first["@odata.nextLink"].as_str().unwrap().to_owned();
            (ids(&first), link.clone(), json(rehearsal.follow(&link)).await.1)
        }
    };
    let (_, link, page) = second(Act::RepeatPage).await;
    assert_eq!(page["@odata.nextLink"], json!(link));
    let (first, _, page) = second(Act::Cycle).await;
    let (_, again) = json(rehearsal.follow(page["@odata.nextLink"].as_str().unwrap())).await;
    assert_eq!(ids(&again), first);
    let (_, _, page) = second(Act::ForgetNextLink).await;
    assert!(page.get("@odata.nextLink").is_none());
    let (_, _, page) = second(Act::NextLink("http://evil.example/members".to_owned())).await;
    assert_eq!(page["@odata.nextLink"], "http://evil.example/members");
}

#[tokio::test]
async fn a_list_can_be_short_with_a_true_or_an_agreeing_count() {
    let rehearsal = Rehearsal::with(10).await;
    let entra = &rehearsal.sandbox.entra;
    entra.fault(Fault::new(Spot::Members, Act::DropRows(3)));
    assert_eq!(ids(&json(rehearsal.group("/members")).await.1).len(), 7);
    let count = || rehearsal.group("/members/$count").header("ConsistencyLevel", "eventual");
    assert_eq!(count().send().await.unwrap().text().await.unwrap(), "10");
    entra.fault(Fault::new(Spot::Count, Act::CountOff(-3)));
    assert_eq!(count().send().await.unwrap().text().await.unwrap(), "7");
}

#[tokio::test]
async fn id_only_rows_have_null_for_all_else() {
    let rehearsal = Rehearsal::with(1).await;
    rehearsal.sandbox.entra.fault(Fault::new(Spot::Members, Act::IdOnly));
    let (_, body) = json(rehearsal.group("/members?$select=id,displayName")).await;
    assert!(body["value"][0]["id"].is_string() && body["value"][0]["displayName"].is_null());
}

#[tokio::test]
async fn answers_break_off_in_every_way() {
    let rehearsal = Rehearsal::with(50).await;
    let entra = &rehearsal.sandbox.entra;
    entra.fault(Fault::new(Spot::Members, Act::CutBefore));
    assert!(rehearsal.group("/members").send().await.is_err());
    entra.fault(Fault::new(Spot::Members, Act::CutWithin));
    let response = rehearsal.group("/members").send().await;
    assert!(match response {
        Ok(response) => response.bytes().await.is_err(),
        Err(_) => true,
    });
    entra.fault(Fault::new(Spot::Members, Act::Truncated));
    assert_eq!(json(rehearsal.group("/members")).await, (200, Value::Null));
    entra.fault(Fault::new(Spot::Members, Act::Html { status: 502 }));
    assert_eq!(json(rehearsal.group("/members")).await, (502, Value::Null));
    entra.fault(Fault::new(Spot::Members, Act::EmptyBody));
    assert_eq!(json(rehearsal.group("/members")).await, (200, Value::Null));
    entra.fault(Fault::new(Spot::Members, Act::Drip { bytes: 4096, pause_ms: 1 }));
    assert_eq!(ids(&json(rehearsal.group("/members")).await.1).len(), 50);
    entra.fault(Fault::new(Spot::Members, Act::Gzip));
    assert_eq!(ids(&json(rehearsal.group("/members")).await.1).len(), 50);
    entra.fault(Fault::new(Spot::Group, Act::Redirect("http://127.0.0.1:1/".to_owned())));
    assert_eq!(json(rehearsal.group("")).await.0, 302);
}

#[tokio::test]
async fn a_gzip_bomb_is_small_on_the_wire() {
    let rehearsal = Rehearsal::with(1).await;
    rehearsal.sandbox.entra.fault(Fault::new(Spot::Members, Act::GzipBomb { megabytes: 8 }));
    let body = rehearsal.group("/members").send().await.unwrap().bytes().await.unwrap();
    assert!(body.len() > 8 * 1024 * 1024);
}

#[tokio::test]
async fn one_item_of_a_batch_is_throttled_by_itself() {
    let rehearsal = Rehearsal::with(30).await;
    let people = rehearsal.sandbox.directory.members(30);
    rehearsal.sandbox.entra.fault(Fault::throttled(Spot::BatchItem, Some("3")).after(1));
    let item =
        |n: usize| json!({"id": n.to_string(), "method": "GET", "url": format!("/users/{}?$select=id", people[n])});
    let requests: Vec<_> = (0..3).map(item).collect();
    let (status, body) = json(rehearsal.graph_post("/$batch", &json!({"requests": requests}))).await;
    let answers = body["responses"].as_array().unwrap();
    let throttled: Vec<_> = answers.iter().filter(|answer| answer["status"] == 429).collect();
    assert_eq!((status, throttled.len()), (200, 1));
    assert_eq!(throttled[0]["headers"]["Retry-After"], "3");
}

#[tokio::test]
async fn resource_units_run_out() {
    let rehearsal = Rehearsal::with(1).await;
    rehearsal.sandbox.entra.set_throttle(Some(4));
    // With $select a page of members costs two units.
    for _ in 0..2 {
        assert_eq!(json(rehearsal.group("/members?$select=id")).await.0, 200);
    }
    let response = rehearsal.group("/members?$select=id").send().await.unwrap();
    assert_eq!(response.status(), 429);
    assert!(response.headers()["retry-after"].to_str().unwrap().parse::<u32>().unwrap() <= 10);
}

#[tokio::test]
async fn a_lagging_index_shows_yesterday() {
    let rehearsal = Rehearsal::with(3).await;
    let directory = &rehearsal.sandbox.directory;
    directory.lag(&directory.group()).unwrap();
    directory.empty_group(&directory.group()).unwrap();
    assert_eq!(ids(&json(rehearsal.group("/members")).await.1).len(), 3);
    directory.catch_up(&directory.group()).unwrap();
    assert_eq!(ids(&json(rehearsal.group("/members")).await.1).len(), 0);
}

#[tokio::test]
async fn a_change_between_two_pages_skips_nobody() {
    let rehearsal = Rehearsal::with(6).await;
    let directory = &rehearsal.sandbox.directory;
    let (_, first) = json(rehearsal.group("/members?$top=3")).await;
    directory.remove_member(&directory.group(), &directory.members(1)[0]).unwrap();
    let (_, second) = json(rehearsal.follow(first["@odata.nextLink"].as_str().unwrap())).await;
    let all: BTreeSet<_> = ids(&first).into_iter().chain(ids(&second)).collect();
    assert_eq!(all.len(), 6);
}
