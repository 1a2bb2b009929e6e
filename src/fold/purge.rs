//! Which training rows are too near to a test block.
//!
//! Source: M. López de Prado, "Advances in Financial Machine Learning", 2018, sections 7.4.1 (purging) and 7.4.2 (embargo).

use std::ops::Range;

use super::{Labels, Rows};

/// How far a test block reaches into training.
pub(super) struct Reach<'a> {
    pub(super) rows: usize,
    pub(super) purge_bars: usize,
    pub(super) embargo_bars: usize,
    pub(super) labels: Labels<'a>,
}

impl Reach<'_> {
    /// What of `train` may be trained on beside the test rows.
    pub(super) fn spared(&self, train: &Rows, test: &Rows) -> Rows {
        if let Labels::Ends(ends) = self.labels {
            assert_eq!(ends.len(), self.rows, "every row has its label's end");
        }
        test.ranges().iter().fold(train.clone(), |kept, block| self.beside(&kept, block))
    }

    fn beside(&self, train: &Rows, block: &Range<usize>) -> Rows {
        // Rows whose labels the block's labels reach, then the purge, whichever is further, then the embargo.
        let reached = self.last_label_end(block) + 1;
        let after = reached.max(block.end + self.purge_bars) + self.embargo_bars;
        let before = match self.labels {
            Labels::Horizon(horizon) => self.purge_bars.max(horizon),
            _ => self.purge_bars,
        };
        let kept = train.without(block.start.saturating_sub(before)..after.min(self.rows));
        match self.labels {
            Labels::Ends(ends) => kept.retained(|row| row >= block.end || ends[row] < block.start),
            _ => kept,
        }
    }

    /// The last row that a label of the block knows.
    fn last_label_end(&self, block: &Range<usize>) -> usize {
        let last = block.end - 1;
        match self.labels {
            Labels::None => last,
            Labels::Horizon(horizon) => last + horizon,
            Labels::Ends(ends) => {
                assert!(block.clone().all(|row| ends[row] >= row), "a label ends at its row or later");
                ends[block.clone()].iter().copied().max().unwrap_or(last)
            }
        }
    }
}
