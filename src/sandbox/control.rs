//! The sandbox's own control, so that another process can change the world: JSON over HTTP on loopback.
//!
//! People are named by userPrincipalName or object id, percent-encoded in paths. Answers are JSON; 400 says what is
//! wrong with a request.
//!
//! | request | what it does |
//! |---|---|
//! | `GET /` | `{"tenant_id", "client_id", "group", "members"}` |
//! | `POST /people` | hires: a JSON object of Graph properties (may be `{}`); `{"id", "userPrincipalName"}` |
//! | `GET /people/{person}` | what the directory says about one person |
//! | `POST /people/{person}/disable`, `/enable` | `accountEnabled` |
//! | `POST /people/{person}/delete`, `/restore`, `/purge` | to the recycle bin, back, out of it for good |
//! | `POST /people/{person}/leave`, `/join` | the main group, or `{"group": id}` |
//! | `POST /people/{person}/rename` | `{"userPrincipalName": …}` |
//! | `POST /people/{person}/set` | properties and their values; null clears |
//! | `POST /people/{person}/manager` | `{"manager": person or null}` |
//! | `GET /members?limit=n` | object ids of the main group's people |
//! | `POST /group/empty`, `/group/delete`, `/group/lag`, `/group/catch-up` | the main group |
//! | `POST /group/state` | `{"state": "assigned" \| "dynamic" \| "paused" \| "hidden"}` |
//! | `POST /permissions` | `{"permissions": […]}`: exactly these are granted |
//! | `GET /accounts` | the app's accounts, as SCIM shows them |
//! | `POST /accounts` | an account made by hand |
//! | `POST /accounts/{account}/edit`, `/delete` | an admin's hand (attributes; null removes), `active` included |
//! | `GET /writes`, `DELETE /writes` | the log of the app's writes |
//! | `GET /mails`, `DELETE /mails` | what arrived |
//! | `GET /requests`, `DELETE /requests` | `{"entra": {kind: n}, "app": {kind: n}}` |
//! | `POST /faults` | `{"entra": Fault}` or `{"app": AppFault}`, e.g. `{"entra": {"on": {"members_page": 2}, "times": 1, "act": {"refuse": {"status": 429, "code": "TooManyRequests", "retry_after": "1"}}}}` |
//! | `DELETE /faults` | nothing scripted happens from now on |

use std::sync::Arc;

use anyhow::{Context, bail};
use serde::Deserialize;
use serde_json::{Value, json};

use super::app::{AppAdmin, AppFault};
use super::directory::{Directory, GroupState};
use super::entra::{Desk, Fault};
use super::mailbox::MailShelf;
use super::wire::{Answer, Request, Server};

/// The running control server.
#[derive(Debug)]
pub struct Control {
    server: Server,
}

/// Everything the control can reach.
#[derive(Clone, Debug)]
pub struct Reach {
    directory: Directory,
    entra: Desk,
    app: AppAdmin,
    mails: MailShelf,
}

impl Reach {
    pub(super) fn new(directory: Directory, entra: Desk, app: AppAdmin, mails: MailShelf) -> Self {
        Self { directory, entra, app, mails }
    }
}

impl Control {
    pub(super) async fn start(reach: Reach, port: u16) -> anyhow::Result<Self> {
        let reach = Arc::new(reach);
        let server = Server::start(port, move |request| {
            let reach = Arc::clone(&reach);
            async move { answer(&reach, &request) }
        });
        Ok(Self { server: server.await? })
    }

    pub fn url(&self) -> String {
        self.server.url()
    }

    pub async fn shutdown(self) {
        self.server.shutdown().await;
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum AnyFault {
    Entra(Fault),
    App(AppFault),
}

fn answer(reach: &Reach, request: &Request) -> Answer {
    match act(reach, request) {
        Ok(body) => Answer::json(200, &body),
        Err(error) => Answer::json(400, &json!({"error": format!("{error:#}")})),
    }
}

fn act(reach: &Reach, request: &Request) -> anyhow::Result<Value> {
    let body: Value = match request.body.as_ref() {
        b"" => json!({}),
        body => serde_json::from_slice(body).context("the body is no JSON")?,
    };
    let segments = request.segments();
    match (request.method.as_str(), segments.as_slice()) {
        ("GET", []) => Ok(tenant(&reach.directory)),
        (_, ["people" | "members" | "group" | "permissions", ..]) => people(reach, request, &segments, &body),
        (_, ["accounts" | "writes", ..]) => app(&reach.app, request.method.as_str(), &segments, &body),
        ("GET", ["mails"]) => Ok(mails(&reach.mails)),
        ("DELETE", ["mails"]) => {
            reach.mails.clear();
            Ok(done(()))
        }
        ("GET", ["requests"]) => Ok(json!({"entra": reach.entra.counters().all(), "app": reach.app.counters().all()})),
        ("DELETE", ["requests"]) => {
            reach.entra.counters().reset();
            {
                reach.app.counters().reset();
                Ok(done(()))
            }
        }
        ("POST", ["faults"]) => {
            match serde_json::from_value(body).context("not a fault")? {
                AnyFault::Entra(fault) => reach.entra.fault(fault),
                AnyFault::App(fault) => reach.app.fault(fault),
            }
            Ok(done(()))
        }
        ("DELETE", ["faults"]) => {
            reach.entra.clear_faults();
            {
                reach.app.clear_faults();
                Ok(done(()))
            }
        }
        (method, _) => bail!("the sandbox's control has no {method} /{}", segments.join("/")),
    }
}

fn done((): ()) -> Value {
    json!({"done": true})
}

fn tenant(directory: &Directory) -> Value {
    let group = directory.group();
    let members = directory.count(&group).ok();
    let (tenant, client) = (directory.tenant_id(), directory.client_id());
    json!({"tenant_id": tenant, "client_id": client, "group": group, "members": members})
}

fn people(reach: &Reach, request: &Request, segments: &[&str], body: &Value) -> anyhow::Result<Value> {
    let directory = &reach.directory;
    match (request.method.as_str(), segments) {
        ("POST", ["people"]) => {
            let id = directory.hire(body)?;
            let name = directory.person(&id)?.remove("userPrincipalName");
            Ok(json!({"id": id, "userPrincipalName": name}))
        }
        ("GET", ["people", person]) => Ok(Value::Object(directory.person(person)?)),
        ("POST", ["people", person, verb]) => event(directory, person, verb, body).map(done),
        ("GET", ["members"]) => {
            let limit = request.option("limit").and_then(|limit| limit.parse().ok()).unwrap_or(usize::MAX);
            Ok(json!(directory.members(limit)))
        }
        ("POST", ["group", verb]) => group(directory, verb, body).map(done),
        ("POST", ["permissions"]) => {
            let names = body["permissions"].as_array().context("expected {\"permissions\": […]}")?;
            let names: Vec<&str> = names.iter().filter_map(Value::as_str).collect();
            {
                directory.set_permissions(&names);
                Ok(done(()))
            }
        }
        (method, _) => bail!("the sandbox's control has no {method} /{}", segments.join("/")),
    }
}

fn event(directory: &Directory, person: &str, verb: &str, body: &Value) -> anyhow::Result<()> {
    let group = body["group"].as_str().map_or_else(|| directory.group(), str::to_owned);
    match verb {
        "disable" => directory.disable(person),
        "enable" => directory.enable(person),
        "delete" => directory.soft_delete(person),
        "restore" => directory.restore(person),
        "purge" => directory.hard_delete(person),
        "leave" => directory.remove_member(&group, person),
        "join" => directory.add_member(&group, person),
        "rename" => {
            let name = body["userPrincipalName"].as_str().context("expected {\"userPrincipalName\": …}")?;
            directory.rename(person, name)
        }
        "set" => {
            let values = body.as_object().context("expected an object of properties")?;
            values.iter().try_for_each(|(name, value)| directory.set(person, name, value.clone()))
        }
        "manager" => directory.set_manager(person, body["manager"].as_str()),
        _ => bail!("nothing called {verb} can happen to a person"),
    }
}

fn group(directory: &Directory, verb: &str, body: &Value) -> anyhow::Result<()> {
    let group = directory.group();
    match verb {
        "empty" => directory.empty_group(&group),
        "delete" => directory.delete_group(&group),
        "lag" => directory.lag(&group),
        "catch-up" => directory.catch_up(&group),
        "state" => {
            let state = match body["state"].as_str() {
                Some("assigned") => GroupState::Assigned,
                Some("dynamic") => GroupState::Dynamic,
                Some("paused") => GroupState::Paused,
                Some("hidden") => GroupState::Hidden,
                _ => bail!("expected {{\"state\": \"assigned\", \"dynamic\", \"paused\" or \"hidden\"}}"),
            };
            directory.set_group_state(&group, state)
        }
        _ => bail!("nothing called {verb} can happen to the group"),
    }
}

fn app(app: &AppAdmin, method: &str, segments: &[&str], body: &Value) -> anyhow::Result<Value> {
    match (method, segments) {
        ("GET", ["accounts"]) => Ok(Value::Array(app.accounts())),
        ("POST", ["accounts"]) => Ok(json!({"id": app.seed(body)?})),
        ("POST", ["accounts", account, "edit"]) => app.edit(account, body).map(done),
        ("POST", ["accounts", account, "delete"]) => app.delete(account).map(done),
        ("GET", ["writes"]) => {
            let shown = |write: super::app::Write| json!({"method": write.method, "path": write.path, "body": write.body, "status": write.status});
            Ok(app.writes().into_iter().map(shown).collect())
        }
        ("DELETE", ["writes"]) => {
            app.clear_writes();
            Ok(done(()))
        }
        _ => bail!("the sandbox's control has no {method} /{}", segments.join("/")),
    }
}

fn mails(shelf: &MailShelf) -> Value {
    let shown = |mail: super::mailbox::Mail| {
        json!({
            "from": mail.from(), "to": mail.to(), "recipients": mail.recipients, "subject": mail.subject(),
            "text": mail.text, "html": mail.html, "headers": mail.headers,
        })
    };
    shelf.mails().into_iter().map(shown).collect()
}
