//! A secret named in the configuration, never written there: where it lies, and its value once read.
//! `settings` is the only place that resolves it; nothing prints it.

use std::fmt;
use std::path::PathBuf;

use schemars::JsonSchema;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

/// Where a secret lies.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum SecretPlace {
    /// A file that others cannot read; relative to the configuration directory.
    File(PathBuf),
    /// An environment variable of the process.
    Env(String),
    /// `$CREDENTIALS_DIRECTORY/<name>`, else `<config>/credentials/<customer>/<name>`, else `<config>/credentials/<name>`.
    Credential(String),
}

/// A secret: its place, and its value after `settings` has read it.
#[derive(Clone, Deserialize, JsonSchema)]
#[serde(transparent)]
#[schemars(transparent, extend("writeOnly" = true))]
pub struct Secret {
    pub place: SecretPlace,
    #[serde(skip)]
    #[schemars(skip)]
    value: Option<SecretString>,
}

impl Secret {
    pub fn at(place: SecretPlace) -> Self {
        Self { place, value: None }
    }

    /// Keeps the secret that was read from its place.
    pub fn resolve(&mut self, value: String) {
        self.value = Some(SecretString::from(value));
    }

    /// The secret itself.
    ///
    /// # Panics
    /// When `settings` was told not to read secrets: a connector is never made from such settings.
    pub fn expose(&self) -> &str {
        self.value.as_ref().expect("settings::load reads every secret before a connector is made").expose_secret()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secret({:?})", self.place)
    }
}
