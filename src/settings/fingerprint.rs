//! What of a configuration decides who gets which account with which values: a change of it makes the next plan a
//! `configuration` hold (guarantee 6). Pure.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use ring::digest::{SHA256, digest};
use serde_json::{Map, Value, json};

use super::Settings;
use crate::mapping::{LongLine, MappingLine, OnNull, When};
use crate::plan::LeaverRule;
use crate::source::{Cloud, GroupRef};
use crate::target::UpdateBy;

/// Hex SHA-256 of the parts named in guarantee 6, the same whatever the files look like.
pub fn of(settings: &Settings) -> String {
    let mut hex = String::new();
    for byte in digest(&SHA256, canonical(settings).to_string().as_bytes()).as_ref() {
        write!(hex, "{byte:02x}").expect("a String takes all that is written");
    }
    hex
}

/// `serde_json` keeps objects sorted by key, so that the text is canonical. A part at rest (no profile, nothing left
/// out) is not written: a part that a later version adds leaves every fingerprint as it was.
fn canonical(settings: &Settings) -> Value {
    let mut parts = Map::new();
    parts.insert("source".to_owned(), source(settings));
    parts.insert("scope".to_owned(), json!(settings.scope.condition.as_deref().map(str::trim)));
    parts.insert("mapping".to_owned(), mapping(settings));
    parts.insert("leavers".to_owned(), leavers(settings));
    parts.insert("target".to_owned(), target(settings));
    Value::Object(parts)
}

fn source(settings: &Settings) -> Value {
    let source = &settings.source;
    let ids = |groups: &[GroupRef]| groups.iter().map(|group| group.id().to_lowercase()).collect::<BTreeSet<_>>();
    let mut parts = Map::new();
    parts.insert("tenant".to_owned(), json!(source.tenant_id.to_lowercase()));
    parts.insert("groups".to_owned(), json!(ids(&source.groups)));
    note(&mut parts, "except_groups", &ids(&source.except_groups), &BTreeSet::new());
    note(&mut parts, "nested", &source.nested, &false);
    note(&mut parts, "guests", &source.guests, &false);
    let cloud = match source.cloud {
        Cloud::Global => "global",
        Cloud::Usgov => "usgov",
        Cloud::UsgovDod => "usgov-dod",
        Cloud::China => "china",
    };
    note(&mut parts, "cloud", &cloud, &"global");
    Value::Object(parts)
}

fn mapping(settings: &Settings) -> Value {
    settings.mapping.iter().map(|(attribute, written)| (attribute.clone(), line(written))).collect()
}

fn line(line: &MappingLine) -> Value {
    let mut parts = Map::new();
    match line {
        MappingLine::Expression(value) => {
            parts.insert("value".to_owned(), json!(value.trim()));
        }
        MappingLine::Long(LongLine { value, when, on_null, required, default }) => {
            parts.insert("value".to_owned(), json!(value.trim()));
            note(&mut parts, "create_only", &(*when == When::Create), &false);
            note(&mut parts, "keep_on_null", &(*on_null == OnNull::Keep), &false);
            note(&mut parts, "required", required, &false);
            note(&mut parts, "default", &default.as_deref(), &None);
        }
    }
    Value::Object(parts)
}

fn leavers(settings: &Settings) -> Value {
    let rules = &settings.leavers;
    json!({
        "disabled": rule(rules.disabled),
        "deleted": rule(rules.deleted),
        "left_group": rule(rules.left_group),
        "out_of_scope": rule(rules.out_of_scope),
    })
}

fn rule(rule: LeaverRule) -> Value {
    match rule {
        LeaverRule::Now => json!("now"),
        LeaverRule::Keep => json!("keep"),
        LeaverRule::After(span) => json!(span.seconds()),
    }
}

fn target(settings: &Settings) -> Value {
    let target = &settings.target;
    let left_out: BTreeSet<String> = target.leave_out.iter().map(|attribute| attribute.to_lowercase()).collect();
    let update_by = target.update_by.map(|way| match way {
        UpdateBy::Patch => "patch",
        UpdateBy::PatchWithoutPath => "patch_without_path",
        UpdateBy::Put => "put",
    });
    let mut parts = Map::new();
    parts.insert("match".to_owned(), json!(target.match_by));
    note(&mut parts, "profile", &target.profile.as_deref(), &None);
    note(&mut parts, "leave_out", &left_out, &BTreeSet::new());
    note(&mut parts, "update_by", &update_by, &None);
    note(&mut parts, "filterable", &target.filterable.as_deref(), &None);
    note(&mut parts, "reactivate_first", &target.reactivate_first, &false);
    Value::Object(parts)
}

fn note<T: serde::Serialize + PartialEq>(parts: &mut Map<String, Value>, name: &str, value: &T, at_rest: &T) {
    if value != at_rest {
        parts.insert(name.to_owned(), json!(value));
    }
}
