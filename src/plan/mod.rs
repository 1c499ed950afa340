//! What should happen to one person's account, decided from values alone. Pure: time is an argument, and finding whom
//! to judge is the store's business.

pub mod diff;
mod judge;
mod operation;
mod settings;
mod standing;

pub use diff::{diff, is_rename};
pub use judge::{Decision, Judgement, Rules, Subject, judge_member, judge_missing};
pub use operation::{adoption, creation, digest, hex, returned_as, update};
pub use settings::{LeaverRule, Leavers, PeopleSettings};
pub use standing::{Standing, StandingSince};
