//! Planning: who must be judged is a query, what becomes of them is a pure function, and the plan lives in the store.

use super::reading::Read;
use super::recovery::{Doubt, fail_the_doubtful};
use super::{Job, Step, Stop, matching, references};
use crate::mapping::Wanted;
use crate::model::{Cause, Failure, FailureClass, Operation, PersonId, Snapshot};
use crate::plan::{self, Decision, Judgement, Subject, judge_member, judge_missing};
use crate::source::Whereabouts;
use crate::store::{Candidate, Collision};

/// People judged at a time: memory stays flat however many there are.
const CHUNK: u32 = 500;

pub async fn plan(job: &Job<'_>, read: &Read, doubts: &[Doubt]) -> Result<(), Stop> {
    judge_members(job)?;
    judge_the_missing(job).await?;
    fail_collisions(job)?;
    fail_the_doubtful(job, doubts)?;
    matching::match_existing(job).await?;
    references::plan(job)?;
    let (people, changes) = (read.people, job.store.planned_total()?);
    tracing::info!(people, changes, "planned {changes} changes for {people} people");
    Ok(())
}

/// Everybody on the roster who is new, changed, or has something left to do.
fn judge_members(job: &Job<'_>) -> anyhow::Result<()> {
    let (mut after, mut judged) = (String::new(), 0);
    loop {
        let chunk = job.store.candidates(&after, CHUNK)?;
        let Some(last) = chunk.last() else { return Ok(()) };
        last.person.id.as_str().clone_into(&mut after);
        judged += chunk.len() as u64;
        let mut concerned = chunk.iter().filter(|candidate| job.concerns(&candidate.person.id));
        job.store.in_one_go(|| concerned.try_for_each(|candidate| judge_candidate(job, candidate)))?;
        job.report_step(Step::Judging(judged));
    }
}

fn judge_candidate(job: &Job<'_>, candidate: &Candidate) -> anyhow::Result<()> {
    let person = &candidate.person;
    let manager_account = job.manager_account(person)?;
    let subject = Subject {
        person,
        snapshot: candidate.snapshot.as_ref(),
        stood: candidate.stood,
        leaving_since: candidate.leaving_since,
        manager_account: manager_account.as_ref(),
    };
    let judgement = judge_member(subject, &job.rules, job.clock.began());
    job.store.record_judgement(&person.id, Job::name_of(person), &judgement)?;
    if let (Some(wanted), Some(manager)) = (&judgement.wanted, &person.manager)
        && wanted.awaits_manager
    {
        job.store.await_manager(&person.id, &manager.id)?;
    }
    if let Some(wanted) = &judgement.wanted {
        job.store.want_keys(&person.id, &wanted.match_keys(&job.rules.match_by))?;
    }
    plan_decision(job, &person.id, candidate.snapshot.as_ref(), &judgement)
}

fn plan_decision(
    job: &Job<'_>,
    person: &PersonId,
    snapshot: Option<&Snapshot>,
    judgement: &Judgement,
) -> anyhow::Result<()> {
    let match_by = &job.rules.match_by;
    let operation = match (&judgement.decision, &judgement.wanted, snapshot) {
        (Decision::Provision, Some(wanted), _) => plan::creation(person, wanted, match_by),
        (Decision::Change { kind, cause, attributes }, wanted, Some(snapshot)) => {
            plan::update(snapshot, wanted.as_ref(), (*kind, *cause), (attributes.clone(), match_by))
        }
        (Decision::Protected(cause), _, Some(snapshot)) => {
            job.warn(format!(
                "the protected account {} would have been changed ({cause}) and was left alone",
                snapshot.user_name
            ));
            return Ok(());
        }
        _ => return Ok(()),
    };
    let digest = match &judgement.decision {
        Decision::Provision => digest_of_creation(job, person, &operation)?,
        Decision::Nothing | Decision::Change { .. } | Decision::Protected(_) => plan::digest(&operation.change),
    };
    job.store.plan_change(&operation, &digest, false)
}

/// A create is the same whether the manager has an account by now or gets it later in the same run: a run that was
/// interrupted must not need a second approval for it.
fn digest_of_creation(job: &Job<'_>, person: &PersonId, operation: &Operation) -> anyhow::Result<String> {
    let record = job.store.staged_person(person)?.filter(|record| record.manager.is_some());
    let alone = record.map(|record| job.rules.mapping.map(&record, None));
    let Some(Wanted::Account(wanted)) = alone else { return Ok(plan::digest(&operation.change)) };
    Ok(plan::digest(&plan::creation(person, &wanted, &job.rules.match_by).change))
}

/// Accounts whose person is not on the roster: the source says, one by one, what became of them.
async fn judge_the_missing(job: &Job<'_>) -> anyhow::Result<()> {
    let mut after = String::new();
    loop {
        let chunk = job.store.missing_from_roster(&after, CHUNK)?;
        let Some(last) = chunk.last() else { return Ok(()) };
        after = last.person.as_str().to_owned();
        let concerned: Vec<Snapshot> = chunk.into_iter().filter(|snapshot| job.concerns(&snapshot.person)).collect();
        let people: Vec<PersonId> = concerned.iter().map(|snapshot| snapshot.person.clone()).collect();
        let answers = job.source.whereabouts(&people).await;
        for (snapshot, answer) in concerned.iter().zip(answers) {
            judge_absence(job, snapshot, answer)?;
        }
    }
}

fn judge_absence(job: &Job<'_>, snapshot: &Snapshot, answer: Result<Whereabouts, Failure>) -> anyhow::Result<()> {
    let (person, name) = (&snapshot.person, &snapshot.user_name);
    let cause = match answer {
        Ok(Whereabouts::Gone) => Cause::Deleted,
        Ok(Whereabouts::Present(found)) => match found.enabled {
            Some(false) => Cause::Disabled,
            Some(true) => Cause::LeftGroup,
            None => return job.store.judge_failing(person, name, &unsaid(name)),
        },
        Err(failure) => return job.store.judge_failing(person, name, &failure),
    };
    let leaving_since = job.store.known_person(person)?.and_then(|known| known.leaving_since);
    let judgement = judge_missing(snapshot, cause, leaving_since, (&job.rules, job.clock.began()));
    job.store.record_judgement(person, name, &judgement)?;
    plan_decision(job, person, Some(snapshot), &judgement)
}

fn unsaid(name: &str) -> Failure {
    Failure::new(
        FailureClass::Unproven,
        format!("{name} is not on the roster, and the directory does not say whether the account is enabled."),
        "Check that the app registration still has the permission User.Read.All, with admin consent.",
    )
}

/// Two people who would have the same user name or match value: neither is written, both are told.
fn fail_collisions(job: &Job<'_>) -> anyhow::Result<()> {
    for collision in job.store.collisions()? {
        for (person, name) in &collision.people {
            job.store.judge_failing(person, name, &same_value(&collision, name))?;
        }
    }
    Ok(())
}

fn same_value(collision: &Collision, name: &str) -> Failure {
    let Collision { attribute, value, people } = collision;
    let others: Vec<&str> =
        people.iter().map(|(_, other)| other.as_str()).filter(|other| other != &name).take(5).collect();
    Failure::new(
        FailureClass::Conflict,
        format!("{name} and {} would have the same {attribute} in the app: {value}.", others.join(", ")),
        format!("Give each of them a value of their own in the directory, so that {attribute} differs."),
    )
}
