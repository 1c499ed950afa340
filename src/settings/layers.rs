//! The files of one customer: built-in defaults, the target's profile, `rollcall.toml`, the customer's file; later wins.
//! Nothing comes from the environment.

use std::path::Path;

use super::document::{Document, Node, Value};
use super::files::{customer_file, no_such_customer, read_file, toml_files};
use super::format::is_file_stem;
use super::key::KeyPath;
use super::mistake::{Mistake, Mistakes, Place, Wish, nearest, quoted};
use super::{schema, walk};

/// The name of the lowest layer, where a file's name would stand.
pub const BUILT_IN: &str = "built-in defaults";

const DEFAULTS: &str = include_str!("defaults.toml");

/// The profiles inside the program.
const PROFILES: [(&str, &str); 1] = [("atmos", include_str!("../../config/targets/atmos.toml"))];

/// The files of one customer, lowest layer first, and what is wrong with each of them.
#[derive(Debug, Default)]
pub struct Layers {
    pub documents: Vec<Document>,
    pub mistakes: Vec<Mistake>,
    /// What a file that cannot be read would have said: nothing, everything, or what a profile says.
    pub unread: Unread,
}

/// The part of a configuration that is not known, and so neither missing nor contradicted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Unread {
    #[default]
    Nothing,
    Profile,
    Everything,
}

impl Unread {
    pub fn covers(self, key: &KeyPath) -> bool {
        match self {
            Self::Nothing => false,
            Self::Profile => schema::PROFILE_SECTIONS.iter().any(|section| key.starts_with(&KeyPath::from(*section))),
            Self::Everything => true,
        }
    }
}

impl Layers {
    /// Reads every file and holds it against the schema.
    pub fn read(config_dir: &Path, customer: &str) -> Self {
        let mut layers = Self::default();
        let own_name = customer_file(customer);
        let host = layers.sound(read_file(config_dir, "rollcall.toml"), Unread::Everything);
        let own = read_file(config_dir, &own_name)
            .and_then(|own| own.map(Some).ok_or_else(|| no_such_customer(config_dir, customer).into()));
        let own = layers.sound(own, Unread::Everything);
        let upper: Vec<Document> = [host, own].into_iter().flatten().collect();
        let profile = layers.sound(read_profile(config_dir, &upper), Unread::Profile);
        layers.documents.extend(defaults());
        layers.documents.extend(profile);
        layers.documents.extend(upper);
        for document in &layers.documents {
            layers.mistakes.extend(walk::mistakes(document, &schema::SHAPE));
        }
        layers
    }

    fn sound(&mut self, file: Result<Option<Document>, Mistakes>, without: Unread) -> Option<Document> {
        file.unwrap_or_else(|mistakes| {
            if self.unread != Unread::Everything {
                self.unread = without;
            }
            self.mistakes.extend(mistakes.all);
            None
        })
    }

    /// Where the value that counts stands, or else where it would be written: in the highest layer.
    pub fn place_of(&self, key: &KeyPath) -> Place {
        match (self.written(key), self.documents.last()) {
            (Some(node), _) => node.place.clone(),
            (None, Some(highest)) => highest.place_near(key),
            (None, None) => Place::whole(BUILT_IN),
        }
    }

    /// The value that counts, unless it is a built-in default.
    pub fn written(&self, key: &KeyPath) -> Option<&Node> {
        let files = self.documents.iter().filter(|document| document.name != BUILT_IN);
        files.rev().find_map(|document| document.node(key))
    }
}

/// The built-in layer alone.
pub fn defaults() -> Option<Document> {
    Document::parse(BUILT_IN, DEFAULTS).ok()
}

/// The profile that the files name: `targets/<name>.toml` in the configuration directory, or else the built-in one.
fn read_profile(config_dir: &Path, upper: &[Document]) -> Result<Option<Document>, Mistakes> {
    let key = KeyPath::from("target.profile");
    let Some(node) = upper.iter().rev().find_map(|document| document.node(&key)) else { return Ok(None) };
    let Value::Text(name) = &node.value else { return Ok(None) };
    if !is_file_stem(name) {
        // The schema's own check tells.
        return Ok(None);
    }
    let file = format!("targets/{name}.toml");
    let document = match read_file(config_dir, &file)? {
        Some(document) => document,
        None => built_in_profile(name).ok_or_else(|| Mistakes::from(unknown_profile(config_dir, name, node, key)))?,
    };
    only_profile_sections(document).map(Some)
}

fn built_in_profile(name: &str) -> Option<Document> {
    let (name, text) = PROFILES.iter().find(|(known, _)| *known == name)?;
    Document::parse(&format!("targets/{name}.toml (built in)"), text).ok()
}

fn unknown_profile(config_dir: &Path, name: &str, node: &Node, key: KeyPath) -> Mistake {
    let mut known: Vec<String> = PROFILES.iter().map(|(name, _)| (*name).to_owned()).collect();
    known.extend(toml_files(&config_dir.join("targets")));
    known.sort();
    known.dedup();
    let near = nearest(name, known.iter().map(String::as_str)).map(str::to_owned);
    let expected = format!("a profile: {} (or a file targets/{name}.toml)", known.join(", "));
    Mistake::value(node.place.clone(), key, quoted(name), Wish { expected, nearest: near })
}

/// A profile says what an app is like and how people become its accounts; whose they are is a customer's matter.
fn only_profile_sections(document: Document) -> Result<Document, Mistakes> {
    let foreign = document.root.iter().find(|(section, _)| !schema::PROFILE_SECTIONS.contains(&section.as_str()));
    match foreign {
        None => Ok(document),
        Some((section, entry)) => {
            let message = format!("a profile has no such section, expected {}", schema::PROFILE_SECTIONS.join(" or "));
            Err(Mistake::new(entry.place.clone(), KeyPath::default().key(section), message).into())
        }
    }
}
