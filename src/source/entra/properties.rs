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

/// Whether Graph has this property: a known one, or a directory extension (`extension_<app id without dashes>_<name>`).
pub fn is_property(name: &str) -> bool {
    PROPERTIES.contains(&name) || is_directory_extension(name)
}

fn is_directory_extension(name: &str) -> bool {
    let parts = name.strip_prefix("extension_").and_then(|rest| rest.split_once('_'));
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
    parts.is_some_and(|(app, name)| {
        app.len() == 32 && app.chars().all(|c| c.is_ascii_hexdigit()) && !name.is_empty() && name.chars().all(plain)
    })
}

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_property_is_a_known_one_or_a_directory_extension_named_in_full() {
        assert!(is_property("department"));
        assert!(is_property("extension_0123456789abcdef0123456789ABCDEF_costCenter"));
        for name in ["Department", "aboutMe", "account_id", "extension_costCenter", "extension_x_y", "id&$top=1", ""] {
            assert!(!is_property(name), "{name}");
        }
        assert!(PROPERTIES.is_sorted());
    }

    #[test]
    fn the_account_of_a_manager_is_not_asked_of_graph() {
        let manager = Some(["account_id", "mail"].map(str::to_owned).into());
        let selection = Selection::of(&Properties { manager, ..Properties::default() });
        assert_eq!(select(&selection.manager.expect("managers are read")), "$select=id,mail");
    }
}
