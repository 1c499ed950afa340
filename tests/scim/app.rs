//! A small SCIM app on loopback with accounts of its own, and a hook through which a test makes it misbehave.
//! Shares no code with what it tests.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, Method, Response, Uri};
use serde_json::{Map, Value, json};

pub const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

/// A request as it arrived.
#[derive(Clone, Debug)]
pub struct Asked {
    pub method: Method,
    /// As sent, percent-encoding included, without the base.
    pub target: String,
    pub headers: HeaderMap,
    pub body: Value,
}

impl Asked {
    pub fn is(&self, method: &str, prefix: &str) -> bool {
        self.method == method && self.target.starts_with(prefix)
    }

    /// A query parameter, decoded.
    pub fn query(&self, name: &str) -> Option<String> {
        let (_, query) = self.target.split_once('?')?;
        let mut pairs = url::form_urlencoded::parse(query.as_bytes());
        pairs.find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
    }
}

/// What the app answers.
#[derive(Clone, Debug)]
pub enum Reply {
    Json(u16, Value),
    Text(u16, &'static str),
    WithHeader(u16, &'static str, String, Value),
    /// The head of an answer, and then the connection breaks.
    Broken,
    /// The head of an answer, and then nothing.
    Silent,
}

/// Everything the app knows.
#[derive(Debug, Default)]
pub struct Accounts {
    pub users: BTreeMap<String, Value>,
    next: u32,
    pub asked: Vec<Asked>,
}

type Hook = Box<dyn Fn(&Asked, &mut Accounts) -> Option<Reply> + Send + Sync>;

struct Inner {
    accounts: Mutex<Accounts>,
    hook: Hook,
}

/// The running app.
#[derive(Clone)]
pub struct App {
    inner: Arc<Inner>,
    pub url: String,
}

impl App {
    pub async fn honest() -> Self {
        Self::start(|_, _| None).await
    }

    /// An app that asks `hook` first.
    pub async fn start(hook: impl Fn(&Asked, &mut Accounts) -> Option<Reply> + Send + Sync + 'static) -> Self {
        let inner = Arc::new(Inner { accounts: Mutex::default(), hook: Box::new(hook) });
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}/scim/v2", listener.local_addr().expect("bound"));
        let router = Router::new().fallback(serve).with_state(Arc::clone(&inner));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { inner, url }
    }

    pub fn add(&self, id: &str, resource: Value) {
        let mut resource = resource;
        resource["id"] = json!(id);
        self.inner.accounts.lock().expect("not poisoned").users.insert(id.to_owned(), resource);
    }

    pub fn user(&self, id: &str) -> Value {
        self.inner.accounts.lock().expect("not poisoned").users.get(id).cloned().unwrap_or(Value::Null)
    }

    pub fn users(&self) -> usize {
        self.inner.accounts.lock().expect("not poisoned").users.len()
    }

    pub fn asked(&self, method: &str, prefix: &str) -> Vec<Asked> {
        let accounts = self.inner.accounts.lock().expect("not poisoned");
        accounts.asked.iter().filter(|asked| asked.is(method, prefix)).cloned().collect()
    }

    pub fn requests(&self) -> usize {
        self.inner.accounts.lock().expect("not poisoned").asked.len()
    }
}

impl Accounts {
    pub fn count(&self, method: &str) -> usize {
        self.asked.iter().filter(|asked| asked.method == method).count()
    }

    /// The app as it should be.
    pub fn answer(&mut self, asked: &Asked) -> Reply {
        let path = asked.target.split('?').next().unwrap_or_default();
        let id = path.strip_prefix("/Users/").map(|id| percent_encoding::percent_decode_str(id).decode_utf8_lossy());
        match (asked.method.as_str(), path, id.as_deref()) {
            ("GET", "/Users", _) => self.list(asked),
            ("POST", "/Users", _) => self.create(&asked.body),
            ("GET", _, Some(id)) => self.users.get(id).map_or_else(not_found, |user| Reply::Json(200, user.clone())),
            ("PATCH", _, Some(id)) => self.patch(id, &asked.body),
            ("PUT", _, Some(id)) => self.put(id, &asked.body),
            _ => not_found(),
        }
    }

    pub fn create(&mut self, body: &Value) -> Reply {
        let name = |user: &Value| user["userName"].as_str().unwrap_or_default().to_lowercase();
        if self.users.values().any(|user| name(user) == name(body)) {
            return error(409, Some("uniqueness"), "userName already exists");
        }
        self.next += 1;
        let id = format!("id-{}", self.next);
        let mut user = body.clone();
        user["id"] = json!(id);
        self.users.insert(id, user.clone());
        Reply::Json(201, user)
    }

    fn list(&self, asked: &Asked) -> Reply {
        let rows: Vec<&Value> = self.users.values().filter(|user| selected(user, asked.query("filter"))).collect();
        let number =
            |name: &str, otherwise: usize| asked.query(name).map_or(otherwise, |n| n.parse().unwrap_or(otherwise));
        let page: Vec<_> = rows.iter().skip(number("startIndex", 1) - 1).take(number("count", 100)).collect();
        Reply::Json(200, json!({"totalResults": rows.len(), "Resources": page}))
    }

    fn put(&mut self, id: &str, body: &Value) -> Reply {
        if !self.users.contains_key(id) {
            return not_found();
        }
        let mut user = body.clone();
        user["id"] = json!(id);
        self.users.insert(id.to_owned(), user.clone());
        Reply::Json(200, user)
    }

    fn patch(&mut self, id: &str, body: &Value) -> Reply {
        let Some(user) = self.users.get(id) else { return not_found() };
        let mut user = user.clone();
        for operation in body["Operations"].as_array().into_iter().flatten() {
            if let Err(why) = patch_one(&mut user, operation) {
                return error(400, Some(why), "the path finds nothing");
            }
        }
        self.users.insert(id.to_owned(), user);
        Reply::Text(204, "")
    }
}

pub fn error(status: u16, scim_type: Option<&str>, detail: &str) -> Reply {
    let mut body = json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"], "status": status.to_string(), "detail": detail});
    if let Some(scim_type) = scim_type {
        body["scimType"] = json!(scim_type);
    }
    Reply::Json(status, body)
}

pub fn not_found() -> Reply {
    error(404, None, "no such resource")
}

async fn serve(
    State(app): State<Arc<Inner>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response<Body> {
    let target = uri.path_and_query().map_or("", |target| target.as_str());
    let target = target.strip_prefix("/scim/v2").unwrap_or(target).to_owned();
    let asked = Asked { method, target, headers, body: serde_json::from_slice(&body).unwrap_or(Value::Null) };
    let mut accounts = app.accounts.lock().expect("not poisoned");
    accounts.asked.push(asked.clone());
    let reply = (app.hook)(&asked, &mut accounts).unwrap_or_else(|| accounts.answer(&asked));
    respond(reply)
}

fn respond(reply: Reply) -> Response<Body> {
    let answer = |status: u16| Response::builder().status(status);
    let response = match reply {
        Reply::Json(status, body) => {
            answer(status).header("content-type", "application/scim+json").body(Body::from(body.to_string()))
        }
        Reply::WithHeader(status, name, value, body) => {
            answer(status).header(name, value).body(Body::from(body.to_string()))
        }
        Reply::Text(status, text) => answer(status).body(Body::from(text)),
        Reply::Broken => {
            let cut = futures_util::stream::iter([Err::<Bytes, _>(std::io::Error::other("cut"))]);
            answer(200).body(Body::from_stream(cut))
        }
        Reply::Silent => {
            answer(200).body(Body::from_stream(futures_util::stream::pending::<Result<Bytes, std::io::Error>>()))
        }
    };
    response.expect("a valid answer")
}

fn selected(user: &Value, filter: Option<String>) -> bool {
    let Some(filter) = filter else { return true };
    let (name, value) = filter.split_once(" eq ").expect("an eq filter");
    let value: String = serde_json::from_str(value).expect("a JSON string");
    let found = user[name].as_str();
    if name == "userName" {
        found.is_some_and(|found| found.to_lowercase() == value.to_lowercase())
    } else {
        found == Some(&value)
    }
}

fn patch_one(user: &mut Value, operation: &Value) -> Result<(), &'static str> {
    let op = operation["op"].as_str().unwrap_or_default();
    assert!(matches!(op, "add" | "replace" | "remove"), "{op}");
    let value = operation["value"].clone();
    let Some(path) = operation["path"].as_str() else {
        for (name, value) in value.as_object().expect("an object") {
            user[name] = value.clone();
        }
        return Ok(());
    };
    if let Some((list, rest)) = path.split_once("[type eq \"") {
        let (kind, sub) = rest.split_once("\"]").expect("a closed selection");
        return patch_entry(user, op, (list, kind, sub.trim_start_matches('.')), value);
    }
    let (holder, name) = match path.rsplit_once(':').or_else(|| path.split_once('.')) {
        Some((outer, name)) => {
            if user[outer].is_null() {
                user[outer] = Value::Object(Map::new());
            }
            (&mut user[outer], name)
        }
        None => (user, path),
    };
    match (op, &mut holder[name]) {
        ("remove", Value::Null) => return Err("noTarget"),
        ("remove", _) => drop(holder.as_object_mut().expect("an object").remove(name)),
        ("add", Value::Array(list)) if value.is_array() => list.extend(value.as_array().cloned().unwrap_or_default()),
        _ => holder[name] = value,
    }
    Ok(())
}

fn patch_entry(user: &mut Value, op: &str, path: (&str, &str, &str), value: Value) -> Result<(), &'static str> {
    let (list, kind, sub) = path;
    let entries = user[list].as_array_mut().ok_or("noTarget")?;
    let place = entries.iter().position(|entry| entry["type"] == kind).ok_or("noTarget")?;
    if op == "remove" && sub.is_empty() {
        entries.remove(place);
    } else {
        entries[place][sub] = value;
    }
    Ok(())
}
