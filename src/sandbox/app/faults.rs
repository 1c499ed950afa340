//! What can go wrong at the app, to which request. Plain data, and what of it needs no account.

use std::time::Duration;

use serde::Deserialize;

use super::error::scim_error;
use crate::sandbox::script::Armed;
use crate::sandbox::wire::{Answer, Delivery};

/// Which requests a fault waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AppSpot {
    Any,
    /// `/Users?filter=…`.
    Lookup,
    /// `/Users` without a filter.
    List,
    /// `/Users/{id}`.
    Read,
    Create,
    Patch,
    Put,
    Delete,
    /// Create, patch, put or delete.
    Write,
    /// `/ServiceProviderConfig`, `/Schemas`, `/ResourceTypes`.
    Config,
    Token,
}

/// What happens.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AppAct {
    /// A refusal; nothing is done.
    Refuse {
        status: u16,
        #[serde(default)]
        scim_type: Option<String>,
        #[serde(default)]
        detail: Option<String>,
        /// Sent as it stands: whole, with a fraction, or a date.
        #[serde(default)]
        retry_after: Option<String>,
    },
    /// The request is carried out, and the connection cut before the answer.
    DoneThenCut,
    /// The request is carried out, and the answer is this status with an empty body.
    DoneThenStatus {
        status: u16,
    },
    /// The request is carried out, and the answer never comes.
    DoneThenHang,
    /// The connection is cut; nothing is done.
    CutBefore,
    /// A normal answer though nothing was done.
    NoEffect,
    /// A proxy's page instead of JSON; nothing is done.
    Html {
        status: u16,
    },
    /// The answer is complete but only half of the JSON.
    Truncated,
    CutWithin,
    Drip {
        bytes: usize,
        pause_ms: u64,
    },
    /// Never answers; nothing is done.
    Hang,
    /// A redirect to this address; nothing is done.
    Redirect(String),
}

/// A fault: the act, the requests it waits for, and when. Once, at the first, unless said otherwise.
#[derive(Clone, Debug, Deserialize)]
pub struct AppFault {
    on: AppSpot,
    #[serde(default)]
    skip: u32,
    #[serde(default = "once")]
    times: u32,
    act: AppAct,
}

fn once() -> u32 {
    1
}

impl AppFault {
    pub fn new(on: AppSpot, act: AppAct) -> Self {
        Self { on, skip: 0, times: 1, act }
    }

    /// A plain refusal, once.
    pub fn refuse(on: AppSpot, status: u16) -> Self {
        Self::new(on, AppAct::Refuse { status, scim_type: None, detail: None, retry_after: None })
    }

    /// 429 with this `Retry-After`, once.
    pub fn throttled(on: AppSpot, retry_after: Option<&str>) -> Self {
        let retry_after = retry_after.map(str::to_owned);
        Self::new(on, AppAct::Refuse { status: 429, scim_type: None, detail: None, retry_after })
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

    pub(super) fn armed(self) -> Armed<AppSpot, AppAct> {
        Armed { on: self.on, skip: self.skip, times: self.times, act: self.act }
    }
}

impl AppSpot {
    /// Whether a fault here waits for a request of this kind.
    pub(super) fn covers(self, kind: &str) -> bool {
        match self {
            Self::Any => true,
            Self::Lookup => kind == "lookup",
            Self::List => kind == "list",
            Self::Read => kind == "read",
            Self::Create => kind == "create",
            Self::Patch => kind == "patch",
            Self::Put => kind == "put",
            Self::Delete => kind == "delete",
            Self::Write => matches!(kind, "create" | "patch" | "put" | "delete"),
            Self::Config => kind == "config",
            Self::Token => kind == "token",
        }
    }
}

impl AppAct {
    /// The answer, when the request is not even looked at.
    pub(super) fn before(&self) -> Option<Answer> {
        Some(match self {
            Self::Refuse { status, scim_type, detail, retry_after } => {
                let detail = detail.as_deref().unwrap_or("The sandbox was told to refuse this.");
                let answer = scim_error(*status, scim_type.as_deref(), detail);
                match retry_after {
                    Some(after) => answer.with("retry-after", after.clone()),
                    None => answer,
                }
            }
            Self::CutBefore => Answer::empty(200).delivered(Delivery::CutBefore),
            Self::Hang => Answer::empty(200).delivered(Delivery::Never),
            Self::Html { status } => Answer::new(*status, "text/html", "<html><body>A proxy's page</body></html>"),
            Self::Redirect(to) => Answer::empty(302).with("location", to.clone()),
            _ => return None,
        })
    }

    /// A true answer, spoiled on its way.
    pub(super) fn upon(&self, mut answer: Answer) -> Answer {
        match self {
            Self::DoneThenCut => answer.delivered(Delivery::CutBefore),
            Self::DoneThenHang => answer.delivered(Delivery::Never),
            Self::DoneThenStatus { status } => Answer::empty(*status),
            Self::Truncated => {
                answer.body = answer.body.slice(..answer.body.len() / 2);
                answer
            }
            Self::CutWithin => answer.delivered(Delivery::CutWithin),
            Self::Drip { bytes, pause_ms } => {
                answer.delivered(Delivery::Drip { bytes: *bytes, pause: Duration::from_millis(*pause_ms) })
            }
            _ => answer,
        }
    }
}
