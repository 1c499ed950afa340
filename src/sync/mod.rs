//! The story of one run: read, map, plan, judge, journal, send, settle, report.
//! It decides nothing itself: `plan` judges people, `guard` judges the plan, `store` remembers, `source` and `target` act.

mod binding;
mod clock;
mod delivery;
mod facts;
mod job;
mod matching;
mod planning;
mod reading;
mod recovery;
mod references;
mod reporting;
mod rules;
mod sending;
mod stop;
mod telling;

pub use binding::{WrongBinding, check as check_binding, configured as configured_binding};
pub use clock::Clock;
pub use delivery::deliver;
pub use job::{Job, Step};
pub use rules::{compile, properties};
pub use stop::Stop;

use chrono::Utc;

use crate::guard::{self, ApprovedPlan};
use crate::report::{HoldReport, Report};
use crate::settings::Stage;
use crate::store::{Journaling, RunLock, Trigger};
use reading::Read;
use recovery::Doubt;

/// Runs once, and tells what happened: the report is written with the run, and so are the mails about it.
///
/// # Errors
/// Only what keeps even a failed run from being recorded: another run in progress, or a state that cannot be used.
pub async fn run(job: &Job<'_>, trigger: &Trigger) -> anyhow::Result<Report> {
    let _lock: RunLock = job.store.lock_run()?;
    binding::check(job.settings, job.store)?;
    let number = job.store.begin_run(trigger, job.stage_name(), job.clock.now())?;
    let report = match attempt(job, number).await {
        Ok(report) => report,
        Err(stop) => reporting::failed(job, Some(number), &stop)?,
    };
    telling::finish(job, &report)?;
    Ok(report)
}

/// One run from the first read to the report.
async fn attempt(job: &Job<'_>, run: i64) -> Result<Report, Stop> {
    let doubts = recovery::settle_open_operations(job, run).await?;
    let (read, judged, held) = decide(job, &doubts).await?;
    binding::bind(job)?;
    if job.settings.stage == Stage::Preview {
        return Ok(reporting::preview(job, run, &read, held)?);
    }
    let journaling = Journaling { run, configuration: &job.configuration, whole: job.only.is_none() };
    // What was decided counts from the moment the run began: a term of days ends at the slot at which it began.
    job.store.journal(&judged, &journaling, &held, job.clock.began())?;
    let sent = sending::send(job, run).await?;
    facts::remember(job, &read, &held)?;
    Ok(reporting::live(job, run, &read, (held, sent))?)
}

/// Records a run that ended in a fault of our own, and tells people of it like of every failed run.
pub fn tell_of_a_fault(job: &Job<'_>, why: anyhow::Error) -> anyhow::Result<()> {
    let number = job.store.begin_run(&Trigger::Command("fault"), job.stage_name(), job.clock.now())?;
    let report = reporting::failed(job, Some(number), &Stop::State(why))?;
    telling::finish(job, &report)
}

/// What a run would do now: the same reading, planning and judging, and no write anywhere but to working tables.
pub async fn plan(job: &Job<'_>) -> anyhow::Result<Report> {
    binding::check(job.settings, job.store)?;
    match decide(job, &[]).await {
        Ok((read, _, held)) => reporting::planned(job, &read, held),
        Err(stop) => reporting::failed(job, None, &stop),
    }
}

/// Reads everything, decides about everybody, and judges the whole plan.
async fn decide(job: &Job<'_>, doubts: &[Doubt]) -> Result<(Read, ApprovedPlan, Vec<HoldReport>), Stop> {
    let read = reading::read(job).await?;
    planning::plan(job, &read, doubts).await?;
    job.store.release_approved(job.clock.now())?;
    let judged = guard::approve(&facts::gather(job, &read)?, &job.settings.limits);
    job.store.apply_verdicts(|kind, cause, ask| judged.verdict(kind, cause, ask))?;
    let held = job.store.name_holds(&judged, job.clock.now())?;
    Ok((read, judged, held))
}

/// The moment a run begins, for callers that have no other clock.
pub fn now() -> Clock {
    Clock::starting_at(Utc::now())
}
