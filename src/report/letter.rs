//! Letters about incidents: one per audience and run, in plain words, as text and HTML. Pure; `notify` sends them.

mod client;
mod compose;
mod foreign;
mod operator;
mod page;

use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::incident::Digest;
use super::run::Report;
use page::{Item, Line, Page, Section, Text, Tone};

/// Where a letter's HTML takes a sentence that is known only when it is sent (that it was delayed).
pub const NOTICE_PLACE: &str = "<!-- notice -->";

/// Who reads it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Audience {
    /// They never see the host: no commands, and no words but *waiting for you*, *failed*, *solved*.
    ClientAdmins,
    /// They get everything.
    Operators,
}

/// Whether a hold of leavers names people to the client's admins, or only counts them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PeopleInMail {
    #[default]
    Counts,
    Names,
}

/// Whom a letter is for, and what it must know of the customer.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// The instance's name, for commands.
    pub customer: &'a str,
    /// The customer's name for people.
    pub name: &'a str,
    pub audience: Audience,
    pub people: PeopleInMail,
    /// The customer's: dates are theirs.
    pub timezone: Tz,
    /// The run that brought the news, if one did. In preview the client's admins get no letter.
    pub report: Option<&'a Report>,
}

/// A mail, before it has a recipient.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Letter {
    /// Fixed words, the customer's configured name and counts; never foreign text.
    pub subject: String,
    pub text: String,
    pub html: String,
}

/// The letter for one audience: waiting for you, failed, solved, in this order; `None` when nothing concerns them.
pub fn write(digest: &Digest, context: &Context<'_>) -> Option<Letter> {
    let page = compose::page(digest, context)?;
    Some(Letter { subject: compose::subject(digest, context), text: page.text(), html: page.html() })
}

/// The letter that `mail-test` sends.
pub fn test_letter(context: &Context<'_>) -> Letter {
    let sentence = match context.audience {
        Audience::ClientAdmins => client::TEST,
        Audience::Operators => operator::TEST,
    };
    let page = Page { title: Text::from(context.name), intro: Text::from(sentence), sections: vec![], closing: vec![] };
    let name = Text::shortened(context.name, LONGEST_NAME);
    Letter { subject: format!("{name}: a test of the mail settings"), text: page.text(), html: page.html() }
}

/// A customer's name in a subject; the counts behind it shall still be seen on a phone.
const LONGEST_NAME: usize = 60;

impl Context<'_> {
    fn day(&self, moment: DateTime<Utc>) -> String {
        day(moment.with_timezone(&self.timezone).date_naive())
    }

    fn minute(&self, moment: DateTime<Utc>) -> String {
        moment.with_timezone(&self.timezone).format("%-d %B %Y, %H:%M").to_string()
    }
}

fn day(date: NaiveDate) -> String {
    date.format("%-d %B %Y").to_string()
}

/// `1 account`, `1,204 accounts`.
fn counted(count: u64, one: &str, many: &str) -> String {
    let word = if count == 1 { one } else { many };
    format!("{} {word}", thousands(count))
}

fn thousands(count: u64) -> String {
    let digits = count.to_string();
    let mut grouped = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}
