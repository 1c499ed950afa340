//! How the loop is told to stop or to reload, and whom it tells: the caller brings all of it, so that a test needs no signals.

use std::io;
use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tracing::info;

use super::Notifier;

/// How often the work gets to do its housekeeping, and slots are looked for even without the alarm.
const BEAT: Duration = Duration::from_secs(30);

/// The loop's wires to the outside.
#[derive(Debug)]
pub struct Controls {
    pub stop: CancellationToken,
    /// One message, one reload.
    pub reloads: mpsc::Receiver<()>,
    pub notifier: Notifier,
    pub beat: Duration,
}

impl Controls {
    /// SIGTERM and SIGINT stop, SIGHUP reloads, systemd is told. To be called inside the runtime, before anything slow:
    /// from then on no signal ends the process by itself.
    pub fn of_process() -> io::Result<Self> {
        let stop = CancellationToken::new();
        let (hangup, reloads) = mpsc::channel(1);
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut hangups = signal(SignalKind::hangup())?;
        let stopped = stop.clone();
        tokio::spawn(async move {
            loop {
                tokio::select! {
                    _ = terminate.recv() => info!("SIGTERM: stopping"),
                    _ = interrupt.recv() => info!("SIGINT: stopping"),
                    _ = hangups.recv() => {
                        // A reload that waits already is this one, too.
                        let _ = hangup.try_send(());
                        continue;
                    }
                }
                stopped.cancel();
            }
        });
        Ok(Self { stop, reloads, notifier: Notifier::systemd(), beat: BEAT })
    }
}
