//! Reads configuration files and lists the customers that have one. The only file of `settings` that reads them.

use std::io::{ErrorKind, Read as _};
use std::path::Path;

use super::document::Document;
use super::key::KeyPath;
use super::mistake::{Mistake, Mistakes, Place, nearest};

/// Far more than any real file, and little enough to read at once.
const LARGEST_FILE: u64 = 1 << 20;

/// Every customer that has a file, sorted.
pub fn customers(config_dir: &Path) -> Vec<String> {
    let mut names = toml_files(&config_dir.join("customers"));
    names.retain(|name| is_customer_name(name));
    names
}

/// `[a-z0-9][a-z0-9_-]{0,22}`: it names a systemd instance, whose user name has an end.
pub fn is_customer_name(name: &str) -> bool {
    let first = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    name.len() <= 23 && name.starts_with(first) && name.chars().all(|c| first(c) || c == '_' || c == '-')
}

/// A customer's own file.
pub fn customer_file(customer: &str) -> String {
    format!("customers/{customer}.toml")
}

pub fn no_such_customer(config_dir: &Path, customer: &str) -> Mistake {
    let file = customer_file(customer);
    let known = customers(config_dir);
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
pub fn read_file(config_dir: &Path, name: &str) -> Result<Option<Document>, Mistakes> {
    let mistake = |message: String| Mistakes::from(Mistake::new(Place::whole(name), KeyPath::default(), message));
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
