//! Puts a digest's incidents in order and asks the audience's file for the words. Knows only the few that both share.

use std::collections::BTreeMap;

use super::{Audience, Context, Item, LONGEST_NAME, Line, Page, Section, Text, Tone, client, operator};
use crate::model::{ChangeKind, FailureClass};
use crate::report::incident::{Digest, Incident, Topic};
use crate::report::{HoldReport, PersonFailure};

/// How much news an incident is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum News {
    New,
    Changed,
    Reminder,
}

impl News {
    pub fn note(self) -> &'static str {
        match self {
            Self::New => "",
            Self::Changed => "changed",
            Self::Reminder => "reminder",
        }
    }
}

/// People who fail in the same way: told once, with their names below.
#[derive(Debug)]
pub struct Alike<'a> {
    pub news: News,
    pub people: Vec<&'a PersonFailure>,
    /// How many of them the letter has room to name.
    pub named: usize,
}

impl Alike<'_> {
    pub fn first(&self) -> &PersonFailure {
        self.people[0]
    }

    pub fn names(&self) -> Line {
        let name = |failure: &&PersonFailure| Text::shortened(&failure.user_name, LONGEST_USER_NAME);
        let names: Vec<Text> = self.people.iter().take(self.named).map(name).collect();
        let more = self.people.len() - names.len();
        Line::people(names, more as u64)
    }
}

/// A sign-in name longer than this is shown by its two ends.
pub const LONGEST_USER_NAME: usize = 120;

pub fn page(digest: &Digest, context: &Context<'_>) -> Option<Page> {
    let sections: Vec<Section> =
        [waiting(digest, context), failed(digest, context), solved(digest, context)].into_iter().flatten().collect();
    if tally(digest, context).is_empty() {
        return None;
    }
    let (intro, closing) = match context.audience {
        Audience::ClientAdmins => (client::INTRO.to_owned(), client::closing()),
        Audience::Operators => (operator::intro(context), operator::closing(context)),
    };
    Some(Page { title: Text::from(context.name), intro: Text::from(intro), sections, closing })
}

/// Fixed words, the configured name and counts.
pub fn subject(digest: &Digest, context: &Context<'_>) -> String {
    let tally = tally(digest, context);
    let waiting_words = match context.audience {
        Audience::ClientAdmins => client::WAITING,
        Audience::Operators => operator::WAITING,
    };
    let parts = [(tally.waiting, waiting_words), (tally.failed, "failed"), (tally.solved, "solved")];
    let counts: Vec<String> = parts
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, words)| format!("{} {}", super::thousands(*count), words.to_lowercase()))
        .collect();
    let name = Text::shortened(context.name, LONGEST_NAME);
    let reminder = if tally.only_reminders { "reminder, " } else { "" };
    format!("{name}: {reminder}{}", counts.join(", "))
}

/// What a letter counts in its subject: what it is written about, not what merely lasts.
struct Tally {
    waiting: u64,
    failed: u64,
    solved: u64,
    only_reminders: bool,
}

impl Tally {
    fn is_empty(&self) -> bool {
        self.waiting + self.failed + self.solved == 0
    }
}

fn tally(digest: &Digest, context: &Context<'_>) -> Tally {
    let news: Vec<_> = news(digest, context).collect();
    let waiting = news.iter().filter(|(_, incident)| waits(&incident.topic)).count() as u64;
    let solved = digest.solved.iter().filter(|incident| concerns(&incident.topic, context)).count() as u64;
    let only_reminders = solved == 0 && news.iter().all(|(news, _)| *news == News::Reminder);
    Tally { waiting, failed: news.len() as u64 - waiting, solved, only_reminders }
}

fn news<'a>(digest: &'a Digest, context: &'a Context<'_>) -> impl Iterator<Item = (News, &'a Incident)> {
    let marked = |news: News| move |incident: &'a Incident| (news, incident);
    let opened = digest.opened.iter().map(marked(News::New));
    let worse = digest.worse.iter().map(marked(News::Changed));
    let reminded = digest.reminded.iter().map(marked(News::Reminder));
    opened.chain(worse).chain(reminded).filter(|(_, incident)| concerns(&incident.topic, context))
}

fn waits(topic: &Topic) -> bool {
    matches!(topic, Topic::Hold(_) | Topic::Expiry(_))
}

/// A client's admins get what they can act on, operators everything.
fn concerns(topic: &Topic, context: &Context<'_>) -> bool {
    if context.audience == Audience::Operators {
        return true;
    }
    if context.report.is_some_and(crate::report::Report::is_preview) {
        return false;
    }
    match topic {
        Topic::Hold(_) | Topic::App(_) | Topic::Expiry(_) => true,
        Topic::Run(error) => client::can_mend(error),
        Topic::Person(failure) => match failure.class {
            FailureClass::Record | FailureClass::Conflict | FailureClass::App => true,
            // Nothing to mend, unless somebody keeps access meanwhile.
            FailureClass::Transient | FailureClass::Unproven => failure.change == Some(ChangeKind::Deactivate),
        },
        Topic::Notice(_) => false,
    }
}

fn waiting(digest: &Digest, context: &Context<'_>) -> Option<Section> {
    let item = |(news, incident): (News, &Incident)| match (&incident.topic, context.audience) {
        (Topic::Hold(hold), Audience::ClientAdmins) => Some(client::hold(hold, news, context)),
        (Topic::Hold(hold), Audience::Operators) => Some(operator::hold(hold, news, context)),
        (Topic::Expiry(expiry), Audience::ClientAdmins) => Some(client::expiry(expiry, news)),
        (Topic::Expiry(expiry), Audience::Operators) => Some(operator::expiry(expiry, news)),
        _ => None,
    };
    let mut news: Vec<_> = news(digest, context).collect();
    // The decisions first, and of these the ones that leave access open; then what merely has a date.
    news.sort_by_key(|(_, it)| (!it.topic.leaves_access_open(), !matches!(it.topic, Topic::Hold(_))));
    let items: Vec<Item> = news.into_iter().filter_map(item).collect();
    let heading = match context.audience {
        Audience::ClientAdmins => client::WAITING,
        Audience::Operators => operator::WAITING,
    };
    section(heading, Tone::Waiting, items, lasting(digest, context, waits))
}

fn failed(digest: &Digest, context: &Context<'_>) -> Option<Section> {
    let item = |(news, incident): (News, &Incident)| match (&incident.topic, context.audience) {
        (Topic::Run(error), Audience::ClientAdmins) => Some(client::run(error, news)),
        (Topic::Run(error), Audience::Operators) => Some(operator::run(error, news, context)),
        (Topic::App(refusal), Audience::ClientAdmins) => Some(client::app(refusal, news)),
        (Topic::App(refusal), Audience::Operators) => Some(operator::app(refusal, news)),
        (Topic::Notice(notice), Audience::Operators) => Some(operator::notice(notice, news)),
        _ => None,
    };
    let mut items: Vec<Item> = news(digest, context).filter_map(item).collect();
    let (groups, unnamed) = alike(digest, context);
    items.extend(groups.iter().map(|group| match context.audience {
        Audience::ClientAdmins => client::people(group, context),
        Audience::Operators => operator::people(group, context),
    }));
    let mut rest = Vec::new();
    if unnamed > 0 {
        let people = super::counted(unnamed, "person", "people");
        rest.push(Line::paragraph(format!("And {people} more, failed in other ways.")));
    }
    rest.extend(lasting(digest, context, |topic| !waits(topic)));
    section("Failed", Tone::Failed, items, rest)
}

fn solved(digest: &Digest, context: &Context<'_>) -> Option<Section> {
    let words = |incident: &Incident| match context.audience {
        Audience::ClientAdmins => client::solved(incident, context),
        Audience::Operators => operator::solved(incident, context),
    };
    let over: Vec<Text> =
        digest.solved.iter().filter(|it| concerns(&it.topic, context)).map(|it| Text::from(words(it))).collect();
    section("Solved", Tone::Solved, vec![], list(over).into_iter().collect())
}

fn section(heading: &'static str, tone: Tone, items: Vec<Item>, rest: Vec<Line>) -> Option<Section> {
    (!items.is_empty() || !rest.is_empty()).then_some(Section { heading, tone, items, rest })
}

/// What was told before and is as it was: named beside the news, so that nobody is forgotten.
fn lasting(digest: &Digest, context: &Context<'_>, belongs: impl Fn(&Topic) -> bool) -> Vec<Line> {
    let names: Vec<Text> = digest
        .lasting
        .iter()
        .filter(|incident| concerns(&incident.topic, context) && belongs(&incident.topic))
        .map(|incident| match context.audience {
            Audience::ClientAdmins => Text::from(client::lasting(incident, context)),
            Audience::Operators => Text::from(operator::lasting(incident, context)),
        })
        .collect();
    let Some(list) = list(names) else { return vec![] };
    vec![Line::paragraph("Unchanged since an earlier mail:"), list]
}

fn list(mut names: Vec<Text>) -> Option<Line> {
    let more = names.len().saturating_sub(HoldReport::NAMED);
    names.truncate(HoldReport::NAMED);
    (!names.is_empty()).then_some(Line::people(names, more as u64))
}

/// The failing people, grouped by what is wrong, and how many of them are in no group any more because the
/// letter's names were used up.
fn alike<'a>(digest: &'a Digest, context: &'a Context<'_>) -> (Vec<Alike<'a>>, u64) {
    let mut groups: BTreeMap<_, Vec<&PersonFailure>> = BTreeMap::new();
    for (news, incident) in news(digest, context) {
        if let Topic::Person(failure) = &incident.topic {
            // Deactivations first: somebody keeps access.
            let order = failure.change != Some(ChangeKind::Deactivate);
            let key = (order, news, failure.change, failure.class, &failure.reason, &failure.remedy);
            groups.entry(key).or_default().push(failure);
        }
    }
    let (mut room, mut unnamed, mut alike) = (HoldReport::NAMED, 0, Vec::new());
    for ((_, news, ..), people) in groups {
        if room == 0 {
            unnamed += people.len() as u64;
            continue;
        }
        let named = people.len().min(room);
        room -= named;
        alike.push(Alike { news, people, named });
    }
    (alike, unnamed)
}
