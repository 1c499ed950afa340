//! Every cause and rule of judging one person, and what holds for anybody.

use chrono::TimeDelta;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::mapping::{MappingLine, MappingSettings};
use crate::model::{AttributeKind, Attributes, Origin, PersonId};
use crate::plan::{digest, update};
use crate::scope::ScopeSettings;

fn rules(leavers: LeaverRule) -> Rules {
    let lines = [
        ("userName", "user.userPrincipalName | lower"),
        ("title", "user.jobTitle"),
        ("department", "user.department"),
        ("manager", "manager.account_id"),
    ];
    let line = |(attribute, text): (&str, &str)| (attribute.to_owned(), MappingLine::Expression(text.to_owned()));
    let settings: MappingSettings = lines.map(line).into_iter().collect();
    let match_by = vec!["userName".to_owned()];
    let scope = ScopeSettings { condition: Some("user.department not in ['Contractors']".to_owned()) };
    Rules {
        scope: Scope::compile(&scope, false).expect("a scope"),
        mapping: Mapping::compile(&settings, &match_by, |_| AttributeKind::Text).expect("a mapping"),
        leavers: Leavers { disabled: leavers, deleted: leavers, left_group: leavers, out_of_scope: leavers },
        patience: Span::of_days(2),
        match_by,
        protected: vec!["root@acme.example".to_owned()],
    }
}

fn person(attributes: &[(&str, &str)]) -> Person {
    let attributes = attributes.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
    Person {
        id: PersonId::new("p"),
        user_name: "ada@acme.example".to_owned(),
        enabled: Some(true),
        guest: false,
        attributes,
        manager: None,
    }
}

fn ada() -> Person {
    person(&[("userPrincipalName", "Ada@acme.example"), ("jobTitle", "CTO")])
}

fn account(user_name: &str, active: bool) -> Snapshot {
    let attributes = json!({ "userName": user_name, "title": "CTO" });
    Snapshot {
        person: PersonId::new("p"),
        account: AccountId::new("17"),
        user_name: user_name.to_owned(),
        active,
        attributes: serde_json::from_value(attributes).expect("attributes"),
        origin: Origin::Created,
    }
}

fn now() -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::days(20_000)
}

fn judge(person: &Person, snapshot: Option<&Snapshot>, rules: &Rules) -> Judgement {
    let subject = Subject { person, snapshot, stood: None, leaving_since: None, manager_account: None };
    judge_member(subject, rules, now())
}

fn deactivation(cause: Cause) -> Decision {
    Decision::Change { kind: ChangeKind::Deactivate, cause, attributes: BTreeMap::new() }
}

#[test]
fn every_cause_of_leaving_has_its_own_rule() {
    let causes = [Cause::Disabled, Cause::Deleted, Cause::LeftGroup, Cause::OutOfScope];
    for due in causes {
        let mut rules = rules(LeaverRule::Keep);
        let rule = match due {
            Cause::Disabled => &mut rules.leavers.disabled,
            Cause::Deleted => &mut rules.leavers.deleted,
            Cause::LeftGroup => &mut rules.leavers.left_group,
            _ => &mut rules.leavers.out_of_scope,
        };
        *rule = LeaverRule::Now;
        for cause in causes {
            let judged = judge_missing(&account("ada@acme.example", true), cause, None, (&rules, now()));
            let expected = if cause == due { deactivation(cause) } else { Decision::Nothing };
            assert_eq!((judged.decision, judged.leaving), (expected, Some(true)), "{cause}, {due} is due");
        }
    }
}

#[test]
fn a_disabled_member_is_a_leaver_before_anything_else_is_asked() {
    let disabled = Person { enabled: Some(false), ..person(&[("department", "Contractors")]) };
    let judged = judge(&disabled, Some(&account("ada@acme.example", true)), &rules(LeaverRule::Now));
    assert_eq!((judged.standing, judged.decision), (Standing::NotEligible, deactivation(Cause::Disabled)));
}

#[test]
fn a_leaver_without_an_active_account_is_no_failure_and_nothing_to_do() {
    let disabled = Person { enabled: Some(false), ..ada() };
    for snapshot in [None, Some(&account("ada@acme.example", false))] {
        let judged = judge(&disabled, snapshot, &rules(LeaverRule::Now));
        assert_eq!(
            (judged.standing, judged.decision, judged.settled),
            (Standing::NotEligible, Decision::Nothing, true)
        );
    }
}

#[test]
fn what_the_directory_does_not_say_is_never_read_as_disabled() {
    let unsaid = Person { enabled: None, ..ada() };
    let judged = judge(&unsaid, Some(&account("ada@acme.example", true)), &rules(LeaverRule::Now));
    assert_eq!((judged.standing, judged.decision, judged.leaving), (Standing::Failing, Decision::Nothing, None));
}

#[test]
fn a_leaver_with_time_left_is_due_when_it_is_over_and_not_before() {
    let rules = rules(LeaverRule::After(Span::of_days(3)));
    let ada = account("ada@acme.example", true);
    let judge = |since| judge_missing(&ada, Cause::LeftGroup, since, (&rules, now())).decision;
    assert_eq!(judge(None), Decision::Nothing);
    assert_eq!(judge(Some(now() - TimeDelta::days(3) + TimeDelta::seconds(1))), Decision::Nothing);
    assert_eq!(judge(Some(now() - TimeDelta::days(3))), deactivation(Cause::LeftGroup));
}

#[test]
fn a_protected_account_is_neither_deactivated_nor_renamed_but_may_be_updated() {
    let (rules, root) = (rules(LeaverRule::Now), account("Root@acme.example", true));
    let judged = judge_missing(&root, Cause::Deleted, None, (&rules, now()));
    assert_eq!((judged.decision, judged.settled), (Decision::Protected(Cause::Deleted), false));
    let judged = judge(&ada(), Some(&root), &rules);
    assert_eq!((judged.decision, judged.settled), (Decision::Protected(Cause::AttributesChanged), false));
    let promoted = person(&[("userPrincipalName", "root@acme.example"), ("jobTitle", "CEO")]);
    let judged = judge(&promoted, Some(&account("root@acme.example", true)), &rules);
    assert!(matches!(judged.decision, Decision::Change { kind: ChangeKind::Update, .. }), "{judged:?}");
}

#[test]
fn who_is_back_gets_the_account_again_with_what_changed_meanwhile() {
    let promoted = person(&[("userPrincipalName", "ada@acme.example"), ("jobTitle", "CEO")]);
    let judged = judge(&promoted, Some(&account("ada@acme.example", false)), &rules(LeaverRule::Now));
    let Decision::Change { kind, cause, attributes } = judged.decision else { panic!("{judged:?}") };
    assert_eq!((kind, cause, judged.leaving), (ChangeKind::Reactivate, Cause::Returned, Some(false)));
    assert_eq!(attributes.keys().collect::<Vec<_>>(), ["title"]);
}

#[test]
fn a_missing_value_is_waited_for_as_long_as_patience_lasts() {
    let rules = rules(LeaverRule::Now);
    let incomplete = person(&[]);
    let judge = |stood: Option<(Standing, i64)>| {
        let stood = stood.map(|(standing, hours)| StandingSince { standing, since: now() - TimeDelta::hours(hours) });
        let subject =
            Subject { person: &incomplete, snapshot: None, stood, leaving_since: None, manager_account: None };
        let judged = judge_member(subject, &rules, now());
        assert_eq!((&judged.decision, judged.settled), (&Decision::Nothing, false));
        judged.standing
    };
    assert_eq!(judge(None), Standing::Waiting);
    assert_eq!(judge(Some((Standing::Waiting, 47))), Standing::Waiting);
    assert_eq!(judge(Some((Standing::Waiting, 48))), Standing::Failing);
    assert_eq!(judge(Some((Standing::Failing, 1))), Standing::Failing);
    assert_eq!(judge(Some((Standing::InScope, 1000))), Standing::Waiting);
}

#[test]
fn a_manager_who_is_awaited_keeps_the_person_open_and_clears_nothing() {
    let manager = crate::model::Manager { id: PersonId::new("m"), attributes: BTreeMap::new() };
    let led = Person { manager: Some(manager), ..ada() };
    let judged = judge(&led, Some(&account("ada@acme.example", true)), &rules(LeaverRule::Now));
    assert_eq!(judged.decision, Decision::Nothing);
    assert!(judged.wanted.is_some_and(|wanted| wanted.awaits_manager));
}

fn value() -> impl Strategy<Value = Option<String>> {
    proptest::option::of(prop_oneof![Just(String::new()), "[a-cß ]{0,3}", Just("Contractors".to_owned())])
}

prop_compose! {
    fn anybody()(
        upn in value(), title in value(), department in value(),
        enabled in proptest::option::of(any::<bool>()), guest in any::<bool>(), led in any::<bool>(),
    ) -> Person {
        let named = [("userPrincipalName", upn), ("jobTitle", title), ("department", department)];
        let set = |(name, value): (&str, Option<String>)| Some((name.to_owned(), Value::String(value?)));
        let manager = led.then(|| crate::model::Manager { id: PersonId::new("m"), attributes: BTreeMap::new() });
        Person { enabled, guest, attributes: named.into_iter().filter_map(set).collect(), manager, ..ada() }
    }
}

prop_compose! {
    fn any_account()(
        user_name in "[a-c]{1,3}", title in value(), manager in proptest::option::of("[0-9]"), active in any::<bool>(),
    ) -> Snapshot {
        let mut attributes = Attributes::from([("userName".to_owned(), json!(user_name.clone()))]);
        attributes.extend(title.map(|title| ("title".to_owned(), json!(title))));
        attributes.extend(manager.map(|manager| ("manager".to_owned(), json!(manager))));
        Snapshot { user_name, active, attributes, ..account("ada@acme.example", true) }
    }
}

proptest! {
    #[test]
    fn an_enabled_member_in_scope_is_never_deactivated(
        person in anybody(), snapshot in proptest::option::of(any_account()),
    ) {
        let rules = rules(LeaverRule::Now);
        let in_scope = rules.scope.decide(&person, None) == Ok(ScopeDecision::In);
        let judged = judge(&person, snapshot.as_ref(), &rules);
        if person.enabled != Some(false) && in_scope {
            let deactivates = matches!(judged.decision, Decision::Change { kind: ChangeKind::Deactivate, .. });
            prop_assert!(!deactivates, "{:?}", judged);
            prop_assert_ne!(judged.leaving, Some(true));
        }
    }

    #[test]
    fn who_waits_or_fails_gets_no_change_and_is_judged_again(
        person in anybody(), snapshot in proptest::option::of(any_account()),
    ) {
        let judged = judge(&person, snapshot.as_ref(), &rules(LeaverRule::Now));
        if matches!(judged.standing, Standing::Waiting | Standing::Failing) {
            prop_assert_eq!(&judged.decision, &Decision::Nothing);
            prop_assert!(!judged.settled && judged.failure.is_some() && judged.wanted.is_none());
        }
    }

    /// After a change was done there is nothing left to do: the same person is judged to nothing.
    #[test]
    fn what_was_done_is_not_due_again(person in anybody(), snapshot in any_account()) {
        let rules = rules(LeaverRule::Now);
        let judged = judge(&person, Some(&snapshot), &rules);
        if let Decision::Change { kind, cause, attributes } = judged.decision {
            let operation = update(&snapshot, judged.wanted.as_ref(), (kind, cause), (attributes, &rules.match_by));
            let (user_name, active, whole) = crate::plan::returned_as(&operation);
            let after = Snapshot { user_name, active, attributes: whole.clone(), ..snapshot };
            prop_assert_eq!(judge(&person, Some(&after), &rules).decision, Decision::Nothing);
        }
    }

    #[test]
    fn the_same_change_has_the_same_digest_and_another_one_another(one in any_account(), other in any_account()) {
        let change = |snapshot: &Snapshot| {
            let attributes = diff(&wanted(snapshot), &Attributes::new());
            let what = (ChangeKind::Update, Cause::AttributesChanged);
            update(snapshot, None, what, (attributes, &[])).change
        };
        let (one, other) = (change(&one), change(&other));
        let same = one.attributes == other.attributes;
        prop_assert_eq!(digest(&one) == digest(&other), same);
        for kind in ChangeKind::ALL.into_iter().filter(|kind| *kind != one.kind) {
            prop_assert_ne!(digest(&crate::model::Change { kind, ..one.clone() }), digest(&one));
        }
        let elsewhere = crate::model::Change { account: Some(AccountId::new("18")), ..one.clone() };
        prop_assert_ne!(digest(&elsewhere), digest(&one));
    }
}

fn wanted(snapshot: &Snapshot) -> WantedAccount {
    let set = |(name, value): (&String, &Value)| (name.clone(), crate::model::Wish::Set(value.clone()));
    WantedAccount { attributes: snapshot.attributes.iter().map(set).collect(), awaits_manager: false }
}
