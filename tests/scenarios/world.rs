//! The world of a scenario: a sandbox, a customer's real files, its state, and a clock that the scenario moves.
//! Knows what happened; judges only silence.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use rollcall::http::Patience;
use rollcall::model::PersonId;
use rollcall::report::{HoldReport, Report, RunResult};
use rollcall::sandbox::app::Write;
use rollcall::sandbox::{Directory, Mail, Options, Sandbox, Wishes};
use rollcall::settings::{self, Secrets, Settings};
use rollcall::source::Source;
use rollcall::store::{Approval, PlannedRow, Store, Trigger};
use rollcall::sync::{self, Clock, Job};
use rollcall::target::Target;
use rollcall::target::scim::{Scim, Waits};
use serde_json::Value;
use tempfile::TempDir;

pub const CUSTOMER: &str = "demo";

/// A Thursday, 09:00 in the customer's Sydney. In the past, so that mails are always due.
const BEGINNING: &str = "2025-03-05T22:00:00Z";

/// A sandbox, a customer, and what became of them so far.
#[derive(Debug)]
pub struct World {
    pub sandbox: Sandbox,
    pub dir: TempDir,
    store: Option<Store>,
    wishes: Wishes,
    /// What the customer's file says otherwise: replaced text.
    edits: Vec<(String, String)>,
    now: DateTime<Utc>,
    last: Option<Report>,
}

impl World {
    /// So many people in the group, an empty app, and no run yet.
    pub async fn new(members: u32) -> Self {
        rollcall::http::install_crypto_provider();
        let sandbox = Sandbox::start(Options { members, seed: 7, ..Options::default() }).await.unwrap();
        let dir = fast_directory();
        let now = BEGINNING.parse().unwrap();
        let mut world =
            Self { sandbox, dir, store: None, wishes: Wishes::default(), edits: Vec::new(), now, last: None };
        world.configure();
        world.reopen();
        world
    }

    /// A customer in daily life: the first plan was approved, and everybody has an account.
    pub async fn settled(members: u32) -> Self {
        let mut world = Self::new(members).await;
        world.go_live().await;
        world
    }

    /// The same, with managers in the mapping.
    pub async fn with_managers(members: u32) -> Self {
        let mut world = Self::new(members).await;
        world.wishes.manager = true;
        world.configure();
        world
    }

    pub async fn go_live(&mut self) {
        self.run().await;
        self.approve("configuration").await;
        self.forget();
        // Ordinary changes are not to be counted together with the first day's.
        self.wait(TimeDelta::days(7) + TimeDelta::hours(1));
    }

    /// Writes and mails so far are forgotten.
    pub fn forget(&self) {
        self.sandbox.app.admin().clear_writes();
        self.sandbox.app.admin().counters().reset();
        self.sandbox.entra.counters().reset();
        self.sandbox.mailbox.shelf().clear();
    }

    // What the operator does.

    pub fn stage(&mut self, stage: &str) {
        stage.clone_into(&mut self.wishes.stage);
        self.configure();
    }

    /// Whole sections at the end of the customer's file.
    pub fn add_to_configuration(&mut self, text: &str) {
        self.wishes.more = format!("{}\n{text}\n", self.wishes.more);
        self.configure();
    }

    /// Other text in the customer's file, from now on.
    pub fn edit_configuration(&mut self, from: &str, to: &str) {
        self.edits.push((from.to_owned(), to.to_owned()));
        self.configure();
    }

    fn configure(&self) {
        self.sandbox.write_configuration_with(self.dir.path(), &self.wishes).unwrap();
        let path = self.dir.path().join("customers").join(format!("{CUSTOMER}.toml"));
        let mut text = std::fs::read_to_string(&path).unwrap();
        for (from, to) in &self.edits {
            assert!(text.contains(from), "the customer's file does not say {from}:\n{text}");
            text = text.replacen(from, to, 1);
        }
        std::fs::write(path, text).unwrap();
    }

    pub fn settings(&self) -> Settings {
        settings::load(self.dir.path(), CUSTOMER, Secrets::Read).unwrap_or_else(|mistakes| panic!("{mistakes}"))
    }

    /// The process dies and another one begins.
    pub fn reopen(&mut self) {
        self.store = None;
        self.store = Some(Store::open(&self.settings().state_dir()).unwrap());
    }

    /// Lets go of the state, so that a scenario can do things to its files.
    pub fn close(&mut self) {
        self.store = None;
    }

    pub fn store(&self) -> &Store {
        self.store.as_ref().expect("the scenario has closed the state")
    }

    pub fn now(&self) -> DateTime<Utc> {
        self.now
    }

    pub fn wait(&mut self, time: TimeDelta) {
        self.now += time;
    }

    pub async fn run(&mut self) -> Report {
        self.try_run().await.unwrap_or_else(|error| panic!("the run could not even be recorded: {error:#}"))
    }

    pub async fn run_person(&mut self, person: &str) -> Report {
        let settings = self.settings();
        let mut job = self.job(&settings);
        job.only = Some(PersonId::new(person));
        let report = sync::run(&job, &Trigger::Command("run")).await.unwrap();
        deliver(self.store(), &settings).await;
        self.wait(TimeDelta::minutes(1));
        report
    }

    pub async fn try_run(&mut self) -> anyhow::Result<Report> {
        let settings = self.settings();
        let report = sync::run(&self.job(&settings), &Trigger::Command("run")).await?;
        deliver(self.store(), &settings).await;
        self.wait(TimeDelta::minutes(1));
        self.last = Some(report.clone());
        Ok(report)
    }

    /// A run whose process dies as soon as `enough` says so; `None` when it died, its report when it was faster.
    pub async fn run_until(&mut self, enough: impl Fn(&Sandbox) -> bool) -> Option<Report> {
        let settings = self.settings();
        let job = self.job(&settings);
        let watch = async {
            while !enough(&self.sandbox) {
                tokio::time::sleep(Duration::from_micros(500)).await;
            }
        };
        let report = tokio::select! {
            biased;
            report = sync::run(&job, &Trigger::Command("run")) => Some(report.unwrap()),
            () = watch => None,
        };
        drop(job);
        self.wait(TimeDelta::minutes(1));
        self.reopen();
        report
    }

    pub fn job<'a>(&'a self, settings: &'a Settings) -> Job<'a> {
        let mut job = Job::prepare(settings, self.store(), Clock::starting_at(self.now)).unwrap();
        let attributes: Vec<String> = job.rules.mapping.attributes().map(str::to_owned).collect();
        let (patience, lag) = (patience(), [Duration::from_millis(1); 3]);
        job.source = Source::connect_with(&settings.source, &sync::properties(&job.rules), patience).unwrap();
        let scim = Scim::connect_with(&settings.target, &attributes, Waits { patience, lag }).unwrap();
        job.target = Target::Scim(Box::new(scim));
        job
    }

    pub async fn plan(&self) -> (Report, Vec<PlannedRow>) {
        let settings = self.settings();
        let report = sync::plan(&self.job(&settings)).await.unwrap();
        (report, self.store().planned("", u32::MAX).unwrap())
    }

    pub async fn approve(&mut self, kind: &str) -> Report {
        self.approve_with(kind, |_| {}).await
    }

    pub async fn approve_with(&mut self, kind: &str, change: impl FnOnce(&mut Approval)) -> Report {
        self.approve_later(kind, change);
        self.run().await
    }

    /// Somebody's word on an open hold, without a run.
    pub fn approve_later(&self, kind: &str, change: impl FnOnce(&mut Approval)) {
        let holds = self.store().open_holds().unwrap();
        let hold = holds.iter().find(|hold| hold.report.kind == kind);
        let hold = hold.unwrap_or_else(|| panic!("no open hold is called {kind}: {holds:?}"));
        let mut approval = Approval { by: "pat".to_owned(), ..Approval::default() };
        change(&mut approval);
        self.store().approve(hold, &approval, self.now).unwrap();
    }

    /// Mails that could not be sent are due again.
    pub fn hour_passes_for_mails(&self) {
        let file = self.settings().state_dir().join("state.db");
        rusqlite::Connection::open(file)
            .unwrap()
            .execute("UPDATE mails SET next_attempt = created_at WHERE state = 'waiting'", [])
            .unwrap();
    }

    // What is there to be seen.

    pub fn directory(&self) -> &Directory {
        &self.sandbox.directory
    }

    pub fn group(&self) -> String {
        self.directory().group()
    }

    /// The first people of the group, by object id.
    pub fn people<const N: usize>(&self) -> [String; N] {
        self.directory().members(N).try_into().unwrap()
    }

    pub fn leave(&self, person: &str) {
        self.directory().remove_member(&self.group(), person).unwrap();
    }

    pub fn join(&self, person: &str) {
        self.directory().add_member(&self.group(), person).unwrap();
    }

    pub fn accounts(&self) -> Vec<Value> {
        self.sandbox.app.admin().accounts()
    }

    /// The one account of a person, by the object id that every account carries.
    #[track_caller]
    pub fn account(&self, person: &str) -> Value {
        let mut theirs = self.accounts_of(person);
        assert_eq!(theirs.len(), 1, "{person} has {} accounts", theirs.len());
        theirs.remove(0)
    }

    pub fn accounts_of(&self, person: &str) -> Vec<Value> {
        self.accounts().into_iter().filter(|account| account["externalId"] == person).collect()
    }

    #[track_caller]
    pub fn is_active(&self, person: &str) -> bool {
        self.account(person)["active"] == true
    }

    pub fn active(&self) -> usize {
        self.accounts().iter().filter(|account| account["active"] == true).count()
    }

    pub fn writes(&self) -> Vec<Write> {
        self.sandbox.app.admin().writes()
    }

    pub fn mails(&self) -> Vec<Mail> {
        self.sandbox.mailbox.shelf().mails()
    }

    /// The mails to the client's admins, or to the operators.
    pub fn mails_to(&self, recipient: &str) -> Vec<Mail> {
        self.mails().into_iter().filter(|mail| mail.recipients.iter().any(|to| to.starts_with(recipient))).collect()
    }

    /// Nobody has two accounts, by whatever accounts are recognised.
    #[track_caller]
    pub fn assert_no_doubles(&self) {
        let accounts = self.accounts();
        for key in ["externalId", "userName"] {
            let mut values: Vec<String> =
                accounts.iter().filter_map(|account| Some(account[key].as_str()?.to_lowercase())).collect();
            values.sort_unstable();
            let double = values.windows(2).find(|pair| pair[0] == pair[1]);
            assert_eq!(double, None, "two accounts have one {key}");
        }
    }

    /// One more run: nothing planned, nothing sent, nothing mailed, and no other words than the last time.
    pub async fn finish(mut self) {
        let before = self.last.take();
        let report = self.assert_silence().await;
        let Some(before) = before else { return };
        let ids = |report: &Report| report.holds.iter().map(|hold| hold.id.clone()).collect::<Vec<_>>();
        let failing =
            |report: &Report| report.failures.iter().map(|failure| failure.person.clone()).collect::<Vec<_>>();
        if before.result != RunResult::Failed {
            assert_eq!(ids(&report), ids(&before), "the holds of the last two runs");
            assert_eq!(failing(&report), failing(&before), "who fails in the last two runs");
        }
    }

    async fn assert_silence(&mut self) -> Report {
        self.assert_no_doubles();
        self.forget();
        let report = self.run().await;
        let Report { counts, .. } = &report;
        let done = counts.created + counts.adopted + counts.updated + counts.deactivated + counts.reactivated;
        assert_eq!(done, 0, "done in a run that had nothing to do: {report:#?}");
        assert_eq!(report.error, None);
        let planned = self.store().planned_total().unwrap();
        assert_eq!(planned, counts.held, "planned, and held of it, in a run that had nothing to do");
        assert_eq!(described(&self.writes()), Vec::<String>::new(), "writes in a run that had nothing to do");
        let subjects: Vec<String> = self.mails().iter().map(|mail| mail.subject().to_owned()).collect();
        assert_eq!(subjects, Vec::<String>::new(), "mails of a run that had nothing to do");
        report
    }
}

/// In memory where there is such a place: thousands of commits are synced here, and no scenario cuts the power.
fn fast_directory() -> TempDir {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap()
}

async fn deliver(store: &Store, settings: &Settings) {
    let mail = settings.mail.as_ref().expect("the sandbox's configuration has mail");
    sync::deliver(store, mail, Duration::from_secs(5)).await;
}

/// As many tries as in life, without the long pauses.
fn patience() -> Patience {
    Patience {
        first_pause: Duration::from_millis(4),
        budget: Duration::from_secs(3),
        longest_retry_after: Duration::from_secs(5),
        answer_within: Duration::from_secs(2),
        ..Patience::default()
    }
}

/// Writes as a person reads them.
pub fn described(writes: &[Write]) -> Vec<String> {
    writes.iter().map(|write| format!("{} {} {}", write.method, write.path, write.body)).collect()
}

/// The hold of a kind.
#[track_caller]
pub fn hold<'a>(report: &'a Report, kind: &str) -> &'a HoldReport {
    let found = report.holds.iter().find(|hold| hold.kind == kind);
    found.unwrap_or_else(|| panic!("no hold {kind} in {report:#?}"))
}

/// Whom a report names as failing, with the reason.
pub fn failing(report: &Report) -> Vec<(String, String)> {
    report.failures.iter().map(|it| (it.person.as_str().to_owned(), it.reason.clone())).collect()
}

/// A run failed as a whole, for a reason of this class.
#[track_caller]
pub fn assert_failed(report: &Report, class: &str) {
    assert_eq!(report.result, RunResult::Failed, "{report:#?}");
    let error = report.error.as_ref().expect("a failed run says why");
    assert_eq!(error.class, class, "{error:#?}");
    assert!(!error.reason.is_empty() && !error.remedy.is_empty(), "{error:?}");
}
