//! Questions about single people: where they are, whether they still belong, who is called so.

use futures_util::{StreamExt as _, stream};

use super::errors::{self, error};
use super::graph::encoded;
use super::managers::{self, Found};
use super::properties::select;
use super::wire::{self, CheckMemberGroups, GraphUser, Ids, LARGEST_BATCH};
use super::{Entra, batch};
use crate::http::Answer;
use crate::model::{Failure, FailureClass, Manager, Person, PersonId};
use crate::source::{Proof, SourceError, Whereabouts};

/// So few people are asked about one by one; more of them in batches.
const FEW: usize = 20;
const AT_ONCE: usize = 4;
/// checkMemberGroups takes this many groups at once.
const GROUPS_AT_ONCE: usize = 20;

/// Where these people are: one answer each, in their order. Managers are not asked for.
pub(super) async fn whereabouts(entra: &Entra, people: &[PersonId]) -> Vec<Result<Whereabouts, Failure>> {
    if people.len() <= FEW {
        let asked: Vec<_> = people.iter().map(|person| whereabouts_of(entra, person)).collect();
        return stream::iter(asked).buffered(AT_ONCE).collect().await;
    }
    let batches: Vec<_> = people.chunks(LARGEST_BATCH).map(|some| whereabouts_in_batch(entra, some)).collect();
    stream::iter(batches).buffered(AT_ONCE).concat().await
}

async fn whereabouts_of(entra: &Entra, person: &PersonId) -> Result<Whereabouts, Failure> {
    let answer = entra.graph.get(entra.graph.address(&path(entra, person.as_str()))).await.map_err(unproven)?;
    understood(entra, person, &answer).await
}

async fn whereabouts_in_batch(entra: &Entra, people: &[PersonId]) -> Vec<Result<Whereabouts, Failure>> {
    let paths: Vec<String> = people.iter().map(|person| path(entra, person.as_str())).collect();
    let answers = match batch::ask(&entra.graph, &paths).await {
        Ok(answers) => answers,
        Err(error) => return people.iter().map(|_| Err(unproven(error.clone()))).collect(),
    };
    let mut each = Vec::with_capacity(people.len());
    for (person, answer) in people.iter().zip(&answers) {
        each.push(understood(entra, person, answer).await);
    }
    each
}

async fn understood(entra: &Entra, asked: &PersonId, answer: &Answer) -> Result<Whereabouts, Failure> {
    if errors::is_not_found(answer) {
        return Ok(Whereabouts::Gone);
    }
    let user = user(entra, answer).await.map_err(|error| with_answer(unproven(error), answer))?;
    if !user.id.eq_ignore_ascii_case(asked.as_str()) {
        return Err(with_answer(unproven(another_person(asked)), answer));
    }
    Ok(Whereabouts::Present(Box::new(user.into())))
}

/// The user of an answer, whole.
async fn user(entra: &Entra, answer: &Answer) -> Result<GraphUser, SourceError> {
    if !answer.is_success() {
        let error = entra.graph.refused(answer).await;
        return Err(errors::name_property(error, answer, &entra.selection.user));
    }
    let user = wire::object(&answer.body, &entra.selection.user).map_err(|why| unreadable(&why))?;
    if user.is_id_only() {
        return Err(errors::permission_lost());
    }
    Ok(user)
}

/// Asks about one person on fresh attributes, and about every group, in requests of their own.
pub(super) async fn prove(entra: &Entra, person: &PersonId) -> Result<Proof, Failure> {
    let mut present = match whereabouts_of(entra, person).await? {
        Whereabouts::Gone => return Ok(Proof::Gone),
        Whereabouts::Present(present) => present,
    };
    present.manager = manager(entra, person).await.map_err(unproven)?;
    let member = is_member(entra, person).await.map_err(unproven)?;
    Ok(Proof::Present { person: present, member })
}

/// A person's manager, when managers are read at all.
pub(super) async fn manager(entra: &Entra, person: &PersonId) -> Result<Option<Manager>, SourceError> {
    let Some(selected) = &entra.selection.manager else { return Ok(None) };
    let path = managers::path(person.as_str(), selected);
    let answer = entra.graph.get(entra.graph.address(&path)).await?;
    match managers::found(&entra.graph, selected, &answer).await? {
        Found::Nobody | Found::Contact => Ok(None),
        Found::User(manager) => Ok(Some(manager)),
    }
}

/// In at least one of the groups, nested ones included, and in none of the excepted ones.
async fn is_member(entra: &Entra, person: &PersonId) -> Result<bool, SourceError> {
    let groups: Vec<&str> = entra.settings.groups.iter().map(crate::source::GroupRef::id).collect();
    let except: Vec<&str> = entra.settings.except_groups.iter().map(crate::source::GroupRef::id).collect();
    let asked: Vec<&str> = groups.iter().chain(&except).copied().collect();
    let mut member_of = Vec::new();
    for some in asked.chunks(GROUPS_AT_ONCE) {
        member_of.append(&mut check_member_groups(entra, person, some).await?);
    }
    let in_any = |of: &[&str]| of.iter().any(|group| member_of.iter().any(|id| id.eq_ignore_ascii_case(group)));
    Ok(in_any(&groups) && !in_any(&except))
}

async fn check_member_groups(entra: &Entra, person: &PersonId, groups: &[&str]) -> Result<Vec<String>, SourceError> {
    let body = serde_json::to_vec(&CheckMemberGroups { group_ids: groups }).expect("a list of texts is JSON");
    let path = format!("/users/{}/checkMemberGroups", encoded(person.as_str()));
    let answer = entra.graph.ask(&path, body).await?;
    if !answer.is_success() {
        return Err(entra.graph.refused(&answer).await);
    }
    let ids: Ids = serde_json::from_slice(&answer.body).map_err(|why| unreadable(&why))?;
    Ok(ids.value)
}

/// Finds somebody by object id, by userPrincipalName or by mail, whichever fits first.
pub(super) async fn find(entra: &Entra, name: &str) -> Result<Option<Person>, SourceError> {
    if name.is_empty() || name.chars().all(|c| c == '.') {
        return Ok(None);
    }
    let answer = entra.graph.get(entra.graph.address(&path(entra, name))).await?;
    let found = if errors::is_not_found(&answer) || (answer.status == 400 && !is_id(name)) {
        by_mail(entra, name).await?
    } else {
        Some(user(entra, &answer).await?)
    };
    let Some(user) = found else { return Ok(None) };
    let mut person: Person = user.into();
    person.manager = manager(entra, &person.id.clone()).await?;
    Ok(Some(person))
}

async fn by_mail(entra: &Entra, mail: &str) -> Result<Option<GraphUser>, SourceError> {
    if is_id(mail) {
        return Ok(None);
    }
    let filter = encoded(&format!("mail eq '{}'", mail.replace('\'', "''")));
    let path = format!("/users?$filter={filter}&{}&$top=2", select(&entra.selection.user));
    let answer = entra.graph.get(entra.graph.address(&path)).await?;
    if !answer.is_success() {
        return Err(entra.graph.refused(&answer).await);
    }
    let page = wire::Page::parse(&answer.body).map_err(|why| unreadable(&why))?;
    let mut users = page.rows(&entra.selection.user).map_err(|why| unreadable(&why))?;
    // Two people with one mail address: neither is "the" one.
    Ok(if users.len() == 1 { users.pop() } else { None })
}

fn is_id(name: &str) -> bool {
    uuid::Uuid::try_parse(name).is_ok()
}

fn path(entra: &Entra, person: &str) -> String {
    format!("/users/{}?{}", encoded(person), select(&entra.selection.user))
}

/// No answer, or one that makes no sense, proves nothing.
fn unproven(error: SourceError) -> Failure {
    let SourceError { class: _, reason, remedy, request_id } = error;
    let mut failure = Failure::new(FailureClass::Unproven, reason, remedy);
    failure.answer.request_id = request_id;
    failure
}

fn with_answer(failure: Failure, answer: &Answer) -> Failure {
    Failure { answer: answer.summary(), ..failure }
}

fn another_person(asked: &PersonId) -> SourceError {
    error(
        "unreadable",
        format!("Asked about {asked}, Microsoft Graph answered about somebody else."),
        "The next run asks again; if it lasts, look for a proxy that rewrites answers.",
    )
}

fn unreadable(why: &serde_json::Error) -> SourceError {
    error(
        "unreadable",
        format!("What Microsoft Graph answered about a user cannot be understood: {why}."),
        "The next run asks again; if it lasts, look for a proxy that rewrites answers, or ask Microsoft.",
    )
}
