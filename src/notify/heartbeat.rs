//! The heartbeat: an address that is called after each good run, so that silence is noticed elsewhere (guarantee 21).

use std::time::Duration;

use url::Url;

use crate::http::{Client, LARGEST_SMALL_ANSWER, Request, Retry};

/// The run is over: nobody waits long for its pulse.
const PATIENCE: Duration = Duration::from_secs(10);

/// Calls the address. A failure is logged and changes nothing: the missing heartbeat is the message.
pub async fn heartbeat(url: Option<&str>) {
    let Some(url) = url else { return };
    let called = tokio::time::timeout(PATIENCE, call(url)).await;
    match called {
        Ok(Ok(status)) if (200..300).contains(&status) => {}
        Ok(Ok(status)) => tracing::warn!(status, "the heartbeat address answered HTTP {status}"),
        Ok(Err(error)) => tracing::warn!("the heartbeat address could not be called: {error:#}"),
        Err(_) => tracing::warn!("the heartbeat address did not answer in time"),
    }
}

async fn call(url: &str) -> anyhow::Result<u16> {
    let origin = Url::parse(url)?.origin().ascii_serialization();
    let request = Request { retry: Retry::Never, largest: LARGEST_SMALL_ANSWER, ..Request::get(url) };
    Ok(Client::new(&origin, None)?.send(&request).await?.status)
}
