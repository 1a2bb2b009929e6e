//! A sliding window and its summary, without drift.
//!
//! Adding the new value to a running sum and subtracting the one that leaves lets rounding errors pile up. Here nothing is ever
//! subtracted. The stream is cut into blocks as long as the window. A window is then the tail of the finished block and the head of the
//! current one; the head's summary grows by one value per update, and when a block is finished the summaries of all its tails are
//! computed backwards from its values. That is two cheap steps per update on average, and every answer comes from the window's values alone.
//! (The idea is van Herk's and Gil and Werman's for running maxima; it works for anything two neighbouring parts of which can be joined.)

/// What can be said about a run of neighbouring values.
pub(super) trait Summary: Copy {
    /// About no values.
    const EMPTY: Self;
    /// With `x` after the `count` values summarised so far.
    fn append(self, x: f64, count: f64) -> Self;
    /// With `x` before the `count` values summarised so far.
    fn prepend(self, x: f64, count: f64) -> Self;
    /// About `count` values and the `newer_count` right after them.
    fn join(self, newer: Self, count: f64, newer_count: f64) -> Self;
}

#[derive(Clone, Copy, Debug)]
struct Slot<S> {
    /// The value last written here.
    value: f64,
    /// About the values behind this one in the finished block.
    rest: S,
}

/// The last `bars` values, summarised.
#[derive(Clone, Debug)]
pub(super) struct Window<S> {
    slots: Box<[Slot<S>]>,
    head: S,
    at: usize,
    is_full: bool,
}

impl<S: Summary> Window<S> {
    pub(super) fn new(bars: usize) -> Self {
        let bars = super::at_least_one(bars);
        Self { slots: vec![Slot { value: 0.0, rest: S::EMPTY }; bars].into(), head: S::EMPTY, at: 0, is_full: false }
    }

    pub(super) const fn bars(&self) -> usize {
        self.slots.len()
    }

    /// Takes a value; answers once `bars` have come.
    #[inline]
    pub(super) fn push(&mut self, x: f64) -> Option<S> {
        let bars = self.slots.len();
        let at = self.at;
        let slot = &mut self.slots[at];
        slot.value = x;
        self.head = self.head.append(x, at as f64);
        self.at = at + 1;
        let whole = slot.rest.join(self.head, (bars - self.at) as f64, self.at as f64);
        if self.at == bars {
            self.finish_block();
        }
        self.is_full.then_some(whole)
    }

    fn finish_block(&mut self) {
        let mut rest = S::EMPTY;
        for (count, slot) in self.slots.iter_mut().rev().enumerate() {
            slot.rest = rest;
            rest = rest.prepend(slot.value, count as f64);
        }
        self.head = S::EMPTY;
        self.at = 0;
        self.is_full = true;
    }

    /// Forgets everything.
    pub(super) fn clear(&mut self) {
        for slot in &mut self.slots {
            slot.rest = S::EMPTY;
        }
        self.head = S::EMPTY;
        self.at = 0;
        self.is_full = false;
    }
}

/// The sum of the values.
#[derive(Clone, Copy, Debug)]
pub(super) struct Total(pub(super) f64);

impl Summary for Total {
    const EMPTY: Self = Self(0.0);

    #[inline]
    fn append(self, x: f64, _: f64) -> Self {
        Self(self.0 + x)
    }

    #[inline]
    fn prepend(self, x: f64, _: f64) -> Self {
        Self(self.0 + x)
    }

    #[inline]
    fn join(self, newer: Self, _: f64, _: f64) -> Self {
        Self(self.0 + newer.0)
    }
}

/// The sum, and the sum with weights 1, 2, 3… from the oldest.
#[derive(Clone, Copy, Debug)]
pub(super) struct Weighted {
    sum: f64,
    pub(super) weighted: f64,
}

impl Summary for Weighted {
    const EMPTY: Self = Self { sum: 0.0, weighted: 0.0 };

    #[inline]
    fn append(self, x: f64, count: f64) -> Self {
        Self { sum: self.sum + x, weighted: self.weighted + (count + 1.0) * x }
    }

    #[inline]
    fn prepend(self, x: f64, _: f64) -> Self {
        let sum = self.sum + x;
        Self { sum, weighted: self.weighted + sum }
    }

    #[inline]
    fn join(self, newer: Self, count: f64, _: f64) -> Self {
        Self { sum: self.sum + newer.sum, weighted: self.weighted + newer.weighted + count * newer.sum }
    }
}

/// The mean and the sum of squared distances from it, updated by Welford's steps and joined by Chan's formula: exact on equal values.
#[derive(Clone, Copy, Debug)]
pub(super) struct Moments {
    pub(super) mean: f64,
    pub(super) squares: f64,
}

impl Summary for Moments {
    const EMPTY: Self = Self { mean: 0.0, squares: 0.0 };

    #[inline]
    fn append(self, x: f64, count: f64) -> Self {
        let distance = x - self.mean;
        let mean = self.mean + distance / (count + 1.0);
        Self { mean, squares: self.squares + distance * (x - mean) }
    }

    #[inline]
    fn prepend(self, x: f64, count: f64) -> Self {
        self.append(x, count)
    }

    #[inline]
    fn join(self, newer: Self, count: f64, newer_count: f64) -> Self {
        let share = newer_count / (count + newer_count);
        let distance = newer.mean - self.mean;
        Self { mean: self.mean + distance * share, squares: self.squares + newer.squares + distance * distance * share * count }
    }
}

/// The mean, and Σ (t − mean t)(x − mean x) with t = 1, 2, 3… from the oldest: exactly 0 on equal values.
#[derive(Clone, Copy, Debug)]
pub(super) struct Slope {
    mean: f64,
    pub(super) products: f64,
}

impl Summary for Slope {
    const EMPTY: Self = Self { mean: 0.0, products: 0.0 };

    // One more point lies (count + 1)/2 from the mean time and `distance` from the mean value; the pair counts count/(count + 1).
    #[inline]
    fn append(self, x: f64, count: f64) -> Self {
        let distance = x - self.mean;
        Self { mean: self.mean + distance / (count + 1.0), products: self.products + 0.5 * count * distance }
    }

    #[inline]
    fn prepend(self, x: f64, count: f64) -> Self {
        let distance = x - self.mean;
        Self { mean: self.mean + distance / (count + 1.0), products: self.products - 0.5 * count * distance }
    }

    // The mean times of two neighbouring parts lie half their joint length apart.
    #[inline]
    fn join(self, newer: Self, count: f64, newer_count: f64) -> Self {
        let distance = newer.mean - self.mean;
        let mean = self.mean + distance * (newer_count / (count + newer_count));
        Self { mean, products: self.products + newer.products + 0.5 * count * newer_count * distance }
    }
}

/// The highest value.
#[derive(Clone, Copy, Debug)]
pub(super) struct Top(pub(super) f64);

impl Summary for Top {
    const EMPTY: Self = Self(f64::NEG_INFINITY);

    #[inline]
    fn append(self, x: f64, _: f64) -> Self {
        Self(if x > self.0 { x } else { self.0 })
    }

    #[inline]
    fn prepend(self, x: f64, count: f64) -> Self {
        self.append(x, count)
    }

    #[inline]
    fn join(self, newer: Self, count: f64, _: f64) -> Self {
        self.append(newer.0, count)
    }
}

/// The lowest value.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bottom(pub(super) f64);

impl Summary for Bottom {
    const EMPTY: Self = Self(f64::INFINITY);

    #[inline]
    fn append(self, x: f64, _: f64) -> Self {
        Self(if x < self.0 { x } else { self.0 })
    }

    #[inline]
    fn prepend(self, x: f64, count: f64) -> Self {
        self.append(x, count)
    }

    #[inline]
    fn join(self, newer: Self, count: f64, _: f64) -> Self {
        self.append(newer.0, count)
    }
}
