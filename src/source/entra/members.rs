//! One group, from its first page to its last: every page once, every row understood, every id once, and the count
//! agreed. Hands people over as they come, and claims nothing before the end.

use std::collections::HashSet;
use std::hash::{BuildHasher as _, RandomState};
use std::time::Duration;

use tokio::sync::{OnceCell, mpsc};

use super::Entra;
use super::count::count;
use super::errors::{self, error};
use super::graph::{Graph, encoded};
use super::groups::{self, Group};
use super::managers;
use super::properties::{Selection, select};
use super::wire::{GraphUser, Page};
use crate::http::Answer;
use crate::model::Person;
use crate::source::{Reading, SourceError};

/// The largest page that Graph gives.
const PAGE_SIZE: usize = 999;
/// Without a count, a list of more pages than this is no list of people any more.
const MOST_PAGES: u64 = 100_000;

/// Why a list ends before its end.
#[derive(Debug)]
pub(super) enum Stop {
    /// The list must be read from its beginning again, for this reason.
    Anew(Anew),
    Failed(SourceError),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Anew {
    /// The page token expired or was lost.
    Stale,
    /// A member, or a page, came twice.
    Repeated,
}

impl From<SourceError> for Stop {
    fn from(error: SourceError) -> Self {
        Self::Failed(error)
    }
}

/// Where the rows go.
pub(super) enum Sink<'a> {
    /// To the reader of the roster, without those on the list of exceptions.
    People { pages: &'a mpsc::Sender<Reading>, except: &'a HashSet<String> },
    /// Into a set of ids, for a group that is subtracted.
    Ids(&'a mut HashSet<String>),
}

/// What a list contained.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Tally {
    pub users: u64,
    /// Members that are no users.
    pub others: u64,
    pub pages: u64,
    /// Managers that are no users (contacts), taken for none.
    pub contacts: u64,
    /// What the directory says the list should contain, where it says so.
    pub counted: Option<u64>,
}

impl Tally {
    pub fn listed(&self) -> u64 {
        self.users + self.others
    }
}

/// One enumeration of one group.
pub(super) struct Enumeration<'a> {
    graph: &'a Graph,
    group: &'a Group,
    selection: &'a Selection,
    collection: String,
    sink: Sink<'a>,
    hasher: RandomState,
    /// Hashes, because 500,000 ids would be memory: a collision reads the list once more, nothing worse.
    members: HashSet<u64>,
    addresses: HashSet<u64>,
    largest_page: u64,
    tally: Tally,
}

impl<'a> Enumeration<'a> {
    pub fn new(entra: &'a Entra, group: &'a Group, selection: &'a Selection, sink: Sink<'a>) -> Self {
        let collection = entra.collection();
        Self {
            graph: &entra.graph,
            group,
            selection,
            collection: format!("/groups/{}/{collection}", encoded(&group.id)),
            sink,
            hasher: RandomState::new(),
            members: HashSet::new(),
            addresses: HashSet::new(),
            largest_page: 1,
            tally: Tally::default(),
        }
    }

    /// Reads the list, and asks for the count beside it.
    pub async fn run(mut self) -> Result<Tally, Stop> {
        let graph = self.graph;
        let collection = self.collection.clone();
        let counted = OnceCell::new();
        let counting = async {
            let count = count(graph, &collection).await?;
            Ok::<_, Stop>(*counted.get_or_init(|| async { count }).await)
        };
        let (count, ()) = tokio::try_join!(counting, self.pages(&counted))?;
        self.tally.counted = count;
        if self.tally.listed() == 0 && self.group.doubtful {
            return Err(groups::hidden(&self.group.name).into());
        }
        Ok(self.tally)
    }

    /// Follows the list. While one page is looked at, the next one is already asked for.
    async fn pages(&mut self, counted: &OnceCell<Option<u64>>) -> Result<(), Stop> {
        let first = format!("{}?{}&$top={PAGE_SIZE}", self.collection, select(&self.selection.user));
        let reader = PageReader { graph: self.graph, group: self.group, selection: self.selection };
        let first = self.graph.address(&first);
        self.note_address(&first, None)?;
        let mut page = reader.read(&first).await?;
        while let Some(next) = &page.next_link {
            self.note_address(next, counted.get().copied().flatten())?;
            let (next_page, ()) = tokio::try_join!(reader.read(next), self.take(&page))?;
            page = next_page;
        }
        self.take(&page).await
    }

    /// No page is read twice, and no list goes on for ever.
    fn note_address(&mut self, address: &str, counted: Option<u64>) -> Result<(), Stop> {
        if !self.addresses.insert(self.hasher.hash_one(address)) {
            return Err(Stop::Anew(Anew::Repeated));
        }
        let most = counted.map_or(MOST_PAGES, |counted| 2 * counted.div_ceil(self.largest_page) + 10);
        if self.tally.pages >= most {
            return Err(endless(&self.group.name, most).into());
        }
        self.tally.pages += 1;
        Ok(())
    }

    async fn take(&mut self, page: &Page) -> Result<(), Stop> {
        // Lets the request for the next page leave first.
        tokio::task::yield_now().await;
        let rows = page.rows(&self.selection.user).map_err(|why| unreadable(&self.group.name, &why))?;
        self.largest_page = self.largest_page.max(rows.len() as u64);
        let mut people = Vec::with_capacity(rows.len());
        for row in rows {
            self.take_row(row, &mut people)?;
        }
        let Sink::People { pages, .. } = &self.sink else { return Ok(()) };
        if let Some(selected) = &self.selection.manager {
            self.tally.contacts += managers::fill(self.graph, selected, &mut people).await?;
        }
        pages.send(Reading::Page(people)).await.map_err(|_| nobody_reads().into())
    }

    fn take_row(&mut self, row: GraphUser, people: &mut Vec<Person>) -> Result<(), Stop> {
        if !self.members.insert(self.hasher.hash_one(&row.id)) {
            return Err(Stop::Anew(Anew::Repeated));
        }
        if !row.is_user() {
            self.tally.others += 1;
            return Ok(());
        }
        self.tally.users += 1;
        match &mut self.sink {
            Sink::Ids(ids) => drop(ids.insert(row.id)),
            Sink::People { .. } if row.is_id_only() => return Err(errors::permission_lost().into()),
            Sink::People { except, .. } if except.contains(&row.id) => {}
            Sink::People { .. } => people.push(row.into()),
        }
        Ok(())
    }
}

/// Reads pages of one list.
struct PageReader<'a> {
    graph: &'a Graph,
    group: &'a Group,
    selection: &'a Selection,
}

impl PageReader<'_> {
    /// One page. A body that is no page may be a passing fault, so it is asked for again a few times.
    async fn read(&self, address: &str) -> Result<Page, Stop> {
        for earlier in 0.. {
            let answer = self.graph.get(address).await?;
            if !answer.is_success() {
                return Err(self.refused(&answer).await);
            }
            match Page::parse(&answer.body) {
                Ok(page) => return Ok(page),
                Err(why) if earlier + 1 >= self.graph.patience.tries => {
                    return Err(unreadable(&self.group.name, &why).into());
                }
                Err(_) => self.graph.pause(earlier, Duration::ZERO).await,
            }
        }
        unreachable!("the loop above ends by itself")
    }

    async fn refused(&self, answer: &Answer) -> Stop {
        if errors::is_stale_list(answer) {
            return Stop::Anew(Anew::Stale);
        }
        if errors::is_not_found(answer) {
            return groups::gone(&self.group.id, Some(&self.group.name), answer).into();
        }
        let error = self.graph.refused(answer).await;
        errors::name_property(error, answer, &self.selection.user).into()
    }
}

/// `why` is serde's: it names a line, a column and a property, never a value.
pub(super) fn unreadable(group: &str, why: &serde_json::Error) -> SourceError {
    error(
        "unreadable",
        format!("A page of the members of the group {group:?} cannot be understood: {why}."),
        "The next run tries again; if it lasts, look for a proxy that rewrites answers, or ask Microsoft.",
    )
}

fn endless(group: &str, pages: u64) -> SourceError {
    error(
        "incomplete",
        format!("The list of members of the group {group:?} does not end: it has more than {pages} pages."),
        "The next run tries again; if it lasts, look for a proxy that rewrites answers, or ask Microsoft.",
    )
}

pub(super) fn nobody_reads() -> SourceError {
    error("incomplete", "The read was given up before its end.", "Run again.")
}
