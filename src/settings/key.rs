//! The address of a value in the configuration, for example `mapping."name.givenName"` or `schedule.times[1]`. Pure.

use std::fmt;

use serde::{Serialize, Serializer};

/// One step of a [`KeyPath`].
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    Key(String),
    Index(usize),
}

/// A path of keys and list positions, written as TOML writes dotted keys.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct KeyPath {
    pub steps: Vec<Step>,
}

impl KeyPath {
    /// The key `name` below this one; `name` is taken as it is, dots and brackets included.
    #[must_use]
    pub fn key(&self, name: &str) -> Self {
        self.with(Step::Key(name.to_owned()))
    }

    #[must_use]
    pub fn index(&self, index: usize) -> Self {
        self.with(Step::Index(index))
    }

    /// The path of the table or list around this value; `None` at the top.
    pub fn parent(&self) -> Option<Self> {
        let (_, above) = self.steps.split_last()?;
        Some(Self { steps: above.to_vec() })
    }

    pub fn starts_with(&self, above: &Self) -> bool {
        self.steps.starts_with(&above.steps)
    }

    fn with(&self, step: Step) -> Self {
        let mut steps = self.steps.clone();
        steps.push(step);
        Self { steps }
    }
}

/// Reads `a.b[0]."c.d"`. Never fails: what is no path becomes a key that does not exist.
impl From<&str> for KeyPath {
    fn from(text: &str) -> Self {
        let mut steps = Vec::new();
        let mut rest = text;
        while !rest.is_empty() {
            let (step, after) = next_step(rest);
            steps.push(step);
            rest = after.strip_prefix('.').unwrap_or(after);
        }
        Self { steps }
    }
}

impl From<&serde_path_to_error::Path> for KeyPath {
    fn from(path: &serde_path_to_error::Path) -> Self {
        use serde_path_to_error::Segment;
        let steps = path.iter().filter_map(|segment| match segment {
            Segment::Seq { index } => Some(Step::Index(*index)),
            Segment::Map { key } => Some(Step::Key(key.clone())),
            Segment::Enum { variant } => Some(Step::Key(variant.clone())),
            Segment::Unknown => None,
        });
        Self { steps: steps.collect() }
    }
}

/// Always takes at least one character, so that reading comes to an end.
fn next_step(text: &str) -> (Step, &str) {
    for quote in ['"', '\''] {
        if let Some((key, after)) = text.strip_prefix(quote).and_then(|inside| inside.split_once(quote)) {
            return (Step::Key(key.to_owned()), after);
        }
    }
    if let Some((digits, after)) = text.strip_prefix('[').and_then(|inside| inside.split_once(']'))
        && let Ok(index) = digits.parse()
    {
        return (Step::Index(index), after);
    }
    let first = text.chars().next().map_or(0, char::len_utf8);
    let end = text[first..].find(['.', '[']).map_or(text.len(), |at| at + first);
    (Step::Key(text[..end].to_owned()), &text[end..])
}

impl fmt::Display for KeyPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, step) in self.steps.iter().enumerate() {
            match step {
                Step::Index(index) => write!(f, "[{index}]")?,
                Step::Key(key) => {
                    if position > 0 {
                        f.write_str(".")?;
                    }
                    write_key(f, key)?;
                }
            }
        }
        Ok(())
    }
}

/// Longer keys are cut: a key may be anything a file holds.
const LONGEST_KEY: usize = 120;

fn write_key(f: &mut fmt::Formatter<'_>, key: &str) -> fmt::Result {
    let bare = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    if !key.is_empty() && key.len() <= LONGEST_KEY && key.chars().all(bare) {
        return f.write_str(key);
    }
    let shown: String = key.chars().take(LONGEST_KEY).collect();
    let cut = if shown.len() < key.len() { "…" } else { "" };
    if shown.contains('"') && !shown.contains(|c: char| c == '\'' || c.is_control()) {
        return write!(f, "'{shown}{cut}'");
    }
    write!(f, "\"{}{cut}\"", shown.escape_debug())
}

impl Serialize for KeyPath {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_reads_back_as_it_was_written() {
        for text in
            ["source.groups[1].id", "mapping.\"name.givenName\"", "mapping.'emails[type eq \"work\"].value'.when"]
        {
            assert_eq!(KeyPath::from(text).to_string(), text);
        }
    }

    #[test]
    fn nothing_makes_reading_a_path_fail_or_hang() {
        for text in ["", ".", "..", "[", "[x]", "[99999999999999999999]", "\"", "a.[0]", "é.ü[", "''"] {
            let _ = KeyPath::from(text).to_string();
        }
    }
}
