//! What Microsoft's answers mean to an operator: one sentence and one remedy each, as tables. Decides on status and
//! codes, never on text, and never repeats a message of Graph's (it may name people). Pure.

mod sign_in;

use std::collections::BTreeSet;

use super::rights::Rights;
use super::wire::Fault;
use crate::http::{self, Answer, retry_after};
use crate::oauth::{SessionError, TokenError};
use crate::source::SourceError;

/// What a code means and what to do about it.
pub(super) struct Advice {
    class: &'static str,
    reason: &'static str,
    remedy: &'static str,
}

const fn advice(class: &'static str, reason: &'static str, remedy: &'static str) -> Advice {
    Advice { class, reason, remedy }
}

/// Graph's errors by status and code; an empty code is any. The first row that fits is taken.
const GRAPH: &[(u16, &str, Advice)] = &[
    (
        401,
        "",
        advice(
            "credentials",
            "Microsoft Graph does not accept the app's access token.",
            "Check that source.cloud is the tenant's cloud, and that the app is enabled and allowed from this server's address.",
        ),
    ),
    (
        403,
        "Authorization_IdentityDisabled",
        advice(
            "credentials",
            "The app's service principal is disabled in this tenant.",
            "In Entra, Enterprise applications > the app > Properties, set \"Enabled for users to sign in\" to Yes.",
        ),
    ),
    (
        403,
        "Authorization_IdentityNotFound",
        advice(
            "credentials",
            "The app's service principal was removed from this tenant.",
            "Let an admin of the tenant grant admin consent to the app again.",
        ),
    ),
    (
        400,
        "Request_UnsupportedQuery",
        advice(
            "configuration",
            "Microsoft Graph does not support this query.",
            "Report this as a mistake of Rollcall's, with the request id.",
        ),
    ),
    (
        400,
        "Request_InvalidRequestUrl",
        advice(
            "configuration",
            "Microsoft Graph finds the address of the request malformed.",
            "Check the ids under source.groups and source.except_groups, and source.graph_url if it is set.",
        ),
    ),
    (
        400,
        "",
        advice(
            "configuration",
            "Microsoft Graph finds a mistake in the request: an object id, or a property that it does not have.",
            "Check the ids under source.groups and source.except_groups, and the properties (user.…, manager.…) that the mapping and the scope name.",
        ),
    ),
    (
        404,
        "",
        advice(
            "unreadable",
            "Microsoft Graph does not have what was asked for.",
            "Check source.graph_url if it is set; otherwise somebody changed the group while it was read, and the next run tries again.",
        ),
    ),
    (410, "", advice("incomplete", "Microsoft Graph gave up a list while it was read.", "The next run reads it anew.")),
    (
        413,
        "",
        advice(
            "unreadable",
            "Microsoft Graph finds the request too large.",
            "Report this as a mistake of Rollcall's, with the request id.",
        ),
    ),
    (
        414,
        "",
        advice(
            "configuration",
            "Microsoft Graph finds the address of the request too long: too many properties are selected.",
            "Name fewer properties (user.…, manager.…) in the mapping and the scope.",
        ),
    ),
    (
        501,
        "",
        advice(
            "configuration",
            "Microsoft Graph does not offer one of the selected properties in lists.",
            "Take properties that Graph gives for single users only (aboutMe, skills, birthday…) out of the mapping and the scope.",
        ),
    ),
];

/// Lists that must be read from their beginning again.
const STALE_LIST: [&str; 5] = [
    "Directory_ExpiredPageToken",
    "DirectoryPageTokenNotFoundException",
    "Directory_PageTokenNotFound",
    "resyncRequired",
    "syncStateNotFound",
];

pub(super) fn error(class: &'static str, reason: impl Into<String>, remedy: impl Into<String>) -> SourceError {
    SourceError { class, reason: reason.into(), remedy: remedy.into(), request_id: None }
}

/// Whether the next page can no longer be had, although the list itself is well.
pub(super) fn is_stale_list(answer: &Answer) -> bool {
    let fault = || Fault::parse(&answer.body);
    answer.status == 410 || (matches!(answer.status, 400 | 404) && STALE_LIST.iter().any(|&code| fault().is(code)))
}

/// A 404 of Graph's own, not of a proxy's: the object itself is not there.
pub(super) fn is_not_found(answer: &Answer) -> bool {
    let fault = || Fault::parse(&answer.body);
    answer.status == 404 && ["Request_ResourceNotFound", "ResourceNotFound"].iter().any(|&code| fault().is(code))
}

/// What an answer that is no success means.
pub(super) fn refused(answer: &Answer, rights: &Rights) -> SourceError {
    let fault = Fault::parse(&answer.body);
    let mut error = match answer.status {
        403 if !is_identity(&fault) => forbidden(answer, rights),
        408 | 425 | 429 | 500 | 502..=599 => passing(answer),
        status => row(status, &fault),
    };
    error.request_id = answer.header("request-id").or(fault.request_id()).map(str::to_owned);
    error
}

fn is_identity(fault: &Fault) -> bool {
    fault.is("Authorization_IdentityDisabled") || fault.is("Authorization_IdentityNotFound")
}

fn row(status: u16, fault: &Fault) -> SourceError {
    let fits = |row: &&(u16, &str, Advice)| row.0 == status && (row.1.is_empty() || fault.is(row.1));
    match GRAPH.iter().find(fits) {
        Some((_, _, advice)) => error(advice.class, advice.reason, advice.remedy),
        None => error(
            "unreadable",
            format!("Microsoft Graph answered with HTTP {status}, which Rollcall does not understand."),
            "Check source.graph_url if it is set, and proxies between this server and Microsoft; the next run tries again.",
        ),
    }
}

fn forbidden(answer: &Answer, rights: &Rights) -> SourceError {
    if answer.header("www-authenticate").is_some_and(|challenge| challenge.contains("insufficient_claims")) {
        return error(
            "credentials",
            "A Conditional Access policy of the tenant blocks the app at Microsoft Graph.",
            "Ask the identity team to allow this server's public address in the policy for workload identities.",
        );
    }
    let missing = rights.missing();
    let reason = if missing.is_empty() {
        "Microsoft Graph refuses the app, although its token shows the permissions Rollcall needs.".to_owned()
    } else {
        format!("The app lacks the permission {}.", missing.join(" and "))
    };
    let wanted =
        if missing.is_empty() { "GroupMember.Read.All and User.Read.All".into() } else { missing.join(" and ") };
    error("permission", reason, grant_remedy(&wanted))
}

/// Rows with an id and nothing else: HTTP 200, and yet a refusal (Graph, "limited information").
pub(super) fn permission_lost() -> SourceError {
    error(
        "permission",
        "The app lacks the permission User.Read.All: Microsoft Graph gives users without their names.",
        grant_remedy("User.Read.All"),
    )
}

/// Where a permission is granted.
pub(super) fn grant_remedy(permission: &str) -> String {
    format!(
        "In Entra, App registrations > API permissions, add {permission} of Microsoft Graph as an application permission and grant admin consent."
    )
}

fn passing(answer: &Answer) -> SourceError {
    let reason = match (answer.status, retry_after(answer)) {
        (429, Some(wait)) => {
            format!("Microsoft Graph is throttling the app and asked to wait {} seconds more.", wait.as_secs())
        }
        (429, None) => "Microsoft Graph is throttling the app.".to_owned(),
        (status, _) => format!("Microsoft Graph is not available (HTTP {status})."),
    };
    error("unavailable", reason, "The next run tries again; if it lasts, see https://status.cloud.microsoft.")
}

/// A selected property that Graph's complaint quotes. The text only improves the hint; the class stands without it.
pub(super) fn name_property(error: SourceError, answer: &Answer, selected: &BTreeSet<String>) -> SourceError {
    let message = Fault::parse(&answer.body).message;
    match selected.iter().find(|name| message.contains(&format!("'{name}'"))) {
        Some(name) if answer.status == 400 => SourceError {
            reason: format!("Microsoft Graph does not have the property {name}."),
            remedy: format!("Take {name} out of the mapping and the scope, or spell it as Graph does."),
            ..error
        },
        _ => error,
    }
}

/// Why a request was not answered at all.
pub(super) fn unanswered(error: SessionError) -> SourceError {
    match error {
        SessionError::Http(error) => broken(&error, "Microsoft Graph"),
        SessionError::Token(TokenError::Unreachable(error)) => broken(&error, "the sign-in service"),
        SessionError::Token(TokenError::Refused(answer)) => sign_in::refused(&answer),
        SessionError::Token(TokenError::Malformed(why)) => self::error(
            "unreadable",
            format!("The sign-in service's answer makes no sense: {why}."),
            "Check source.login_url if it is set, and proxies between this server and Microsoft.",
        ),
    }
}

fn broken(error: &http::Error, server: &str) -> SourceError {
    match error {
        http::Error::Foreign(foreign) => self::error(
            "incomplete",
            format!("{server} sent a link that leads elsewhere, which was not followed: {}.", foreign.found),
            format!("Links must lead to {}; look for a proxy that rewrites answers.", foreign.origin),
        ),
        http::Error::TooLarge { .. } => self::error(
            "unreadable",
            format!("{error}."),
            "No honest page is that large; look for a proxy that rewrites answers.",
        ),
        http::Error::NotConnected { .. }
        | http::Error::TimedOut { .. }
        | http::Error::Broken { .. }
        | http::Error::LeftAlone { .. } => self::error(
            "unavailable",
            format!("There was no answer from {server}: {error}."),
            "Check this server's network, proxy and firewall (and source.ca_file behind a TLS proxy); the next run tries again.",
        ),
    }
}
