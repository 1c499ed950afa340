//! The SCIM connector against a small app over real HTTP: one test per thing that services were seen to do.

mod app;
mod changing;
mod checking;
mod creating;
mod habits;
mod looking;
mod refusing;

use std::collections::BTreeMap;
use std::time::Duration;

use rollcall::http::Patience;
use rollcall::model::{
    AccountId, Cause, Change, ChangeKind, Delta, Failure, MatchKey, Operation, Outcome, PersonId, Secret, SecretPlace,
};
use rollcall::target::scim::{Scim, Waits};
use rollcall::target::{Existing, Target, TargetKind, TargetSettings};
use serde_json::{Value, json};

use app::App;

const DEPARTMENT: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department";
const MANAGER: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager";
const WORK_EMAIL: &str = r#"emails[type eq "work"].value"#;

fn settings(url: &str) -> TargetSettings {
    TargetSettings {
        kind: TargetKind::Scim,
        profile: None,
        url: url.to_owned(),
        token: Some(secret("token-1")),
        header: None,
        basic: None,
        oauth: None,
        concurrency: 4,
        requests_per_minute: None,
        match_by: vec!["externalId".into(), "userName".into()],
        existing: Existing::Ask,
        protected: Vec::new(),
        ca_file: None,
        update_by: None,
        eventually_consistent: false,
        leave_out: Vec::new(),
        filterable: None,
        reactivate_first: false,
        etag: None,
    }
}

fn secret(value: &str) -> Secret {
    let mut secret = Secret::at(SecretPlace::Credential("target-token".into()));
    secret.resolve(value.into());
    secret
}

fn target(app: &App) -> Target {
    connect(&settings(&app.url))
}

/// A target with the usual tries, and pauses too short to notice.
fn connect(settings: &TargetSettings) -> Target {
    connect_within(settings, Patience::default().answer_within)
}

/// Like `connect`, for an app that never answers.
fn connect_within(settings: &TargetSettings, answer_within: Duration) -> Target {
    let attributes =
        ["userName", "externalId", "displayName", "name.givenName", "title", WORK_EMAIL, DEPARTMENT, MANAGER, "roles"];
    let attributes: Vec<String> = attributes.into_iter().map(str::to_owned).collect();
    let short = Duration::from_millis(1);
    let patience = Patience { first_pause: short, answer_within, ..Patience::default() };
    let scim = Scim::connect_with(settings, &attributes, Waits { patience, lag: [short; 3] });
    Target::Scim(Box::new(scim.expect("sound settings")))
}

fn key(attribute: &str, value: &str) -> MatchKey {
    MatchKey { attribute: attribute.into(), value: value.into() }
}

/// An operation on the account, with attributes as `before → after` where only `after` matters; null clears.
#[expect(clippy::needless_pass_by_value, reason = "test inputs are literals")]
fn operation(kind: ChangeKind, account: Option<&str>, attributes: Value) -> Operation {
    let given = attributes.as_object().cloned().unwrap_or_default();
    let after = |value: &Value| Some(value.clone()).filter(|value| !value.is_null());
    let delta = |(name, value): (&String, &Value)| (name.clone(), Delta { before: None, after: after(value) });
    let whole: BTreeMap<String, Value> =
        given.iter().filter_map(|(name, value)| Some((name.clone(), after(value)?))).collect();
    let keys = ["externalId", "userName"].iter().filter_map(|name| Some(key(name, given.get(*name)?.as_str()?)));
    Operation {
        id: 1,
        change: Change {
            person: PersonId::new("p-1"),
            account: account.map(AccountId::new),
            user_name: "ada@x.example".into(),
            kind,
            cause: Cause::Joined,
            attributes: given.iter().map(delta).collect(),
        },
        whole,
        keys: keys.collect(),
    }
}

fn ada() -> Value {
    json!({
        "userName": "ada@x.example", "externalId": "p-1", "displayName": "Ada", "name.givenName": "Ada",
        WORK_EMAIL: "ada@x.example", DEPARTMENT: "Tools", MANAGER: "boss/1",
    })
}

fn create() -> Operation {
    operation(ChangeKind::Create, None, ada())
}

fn deactivate(account: &str) -> Operation {
    operation(ChangeKind::Deactivate, Some(account), json!({}))
}

fn update(account: &str, attributes: Value) -> Operation {
    operation(ChangeKind::Update, Some(account), attributes)
}

async fn apply(target: &Target, operation: Operation) -> Outcome {
    let mut outcomes = target.apply(&[operation]).await;
    assert_eq!(outcomes.len(), 1);
    outcomes.remove(0).1
}

#[track_caller]
fn done(outcome: &Outcome) -> &str {
    match outcome {
        Outcome::Done { account, .. } => account.as_str(),
        other => panic!("not done: {other:?}"),
    }
}

#[track_caller]
fn failed(outcome: Outcome) -> Failure {
    match outcome {
        Outcome::Failed(failure) => failure,
        other => panic!("not failed: {other:?}"),
    }
}
