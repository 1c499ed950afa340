//! Tables `holds` and `hold_pairs`: changes waiting for approval, and exactly which person and change each holds.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use ring::digest::{Context, SHA256};
use rusqlite::{OptionalExtension as _, Row, Transaction, params};

use super::{Journaling, Store, audit, instant, parse_instant};
use crate::guard::{ApprovedPlan, HoldKind};
use crate::model::{Operation, PersonId};
use crate::plan::hex;
use crate::report::{HeldPerson, HoldReport};

/// An approval that was not used expires (guarantee 6).
const APPROVAL_LIFE: TimeDelta = TimeDelta::hours(24);
/// Digits of an id that a person must give at least.
const SHORTEST_PREFIX: usize = 2;

/// A hold as it is kept.
#[derive(Clone, Debug)]
pub struct Hold {
    pub report: HoldReport,
    pub configuration: String,
    /// `open`, `approved` or `closed`.
    pub state: String,
}

/// Somebody's word on a hold.
#[derive(Clone, Debug, Default)]
pub struct Approval {
    pub by: String,
    pub why: Option<String>,
    /// Only these people; everybody, when empty.
    pub only: Vec<PersonId>,
    pub except: Vec<PersonId>,
}

impl Store {
    /// Releases the planned changes that somebody has approved, pair by pair.
    pub fn release_approved(&self, now: DateTime<Utc>) -> anyhow::Result<()> {
        self.connection().execute(
            "UPDATE temp.planned SET released = (
               SELECT hold FROM main.hold_pairs AS pair
               WHERE pair.person = planned.person AND pair.digest = planned.digest AND pair.approved_at >= ?1)
             WHERE person IN (SELECT person FROM main.hold_pairs WHERE approved_at >= ?1)",
            [instant(now - APPROVAL_LIFE)],
        )?;
        Ok(())
    }

    /// Whether somebody has approved the whole first plan of this configuration, not longer ago than an approval lives.
    pub fn is_configuration_approved(&self, configuration: &str, now: DateTime<Utc>) -> anyhow::Result<bool> {
        let connection = self.connection();
        let mut statement = connection.prepare_cached(
            "SELECT 1 FROM holds
             WHERE kind = ?1 AND configuration = ?2 AND state = 'approved' AND approved_at >= ?3",
        )?;
        Ok(statement.exists(params![HoldKind::Configuration.as_str(), configuration, instant(now - APPROVAL_LIFE)])?)
    }

    /// Holds the planned changes that an approval of their hold left out, whatever the limits say; how many of each kind.
    pub fn hold_declined(&self) -> anyhow::Result<Vec<(HoldKind, u64)>> {
        let connection = self.connection();
        connection.execute(
            "UPDATE temp.planned SET hold = (
               SELECT kind FROM main.declined AS left_out
               WHERE left_out.person = planned.person AND left_out.digest = planned.digest)
             WHERE released IS NULL",
            [],
        )?;
        let mut statement = connection
            .prepare_cached("SELECT hold, count(*) FROM temp.planned WHERE hold IS NOT NULL GROUP BY hold")?;
        let rows = statement.query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)?)))?;
        let mut counts = Vec::new();
        for row in rows {
            let (kind, number) = row?;
            counts.extend(HoldKind::parse(&kind).map(|kind| (kind, number.unsigned_abs())));
        }
        Ok(counts)
    }

    /// Whether anything of a hold still waits: it is open, or an open hold holds one of its pairs.
    pub fn still_waits(&self, hold: &Hold) -> anyhow::Result<bool> {
        let connection = self.connection();
        let mut statement = connection.prepare_cached(
            "SELECT 1 FROM hold_pairs AS pair JOIN hold_pairs AS other USING (person, digest)
               JOIN holds ON holds.id = other.hold
             WHERE pair.hold = ?1 AND holds.state = 'open'",
        )?;
        Ok(hold.state == "open" || statement.exists([&hold.report.id])?)
    }

    /// Gives the held changes of each objection their hold, identified by what it holds.
    pub fn name_holds(&self, plan: &ApprovedPlan, now: DateTime<Utc>) -> anyhow::Result<Vec<HoldReport>> {
        let mut reports = Vec::new();
        for objection in plan.reasons() {
            let Some((id, count, people)) = self.held_by(objection.kind)? else { continue };
            self.connection()
                .execute("UPDATE temp.planned SET hold = ?2 WHERE hold = ?1", [objection.kind.as_str(), &id])?;
            reports.push(HoldReport {
                created_at: self.hold_created_at(&id)?.unwrap_or(now),
                id,
                kind: objection.kind.as_str().to_owned(),
                count,
                limit: objection.limit,
                active: plan.active(),
                message: objection.message.clone(),
                people,
            });
        }
        Ok(reports)
    }

    fn held_by(&self, kind: HoldKind) -> anyhow::Result<Option<(String, u64, Vec<HeldPerson>)>> {
        let connection = self.connection();
        let mut statement = connection
            .prepare_cached("SELECT person, digest, operation FROM temp.planned WHERE hold = ?1 ORDER BY person")?;
        let mut rows = statement.query([kind.as_str()])?;
        let mut hash = Context::new(&SHA256);
        hash.update(kind.as_str().as_bytes());
        let (mut count, mut people) = (0, Vec::new());
        while let Some(row) = rows.next()? {
            let (person, digest): (String, String) = (row.get(0)?, row.get(1)?);
            hash.update(format!("\n{person} {digest}").as_bytes());
            count += 1;
            if people.len() < HoldReport::NAMED {
                let operation: Operation = serde_json::from_str(&row.get::<_, String>(2)?)?;
                let change = operation.change;
                people.push(HeldPerson {
                    person: change.person,
                    user_name: change.user_name,
                    change: change.kind,
                    cause: change.cause,
                });
            }
        }
        let id = hex(&hash.finish().as_ref()[..4]);
        Ok((count > 0).then(|| (format!("h-{id}"), count, people)))
    }

    fn hold_created_at(&self, id: &str) -> anyhow::Result<Option<DateTime<Utc>>> {
        let connection = self.connection();
        let mut statement =
            connection.prepare_cached("SELECT created_at FROM holds WHERE id = ?1 AND state <> 'closed'")?;
        let created: Option<String> = statement.query_row([id], |row| row.get(0)).optional()?;
        Ok(created.as_deref().map(parse_instant))
    }

    pub fn open_holds(&self) -> anyhow::Result<Vec<Hold>> {
        let connection = self.connection();
        let mut statement = connection
            .prepare_cached("SELECT report, configuration, state FROM holds WHERE state = 'open' ORDER BY kind")?;
        let rows = statement.query_map([], read)?;
        rows.map(|row| parse(row?)).collect()
    }

    /// The holds whose id begins with `prefix` (with or without `h-`), of any state.
    pub fn holds_called(&self, prefix: &str) -> anyhow::Result<Vec<Hold>> {
        let digits = prefix.strip_prefix("h-").unwrap_or(prefix).to_lowercase();
        // An unset variable in a script must not stand for whatever waits.
        if digits.len() < SHORTEST_PREFIX {
            return Ok(Vec::new());
        }
        let connection = self.connection();
        let mut statement = connection.prepare_cached(
            "SELECT report, configuration, state FROM holds WHERE substr(id, 3, length(?1)) = ?1 ORDER BY id",
        )?;
        let rows = statement.query_map([digits], read)?;
        rows.map(|row| parse(row?)).collect()
    }

    /// The people whom a hold holds and who are called so: by object id, by name in the directory or in the app, or by
    /// account. Several may be; others who were once called the same are not meant.
    pub fn held_people_called(&self, hold: &str, name: &str) -> anyhow::Result<BTreeSet<PersonId>> {
        let connection = self.connection();
        let mut statement = connection.prepare_cached(
            "SELECT person FROM hold_pairs LEFT JOIN people USING (person) LEFT JOIN snapshot USING (person)
             WHERE hold = ?1 AND (person = ?2 OR people.user_name = ?2 COLLATE NOCASE
               OR snapshot.user_name = ?2 COLLATE NOCASE OR snapshot.account = ?2)",
        )?;
        let rows = statement.query_map([hold, name], |row| row.get::<_, String>(0))?;
        rows.map(|row| Ok(PersonId::new(row?))).collect()
    }

    /// Approves a hold: its pairs may be sent within the next 24 hours. Audited with who and why. The word on a hold
    /// that another one has followed is about its pairs, and about nothing that came since.
    pub fn approve(&self, hold: &Hold, approval: &Approval, now: DateTime<Utc>) -> anyhow::Result<u64> {
        self.transact(|transaction| {
            let released = approve_pairs(transaction, hold, approval, now)?;
            anyhow::ensure!(released > 0, NothingApproved);
            note_declined(transaction, hold)?;
            let all = released == hold.report.count;
            transaction.execute(
                "UPDATE holds SET state = CASE WHEN ?5 AND state <> 'closed' THEN 'approved' ELSE state END,
                   approved_at = ?2, approved_by = ?3, why = ?4 WHERE id = ?1",
                params![hold.report.id, instant(now), approval.by, approval.why, all],
            )?;
            let why = approval.why.as_deref().map_or(String::new(), |why| format!(": {why}"));
            let note = format!("{} ({released} changes) approved by {}{why}", hold.report.id, approval.by);
            audit::note(transaction, ("approved", &note), None, now)?;
            Ok(released)
        })
    }
}

/// `--only` and `--except` left nobody: nothing was approved.
#[derive(Debug, thiserror::Error)]
#[error("nobody of the hold is left to approve; nothing was changed")]
pub struct NothingApproved;

/// Whoever an approval leaves out waits for a word of their own; whoever has it does not any more.
fn note_declined(transaction: &Transaction<'_>, hold: &Hold) -> anyhow::Result<()> {
    transaction.execute(
        "DELETE FROM declined WHERE (person, digest) IN
           (SELECT person, digest FROM hold_pairs WHERE hold = ?1 AND approved_at IS NOT NULL)",
        [&hold.report.id],
    )?;
    transaction.execute(
        "INSERT OR REPLACE INTO declined (person, digest, kind)
         SELECT person, digest, ?2 FROM hold_pairs WHERE hold = ?1 AND approved_at IS NULL",
        [&hold.report.id, &hold.report.kind],
    )?;
    Ok(())
}

/// Pairs that are no longer due are dropped (guarantee 6): neither a yes nor a no outlives its change.
fn drop_what_is_not_due(transaction: &Transaction<'_>) -> anyhow::Result<()> {
    transaction.execute(
        "UPDATE hold_pairs SET approved_at = NULL WHERE approved_at IS NOT NULL AND NOT EXISTS
           (SELECT 1 FROM temp.planned WHERE planned.person = hold_pairs.person AND planned.digest = hold_pairs.digest)",
        [],
    )?;
    transaction.execute(
        "DELETE FROM declined WHERE NOT EXISTS
           (SELECT 1 FROM temp.planned WHERE planned.person = declined.person AND planned.digest = declined.digest)",
        [],
    )?;
    Ok(())
}

fn approve_pairs(
    transaction: &Transaction<'_>,
    hold: &Hold,
    approval: &Approval,
    now: DateTime<Utc>,
) -> anyhow::Result<u64> {
    let (id, at) = (&hold.report.id, instant(now));
    // An expired yes is none: whoever had one and is left out now has been left out.
    transaction.execute(
        "UPDATE hold_pairs SET approved_at = NULL WHERE hold = ?1 AND approved_at < ?2",
        params![id, instant(now - APPROVAL_LIFE)],
    )?;
    if approval.only.is_empty() {
        transaction.execute("UPDATE hold_pairs SET approved_at = ?2 WHERE hold = ?1", params![id, at])?;
    }
    for person in &approval.only {
        transaction.execute(
            "UPDATE hold_pairs SET approved_at = ?3 WHERE hold = ?1 AND person = ?2",
            params![id, person.as_str(), at],
        )?;
    }
    for person in &approval.except {
        transaction.execute(
            "UPDATE hold_pairs SET approved_at = NULL WHERE hold = ?1 AND person = ?2",
            params![id, person.as_str()],
        )?;
    }
    let released: i64 = transaction.query_row(
        "SELECT count(*) FROM hold_pairs WHERE hold = ?1 AND approved_at IS NOT NULL",
        [id],
        |row| row.get(0),
    )?;
    Ok(released.unsigned_abs())
}

/// An approval is for one change: once this person's change was done, what was approved of them is spent, so that the
/// same change may not happen a second time unasked.
pub(super) fn spend_approvals(transaction: &Transaction<'_>, person: &PersonId) -> anyhow::Result<()> {
    transaction
        .prepare_cached("UPDATE hold_pairs SET approved_at = NULL WHERE person = ?1 AND approved_at IS NOT NULL")?
        .execute([person.as_str()])?;
    Ok(())
}

/// The word on a first plan is used up once that configuration counts as reviewed.
pub(super) fn close_reviewed(transaction: &Transaction<'_>) -> anyhow::Result<()> {
    transaction.execute(
        "UPDATE holds SET state = 'closed' WHERE kind = ?1 AND state = 'approved'",
        [HoldKind::Configuration.as_str()],
    )?;
    Ok(())
}

/// After a rebind nothing that was approved before is meant any more.
pub(super) fn withdraw_approvals(transaction: &Transaction<'_>) -> anyhow::Result<()> {
    transaction.execute("UPDATE hold_pairs SET approved_at = NULL WHERE approved_at IS NOT NULL", [])?;
    transaction.execute("UPDATE holds SET state = 'closed' WHERE state <> 'closed'", [])?;
    transaction.execute("DELETE FROM declined", [])?;
    Ok(())
}

/// Writes the holds of a run; holds of earlier runs that are not due any more are closed.
pub(super) fn write(
    transaction: &Transaction<'_>,
    journaling: &Journaling<'_>,
    reports: &[HoldReport],
    now: DateTime<Utc>,
) -> anyhow::Result<()> {
    let Journaling { run, configuration, whole } = *journaling;
    if whole {
        drop_what_is_not_due(transaction)?;
    }
    let ids: BTreeSet<&str> = reports.iter().map(|report| report.id.as_str()).collect();
    let open: Vec<String> = transaction
        .prepare("SELECT id FROM holds WHERE state = 'open'")?
        .query_map([], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    for gone in open.iter().filter(|id| whole && !ids.contains(id.as_str())) {
        transaction.execute("UPDATE holds SET state = 'closed' WHERE id = ?1", [gone])?;
    }
    for report in reports {
        let text = serde_json::to_string(report)?;
        transaction.execute(
            "INSERT INTO holds (id, kind, run, report, configuration, created_at, state)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, 'open')
             ON CONFLICT (id) DO UPDATE SET report = excluded.report, configuration = excluded.configuration,
               state = 'open'",
            params![report.id, report.kind, run, text, configuration, instant(now)],
        )?;
        transaction.execute(
            "INSERT OR IGNORE INTO hold_pairs (hold, person, digest)
             SELECT hold, person, digest FROM temp.planned WHERE hold = ?1",
            [&report.id],
        )?;
        if !open.contains(&report.id) {
            audit::note(transaction, ("held", &format!("{}: {}", report.id, report.message)), Some(run), now)?;
        }
    }
    Ok(())
}

fn read(row: &Row<'_>) -> rusqlite::Result<(String, String, String)> {
    Ok((row.get(0)?, row.get(1)?, row.get(2)?))
}

fn parse((report, configuration, state): (String, String, String)) -> anyhow::Result<Hold> {
    Ok(Hold { report: serde_json::from_str(&report)?, configuration, state })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Jane left and her successor got her name: the hold is about the successor, whose id sorts last.
    #[test]
    fn a_name_means_somebody_in_the_hold_and_never_a_namesake_elsewhere() {
        let dir = tempfile::tempdir().expect("a folder");
        let store = Store::open(dir.path()).expect("a state");
        let rows = "INSERT INTO people (person, user_name, standing, since) VALUES
               ('a', 'jane@acme.example', 'in_scope', ''), ('z', 'Jane@acme.example', 'in_scope', ''),
               ('y', 'joe@acme.example', 'in_scope', ''), ('x', 'joe@acme.example', 'in_scope', '');
             INSERT INTO holds VALUES ('h-000001', 'left', 1, '{}', '', '', 'open', NULL, NULL, NULL);
             INSERT INTO hold_pairs VALUES ('h-000001', 'z', 'd', NULL), ('h-000001', 'y', 'd', NULL),
               ('h-000001', 'x', 'd', NULL);";
        store.connection().execute_batch(rows).expect("rows");
        let called =
            |name| store.held_people_called("h-000001", name).expect("an answer").into_iter().collect::<Vec<_>>();
        assert_eq!(called("jane@acme.example"), [PersonId::new("z")]);
        assert_eq!(called("joe@acme.example"), [PersonId::new("x"), PersonId::new("y")]);
        assert_eq!(called("a"), []);
    }
}
