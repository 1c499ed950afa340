//! Table `audit`: append-only; who was changed when, from what to what, why, with what answer.

use chrono::{DateTime, Utc};
use rusqlite::{Row, Transaction, params};
use serde::Serialize;
use serde_json::Value;

use super::{Store, instant};
use crate::model::{Answer, Operation, PersonId};

/// One line of the audit trail.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AuditEntry {
    pub at: String,
    pub run: Option<i64>,
    pub event: String,
    pub person: Option<String>,
    pub user_name: Option<String>,
    pub account: Option<String>,
    pub change: Option<String>,
    pub cause: Option<String>,
    pub attributes: Option<Value>,
    pub answer: Option<Value>,
    pub note: Option<String>,
}

const COLUMNS: &str = "at, run, event, person, user_name, account, change, cause, attributes, answer, note";

impl Store {
    /// The last `number` entries, oldest first.
    pub fn audit(&self, number: u32) -> anyhow::Result<Vec<AuditEntry>> {
        let sql = format!("SELECT * FROM (SELECT {COLUMNS}, id FROM audit ORDER BY id DESC LIMIT ?1) ORDER BY id");
        self.entries(&sql, params![number])
    }

    pub fn audit_of_run(&self, run: i64) -> anyhow::Result<Vec<AuditEntry>> {
        self.entries(&format!("SELECT {COLUMNS} FROM audit WHERE run = ?1 ORDER BY id"), params![run])
    }

    pub fn audit_of_person(&self, person: &PersonId) -> anyhow::Result<Vec<AuditEntry>> {
        self.entries(&format!("SELECT {COLUMNS} FROM audit WHERE person = ?1 ORDER BY id"), params![person.as_str()])
    }

    fn entries(&self, sql: &str, parameters: &[&dyn rusqlite::ToSql]) -> anyhow::Result<Vec<AuditEntry>> {
        let connection = self.connection();
        let mut statement = connection.prepare_cached(sql)?;
        let rows = statement.query_map(parameters, read)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}

/// Something that happened to no single person.
pub(super) fn note(
    transaction: &Transaction<'_>,
    (event, note): (&str, &str),
    run: Option<i64>,
    now: DateTime<Utc>,
) -> anyhow::Result<()> {
    transaction
        .prepare_cached("INSERT INTO audit (at, run, event, note) VALUES (?1, ?2, ?3, ?4)")?
        .execute(params![instant(now), run, event, note])?;
    Ok(())
}

/// What came of one operation.
pub(super) fn settled(
    transaction: &Transaction<'_>,
    run: i64,
    (operation, account): (&Operation, Option<&str>),
    (event, answer, note): (&str, &Answer, Option<&str>),
    now: DateTime<Utc>,
) -> anyhow::Result<()> {
    let change = &operation.change;
    transaction
        .prepare_cached(
            "INSERT INTO audit (at, run, event, person, user_name, account, change, cause, attributes, answer, note,
               operation) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
        )?
        .execute(params![
            instant(now),
            run,
            event,
            change.person.as_str(),
            change.user_name,
            account.or(change.account.as_ref().map(crate::model::AccountId::as_str)),
            change.kind.as_str(),
            change.cause.as_str(),
            serde_json::to_string(&change.attributes)?,
            serde_json::to_string(answer)?,
            note,
            operation.id
        ])?;
    Ok(())
}

fn read(row: &Row<'_>) -> rusqlite::Result<AuditEntry> {
    let json = |text: Option<String>| text.and_then(|text| serde_json::from_str(&text).ok());
    Ok(AuditEntry {
        at: row.get(0)?,
        run: row.get(1)?,
        event: row.get(2)?,
        person: row.get(3)?,
        user_name: row.get(4)?,
        account: row.get(5)?,
        change: row.get(6)?,
        cause: row.get(7)?,
        attributes: json(row.get(8)?),
        answer: json(row.get(9)?),
        note: row.get(10)?,
    })
}
