//! A length of time as people write it in the configuration: "5m", "2d", "400d".

use std::fmt;
use std::str::FromStr;

use chrono::TimeDelta;
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer};

/// A length of time, whole seconds, at most ten years.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, JsonSchema)]
#[schemars(with = "String", extend("format" = "span"))]
pub struct Span {
    seconds: u32,
}

/// Longer than any patience or retention, and far from every overflow of a date.
const LONGEST_SECONDS: u64 = 3660 * 86_400;

impl Span {
    pub const ZERO: Self = Self { seconds: 0 };

    pub const fn of_seconds(seconds: u32) -> Self {
        Self { seconds }
    }

    pub const fn of_days(days: u32) -> Self {
        Self { seconds: days * 86_400 }
    }

    pub fn seconds(self) -> u32 {
        self.seconds
    }

    pub fn delta(self) -> TimeDelta {
        TimeDelta::seconds(i64::from(self.seconds))
    }
}

impl FromStr for Span {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let duration = humantime::parse_duration(text).map_err(|why| {
            format!("{text:?} is not a length of time ({why}); write for example \"30m\", \"12h\" or \"2d\"")
        })?;
        if duration.as_secs() > LONGEST_SECONDS {
            return Err(format!("{text:?} is longer than ten years"));
        }
        Ok(Self { seconds: u32::try_from(duration.as_secs()).unwrap_or(u32::MAX) })
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let duration = std::time::Duration::from_secs(u64::from(self.seconds));
        write!(f, "{}", humantime::format_duration(duration))
    }
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_is_read_as_people_write_it() {
        assert_eq!("2d".parse::<Span>(), Ok(Span::of_days(2)));
        assert_eq!("90s".parse::<Span>(), Ok(Span::of_seconds(90)));
        assert_eq!(Span::of_days(2).to_string(), "2days");
    }

    #[test]
    fn a_span_without_a_unit_or_beyond_ten_years_is_refused() {
        assert!("5".parse::<Span>().expect_err("no unit").contains("2d"));
        assert!("11y".parse::<Span>().expect_err("too long").contains("ten years"));
    }
}
