//! `plan`: what a run would do now; the same code path as `run`, and no write.

use clap::Args;

use super::context::{Context, CustomerArgument, block_on, open_store};
use super::exit::Exit;
use super::{logging, output, progress, run};
use crate::report::{Report, RunResult, change_to_json, change_to_text};
use crate::settings::Settings;
use crate::store::{PlannedRow, Store};
use crate::sync::{self, Job};

#[derive(Debug, Args)]
pub struct Arguments {
    #[command(flatten)]
    customer: CustomerArgument,
    /// Only this person
    #[arg(long, value_name = "PERSON")]
    person: Option<String>,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// Planned changes fetched at a time.
const CHUNK: u32 = 500;

pub fn execute(context: &Context, arguments: &Arguments) -> anyhow::Result<Exit> {
    logging::for_commands();
    let customer = &arguments.customer.customer;
    let settings = context.settings(customer)?;
    let store = open_store(&settings)?;
    let report = block_on(plan(&settings, &store, arguments))??;
    if arguments.json {
        print_json(&store, &report)?;
    } else {
        print_text(&store, &report, customer)?;
    }
    Ok(if report.result == RunResult::Failed { Exit::Failed } else { Exit::Done })
}

async fn plan(settings: &Settings, store: &Store, arguments: &Arguments) -> anyhow::Result<Report> {
    let mut job = Job::prepare(settings, store, sync::now())?;
    if let Some(name) = &arguments.person {
        job.only = Some(run::find_person(&job, name).await?);
    }
    progress::shown(&job, Box::pin(sync::plan(&job))).await
}

/// One object; its changes are written one by one, for there may be as many as people.
fn print_json(store: &Store, report: &Report) -> anyhow::Result<()> {
    let object = report.to_json().to_string();
    let rest = object.strip_prefix('{').unwrap_or_default();
    let mut separator = "";
    output::text("{\"changes\": [");
    each(store, |row| {
        let change = change_to_json(&row.operation.change, row.hold.as_deref());
        output::text(&format!("{separator}\n  {change}"));
        separator = ",";
    })?;
    output::text(&format!("\n],\n{rest}\n"));
    Ok(())
}

fn print_text(store: &Store, report: &Report, customer: &str) -> anyhow::Result<()> {
    each(store, |row| output::text(&change_to_text(&row.operation.change, row.hold.as_deref())))?;
    if report.error.is_none() && store.planned_total()? == 0 {
        output::line("Nothing to do.");
    }
    output::text(&report.to_text(customer));
    Ok(())
}

fn each(store: &Store, mut show: impl FnMut(&PlannedRow)) -> anyhow::Result<()> {
    let mut after = String::new();
    loop {
        let chunk = store.planned(&after, CHUNK)?;
        let Some(last) = chunk.last() else { return Ok(()) };
        last.person.as_str().clone_into(&mut after);
        chunk.iter().for_each(&mut show);
    }
}
