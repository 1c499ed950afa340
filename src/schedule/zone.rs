//! The customer's time zone: its name, and which instants its wall clock shows. Pure.

use chrono::{DateTime, MappedLocalTime, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, TimeZone};
use chrono_tz::{GapInfo, TZ_VARIANTS, Tz};

/// A name this many letters away from a real one is taken for a slip of the hand.
const FAR_FROM_A_NAME: usize = 4;

/// The zone of that name, or what is wrong with the name.
pub(super) fn named(name: &str) -> Result<Tz, String> {
    if let Some(why) = not_a_place(name) {
        return Err(format!("{name:?} {why}; write a place, for example \"Australia/Sydney\", or \"UTC\""));
    }
    name.parse().map_err(|_| match nearest(name) {
        Some(near) => format!("{name:?} is not an IANA time zone; did you mean {near:?}?"),
        None => {
            format!("{name:?} is not an IANA time zone; write a place, for example \"Australia/Sydney\", or \"UTC\"")
        }
    })
}

/// The instant at which the wall clock first shows this time or, if it jumps over it, a later one.
/// `None` only beyond the years that dates can hold.
pub(super) fn first_instant(zone: Tz, wall: NaiveDateTime) -> Option<DateTime<Tz>> {
    match zone.from_local_datetime(&wall) {
        MappedLocalTime::Single(instant) | MappedLocalTime::Ambiguous(instant, _) => Some(instant),
        MappedLocalTime::None => GapInfo::new(&wall, &zone)?.end,
    }
}

/// The last second before the wall clock first shows this date or a later one.
pub(super) fn just_before(zone: Tz, date: NaiveDate) -> Option<DateTime<Tz>> {
    first_instant(zone, date.and_time(NaiveTime::MIN))?.checked_sub_signed(TimeDelta::seconds(1))
}

/// Zones that are valid names and yet not what people mean by them.
fn not_a_place(name: &str) -> Option<&'static str> {
    if name.starts_with("Etc/GMT+") || name.starts_with("Etc/GMT-") {
        return Some("has no summer time, and its sign is the opposite of what it seems");
    }
    let abbreviation = !name.is_empty() && name.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit());
    (abbreviation && name != "UTC").then_some("is an abbreviation, which does not say when summer time begins and ends")
}

fn nearest(name: &str) -> Option<&'static str> {
    let wanted = name.trim().to_lowercase().replace(' ', "_");
    TZ_VARIANTS
        .iter()
        .map(|zone| zone.name())
        .filter(|known| not_a_place(known).is_none())
        .map(|known| (distance(&wanted, &known.to_lowercase()), known))
        .min()
        .filter(|(distance, _)| *distance < FAR_FROM_A_NAME && distance * 2 < wanted.len())
        .map(|(_, known)| known)
}

/// A city alone is near to its zone.
fn distance(wanted: &str, known: &str) -> usize {
    let city = known.rsplit('/').next().unwrap_or(known);
    strsim::levenshtein(wanted, known).min(strsim::levenshtein(wanted, city) + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(name: &str, expected: &str) {
        let why = named(name).expect_err("not a zone to schedule by");
        assert!(why.contains(expected), "{why}");
    }

    #[test]
    fn a_zone_is_a_place_or_utc() {
        assert_eq!(named("Australia/Sydney"), Ok(Tz::Australia__Sydney));
        assert_eq!(named("UTC"), Ok(Tz::UTC));
    }

    #[test]
    fn a_near_name_is_suggested() {
        check("australia/sydney", "did you mean \"Australia/Sydney\"?");
        check("Europe/Berln", "did you mean \"Europe/Berlin\"?");
        check("America/New York", "did you mean \"America/New_York\"?");
        check("sydney", "did you mean \"Australia/Sydney\"?");
        check("", "write a place");
        check("somewhere far away", "write a place");
    }

    #[test]
    fn an_abbreviation_or_a_fixed_offset_is_not_a_place() {
        check("AEST", "abbreviation");
        check("EST", "abbreviation");
        check("CET", "abbreviation");
        check("Etc/GMT+10", "opposite");
    }
}
