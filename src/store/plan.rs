//! Working tables `judged`, `wanted_keys`, `planned`, `listed`: one run's plan, which may be as large as a company.

use chrono::{DateTime, Utc};
use rusqlite::{Row, params};

use super::{Store, fold_key, people, snapshot};
use crate::guard::{LimitKind, Verdict};
use crate::model::{Account, Cause, ChangeKind, Failure, MatchKey, Operation, Person, PersonId, Snapshot};
use crate::plan::{Judgement, StandingSince};

/// A person of the roster who must be judged: new, changed, or with something left to do.
#[derive(Debug)]
pub struct Candidate {
    pub person: Person,
    pub snapshot: Option<Snapshot>,
    pub stood: Option<StandingSince>,
    /// Since when they have counted as having left.
    pub leaving_since: Option<DateTime<Utc>>,
}

/// A planned change and what was decided about it.
#[derive(Clone, Debug)]
pub struct PlannedRow {
    pub person: PersonId,
    pub operation: Operation,
    pub digest: String,
    pub ask: bool,
    /// The hold that holds it.
    pub hold: Option<String>,
}

/// Several people whose accounts would have the same value.
#[derive(Debug)]
pub struct Collision {
    pub attribute: String,
    pub value: String,
    /// The people, by id and by what they are called.
    pub people: Vec<(PersonId, String)>,
}

impl Store {
    /// People to judge, in the order of their ids, from after `after` on.
    pub fn candidates(&self, after: &str, number: u32) -> anyhow::Result<Vec<Candidate>> {
        let connection = self.connection();
        let mut statement = connection.prepare_cached(
            "SELECT roster.record, people.standing, people.since, people.leaving_since, snapshot.person, snapshot.account,
                    snapshot.user_name, snapshot.active, snapshot.attributes, snapshot.origin
             FROM temp.roster LEFT JOIN main.people USING (person) LEFT JOIN main.snapshot USING (person)
             WHERE roster.person > ?1 AND roster.record IS NOT NULL ORDER BY roster.person LIMIT ?2",
        )?;
        let rows = statement.query_map(params![after, number], read_candidate)?;
        rows.map(|row| {
            let (record, snapshot, stood, leaving_since) = row?;
            Ok(Candidate { person: serde_json::from_str(&record)?, snapshot, stood, leaving_since })
        })
        .collect()
    }

    /// Notes what was decided about a person; a change, if there is one, is planned separately.
    pub fn record_judgement(&self, person: &PersonId, user_name: &str, judgement: &Judgement) -> anyhow::Result<()> {
        let failure = judgement.failure.as_ref().map(serde_json::to_string).transpose()?;
        self.connection()
            .prepare_cached("INSERT OR REPLACE INTO temp.judged VALUES (?1, ?2, ?3, ?4, NULL, ?5, ?6)")?
            .execute(params![
            person.as_str(),
            user_name,
            judgement.standing.as_str(),
            failure,
            judgement.leaving,
            judgement.settled
        ])?;
        Ok(())
    }

    /// This person's record waits for their manager's account.
    pub fn await_manager(&self, person: &PersonId, manager: &PersonId) -> anyhow::Result<()> {
        self.connection()
            .prepare_cached("UPDATE temp.judged SET manager = ?2 WHERE person = ?1")?
            .execute([person.as_str(), manager.as_str()])?;
        Ok(())
    }

    /// A person who was to be provisioned fails after all; their change, if one was planned, goes.
    pub fn judge_failing(&self, person: &PersonId, user_name: &str, failure: &Failure) -> anyhow::Result<()> {
        let connection = self.connection();
        connection.prepare_cached("DELETE FROM temp.planned WHERE person = ?1")?.execute([person.as_str()])?;
        connection
            .prepare_cached(
                "INSERT INTO temp.judged VALUES (?1, ?2, 'failing', ?3, NULL, NULL, 0)
                 ON CONFLICT (person) DO UPDATE SET standing = 'failing', failure = excluded.failure, settled = 0",
            )?
            .execute(params![person.as_str(), user_name, serde_json::to_string(failure)?])?;
        Ok(())
    }

    pub fn plan_change(&self, operation: &Operation, digest: &str, ask: bool) -> anyhow::Result<()> {
        let change = &operation.change;
        self.connection()
            .prepare_cached(
                "INSERT OR REPLACE INTO temp.planned (person, kind, cause, operation, digest, ask)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            )?
            .execute(params![
                change.person.as_str(),
                change.kind.as_str(),
                change.cause.as_str(),
                serde_json::to_string(operation)?,
                digest,
                ask
            ])?;
        Ok(())
    }

    /// The values by which a person's wanted account would be recognised: nobody else may want the same.
    pub fn want_keys(&self, person: &PersonId, keys: &[MatchKey]) -> anyhow::Result<()> {
        let connection = self.connection();
        let mut insert = connection.prepare_cached("INSERT OR IGNORE INTO temp.wanted_keys VALUES (?1, ?2, ?3)")?;
        for key in keys {
            insert.execute(params![key.attribute, fold_key(&key.attribute, &key.value), person.as_str()])?;
        }
        Ok(())
    }

    /// Values that two or more people would have: judged now, or unchanged, active and still on the roster.
    pub fn collisions(&self) -> anyhow::Result<Vec<Collision>> {
        let connection = self.connection();
        let mut statement = connection.prepare_cached(
            "WITH wanted AS (
               SELECT attribute, value, person FROM temp.wanted_keys
               UNION
               SELECT attribute, value, known.person FROM temp.wanted_keys AS fresh
                 CROSS JOIN main.snapshot_keys AS known USING (attribute, value)
                 CROSS JOIN main.snapshot ON snapshot.person = known.person AND snapshot.active = 1
                 CROSS JOIN temp.roster ON roster.person = known.person AND roster.record IS NULL),
             shared AS (SELECT attribute, value FROM wanted GROUP BY attribute, value HAVING count(*) > 1)
             SELECT attribute, value, person, coalesce(judged.user_name, people.user_name, person)
             FROM shared CROSS JOIN wanted USING (attribute, value)
               LEFT JOIN temp.judged USING (person) LEFT JOIN main.people USING (person)
             ORDER BY attribute, value, person",
        )?;
        let mut rows = statement.query([])?;
        let mut collisions: Vec<Collision> = Vec::new();
        while let Some(row) = rows.next()? {
            let (attribute, value): (String, String) = (row.get(0)?, row.get(1)?);
            let person = (PersonId::new(row.get::<_, String>(2)?), row.get(3)?);
            match collisions.last_mut().filter(|last| last.attribute == attribute && last.value == value) {
                Some(last) => last.people.push(person),
                None => collisions.push(Collision { attribute, value, people: vec![person] }),
            }
        }
        Ok(collisions)
    }

    /// Planned changes in the order of the people's ids, from after `after` on.
    pub fn planned(&self, after: &str, number: u32) -> anyhow::Result<Vec<PlannedRow>> {
        let connection = self.connection();
        let mut statement = connection.prepare_cached(
            "SELECT person, operation, digest, ask, hold FROM temp.planned WHERE person > ?1 ORDER BY person LIMIT ?2",
        )?;
        let rows = statement.query_map(params![after, number], |row| {
            Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?, row.get(2)?, row.get(3)?, row.get(4)?))
        })?;
        rows.map(|row| {
            let (person, operation, digest, ask, hold) = row?;
            let operation = serde_json::from_str(&operation)?;
            Ok(PlannedRow { person: PersonId::new(person), operation, digest, ask, hold })
        })
        .collect()
    }

    /// How many changes no approval has released yet, by kind and cause; adoptions that must be asked about apart.
    pub fn unapproved_counts(&self) -> anyhow::Result<Vec<(LimitKind, bool, u64)>> {
        let connection = self.connection();
        let mut statement = connection.prepare_cached(
            "SELECT kind, cause, ask, count(*) FROM temp.planned
             WHERE released IS NULL AND hold IS NULL GROUP BY 1, 2, 3",
        )?;
        let rows = statement.query_map([], |row| {
            Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?, row.get(2)?, row.get::<_, i64>(3)?))
        })?;
        let mut counts = Vec::new();
        for row in rows {
            let (kind, cause, ask, number) = row?;
            if let (Some(kind), Some(cause)) = (parse_kind(&kind), parse_cause(&cause)) {
                counts.push((LimitKind::of(kind, cause), ask, number.unsigned_abs()));
            }
        }
        Ok(counts)
    }

    /// Applies the guard's word to every change that no approval has released.
    pub fn apply_verdicts(&self, verdict: impl Fn(ChangeKind, Cause, bool) -> Verdict) -> anyhow::Result<()> {
        let connection = self.connection();
        let mut groups = connection
            .prepare("SELECT DISTINCT kind, cause, ask FROM temp.planned WHERE released IS NULL AND hold IS NULL")?;
        let groups: Vec<(String, String, bool)> =
            groups.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?.collect::<Result<_, _>>()?;
        for (kind, cause, ask) in groups {
            let (Some(parsed_kind), Some(parsed_cause)) = (parse_kind(&kind), parse_cause(&cause)) else { continue };
            let (hold, released) = match verdict(parsed_kind, parsed_cause, ask) {
                Verdict::Release => (None, Some("limits")),
                Verdict::Hold(kind) => (Some(kind.as_str()), None),
            };
            connection.execute(
                "UPDATE temp.planned SET hold = ?4, released = ?5
                 WHERE kind = ?1 AND cause = ?2 AND ask = ?3 AND released IS NULL AND hold IS NULL",
                params![kind, cause, ask, hold, released],
            )?;
        }
        Ok(())
    }

    /// Keeps one page of the target's accounts, for matching many people without asking for each.
    pub fn keep_listed(&self, accounts: &[Account], match_by: &[String]) -> anyhow::Result<()> {
        let mut connection = self.connection();
        let transaction = connection.transaction()?;
        for account in accounts {
            transaction
                .prepare_cached("INSERT OR IGNORE INTO temp.listed VALUES (?1, ?2)")?
                .execute(params![account.id.as_str(), serde_json::to_string(account)?])?;
            for attribute in match_by {
                let Some(value) = account.value_of(attribute) else { continue };
                transaction
                    .prepare_cached("INSERT OR IGNORE INTO temp.listed_keys VALUES (?1, ?2, ?3)")?
                    .execute(params![attribute, fold_key(attribute, &value), account.id.as_str()])?;
            }
        }
        transaction.commit()?;
        Ok(())
    }

    /// The listed accounts that have this value.
    pub fn listed_with(&self, key: &MatchKey) -> anyhow::Result<Vec<Account>> {
        let connection = self.connection();
        let mut statement = connection.prepare_cached(
            "SELECT record FROM temp.listed_keys JOIN temp.listed USING (account) WHERE attribute = ?1 AND value = ?2",
        )?;
        let rows = statement
            .query_map(params![key.attribute, fold_key(&key.attribute, &key.value)], |row| row.get::<_, String>(0))?;
        rows.map(|row| Ok(serde_json::from_str(&row?)?)).collect()
    }

    /// People with accounts whose record waits for a manager who is to get an account in this plan.
    pub fn awaiting_planned_managers(&self) -> anyhow::Result<Vec<(PersonId, PersonId)>> {
        self.pairs(
            "SELECT judged.person, judged.manager FROM temp.judged
               JOIN temp.planned AS manager ON manager.person = judged.manager
               JOIN main.snapshot ON snapshot.person = judged.person
             WHERE manager.kind IN ('create', 'adopt') AND snapshot.active = 1 AND judged.standing = 'in_scope'
               AND judged.person NOT IN (SELECT person FROM temp.planned)",
        )
    }

    /// People with accounts whose record waited for a manager who has an account by now.
    pub fn managers_arrived(&self) -> anyhow::Result<Vec<(PersonId, PersonId)>> {
        self.pairs(
            "SELECT judged.person, judged.manager FROM temp.judged
               JOIN main.snapshot AS manager ON manager.person = judged.manager
               JOIN main.snapshot ON snapshot.person = judged.person
             WHERE snapshot.active = 1 AND judged.standing = 'in_scope'",
        )
    }

    /// The record of this person waits for nothing any more once their reference is sent.
    pub fn settle_reference(&self, person: &PersonId) -> anyhow::Result<()> {
        self.connection()
            .prepare_cached("UPDATE temp.judged SET manager = NULL WHERE person = ?1")?
            .execute([person.as_str()])?;
        Ok(())
    }

    fn pairs(&self, sql: &str) -> anyhow::Result<Vec<(PersonId, PersonId)>> {
        let connection = self.connection();
        let mut statement = connection.prepare_cached(sql)?;
        let rows = statement.query_map([], |row| {
            Ok((PersonId::new(row.get::<_, String>(0)?), PersonId::new(row.get::<_, String>(1)?)))
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    pub fn planned_total(&self) -> anyhow::Result<u64> {
        people::count(&self.connection(), "SELECT count(*) FROM temp.planned")
    }

    pub fn planned_of_kind(&self, kind: ChangeKind) -> anyhow::Result<u64> {
        let connection = self.connection();
        let mut statement = connection.prepare_cached("SELECT count(*) FROM temp.planned WHERE kind = ?1")?;
        Ok(statement.query_row([kind.as_str()], |row| row.get::<_, i64>(0))?.unsigned_abs())
    }

    /// People in scope with an account and nothing planned, waiting or failing.
    pub fn unchanged(&self) -> anyhow::Result<u64> {
        people::count(
            &self.connection(),
            "SELECT count(*) FROM temp.roster LEFT JOIN temp.judged USING (person)
               LEFT JOIN main.people USING (person) LEFT JOIN temp.planned USING (person)
             WHERE coalesce(judged.standing, people.standing) = 'in_scope' AND planned.person IS NULL",
        )
    }

    /// How many operations of a run are still to be sent.
    pub fn released_total(&self) -> anyhow::Result<u64> {
        people::count(&self.connection(), "SELECT count(*) FROM temp.planned WHERE released IS NOT NULL")
    }

    pub fn awaiting_managers(&self) -> anyhow::Result<u64> {
        people::count(&self.connection(), "SELECT count(*) FROM temp.judged WHERE manager IS NOT NULL")
    }
}

type CandidateColumns = (String, Option<Snapshot>, Option<StandingSince>, Option<DateTime<Utc>>);

fn read_candidate(row: &Row<'_>) -> rusqlite::Result<CandidateColumns> {
    let stood = match (row.get::<_, Option<String>>(1)?, row.get::<_, Option<String>>(2)?) {
        (Some(standing), Some(since)) => crate::plan::Standing::parse(&standing)
            .map(|standing| StandingSince { standing, since: super::parse_instant(&since) }),
        _ => None,
    };
    let leaving_since = row.get::<_, Option<String>>(3)?.as_deref().map(super::parse_instant);
    let snapshot = match row.get::<_, Option<String>>(4)? {
        Some(_) => Some(snapshot::read_from(row, 4)?),
        None => None,
    };
    Ok((row.get(0)?, snapshot, stood, leaving_since))
}

pub(super) fn parse_kind(text: &str) -> Option<ChangeKind> {
    ChangeKind::ALL.into_iter().find(|kind| kind.as_str() == text)
}

pub(super) fn parse_cause(text: &str) -> Option<Cause> {
    serde_json::from_value(serde_json::Value::String(text.to_owned())).ok()
}
