//! Working table `roster`: people staged page by page while they are read.

use rusqlite::{OptionalExtension as _, params};

use super::{Store, people};
use crate::model::{Person, PersonId};

/// A person as staged: `record` is the person's JSON, over which the fingerprint was made.
#[derive(Debug)]
pub struct Staged {
    pub person: PersonId,
    pub fingerprint: Vec<u8>,
    pub record: String,
}

impl Store {
    /// Empties every working table: a run begins, or its read begins anew.
    pub fn clear_working_tables(&self) -> anyhow::Result<()> {
        let tables = ["roster", "judged", "wanted_keys", "planned", "listed", "listed_keys"];
        let sql: String = tables.map(|table| format!("DELETE FROM temp.{table};")).concat();
        Ok(self.connection().execute_batch(&sql)?)
    }

    /// Stages one page. A person who is the same as when they were judged last keeps no record, and costs no more.
    pub fn stage(&self, page: &[Staged]) -> anyhow::Result<()> {
        let mut connection = self.connection();
        // The working tables are temporary: this transaction writes nothing durable.
        let transaction = connection.transaction()?;
        {
            let mut known = transaction.prepare_cached("SELECT fingerprint FROM main.people WHERE person = ?1")?;
            let mut insert = transaction.prepare_cached("INSERT OR IGNORE INTO temp.roster VALUES (?1, ?2, ?3)")?;
            for staged in page {
                let id = staged.person.as_str();
                let before: Option<Option<Vec<u8>>> = known.query_row([id], |row| row.get(0)).optional()?;
                let unchanged = before.flatten().as_ref() == Some(&staged.fingerprint);
                insert.execute(params![id, staged.fingerprint, (!unchanged).then_some(&staged.record)])?;
            }
        }
        transaction.commit()?;
        Ok(())
    }

    pub fn roster_size(&self) -> anyhow::Result<u64> {
        people::count(&self.connection(), "SELECT count(*) FROM temp.roster")
    }

    /// A person's record as staged; `None` for people who are unchanged or not on the roster.
    pub fn staged_person(&self, person: &PersonId) -> anyhow::Result<Option<Person>> {
        let connection = self.connection();
        let mut statement = connection.prepare_cached("SELECT record FROM temp.roster WHERE person = ?1")?;
        let record: Option<Option<String>> = statement.query_row([person.as_str()], |row| row.get(0)).optional()?;
        Ok(record.flatten().map(|record| serde_json::from_str(&record)).transpose()?)
    }
}
