mod settings;
pub use settings::Keep;
