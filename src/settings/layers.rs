//! The files of one customer, read and laid over each other by the `config` crate: built-in defaults, the target's
//! profile, `rollcall.toml`, the customer's file. Nothing comes from the environment.
//!
//! Each file is parsed once, with places, and handed to `config` as a source of our own. Its own TOML source would lose
//! the places, and would take a quoted top-level key such as `"a[9999999999]"` for a list to fill with that many values.
//! Keys below the top pass `config` exactly as they are written: dots, brackets, colons and upper case included.

use std::io::{ErrorKind, Read as _};
use std::path::Path;

use config::{Config, ConfigError, Map, Source, ValueKind};

use super::document::{Document, Entry, Node, Table, Value};
use super::format::is_file_stem;
use super::key::KeyPath;
use super::mistake::{Mistake, Place, Wish, nearest, quoted};
use super::{schema, secrets, walk};

/// The name of the lowest layer, where a file's name would stand.
pub const BUILT_IN: &str = "built-in defaults";

const DEFAULTS: &str = include_str!("defaults.toml");

/// The profiles inside the program.
const PROFILES: [(&str, &str); 1] = [("atmos", include_str!("../../config/targets/atmos.toml"))];

/// Far more than any real file, and little enough to read at once.
const LARGEST_FILE: u64 = 1 << 20;

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
            .and_then(|own| own.map(Some).ok_or_else(|| no_such_customer(config_dir, customer)));
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

    fn sound(&mut self, file: Result<Option<Document>, Mistake>, without: Unread) -> Option<Document> {
        file.unwrap_or_else(|mistake| {
            if self.unread != Unread::Everything {
                self.unread = without;
            }
            self.mistakes.push(mistake);
            None
        })
    }

    /// The settings as the layers say together.
    pub fn merged(&self) -> Result<Config, ConfigError> {
        merge(self.documents.clone())
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

/// Lays documents over each other: tables key by key, everything else whole.
pub fn merge(mut documents: Vec<Document>) -> Result<Config, ConfigError> {
    for later in 1..documents.len() {
        let (below, above) = documents.split_at_mut(later);
        for document in below {
            make_way(&mut document.root, &above[0].root);
        }
    }
    documents.into_iter().fold(Config::builder(), |builder, document| builder.add_source(Layer(document))).build()
}

pub fn customer_file(customer: &str) -> String {
    format!("customers/{customer}.toml")
}

fn no_such_customer(config_dir: &Path, customer: &str) -> Mistake {
    let file = customer_file(customer);
    let known = super::customers(config_dir);
    let near = nearest(customer, known.iter().map(String::as_str));
    let hint = match near {
        Some(near) => format!("; nearest customer: {near}"),
        None if known.is_empty() => "; no customer has a file there (another directory: --config DIR)".to_owned(),
        None => format!("; known customers: {}", known.join(", ")),
    };
    let message = format!("no such file in {}{hint}", config_dir.display());
    Mistake { nearest: near.map(str::to_owned), ..Mistake::new(Place::whole(&file), KeyPath::default(), message) }
}

/// A file that is not there is `None`.
fn read_file(config_dir: &Path, name: &str) -> Result<Option<Document>, Mistake> {
    let mistake = |message: String| Mistake::new(Place::whole(name), KeyPath::default(), message);
    let path = config_dir.join(name);
    let bytes = match read_bounded(&path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(mistake(format!("{} cannot be read: {error}", path.display()))),
    };
    let text = String::from_utf8(bytes).map_err(|error| {
        let before = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        let line = String::from_utf8_lossy(before).matches('\n').count() + 1;
        mistake(format!("not valid UTF-8 in line {line}; save the file as UTF-8"))
    })?;
    Document::parse(name, &text).map(Some)
}

fn read_bounded(path: &Path) -> std::io::Result<Vec<u8>> {
    // A directory or a pipe in the file's place would give a puzzling answer, or none.
    if !std::fs::metadata(path)?.is_file() {
        return Err(std::io::Error::other("it is not a regular file"));
    }
    let mut bytes = Vec::new();
    std::fs::File::open(path)?.take(LARGEST_FILE + 1).read_to_end(&mut bytes)?;
    if u64::try_from(bytes.len()).is_ok_and(|length| length > LARGEST_FILE) {
        return Err(std::io::Error::other("it is larger than 1 MiB"));
    }
    Ok(bytes)
}

/// The profile that the files name: `targets/<name>.toml` in the configuration directory, or else the built-in one.
fn read_profile(config_dir: &Path, upper: &[Document]) -> Result<Option<Document>, Mistake> {
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
        None => built_in_profile(name).ok_or_else(|| unknown_profile(config_dir, name, node, key))?,
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
fn only_profile_sections(document: Document) -> Result<Document, Mistake> {
    let foreign = document.root.iter().find(|(section, _)| !schema::PROFILE_SECTIONS.contains(&section.as_str()));
    match foreign {
        None => Ok(document),
        Some((section, entry)) => {
            let message = format!("a profile has no such section, expected {}", schema::PROFILE_SECTIONS.join(" or "));
            Err(Mistake::new(entry.place.clone(), KeyPath::default().key(section), message))
        }
    }
}

/// The names of the `.toml` files of a directory, without the ending, sorted; none, when it cannot be read.
pub fn toml_files(directory: &Path) -> Vec<String> {
    let Ok(entries) = std::fs::read_dir(directory) else { return Vec::new() };
    let name = |entry: std::io::Result<std::fs::DirEntry>| {
        let name = entry.ok()?.file_name().into_string().ok()?;
        name.strip_suffix(".toml").map(str::to_owned)
    };
    let mut names: Vec<String> = entries.filter_map(name).collect();
    names.sort();
    names
}

/// Ways to say one thing: a later layer's choice ends an earlier layer's.
const ALTERNATIVES: [(&str, &[&[&str]]); 2] = [
    ("target", &[&["token"], &["header"], &["basic"], &["oauth"]]),
    ("schedule", &[&["days", "times"], &["cron"]]),
];

/// Removes from an earlier layer what must not be merged with the later one: the other ways of saying what the later
/// one says, mapping lines, and places of secrets.
fn make_way(earlier: &mut Table, later: &Table) {
    for (section, ways) in ALTERNATIVES {
        let (Some(below), Some(above)) = (section_mut(earlier, section), section_of(later, section)) else { continue };
        let chosen = |way: &&[&str]| way.iter().any(|key| above.contains_key(*key));
        if ways.iter().any(chosen) {
            let ended = ways.iter().filter(|way| !chosen(way)).flat_map(|way| way.iter());
            ended.for_each(|key| drop(below.remove(*key)));
        }
    }
    if let (Some(below), Some(above)) = (section_mut(earlier, "mapping"), section_of(later, "mapping")) {
        below.retain(|attribute, _| !above.contains_key(attribute));
    }
    for path in secrets::PATHS {
        make_way_at(earlier, later, path);
    }
}

fn make_way_at(earlier: &mut Table, later: &Table, path: &[&str]) {
    match path {
        [] => {}
        [key] if later.contains_key(*key) => drop(earlier.remove(*key)),
        [_] => {}
        [section, rest @ ..] => {
            if let (Some(below), Some(above)) = (section_mut(earlier, section), section_of(later, section)) {
                make_way_at(below, above, rest);
            }
        }
    }
}

fn section_of<'a>(table: &'a Table, name: &str) -> Option<&'a Table> {
    match table.get(name) {
        Some(Entry { node: Node { value: Value::Table(section), .. }, .. }) => Some(section),
        _ => None,
    }
}

fn section_mut<'a>(table: &'a mut Table, name: &str) -> Option<&'a mut Table> {
    match table.get_mut(name) {
        Some(Entry { node: Node { value: Value::Table(section), .. }, .. }) => Some(section),
        _ => None,
    }
}

/// A document as `config` wants it.
#[derive(Clone, Debug)]
struct Layer(Document);

impl Source for Layer {
    fn clone_into_box(&self) -> Box<dyn Source + Send + Sync> {
        Box::new(self.clone())
    }

    fn collect(&self) -> Result<Map<String, config::Value>, ConfigError> {
        // `config` reads top-level keys as paths: only the known ones, which are plain words, may reach it.
        let known = self.0.root.iter().filter(|(section, _)| schema::is_section(section));
        Ok(known.map(|(section, entry)| (section.clone(), foreign(&entry.node))).collect())
    }
}

fn foreign(node: &Node) -> config::Value {
    let kind = match &node.value {
        Value::Text(text) | Value::Date(text) => ValueKind::String(text.clone()),
        Value::Integer(number) => ValueKind::I64(*number),
        Value::Float(number) => ValueKind::Float(*number),
        Value::Flag(flag) => ValueKind::Boolean(*flag),
        Value::List(list) => ValueKind::Array(list.iter().map(foreign).collect()),
        Value::Table(table) => ValueKind::Table(table.iter().map(|(key, e)| (key.clone(), foreign(&e.node))).collect()),
    };
    config::Value::new(Some(&node.place.file), kind)
}
