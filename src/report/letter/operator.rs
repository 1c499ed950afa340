//! All words of mails to operators: everything a client's admin reads, and the classes, ids and commands.

use super::compose::{Alike, LONGEST_USER_NAME, News};
use super::{Context, Item, Line, Text, counted, day, foreign, thousands};
use crate::report::incident::{Expiry, Incident, Notice, Topic};
use crate::report::{AppRefusal, HeldPerson, HoldReport, PersonFailure, Report, RunError};

pub const WAITING: &str = "Waiting for you";
pub const TEST: &str = "This is a test of the mail settings: mails to operators arrive at this address.";

pub fn intro(context: &Context<'_>) -> String {
    let Some(report) = context.report else { return format!("Customer {}.", context.customer) };
    let run = report.run.map_or_else(|| "a run that has no number".to_owned(), |run| format!("run {run}"));
    format!("Customer {}, {run} ({}), started {}.", context.customer, report.stage, context.minute(report.started_at))
}

pub fn closing(context: &Context<'_>) -> Vec<Text> {
    let Some(report) = context.report else { return vec![] };
    let mut lines = vec![Text::from(figures(report))];
    lines.extend(
        report.warnings.iter().take(HoldReport::NAMED).map(|warning| Text::from(format!("Noticed: {warning}"))),
    );
    lines
}

fn figures(report: &Report) -> String {
    let counts = &report.counts;
    let parts = [
        (counts.roster, "on the roster"),
        (counts.in_scope, "in scope"),
        (counts.created, "created"),
        (counts.adopted, "adopted"),
        (counts.updated, "updated"),
        (counts.deactivated, "deactivated"),
        (counts.reactivated, "reactivated"),
        (counts.unchanged, "unchanged"),
        (counts.waiting, "waiting"),
        (counts.failed, "failed"),
        (counts.held, "held"),
    ];
    let happened = parts.iter().enumerate().filter(|(place, (count, _))| *place < 2 || *count > 0);
    let figures: Vec<String> = happened.map(|(_, (count, word))| format!("{} {word}", thousands(*count))).collect();
    format!("This run: {}.", figures.join(", "))
}

pub fn hold(hold: &HoldReport, news: News, context: &Context<'_>) -> Item {
    let title = format!("{} held: {}", counted(hold.count, "change", "changes"), hold.kind.replace('_', " "));
    let mut lines =
        vec![Line::paragraph(hold.message.as_str()), Line::labelled("Since", context.minute(hold.created_at))];
    if !hold.people.is_empty() {
        lines.push(held_people(hold));
    }
    lines.push(Line::paragraph("Look at it, then approve it, whole or in part (--only, --except):"));
    lines.push(Line::command(format!("rollcall plan {}", context.customer)));
    lines.push(Line::command(format!("rollcall approve {} {}", context.customer, hold.id)));
    Item { title: Text::from(title), note: news.note(), lines }
}

fn held_people(hold: &HoldReport) -> Line {
    let line = |held: &HeldPerson| {
        let name = Text::shortened(&held.user_name, LONGEST_USER_NAME);
        Text::from(format!("{name}: {}, {}", held.change, held.cause.as_str().replace('_', " ")))
    };
    let names: Vec<Text> = hold.people.iter().take(HoldReport::NAMED).map(line).collect();
    let more = hold.count.saturating_sub(names.len() as u64);
    Line::people(names, more)
}

pub fn people(alike: &Alike<'_>, context: &Context<'_>) -> Item {
    let failure = alike.first();
    let change =
        failure.change.map_or_else(|| "no change could be planned".to_owned(), |change| format!("{change} failed"));
    let class = format!("{:?}", failure.class).to_lowercase();
    let one = alike.people.len() == 1;
    let title = if one {
        Text::shortened(&failure.user_name, LONGEST_USER_NAME)
    } else {
        Text::from(format!("{}: {change}", counted(alike.people.len() as u64, "person", "people")))
    };
    let mut lines = vec![
        Line::labelled("Failed", format!("{change} ({class})")),
        Line::labelled("Why", failure.reason.as_str()),
        Line::labelled("What to do", failure.remedy.as_str()),
    ];
    if one {
        lines.push(Line::labelled("Since", context.minute(failure.since)));
        lines.push(Line::labelled("Person", failure.person.as_str()));
    } else {
        lines.push(alike.names());
    }
    lines.extend(look(failure, context));
    Item { title, note: alike.news.note(), lines }
}

/// The id comes from the directory: it is offered for a shell only if a shell sees nothing in it.
fn look(failure: &PersonFailure, context: &Context<'_>) -> Option<Line> {
    let person = failure.person.as_str();
    foreign::is_plain_word(person)
        .then(|| Line::command(format!("rollcall plan {} --person {person}", context.customer)))
}

pub fn run(error: &RunError, news: News, context: &Context<'_>) -> Item {
    let mut lines = vec![
        Line::labelled("Why", error.reason.as_str()),
        Line::labelled("What to do", error.remedy.as_str()),
        Line::labelled("Class", error.class.as_str()),
    ];
    if let Some(id) = &error.request_id {
        lines.push(Line::labelled("Request id", id.as_str()));
    }
    lines.push(Line::command(format!("rollcall check {}", context.customer)));
    Item { title: Text::from("The run failed"), note: news.note(), lines }
}

pub fn app(refusal: &AppRefusal, news: News) -> Item {
    let changes = counted(refusal.count, "change", "changes");
    let lines =
        vec![Line::labelled("Why", refusal.reason.as_str()), Line::labelled("What to do", refusal.remedy.as_str())];
    let title = format!("The app refuses every {}: {changes} not made", refusal.change);
    Item { title: Text::from(title), note: news.note(), lines }
}

pub fn expiry(expiry: &Expiry, news: News) -> Item {
    let lines =
        vec![Line::labelled("What to do", "Renew it, put the new value where the configuration says, and run check.")];
    Item { title: Text::from(ending(expiry)), note: news.note(), lines }
}

fn ending(expiry: &Expiry) -> String {
    let when = match expiry.days {
        ..0 => "ended".to_owned(),
        0 => "ends today".to_owned(),
        days => format!("ends in {}", counted(days.unsigned_abs(), "day", "days")),
    };
    format!("{} {when} ({})", expiry.what, day(expiry.date))
}

pub fn notice(notice: &Notice, news: News) -> Item {
    let lines = vec![Line::labelled("What to do", notice.remedy.as_str())];
    Item { title: Text::from(notice.reason.as_str()), note: news.note(), lines }
}

pub fn solved(incident: &Incident, context: &Context<'_>) -> String {
    format!("{} (since {})", name(incident), context.minute(incident.opened_at))
}

pub fn lasting(incident: &Incident, context: &Context<'_>) -> String {
    format!("{}, since {}", name(incident), context.minute(incident.opened_at))
}

fn name(incident: &Incident) -> String {
    match &incident.topic {
        Topic::Hold(hold) => {
            format!("hold {}: {} of kind {}", hold.id, counted(hold.count, "change", "changes"), hold.kind)
        }
        Topic::Person(failure) => {
            let change = failure.change.map_or("mapping", |change| change.as_str());
            format!("{}: {change} failed", Text::shortened(&failure.user_name, LONGEST_USER_NAME))
        }
        Topic::Run(error) => format!("run failed: {}", error.class),
        Topic::App(refusal) => format!("the app refused every {}", refusal.change),
        Topic::Expiry(expiry) => ending(expiry),
        Topic::Notice(notice) => Text::shortened(&notice.reason, 2 * LONGEST_USER_NAME).to_string(),
    }
}
