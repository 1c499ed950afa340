//! After a crash or an ambiguous answer: whatever was in flight is settled by asking the target, before anything else
//! is sent (guarantee 10). What was only planned is void: the next plan decides anew. Nothing is planned for a person
//! who is still in doubt.

use super::{Job, Stop};
use crate::model::{Account, AccountId, Answer, ChangeKind, Failure, Operation};
use crate::plan::diff;
use crate::settings::Stage;
use crate::store::Settled;
use crate::target::Match;

/// An operation that may or may not have been done, and why the target could not be asked about it.
#[derive(Debug)]
pub struct Doubt {
    pub operation: Operation,
    pub failure: Failure,
}

/// Settles what can be settled; the rest stays in flight and is handed back. A target that is down ends the run.
pub async fn settle_open_operations(job: &Job<'_>, run: i64) -> Result<Vec<Doubt>, Stop> {
    if job.settings.stage == Stage::Preview {
        return Ok(Vec::new());
    }
    // The same process may have run before: nobody is to be taken for judged by that run's working tables.
    job.store.clear_working_tables()?;
    job.store.void_planned(None, "the run that planned them ended before they were sent", job.clock.now())?;
    let open = job.store.in_flight()?;
    if !open.is_empty() {
        tracing::info!(operations = open.len(), "asking the target about {} operations left in flight", open.len());
    }
    let mut doubts = Vec::new();
    for operation in open.into_iter().map(|open| open.operation) {
        match ask(job, &operation).await {
            Ok(settled) => job.store.settle(&[(operation, settled)], run, job.clock.now())?,
            Err(Stop::Target(failure)) => doubts.push(Doubt { operation, failure }),
            Err(stop) => return Err(stop),
        }
        Stop::if_target_is_down(doubts.iter().map(|doubt| &doubt.failure))?;
    }
    Ok(doubts)
}

/// Nobody who is in doubt gets another change before the doubt is resolved.
pub fn fail_the_doubtful(job: &Job<'_>, doubts: &[Doubt]) -> anyhow::Result<()> {
    for Doubt { operation, failure } in doubts {
        let change = &operation.change;
        let reason = format!(
            "Whether the last change for {} was made is not known, and the app cannot be asked: {}",
            change.user_name, failure.reason
        );
        let failure = Failure { reason, ..failure.clone() };
        job.store.judge_failing(&change.person, &change.user_name, &failure)?;
    }
    Ok(())
}

/// Whether the target has done it.
async fn ask(job: &Job<'_>, operation: &Operation) -> Result<Settled, Stop> {
    match (&operation.change.account, operation.change.kind) {
        (None, _) | (_, ChangeKind::Create) => ask_for_created(job, operation).await,
        (Some(account), _) => ask_for_changed(job, operation, account).await,
    }
}

async fn ask_for_created(job: &Job<'_>, operation: &Operation) -> Result<Settled, Stop> {
    let account = match job.target.find(&operation.keys).await.map_err(Stop::Target)? {
        Match::One(account) => account,
        Match::Nobody => return Ok(void("the target does not have it: it was never created")),
        Match::Several(_) => return Ok(void("several accounts match: the next plan reports them")),
    };
    let anothers = job.store.owner_of(&account.id)?.is_some_and(|owner| owner.person != operation.change.person);
    let foreign = operation.keys.iter().any(|key| {
        key.attribute.eq_ignore_ascii_case("externalId")
            && account.external_id.as_deref().is_some_and(|id| id != key.value)
    });
    if anothers || foreign {
        return Ok(void("the account that matches is not ours: the next plan reports it"));
    }
    Ok(done(account.id))
}

async fn ask_for_changed(job: &Job<'_>, operation: &Operation, id: &AccountId) -> Result<Settled, Stop> {
    let Some(account) = job.target.read(id).await.map_err(Stop::Target)? else {
        let gone = operation.change.kind == ChangeKind::Deactivate;
        return Ok(if gone { done(id.clone()) } else { void("the target does not have the account any more") });
    };
    if is_done(operation, &account) {
        return Ok(done(id.clone()));
    }
    Ok(void("the target has not done it: the next plan decides anew"))
}

fn is_done(operation: &Operation, account: &Account) -> bool {
    match operation.change.kind {
        ChangeKind::Deactivate => account.active == Some(false),
        ChangeKind::Reactivate => account.active == Some(true) && has_changes(operation, account),
        ChangeKind::Create | ChangeKind::Adopt | ChangeKind::Update | ChangeKind::Rename => {
            has_changes(operation, account)
        }
    }
}

fn has_changes(operation: &Operation, account: &Account) -> bool {
    let changed = |(name, delta): (&String, &crate::model::Delta)| match name.as_str() {
        "active" => account.active.map(serde_json::Value::from) == delta.after,
        _ => diff::same(account.attributes.get(name), delta.after.as_ref()),
    };
    operation.change.attributes.iter().all(changed)
}

fn done(account: AccountId) -> Settled {
    let note = Some("found done when the target was asked after an interruption".to_owned());
    Settled::Done { account, answer: Answer::default(), echo: None, note }
}

fn void(why: &str) -> Settled {
    Settled::Void(why.to_owned())
}
