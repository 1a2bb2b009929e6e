//! Who listens, and the thread that serves a listener.
//!
//! A consumer that errs or panics is restarted and given the same batch again; after [`RESTARTS_IN_A_ROW`] vain attempts it is given
//! up and the others go on.

use std::{
    collections::BTreeMap,
    panic::{AssertUnwindSafe, catch_unwind},
    path::PathBuf,
    sync::{Arc, atomic::Ordering::Relaxed},
};

use crossbeam_channel::{Receiver, TryRecvError};

use super::{Batch, codec::Code, counters::Counters, metrics::Tally, spill::Spill};
use crate::{
    error::{Error, Result},
    event::{Event, Names},
};

/// Restarts without a batch taken in between before a consumer is given up.
pub const RESTARTS_IN_A_ROW: u32 = 3;

/// Something that takes events off the engine's thread.
pub trait Consumer: Send {
    /// Its name in the statistics, and of its spill file.
    fn name(&self) -> &'static str;

    /// Takes a batch. After an error or a panic the same batch comes again, so what was taken of it must be remembered by its `seq`.
    ///
    /// # Errors
    /// Whatever keeps it from taking the batch.
    fn consume(&mut self, batch: &Batch) -> Result<()>;

    /// Puts on disk what it holds back.
    ///
    /// # Errors
    /// Whatever keeps it from writing.
    fn flush(&mut self) -> Result<()> {
        Ok(())
    }

    /// Gets ready to go on after an error or a panic.
    ///
    /// # Errors
    /// When it cannot; that counts as one more vain attempt.
    fn restart(&mut self) -> Result<()> {
        Ok(())
    }

    /// Writes the last of it and tells what came out. Called once, after a flush.
    ///
    /// # Errors
    /// Whatever keeps it from finishing.
    fn finish(&mut self) -> Result<Outcome> {
        Ok(Outcome::default())
    }
}

/// What a consumer leaves behind.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Outcome {
    /// Files it wrote.
    pub files: Vec<PathBuf>,
    /// SHA-256 of the canonical lines, from the journal.
    pub event_log_sha256: Option<String>,
    /// The same before it was closed, from the journal.
    pub event_log: Option<super::LineHash>,
    /// Events by kind, from the journal.
    pub kinds: Option<BTreeMap<&'static str, u64>>,
    /// Counts and sums, from the metrics.
    pub tally: Option<Tally>,
}

/// What travels through a queue.
#[derive(Clone, Debug)]
pub(super) enum Parcel {
    Batch(Batch),
    Flush,
}

impl Parcel {
    /// The parcel as bytes: no events means a flush.
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        match self {
            Self::Batch(batch) => super::codec::put_all(batch.events(), &mut bytes),
            Self::Flush => Vec::<Event>::new().put(&mut bytes),
        }
        bytes
    }

    fn decode(bytes: &[u8], names: &Arc<Names>) -> Result<Self> {
        let events = Vec::<Event>::get(&mut &*bytes).ok_or_else(|| Error::Failed("a spilled batch cannot be read back".to_owned()))?;
        Ok(if events.is_empty() { Self::Flush } else { Self::Batch(Batch::new(events, Arc::clone(names))) })
    }

    pub(super) fn len(&self) -> u64 {
        match self {
            Self::Batch(batch) => batch.events().len() as u64,
            Self::Flush => 0,
        }
    }
}

/// The consumer's end of a queue, on its own thread.
pub(super) struct Worker {
    pub(super) consumer: Box<dyn Consumer>,
    pub(super) queue: Receiver<Parcel>,
    pub(super) spill: Option<Arc<Spill>>,
    pub(super) counters: Arc<Counters>,
    pub(super) names: Arc<Names>,
}

impl Worker {
    /// Serves until the bus hangs up, then finishes the consumer; `None` when it was given up.
    pub(super) fn run(mut self) -> Option<Outcome> {
        while let Some(parcel) = self.next() {
            match &parcel {
                Parcel::Flush => self.attempt(|c| c.flush())?,
                Parcel::Batch(batch) => {
                    self.attempt(|c| c.consume(batch))?;
                    self.counters.delivered.fetch_add(parcel.len(), Relaxed);
                    self.counters.consumed_seq.store(batch.last_seq().unwrap_or_default(), Relaxed);
                }
            }
        }
        self.attempt(|c| c.flush())?;
        self.attempt(|c| c.finish())
    }

    /// The oldest parcel: those in the queue are older than those on disk, because nothing enters the queue while the disk holds any.
    ///
    /// The order of the two looks matters: only when the disk held something *before* the queue was found empty is the queue's
    /// emptiness final.
    fn next(&self) -> Option<Parcel> {
        loop {
            let on_disk = self.spill.as_ref().is_some_and(|s| s.is_waiting());
            match self.queue.try_recv() {
                Ok(parcel) => return Some(parcel),
                Err(_) if on_disk => {
                    if let Some(parcel) = self.read_back() {
                        return Some(parcel);
                    }
                }
                Err(TryRecvError::Empty) => match self.queue.recv() {
                    Ok(parcel) => return Some(parcel),
                    Err(_) if self.spill.as_ref().is_some_and(|s| s.is_waiting()) => {}
                    Err(_) => return None,
                },
                Err(TryRecvError::Disconnected) if self.spill.as_ref().is_some_and(|s| s.is_waiting()) => {}
                Err(TryRecvError::Disconnected) => return None,
            }
        }
    }

    fn read_back(&self) -> Option<Parcel> {
        let parcel = self.spill.as_ref()?.pop().and_then(|bytes| bytes.map(|b| Parcel::decode(&b, &self.names)).transpose());
        parcel.unwrap_or_else(|error| {
            self.counters.erred(error.to_string());
            None
        })
    }

    /// Does one thing with the consumer, restarting it while that fails; `None` when it is given up.
    fn attempt<T>(&mut self, action: impl Fn(&mut dyn Consumer) -> Result<T>) -> Option<T> {
        let mut restarts = 0;
        let guarded = |consumer: &mut dyn Consumer, restart: bool| {
            let step = AssertUnwindSafe(|| if restart { consumer.restart().map(|()| None) } else { action(consumer).map(Some) });
            catch_unwind(step).unwrap_or_else(|panic| Err(Error::Failed(panic_message(&*panic))))
        };
        let mut restart = false;
        loop {
            match guarded(&mut *self.consumer, restart) {
                Ok(Some(done)) => return Some(done),
                Ok(None) => restart = false,
                Err(error) => {
                    self.counters.erred(error.to_string());
                    if restarts == RESTARTS_IN_A_ROW {
                        self.counters.failed.store(true, Relaxed);
                        return None;
                    }
                    restarts += 1;
                    self.counters.restarts.fetch_add(1, Relaxed);
                    restart = true;
                }
            }
        }
    }
}

fn panic_message(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|s| (*s).to_owned()).or_else(|| panic.downcast_ref::<String>().cloned());
    format!("panicked: {}", text.unwrap_or_else(|| "without a message".to_owned()))
}
