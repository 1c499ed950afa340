//! The only file that knows Graph's JSON (and the sign-in service's). Strict where a mistake would lose people, deaf to
//! whatever was not asked for.

mod object;

use std::collections::BTreeSet;

use base64::Engine as _;
use chrono::{DateTime, Utc};
use serde::de::DeserializeSeed as _;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

pub(super) use object::{GraphUser, Kind};
use object::{ObjectSeed, ObjectsSeed};

/// One page of a collection: where the next one is, and the rows, not yet looked at.
#[derive(Deserialize)]
pub(super) struct Page {
    #[serde(rename = "@odata.nextLink")]
    pub next_link: Option<String>,
    value: Box<RawValue>,
}

impl Page {
    /// Reads the frame and proves the whole body to be JSON.
    pub fn parse(body: &[u8]) -> Result<Self, serde_json::Error> {
        serde_json::from_slice(body)
    }

    /// The rows, all of them or an error, with the selected properties only.
    pub fn rows(&self, selected: &BTreeSet<String>) -> Result<Vec<GraphUser>, serde_json::Error> {
        let mut json = serde_json::Deserializer::from_str(self.value.get());
        let rows = ObjectsSeed { selected }.deserialize(&mut json)?;
        json.end()?;
        Ok(rows)
    }
}

/// One user (or a user's manager).
pub(super) fn object(body: &[u8], selected: &BTreeSet<String>) -> Result<GraphUser, serde_json::Error> {
    let mut json = serde_json::Deserializer::from_slice(body);
    let object = ObjectSeed { selected }.deserialize(&mut json)?;
    json.end()?;
    Ok(object)
}

/// A group, as far as it concerns a read.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct GraphGroup {
    pub id: String,
    pub display_name: Option<String>,
    pub visibility: Option<String>,
    #[serde(default)]
    pub group_types: Vec<String>,
    pub security_enabled: Option<bool>,
    pub mail_enabled: Option<bool>,
    pub membership_rule: Option<String>,
    pub membership_rule_processing_state: Option<String>,
}

/// The properties of [`GraphGroup`].
pub(super) const GROUP_SELECT: &str = "$select=id,displayName,visibility,groupTypes,securityEnabled,mailEnabled,membershipRule,membershipRuleProcessingState";

/// `{"value": ["<group id>", …]}`, the answer of checkMemberGroups.
#[derive(Deserialize)]
pub(super) struct Ids {
    pub value: Vec<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct CheckMemberGroups<'a> {
    pub group_ids: &'a [&'a str],
}

/// `$batch`: at most this many requests (Graph, JSON batching).
pub(super) const LARGEST_BATCH: usize = 20;

#[derive(Serialize)]
pub(super) struct Batch {
    pub requests: Vec<BatchRequest>,
}

#[derive(Serialize)]
pub(super) struct BatchRequest {
    pub id: String,
    pub method: &'static str,
    pub url: String,
}

#[derive(Deserialize)]
pub(super) struct BatchAnswer<'a> {
    #[serde(borrow)]
    pub responses: Vec<BatchItem<'a>>,
}

#[derive(Deserialize)]
pub(super) struct BatchItem<'a> {
    pub id: String,
    pub status: u16,
    #[serde(default)]
    pub headers: serde_json::Map<String, serde_json::Value>,
    #[serde(borrow)]
    pub body: Option<&'a RawValue>,
}

/// Graph's error object, as far as it can be understood; a proxy's HTML is an empty one.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Fault {
    #[serde(default)]
    pub code: String,
    /// May hold names and addresses: never shown, only searched.
    #[serde(default)]
    pub message: String,
    #[serde(default, rename = "innerError", alias = "innererror")]
    inner: Inner,
}

#[derive(Debug, Default, Deserialize)]
struct Inner {
    #[serde(default)]
    code: Option<String>,
    #[serde(default, rename = "request-id")]
    request_id: Option<String>,
}

impl Fault {
    pub fn parse(body: &[u8]) -> Self {
        #[derive(Deserialize)]
        struct Frame {
            error: Fault,
        }
        serde_json::from_slice::<Frame>(body).map(|frame| frame.error).unwrap_or_default()
    }

    /// Whether this is the error, on the outside or inside.
    pub fn is(&self, code: &str) -> bool {
        self.code.eq_ignore_ascii_case(code)
            || self.inner.code.as_deref().is_some_and(|inner| inner.eq_ignore_ascii_case(code))
    }

    pub fn request_id(&self) -> Option<&str> {
        self.inner.request_id.as_deref()
    }
}

/// The sign-in service's refusal (RFC 6749 §5.2, with Entra's numbers).
#[derive(Debug, Default, Deserialize)]
pub(super) struct SignInFault {
    #[serde(default)]
    pub error: String,
    #[serde(default)]
    pub error_description: String,
    #[serde(default)]
    error_codes: Vec<u32>,
    #[serde(default)]
    pub trace_id: Option<String>,
}

impl SignInFault {
    pub fn parse(body: &[u8]) -> Self {
        serde_json::from_slice(body).unwrap_or_default()
    }

    /// The AADSTS number, from the list or else from the text.
    pub fn number(&self) -> Option<u32> {
        self.error_codes.first().copied().or_else(|| {
            let (_, rest) = self.error_description.split_once("AADSTS")?;
            rest.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
        })
    }
}

/// The `roles` of an access token. Officially tokens are opaque, so this is good for a hint only; `None`: unreadable.
pub(super) fn token_roles(token: &str) -> Option<BTreeSet<String>> {
    #[derive(Deserialize)]
    struct Claims {
        #[serde(default)]
        roles: BTreeSet<String>,
    }
    let payload = token.split('.').nth(1)?;
    let json = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(payload.trim_end_matches('=')).ok()?;
    serde_json::from_slice::<Claims>(&json).ok().map(|claims| claims.roles)
}

/// The app registration's own record.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct GraphApplication {
    #[serde(default)]
    pub password_credentials: Vec<PasswordCredential>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PasswordCredential {
    /// The first three characters of the secret.
    pub hint: Option<String>,
    pub end_date_time: Option<DateTime<Utc>>,
}
