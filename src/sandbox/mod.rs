//! The sandbox.
pub mod app;
mod counters;
pub mod directory;
pub mod entra;
mod people;
mod script;
mod wire;
