//! How much later than its schedule a customer starts, so that the customers of one host do not all start at once. Pure.

use chrono::TimeDelta;
use ring::digest::{SHA256, digest};

use crate::model::Span;

/// The same for a customer's name for ever, on every host: the first eight bytes of SHA-256 over `rollcall/jitter/` and
/// the name, as a fraction of the span, in whole seconds from 0 to one less than the span.
pub(super) fn delay(span: Span, customer: &str) -> TimeDelta {
    let hash = digest(&SHA256, format!("rollcall/jitter/{customer}").as_bytes());
    let fraction = hash.as_ref().iter().take(8).fold(0_u128, |number, byte| (number << 8) | u128::from(*byte));
    let seconds = (fraction * u128::from(span.seconds())) >> 64;
    TimeDelta::seconds(i64::try_from(seconds).expect("less than the span, which has 32 bits"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_customers_delay_never_changes() {
        let of = |customer| delay(Span::of_seconds(300), customer).num_seconds();
        assert_eq!([of("acme"), of("globex"), of("initech")], [227, 215, 226]);
    }

    #[test]
    fn without_jitter_nobody_waits() {
        assert_eq!(delay(Span::ZERO, "acme"), TimeDelta::zero());
    }

    #[test]
    fn customers_are_spread_evenly_over_the_whole_span() {
        let mut in_tenth = [0_u32; 10];
        for number in 0..1_000 {
            let seconds = delay(Span::of_seconds(300), &format!("customer-{number}")).num_seconds();
            in_tenth[usize::try_from(seconds / 30).unwrap()] += 1;
        }
        assert!(in_tenth.iter().all(|count| (70..=130).contains(count)), "{in_tenth:?}");
    }
}
