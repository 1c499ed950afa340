//! Foreign text on its way to people's eyes: nothing in it may move the cursor, turn the reading direction or fill a
//! screen. Pure. HTML escaping is the template's.

/// No reason needs more; a refused value of 300 characters is recognised by its two ends.
pub const LONGEST: usize = 600;

/// One line of printable text: controls and line ends become spaces, characters that turn the reading direction
/// (U+061C, U+200E, U+200F, U+202A–202E, U+2066–2069) become U+FFFD, so that they are seen and do nothing.
pub fn clean(text: &str) -> String {
    let cleaned: String = text.chars().map(harmless).collect();
    cleaned.trim().to_owned()
}

/// At most about `limit` characters: both ends, and the full length between them.
pub fn shortened(text: &str, limit: usize) -> String {
    let text = clean(text);
    let length = text.chars().count();
    if length <= limit {
        return text;
    }
    let (head, tail) = (limit * 2 / 3, limit / 3);
    let start: String = text.chars().take(head).collect();
    let end: String = text.chars().skip(length - tail).collect();
    format!("{} … [{length} characters in all] … {}", start.trim_end(), end.trim_start())
}

fn harmless(character: char) -> char {
    match character {
        '\u{2028}' | '\u{2029}' | '\u{feff}' => ' ',
        '\u{061c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => '\u{fffd}',
        _ if character.is_control() => ' ',
        _ => character,
    }
}

/// Whether a word can be pasted into a shell as it is.
pub fn is_plain_word(word: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._@-".contains(&byte);
    !word.is_empty() && !word.starts_with('-') && word.bytes().all(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn controls_become_spaces_and_direction_marks_become_visible() {
        assert_eq!(clean("a\r\nBcc: x\0y\u{9b}31m"), "a  Bcc: x y 31m");
        assert_eq!(clean("Eve\u{202e}gpj.exe\u{2066}"), "Eve\u{fffd}gpj.exe\u{fffd}");
        assert_eq!(clean("👩‍🚀 Zoë"), "👩‍🚀 Zoë");
    }

    #[test]
    fn a_long_value_keeps_both_ends_and_names_its_length() {
        let text = format!("begin{}end", "x".repeat(300));
        assert_eq!(shortened(&text, 30), "beginxxxxxxxxxxxxxxx … [308 characters in all] … xxxxxxxend");
        assert_eq!(shortened("short", 30), "short");
    }

    #[test]
    fn only_plain_words_are_offered_for_a_shell() {
        assert!(is_plain_word("ada.o-neill@acme.example"));
        for hostile in ["", "a b", "$(reboot)", "a;b", "-rf", "é"] {
            assert!(!is_plain_word(hostile), "{hostile:?}");
        }
    }
}
