//! Delivery: mails that wait in the store go to SMTP, and what SMTP said is written down (guarantee 17).

use std::time::Duration;

use chrono::Utc;
use tokio::time::Instant;

use crate::notify::{DELAYED_AFTER, MailSettings, Mailer, OutgoingMail, SendFailure, next_attempt, send_all};
use crate::store::{OutgoingRow, Store};

/// Tries to hand every mail that is due to SMTP within `time`. What is left stays in the store, and is tried again.
pub async fn deliver(store: &Store, settings: &MailSettings, time: Duration) {
    if let Err(error) = try_to_deliver(store, settings, time).await {
        tracing::error!("the outbox could not be worked on: {error:#}");
    }
}

async fn try_to_deliver(store: &Store, settings: &MailSettings, time: Duration) -> anyhow::Result<()> {
    let due = store.due_mails(Utc::now())?;
    if due.is_empty() {
        return Ok(());
    }
    let mailer = Mailer::connect(settings)?;
    let attempts: Vec<(i64, u32)> = due.iter().map(|row| (row.id, row.attempts)).collect();
    let mails = due.into_iter().map(|row| (row.id, outgoing(row))).collect();
    let answers = send_all(&mailer, mails, Instant::now() + time).await;
    for (id, answer) in answers {
        let attempts = attempts.iter().find(|(known, _)| *known == id).map_or(0, |(_, attempts)| *attempts);
        note(store, id, attempts, answer)?;
    }
    Ok(())
}

fn note(store: &Store, id: i64, attempts: u32, answer: Result<(), SendFailure>) -> anyhow::Result<()> {
    let now = Utc::now();
    let Err(failure) = answer else { return store.mail_sent(id, now) };
    // A refusal of every mail (a wrong password) is mended at the server, and then all of them go out.
    if failure.permanent && !failure.concerns_all {
        tracing::error!(mail = id, "a mail was refused for good: {failure}");
        return store.mail_refused(id, &failure.to_string(), now);
    }
    tracing::warn!(mail = id, "a mail could not be sent and waits: {failure}");
    store.mail_postponed(id, next_attempt(attempts + 1, now), &failure.to_string())
}

fn outgoing(row: OutgoingRow) -> OutgoingMail {
    let mail = row.mail;
    OutgoingMail {
        delayed: Utc::now() - mail.created_at > DELAYED_AFTER,
        message_id: mail.message_id,
        to: mail.recipient,
        subject: mail.subject,
        text: mail.text,
        html: mail.html,
        created_at: mail.created_at,
    }
}
