//! What a run did, and the words for it: terminal, mail and JSON are three views of one `Report`. Pure.

mod finding;
pub mod incident;
mod json;
pub mod letter;
mod run;
mod terminal;

pub use finding::{Finding, Verdict};
pub use incident::{Digest, Expiry, Incident, Notice, OpenIncident, Told, Topic};
pub use json::change_to_json;
pub use letter::{Audience, Letter, PeopleInMail};
pub use run::{AppRefusal, Counts, HeldPerson, HoldReport, PersonFailure, Report, RunError, RunResult};
pub use terminal::{change_to_text, plain};
