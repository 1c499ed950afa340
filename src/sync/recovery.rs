//! After a crash or an ambiguous answer: whatever was in flight is settled by asking the target, before anything else
//! is sent (guarantee 10). What was only planned is void: the next plan decides anew.

use super::{Job, Stop};
use crate::model::{Account, AccountId, Answer, ChangeKind, Operation};
use crate::plan::diff;
use crate::settings::Stage;
use crate::store::Settled;
use crate::target::Match;

pub async fn settle_open_operations(job: &Job<'_>, run: i64) -> Result<(), Stop> {
    if job.settings.stage == Stage::Preview {
        return Ok(());
    }
    job.store.void_planned(None, "the run that planned them ended before they were sent", job.clock.now())?;
    let open = job.store.in_flight()?;
    if open.is_empty() {
        return Ok(());
    }
    // Whoever is settled here is judged again by this run: an earlier run's working tables must not call them unchanged.
    job.store.clear_working_tables()?;
    tracing::info!(operations = open.len(), "asking the target about {} operations left in flight", open.len());
    for open in open {
        let settled = ask(job, &open.operation).await?;
        job.store.settle(&[(open.operation, settled)], run, job.clock.now())?;
    }
    Ok(())
}

/// Whether the target has done it. What cannot be asked stays in flight, and this run sends nothing.
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
