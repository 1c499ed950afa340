//! The other side, for the demo, rehearsals, tests and benchmarks: a simulated Entra tenant, a SCIM app and a mailbox,
//! over real HTTP and SMTP on loopback. Has its own wire types and uses nothing of the connectors, so that a mistake
//! there is not mirrored here.

pub mod app;
mod configuration;
pub mod control;
mod counters;
pub mod directory;
pub mod entra;
pub mod mailbox;
mod people;
mod script;
mod wire;

use std::path::Path;
use std::time::Duration;

pub use app::{App, AppAct, AppAdmin, AppFault, AppSpot, Auth};
pub use configuration::Wishes;
pub use counters::Counters;
pub use directory::{Directory, GroupState, TenantOptions};
pub use entra::{Act, Entra, Fault, Spot};
pub use mailbox::{Mail, MailShelf, Mailbox};

use control::Control;

/// What a sandbox is like at the start.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// People in the main group.
    pub members: u32,
    pub seed: u64,
    /// Each page of members takes this long.
    pub page_delay: Duration,
    /// Each request to the app takes this long.
    pub app_latency: Duration,
    pub ports: Ports,
}

/// Where the parts listen; 0 takes a free port.
#[derive(Clone, Copy, Debug, Default)]
pub struct Ports {
    pub entra: u16,
    pub app: u16,
    pub smtp: u16,
    pub control: u16,
}

/// Where everything is.
#[derive(Clone, Debug)]
pub struct Urls {
    pub login: String,
    /// Version included.
    pub graph: String,
    pub app: String,
    pub smtp: String,
    pub control: String,
}

/// All parts, running.
#[derive(Debug)]
pub struct Sandbox {
    pub directory: Directory,
    pub entra: Entra,
    pub app: App,
    pub mailbox: Mailbox,
    pub control: Control,
    token: String,
}

impl Sandbox {
    pub async fn start(options: Options) -> anyhow::Result<Self> {
        let tenant = TenantOptions { members: options.members, seed: options.seed, ..TenantOptions::default() };
        let directory = Directory::new(&tenant);
        let entra = Entra::start(directory.clone(), options.ports.entra).await?;
        entra.set_page_delay(options.page_delay);
        let token = format!("app-{:016x}", people::mix(options.seed ^ 0xa99));
        let app = App::start(Auth::Bearer(token.clone()), options.ports.app).await?;
        app.admin().set_latency(options.app_latency);
        let mailbox = Mailbox::start(options.ports.smtp).await?;
        let world = control::Reach::new(directory.clone(), entra.desk(), app.admin(), mailbox.shelf());
        let control = Control::start(world, options.ports.control).await?;
        Ok(Self { directory, entra, app, mailbox, control, token })
    }

    /// The bearer token of the app.
    pub fn app_token(&self) -> &str {
        &self.token
    }

    pub fn urls(&self) -> Urls {
        Urls {
            login: self.entra.login_url(),
            graph: self.entra.graph_url(),
            app: self.app.url(),
            smtp: self.mailbox.url(),
            control: self.control.url(),
        }
    }

    /// Writes a complete configuration for the customer `demo` into a directory, its state below it.
    pub fn write_configuration(&self, dir: &Path) -> anyhow::Result<Urls> {
        self.write_configuration_with(dir, &Wishes::default())
    }

    pub fn write_configuration_with(&self, dir: &Path, wishes: &Wishes) -> anyhow::Result<Urls> {
        let urls = self.urls();
        let facts = configuration::Facts {
            tenant_id: self.directory.tenant_id(),
            client_id: self.directory.client_id(),
            client_secret: self.directory.client_secret(),
            group: self.directory.group(),
            company: self.directory.company(),
            domain: self.directory.domain(),
            login_url: urls.login.clone(),
            graph_url: urls.graph.clone(),
            app_url: urls.app.clone(),
            app_token: self.token.clone(),
            smtp: urls.smtp.clone(),
        };
        configuration::write(dir, &facts, wishes)?;
        Ok(urls)
    }

    /// Stops every part.
    pub async fn shutdown(self) {
        self.mailbox.shutdown();
        self.control.shutdown().await;
        self.entra.shutdown().await;
        self.app.shutdown().await;
    }
}
