//! Table `operations`, the journal: an operation is committed here before its first byte is sent, and settled together
//! with the snapshot, the audit trail and the person's standing in one transaction (guarantee 10).

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use rusqlite::{Row, Transaction, params};
use serde_json::Value;

use super::snapshot::SnapshotRow;
use super::{Store, audit, holds, instant, people, plan, snapshot};
use crate::guard::{ApprovedPlan, LimitKind};
use crate::model::{AccountId, Answer, Cause, ChangeKind, Failure, Operation, OperationId, Origin, Snapshot};
use crate::plan::returned_as;
use crate::report::HoldReport;

/// Which plan is journaled.
#[derive(Clone, Copy, Debug)]
pub struct Journaling<'a> {
    pub run: i64,
    /// The fingerprint of what is sent.
    pub configuration: &'a str,
    /// The plan is about everybody; a plan of one person closes nobody else's holds.
    pub whole: bool,
}

/// An operation that has not been settled, and the run that journaled it.
#[derive(Clone, Debug)]
pub struct OpenOperation {
    pub run: i64,
    pub operation: Operation,
}

/// What came of an operation, to be written down.
#[derive(Clone, Debug)]
pub enum Settled {
    Done {
        account: AccountId,
        answer: Answer,
        echo: Option<Value>,
        note: Option<String>,
    },
    /// Not done; the person is judged again at the next run.
    Failed(Failure),
    /// Never sent; nobody's failure.
    Void(String),
    /// May have been done: stays in flight until the target has been asked.
    Unknown(Failure),
}

/// The order of guarantee 11: deactivations, then reactivations and updates, then adoptions and creates.
fn phase(kind: ChangeKind) -> i64 {
    match kind {
        ChangeKind::Deactivate => 1,
        ChangeKind::Reactivate | ChangeKind::Update | ChangeKind::Rename => 2,
        ChangeKind::Adopt | ChangeKind::Create => 3,
    }
}

/// References come last.
const REFERENCES: i64 = 4;

impl Store {
    pub const PHASES: std::ops::RangeInclusive<i64> = 1..=REFERENCES;

    /// Writes down what was decided: where everybody stands, what is held, and every released change as a planned
    /// operation. Takes only what the guard has judged.
    pub fn journal(
        &self,
        _judged: &ApprovedPlan,
        journaling: &Journaling<'_>,
        held: &[HoldReport],
        now: DateTime<Utc>,
    ) -> anyhow::Result<()> {
        self.transact(|transaction| {
            people::record_judgements(transaction, now)?;
            holds::write(transaction, journaling, held, now)?;
            journal_released(transaction, journaling.run)
        })
    }

    /// Journals a reference (a manager's account that exists only now): part of a create of this run, or a change of
    /// its own that was released with the plan.
    pub fn journal_reference(&self, run: i64, operation: &Operation) -> anyhow::Result<()> {
        self.transact(|transaction| {
            let person = operation.change.person.as_str();
            transaction
                .prepare_cached(
                    "INSERT INTO operations (run, person, kind, cause, phase, operation, state, part_of, hold)
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6, 'planned',
                       (SELECT max(id) FROM operations WHERE run = ?1 AND person = ?2 AND state = 'done'),
                       (SELECT nullif(released, 'limits') FROM temp.planned WHERE person = ?2))",
                )?
                .execute(params![
                    run,
                    person,
                    operation.change.kind.as_str(),
                    operation.change.cause.as_str(),
                    REFERENCES,
                    serde_json::to_string(operation)?
                ])?;
            Ok(())
        })
    }

    /// The next planned operations of a phase of this run, marked in flight: committed before they are returned.
    pub fn take(&self, run: i64, phase: i64, number: usize) -> anyhow::Result<Vec<Operation>> {
        self.transact(|transaction| {
            let batch = transaction
                .prepare_cached(
                    "SELECT id, run, operation FROM operations
                     WHERE state = 'planned' AND phase = ?2 AND run = ?1 ORDER BY id LIMIT ?3",
                )?
                .query_map(params![run, phase, i64::try_from(number)?], read)?
                .collect::<Result<Vec<_>, _>>()?;
            let mut mark = transaction.prepare_cached("UPDATE operations SET state = 'in_flight' WHERE id = ?1")?;
            let mut taken = Vec::with_capacity(batch.len());
            for row in batch {
                let open = parse(row)?;
                mark.execute([open.operation.id])?;
                taken.push(open.operation);
            }
            Ok(taken)
        })
    }

    /// Operations in flight: of a run that died, or that ended without knowing.
    pub fn in_flight(&self) -> anyhow::Result<Vec<OpenOperation>> {
        let connection = self.connection();
        let mut statement = connection
            .prepare_cached("SELECT id, run, operation FROM operations WHERE state = 'in_flight' ORDER BY id")?;
        let rows = statement.query_map([], read)?;
        rows.map(|row| parse(row?)).collect()
    }

    /// Planned operations that will not be sent: of a run that died, or after the app refused their kind.
    pub fn void_planned(&self, kind: Option<ChangeKind>, why: &str, now: DateTime<Utc>) -> anyhow::Result<u64> {
        self.transact(|transaction| {
            let voided = transaction.execute(
                "UPDATE operations SET state = 'void', settled_at = ?2
                 WHERE state = 'planned' AND (?1 IS NULL OR kind = ?1)",
                params![kind.map(ChangeKind::as_str), instant(now)],
            )?;
            if voided > 0 {
                audit::note(transaction, ("void", &format!("{voided} planned changes: {why}")), None, now)?;
            }
            Ok(u64::try_from(voided)?)
        })
    }

    /// Settles operations: journal, snapshot, standing and audit trail in one transaction.
    pub fn settle(&self, outcomes: &[(Operation, Settled)], run: i64, now: DateTime<Utc>) -> anyhow::Result<()> {
        self.transact(|transaction| {
            for (operation, settled) in outcomes {
                settle_one(transaction, (operation, settled), run, now)?;
            }
            Ok(())
        })
    }

    /// Changes done since then without anybody's approval, references of creates left out (guarantee 5).
    pub fn done_since(&self, since: DateTime<Utc>) -> anyhow::Result<BTreeMap<LimitKind, u64>> {
        let connection = self.connection();
        let mut statement = connection.prepare_cached(
            "SELECT kind, cause, count(*) FROM operations
             WHERE state = 'done' AND hold IS NULL AND part_of IS NULL AND settled_at >= ?1 GROUP BY 1, 2",
        )?;
        let rows = statement.query_map([instant(since)], |row| {
            Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?, row.get::<_, i64>(2)?))
        })?;
        let mut counts = BTreeMap::new();
        for row in rows {
            let (kind, cause, number) = row?;
            if let (Some(kind), Some(cause)) = (plan::parse_kind(&kind), plan::parse_cause(&cause)) {
                *counts.entry(LimitKind::of(kind, cause)).or_default() += number.unsigned_abs();
            }
        }
        Ok(counts)
    }

    /// How many changes of each kind were done that no report has told yet, references of creates left out: this run's,
    /// and those of a run that died before its report.
    pub fn done_untold(&self) -> anyhow::Result<BTreeMap<ChangeKind, u64>> {
        let connection = self.connection();
        let mut statement = connection.prepare_cached(
            "SELECT kind, count(*) FROM operations
             WHERE told_in IS NULL AND state = 'done' AND part_of IS NULL GROUP BY 1",
        )?;
        let rows = statement.query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)?)))?;
        let mut counts = BTreeMap::new();
        for row in rows {
            let (kind, number) = row?;
            if let Some(kind) = plan::parse_kind(&kind) {
                counts.insert(kind, number.unsigned_abs());
            }
        }
        Ok(counts)
    }

    /// Whether something was done for this person in this run.
    pub fn was_done_in_run(&self, run: i64, person: &crate::model::PersonId) -> anyhow::Result<bool> {
        let connection = self.connection();
        let mut statement =
            connection.prepare_cached("SELECT 1 FROM operations WHERE run = ?1 AND person = ?2 AND state = 'done'")?;
        Ok(statement.exists(params![run, person.as_str()])?)
    }

    /// Whether the plan released a change of this cause for this person.
    pub fn was_released(&self, person: &crate::model::PersonId, cause: Cause) -> anyhow::Result<bool> {
        let connection = self.connection();
        let mut statement = connection
            .prepare_cached("SELECT 1 FROM temp.planned WHERE person = ?1 AND cause = ?2 AND released IS NOT NULL")?;
        Ok(statement.exists([person.as_str(), cause.as_str()])?)
    }
}

/// A change that waits for a manager's account is journaled once that account exists.
fn journal_released(transaction: &Transaction<'_>, run: i64) -> anyhow::Result<()> {
    let mut insert = transaction.prepare_cached(
        "INSERT INTO operations (run, person, kind, cause, phase, operation, state, hold)
         SELECT ?1, person, kind, cause, ?3, operation, 'planned', nullif(released, 'limits') FROM temp.planned
         WHERE kind = ?2 AND released IS NOT NULL AND cause <> 'manager_arrived' ORDER BY person",
    )?;
    for kind in ChangeKind::ALL {
        insert.execute(params![run, kind.as_str(), phase(kind)])?;
    }
    Ok(())
}

fn settle_one(
    transaction: &Transaction<'_>,
    (operation, settled): (&Operation, &Settled),
    run: i64,
    now: DateTime<Utc>,
) -> anyhow::Result<()> {
    let person = &operation.change.person;
    match settled {
        Settled::Done { account, answer, echo, note } => {
            close(transaction, operation.id, "done", now)?;
            remember(transaction, operation, (account, echo.as_ref()), now)?;
            people::settle_person(transaction, person)?;
            holds::spend_approvals(transaction, person)?;
            let told = ("done", answer, note.as_deref());
            audit::settled(transaction, run, (operation, Some(account.as_str())), told, now)
        }
        Settled::Failed(failure) => {
            close(transaction, operation.id, "failed", now)?;
            people::fail_person(transaction, person, failure, now)?;
            let told = ("failed", &failure.answer, Some(failure.reason.as_str()));
            audit::settled(transaction, run, (operation, None), told, now)
        }
        Settled::Void(why) => {
            close(transaction, operation.id, "void", now)?;
            let told = ("void", &Answer::default(), Some(why.as_str()));
            audit::settled(transaction, run, (operation, None), told, now)
        }
        Settled::Unknown(failure) => {
            people::fail_person(transaction, person, failure, now)?;
            let told = ("unknown", &failure.answer, Some(failure.reason.as_str()));
            audit::settled(transaction, run, (operation, None), told, now)
        }
    }
}

/// From now on a report counts these operations, and no other report does.
pub(super) fn tell(transaction: &Transaction<'_>, run: i64) -> anyhow::Result<()> {
    transaction.execute(
        "UPDATE operations SET told_in = ?1 WHERE told_in IS NULL AND state IN ('done', 'failed', 'void')",
        [run],
    )?;
    Ok(())
}

fn close(transaction: &Transaction<'_>, id: OperationId, state: &str, now: DateTime<Utc>) -> anyhow::Result<()> {
    transaction.prepare_cached("UPDATE operations SET state = ?2, settled_at = ?3 WHERE id = ?1")?.execute(params![
        id,
        state,
        instant(now)
    ])?;
    Ok(())
}

/// The snapshot is what we sent, not what the target answered; its answer is kept beside it.
fn remember(
    transaction: &Transaction<'_>,
    operation: &Operation,
    (account, echo): (&AccountId, Option<&Value>),
    now: DateTime<Utc>,
) -> anyhow::Result<()> {
    let (user_name, active, attributes) = returned_as(operation);
    let origin = if operation.change.kind == ChangeKind::Adopt { Origin::Adopted } else { Origin::Created };
    let row = Snapshot {
        person: operation.change.person.clone(),
        account: account.clone(),
        user_name,
        active,
        attributes: attributes.clone(),
        origin,
    };
    snapshot::write(transaction, &SnapshotRow { snapshot: &row, keys: &operation.keys, echo }, now)
}

type Columns = (i64, i64, String);

fn read(row: &Row<'_>) -> rusqlite::Result<Columns> {
    Ok((row.get(0)?, row.get(1)?, row.get(2)?))
}

fn parse((id, run, operation): Columns) -> anyhow::Result<OpenOperation> {
    let operation = Operation { id, ..serde_json::from_str(&operation)? };
    Ok(OpenOperation { run, operation })
}
