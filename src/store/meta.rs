//! Table `meta`: what this state is bound to, and which configuration somebody has reviewed.

use chrono::{DateTime, Utc};
use rusqlite::{OptionalExtension as _, Transaction, params};
use serde::{Deserialize, Serialize};

use super::{Store, audit, holds, snapshot};

/// What a state belongs to: swapped customers must never meet each other's accounts (guarantee 14).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Binding {
    pub tenant: String,
    pub groups: Vec<String>,
    pub target: String,
}

const BINDING: &str = "binding";
const REVIEWED: &str = "reviewed_configuration";

impl Store {
    pub fn binding(&self) -> anyhow::Result<Option<Binding>> {
        Ok(self.meta(BINDING)?.map(|text| serde_json::from_str(&text)).transpose()?)
    }

    pub fn bind(&self, binding: &Binding) -> anyhow::Result<()> {
        let text = serde_json::to_string(binding)?;
        self.transact(|transaction| set(transaction, BINDING, &text))
    }

    /// Binds an existing state to something else: audited, and the next plan must be reviewed. Accounts belong to their
    /// target: in another one an id that we remember may be somebody else's, so that everybody is matched anew there.
    pub fn rebind(&self, binding: &Binding, now: DateTime<Utc>) -> anyhow::Result<()> {
        let text = serde_json::to_string(binding)?;
        let moved = self.binding()?.is_some_and(|bound| bound.target != binding.target);
        self.transact(|transaction| {
            if moved {
                snapshot::forget_all(transaction)?;
            }
            set(transaction, BINDING, &text)?;
            transaction.execute("DELETE FROM meta WHERE key = ?1", [REVIEWED])?;
            holds::withdraw_approvals(transaction)?;
            audit::note(transaction, ("rebound", &text), None, now)
        })
    }

    /// The fingerprint of the configuration that was reviewed last: somebody approved its first plan.
    pub fn reviewed_configuration(&self) -> anyhow::Result<Option<String>> {
        self.meta(REVIEWED)
    }

    /// Reviewed for good. The word that was given on it is spent: whoever returns to it later changes it again.
    pub fn set_reviewed_configuration(&self, fingerprint: &str) -> anyhow::Result<()> {
        self.transact(|transaction| {
            holds::close_reviewed(transaction)?;
            set(transaction, REVIEWED, fingerprint)
        })
    }

    fn meta(&self, key: &str) -> anyhow::Result<Option<String>> {
        let connection = self.connection();
        let mut statement = connection.prepare_cached("SELECT value FROM meta WHERE key = ?1")?;
        Ok(statement.query_row([key], |row| row.get(0)).optional()?)
    }
}

fn set(transaction: &Transaction<'_>, key: &str, value: &str) -> anyhow::Result<()> {
    transaction.execute(
        "INSERT INTO meta (key, value) VALUES (?1, ?2) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
        params![key, value],
    )?;
    Ok(())
}
