//! `$batch`: up to twenty reads in one request (Graph, "JSON batching"). Each item has its own answer, is throttled by
//! itself, and is tried again by itself.

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};

use super::errors::error;
use super::graph::Graph;
use super::wire::{Batch, BatchAnswer, BatchItem, BatchRequest, LARGEST_BATCH};
use crate::http::{Answer, retry_after};
use crate::source::SourceError;

/// The answers to these reads, in their order; of any status but the passing ones. `paths` are at most [`LARGEST_BATCH`].
pub(super) async fn ask(graph: &Graph, paths: &[String]) -> Result<Vec<Answer>, SourceError> {
    debug_assert!(paths.len() <= LARGEST_BATCH, "a batch of {} requests", paths.len());
    let mut answers: Vec<Option<Answer>> = vec![None; paths.len()];
    for earlier in 0.. {
        receive(graph, paths, &mut answers).await?;
        let open: Vec<&Answer> = answers.iter().flatten().filter(|answer| is_passing(answer)).collect();
        let missing = answers.iter().any(Option::is_none);
        if open.is_empty() && !missing {
            break;
        }
        let wait = open.iter().filter_map(|answer| retry_after(answer)).max().unwrap_or_default();
        if earlier + 1 >= graph.patience.tries || wait > graph.patience.longest_retry_after {
            return Err(match open.first() {
                Some(answer) => graph.refused(answer).await,
                None => no_batch(),
            });
        }
        graph.pause(earlier, wait).await;
    }
    Ok(answers.into_iter().flatten().collect())
}

/// Asks for those that have no answer yet, or a passing one.
async fn receive(graph: &Graph, paths: &[String], answers: &mut [Option<Answer>]) -> Result<(), SourceError> {
    let is_open = |index: &usize| answers[*index].as_ref().is_none_or(is_passing);
    let open: Vec<usize> = (0..paths.len()).filter(is_open).collect();
    let request = |&index: &usize| BatchRequest { id: index.to_string(), method: "GET", url: paths[index].clone() };
    let batch = Batch { requests: open.iter().map(request).collect() };
    let body = serde_json::to_vec(&batch).expect("a batch of texts is JSON");
    let answer = graph.ask("/$batch", body).await?;
    if !answer.is_success() {
        return Err(graph.refused(&answer).await);
    }
    // A body that is no batch is as good as none, and is asked for again.
    let Ok(parsed) = serde_json::from_slice::<BatchAnswer<'_>>(&answer.body) else { return Ok(()) };
    let mut answered = vec![false; paths.len()];
    for item in parsed.responses {
        let index = item.id.parse().ok().filter(|index| open.contains(index)).ok_or_else(no_batch)?;
        if std::mem::replace(&mut answered[index], true) {
            return Err(no_batch());
        }
        answers[index] = Some(answer_of(&item));
    }
    Ok(())
}

fn is_passing(answer: &Answer) -> bool {
    matches!(answer.status, 408 | 425 | 429 | 500 | 502..=599)
}

fn answer_of(item: &BatchItem<'_>) -> Answer {
    let mut headers = HeaderMap::new();
    for (name, value) in &item.headers {
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name.as_str()), HeaderValue::try_from(value)) {
            headers.insert(name, value);
        }
    }
    let body = item.body.map(|body| body.get().as_bytes().to_vec()).unwrap_or_default();
    Answer { status: item.status, headers, body }
}

fn no_batch() -> SourceError {
    error(
        "unreadable",
        "What Microsoft Graph answered to a batch of requests does not fit them.",
        "The next run tries again; if it lasts, look for a proxy that rewrites answers, or ask Microsoft.",
    )
}
