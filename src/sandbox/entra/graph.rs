//! Microsoft Graph's front door: what is asked, whether a fault is due, whether the token is good, and who answers.

use std::collections::BTreeSet;

use axum::http::Method;

use super::error::{Ids, Refusal};
use super::faults::{Act, Spot};
use super::page::Position;
use super::{Tenant, applications, batch, groups, members, odata, token, users};
use crate::sandbox::wire::{Answer, Request};

pub(super) const JSON: &str =
    "application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8";

/// Whether a request came by itself or inside a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Alone,
    InBatch,
}

/// What is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Call {
    Group,
    Members { transitive: bool, cast: bool },
    Count { transitive: bool, cast: bool },
    User,
    Users,
    Manager,
    MemberOf,
    CheckMemberGroups,
    Batch,
    Application,
    Organization,
    Unknown,
}

/// The application permissions behind a request.
#[derive(Clone, Debug)]
pub(super) struct Rights(pub(super) BTreeSet<String>);

impl Rights {
    fn any(&self, names: &[&str]) -> bool {
        names.iter().any(|name| self.0.contains(*name))
    }

    pub(super) fn groups(&self) -> bool {
        self.any(&["GroupMember.Read.All", "Group.Read.All", "Directory.Read.All"])
    }

    pub(super) fn users(&self) -> bool {
        self.any(&["User.Read.All", "Directory.Read.All"])
    }

    /// Directory.Read.All does not cover hidden membership.
    pub(super) fn hidden(&self) -> bool {
        self.any(&["Member.Read.Hidden"])
    }

    pub(super) fn devices(&self) -> bool {
        self.any(&["Device.Read.All", "Directory.Read.All"])
    }

    pub(super) fn contacts(&self) -> bool {
        self.any(&["OrgContact.Read.All", "Directory.Read.All"])
    }

    pub(super) fn applications(&self) -> bool {
        self.any(&["Application.Read.All", "Directory.Read.All"])
    }

    pub(super) fn organization(&self) -> bool {
        self.any(&["Organization.Read.All", "Directory.Read.All", "User.Read.All"])
    }
}

/// Answers anything below `/v1.0`.
pub(super) async fn answer(tenant: &Tenant, request: &Request, place: Place) -> Answer {
    let ids = Ids::of(request);
    let call = classify(request);
    tenant.counters.add(call.kind());
    let page = Position::page_number(request);
    let act = tenant.faults.strike(|spot| call.is_at(spot, page, place));
    let answer = match act.as_ref().and_then(Act::before) {
        Some(answer) => answer,
        None => serve(tenant, request, call, act.as_ref()).await,
    };
    let answer = answer.unwrap_or_else(|refusal| refusal.answer(&ids));
    ids.stamp(act.map_or_else(|| answer.clone(), |act| act.upon(answer.clone())))
}

async fn serve(tenant: &Tenant, request: &Request, call: Call, act: Option<&Act>) -> Result<Answer, Refusal> {
    let rights = Rights(token::rights(tenant, request)?);
    tenant.throttle.take(call, request)?;
    odata::check_options(request)?;
    match (&request.method, call) {
        (_, Call::Unknown) => Err(unknown(request)),
        (&Method::GET, Call::Group) => groups::group(tenant, request, &rights),
        (&Method::GET, Call::Members { transitive, cast }) => {
            members::page(tenant, request, &rights, members::List { transitive, cast, act }).await
        }
        (&Method::GET, Call::Count { transitive, cast }) => {
            members::count(tenant, request, &rights, members::List { transitive, cast, act })
        }
        (&Method::GET, Call::User) => users::user(tenant, request, &rights),
        (&Method::GET, Call::Users) => users::users(tenant, request, &rights),
        (&Method::GET, Call::Manager) => users::manager(tenant, request, &rights),
        (&Method::GET, Call::MemberOf) => groups::member_of(tenant, request, &rights),
        (&Method::POST, Call::CheckMemberGroups) => groups::check_member_groups(tenant, request, &rights),
        (&Method::POST, Call::Batch) => batch::answer(tenant, request).await,
        (&Method::GET, Call::Application) => applications::application(tenant, request, &rights),
        (&Method::GET, Call::Organization) => applications::organization(tenant, &rights),
        _ => {
            Err(Refusal::new(405, "Request_BadRequest", "Specified HTTP method is not allowed for the request target."))
        }
    }
}

fn classify(request: &Request) -> Call {
    let segments = request.segments();
    let ["v1.0", path @ ..] = segments.as_slice() else { return Call::Unknown };
    match path {
        ["groups", _] => Call::Group,
        ["groups", _, list @ ("members" | "transitiveMembers"), rest @ ..] => {
            let transitive = *list == "transitiveMembers";
            match rest {
                [] => Call::Members { transitive, cast: false },
                ["microsoft.graph.user"] => Call::Members { transitive, cast: true },
                ["$count"] => Call::Count { transitive, cast: false },
                ["microsoft.graph.user", "$count"] => Call::Count { transitive, cast: true },
                _ => Call::Unknown,
            }
        }
        ["users"] => Call::Users,
        ["users", _] => Call::User,
        ["users", _, "manager"] => Call::Manager,
        ["users", _, "memberOf"] => Call::MemberOf,
        ["users", _, "checkMemberGroups"] => Call::CheckMemberGroups,
        ["$batch"] => Call::Batch,
        ["organization"] => Call::Organization,
        [application] if application.starts_with("applications(appId='") => Call::Application,
        _ => Call::Unknown,
    }
}

impl Call {
    fn kind(self) -> &'static str {
        match self {
            Self::Group => "group",
            Self::Members { .. } => "page",
            Self::Count { .. } => "count",
            Self::User => "user",
            Self::Users => "users",
            Self::Manager => "manager",
            Self::MemberOf => "memberOf",
            Self::CheckMemberGroups => "checkMemberGroups",
            Self::Batch => "batch",
            Self::Application => "application",
            Self::Organization => "organization",
            Self::Unknown => "other",
        }
    }

    fn is_at(self, spot: &Spot, page: u32, place: Place) -> bool {
        match spot {
            Spot::Any => true,
            Spot::Token => false,
            Spot::Group => self == Self::Group,
            Spot::Members => matches!(self, Self::Members { .. }),
            Spot::MembersPage(number) => matches!(self, Self::Members { .. }) && page == *number,
            Spot::Count => matches!(self, Self::Count { .. }),
            Spot::User => self == Self::User,
            Spot::Users => self == Self::Users,
            Spot::Manager => self == Self::Manager,
            Spot::MemberOf => self == Self::MemberOf,
            Spot::CheckMemberGroups => self == Self::CheckMemberGroups,
            Spot::Batch => self == Self::Batch,
            Spot::BatchItem => place == Place::InBatch,
            Spot::Application => self == Self::Application,
            Spot::Organization => self == Self::Organization,
        }
    }
}

fn unknown(request: &Request) -> Refusal {
    let resource = request.path.last().map_or("", String::as_str);
    Refusal::bad_request(format!("Resource not found for the segment '{resource}'."))
}
