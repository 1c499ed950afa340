//! Reading: pages are staged while the next one is on its way, and only a complete read becomes a roster.

use std::collections::BTreeMap;

use ring::digest::{Context, SHA256};
use tokio::sync::mpsc;

use super::{Job, Step, Stop};
use crate::model::Person;
use crate::source::{Reading, Roster};
use crate::store::Staged;

/// A complete roster, staged. Only [`read`] makes one, from the source's proof that it read everything.
#[derive(Debug)]
pub struct Read {
    pub people: u64,
    /// How many people have each attribute.
    pub attributes: BTreeMap<String, u64>,
}

/// A manager can vanish from everybody like any attribute; no property of a user is called so.
const MANAGER: &str = "manager";

/// Pages that may wait to be staged: one being staged, one arriving.
const PAGES_AHEAD: usize = 2;

pub async fn read(job: &Job<'_>) -> Result<Read, Stop> {
    job.store.clear_working_tables()?;
    let (sender, receiver) = mpsc::channel(PAGES_AHEAD);
    let expiry = job.source.credential_expiry(job.clock.began());
    let (roster, attributes, expiry) = tokio::join!(job.source.read(sender), stage(job, receiver), expiry);
    job.note_credential_expiry(expiry);
    let (roster, attributes) = (roster?, attributes?);
    Ok(complete(job, &roster, attributes)?)
}

fn complete(job: &Job<'_>, roster: &Roster, attributes: BTreeMap<String, u64>) -> anyhow::Result<Read> {
    for warning in &roster.warnings {
        job.warn(warning.clone());
    }
    if roster.other_members > 0 {
        let others = roster.other_members;
        job.warn(format!(
            "{others} members of the groups are no users (nested groups, devices, contacts) and were passed over"
        ));
    }
    let people = job.store.roster_size()?;
    tracing::info!(people, pages = roster.pages, "read {people} people completely");
    Ok(Read { people, attributes })
}

async fn stage(job: &Job<'_>, mut pages: mpsc::Receiver<Reading>) -> anyhow::Result<BTreeMap<String, u64>> {
    let mut attributes = BTreeMap::new();
    let mut people = 0;
    while let Some(reading) = pages.recv().await {
        match reading {
            Reading::Page(page) => {
                people += page.len() as u64;
                count_attributes(&page, &mut attributes);
                let staged = page.iter().map(|person| fingerprint(person, &job.configuration));
                job.store.stage(&staged.collect::<Result<Vec<_>, _>>()?)?;
            }
            Reading::StartOver => {
                people = 0;
                attributes.clear();
                job.store.clear_working_tables()?;
            }
        }
        job.report_step(Step::Reading(people));
    }
    Ok(attributes)
}

fn count_attributes(page: &[Person], counts: &mut BTreeMap<String, u64>) {
    let attributes = page.iter().flat_map(|person| person.attributes.keys().map(String::as_str));
    let managers = page.iter().filter(|person| person.manager.is_some()).map(|_| MANAGER);
    for attribute in attributes.chain(managers) {
        match counts.get_mut(attribute) {
            Some(count) => *count += 1,
            None => drop(counts.insert(attribute.to_owned(), 1)),
        }
    }
}

/// What was read of a person, under this configuration: the same fingerprint means nothing new to decide.
fn fingerprint(person: &Person, configuration: &str) -> anyhow::Result<Staged> {
    let record = serde_json::to_string(person)?;
    let mut hash = Context::new(&SHA256);
    hash.update(configuration.as_bytes());
    hash.update(record.as_bytes());
    let fingerprint = hash.finish().as_ref()[..16].to_vec();
    Ok(Staged { person: person.id.clone(), fingerprint, record })
}
