//! The customer's state in one SQLite file, and the only place with SQL: one file per table, one function per sentence.
//! Nothing here decides; no lock and no transaction lives across an `.await`.

mod audit;
mod database;
mod holds;
mod incidents;
mod journal;
mod lock;
mod mails;
mod meta;
mod people;
mod plan;
mod roster;
mod runs;
mod settings;
mod slots;
mod snapshot;

use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use anyhow::Context as _;
use chrono::{DateTime, SecondsFormat, Utc};
use rusqlite::{Connection, Transaction, TransactionBehavior};

pub use audit::AuditEntry;
pub use database::StateRefused;
pub use holds::{Approval, Hold, NothingApproved};
pub use incidents::IncidentUpdate;
pub use journal::{Journaling, OpenOperation, Settled};
pub use lock::{RunLock, RunningElsewhere};
pub use mails::{NewMail, OutgoingRow};
pub use meta::Binding;
pub use people::{KnownPerson, StandingCounts};
pub use plan::{Candidate, Collision, PlannedRow};
pub use roster::Staged;
pub use runs::{RunSummary, Trigger};
pub use settings::Keep;

/// One customer's state, open.
#[derive(Debug)]
pub struct Store {
    connection: Mutex<Connection>,
    directory: PathBuf,
}

impl Store {
    /// Opens the state in `directory`, making it (0700, files 0600) and bringing its schema up to date.
    ///
    /// # Errors
    /// [`StateRefused`] when the database is damaged, newer than this program, or cannot be written.
    pub fn open(directory: &Path) -> anyhow::Result<Self> {
        let connection = database::open(directory)?;
        Ok(Self { connection: Mutex::new(connection), directory: directory.to_owned() })
    }

    /// Opens an existing state for reading, or answers `None` where there is none yet.
    pub fn open_existing(directory: &Path) -> anyhow::Result<Option<Self>> {
        let file = directory.join(database::FILE);
        match file.try_exists() {
            Ok(true) => Self::open(directory).map(Some),
            Ok(false) => Ok(None),
            // "Never ran" and "may not look" are different answers.
            Err(why) => Err(database::cannot_open(&file, &why.to_string()).into()),
        }
    }

    /// Where the state lies.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// Only one run of a customer at a time: held until dropped.
    pub fn lock_run(&self) -> anyhow::Result<RunLock> {
        RunLock::take(&self.directory)
    }

    /// Runs `work` with all it writes to working tables in one transaction: one write of many rows instead of many of one.
    /// `work` writes nothing durable and awaits nothing.
    pub fn in_one_go<T>(&self, work: impl FnOnce() -> anyhow::Result<T>) -> anyhow::Result<T> {
        let open = OpenTransaction::begin(self)?;
        let value = work()?;
        open.commit()?;
        Ok(value)
    }

    fn connection(&self) -> MutexGuard<'_, Connection> {
        // A panic cannot leave a transaction half done: SQLite rolls it back when its guard is dropped.
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs `work` in one transaction: all of it, or nothing.
    fn transact<T>(&self, work: impl FnOnce(&Transaction<'_>) -> anyhow::Result<T>) -> anyhow::Result<T> {
        let mut connection = self.connection();
        let transaction = connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .context("beginning to write the state")?;
        let value = work(&transaction)?;
        transaction.commit().context("writing the state")?;
        Ok(value)
    }
}

/// A transaction that several of the store's sentences share; rolled back unless it is committed.
struct OpenTransaction<'a> {
    store: &'a Store,
    open: bool,
}

impl<'a> OpenTransaction<'a> {
    fn begin(store: &'a Store) -> anyhow::Result<Self> {
        store.connection().execute_batch("BEGIN").context("beginning to write the working tables")?;
        Ok(Self { store, open: true })
    }

    fn commit(mut self) -> anyhow::Result<()> {
        self.open = false;
        self.store.connection().execute_batch("COMMIT").context("writing the working tables")
    }
}

impl Drop for OpenTransaction<'_> {
    fn drop(&mut self) {
        if self.open {
            // Nothing durable is in it, and the run that wanted it has ended.
            drop(self.store.connection().execute_batch("ROLLBACK"));
        }
    }
}

/// Instants are stored as UTC text that sorts as time does.
fn instant(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}

fn parse_instant(text: &str) -> DateTime<Utc> {
    DateTime::parse_from_rfc3339(text).map_or(DateTime::UNIX_EPOCH, |at| at.to_utc())
}

/// How values are compared when accounts are recognised: without regard to case for userName and addresses, exactly
/// for everything else (RFC 7643 §4.1.1, §3.1: userName is not case-exact, externalId is).
pub fn fold_key(attribute: &str, value: &str) -> String {
    if attribute.eq_ignore_ascii_case("externalId") || attribute.eq_ignore_ascii_case("id") {
        return value.to_owned();
    }
    value.to_lowercase()
}
