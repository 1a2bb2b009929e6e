//! Where in the data the next hole lies, so that a run without one asks nothing but the time.

use std::sync::Arc;

use crate::{
    market::{Gap, InstrumentId},
    time::Nanos,
};

/// The holes ahead, by instrument.
pub(super) struct GapWatch {
    ahead: Vec<Ahead>,
    /// When the next of all ends.
    next: Nanos,
}

struct Ahead {
    gaps: Arc<[Gap]>,
    passed: usize,
}

impl GapWatch {
    pub(super) fn new(gaps: &[Arc<[Gap]>]) -> Self {
        let ahead = gaps.iter().map(|gaps| Ahead { gaps: Arc::clone(gaps), passed: 0 }).collect();
        let mut watch = Self { ahead, next: Nanos(i64::MAX) };
        watch.look_ahead();
        watch
    }

    /// Whether a hole may end at this moment.
    #[inline]
    pub(super) fn is_due(&self, at: Nanos) -> bool {
        at >= self.next
    }

    /// The holes of an instrument that end with a price of this moment.
    pub(super) fn passed(&mut self, instrument: InstrumentId, at: Nanos) -> Vec<Gap> {
        let Some(ahead) = self.ahead.get_mut(usize::from(instrument.0)) else { return Vec::new() };
        let rest = &ahead.gaps[ahead.passed..];
        let passed = rest[..rest.partition_point(|gap| gap.to <= at)].to_vec();
        ahead.passed += passed.len();
        self.look_ahead();
        passed
    }

    fn look_ahead(&mut self) {
        let ends = self.ahead.iter().filter_map(|ahead| ahead.gaps.get(ahead.passed).map(|gap| gap.to));
        self.next = ends.min().unwrap_or(Nanos(i64::MAX));
    }
}
