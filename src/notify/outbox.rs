//! Sending what waits, one mail after the other. Keeps no list: the caller takes due mails from the store and writes
//! down what became of each.

use chrono::{DateTime, TimeDelta, Utc};
use tokio::time::Instant;

use super::{Mailer, OutgoingMail, SendFailure};

/// A mail that has waited longer than this says so.
pub const DELAYED_AFTER: TimeDelta = TimeDelta::hours(1);

/// When a mail is tried again after so many attempts: 1, 2, 4 … minutes, then every hour, for ever.
pub fn next_attempt(attempts: u32, now: DateTime<Utc>) -> DateTime<Utc> {
    let minutes = 2_i64.saturating_pow(attempts.saturating_sub(1)).min(60);
    now + TimeDelta::minutes(minutes)
}

/// Sends mails in their order and answers for each that was tried. One recipient's refusal never stops the next mail;
/// a server that cannot be reached or refuses our login is not asked again: the mails behind get the same answer.
/// None is begun after `deadline`; those are missing from the answer, and are due as they were.
pub async fn send_all<Id>(
    mailer: &Mailer,
    mails: Vec<(Id, OutgoingMail)>,
    deadline: Instant,
) -> Vec<(Id, Result<(), SendFailure>)> {
    let mut answers = Vec::with_capacity(mails.len());
    let mut down: Option<SendFailure> = None;
    for (id, mail) in mails {
        if let Some(failure) = &down {
            answers.push((id, Err(failure.clone())));
            continue;
        }
        if Instant::now() >= deadline {
            break;
        }
        let answer = mailer.send_before(&mail, deadline).await;
        down = answer.as_ref().err().filter(|failure| failure.concerns_all).cloned();
        answers.push((id, answer));
    }
    answers
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_from_a_minute_to_an_hour_and_never_end() {
        let now = DateTime::UNIX_EPOCH;
        let minutes = |attempts| (next_attempt(attempts, now) - now).num_minutes();
        let pauses: Vec<i64> = [1, 2, 3, 6, 7, 8, u32::MAX].map(minutes).into();
        assert_eq!(pauses, [1, 2, 4, 32, 60, 60, 60]);
    }
}
