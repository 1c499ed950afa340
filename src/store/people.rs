//! Table `people`: where each person of the last rosters stands.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use rusqlite::{Connection, OptionalExtension as _, Row, Transaction, params};

use super::{Store, instant, parse_instant};
use crate::model::{Failure, PersonId};
use crate::plan::{Standing, StandingSince};

/// What earlier runs concluded about a person.
#[derive(Clone, Debug)]
pub struct KnownPerson {
    pub person: PersonId,
    pub user_name: String,
    pub stands: StandingSince,
    /// Since when they have counted as having left.
    pub leaving_since: Option<DateTime<Utc>>,
    pub failure: Option<Failure>,
    /// Runs in a row in which an operation of theirs failed.
    pub attempts: u32,
}

/// How many people of the roster stand where.
pub type StandingCounts = BTreeMap<Standing, u64>;

const COLUMNS: &str = "person, user_name, standing, since, failure, attempts, leaving_since";

impl Store {
    pub fn known_person(&self, person: &PersonId) -> anyhow::Result<Option<KnownPerson>> {
        let connection = self.connection();
        let mut statement = connection.prepare_cached(&format!("SELECT {COLUMNS} FROM people WHERE person = ?1"))?;
        Ok(statement.query_row([person.as_str()], read).optional()?)
    }

    /// People who wait or fail, by name.
    pub fn people_standing(&self, standing: Standing) -> anyhow::Result<Vec<KnownPerson>> {
        let connection = self.connection();
        let mut statement = connection
            .prepare_cached(&format!("SELECT {COLUMNS} FROM people WHERE standing = ?1 ORDER BY user_name"))?;
        let rows = statement.query_map([standing.as_str()], read)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Whether there is anybody of whom nobody can tell yet what is to become of them.
    pub fn is_anybody_unsettled(&self) -> anyhow::Result<bool> {
        let connection = self.connection();
        let mut statement =
            connection.prepare_cached("SELECT 1 FROM people WHERE standing IN ('waiting', 'failing')")?;
        Ok(statement.exists([])?)
    }

    /// A person by object id, or by what they are or were called: whoever is called so now comes before those who were.
    pub fn person_called(&self, name: &str) -> anyhow::Result<Option<PersonId>> {
        let connection = self.connection();
        let mut statement = connection.prepare_cached(
            "SELECT person, 1 AS preference FROM people WHERE person = ?1
             UNION SELECT person, 2 FROM people WHERE user_name = ?1 COLLATE NOCASE
             UNION SELECT person, 3 FROM snapshot WHERE person = ?1 OR account = ?1 OR user_name = ?1 COLLATE NOCASE
             UNION SELECT person, 4 FROM audit WHERE person = ?1 OR user_name = ?1 COLLATE NOCASE
             ORDER BY preference, person LIMIT 1",
        )?;
        let found: Option<String> = statement.query_row([name], |row| row.get(0)).optional()?;
        Ok(found.map(PersonId::new))
    }

    /// How many people of this roster stand where: judged now, or unchanged since they were judged last.
    pub fn standing_counts(&self) -> anyhow::Result<StandingCounts> {
        let connection = self.connection();
        let mut statement = connection.prepare_cached(
            "SELECT coalesce(judged.standing, people.standing) AS stands, count(*)
             FROM temp.roster LEFT JOIN temp.judged USING (person) LEFT JOIN main.people USING (person)
             GROUP BY stands",
        )?;
        let rows = statement.query_map([], |row| Ok((row.get::<_, Option<String>>(0)?, row.get::<_, i64>(1)?)))?;
        let mut counts = StandingCounts::new();
        for row in rows {
            let (standing, number) = row?;
            if let Some(standing) = standing.as_deref().and_then(Standing::parse) {
                counts.insert(standing, number.unsigned_abs());
            }
        }
        Ok(counts)
    }
}

/// Carries the run's judgements over. A person keeps the `since` of a standing that has not changed; one who fails and
/// is tried again goes on failing until the change is done. Whoever counts as having left does so since the first time,
/// whatever is held or fails meanwhile, until they are seen to be back.
pub(super) fn record_judgements(transaction: &Transaction<'_>, now: DateTime<Utc>) -> anyhow::Result<()> {
    transaction.execute(
        "WITH decided AS (
           SELECT judged.*, roster.fingerprint, planned.person IS NOT NULL AS has_change, known.failure AS failed_with,
             known.leaving_since, planned.released IS NOT NULL AND planned.cause <> 'manager_arrived'
               AND known.standing IS 'failing' AS is_retried
           FROM temp.judged LEFT JOIN temp.roster USING (person) LEFT JOIN temp.planned USING (person)
             LEFT JOIN main.people AS known USING (person))
         INSERT INTO main.people (person, user_name, standing, since, failure, fingerprint, attempts, leaving_since)
         SELECT person, user_name, iif(is_retried, 'failing', standing), ?1, iif(is_retried, failed_with, failure),
                CASE WHEN settled = 1 AND manager IS NULL AND NOT has_change THEN fingerprint END, 0,
                CASE leaving WHEN 0 THEN NULL WHEN 1 THEN coalesce(leaving_since, ?1) ELSE leaving_since END
         FROM decided
         WHERE true
         ON CONFLICT (person) DO UPDATE SET
           user_name = excluded.user_name,
           since = CASE WHEN people.standing = excluded.standing THEN people.since ELSE excluded.since END,
           standing = excluded.standing,
           failure = excluded.failure,
           fingerprint = excluded.fingerprint,
           leaving_since = excluded.leaving_since",
        [instant(now)],
    )?;
    forget_the_absent(transaction)
}

/// People who are on no roster any more and have no account of ours, for all that is known, need no row: their story is
/// in the audit trail.
fn forget_the_absent(transaction: &Transaction<'_>) -> anyhow::Result<()> {
    transaction.execute(
        "DELETE FROM main.people WHERE person NOT IN (SELECT person FROM temp.roster)
           AND person NOT IN (SELECT person FROM main.snapshot WHERE active = 1)
           AND person NOT IN (SELECT person FROM main.operations WHERE state = 'in_flight')",
        [],
    )?;
    Ok(())
}

/// After a change was done: this person stands where they were judged to, and nothing is left to do unless their record
/// waits for something. An operation of an earlier run is settled before anybody is judged: the judging comes then.
pub(super) fn settle_person(transaction: &Transaction<'_>, person: &PersonId) -> anyhow::Result<()> {
    transaction
        .prepare_cached(
            "UPDATE main.people SET attempts = 0, failure = NULL,
               standing = coalesce((SELECT standing FROM temp.judged WHERE judged.person = ?1), standing),
               fingerprint = (SELECT roster.fingerprint FROM temp.roster JOIN temp.judged USING (person)
                 WHERE roster.person = ?1 AND judged.settled = 1 AND judged.manager IS NULL)
             WHERE person = ?1",
        )?
        .execute([person.as_str()])?;
    Ok(())
}

/// After a change failed: this person is judged again at the next run.
pub(super) fn fail_person(
    transaction: &Transaction<'_>,
    person: &PersonId,
    failure: &Failure,
    now: DateTime<Utc>,
) -> anyhow::Result<()> {
    transaction
        .prepare_cached(
            "UPDATE main.people SET attempts = attempts + 1, fingerprint = NULL, failure = ?2,
               since = CASE WHEN standing = 'failing' THEN since ELSE ?3 END, standing = 'failing'
             WHERE person = ?1",
        )?
        .execute(params![person.as_str(), serde_json::to_string(failure)?, instant(now)])?;
    Ok(())
}

pub(super) fn count(connection: &Connection, sql: &str) -> anyhow::Result<u64> {
    let number: i64 = connection.prepare_cached(sql)?.query_row([], |row| row.get(0))?;
    Ok(number.unsigned_abs())
}

fn read(row: &Row<'_>) -> rusqlite::Result<KnownPerson> {
    let standing: String = row.get(2)?;
    let since: String = row.get(3)?;
    let failure: Option<String> = row.get(4)?;
    Ok(KnownPerson {
        person: PersonId::new(row.get::<_, String>(0)?),
        user_name: row.get(1)?,
        stands: StandingSince {
            standing: Standing::parse(&standing).unwrap_or(Standing::Failing),
            since: parse_instant(&since),
        },
        leaving_since: row.get::<_, Option<String>>(6)?.as_deref().map(parse_instant),
        failure: failure.and_then(|text| serde_json::from_str(&text).ok()),
        attempts: row.get(5)?,
    })
}
