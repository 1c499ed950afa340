//! What a run did, and the words for it: terminal, mail and JSON are three views of one `Report`. Pure.

mod finding;
mod run;

pub use finding::{Finding, Verdict};
pub use run::{AppRefusal, Counts, HeldPerson, HoldReport, PersonFailure, Report, RunError, RunResult};
