//! A mail, parsed as far as a reader sees it: headers (RFC 2047), text and HTML parts (RFC 2045, RFC 2046). Pure.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// Deeper nesting than any mail of ours; bounds the recursion.
const DEEPEST: usize = 8;

/// One mail as it arrived, and as people read it.
#[derive(Clone, Debug)]
pub struct Mail {
    pub envelope_from: String,
    pub recipients: Vec<String>,
    /// Decoded and unfolded, in order.
    pub headers: Vec<(String, String)>,
    /// The text part, decoded.
    pub text: String,
    /// The HTML part, decoded.
    pub html: String,
    pub raw: Vec<u8>,
}

impl Mail {
    pub(super) fn new(envelope_from: String, recipients: Vec<String>, raw: Vec<u8>) -> Self {
        let (headers, body) = split(&raw);
        let (mut text, mut html) = (String::new(), String::new());
        collect(&headers, body, DEEPEST, &mut text, &mut html);
        let headers = headers.into_iter().map(|(name, value)| (name, decode_words(&value))).collect();
        Self { envelope_from, recipients, headers, text, html, raw }
    }

    /// The first header of this name, decoded; empty when there is none.
    pub fn header(&self, name: &str) -> &str {
        find(&self.headers, name).unwrap_or("")
    }

    pub fn subject(&self) -> &str {
        self.header("subject")
    }

    pub fn from(&self) -> &str {
        self.header("from")
    }

    pub fn to(&self) -> &str {
        self.header("to")
    }
}

type Headers = Vec<(String, String)>;

/// Headers, unfolded but not decoded, and the body.
fn split(raw: &[u8]) -> (Headers, &[u8]) {
    let end = raw.windows(4).position(|window| window == b"\r\n\r\n");
    let (head, body) = end.map_or((raw, b"".as_slice()), |end| (&raw[..end], &raw[end + 4..]));
    let mut headers: Headers = Vec::new();
    for line in String::from_utf8_lossy(head).split("\r\n") {
        if line.starts_with([' ', '\t']) {
            if let Some((_, value)) = headers.last_mut() {
                value.push_str(line);
            }
        } else if let Some((name, value)) = line.split_once(':') {
            headers.push((name.to_owned(), value.trim().to_owned()));
        }
    }
    (headers, body)
}

fn find<'a>(headers: &'a Headers, name: &str) -> Option<&'a str> {
    headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
}

fn collect(headers: &Headers, body: &[u8], depth: usize, text: &mut String, html: &mut String) {
    let kind = find(headers, "content-type").unwrap_or("text/plain");
    let lower = kind.to_ascii_lowercase();
    if lower.starts_with("multipart/") && depth > 0 {
        for part in boundary(kind).iter().flat_map(|boundary| parts(body, boundary)) {
            let (headers, body) = split(part);
            collect(&headers, body, depth - 1, text, html);
        }
        return;
    }
    let encoding = find(headers, "content-transfer-encoding").unwrap_or("7bit").to_ascii_lowercase();
    let decoded = String::from_utf8_lossy(&decode_body(body, &encoding)).into_owned();
    if lower.starts_with("text/html") && html.is_empty() {
        *html = decoded;
    } else if lower.starts_with("text/plain") && text.is_empty() {
        *text = decoded;
    }
}

fn boundary(kind: &str) -> Option<String> {
    let at = kind.to_ascii_lowercase().find("boundary=")? + "boundary=".len();
    let rest = &kind[at..];
    Some(match rest.strip_prefix('"') {
        Some(quoted) => quoted.split('"').next()?.to_owned(),
        None => rest.split(';').next()?.trim().to_owned(),
    })
}

/// The pieces between the boundary's lines (RFC 2046 §5.1.1).
fn parts<'a>(body: &'a [u8], boundary: &str) -> Vec<&'a [u8]> {
    let mark = format!("--{boundary}");
    let mut parts = Vec::new();
    let mut begin = None;
    let mut at = 0;
    for line in body.split_inclusive(|byte| *byte == b'\n') {
        if line.starts_with(mark.as_bytes()) {
            if let Some(begin) = begin {
                let end = at - at.min(2);
                parts.push(body.get(begin..end).unwrap_or_default());
            }
            begin = Some(at + line.len());
        }
        at += line.len();
    }
    parts
}

fn decode_body(body: &[u8], encoding: &str) -> Vec<u8> {
    match encoding.trim() {
        "base64" => {
            let compact: Vec<u8> = body.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect();
            STANDARD.decode(compact).unwrap_or_default()
        }
        "quoted-printable" => quoted_printable(body),
        _ => body.to_vec(),
    }
}

/// RFC 2045 §6.7, and with `_` for space the Q encoding of RFC 2047.
fn quoted_printable(body: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(body.len());
    let mut rest = body;
    while let [first, tail @ ..] = rest {
        rest = tail;
        if *first != b'=' {
            out.push(*first);
            continue;
        }
        match tail {
            [b'\r', b'\n', after @ ..] | [b'\n', after @ ..] => rest = after,
            [high, low, after @ ..] => {
                let byte = std::str::from_utf8(&[*high, *low]).ok().and_then(|hex| u8::from_str_radix(hex, 16).ok());
                out.extend(byte);
                rest = if byte.is_some() { after } else { tail };
            }
            _ => out.push(b'='),
        }
    }
    out
}

/// `=?utf-8?B?…?=` and `=?utf-8?Q?…?=`; white space between two of them is dropped (RFC 2047 §6.2).
fn decode_words(value: &str) -> String {
    let mut out = Vec::new();
    let mut rest = value;
    let mut after_word = false;
    while let Some(begin) = rest.find("=?") {
        let (before, from) = rest.split_at(begin);
        let Some((bytes, after)) = encoded_word(from) else {
            out.extend(before.as_bytes());
            out.extend(b"=?");
            rest = &from[2..];
            after_word = false;
            continue;
        };
        if !(after_word && before.trim().is_empty()) {
            out.extend(before.as_bytes());
        }
        out.extend(bytes);
        rest = after;
        after_word = true;
    }
    out.extend(rest.as_bytes());
    String::from_utf8_lossy(&out).into_owned()
}

fn encoded_word(text: &str) -> Option<(Vec<u8>, &str)> {
    let mut fields = text.strip_prefix("=?")?.splitn(3, '?');
    let (_charset, encoding, rest) = (fields.next()?, fields.next()?, fields.next()?);
    let (payload, after) = rest.split_once("?=")?;
    let bytes = match encoding {
        "B" | "b" => STANDARD.decode(payload).ok()?,
        "Q" | "q" => quoted_printable(payload.replace('_', " ").as_bytes()),
        _ => return None,
    };
    Some((bytes, after))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subjects_and_both_parts_are_decoded() {
        let raw = b"Subject: =?utf-8?B?R3LDvMOfZQ==?=\r\n =?utf-8?Q?_an_=C3=96mer?= plain\r\n\
            Content-Type: multipart/mixed; boundary=\"out\"\r\n\r\n--out\r\n\
            Content-Type: multipart/alternative;\r\n boundary=in\r\n\r\n--in\r\n\
            Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n\
            caf=C3=A9 is a soft=\r\n line\r\n--in\r\nContent-Type: text/html\r\n\
            Content-Transfer-Encoding: base64\r\n\r\nPGI+\r\naGk8L2I+\r\n--in--\r\n--out--\r\n";
        let mail = Mail::new(String::new(), Vec::new(), raw.to_vec());
        assert_eq!(mail.subject(), "Grüße an Ömer plain");
        assert_eq!(mail.text, "café is a soft line");
        assert_eq!(mail.html, "<b>hi</b>");
    }

    #[test]
    fn a_plain_mail_is_its_text() {
        let mail = Mail::new(String::new(), Vec::new(), b"To: a@b.example\r\n\r\nHello\r\n".to_vec());
        assert_eq!((mail.to(), mail.text.as_str()), ("a@b.example", "Hello\r\n"));
    }
}
