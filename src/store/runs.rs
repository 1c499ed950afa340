//! Table `runs`: one row per run, with its report.

use std::fmt;

use chrono::{DateTime, TimeDelta, Utc};
use rusqlite::{Row, params};
use serde::Serialize;

use super::{Keep, Store, incidents, instant, journal, mails, parse_instant};
use crate::model::{ChangeKind, Failure, PersonId};
use crate::report::{PersonFailure, Report};

/// What asked for a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trigger {
    /// A slot of the schedule.
    Slot(String),
    /// `run`, `approve` or the demo.
    Command(&'static str),
}

impl fmt::Display for Trigger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Slot(slot) => write!(f, "slot {slot}"),
            Self::Command(command) => f.write_str(command),
        }
    }
}

/// One run, as listed.
#[derive(Clone, Debug, Serialize)]
pub struct RunSummary {
    pub run: i64,
    pub trigger: String,
    pub stage: String,
    pub started_at: DateTime<Utc>,
    pub finished_at: Option<DateTime<Utc>>,
    /// `None`: in progress, or the process died.
    pub result: Option<String>,
    pub report: Option<Report>,
}

const COLUMNS: &str = "id, trigger, stage, started_at, finished_at, result, report";

/// The last run of which the roster was complete and everything allowed was sent.
const GOOD: &str = "result IN ('done', 'partial', 'held')";

impl Store {
    pub fn begin_run(&self, trigger: &Trigger, stage: &str, now: DateTime<Utc>) -> anyhow::Result<i64> {
        self.transact(|transaction| {
            transaction.execute(
                "INSERT INTO runs (trigger, stage, started_at) VALUES (?1, ?2, ?3)",
                params![trigger.to_string(), stage, instant(now)],
            )?;
            Ok(transaction.last_insert_rowid())
        })
    }

    /// Ends a run: its report, which operations it tells of, what became of incidents, and the mails about them, in one
    /// transaction.
    pub fn finish_run(
        &self,
        report: &Report,
        incidents: &incidents::IncidentUpdate,
        mails: &[mails::NewMail],
    ) -> anyhow::Result<()> {
        self.transact(|transaction| {
            let result = serde_json::to_value(report.result)?;
            transaction.execute(
                "UPDATE runs SET finished_at = ?2, result = ?3, report = ?4 WHERE id = ?1",
                params![report.run, instant(report.finished_at), result.as_str(), serde_json::to_string(report)?],
            )?;
            if let Some(run) = report.run.filter(|_| !report.is_preview()) {
                journal::tell(transaction, run)?;
            }
            incidents::write(transaction, incidents)?;
            mails::write(transaction, report.run, mails)
        })
    }

    /// Forgets what is older than the customer wants kept. What the limits look back on always stays.
    pub fn forget_old(&self, keep: &Keep, now: DateTime<Utc>) -> anyhow::Result<()> {
        let (history, mail) = (instant(now - keep.history.delta()), instant(now - keep.mail.delta()));
        let week = instant(now - TimeDelta::days(8));
        self.transact(|transaction| {
            transaction.execute("DELETE FROM audit WHERE at < ?1", [&history])?;
            transaction.execute("DELETE FROM mails WHERE state <> 'waiting' AND created_at < ?1", [&mail])?;
            transaction.execute("UPDATE runs SET report = NULL WHERE finished_at < ?1", [&history])?;
            transaction.execute("DELETE FROM holds WHERE state <> 'open' AND created_at < ?1", [&history])?;
            transaction.execute(
                "DELETE FROM operations WHERE state NOT IN ('planned', 'in_flight') AND settled_at < min(?1, ?2)",
                [&history, &week],
            )?;
            Ok(())
        })
    }

    pub fn runs(&self, number: u32) -> anyhow::Result<Vec<RunSummary>> {
        self.summaries(&format!("SELECT {COLUMNS} FROM runs ORDER BY id DESC LIMIT {number}"))
    }

    pub fn run(&self, id: i64) -> anyhow::Result<Option<RunSummary>> {
        Ok(self.summaries(&format!("SELECT {COLUMNS} FROM runs WHERE id = {id}"))?.pop())
    }

    pub fn last_good_run(&self) -> anyhow::Result<Option<RunSummary>> {
        let sql = format!("SELECT {COLUMNS} FROM runs WHERE {GOOD} ORDER BY id DESC LIMIT 1");
        Ok(self.summaries(&sql)?.pop())
    }

    fn summaries(&self, sql: &str) -> anyhow::Result<Vec<RunSummary>> {
        let connection = self.connection();
        let mut statement = connection.prepare_cached(sql)?;
        let rows = statement.query_map([], read)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The people who fail at the end of a run, with the change that was tried; for a leaver whose account is active that
    /// is the deactivation, tried or not.
    pub fn failures(&self) -> anyhow::Result<Vec<PersonFailure>> {
        self.failing(
            "SELECT person, people.user_name, failure, since, coalesce(
               (SELECT kind FROM operations WHERE operations.told_in IS NULL AND operations.person = people.person
                ORDER BY id DESC LIMIT 1),
               CASE WHEN leaving_since IS NOT NULL AND snapshot.active = 1 THEN 'deactivate' END)
             FROM people LEFT JOIN snapshot USING (person)
             WHERE standing = 'failing' ORDER BY people.user_name, person",
        )
    }

    /// The people who would fail, as judged by a plan that is not carried out.
    pub fn planned_failures(&self, now: DateTime<Utc>) -> anyhow::Result<Vec<PersonFailure>> {
        let failures = self.failing(
            "SELECT judged.person, judged.user_name, judged.failure,
               CASE WHEN people.standing = 'failing' THEN people.since END, NULL
             FROM temp.judged LEFT JOIN main.people USING (person)
             WHERE judged.standing = 'failing' ORDER BY judged.user_name, judged.person",
        )?;
        let dated = |failure: PersonFailure| {
            let unknown = failure.since == DateTime::UNIX_EPOCH;
            PersonFailure { since: if unknown { now } else { failure.since }, ..failure }
        };
        Ok(failures.into_iter().map(dated).collect())
    }

    fn failing(&self, sql: &str) -> anyhow::Result<Vec<PersonFailure>> {
        let connection = self.connection();
        let mut statement = connection.prepare_cached(sql)?;
        let mut rows = statement.query([])?;
        let mut failures = Vec::new();
        while let Some(row) = rows.next()? {
            let failure: Option<String> = row.get(2)?;
            let Some(failure) = failure.and_then(|text| serde_json::from_str::<Failure>(&text).ok()) else { continue };
            let kind: Option<String> = row.get(4)?;
            failures.push(PersonFailure {
                person: PersonId::new(row.get::<_, String>(0)?),
                user_name: row.get(1)?,
                change: kind.and_then(|kind| ChangeKind::ALL.into_iter().find(|known| known.as_str() == kind)),
                class: failure.class,
                reason: failure.reason,
                remedy: failure.remedy,
                since: parse_instant(&row.get::<_, Option<String>>(3)?.unwrap_or_default()),
            });
        }
        Ok(failures)
    }
}

fn read(row: &Row<'_>) -> rusqlite::Result<RunSummary> {
    let report: Option<String> = row.get(6)?;
    Ok(RunSummary {
        run: row.get(0)?,
        trigger: row.get(1)?,
        stage: row.get(2)?,
        started_at: parse_instant(&row.get::<_, String>(3)?),
        finished_at: row.get::<_, Option<String>>(4)?.as_deref().map(parse_instant),
        result: row.get(5)?,
        report: report.and_then(|text| serde_json::from_str(&text).ok()),
    })
}
