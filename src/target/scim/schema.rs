//! What RFC 7643 says about attributes: names of schemas, which values are boolean, which are lists. Pure.

use crate::model::AttributeKind;

use super::path::Path;

/// The core schema of a user (RFC 7643 §4.1).
pub const CORE_USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
/// A PATCH request (RFC 7644 §3.5.2).
pub const PATCH_OP: &str = "urn:ietf:params:scim:api:messages:2.0:PatchOp";

/// Attributes of a user with several complex values, each holding its `value` (RFC 7643 §4.1.2).
const LISTS: [&str; 9] =
    ["emails", "phoneNumbers", "ims", "photos", "addresses", "groups", "entitlements", "roles", "x509Certificates"];

/// Attributes that are not the mapping's to write, and why.
const OURS: [(&str, &str); 6] = [
    ("active", "it follows from who is in scope, and is sent with every change"),
    ("id", "the app gives it"),
    ("meta", "the app keeps it"),
    ("schemas", "it follows from the other attributes"),
    ("groups", "it is read-only; memberships are written through groups"),
    ("password", "no password is ever sent"),
];

/// What RFC 7643 (§4, §8.7) says an attribute is; text unless it says otherwise.
pub fn attribute_kind(attribute: &str) -> AttributeKind {
    Path::parse(attribute).map_or(AttributeKind::Text, |path| path.kind())
}

/// Whether the mapping may name this attribute.
///
/// # Errors
/// Why not, and what to write instead.
pub fn check_attribute(attribute: &str) -> Result<(), String> {
    let path = Path::parse(attribute)?;
    let ours = OURS.iter().find(|(name, _)| path.schema.is_none() && path.name.eq_ignore_ascii_case(name));
    ours.map_or(Ok(()), |(name, why)| Err(format!("{name} is not for the mapping to set: {why}")))
}

pub(super) fn is_list(name: &str) -> bool {
    LISTS.iter().any(|list| list.eq_ignore_ascii_case(name))
}

impl Path {
    pub(super) fn kind(&self) -> AttributeKind {
        let leaf = self.sub.as_deref().unwrap_or(&self.name);
        let boolean = leaf.eq_ignore_ascii_case("primary") && self.selector.is_some();
        if boolean || (self.schema.is_none() && self.sub.is_none() && leaf.eq_ignore_ascii_case("active")) {
            return AttributeKind::Boolean;
        }
        if self.is_whole_list() { AttributeKind::Set } else { AttributeKind::Text }
    }

    /// All values of a list at once, for example `roles`.
    pub(super) fn is_whole_list(&self) -> bool {
        self.schema.is_none() && self.selector.is_none() && self.sub.is_none() && is_list(&self.name)
    }

    /// The enterprise extension's manager: `{"value": "<account id>"}` (RFC 7643 §4.3).
    pub(super) fn is_reference(&self) -> bool {
        self.schema.is_some() && self.sub.is_none() && self.name.eq_ignore_ascii_case("manager")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(attribute: &str, expected: AttributeKind) {
        assert_eq!(attribute_kind(attribute), expected, "{attribute}");
    }

    #[test]
    fn everything_is_text_unless_the_schema_says_otherwise() {
        check("userName", AttributeKind::Text);
        check("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:employeeNumber", AttributeKind::Text);
        check(r#"emails[type eq "work"].value"#, AttributeKind::Text);
        check("ACTIVE", AttributeKind::Boolean);
        check(r#"emails[type eq "work"].primary"#, AttributeKind::Boolean);
        check("roles", AttributeKind::Set);
        check("urn:example:2.0:User:roles", AttributeKind::Text);
        check("not an attribute", AttributeKind::Text);
    }

    #[test]
    fn the_mapping_may_not_name_what_is_not_its_to_set() {
        assert!(check_attribute("Active").expect_err("a refusal").contains("who is in scope"));
        assert!(check_attribute("urn:ietf:params:scim:schemas:core:2.0:User:id").is_err());
        assert!(check_attribute("emails[0].value").is_err());
        assert!(check_attribute("urn:example:2.0:User:active").is_ok());
        assert!(check_attribute("displayName").is_ok());
    }
}
