//! What every command about a customer needs: the settings, the right user, the state, a runtime.

use std::path::PathBuf;

use anyhow::Context as _;
use clap::Args;

use super::identity;
use crate::schedule::{Schedule, ScheduleMistake};
use crate::settings::{self, Mistakes, Secrets, Settings};
use crate::store::Store;

/// Where the configuration lies.
#[derive(Debug)]
pub struct Context {
    pub config_dir: PathBuf,
}

/// The customer a command is about.
#[derive(Clone, Debug, Args)]
pub struct CustomerArgument {
    /// The customer: the name of a file in customers/, without .toml
    pub customer: String,
}

impl Context {
    pub fn new(flag: Option<PathBuf>) -> Self {
        Self { config_dir: settings::config_dir(flag) }
    }

    /// Settings with their secrets; from here on the process is the owner of the state (see [`identity`]).
    pub fn settings(&self, customer: &str) -> anyhow::Result<Settings> {
        let settings = settings::load(&self.config_dir, customer, Secrets::Read)?;
        identity::become_owner(&settings.state_dir())?;
        Ok(settings)
    }

    /// Settings for commands that ask nobody anything: they work without the secrets.
    pub fn settings_without_secrets(&self, customer: &str) -> anyhow::Result<Settings> {
        let settings = settings::load(&self.config_dir, customer, Secrets::LeaveUnread)?;
        identity::become_owner(&settings.state_dir())?;
        Ok(settings)
    }
}

pub fn open_store(settings: &Settings) -> anyhow::Result<Store> {
    Store::open(&settings.state_dir())
}

/// The customer's schedule. `settings` has found its mistakes before.
pub fn schedule(settings: &Settings) -> Result<Schedule, Mistakes> {
    let placed = |mistake: &ScheduleMistake| settings.mistake(mistake.key.as_str(), mistake.message.clone());
    Schedule::new(&settings.schedule, &settings.customer)
        .map_err(|mistakes| Mistakes { all: mistakes.iter().map(placed).collect() })
}

/// Runs a command's asynchronous part. Threads are made here, after the process has become who it should be.
pub fn block_on<T>(work: impl Future<Output = T>) -> anyhow::Result<T> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .context("starting the runtime")?;
    Ok(runtime.block_on(work))
}
