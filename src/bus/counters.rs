//! What the bus counts about its consumers.

use std::{
    fmt,
    sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
};

use serde::Serialize;

/// The state of a bus, for `machine.json` and, by its `Display`, for one line of the terminal.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Stats {
    /// Events published.
    pub published: u64,
    /// One entry per consumer, in the order they were added.
    pub consumers: Vec<ConsumerStats>,
}

/// The state of one consumer. Events are counted, except where another unit is named.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ConsumerStats {
    /// Its name.
    pub name: &'static str,
    /// Events it was meant to get.
    pub published: u64,
    /// Events it took.
    pub delivered: u64,
    /// Events it never got: a full queue of a lossy consumer, a spill that could not be written, or a consumer that has failed.
    pub dropped: u64,
    /// Events that went over the disk.
    pub spilled: u64,
    /// Times it panicked, erred, or could not be spilled for.
    pub errors: u64,
    /// Times it was restarted.
    pub restarts: u64,
    /// Whether it was given up.
    pub failed: bool,
    /// Most batches waiting in its queue.
    pub max_queue_batches: u64,
    /// Most events it was behind the newest one.
    pub max_lag: u64,
    /// The last thing that went wrong.
    pub last_error: Option<String>,
}

impl fmt::Display for Stats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let total = |count: fn(&ConsumerStats) -> u64| self.consumers.iter().map(count).sum::<u64>();
        write!(f, "bus: {} events to {} consumers", self.published, self.consumers.len())?;
        write!(f, ", {} dropped, {} spilled, {} errors", total(|c| c.dropped), total(|c| c.spilled), total(|c| c.errors))?;
        if let Some(slowest) = self.consumers.iter().max_by_key(|c| c.max_lag) {
            write!(f, ", lag at most {} ({})", slowest.max_lag, slowest.name)?;
        }
        for failed in self.consumers.iter().filter(|c| c.failed) {
            write!(f, ", {} FAILED", failed.name)?;
        }
        Ok(())
    }
}

impl Stats {
    /// One sentence per consumer that lost events, erred or failed.
    #[must_use]
    pub fn warnings(&self) -> Vec<String> {
        self.consumers.iter().filter(|c| c.dropped + c.errors > 0 || c.failed).map(ConsumerStats::warning).collect()
    }
}

impl ConsumerStats {
    pub(super) fn warning(&self) -> String {
        let state = if self.failed { "was given up" } else { "went on" };
        let reason = self.last_error.as_ref().map(|e| format!(": {e}")).unwrap_or_default();
        format!("{} {state} after {} errors and missed {} of {} events{reason}", self.name, self.errors, self.dropped, self.published)
    }
}

/// The counters of one consumer, shared by both ends of its queue.
#[derive(Debug, Default)]
pub(super) struct Counters {
    pub(super) delivered: AtomicU64,
    pub(super) dropped: AtomicU64,
    pub(super) spilled: AtomicU64,
    pub(super) errors: AtomicU64,
    pub(super) restarts: AtomicU64,
    pub(super) failed: AtomicBool,
    /// Place of the newest event it is done with.
    pub(super) consumed_seq: AtomicU64,
    pub(super) max_queue_batches: AtomicU64,
    pub(super) max_lag: AtomicU64,
    last_error: std::sync::Mutex<Option<String>>,
}

impl Counters {
    pub(super) fn erred(&self, what: String) {
        self.errors.fetch_add(1, Relaxed);
        *self.last_error.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = Some(what);
    }

    pub(super) fn snapshot(&self, name: &'static str, published: u64) -> ConsumerStats {
        ConsumerStats {
            name,
            published,
            delivered: self.delivered.load(Relaxed),
            dropped: self.dropped.load(Relaxed),
            spilled: self.spilled.load(Relaxed),
            errors: self.errors.load(Relaxed),
            restarts: self.restarts.load(Relaxed),
            failed: self.failed.load(Relaxed),
            max_queue_batches: self.max_queue_batches.load(Relaxed),
            max_lag: self.max_lag.load(Relaxed),
            last_error: self.last_error.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone(),
        }
    }
}
