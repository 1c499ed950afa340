//! Table `incidents`: what is wrong, since when, and what was last told of it.

use rusqlite::Transaction;

use super::Store;
use crate::report::OpenIncident;

/// What becomes of incidents at the end of a run.
#[derive(Clone, Debug, Default)]
pub struct IncidentUpdate {
    /// Open, as they are now.
    pub open: Vec<OpenIncident>,
    /// Over, by key.
    pub ended: Vec<String>,
}

impl Store {
    pub fn open_incidents(&self) -> anyhow::Result<Vec<OpenIncident>> {
        let connection = self.connection();
        let mut statement = connection.prepare_cached("SELECT incident FROM incidents ORDER BY key")?;
        let rows = statement.query_map([], |row| row.get::<_, String>(0))?;
        rows.map(|row| Ok(serde_json::from_str(&row?)?)).collect()
    }
}

pub(super) fn write(transaction: &Transaction<'_>, update: &IncidentUpdate) -> anyhow::Result<()> {
    let mut close = transaction.prepare_cached("DELETE FROM incidents WHERE key = ?1")?;
    for key in &update.ended {
        close.execute([key])?;
    }
    let mut keep = transaction.prepare_cached("INSERT OR REPLACE INTO incidents VALUES (?1, ?2)")?;
    for open in &update.open {
        keep.execute([&open.incident.key, &serde_json::to_string(open)?])?;
    }
    Ok(())
}
