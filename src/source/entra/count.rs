//! How many members a group has, asked beside its list, so that a list cut short is noticed.

use super::errors::error;
use super::graph::Graph;
use crate::http::{LARGEST_SMALL_ANSWER, Request};
use crate::source::SourceError;

/// Asks for the number of members of all kinds; `None` when the directory does not offer it (400, 404, 501).
/// `collection` is `/groups/{id}/members`, or transitiveMembers.
pub(super) async fn count(graph: &Graph, collection: &str) -> Result<Option<u64>, SourceError> {
    let mut request = Request::get(graph.address(&format!("{collection}/$count")))
        // An advanced query: without this header Graph refuses it.
        .header("consistencylevel", "eventual");
    request.largest = LARGEST_SMALL_ANSWER;
    let answer = graph.send(request).await?;
    if matches!(answer.status, 400 | 404 | 501) {
        return Ok(None);
    }
    if !answer.is_success() {
        return Err(graph.refused(&answer).await);
    }
    let text = answer.text(40);
    text.trim_start_matches('\u{feff}').trim().parse().map(Some).map_err(|_| {
        error(
            "unreadable",
            "What Microsoft Graph answered to the number of members is no number.",
            "Check source.graph_url if it is set, and proxies between this server and Microsoft.",
        )
    })
}
