//! The sandbox is as strict as the services it stands for, and fails as it is told. Plain HTTP, none of our connectors.
#![expect(clippy::unwrap_used, clippy::missing_panics_doc, reason = "a test that cannot go on fails where it stands")]

#[path = "sandbox/app.rs"]
mod app;
#[path = "sandbox/control.rs"]
mod control;
#[path = "sandbox/faults.rs"]
mod faults;
#[path = "sandbox/graph.rs"]
mod graph;
#[path = "sandbox/mail.rs"]
mod mail;
#[path = "sandbox/token.rs"]
mod token;

use std::sync::Once;

use reqwest::{Client, Method, RequestBuilder, Response};
use rollcall::sandbox::{Options, Sandbox};
use serde_json::Value;

static PROVIDER: Once = Once::new();

/// A sandbox and a client that knows its credentials.
#[derive(Debug)]
pub struct Rehearsal {
    pub sandbox: Sandbox,
    pub client: Client,
    pub token: String,
}

impl Rehearsal {
    pub async fn with(members: u32) -> Self {
        // reqwest is built without a provider of its own.
        PROVIDER.call_once(|| drop(rustls::crypto::ring::default_provider().install_default()));
        let sandbox = Sandbox::start(Options { members, seed: 3, ..Options::default() }).await.unwrap();
        let redirects = reqwest::redirect::Policy::none();
        let client = Client::builder().no_proxy().redirect(redirects).build().unwrap();
        let mut rehearsal = Self { sandbox, client, token: String::new() };
        rehearsal.token = rehearsal.fresh_token().await;
        rehearsal
    }

    pub async fn fresh_token(&self) -> String {
        let answer = self.ask_token(&[]).await;
        answer.json::<Value>().await.unwrap()["access_token"].as_str().unwrap().to_owned()
    }

    /// A right request for a token, but for these fields; an empty value leaves one out.
    pub async fn ask_token(&self, changes: &[(&str, &str)]) -> Response {
        let directory = &self.sandbox.directory;
        let (id, secret) = (directory.client_id(), directory.client_secret());
        let mut form = vec![
            ("client_id", id.as_str()),
            ("client_secret", secret.as_str()),
            ("scope", "https://graph.microsoft.com/.default"),
            ("grant_type", "client_credentials"),
        ];
        for (name, value) in changes {
            form.retain(|(known, _)| known != name);
            if !value.is_empty() {
                form.push((name, value));
            }
        }
        self.client.post(self.token_url(&directory.tenant_id())).form(&form).send().await.unwrap()
    }

    pub fn token_url(&self, tenant: &str) -> String {
        format!("{}/{tenant}/oauth2/v2.0/token", self.sandbox.urls().login)
    }

    pub fn graph(&self, path: &str) -> RequestBuilder {
        self.client.get(self.graph_url(path)).bearer_auth(&self.token)
    }

    pub fn graph_post(&self, path: &str, body: &Value) -> RequestBuilder {
        self.client.post(self.graph_url(path)).bearer_auth(&self.token).json(body)
    }

    pub fn graph_url(&self, path: &str) -> String {
        format!("{}{path}", self.sandbox.urls().graph)
    }

    /// `/groups/{the main group}` and what follows.
    pub fn group(&self, rest: &str) -> RequestBuilder {
        self.graph(&format!("/groups/{}{rest}", self.sandbox.directory.group()))
    }

    /// Any absolute address, as a next link is.
    pub fn follow(&self, link: &str) -> RequestBuilder {
        self.client.get(link).bearer_auth(&self.token)
    }

    pub fn scim(&self, method: Method, path: &str) -> RequestBuilder {
        let url = format!("{}{path}", self.sandbox.urls().app);
        self.client.request(method, url).bearer_auth(self.sandbox.app_token())
    }

    pub fn scim_write(&self, method: Method, path: &str, body: &Value) -> RequestBuilder {
        self.scim(method, path).header("content-type", "application/scim+json").body(body.to_string())
    }
}

pub async fn json(request: RequestBuilder) -> (u16, Value) {
    let response = request.send().await.unwrap();
    let status = response.status().as_u16();
    let text = response.text().await.unwrap();
    (status, serde_json::from_str(&text).unwrap_or(Value::Null))
}

/// Sends a request that Graph refuses: its status and code.
pub async fn refused(request: RequestBuilder) -> (u16, String) {
    let (status, body) = json(request).await;
    (status, body["error"]["code"].as_str().unwrap_or_default().to_owned())
}
