//! Rollcall keeps an app's accounts in step with a directory group.
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
