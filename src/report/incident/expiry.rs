//! The expiry of a credential, announced 30, 14, 7, 3 and 1 days ahead (guarantee 20). Pure.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

/// Days ahead at which an expiry is told anew.
const STEPS: [i64; 5] = [30, 14, 7, 3, 1];

/// A credential that ends soon, or has ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Expiry {
    /// For people, for example `client secret of the app registration in Entra`.
    pub what: String,
    /// Its last day.
    pub date: NaiveDate,
    /// Days left; 0 is today, below zero it has ended.
    pub days: i64,
}

impl Expiry {
    /// The announcement that is due on `today`, if the end is near enough for one.
    pub fn announced(what: &str, date: NaiveDate, today: NaiveDate) -> Option<Self> {
        let days = (date - today).num_days();
        (days <= STEPS[0]).then(|| Self { what: what.to_owned(), date, days })
    }

    /// How many announcements were due by now; one more every day once it has ended.
    pub(super) fn step(&self) -> u64 {
        let reached = STEPS.iter().filter(|step| self.days <= **step).count();
        let days_over = self.days.min(0).unsigned_abs();
        u64::try_from(reached).unwrap_or(u64::MAX).saturating_add(days_over)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(day: u32) -> NaiveDate {
        NaiveDate::from_ymd_opt(2026, 3, 1)
            .expect("a date")
            .checked_add_days(chrono::Days::new(day.into()))
            .expect("a date")
    }

    #[test]
    fn an_expiry_is_news_30_14_7_3_and_1_days_ahead_and_daily_once_over() {
        let mut told = 0;
        let mut news = Vec::new();
        for today in 0..64 {
            let Some(expiry) = Expiry::announced("token", day(60), day(today)) else { continue };
            if expiry.step() > told {
                news.push(expiry.days);
            }
            told = expiry.step();
        }
        assert_eq!(news, [30, 14, 7, 3, 1, -1, -2, -3]);
    }
}
