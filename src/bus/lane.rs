//! The engine's end of one consumer's queue.

use std::{
    sync::{Arc, atomic::Ordering::Relaxed},
    thread::JoinHandle,
};

use crossbeam_channel::{Sender, TrySendError, bounded};

use super::{
    Consumer, ConsumerStats, Outcome, Policy,
    consumer::{Parcel, Worker},
    counters::Counters,
    spill::Spill,
};
use crate::{
    error::{Error, Result},
    event::Names,
};

/// A queue, its policy and the thread at its other end.
pub(super) struct Lane {
    name: &'static str,
    policy: Policy,
    /// Events published before it was added: not meant for it.
    begins_after: u64,
    queue: Option<Sender<Parcel>>,
    spill: Option<Arc<Spill>>,
    counters: Arc<Counters>,
    thread: Option<JoinHandle<Option<Outcome>>>,
}

impl Lane {
    pub(super) fn start(
        consumer: Box<dyn Consumer>,
        policy: Policy,
        queue_batches: usize,
        names: &Arc<Names>,
        begins_after: u64,
    ) -> Result<Self> {
        let (sender, queue) = bounded(queue_batches);
        let name = consumer.name();
        let spill = match &policy {
            Policy::Lossless { spill_dir } => Some(Arc::new(Spill::new(spill_dir, name))),
            Policy::Wait | Policy::Lossy => None,
        };
        let counters = Arc::new(Counters::default());
        counters.consumed_seq.store(begins_after, Relaxed);
        let worker = Worker { consumer, queue, spill: spill.clone(), counters: Arc::clone(&counters), names: Arc::clone(names) };
        let thread = std::thread::Builder::new().name(name.to_owned()).spawn(|| worker.run());
        let thread = thread.map_err(|e| Error::Failed(format!("cannot start a thread for {name}: {e}")))?;
        Ok(Self { name, policy, begins_after, queue: Some(sender), spill, counters, thread: Some(thread) })
    }

    pub(super) const fn name(&self) -> &'static str {
        self.name
    }

    pub(super) fn stats(&self, published: u64) -> ConsumerStats {
        self.counters.snapshot(self.name, published - self.begins_after)
    }

    /// Sends a parcel by the lane's policy; `encoded` keeps its bytes for the next lane that spills.
    pub(super) fn send(&self, parcel: &Parcel, newest_seq: u64, encoded: &mut Option<Vec<u8>>) {
        let Some(queue) = &self.queue else { return };
        let sent = match &self.spill {
            _ if self.counters.failed.load(Relaxed) => false,
            Some(spill) => self.send_or_spill(queue, spill, parcel, encoded),
            None if self.policy == Policy::Wait => queue.send(parcel.clone()).is_ok(),
            None => queue.try_send(parcel.clone()).is_ok(),
        };
        if !sent {
            self.counters.dropped.fetch_add(parcel.len(), Relaxed);
        }
        self.counters.max_queue_batches.fetch_max(queue.len() as u64, Relaxed);
        self.counters.max_lag.fetch_max(newest_seq.saturating_sub(self.counters.consumed_seq.load(Relaxed)), Relaxed);
    }

    fn send_or_spill(&self, queue: &Sender<Parcel>, spill: &Spill, parcel: &Parcel, encoded: &mut Option<Vec<u8>>) -> bool {
        if !spill.is_waiting() {
            match queue.try_send(parcel.clone()) {
                Ok(()) => return true,
                Err(TrySendError::Disconnected(_)) => return false,
                Err(TrySendError::Full(_)) => {}
            }
        }
        match spill.push(encoded.get_or_insert_with(|| parcel.encode())) {
            Ok(()) => {
                self.counters.spilled.fetch_add(parcel.len(), Relaxed);
                true
            }
            Err(error) => {
                self.counters.erred(error.to_string());
                false
            }
        }
    }

    /// Tells the consumer that nothing more comes.
    pub(super) fn hang_up(&mut self) {
        self.queue = None;
    }

    /// Waits for the consumer; `None` when it was given up. What it did not take counts as dropped from then on.
    pub(super) fn join(&mut self, published: u64) -> Option<Outcome> {
        let outcome = self.thread.take()?.join().ok().flatten();
        if outcome.is_none() {
            self.counters.failed.store(true, Relaxed);
        }
        let meant = published - self.begins_after;
        self.counters.dropped.store(meant - self.counters.delivered.load(Relaxed), Relaxed);
        outcome
    }
}
