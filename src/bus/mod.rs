//! The bus: what happens in a run, numbered without gaps and handed to every consumer in order.
//!
//! The engine's thread only numbers events and gathers them into batches of [`BATCH_EVENTS`]; every consumer has its own bounded queue,
//! thread and [`Policy`]. A consumer that errs or panics is isolated, counted and restarted; the others go on. Backtests and live
//! sessions use the same bus: a backtest lets batches fill up, a live session calls [`Bus::deliver`] at the end of each moment.
//! Choose [`Policy::Wait`] for a backtest, [`Policy::Lossless`] for what a live session must not lose, [`Policy::Lossy`] for displays.

mod batch;
mod codec;
mod comprehensive;
mod consumer;
mod counters;
mod database;
mod file;
mod journal;
mod lane;
mod metrics;
mod running;
#[cfg(test)]
mod sample;
mod spill;
#[cfg(test)]
mod tests;
mod training_log;

use std::{collections::BTreeMap, path::PathBuf, sync::Arc};

pub use batch::{Batch, Lines};
pub use comprehensive::{COMPREHENSIVE_COLUMNS, Comprehensive};
pub use consumer::{Consumer, Outcome, RESTARTS_IN_A_ROW};
pub use counters::{ConsumerStats, Stats};
pub use database::Database;
pub use journal::{Journal, LineHash};
pub use metrics::{Metrics, Tally};
pub use running::Running;
pub use training_log::{Intact, Rotation, TrainingLog, read_folder, read_lines};

use crate::{
    error::{Error, Result},
    event::{Event, Kind, Mode, Names, Source},
    market::InstrumentId,
    time::Nanos,
};

use consumer::Parcel;
use lane::Lane;

/// Events in a full batch.
pub const BATCH_EVENTS: usize = 256;
/// Batches a queue holds: a quarter of a million events.
pub const QUEUE_BATCHES: usize = 1024;

/// What happens when a consumer's queue is full.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Policy {
    /// The engine waits. For backtests, where only the whole matters; refused where prices are live.
    Wait,
    /// Batches go over the disk, in order; nothing is lost and the engine does not wait.
    Lossless {
        /// Where the spill file is made.
        spill_dir: PathBuf,
    },
    /// Batches are dropped and counted.
    Lossy,
}

/// What a finished bus leaves.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Finished {
    /// The counters at the end.
    pub stats: Stats,
    /// What each consumer left, in the order they were added; `None` for one that was given up.
    pub outcomes: Vec<(&'static str, Option<Outcome>)>,
    /// SHA-256 of the canonical lines; `None` without a journal, or when it was given up.
    pub event_log_sha256: Option<String>,
    /// The same, to which more lines may be added.
    pub event_log: Option<LineHash>,
    /// Events by kind, from the journal.
    pub kinds: Option<BTreeMap<&'static str, u64>>,
    /// Counts and sums, from the metrics.
    pub tally: Option<Tally>,
    /// One sentence per consumer that lost events, erred or failed.
    pub warnings: Vec<String>,
}

/// Numbers events and hands them out.
///
/// ```
/// use std::sync::Arc;
/// use cthulu_lab::{bus::{Bus, Journal, Policy}, event::{Kind, Mode, Names}, time::Nanos};
/// let mut bus = Bus::new(Arc::new(Names { run: "r1".into(), ..Names::default() }), Mode::Backtest);
/// bus.add(Box::new(Journal::new()), Policy::Wait).unwrap();
/// bus.publish(Nanos(0), None, None, Kind::RunStarted { cash: 1000.0 });
/// let finished = bus.finish().unwrap();
/// assert_eq!(finished.kinds.unwrap()["run_started"], 1);
/// assert_eq!(finished.event_log_sha256.unwrap().len(), 64);
/// ```
pub struct Bus {
    names: Arc<Names>,
    mode: Mode,
    queue_batches: usize,
    published: u64,
    gathered: Vec<Event>,
    taps: Vec<Tap>,
    lanes: Vec<Lane>,
}

type Tap = Box<dyn FnMut(&Event) + Send>;

impl Bus {
    /// A bus without consumers: events are numbered and go nowhere, as in the trials of a search.
    #[must_use]
    pub fn new(names: Arc<Names>, mode: Mode) -> Self {
        Self { names, mode, queue_batches: QUEUE_BATCHES, published: 0, gathered: Vec::new(), taps: Vec::new(), lanes: Vec::new() }
    }

    /// The same with queues of `batches` for the consumers added from now on; at least 1.
    #[must_use]
    pub fn with_queue(mut self, batches: usize) -> Self {
        self.queue_batches = batches.max(1);
        self
    }

    /// Starts a consumer on its own thread. It gets the events published from now on.
    ///
    /// # Errors
    /// [`Error::Config`] for [`Policy::Wait`] where prices are live; [`Error::Failed`] when the system gives no thread.
    pub fn add(&mut self, consumer: Box<dyn Consumer>, policy: Policy) -> Result<()> {
        if policy == Policy::Wait && !matches!(self.mode, Mode::Backtest | Mode::Synthetic) {
            let problem = format!("may not make the engine wait in {} mode; use Lossless or Lossy", self.mode.name());
            return Err(Error::config(consumer.name(), problem));
        }
        self.deliver();
        self.lanes.push(Lane::start(consumer, policy, self.queue_batches, &self.names, self.published)?);
        Ok(())
    }

    /// Shows every event to `observer` on the engine's own thread, as it is published.
    pub fn tap(&mut self, observer: impl FnMut(&Event) + Send + 'static) {
        self.taps.push(Box::new(observer));
    }

    /// Publishes what the run's own strategies caused, and gives it the next number. Never blocks outside [`Policy::Wait`].
    #[inline]
    pub fn publish(&mut self, at: Nanos, instrument: Option<InstrumentId>, strategy: Option<u8>, kind: Kind) {
        self.publish_from(Source::System, at, instrument, strategy, kind);
    }

    /// Publishes what `source` caused.
    #[inline]
    pub fn publish_from(&mut self, source: Source, at: Nanos, instrument: Option<InstrumentId>, strategy: Option<u8>, kind: Kind) {
        self.published += 1;
        if self.lanes.is_empty() && self.taps.is_empty() {
            return;
        }
        if self.gathered.capacity() == 0 {
            self.gathered.reserve_exact(BATCH_EVENTS);
        }
        self.gathered.push(Event { seq: self.published, at, mode: self.mode, source, instrument, strategy, kind });
        for tap in &mut self.taps {
            self.gathered.last().into_iter().for_each(&mut *tap);
        }
        if self.lanes.is_empty() {
            self.gathered.clear();
        } else if self.gathered.len() == BATCH_EVENTS {
            self.deliver();
        }
    }

    /// Sends what has been gathered, however little: live, at the end of every moment.
    pub fn deliver(&mut self) {
        if !self.gathered.is_empty() {
            let batch = Batch::new(std::mem::take(&mut self.gathered), Arc::clone(&self.names));
            self.send(&Parcel::Batch(batch));
        }
    }

    /// Delivers, and asks every consumer to put on disk what it holds back. Does not wait for them.
    pub fn flush(&mut self) {
        self.deliver();
        self.send(&Parcel::Flush);
    }

    /// Number of events published so far, the `seq` of the newest.
    #[must_use]
    pub const fn published(&self) -> u64 {
        self.published
    }

    /// The counters now.
    #[must_use]
    pub fn stats(&self) -> Stats {
        Stats { published: self.published, consumers: self.lanes.iter().map(|l| l.stats(self.published)).collect() }
    }

    /// Delivers the rest, lets every consumer finish and waits for them. A consumer that failed is told in the warnings.
    ///
    /// # Errors
    /// When events were lost to the journal: a run without its whole log is not a run.
    pub fn finish(mut self) -> Result<Finished> {
        let outcomes = self.close();
        let stats = self.stats();
        let lost = stats.consumers.iter().find(|c| c.name == Journal::NAME && (c.failed || c.dropped > 0));
        if let Some(journal) = lost {
            return Err(Error::Failed(journal.warning()));
        }
        let told = || outcomes.iter().filter_map(|(_, outcome)| outcome.as_ref());
        Ok(Finished {
            event_log_sha256: told().find_map(|o| o.event_log_sha256.clone()),
            event_log: told().find_map(|o| o.event_log.clone()),
            kinds: told().find_map(|o| o.kinds.clone()),
            tally: told().find_map(|o| o.tally.clone()),
            warnings: stats.warnings(),
            stats,
            outcomes,
        })
    }

    fn send(&mut self, parcel: &Parcel) {
        let mut encoded = None;
        for lane in &mut self.lanes {
            lane.send(parcel, self.published, &mut encoded);
        }
    }

    fn close(&mut self) -> Vec<(&'static str, Option<Outcome>)> {
        self.deliver();
        let published = self.published;
        for lane in &mut self.lanes {
            lane.hang_up();
        }
        self.lanes.iter_mut().map(|lane| (lane.name(), lane.join(published))).collect()
    }
}

impl Drop for Bus {
    /// An interrupted run still leaves whole files: what was published is delivered and finished.
    fn drop(&mut self) {
        self.close();
    }
}
