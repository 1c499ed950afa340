//! The loop itself: everything that can happen to a daemon, one branch each. Decides nothing about slots but in the
//! timetable's words.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use chrono::{DateTime, Utc};
use tokio::time::{Interval, MissedTickBehavior, interval, timeout};
use tracing::{debug, error, info, warn};

use super::alarm::Alarm;
use super::status::{Status, slots};
use super::task::{Panicked, Task};
use super::timetable::Timetable;
use super::{Controls, Ending, Summary, Trigger, Work, now};
use crate::schedule::Schedule;

/// A run that is told to stop has this long; with what comes after, the process is gone within ten seconds.
const STOP_WITHIN: Duration = Duration::from_secs(8);

/// Without a watchdog the loop's own sign of life is of no use to anybody.
const NO_WATCHDOG: Duration = Duration::from_hours(1);

/// The daemon's state between two events.
pub(super) struct Keeper<W> {
    work: Arc<W>,
    controls: Controls,
    timetable: Timetable,
    alarm: Alarm,
    status: Status,
    run: Task<Summary>,
    running: Option<Trigger>,
    housekeeping: Task<()>,
    /// The last claim failed: said once, tried again at every beat.
    claims_fail: bool,
}

impl<W: Work> Keeper<W> {
    pub async fn start(schedule: Schedule, work: Arc<W>, controls: Controls) -> anyhow::Result<Self> {
        let now = now();
        let last_slot = work.last_slot().context("reading which slot was run last")?;
        match last_slot {
            Some(at) if at > now => {
                warn!("the last slot on record, {at}, is in the future: is the clock right? Going by the clock");
            }
            Some(_) => {}
            None => remember_first_start(&schedule, work.as_ref(), now)?,
        }
        let alarm = Alarm::start(schedule.clone()).await?;
        let mut keeper = Self {
            work,
            controls,
            timetable: Timetable::new(schedule, last_slot, now),
            alarm,
            status: Status::default(),
            run: Task::none(),
            running: None,
            housekeeping: Task::none(),
            claims_fail: false,
        };
        let line = keeper.status_line(now);
        info!("ready: {line}");
        keeper.controls.notifier.ready(&line);
        Ok(keeper)
    }

    /// Until it is told to stop, or a run refuses to go on.
    pub async fn keep(mut self) -> Ending {
        let watchdog = self.controls.notifier.watchdog();
        let mut sign_of_life = steady(watchdog.map_or(NO_WATCHDOG, |within| within / 2));
        let mut beat = steady(self.controls.beat);
        let ending = loop {
            tokio::select! {
                () = self.controls.stop.cancelled() => break Ending::Stopped,
                () = self.alarm.rung() => {}
                _ = beat.tick() => self.tend(),
                _ = sign_of_life.tick() => self.feed_watchdog(),
                Some(()) = self.controls.reloads.recv() => self.reload().await,
                ended = self.run.ended() => {
                    if let Some(why) = self.run_ended(ended) {
                        break Ending::Refused(why);
                    }
                }
                tended = self.housekeeping.ended() => {
                    if tended.is_err() {
                        error!("the housekeeping panicked; it is tried again in a while");
                    }
                }
            }
            self.look_at_the_clock().await;
        };
        self.stop().await;
        ending
    }

    async fn look_at_the_clock(&mut self) {
        let now = now();
        if self.timetable.was_set_back(now) {
            warn!("the clock was set back to {now}; slots that were run are not run again");
            self.alarm.set(self.timetable.schedule(), now).await;
        }
        if self.running.is_none()
            && let Some(trigger) = self.timetable.due(now)
        {
            self.claim(trigger, now);
        }
        let line = self.status_line(now);
        self.controls.notifier.status(&line);
    }

    fn claim(&mut self, trigger: Trigger, now: DateTime<Utc>) {
        match self.work.claim_slot(&trigger.slot) {
            Ok(true) => self.begin(trigger, now),
            Ok(false) => {
                debug!(slot = %trigger.slot.id(), "the slot was run before");
                self.timetable.was_run_before(&trigger.slot);
            }
            // A slot that cannot be recorded could be run twice: better late than twice.
            Err(err) if self.claims_fail => debug!("still no slot can be recorded: {err:#}"),
            Err(err) => {
                error!(slot = %trigger.slot.id(), "the slot cannot be recorded and waits: {err:#}");
                self.claims_fail = true;
                return;
            }
        }
        self.claims_fail = false;
    }

    fn begin(&mut self, trigger: Trigger, now: DateTime<Utc>) {
        self.timetable.begun(&trigger);
        let (slot, skipped) = (trigger.slot.id(), trigger.skipped);
        if trigger.is_caught_up(now) {
            info!(%slot, skipped, "catching up the slot of {slot} and {} before it", slots(skipped));
        } else {
            info!(%slot, skipped, "the slot of {slot} is due");
        }
        self.status.running_since = Some(now);
        self.running = Some(trigger);
        let (work, stop) = (Arc::clone(&self.work), self.controls.stop.child_token());
        self.run.begin(async move { work.run(trigger, stop).await });
    }

    /// The reason, if the daemon must end.
    fn run_ended(&mut self, ended: Result<Summary, Panicked>) -> Option<String> {
        let trigger = self.running.take();
        self.status.running_since = None;
        self.status.skipped = 0;
        if let Some(missed) = self.timetable.run_ended(now()) {
            warn!(skipped = missed.count, "the run took longer than its interval: {} skipped", slots(missed.count));
            self.status.skipped = missed.count;
            // So that they are not taken for missed ones after a restart.
            if let Err(err) = self.work.claim_slot(&missed.latest) {
                warn!("a skipped slot cannot be recorded: {err:#}");
            }
        }
        match ended {
            Ok(Summary::Ran(text)) => self.status.last_run = Some(text),
            Ok(Summary::Refused(why)) => return Some(why),
            Err(Panicked) => {
                error!("the run panicked: it counts as failed, the next one is tried as usual");
                self.status.last_run = Some("failed: a fault in Rollcall itself".to_owned());
                if let Some(trigger) = trigger {
                    self.work.run_panicked(&trigger);
                }
            }
        }
        None
    }

    fn tend(&mut self) {
        if self.housekeeping.is_none() {
            let (work, stop) = (Arc::clone(&self.work), self.controls.stop.child_token());
            self.housekeeping.begin(async move { work.housekeeping(now(), stop).await });
        }
    }

    /// Only while the loop turns (it is what calls this) and the alarm looks at its slots.
    fn feed_watchdog(&self) {
        if self.alarm.is_alive() {
            self.controls.notifier.alive();
        } else {
            error!("the scheduler has stopped looking at its slots; leaving the rest to the watchdog");
        }
    }

    async fn reload(&mut self) {
        // A slot that is due at this moment is the old schedule's, and is not lost with it.
        self.look_at_the_clock().await;
        self.controls.notifier.reloading();
        match self.work.reload() {
            Ok(schedule) => {
                info!("the configuration was read again");
                self.status.reload_refused = false;
                let now = now();
                self.timetable.replace(schedule, now);
                self.alarm.set(self.timetable.schedule(), now).await;
            }
            Err(why) => {
                error!("the new configuration is invalid, the one before stays in use: {why}");
                self.status.reload_refused = true;
            }
        }
        let line = self.status_line(now());
        self.controls.notifier.ready(&line);
    }

    async fn stop(mut self) {
        self.controls.notifier.stopping();
        self.controls.stop.cancel();
        let all = async {
            let _ = tokio::join!(self.run.settled(), self.housekeeping.settled());
        };
        if timeout(STOP_WITHIN, all).await.is_err() {
            warn!("a run did not stop within {} s and is left to the journal", STOP_WITHIN.as_secs());
        }
        self.alarm.stop().await;
        info!("stopped");
    }

    fn status_line(&self, now: DateTime<Utc>) -> String {
        self.status.line(self.timetable.next(), self.timetable.schedule().zone(), now)
    }
}

/// A first start has missed nothing, but a second one may have: the first leaves the latest slot on record.
fn remember_first_start(schedule: &Schedule, work: &impl Work, now: DateTime<Utc>) -> anyhow::Result<()> {
    if let Some(latest) = schedule.last_at_or_before(now) {
        work.claim_slot(&latest).context("recording the first start")?;
    }
    Ok(())
}

fn steady(period: Duration) -> Interval {
    let mut interval = interval(period);
    interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
    interval
}
