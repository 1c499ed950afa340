//! What can go wrong at the tenant, to which request. Changes answers; reads no directory.

use std::io::Write;
use std::time::Duration;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde::Deserialize;
use serde_json::json;

use super::error::Refusal;
use super::token;
use crate::sandbox::script::Armed;
use crate::sandbox::wire::{Answer, Delivery};

/// Which requests a fault waits for.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Spot {
    Any,
    Token,
    /// `/groups/{id}`.
    Group,
    /// Any page of members, direct or transitive.
    Members,
    /// That page of members, counted from 1.
    MembersPage(u32),
    /// `/members/$count` and its kin.
    Count,
    /// `/users/{id}`.
    User,
    /// `/users?$filter=…`.
    Users,
    Manager,
    MemberOf,
    CheckMemberGroups,
    /// The envelope of a batch.
    Batch,
    /// Any request inside a batch.
    BatchItem,
    Application,
    Organization,
}

/// What happens.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Act {
    /// An error in the endpoint's own shape. `retry_after` is sent as it stands: whole, with a fraction, or a date.
    Refuse {
        status: u16,
        code: String,
        #[serde(default)]
        retry_after: Option<String>,
    },
    /// A proxy's page instead of JSON.
    Html {
        status: u16,
    },
    /// 200 without a body.
    EmptyBody,
    /// A body of the author's choosing, called JSON.
    Body {
        status: u16,
        body: String,
    },
    /// A complete answer that is only half of the JSON.
    Truncated,
    CutBefore,
    CutWithin,
    Drip {
        bytes: usize,
        pause_ms: u64,
    },
    /// Never answers.
    Hang,
    Gzip,
    /// A few kilobytes that inflate to this many megabytes of JSON.
    GzipBomb {
        megabytes: usize,
    },
    /// A redirect to this address.
    Redirect(String),
    /// Members: this next link instead of the true one.
    NextLink(String),
    /// Members: no rows, and no next link.
    NoRows,
    /// Members: no rows, and a next link that leads to the rows.
    EmptyPage,
    /// Members: every row has an id and nothing else.
    IdOnly,
    /// Members: the next link leads to this page again.
    RepeatPage,
    /// Members: the next link leads to the first page.
    Cycle,
    /// Members: so many rows of the page are silently missing.
    DropRows(usize),
    /// Members: the next link is forgotten, the rest with it.
    ForgetNextLink,
    /// Count: wrong by so many.
    CountOff(i64),
}

/// A fault: the act, the requests it waits for, and when. Once, at the first, unless said otherwise.
#[derive(Clone, Debug, Deserialize)]
pub struct Fault {
    on: Spot,
    #[serde(default)]
    skip: u32,
    #[serde(default = "once")]
    times: u32,
    act: Act,
}

fn once() -> u32 {
    1
}

impl Fault {
    pub fn new(on: Spot, act: Act) -> Self {
        Self { on, skip: 0, times: 1, act }
    }

    /// A plain refusal, once.
    pub fn refuse(on: Spot, status: u16, code: &str) -> Self {
        Self::new(on, Act::Refuse { status, code: code.to_owned(), retry_after: None })
    }

    /// 429 with this `Retry-After`, once.
    pub fn throttled(on: Spot, retry_after: Option<&str>) -> Self {
        let retry_after = retry_after.map(str::to_owned);
        Self::new(on, Act::Refuse { status: 429, code: "TooManyRequests".to_owned(), retry_after })
    }

    /// Lets so many matching requests pass first.
    #[must_use]
    pub fn after(mut self, requests: u32) -> Self {
        self.skip = requests;
        self
    }

    #[must_use]
    pub fn times(mut self, times: u32) -> Self {
        self.times = times;
        self
    }

    #[must_use]
    pub fn always(self) -> Self {
        self.times(u32::MAX)
    }

    pub(super) fn armed(self) -> Armed<Spot, Act> {
        Armed { on: self.on, skip: self.skip, times: self.times, act: self.act }
    }
}

impl Act {
    /// The answer, when the request is not even looked at.
    pub(super) fn before(&self) -> Option<Result<Answer, Refusal>> {
        let answer = match self {
            Self::Refuse { status, code, retry_after } => {
                let mut refusal = Refusal::new(*status, code, "The sandbox was told to refuse this.");
                refusal.retry_after.clone_from(retry_after);
                return Some(Err(refusal));
            }
            Self::Html { status } => html(*status),
            Self::EmptyBody => Answer::new(200, "application/json", ""),
            Self::Body { status, body } => Answer::new(*status, "application/json", body.clone()),
            Self::CutBefore => Answer::empty(200).delivered(Delivery::CutBefore),
            Self::Hang => Answer::empty(200).delivered(Delivery::Never),
            Self::GzipBomb { megabytes } => bomb(*megabytes),
            Self::Redirect(to) => Answer::empty(302).with("location", to.clone()),
            _ => return None,
        };
        Some(Ok(answer))
    }

    /// The same at the token endpoint, whose errors have another shape.
    pub(super) fn before_token(&self) -> Option<Answer> {
        match self {
            Self::Refuse { status, code, retry_after } => {
                let answer = token::error(*status, code, 90033, "A transient error has occurred. Please try again.");
                Some(match retry_after {
                    Some(after) => answer.with("retry-after", after.clone()),
                    None => answer,
                })
            }
            _ => self.before()?.ok(),
        }
    }

    /// A true answer, spoiled on its way.
    pub(super) fn upon(&self, mut answer: Answer) -> Answer {
        match self {
            Self::Truncated => {
                answer.body = answer.body.slice(..answer.body.len() / 2);
                answer
            }
            Self::CutWithin => answer.delivered(Delivery::CutWithin),
            Self::Drip { bytes, pause_ms } => {
                answer.delivered(Delivery::Drip { bytes: *bytes, pause: Duration::from_millis(*pause_ms) })
            }
            Self::Gzip => {
                answer.body = gzip(&[&answer.body]).into();
                answer.with("content-encoding", "gzip")
            }
            _ => answer,
        }
    }
}

fn html(status: u16) -> Answer {
    let page = format!("<html><head><title>{status}</title></head><body><h1>{status} from a proxy</h1></body></html>");
    Answer::new(status, "text/html", page)
}

fn bomb(megabytes: usize) -> Answer {
    let megabyte = vec![b' '; 1024 * 1024];
    let mut parts: Vec<&[u8]> = vec![b"{\"value\":["];
    parts.extend(std::iter::repeat_n(megabyte.as_slice(), megabytes));
    let end = json!({}).to_string() + "]}";
    parts.push(end.as_bytes());
    Answer::new(200, "application/json", gzip(&parts)).with("content-encoding", "gzip")
}

fn gzip(parts: &[&[u8]]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    for part in parts {
        encoder.write_all(part).expect("a vector takes every byte");
    }
    encoder.finish().expect("a vector takes every byte")
}
