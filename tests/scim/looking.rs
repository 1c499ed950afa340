//! Rules 1, 5 and 6: filters and paging are not trusted, ids are encoded.

use rollcall::model::{Account, AccountId, FailureClass};
use rollcall::target::{Listing, Match, Target};
use serde_json::{Value, json};
use tokio::sync::mpsc;

use crate::app::{Accounts, App, Asked, Reply, error, not_found};
use crate::{connect, key, settings, target};

#[track_caller]
fn one(found: Match) -> Account {
    match found {
        Match::One(account) => *account,
        other => panic!("not one: {other:?}"),
    }
}

/// Ignores the filter, and pages as told.
fn everyone(asked: &Asked, accounts: &mut Accounts) -> Option<Reply> {
    let filter = asked.query("filter")?;
    let without = asked.target.replace(&asked.target[asked.target.find("filter=")?..], "");
    drop(filter);
    let start = asked.query("startIndex").map(|start| format!("startIndex={start}")).unwrap_or_default();
    Some(accounts.answer(&Asked { target: format!("{without}{start}"), ..asked.clone() }))
}

#[tokio::test]
async fn a_user_name_is_found_whatever_its_case_and_an_external_id_only_exactly() {
    let app = App::honest().await;
    app.add("1", json!({"userName": "ADA@X.example", "externalId": "P-1", "active": "False"}));
    let account =
        one(target(&app).find(&[key("externalId", "p-1"), key("userName", "ada@x.example")]).await.expect("an answer"));
    assert_eq!((account.id.as_str(), account.active), ("1", Some(false)));
    assert_eq!(app.asked("GET", "/Users").len(), 2, "one look-up for each key");
}

#[tokio::test]
async fn the_first_key_that_finds_somebody_decides() {
    let app = App::honest().await;
    app.add("1", json!({"userName": "other@x.example", "externalId": "p-1"}));
    app.add("2", json!({"userName": "ada@x.example"}));
    let found =
        target(&app).find(&[key("externalId", "p-1"), key("userName", "ada@x.example")]).await.expect("an answer");
    assert_eq!(one(found).id.as_str(), "1");
}

#[tokio::test]
async fn an_app_that_ignores_filters_is_not_believed() {
    let app = App::start(everyone).await;
    for number in 0..250 {
        app.add(&format!("{number:03}"), json!({"userName": format!("user{number}@x.example")}));
    }
    let target = target(&app);
    assert_eq!(target.find(&[key("userName", "user2")]).await.expect("an answer"), Match::Nobody);
    assert_eq!(one(target.find(&[key("userName", "user249@x.example")]).await.expect("an answer")).id.as_str(), "249");
}

#[tokio::test]
async fn an_app_that_ignores_filters_is_not_walked_for_ever() {
    let app = App::start(|asked, accounts| {
        let page: Vec<Value> = (0..100).map(|row| json!({"id": format!("{}-{row}", accounts.asked.len())})).collect();
        asked.query("filter").map(|_| Reply::Json(200, json!({"totalResults": 1_000_000, "Resources": page})))
    })
    .await;
    let failure = target(&app).find(&[key("userName", "ada")]).await.expect_err("a refusal");
    assert_eq!(failure.class, FailureClass::App);
    assert!(failure.reason.contains("ignores the filter on userName"), "{}", failure.reason);
    assert!(app.requests() <= 20, "{}", app.requests());
}

#[tokio::test]
async fn two_accounts_with_one_user_name_are_never_a_guess() {
    let app = App::honest().await;
    app.add("1", json!({"userName": "ada@x.example"}));
    app.add("2", json!({"userName": "Ada@x.example"}));
    let Match::Several(accounts) = target(&app).find(&[key("userName", "ada@x.example")]).await.expect("an answer")
    else {
        panic!("a guess");
    };
    assert_eq!(accounts.len(), 2);
}

#[tokio::test]
async fn a_row_twice_or_without_an_id_is_no_second_account() {
    let app = App::start(|asked, _| {
        let row = json!({"id": 7, "userName": "ada"});
        let rows = json!([row, row, {"userName": "ada"}, {"id": "..", "userName": "ada"}, 5]);
        asked.query("filter").map(|_| Reply::Json(200, json!({"totalResults": "5", "resources": rows})))
    })
    .await;
    assert_eq!(one(target(&app).find(&[key("userName", "ada")]).await.expect("an answer")).id.as_str(), "7");
}

#[tokio::test]
async fn a_404_on_a_look_up_is_nobody_and_an_unknown_filter_is_the_apps_failure() {
    let nobody = App::start(|asked, _| asked.query("filter").map(|_| not_found())).await;
    assert_eq!(target(&nobody).find(&[key("userName", "ada")]).await.expect("an answer"), Match::Nobody);
    let refusing = App::start(|asked, _| asked.query("filter").map(|_| error(400, Some("invalidFilter"), "no"))).await;
    let failure = target(&refusing).find(&[key("externalId", "p")]).await.expect_err("a refusal");
    assert_eq!(failure.class, FailureClass::App);
    assert!(failure.remedy.contains("filterable"), "{}", failure.remedy);
}

#[tokio::test]
async fn only_filterable_attributes_are_asked_for() {
    let app = App::honest().await;
    let mut settings = settings(&app.url);
    settings.filterable = Some(vec!["USERNAME".into()]);
    let target = connect(&settings);
    assert_eq!(target.find(&[key("externalId", "p"), key("userName", "ada")]).await.expect("an answer"), Match::Nobody);
    assert_eq!(app.requests(), 1);
    assert!(target.find(&[key("externalId", "p")]).await.is_err(), "nothing to look up is not nobody");
}

#[tokio::test]
async fn a_filter_is_a_json_string_and_wholly_percent_encoded() {
    let app = App::honest().await;
    let name = "o\"b\\r&i=e#n+ü@x.example";
    app.add("1", json!({"userName": name}));
    assert_eq!(one(target(&app).find(&[key("userName", name)]).await.expect("an answer")).user_name, name);
    let sent = &app.asked("GET", "/Users")[0].target;
    let query = sent.strip_prefix("/Users?filter=").expect("one parameter");
    assert!(query.bytes().all(|b| b.is_ascii_alphanumeric() || b"%-._~".contains(&b)), "{query}");
}

#[tokio::test]
async fn ids_are_percent_encoded_in_paths() {
    for id in ["a b", "ada@x.example", "a/b", "50%", "a?b", "a#b", "ü", "a%2Fb", "…", "a;b,c"] {
        let app = App::honest().await;
        app.add(id, json!({"userName": "ada"}));
        let account = target(&app)
            .read(&AccountId::new(id))
            .await
            .expect("an answer")
            .unwrap_or_else(|| panic!("{id} not found"));
        assert_eq!(account.id.as_str(), id);
    }
}

#[tokio::test]
async fn an_account_is_read_as_the_mapping_spells_it() {
    let app = App::honest().await;
    app.add(
        "1",
        json!({"USERNAME": "ada", "Name": {"givenname": "Ada"}, "emails": [{"type": "WORK", "value": "w"}, {"value": "h"}],
            crate::app::ENTERPRISE: {"department": 12, "manager": {"value": "b", "$ref": "x"}}, "title": null, "roles": [{"value": "z"}, {"value": "a"}]}),
    );
    let account = target(&app).read(&AccountId::new("1")).await.expect("an answer").expect("there");
    let expected = json!({"userName": "ada", "name.givenName": "Ada", crate::WORK_EMAIL: "w", crate::DEPARTMENT: "12", crate::MANAGER: "b", "roles": ["a", "z"]});
    assert_eq!(serde_json::to_value(&account.attributes).expect("an answer"), expected);
    assert_eq!((account.user_name.as_str(), account.active), ("ada", None));
    assert_eq!(target(&app).read(&AccountId::new("2")).await.expect("an answer"), None);
}

async fn listed(target: &Target) -> (Listing, usize) {
    let (sender, mut pages) = mpsc::channel::<Vec<Account>>(1);
    let counting = async {
        let mut rows = 0;
        while let Some(page) = pages.recv().await {
            rows += page.len();
        }
        rows
    };
    let (listing, rows) = tokio::join!(target.list(sender), counting);
    (listing.expect("an answer"), rows)
}

fn fill(app: &App, users: usize) {
    for number in 0..users {
        app.add(&format!("{number:05}"), json!({"userName": format!("user{number}")}));
    }
}

#[tokio::test]
async fn every_account_is_listed_once() {
    let app = App::honest().await;
    fill(&app, 250);
    assert_eq!(listed(&target(&app)).await, (Listing { accounts: 250, requests: 3, cut_short: false }, 250));
}

#[tokio::test]
async fn an_empty_app_lists_nobody() {
    let app = App::honest().await;
    assert_eq!(listed(&target(&app)).await, (Listing { accounts: 0, requests: 1, cut_short: false }, 0));
}

/// Shows `rows` of the accounts from `start` on, and announces `total`.
async fn paging(
    users: usize,
    page: impl Fn(usize) -> (std::ops::Range<usize>, usize) + Send + Sync + 'static,
) -> (Listing, usize) {
    let app = App::start(move |asked, accounts| {
        let start: usize = asked.query("startIndex")?.parse().ok()?;
        let (rows, total) = page(start - 1);
        let users: Vec<&Value> = accounts.users.values().collect();
        let rows: Vec<_> = rows.filter_map(|row| users.get(row)).collect();
        Some(Reply::Json(200, json!({"totalResults": total, "Resources": rows})))
    })
    .await;
    fill(&app, users);
    listed(&target(&app)).await
}

#[tokio::test]
async fn paging_that_is_ignored_shows_everybody_once() {
    let (listing, rows) = paging(130, |_| (0..130, 130)).await;
    assert_eq!((rows, listing.cut_short), (130, false));
}

#[tokio::test]
async fn pages_that_wrap_round_end_the_list() {
    let (listing, rows) = paging(130, |start| (start % 130..(start % 130 + 50).min(130), 1000)).await;
    assert_eq!((rows, listing.cut_short), (130, true));
}

#[tokio::test]
async fn smaller_pages_than_asked_for_lose_nobody() {
    let (listing, rows) = paging(130, |start| (start..start + 7, 130)).await;
    assert_eq!((rows, listing.cut_short), (130, false));
}

#[tokio::test]
async fn a_list_that_ends_before_its_number_looks_cut_short() {
    let (listing, rows) = paging(60, |start| (start..60, 90)).await;
    assert_eq!((rows, listing.cut_short), (60, true));
}

#[tokio::test]
async fn fifty_rows_whatever_is_asked_look_cut_short() {
    let (listing, rows) = paging(200, |_| (0..50, 50)).await;
    assert_eq!((rows, listing.cut_short), (50, true));
    let (listing, rows) = paging(50, |start| (start..50, 50)).await;
    assert_eq!((rows, listing.cut_short), (50, false));
}

#[tokio::test]
async fn a_page_that_fails_fails_the_list() {
    let app = App::start(|asked, _| (asked.query("startIndex")? == "101").then_some(Reply::Text(500, "<html>"))).await;
    fill(&app, 250);
    let (sender, mut pages) = mpsc::channel(100);
    let failure = target(&app).list(sender).await.expect_err("a refusal");
    assert_eq!(failure.class, FailureClass::Transient);
    assert_eq!(pages.recv().await.map(|page| page.len()), Some(100));
}
