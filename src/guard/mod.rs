mod settings;
pub use settings::{Limit, Limits};
