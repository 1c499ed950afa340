//! Started as root on a state that belongs to somebody else (systemd's `DynamicUser`), a command becomes that user, so
//! that it never leaves files the daemon cannot open.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use anyhow::Context as _;
use rustix::process::{Gid, Uid, geteuid};
use rustix::thread::{
    CapabilitySet, CapabilitySets, set_capabilities, set_keep_capabilities, set_thread_gid, set_thread_groups,
    set_thread_uid,
};

/// Becomes the owner of the state directory, where there is one and the process is root. Linux changes identity per
/// thread, so this comes before any other thread is started.
///
/// Of root's powers it keeps the one to pass through directories: with `DynamicUser` the state lies below
/// `/var/lib/private`, which only root may enter (the daemon has its own view of it).
pub fn become_owner(state_dir: &Path) -> anyhow::Result<()> {
    if !geteuid().is_root() {
        return Ok(());
    }
    let Ok(metadata) = fs::metadata(state_dir) else { return Ok(()) };
    if metadata.uid() == 0 {
        return Ok(());
    }
    let (uid, gid) = (Uid::from_raw(metadata.uid()), Gid::from_raw(metadata.gid()));
    let pass_through = CapabilitySet::DAC_READ_SEARCH;
    let become_them = || {
        set_keep_capabilities(true)?;
        set_thread_groups(&[gid])?;
        set_thread_gid(gid)?;
        set_thread_uid(uid)?;
        let sets =
            CapabilitySets { effective: pass_through, permitted: pass_through, inheritable: CapabilitySet::empty() };
        set_capabilities(None, sets)
    };
    become_them().with_context(|| format!("becoming the owner of {}", state_dir.display()))
}
