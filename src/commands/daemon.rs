//! `daemon`: runs on the schedule until SIGTERM. The loop is `daemon`'s; what a slot means is here.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use anyhow::anyhow;
use chrono::{DateTime, Utc};
use clap::Args;
use tokio_util::sync::CancellationToken;

use super::context::{self, Context, CustomerArgument, block_on, open_store};
use super::exit::Exit;
use super::{logging, run};
use crate::daemon::{self, Controls, Ending, Summary, Work};
use crate::report::Report;
use crate::schedule::{Schedule, Slot};
use crate::settings::{self, Secrets, Settings};
use crate::store::{RunningElsewhere, Store, Trigger};
use crate::sync::{self, Job};

#[derive(Debug, Args)]
pub struct Arguments {
    #[command(flatten)]
    customer: CustomerArgument,
}

/// How often a slot looks whether the command that is at work has ended.
const WAIT_FOR_OTHERS: Duration = Duration::from_secs(2);
/// How long one round of housekeeping tries to deliver mails.
const MAIL_TIME: Duration = Duration::from_secs(20);

pub fn execute(context: &Context, arguments: &Arguments) -> anyhow::Result<Exit> {
    logging::for_the_daemon();
    let settings = context.settings(&arguments.customer.customer)?;
    let schedule = context::schedule(&settings)?;
    let store = open_store(&settings)?;
    // Mistakes in expressions are found before the first slot, not at it.
    sync::compile(&settings)?;
    sync::check_binding(&settings, &store)?;
    let work = Arc::new(Customer { settings: RwLock::new(Arc::new(settings)), store });
    let ending = block_on(async { daemon::run(schedule, work, Controls::of_process()?).await })??;
    match ending {
        Ending::Stopped => Ok(Exit::Done),
        Ending::Refused(why) => {
            tracing::error!("the daemon ends and is not to be restarted: {why}");
            Ok(Exit::Refused)
        }
    }
}

/// One customer's work.
struct Customer {
    settings: RwLock<Arc<Settings>>,
    store: Store,
}

impl Customer {
    fn settings(&self) -> Arc<Settings> {
        Arc::clone(&self.settings.read().unwrap_or_else(PoisonError::into_inner))
    }

    async fn try_to_run(&self, trigger: &daemon::Trigger, stop: CancellationToken) -> anyhow::Result<Report> {
        let settings = self.settings();
        loop {
            let mut job = Job::prepare(&settings, &self.store, sync::now())?;
            job.stop = stop.clone();
            if trigger.skipped > 0 {
                job.warn(format!("{} slots before this one were not run", trigger.skipped));
            }
            let ended = run::run_and_tell(&job, &Trigger::Slot(trigger.slot.id())).await;
            // The slot is taken already: a command that is at work now must not cost the customer this run.
            let busy = ended.as_ref().is_err_and(anyhow::Error::is::<RunningElsewhere>);
            if !busy || stop.is_cancelled() {
                return ended;
            }
            tokio::select! {
                () = tokio::time::sleep(WAIT_FOR_OTHERS) => {}
                () = stop.cancelled() => {}
            }
        }
    }
}

impl Work for Customer {
    fn last_slot(&self) -> anyhow::Result<Option<DateTime<Utc>>> {
        let last = self.store.last_slot()?;
        Ok(last.and_then(|slot| DateTime::parse_from_rfc3339(&slot).ok()).map(|at| at.to_utc()))
    }

    fn claim_slot(&self, slot: &Slot) -> anyhow::Result<bool> {
        self.store.claim_slot(&slot.id(), Utc::now())
    }

    async fn run(&self, trigger: daemon::Trigger, stop: CancellationToken) -> Summary {
        if trigger.skipped > 0 {
            tracing::warn!(slots = trigger.skipped, "{} slots before this one were not run", trigger.skipped);
        }
        match self.try_to_run(&trigger, stop).await {
            Ok(report) => {
                log(&report);
                Summary::Ran(summary(&report))
            }
            Err(error) if Exit::of_error(&error) == Exit::Refused => Summary::Refused(format!("{error:#}")),
            Err(error) => {
                tracing::error!("the run could not be made: {error:#}");
                Summary::Ran(format!("not run: {error:#}"))
            }
        }
    }

    fn run_panicked(&self, trigger: &daemon::Trigger) {
        let settings = self.settings();
        let why = anyhow!("the run of {} ended in a fault of Rollcall itself (see the log)", trigger.slot.id());
        let told = Job::prepare(&settings, &self.store, sync::now()).and_then(|job| sync::tell_of_a_fault(&job, why));
        if let Err(error) = told {
            tracing::error!("the failed run could not be recorded: {error:#}");
        }
    }

    async fn housekeeping(&self, _now: DateTime<Utc>, stop: CancellationToken) {
        let settings = self.settings();
        let Some(mail) = &settings.mail else { return };
        tokio::select! {
            () = sync::deliver(&self.store, mail, MAIL_TIME) => {}
            () = stop.cancelled() => {}
        }
    }

    fn reload(&self) -> Result<Schedule, String> {
        let current = self.settings();
        let read = || -> anyhow::Result<(Settings, Schedule)> {
            let settings = settings::load(&current.config_dir, &current.customer, Secrets::Read)?;
            sync::compile(&settings)?;
            let schedule = context::schedule(&settings)?;
            Ok((settings, schedule))
        };
        let (settings, schedule) = read().map_err(|error| format!("{error:#}"))?;
        *self.settings.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(settings);
        Ok(schedule)
    }
}

/// One line per run: numbers, and the reason of a failure; names nobody.
fn log(report: &Report) {
    let counts = &report.counts;
    let run = report.run.unwrap_or_default();
    if let Some(error) = &report.error {
        tracing::error!(run, class = error.class, "run {run} failed: {}", error.text());
        return;
    }
    tracing::info!(
        run,
        created = counts.created,
        adopted = counts.adopted,
        updated = counts.updated,
        deactivated = counts.deactivated,
        reactivated = counts.reactivated,
        failed = counts.failed,
        held = counts.held,
        "run {run}: {}",
        summary(report)
    );
}

/// For the status line: how many people and changes, and how it ended. Names no person.
fn summary(report: &Report) -> String {
    let counts = &report.counts;
    let changes = counts.created + counts.adopted + counts.updated + counts.deactivated + counts.reactivated;
    let ending = match (&report.error, report.result) {
        (Some(error), _) => format!("failed: {}", error.class),
        (None, _) if counts.held > 0 => format!("{} held", counts.held),
        (None, _) if counts.failed > 0 => format!("{} failed", counts.failed),
        (None, _) => "ok".to_owned(),
    };
    format!("{} people, {changes} changes, {ending}", counts.roster)
}
