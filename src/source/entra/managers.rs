//! Who manages whom: one request per person, twenty in a batch, several batches at once.

use std::collections::BTreeSet;

use futures_util::{StreamExt as _, TryStreamExt as _, stream};

use super::errors;
use super::graph::{Graph, encoded};
use super::properties::select;
use super::wire::{self, Kind, LARGEST_BATCH};
use super::{batch, errors::error};
use crate::http::Answer;
use crate::model::{Manager, Person};
use crate::source::SourceError;

/// Far below Graph's 3,500 resource units per 10 s, and enough to keep up with the pages.
const BATCHES_AT_ONCE: usize = 4;

/// What the directory has as somebody's manager.
pub(super) enum Found {
    Nobody,
    /// A contact of the organisation: no user, so no account either.
    Contact,
    User(Manager),
}

/// Gives every person their manager. Answers how many have a contact as manager, which is taken for none.
pub(super) async fn fill(
    graph: &Graph,
    selected: &BTreeSet<String>,
    people: &mut [Person],
) -> Result<u64, SourceError> {
    let batches: Vec<Vec<String>> = people.chunks(LARGEST_BATCH).map(|some| paths(some, selected)).collect();
    let asked: Vec<_> = batches.iter().map(|paths| batch::ask(graph, paths)).collect();
    let answers: Vec<Vec<Answer>> = stream::iter(asked).buffered(BATCHES_AT_ONCE).try_collect().await?;
    let mut contacts = 0;
    for (person, answer) in people.iter_mut().zip(answers.iter().flatten()) {
        match found(graph, selected, answer).await? {
            Found::Nobody => {}
            Found::Contact => contacts += 1,
            Found::User(manager) => person.manager = Some(manager),
        }
    }
    Ok(contacts)
}

/// The address of somebody's manager, relative to the version.
pub(super) fn path(person: &str, selected: &BTreeSet<String>) -> String {
    format!("/users/{}/manager?{}", encoded(person), select(selected))
}

fn paths(people: &[Person], selected: &BTreeSet<String>) -> Vec<String> {
    people.iter().map(|person| path(person.id.as_str(), selected)).collect()
}

/// What an answer about somebody's manager means. Only Graph's own 404 says "none".
pub(super) async fn found(graph: &Graph, selected: &BTreeSet<String>, answer: &Answer) -> Result<Found, SourceError> {
    if errors::is_not_found(answer) {
        return Ok(Found::Nobody);
    }
    if !answer.is_success() {
        let error = graph.refused(answer).await;
        return Err(errors::name_property(error, answer, selected));
    }
    let manager = wire::object(&answer.body, selected).map_err(|why| unreadable(&why))?;
    Ok(match manager.kind {
        Kind::Other => Found::Contact,
        Kind::User | Kind::Unsaid => Found::User(manager.into()),
    })
}

fn unreadable(why: &serde_json::Error) -> SourceError {
    error(
        "unreadable",
        format!("What Microsoft Graph answered about a manager cannot be understood: {why}."),
        "The next run tries again; if it lasts, look for a proxy that rewrites answers, or ask Microsoft.",
    )
}
