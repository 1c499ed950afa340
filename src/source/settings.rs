//! `[source]` of a customer's file.

use std::path::PathBuf;

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::model::Secret;

/// Which directory system the people come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum SourceKind {
    /// Microsoft Entra ID, read through Microsoft Graph.
    Entra,
}

/// The Microsoft cloud a tenant lives in (graph.microsoft.com and its national siblings).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Cloud {
    #[default]
    Global,
    Usgov,
    UsgovDod,
    China,
}

/// A group by its object id, with a name of the operator's choosing for reports.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NamedGroup {
    #[schemars(extend("format" = "uuid"))]
    pub id: String,
    pub name: Option<String>,
}

/// `"<object id>"` or `{ id = "<object id>", name = "Casuals" }`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(untagged, expecting = "an object id, or { id = \"<object id>\", name = \"…\" }")]
pub enum GroupRef {
    Id(#[schemars(extend("format" = "uuid"))] String),
    Named(NamedGroup),
}

impl GroupRef {
    pub fn id(&self) -> &str {
        match self {
            Self::Id(id) => id,
            Self::Named(group) => &group.id,
        }
    }

    pub fn name(&self) -> Option<&str> {
        match self {
            Self::Id(_) => None,
            Self::Named(group) => group.name.as_deref(),
        }
    }
}

/// The directory, the app registration that reads it, and the groups whose members are provisioned.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SourceSettings {
    pub kind: SourceKind,
    /// The directory (tenant) id, or a verified domain.
    #[schemars(extend("format" = "tenant"))]
    pub tenant_id: String,
    /// The application (client) id of the app registration.
    #[schemars(extend("format" = "uuid"))]
    pub client_id: String,
    pub client_secret: Secret,
    /// When the secret expires, if the app may not read that itself.
    pub client_secret_expires: Option<NaiveDate>,
    /// Their union is the roster; it is complete only if each of them was read completely.
    #[schemars(length(min = 1))]
    pub groups: Vec<GroupRef>,
    /// Members of these groups are not on the roster.
    #[serde(default)]
    pub except_groups: Vec<GroupRef>,
    /// Also the members of nested groups.
    #[serde(default)]
    pub nested: bool,
    /// Also guest users.
    #[serde(default)]
    pub guests: bool,
    #[serde(default)]
    pub cloud: Cloud,
    /// Only for a simulator or a gateway: where tokens come from. `http://` on loopback only.
    #[schemars(extend("format" = "base-url"))]
    pub login_url: Option<String>,
    /// Only for a simulator or a gateway: Graph's base, version included. `http://` on loopback only.
    #[schemars(extend("format" = "base-url"))]
    pub graph_url: Option<String>,
    /// A PEM file of further certificate authorities to trust.
    #[schemars(extend("format" = "path"))]
    pub ca_file: Option<PathBuf>,
}
