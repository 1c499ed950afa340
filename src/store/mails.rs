//! Table `mails`: the outbox. A mail is written with what it tells of, and stays until SMTP has taken or refused it.

use chrono::{DateTime, Utc};
use rusqlite::{OptionalExtension as _, Transaction, params};

use super::{Store, instant, parse_instant};

/// A mail to one recipient, to be written.
#[derive(Clone, Debug)]
pub struct NewMail {
    /// Fixed when the mail is made: a second attempt after a doubtful first is the same message.
    pub message_id: String,
    pub recipient: String,
    pub subject: String,
    pub text: String,
    pub html: String,
    pub created_at: DateTime<Utc>,
}

/// A mail that waits.
#[derive(Clone, Debug)]
pub struct OutgoingRow {
    pub id: i64,
    pub mail: NewMail,
    pub attempts: u32,
}

impl Store {
    /// Mails whose next attempt is due, in the order they were written.
    pub fn due_mails(&self, now: DateTime<Utc>) -> anyhow::Result<Vec<OutgoingRow>> {
        let connection = self.connection();
        let mut statement = connection.prepare_cached(
            "SELECT id, message_id, recipient, subject, text, html, created_at, attempts FROM mails
             WHERE state = 'waiting' AND next_attempt <= ?1 ORDER BY id LIMIT 100",
        )?;
        let rows = statement.query_map([instant(now)], |row| {
            let mail = NewMail {
                message_id: row.get(1)?,
                recipient: row.get(2)?,
                subject: row.get(3)?,
                text: row.get(4)?,
                html: row.get(5)?,
                created_at: parse_instant(&row.get::<_, String>(6)?),
            };
            Ok(OutgoingRow { id: row.get(0)?, mail, attempts: row.get(7)? })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    pub fn mail_sent(&self, id: i64, now: DateTime<Utc>) -> anyhow::Result<()> {
        self.settle_mail(id, ("sent", None), now)
    }

    /// The server will never take it; said in `status` and in the log.
    pub fn mail_refused(&self, id: i64, why: &str, now: DateTime<Utc>) -> anyhow::Result<()> {
        self.settle_mail(id, ("refused", Some(why)), now)
    }

    pub fn mail_postponed(&self, id: i64, next_attempt: DateTime<Utc>, why: &str) -> anyhow::Result<()> {
        self.connection().execute(
            "UPDATE mails SET attempts = attempts + 1, next_attempt = ?2, last_error = ?3 WHERE id = ?1",
            params![id, instant(next_attempt), why],
        )?;
        Ok(())
    }

    /// How many letters to people were written since then: one letter goes to several recipients.
    pub fn letters_since(&self, since: DateTime<Utc>) -> anyhow::Result<u32> {
        let connection = self.connection();
        let mut statement =
            connection.prepare_cached("SELECT count(DISTINCT run) FROM mails WHERE created_at >= ?1")?;
        Ok(statement.query_row([instant(since)], |row| row.get(0))?)
    }

    /// How many mails wait, and since when the oldest does.
    pub fn waiting_mails(&self) -> anyhow::Result<(u64, Option<DateTime<Utc>>)> {
        let connection = self.connection();
        let mut statement =
            connection.prepare_cached("SELECT count(*), min(created_at) FROM mails WHERE state = 'waiting'")?;
        let row: Option<(i64, Option<String>)> =
            statement.query_row([], |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
        let (number, oldest) = row.unwrap_or_default();
        Ok((number.unsigned_abs(), oldest.as_deref().map(parse_instant)))
    }

    fn settle_mail(&self, id: i64, (state, why): (&str, Option<&str>), now: DateTime<Utc>) -> anyhow::Result<()> {
        self.connection().execute(
            "UPDATE mails SET state = ?2, last_error = ?3, attempts = attempts + 1, settled_at = ?4 WHERE id = ?1",
            params![id, state, why, instant(now)],
        )?;
        Ok(())
    }
}

pub(super) fn write(transaction: &Transaction<'_>, run: Option<i64>, mails: &[NewMail]) -> anyhow::Result<()> {
    let mut insert = transaction.prepare_cached(
        "INSERT INTO mails (message_id, run, recipient, subject, text, html, created_at, state, next_attempt)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, 'waiting', ?7)",
    )?;
    for mail in mails {
        let at = instant(mail.created_at);
        insert.execute(params![mail.message_id, run, mail.recipient, mail.subject, mail.text, mail.html, at])?;
    }
    Ok(())
}
