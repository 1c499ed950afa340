//! Rollcall keeps an app's accounts in step with a directory group.
//!
//! This page is the map. To understand the whole, read in this order; each module's own page says what it may not do.
//!
//! 1. [`sync`]: one run, from the first read to the mails. Its `mod.rs` is the story; everything else is a part of it.
//! 2. [`model`]: the words as plain values: a person, an account, a change with its cause, an operation, its outcome.
//! 3. What is decided, by pure functions over values:
//!    [`expression`], the one language of the configuration; [`scope`], who is ours; [`mapping`], which account a person
//!    should have; [`plan`], what becomes of one person; [`guard`], what stands against the plan as a whole;
//!    [`schedule`], when a run is due; [`report`], what a run did, and every word that people read.
//! 4. What acts:
//!    [`source`] reads a directory, completely or not at all; [`target`] changes an app, one outcome per operation;
//!    [`store`] is the customer's memory, in one SQLite file; [`notify`] hands mails to SMTP. Below them [`http`] and
//!    [`oauth`].
//! 5. What holds it together: [`settings`], everything an operator wrote, checked as a whole; [`daemon`], the loop that
//!    keeps the schedule; [`commands`], the command line.
//! 6. [`sandbox`]: the other side, simulated: for the demo, rehearsals and tests.
//!
//! # One person, all the way
//!
//! Graph's JSON → [`model::Person`], staged into SQLite page by page → [`source::Roster`], the proof that nobody is missing →
//! [`mapping::Wanted`]: an account, or a rejection → [`plan::Decision`] → a [`model::Change`] in the plan → released by a
//! [`guard::ApprovedPlan`], or held → a journaled [`model::Operation`] → a request to the app → [`model::Outcome`] →
//! journal, snapshot, audit trail and standing, in one transaction → [`report::Report`] → a letter → SMTP.
//!
//! # What is not here
//!
//! The safety of other people's access rests on absences. Looking for one of these, you should find nothing:
//!
//! * No incomplete roster: [`source::Roster`] is made by a connector after its last check, and by nobody else.
//! * No way from "could not be read" or "could not be mapped" to "has left": they are other types.
//! * No decision with a clock, a network, a database or a log in it; time is an argument.
//! * No path to the app around the journal, and none into the journal around the guard: [`store::Store::journal`] takes a
//!   [`guard::ApprovedPlan`], and only [`guard::approve`] makes one.
//! * No deactivation without a proof just before it ([`source::Proof`]), and no deletion at all.
//! * No SQL but in `store`, no HTTP client but in `http`, no mail but from `notify`, no word for a client's admin but in
//!   `report::letter`.
//! * No redirect followed, and no token sent to another origin than the configured one ([`http::Origin`]).
//! * No secret that prints itself, and no personal data in logs above debug.
//! * No database transaction and no mutex that lives across an `.await`.
//! * No `unsafe`, no mocking, no switch for tests inside production functions.
//!
//! "Guarantee 7" in a comment is number 7 of `docs/guarantees.md`. `docs/architecture.md` says why it is built this way, and
//! where the next piece goes; `tests/layers.rs` keeps the arrows between modules pointing downwards.
#![forbid(unsafe_code)]

pub mod commands;
pub mod daemon;
pub mod expression;
pub mod guard;
pub mod http;
pub mod mapping;
pub mod model;
pub mod notify;
pub mod oauth;
pub mod plan;
pub mod report;
pub mod sandbox;
pub mod schedule;
pub mod scope;
pub mod settings;
pub mod source;
pub mod store;
pub mod sync;
pub mod target;
