//! The habits of real SCIM servers, as switches; all off is strict conduct. Plain data.

use std::collections::BTreeMap;

/// What paging does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Paging {
    #[default]
    True,
    /// `startIndex` and `count` are ignored: everything, always.
    Ignored,
    /// `startIndex` is ignored, `count` is not: the first page for ever.
    WrapRound,
}

/// An attribute's value that the app refuses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// A top-level attribute, or `name.givenName`, or `emails.value`.
    pub attribute: String,
    pub value: String,
    pub detail: String,
}

/// One switch per habit.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "independent habits, each a fact about a server")]
pub struct Quirks {
    /// PATCH answers 204 instead of 200 with the account.
    pub patch_answers_empty: bool,
    /// Any filter finds everyone.
    pub filter_ignored: bool,
    /// `userName eq` looks at case, against RFC 7643 §4.1.1.
    pub filter_case_sensitive: bool,
    /// Look-ups find nobody though they are there.
    pub filter_finds_nothing: bool,
    /// `userName` is unique with regard to case only, so that one name may find two.
    pub case_variants_allowed: bool,
    pub paging: Paging,
    /// At most this many rows per page, whatever `count` says.
    pub page_limit: usize,
    /// `totalResults` instead of the truth.
    pub total_results: Option<u64>,
    pub external_id_hidden: bool,
    /// The status of a duplicate, and whether it says `scimType`.
    pub duplicate_status: u16,
    pub duplicate_says_type: bool,
    /// `externalId` is unique too.
    pub external_id_unique: bool,
    /// Unknown attributes are dropped in silence instead of refused.
    pub unknown_dropped: bool,
    /// Attributes this app does not know though the RFC does.
    pub unknown: Vec<String>,
    /// `Add`, `Replace` and `Remove` are accepted in any case.
    pub any_case_operations: bool,
    /// `ServiceProviderConfig` says no PATCH, and PATCH is 501.
    pub put_only: bool,
    /// Writes need `If-Match`; without it they are 428.
    pub etag_required: bool,
    /// `/ServiceProviderConfig` is 404.
    pub config_missing: bool,
    /// New accounts get ids that need percent-encoding: an e-mail with a space and a slash.
    pub odd_ids: bool,
    /// After a create, so many look-ups and lists do not see the account.
    pub blind_lookups: u32,
    /// Active accounts the plan allows.
    pub seats: Option<usize>,
    /// How the app says that no seat is left.
    pub no_seat_status: u16,
    /// Values the app refuses with 400 invalidValue.
    pub refused: Vec<Refused>,
    /// Inactive accounts are 404 to everything but an activation (Atlassian).
    pub inactive_is_404: bool,
    /// An inactive account accepts only a change of `active` (`LaunchDarkly`).
    pub inactive_is_frozen: bool,
    /// Attributes that are shown in upper case: an echo that differs from what was sent.
    pub shouted: Vec<String>,
    /// Extra headers of every answer, for example `X-RateLimit-Remaining`.
    pub headers: BTreeMap<&'static str, String>,
}

impl Default for Quirks {
    fn default() -> Self {
        Self {
            patch_answers_empty: false,
            filter_ignored: false,
            filter_case_sensitive: false,
            filter_finds_nothing: false,
            case_variants_allowed: false,
            paging: Paging::True,
            page_limit: 200,
            total_results: None,
            external_id_hidden: false,
            duplicate_status: 409,
            duplicate_says_type: true,
            external_id_unique: true,
            unknown_dropped: false,
            unknown: Vec::new(),
            any_case_operations: false,
            put_only: false,
            etag_required: false,
            config_missing: false,
            odd_ids: false,
            blind_lookups: 0,
            seats: None,
            no_seat_status: 403,
            refused: Vec::new(),
            inactive_is_404: false,
            inactive_is_frozen: false,
            shouted: Vec::new(),
            headers: BTreeMap::new(),
        }
    }
}
