//! `approve`: releases exactly the pairs of person and change that were held, and runs.

use std::collections::BTreeSet;

use chrono::Utc;
use clap::Args;

use super::context::{Context, CustomerArgument, block_on, open_store};
use super::exit::{Exit, UsageError};
use super::{logging, output, run};
use crate::model::PersonId;
use crate::report::Report;
use crate::settings::{Settings, Stage};
use crate::store::{Approval, Hold, NothingApproved, Store, Trigger};
use crate::sync::{self, Job};

#[derive(Debug, Args)]
pub struct Arguments {
    #[command(flatten)]
    customer: CustomerArgument,
    /// The holds, as `status` and the mails name them; they may be shortened
    #[arg(required = true, value_name = "HOLD")]
    holds: Vec<String>,
    /// Only these people of the hold
    #[arg(long, value_name = "PERSON")]
    only: Vec<String>,
    /// Everybody but these people
    #[arg(long, value_name = "PERSON")]
    except: Vec<String>,
    /// Who approves, for the audit trail [default: the user who runs the command]
    #[arg(long, value_name = "WHO")]
    by: Option<String>,
    /// Why, for the audit trail
    #[arg(long, value_name = "TEXT")]
    why: Option<String>,
    /// Release at the next run instead of running now
    #[arg(long)]
    later: bool,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

pub fn execute(context: &Context, arguments: &Arguments) -> anyhow::Result<Exit> {
    logging::for_commands();
    let customer = &arguments.customer.customer;
    if arguments.later {
        let settings = context.settings_without_secrets(customer)?;
        let released = approve(&settings, &open_store(&settings)?, arguments)?;
        if arguments.json {
            output::json(&Report::json_of_release(settings.stage_name(), released));
        } else {
            output::line(&format!("{released} changes are released for the next run, for 24 hours."));
        }
        return Ok(Exit::Done);
    }
    run::printed(customer, arguments.json, || {
        let settings = context.settings(customer)?;
        let store = open_store(&settings)?;
        // A run in progress would not see the approval: better to say so before anything is approved.
        drop(store.lock_run()?);
        approve(&settings, &store, arguments)?;
        block_on(run_now(&settings, &store))?
    })
}

async fn run_now(settings: &Settings, store: &Store) -> anyhow::Result<Report> {
    let job = Job::prepare(settings, store, sync::now())?;
    run::run_and_tell(&job, &Trigger::Command("approve")).await
}

fn approve(settings: &Settings, store: &Store, arguments: &Arguments) -> anyhow::Result<u64> {
    if settings.stage == Stage::Preview {
        let message = "nothing can be approved in preview: set stage = \"live\" in the customer's file first";
        return Err(UsageError(message.to_owned()).into());
    }
    let holds = arguments.holds.iter().map(|id| find(store, id)).collect::<anyhow::Result<Vec<_>>>()?;
    let people =
        |names: &[String]| names.iter().map(|name| person(store, &holds, name)).collect::<anyhow::Result<Vec<_>>>();
    let approval = Approval {
        by: arguments.by.clone().unwrap_or_else(login_name),
        why: arguments.why.clone(),
        only: people(&arguments.only)?,
        except: people(&arguments.except)?,
    };
    let mut released = 0;
    for hold in &holds {
        released +=
            store.approve(hold, &approval, Utc::now()).map_err(|error| match error.downcast::<NothingApproved>() {
                Ok(nothing) => UsageError(nothing.to_string()).into(),
                Err(error) => error,
            })?;
    }
    Ok(released)
}

fn find(store: &Store, id: &str) -> anyhow::Result<Hold> {
    let mut found = store.holds_called(id)?;
    let open = |hold: &Hold| hold.state == "open";
    if found.iter().any(open) {
        found.retain(open);
    }
    match found.len() {
        1 if store.still_waits(&found[0])? => Ok(found.remove(0)),
        1 => {
            let id = &found[0].report.id;
            let message =
                format!("{id} does not wait any more: it was approved, or nobody in it is due; see `rollcall status`");
            Err(UsageError(message).into())
        }
        0 => Err(UsageError(format!("there is no hold {id}; `rollcall status` lists those that wait")).into()),
        _ => {
            let ids: Vec<&str> = found.iter().map(|hold| hold.report.id.as_str()).collect();
            Err(UsageError(format!("{id} is short for several holds: {}", ids.join(", "))).into())
        }
    }
}

/// Whom of these holds a name means: somebody else who was once called the same must not stand in for them.
fn person(store: &Store, holds: &[Hold], name: &str) -> anyhow::Result<PersonId> {
    let mut called = BTreeSet::new();
    for hold in holds {
        called.append(&mut store.held_people_called(&hold.report.id, name)?);
    }
    let ids: Vec<&str> = called.iter().map(PersonId::as_str).collect();
    let mistake = match ids.as_slice() {
        [id] => return Ok(PersonId::new(*id)),
        [] => format!("nobody in these holds is called {name:?}"),
        _ => format!("several people in these holds are called {name:?}; name one by object id: {}", ids.join(", ")),
    };
    Err(UsageError(mistake).into())
}

fn login_name() -> String {
    let named = |variable| std::env::var(variable).ok().filter(|name: &String| !name.is_empty());
    named("SUDO_USER")
        .or_else(|| named("USER"))
        .or_else(|| named("LOGNAME"))
        .unwrap_or_else(|| format!("uid {}", rustix::process::getuid().as_raw()))
}
