//! Sending, in the order of guarantee 11: journaled before the first byte, each deactivation proved just before, each
//! person's failure their own, and settled as the answers come.

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream;

use super::{Job, Step, Stop, references};
use crate::model::{AccountId, Cause, ChangeKind, Failure, FailureClass, Operation, Outcome};
use crate::report::AppRefusal;
use crate::scope::Decision as ScopeDecision;
use crate::source::Proof;
use crate::store::{Settled, Store};

/// Operations journaled and sent at a time.
const BATCH: usize = 64;
/// Refusals about the app as a whole after which a kind of change stops (guarantee 13).
const ENOUGH_REFUSALS: u64 = 3;
/// Asked to stop, a run gives the requests under way this long; what is not answered by then stays in flight.
const LAST_ANSWERS: Duration = Duration::from_secs(5);
/// Proofs asked for at once.
const PROOFS_AT_ONCE: usize = 4;

/// What sending came to, beside what the journal says.
#[derive(Debug, Default)]
pub struct Sent {
    pub refusals: BTreeMap<ChangeKind, AppRefusal>,
    /// The target went down, or the process was asked to stop: the rest was not sent.
    pub cut_short: Option<Failure>,
    settled: u64,
}

pub async fn send(job: &Job<'_>, run: i64) -> Result<Sent, Stop> {
    let mut sent = Sent::default();
    let total = job.store.released_total()?;
    for phase in Store::PHASES {
        if phase == *Store::PHASES.end() && sent.cut_short.is_none() {
            references::journal(job, run)?;
        }
        while sent.cut_short.is_none() {
            let batch = job.store.take(run, phase, BATCH)?;
            if batch.is_empty() {
                break;
            }
            send_batch(job, run, batch, &mut sent).await?;
            job.report_step(Step::Sending(sent.settled, total.max(sent.settled)));
        }
    }
    job.store.void_planned(None, "the run ended before they were sent", job.clock.now())?;
    Ok(sent)
}

async fn send_batch(job: &Job<'_>, run: i64, batch: Vec<Operation>, sent: &mut Sent) -> anyhow::Result<()> {
    let proving = tokio::select! {
        biased;
        () = job.stop.cancelled() => None,
        proving = prove(job, batch.clone()) => Some(proving),
    };
    let Some((proved, mut outcomes)) = proving else {
        let unsent: Vec<_> = batch.into_iter().map(|operation| (operation, void(&stopped()))).collect();
        sent.cut_short = Some(stopped());
        return job.store.settle(&unsent, run, job.clock.now());
    };
    let answers = tokio::select! {
        answers = job.target.apply(&proved) => answers,
        () = stopping(job) => Vec::new(),
    };
    let mut waiting: BTreeMap<i64, Operation> = proved.into_iter().map(|operation| (operation.id, operation)).collect();
    for (id, outcome) in answers {
        let Some(operation) = waiting.remove(&id) else { continue };
        let settled = match anothers_account(job, (&operation, &outcome), &outcomes)? {
            Some(failure) => Settled::Failed(failure),
            None => sent.interpret(&operation, outcome),
        };
        outcomes.push((operation, settled));
    }
    if !waiting.is_empty() {
        sent.cut_short = Some(stopped());
    }
    sent.settled += outcomes.len() as u64;
    job.store.settle(&outcomes, run, job.clock.now())?;
    for refusal in sent.refusals.values_mut().filter(|refusal| refusal.count >= ENOUGH_REFUSALS) {
        refusal.count += job.store.void_planned(Some(refusal.change), &refusal.reason, job.clock.now())?;
    }
    Ok(())
}

/// An app may answer a create with an account that belongs to somebody else, by linking what it takes for the same
/// e-mail address: nobody may end up with two owners.
fn anothers_account(
    job: &Job<'_>,
    (operation, outcome): (&Operation, &Outcome),
    settled: &[(Operation, Settled)],
) -> anyhow::Result<Option<Failure>> {
    let Outcome::Done { account, answer, .. } = outcome else { return Ok(None) };
    let change = &operation.change;
    let of_this_batch = settled.iter().find_map(|(other, settled)| match settled {
        Settled::Done { account: theirs, .. } if theirs == account => Some(&other.change),
        _ => None,
    });
    let known = job.store.owner_of(account)?.filter(|owner| owner.person != change.person);
    let Some(owner) = known.map(|owner| owner.user_name).or(of_this_batch.map(|other| other.user_name.clone())) else {
        return Ok(None);
    };
    let failure = Failure::new(
        FailureClass::Conflict,
        format!("The app answered {} with the account of {}.", change.user_name, owner),
        "Check both accounts in the app: the two people may share an e-mail address there.",
    );
    Ok(Some(Failure { answer: answer.clone(), ..failure }))
}

async fn stopping(job: &Job<'_>) {
    job.stop.cancelled().await;
    tokio::time::sleep(LAST_ANSWERS).await;
}

fn stopped() -> Failure {
    Failure::new(
        FailureClass::Transient,
        "Rollcall was asked to stop before everything was sent.",
        "The next run asks the app about what was under way and goes on from there.",
    )
}

impl Sent {
    fn interpret(&mut self, operation: &Operation, outcome: Outcome) -> Settled {
        match outcome {
            Outcome::Done { account, answer, echo } => Settled::Done { account, answer, echo, note: None },
            Outcome::AlreadyGone { answer } => {
                let account = operation.change.account.clone().unwrap_or_else(|| AccountId::new(""));
                let note = Some("the app no longer has this account".to_owned());
                Settled::Done { account, answer, echo: None, note }
            }
            Outcome::Exists { account, answer } => {
                Settled::Failed(Failure { answer, ..exists(operation, &account.user_name) })
            }
            Outcome::Failed(failure) if failure.class == FailureClass::App => {
                self.refused(operation.change.kind, &failure);
                void(&failure)
            }
            Outcome::Failed(failure) if is_out_of_reach(&failure) => self.not_sent(failure),
            Outcome::Failed(failure) => Settled::Failed(failure),
            Outcome::Unknown(failure) => Settled::Unknown(failure),
            Outcome::NotSent(failure) => self.not_sent(failure),
        }
    }

    fn not_sent(&mut self, failure: Failure) -> Settled {
        let settled = void(&failure);
        self.cut_short = Some(failure);
        settled
    }

    fn refused(&mut self, change: ChangeKind, failure: &Failure) {
        let refusal = self.refusals.entry(change).or_insert_with(|| AppRefusal {
            change,
            count: 0,
            reason: failure.reason.clone(),
            remedy: failure.remedy.clone(),
        });
        refusal.count += 1;
    }
}

/// No answer at all: the app is out of reach, which is nobody's failure.
fn is_out_of_reach(failure: &Failure) -> bool {
    failure.class == FailureClass::Transient && failure.answer.status.is_none()
}

fn void(failure: &Failure) -> Settled {
    Settled::Void(failure.reason.clone())
}

fn exists(operation: &Operation, user_name: &str) -> Failure {
    Failure::new(
        FailureClass::Conflict,
        format!("The app already has an account {user_name} that matches {}.", operation.change.user_name),
        "Nothing to do now: the next run looks at that account and adopts it, asks, or reports it, as configured.",
    )
}

/// Splits off the deactivations that the source does not confirm just before they are sent (guarantee 7).
async fn prove(job: &Job<'_>, batch: Vec<Operation>) -> (Vec<Operation>, Vec<(Operation, Settled)>) {
    let checked = stream::iter(batch).map(async |operation| {
        let verdict = match operation.change.kind {
            ChangeKind::Deactivate => confirm(job, &operation).await,
            ChangeKind::Create
            | ChangeKind::Adopt
            | ChangeKind::Update
            | ChangeKind::Rename
            | ChangeKind::Reactivate => Ok(()),
        };
        (operation, verdict)
    });
    let checked: Vec<_> = checked.buffered(PROOFS_AT_ONCE).collect().await;
    let (mut proved, mut unproven) = (Vec::new(), Vec::new());
    for (operation, verdict) in checked {
        match verdict {
            Ok(()) => proved.push(operation),
            Err(failure) => unproven.push((operation, Settled::Failed(failure))),
        }
    }
    (proved, unproven)
}

/// The cause must be found again, for this one person, on fresh attributes.
async fn confirm(job: &Job<'_>, operation: &Operation) -> Result<(), Failure> {
    let change = &operation.change;
    let proof = job.source.prove(&change.person).await?;
    let confirmed = match (change.cause, &proof) {
        // A leaver for a weak reason who is gone altogether by now is confirmed more than enough.
        (Cause::Deleted | Cause::LeftGroup | Cause::OutOfScope, Proof::Gone) => true,
        (Cause::Disabled, Proof::Present { person, .. }) => person.enabled == Some(false),
        (Cause::LeftGroup, Proof::Present { member, .. }) => !member,
        (Cause::OutOfScope, Proof::Present { person, .. }) => {
            let manager = job.manager_account(person).map_err(|error| unknown_manager(&error))?;
            matches!(job.rules.scope.decide(person, manager.as_ref()), Ok(ScopeDecision::Out { .. }))
        }
        _ => false,
    };
    if confirmed { Ok(()) } else { Err(disagreement(operation)) }
}

fn unknown_manager(error: &anyhow::Error) -> Failure {
    Failure::new(
        FailureClass::Unproven,
        format!("The proof could not be completed: {error:#}."),
        "Nothing to do unless this is reported again.",
    )
}

fn disagreement(operation: &Operation) -> Failure {
    let change = &operation.change;
    let now = match change.cause {
        Cause::Disabled => "the directory now says the account is not disabled",
        Cause::Deleted => "the directory has this person after all",
        Cause::LeftGroup => {
            "the directory says this person is still in one of the groups, perhaps through a nested one"
        }
        Cause::OutOfScope => "on fresh values this person is not out of scope",
        Cause::Joined | Cause::Returned | Cause::AttributesChanged | Cause::ManagerArrived => "the answers disagree",
    };
    Failure::new(
        FailureClass::Unproven,
        format!("{} was not deactivated: asked again just before, {now}.", change.user_name),
        "Nothing to do unless this is reported again: the next run reads everything anew.",
    )
}
