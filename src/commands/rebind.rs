//! `rebind`: accepts a new tenant, group or target for an existing state, after showing what that means.

use std::io::{BufRead as _, IsTerminal as _};

use clap::Args;

use super::context::{Context, CustomerArgument, open_store};
use super::exit::{Exit, UsageError};
use super::output;
use crate::store::Binding;
use crate::sync;

#[derive(Debug, Args)]
pub struct Arguments {
    #[command(flatten)]
    customer: CustomerArgument,
    /// Do not ask
    #[arg(long)]
    yes: bool,
}

pub fn execute(context: &Context, arguments: &Arguments) -> anyhow::Result<Exit> {
    let settings = context.settings_without_secrets(&arguments.customer.customer)?;
    let store = open_store(&settings)?;
    let _lock = store.lock_run()?;
    let configured = sync::configured_binding(&settings);
    let bound = store.binding()?;
    if bound.as_ref() == Some(&configured) {
        output::line("The state belongs to what the configuration names already; nothing to do.");
        return Ok(Exit::Done);
    }
    show(bound.as_ref(), &configured, store.active_accounts()?);
    if !arguments.yes && !confirmed()? {
        output::line("Nothing was changed.");
        return Ok(Exit::Done);
    }
    store.rebind(&configured, chrono::Utc::now())?;
    output::line("Accepted. The next plan is held whole until somebody approves it.");
    Ok(Exit::Done)
}

fn show(bound: Option<&Binding>, configured: &Binding, active: u64) {
    let nothing = Binding { tenant: "nothing".to_owned(), groups: Vec::new(), target: "nothing".to_owned() };
    let bound = bound.unwrap_or(&nothing);
    output::line(&format!("tenant  {} → {}", bound.tenant, configured.tenant));
    output::line(&format!("groups  {} → {}", bound.groups.join(", "), configured.groups.join(", ")));
    output::line(&format!("target  {} → {}", bound.target, configured.target));
    if bound.target != configured.target {
        output::line(&format!(
            "This state manages {active} active accounts in the old target, and forgets them: whoever has an account in the \
             new one is recognised there by name. Leavers who are still active there are not known to be leavers any more."
        ));
        return;
    }
    output::line(&format!(
        "This state manages {active} active accounts. People of the new groups who are not among them will be created or \
         adopted, and people who are in none of the new groups count as having left."
    ));
}

fn confirmed() -> anyhow::Result<bool> {
    if !std::io::stdin().is_terminal() {
        return Err(UsageError("not on a terminal: confirm with --yes".to_owned()).into());
    }
    output::text("Go on? [y/N] ");
    let mut answer = String::new();
    std::io::stdin().lock().read_line(&mut answer)?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}
