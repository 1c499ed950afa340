//! Requests to Graph: addresses, credentials, correlation ids, and what a failing answer means. Knows no group and no person.

use std::time::Duration;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use tokio::sync::OnceCell;

use super::errors;
use super::rights::Rights;
use crate::http::{Answer, Patience, Request, Retry};
use crate::oauth::{Credentials, Session};
use crate::source::SourceError;

/// What stays as it is in a path segment or a query value (RFC 3986 §2.3).
const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// One segment of a path, or one value of a query.
pub(super) fn encoded(text: &str) -> String {
    utf8_percent_encode(text, UNRESERVED).to_string()
}

/// Microsoft Graph, signed in to.
#[derive(Debug)]
pub(super) struct Graph {
    session: Session,
    base: String,
    pub patience: Patience,
    /// The secret has the form of a Secret ID: asking with it would only be refused.
    secret_is_an_id: bool,
    rights: OnceCell<Rights>,
}

impl Graph {
    pub fn new(session: Session, patience: Patience, secret: &str) -> Self {
        let base = session.client().origin().base().to_owned();
        // A secret's value is no GUID; its id, shown beside it, is one.
        let secret_is_an_id = uuid::Uuid::try_parse(secret.trim()).is_ok();
        Self { session, base, patience, secret_is_an_id, rights: OnceCell::new() }
    }

    /// An absolute address below the base.
    pub fn address(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    /// The answer to a GET, whatever its status.
    pub async fn get(&self, url: impl Into<String>) -> Result<Answer, SourceError> {
        self.send(Request::get(url)).await
    }

    /// The answer to a POST that changes nothing.
    pub async fn ask(&self, path: &str, body: Vec<u8>) -> Result<Answer, SourceError> {
        let mut request = Request::write(reqwest::Method::POST, self.address(path), Retry::Read);
        request.largest = crate::http::LARGEST_PAGE;
        self.send(request.body("application/json", body)).await
    }

    /// Any status is an answer; no answer is an error.
    pub async fn send(&self, request: Request) -> Result<Answer, SourceError> {
        self.refuse_a_secret_id()?;
        let id = uuid::Uuid::new_v4().to_string();
        let request = request.header("accept", "application/json").header("client-request-id", &id);
        self.session.send(request).await.map_err(errors::unanswered)
    }

    /// What an answer that is no success means.
    pub async fn refused(&self, answer: &Answer) -> SourceError {
        let rights = self.rights().await.unwrap_or(Rights::Unknown);
        errors::refused(answer, &rights)
    }

    /// The permissions of the token in use.
    pub async fn rights(&self) -> Result<Rights, SourceError> {
        self.refuse_a_secret_id()?;
        self.rights.get_or_try_init(|| self.ask_rights()).await.cloned()
    }

    async fn ask_rights(&self) -> Result<Rights, SourceError> {
        let Credentials::Tokens(tokens) = self.session.credentials() else { return Ok(Rights::Unknown) };
        let token = tokens.token().await.map_err(|error| errors::unanswered(error.into()))?;
        Ok(Rights::of_token(secrecy::ExposeSecret::expose_secret(&token)))
    }

    fn refuse_a_secret_id(&self) -> Result<(), SourceError> {
        if !self.secret_is_an_id {
            return Ok(());
        }
        Err(errors::error(
            "credentials",
            "The client secret looks like a Secret ID; the Value is needed.",
            "In Entra, App registrations > Certificates & secrets, make a new client secret and give Rollcall its Value, which is shown once.",
        ))
    }

    /// The pause before another try: full jitter below a ceiling that doubles.
    pub async fn pause(&self, tries_so_far: usize, at_least: Duration) {
        let doublings = u32::try_from(tries_so_far).unwrap_or(6).min(6);
        let ceiling = self.patience.first_pause * 2_u32.pow(doublings);
        tokio::time::sleep(at_least + ceiling.mul_f64(fastrand::f64())).await;
    }
}
