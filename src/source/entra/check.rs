//! `check`: sign-in, permissions, groups, the secret's expiry, and a sample of members. Changes nothing.

use chrono::{DateTime, Utc};

use super::count::count;
use super::errors::grant_remedy;
use super::graph::encoded;
use super::groups::{Group, describe};
use super::properties::select;
use super::rights::Rights;
use super::wire::Page;
use super::{Entra, credential, errors, managers};
use crate::model::Person;
use crate::report::{Finding, Verdict};
use crate::source::{GroupRef, SourceError};

/// Enough people to see whether the mapping works.
const SAMPLE: usize = 20;

/// One finding for each link, and the sample of members for the mapping to be tried on.
pub(super) async fn check(entra: &Entra, now: DateTime<Utc>) -> (Vec<Finding>, Vec<Person>) {
    let rights = match entra.graph.rights().await {
        Ok(rights) => rights,
        Err(error) => return (vec![failure("sign-in", &error)], Vec::new()),
    };
    let tenant = &entra.settings.tenant_id;
    let mut findings = vec![Finding::new("sign-in", Verdict::Ok, format!("Entra issued a token for tenant {tenant}"))];
    findings.push(permissions(&rights));
    let mut readable = Vec::new();
    for wanted in &entra.settings.groups {
        readable.extend(group(entra, wanted, "group", &mut findings).await);
    }
    for wanted in &entra.settings.except_groups {
        group(entra, wanted, "excepted group", &mut findings).await;
    }
    findings.push(credential::finding(credential::expiry(entra, now).await, now));
    let sample = match sample(entra, &readable).await {
        Ok(sample) => sample,
        Err(error) => {
            findings.push(failure("members", &error));
            Vec::new()
        }
    };
    findings.extend(odd_members(&sample));
    (findings, sample)
}

fn failure(subject: impl Into<String>, error: &SourceError) -> Finding {
    Finding::new(subject, Verdict::Failure, error.to_string())
}

fn permissions(rights: &Rights) -> Finding {
    let missing = rights.missing();
    match rights {
        Rights::Unknown => Finding::new(
            "permissions",
            Verdict::Warning,
            "the token does not show the app's permissions; the sample of members below tells whether they suffice.",
        ),
        Rights::Granted(_) if !missing.is_empty() => {
            let missing = missing.join(" and ");
            Finding::new(
                "permissions",
                Verdict::Failure,
                format!("the app lacks {missing}. {}", grant_remedy(&missing)),
            )
        }
        Rights::Granted(roles) => {
            let roles: Vec<&str> = roles.iter().map(String::as_str).collect();
            Finding::new("permissions", Verdict::Ok, roles.join(", "))
        }
    }
}

/// Describes one group; hands it back if its members can be read.
async fn group(entra: &Entra, wanted: &GroupRef, role: &str, findings: &mut Vec<Finding>) -> Option<Group> {
    let group = match describe(&entra.graph, wanted).await {
        Ok(group) => group,
        Err(error) => {
            findings.push(failure(format!("{role} {}", wanted.name().unwrap_or(wanted.id())), &error));
            return None;
        }
    };
    let subject = format!("{role} {:?}", group.name);
    let collection = format!("/groups/{}/{}", encoded(&group.id), entra.collection());
    let members = match count(&entra.graph, &collection).await {
        Ok(Some(members)) => format!("{members} members"),
        Ok(None) => "number of members not offered".to_owned(),
        Err(error) => {
            findings.push(failure(subject, &error));
            return None;
        }
    };
    findings.push(Finding::new(&subject, Verdict::Ok, format!("{}, {members}", group.kind)));
    findings.extend(group.warnings.iter().map(|warning| Finding::new(&subject, Verdict::Warning, warning)));
    Some(group)
}

/// A few members of the groups, with their managers if those are read.
async fn sample(entra: &Entra, groups: &[Group]) -> Result<Vec<Person>, SourceError> {
    let mut people: Vec<Person> = Vec::new();
    for group in groups {
        let wanted = SAMPLE - people.len();
        if wanted > 0 {
            people.extend(sample_of(entra, group, wanted).await?);
        }
    }
    if let Some(selected) = &entra.selection.manager {
        managers::fill(&entra.graph, selected, &mut people).await?;
    }
    Ok(people)
}

async fn sample_of(entra: &Entra, group: &Group, wanted: usize) -> Result<Vec<Person>, SourceError> {
    let selected = &entra.selection.user;
    let path = format!("/groups/{}/{}?{}&$top={SAMPLE}", encoded(&group.id), entra.collection(), select(selected));
    let answer = entra.graph.get(entra.graph.address(&path)).await?;
    if !answer.is_success() {
        let error = entra.graph.refused(&answer).await;
        return Err(errors::name_property(error, &answer, selected));
    }
    let rows = Page::parse(&answer.body).and_then(|page| page.rows(selected));
    let rows = rows.map_err(|why| super::members::unreadable(&group.name, &why))?;
    let users: Vec<_> = rows.into_iter().filter(super::wire::GraphUser::is_user).take(wanted).collect();
    if users.iter().any(super::wire::GraphUser::is_id_only) {
        return Err(errors::permission_lost());
    }
    Ok(users.into_iter().map(Person::from).collect())
}

/// Words in the names of things that have an account and are nobody.
const THINGS: [&str; 20] = [
    "admin",
    "backup",
    "boardroom",
    "calendar",
    "conference",
    "copier",
    "mailbox",
    "meeting",
    "noreply",
    "printer",
    "projector",
    "reception",
    "resource",
    "room",
    "scanner",
    "service",
    "shared",
    "svc",
    "sync",
    "test",
];

/// Members that look like rooms, shared mailboxes or service accounts. Pure.
fn odd_members(sample: &[Person]) -> Option<Finding> {
    let odd: Vec<&str> =
        sample.iter().filter(|person| is_odd(person)).map(|person| person.user_name.as_str()).collect();
    if odd.is_empty() {
        return None;
    }
    let message = format!(
        "some members look like rooms, shared mailboxes or service accounts: {}. If so, take them out of the group, put them into a group under source.except_groups, or exclude them with scope.where.",
        odd.join(", ")
    );
    Some(Finding::new("members", Verdict::Warning, message))
}

fn is_odd(person: &Person) -> bool {
    let local_part = person.user_name.split('@').next().unwrap_or_default();
    let called = person.attributes.get("displayName").and_then(serde_json::Value::as_str).unwrap_or_default();
    let words = [local_part, called].map(|name| name.to_lowercase().replace("no-reply", "noreply"));
    words.iter().flat_map(|name| name.split(|c: char| !c.is_alphabetic())).any(|word| THINGS.contains(&word))
}
