//! The demo's stage: a sandbox, a customer's real files, and the means to run, approve and look.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use chrono::Utc;

use crate::commands::output;
use crate::report::Report;
use crate::sandbox::{Options, Sandbox, Wishes};
use crate::settings::{self, Secrets, Settings};
use crate::store::{Approval, Store, Trigger};
use crate::sync::{self, Job};

pub const CUSTOMER: &str = "demo";
/// Small enough to read, large enough for a mass leave.
pub const MEMBERS: u32 = 40;
const MAIL_TIME: Duration = Duration::from_secs(5);

pub struct Stage {
    pub dir: PathBuf,
    pub sandbox: Sandbox,
    pub store: Store,
    scene: u32,
}

impl Stage {
    pub async fn set(dir: PathBuf) -> anyhow::Result<Self> {
        std::fs::create_dir_all(&dir).with_context(|| format!("creating {}", dir.display()))?;
        let sandbox = Sandbox::start(Options { members: MEMBERS, seed: 7, ..Options::default() }).await?;
        let mut stage = Self { store: Store::open(&dir.join("state").join(CUSTOMER))?, dir, sandbox, scene: 0 };
        stage.configure("preview")?;
        Ok(stage)
    }

    /// Writes the customer's file anew, as an operator would.
    pub fn configure(&mut self, stage: &str) -> anyhow::Result<()> {
        let wishes = Wishes { manager: true, stage: stage.to_owned(), ..Wishes::default() };
        self.sandbox.write_configuration_with(&self.dir, &wishes)?;
        Ok(())
    }

    pub fn settings(&self) -> anyhow::Result<Settings> {
        Ok(settings::load(&self.dir, CUSTOMER, Secrets::Read)?)
    }

    /// Begins a scene: what happens in the world, in one sentence.
    pub fn scene(&mut self, title: &str, what_happens: &str) {
        self.scene += 1;
        let bold = anstyle::Style::new().bold();
        output::text(&format!("\n{bold}{}. {title}{bold:#}\n   {what_happens}\n", self.scene));
    }

    /// One run, its report, and its mails on their way.
    pub async fn run(&self) -> anyhow::Result<Report> {
        let settings = self.settings()?;
        let job = Job::prepare(&settings, &self.store, sync::now())?;
        self.finish(&job, "run").await
    }

    /// Approves the hold of a kind as its operator would, and runs.
    pub async fn approve(&self, kind: &str, why: &str) -> anyhow::Result<Report> {
        let holds = self.store.open_holds()?;
        let hold = holds.iter().find(|hold| hold.report.kind == kind).with_context(|| format!("no hold {kind}"))?;
        output::line(&format!("   $ rollcall approve {CUSTOMER} {} --by pat --why {why:?}", hold.report.id));
        let approval = Approval { by: "pat".to_owned(), why: Some(why.to_owned()), ..Approval::default() };
        self.store.approve(hold, &approval, Utc::now())?;
        let settings = self.settings()?;
        let job = Job::prepare(&settings, &self.store, sync::now())?;
        self.finish(&job, "approve").await
    }

    async fn finish(&self, job: &Job<'_>, command: &'static str) -> anyhow::Result<Report> {
        let before = self.sandbox.mailbox.shelf().mails().len();
        let report = sync::run(job, &Trigger::Command(command)).await?;
        if let Some(mail) = &job.settings.mail {
            sync::deliver(&self.store, mail, MAIL_TIME).await;
        }
        for line in report.to_text(CUSTOMER).lines() {
            output::line(&format!("   {line}"));
        }
        for mail in self.sandbox.mailbox.shelf().mails().iter().skip(before) {
            let to = mail.recipients.join(", ");
            output::line(&format!("   ✉ to {to}: {}", mail.subject()));
        }
        Ok(report)
    }

    pub async fn clear(self) {
        self.sandbox.shutdown().await;
    }
}

/// The story must come true, or the demo has failed.
pub fn expect(what: &str, expected: u64, counted: u64) -> anyhow::Result<()> {
    ensure!(expected == counted, "the demo expected {what}: {expected}, and counted {counted}");
    Ok(())
}
