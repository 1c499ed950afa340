//! `/groups/{id}/members` and `/transitiveMembers`: pages, casts and counts (Graph: "List group members").

use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::time::Instant;

use super::Tenant;
use super::error::Refusal;
use super::faults::Act;
use super::graph::{JSON, Rights};
use super::groups::{find, veiled};
use super::odata::{self, Subject};
use super::page::Position;
use crate::sandbox::directory::{Kind, USER_DEFAULT, World};
use crate::sandbox::wire::{Answer, Request};

/// Which list is asked for, and what is to go wrong with it.
#[derive(Clone, Copy, Debug)]
pub(super) struct List<'a> {
    pub(super) transitive: bool,
    /// `/microsoft.graph.user`: users only.
    pub(super) cast: bool,
    pub(super) act: Option<&'a Act>,
}

/// One page; it takes as long as the tenant was told, rendering included.
pub(super) async fn page(
    tenant: &Tenant,
    request: &Request,
    rights: &Rights,
    list: List<'_>,
) -> Result<Answer, Refusal> {
    let due = Instant::now() + Duration::from_micros(tenant.page_delay_micros.load(Ordering::Relaxed));
    let body = render(&tenant.directory.world(), request, rights, list);
    tokio::time::sleep_until(due).await;
    Ok(Answer::new(200, JSON, body?))
}

/// `/$count`: text, and only as an advanced query.
pub(super) fn count(tenant: &Tenant, request: &Request, rights: &Rights, list: List<'_>) -> Result<Answer, Refusal> {
    if !odata::is_eventual(request) {
        return Err(Refusal::bad_request("$count is not currently supported."));
    }
    let world = tenant.directory.world();
    let number = i64::try_from(Roll::open(&world, request, rights, list)?.total()).unwrap_or(i64::MAX);
    let off = if let Some(Act::CountOff(off)) = list.act { *off } else { 0 };
    Ok(Answer::new(200, "text/plain", (number + off).max(0).to_string()))
}

fn render(world: &World, request: &Request, rights: &Rights, list: List<'_>) -> Result<Vec<u8>, Refusal> {
    check_query(request, list)?;
    let roll = Roll::open(world, request, rights, list)?;
    let subject = if list.cast { Subject::UserInList } else { Subject::Object };
    let selection = request.option("$select");
    let names = odata::select(selection.as_deref(), subject, USER_DEFAULT)?;
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let top = odata::top(request)?;
    let position = Position::of(request, world.epoch)?;

    let mut handles = roll.rows(position.cursor, top + 1);
    let next = (handles.len() > top).then(|| Position { cursor: handles[top], page: position.page + 1 });
    handles.truncate(top);
    let next = spoil(&mut handles, next, position, list.act);
    let link = match (list.act, next) {
        (Some(Act::NextLink(link)), _) => Some(link.clone()),
        (_, next) => next.map(|next| next.link(request, world.epoch)),
    };

    let mut out = Vec::with_capacity(handles.len() * (64 + names.len() * 40) + 512);
    write_head(&mut out, request, selection.as_deref(), list.cast);
    if position == Position::FIRST && odata::counts(request) && odata::is_eventual(request) {
        out.extend(format!("\"@odata.count\":{},", roll.total()).into_bytes());
    }
    if let Some(link) = link {
        out.extend(format!("\"@odata.nextLink\":{},", serde_json::Value::from(link)).into_bytes());
    }
    roll.write(&handles, &names, rights, &mut out);
    Ok(out)
}

/// The combinations that Graph documents as advanced queries, or does not support at all.
fn check_query(request: &Request, list: List<'_>) -> Result<(), Refusal> {
    for option in ["$filter", "$search", "$orderby"] {
        if request.option(option).is_some() {
            return Err(Refusal::unsupported(
                "The specified filter to the reference property query is currently not supported.",
            ));
        }
    }
    if request.option("$expand").is_some() {
        return Err(Refusal::bad_request("Expanding members of a group is not supported by the sandbox's tenant."));
    }
    let advanced = odata::is_eventual(request) && odata::counts(request);
    if list.cast && list.transitive && !advanced {
        return Err(Refusal::unsupported(
            "A cast of transitive members needs the header ConsistencyLevel: eventual and $count=true, on every page.",
        ));
    }
    // A link of an advanced query carries $count=true; the header it does not carry must be sent again.
    if request.option("$skiptoken").is_some() && odata::counts(request) && !odata::is_eventual(request) {
        return Err(Refusal::unsupported("The header ConsistencyLevel: eventual is missing on a further page."));
    }
    Ok(())
}

/// One list of one group, as one reader sees it.
struct Roll<'a> {
    world: &'a World,
    group: u32,
    /// Hidden membership, to a reader without the right: an empty list, and no error.
    hidden: bool,
    list: List<'a>,
}

impl<'a> Roll<'a> {
    fn open(world: &'a World, request: &Request, rights: &Rights, list: List<'a>) -> Result<Self, Refusal> {
        let group = find(world, request, rights)?;
        Ok(Self { world, group, hidden: world.hidden(group) && !rights.hidden(), list })
    }

    fn write(&self, handles: &[u32], names: &[&str], rights: &Rights, out: &mut Vec<u8>) {
        let typed = !self.list.cast;
        let id_only = matches!(self.list.act, Some(Act::IdOnly));
        out.extend(b"\"value\":[");
        for (index, handle) in handles.iter().enumerate() {
            if index > 0 {
                out.push(b',');
            }
            if id_only || veiled(self.world, *handle, rights) {
                self.world.write_veiled_row(*handle, names, typed, out);
            } else {
                self.world.write_row(*handle, names, typed, out);
            }
        }
        out.extend(b"]}");
    }

    fn total(&self) -> usize {
        self.rows(0, usize::MAX).len()
    }

    /// At most `limit` rows from a handle on.
    fn rows(&self, first: u32, limit: usize) -> Vec<u32> {
        if self.hidden {
            return Vec::new();
        }
        let wanted = |handle: &u32| !self.list.cast || self.world.kind(*handle) == Kind::User;
        if !self.list.transitive {
            return self.world.members_from(self.group, first).filter(wanted).take(limit).collect();
        }
        let mut found = Vec::new();
        let mut from = first;
        while found.len() < limit {
            let more = self.world.transitive_members_from(self.group, from, limit);
            let Some(end) = more.last() else { break };
            from = end + 1;
            found.extend(more.into_iter().filter(wanted));
        }
        found.truncate(limit);
        found
    }
}

/// Does to a page what a fault says, and answers with the next position it leads to.
fn spoil(rows: &mut Vec<u32>, next: Option<Position>, here: Position, act: Option<&Act>) -> Option<Position> {
    match act {
        Some(Act::NoRows) => {
            rows.clear();
            None
        }
        Some(Act::EmptyPage) => {
            rows.clear();
            Some(Position { page: here.page + 1, ..here })
        }
        Some(Act::RepeatPage) => Some(here),
        Some(Act::Cycle) => Some(Position::FIRST),
        Some(Act::ForgetNextLink) => None,
        Some(Act::DropRows(missing)) => {
            rows.drain(..(*missing).min(rows.len()));
            next
        }
        _ => next,
    }
}

fn write_head(out: &mut Vec<u8>, request: &Request, selection: Option<&str>, cast: bool) {
    let host = request.header("host").unwrap_or("127.0.0.1");
    let set = if cast { "users" } else { "directoryObjects" };
    let selected = selection.map(|names| format!("({names})")).unwrap_or_default();
    let context = format!("http://{host}/v1.0/$metadata#{set}{selected}");
    out.extend(format!("{{\"@odata.context\":{},", serde_json::Value::from(context)).into_bytes());
}
