//! Scripted faults: which request misbehaves, the how-manieth, and how often. Knows nothing of what a fault does.

use std::sync::{Arc, Mutex, PoisonError};

/// Something that is to happen to the n-th matching request, some number of times.
#[derive(Clone, Debug)]
pub(crate) struct Armed<S, A> {
    pub(crate) on: S,
    /// Matching requests to let pass first.
    pub(crate) skip: u32,
    /// How many requests it then happens to.
    pub(crate) times: u32,
    pub(crate) act: A,
}

/// The faults still to come, oldest first. Cheap to clone; clones share.
#[derive(Clone, Debug)]
pub(crate) struct Script<S, A>(Arc<Mutex<Vec<Armed<S, A>>>>);

impl<S, A> Default for Script<S, A> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

impl<S, A: Clone> Script<S, A> {
    pub(crate) fn arm(&self, armed: Armed<S, A>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(armed);
    }

    pub(crate) fn clear(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// What happens to a request that `matches`: the oldest armed fault whose turn has come.
    pub(crate) fn strike(&self, matches: impl Fn(&S) -> bool) -> Option<A> {
        let mut script = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut struck = None;
        for armed in script.iter_mut().filter(|armed| matches(&armed.on)) {
            if armed.skip > 0 {
                armed.skip -= 1;
            } else if armed.times > 0 && struck.is_none() {
                // `u32::MAX` stands for always.
                armed.times -= u32::from(armed.times != u32::MAX);
                struck = Some(armed.act.clone());
            }
        }
        script.retain(|armed| armed.times > 0);
        struck
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_skips_then_strikes_then_is_over() {
        let script = Script::<&str, u8>::default();
        script.arm(Armed { on: "page", skip: 1, times: 2, act: 9 });
        let strikes: Vec<_> = (0..4).map(|_| script.strike(|on| *on == "page")).collect();
        assert_eq!(strikes, [None, Some(9), Some(9), None]);
    }

    #[test]
    fn other_requests_do_not_use_a_fault_up() {
        let script = Script::<&str, u8>::default();
        script.arm(Armed { on: "page", skip: 0, times: 1, act: 9 });
        assert_eq!(script.strike(|on| *on == "token"), None);
        assert_eq!(script.strike(|on| *on == "page"), Some(9));
    }
}
