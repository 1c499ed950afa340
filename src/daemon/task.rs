//! Something the loop waits for among other things: at most one at a time, and a panic is a value. Knows nothing of runs.

use std::future::pending;
use std::panic::AssertUnwindSafe;

use futures_util::FutureExt;
use futures_util::future::LocalBoxFuture;

/// The task panicked; what it said is in the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Panicked;

/// A future that turns in its owner's own task, so that it need not be `Send`.
pub(super) struct Task<T>(Option<LocalBoxFuture<'static, Result<T, Panicked>>>);

impl<T: 'static> Task<T> {
    pub const fn none() -> Self {
        Self(None)
    }

    pub fn is_none(&self) -> bool {
        self.0.is_none()
    }

    /// What the future shares with others must bear being left half done; locks that are poisoned are their owners' to mend.
    pub fn begin(&mut self, future: impl Future<Output = T> + 'static) {
        self.0 = Some(AssertUnwindSafe(future).catch_unwind().map(|ended| ended.map_err(|_| Panicked)).boxed_local());
    }

    /// Its result, once; without a task it never returns. Nothing is lost when this is dropped half way.
    pub async fn ended(&mut self) -> Result<T, Panicked> {
        let Some(future) = self.0.as_mut() else { return pending().await };
        let ended = future.await;
        self.0 = None;
        ended
    }

    /// Returns once there is no task.
    pub async fn settled(&mut self) -> Option<Result<T, Panicked>> {
        if self.is_none() { None } else { Some(self.ended().await) }
    }
}
