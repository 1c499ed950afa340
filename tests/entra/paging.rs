//! Lists that break, lie, run in circles or lead elsewhere (hazard H2, accidents A1 and A15).

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};

use crate::tenant::{Asked, Directory, Ending, Reply, STAFF, id, properties, user};
use crate::{Read, read};

#[derive(Clone, Copy, Debug)]
enum Fault {
    Unavailable,
    Throttled,
    Reset,
    Silence,
    Truncated,
    WithoutValue,
    ValueIsNoArray,
    Html,
    ErrorWith200,
}

const FAULTS: [Fault; 9] = [
    Fault::Unavailable,
    Fault::Throttled,
    Fault::Reset,
    Fault::Silence,
    Fault::Truncated,
    Fault::WithoutValue,
    Fault::ValueIsNoArray,
    Fault::Html,
    Fault::ErrorWith200,
];

fn broken(fault: Fault, reply: Reply) -> Reply {
    match fault {
        Fault::Unavailable => Reply::text(503, "<html>busy</html>"),
        Fault::Throttled => Reply::fault(429, "TooManyRequests"),
        Fault::Reset => reply.ending(Ending::Cut),
        Fault::Silence => reply.ending(Ending::Silence),
        Fault::Truncated => Reply::text(200, &String::from_utf8_lossy(&reply.body[..reply.body.len() * 2 / 3])),
        Fault::WithoutValue => Reply::json(200, &json!({"@odata.context": "x"})),
        Fault::ValueIsNoArray => Reply::json(200, &json!({"value": {"0": user(0)}})),
        Fault::Html => Reply::text(200, "<html>Sign in to the hotel's network</html>"),
        Fault::ErrorWith200 => Reply::json(200, &json!({"error": {"code": "generalException", "message": "x"}})),
    }
}

const PAGES: usize = 5;

async fn read_with_fault(page: usize, fault: Fault, times: usize) -> Read {
    let meddle = move |asked: &Asked, reply: Reply| match asked.page() {
        Some(asked_page) if asked_page == page && asked.nth <= times => broken(fault, reply),
        _ => reply,
    };
    let tenant = Directory::of(2 * PAGES).pages_of(2).meddle(meddle).open().await;
    let silent = matches!(fault, Fault::Silence);
    read(&if silent { tenant.source_with_silence() } else { tenant.source() }).await
}

#[tokio::test]
async fn a_page_that_stays_broken_fails_the_read_whichever_it_is() {
    for fault in FAULTS {
        let tries = (0..PAGES).map(|page| read_with_fault(page, fault, usize::MAX));
        for (page, read) in futures_util::future::join_all(tries).await.into_iter().enumerate() {
            let class = read.error().class;
            assert!(matches!(class, "unavailable" | "unreadable"), "{fault:?} on page {page}: {class}");
            assert!(!read.error().remedy.is_empty());
        }
    }
}

#[tokio::test]
async fn a_page_that_breaks_and_recovers_costs_nobody() {
    for fault in FAULTS {
        // An array that is none is no passing fault.
        if matches!(fault, Fault::ValueIsNoArray) {
            continue;
        }
        let times = if matches!(fault, Fault::Silence) { 1 } else { 3 };
        let tries = (0..PAGES).map(|page| read_with_fault(page, fault, times));
        for (page, read) in futures_util::future::join_all(tries).await.into_iter().enumerate() {
            assert!(read.outcome.is_ok(), "{fault:?} on page {page}: {:?}", read.outcome);
            assert_eq!(read.people.len(), 2 * PAGES, "{fault:?} on page {page}");
            assert_eq!(read.fresh_starts, 0);
        }
    }
}

/// Bodies that no page may be; a row more or less is a person forgotten.
#[tokio::test]
async fn a_body_that_is_not_wholly_understood_fails_the_read() {
    let deep = format!("{{\"value\":{}1{}}}", "[".repeat(200), "]".repeat(200));
    let long = format!("{{\"value\":[{{\"id\":\"a\",\"displayName\":\"{}\"}}]}}", "x".repeat(5000));
    let long_property = long.replace("displayName", "department");
    let bodies = [
        &long_property,
        "",
        " ",
        "[]",
        "null",
        "0",
        "\"value\"",
        "{",
        "{}",
        "{\"value\":null}",
        "{\"value\":{}}",
        "{\"value\":\"[]\"}",
        "{\"value\":[]",
        "{\"value\":[],}",
        "{\"value\":[],\"value\":[]}",
        "{\"value\":[]}{\"value\":[]}",
        "{\"value\":[]} x",
        "{\"Value\":[]}",
        "{'value':[]}",
        "{\"value\":[,]}",
        "{\"value\":[null]}",
        "{\"value\":[1]}",
        "{\"value\":[[]]}",
        "{\"value\":[\"a\"]}",
        "{\"value\":[{}]}",
        "{\"value\":[{\"id\":null}]}",
        "{\"value\":[{\"id\":1}]}",
        "{\"value\":[{\"id\":\"\"}]}",
        "{\"value\":[{\"id\":\"../x\"}]}",
        "{\"value\":[{\"id\":\"a\",\"id\":\"b\",\"displayName\":\"x\"}]}",
        "{\"value\":[{\"id\":\"a\",\"displayName\":\"x\",\"displayName\":\"y\"}]}",
        "{\"value\":[{\"id\":\"a\",\"displayName\":1}]}",
        "{\"value\":[{\"id\":\"a\",\"accountEnabled\":\"true\",\"displayName\":\"x\"}]}",
        "{\"value\":[{\"id\":\"a\",\"department\":\"x\",\"department\":\"y\"}]}",
        "{\"value\":[{\"id\":\"a\",\"department\":\"\\ud800\",\"displayName\":\"x\"}]}",
        "{\"value\":[{\"id\":\"a\",\"displayName\":\"\u{1}\"}]}",
        "{\"value\":[{\"id\":\"a\",\"displayName\":NaN}]}",
        "{\"value\":[{\"id\":\"a\",\"department\":1e999}]}",
        "{\"value\":[],\"@odata.nextLink\":7}",
        "{\"value\":[],\"@odata.nextLink\":{}}",
        "{\"value\":[],\"@odata.nextLink\":\"\"}",
        "{\"value\":[],\"@odata.nextLink\":\"/v1.0/groups\"}",
        "\u{feff}{\"value\":[]}",
        &deep,
        &long,
    ];
    for body in bodies {
        let text = body.to_owned();
        let meddle = move |asked: &Asked, reply| if asked.page() == Some(0) { Reply::text(200, &text) } else { reply };
        let tenant = Directory::of(0).meddle(meddle).open().await;
        let read = read(&tenant.source()).await;
        let class = read.outcome.as_ref().map_err(|error| error.class);
        assert!(matches!(class, Err("unreadable" | "incomplete")), "{body:.60}: {class:?}");
    }
}

#[tokio::test]
async fn a_body_that_is_not_utf8_fails_the_read() {
    let meddle = |asked: &Asked, mut reply: Reply| {
        if asked.page() == Some(0) {
            reply.body = b"{\"value\":[{\"id\":\"a\",\"displayName\":\"\xff\"}]}".to_vec();
        }
        reply
    };
    let tenant = Directory::of(1).meddle(meddle).open().await;
    assert_eq!(read(&tenant.source()).await.error().class, "unreadable");
}

fn relinked(body: &Value, link: &str) -> Reply {
    let mut body = body.clone();
    body["@odata.nextLink"] = json!(link);
    Reply::json(200, &body)
}

#[tokio::test]
async fn an_empty_page_with_a_next_link_is_followed() {
    let meddle = |asked: &Asked, reply: Reply| {
        let mut body = reply.value();
        if asked.page() == Some(1) {
            body["value"] = json!([]);
            return Reply::json(200, &body);
        }
        if asked.path.ends_with("$count") { Reply::text(200, "4") } else { reply }
    };
    let tenant = Directory::of(6).pages_of(2).meddle(meddle).open().await;
    let read = read(&tenant.source()).await;
    assert_eq!((read.roster().pages, read.people.len()), (3, 4));
}

#[tokio::test]
async fn a_list_that_leads_in_a_circle_fails_the_read() {
    for (from, to) in [(4, 0), (4, 2), (3, 3), (1, 1)] {
        let meddle = move |asked: &Asked, reply: Reply| {
            let host = asked.headers["host"].to_str().expect("a host").to_owned();
            let query = if to == 0 { String::new() } else { format!("&$skiptoken={to}") };
            let link = format!(
                "http://{host}{}?$select={}&$top=999{query}",
                asked.path,
                asked.query.get("$select").map_or("", |s| s)
            );
            if asked.page() == Some(from) { relinked(&reply.value(), &link) } else { reply }
        };
        let tenant = Directory::of(10).pages_of(2).meddle(meddle).open().await;
        let read = read(&tenant.source()).await;
        assert_eq!(read.error().class, "incomplete", "{from} -> {to}");
        assert!(tenant.asked("/members").len() <= 20, "{from} -> {to}: {}", tenant.asked("/members").len());
    }
}

#[tokio::test]
async fn a_circle_of_empty_pages_is_left_at_its_first_repetition() {
    let meddle = |asked: &Asked, reply: Reply| {
        let mut body = reply.value();
        if asked.page() == Some(1) {
            let host = asked.headers["host"].to_str().expect("a host");
            body["@odata.nextLink"] = json!(format!("http://{host}{}?$skiptoken=1", asked.path));
            body["value"] = json!([]);
            return Reply::json(200, &body);
        }
        reply
    };
    let tenant = Directory::of(1000).pages_of(2).meddle(meddle).open().await;
    assert_eq!(read(&tenant.source()).await.error().class, "incomplete");
    assert!(tenant.asked("/members").len() <= 2 * 3, "{}", tenant.asked("/members").len());
}

#[tokio::test]
async fn a_list_that_does_not_end_fails_the_read() {
    let meddle = |asked: &Asked, reply: Reply| {
        let Some(page) = asked.page() else { return reply };
        let host = asked.headers["host"].to_str().expect("a host");
        let link = format!("http://{host}{}?$select=id&$skiptoken={}", asked.path, page + 1);
        relinked(&json!({"value": []}), &link)
    };
    let tenant = Directory::of(10).meddle(meddle).open().await;
    assert_eq!(read(&tenant.source()).await.error().class, "incomplete");
    assert!(tenant.asked("/members").len() <= 2 * 10 + 10);
}

#[tokio::test]
async fn a_page_without_its_next_link_is_noticed_by_the_count() {
    let meddle = |asked: &Asked, reply: Reply| match asked.page() {
        Some(2) => Reply::json(200, &json!({"value": reply.value()["value"]})),
        _ => reply,
    };
    let tenant = Directory::of(10).pages_of(2).meddle(meddle).open().await;
    let read = read(&tenant.source()).await;
    assert_eq!((read.error().class, read.fresh_starts), ("incomplete", 1));
}

#[tokio::test]
async fn an_expired_page_token_starts_over_and_nothing_of_before_counts() {
    for code in ["Directory_ExpiredPageToken", "DirectoryPageTokenNotFoundException"] {
        for (times, expected) in [(1, true), (3, true), (4, false)] {
            let meddle = move |asked: &Asked, reply| match asked.page() {
                Some(3) if asked.nth <= times => Reply::fault(400, code),
                _ => reply,
            };
            let tenant = Directory::of(10).pages_of(2).meddle(meddle).open().await;
            let read = read(&tenant.source()).await;
            assert_eq!(read.outcome.is_ok(), expected, "{code} {times} times: {:?}", read.outcome);
            assert_eq!(read.fresh_starts, times.min(3));
            if expected {
                assert_eq!(read.people.len(), 10);
            } else {
                assert_eq!(read.error().class, "incomplete");
            }
        }
    }
}

#[tokio::test]
async fn a_member_that_comes_twice_is_read_again_once() {
    for (times, expected) in [(1, Ok(())), (usize::MAX, Err("incomplete"))] {
        let meddle = move |asked: &Asked, reply: Reply| {
            let mut body = reply.value();
            match asked.page() {
                Some(1) if asked.nth <= times => {
                    body["value"][0] = user(0);
                    Reply::json(200, &body)
                }
                _ => reply,
            }
        };
        let tenant = Directory::of(6).pages_of(2).meddle(meddle).open().await;
        let read = read(&tenant.source()).await;
        assert_eq!(read.outcome.as_ref().map(|_| ()).map_err(|error| error.class), expected);
        assert_eq!(read.fresh_starts, 1);
    }
}

#[tokio::test]
async fn a_fresh_start_forgets_every_group() {
    let other = "00000000-0000-0000-0000-0000000000bb";
    let meddle = move |asked: &Asked, reply| match asked.page() {
        Some(1) if asked.path.contains(other) && asked.nth == 1 => Reply::fault(400, "Directory_ExpiredPageToken"),
        _ => reply,
    };
    let directory = Directory::of(4).group(other, (4..8).map(user).collect()).pages_of(2).meddle(meddle);
    let tenant = directory.open().await;
    let source = tenant
        .source_with(|settings| settings.groups.push(rollcall::source::GroupRef::Id(other.into())), &properties(&[]));
    let read = read(&source).await;
    assert_eq!(read.roster().groups.len(), 2);
    assert_eq!(read.ids(), (0..8).map(id).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_broken_excepted_group_fails_the_read() {
    let except = "00000000-0000-0000-0000-0000000000cc";
    for expired in [false, true] {
        let meddle = move |asked: &Asked, reply| match asked.page() {
            Some(1) if asked.path.contains(except) && expired && asked.nth == 1 => {
                Reply::fault(400, "Directory_ExpiredPageToken")
            }
            Some(1) if asked.path.contains(except) && !expired => Reply::text(503, ""),
            _ => reply,
        };
        let tenant = Directory::of(6).group(except, (0..4).map(user).collect()).pages_of(2).meddle(meddle).open().await;
        let source = tenant.source_with(
            |settings| settings.except_groups.push(rollcall::source::GroupRef::Id(except.into())),
            &properties(&[]),
        );
        let read = read(&source).await;
        if expired {
            assert_eq!((read.ids(), read.fresh_starts), (vec![id(4).as_str(), id(5).as_str()], 0));
        } else {
            assert_eq!(read.error().class, "unavailable");
            assert!(read.people.is_empty());
        }
    }
}

/// A listener that counts who connects and says nothing.
async fn foreigner() -> (String, Arc<AtomicUsize>) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("bound").to_string();
    let connections = Arc::new(AtomicUsize::new(0));
    let counter = connections.clone();
    tokio::spawn(async move {
        while listener.accept().await.is_ok() {
            counter.fetch_add(1, Ordering::SeqCst);
        }
    });
    (address, connections)
}

#[tokio::test]
async fn a_link_that_leads_elsewhere_ends_the_read_before_any_connection() {
    let (foreign, connections) = foreigner().await;
    let port = foreign.rsplit(':').next().expect("a port").to_owned();
    let rest = "/v1.0/groups/x/members?$skiptoken=1";
    let links = [
        format!("http://{foreign}{rest}"),
        format!("https://{foreign}{rest}"),
        format!("http://localhost:{port}{rest}"),
        format!("http://LOCALHOST:{port}{rest}"),
        format!("http://localhost.:{port}{rest}"),
        format!("http://[::1]:{port}{rest}"),
        format!("http://[::ffff:127.0.0.1]:{port}{rest}"),
        format!("http://2130706433:{port}{rest}"),
        format!("http://0x7f000001:{port}{rest}"),
        format!("http://017700000001:{port}{rest}"),
        format!("http://127.1:{port}{rest}"),
        format!("http://127.0.0.2:{port}{rest}"),
        format!("http://HOST@{foreign}{rest}"),
        format!("http://HOST:x@{foreign}{rest}"),
        format!("http://user@HOST{rest}"),
        format!("http://HOST.evil.example{rest}"),
        format!("http://evil.example{rest}"),
        format!("//{foreign}{rest}"),
        format!("@{foreign}{rest}"),
        format!("\\\\{foreign}{rest}"),
        format!("http:/{foreign}{rest}"),
        format!("http:\\\\{foreign}{rest}"),
        format!("http:{foreign}{rest}"),
        format!("https://HOST{rest}"),
        format!("ftp://HOST{rest}"),
        "file:///etc/passwd".into(),
        "data:application/json,{}".into(),
        "javascript:alert(1)".into(),
        "http://169.254.169.254/latest/meta-data".into(),
        "http://HOST/beta/groups/x/members".into(),
        "http://HOST/v1.0/../beta/groups".into(),
        "http://HOST/v1.0/%2e%2e/beta/groups".into(),
        "http://HOST/v1.0evil/groups".into(),
        format!("http://HOST/v1.0/x\r\nHost: {foreign}"),
        format!("http://HO\tST{rest}"),
        format!(" http://HOST{rest}"),
        format!("http://HOST{rest}&x={}", "y".repeat(100_000)),
    ];
    assert!(links.len() >= 25);
    for link in links {
        let template = link.clone();
        let meddle = move |asked: &Asked, reply: Reply| {
            let host = asked.headers["host"].to_str().expect("a host");
            if asked.page() == Some(1) { relinked(&reply.value(), &template.replace("HOST", host)) } else { reply }
        };
        let tenant = Directory::of(6).pages_of(2).meddle(meddle).open().await;
        let read = read(&tenant.source()).await;
        assert_eq!(read.error().class, "incomplete", "{link:.80}");
        assert_eq!(tenant.asked("/members").len(), 2, "{link:.80}");
    }
    assert_eq!(connections.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn a_redirect_is_never_followed() {
    let (foreign, connections) = foreigner().await;
    for status in [301, 302, 303, 307, 308] {
        for path in ["/token", "/members", STAFF, "$count"] {
            let target = format!("http://{foreign}/v1.0/x");
            let meddle = move |asked: &Asked, reply| {
                if asked.path.ends_with(path) {
                    Reply::text(status, "").with("location", &target).with("link", &format!("<{target}>; rel=next"))
                } else {
                    reply
                }
            };
            let tenant = Directory::of(3).meddle(meddle).open().await;
            let read = read(&tenant.source()).await;
            assert!(read.outcome.is_err(), "{status} on {path}");
        }
    }
    assert_eq!(connections.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn an_endless_body_fails_the_read() {
    let meddle = |asked: &Asked, reply| match asked.page() {
        Some(_) => Reply::text(200, &format!("{{\"value\":[],\"x\":\"{}\"}}", "y".repeat(17 * 1024 * 1024))),
        None => reply,
    };
    let tenant = Directory::of(3).meddle(meddle).open().await;
    assert_eq!(read(&tenant.source()).await.error().class, "unreadable");
}

#[tokio::test]
async fn a_refused_token_is_renewed_once() {
    for (times, expected) in [(1, Ok(())), (usize::MAX, Err("credentials"))] {
        let meddle = move |asked: &Asked, reply| match asked.page() {
            Some(1) if asked.nth <= times => Reply::fault(401, "InvalidAuthenticationToken"),
            _ => reply,
        };
        let tenant = Directory::of(4).pages_of(2).meddle(meddle).open().await;
        let read = read(&tenant.source()).await;
        assert_eq!(read.outcome.as_ref().map(|_| ()).map_err(|error| error.class), expected);
        assert_eq!(tenant.asked("/token").len(), 2);
    }
}
