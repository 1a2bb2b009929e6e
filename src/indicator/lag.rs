//! The value of some bars ago.

/// A ring of the last `bars` values.
#[derive(Clone, Debug)]
pub(super) struct Lag {
    ring: Box<[f64]>,
    at: usize,
    is_full: bool,
}

impl Lag {
    pub(super) fn new(bars: usize) -> Self {
        Self { ring: vec![0.0; super::at_least_one(bars)].into(), at: 0, is_full: false }
    }

    pub(super) const fn bars(&self) -> usize {
        self.ring.len()
    }

    /// Takes a value and answers the one `bars` before it.
    #[inline]
    pub(super) fn push(&mut self, x: f64) -> Option<f64> {
        let old = std::mem::replace(&mut self.ring[self.at], x);
        let answer = self.is_full.then_some(old);
        self.at += 1;
        if self.at == self.ring.len() {
            self.at = 0;
            self.is_full = true;
        }
        answer
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_comes_back_after_the_bars_it_was_lagged_by() {
        let mut lag = Lag::new(2);
        assert_eq!([1.0, 2.0, 3.0, 4.0, 5.0].map(|x| lag.push(x)), [None, None, Some(1.0), Some(2.0), Some(3.0)]);
    }
}
