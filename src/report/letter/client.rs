//! All words that a client's admins read. No commands, and three words of ours: waiting for you, failed, solved.

use super::compose::{Alike, LONGEST_USER_NAME, News};
use super::{Context, Item, Line, PeopleInMail, Text, counted, day, thousands};
use crate::model::ChangeKind;
use crate::report::incident::{Expiry, Incident, Topic};
use crate::report::{AppRefusal, HoldReport, PersonFailure, RunError};

pub const INTRO: &str = "This is about the accounts in the app that follow your directory group in Microsoft Entra.";
pub const WAITING: &str = "Waiting for you";
pub const TEST: &str = "This is a test. When an account in the app needs your attention, a mail like this one comes \
                        to this address and says who, why, and what to do. You need not answer.";

pub fn closing() -> Vec<Text> {
    let sentences = [
        "What you mend is noticed by itself, and a mail then says that it is solved.",
        "Questions? Reply to this mail. It was written by a program; your answer is read by people.",
    ];
    sentences.map(Text::from).into()
}

/// Run failures that a client's admin can end; the others are the operators' own.
pub fn can_mend(error: &RunError) -> bool {
    mending(&error.class).is_some()
}

pub fn hold(hold: &HoldReport, news: News, context: &Context<'_>) -> Item {
    let words = HoldWords::of(&hold.kind);
    let accounts = counted(hold.count, "account", "accounts");
    let mut lines = vec![Line::paragraph(words.why), Line::paragraph(stopped(hold, words.done))];
    lines.extend(held_people(hold, context));
    lines.push(Line::labelled("If this is right", format!("Reply to approve, reference {}.", hold.id)));
    lines.push(Line::labelled("If it is not", words.otherwise));
    Item { title: Text::from(format!("{accounts} would be {}", words.done)), note: news.note(), lines }
}

/// What would be done, why, and what to do when it should not be.
struct HoldWords {
    done: &'static str,
    why: &'static str,
    otherwise: &'static str,
}

impl HoldWords {
    fn of(kind: &str) -> Self {
        let (done, why, otherwise) = match kind {
            "left" => (
                "deactivated",
                "The people concerned are no longer in the group, or no longer meet the conditions for an account.",
                "Put the people back into the group in Entra, or correct their records. Nothing else is needed then.",
            ),
            "disabled" => (
                "deactivated",
                "Entra shows the people concerned as disabled or deleted.",
                "Enable or restore the people in Entra. Nothing else is needed then.",
            ),
            "reactivations" => (
                "switched on again",
                "The people concerned are back in the group, and enabled.",
                "Take the people out of the group in Entra, or disable them. Nothing else is needed then.",
            ),
            "renames" => (
                "renamed",
                "Their sign-in name in Entra, or another value by which an account is recognised, has changed.",
                "Correct the values in Entra. Nothing else is needed then.",
            ),
            "creates" => (
                "created",
                "The people concerned are in the group and have no account in the app yet.",
                "Take the people out of the group in Entra. Nothing else is needed then.",
            ),
            "adoptions" => (
                "linked to the people they belong to",
                "The app has accounts already that look like those of people in the group. Once linked, they follow Entra.",
                "Tell us which accounts belong to somebody else: reply to this mail.",
            ),
            "mass_null" => (
                "emptied in part",
                "A value that was filled for many people is empty for everyone in Entra now. Usually that is a mistake.",
                "Fill the value in Entra again. Nothing else is needed then.",
            ),
            "updates" => (
                "changed",
                "Values of the people concerned have changed in Entra.",
                "Correct the values in Entra. Nothing else is needed then.",
            ),
            _ => (
                "created, changed or deactivated",
                "These are the first changes, or the first after new settings: all of them are shown before any is made.",
                "Reply and tell us what should be different.",
            ),
        };
        Self { done, why, otherwise }
    }
}

fn stopped(hold: &HoldReport, done: &str) -> String {
    if hold.kind == "configuration" || hold.limit == 0 {
        return "Nothing of this has been done: it needs your approval.".to_owned();
    }
    let (limit, active) = (thousands(hold.limit), counted(hold.active, "account is", "accounts are"));
    format!("Nothing of this has been done: without asking, at most {limit} a day are {done}; {active} active now.")
}

/// Who leaves a company is not everybody's business: leavers are only counted, unless the customer wants names.
fn held_people(hold: &HoldReport, context: &Context<'_>) -> Option<Line> {
    let may_name = |change: ChangeKind| change != ChangeKind::Deactivate || context.people == PeopleInMail::Names;
    let shown = hold.people.iter().filter(|held| may_name(held.change)).take(HoldReport::NAMED);
    let names: Vec<Text> = shown.map(|held| Text::shortened(&held.user_name, LONGEST_USER_NAME)).collect();
    let more = hold.count.saturating_sub(names.len() as u64);
    (!names.is_empty()).then_some(Line::people(names, more))
}

pub fn people(alike: &Alike<'_>, context: &Context<'_>) -> Item {
    let failure = alike.first();
    let one = alike.people.len() == 1;
    let count = alike.people.len() as u64;
    let title = if one { Text::shortened(&failure.user_name, LONGEST_USER_NAME) } else { what_failed(failure, count) };
    let mut lines = Vec::new();
    if one {
        lines.push(Line::labelled("Failed", what_failed(failure, 1)));
    }
    lines.push(Line::labelled("Why", failure.reason.as_str()));
    lines.push(Line::labelled("What to do", remedy(failure)));
    if one {
        lines.push(Line::labelled("Since", context.day(failure.since)));
    } else {
        lines.push(alike.names());
    }
    Item { title, note: alike.news.note(), lines }
}

fn what_failed(failure: &PersonFailure, count: u64) -> Text {
    let Some(change) = failure.change else {
        return Text::from(format!("{} could not be worked out from the record in Entra", accounts(count)));
    };
    let warning = match change {
        ChangeKind::Deactivate => ", and may still give access",
        _ => "",
    };
    Text::from(format!("{} could not be {}{warning}", accounts(count), done(change)))
}

fn accounts(count: u64) -> String {
    if count == 1 { "The account".to_owned() } else { counted(count, "account", "accounts") }
}

fn done(change: ChangeKind) -> &'static str {
    match change {
        ChangeKind::Create => "created",
        ChangeKind::Adopt => "linked",
        ChangeKind::Update => "changed",
        ChangeKind::Rename => "renamed",
        ChangeKind::Deactivate => "deactivated",
        ChangeKind::Reactivate => "switched on again",
    }
}

fn remedy(failure: &PersonFailure) -> String {
    let remedy = without_commands(&failure.remedy);
    if failure.change == Some(ChangeKind::Deactivate) {
        return format!("{remedy} To be safe, deactivate the account in the app by hand.").trim().to_owned();
    }
    or_else(remedy, "Correct this person's record in Entra.")
}

fn or_else(text: String, otherwise: &str) -> String {
    if text.is_empty() { otherwise.to_owned() } else { text }
}

/// Remedies are written for everybody; a sentence with a command in it is for operators.
fn without_commands(text: &str) -> String {
    let sentences = text.split_inclusive(". ").filter(|sentence| !sentence.contains("rollcall "));
    sentences.collect::<String>().trim().to_owned()
}

pub fn run(error: &RunError, news: News) -> Item {
    let (title, remedy) = mending(&error.class).unwrap_or(("The directory could not be read", ""));
    let lines = vec![
        Line::labelled("Why", without_commands(&error.reason)),
        Line::labelled("What to do", remedy),
        Line::paragraph(
            "Until then no account is created, changed or deactivated; people who leave keep their access.",
        ),
    ];
    Item { title: Text::from(title), note: news.note(), lines }
}

/// What went wrong and how to end it, for the failures that lie in the client's hands.
fn mending(class: &str) -> Option<(&'static str, &'static str)> {
    match class {
        "credentials" => Some((
            "Entra refuses our sign-in: the client secret has expired, was removed, or is wrong",
            "In the Entra admin centre open App registrations, our app, Certificates & secrets, and make a new client \
             secret. Hand us its Value (not the Secret ID) the way you did before, never by mail.",
        )),
        "permission" | "unreadable" => Some((
            "Our app may no longer read your directory",
            "In the Entra admin centre open App registrations, our app, API permissions. Add the application \
             permissions GroupMember.Read.All and User.Read.All of Microsoft Graph, then choose Grant admin consent.",
        )),
        "group_gone" => Some((
            "The group no longer exists",
            "Restore the group in Entra if it was deleted by mistake, or reply with the object id of the group that \
             replaces it.",
        )),
        "group_hidden" => Some((
            "The members of the group are hidden from our app",
            "In the Entra admin centre open App registrations, our app, API permissions. Add the application permission \
             Member.Read.Hidden of Microsoft Graph, then choose Grant admin consent.",
        )),
        _ => None,
    }
}

pub fn app(refusal: &AppRefusal, news: News) -> Item {
    let accounts = counted(refusal.count, "account", "accounts");
    let lines = vec![
        Line::labelled("Why", without_commands(&refusal.reason)),
        Line::labelled(
            "What to do",
            or_else(without_commands(&refusal.remedy), "Look into the app's own settings, or ask its maker."),
        ),
        Line::paragraph("It is the app that refuses, not a person's record. Everything is tried again by itself."),
    ];
    let title = format!("{accounts} could not be {}", done(refusal.change));
    Item { title: Text::from(title), note: news.note(), lines }
}

pub fn expiry(expiry: &Expiry, news: News) -> Item {
    let (title, consequence) = ending(expiry);
    let lines = vec![
        Line::labelled("What to do", "Make a new one and hand it to us the way you did before, never by mail."),
        Line::paragraph(consequence),
    ];
    Item { title: Text::from(title), note: news.note(), lines }
}

fn ending(expiry: &Expiry) -> (String, &'static str) {
    let date = day(expiry.date);
    let what = Text::shortened(&expiry.what, LONGEST_USER_NAME);
    if expiry.days < 0 {
        let title = format!("{what}: ended on {date}");
        return (title, "No account can be created, changed or deactivated until then.");
    }
    let left = if expiry.days == 0 { "today".to_owned() } else { format!("in {}", days(expiry.days)) };
    let title = format!("{what}: ends on {date}, {left}");
    (title, "After that day no account can be created, changed or deactivated.")
}

fn days(count: i64) -> String {
    counted(count.unsigned_abs(), "day", "days")
}

pub fn solved(incident: &Incident, context: &Context<'_>) -> String {
    let since = context.day(incident.opened_at);
    match &incident.topic {
        Topic::Hold(hold) => {
            let accounts = counted(hold.count, "account", "accounts");
            format!(
                "{accounts} to be {}: no longer waiting for you (reference {})",
                HoldWords::of(&hold.kind).done,
                hold.id
            )
        }
        Topic::Person(failure) => {
            let name = Text::shortened(&failure.user_name, LONGEST_USER_NAME);
            format!("{name}, failed since {since}")
        }
        Topic::Run(_) => format!("The directory can be read again; it could not since {since}"),
        Topic::App(refusal) => format!("Accounts can be {} again; the app refused since {since}", done(refusal.change)),
        Topic::Expiry(expiry) => format!("{}: renewed", expiry.what),
        Topic::Notice(notice) => notice.reason.clone(),
    }
}

pub fn lasting(incident: &Incident, context: &Context<'_>) -> String {
    let since = context.day(incident.opened_at);
    match &incident.topic {
        Topic::Hold(hold) => {
            let accounts = counted(hold.count, "account", "accounts");
            format!("{accounts} would be {}, reference {}", HoldWords::of(&hold.kind).done, hold.id)
        }
        Topic::Person(failure) => {
            let name = Text::shortened(&failure.user_name, LONGEST_USER_NAME);
            format!("{name}, since {since}")
        }
        Topic::Run(error) => mending(&error.class).map_or_else(String::new, |(title, _)| title.to_owned()),
        Topic::App(refusal) => format!("Accounts cannot be {}, since {since}", done(refusal.change)),
        Topic::Expiry(expiry) => ending(expiry).0,
        Topic::Notice(notice) => notice.reason.clone(),
    }
}
