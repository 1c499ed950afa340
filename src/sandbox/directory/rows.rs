//! Directory objects as rows of JSON, written straight into bytes so that a page of 999 costs about a millisecond.
//! Knows Graph's property names; knows nothing of requests.

use serde_json::Value;

use super::world::{Kind, World};
use crate::sandbox::people::FILLED;

/// What `user` has without `$select` (Graph: user resource type, "returned by default").
pub(crate) const USER_DEFAULT: &[&str] = &[
    "id",
    "businessPhones",
    "displayName",
    "givenName",
    "jobTitle",
    "mail",
    "mobilePhone",
    "officeLocation",
    "preferredLanguage",
    "surname",
    "userPrincipalName",
];

/// Properties only with `$select` that a generated person has no value for.
const USER_UNFILLED: &[&str] = &[
    "ageGroup",
    "assignedLicenses",
    "assignedPlans",
    "authorizationInfo",
    "consentProvidedForMinor",
    "creationType",
    "customSecurityAttributes",
    "deletedDateTime",
    "employeeLeaveDateTime",
    "employeeOrgData",
    "externalUserState",
    "externalUserStateChangeDateTime",
    "faxNumber",
    "identities",
    "imAddresses",
    "isManagementRestricted",
    "isResourceAccount",
    "lastPasswordChangeDateTime",
    "legalAgeGroupClassification",
    "licenseAssignmentStates",
    "onPremisesDistinguishedName",
    "onPremisesDomainName",
    "onPremisesExtensionAttributes",
    "onPremisesImmutableId",
    "onPremisesLastSyncDateTime",
    "onPremisesProvisioningErrors",
    "onPremisesSamAccountName",
    "onPremisesSecurityIdentifier",
    "onPremisesSyncEnabled",
    "onPremisesUserPrincipalName",
    "otherMails",
    "passwordPolicies",
    "passwordProfile",
    "postalCode",
    "preferredDataLocation",
    "provisionedPlans",
    "securityIdentifier",
    "serviceProvisioningErrors",
    "showInAddressList",
    "signInActivity",
    "signInSessionsValidFromDateTime",
    "state",
    "streetAddress",
];

/// Collections are never null.
const LISTS: &[&str] = &[
    "assignedLicenses",
    "assignedPlans",
    "businessPhones",
    "identities",
    "imAddresses",
    "licenseAssignmentStates",
    "onPremisesProvisioningErrors",
    "otherMails",
    "provisionedPlans",
    "proxyAddresses",
    "serviceProvisioningErrors",
    "groupTypes",
];

pub(crate) const GROUP_DEFAULT: &[&str] = &[
    "id",
    "deletedDateTime",
    "classification",
    "createdDateTime",
    "description",
    "displayName",
    "expirationDateTime",
    "groupTypes",
    "mail",
    "mailEnabled",
    "mailNickname",
    "membershipRule",
    "membershipRuleProcessingState",
    "onPremisesLastSyncDateTime",
    "onPremisesSyncEnabled",
    "preferredDataLocation",
    "preferredLanguage",
    "proxyAddresses",
    "renewedDateTime",
    "securityEnabled",
    "securityIdentifier",
    "theme",
    "visibility",
];

pub(crate) const GROUP_PROPERTIES: &[&str] = &[
    "assignedLabels",
    "assignedLicenses",
    "isAssignableToRole",
    "isArchived",
    "hideFromAddressLists",
    "hideFromOutlookClients",
    "onPremisesDomainName",
    "onPremisesNetBiosName",
    "onPremisesSamAccountName",
    "onPremisesSecurityIdentifier",
    "onPremisesProvisioningErrors",
    "serviceProvisioningErrors",
    "uniqueName",
    "isManagementRestricted",
    "licenseProcessingState",
    "hasMembersWithLicenseErrors",
];

/// Whether Graph's `user` has this property in lists (directory extensions are named in full).
pub(crate) fn is_user_property(name: &str) -> bool {
    name == "id" || FILLED.contains(&name) || USER_UNFILLED.contains(&name) || is_directory_extension(name)
}

/// `extension_<appId without dashes>_<name>`.
fn is_directory_extension(name: &str) -> bool {
    let parts = name.strip_prefix("extension_").and_then(|rest| rest.split_once('_'));
    parts.is_some_and(|(app, name)| app.len() == 32 && app.bytes().all(|b| b.is_ascii_hexdigit()) && !name.is_empty())
}

pub(crate) fn member_kind(kind: Kind) -> &'static str {
    match kind {
        Kind::User => "#microsoft.graph.user",
        Kind::Group => "#microsoft.graph.group",
        Kind::Device => "#microsoft.graph.device",
        Kind::OrgContact => "#microsoft.graph.orgContact",
    }
}

impl World {
    /// One object with these properties; `typed` puts `@odata.type` first.
    pub(crate) fn write_row(&self, handle: u32, properties: &[&str], typed: bool, out: &mut Vec<u8>) {
        let kind = self.kind(handle);
        let mut separator = "{";
        if typed {
            out.extend(b"{\"@odata.type\":\"");
            out.extend(member_kind(kind).as_bytes());
            out.push(b'"');
            separator = ",";
        }
        for property in properties.iter().filter(|name| kind_has(kind, name)) {
            out.extend(separator.as_bytes());
            out.push(b'"');
            out.extend(property.as_bytes());
            out.extend(b"\":");
            self.write_value(handle, property, out);
            separator = ",";
        }
        out.extend(if separator == "{" { b"{}".as_slice() } else { b"}" });
    }

    /// What a reader without the right for this kind of object gets: its id, and null for all else.
    pub(crate) fn write_veiled_row(&self, handle: u32, properties: &[&str], typed: bool, out: &mut Vec<u8>) {
        let kind = self.kind(handle);
        out.push(b'{');
        if typed {
            out.extend(format!("\"@odata.type\":\"{}\",", member_kind(kind)).into_bytes());
        }
        out.extend(format!("\"id\":\"{}\"", self.id(handle)).into_bytes());
        for property in properties.iter().filter(|name| **name != "id" && kind_has(kind, name)) {
            let nothing = if LISTS.contains(property) { "[]" } else { "null" };
            out.extend(format!(",\"{property}\":{nothing}").into_bytes());
        }
        out.push(b'}');
    }

    fn write_value(&self, handle: u32, property: &str, out: &mut Vec<u8>) {
        if property == "id" {
            let mut buffer = uuid::Uuid::encode_buffer();
            out.push(b'"');
            out.extend(self.id(handle).hyphenated().encode_lower(&mut buffer).as_bytes());
            out.push(b'"');
            return;
        }
        let value = match self.written(handle) {
            Some(object) => object.attributes.get(property),
            None if FILLED.contains(&property) => return self.population.person(handle).write(property, out),
            None => None,
        };
        match value {
            Some(Value::Null) | None if LISTS.contains(&property) => out.extend(b"[]"),
            Some(value) => out.extend(value.to_string().into_bytes()),
            None => out.extend(b"null"),
        }
    }
}

/// Properties of another type are absent from a row, not null.
fn kind_has(kind: Kind, property: &str) -> bool {
    match kind {
        Kind::User => is_user_property(property),
        Kind::Group => GROUP_DEFAULT.contains(&property) || GROUP_PROPERTIES.contains(&property),
        Kind::Device => matches!(property, "id" | "displayName" | "accountEnabled" | "deletedDateTime"),
        Kind::OrgContact => matches!(
            property,
            "id" | "displayName" | "mail" | "givenName" | "surname" | "jobTitle" | "department" | "companyName"
        ),
    }
}
