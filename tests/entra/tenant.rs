//! A small Entra tenant on loopback, honest until a test meddles with its answers. It has its own idea of Graph's JSON.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::HeaderMap;
use axum::response::Response;
use base64::Engine as _;
use rollcall::http::Patience;
use rollcall::model::{Properties, Secret, SecretPlace};
use rollcall::source::{Cloud, GroupRef, Source, SourceKind, SourceSettings};
use serde_json::{Value, json};

pub const STAFF: &str = "00000000-0000-0000-0000-0000000000aa";
pub const CASUALS: &str = "00000000-0000-0000-0000-0000000000bb";

/// A request as it arrived.
#[derive(Clone, Debug)]
pub struct Asked {
    pub path: String,
    pub query: BTreeMap<String, String>,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
    /// How often this address was asked for, this time included.
    pub nth: usize,
}

impl Asked {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or(Value::Null)
    }

    /// The number of the page of members this asks for, from 0; `None` for everything else.
    pub fn page(&self) -> Option<usize> {
        let is_list = self.path.ends_with("/members") || self.path.ends_with("/transitiveMembers");
        is_list.then(|| self.query.get("$skiptoken").map_or(0, |token| token.parse().expect("our own token")))
    }
}

/// An answer as it will be sent.
#[derive(Clone, Debug)]
pub struct Reply {
    pub status: u16,
    pub headers: Vec<(&'static str, String)>,
    pub body: Vec<u8>,
    pub ending: Ending,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    Whole,
    /// The connection breaks after half of the body.
    Cut,
    /// Nothing ever comes.
    Silence,
}

impl Reply {
    pub fn json(status: u16, body: &Value) -> Self {
        Self::text(status, &body.to_string()).with("content-type", "application/json")
    }

    pub fn text(status: u16, body: &str) -> Self {
        Self { status, headers: vec![("request-id", "r-1".into())], body: body.into(), ending: Ending::Whole }
    }

    pub fn fault(status: u16, code: &str) -> Self {
        Self::json(status, &json!({"error": {"code": code, "message": "Ada Lovelace (ada@acme.example) …"}}))
    }

    pub fn with(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    pub fn ending(mut self, ending: Ending) -> Self {
        self.ending = ending;
        self
    }

    pub fn value(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or(Value::Null)
    }
}

type Meddle = Box<dyn Fn(&Asked, Reply) -> Reply + Send + Sync>;

/// What the directory holds.
pub struct Directory {
    /// Group object id, its description, its members.
    pub groups: BTreeMap<String, (Value, Vec<Value>)>,
    /// Person, manager.
    pub managers: BTreeMap<String, Value>,
    pub page_size: usize,
    pub roles: Value,
    pub meddle: Meddle,
}

impl Default for Directory {
    fn default() -> Self {
        Self {
            groups: BTreeMap::new(),
            managers: BTreeMap::new(),
            page_size: 999,
            roles: json!(["GroupMember.Read.All", "User.Read.All"]),
            meddle: Box::new(|_, reply| reply),
        }
    }
}

impl Directory {
    /// One group of so many people.
    pub fn of(people: usize) -> Self {
        Self::default().group(STAFF, (0..people).map(user).collect())
    }

    pub fn group(mut self, id: &str, members: Vec<Value>) -> Self {
        let described = json!({"id": id, "displayName": "Staff", "visibility": "Private", "groupTypes": [],
            "securityEnabled": true, "mailEnabled": false, "membershipRule": null, "membershipRuleProcessingState": null});
        self.groups.insert(id.into(), (described, members));
        self
    }

    pub fn described(mut self, id: &str, key: &str, value: Value) -> Self {
        self.groups.get_mut(id).expect("a known group").0[key] = value;
        self
    }

    pub fn pages_of(mut self, size: usize) -> Self {
        self.page_size = size;
        self
    }

    pub fn roles(mut self, roles: Value) -> Self {
        self.roles = roles;
        self
    }

    pub fn meddle(mut self, meddle: impl Fn(&Asked, Reply) -> Reply + Send + Sync + 'static) -> Self {
        self.meddle = Box::new(meddle);
        self
    }

    pub async fn open(self) -> Tenant {
        Tenant::open(self).await
    }
}

/// The object id of the n-th user.
pub fn id(n: usize) -> String {
    format!("00000000-0000-0000-0001-{n:012}")
}

pub fn user(n: usize) -> Value {
    json!({"@odata.type": "#microsoft.graph.user", "id": id(n), "userPrincipalName": format!("user{n}@acme.example"),
        "displayName": format!("User {n}"), "accountEnabled": true, "userType": "Member",
        "department": "Sales", "mail": null})
}

/// A tenant that is being asked.
#[derive(Clone)]
pub struct Tenant {
    pub address: String,
    directory: Arc<Directory>,
    log: Arc<Mutex<Vec<Asked>>>,
}

impl Tenant {
    async fn open(directory: Directory) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = format!("http://{}", listener.local_addr().expect("bound"));
        let tenant = Self { address, directory: Arc::new(directory), log: Arc::default() };
        let router = Router::new().fallback(answer).with_state(tenant.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        tenant
    }

    /// Every request so far whose path ends like this.
    pub fn asked(&self, path: &str) -> Vec<Asked> {
        self.log
            .lock()
            .expect("no test panics here")
            .iter()
            .filter(|asked| asked.path.ends_with(path))
            .cloned()
            .collect()
    }

    pub fn settings(&self) -> SourceSettings {
        let mut client_secret = Secret::at(SecretPlace::Env("SECRET".into()));
        client_secret.resolve("s3cr~et".into());
        SourceSettings {
            kind: SourceKind::Entra,
            tenant_id: "11111111-1111-1111-1111-111111111111".into(),
            client_id: "22222222-2222-2222-2222-222222222222".into(),
            client_secret,
            client_secret_expires: None,
            groups: vec![GroupRef::Id(STAFF.into())],
            except_groups: Vec::new(),
            nested: false,
            guests: false,
            cloud: Cloud::Global,
            login_url: Some(self.address.clone()),
            graph_url: Some(format!("{}/v1.0", self.address)),
            ca_file: None,
        }
    }

    pub fn source(&self) -> Source {
        self.source_with(|_| {}, &properties(&["department", "mail"]))
    }

    pub fn source_with(&self, change: impl FnOnce(&mut SourceSettings), properties: &Properties) -> Source {
        let mut settings = self.settings();
        change(&mut settings);
        Source::connect_with(&settings, properties, hasty()).expect("good settings")
    }

    /// Where a server may say nothing.
    pub fn source_with_silence(&self) -> Source {
        Source::connect_with(&self.settings(), &properties(&["department"]), hasty_with_silence())
            .expect("good settings")
    }

    fn note(&self, mut asked: Asked) -> Asked {
        let mut log = self.log.lock().expect("no test panics here");
        let same = |other: &&Asked| other.path == asked.path && other.query == asked.query && other.body == asked.body;
        asked.nth = log.iter().filter(same).count() + 1;
        log.push(asked.clone());
        asked
    }

    fn honest(&self, asked: &Asked) -> Reply {
        if asked.path.ends_with("/oauth2/v2.0/token") {
            return self.token();
        }
        let path = asked.path.strip_prefix("/v1.0/").unwrap_or("?");
        let segments: Vec<&str> = path.split('/').collect();
        match segments.as_slice() {
            ["$batch"] => self.batch(asked),
            ["groups", group] => self.described(group),
            ["groups", group, "members" | "transitiveMembers"] => self.members(group, asked),
            ["groups", group, "members" | "transitiveMembers", "$count"] => self.count(group, asked),
            ["users", person] => self.person(person),
            ["users", person, "manager"] => self.manager(person),
            ["users", person, "checkMemberGroups"] => self.member_of(person, asked),
            ["users"] => self.filtered(asked),
            _ => Reply::fault(403, "Authorization_RequestDenied"),
        }
    }

    fn token(&self) -> Reply {
        let claims = json!({"roles": self.directory.roles, "tid": "t"}).to_string();
        let encoded = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(claims);
        let token = format!("e30.{encoded}.c2ln");
        Reply::json(200, &json!({"token_type": "Bearer", "expires_in": 3599, "access_token": token}))
    }

    fn described(&self, group: &str) -> Reply {
        match self.directory.groups.get(group) {
            Some((description, _)) => Reply::json(200, description),
            None => Reply::fault(404, "Request_ResourceNotFound"),
        }
    }

    fn members(&self, group: &str, asked: &Asked) -> Reply {
        let Some((_, members)) = self.directory.groups.get(group) else {
            return Reply::fault(404, "Request_ResourceNotFound");
        };
        let page = asked.page().expect("a list");
        let size = self.directory.page_size;
        let some: Vec<&Value> = members.iter().skip(page * size).take(size).collect();
        let mut body = json!({"@odata.context": "…", "value": some});
        if (page + 1) * size < members.len() {
            let select = asked.query.get("$select").map_or("", |names| names);
            body["@odata.nextLink"] =
                json!(format!("{}{}?$select={select}&$top=999&$skiptoken={}", self.address, asked.path, page + 1));
        }
        Reply::json(200, &body)
    }

    fn count(&self, group: &str, asked: &Asked) -> Reply {
        if asked.headers.get("consistencylevel").is_none_or(|level| level != "eventual") {
            return Reply::fault(400, "Request_UnsupportedQuery");
        }
        let count = self.directory.groups.get(group).map_or(0, |(_, members)| members.len());
        Reply::text(200, &format!("\u{feff}{count}"))
    }

    fn people(&self) -> impl Iterator<Item = &Value> {
        self.directory.groups.values().flat_map(|(_, members)| members)
    }

    fn person(&self, name: &str) -> Reply {
        let name = percent_encoding::percent_decode_str(name).decode_utf8_lossy().into_owned();
        match self.people().find(|user| user["id"] == name.as_str() || user["userPrincipalName"] == name.as_str()) {
            Some(user) => Reply::json(200, user),
            None => Reply::fault(404, "Request_ResourceNotFound"),
        }
    }

    fn manager(&self, person: &str) -> Reply {
        match self.directory.managers.get(person) {
            Some(manager) => Reply::json(200, manager),
            None => Reply::fault(404, "Request_ResourceNotFound"),
        }
    }

    fn member_of(&self, person: &str, asked: &Asked) -> Reply {
        let wanted = asked.json();
        let is_in = |group: &&Value| {
            let members = group.as_str().and_then(|group| self.directory.groups.get(group)).map(|(_, members)| members);
            members.is_some_and(|members| members.iter().any(|user| user["id"] == person))
        };
        let groups: Vec<&Value> = wanted["groupIds"].as_array().into_iter().flatten().filter(is_in).collect();
        Reply::json(200, &json!({"value": groups}))
    }

    fn filtered(&self, asked: &Asked) -> Reply {
        let mail = asked.query["$filter"].trim_start_matches("mail eq '").trim_end_matches('\'').replace("''", "'");
        let found: Vec<&Value> = self.people().filter(|user| user["mail"] == mail.as_str()).collect();
        Reply::json(200, &json!({"value": found}))
    }

    /// Answers the items from the last to the first, each meddled with by itself.
    fn batch(&self, asked: &Asked) -> Reply {
        let batch = asked.json();
        let items = batch["requests"].as_array().cloned().unwrap_or_default();
        let answer = |item: &Value| {
            let reply = self.item(item["url"].as_str().unwrap_or_default());
            let headers: BTreeMap<_, _> = reply.headers.iter().cloned().collect();
            json!({"id": item["id"], "status": reply.status, "headers": headers, "body": reply.value()})
        };
        Reply::json(200, &json!({"responses": items.iter().rev().map(answer).collect::<Vec<_>>()}))
    }

    fn item(&self, url: &str) -> Reply {
        let (path, query) = url.split_once('?').unwrap_or((url, ""));
        let asked = Asked {
            path: format!("/v1.0{path}"),
            query: parse_query(query),
            headers: HeaderMap::new(),
            body: Vec::new(),
            nth: 0,
        };
        let asked = self.note(asked);
        (self.directory.meddle)(&asked, self.honest(&asked))
    }
}

fn parse_query(query: &str) -> BTreeMap<String, String> {
    url::form_urlencoded::parse(query.as_bytes()).into_owned().collect()
}

async fn answer(State(tenant): State<Tenant>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(body, 1 << 20).await.unwrap_or_default().to_vec();
    let asked = Asked {
        path: parts.uri.path().to_owned(),
        query: parse_query(parts.uri.query().unwrap_or_default()),
        headers: parts.headers,
        body,
        nth: 0,
    };
    let asked = tenant.note(asked);
    send((tenant.directory.meddle)(&asked, tenant.honest(&asked))).await
}

async fn send(reply: Reply) -> Response {
    let mut response = Response::builder().status(reply.status);
    for (name, value) in reply.headers {
        response = response.header(name, value);
    }
    let body = match reply.ending {
        Ending::Whole => Body::from(reply.body),
        Ending::Cut => {
            let half = Bytes::copy_from_slice(&reply.body[..reply.body.len() / 2]);
            let broken = std::io::Error::other("cut");
            Body::from_stream(futures_util::stream::iter([Ok(half), Err(broken)]))
        }
        Ending::Silence => std::future::pending().await,
    };
    response.body(body).expect("a sound reply")
}

/// Four tries without waiting, so that tests are quick.
pub fn hasty() -> Patience {
    Patience {
        tries: 4,
        first_pause: Duration::from_millis(1),
        budget: Duration::from_mins(1),
        longest_retry_after: Duration::from_secs(2),
        answer_within: Duration::from_mins(1),
    }
}

/// The same, for a server that says nothing: how long that takes is all that is tested of it.
pub fn hasty_with_silence() -> Patience {
    Patience { answer_within: Duration::from_millis(500), ..hasty() }
}

pub fn properties(user: &[&str]) -> Properties {
    Properties { user: user.iter().map(|&name| name.to_owned()).collect(), manager: None }
}
