//! Where accounts live: a closed set of protocols. A target takes a batch of operations and returns one outcome each.
//! It never decides what should happen, and never writes what it was not given.

pub mod scim;
mod settings;

use tokio::sync::mpsc;

pub use settings::{BasicAuth, Existing, HeaderAuth, OauthAuth, TargetKind, TargetSettings, UpdateBy};

use crate::model::{Account, AccountId, Failure, MatchKey, Operation, OperationId, Outcome};
use crate::report::Finding;

/// What a look-up found.
#[derive(Clone, Debug, PartialEq)]
pub enum Match {
    /// No account has any of the keys.
    Nobody,
    One(Box<Account>),
    /// Several accounts have a key: never a guess.
    Several(Vec<Account>),
}

/// What a target's list of all accounts was worth.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listing {
    pub accounts: u64,
    pub requests: u64,
    /// The list looks cut short (fewer distinct accounts than announced): absence from it proves nothing.
    pub cut_short: bool,
}

/// A target app, connected.
#[derive(Debug)]
pub enum Target {
    Scim(Box<scim::Scim>),
}

impl Target {
    /// Prepares a connection. `attributes` are the mapping's target attributes: what accounts are reduced to.
    pub fn connect(settings: &TargetSettings, attributes: &[String]) -> anyhow::Result<Self> {
        match settings.kind {
            TargetKind::Scim => Ok(Self::Scim(Box::new(scim::Scim::connect(settings, attributes)?))),
        }
    }

    /// Looks an existing account up by each key in turn, and checks every hit itself (userName without regard to
    /// case, everything else exactly).
    pub async fn find(&self, keys: &[MatchKey]) -> Result<Match, Failure> {
        match self {
            Self::Scim(scim) => scim.find(keys).await,
        }
    }

    /// One account by its id; `None` when the target does not have it.
    pub async fn read(&self, account: &AccountId) -> Result<Option<Account>, Failure> {
        match self {
            Self::Scim(scim) => scim.read(account).await,
        }
    }

    /// Hands over every account the target shows, page by page.
    pub async fn list(&self, pages: mpsc::Sender<Vec<Account>>) -> Result<Listing, Failure> {
        match self {
            Self::Scim(scim) => scim.list(pages).await,
        }
    }

    /// Sends a batch, as many at once as the settings allow. Exactly one outcome for each operation, in any order.
    ///
    /// A create must be for keys that nobody had when it was planned: an account that turns up under them after a lost
    /// answer is then taken for the one that was made.
    pub async fn apply(&self, batch: &[Operation]) -> Vec<(OperationId, Outcome)> {
        match self {
            Self::Scim(scim) => scim.apply(batch).await,
        }
    }

    /// Tests credentials and capabilities, and changes nothing.
    pub async fn check(&self) -> Vec<Finding> {
        match self {
            Self::Scim(scim) => scim.check().await,
        }
    }
}

/// What an attribute of a target of this kind is.
pub fn attribute_kind(kind: TargetKind, attribute: &str) -> crate::model::AttributeKind {
    match kind {
        TargetKind::Scim => scim::attribute_kind(attribute),
    }
}

/// Whether a mapping may name this attribute of a target of this kind.
///
/// # Errors
/// Why not, and what to write instead.
pub fn check_attribute(kind: TargetKind, attribute: &str) -> Result<(), String> {
    match kind {
        TargetKind::Scim => scim::check_attribute(attribute),
    }
}
