//! How a person's attributes become an account's attributes. Pure.

mod settings;
pub use settings::{LongLine, MappingLine, MappingSettings, OnNull, When};
