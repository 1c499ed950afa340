//! A whole life of an account at the sandbox's app: strict as the RFCs, with one habit of a real service at a time.

use rollcall::model::{AccountId, ChangeKind, Outcome};
use rollcall::sandbox::app::{Paging, Quirks};
use rollcall::sandbox::{App, AppAdmin, Auth};
use rollcall::target::{Match, Target, TargetSettings, UpdateBy};
use serde_json::{Value, json};

use crate::{DEPARTMENT, MANAGER, WORK_EMAIL, ada, apply, connect, create, done, key, operation, settings};

/// Starts the app, adjusts it and our profile of it, and lives through everything.
async fn life(habit: impl FnOnce(&mut Quirks), profile: impl FnOnce(&mut TargetSettings)) -> Life {
    let app = App::start(Auth::Bearer("token-1".into()), 0).await.expect("a free port");
    let admin = app.admin();
    admin.quirks(habit);
    let mut settings = settings(&app.url());
    profile(&mut settings);
    let life = Life { target: connect(&settings), admin, _app: app };
    life.live().await;
    life
}

struct Life {
    target: Target,
    admin: AppAdmin,
    _app: App,
}

impl Life {
    async fn live(&self) {
        let boss = operation(
            ChangeKind::Create,
            None,
            json!({"userName": "boss@x.example", "displayName": "Boss", "externalId": "b"}),
        );
        let boss = done(&apply(&self.target, boss).await).to_owned();
        let mut attributes = ada();
        attributes[MANAGER] = json!(boss);
        let account = done(&apply(&self.target, operation(ChangeKind::Create, None, attributes)).await).to_owned();

        let moved = json!({WORK_EMAIL: "new@x.example", DEPARTMENT: null, "title": "Lead", "name.givenName": "Eva", MANAGER: null});
        self.change(ChangeKind::Update, &account, moved).await;
        let expected = json!({"userName": "ada@x.example", "externalId": "p-1", "displayName": "Ada", "title": "Lead",
            "name.givenName": "Eva", WORK_EMAIL: "new@x.example"});
        self.assert_shows(&account, &expected, true).await;

        self.change(ChangeKind::Rename, &account, json!({"userName": "eva@x.example", WORK_EMAIL: null})).await;
        self.change(ChangeKind::Deactivate, &account, json!({})).await;
        self.change(
            ChangeKind::Reactivate,
            &account,
            json!({WORK_EMAIL: "eva@x.example", DEPARTMENT: "Sales", MANAGER: boss}),
        )
        .await;
        let expected = json!({"userName": "eva@x.example", "externalId": "p-1", "displayName": "Ada", "title": "Lead",
            "name.givenName": "Eva", WORK_EMAIL: "eva@x.example", DEPARTMENT: "Sales", MANAGER: boss});
        self.assert_shows(&account, &expected, true).await;
        assert_eq!(self.admin.len(), 2, "nobody was made twice");
    }

    async fn change(&self, kind: ChangeKind, account: &str, attributes: Value) {
        let mut operation = operation(kind, Some(account), attributes);
        // What the snapshot would say: everything sent so far, and this.
        let read = self.admin.account(account).expect("there");
        for name in ["displayName", "title", "externalId", "userName"] {
            if let Some(value) = read.get(name) {
                operation.whole.entry(name.to_owned()).or_insert_with(|| value.clone());
            }
        }
        operation.whole.entry("name.givenName".to_owned()).or_insert_with(|| read["name"]["givenName"].clone());
        let outcome = apply(&self.target, operation).await;
        assert!(matches!(outcome, Outcome::Done { .. }), "{kind}: {outcome:?}");
    }

    async fn assert_shows(&self, account: &str, expected: &Value, active: bool) {
        let shown = self.target.read(&AccountId::new(account)).await.expect("readable").expect("there");
        assert_eq!(serde_json::to_value(&shown.attributes).expect("JSON"), *expected);
        assert_eq!(shown.active, Some(active));
    }
}

#[tokio::test]
async fn a_strict_service() {
    let life = life(|_| {}, |_| {}).await;
    let methods: Vec<String> =
        life.admin.writes().into_iter().map(|write| format!("{} {}", write.method, write.status)).collect();
    assert!(
        methods
            .iter()
            .all(|method| method.starts_with("POST 201") || method.starts_with("PATCH 2") || method == "PATCH 400"),
        "{methods:?}"
    );
    assert!(life.target.check().await.iter().all(|finding| finding.verdict == rollcall::report::Verdict::Ok));
}

#[tokio::test]
async fn a_service_without_patch() {
    life(|app| app.put_only = true, |_| {}).await;
}

#[tokio::test]
async fn a_service_that_wants_whole_accounts_or_one_operation_without_a_path() {
    life(|_| {}, |profile| profile.update_by = Some(UpdateBy::Put)).await;
    life(|_| {}, |profile| profile.update_by = Some(UpdateBy::PatchWithoutPath)).await;
}

#[tokio::test]
async fn a_service_that_demands_versions() {
    life(|app| app.etag_required = true, |_| {}).await;
    life(|app| app.etag_required = true, |profile| profile.etag = Some(false)).await;
}

#[tokio::test]
async fn a_service_without_a_configuration_document_and_empty_answers() {
    life(|app| app.config_missing = true, |_| {}).await;
    life(|app| app.patch_answers_empty = true, |_| {}).await;
}

#[tokio::test]
async fn a_service_with_ids_that_need_encoding() {
    life(|app| app.odd_ids = true, |_| {}).await;
}

#[tokio::test]
async fn a_service_that_hides_inactive_accounts() {
    life(|app| app.inactive_is_404 = true, |_| {}).await;
    life(|app| app.inactive_is_404 = true, |profile| profile.update_by = Some(UpdateBy::Put)).await;
}

#[tokio::test]
async fn a_service_that_freezes_inactive_accounts() {
    life(|app| app.inactive_is_frozen = true, |profile| profile.reactivate_first = true).await;
}

#[tokio::test]
async fn a_duplicate_is_found_in_every_form_a_service_gives_it() {
    for (status, says_type) in [(409, true), (409, false), (400, true), (500, true), (500, false)] {
        let app = App::start(Auth::Bearer("token-1".into()), 0).await.expect("a free port");
        app.admin().quirks(|quirks| (quirks.duplicate_status, quirks.duplicate_says_type) = (status, says_type));
        app.admin().seed(&json!({"userName": "ADA@x.example", "displayName": "Older"})).expect("an account");
        let outcome = apply(&connect(&settings(&app.url())), create()).await;
        assert!(matches!(outcome, Outcome::Exists { .. }), "{status} {says_type}: {outcome:?}");
        assert_eq!(app.admin().len(), 1);
    }
}

#[tokio::test]
async fn look_ups_survive_what_filters_do() {
    let app = App::start(Auth::Bearer("token-1".into()), 0).await.expect("a free port");
    for number in 0..300 {
        let user =
            json!({"userName": format!("u{number}@x.example"), "displayName": "U", "externalId": format!("e{number}")});
        app.admin().seed(&user).expect("an account");
    }
    let target = connect(&settings(&app.url()));
    let habits: [fn(&mut Quirks); 3] =
        [|app| app.filter_ignored = true, |app| app.page_limit = 50, |app| app.paging = Paging::Ignored];
    for habit in habits {
        app.admin().quirks(habit);
        let found = target.find(&[key("externalId", "e299"), key("userName", "U299@x.example")]).await;
        let Ok(Match::One(account)) = found else { panic!("{found:?}") };
        assert_eq!(account.user_name, "u299@x.example");
        assert_eq!(target.find(&[key("userName", "u29")]).await, Ok(Match::Nobody));
    }
}

#[tokio::test]
async fn no_seats_left_is_the_apps_failure() {
    for status in [400, 402, 403, 409] {
        let app = App::start(Auth::Bearer("token-1".into()), 0).await.expect("a free port");
        app.admin().quirks(|quirks| (quirks.seats, quirks.no_seat_status) = (Some(0), status));
        let failure = crate::failed(apply(&connect(&settings(&app.url())), create()).await);
        assert_eq!(failure.class, rollcall::model::FailureClass::App, "{status}: {failure:?}");
        assert!(failure.remedy.contains("seats"), "{status}: {failure:?}");
    }
}
