//! The report as an operator reads it on a terminal. Foreign text is made harmless before it is shown.

use std::fmt::Write as _;

use serde_json::Value;

use super::{Counts, HoldReport, PersonFailure, Report, RunResult};
use crate::model::{Change, ChangeKind, Delta};

/// People listed under a heading; the rest is a number, and `--json` has them all.
const LISTED: usize = 20;

impl Report {
    /// The whole report as text; `customer` is the instance's name, for the commands it suggests.
    pub fn to_text(&self, customer: &str) -> String {
        let mut text = String::new();
        let title = match self.run {
            Some(run) => format!("Run {run} ({}): {}", self.stage, word(self.result)),
            None => format!("Plan ({})", self.stage),
        };
        line(&mut text, &title);
        if let Some(error) = &self.error {
            line(&mut text, &format!("  {}", plain(&error.reason)));
            line(&mut text, &format!("  → {}", plain(&error.remedy)));
        }
        self.write_counts(&mut text);
        self.write_holds(&mut text, customer);
        self.write_failures(&mut text);
        for warning in &self.warnings {
            line(&mut text, &format!("  note: {}", plain(warning)));
        }
        text
    }

    fn write_counts(&self, text: &mut String) {
        let counts = &self.counts;
        if self.error.is_some() && *counts == Counts::default() {
            // Zeros would look as if the directory had been read and nobody were there.
            return line(text, "  Nothing was sent.");
        }
        line(text, &format!("  {} people, {} in scope", counts.roster, counts.in_scope));
        if self.run.is_none() || self.stage == "preview" {
            return;
        }
        line(
            text,
            &format!(
                "  created {} · adopted {} · updated {} · deactivated {} · reactivated {} · unchanged {}",
                counts.created,
                counts.adopted,
                counts.updated,
                counts.deactivated,
                counts.reactivated,
                counts.unchanged
            ),
        );
        line(text, &format!("  waiting {} · failed {} · held {}", counts.waiting, counts.failed, counts.held));
    }

    fn write_holds(&self, text: &mut String, customer: &str) {
        for hold in &self.holds {
            line(text, &format!("  held: {}", next_step(hold, customer, self.stage == "preview")));
        }
    }

    fn write_failures(&self, text: &mut String) {
        for failure in self.failures.iter().take(LISTED) {
            write_failure(text, failure);
        }
        if self.failures.len() > LISTED {
            line(text, &format!("  … and {} more (--json lists all)", self.failures.len() - LISTED));
        }
    }
}

/// What is held, how many, the limit, and the command that releases it.
fn next_step(hold: &HoldReport, customer: &str, preview: bool) -> String {
    let step = if preview {
        "Nothing is sent in preview; set stage = \"live\" when this is what you want".to_owned()
    } else {
        format!("Look with: rollcall plan {customer}. Approve with: rollcall approve {customer} {}", hold.id)
    };
    format!("{} ({}, {} changes): {}. {step}", hold.id, hold.kind, hold.count, plain(&hold.message))
}

fn write_failure(text: &mut String, failure: &PersonFailure) {
    let change = failure.change.map_or("", ChangeKind::as_str);
    let separator = if change.is_empty() { "" } else { ", " };
    line(text, &format!("  failed: {}{separator}{change}: {}", plain(&failure.user_name), plain(&failure.reason)));
    line(text, &format!("    → {}", plain(&failure.remedy)));
}

/// One planned change, attribute by attribute.
pub fn change_to_text(change: &Change, hold: Option<&str>) -> String {
    let mut text = String::new();
    let waits = hold.map_or(String::new(), |hold| format!("   [held: {hold}]"));
    line(&mut text, &format!("{:<11} {}   ({}){waits}", change.kind.as_str(), plain(&change.user_name), change.cause));
    for (name, Delta { before, after }) in &change.attributes {
        line(&mut text, &format!("              {name}: {} → {}", value(before.as_ref()), value(after.as_ref())));
    }
    text
}

fn value(value: Option<&Value>) -> String {
    match value {
        None => "(none)".to_owned(),
        Some(Value::String(text)) => plain(text),
        Some(other) => plain(&other.to_string()),
    }
}

fn word(result: RunResult) -> &'static str {
    match result {
        RunResult::Done => "done",
        RunResult::Partial => "done, but some people failed",
        RunResult::Held => "done, but something is held and waits for approval",
        RunResult::Failed => "FAILED",
    }
}

/// Text from elsewhere without anything that could move a cursor, hide or reorder what stands around it.
pub fn plain(text: &str) -> String {
    let harmless = |c: char| {
        let reorders =
            matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}' | '\u{061c}');
        let breaks = matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}');
        if c.is_control() || reorders || breaks { '\u{fffd}' } else { c }
    };
    text.chars().map(harmless).collect()
}

fn line(text: &mut String, line: &str) {
    // Writing to a String cannot fail.
    let _ = writeln!(text, "{line}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_foreign_text_can_move_the_cursor_or_turn_the_line_around() {
        assert_eq!(plain("a\u{1b}[2Jb\u{202e}c\r\nd\u{9b}e"), "a\u{fffd}[2Jb\u{fffd}c\u{fffd}\u{fffd}d\u{fffd}e");
        assert_eq!(plain("Zoë Ångström 🦀"), "Zoë Ångström 🦀");
    }
}
