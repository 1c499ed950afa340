//! What the service says it can do (RFC 7643 §5), asked once when the profile leaves something open. That document lies
//! both ways and may be missing, so the profile always wins.

use serde_json::Value;

use crate::target::UpdateBy;

use super::Scim;
use super::path::{boolean, member};

/// `/ServiceProviderConfig`, as far as it matters here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Capabilities {
    pub patch: Option<bool>,
    pub etag: Option<bool>,
    pub filter: Option<bool>,
}

impl Capabilities {
    pub fn of(document: &Value) -> Self {
        let supported = |name| member(document, name).and_then(|it| member(it, "supported")).and_then(boolean);
        Self { patch: supported("patch"), etag: supported("etag"), filter: supported("filter") }
    }
}

impl Scim {
    /// PATCH, unless the profile or the service says otherwise.
    pub(super) async fn update_by(&self) -> UpdateBy {
        if let Some(update_by) = self.profile.update_by {
            return update_by;
        }
        match self.capabilities().await.patch {
            Some(false) => UpdateBy::Put,
            Some(true) | None => UpdateBy::Patch,
        }
    }

    /// Whether changes carry the version they were made for.
    pub(super) async fn sends_versions(&self) -> bool {
        match self.profile.etag {
            Some(etag) => etag,
            None => self.capabilities().await.etag == Some(true),
        }
    }

    async fn capabilities(&self) -> Capabilities {
        let fetched = self.capabilities.get_or_try_init(|| async {
            let answer = self.link.document("ServiceProviderConfig").await.map_err(drop)?;
            let document = serde_json::from_slice(&answer.body).unwrap_or(Value::Null);
            // An error document says nothing about capabilities; a passing error is asked about again.
            match answer.status {
                200..=299 => Ok(Capabilities::of(&document)),
                408 | 425 | 429 | 500..=599 => Err(()),
                _ => Ok(Capabilities::default()),
            }
        });
        fetched.await.copied().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn capabilities_are_read_liberally_and_silence_is_not_no() {
        let document = json!({"patch": {"supported": "False"}, "ETag": {"supported": true}, "filter": {}});
        let expected = Capabilities { patch: Some(false), etag: Some(true), filter: None };
        assert_eq!(Capabilities::of(&document), expected);
        assert_eq!(Capabilities::of(&json!([])), Capabilities::default());
    }
}
