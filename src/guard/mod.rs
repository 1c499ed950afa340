//! What stands against a plan: a pure linter that collects every objection, and the only maker of the [`ApprovedPlan`]
//! that the journal accepts.

mod hold;
mod limits;
mod settings;

pub use hold::{HoldKind, LimitKind};
pub use settings::{Limit, Limits};

use std::collections::BTreeMap;

use crate::model::{Cause, ChangeKind};

/// What the guard must know about a plan as a whole. Changes released by an approval are not in these numbers.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    /// Active managed accounts.
    pub active: u64,
    pub roster_is_empty: bool,
    /// Nobody has reviewed a plan of this configuration yet.
    pub unreviewed: bool,
    /// Attributes that many people had and nobody has now.
    pub mass_null: Vec<String>,
    pub planned: BTreeMap<LimitKind, u64>,
    /// Adoptions that need somebody's word.
    pub asks: u64,
    /// Changes that an approval left out, by the kind of their hold: held already.
    pub declined: Vec<(HoldKind, u64)>,
    /// Done without approval in the last 24 hours.
    pub done_in_a_day: BTreeMap<LimitKind, u64>,
    /// Done without approval in the last 7 days.
    pub done_in_a_week: BTreeMap<LimitKind, u64>,
}

/// Why some changes must not go ahead by themselves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Objection {
    pub kind: HoldKind,
    /// How many would have been allowed.
    pub limit: u64,
    /// What, how many, the limit; without the next step, which depends on the hold's id.
    pub message: String,
}

/// What becomes of one planned change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    Release,
    Hold(HoldKind),
}

/// A plan that was judged as a whole. Only [`approve`] makes one, and the journal accepts nothing else.
#[derive(Debug)]
pub struct ApprovedPlan {
    objections: Vec<Objection>,
    /// Why changes are held that an approval left out; they object to nobody else's.
    declined: Vec<Objection>,
    active: u64,
}

/// Judges the whole plan before its first write, collecting every objection.
pub fn approve(facts: &Facts, limits: &Limits) -> ApprovedPlan {
    let mut objections = Vec::new();
    if facts.unreviewed {
        objections.push(unreviewed(facts));
    }
    if !facts.mass_null.is_empty() {
        objections.push(mass_null(facts));
    }
    if facts.asks > 0 {
        objections.push(asks(facts));
    }
    objections.extend(LimitKind::ALL.into_iter().filter_map(|kind| limits::objection(kind, facts, limits)));
    let objected = |kind: HoldKind| objections.iter().any(|objection| objection.kind == kind);
    let declined = facts.declined.iter().filter(|(kind, _)| !objected(*kind)).map(declined).collect();
    ApprovedPlan { objections, declined, active: facts.active }
}

impl ApprovedPlan {
    pub fn objections(&self) -> &[Objection] {
        &self.objections
    }

    /// Why anything is held: the objections, and what approvals left out.
    pub fn reasons(&self) -> impl Iterator<Item = &Objection> {
        self.objections.iter().chain(&self.declined)
    }

    /// Active managed accounts at the time of judging.
    pub fn active(&self) -> u64 {
        self.active
    }

    /// One change that no approval has released: the first objection that covers it holds it.
    pub fn verdict(&self, kind: ChangeKind, cause: Cause, ask: bool) -> Verdict {
        let covering = self.objections.iter().find(|objection| objection.kind.covers(kind, cause, ask));
        covering.map_or(Verdict::Release, |objection| Verdict::Hold(objection.kind))
    }
}

fn unreviewed(facts: &Facts) -> Objection {
    let all: u64 = facts.planned.iter().filter(|(kind, _)| **kind != LimitKind::Disabled).map(|(_, n)| n).sum();
    let count = all + facts.asks;
    Objection {
        kind: HoldKind::Configuration,
        limit: 0,
        message: format!(
            "this is the first plan of this configuration: all {count} changes wait for review \
             (people disabled or deleted in the directory excepted)"
        ),
    }
}

fn declined((kind, count): &(HoldKind, u64)) -> Objection {
    let message =
        format!("{count} changes were left out when their hold was approved, and wait for a word of their own");
    Objection { kind: *kind, limit: 0, message }
}

fn mass_null(facts: &Facts) -> Objection {
    Objection {
        kind: HoldKind::MassNull,
        limit: 0,
        message: format!(
            "{} was set for many people and is empty for everyone now: the changes that follow from it are held",
            facts.mass_null.join(", ")
        ),
    }
}

fn asks(facts: &Facts) -> Objection {
    Objection {
        kind: HoldKind::Adoptions,
        limit: 0,
        message: format!("would adopt {} accounts that exist already in the app", facts.asks),
    }
}
