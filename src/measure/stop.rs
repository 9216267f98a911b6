//! The user's wish to stop, as a flag that every loop and every wait looks at.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// A flag shared by the signal handler and everything that measures.
#[derive(Clone, Debug, Default)]
pub struct Stop {
    own: Arc<AtomicBool>,
    /// Setting this one sets us too.
    outer: Option<Arc<Self>>,
}

impl Stop {
    /// A flag that no signal sets; tests set it.
    pub fn new() -> Self {
        Self::default()
    }

    /// A flag that Ctrl-C, SIGTERM and SIGHUP set. A second Ctrl-C changes nothing: stopping takes at most the time to end the children.
    pub fn on_signal() -> Result<Self, ctrlc::Error> {
        let stop = Self::default();
        let flag = stop.clone();
        ctrlc::set_handler(move || flag.set())?;
        Ok(stop)
    }

    /// A flag for a part of the work: set by itself, and by this one.
    #[must_use]
    pub fn within(&self) -> Self {
        Self { own: Arc::default(), outer: Some(Arc::new(self.clone())) }
    }

    /// Sets it.
    pub fn set(&self) {
        self.own.store(true, Ordering::SeqCst);
    }

    /// Whether it is set.
    pub fn is_set(&self) -> bool {
        self.own.load(Ordering::SeqCst) || self.outer.as_ref().is_some_and(|outer| outer.is_set())
    }
}
