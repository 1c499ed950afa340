//! `sandbox`: leaves a simulated tenant, app and mailbox running, with a customer's configuration for them.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context as _;
use clap::Args;
use serde_json::json;

use super::context::block_on;
use super::exit::Exit;
use super::{logging, output};
use crate::sandbox::{Options, Ports, Sandbox, Urls, Wishes};

#[derive(Debug, Args)]
pub struct Arguments {
    /// People in the group
    #[arg(long, default_value_t = 200)]
    members: u32,
    /// Another seed, another company
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Where to write the configuration [default: a new temporary directory]
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
    /// The customer's name
    #[arg(long, default_value = "demo")]
    customer: String,
    /// The customer's stage
    #[arg(long, default_value = "live", value_parser = ["preview", "live"])]
    stage: String,
    /// Map the manager too
    #[arg(long)]
    manager: bool,
    /// Each page of members takes this many milliseconds
    #[arg(long, default_value_t = 0, value_name = "MS")]
    page_delay: u64,
    /// Each request to the app takes this many milliseconds
    #[arg(long, default_value_t = 0, value_name = "MS")]
    app_latency: u64,
    /// Listen on this port and the three after it (tenant, app, mail, control) [default: free ports]
    #[arg(long, value_name = "PORT")]
    port: Option<u16>,
    /// Print one JSON object with all addresses, for scripts
    #[arg(long)]
    json: bool,
}

pub fn execute(arguments: &Arguments) -> anyhow::Result<Exit> {
    logging::for_commands();
    block_on(serve(arguments))??;
    Ok(Exit::Done)
}

async fn serve(arguments: &Arguments) -> anyhow::Result<()> {
    let dir = match &arguments.dir {
        Some(dir) => dir.clone(),
        None => std::env::temp_dir().join(format!("rollcall-sandbox-{}", std::process::id())),
    };
    let sandbox = Sandbox::start(options(arguments)).await?;
    let wishes = Wishes {
        customer: arguments.customer.clone(),
        manager: arguments.manager,
        stage: arguments.stage.clone(),
        ..Wishes::default()
    };
    let urls = sandbox.write_configuration_with(&dir, &wishes)?;
    announce(arguments, &dir, &urls);
    stop_signal().await?;
    sandbox.shutdown().await;
    Ok(())
}

fn options(arguments: &Arguments) -> Options {
    let port = |offset| arguments.port.map_or(0, |first| first.saturating_add(offset));
    Options {
        members: arguments.members,
        seed: arguments.seed,
        page_delay: Duration::from_millis(arguments.page_delay),
        app_latency: Duration::from_millis(arguments.app_latency),
        ports: Ports { entra: port(0), app: port(1), smtp: port(2), control: port(3) },
    }
}

fn announce(arguments: &Arguments, dir: &std::path::Path, urls: &Urls) {
    if arguments.json {
        output::json(&json!({
            "config": dir, "customer": arguments.customer, "login_url": urls.login, "graph_url": urls.graph,
            "app_url": urls.app, "smtp_url": urls.smtp, "control_url": urls.control,
        }));
        return;
    }
    let (dir, customer) = (dir.display(), &arguments.customer);
    output::text(&format!(
        "A tenant with {} people, a SCIM app and a mailbox are running until Ctrl-C.\n\n\
         tenant   {}\napp      {}\nmail     {}\ncontrol  {}   (GET / says who is there; docs/sandbox.md has the rest)\n\n\
         A customer's configuration for them is in {dir}. Try:\n\n  \
         rollcall --config {dir} check {customer}\n  \
         rollcall --config {dir} plan {customer}\n  \
         rollcall --config {dir} run {customer}\n",
        arguments.members, urls.graph, urls.app, urls.smtp, urls.control
    ));
}

/// Ctrl-C, or SIGTERM from a script.
async fn stop_signal() -> anyhow::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate()).context("listening for SIGTERM")?;
    tokio::select! {
        ctrl_c = tokio::signal::ctrl_c() => ctrl_c.context("listening for Ctrl-C"),
        _ = terminate.recv() => Ok(()),
    }
}
