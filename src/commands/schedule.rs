//! `schedule`: the next ten slots, in the customer's time and in UTC.

use chrono::Utc;
use clap::Args;
use serde_json::json;

use super::context::{self, Context, CustomerArgument};
use super::exit::Exit;
use super::output;
use crate::schedule::{Slot, SlotKind};
use crate::settings::{self, Secrets};

#[derive(Debug, Args)]
pub struct Arguments {
    #[command(flatten)]
    customer: CustomerArgument,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

const SHOWN: usize = 10;

pub fn execute(context: &Context, arguments: &Arguments) -> anyhow::Result<Exit> {
    let settings = settings::load(&context.config_dir, &arguments.customer.customer, Secrets::LeaveUnread)?;
    let schedule = context::schedule(&settings)?;
    let slots: Vec<Slot> = schedule.slots_after(Utc::now()).take(SHOWN).collect();
    let zone = settings.schedule.timezone;
    if arguments.json {
        let list: Vec<_> = slots.iter().map(|slot| to_json(slot, zone)).collect();
        output::json(&json!(list));
        return Ok(Exit::Done);
    }
    for slot in &slots {
        let local = slot.starts_at.with_timezone(&zone).format("%a %Y-%m-%d %H:%M:%S %Z");
        let utc = slot.starts_at.format("%Y-%m-%d %H:%M:%S UTC");
        output::line(&format!("{local}   {utc}   {}", word(slot.kind)));
    }
    Ok(Exit::Done)
}

fn to_json(slot: &Slot, zone: chrono_tz::Tz) -> serde_json::Value {
    json!({
        "slot": slot.id(),
        "local": slot.starts_at.with_timezone(&zone).to_rfc3339(),
        "utc": slot.starts_at.to_rfc3339(),
        "kind": word(slot.kind),
    })
}

fn word(kind: SlotKind) -> &'static str {
    match kind {
        SlotKind::Run => "run",
        SlotKind::Reconcile => "reconcile",
    }
}
