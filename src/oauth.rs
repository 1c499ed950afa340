//! Credentials on requests: a fixed header, or a token from an OAuth 2.0 client-credentials grant (RFC 6749 §4.4),
//! cached until shortly before it expires and renewed once by force when the server answers 401.

use std::time::Duration;

use anyhow::Context as _;
use base64::Engine as _;
use reqwest::Method;
use reqwest::header::{AUTHORIZATION, HeaderName, HeaderValue};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use tokio::sync::Mutex;
use tokio::time::Instant;

use crate::http::{Answer, Client, Error, LARGEST_SMALL_ANSWER, Request, Retry};

/// A token is renewed this long before its end, so that none expires on its way.
const RENEW_BEFORE: Duration = Duration::from_mins(5);

/// What a token endpoint wants to hear (RFC 6749 §4.4.2); `secret` travels in the form body.
#[derive(Debug)]
pub struct Grant {
    pub token_url: String,
    pub client_id: String,
    pub client_secret: SecretString,
    pub scope: Option<String>,
}

/// Why no token was issued.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    #[error("asking for an access token: {0}")]
    Unreachable(#[from] Error),
    /// The endpoint answered, and said no: status and body tell why.
    #[error("no access token was issued: HTTP {}", .0.status)]
    Refused(Answer),
    #[error("the token endpoint's answer makes no sense: {0}")]
    Malformed(String),
}

/// Why a request with credentials has no answer.
#[derive(Debug, thiserror::Error)]
pub enum SessionError {
    #[error(transparent)]
    Http(#[from] Error),
    #[error(transparent)]
    Token(#[from] TokenError),
}

/// The token endpoint, and the token it last issued.
#[derive(Debug)]
pub struct Tokens {
    client: Client,
    grant: Grant,
    cached: Mutex<Option<CachedToken>>,
}

struct CachedToken {
    token: SecretString,
    renew_at: Instant,
}

impl std::fmt::Debug for CachedToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CachedToken").field("renew_at", &self.renew_at).finish_non_exhaustive()
    }
}

#[derive(Deserialize)]
struct TokenAnswer {
    access_token: SecretString,
    #[serde(default = "an_hour")]
    expires_in: ExpiresIn,
}

/// Seconds, as a number or (seen in the field) as text.
#[derive(Deserialize)]
#[serde(untagged)]
enum ExpiresIn {
    Seconds(u64),
    Text(String),
}

fn an_hour() -> ExpiresIn {
    ExpiresIn::Seconds(3600)
}

impl ExpiresIn {
    fn seconds(&self) -> u64 {
        match self {
            Self::Seconds(seconds) => *seconds,
            Self::Text(text) => text.parse().unwrap_or(0),
        }
    }
}

impl Tokens {
    pub fn new(client: Client, grant: Grant) -> Self {
        Self { client, grant, cached: Mutex::new(None) }
    }

    /// A token that is good for some minutes at least.
    pub async fn token(&self) -> Result<SecretString, TokenError> {
        let mut cached = self.cached.lock().await;
        if let Some(known) = cached.as_ref().filter(|known| Instant::now() < known.renew_at) {
            return Ok(known.token.clone());
        }
        let fresh = self.ask().await?;
        let token = fresh.token.clone();
        *cached = Some(fresh);
        Ok(token)
    }

    /// Forgets a token that a server refused, unless another request has renewed it meanwhile.
    pub async fn discard(&self, refused: &SecretString) {
        let mut cached = self.cached.lock().await;
        if cached.as_ref().is_some_and(|known| known.token.expose_secret() == refused.expose_secret()) {
            *cached = None;
        }
    }

    async fn ask(&self) -> Result<CachedToken, TokenError> {
        let asked_at = Instant::now();
        let answer = self.client.send(&self.request()).await?;
        if answer.status != 200 {
            return Err(TokenError::Refused(answer));
        }
        let parsed: TokenAnswer =
            serde_json::from_slice(&answer.body).map_err(|_| TokenError::Malformed("no access_token in it".into()))?;
        let life = Duration::from_secs(parsed.expires_in.seconds());
        Ok(CachedToken { token: parsed.access_token, renew_at: asked_at + life.saturating_sub(RENEW_BEFORE) })
    }

    fn request(&self) -> Request {
        let mut form = url::form_urlencoded::Serializer::new(String::new());
        form.append_pair("grant_type", "client_credentials")
            .append_pair("client_id", &self.grant.client_id)
            .append_pair("client_secret", self.grant.client_secret.expose_secret());
        if let Some(scope) = &self.grant.scope {
            form.append_pair("scope", scope);
        }
        let mut request = Request::write(Method::POST, self.grant.token_url.clone(), Retry::Read)
            .header("accept", "application/json")
            .body("application/x-www-form-urlencoded", form.finish().into_bytes());
        request.largest = LARGEST_SMALL_ANSWER;
        request
    }
}

/// How requests prove who sends them.
#[derive(Debug)]
pub enum Credentials {
    /// A fixed header, marked sensitive.
    Header(HeaderName, HeaderValue),
    Tokens(Box<Tokens>),
}

impl Credentials {
    pub fn bearer(token: &str) -> anyhow::Result<Self> {
        Self::header("authorization", &format!("Bearer {token}"))
    }

    /// HTTP Basic (RFC 7617).
    pub fn basic(username: &str, password: &str) -> anyhow::Result<Self> {
        let encoded = base64::engine::general_purpose::STANDARD.encode(format!("{username}:{password}"));
        Self::header("authorization", &format!("Basic {encoded}"))
    }

    pub fn header(name: &str, value: &str) -> anyhow::Result<Self> {
        let name = HeaderName::from_bytes(name.as_bytes()).with_context(|| format!("{name:?} is not a header name"))?;
        let mut value =
            HeaderValue::from_str(value).context("the credential holds characters that no header may hold")?;
        value.set_sensitive(true);
        Ok(Self::Header(name, value))
    }
}

/// A client and the credentials it sends.
#[derive(Debug)]
pub struct Session {
    client: Client,
    credentials: Credentials,
}

impl Session {
    pub fn new(client: Client, credentials: Credentials) -> Self {
        Self { client, credentials }
    }

    pub fn client(&self) -> &Client {
        &self.client
    }

    pub fn credentials(&self) -> &Credentials {
        &self.credentials
    }

    /// Sends with credentials. A 401 renews an OAuth token by force and tries once more; a second 401 is the answer.
    pub async fn send(&self, request: Request) -> Result<Answer, SessionError> {
        let tokens = match &self.credentials {
            Credentials::Header(name, value) => {
                let mut request = request;
                request.headers.insert(name.clone(), value.clone());
                let answer = self.client.send(&request).await?;
                return Ok(without(answer, value.to_str().unwrap_or_default()));
            }
            Credentials::Tokens(tokens) => tokens,
        };
        let token = tokens.token().await?;
        let answer = self.client.send(&with_bearer(request.clone(), &token)).await?;
        if answer.status != 401 {
            return Ok(without(answer, token.expose_secret()));
        }
        tokens.discard(&token).await;
        let token = tokens.token().await?;
        let answer = self.client.send(&with_bearer(request, &token)).await?;
        Ok(without(answer, token.expose_secret()))
    }
}

/// Shorter ones would be found in ordinary text.
const SHORTEST_CREDENTIAL: usize = 8;

/// What a server says of a refusal is told to people and kept: a credential that it repeats must not be in it.
fn without(mut answer: Answer, credential: &str) -> Answer {
    let secret = credential.rsplit(' ').next().unwrap_or_default();
    if !answer.is_success() && secret.len() >= SHORTEST_CREDENTIAL {
        answer.body = String::from_utf8_lossy(&answer.body).replace(secret, "[redacted]").into_bytes();
    }
    answer
}

fn with_bearer(mut request: Request, token: &SecretString) -> Request {
    let header = HeaderValue::from_str(&format!("Bearer {}", token.expose_secret()));
    // A token that no header can carry is sent as none; the server's 401 then says so.
    if let Ok(mut header) = header {
        header.set_sensitive(true);
        request.headers.insert(AUTHORIZATION, header);
    }
    request
}
