//! Table `incidents`: what is wrong, since when, and when somebody was told last.

use chrono::{DateTime, Utc};
use rusqlite::{Transaction, params};

use super::{Store, instant, parse_instant};

/// An incident that is open, as kept; its content is `report`'s business.
#[derive(Clone, Debug)]
pub struct OpenIncidentRow {
    pub key: String,
    pub incident: String,
    pub opened_at: DateTime<Utc>,
    pub last_mailed_at: Option<DateTime<Utc>>,
    pub mails: u32,
}

/// What becomes of an incident at the end of a run.
#[derive(Clone, Debug)]
pub enum IncidentUpdate {
    Keep(OpenIncidentRow),
    Close(String),
}

impl Store {
    pub fn open_incidents(&self) -> anyhow::Result<Vec<OpenIncidentRow>> {
        let connection = self.connection();
        let mut statement = connection
            .prepare_cached("SELECT key, incident, opened_at, last_mailed_at, mails FROM incidents ORDER BY key")?;
        let rows = statement.query_map([], |row| {
            Ok(OpenIncidentRow {
                key: row.get(0)?,
                incident: row.get(1)?,
                opened_at: parse_instant(&row.get::<_, String>(2)?),
                last_mailed_at: row.get::<_, Option<String>>(3)?.as_deref().map(parse_instant),
                mails: row.get(4)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}

pub(super) fn write(transaction: &Transaction<'_>, updates: &[IncidentUpdate]) -> anyhow::Result<()> {
    for update in updates {
        match update {
            IncidentUpdate::Close(key) => {
                transaction.prepare_cached("DELETE FROM incidents WHERE key = ?1")?.execute([key])?;
            }
            IncidentUpdate::Keep(row) => {
                transaction
                    .prepare_cached("INSERT OR REPLACE INTO incidents VALUES (?1, ?2, ?3, ?4, ?5)")?
                    .execute(params![
                        row.key,
                        row.incident,
                        instant(row.opened_at),
                        row.last_mailed_at.map(instant),
                        row.mails
                    ])?;
            }
        }
    }
    Ok(())
}
