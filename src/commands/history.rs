//! `history`: the audit trail.

use clap::Args;
use comfy_table::{ContentArrangement, Table};
use serde_json::json;

use super::context::{Context, CustomerArgument};
use super::exit::{Exit, UsageError};
use super::output;
use crate::report::plain;
use crate::store::{AuditEntry, Store};

#[derive(Debug, Args)]
pub struct Arguments {
    #[command(flatten)]
    customer: CustomerArgument,
    /// Only what this run did
    #[arg(long, value_name = "N", conflicts_with = "person")]
    run: Option<i64>,
    /// Only what happened to this person
    #[arg(long, value_name = "PERSON")]
    person: Option<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Columns of a table that is not shown on a terminal.
const PIPED_WIDTH: u16 = 160;
/// Without a run or a person, the latest entries.
const LATEST: u32 = 50;

pub fn execute(context: &Context, arguments: &Arguments) -> anyhow::Result<Exit> {
    let settings = context.settings_without_secrets(&arguments.customer.customer)?;
    let entries = match Store::open_existing(&settings.state_dir())? {
        Some(store) => entries(&store, arguments)?,
        None => Vec::new(),
    };
    if arguments.json {
        output::json(&json!(entries));
    } else if entries.is_empty() {
        output::line("Nothing has happened yet.");
    } else {
        output::line(&table(&entries).to_string());
    }
    Ok(Exit::Done)
}

fn entries(store: &Store, arguments: &Arguments) -> anyhow::Result<Vec<AuditEntry>> {
    if let Some(run) = arguments.run {
        if store.run(run)?.is_none() {
            return Err(UsageError(format!("there is no run {run}")).into());
        }
        return store.audit_of_run(run);
    }
    let Some(name) = &arguments.person else { return store.audit(LATEST) };
    let person = store.person_called(name)?.ok_or_else(|| UsageError(format!("nobody is called {name:?} here")))?;
    store.audit_of_person(&person)
}

/// The audit trail as a table, for `history` and for the demo's end.
pub fn table(entries: &[AuditEntry]) -> Table {
    let mut table = Table::new();
    table.load_style(comfy_table::presets::UTF8_FULL_CONDENSED).set_content_arrangement(ContentArrangement::Dynamic);
    if !table.is_tty() {
        table.set_width(PIPED_WIDTH);
    }
    table.set_header(["when", "run", "what", "who", "why", "from → to", "answer"]);
    for entry in entries {
        table.add_row([
            entry.at.replace('T', " ").trim_end_matches('Z').to_owned(),
            entry.run.map_or(String::new(), |run| run.to_string()),
            what(entry),
            plain(entry.user_name.as_deref().unwrap_or_default()),
            entry.cause.clone().unwrap_or_default(),
            changes(entry),
            answer(entry),
        ]);
    }
    table
}

fn what(entry: &AuditEntry) -> String {
    match &entry.change {
        Some(change) if entry.event == "done" => change.clone(),
        Some(change) => format!("{change}: {}", entry.event),
        None => entry.event.clone(),
    }
}

fn changes(entry: &AuditEntry) -> String {
    let Some(serde_json::Value::Object(attributes)) = &entry.attributes else { return String::new() };
    let text = |value: &serde_json::Value| match value {
        serde_json::Value::Null => "(none)".to_owned(),
        serde_json::Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let change = |(name, delta): (&String, &serde_json::Value)| {
        let short = name.rsplit(':').next().unwrap_or(name);
        plain(&format!("{short}: {} → {}", text(&delta["before"]), text(&delta["after"])))
    };
    if entry.change.as_deref() == Some("create") {
        return format!("{} attributes", attributes.len());
    }
    attributes.iter().map(change).collect::<Vec<_>>().join("\n")
}

fn answer(entry: &AuditEntry) -> String {
    let status = entry.answer.as_ref().and_then(|answer| answer["status"].as_u64());
    let note = entry.note.as_deref().map(plain).unwrap_or_default();
    match status {
        Some(status) if note.is_empty() => format!("HTTP {status}"),
        Some(status) => format!("HTTP {status}: {note}"),
        None => note,
    }
}
