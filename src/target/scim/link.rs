//! Requests to a SCIM service: addresses, media types, ids percent-encoded. Knows no attribute and decides nothing.

use std::sync::atomic::{AtomicBool, Ordering};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::Method;
use serde_json::Value;

use crate::http::{Answer, LARGEST_PAGE, LARGEST_SCIM_ANSWER, Request, Retry};
use crate::model::AccountId;
use crate::oauth::{Session, SessionError};

/// RFC 7644 §3.1; plain JSON is accepted because some services answer with it.
const MEDIA_TYPE: &str = "application/scim+json";
const ACCEPTED: &str = "application/scim+json, application/json";

/// RFC 3986 §2.3: what needs no encoding anywhere. Ids with spaces, `@` and `/` exist.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A SCIM service and the way to it.
#[derive(Debug)]
pub(super) struct Link {
    session: Session,
    /// The service has shown in this run that its users are at this address: a 404 then is about one account.
    users_seen: AtomicBool,
}

impl Link {
    pub fn new(session: Session) -> Self {
        Self { session, users_seen: AtomicBool::new(false) }
    }

    pub fn host(&self) -> &str {
        self.session.client().origin().host()
    }

    pub fn has_seen_users(&self) -> bool {
        self.users_seen.load(Ordering::Relaxed)
    }

    /// A document beside the users, for example `ServiceProviderConfig`.
    pub async fn document(&self, name: &str) -> Result<Answer, SessionError> {
        self.session.send(read(format!("{}/{name}", self.base()))).await
    }

    /// The users that a filter selects (RFC 7644 §3.4.2.2), from `start` on, counted from 1.
    pub async fn search(&self, filter: &str, start: u64) -> Result<Answer, SessionError> {
        let filter = utf8_percent_encode(filter, ENCODED);
        // Not every service takes startIndex beside a filter; the first page needs none.
        let start = if start > 1 { format!("&startIndex={start}") } else { String::new() };
        self.users_at(format!("{}?filter={filter}{start}", self.users())).await
    }

    /// One page of all users (RFC 7644 §3.4.2.4).
    pub async fn page(&self, start: u64, count: u64) -> Result<Answer, SessionError> {
        self.users_at(format!("{}?startIndex={start}&count={count}", self.users())).await
    }

    pub async fn get(&self, account: &AccountId) -> Result<Answer, SessionError> {
        let answer = self.session.send(read(self.user(account))).await?;
        self.note(&answer);
        Ok(answer)
    }

    pub async fn post(&self, resource: &Value) -> Result<Answer, SessionError> {
        let request = write(Method::POST, self.users(), resource);
        let answer = self.session.send(request).await?;
        self.note(&answer);
        Ok(answer)
    }

    /// PATCH or PUT of one account, only if it still has `version` where one is given (RFC 7644 §3.14).
    pub async fn change(&self, method: Method, account: &AccountId, sent: &Sent<'_>) -> Result<Answer, SessionError> {
        let mut request = write(method, self.user(account), sent.body);
        if let Some(version) = sent.version {
            request = request.header("if-match", version);
        }
        let answer = self.session.send(request).await?;
        self.note(&answer);
        Ok(answer)
    }

    async fn users_at(&self, url: String) -> Result<Answer, SessionError> {
        let mut request = read(url);
        request.largest = LARGEST_PAGE;
        let answer = self.session.send(request).await?;
        self.note(&answer);
        Ok(answer)
    }

    fn note(&self, answer: &Answer) {
        if answer.is_success() {
            self.users_seen.store(true, Ordering::Relaxed);
        }
    }

    fn base(&self) -> &str {
        self.session.client().origin().base()
    }

    fn users(&self) -> String {
        format!("{}/Users", self.base())
    }

    fn user(&self, account: &AccountId) -> String {
        format!("{}/{}", self.users(), utf8_percent_encode(account.as_str(), ENCODED))
    }
}

/// The body of a change, and the version it was made for.
#[derive(Debug)]
pub(super) struct Sent<'a> {
    pub body: &'a Value,
    pub version: Option<&'a str>,
}

/// Whether an id can be put into an address: `.` and `..` would name another resource (RFC 3986 §5.2.4).
pub(super) fn is_usable(id: &str) -> bool {
    !id.is_empty() && id.len() <= 1024 && !matches!(id, "." | "..")
}

fn read(url: String) -> Request {
    let mut request = Request::get(url).header("accept", ACCEPTED);
    request.largest = LARGEST_SCIM_ANSWER;
    request
}

/// After a fault the account is read before anything is sent again, so a write repeats itself only when throttled.
fn write(method: Method, url: String, body: &Value) -> Request {
    Request::write(method, url, Retry::Unrepeatable)
        .header("accept", ACCEPTED)
        .body(MEDIA_TYPE, body.to_string().into_bytes())
}
