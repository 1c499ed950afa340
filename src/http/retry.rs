//! What may be sent again, when, and for how long. `Retry-After` is a floor; the rest is full jitter.

use std::time::{Duration, SystemTime};

use backon::{BackoffBuilder as _, ExponentialBuilder, Retryable as _};
use tokio::time::Instant;

use super::{Answer, Client, Error, Request};

/// Pauses double up to here.
const LONGEST_PAUSE: Duration = Duration::from_mins(1);

/// What may be repeated without asking first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retry {
    /// A read: everything transient.
    Read,
    /// A write that may be repeated safely (PATCH, PUT): everything transient.
    Repeatable,
    /// A create: only what the server certainly did not do (429, and connections that never came about).
    Unrepeatable,
    /// Nothing.
    Never,
}

/// How long and how often to try.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    pub tries: usize,
    /// The ceiling of the first pause; it doubles with every try.
    pub first_pause: Duration,
    /// All pauses together, beyond what `Retry-After` asks for.
    pub budget: Duration,
    /// A server that asks for more than this is told "another time".
    pub longest_retry_after: Duration,
    /// One answer, from the request's first byte to the answer's last: a server that drips a byte a second ends here.
    pub answer_within: Duration,
}

impl Default for Patience {
    /// Guarantee 11: a read gives up after 4 tries or 60 s beyond what Retry-After asks.
    fn default() -> Self {
        Self {
            tries: 4,
            first_pause: Duration::from_secs(1),
            budget: Duration::from_mins(1),
            longest_retry_after: Duration::from_secs(330),
            answer_within: Duration::from_mins(2),
        }
    }
}

impl Patience {
    /// How long to wait after the first, second, … try that deserves another; `None` when the server asks for
    /// more than this patience. For callers that look before they send again.
    pub fn pause_after(&self, tries: u32, answer: Option<&Answer>) -> Option<Duration> {
        let floor = answer.and_then(retry_after).unwrap_or_default();
        let ceiling = self.first_pause.saturating_mul(2_u32.saturating_pow(tries.saturating_sub(1)));
        (floor <= self.longest_retry_after).then(|| floor + full_jitter(ceiling.min(LONGEST_PAUSE)))
    }
}

impl Retry {
    fn allows(self, result: &Result<Answer, Error>) -> bool {
        let throttled = |status| status == 429;
        match (self, result) {
            (Self::Never, _) => false,
            (Self::Unrepeatable, Ok(answer)) => throttled(answer.status),
            (Self::Unrepeatable, Err(error)) => matches!(error, Error::NotConnected { .. }),
            (Self::Read | Self::Repeatable, Ok(answer)) => matches!(answer.status, 408 | 425 | 429 | 500 | 502..=599),
            (Self::Read | Self::Repeatable, Err(error)) => {
                error.is_transient() && !matches!(error, Error::LeftAlone { .. })
            }
        }
    }
}

/// An attempt that deserves another one, carried through `backon` as an error.
struct Again(Result<Answer, Error>);

pub(super) async fn send(client: &Client, request: &Request) -> Result<Answer, Error> {
    let patience = client.patience;
    let pauses = ExponentialBuilder::default()
        .with_min_delay(patience.first_pause)
        .with_max_delay(LONGEST_PAUSE)
        .with_max_times(patience.tries.saturating_sub(1))
        .build()
        .map(full_jitter);
    let start = Instant::now();
    let mut asked_for = Duration::ZERO;
    let attempt = || async {
        let result = client.attempt(request).await;
        if request.retry.allows(&result) { Err(Again(result)) } else { Ok(result) }
    };
    let outcome = attempt
        .retry(JitteredPauses(pauses.collect()))
        .adjust(|again: &Again, pause| {
            let floor = again.0.as_ref().ok().and_then(retry_after).unwrap_or_default();
            let too_long = floor > patience.longest_retry_after;
            let spent = start.elapsed().saturating_sub(asked_for) > patience.budget;
            if too_long || spent {
                return None;
            }
            asked_for += floor;
            pause.map(|pause| floor + pause)
        })
        .await;
    match outcome {
        Ok(result) | Err(Again(result)) => result,
    }
}

/// The pauses of one request, drawn beforehand.
struct JitteredPauses(Vec<Duration>);

impl backon::BackoffBuilder for JitteredPauses {
    type Backoff = std::vec::IntoIter<Duration>;

    fn build(self) -> Self::Backoff {
        self.0.into_iter()
    }
}

/// Anything between nothing and the ceiling, so that clients that failed together do not return together.
fn full_jitter(ceiling: Duration) -> Duration {
    ceiling.mul_f64(fastrand::f64())
}

/// `Retry-After`: seconds (RFC 9110 §10.2.3; Graph's sample even has a fraction) or a date.
pub fn retry_after(answer: &Answer) -> Option<Duration> {
    if !matches!(answer.status, 429 | 503 | 500..=599) {
        return None;
    }
    parse_retry_after(answer.header("retry-after")?, SystemTime::now())
}

fn parse_retry_after(text: &str, now: SystemTime) -> Option<Duration> {
    let text = text.trim();
    if let Ok(seconds) = text.parse::<f64>() {
        return (seconds.is_finite() && seconds >= 0.0).then(|| Duration::from_secs_f64(seconds.ceil().min(1e6)));
    }
    let date = httpdate::parse_http_date(text).ok()?;
    Some(date.duration_since(now).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retry_after_is_seconds_with_or_without_a_fraction_or_a_date() {
        let now = httpdate::parse_http_date("Sun, 06 Nov 1994 08:49:07 GMT").expect("a date");
        let parse = |text| parse_retry_after(text, now).map(|wait| wait.as_secs());
        assert_eq!(parse("120"), Some(120));
        assert_eq!(parse("2.128"), Some(3));
        assert_eq!(parse("Sun, 06 Nov 1994 08:49:37 GMT"), Some(30));
        assert_eq!(parse("Sun, 06 Nov 1994 08:00:00 GMT"), Some(0));
        assert_eq!(parse("-5"), None);
        assert_eq!(parse("NaN"), None);
        assert_eq!(parse("soon"), None);
    }

    #[expect(clippy::unnecessary_wraps, reason = "an attempt's result, as the rule takes it")]
    fn answered(status: u16) -> Result<Answer, Error> {
        Ok(Answer { status, headers: reqwest::header::HeaderMap::new(), body: Vec::new() })
    }

    #[test]
    fn a_create_is_repeated_only_when_it_certainly_did_not_happen() {
        let lost = Err(Error::TimedOut { origin: "x".into() });
        let refused = Err(Error::NotConnected { origin: "x".into(), cause: "refused".into() });
        assert!(Retry::Unrepeatable.allows(&answered(429)));
        assert!(Retry::Unrepeatable.allows(&refused));
        assert!(!Retry::Unrepeatable.allows(&answered(503)));
        assert!(!Retry::Unrepeatable.allows(&lost));
        assert!(Retry::Repeatable.allows(&lost));
        assert!(!Retry::Read.allows(&answered(501)), "not implemented stays not implemented");
    }
}
