//! The log of writes, in the order they came. Keeps; judges nothing.

use std::collections::VecDeque;

use axum::body::Bytes;
use chrono::{DateTime, Utc};
use serde_json::Value;

/// Half a benchmark's worth; beyond it the oldest are forgotten so that memory stays bounded.
const KEPT: usize = 50_000;

/// One write as it was received.
#[derive(Clone, Debug)]
pub struct Write {
    pub method: String,
    /// Percent-decoded, without the base.
    pub path: String,
    pub body: Value,
    pub at: DateTime<Utc>,
    /// What was answered (or would have been, had the connection not been cut).
    pub status: u16,
}

#[derive(Debug, Default)]
pub(super) struct Log(VecDeque<Kept>);

/// Bodies are kept as they came: a parsed one takes four times the memory.
#[derive(Debug)]
struct Kept {
    method: String,
    path: String,
    body: Bytes,
    at: DateTime<Utc>,
    status: u16,
}

impl Log {
    pub(super) fn add(&mut self, method: &str, path: String, body: &Bytes, status: u16) {
        if self.0.len() == KEPT {
            self.0.pop_front();
        }
        let body = Bytes::copy_from_slice(body);
        self.0.push_back(Kept { method: method.to_owned(), path, body, at: Utc::now(), status });
    }

    pub(super) fn all(&self) -> Vec<Write> {
        let shown = |kept: &Kept| Write {
            method: kept.method.clone(),
            path: kept.path.clone(),
            body: serde_json::from_slice(&kept.body).unwrap_or(Value::Null),
            at: kept.at,
            status: kept.status,
        };
        self.0.iter().map(shown).collect()
    }

    pub(super) fn clear(&mut self) {
        self.0.clear();
    }
}
