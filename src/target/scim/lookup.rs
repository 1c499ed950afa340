//! Finding an account by its keys and reading one by its id. Never believes a filter: every hit is compared here.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::http::Answer;
use crate::model::{Account, AccountId, Attributes, Failure, FailureClass, MatchKey};
use crate::target::Match;

use super::path::Path;
use super::refusal::{failure, no_answer};
use super::resource::{Page, account, id_of};
use super::{Scim, is_in};

/// An app that ignores filters and pages through everybody is followed so far, and then refused.
const MOST_PAGES_OF_A_LOOKUP: u32 = 20;

impl Scim {
    /// Looks an existing account up by each key in turn; the first key that finds anybody decides.
    pub async fn find(&self, keys: &[MatchKey]) -> Result<Match, Failure> {
        let known: Vec<&MatchKey> = keys.iter().filter(|key| self.can_filter(&key.attribute)).collect();
        if known.is_empty() {
            return Err(nothing_to_look_up(keys));
        }
        for key in known {
            let mut hits = self.search(key).await?;
            match hits.len() {
                0 => {}
                1 => return Ok(Match::One(Box::new(hits.remove(0)))),
                _ => return Ok(Match::Several(hits)),
            }
        }
        Ok(Match::Nobody)
    }

    /// One account by its id; `None` when the app does not have it.
    pub async fn read(&self, id: &AccountId) -> Result<Option<Account>, Failure> {
        let answer = self.link.get(id).await.map_err(|error| no_answer(&error))?;
        let Some(resource) = resource_in(&answer, id)? else { return Ok(None) };
        Ok(Some(account(&resource, id.clone(), &self.attributes)))
    }

    /// Every account that really has the key.
    async fn search(&self, key: &MatchKey) -> Result<Vec<Account>, Failure> {
        let path = Path::parse(&key.attribute).map_err(|why| Failure::new(FailureClass::App, why, CORRECT_MATCH))?;
        let filter = format!("{} eq {}", path.as_str(), Value::from(key.value.as_str()));
        let mut search = Search::default();
        for _ in 0..MOST_PAGES_OF_A_LOOKUP {
            let answer = self.link.search(&filter, search.rows + 1).await.map_err(|error| no_answer(&error))?;
            // Some services say "nobody" this way; a wrong address shows itself at the next write.
            if matches!(answer.status, 404 | 410) {
                return Ok(Vec::new());
            }
            let page = page_in(&answer)?;
            let has_key = |row: &Value| path.get(row).is_some_and(|found| is_same(&key.attribute, &found, &key.value));
            search.take(page, has_key);
            if search.finished {
                break;
            }
        }
        search.conclude(key, &self.attributes)
    }

    pub(super) fn can_filter(&self, attribute: &str) -> bool {
        self.profile.filterable.as_ref().is_none_or(|known| is_in(known, attribute))
    }
}

/// What the pages of one look-up have brought so far.
#[derive(Default)]
struct Search {
    rows: u64,
    /// Distinct accounts seen, by id, whether they match or not.
    seen: BTreeMap<AccountId, Option<Value>>,
    /// The app also shows accounts that do not have the key: it ignores the filter.
    filter_ignored: bool,
    announced: Option<u64>,
    finished: bool,
}

impl Search {
    fn take(&mut self, page: Page, has_key: impl Fn(&Value) -> bool) {
        let before = self.seen.len();
        let received = page.rows.len() as u64;
        self.announced = self.announced.max(page.total);
        for row in page.rows {
            let Some(id) = id_of(&row) else { continue };
            let hit = has_key(&row);
            self.filter_ignored |= !hit;
            self.seen.entry(id).or_insert_with(|| hit.then_some(row));
        }
        self.rows += received;
        self.finished = received == 0 || self.seen.len() == before || self.has_all();
    }

    fn has_all(&self) -> bool {
        self.announced.is_some_and(|announced| self.seen.len() as u64 >= announced)
    }

    fn conclude(self, key: &MatchKey, attributes: &[Path]) -> Result<Vec<Account>, Failure> {
        let complete = self.finished && (self.announced.is_none() || self.has_all());
        if self.filter_ignored && !complete {
            return Err(filter_ignored(key, self.seen.len()));
        }
        let hits = self.seen.into_iter().filter_map(|(id, row)| Some(account(&row?, id, attributes)));
        Ok(hits.collect())
    }
}

/// The page in an answer, or why there is none.
pub(super) fn page_in(answer: &Answer) -> Result<Page, Failure> {
    if !answer.is_success() {
        return Err(failure(answer, &Attributes::new()));
    }
    Page::parse(&answer.body).ok_or_else(|| not_scim(answer, "a list of users"))
}

/// The resource in an answer about this account; `None` when the app does not have it.
pub(super) fn resource_in(answer: &Answer, account: &AccountId) -> Result<Option<Value>, Failure> {
    if matches!(answer.status, 404 | 410) {
        return Ok(None);
    }
    if !answer.is_success() {
        return Err(failure(answer, &Attributes::new()));
    }
    let resource: Option<Value> = serde_json::from_slice(&answer.body).ok();
    // An answer about another account proves nothing about this one.
    let is_it = |found: AccountId| found.as_str().eq_ignore_ascii_case(account.as_str());
    let resource = resource.filter(|resource| resource.is_object() && id_of(resource).is_none_or(is_it));
    resource.map(Some).ok_or_else(|| not_scim(answer, "the user that was asked for"))
}

/// Whether a value found is the value looked for: userName without regard to case, everything else exactly.
pub(super) fn is_same(attribute: &str, found: &Value, wanted: &str) -> bool {
    match found.as_str() {
        Some(found) if attribute.eq_ignore_ascii_case("userName") => is_same_user_name(found, wanted),
        Some(found) => found == wanted,
        None => false,
    }
}

/// Letter by letter, so that no two names become one that an app keeps apart (ß stays ß).
pub(super) fn is_same_user_name(left: &str, right: &str) -> bool {
    left.chars().flat_map(char::to_lowercase).eq(right.chars().flat_map(char::to_lowercase))
}

const CORRECT_MATCH: &str = "Correct `match` in the target's settings.";

fn nothing_to_look_up(keys: &[MatchKey]) -> Failure {
    let names: Vec<&str> = keys.iter().map(|key| key.attribute.as_str()).collect();
    let reason = format!("The app can look accounts up by none of the match attributes ({}).", names.join(", "));
    Failure::new(FailureClass::App, reason, "Let `match` and `filterable` of the target's settings have one in common.")
}

fn filter_ignored(key: &MatchKey, seen: usize) -> Failure {
    let attribute = &key.attribute;
    let reason = format!(
        "The app ignores the filter on {attribute} and showed {seen} other accounts without an end, so nobody can tell \
         whether the account exists."
    );
    Failure::new(
        FailureClass::App,
        reason,
        "Ask the maker of the app which attributes it can filter on, and list them under `filterable`.",
    )
}

fn not_scim(answer: &Answer, expected: &str) -> Failure {
    let reason = format!("The app answered HTTP {}, but not with {expected}.", answer.status);
    let remedy = "Compare the SCIM address in the app's provisioning settings with the configured one.";
    Failure { answer: answer.summary(), ..Failure::new(FailureClass::App, reason, remedy) }
}
