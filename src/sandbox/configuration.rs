//! A customer's configuration that points at the sandbox: what an operator would write, with real credentials files.
//! Writes files; reads none.

use std::fs;
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;

use anyhow::Context;

/// What the files say.
#[derive(Clone, Debug)]
pub(super) struct Facts {
    pub(super) tenant_id: String,
    pub(super) client_id: String,
    pub(super) client_secret: String,
    pub(super) group: String,
    pub(super) company: String,
    pub(super) domain: String,
    pub(super) login_url: String,
    pub(super) graph_url: String,
    pub(super) app_url: String,
    pub(super) app_token: String,
    pub(super) smtp: String,
}

/// What a rehearsal may want otherwise.
#[derive(Clone, Debug)]
pub struct Wishes {
    /// The customer's name: the file's name without `.toml`.
    pub customer: String,
    /// Maps the manager too.
    pub manager: bool,
    /// `preview` or `live`.
    pub stage: String,
    /// Lines for the customer's file, whole sections, after all others.
    pub more: String,
}

impl Default for Wishes {
    fn default() -> Self {
        Self { customer: "demo".to_owned(), manager: false, stage: "live".to_owned(), more: String::new() }
    }
}

/// Writes `rollcall.toml`, `customers/<customer>.toml` and `credentials/` into a directory, the state beside them.
pub(super) fn write(dir: &Path, facts: &Facts, wishes: &Wishes) -> anyhow::Result<()> {
    fs::create_dir_all(dir.join("customers")).with_context(|| format!("creating {}", dir.display()))?;
    let credentials = dir.join("credentials");
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(&credentials)
        .with_context(|| format!("creating {}", credentials.display()))?;
    secret(&credentials.join("entra-secret"), &facts.client_secret)?;
    secret(&credentials.join("target-token"), &facts.app_token)?;
    fs::write(dir.join("rollcall.toml"), shared(dir, facts)).context("writing rollcall.toml")?;
    let customer = dir.join("customers").join(format!("{}.toml", wishes.customer));
    fs::write(&customer, customers(facts, wishes)).with_context(|| format!("writing {}", customer.display()))
}

/// Readable by its owner only, from the first byte.
fn secret(path: &Path, value: &str) -> anyhow::Result<()> {
    drop(fs::remove_file(path));
    let mut file = fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .with_context(|| format!("creating {}", path.display()))?;
    writeln!(file, "{value}").with_context(|| format!("writing {}", path.display()))
}

fn shared(dir: &Path, facts: &Facts) -> String {
    // A JSON string is a TOML string.
    let state = serde_json::Value::from(dir.join("state").to_string_lossy().into_owned());
    format!(
        r#"# Written by the sandbox.
state_dir = {state}

[mail]
from      = "Rollcall <rollcall@vendor.example>"
reply_to  = "integrations@vendor.example"
operators = ["integrations@vendor.example"]
smtp      = "{smtp}"
"#,
        smtp = facts.smtp,
    )
}

fn customers(facts: &Facts, wishes: &Wishes) -> String {
    let urn = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
    let manager = if wishes.manager { format!("\"{urn}:manager\" = \"manager.account_id\"\n") } else { String::new() };
    format!(
        r#"# Written by the sandbox.
name   = "{company}"
admins = ["it@{domain}"]
stage  = "{stage}"

[schedule]
timezone = "Australia/Sydney"
days     = "Mon-Fri"
times    = ["07:00", "10:00", "13:00", "16:00"]

[source]
kind          = "entra"
tenant_id     = "{tenant}"
client_id     = "{client}"
client_secret = {{ credential = "entra-secret" }}
groups        = ["{group}"]
login_url     = "{login}"
graph_url     = "{graph}"

[target]
kind  = "scim"
url   = "{app}"
token = {{ credential = "target-token" }}
match = ["externalId", "userName"]

[mapping]
userName                       = "user.userPrincipalName | lower"
externalId                     = "user.id"
displayName                    = "user.displayName"
"name.givenName"               = "user.givenName"
"name.familyName"              = "user.surname"
'emails[type eq "work"].value' = "user.mail or user.userPrincipalName"
title                          = "user.jobTitle"
"{urn}:department" = "user.department"
{manager}
{more}"#,
        company = facts.company,
        domain = facts.domain,
        stage = wishes.stage,
        tenant = facts.tenant_id,
        client = facts.client_id,
        group = facts.group,
        login = facts.login_url,
        graph = facts.graph_url,
        app = facts.app_url,
        more = wishes.more,
    )
}
