//! `[target]` of a customer's file, and the profile of an app (`config/targets/<profile>.toml`).

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::model::Secret;

/// By which protocol the app is provisioned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum TargetKind {
    /// SCIM 2.0 (RFC 7643, RFC 7644).
    Scim,
}

/// What to do with an account that exists already for a person who has none of ours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Existing {
    /// Adopt it once somebody has approved (a hold).
    #[default]
    Ask,
    Adopt,
    /// Leave it alone and report the person as failing.
    Report,
}

/// How an existing account is changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum UpdateBy {
    /// PATCH, one operation per attribute, each with a path (RFC 7644 §3.5.2).
    Patch,
    /// PATCH with one operation without a path, its value an object.
    PatchWithoutPath,
    /// PUT of the whole account (RFC 7644 §3.5.1).
    Put,
}

/// A header of the operator's choosing that carries the credential.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HeaderAuth {
    #[schemars(extend("format" = "header-name"))]
    pub name: String,
    pub value: Secret,
}

#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BasicAuth {
    #[schemars(extend("format" = "line"))]
    pub username: String,
    pub password: Secret,
}

/// OAuth 2.0 client credentials (RFC 6749 §4.4).
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OauthAuth {
    #[schemars(extend("format" = "base-url"))]
    pub token_url: String,
    #[schemars(extend("format" = "line"))]
    pub client_id: String,
    pub client_secret: Secret,
    pub scope: Option<String>,
}

/// The app, how to reach it, and what it can do.
///
/// `token`, `header`, `basic` and `oauth` exclude each other; one of them is needed.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TargetSettings {
    pub kind: TargetKind,
    /// The name of a file in `config/targets/`, or of a profile inside the program.
    #[schemars(extend("format" = "profile"))]
    pub profile: Option<String>,
    /// The base of the API, for example `https://app.example/scim/v2`. `http://` on loopback only.
    #[schemars(extend("format" = "base-url"))]
    pub url: String,
    pub token: Option<Secret>,
    pub header: Option<HeaderAuth>,
    pub basic: Option<BasicAuth>,
    pub oauth: Option<OauthAuth>,
    /// Requests under way at once.
    #[schemars(range(min = 1, max = 64))]
    pub concurrency: usize,
    #[schemars(range(min = 1))]
    pub requests_per_minute: Option<u32>,
    /// How an existing account is recognised, in this order.
    #[serde(rename = "match")]
    #[schemars(length(min = 1), extend("items" = {"type": "string", "format": "line"}))]
    pub match_by: Vec<String>,
    pub existing: Existing,
    /// Accounts (userName, e-mail or id) that are never deactivated, renamed or deleted.
    #[schemars(extend("items" = {"type": "string", "format": "line"}))]
    pub protected: Vec<String>,
    /// A PEM file of further certificate authorities to trust.
    #[schemars(extend("format" = "path"))]
    pub ca_file: Option<PathBuf>,
    /// How to change an account; what `/ServiceProviderConfig` says, when absent.
    pub update_by: Option<UpdateBy>,
    /// Look-ups lag behind writes: ask again after 2, 5 and 15 s, and at the next run.
    pub eventually_consistent: bool,
    /// Target attributes that this app does not know: never sent.
    #[schemars(extend("items" = {"type": "string", "format": "line"}))]
    pub leave_out: Vec<String>,
    /// Match attributes this app can filter on; all of `match`, when absent.
    #[schemars(extend("items" = {"type": "string", "format": "line"}))]
    pub filterable: Option<Vec<String>>,
    /// Reactivate first and send the other attributes afterwards.
    pub reactivate_first: bool,
    /// Send `If-Match` with the version read (RFC 7644 §3.14); what `/ServiceProviderConfig` says, when absent.
    pub etag: Option<bool>,
}
