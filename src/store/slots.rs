//! Table `slots`: which slots of the schedule were taken, so that each runs at most once.

use chrono::{DateTime, TimeDelta, Utc};
use rusqlite::OptionalExtension as _;

use super::{Store, instant};

/// Slots are remembered long enough for every clock jump one has heard of.
const REMEMBERED: TimeDelta = TimeDelta::days(400);

impl Store {
    /// Takes a slot. `false`: it was taken before.
    pub fn claim_slot(&self, slot: &str, now: DateTime<Utc>) -> anyhow::Result<bool> {
        self.transact(|transaction| {
            transaction.execute("DELETE FROM slots WHERE claimed_at < ?1", [instant(now - REMEMBERED)])?;
            let taken = transaction
                .execute("INSERT OR IGNORE INTO slots (slot, claimed_at) VALUES (?1, ?2)", [slot, &instant(now)])?;
            Ok(taken == 1)
        })
    }

    /// The latest slot that was taken; slot names sort as time does.
    pub fn last_slot(&self) -> anyhow::Result<Option<String>> {
        let connection = self.connection();
        let mut statement = connection.prepare_cached("SELECT max(slot) FROM slots")?;
        Ok(statement.query_row([], |row| row.get(0)).optional()?.flatten())
    }
}
