//! Reads secrets from where the configuration says they lie. The only file that reads them; none is ever shown.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::{ErrorKind, Read as _};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use crate::model::SecretPlace;

/// Where secrets stand in the configuration.
pub const PATHS: [&[&str]; 6] = [
    &["source", "client_secret"],
    &["target", "token"],
    &["target", "header", "value"],
    &["target", "basic", "password"],
    &["target", "oauth", "client_secret"],
    &["mail", "password"],
];

/// Longer than any credential, a signing key included.
const LARGEST_SECRET: u64 = 64 * 1024;

/// Where systemd puts the credentials of its units.
const SYSTEMD_CREDENTIALS: &str = "/run/credentials";

/// The process's environment, or a given one.
#[derive(Clone, Debug)]
pub enum Environment {
    Process,
    Given(BTreeMap<String, OsString>),
}

impl Environment {
    fn get(&self, name: &str) -> Option<OsString> {
        match self {
            Self::Process => std::env::var_os(name),
            Self::Given(variables) => variables.get(name).cloned(),
        }
        .filter(|value| !value.is_empty())
    }
}

/// Whether what stands behind `file`, `env` or `credential` can be a name at all. A pasted secret mostly cannot.
pub fn is_name(place: &str, text: &str) -> bool {
    let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    match place {
        "file" => !text.trim().is_empty() && !text.contains(char::is_control),
        "env" => text.chars().all(word) && text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_'),
        // systemd.exec(5): a credential's name is a file name. No dot in front, so that none leads elsewhere.
        "credential" => {
            text.len() <= 64
                && text.starts_with(|c: char| c.is_ascii_alphanumeric())
                && text.chars().all(|c| word(c) || c == '-' || c == '.')
        }
        _ => false,
    }
}

/// What stands behind `file`, `env` or `credential`, in words.
pub fn expected_name(place: &str) -> &'static str {
    match place {
        "env" => "the name of an environment variable: letters, digits and _",
        "credential" => "the name of a credential: at most 64 letters, digits, _, - and .",
        _ => "the path of a file",
    }
}

/// Where one customer's secrets are looked for.
#[derive(Debug)]
pub struct Vault<'a> {
    pub config_dir: &'a Path,
    pub customer: &'a str,
    pub environment: &'a Environment,
}

impl Vault<'_> {
    /// Reads a secret.
    ///
    /// # Errors
    /// In one sentence what is wrong, where, and what to do; never the secret.
    pub fn read(&self, place: &SecretPlace) -> Result<Zeroizing<String>, String> {
        match place {
            SecretPlace::File(path) => {
                let path = self.config_dir.join(path);
                read_file(&path, self.may_be_shared(&path))?
                    .ok_or_else(|| format!("there is no file {}", path.display()))
            }
            SecretPlace::Env(name) => self.variable(name),
            SecretPlace::Credential(name) => self.credential(name),
        }
    }

    fn variable(&self, name: &str) -> Result<Zeroizing<String>, String> {
        let what = format!("the environment variable {name}");
        let value = self.environment.get(name).ok_or_else(|| format!("{what} is not set, or empty"))?;
        let text = value.into_string().map_err(|_| format!("{what} is not valid UTF-8"))?;
        sound(&Zeroizing::new(text), &what)
    }

    fn credential(&self, name: &str) -> Result<Zeroizing<String>, String> {
        let places = self.credential_files(name);
        for path in places.iter().filter(|path| !self.is_left_to_systemd(path)) {
            if let Some(secret) = read_file(path, self.may_be_shared(path))? {
                return Ok(secret);
            }
        }
        let looked: Vec<String> = places.iter().map(|path| path.display().to_string()).collect();
        let systemd = if self.systemd_directory().is_none() { " ($CREDENTIALS_DIRECTORY is not set)" } else { "" };
        Err(format!("there is no credential {name}; looked for {}{systemd}", looked.join(", then ")))
    }

    fn credential_files(&self, name: &str) -> Vec<PathBuf> {
        let own = self.config_dir.join("credentials");
        let systemd = self.systemd_directory().into_iter().flat_map(|directory| {
            // A folder that is loaded as `customer` gives each of its files this name.
            [directory.join(format!("customer_{name}")), directory.join(name)]
        });
        systemd.chain([own.join(self.customer).join(name), own.join(name)]).collect()
    }

    /// Under systemd a credential that it did not find is an empty line in its directory (the unit's `SetCredential=`),
    /// and root's files are systemd's to read, not ours.
    fn is_left_to_systemd(&self, path: &Path) -> bool {
        let Some(systemd) = self.systemd_directory() else { return false };
        match std::fs::metadata(path) {
            Ok(found) => path.starts_with(systemd) && found.len() <= 1,
            Err(error) => error.kind() == ErrorKind::PermissionDenied,
        }
    }

    fn systemd_directory(&self) -> Option<PathBuf> {
        self.environment.get("CREDENTIALS_DIRECTORY").map(PathBuf::from)
    }

    /// systemd guards its credentials by an access list, which the mode shows as readable by the group.
    fn may_be_shared(&self, path: &Path) -> bool {
        let Some(directory) = path.parent() else { return false };
        let named = self.systemd_directory().is_some_and(|systemd| systemd == directory);
        let roots = directory.starts_with(SYSTEMD_CREDENTIALS)
            && std::fs::metadata(directory).is_ok_and(|directory| directory.uid() == 0);
        named || roots
    }
}

/// A file that is not there is `None`.
fn read_file(path: &Path, may_be_shared: bool) -> Result<Option<Zeroizing<String>>, String> {
    let shown = path.display();
    let unreadable = |error: std::io::Error| format!("{shown} cannot be read: {error}");
    match std::fs::metadata(path) {
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => return Ok(None),
        Err(error) => return Err(unreadable(error)),
        // Opening a pipe would wait for its other end.
        Ok(metadata) if !metadata.is_file() => return Err(format!("{shown} is not a regular file")),
        Ok(_) => {}
    }
    let file = std::fs::File::open(path).map_err(unreadable)?;
    let mode = file.metadata().map_err(unreadable)?.permissions().mode();
    if mode & 0o077 != 0 && !may_be_shared {
        let mode = mode & 0o777;
        return Err(format!("others can read {shown} (mode {mode:o}); run: chmod 600 {}", quoted_for_shell(path)));
    }
    // Never grows while it is read: a growing buffer would leave copies behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(usize::try_from(LARGEST_SECRET).unwrap_or(0) + 2));
    file.take(LARGEST_SECRET + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if u64::try_from(bytes.len()).is_ok_and(|length| length > LARGEST_SECRET) {
        return Err(format!("{shown} is larger than 64 KiB: not a secret"));
    }
    let text = std::str::from_utf8(&bytes).map_err(|_| format!("{shown} is not valid UTF-8"))?;
    sound(without_line_break(text), &shown.to_string()).map(Some)
}

/// Editors end files with a line break; one is dropped, more are a mistake.
fn without_line_break(text: &str) -> &str {
    text.strip_suffix("\r\n").or_else(|| text.strip_suffix('\n')).unwrap_or(text)
}

fn sound(text: &str, what: &str) -> Result<Zeroizing<String>, String> {
    if text.is_empty() {
        return Err(format!("{what} is empty"));
    }
    if text.contains(char::is_control) || text.starts_with('\u{feff}') {
        return Err(format!(
            "{what} holds a line break, a byte order mark or another control character, which no credential has (one line break at its end is dropped)"
        ));
    }
    Ok(Zeroizing::new(text.to_owned()))
}

fn quoted_for_shell(path: &Path) -> String {
    let text = path.display().to_string();
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-@+".contains(c);
    if text.chars().all(plain) { text } else { format!("'{}'", text.replace('\'', "'\\''")) }
}
