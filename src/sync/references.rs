//! References come last: a person whose manager got an account only in this run gets the reference then, once.

use super::{Job, Stop};
use crate::mapping::Wanted;
use crate::model::{AccountId, Cause, ChangeKind, Operation, Person, PersonId, Snapshot};
use crate::plan;

/// Plans the references that are no part of another change: people with accounts whose manager is to get one.
/// They are counted and judged like every update; their exact value is known only once the manager's account exists.
pub fn plan(job: &Job<'_>) -> Result<(), Stop> {
    for (person, manager) in job.store.awaiting_planned_managers()? {
        let Some((snapshot, record)) = subject(job, &person)? else { continue };
        let placeholder = AccountId::new(format!("(the new account of {manager})"));
        if let Some(operation) = reference(job, &snapshot, &record, &placeholder) {
            job.store.plan_change(&operation, &plan::digest(&operation.change), false)?;
        }
    }
    let waiting = job.store.awaiting_managers()?;
    if waiting > 0 {
        tracing::debug!(people = waiting, "{waiting} people have a manager without an account");
    }
    Ok(())
}

/// Journals the references whose manager has an account by now: parts of this run's changes, and those planned.
pub fn journal(job: &Job<'_>, run: i64) -> Result<(), Stop> {
    for (person, manager) in job.store.managers_arrived()? {
        let released = job.store.was_released(&person, Cause::ManagerArrived)?;
        if !released && !job.store.was_done_in_run(run, &person)? {
            continue;
        }
        let Some((snapshot, record)) = subject(job, &person)? else { continue };
        let Some(manager) = job.store.snapshot(&manager)? else { continue };
        if let Some(operation) = reference(job, &snapshot, &record, &manager.account) {
            job.store.settle_reference(&person)?;
            job.store.journal_reference(run, &operation)?;
        }
    }
    Ok(())
}

fn subject(job: &Job<'_>, person: &PersonId) -> anyhow::Result<Option<(Snapshot, Person)>> {
    Ok(job.store.snapshot(person)?.zip(job.store.staged_person(person)?))
}

/// What changes for this person because their manager's account is known now; the mapping is asked again, so that an
/// expression may do with the account's id what it likes. Whatever else differs was judged by itself, and may be held.
fn reference(job: &Job<'_>, snapshot: &Snapshot, person: &Person, manager: &AccountId) -> Option<Operation> {
    let Wanted::Account(without) = job.rules.mapping.map(person, None) else { return None };
    let Wanted::Account(wanted) = job.rules.mapping.map(person, Some(manager)) else { return None };
    let mut attributes = plan::diff(&wanted, &snapshot.attributes);
    attributes.retain(|name, _| wanted.attributes.get(name) != without.attributes.get(name));
    if attributes.is_empty() {
        return None;
    }
    let what = (ChangeKind::Update, Cause::ManagerArrived);
    Some(plan::update(snapshot, None, what, (attributes, &job.rules.match_by)))
}
