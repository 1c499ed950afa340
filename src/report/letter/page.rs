//! What a letter says, before it is text or HTML: both are made from the same page. Knows no incident.

use std::fmt;

use minijinja::value::Serde;
use minijinja::{Environment, context};
use serde::Serialize;

use super::foreign;

/// Text for people's eyes. It cannot be made without being cleaned, so no foreign text slips through.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct Text(String);

impl Text {
    pub fn shortened(text: &str, limit: usize) -> Self {
        Self(foreign::shortened(text, limit))
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        Self::shortened(text, foreign::LONGEST)
    }
}

impl From<String> for Text {
    fn from(text: String) -> Self {
        Self::from(text.as_str())
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[derive(Debug, Serialize)]
pub struct Page {
    pub title: Text,
    pub intro: Text,
    pub sections: Vec<Section>,
    /// The small print.
    pub closing: Vec<Text>,
}

#[derive(Debug, Serialize)]
pub struct Section {
    pub heading: &'static str,
    pub tone: Tone,
    pub items: Vec<Item>,
    /// What is as it was told before, or did not fit: lines without an item.
    pub rest: Vec<Line>,
}

/// Decides a section's colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Tone {
    Waiting,
    Failed,
    Solved,
}

#[derive(Debug, Serialize)]
pub struct Item {
    pub title: Text,
    /// `changed`, `reminder`; empty for what is new.
    pub note: &'static str,
    pub lines: Vec<Line>,
}

#[derive(Debug, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Line {
    Paragraph {
        text: Text,
    },
    Labelled {
        label: &'static str,
        text: Text,
    },
    /// Names, one a line, and how many more there are, in words; empty when there are none.
    People {
        names: Vec<Text>,
        more: Text,
    },
    Command {
        text: Text,
    },
}

impl Line {
    pub fn paragraph(text: impl Into<Text>) -> Self {
        Self::Paragraph { text: text.into() }
    }

    pub fn labelled(label: &'static str, text: impl Into<Text>) -> Self {
        Self::Labelled { label, text: text.into() }
    }

    pub fn people(names: Vec<Text>, more: u64) -> Self {
        let more = if more == 0 { String::new() } else { format!("and {} more", super::thousands(more)) };
        Self::People { names, more: Text::from(more) }
    }

    pub fn command(text: impl Into<Text>) -> Self {
        Self::Command { text: text.into() }
    }
}

impl Page {
    pub fn html(&self) -> String {
        let mut environment = Environment::new();
        let rendered = environment
            // The names' ending switches HTML escaping on.
            .add_template("letter.html", include_str!("letter.html"))
            .and_then(|()| environment.add_template("line.html", include_str!("line.html")))
            .and_then(|()| environment.get_template("letter.html"))
            .and_then(|template| template.render(context! { page => Serde(self) }));
        rendered.expect("the template is ours, and every page has all its fields")
    }

    pub fn text(&self) -> String {
        let mut lines = vec![self.title.to_string(), String::new(), self.intro.to_string()];
        lines.extend(self.sections.iter().flat_map(Section::text));
        if !self.closing.is_empty() {
            // What follows is small print to every mail program (RFC 3676 §4.3).
            lines.extend([String::new(), "-- ".to_owned()]);
        }
        lines.extend(self.closing.iter().map(Text::to_string));
        lines.join("\n") + "\n"
    }
}

impl Section {
    fn text(&self) -> Vec<String> {
        let heading = self.heading.to_uppercase();
        let rule = "=".repeat(heading.chars().count());
        let mut lines = vec![String::new(), String::new(), heading, rule];
        for item in &self.items {
            let note = if item.note.is_empty() { String::new() } else { format!(" ({})", item.note) };
            lines.extend([String::new(), format!("* {}{note}", item.title)]);
            lines.extend(item.lines.iter().flat_map(Line::text));
        }
        if !self.rest.is_empty() {
            lines.push(String::new());
        }
        lines.extend(self.rest.iter().flat_map(Line::text));
        lines
    }
}

impl Line {
    fn text(&self) -> Vec<String> {
        match self {
            Self::Paragraph { text } => vec![format!("  {text}")],
            Self::Labelled { text, .. } if text.is_empty() => vec![],
            Self::Labelled { label, text } => vec![format!("  {label}: {text}")],
            Self::Command { text } => vec![format!("      {text}")],
            Self::People { names, more } => {
                let mut lines: Vec<String> = names.iter().map(|name| format!("    - {name}")).collect();
                if !more.is_empty() {
                    lines.push(format!("    {more}"));
                }
                lines
            }
        }
    }
}
