//! Page tokens: opaque to clients, bound to one list and one query, and good for one epoch. Knows no rows.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::error::Refusal;
use crate::sandbox::people::mix;
use crate::sandbox::wire::Request;

/// Where an enumeration stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Position {
    /// The first handle of this page.
    pub(super) cursor: u32,
    /// Counted from 1.
    pub(super) page: u32,
}

impl Position {
    pub(super) const FIRST: Self = Self { cursor: 0, page: 1 };

    /// Where this request stands: the beginning, or what its token says.
    pub(super) fn of(request: &Request, epoch: u32) -> Result<Self, Refusal> {
        let Some(token) = request.option("$skiptoken") else { return Ok(Self::FIRST) };
        let invalid = || Refusal::bad_request("Invalid value specified for property 'skiptoken' of resource 'Query'.");
        let bytes = URL_SAFE_NO_PAD.decode(&token).map_err(|_| invalid())?;
        let [made, cursor, page, seal] = parts(&bytes).ok_or_else(invalid)?;
        let position = Self { cursor, page };
        if seal != position.seal(made, request) {
            return Err(invalid());
        }
        if made != epoch {
            return Err(Refusal::new(400, "Directory_ExpiredPageToken", "The specified page token value has expired."));
        }
        Ok(position)
    }

    /// The page's number for whoever waits for it with a fault, before anything is checked.
    pub(super) fn page_number(request: &Request) -> u32 {
        let token = request.option("$skiptoken");
        let bytes = token.and_then(|token| URL_SAFE_NO_PAD.decode(token).ok()).unwrap_or_default();
        parts(&bytes).map_or(1, |[_, _, page, _]| page)
    }

    /// The absolute link to this position, with the query of the request as it was.
    pub(super) fn link(self, request: &Request, epoch: u32) -> String {
        let mut bytes = Vec::with_capacity(16);
        for number in [epoch, self.cursor, self.page, self.seal(epoch, request)] {
            bytes.extend(number.to_be_bytes());
        }
        let token = URL_SAFE_NO_PAD.encode(bytes);
        let query: Vec<&str> = own_query(request).collect();
        let host = request.header("host").unwrap_or("127.0.0.1");
        let separator = if query.is_empty() { "" } else { "&" };
        format!("http://{host}/{}?{}{separator}$skiptoken={token}", request.path.join("/"), query.join("&"))
    }

    /// Binds a token to its list and its query, so that a link that was taken apart is refused.
    #[expect(clippy::cast_possible_truncation, reason = "half of a hash is enough to notice a change")]
    fn seal(self, epoch: u32, request: &Request) -> u32 {
        let mut hash = mix(u64::from(epoch) << 32 | u64::from(self.page)) ^ u64::from(self.cursor);
        let path = request.path.join("/");
        for byte in path.bytes().chain(own_query(request).flat_map(str::bytes)) {
            hash = mix(hash ^ u64::from(byte));
        }
        hash as u32
    }
}

/// The query without the token, undecoded.
fn own_query(request: &Request) -> impl Iterator<Item = &str> {
    let pairs = request.raw_query.split('&').filter(|pair| !pair.is_empty());
    pairs.filter(|pair| !pair.starts_with("$skiptoken=") && !pair.starts_with("%24skiptoken="))
}

fn parts(bytes: &[u8]) -> Option<[u32; 4]> {
    let words: Vec<u32> =
        bytes.chunks_exact(4).map(|word| word.iter().fold(0, |n, b| n << 8 | u32::from(*b))).collect();
    (bytes.len() == 16).then(|| words.try_into().ok()).flatten()
}
