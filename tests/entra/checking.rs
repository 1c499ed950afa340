//! What `check` finds.

use chrono::{DateTime, Utc};
use rollcall::model::{Person, Properties};
use rollcall::report::{Finding, Verdict};
use rollcall::source::{GroupRef, Source};
use serde_json::json;

use crate::tenant::{Asked, CASUALS, Directory, Reply, STAFF, Tenant, id, properties, user};

fn now() -> DateTime<Utc> {
    "2026-03-01T09:00:00Z".parse().expect("a date")
}

async fn check(source: &Source) -> (Vec<Finding>, Vec<Person>) {
    source.check(now()).await
}

fn said(findings: &[Finding]) -> Vec<(&str, Verdict)> {
    findings.iter().map(|finding| (finding.subject.as_str(), finding.verdict)).collect()
}

fn registered(end: &'static str) -> impl Fn(&Asked, Reply) -> Reply {
    move |asked: &Asked, reply| {
        if asked.path.contains("/applications") {
            Reply::json(
                200,
                &json!({"passwordCredentials": [{"hint": "s3c", "endDateTime": end}, {"hint": "zzz", "endDateTime": "2026-03-02T00:00:00Z"}]}),
            )
        } else {
            reply
        }
    }
}

async fn tenant_until(end: &'static str) -> Tenant {
    Directory::of(50).meddle(registered(end)).open().await
}

#[tokio::test]
async fn a_sound_connection_is_all_fine_with_a_sample_of_twenty() {
    let (findings, sample) = check(&tenant_until("2027-01-31T00:00:00.1234567Z").await.source()).await;
    let expected = ["sign-in", "permissions", "group \"Staff\"", "client secret"].map(|subject| (subject, Verdict::Ok));
    assert_eq!(said(&findings), expected);
    assert_eq!(findings[2].message, "security group, 50 members");
    assert_eq!(findings[3].message, "good until 2027-01-31");
    assert_eq!(sample.len(), 20);
}

#[tokio::test]
async fn a_sample_has_its_managers() {
    let managers = [(id(1), user(0))].into();
    let tenant = Directory { managers, ..Directory::of(2) }.open().await;
    let wanted = Properties { manager: Some(["mail".to_owned()].into()), ..Properties::default() };
    let (_, sample) = check(&tenant.source_with(|_| {}, &wanted)).await;
    assert_eq!(sample.iter().map(|person| person.manager.is_some()).collect::<Vec<_>>(), [false, true]);
}

#[tokio::test]
async fn a_secret_close_to_its_end_is_warned_of() {
    let (findings, _) = check(&tenant_until("2026-03-20T00:00:00Z").await.source()).await;
    assert_eq!((findings[3].subject.as_str(), findings[3].verdict), ("client secret", Verdict::Warning));
    assert!(findings[3].message.contains("in 18 days"), "{}", findings[3].message);
}

#[tokio::test]
async fn without_the_right_to_read_it_the_configured_expiry_counts() {
    let tenant = Directory::of(1).open().await;
    let known = |settings: &mut rollcall::source::SourceSettings| {
        settings.client_secret_expires = Some("2027-02-01".parse().expect("a date"));
    };
    let source = tenant.source_with(known, &properties(&[]));
    assert_eq!(check(&source).await.0[3].message, "good until 2027-02-01");
    assert_eq!(source.credential_expiry(now()).await, Some("2027-02-01T00:00:00Z".parse().expect("a date")));
    assert_eq!(check(&tenant.source()).await.0[3].verdict, Verdict::Warning, "an unknown expiry is doubtful");
}

#[tokio::test]
async fn a_refused_sign_in_is_the_only_finding() {
    let meddle = |asked: &Asked, reply| {
        if asked.path.ends_with("/token") {
            Reply::json(401, &json!({"error": "invalid_client", "error_codes": [7_000_222]}))
        } else {
            reply
        }
    };
    let tenant = Directory::of(1).meddle(meddle).open().await;
    let (findings, sample) = check(&tenant.source()).await;
    assert_eq!(said(&findings), [("sign-in", Verdict::Failure)]);
    assert!(findings[0].message.contains("expired"));
    assert!(sample.is_empty());
}

#[tokio::test]
async fn missing_permissions_are_named() {
    let tenant = Directory::of(1).roles(json!(["GroupMember.Read.All"])).open().await;
    let (findings, _) = check(&tenant.source()).await;
    assert_eq!((findings[1].subject.as_str(), findings[1].verdict), ("permissions", Verdict::Failure));
    assert!(findings[1].message.contains("User.Read.All"));
}

#[tokio::test]
async fn each_group_has_its_own_finding() {
    let directory = Directory::of(1)
        .group(CASUALS, vec![user(1)])
        .described(CASUALS, "groupTypes", json!(["Unified", "DynamicMembership"]))
        .described(CASUALS, "membershipRule", json!("user.country -eq \"AU\""))
        .described(CASUALS, "membershipRuleProcessingState", json!("Paused"));
    let tenant = directory.open().await;
    let missing = id(99);
    let groups = |settings: &mut rollcall::source::SourceSettings| {
        settings.groups = [STAFF, CASUALS, &missing].map(|id| GroupRef::Id(id.into())).into();
    };
    let (findings, sample) = check(&tenant.source_with(groups, &properties(&[]))).await;
    let of_groups: Vec<&Finding> = findings.iter().filter(|finding| finding.subject.starts_with("group")).collect();
    let verdicts = of_groups.iter().map(|finding| finding.verdict).collect::<Vec<_>>();
    assert_eq!(verdicts, [Verdict::Ok, Verdict::Ok, Verdict::Warning, Verdict::Failure]);
    assert!(of_groups[1].message.contains("dynamic Microsoft 365 group") && of_groups[1].message.contains("AU"));
    assert_eq!(sample.len(), 2, "the groups that can be read still give a sample");
}

#[tokio::test]
async fn rows_without_names_are_a_missing_permission() {
    let bare =
        json!({"@odata.type": "#microsoft.graph.user", "id": id(0), "userPrincipalName": null, "displayName": null});
    let tenant = Directory::default().group(STAFF, vec![bare]).open().await;
    let (findings, _) = check(&tenant.source()).await;
    let last = findings.last().expect("a finding");
    assert_eq!((last.subject.as_str(), last.verdict), ("members", Verdict::Failure));
    assert!(last.message.contains("User.Read.All"));
}

#[tokio::test]
async fn members_that_look_like_things_are_pointed_out() {
    let called = |n: usize, name: &str| {
        let mut user = user(n);
        user["displayName"] = json!(name);
        user
    };
    let members =
        vec![called(0, "Ada Lovelace"), called(1, "Meeting Room 4"), called(2, "svc-backup"), called(3, "Mary Testa")];
    let tenant = Directory::default().group(STAFF, members).open().await;
    let (findings, _) = check(&tenant.source()).await;
    let last = findings.last().expect("a finding");
    assert_eq!(last.verdict, Verdict::Warning);
    assert!(last.message.contains("user1@") && last.message.contains("user2@"));
    assert!(!last.message.contains("user0@") && !last.message.contains("user3@"));
}
