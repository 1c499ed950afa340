//! Everything an operator wrote, checked as a whole: built-in defaults, the target's profile, `rollcall.toml` and the
//! customer's file, layered in this order. Every mistake is reported at once, with its place. Asks no other host.

mod document;
mod draft;
mod files;
mod fingerprint;
mod format;
mod key;
mod layers;
mod merge;
mod mistake;
mod rules;
mod schedule;
pub mod schema;
mod secrets;
mod shape;
mod walk;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::Deserialize;

pub use files::{customers, is_customer_name};
pub use key::{KeyPath, Step};
pub use mistake::{Mistake, Mistakes, Place};
pub use secrets::Environment;

use crate::guard::Limits;
use crate::mapping::MappingSettings;
use crate::model::Secret;
use crate::notify::MailSettings;
use crate::plan::{Leavers, PeopleSettings};
use crate::schedule::{ScheduleMistake, ScheduleSettings};
use crate::scope::ScopeSettings;
use crate::source::SourceSettings;
use crate::store::Keep;
use crate::target::TargetSettings;
use draft::Draft;
use layers::Layers;
use secrets::Vault;

/// Whether runs write.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Plans and reports, never writes.
    #[default]
    Preview,
    /// Writes what the guard lets pass.
    Live,
}

/// Whether `load` also reads the secrets. `check`, `status` and tests of a file can do without.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Secrets {
    Read,
    LeaveUnread,
}

/// The settings of one customer, all layers applied.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The file's name without `.toml`: the instance's name.
    #[serde(skip)]
    pub customer: String,
    /// Where the files were found; absolute.
    #[serde(skip)]
    pub config_dir: PathBuf,
    #[serde(skip)]
    places: BTreeMap<KeyPath, Place>,
    /// Where every customer's state lies, in a directory of its own; relative to the configuration directory.
    #[schemars(extend("format" = "path"))]
    pub state_dir: PathBuf,
    /// The customer's name for people.
    #[schemars(extend("format" = "line"))]
    pub name: String,
    /// The client's admins: they hear of failures, holds, and credentials that end.
    #[schemars(extend("items" = {"type": "string", "format": "mailbox"}))]
    pub admins: Vec<String>,
    pub stage: Stage,
    pub schedule: ScheduleSettings,
    pub source: SourceSettings,
    pub target: TargetSettings,
    pub scope: ScopeSettings,
    pub mapping: MappingSettings,
    pub leavers: Leavers,
    pub people: PeopleSettings,
    pub limits: Limits,
    /// Without it no mail is sent, and `check` says so.
    pub mail: Option<MailSettings>,
    pub keep: Keep,
}

/// The configuration directory: the flag's, `$ROLLCALL_CONFIG_DIR`, or else `/etc/rollcall`.
pub fn config_dir(flag: Option<PathBuf>) -> PathBuf {
    let variable = || std::env::var_os("ROLLCALL_CONFIG_DIR").filter(|value| !value.is_empty()).map(PathBuf::from);
    flag.or_else(variable).unwrap_or_else(|| PathBuf::from("/etc/rollcall"))
}

/// Reads and checks a customer's configuration.
///
/// # Errors
/// Everything that is wrong with it, at once.
pub fn load(config_dir: &Path, customer: &str, secrets: Secrets) -> Result<Settings, Mistakes> {
    load_in(config_dir, customer, secrets, &Environment::Process)
}

/// As [`load`], with the secrets of another environment.
pub fn load_in(
    config_dir: &Path,
    customer: &str,
    secrets: Secrets,
    environment: &Environment,
) -> Result<Settings, Mistakes> {
    if !is_customer_name(customer) {
        return Err(bad_customer_name(customer).into());
    }
    let config_dir = std::path::absolute(config_dir).unwrap_or_else(|_| config_dir.to_owned());
    let vault = Vault { config_dir: &config_dir, customer, environment };
    let draft = Draft::of(Layers::read(&config_dir, customer))?;
    draft.finish(&vault, secrets)
}

impl Settings {
    /// The stage as configuration and JSON spell it.
    pub fn stage_name(&self) -> &'static str {
        match self.stage {
            Stage::Preview => "preview",
            Stage::Live => "live",
        }
    }

    /// Where this customer's state lies.
    pub fn state_dir(&self) -> PathBuf {
        self.state_dir.join(&self.customer)
    }

    /// Hex SHA-256 of all that decides who gets which account with which values: tenant, groups, scope, mapping, match,
    /// leavers and profile; neither secrets nor schedules, names or limits.
    pub fn fingerprint(&self) -> String {
        fingerprint::of(self)
    }

    /// Where a value, or the nearest table around it, stands; `None` when no file has any of it.
    /// A key with dots in it is added by [`KeyPath::key`]: `KeyPath::from("mapping").key("name.givenName")`.
    pub fn place_of(&self, key: impl Into<KeyPath>) -> Option<Place> {
        let mut at = Some(key.into());
        while let Some(key) = at {
            if let Some(place) = self.places.get(&key) {
                return Some(place.clone());
            }
            at = key.parent();
        }
        None
    }

    /// A mistake that was found later, for example in an expression, at its place.
    pub fn mistake(&self, key: impl Into<KeyPath>, message: impl Into<String>) -> Mistake {
        let key = key.into();
        let whole = || Place::whole(&files::customer_file(&self.customer));
        Mistake::new(self.place_of(key.clone()).unwrap_or_else(whole), key, message)
    }

    /// What a schedule said of these settings, at its places.
    pub fn schedule_mistakes(&self, mistakes: &[ScheduleMistake]) -> Mistakes {
        let placed =
            |mistake: &ScheduleMistake| self.mistake(schedule::key(&self.schedule, mistake), &*mistake.message);
        Mistakes { all: mistakes.iter().map(placed).collect() }
    }

    /// For what cannot be done without `[mail]`.
    pub fn mistake_missing_mail(&self) -> Mistakes {
        let message = "missing, expected a section with from and smtp: without it no mail can be sent";
        self.mistake("mail", message).into()
    }

    fn make_paths_absolute(&mut self) {
        let mail = self.mail.as_mut().and_then(|mail| mail.ca_file.as_mut());
        let own = [self.source.ca_file.as_mut(), self.target.ca_file.as_mut(), mail];
        for path in own.into_iter().flatten().chain([&mut self.state_dir]) {
            *path = self.config_dir.join(&*path);
        }
    }

    fn secrets_mut(&mut self) -> [Option<&mut Secret>; 6] {
        let target = &mut self.target;
        // In the order of `secrets::PATHS`.
        [
            Some(&mut self.source.client_secret),
            target.token.as_mut(),
            target.header.as_mut().map(|header| &mut header.value),
            target.basic.as_mut().map(|basic| &mut basic.password),
            target.oauth.as_mut().map(|oauth| &mut oauth.client_secret),
            self.mail.as_mut().and_then(|mail| mail.password.as_mut()),
        ]
    }
}

fn bad_customer_name(customer: &str) -> Mistake {
    let message = format!(
        "found the customer name {}, expected at most 23 small letters, digits, - and _, beginning with a letter or digit",
        mistake::quoted(customer)
    );
    Mistake::new(Place::whole("customers"), KeyPath::default(), message)
}
