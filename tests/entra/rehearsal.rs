//! The connector against the sandbox's tenant: the same rules, with somebody else's idea of Graph.

use futures_util::future::join_all;
use rollcall::http::Patience;
use rollcall::model::{PersonId, Properties, Secret, SecretPlace};
use rollcall::report::Verdict;
use rollcall::sandbox::directory::{Directory, GroupState, TenantOptions};
use rollcall::sandbox::entra::{Act, Entra, Fault, Spot};
use rollcall::source::{Cloud, GroupRef, Proof, Source, SourceKind, SourceSettings, Whereabouts};
use serde_json::json;

use crate::tenant::{hasty, hasty_with_silence};
use crate::{Read, read};

/// Three pages of 999, the last one short.
const MEMBERS: u32 = 2_100;
const PAGES: u32 = 3;

struct Stage {
    directory: Directory,
    entra: Entra,
}

async fn stage(members: u32) -> Stage {
    let directory = Directory::new(&TenantOptions { members, ..TenantOptions::default() });
    let entra = Entra::start(directory.clone(), 0).await.expect("a free port");
    Stage { directory, entra }
}

impl Stage {
    fn settings(&self) -> SourceSettings {
        let mut client_secret = Secret::at(SecretPlace::Env("SECRET".into()));
        client_secret.resolve(self.directory.client_secret());
        SourceSettings {
            kind: SourceKind::Entra,
            tenant_id: self.directory.tenant_id(),
            client_id: self.directory.client_id(),
            client_secret,
            client_secret_expires: None,
            groups: vec![GroupRef::Id(self.directory.group())],
            except_groups: Vec::new(),
            nested: false,
            guests: false,
            cloud: Cloud::Global,
            login_url: Some(self.entra.login_url()),
            graph_url: Some(self.entra.graph_url()),
            ca_file: None,
        }
    }

    fn source_with(&self, change: impl FnOnce(&mut SourceSettings), patience: Patience, manager: bool) -> Source {
        let user = ["department", "mail", "jobTitle", "givenName", "surname"].map(str::to_owned).into();
        let manager = manager.then(|| ["mail".to_owned()].into());
        let mut settings = self.settings();
        change(&mut settings);
        Source::connect_with(&settings, &Properties { user, manager }, patience).expect("good settings")
    }

    fn source(&self) -> Source {
        self.source_with(|_| {}, hasty(), false)
    }
}

fn breaking() -> Vec<Act> {
    vec![
        Act::Refuse { status: 503, code: "serviceNotAvailable".into(), retry_after: None },
        Act::Refuse { status: 429, code: "TooManyRequests".into(), retry_after: None },
        Act::Refuse { status: 429, code: "TooManyRequests".into(), retry_after: Some("3600".into()) },
        Act::Refuse { status: 400, code: "Directory_ExpiredPageToken".into(), retry_after: None },
        Act::Refuse { status: 401, code: "InvalidAuthenticationToken".into(), retry_after: None },
        Act::Refuse { status: 403, code: "Authorization_RequestDenied".into(), retry_after: None },
        Act::Refuse { status: 404, code: "Request_ResourceNotFound".into(), retry_after: None },
        Act::Html { status: 502 },
        Act::Html { status: 200 },
        Act::EmptyBody,
        Act::Body { status: 200, body: "{\"value\":".into() },
        Act::Truncated,
        Act::CutBefore,
        Act::CutWithin,
        Act::Hang,
        Act::Redirect("https://evil.example/".into()),
        Act::NextLink("https://evil.example/v1.0/groups".into()),
        Act::NoRows,
        Act::IdOnly,
        Act::RepeatPage,
        Act::Cycle,
        Act::DropRows(1),
        Act::ForgetNextLink,
    ]
}

/// Whether the fault changes nothing on that page, because there is no further one.
fn is_harmless(act: &Act, page: u32) -> bool {
    matches!(act, Act::ForgetNextLink) && page == PAGES
}

async fn with_fault(page: u32, act: Act, always: bool) -> Read {
    let stage = stage(MEMBERS).await;
    let patience = if matches!(act, Act::Hang) { hasty_with_silence() } else { hasty() };
    let fault = Fault::new(Spot::MembersPage(page), act);
    stage.entra.fault(if always { fault.always() } else { fault });
    read(&stage.source_with(|_| {}, patience, false)).await
}

/// Accident A1: whatever happens to whichever page, there is a whole roster or none.
#[tokio::test]
async fn whatever_keeps_happening_to_a_page_there_is_no_roster() {
    for act in breaking() {
        let reads = join_all((1..=PAGES).map(|page| with_fault(page, act.clone(), true))).await;
        for (page, read) in (1..).zip(reads) {
            assert_eq!(read.outcome.is_ok(), is_harmless(&act, page), "{act:?} on page {page}: {:?}", read.outcome);
        }
    }
}

#[tokio::test]
async fn whatever_happens_once_to_a_page_the_roster_is_whole_or_there_is_none() {
    for act in breaking() {
        let reads = join_all((1..=PAGES).map(|page| with_fault(page, act.clone(), false))).await;
        for (page, read) in (1..).zip(reads) {
            let lasting = matches!(act, Act::IdOnly | Act::Redirect(_) | Act::NextLink(_))
                || matches!(&act, Act::Refuse { status: 403 | 404, .. } | Act::Refuse { retry_after: Some(_), .. });
            assert_eq!(read.outcome.is_err(), lasting, "{act:?} on page {page}: {:?}", read.outcome);
            if !lasting {
                assert_eq!(read.people.len(), MEMBERS as usize, "{act:?} on page {page}");
            }
        }
    }
}

#[tokio::test]
async fn a_body_that_inflates_without_end_fails_the_read() {
    let stage = stage(10).await;
    stage.entra.fault(Fault::new(Spot::Members, Act::GzipBomb { megabytes: 20 }).always());
    assert_eq!(read(&stage.source()).await.error().class, "unreadable");
}

#[tokio::test]
async fn what_the_directory_says_is_what_is_read() {
    let stage = stage(1_200).await;
    let read = read(&stage.source()).await;
    assert_eq!(read.roster().warnings, [""; 0]);
    let mut expected = stage.directory.members(2_000);
    expected.sort_unstable();
    assert_eq!(read.ids(), expected);
    let person = &read.people[7];
    let said = stage.directory.person(person.id.as_str()).expect("a person");
    for (name, value) in &person.attributes {
        assert_eq!(said.get(name), Some(value), "{name}");
    }
}

#[tokio::test]
async fn members_of_all_kinds_are_counted_and_users_of_all_states_read() {
    let stage = stage(10).await;
    let (directory, group) = (&stage.directory, stage.directory.group());
    let people = directory.members(10);
    for other in [directory.add_group("Nested"), directory.add_device("PC"), directory.add_org_contact("Partner")] {
        directory.add_member(&group, &other).expect("added");
    }
    directory.disable(&people[0]).expect("disabled");
    directory.soft_delete(&people[1]).expect("deleted");
    let read = read(&stage.source()).await;
    assert_eq!((read.roster().other_members, read.roster().groups[0].users), (3, 9));
    let disabled: Vec<&str> =
        read.people.iter().filter(|person| person.enabled == Some(false)).map(|person| person.id.as_str()).collect();
    assert_eq!(disabled, [people[0].as_str()]);
}

#[tokio::test]
async fn nested_members_are_read_when_asked_for_and_prove_membership_always() {
    let stage = stage(2).await;
    let (directory, group) = (&stage.directory, stage.directory.group());
    let nested = directory.add_group("Nested");
    let inside = directory.register(&json!({"givenName": "Ina", "surname": "Side"})).expect("registered");
    directory.add_member(&nested, &inside).expect("added");
    directory.add_member(&group, &nested).expect("added");
    assert_eq!(read(&stage.source()).await.people.len(), 2);
    let opened = stage.source_with(|settings| settings.nested = true, hasty(), false);
    let read = read(&opened).await;
    assert_eq!((read.people.len(), read.roster().other_members), (3, 1));
    let proof = stage.source().prove(&PersonId::new(inside)).await.expect("a proof");
    assert!(matches!(proof, Proof::Present { member: true, .. }));
}

#[tokio::test]
async fn managers_come_from_shuffled_and_throttled_batches() {
    let stage = stage(60).await;
    let people = stage.directory.members(60);
    for pair in people.windows(2) {
        stage.directory.set_manager(&pair[1], Some(&pair[0])).expect("a manager");
    }
    stage.directory.set_manager(&people[0], None).expect("nobody");
    stage.entra.fault(Fault::throttled(Spot::BatchItem, Some("0")).after(7).times(3));
    let read = read(&stage.source_with(|_| {}, hasty(), true)).await;
    read.roster();
    for person in &read.people {
        let position = people.iter().position(|id| id == person.id.as_str()).expect("known");
        let expected = position.checked_sub(1).map(|before| people[before].as_str());
        assert_eq!(person.manager.as_ref().map(|manager| manager.id.as_str()), expected);
    }
}

#[tokio::test]
async fn a_manager_whose_answer_stays_broken_fails_the_read() {
    for act in
        [Act::Html { status: 404 }, Act::EmptyBody, Act::Refuse { status: 503, code: "x".into(), retry_after: None }]
    {
        let stage = stage(30).await;
        stage.entra.fault(Fault::new(Spot::BatchItem, act.clone()).after(4).always());
        assert!(read(&stage.source_with(|_| {}, hasty(), true)).await.outcome.is_err(), "{act:?}");
    }
}

#[tokio::test]
async fn losing_a_permission_is_told_by_its_name() {
    for (permission, class) in [("User.Read.All", "permission"), ("GroupMember.Read.All", "permission")] {
        let stage = stage(20).await;
        stage.directory.revoke(permission);
        let read = read(&stage.source()).await;
        assert_eq!(read.error().class, class);
        assert!(read.error().to_string().contains(permission), "{}", read.error());
        assert!(read.people.is_empty());
        let proof = stage.source().prove(&PersonId::new(stage.directory.members(1)[0].clone())).await;
        assert!(proof.is_err(), "{permission}");
    }
}

#[tokio::test]
async fn groups_that_are_gone_hidden_or_frozen_are_told_apart() {
    let stage = stage(5).await;
    let (directory, group) = (&stage.directory, stage.directory.group());
    directory.set_group_state(&group, GroupState::Paused).expect("paused");
    assert_eq!(read(&stage.source()).await.roster().warnings.len(), 1);
    directory.set_group_state(&group, GroupState::Hidden).expect("hidden");
    assert_eq!(read(&stage.source()).await.error().class, "group_hidden");
    directory.grant("Member.Read.Hidden");
    assert_eq!(read(&stage.source()).await.people.len(), 5);
    directory.delete_group(&group).expect("deleted");
    assert_eq!(read(&stage.source()).await.error().class, "group_gone");
    let nonsense = stage.source_with(|settings| settings.groups = vec![GroupRef::Id("staff".into())], hasty(), false);
    let error = read(&nonsense).await.error().clone();
    assert!(matches!(error.class, "configuration" | "group_gone"), "{error}");
}

#[tokio::test]
async fn secrets_that_are_wrong_or_expired_are_told_apart() {
    let stage = stage(1).await;
    let wrong = stage.source_with(|settings| settings.client_secret.resolve("sbx8Q~wrong".into()), hasty(), false);
    assert!(read(&wrong).await.error().reason.contains("7000215"));
    let stranger = stage.source_with(|settings| settings.client_id = settings.tenant_id.clone(), hasty(), false);
    assert!(read(&stranger).await.error().reason.contains("700016"));
    let nowhere = stage.source_with(|settings| settings.tenant_id = settings.client_id.clone(), hasty(), false);
    assert!(read(&nowhere).await.error().reason.contains("90002"));
    stage.directory.set_secret_expiry(chrono::Utc::now() - chrono::TimeDelta::days(1));
    assert!(read(&stage.source()).await.error().reason.contains("7000222"));
}

#[tokio::test]
async fn a_token_that_is_refused_in_the_middle_is_renewed() {
    let stage = stage(MEMBERS).await;
    let source = stage.source();
    assert!(read(&source).await.outcome.is_ok());
    stage.entra.expire_tokens();
    assert_eq!(read(&source).await.people.len(), MEMBERS as usize);
    assert_eq!(stage.entra.counters().get("token"), 2);
}

#[tokio::test]
async fn whereabouts_and_proofs_follow_a_persons_life() {
    let stage = stage(30).await;
    let (directory, source) = (&stage.directory, stage.source());
    let people = directory.members(30);
    directory.disable(&people[0]).expect("disabled");
    directory.soft_delete(&people[1]).expect("deleted");
    directory.remove_member(&directory.group(), &people[2]).expect("removed");
    let asked: Vec<PersonId> = people.iter().map(|id| PersonId::new(id.clone())).collect();
    for some in [&asked[..10], &asked[..]] {
        let answers = source.whereabouts(some).await;
        let gone: Vec<bool> = answers.iter().map(|answer| matches!(answer, Ok(Whereabouts::Gone))).collect();
        assert!(gone.iter().enumerate().all(|(n, gone)| *gone == (n == 1)), "{answers:?}");
    }
    let proofs = [source.prove(&asked[0]).await, source.prove(&asked[1]).await, source.prove(&asked[2]).await];
    assert!(matches!(&proofs[0], Ok(Proof::Present { person, member: true }) if person.enabled == Some(false)));
    assert!(matches!(&proofs[1], Ok(Proof::Gone)));
    assert!(matches!(&proofs[2], Ok(Proof::Present { member: false, .. })));
    let user_name =
        directory.person(&people[3]).expect("a person")["userPrincipalName"].as_str().expect("text").to_owned();
    for name in [people[3].as_str(), &user_name] {
        assert_eq!(source.find(name).await.expect("an answer").map(|found| found.id), Some(asked[3].clone()));
    }
    assert_eq!(source.find("nobody@northwind.example").await.expect("an answer"), None);
}

#[tokio::test]
async fn a_sandbox_passes_the_check() {
    let stage = stage(40).await;
    let (findings, sample) = stage.source_with(|_| {}, hasty(), true).check(chrono::Utc::now()).await;
    assert!(findings.iter().all(|finding| finding.verdict == Verdict::Ok), "{findings:?}");
    assert_eq!((findings.len(), sample.len()), (4, 20));
}

/// Every property that expressions may name is one that lists give.
#[tokio::test]
async fn every_known_property_can_be_selected() {
    let stage = stage(3).await;
    let user = rollcall::source::known_properties(SourceKind::Entra).iter().map(|&name| name.to_owned()).collect();
    let source = Source::connect_with(&stage.settings(), &Properties { user, manager: None }, hasty()).expect("good");
    assert_eq!(read(&source).await.people.len(), 3);
}
