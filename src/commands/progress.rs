//! A progress bar for long steps, on a terminal only.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use tokio::sync::watch;

use crate::sync::{Job, Step};

/// Awaits `work` and draws how far the job is; draws nothing when stderr is no terminal.
pub async fn shown<T>(job: &Job<'_>, work: impl Future<Output = T>) -> T {
    let mut steps = job.progress();
    let bar = ProgressBar::new_spinner().with_style(spinner());
    bar.enable_steady_tick(Duration::from_millis(120));
    let value = tokio::select! {
        value = work => value,
        () = draw(&bar, &mut steps) => unreachable_end(),
    };
    bar.finish_and_clear();
    value
}

/// `draw` follows a sender that lives in the job, which outlives it.
fn unreachable_end<T>() -> T {
    unreachable!("the job keeps the sender of its steps")
}

async fn draw(bar: &ProgressBar, steps: &mut watch::Receiver<Step>) {
    while steps.changed().await.is_ok() {
        let step = *steps.borrow_and_update();
        match step {
            Step::Starting => {}
            Step::Reading(people) => bar.set_message(format!("reading the groups: {people} people")),
            Step::Judging(people) => bar.set_message(format!("comparing: {people} people")),
            Step::Matching(done, all) => measured(bar, "looking for existing accounts", done, all),
            Step::Sending(done, all) => measured(bar, "sending changes", done, all),
        }
    }
    std::future::pending::<()>().await;
}

fn measured(bar: &ProgressBar, what: &'static str, done: u64, all: u64) {
    bar.set_style(counter());
    bar.set_length(all);
    bar.set_position(done);
    bar.set_message(what);
}

fn spinner() -> ProgressStyle {
    ProgressStyle::with_template("{spinner} {msg}").unwrap_or_else(|_| ProgressStyle::default_spinner())
}

fn counter() -> ProgressStyle {
    ProgressStyle::with_template("{msg} [{bar:30}] {pos}/{len} ({eta})")
        .unwrap_or_else(|_| ProgressStyle::default_bar())
}
