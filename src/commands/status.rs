//! `status`: how a customer is, or all of them.

use chrono::{DateTime, Utc};
use clap::Args;
use serde_json::{Value, json};

use super::context::Context;
use super::exit::{Exit, complain};
use super::output;
use crate::plan::Standing;
use crate::report::{RunError, plain};
use crate::schedule::Schedule;
use crate::settings::{self, KeyPath, Mistake, Mistakes, Place, Settings, Stage};
use crate::store::{KnownPerson, RunSummary, Store};

#[derive(Debug, Args)]
pub struct Arguments {
    /// The customer; all of them, when left out
    customer: Option<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub fn execute(context: &Context, arguments: &Arguments) -> anyhow::Result<Exit> {
    if !context.config_dir.is_dir() {
        let mistake = Mistake::new(
            Place::whole(&context.config_dir.display().to_string()),
            KeyPath::default(),
            "no such directory",
        );
        return Err(Mistakes::from(mistake).into());
    }
    if let Some(customer) = &arguments.customer {
        let status = of_customer(context, customer)?;
        if arguments.json {
            output::json(&status);
        } else {
            output::text(&to_text(&status));
        }
        return Ok(Exit::Done);
    }
    Ok(of_all(context, arguments.json))
}

/// One that cannot be read does not hide the others.
fn of_all(context: &Context, json: bool) -> Exit {
    let (mut all, mut exit) = (Vec::new(), Exit::Done);
    for customer in settings::customers(&context.config_dir) {
        match of_customer(context, &customer) {
            Ok(status) => all.push(status),
            Err(error) => {
                exit = complain(&error);
                all.push(json!({ "customer": customer, "error": format!("{error:#}") }));
            }
        }
    }
    if json {
        output::json(&json!(all));
    } else {
        for status in all.iter().filter(|status| status["error"].is_null()) {
            output::text(&to_text(status));
        }
        if all.is_empty() {
            output::line(&format!("No customers in {}.", context.config_dir.join("customers").display()));
        }
    }
    exit
}

fn of_customer(context: &Context, customer: &str) -> anyhow::Result<Value> {
    let settings = context.settings_without_secrets(customer)?;
    let store = Store::open_existing(&settings.state_dir())?;
    let now = Utc::now();
    let next = Schedule::new(&settings.schedule, customer).ok().and_then(|schedule| schedule.next_after(now));
    let zone = settings.schedule.timezone;
    let mut status = json!({
        "customer": customer,
        "name": settings.name,
        "stage": if settings.stage == Stage::Live { "live" } else { "preview" },
        "next_run": next.map(|slot| slot.starts_at.with_timezone(&zone).to_rfc3339()),
        "credential_expires": settings.source.client_secret_expires,
    });
    if let (Value::Object(status), Some(store)) = (&mut status, store)
        && let Value::Object(state) = of_state(&store, &settings, now)?
    {
        status.extend(state);
    }
    Ok(status)
}

fn of_state(store: &Store, settings: &Settings, now: DateTime<Utc>) -> anyhow::Result<Value> {
    let last = store.runs(1)?.pop();
    let good = store.last_good_run()?;
    let (mails, oldest) = store.waiting_mails()?;
    let configuration = settings.fingerprint();
    Ok(json!({
        "last_run": last.as_ref().map(run),
        "last_good_run": good.as_ref().map(run),
        "seconds_since_good_run": good.and_then(|run| run.finished_at).map(|at| (now - at).num_seconds().max(0)),
        "active_accounts": store.active_accounts()?,
        "configuration_reviewed": store.reviewed_configuration()?.as_ref() == Some(&configuration),
        "holds": store.open_holds()?.iter().map(|hold| json!({
            "id": hold.report.id, "kind": hold.report.kind, "count": hold.report.count, "limit": hold.report.limit,
            "since": hold.report.created_at, "message": hold.report.message,
        })).collect::<Vec<_>>(),
        "waiting": store.people_standing(Standing::Waiting)?.iter().map(person).collect::<Vec<_>>(),
        "failing": store.people_standing(Standing::Failing)?.iter().map(person).collect::<Vec<_>>(),
        "mails_waiting": mails,
        "oldest_mail_waiting_since": oldest,
        "operations_in_flight": store.in_flight()?.len(),
    }))
}

fn run(run: &RunSummary) -> Value {
    json!({
        "run": run.run, "trigger": run.trigger, "started_at": run.started_at, "finished_at": run.finished_at,
        "result": run.result, "error": run.report.as_ref().and_then(|report| report.error.as_ref()).map(RunError::text),
    })
}

fn person(person: &KnownPerson) -> Value {
    json!({
        "person": person.person, "user_name": person.user_name, "since": person.stands.since,
        "reason": person.failure.as_ref().map(|failure| &failure.reason),
        "remedy": person.failure.as_ref().map(|failure| &failure.remedy),
    })
}

fn to_text(status: &Value) -> String {
    let mut lines =
        vec![format!("{} — {} ({})", text(&status["customer"]), text(&status["name"]), text(&status["stage"]))];
    let mut fact = |what: &str, value: String| lines.push(format!("  {what:<14} {value}"));
    fact("last run", described(&status["last_run"]));
    fact("last good run", described(&status["last_good_run"]));
    fact("next run", text(&status["next_run"]));
    fact("accounts", text(&status["active_accounts"]));
    if status["configuration_reviewed"] == Value::Bool(false) {
        fact("configuration", "not reviewed yet: the first plan waits for approval".to_owned());
    }
    for hold in status["holds"].as_array().into_iter().flatten() {
        let (id, customer) = (text(&hold["id"]), text(&status["customer"]));
        let approve = format!("Approve with: rollcall approve {customer} {id}");
        fact("held", format!("{id} {}: {}. {approve}", text(&hold["kind"]), text(&hold["message"])));
    }
    for (what, key) in [("failing", "failing"), ("waiting", "waiting")] {
        for person in status[key].as_array().into_iter().flatten() {
            fact(what, format!("{}: {}", text(&person["user_name"]), text(&person["reason"])));
        }
    }
    if status["mails_waiting"].as_u64().unwrap_or(0) > 0 {
        let since = text(&status["oldest_mail_waiting_since"]);
        fact("mails waiting", format!("{}, the oldest since {since}", text(&status["mails_waiting"])));
    }
    if !status["credential_expires"].is_null() {
        fact("secret expires", text(&status["credential_expires"]));
    }
    lines.join("\n") + "\n"
}

fn described(run: &Value) -> String {
    if run.is_null() {
        return "never".to_owned();
    }
    let result = if run["result"].is_null() { "in progress, or interrupted".to_owned() } else { text(&run["result"]) };
    let error = if run["error"].is_null() { String::new() } else { format!(": {}", text(&run["error"])) };
    format!("{} at {}, {result}{error}", text(&run["run"]), text(&run["started_at"]))
}

fn text(value: &Value) -> String {
    match value {
        Value::Null => "—".to_owned(),
        Value::String(text) => plain(text),
        other => other.to_string(),
    }
}
