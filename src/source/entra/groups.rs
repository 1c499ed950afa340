//! What a group is before its members are read: whether it exists, is hidden, or is frozen.

use super::errors::{self, error, grant_remedy};
use super::graph::{Graph, encoded};
use super::rights::{HIDDEN, Rights};
use super::wire::{self, GraphGroup};
use crate::source::{GroupRef, SourceError};

/// A group that exists and may be read.
#[derive(Clone, Debug)]
pub(super) struct Group {
    pub id: String,
    pub name: String,
    /// What people call its kind, for `check`.
    pub kind: String,
    /// Its membership is hidden and nothing shows that the app may see it: an empty list would prove nothing.
    pub doubtful: bool,
    pub warnings: Vec<String>,
}

/// Asks for one group.
pub(super) async fn describe(graph: &Graph, wanted: &GroupRef) -> Result<Group, SourceError> {
    let id = wanted.id();
    let path = format!("/groups/{}?{}", encoded(id), wire::GROUP_SELECT);
    let answer = graph.get(graph.address(&path)).await?;
    if errors::is_not_found(&answer) {
        return Err(gone(id, wanted.name(), &answer));
    }
    if !answer.is_success() {
        let error = graph.refused(&answer).await;
        return Err(if answer.status == 400 { mistyped(wanted, error) } else { error });
    }
    let found: GraphGroup = serde_json::from_slice(&answer.body).map_err(|_| no_group(wanted))?;
    if !found.id.eq_ignore_ascii_case(id) {
        return Err(no_group(wanted));
    }
    judge(wanted, found, &graph.rights().await?)
}

/// What a description means for the read. Pure.
fn judge(wanted: &GroupRef, found: GraphGroup, rights: &Rights) -> Result<Group, SourceError> {
    let kind = kind_of(&found);
    let GraphGroup { id, display_name, visibility, group_types, membership_rule_processing_state, .. } = found;
    let name = wanted.name().map(str::to_owned).or(display_name).unwrap_or_else(|| id.clone());
    let hidden = visibility.is_some_and(|visibility| visibility.eq_ignore_ascii_case("HiddenMembership"));
    if hidden && rights.hidden() == Some(false) {
        return Err(self::hidden(&name));
    }
    let dynamic = group_types.iter().any(|kind| kind == "DynamicMembership");
    let paused = membership_rule_processing_state.is_some_and(|state| state.eq_ignore_ascii_case("Paused"));
    let mut warnings = Vec::new();
    if dynamic && paused {
        warnings.push(format!(
            "The dynamic group {name:?} is paused: its membership is frozen until somebody resumes its rule in Entra."
        ));
    }
    Ok(Group { id, name, kind, doubtful: hidden && rights.hidden().is_none(), warnings })
}

fn kind_of(group: &GraphGroup) -> String {
    let has = |kind: &str| group.group_types.iter().any(|found| found == kind);
    let kind = match (has("Unified"), group.security_enabled, group.mail_enabled) {
        (true, _, _) => "Microsoft 365 group",
        (false, Some(true), Some(true)) => "mail-enabled security group",
        (false, Some(false), Some(true)) => "distribution list",
        (false, _, _) => "security group",
    };
    match (has("DynamicMembership"), &group.membership_rule) {
        (true, Some(rule)) => format!("dynamic {kind}, rule: {rule}"),
        (true, None) => format!("dynamic {kind}"),
        (false, _) => kind.to_owned(),
    }
}

/// The refusal to take a hidden membership for an empty one.
pub(super) fn hidden(name: &str) -> SourceError {
    let reason = format!("The membership of the group {name:?} is hidden, and the app lacks the permission {HIDDEN}.");
    error("group_hidden", reason, grant_remedy(HIDDEN))
}

/// A group that does not exist, at the start of a read or in its middle.
pub(super) fn gone(id: &str, name: Option<&str>, answer: &crate::http::Answer) -> SourceError {
    let called = name.map(|name| format!(" ({name:?})")).unwrap_or_default();
    let gone = error(
        "group_gone",
        format!("The group {id}{called} does not exist in this tenant, or no longer."),
        "Restore the group in Entra (Microsoft 365 groups: within 30 days), or set the object id of another one under source.groups.",
    );
    SourceError { request_id: answer.summary().request_id, ..gone }
}

fn mistyped(group: &GroupRef, refusal: SourceError) -> SourceError {
    SourceError {
        reason: format!("Microsoft Graph does not accept {:?} as a group's object id.", group.id()),
        remedy: "Set the object id that Entra shows on the group's overview page under source.groups or source.except_groups.".into(),
        ..refusal
    }
}

fn no_group(group: &GroupRef) -> SourceError {
    error(
        "unreadable",
        format!("What Microsoft Graph answered about the group {} is not that group.", group.id()),
        "Check source.graph_url if it is set, and proxies between this server and Microsoft.",
    )
}
