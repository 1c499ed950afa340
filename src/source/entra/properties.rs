//! The user properties that Graph gives in lists, and what a read asks for. Pure.

use std::collections::BTreeSet;

use crate::model::Properties;

/// Graph's user properties that an expression may name (facts: the user resource of Graph v1.0). Those that Graph
/// gives for one user only (aboutMe, birthday, skills…) or that need permissions of their own (signInActivity,
/// customSecurityAttributes) are left out: naming one would fail every read.
pub const PROPERTIES: &[&str] = &[
    "accountEnabled",
    "ageGroup",
    "businessPhones",
    "city",
    "companyName",
    "consentProvidedForMinor",
    "country",
    "createdDateTime",
    "creationType",
    "department",
    "displayName",
    "employeeHireDate",
    "employeeId",
    "employeeLeaveDateTime",
    "employeeOrgData",
    "employeeType",
    "externalUserState",
    "externalUserStateChangeDateTime",
    "faxNumber",
    "givenName",
    "id",
    "identities",
    "imAddresses",
    "isManagementRestricted",
    "isResourceAccount",
    "jobTitle",
    "lastPasswordChangeDateTime",
    "legalAgeGroupClassification",
    "mail",
    "mailNickname",
    "mobilePhone",
    "officeLocation",
    "onPremisesDistinguishedName",
    "onPremisesDomainName",
    "onPremisesExtensionAttributes",
    "onPremisesImmutableId",
    "onPremisesLastSyncDateTime",
    "onPremisesSamAccountName",
    "onPremisesSecurityIdentifier",
    "onPremisesSyncEnabled",
    "onPremisesUserPrincipalName",
    "otherMails",
    "passwordPolicies",
    "postalCode",
    "preferredDataLocation",
    "preferredLanguage",
    "proxyAddresses",
    "securityIdentifier",
    "showInAddressList",
    "signInSessionsValidFromDateTime",
    "state",
    "streetAddress",
    "surname",
    "usageLocation",
    "userPrincipalName",
    "userType",
];

/// Asked of every user: the identity, the deactivation signal, and the two names whose absence shows a lost permission.
const ALWAYS: [&str; 5] = ["accountEnabled", "displayName", "id", "userPrincipalName", "userType"];

/// What a read asks for.
#[derive(Clone, Debug)]
pub(super) struct Selection {
    pub user: BTreeSet<String>,
    /// Present when managers are read at all.
    pub manager: Option<BTreeSet<String>>,
}

impl Selection {
    pub fn of(properties: &Properties) -> Self {
        Self { user: with(&ALWAYS, &properties.user), manager: properties.manager.as_ref().map(|of| with(&["id"], of)) }
    }

    /// The identity and nothing else: for groups whose members are only subtracted.
    pub fn ids() -> Self {
        Self { user: with(&["id"], &BTreeSet::new()), manager: None }
    }
}

/// `account_id` is the manager's account in the target, which Graph knows nothing of.
fn with(always: &[&str], wanted: &BTreeSet<String>) -> BTreeSet<String> {
    let of_graph = wanted.iter().filter(|name| *name != "account_id").cloned();
    always.iter().map(|&name| name.to_owned()).chain(of_graph).collect()
}

/// The `$select` option of a request.
pub(super) fn select(properties: &BTreeSet<String>) -> String {
    let names: Vec<&str> = properties.iter().map(String::as_str).collect();
    format!("$select={}", names.join(","))
}
