//! The number of members, asked beside the list.

use serde_json::json;

use crate::tenant::{Asked, Directory, Reply, id};
use crate::{Read, read};

async fn with_count(reply: impl Fn(usize) -> Reply + Send + Sync + 'static) -> Read {
    let meddle = move |asked: &Asked, honest| if asked.path.ends_with("$count") { reply(asked.nth) } else { honest };
    let tenant = Directory::of(10).pages_of(4).meddle(meddle).open().await;
    read(&tenant.source()).await
}

#[tokio::test]
async fn a_list_shorter_than_its_count_is_read_again_and_then_incomplete() {
    let read = with_count(|_| Reply::text(200, "11")).await;
    assert_eq!((read.error().class, read.fresh_starts), ("incomplete", 1));
    assert!(read.error().reason.contains("11") && read.error().reason.contains("10"));
}

#[tokio::test]
async fn an_empty_list_of_a_group_with_members_is_incomplete() {
    let empty = |asked: &Asked, reply| match asked.page() {
        Some(_) => Reply::json(200, &json!({"value": []})),
        None => reply,
    };
    let tenant = Directory::of(10).meddle(empty).open().await;
    assert_eq!(read(&tenant.source()).await.error().class, "incomplete");
}

#[tokio::test]
async fn a_list_longer_than_its_count_is_read_again_and_then_taken_with_a_warning() {
    let read = with_count(|_| Reply::text(200, "9")).await;
    assert_eq!(read.fresh_starts, 1);
    assert_eq!(read.roster().warnings.len(), 1);
    assert_eq!(read.ids(), (0..10).map(id).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_count_that_agrees_at_the_second_reading_is_no_matter() {
    for first in ["8", "12"] {
        let read = with_count(move |nth| Reply::text(200, if nth == 1 { first } else { "10" })).await;
        assert_eq!(read.roster().warnings, [""; 0]);
        assert_eq!((read.people.len(), read.fresh_starts), (10, 1));
    }
}

#[tokio::test]
async fn a_count_that_is_not_offered_is_a_warning() {
    for status in [400, 404, 501] {
        let read = with_count(move |_| Reply::fault(status, "Request_UnsupportedQuery")).await;
        assert_eq!(read.roster().warnings.len(), 1, "{status}");
        assert_eq!(read.people.len(), 10);
    }
}

#[tokio::test]
async fn a_count_that_is_not_available_is_tried_again_and_then_fails_the_read() {
    for status in [429, 500, 503, 504] {
        let read = with_count(move |nth| Reply::text(if nth < 4 { status } else { 200 }, "10")).await;
        assert_eq!(read.roster().warnings, [""; 0], "{status}");
        let read = with_count(move |_| Reply::text(status, "10")).await;
        assert_eq!(read.error().class, "unavailable", "{status}");
    }
}

#[tokio::test]
async fn a_count_that_is_no_number_fails_the_read() {
    for body in ["", "many", "-1", "1.5", "10 10", "<html>10</html>", "99999999999999999999999"] {
        let read = with_count(move |_| Reply::text(200, body)).await;
        assert_eq!(read.error().class, "unreadable", "{body:?}");
    }
}

#[tokio::test]
async fn a_count_that_is_forbidden_fails_the_read() {
    let read = with_count(|_| Reply::fault(403, "Authorization_RequestDenied")).await;
    assert_eq!(read.error().class, "permission");
}
