//! From the journal and the state to the report of a run.

use super::reading::Read;
use super::sending::Sent;
use super::{Job, Stop};
use crate::model::ChangeKind;
use crate::plan::Standing;
use crate::report::{Counts, HoldReport, PersonFailure, Report, RunError, RunResult};
use crate::settings::Stage;

/// A live run that came to its end.
pub fn live(job: &Job<'_>, run: i64, read: &Read, (held, sent): (Vec<HoldReport>, Sent)) -> anyhow::Result<Report> {
    let failures = concerned(job, job.store.failures()?);
    let Counts { roster, in_scope, waiting, .. } = people(job, read)?;
    let counts = Counts {
        roster,
        in_scope,
        waiting,
        unchanged: job.store.unchanged()?,
        failed: failures.len() as u64,
        held: held.iter().map(|hold| hold.count).sum(),
        ..done(job)?
    };
    let refusals: Vec<_> = sent.refusals.into_values().collect();
    let error = sent.cut_short.map(|failure| not_sent(&failure)).or_else(|| refusals.first().map(refused));
    let result = result(&counts, error.is_some());
    Ok(Report { run: Some(run), result, counts, holds: held, failures, refusals, error, ..blank(job) })
}

/// A preview: nothing was done, and `holds` shows what would be.
pub fn preview(job: &Job<'_>, run: i64, read: &Read, held: Vec<HoldReport>) -> anyhow::Result<Report> {
    Ok(Report { run: Some(run), ..planned(job, read, held)? })
}

/// A plan: what a run would do now, as holds and failures; its changes are listed apart.
pub fn planned(job: &Job<'_>, read: &Read, held: Vec<HoldReport>) -> anyhow::Result<Report> {
    let people = people(job, read)?;
    let counts = Counts { waiting: 0, ..people };
    let failures = concerned(job, job.store.planned_failures(job.clock.began())?);
    Ok(Report { counts, holds: held, failures, ..blank(job) })
}

/// A run that ended early.
pub fn failed(job: &Job<'_>, run: Option<i64>, stop: &Stop) -> anyhow::Result<Report> {
    let error = stop.to_error();
    let sends = run.is_some() && job.settings.stage == Stage::Live;
    let counts = if sends { done(job)? } else { Counts::default() };
    Ok(Report { run, result: RunResult::Failed, counts, error: Some(error), ..blank(job) })
}

/// What was done and no report has told yet.
fn done(job: &Job<'_>) -> anyhow::Result<Counts> {
    let done = job.store.done_untold()?;
    let number = |kind: ChangeKind| done.get(&kind).copied().unwrap_or(0);
    Ok(Counts {
        created: number(ChangeKind::Create),
        adopted: number(ChangeKind::Adopt),
        updated: number(ChangeKind::Update) + number(ChangeKind::Rename),
        deactivated: number(ChangeKind::Deactivate),
        reactivated: number(ChangeKind::Reactivate),
        ..Counts::default()
    })
}

/// A run of one person speaks of nobody else.
fn concerned(job: &Job<'_>, mut failures: Vec<PersonFailure>) -> Vec<PersonFailure> {
    failures.retain(|failure| job.concerns(&failure.person));
    failures
}

fn blank(job: &Job<'_>) -> Report {
    Report {
        run: None,
        stage: job.stage_name().to_owned(),
        started_at: job.clock.began(),
        finished_at: job.clock.now(),
        result: RunResult::Done,
        counts: Counts::default(),
        holds: Vec::new(),
        failures: Vec::new(),
        refusals: Vec::new(),
        error: None,
        warnings: job.take_warnings(),
    }
}

fn people(job: &Job<'_>, read: &Read) -> anyhow::Result<Counts> {
    let standing = job.store.standing_counts()?;
    let number = |standing_at: Standing| standing.get(&standing_at).copied().unwrap_or(0);
    let waiting = number(Standing::Waiting);
    let in_scope = number(Standing::InScope) + waiting + number(Standing::Failing);
    Ok(Counts { roster: read.people, in_scope, waiting, ..Counts::default() })
}

/// Failed wins over held, held over partial.
fn result(counts: &Counts, failed: bool) -> RunResult {
    if failed {
        RunResult::Failed
    } else if counts.held > 0 {
        RunResult::Held
    } else if counts.failed > 0 {
        RunResult::Partial
    } else {
        RunResult::Done
    }
}

fn not_sent(failure: &crate::model::Failure) -> RunError {
    RunError {
        class: "target".to_owned(),
        reason: failure.reason.clone(),
        remedy: failure.remedy.clone(),
        request_id: failure.answer.request_id.clone(),
    }
}

fn refused(refusal: &crate::report::AppRefusal) -> RunError {
    let reason =
        format!("The app refused to {} ({} changes were not made): {}", refusal.change, refusal.count, refusal.reason);
    RunError { class: "app".to_owned(), reason, remedy: refusal.remedy.clone(), request_id: None }
}
