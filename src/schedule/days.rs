//! `days` and `times` as people write them: "Mon-Fri", "Fri-Mon", "Mon,Wed", "07:00". Pure.

use std::collections::BTreeSet;

use chrono::NaiveTime;

/// As croner counts them: Sunday is 0.
const WEEKDAYS: [&str; 7] = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];

/// The weekdays meant, Sunday = 0.
pub(super) fn weekdays(text: &str) -> Result<BTreeSet<u8>, String> {
    let mut days = BTreeSet::new();
    for item in text.split(',') {
        match item.split_once('-') {
            None => {
                days.insert(weekday(item)?);
            }
            Some((first, last)) => days.extend(from_to(weekday(first)?, weekday(last)?)),
        }
    }
    Ok(days)
}

/// A time of day, hours and minutes.
pub(super) fn time(text: &str) -> Result<NaiveTime, String> {
    let wrong =
        || format!("{text:?} is not a time of day; write hours and minutes, for example \"07:00\" or \"16:30\"");
    let digits = text.len() == 5 && text.bytes().enumerate().all(|(at, byte)| at == 2 || byte.is_ascii_digit());
    if !digits {
        return Err(wrong());
    }
    NaiveTime::parse_from_str(text, "%H:%M").map_err(|_| wrong())
}

/// What to write instead of a word that is not one of the seven, if it is a weekday at all.
pub(super) fn short_name(word: &str) -> Option<&'static str> {
    let start = word.get(..3)?;
    WEEKDAYS.into_iter().find(|known| known.eq_ignore_ascii_case(start))
}

fn weekday(text: &str) -> Result<u8, String> {
    let word = text.trim();
    let found = WEEKDAYS.iter().position(|known| known.eq_ignore_ascii_case(word));
    if let Some(number) = found.and_then(|at| u8::try_from(at).ok()) {
        return Ok(number);
    }
    Err(match short_name(word) {
        Some(short) => format!("{word:?} is too long for a weekday here; write {short:?}"),
        None => format!("{word:?} is not a weekday; write for example \"Mon-Fri\" or \"Mon,Wed,Fri\""),
    })
}

/// From the first to the last, over the weekend if need be: Fri-Mon is four days.
fn from_to(first: u8, last: u8) -> impl Iterator<Item = u8> {
    let length = (last + 7 - first) % 7;
    (0..=length).map(move |step| (first + step) % 7)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &[u8]) {
        assert_eq!(weekdays(text).map(Vec::from_iter), Ok(expected.to_vec()), "{text}");
    }

    #[track_caller]
    fn refuse(text: &str, expected: &str) {
        let why = weekdays(text).expect_err("not weekdays");
        assert!(why.contains(expected), "{why}");
    }

    #[test]
    fn days_are_names_ranges_and_lists() {
        check("Mon-Fri", &[1, 2, 3, 4, 5]);
        check("mon, WED,Fri", &[1, 3, 5]);
        check("Mon-Tue,Sat", &[1, 2, 6]);
        check("Sun", &[0]);
    }

    #[test]
    fn a_range_may_go_over_the_weekend() {
        check("Fri-Mon", &[0, 1, 5, 6]);
        check("Mon-Sun", &[0, 1, 2, 3, 4, 5, 6]);
        check("Sun-Sat", &[0, 1, 2, 3, 4, 5, 6]);
        check("Wed-Wed", &[3]);
    }

    #[test]
    fn what_is_not_a_weekday_is_refused_with_the_right_spelling() {
        refuse("Monday", "write \"Mon\"");
        refuse("Mon-Friday", "write \"Fri\"");
        refuse("Mon-Fri-Sun", "\"Fri-Sun\" is");
        refuse("weekdays", "\"Mon-Fri\"");
        refuse("", "not a weekday");
        refuse("Mon,", "not a weekday");
        refuse("1-5", "not a weekday");
    }

    #[test]
    fn a_time_has_two_digits_each() {
        assert_eq!(time("07:05"), Ok(NaiveTime::from_hms_opt(7, 5, 0).unwrap()));
        for wrong in ["7:00", "24:00", "07:60", "07:00:00", "7am", "", "+7:00", "07.00", "٠٧:٠"] {
            assert!(time(wrong).expect_err(wrong).contains("\"07:00\""), "{wrong}");
        }
    }
}
