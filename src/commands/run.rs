//! `run`: one run now.

use std::time::Duration;

use clap::Args;

use super::context::{Context, CustomerArgument, block_on, open_store};
use super::exit::{Exit, UsageError};
use super::{logging, output, progress};
use crate::model::PersonId;
use crate::notify;
use crate::report::Report;
use crate::settings::Settings;
use crate::store::{Store, Trigger};
use crate::sync::{self, Job};

#[derive(Debug, Args)]
pub struct Arguments {
    #[command(flatten)]
    pub customer: CustomerArgument,
    /// Only this person: an object id, or what they are called in the directory
    #[arg(long, value_name = "PERSON")]
    pub person: Option<String>,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
}

/// How long a command tries to hand its mails to SMTP before it ends; the daemon goes on with the rest (guarantee 17).
const MAIL_TIME: Duration = Duration::from_secs(10);

pub fn execute(context: &Context, arguments: &Arguments) -> anyhow::Result<Exit> {
    logging::for_commands();
    let customer = &arguments.customer.customer;
    printed(customer, arguments.json, || {
        let settings = context.settings(customer)?;
        let store = open_store(&settings)?;
        block_on(run(&settings, &store, arguments))?
    })
}

async fn run(settings: &Settings, store: &Store, arguments: &Arguments) -> anyhow::Result<Report> {
    let mut job = Job::prepare(settings, store, sync::now())?;
    if let Some(name) = &arguments.person {
        job.only = Some(find_person(&job, name).await?);
    }
    run_and_tell(&job, &Trigger::Command("run")).await
}

/// Runs, shows how far it is, and tries to deliver the mails about it.
pub async fn run_and_tell(job: &Job<'_>, trigger: &Trigger) -> anyhow::Result<Report> {
    let report = progress::shown(job, Box::pin(sync::run(job, trigger))).await?;
    if let Some(mail) = &job.settings.mail {
        sync::deliver(job.store, mail, MAIL_TIME).await;
    }
    if report.result.is_good() && report.stage == "live" {
        notify::heartbeat(job.settings.schedule.heartbeat_url.as_deref()).await;
    }
    Ok(report)
}

/// A person the state knows, or else the source.
pub async fn find_person(job: &Job<'_>, name: &str) -> anyhow::Result<PersonId> {
    if let Some(known) = job.store.person_called(name)? {
        return Ok(known);
    }
    let found = job.source.find(name).await?;
    found
        .map(|person| person.id)
        .ok_or_else(|| UsageError(format!("nobody is called {name:?}, neither here nor in the directory")).into())
}

/// Prints what a run came to, as text or as one JSON object; the object also when there was no run.
pub fn printed(customer: &str, json: bool, work: impl FnOnce() -> anyhow::Result<Report>) -> anyhow::Result<Exit> {
    match work() {
        Ok(report) => {
            if json {
                output::json(&report.to_json());
            } else {
                output::text(&report.to_text(customer));
            }
            Ok(Exit::of_report(&report))
        }
        Err(error) => {
            if json && !error.is::<UsageError>() {
                output::json(&Report::json_without_run(None, &format!("{error:#}")));
            }
            Err(error)
        }
    }
}
