//! What is wrong with a configuration: every mistake with its place, for people and as JSON. Never shows a secret. Pure.

use std::fmt;

use serde::Serialize;

use super::key::KeyPath;

/// Where something stands. Lines and columns count from 1; line 0 means the file as a whole.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Place {
    /// Relative to the configuration directory.
    pub file: String,
    pub line: usize,
    /// In characters.
    pub column: usize,
}

impl Place {
    pub fn whole(file: &str) -> Self {
        Self { file: file.to_owned(), line: 0, column: 0 }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if self.line == 0 { Ok(()) } else { write!(f, ":{}:{}", self.line, self.column) }
    }
}

/// One thing to mend.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Mistake {
    #[serde(flatten)]
    pub place: Place,
    pub key: KeyPath,
    /// The whole sentence: what was found, what was expected, what was probably meant.
    pub message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub found: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expected: Option<String>,
    /// The nearest valid key or value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nearest: Option<String>,
}

impl Mistake {
    /// A mistake in a sentence of its own.
    pub fn new(place: Place, key: KeyPath, message: impl Into<String>) -> Self {
        Self { place, key, message: message.into(), found: None, expected: None, nearest: None }
    }

    /// A value that is not what its key takes.
    pub fn value(place: Place, key: KeyPath, found: String, wish: Wish) -> Self {
        let nearest = wish.nearest.as_ref().map(|nearest| format!("; nearest value: {nearest:?}")).unwrap_or_default();
        let message = format!("found {found}, expected {}{nearest}", wish.expected);
        Self { place, key, message, found: Some(found), expected: Some(wish.expected), nearest: wish.nearest }
    }

    /// A key that is needed and was not written.
    pub fn missing(place: Place, key: KeyPath, expected: String) -> Self {
        let message = format!("missing, expected {expected}");
        Self { place, key, message, found: None, expected: Some(expected), nearest: None }
    }
}

/// What a key takes, in words, and the valid value nearest to the one that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wish {
    pub expected: String,
    pub nearest: Option<String>,
}

impl Wish {
    pub fn of(expected: impl Into<String>) -> Self {
        Self { expected: expected.into(), nearest: None }
    }
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.place)?;
        if !self.key.steps.is_empty() {
            write!(f, "{}: ", self.key)?;
        }
        f.write_str(&self.message)
    }
}

/// Everything that is wrong with a configuration, in the order of its files and lines; at least one mistake.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Mistakes {
    pub all: Vec<Mistake>,
}

impl From<Mistake> for Mistakes {
    fn from(mistake: Mistake) -> Self {
        Self { all: vec![mistake] }
    }
}

impl fmt::Display for Mistakes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, mistake) in self.all.iter().enumerate() {
            let line_break = if position == 0 { "" } else { "\n" };
            write!(f, "{line_break}{mistake}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Mistakes {}

/// How alike two words must be for one to be offered for the other.
const ALIKE: f64 = 0.8;

/// The candidate most like `word`, if one is like enough; case does not count.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word = comparable(word);
    let scored =
        candidates.into_iter().map(|candidate| (strsim::jaro_winkler(&word, &comparable(candidate)), candidate));
    let best = scored.max_by(|one, other| one.0.total_cmp(&other.0))?;
    (best.0 >= ALIKE).then_some(best.1)
}

fn comparable(word: &str) -> String {
    // Longer ones are no misspelling of anything, and the comparison is quadratic.
    word.chars().take(100).flat_map(char::to_lowercase).map(|c| if c == '-' || c == ' ' { '_' } else { c }).collect()
}

/// A text from a file, for people: short, and without control characters.
pub fn quoted(text: &str) -> String {
    const LONGEST: usize = 60;
    let shown: String = text.chars().take(LONGEST).collect();
    let cut = if shown.len() < text.len() { "…" } else { "" };
    format!("\"{}{cut}\"", shown.escape_debug())
}
