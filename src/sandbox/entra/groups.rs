//! One group, somebody's groups, and whether somebody is in a group (Graph: `group`, `memberOf`, `checkMemberGroups`).

use serde_json::{Value, json};

use super::Tenant;
use super::error::Refusal;
use super::graph::{JSON, Rights};
use super::odata::{self, Subject};
use super::users::{entity, list, user_of};
use crate::sandbox::directory::{GROUP_DEFAULT, Kind, World, guid};
use crate::sandbox::wire::{Answer, Request};

/// Graph: at most 20 groups per call.
const MOST_GROUPS: usize = 20;

pub(super) fn group(tenant: &Tenant, request: &Request, rights: &Rights) -> Result<Answer, Refusal> {
    let world = tenant.directory.world();
    let group = find(&world, request, rights)?;
    let names = odata::select(request.option("$select").as_deref(), Subject::Group, GROUP_DEFAULT)?;
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut row = Vec::new();
    world.write_row(group, &names, false, &mut row);
    Ok(entity(request, "groups", &row))
}

pub(super) fn member_of(tenant: &Tenant, request: &Request, rights: &Rights) -> Result<Answer, Refusal> {
    let world = tenant.directory.world();
    let user = user_of(&world, request, rights)?;
    let names = odata::select(request.option("$select").as_deref(), Subject::Group, GROUP_DEFAULT)?;
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let shown = world.groups_of(user).into_iter().filter(|group| !world.hidden(*group) || rights.hidden());
    let rows: Vec<Vec<u8>> = shown
        .map(|group| {
            let mut row = Vec::new();
            if rights.groups() {
                world.write_row(group, &names, true, &mut row);
            } else {
                world.write_veiled_row(group, &names, true, &mut row);
            }
            row
        })
        .collect();
    Ok(list(request, "directoryObjects", &rows))
}

/// Transitive; groups with hidden membership are left out without a word, unknown ones too.
pub(super) fn check_member_groups(tenant: &Tenant, request: &Request, rights: &Rights) -> Result<Answer, Refusal> {
    if request.media_type().as_deref() != Some("application/json") {
        return Err(Refusal::bad_request("A request body of type application/json is expected."));
    }
    let body: Value = serde_json::from_slice(&request.body)
        .map_err(|_| Refusal::bad_request("Unable to read JSON request payload."))?;
    let ids = body.get("groupIds").and_then(Value::as_array);
    let ids = ids.ok_or_else(|| Refusal::bad_request("The parameter groupIds is missing."))?;
    let ids: Option<Vec<&str>> = ids.iter().map(Value::as_str).collect();
    let ids = ids.ok_or_else(|| Refusal::bad_request("groupIds is a collection of strings."))?;
    if ids.is_empty() || ids.len() > MOST_GROUPS {
        return Err(Refusal::bad_request(format!("groupIds must have between 1 and {MOST_GROUPS} ids.")));
    }
    if let Some(bad) = ids.iter().find(|id| guid(id).is_none()) {
        return Err(Refusal::bad_request(format!("Invalid GUID: {bad}")));
    }
    let world = tenant.directory.world();
    let user = user_of(&world, request, rights)?;
    if !rights.groups() {
        return Err(Refusal::denied());
    }
    let groups = world.transitive_groups_of(user);
    let is_in = |id: &&str| {
        let group = world.live(id).filter(|group| groups.contains(group));
        group.is_some_and(|group| !world.hidden(group) || rights.hidden())
    };
    let found: Vec<&str> = ids.into_iter().filter(is_in).collect();
    let host = request.header("host").unwrap_or("127.0.0.1");
    let context = format!("http://{host}/v1.0/$metadata#Collection(Edm.String)");
    Ok(Answer::new(200, JSON, json!({"@odata.context": context, "value": found}).to_string()))
}

/// The group a path names.
pub(super) fn find(world: &World, request: &Request, rights: &Rights) -> Result<u32, Refusal> {
    let id = request.path.get(2).map_or("", String::as_str);
    if guid(id).is_none() {
        return Err(Refusal::bad_request(format!("Invalid object identifier '{id}'.")));
    }
    if !rights.groups() {
        return Err(Refusal::denied());
    }
    world.group(id).map_err(|_| Refusal::not_found(id))
}

/// Whether a row shows nothing but its id, for want of a right on its type.
pub(super) fn veiled(world: &World, handle: u32, rights: &Rights) -> bool {
    match world.kind(handle) {
        Kind::User => !rights.users(),
        Kind::Group => !rights.groups(),
        Kind::Device => !rights.devices(),
        Kind::OrgContact => !rights.contacts(),
    }
}
