//! What a run did, and the words for it: terminal, mail and JSON are three views of one `Report`. Pure.

mod finding;

pub use finding::{Finding, Verdict};
