//! HTTP as the sandbox speaks it: whole requests in, answers out, delivered well or badly.
//! Knows no protocol above HTTP, and shares nothing with the client under test.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use anyhow::Context as _;
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::ConnectInfo;
use axum::extract::connect_info::Connected;
use axum::http::{HeaderMap, Method, Response, StatusCode, Uri};
use axum::serve::{IncomingStream, Listener};
use futures_util::stream;
use percent_encoding::percent_decode_str;
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;

/// Larger than any batch or account; a request above it is refused.
const MAX_REQUEST: usize = 4 * 1024 * 1024;

/// One request, read whole.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) method: Method,
    /// The path's segments, percent-decoded.
    pub(crate) path: Vec<String>,
    /// The query as it was sent.
    pub(crate) raw_query: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Request {
    pub(crate) fn new(method: Method, target: &str, headers: HeaderMap, body: Bytes) -> Self {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let decode = |segment: &str| percent_decode_str(segment).decode_utf8_lossy().into_owned();
        let path = path.split('/').filter(|segment| !segment.is_empty()).map(decode).collect();
        Self { method, path, raw_query: query.to_owned(), headers, body }
    }

    /// The path as patterns can match it.
    pub(crate) fn segments(&self) -> Vec<&str> {
        self.path.iter().map(String::as_str).collect()
    }

    pub(crate) fn query(&self) -> Vec<(String, String)> {
        url::form_urlencoded::parse(self.raw_query.as_bytes()).into_owned().collect()
    }

    pub(crate) fn option(&self, name: &str) -> Option<String> {
        self.query().into_iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    pub(crate) fn media_type(&self) -> Option<String> {
        let value = self.header("content-type")?;
        Some(value.split(';').next().unwrap_or(value).trim().to_ascii_lowercase())
    }
}

/// How an answer reaches the client.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Delivery {
    #[default]
    Whole,
    /// The connection is reset before the first byte.
    CutBefore,
    /// The connection is cut in the middle of the body.
    CutWithin,
    /// A few bytes at a time.
    Drip { bytes: usize, pause: Duration },
    /// Never: the connection stays open and silent.
    Never,
}

/// One answer.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Bytes,
    pub(crate) delivery: Delivery,
}

impl Answer {
    pub(crate) fn new(status: u16, media_type: &str, body: impl Into<Bytes>) -> Self {
        let headers = vec![("content-type", media_type.to_owned())];
        Self { status, headers, body: body.into(), delivery: Delivery::Whole }
    }

    pub(crate) fn json(status: u16, body: &Value) -> Self {
        Self::new(status, "application/json", body.to_string())
    }

    pub(crate) fn empty(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: Bytes::new(), delivery: Delivery::Whole }
    }

    pub(crate) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.retain(|(known, _)| *known != name);
        self.headers.push((name, value.into()));
        self
    }

    pub(crate) fn delivered(mut self, delivery: Delivery) -> Self {
        self.delivery = delivery;
        self
    }
}

/// A running server: where it is, and how to stop it.
#[derive(Debug)]
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    stop: CancellationToken,
    task: tokio::task::JoinHandle<()>,
}

impl Server {
    /// Serves `handler` on loopback; port 0 takes a free one.
    pub(crate) async fn start<H, F>(port: u16, handler: H) -> anyhow::Result<Self>
    where
        H: Fn(Request) -> F + Clone + Send + Sync + 'static,
        F: Future<Output = Answer> + Send + 'static,
    {
        let listener = TcpListener::bind(("127.0.0.1", port))
            .await
            .with_context(|| format!("listening on 127.0.0.1:{port} for the sandbox"))?;
        let address = listener.local_addr()?;
        let stop = CancellationToken::new();
        let lines = Lines { listener, stop: stop.clone() };
        let router = Router::new().fallback(move |ConnectInfo(line): ConnectInfo<Line>, request| {
            let handler = handler.clone();
            async move { exchange(line, request, handler).await }
        });
        let service = router.into_make_service_with_connect_info::<Line>();
        let serve = axum::serve(lines, service).with_graceful_shutdown(stop.clone().cancelled_owned());
        // Accepting never fails for good, and there is nobody to tell.
        let task = tokio::spawn(async move { drop(serve.await) });
        Ok(Self { address, stop, task })
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Stops accepting and drops every connection.
    pub(crate) async fn shutdown(mut self) {
        self.stop.cancel();
        // Connections see the token; this only bounds a surprise.
        let bound = tokio::time::timeout(Duration::from_secs(1), &mut self.task).await;
        if bound.is_err() {
            self.task.abort();
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

async fn exchange<H, F>(line: Line, request: axum::extract::Request, handler: H) -> Response<Body>
where
    H: Fn(Request) -> F,
    F: Future<Output = Answer>,
{
    let (parts, body) = request.into_parts();
    let Ok(body) = axum::body::to_bytes(body, MAX_REQUEST).await else {
        return deliver(&line, Answer::empty(StatusCode::PAYLOAD_TOO_LARGE.as_u16())).await;
    };
    let request = Request::new(parts.method, &target(&parts.uri), parts.headers, body);
    deliver(&line, handler(request).await).await
}

fn target(uri: &Uri) -> String {
    uri.path_and_query().map_or_else(|| uri.path().to_owned(), ToString::to_string)
}

async fn deliver(line: &Line, answer: Answer) -> Response<Body> {
    let length = answer.body.len();
    let body = match answer.delivery {
        Delivery::Whole => Body::from(answer.body),
        Delivery::CutBefore => {
            line.cut.store(true, Ordering::Relaxed);
            Body::empty()
        }
        Delivery::CutWithin => {
            let half = answer.body.slice(..length / 2);
            let parts = [Ok(half), Err(io::Error::from(io::ErrorKind::ConnectionReset))];
            Body::from_stream(stream::iter(parts))
        }
        Delivery::Drip { bytes, pause } => drip(answer.body, bytes.max(1), pause),
        Delivery::Never => {
            line.stop.cancelled().await;
            Body::empty()
        }
    };
    let mut response = Response::builder().status(answer.status);
    for (name, value) in &answer.headers {
        response = response.header(*name, value);
    }
    if answer.status != 204 && answer.status != 304 {
        response = response.header("content-length", length);
    }
    response.body(body).unwrap_or_else(|_| {
        let mut response = Response::new(Body::from("the sandbox made a header that HTTP does not allow"));
        *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
        response
    })
}

fn drip(body: Bytes, bytes: usize, pause: Duration) -> Body {
    Body::from_stream(stream::unfold(body, move |mut rest| async move {
        if rest.is_empty() {
            return None;
        }
        tokio::time::sleep(pause).await;
        let piece = rest.split_to(bytes.min(rest.len()));
        Some((Ok::<_, io::Error>(piece), rest))
    }))
}

/// What a handler may do to the connection its request came by.
#[derive(Clone, Debug)]
struct Line {
    cut: Arc<AtomicBool>,
    stop: CancellationToken,
}

struct Lines {
    listener: TcpListener,
    stop: CancellationToken,
}

impl Listener for Lines {
    type Io = Connection;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Connection, SocketAddr) {
        let (stream, address) = Listener::accept(&mut self.listener).await;
        // Without it a page that is written in two pieces waits 40 ms for an acknowledgement.
        drop(stream.set_nodelay(true));
        let line = Line { cut: Arc::default(), stop: self.stop.clone() };
        (Connection { stream, line }, address)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

impl Connected<IncomingStream<'_, Lines>> for Line {
    fn connect_info(stream: IncomingStream<'_, Lines>) -> Self {
        stream.io().line.clone()
    }
}

/// A connection that a handler can cut.
#[derive(Debug)]
struct Connection {
    stream: TcpStream,
    line: Line,
}

impl Connection {
    fn refuse_if_cut(&self) -> io::Result<()> {
        if !self.line.cut.load(Ordering::Relaxed) {
            return Ok(());
        }
        // Closing then sends RST instead of FIN: what a dying proxy does.
        drop(self.stream.set_zero_linger());
        Err(io::ErrorKind::ConnectionReset.into())
    }
}

impl AsyncRead for Connection {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for Connection {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.refuse_if_cut()?;
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.refuse_if_cut()?;
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
