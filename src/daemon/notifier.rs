//! What systemd is told, in the words of `sd_notify(3)`. The only file that knows sd-notify.

use std::fmt;
use std::time::Duration;

use sd_notify::NotifyState;
use tokio::sync::mpsc::UnboundedSender;
use tracing::debug;

/// Where the service manager listens.
#[derive(Debug)]
pub struct Notifier {
    to: To,
    status: String,
}

enum To {
    /// `$NOTIFY_SOCKET`; nobody if it is not set.
    Systemd,
    /// Whoever embeds the loop.
    Channel(UnboundedSender<String>, Option<Duration>),
}

impl Notifier {
    pub fn systemd() -> Self {
        Self { to: To::Systemd, status: String::new() }
    }

    /// The messages go to a channel; a watchdog waits for a sign of life within this time.
    pub fn channel(to: UnboundedSender<String>, watchdog: Option<Duration>) -> Self {
        Self { to: To::Channel(to, watchdog), status: String::new() }
    }

    /// Within what time the watchdog wants a sign of life (`WatchdogSec=`).
    pub(super) fn watchdog(&self) -> Option<Duration> {
        match &self.to {
            To::Systemd => sd_notify::watchdog_enabled(),
            To::Channel(_, watchdog) => *watchdog,
        }
    }

    pub(super) fn ready(&mut self, status: &str) {
        status.clone_into(&mut self.status);
        self.send(&[NotifyState::Ready, NotifyState::Status(status)]);
    }

    /// Sends it if it is another than before.
    pub(super) fn status(&mut self, status: &str) {
        if self.status != status {
            status.clone_into(&mut self.status);
            self.send(&[NotifyState::Status(status)]);
        }
    }

    pub(super) fn alive(&self) {
        self.send(&[NotifyState::Watchdog]);
    }

    pub(super) fn reloading(&self) {
        match NotifyState::monotonic_usec_now() {
            Ok(moment) => self.send(&[NotifyState::Reloading, moment]),
            Err(_) => self.send(&[NotifyState::Reloading]),
        }
    }

    pub(super) fn stopping(&self) {
        self.send(&[NotifyState::Stopping, NotifyState::Status("stopping")]);
    }

    fn send(&self, states: &[NotifyState<'_>]) {
        match &self.to {
            To::Systemd => {
                if let Err(err) = sd_notify::notify(states) {
                    debug!("the service manager does not listen: {err}");
                }
            }
            // Nobody listens any more: as good as no service manager.
            To::Channel(to, _) => states.iter().for_each(|state| drop(to.send(state.to_string()))),
        }
    }
}

impl fmt::Debug for To {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Systemd => "Systemd",
            Self::Channel(..) => "Channel",
        })
    }
}
