//! Logs: journald's own format under systemd, text for people on a terminal, JSON when asked for with
//! `ROLLCALL_LOG_FORMAT=json`; the level by `ROLLCALL_LOG` (for example `rollcall=debug`).

use std::io::IsTerminal as _;

use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, fmt};

/// Commands speak through what they print; their log is for when something else is wrong: why a run failed is in its
/// report, and need not be read twice.
pub fn for_commands() {
    start("warn,rollcall::sync::reporting=off");
}

pub fn for_the_daemon() {
    start("info,tokio_cron_scheduler=warn");
}

fn start(default: &str) {
    let asked_for = std::env::var("ROLLCALL_LOG").ok();
    let filter = asked_for.as_deref().map_or_else(|| EnvFilter::new(default), EnvFilter::new);
    let registry = tracing_subscriber::registry().with(filter);
    // A second subscriber is refused, and the first stays: nothing to do about it.
    if std::env::var("ROLLCALL_LOG_FORMAT").is_ok_and(|format| format == "json") {
        drop(registry.with(fmt::layer().json().flatten_event(true).with_writer(std::io::stderr)).try_init());
        return;
    }
    if std::env::var_os("JOURNAL_STREAM").is_some()
        && let Ok(journald) = tracing_journald::layer()
    {
        drop(registry.with(journald).try_init());
        return;
    }
    let colours = std::io::stderr().is_terminal();
    drop(registry.with(fmt::layer().with_ansi(colours).with_writer(std::io::stderr)).try_init());
}
