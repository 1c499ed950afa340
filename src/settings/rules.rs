//! What the files must say together: contradictions and gaps that no single value shows. Pure.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::key::KeyPath;
use super::schedule;
use crate::model::Span;
use crate::schedule::ScheduleSettings;

/// A mistake that has no place yet.
pub type Finding = (KeyPath, String);

/// Everything the merged configuration says wrong. `broken`: what is known to be wrong already, and not judged again.
pub fn findings(merged: &Json, broken: &[KeyPath]) -> Vec<Finding> {
    let rules = [credential, groups, mail, limits, keep, attributes, user_name, matching, leave_out];
    let mut findings: Vec<Finding> = rules.iter().flat_map(|rule| rule(merged)).collect();
    findings.extend(schedule_findings(merged, broken));
    findings
}

/// The ways to authenticate at a target.
const CREDENTIALS: [&str; 4] = ["token", "header", "basic", "oauth"];

fn credential(merged: &Json) -> Vec<Finding> {
    let target = KeyPath::from("target");
    let given: Vec<&str> = CREDENTIALS.into_iter().filter(|way| !merged["target"][*way].is_null()).collect();
    match given[..] {
        [_] => Vec::new(),
        [] => vec![(target, "no credential, expected one of token, header, basic and oauth".to_owned())],
        [first, ref more @ ..] => {
            let contradicts =
                |way: &&str| (target.key(way), format!("found beside {first}, expected only one of them"));
            more.iter().map(contradicts).collect()
        }
    }
}

fn groups(merged: &Json) -> Vec<Finding> {
    let mut seen: BTreeMap<String, KeyPath> = BTreeMap::new();
    let mut findings = Vec::new();
    for list in ["groups", "except_groups"] {
        let path = KeyPath::from("source").key(list);
        for (index, group) in merged["source"][list].as_array().into_iter().flatten().enumerate() {
            let Some(id) = group.as_str().or_else(|| group["id"].as_str()) else { continue };
            let here = path.index(index);
            if let Some(before) = seen.get(&id.to_lowercase()) {
                findings.push((here, format!("found the group {id} again, which is {before} already")));
            } else {
                seen.insert(id.to_lowercase(), here);
            }
        }
    }
    findings
}

fn mail(merged: &Json) -> Vec<Finding> {
    let mail = KeyPath::from("mail");
    match (merged["mail"]["username"].is_null(), merged["mail"]["password"].is_null()) {
        (false, true) => vec![(mail.key("password"), "missing, expected the password of mail.username".to_owned())],
        (true, false) => vec![(mail.key("username"), "missing, expected the user of mail.password".to_owned())],
        (true, true) | (false, false) => Vec::new(),
    }
}

fn limits(merged: &Json) -> Vec<Finding> {
    let kinds = merged["limits"].as_object().into_iter().flatten();
    let contradiction = |(kind, limit): (&String, &Json)| {
        let (least, most) = (limit["at_least"].as_u64()?, limit["at_most"].as_u64()?);
        let path = KeyPath::from("limits").key(kind).key("at_most");
        (most < least).then(|| (path, format!("found {most}, expected {least} (at_least) or more")))
    };
    kinds.filter_map(contradiction).collect()
}

/// The limits count seven days back (guarantee 5): forgetting sooner would lift them.
const SHORTEST_HISTORY: Span = Span::of_days(8);

fn keep(merged: &Json) -> Vec<Finding> {
    let Some(history) = merged["keep"]["history"].as_str() else { return Vec::new() };
    if history.parse::<Span>().is_ok_and(|span| span < SHORTEST_HISTORY) {
        let message = format!("found {history:?}, expected at least \"8d\": the limits count seven days back");
        return vec![(KeyPath::from("keep.history"), message)];
    }
    Vec::new()
}

/// Attributes that are Rollcall's or the app's own (RFC 7643 §3.1, §4.1.1).
const NOT_MAPPED: [(&str, &str); 6] = [
    ("id", "the app gives every account its own id"),
    ("schemas", "Rollcall writes it"),
    ("meta", "it is the app's own"),
    ("active", "Rollcall decides it: people on the roster and in scope are active, leavers are not"),
    ("groups", "SCIM has memberships written through groups, not users"),
    ("password", "accounts are provisioned without one"),
];

/// Attribute names do not depend on case (RFC 7643 §2.1).
fn attributes(merged: &Json) -> Vec<Finding> {
    let mut seen: BTreeMap<String, &str> = BTreeMap::new();
    let mut findings = Vec::new();
    for attribute in mapped(merged) {
        let path = KeyPath::from("mapping").key(attribute);
        if let Some((_, why)) = NOT_MAPPED.iter().find(|(name, _)| name.eq_ignore_ascii_case(attribute)) {
            findings.push((path, format!("cannot be mapped: {why}")));
        } else if attribute.trim().is_empty() || attribute.contains(char::is_control) {
            findings.push((path, "found an empty name, expected a target attribute".to_owned()));
        } else if let Some(other) = seen.get(&attribute.to_lowercase()) {
            findings.push((path, format!("found the attribute {other} again: attribute names do not depend on case")));
        } else {
            seen.insert(attribute.to_lowercase(), attribute);
        }
    }
    findings
}

fn user_name(merged: &Json) -> Vec<Finding> {
    if mapped(merged).any(|attribute| attribute == "userName") {
        return Vec::new();
    }
    let mapping = KeyPath::from("mapping");
    if let Some(other) = mapped(merged).find(|attribute| attribute.eq_ignore_ascii_case("userName")) {
        return vec![(mapping.key(other), "expected the spelling userName".to_owned())];
    }
    let example = "for example \"user.userPrincipalName | lower\"";
    let message = format!("missing, expected an expression: every account needs a name, {example}");
    vec![(mapping.key("userName"), message)]
}

fn matching(merged: &Json) -> Vec<Finding> {
    let path = KeyPath::from("target.match");
    let matched = texts(&merged["target"]["match"]);
    let Some(filterable) = merged["target"]["filterable"].as_array() else { return Vec::new() };
    let found = |attribute: &&str| filterable.iter().any(|name| name == *attribute);
    if matched.is_empty() || matched.iter().any(found) {
        return Vec::new();
    }
    let message = format!(
        "found no attribute that this app can be searched by, expected at least one of {}",
        texts(&merged["target"]["filterable"]).join(", ")
    );
    vec![(path, message)]
}

/// Attributes to recognise an account by that no mapping line gives a value to.
pub fn unmapped_match(merged: &Json) -> Vec<Finding> {
    let unmapped = |(index, attribute): (usize, &&str)| {
        let given = mapped(merged).any(|name| name == *attribute);
        let message =
            format!("found {attribute:?}, expected an attribute of [mapping]: without a line there it has no value");
        (!given).then(|| (KeyPath::from("target.match").index(index), message))
    };
    texts(&merged["target"]["match"]).iter().enumerate().filter_map(unmapped).collect()
}

fn leave_out(merged: &Json) -> Vec<Finding> {
    let needed = |(index, attribute): (usize, &&str)| {
        let path = KeyPath::from("target.leave_out").index(index);
        attribute
            .eq_ignore_ascii_case("userName")
            .then(|| (path, "userName cannot be left out: every account needs it".to_owned()))
    };
    texts(&merged["target"]["leave_out"]).iter().enumerate().filter_map(needed).collect()
}

fn mapped(merged: &Json) -> impl Iterator<Item = &str> {
    merged["mapping"].as_object().into_iter().flat_map(|lines| lines.keys().map(String::as_str))
}

fn texts(list: &Json) -> Vec<&str> {
    list.as_array().into_iter().flatten().filter_map(Json::as_str).collect()
}

/// The schedule is judged as well as it can be: without its broken values, and in UTC when the zone is one of them.
fn schedule_findings(merged: &Json, broken: &[KeyPath]) -> Vec<Finding> {
    let Some(mut table) = merged["schedule"].as_object().cloned() else { return Vec::new() };
    let section = KeyPath::from("schedule");
    let is_broken = |key: &str| broken.iter().any(|path| path.starts_with(&section.key(key)));
    let times_known = !["days", "times", "cron"].into_iter().any(is_broken);
    table.retain(|key, _| !is_broken(key));
    table.entry("timezone").or_insert_with(|| "UTC".into());
    let Ok(settings) = serde_json::from_value::<ScheduleSettings>(table.into()) else { return Vec::new() };
    let found = schedule::mistakes(&settings);
    // What is broken may be what seems to be missing.
    found
        .into_iter()
        .filter(|(_, message)| {
            times_known || !message.contains("missing") && !message.contains("no run would ever start")
        })
        .collect()
}
