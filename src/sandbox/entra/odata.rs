//! `OData`'s query options as Graph takes them: `$select`, `$top`, `$filter … eq …`, `$expand=manager`. Parses and
//! refuses; reads no directory.

use super::error::Refusal;
use crate::sandbox::directory::{GROUP_DEFAULT, GROUP_PROPERTIES, is_user_property};
use crate::sandbox::wire::Request;

/// Kept in another store: only on one user, never in lists (Graph: user resource type).
const SHAREPOINT: &[&str] = &[
    "aboutMe",
    "birthday",
    "hireDate",
    "interests",
    "mySite",
    "pastProjects",
    "preferredName",
    "responsibilities",
    "schools",
    "skills",
];

/// Query options Graph knows on directory objects.
const OPTIONS: &[&str] =
    &["$select", "$top", "$filter", "$expand", "$count", "$skiptoken", "$orderby", "$search", "$format"];

/// What the selected names are properties of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Subject {
    User,
    UserInList,
    Group,
    /// Rows of several types: any type's property will do.
    Object,
}

impl Subject {
    fn has(self, name: &str) -> bool {
        match self {
            Self::User => is_user_property(name) || SHAREPOINT.contains(&name),
            Self::UserInList => is_user_property(name),
            Self::Group => is_group_property(name),
            Self::Object => is_user_property(name) || is_group_property(name),
        }
    }

    fn type_name(self) -> &'static str {
        match self {
            Self::User | Self::UserInList => "microsoft.graph.user",
            Self::Group => "microsoft.graph.group",
            Self::Object => "microsoft.graph.directoryObject",
        }
    }
}

/// The selected properties, or the default set.
pub(super) fn select(text: Option<&str>, subject: Subject, default: &[&str]) -> Result<Vec<String>, Refusal> {
    let Some(text) = text else { return Ok(default.iter().map(|name| (*name).to_owned()).collect()) };
    let mut names = Vec::new();
    for name in text.split(',').map(str::trim) {
        if matches!(subject, Subject::UserInList | Subject::Object) && SHAREPOINT.contains(&name) {
            return Err(Refusal::new(501, "NotImplemented", "This operation target is not yet supported."));
        }
        if !subject.has(name) {
            let text = format!(
                "Parsing OData Select and Expand failed: Could not find a property named '{name}' on type '{}'.",
                subject.type_name()
            );
            return Err(Refusal::bad_request(text));
        }
        if !names.iter().any(|known| known == name) {
            names.push(name.to_owned());
        }
    }
    Ok(names)
}

/// `$top`: 1 to 999, 100 when absent.
pub(super) fn top(request: &Request) -> Result<usize, Refusal> {
    let Some(text) = request.option("$top") else { return Ok(100) };
    match text.parse::<usize>() {
        Ok(top) if (1..=999).contains(&top) => Ok(top),
        Ok(_) => Err(Refusal::unsupported(format!(
            "Invalid page size specified: '{text}'. Must be between 1 and 999 inclusive."
        ))),
        Err(_) => Err(Refusal::bad_request(format!("Invalid value '{text}' for $top query option found."))),
    }
}

/// Refuses an option Graph does not have; a typing error there is never silently ignored.
pub(super) fn check_options(request: &Request) -> Result<(), Refusal> {
    for (name, _) in request.query() {
        if name.starts_with('$') && !OPTIONS.contains(&name.to_ascii_lowercase().as_str()) {
            return Err(Refusal::bad_request(format!("The query parameter '{name}' is not supported.")));
        }
    }
    // Graph documentation, "Query parameters": the limit of a URL.
    if request.raw_query.len() > 2048 {
        return Err(Refusal::new(414, "Request_BadRequest", "The request URL is too long."));
    }
    Ok(())
}

/// Whether the request is an advanced query: the header and `$count=true`, or a `/$count` path.
pub(super) fn is_eventual(request: &Request) -> bool {
    request.header("consistencylevel").is_some_and(|level| level.eq_ignore_ascii_case("eventual"))
}

pub(super) fn counts(request: &Request) -> bool {
    request.option("$count").is_some_and(|count| count.eq_ignore_ascii_case("true"))
}

/// `property eq 'value'`, the only filter this tenant knows.
pub(super) fn equality(filter: &str) -> Result<(String, String), Refusal> {
    let unsupported = || Refusal::unsupported(format!("Unsupported or invalid query filter clause: {filter}."));
    let (property, literal) = filter.trim().split_once(" eq ").ok_or_else(unsupported)?;
    let inner = literal.trim().strip_prefix('\'').and_then(|rest| rest.strip_suffix('\'')).ok_or_else(unsupported)?;
    // A quote inside is doubled; a single one means two clauses, or somebody who forgot to escape.
    if inner.replace("''", "").contains('\'') {
        return Err(unsupported());
    }
    if inner.len() > 120 {
        return Err(unsupported());
    }
    Ok((property.trim().to_owned(), inner.replace("''", "'")))
}

/// Whether the manager is to be shown with the user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Expansion {
    No,
    Manager { select: Option<String> },
}

/// `manager` or `manager($select=…)`.
pub(super) fn expansion(request: &Request) -> Result<Expansion, Refusal> {
    let Some(text) = request.option("$expand") else { return Ok(Expansion::No) };
    let rest =
        text.strip_prefix("manager").ok_or_else(|| Refusal::bad_request("Only manager can be expanded here."))?;
    if rest.is_empty() {
        return Ok(Expansion::Manager { select: None });
    }
    let inner = rest.strip_prefix("($select=").and_then(|rest| rest.strip_suffix(')'));
    let select = inner.ok_or_else(|| Refusal::bad_request("Invalid $expand."))?;
    Ok(Expansion::Manager { select: Some(select.to_owned()) })
}

fn is_group_property(name: &str) -> bool {
    GROUP_DEFAULT.contains(&name) || GROUP_PROPERTIES.contains(&name)
}
