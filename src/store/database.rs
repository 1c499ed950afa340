//! Opening the file: modes, pragmas, the check that it is ours and whole, migrations.

use std::fs::{DirBuilder, OpenOptions};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::Path;
use std::time::Duration;

use anyhow::Context as _;
use rusqlite::{Connection, ErrorCode, OpenFlags};

pub const FILE: &str = "state.db";

/// Marks the file as ours: "Roll" in ASCII.
const APPLICATION_ID: i64 = 0x526f_6c6c;

/// Each step brings the schema one version up; `PRAGMA user_version` counts them.
const MIGRATIONS: &[&str] = &[include_str!("migrations/0001.sql")];

/// The state cannot be used as it is, and nothing was changed: exit 78.
#[derive(Debug, thiserror::Error)]
#[error("{reason} {remedy}")]
pub struct StateRefused {
    pub reason: String,
    pub remedy: String,
}

pub fn open(directory: &Path) -> anyhow::Result<Connection> {
    let file = directory.join(FILE);
    prepare_files(directory, &file).map_err(|why| cannot_write(&file, &format!("{why:#}")))?;
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_with_flags(&file, flags).map_err(|why| refusal(&file, &why))?;
    configure(&connection).map_err(|why| refusal(&file, &why))?;
    check(&connection, &file)?;
    migrate(&mut connection, &file)?;
    connection.execute_batch(include_str!("temporary.sql")).context("making the run's working tables")?;
    Ok(connection)
}

fn prepare_files(directory: &Path, file: &Path) -> anyhow::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(directory)?;
    OpenOptions::new().create(true).append(true).mode(0o600).open(file)?;
    Ok(())
}

fn configure(connection: &Connection) -> rusqlite::Result<()> {
    connection.busy_timeout(Duration::from_secs(20))?;
    connection.pragma_update(None, "journal_mode", "wal")?;
    // FULL: a journal row that is committed survives a power cut, before the request it announces is sent.
    connection.pragma_update(None, "synchronous", "full")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.pragma_update(None, "secure_delete", true)?;
    // 8 MiB: memory stays flat however many people there are.
    connection.pragma_update(None, "cache_size", -8192)?;
    connection.pragma_update(Some("temp"), "cache_size", -8192)?;
    connection.set_prepared_statement_cache_capacity(64);
    Ok(())
}

fn check(connection: &Connection, file: &Path) -> anyhow::Result<()> {
    let application: i64 =
        connection.pragma_query_value(None, "application_id", |row| row.get(0)).map_err(|why| refusal(file, &why))?;
    if application == 0 {
        let tables: i64 = connection
            .query_row("SELECT count(*) FROM sqlite_master", [], |row| row.get(0))
            .map_err(|why| refusal(file, &why))?;
        return if tables == 0 { Ok(()) } else { Err(damaged(file, "it is another program's database").into()) };
    }
    if application != APPLICATION_ID {
        return Err(damaged(file, "it is another program's database").into());
    }
    let verdict: String =
        connection.pragma_query_value(None, "quick_check", |row| row.get(0)).map_err(|why| refusal(file, &why))?;
    if verdict == "ok" { Ok(()) } else { Err(damaged(file, &verdict).into()) }
}

fn migrate(connection: &mut Connection, file: &Path) -> anyhow::Result<()> {
    let version: usize = connection.pragma_query_value(None, "user_version", |row| row.get::<_, i64>(0))?.try_into()?;
    if version > MIGRATIONS.len() {
        return Err(StateRefused {
            reason: format!("The state {} was written by a newer version of Rollcall.", file.display()),
            remedy: "Install that version again, or restore the state from before the upgrade.".to_owned(),
        }
        .into());
    }
    if version == MIGRATIONS.len() {
        return Ok(());
    }
    let transaction = connection.transaction_with_behavior(rusqlite::TransactionBehavior::Exclusive)?;
    for step in &MIGRATIONS[version..] {
        transaction.execute_batch(step).map_err(|why| refusal(file, &why))?;
    }
    transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    transaction.pragma_update(None, "user_version", i64::try_from(MIGRATIONS.len())?)?;
    transaction.commit().map_err(|why| refusal(file, &why))?;
    Ok(())
}

fn refusal(file: &Path, why: &rusqlite::Error) -> anyhow::Error {
    match why.sqlite_error_code() {
        Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => damaged(file, &why.to_string()).into(),
        Some(
            ErrorCode::CannotOpen
            | ErrorCode::ReadOnly
            | ErrorCode::PermissionDenied
            | ErrorCode::DiskFull
            | ErrorCode::SystemIoFailure,
        ) => cannot_write(file, &why.to_string()).into(),
        _ => anyhow::Error::new(StateRefused {
            reason: format!("The state {} cannot be opened: {why}.", file.display()),
            remedy: "Nothing was changed.".to_owned(),
        }),
    }
}

fn damaged(file: &Path, why: &str) -> StateRefused {
    StateRefused {
        reason: format!("The state {} is damaged: {why}.", file.display()),
        remedy: "Move it aside and restore a backup; without one, start with an empty state: existing accounts are then recognised again and nobody is deactivated.".to_owned(),
    }
}

pub(super) fn cannot_open(file: &Path, why: &str) -> StateRefused {
    StateRefused {
        reason: format!("The state {} cannot be opened: {why}.", file.display()),
        remedy: "Run the command as root, or as the user the daemon runs as.".to_owned(),
    }
}

fn cannot_write(file: &Path, why: &str) -> StateRefused {
    StateRefused {
        reason: format!("The state {} cannot be written: {why}.", file.display()),
        remedy: "Check free space, the owner and the mode of its directory.".to_owned(),
    }
}
