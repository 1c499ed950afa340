//! What a user is made of (RFC 7643 §4.1, §4.3), in one table: for validation, and for `/Schemas`. Plain data.

use serde_json::{Map, Value, json};

pub(super) const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
pub(super) const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

/// An attribute's type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    Text,
    Truth,
    /// One value with these parts.
    Complex(&'static [&'static str]),
    /// Several values with these parts.
    Several(&'static [&'static str]),
    /// Written by the server: ignored when sent.
    ReadOnly,
}

const PLURAL: &[&str] = &["value", "display", "type", "primary"];

const CORE: &[(&str, Shape)] = &[
    ("schemas", Shape::ReadOnly),
    ("id", Shape::ReadOnly),
    ("meta", Shape::ReadOnly),
    ("groups", Shape::ReadOnly),
    ("externalId", Shape::Text),
    ("userName", Shape::Text),
    (
        "name",
        Shape::Complex(&["formatted", "familyName", "givenName", "middleName", "honorificPrefix", "honorificSuffix"]),
    ),
    ("displayName", Shape::Text),
    ("nickName", Shape::Text),
    ("profileUrl", Shape::Text),
    ("title", Shape::Text),
    ("userType", Shape::Text),
    ("preferredLanguage", Shape::Text),
    ("locale", Shape::Text),
    ("timezone", Shape::Text),
    ("active", Shape::Truth),
    ("password", Shape::Text),
    ("emails", Shape::Several(PLURAL)),
    ("phoneNumbers", Shape::Several(PLURAL)),
    ("ims", Shape::Several(PLURAL)),
    ("photos", Shape::Several(PLURAL)),
    (
        "addresses",
        Shape::Several(&[
            "formatted",
            "streetAddress",
            "locality",
            "region",
            "postalCode",
            "country",
            "type",
            "primary",
        ]),
    ),
    ("entitlements", Shape::Several(PLURAL)),
    ("roles", Shape::Several(PLURAL)),
    ("x509Certificates", Shape::Several(PLURAL)),
];

const EXTENSION: &[(&str, Shape)] = &[
    ("employeeNumber", Shape::Text),
    ("costCenter", Shape::Text),
    ("organization", Shape::Text),
    ("division", Shape::Text),
    ("department", Shape::Text),
    ("manager", Shape::Complex(&["value", "$ref", "displayName"])),
];

/// An attribute of the core schema by name in any case: as it is spelled, and its type.
pub(super) fn core(name: &str) -> Option<(&'static str, Shape)> {
    find(CORE, name)
}

pub(super) fn extension(name: &str) -> Option<(&'static str, Shape)> {
    find(EXTENSION, name)
}

fn find(table: &[(&'static str, Shape)], name: &str) -> Option<(&'static str, Shape)> {
    table.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).copied()
}

/// A part of a complex attribute, as it is spelled.
pub(super) fn part(shape: Shape, name: &str) -> Option<&'static str> {
    match shape {
        Shape::Complex(parts) | Shape::Several(parts) => {
            parts.iter().copied().find(|part| part.eq_ignore_ascii_case(name))
        }
        Shape::Text | Shape::Truth | Shape::ReadOnly => None,
    }
}

/// `/Schemas` without what this app does not know.
pub(super) fn listed(unknown: &[String]) -> Vec<Value> {
    vec![described(USER, "User", CORE, unknown), described(ENTERPRISE, "EnterpriseUser", EXTENSION, unknown)]
}

fn described(urn: &str, name: &str, table: &[(&str, Shape)], unknown: &[String]) -> Value {
    // RFC 7643 §3.1: common attributes belong to every resource and to no schema.
    let common = |name: &str| matches!(name, "schemas" | "id" | "meta");
    let known = table.iter().filter(|(name, _)| !common(name) && !unknown.iter().any(|gone| gone == name));
    let attributes: Vec<Value> = known.map(|(name, shape)| attribute(name, *shape)).collect();
    json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Schema"],
        "id": urn, "name": name, "attributes": attributes,
        "meta": {"resourceType": "Schema", "location": format!("/Schemas/{urn}")},
    })
}

fn attribute(name: &str, shape: Shape) -> Value {
    let mut described = Map::new();
    let mut put = |key: &str, value: Value| described.insert(key.to_owned(), value);
    put("name", Value::from(name));
    put("multiValued", Value::from(matches!(shape, Shape::Several(_)) || name == "groups"));
    put("required", Value::from(name == "userName"));
    put("caseExact", Value::from(matches!(name, "id" | "externalId")));
    put("mutability", Value::from(if shape == Shape::ReadOnly { "readOnly" } else { "readWrite" }));
    put("returned", Value::from(if name == "password" { "never" } else { "default" }));
    put("uniqueness", Value::from(if name == "userName" { "server" } else { "none" }));
    let kind = match shape {
        Shape::Truth => "boolean",
        Shape::Complex(_) | Shape::Several(_) | Shape::ReadOnly => "complex",
        Shape::Text => "string",
    };
    put("type", Value::from(kind));
    if let Shape::Complex(parts) | Shape::Several(parts) = shape {
        let part = |name: &&str| {
            let kind = if *name == "primary" { "boolean" } else { "string" };
            json!({"name": name, "type": kind, "multiValued": false, "required": false, "mutability": "readWrite"})
        };
        put("subAttributes", parts.iter().map(part).collect());
    }
    Value::Object(described)
}
