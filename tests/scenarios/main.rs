//! The whole against the sandbox: real HTTP, real SMTP, a real database file. Every scenario ends by running once more
//! and expecting silence.
#![forbid(unsafe_code)]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails where it stands")]

mod crashing;
mod existing;
mod going_live;
mod leavers;
mod proving;
mod reading;
mod sending;
mod world;
