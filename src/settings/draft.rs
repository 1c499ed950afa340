//! From layers to settings: merges, judges the whole, reads secrets, and gathers every mistake before giving up.

use std::collections::BTreeMap;
use std::path::Path;

use config::Config;
use serde_json::Value as Json;
use zeroize::Zeroizing;

use super::document::Document;
use super::key::{KeyPath, Step};
use super::layers::Layers;
use super::mistake::{Mistake, Mistakes, Place};
use super::secrets::{self, Vault};
use super::{Secrets, Settings, merge, rules, schema, walk};
use crate::model::SecretPlace;

/// A merged configuration that has not been judged good.
#[derive(Debug)]
pub struct Draft {
    layers: Layers,
    config: Config,
    /// The same as plain JSON, to judge it part by part although other parts are broken.
    merged: Json,
    mistakes: Vec<Mistake>,
}

impl Draft {
    /// # Errors
    /// When the layers cannot even be merged.
    pub fn of(mut layers: Layers) -> Result<Self, Mistakes> {
        let unmerged =
            |error: config::ConfigError| Mistake::new(Place::whole("*"), KeyPath::default(), error.to_string());
        let config = merge::merge(layers.documents.clone()).map_err(unmerged)?;
        let merged: Json = config.clone().try_deserialize().map_err(unmerged)?;
        let mistakes = std::mem::take(&mut layers.mistakes);
        let mut draft = Self { layers, config, merged, mistakes };
        draft.note_missing();
        draft.note_findings();
        Ok(draft)
    }

    /// # Errors
    /// Every mistake, in the order of the files and their lines.
    pub fn finish(mut self, vault: &Vault<'_>, secrets: Secrets) -> Result<Settings, Mistakes> {
        let mut values = match secrets {
            Secrets::Read => self.read_files(vault),
            Secrets::LeaveUnread => BTreeMap::new(),
        };
        if !self.mistakes.is_empty() {
            return Err(self.into_mistakes());
        }
        let mut settings = match serde_path_to_error::deserialize::<_, Settings>(self.config.clone()) {
            Ok(settings) => settings,
            Err(error) => {
                let key = KeyPath::from(error.path());
                self.mistakes.push(Mistake::new(self.layers.place_of(&key), key, error.into_inner().to_string()));
                return Err(self.into_mistakes());
            }
        };
        vault.customer.clone_into(&mut settings.customer);
        vault.config_dir.clone_into(&mut settings.config_dir);
        settings.places = self.layers.documents.iter().flat_map(Document::places).collect();
        settings.make_paths_absolute();
        for (secret, path) in settings.secrets_mut().into_iter().zip(secrets::PATHS) {
            if let (Some(secret), Some(mut value)) = (secret, values.remove(path)) {
                secret.resolve(std::mem::take(&mut *value));
            }
        }
        Ok(settings)
    }

    fn note_missing(&mut self) {
        let mut merged = self.merged.clone();
        // These sections are judged by what is missing in them, not by themselves being missing.
        for section in ["schedule", "source", "target"] {
            if let Some(table) = merged.as_object_mut() {
                table.entry(section).or_insert_with(|| Json::Object(serde_json::Map::new()));
            }
        }
        for (key, expected) in walk::missing(&merged, &schema::SHAPE) {
            if !self.is_misspelled(&key) && !self.layers.unread.covers(&key) {
                let place = self.layers.place_of(&key);
                self.mistakes.push(Mistake::missing(place, key, expected));
            }
        }
    }

    /// Whether an unknown key was probably meant to be this one or a table around it, and has been told.
    fn is_misspelled(&self, key: &KeyPath) -> bool {
        let around = std::iter::successors(Some(key.clone()), KeyPath::parent);
        around.into_iter().any(|key| self.is_nearest(&key))
    }

    fn is_nearest(&self, key: &KeyPath) -> bool {
        let Some(Step::Key(name)) = key.steps.last() else { return false };
        let meant = |mistake: &Mistake| match &mistake.nearest {
            Some(nearest) => (nearest == name && mistake.key.parent() == key.parent()) || *nearest == key.to_string(),
            None => false,
        };
        self.mistakes.iter().any(meant)
    }

    fn note_findings(&mut self) {
        let broken: Vec<KeyPath> = self.mistakes.iter().map(|mistake| mistake.key.clone()).collect();
        let mut findings = rules::findings(&self.merged, &broken);
        // The default names attributes that a mapping need not have.
        if self.layers.written(&KeyPath::from("target.match")).is_some() {
            findings.extend(rules::unmapped_match(&self.merged));
        }
        for (key, message) in findings {
            if !broken.contains(&key) && !self.is_misspelled(&key) && !self.layers.unread.covers(&key) {
                self.mistakes.push(Mistake::new(self.layers.place_of(&key), key, message));
            }
        }
    }

    /// The secrets by their path. Certificates, which are no secrets, are looked at too: a CA file without one would
    /// silently trust nobody.
    fn read_files(&mut self, vault: &Vault<'_>) -> BTreeMap<&'static [&'static str], Zeroizing<String>> {
        let mut values = BTreeMap::new();
        for path in secrets::PATHS {
            let Some(written) = self.merged_at(path).filter(|_| !self.is_told(path)) else { continue };
            let Ok(place) = serde_json::from_value::<SecretPlace>(written.clone()) else { continue };
            match vault.read(&place) {
                Ok(value) => drop(values.insert(path, value)),
                Err(message) => self.note_at(path, message),
            }
        }
        for path in CA_FILES {
            let written = self.merged_at(path).filter(|_| !self.is_told(path));
            let Some(file) = written.and_then(Json::as_str) else { continue };
            if let Err(message) = certificates(&vault.config_dir.join(file)) {
                self.note_at(path, message);
            }
        }
        values
    }

    fn merged_at(&self, path: &[&str]) -> Option<&Json> {
        path.iter().try_fold(&self.merged, |table, key| table.get(*key))
    }

    fn is_told(&self, path: &[&str]) -> bool {
        let key = key_path(path);
        self.mistakes.iter().any(|mistake| mistake.key.starts_with(&key))
    }

    fn note_at(&mut self, path: &[&str], message: String) {
        let key = key_path(path);
        self.mistakes.push(Mistake::new(self.layers.place_of(&key), key, message));
    }

    fn into_mistakes(self) -> Mistakes {
        let order = |file: &str| self.layers.documents.iter().position(|document| document.name == file);
        let mut all = self.mistakes;
        all.sort_by_cached_key(|mistake| (order(&mistake.place.file), mistake.place.clone(), mistake.key.clone()));
        Mistakes { all }
    }
}

fn key_path(path: &[&str]) -> KeyPath {
    path.iter().fold(KeyPath::default(), |key, step| key.key(step))
}

const CA_FILES: [&[&str]; 3] = [&["source", "ca_file"], &["target", "ca_file"], &["mail", "ca_file"]];

fn certificates(path: &Path) -> Result<(), String> {
    let shown = path.display();
    let bytes = std::fs::read(path).map_err(|error| format!("{shown} cannot be read: {error}"))?;
    let begin = b"-----BEGIN CERTIFICATE-----";
    if bytes.windows(begin.len()).any(|window| window == begin) {
        return Ok(());
    }
    Err(format!("{shown} holds no certificate, expected a PEM file with \"-----BEGIN CERTIFICATE-----\""))
}
