//! What the guard must know about the plan as a whole, gathered from the state.

use chrono::TimeDelta;

use super::Job;
use super::reading::Read;
use crate::guard::{Facts, HoldKind};
use crate::report::HoldReport;

/// Guarantee 3: an attribute counts as vanished when at least this many people had it …
const MANY_PEOPLE: u64 = 10;
/// … and at least this share of the active accounts, in per cent.
const MANY_PERCENT: u64 = 20;

pub fn gather(job: &Job<'_>, read: &Read) -> anyhow::Result<Facts> {
    let now = job.clock.began();
    let active = job.store.active_accounts()?;
    let mut facts = Facts {
        active,
        roster_is_empty: read.people == 0,
        unreviewed: !is_reviewed(job)?,
        mass_null: vanished(job, read, active)?,
        declined: job.store.hold_declined()?,
        done_in_a_day: job.store.done_since(now - TimeDelta::hours(24))?,
        done_in_a_week: job.store.done_since(now - TimeDelta::days(7))?,
        ..Facts::default()
    };
    for (kind, ask, number) in job.store.unapproved_counts()? {
        if ask {
            facts.asks += number;
        } else {
            *facts.planned.entry(kind).or_default() += number;
        }
    }
    Ok(facts)
}

/// Reviewed for good once a run went by it; until then by an approval, which expires.
fn is_reviewed(job: &Job<'_>) -> anyhow::Result<bool> {
    Ok(job.store.reviewed_configuration()?.as_ref() == Some(&job.configuration) || is_approved(job)?)
}

fn is_approved(job: &Job<'_>) -> anyhow::Result<bool> {
    job.store.is_configuration_approved(&job.configuration, job.clock.began())
}

/// Attributes that many people had and nobody has now. An empty roster has an objection of its own.
fn vanished(job: &Job<'_>, read: &Read, active: u64) -> anyhow::Result<Vec<String>> {
    if read.people == 0 {
        return Ok(Vec::new());
    }
    let many = |count: u64| count >= MANY_PEOPLE && count * 100 >= active * MANY_PERCENT;
    let before = job.store.attribute_counts()?;
    let gone = |(attribute, count): &(String, u64)| many(*count) && !read.attributes.contains_key(attribute);
    Ok(before.into_iter().filter(gone).map(|(attribute, _)| attribute).collect())
}

/// Remembers what the next run compares with: how many people have each attribute, and that this configuration was
/// reviewed; one whose first plan changes nothing for the accounts it manages is as good as reviewed, if that could be
/// told of everybody. A run of one person has seen no whole plan.
pub fn remember(job: &Job<'_>, read: &Read, held: &[HoldReport]) -> anyhow::Result<()> {
    let is_held = |kind: HoldKind| held.iter().any(|hold| hold.kind == kind.as_str());
    if job.only.is_some() || is_held(HoldKind::Configuration) {
        return Ok(());
    }
    if !is_held(HoldKind::MassNull) && read.people > 0 {
        job.store.set_attribute_counts(&read.attributes)?;
    }
    let changes_nothing = job.store.active_accounts()? > 0 && !job.store.is_anybody_unsettled()?;
    if changes_nothing || is_approved(job)? {
        job.store.set_reviewed_configuration(&job.configuration)?;
    }
    Ok(())
}
