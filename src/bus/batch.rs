//! A run of consecutive events on its way to the consumers, and their lines, written once for all of them.

use std::{
    fmt,
    sync::{Arc, OnceLock},
};

use crate::event::{Event, LineWriter, Names};

/// Consecutive events; a clone shares them.
#[derive(Clone)]
pub struct Batch(Arc<Inner>);

struct Inner {
    events: Vec<Event>,
    names: Arc<Names>,
    lines: OnceLock<Lines>,
}

/// The canonical lines of a batch: one record a line, each with its newline.
#[derive(Debug)]
pub struct Lines {
    bytes: Vec<u8>,
    ends: Vec<usize>,
}

impl Batch {
    pub(super) fn new(events: Vec<Event>, names: Arc<Names>) -> Self {
        Self(Arc::new(Inner { events, names, lines: OnceLock::new() }))
    }

    /// The events, in order and without gaps.
    #[must_use]
    pub fn events(&self) -> &[Event] {
        &self.0.events
    }

    /// The names behind their indices.
    #[must_use]
    pub fn names(&self) -> &Names {
        &self.0.names
    }

    /// Place of the last event; `None` for an empty batch.
    #[must_use]
    pub fn last_seq(&self) -> Option<u64> {
        self.0.events.last().map(|e| e.seq)
    }

    /// Index of the first event after `seq`: what a consumer that has already taken `seq` still has to take.
    ///
    /// A batch comes again after a restart, so every consumer asks this first.
    #[must_use]
    pub fn after(&self, seq: u64) -> usize {
        self.0.events.partition_point(|e| e.seq <= seq)
    }

    /// The lines of the events, written by the first consumer that asks and shared by the others.
    #[must_use]
    pub fn lines(&self) -> &Lines {
        self.0.lines.get_or_init(|| Lines::of(&self.0.events, &self.0.names))
    }
}

impl fmt::Debug for Batch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Batch({:?}..={:?})", self.0.events.first().map(|e| e.seq), self.last_seq())
    }
}

impl Lines {
    fn of(events: &[Event], names: &Names) -> Self {
        let mut bytes = Vec::with_capacity(events.len() * 320);
        let mut writer = LineWriter::new(names);
        let ends = events.iter().map(|event| {
            writer.write(event, &mut bytes);
            bytes.len()
        });
        let ends = ends.collect();
        Self { bytes, ends }
    }

    /// Line `index` with its newline.
    #[must_use]
    pub fn line(&self, index: usize) -> &[u8] {
        &self.bytes[self.begin(index)..self.ends[index]]
    }

    /// Line `index` as text, without its newline.
    #[must_use]
    pub fn text(&self, index: usize) -> &str {
        std::str::from_utf8(&self.bytes[self.begin(index)..self.ends[index] - 1]).expect("JSON is UTF-8")
    }

    /// All lines from `index` on.
    #[must_use]
    pub fn from(&self, index: usize) -> &[u8] {
        &self.bytes[self.begin(index)..]
    }

    fn begin(&self, index: usize) -> usize {
        if index == 0 { 0 } else { self.ends[index - 1] }
    }
}
