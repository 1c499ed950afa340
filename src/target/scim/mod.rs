//! SCIM 2.0 (RFC 7643, RFC 7644) as services really speak it: every capability is the profile's, no answer is trusted
//! that can be checked. Writes only the attributes of the operations it is given, and `active`.

mod apply;
mod capabilities;
mod check;
mod create;
mod edits;
mod link;
mod listing;
mod lookup;
mod path;
mod refusal;
mod refusals;
mod resource;
mod schema;
mod update;

use std::time::Duration;

use anyhow::Context as _;
use secrecy::SecretString;
use tokio::sync::OnceCell;

pub use path::Path;
pub use schema::{attribute_kind, check_attribute};

use super::{OauthAuth, TargetSettings, UpdateBy};
use crate::http::{Client, Patience};
use crate::oauth::{Credentials, Grant, Session, Tokens};
use capabilities::Capabilities;
use link::Link;

/// A SCIM service, connected.
#[derive(Debug)]
pub struct Scim {
    link: Link,
    profile: Profile,
    /// The attributes that accounts are reduced to.
    attributes: Vec<Path>,
    capabilities: OnceCell<Capabilities>,
    waits: Waits,
}

/// How long to wait for an app.
#[derive(Clone, Copy, Debug)]
pub struct Waits {
    pub patience: Patience,
    /// Before each further look, when look-ups lag behind writes.
    pub lag: [Duration; 3],
}

impl Default for Waits {
    fn default() -> Self {
        Self { patience: Patience::default(), lag: [2, 5, 15].map(Duration::from_secs) }
    }
}

/// What this app can do, as the settings say.
#[derive(Debug)]
struct Profile {
    concurrency: usize,
    update_by: Option<UpdateBy>,
    match_by: Vec<String>,
    filterable: Option<Vec<String>>,
    leave_out: Vec<String>,
    eventually_consistent: bool,
    reactivate_first: bool,
    etag: Option<bool>,
}

impl Scim {
    /// Prepares a connection; asks nothing yet.
    pub fn connect(settings: &TargetSettings, attributes: &[String]) -> anyhow::Result<Self> {
        Self::connect_with(settings, attributes, Waits::default())
    }

    /// Like [`connect`](Self::connect), with other waits than the usual ones.
    pub fn connect_with(settings: &TargetSettings, attributes: &[String], waits: Waits) -> anyhow::Result<Self> {
        let client = Client::new(&settings.url, settings.ca_file.as_deref())
            .context("preparing the connection to the target")?
            .paced(settings.requests_per_minute)
            .patient(waits.patience);
        let session = Session::new(client, credentials(settings, waits.patience)?);
        let attributes = attributes.iter().filter(|name| !is_in(&settings.leave_out, name));
        let attributes =
            attributes.map(|name| Path::parse(name)).collect::<Result<_, _>>().map_err(anyhow::Error::msg)?;
        let (link, capabilities) = (Link::new(session), OnceCell::new());
        Ok(Self { link, profile: Profile::of(settings), attributes, capabilities, waits })
    }

    fn is_left_out(&self, attribute: &str) -> bool {
        is_in(&self.profile.leave_out, attribute)
    }
}

impl Profile {
    fn of(settings: &TargetSettings) -> Self {
        Self {
            concurrency: settings.concurrency.max(1),
            update_by: settings.update_by,
            match_by: settings.match_by.clone(),
            filterable: settings.filterable.clone(),
            leave_out: settings.leave_out.clone(),
            eventually_consistent: settings.eventually_consistent,
            reactivate_first: settings.reactivate_first,
            etag: settings.etag,
        }
    }
}

/// Attribute names are compared without regard to case (RFC 7643 §2.1).
fn is_in(names: &[String], attribute: &str) -> bool {
    names.iter().any(|name| name.eq_ignore_ascii_case(attribute))
}

fn credentials(settings: &TargetSettings, patience: Patience) -> anyhow::Result<Credentials> {
    match (&settings.token, &settings.header, &settings.basic, &settings.oauth) {
        (Some(token), None, None, None) => Credentials::bearer(token.expose()),
        (None, Some(header), None, None) => Credentials::header(&header.name, header.value.expose()),
        (None, None, Some(basic), None) => Credentials::basic(&basic.username, basic.password.expose()),
        (None, None, None, Some(oauth)) => tokens(settings, oauth, patience),
        _ => anyhow::bail!("[target] needs exactly one of token, header, basic and oauth"),
    }
}

fn tokens(settings: &TargetSettings, oauth: &OauthAuth, patience: Patience) -> anyhow::Result<Credentials> {
    let client = Client::new(&oauth.token_url, settings.ca_file.as_deref())
        .context("preparing the connection to the target's token service")?
        .patient(patience);
    let grant = Grant {
        token_url: oauth.token_url.clone(),
        client_id: oauth.client_id.clone(),
        client_secret: SecretString::from(oauth.client_secret.expose()),
        scope: oauth.scope.clone(),
    };
    Ok(Credentials::Tokens(Box::new(Tokens::new(client, grant))))
}
