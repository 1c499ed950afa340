//! A state belongs to one tenant and one target: swapped customers never meet each other's accounts (guarantee 14).

use super::Job;
use crate::settings::Settings;
use crate::source::GroupRef;
use crate::store::{Binding, Store};

/// The state belongs to something else than the configuration names: exit 78, found without asking anyone.
#[derive(Debug, thiserror::Error)]
#[error(
    "this state belongs to another {what}: it was made for {was}, the configuration names {is}. \
     If that is right, accept it with: rollcall rebind {customer}"
)]
pub struct WrongBinding {
    pub what: &'static str,
    pub was: String,
    pub is: String,
    pub customer: String,
}

/// Refuses a state that is bound to something else; a new state is bound to nothing yet.
pub fn check(settings: &Settings, store: &Store) -> anyhow::Result<()> {
    let configured = configured(settings);
    let Some(bound) = store.binding()? else { return Ok(()) };
    let differs = |what, was: &str, is: &str| {
        let customer = settings.customer.clone();
        Err(WrongBinding { what, was: was.to_owned(), is: is.to_owned(), customer }.into())
    };
    if !bound.tenant.eq_ignore_ascii_case(&configured.tenant) {
        return differs("tenant", &bound.tenant, &configured.tenant);
    }
    if bound.target != configured.target {
        return differs("target", &bound.target, &configured.target);
    }
    if !bound.groups.iter().any(|group| configured.groups.contains(group)) {
        return differs("group", &bound.groups.join(", "), &configured.groups.join(", "));
    }
    Ok(())
}

/// Binds a new state, once a complete read has shown that the configuration is not a typing mistake; and remembers
/// groups that were added or removed.
pub fn bind(job: &Job<'_>) -> anyhow::Result<()> {
    let configured = configured(job.settings);
    if job.store.binding()?.as_ref() == Some(&configured) { Ok(()) } else { job.store.bind(&configured) }
}

/// What the configuration names.
pub fn configured(settings: &Settings) -> Binding {
    Binding {
        tenant: settings.source.tenant_id.clone(),
        groups: settings.source.groups.iter().map(GroupRef::id).map(str::to_lowercase).collect(),
        target: settings.target.url.trim_end_matches('/').to_owned(),
    }
}
