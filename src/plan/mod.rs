mod settings;
pub use settings::{LeaverRule, Leavers, PeopleSettings};
