//! Writing to the terminal. A reader that has gone away (`| head -1`) is no error.

use std::io::Write as _;

use serde_json::Value;

use crate::report::plain;

/// Text whose foreign parts are harmless already.
pub fn text(text: &str) {
    let mut out = anstream::stdout();
    drop(out.write_all(text.as_bytes()).and_then(|()| out.flush()));
}

pub fn line(line: &str) {
    text(&format!("{line}\n"));
}

/// One JSON object or array, on lines of its own.
pub fn json(value: &Value) {
    line(&serde_json::to_string_pretty(value).unwrap_or_default());
}

pub fn error(message: &str) {
    let mut err = anstream::stderr();
    let bold = anstyle::Style::new().bold().fg_color(Some(anstyle::AnsiColor::Red.into()));
    for (number, line) in message.lines().enumerate() {
        let head = if number == 0 { format!("{bold}error:{bold:#} ") } else { String::new() };
        drop(writeln!(err, "{head}{}", plain(line)));
    }
}
