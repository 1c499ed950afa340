//! Every account of the app, page by page. Paging is not trusted: repeats are dropped, and a list that looks cut short
//! says so. Keeps a number per account, never the accounts.

use std::collections::HashSet;
use std::hash::{BuildHasher as _, RandomState};

use serde_json::Value;
use tokio::sync::mpsc;

use crate::model::{Account, AccountId, Failure, FailureClass};
use crate::target::Listing;

use super::Scim;
use super::lookup::page_in;
use super::refusal::no_answer;
use super::resource::{Page, account, id_of};

/// Rows asked for at a time: what most services allow at most.
const ROWS_A_PAGE: u64 = 100;
/// Two million accounts: beyond, a service invents them.
const MOST_PAGES: u64 = 20_000;
/// Services cut pages at multiples of this (one always at 50 rows, calling them all there are).
const USUAL_CUT: u64 = 50;

impl Scim {
    /// Hands over every account the app shows, each once.
    pub async fn list(&self, pages: mpsc::Sender<Vec<Account>>) -> Result<Listing, Failure> {
        let mut walk = Walk::default();
        while walk.requests < MOST_PAGES {
            let asked = self.link.page(walk.rows + 1, ROWS_A_PAGE).await.map_err(|error| no_answer(&error))?;
            let rows = walk.take(page_in(&asked)?);
            let fresh: Vec<Account> = rows.into_iter().map(|(id, row)| account(&row, id, &self.attributes)).collect();
            let gone = !fresh.is_empty() && pages.send(fresh).await.is_err();
            if gone || walk.finished {
                return Ok(walk.listing(gone));
            }
        }
        Err(without_end(walk.requests))
    }
}

/// How far the walk through the pages has come.
#[derive(Default)]
struct Walk {
    requests: u64,
    rows: u64,
    announced: u64,
    hasher: RandomState,
    /// Hashes of the ids seen: eight bytes each, whatever the ids look like.
    seen: HashSet<u64>,
    /// Everything announced was received, but the number looks like a page's limit: one more page is asked for.
    doubted: bool,
    startindex_ignored: bool,
    finished: bool,
}

impl Walk {
    /// The accounts of a page that were not seen before; decides whether to go on.
    fn take(&mut self, page: Page) -> Vec<(AccountId, Value)> {
        self.requests += 1;
        self.announced = self.announced.max(page.total.unwrap_or(0));
        let received = page.rows.len() as u64;
        self.rows += received;
        let identified = page.rows.into_iter().filter_map(|row| Some((id_of(&row)?, row)));
        let seen = &mut self.seen;
        let hasher = &self.hasher;
        let fresh: Vec<_> = identified.filter(|(id, _)| seen.insert(hasher.hash_one(id))).collect();
        self.startindex_ignored = self.doubted && received > 0 && fresh.is_empty();
        self.finished = received == 0 || fresh.is_empty() || self.has_all(received);
        fresh
    }

    fn has_all(&mut self, received: u64) -> bool {
        if self.announced == 0 || (self.seen.len() as u64) < self.announced {
            return false;
        }
        self.doubted = self.requests == 1 && received.is_multiple_of(USUAL_CUT);
        !self.doubted
    }

    fn listing(&self, abandoned: bool) -> Listing {
        let accounts = self.seen.len() as u64;
        let cut_short = abandoned || self.startindex_ignored || accounts < self.announced;
        Listing { accounts, requests: self.requests, cut_short }
    }
}

fn without_end(requests: u64) -> Failure {
    let reason = format!("The app's list of users has no end: {requests} pages were read.");
    Failure::new(FailureClass::App, reason, "Tell the maker of the app that its list of users never ends.")
}
