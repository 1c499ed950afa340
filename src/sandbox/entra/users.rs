//! Users: one by id or name, some by an equality filter, and somebody's manager (Graph: "Get a user", "List manager").

use serde_json::Value;

use super::Tenant;
use super::error::Refusal;
use super::graph::{JSON, Rights};
use super::groups::veiled;
use super::odata::{self, Expansion, Subject};
use super::page::Position;
use crate::sandbox::directory::{USER_DEFAULT, World};
use crate::sandbox::wire::{Answer, Request};

/// What this tenant can filter users by.
const FILTERABLE: &[&str] = &["userPrincipalName", "mail", "employeeId", "id", "displayName", "mailNickname"];

pub(super) fn user(tenant: &Tenant, request: &Request, rights: &Rights) -> Result<Answer, Refusal> {
    let world = tenant.directory.world();
    let names = odata::select(request.option("$select").as_deref(), Subject::User, USER_DEFAULT)?;
    let expansion = odata::expansion(request)?;
    let user = user_of(&world, request, rights)?;
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut row = Vec::new();
    world.write_row(user, &names, false, &mut row);
    if let (Expansion::Manager { select }, Some(manager)) = (expansion, world.manager(user)) {
        let names = odata::select(select.as_deref(), Subject::Object, USER_DEFAULT)?;
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        row.pop();
        row.extend(if row.len() > 1 { b",\"manager\":".as_slice() } else { b"\"manager\":" });
        world.write_row(manager, &names, true, &mut row);
        row.push(b'}');
    }
    Ok(entity(request, "users", &row))
}

pub(super) fn users(tenant: &Tenant, request: &Request, rights: &Rights) -> Result<Answer, Refusal> {
    if !rights.users() {
        return Err(Refusal::denied());
    }
    let world = tenant.directory.world();
    let names = odata::select(request.option("$select").as_deref(), Subject::UserInList, USER_DEFAULT)?;
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let top = odata::top(request)?;
    let position = Position::of(request, world.epoch)?;
    let mut found = match request.option("$filter") {
        Some(filter) => {
            let (property, value) = odata::equality(&filter)?;
            matching(&world, &property, &value)?.into_iter().filter(|handle| *handle >= position.cursor).collect()
        }
        None => world.users_from(position.cursor).take(top + 1).collect::<Vec<u32>>(),
    };
    let next = found.get(top).map(|cursor| Position { cursor: *cursor, page: position.page + 1 });
    found.truncate(top);
    let rows: Vec<Vec<u8>> = found
        .into_iter()
        .map(|handle| {
            let mut row = Vec::new();
            world.write_row(handle, &names, false, &mut row);
            row
        })
        .collect();
    let mut answer = list(request, "users", &rows);
    if let Some(next) = next {
        let link = Value::from(next.link(request, world.epoch));
        let mut body = answer.body.to_vec();
        body.pop();
        body.extend(format!(",\"@odata.nextLink\":{link}}}").into_bytes());
        answer.body = body.into();
    }
    Ok(answer)
}

fn matching(world: &World, property: &str, value: &str) -> Result<Vec<u32>, Refusal> {
    match property {
        "userPrincipalName" | "id" => Ok(world.live_user(value).into_iter().collect()),
        _ if FILTERABLE.contains(&property) => Ok(world.users_with(property, value)),
        _ => Err(Refusal::unsupported(format!(
            "Unsupported or invalid query filter clause specified for property '{property}' of resource 'User'."
        ))),
    }
}

/// 404 when there is none: that is how Graph says so.
pub(super) fn manager(tenant: &Tenant, request: &Request, rights: &Rights) -> Result<Answer, Refusal> {
    let world = tenant.directory.world();
    let names = odata::select(request.option("$select").as_deref(), Subject::Object, USER_DEFAULT)?;
    let user = user_of(&world, request, rights)?;
    let manager = world.manager(user).ok_or_else(|| Refusal::not_found("manager"))?;
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut row = Vec::new();
    if veiled(&world, manager, rights) {
        world.write_veiled_row(manager, &names, true, &mut row);
    } else {
        world.write_row(manager, &names, true, &mut row);
    }
    Ok(entity(request, "directoryObjects", &row))
}

/// The user a path names, by object id or userPrincipalName.
pub(super) fn user_of(world: &World, request: &Request, rights: &Rights) -> Result<u32, Refusal> {
    let key = request.path.get(2).map_or("", String::as_str);
    if !rights.users() {
        return Err(Refusal::denied());
    }
    world.live_user(key).ok_or_else(|| Refusal::not_found(key))
}

/// One object: its context, then its row.
pub(super) fn entity(request: &Request, set: &str, row: &[u8]) -> Answer {
    let mut body = format!("{{\"@odata.context\":{}", context(request, set, "/$entity")).into_bytes();
    if row.len() > 2 {
        body.push(b',');
    }
    body.extend(&row[1..]);
    Answer::new(200, JSON, body)
}

/// Several objects on one page.
pub(super) fn list(request: &Request, set: &str, rows: &[Vec<u8>]) -> Answer {
    let mut body = format!("{{\"@odata.context\":{},\"value\":[", context(request, set, "")).into_bytes();
    body.extend(rows.join(&b','));
    body.extend(b"]}");
    Answer::new(200, JSON, body)
}

fn context(request: &Request, set: &str, suffix: &str) -> Value {
    let host = request.header("host").unwrap_or("127.0.0.1");
    let selected = request.option("$select").map(|names| format!("({names})")).unwrap_or_default();
    Value::from(format!("http://{host}/v1.0/$metadata#{set}{selected}{suffix}"))
}
