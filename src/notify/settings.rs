//! `[mail]` of `rollcall.toml` (and of a customer's file, where it differs).

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::model::Secret;
pub use crate::report::PeopleInMail;

/// Who writes, through which server, and to which operators.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MailSettings {
    /// `Name <address>` or an address.
    #[schemars(extend("format" = "mailbox"))]
    pub from: String,
    /// Where a client's answer goes.
    #[schemars(extend("format" = "mailbox"))]
    pub reply_to: Option<String>,
    /// They get everything.
    #[serde(default)]
    #[schemars(extend("items" = {"type": "string", "format": "mailbox"}))]
    pub operators: Vec<String>,
    /// `smtp://host:587` (STARTTLS required), `smtps://host:465` (TLS from the start), `smtp+plain://127.0.0.1:1025` (loopback only).
    #[schemars(extend("format" = "smtp-url"))]
    pub smtp: String,
    #[schemars(extend("format" = "line"))]
    pub username: Option<String>,
    pub password: Option<Secret>,
    /// A PEM file of further certificate authorities to trust.
    #[schemars(extend("format" = "path"))]
    pub ca_file: Option<PathBuf>,
    #[serde(default)]
    pub people: PeopleInMail,
}
