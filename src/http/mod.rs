//! HTTP as the connectors use it: one origin, no redirects, bounded answers, retries with full jitter.
//! The only file that calls `reqwest`; it knows no protocol above HTTP and never sees a whole configuration.

mod breaker;
mod origin;
mod pace;
mod retry;

use std::path::Path;
use std::time::Duration;

use anyhow::Context as _;
use reqwest::Method;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};

pub use breaker::Breaker;
pub use origin::{ForeignAddress, Origin};
pub use pace::Pace;
pub use retry::{Patience, Retry, retry_after};

/// A 999-member page is about 0.5 MiB; thirty times that is an attack or a mistake.
pub const LARGEST_PAGE: usize = 16 * 1024 * 1024;
/// Token answers and errors are a few KiB.
pub const LARGEST_SMALL_ANSWER: usize = 64 * 1024;
/// One account, or one page of accounts.
pub const LARGEST_SCIM_ANSWER: usize = 4 * 1024 * 1024;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
const IDLE_TIMEOUT: Duration = Duration::from_secs(30);

/// What to send. The address must lie at the client's origin.
#[derive(Clone, Debug)]
pub struct Request {
    pub method: Method,
    pub url: String,
    pub headers: HeaderMap,
    pub body: Option<Vec<u8>>,
    pub retry: Retry,
    /// The largest answer to accept, in bytes, after decompression.
    pub largest: usize,
}

impl Request {
    pub fn get(url: impl Into<String>) -> Self {
        Self {
            method: Method::GET,
            url: url.into(),
            headers: HeaderMap::new(),
            body: None,
            retry: Retry::Read,
            largest: LARGEST_PAGE,
        }
    }

    /// A request that changes something; `retry` says what may be repeated.
    pub fn write(method: Method, url: impl Into<String>, retry: Retry) -> Self {
        Self { method, retry, largest: LARGEST_SCIM_ANSWER, ..Self::get(url) }
    }

    #[must_use]
    pub fn header(mut self, name: &'static str, value: &str) -> Self {
        let value = HeaderValue::from_str(value).unwrap_or_else(|_| HeaderValue::from_static(""));
        self.headers.insert(HeaderName::from_static(name), value);
        self
    }

    #[must_use]
    pub fn body(mut self, media_type: &'static str, body: Vec<u8>) -> Self {
        self.body = Some(body);
        self.header("content-type", media_type)
    }
}

/// A complete answer: any status, the whole body.
#[derive(Clone, Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// What the audit trail keeps of it: the status, the server's request id, and of an error the first 500 characters.
    pub fn summary(&self) -> crate::model::Answer {
        let body = if self.is_success() { String::new() } else { self.text(500) };
        let request_id = ["request-id", "x-request-id"].iter().find_map(|name| self.header(name));
        crate::model::Answer { status: Some(self.status), request_id: request_id.map(str::to_owned), body }
    }

    /// The first characters of the body as text, control characters replaced.
    pub fn text(&self, characters: usize) -> String {
        let clean = |c: char| if c.is_control() { ' ' } else { c };
        String::from_utf8_lossy(&self.body).chars().take(characters).map(clean).collect()
    }
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(transparent)]
    Foreign(#[from] ForeignAddress),
    #[error("could not connect to {origin}: {cause}")]
    NotConnected { origin: String, cause: String },
    #[error("no complete answer from {origin} in time")]
    TimedOut { origin: String },
    #[error("the connection to {origin} broke: {cause}")]
    Broken { origin: String, cause: String },
    #[error("the answer from {origin} is larger than {largest} bytes")]
    TooLarge { origin: String, largest: usize },
    #[error("{origin} {why} and is left alone for the rest of this run")]
    LeftAlone { origin: String, why: String },
}

impl Error {
    /// Whether the server may have received the request and acted on it.
    pub fn may_have_happened(&self) -> bool {
        matches!(self, Self::TimedOut { .. } | Self::Broken { .. } | Self::TooLarge { .. })
    }

    /// Whether trying again later can help.
    pub fn is_transient(&self) -> bool {
        !matches!(self, Self::Foreign(_) | Self::TooLarge { .. })
    }
}

/// A client for one origin. Made anew for each run, so that its breaker starts closed.
#[derive(Debug)]
pub struct Client {
    inner: reqwest::Client,
    origin: Origin,
    pace: Pace,
    breaker: Breaker,
    patience: Patience,
}

impl Client {
    /// A client that only ever talks to the origin of `base` (scheme, host, port and path prefix).
    ///
    /// # Errors
    /// When `base` is not an https address (http on loopback), or the certificate file cannot be used.
    pub fn new(base: &str, ca_file: Option<&Path>) -> anyhow::Result<Self> {
        let origin = Origin::new(base)?;
        let mut builder = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(CONNECT_TIMEOUT)
            .read_timeout(IDLE_TIMEOUT)
            .pool_max_idle_per_host(64)
            .user_agent(concat!("rollcall/", env!("CARGO_PKG_VERSION")));
        if origin.is_loopback() {
            builder = builder.no_proxy();
        }
        builder = match ca_file {
            Some(path) => builder.tls_certs_merge(certificates(path)?),
            // Plain http speaks no TLS: the host's hundred and more certificates need not be read for it.
            None if origin.is_plain() => builder.tls_certs_only([]),
            None => builder,
        };
        install_crypto_provider();
        let inner = builder.build().context("preparing the HTTP client")?;
        Ok(Self { inner, origin, pace: Pace::unlimited(), breaker: Breaker::default(), patience: Patience::default() })
    }

    #[must_use]
    pub fn paced(mut self, requests_per_minute: Option<u32>) -> Self {
        self.pace = Pace::per_minute(requests_per_minute);
        self
    }

    #[must_use]
    pub fn patient(mut self, patience: Patience) -> Self {
        self.patience = patience;
        self
    }

    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// Sends, and tries again what `request.retry` allows. Every status is an answer.
    pub async fn send(&self, request: &Request) -> Result<Answer, Error> {
        retry::send(self, request).await
    }

    /// One attempt.
    async fn attempt(&self, request: &Request) -> Result<Answer, Error> {
        let url = self.origin.authorised(&request.url)?;
        let permit = self.breaker.admit(&self.origin).await?;
        self.pace.wait().await;
        let mut outgoing = self.inner.request(request.method.clone(), url).headers(request.headers.clone());
        outgoing = outgoing.timeout(self.patience.answer_within);
        if let Some(body) = &request.body {
            outgoing = outgoing.body(body.clone());
        }
        let answer = match outgoing.send().await {
            Ok(response) => self.receive(response, request.largest).await,
            Err(error) => Err(self.classify(&error)),
        };
        self.breaker.note(permit, &answer, &self.patience);
        answer
    }

    async fn receive(&self, mut response: reqwest::Response, largest: usize) -> Result<Answer, Error> {
        let status = response.status().as_u16();
        let headers = std::mem::take(response.headers_mut());
        let mut body = Vec::new();
        loop {
            match response.chunk().await {
                Ok(Some(chunk)) if body.len() + chunk.len() > largest => {
                    return Err(Error::TooLarge { origin: self.origin.to_string(), largest });
                }
                Ok(Some(chunk)) => body.extend_from_slice(&chunk),
                Ok(None) => return Ok(Answer { status, headers, body }),
                Err(error) => return Err(self.classify(&error)),
            }
        }
    }

    /// reqwest calls a time-out while reading a body a decoding error, so the time-out is asked for first.
    fn classify(&self, error: &reqwest::Error) -> Error {
        let origin = self.origin.to_string();
        if error.is_connect() {
            return Error::NotConnected { origin, cause: innermost(error) };
        }
        if error.is_timeout() {
            return Error::TimedOut { origin };
        }
        Error::Broken { origin, cause: innermost(error) }
    }
}

/// The last link of the chain of causes: the only one without an address in it.
fn innermost(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(next) = cause.source() {
        cause = next;
    }
    cause.to_string()
}

/// The certificates of a PEM file; reqwest takes junk for "no certificates", so none is an error here.
fn certificates(path: &Path) -> anyhow::Result<Vec<reqwest::Certificate>> {
    let pem = std::fs::read(path).with_context(|| format!("reading the certificates in {}", path.display()))?;
    let certificates = reqwest::Certificate::from_pem_bundle(&pem)
        .with_context(|| format!("reading the certificates in {}", path.display()))?;
    anyhow::ensure!(!certificates.is_empty(), "{} holds no PEM certificate", path.display());
    Ok(certificates)
}

/// One TLS implementation for HTTP and mail. A second call changes nothing.
pub fn install_crypto_provider() {
    // An error means that it is installed already.
    drop(rustls::crypto::ring::default_provider().install_default());
}
