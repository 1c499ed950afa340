//! Microsoft Entra ID, read through Microsoft Graph. Reads only; `wire` alone knows Graph's JSON, `errors` alone what
//! its refusals mean.

mod batch;
mod check;
mod count;
mod credential;
mod errors;
mod graph;
mod groups;
mod managers;
mod members;
mod person;
mod proof;
mod properties;
mod read;
mod rights;
mod wire;

use chrono::{DateTime, Utc};
use secrecy::SecretString;
use tokio::sync::mpsc;

pub use properties::{PROPERTIES, is_property};

use super::{Cloud, Proof, Reading, Roster, SourceError, SourceSettings, Whereabouts};
use crate::http::{Client, Patience};
use crate::model::{Failure, Person, PersonId, Properties};
use crate::oauth::{Credentials, Grant, Session, Tokens};
use crate::report::Finding;
use graph::Graph;
use properties::Selection;

/// An Entra tenant, connected.
#[derive(Debug)]
pub struct Entra {
    graph: Graph,
    settings: SourceSettings,
    selection: Selection,
}

impl Entra {
    /// Prepares the connection; asks nothing yet.
    pub fn connect(settings: &SourceSettings, properties: &Properties, patience: Patience) -> anyhow::Result<Self> {
        let client = |base: &str| anyhow::Ok(Client::new(base, settings.ca_file.as_deref())?.patient(patience));
        let (login, graph) = hosts(settings.cloud);
        let sign_in = client(settings.login_url.as_deref().unwrap_or(login))?;
        let secret = settings.client_secret.expose();
        let grant = Grant {
            token_url: format!("{}/{}/oauth2/v2.0/token", sign_in.origin().base(), tenant(&settings.tenant_id)?),
            client_id: settings.client_id.clone(),
            client_secret: SecretString::from(secret),
            // A gateway in front of Graph passes Graph's own tokens on, so the resource is always the cloud's.
            scope: Some(format!("{graph}/.default")),
        };
        let credentials = Credentials::Tokens(Box::new(Tokens::new(sign_in, grant)));
        let base = settings.graph_url.clone().unwrap_or_else(|| format!("{graph}/v1.0"));
        let session = Session::new(client(&base)?, credentials);
        let graph = Graph::new(session, patience, secret);
        Ok(Self { graph, settings: settings.clone(), selection: Selection::of(properties) })
    }

    /// Reads every group, page by page.
    pub async fn read(&self, pages: mpsc::Sender<Reading>) -> Result<Roster, SourceError> {
        read::read(self, &pages).await
    }

    /// Where these people are now: one answer each, in their order.
    pub async fn whereabouts(&self, people: &[PersonId]) -> Vec<Result<Whereabouts, Failure>> {
        proof::whereabouts(self, people).await
    }

    /// Asks about one person and the groups, just before a deactivation.
    pub async fn prove(&self, person: &PersonId) -> Result<Proof, Failure> {
        proof::prove(self, person).await
    }

    /// Finds one person by object id, userPrincipalName or mail.
    pub async fn find(&self, name: &str) -> Result<Option<Person>, SourceError> {
        proof::find(self, name).await
    }

    /// When the client secret expires, as far as that can be known.
    pub async fn credential_expiry(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        credential::expiry(self, now).await
    }

    /// Tests token, permissions, groups and the secret's expiry; hands a sample of members over.
    pub async fn check(&self, now: DateTime<Utc>) -> (Vec<Finding>, Vec<Person>) {
        check::check(self, now).await
    }

    /// The members of a group, nested groups opened or not.
    fn collection(&self) -> &'static str {
        if self.settings.nested { "transitiveMembers" } else { "members" }
    }
}

/// Where a cloud signs in, and its Graph (Graph, "national cloud deployments").
fn hosts(cloud: Cloud) -> (&'static str, &'static str) {
    match cloud {
        Cloud::Global => ("https://login.microsoftonline.com", "https://graph.microsoft.com"),
        Cloud::Usgov => ("https://login.microsoftonline.us", "https://graph.microsoft.us"),
        Cloud::UsgovDod => ("https://login.microsoftonline.us", "https://dod-graph.microsoft.us"),
        Cloud::China => ("https://login.chinacloudapi.cn", "https://microsoftgraph.chinacloudapi.cn"),
    }
}

/// A tenant's id as a segment of a path.
fn tenant(id: &str) -> anyhow::Result<&str> {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '.';
    anyhow::ensure!(
        !id.is_empty() && id.chars().all(plain) && !id.starts_with('.'),
        "source.tenant_id is {id:?}; it must be the tenant id (a GUID) of the tenant's overview page in Entra, or a verified domain"
    );
    let any_tenant = ["common", "organizations", "consumers"].contains(&id.to_ascii_lowercase().as_str());
    anyhow::ensure!(!any_tenant, "source.tenant_id is {id:?}; it must be the id of one tenant");
    Ok(id)
}
