//! Table `snapshot`: per person the account and what was last sent successfully; and by what it is recognised.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use rusqlite::{OptionalExtension as _, Row, Transaction, params};
use serde_json::Value;

use super::{Store, fold_key, instant, people};
use crate::model::{AccountId, MatchKey, Origin, PersonId, Snapshot};

/// A snapshot to be written, with what the target answered.
#[derive(Debug)]
pub struct SnapshotRow<'a> {
    pub snapshot: &'a Snapshot,
    pub keys: &'a [MatchKey],
    pub echo: Option<&'a Value>,
}

const COLUMNS: &str =
    "snapshot.person, snapshot.account, snapshot.user_name, snapshot.active, snapshot.attributes, snapshot.origin";

impl Store {
    pub fn snapshot(&self, person: &PersonId) -> anyhow::Result<Option<Snapshot>> {
        let connection = self.connection();
        let mut statement = connection.prepare_cached(&format!("SELECT {COLUMNS} FROM snapshot WHERE person = ?1"))?;
        Ok(statement.query_row([person.as_str()], read).optional()?)
    }

    /// Whose account this is, if it is one of ours.
    pub fn owner_of(&self, account: &AccountId) -> anyhow::Result<Option<Snapshot>> {
        let connection = self.connection();
        let mut statement = connection.prepare_cached(&format!("SELECT {COLUMNS} FROM snapshot WHERE account = ?1"))?;
        Ok(statement.query_row([account.as_str()], read).optional()?)
    }

    pub fn active_accounts(&self) -> anyhow::Result<u64> {
        people::count(&self.connection(), "SELECT count(*) FROM snapshot WHERE active = 1")
    }

    /// Active accounts whose person is not on this roster, in the order of their ids, from after `after` on.
    pub fn missing_from_roster(&self, after: &str, number: u32) -> anyhow::Result<Vec<Snapshot>> {
        let connection = self.connection();
        let mut statement = connection.prepare_cached(&format!(
            "SELECT {COLUMNS} FROM main.snapshot LEFT JOIN temp.roster USING (person)
             WHERE snapshot.person > ?1 AND snapshot.active = 1 AND roster.person IS NULL
             ORDER BY snapshot.person LIMIT ?2"
        ))?;
        let rows = statement.query_map(params![after, number], read)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    pub fn attribute_counts(&self) -> anyhow::Result<BTreeMap<String, u64>> {
        let connection = self.connection();
        let mut statement = connection.prepare_cached("SELECT attribute, people FROM attribute_counts")?;
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get::<_, i64>(1)?.unsigned_abs())))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    pub fn set_attribute_counts(&self, counts: &BTreeMap<String, u64>) -> anyhow::Result<()> {
        self.transact(|transaction| {
            transaction.execute("DELETE FROM attribute_counts", [])?;
            let mut insert = transaction.prepare_cached("INSERT INTO attribute_counts VALUES (?1, ?2)")?;
            for (attribute, people) in counts {
                insert.execute(params![attribute, i64::try_from(*people)?])?;
            }
            Ok(())
        })
    }
}

pub(super) fn write(transaction: &Transaction<'_>, row: &SnapshotRow<'_>, now: DateTime<Utc>) -> anyhow::Result<()> {
    let snapshot = row.snapshot;
    let origin = match snapshot.origin {
        Origin::Created => "created",
        Origin::Adopted => "adopted",
    };
    transaction
        .prepare_cached(
            "INSERT INTO snapshot (person, account, user_name, active, attributes, echo, origin, updated_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
             ON CONFLICT (person) DO UPDATE SET account = excluded.account, user_name = excluded.user_name,
               active = excluded.active, attributes = excluded.attributes, echo = excluded.echo,
               updated_at = excluded.updated_at",
        )?
        .execute(params![
            snapshot.person.as_str(),
            snapshot.account.as_str(),
            snapshot.user_name,
            snapshot.active,
            serde_json::to_string(&snapshot.attributes)?,
            row.echo.map(Value::to_string),
            origin,
            instant(now),
        ])?;
    write_keys(transaction, snapshot, row.keys)
}

/// Forgets every account, what was concluded about its person, and what was under way.
pub(super) fn forget_all(transaction: &Transaction<'_>) -> anyhow::Result<()> {
    transaction.execute_batch(
        "DELETE FROM snapshot; DELETE FROM people; DELETE FROM attribute_counts;
         UPDATE operations SET state = 'void' WHERE state IN ('planned', 'in_flight');",
    )?;
    Ok(())
}

fn write_keys(transaction: &Transaction<'_>, snapshot: &Snapshot, keys: &[MatchKey]) -> anyhow::Result<()> {
    let person = snapshot.person.as_str();
    transaction.prepare_cached("DELETE FROM snapshot_keys WHERE person = ?1")?.execute([person])?;
    let mut insert = transaction.prepare_cached("INSERT OR IGNORE INTO snapshot_keys VALUES (?1, ?2, ?3)")?;
    for key in keys {
        insert.execute(params![key.attribute, fold_key(&key.attribute, &key.value), person])?;
    }
    Ok(())
}

pub(super) fn read(row: &Row<'_>) -> rusqlite::Result<Snapshot> {
    read_from(row, 0)
}

/// Reads a snapshot from the columns that begin at `first`.
pub(super) fn read_from(row: &Row<'_>, first: usize) -> rusqlite::Result<Snapshot> {
    let attributes: String = row.get(first + 4)?;
    let origin: String = row.get(first + 5)?;
    Ok(Snapshot {
        person: PersonId::new(row.get::<_, String>(first)?),
        account: AccountId::new(row.get::<_, String>(first + 1)?),
        user_name: row.get(first + 2)?,
        active: row.get(first + 3)?,
        attributes: serde_json::from_str(&attributes).map_err(|why| {
            rusqlite::Error::FromSqlConversionFailure(first + 4, rusqlite::types::Type::Text, Box::new(why))
        })?,
        origin: if origin == "adopted" { Origin::Adopted } else { Origin::Created },
    })
}
