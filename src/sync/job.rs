//! One customer's run, prepared: settings compiled to rules, source and target connected, the state open.

use std::sync::Mutex;
use std::sync::PoisonError;

use chrono::{DateTime, Utc};
use tokio_util::sync::CancellationToken;

use super::{Clock, rules};
use crate::model::{AccountId, Person, PersonId};
use crate::plan::Rules;
use crate::settings::{Mistakes, Settings};
use crate::source::Source;
use crate::store::Store;
use crate::target::Target;

/// How far a run is, for a progress bar.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Step {
    #[default]
    Starting,
    /// People read so far.
    Reading(u64),
    /// People judged so far.
    Judging(u64),
    /// People looked up in the target so far, of how many.
    Matching(u64, u64),
    /// Operations settled so far, of how many.
    Sending(u64, u64),
}

/// Everything one run needs.
#[derive(Debug)]
pub struct Job<'a> {
    pub settings: &'a Settings,
    pub store: &'a Store,
    pub source: Source,
    pub target: Target,
    pub rules: Rules,
    /// The fingerprint of what is sent: its change makes the next plan a hold.
    pub configuration: String,
    pub clock: Clock,
    /// Only this person, if set (`run --person`).
    pub only: Option<PersonId>,
    /// Cancelled when the process is asked to stop.
    pub stop: CancellationToken,
    step: tokio::sync::watch::Sender<Step>,
    warnings: Mutex<Vec<String>>,
    credential_expires: Mutex<Option<DateTime<Utc>>>,
}

impl<'a> Job<'a> {
    /// Compiles the settings and connects; asks nobody anything yet.
    ///
    /// # Errors
    /// [`Mistakes`]: every mistake in an expression, or a connection that cannot even be prepared.
    pub fn prepare(settings: &'a Settings, store: &'a Store, clock: Clock) -> anyhow::Result<Self> {
        let rules = rules::compile(settings)?;
        let source = Source::connect(&settings.source, &rules::properties(&rules))
            .map_err(|why| Mistakes::from(settings.mistake("source", format!("{why:#}"))))?;
        let attributes: Vec<String> = rules.mapping.attributes().map(str::to_owned).collect();
        let target = Target::connect(&settings.target, &attributes)
            .map_err(|why| Mistakes::from(settings.mistake("target", format!("{why:#}"))))?;
        Ok(Self {
            settings,
            store,
            source,
            target,
            rules,
            configuration: settings.fingerprint(),
            clock,
            only: None,
            stop: CancellationToken::new(),
            step: tokio::sync::watch::Sender::default(),
            warnings: Mutex::default(),
            credential_expires: Mutex::default(),
        })
    }

    pub fn stage_name(&self) -> &'static str {
        self.settings.stage_name()
    }

    /// Follows the run's progress.
    pub fn progress(&self) -> tokio::sync::watch::Receiver<Step> {
        self.step.subscribe()
    }

    pub(super) fn report_step(&self, step: Step) {
        self.step.send_replace(step);
    }

    /// An observation for the report that stops nothing.
    pub fn warn(&self, text: String) {
        self.warnings.lock().unwrap_or_else(PoisonError::into_inner).push(text);
    }

    pub(super) fn take_warnings(&self) -> Vec<String> {
        std::mem::take(&mut self.warnings.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// When the source's credential ends, as the source said during this run.
    pub(super) fn credential_expires(&self) -> Option<DateTime<Utc>> {
        *self.credential_expires.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn note_credential_expiry(&self, at: Option<DateTime<Utc>>) {
        *self.credential_expires.lock().unwrap_or_else(PoisonError::into_inner) = at;
    }

    /// The account of a person's manager, if they have one of ours.
    pub(super) fn manager_account(&self, person: &Person) -> anyhow::Result<Option<AccountId>> {
        let Some(manager) = &person.manager else { return Ok(None) };
        Ok(self.store.snapshot(&manager.id)?.map(|snapshot| snapshot.account))
    }

    pub(super) fn concerns(&self, person: &PersonId) -> bool {
        self.only.as_ref().is_none_or(|only| only == person)
    }

    /// What people call somebody in reports.
    pub(super) fn name_of(person: &Person) -> &str {
        if person.user_name.is_empty() { person.id.as_str() } else { &person.user_name }
    }
}
