//! The whole against the sandbox: real HTTP, real SMTP, a real database file. Every scenario ends by running once more
//! and expecting silence.
#![forbid(unsafe_code)]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails where it stands")]

mod crashing;
mod existing;
mod going_live;
mod groups;
mod leavers;
mod limits;
mod managers;
mod people;
mod proving;
mod reading;
mod sending;
mod state;
mod telling;
mod world;
