//! The one-run lock: an advisory lock on a file beside the database, so that commands and the daemon live side by side.

use std::fs::{File, OpenOptions, TryLockError};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use anyhow::Context as _;

/// Held for the length of one run; the kernel releases it when the process ends, however it ends.
#[derive(Debug)]
pub struct RunLock {
    _file: File,
}

/// Another process is running this customer: exit 75.
#[derive(Debug, thiserror::Error)]
#[error("another run of this customer is in progress; try again when it has finished")]
pub struct RunningElsewhere;

impl RunLock {
    pub(super) fn take(directory: &Path) -> anyhow::Result<Self> {
        let path = directory.join("run.lock");
        let file = OpenOptions::new()
            .create(true)
            .append(true)
            .mode(0o600)
            .open(&path)
            .with_context(|| format!("opening {}", path.display()))?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _file: file }),
            Err(TryLockError::WouldBlock) => Err(RunningElsewhere.into()),
            Err(TryLockError::Error(why)) => Err(why).with_context(|| format!("locking {}", path.display())),
        }
    }
}
