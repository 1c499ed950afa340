//! Wakes the loop when a slot starts. The only file that knows tokio-cron-scheduler.
//!
//! The scheduler alone would drift by an hour at every change of summer time (it keeps the zone's offset of the moment a
//! job was made), overlap runs and forget what it missed. So its job only rings; when it rings is decided by our own
//! [`Schedule`], through the scheduler's storage, and what is due by the timetable. It polls the wall clock twice a
//! second, which is how a clock that jumps ahead or a machine that wakes up is noticed at once.

use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use anyhow::Context;
use chrono::{DateTime, TimeZone, Utc};
use tokio::sync::Notify;
use tokio_cron_scheduler::job::job_data::{JobAndNextTick, JobStoredData};
use tokio_cron_scheduler::store::{DataStore, InitStore};
use tokio_cron_scheduler::{
    Job, JobScheduler, JobSchedulerError, MetaDataStorage, SimpleJobCode, SimpleMetadataStore, SimpleNotificationCode,
    SimpleNotificationStore,
};
use uuid::Uuid;

use crate::schedule::Schedule;

/// The job must have a pattern; the storage overrules it.
const CARRIER: &str = "0 0 0 1 1 *";

/// There is one job.
const CHANNEL_SIZE: usize = 8;

type Answer<T> = Pin<Box<dyn Future<Output = Result<T, JobSchedulerError>> + Send>>;

pub(super) struct Alarm {
    scheduler: JobScheduler,
    job: Uuid,
    ring: Arc<Notify>,
    schedule: Arc<RwLock<Schedule>>,
    polled: Arc<AtomicBool>,
}

impl Alarm {
    pub async fn start(schedule: Schedule) -> anyhow::Result<Self> {
        let ring = Arc::new(Notify::new());
        let schedule = Arc::new(RwLock::new(schedule));
        let polled = Arc::new(AtomicBool::new(true));
        let slots = SlotStore {
            inner: SimpleMetadataStore::default(),
            schedule: Arc::clone(&schedule),
            polled: Arc::clone(&polled),
        };
        let scheduler = JobScheduler::new_with_storage_and_code(
            Box::new(slots),
            Box::new(SimpleNotificationStore::default()),
            Box::new(SimpleJobCode::default()),
            Box::new(SimpleNotificationCode::default()),
            CHANNEL_SIZE,
        )
        .await
        .context("setting up the scheduler")?;
        let rings = Arc::clone(&ring);
        let job = Job::new_async(CARRIER, move |_, _| {
            let rings = Arc::clone(&rings);
            Box::pin(async move { rings.notify_one() })
        })
        .context("making the scheduler's job")?;
        let job = scheduler.add(job).await.context("adding the scheduler's job")?;
        scheduler.start().await.context("starting the scheduler")?;
        Ok(Self { scheduler, job, ring, schedule, polled })
    }

    /// Returns when a slot has started since the last time; perhaps also when none has.
    pub async fn rung(&self) {
        self.ring.notified().await;
    }

    /// Rings at the first slot of this schedule after this instant, whatever it was set to.
    pub async fn set(&self, schedule: &Schedule, after: DateTime<Utc>) {
        self.schedule.write().unwrap_or_else(PoisonError::into_inner).clone_from(schedule);
        let mut storage = self.scheduler.context.metadata_storage.write().await;
        // With a last tick later than the next one, after the clock was set back, the scheduler would never ring.
        let armed = storage.set_next_and_last_tick(self.job, Some(after), None).await;
        armed.expect("the job is in the storage from the start to the end");
    }

    /// Whether the scheduler looked at its slots since the last time this was asked.
    pub fn is_alive(&self) -> bool {
        self.polled.swap(false, Ordering::Relaxed)
    }

    pub async fn stop(mut self) {
        // It only stops polling, and cannot fail.
        let _ = self.scheduler.shutdown().await;
    }
}

/// The scheduler's storage, with every next tick from our own schedule.
struct SlotStore {
    inner: SimpleMetadataStore,
    schedule: Arc<RwLock<Schedule>>,
    polled: Arc<AtomicBool>,
}

impl SlotStore {
    /// A job without a next tick would be deleted: with no slot to come it waits for the end of days.
    fn next_tick(&self, after: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let schedule = self.schedule.read().unwrap_or_else(PoisonError::into_inner);
        let next = schedule.next_after(after).map(|slot| slot.starts_at);
        next.or_else(|| Utc.with_ymd_and_hms(9999, 1, 1, 0, 0, 0).single())
    }
}

impl MetaDataStorage for SlotStore {
    fn list_next_ticks(&mut self) -> Answer<Vec<JobAndNextTick>> {
        self.polled.store(true, Ordering::Relaxed);
        self.inner.list_next_ticks()
    }

    /// After the job rang at `last_tick`, or (from [`Alarm::set`]) after the instant given as the next tick.
    fn set_next_and_last_tick(
        &mut self,
        job: Uuid,
        next_tick: Option<DateTime<Utc>>,
        last_tick: Option<DateTime<Utc>>,
    ) -> Answer<()> {
        let after = last_tick.or(next_tick).unwrap_or_else(super::now);
        self.inner.set_next_and_last_tick(job, self.next_tick(after), last_tick)
    }

    fn time_till_next_job(&mut self) -> Answer<Option<std::time::Duration>> {
        self.inner.time_till_next_job()
    }
}

impl DataStore<JobStoredData> for SlotStore {
    fn get(&mut self, job: Uuid) -> Answer<Option<JobStoredData>> {
        self.inner.get(job)
    }

    fn add_or_update(&mut self, mut data: JobStoredData) -> Answer<()> {
        data.set_next_tick(self.next_tick(super::now()));
        self.inner.add_or_update(data)
    }

    fn delete(&mut self, job: Uuid) -> Answer<()> {
        self.inner.delete(job)
    }
}

impl InitStore for SlotStore {
    fn init(&mut self) -> Answer<()> {
        self.inner.init()
    }

    fn inited(&mut self) -> Answer<bool> {
        self.inner.inited()
    }
}
