//! Judging one person: leaver first, then scope, then mapping, then what differs.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::settings::{LeaverRule, Leavers};
use super::standing::{Standing, StandingSince};
use super::{diff, is_rename};
use crate::mapping::{Mapping, Rejection, RejectionKind, Wanted};
use crate::model::{AccountId, Cause, ChangeKind, Delta, Failure, FailureClass, Person, Snapshot, Span, WantedAccount};
use crate::scope::{Decision as ScopeDecision, Scope};

/// Everything the operator decided about people, compiled.
#[derive(Debug)]
pub struct Rules {
    pub scope: Scope,
    pub mapping: Mapping,
    pub leavers: Leavers,
    pub patience: Span,
    pub match_by: Vec<String>,
    /// Accounts (userName, e-mail or id, in lower case) that are never deactivated or renamed.
    pub protected: Vec<String>,
}

/// One person with everything that is known of them.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    pub person: &'a Person,
    pub snapshot: Option<&'a Snapshot>,
    /// Where they stood before this run.
    pub stood: Option<StandingSince>,
    /// Since when they have counted as having left, whatever became of it meanwhile.
    pub leaving_since: Option<DateTime<Utc>>,
    /// Their manager's account in the target.
    pub manager_account: Option<&'a AccountId>,
}

/// What is decided about one person.
#[derive(Clone, Debug, PartialEq)]
pub struct Judgement {
    pub standing: Standing,
    /// Why they wait or fail.
    pub failure: Option<Failure>,
    pub decision: Decision,
    /// The account they should have, where mapping could say.
    pub wanted: Option<WantedAccount>,
    /// Whether they count as having left; `None`: it could not be told.
    pub leaving: Option<bool>,
    /// Nothing will be left to do once the decision is carried out, but for a manager who is awaited: an unchanged
    /// person need not be judged again.
    pub settled: bool,
}

/// What is to be done about one person's account.
#[derive(Clone, Debug, PartialEq)]
pub enum Decision {
    Nothing,
    /// They need an account and have none of ours: look for an existing one, else create it.
    Provision,
    Change {
        kind: ChangeKind,
        cause: Cause,
        attributes: BTreeMap<String, Delta>,
    },
    /// A leaver or a rename that is due, on an account that the operator protects.
    Protected(Cause),
}

impl Judgement {
    fn member(standing: Standing, decision: Decision) -> Self {
        Self { standing, failure: None, decision, wanted: None, leaving: Some(false), settled: true }
    }

    fn leaver(standing: Standing, decision: Decision) -> Self {
        Self { leaving: Some(true), ..Self::member(standing, decision) }
    }

    fn undecided(failure: Failure) -> Self {
        let failing = Self::member(Standing::Failing, Decision::Nothing);
        Self { failure: Some(failure), leaving: None, settled: false, ..failing }
    }
}

/// Judges a person who is on the roster.
pub fn judge_member(subject: Subject<'_>, rules: &Rules, now: DateTime<Utc>) -> Judgement {
    match subject.person.enabled {
        None => return Judgement::undecided(unsaid(subject.person)),
        Some(false) => return judge_leaver(subject.snapshot, Cause::Disabled, subject.leaving_since, (rules, now)),
        Some(true) => {}
    }
    match rules.scope.decide(subject.person, subject.manager_account) {
        Err(why) => Judgement::undecided(Failure::new(FailureClass::Record, why.reason, why.remedy)),
        Ok(ScopeDecision::Out { .. }) => {
            judge_leaver(subject.snapshot, Cause::OutOfScope, subject.leaving_since, (rules, now))
        }
        Ok(ScopeDecision::In) => judge_in_scope(subject, rules, now),
    }
}

/// Judges the account of somebody who is not on the roster any more; `cause` is what the source said about them.
pub fn judge_missing(
    snapshot: &Snapshot,
    cause: Cause,
    leaving_since: Option<DateTime<Utc>>,
    context: (&Rules, DateTime<Utc>),
) -> Judgement {
    judge_leaver(Some(snapshot), cause, leaving_since, context)
}

/// A leaver needs no mapping and collides with nobody; without an active account there is nothing to do.
fn judge_leaver(
    snapshot: Option<&Snapshot>,
    cause: Cause,
    leaving_since: Option<DateTime<Utc>>,
    (rules, now): (&Rules, DateTime<Utc>),
) -> Judgement {
    let gone = if cause == Cause::OutOfScope { Standing::OutOfScope } else { Standing::NotEligible };
    let Some(snapshot) = snapshot.filter(|snapshot| snapshot.active) else {
        return Judgement::leaver(gone, Decision::Nothing);
    };
    let due = match rules.leavers.rule(cause) {
        Some(LeaverRule::Now) => true,
        Some(LeaverRule::After(span)) => now - leaving_since.unwrap_or(now) >= span.delta(),
        Some(LeaverRule::Keep) | None => false,
    };
    if !due {
        return Judgement { settled: false, ..Judgement::leaver(Standing::Leaving, Decision::Nothing) };
    }
    if is_protected(snapshot, rules) {
        return Judgement { settled: false, ..Judgement::leaver(Standing::Leaving, Decision::Protected(cause)) };
    }
    let decision = Decision::Change { kind: ChangeKind::Deactivate, cause, attributes: BTreeMap::new() };
    Judgement::leaver(gone, decision)
}

fn judge_in_scope(subject: Subject<'_>, rules: &Rules, now: DateTime<Utc>) -> Judgement {
    let wanted = match rules.mapping.map(subject.person, subject.manager_account) {
        Wanted::Rejected(rejection) => return judge_rejected(rejection, &subject, rules, now),
        Wanted::Account(wanted) => wanted,
    };
    let decision = match subject.snapshot {
        None => Decision::Provision,
        Some(snapshot) => decide(&wanted, snapshot, rules),
    };
    let settled = !matches!(decision, Decision::Protected(_));
    Judgement { wanted: Some(wanted), settled, ..Judgement::member(Standing::InScope, decision) }
}

fn decide(wanted: &WantedAccount, snapshot: &Snapshot, rules: &Rules) -> Decision {
    let attributes = diff(wanted, &snapshot.attributes);
    if !snapshot.active {
        return Decision::Change { kind: ChangeKind::Reactivate, cause: Cause::Returned, attributes };
    }
    if attributes.is_empty() {
        return Decision::Nothing;
    }
    let cause = Cause::AttributesChanged;
    if !is_rename(&attributes, &rules.match_by) {
        return Decision::Change { kind: ChangeKind::Update, cause, attributes };
    }
    if is_protected(snapshot, rules) {
        return Decision::Protected(cause);
    }
    Decision::Change { kind: ChangeKind::Rename, cause, attributes }
}

/// A missing value is waited for; everything else that mapping rejects is a failure at once.
fn judge_rejected(rejection: Rejection, subject: &Subject<'_>, rules: &Rules, now: DateTime<Utc>) -> Judgement {
    let failure = Some(Failure::new(FailureClass::Record, rejection.reason, rejection.remedy));
    let rejected = |standing| Judgement { failure, settled: false, ..Judgement::member(standing, Decision::Nothing) };
    if rejection.kind != RejectionKind::Missing {
        return rejected(Standing::Failing);
    }
    let patient = match subject.stood {
        Some(StandingSince { standing: Standing::Waiting, since }) => now - since < rules.patience.delta(),
        Some(StandingSince { standing: Standing::Failing, .. }) => false,
        Some(_) | None => rules.patience > Span::ZERO,
    };
    rejected(if patient { Standing::Waiting } else { Standing::Failing })
}

fn is_protected(snapshot: &Snapshot, rules: &Rules) -> bool {
    let values = snapshot.attributes.values().filter_map(|value| value.as_str());
    let mut known_as = values.chain([snapshot.user_name.as_str(), snapshot.account.as_str()]);
    known_as.any(|name| rules.protected.contains(&name.to_lowercase()))
}

fn unsaid(person: &Person) -> Failure {
    Failure::new(
        FailureClass::Record,
        format!("The directory does not say whether the account of {} is enabled.", person.user_name),
        "Check that the app registration still has the permission User.Read.All, with admin consent.",
    )
}

#[cfg(test)]
mod tests;
