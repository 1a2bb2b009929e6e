//! A set of rows as ascending, disjoint, half-open ranges.

use std::{fmt, ops::Range};

use serde::{Serialize, Serializer};

/// Rows of a table, as half-open ranges in ascending order; neighbours that touch are one.
///
/// ```
/// use cthulu_lab::fold::Rows;
/// let rows = Rows::from_ranges([0..4, 4..6, 9..10]);
/// assert_eq!(rows.to_string(), "0..6 9..10");
/// assert_eq!(rows.without(2..5).to_string(), "0..2 5..6 9..10");
/// assert_eq!(rows.len(), 7);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rows(Vec<Range<usize>>);

impl Rows {
    /// The union of ranges given in ascending order; empty ones are left out.
    ///
    /// # Panics
    /// When a range starts before the one before it ends.
    #[must_use]
    pub fn from_ranges(ranges: impl IntoIterator<Item = Range<usize>>) -> Self {
        let mut joined: Vec<Range<usize>> = Vec::new();
        for range in ranges.into_iter().filter(|range| !range.is_empty()) {
            match joined.last_mut() {
                Some(last) if last.end == range.start => last.end = range.end,
                Some(last) => {
                    assert!(last.end < range.start, "ranges come in ascending order");
                    joined.push(range);
                }
                None => joined.push(range),
            }
        }
        Self(joined)
    }

    /// The rows of one range.
    #[must_use]
    pub fn of(range: Range<usize>) -> Self {
        Self::from_ranges(std::iter::once(range))
    }

    /// Those rows that are not in `hole`.
    #[must_use]
    pub fn without(&self, hole: Range<usize>) -> Self {
        let parts = |range: &Range<usize>| [range.start..range.end.min(hole.start), range.start.max(hole.end)..range.end];
        if hole.is_empty() { self.clone() } else { Self::from_ranges(self.0.iter().flat_map(parts)) }
    }

    /// Those rows that come before `row`.
    #[must_use]
    pub fn retained_before(&self, row: usize) -> Self {
        self.without(row..usize::MAX)
    }

    /// Those rows for which `keeps` holds.
    #[must_use]
    pub fn retained(&self, keeps: impl Fn(usize) -> bool) -> Self {
        Self::from_ranges(self.iter().filter(|row| keeps(*row)).map(|row| row..row + 1))
    }

    /// Those rows that lie at some places among them, counted from 0; places past the end have none.
    ///
    /// ```
    /// use cthulu_lab::fold::Rows;
    /// let rows = Rows::from_ranges([10..13, 20..24]);
    /// assert_eq!(rows.at(2..5), Rows::from_ranges([12..13, 20..22]));
    /// ```
    #[must_use]
    pub fn at(&self, places: Range<usize>) -> Self {
        let mut before = 0;
        let cut = |range: &Range<usize>| {
            let start = range.start + places.start.saturating_sub(before).min(range.len());
            let end = range.start + places.end.saturating_sub(before).min(range.len());
            before += range.len();
            start..end
        };
        Self::from_ranges(self.0.iter().map(cut))
    }

    /// The ranges, ascending.
    #[must_use]
    pub fn ranges(&self) -> &[Range<usize>] {
        &self.0
    }

    /// Every row, ascending.
    pub fn iter(&self) -> impl Iterator<Item = usize> {
        self.0.iter().flat_map(Clone::clone)
    }

    /// How many rows.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.iter().map(ExactSizeIterator::len).sum()
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether `row` is among them.
    #[must_use]
    pub fn contains(&self, row: usize) -> bool {
        self.0.iter().any(|range| range.contains(&row))
    }

    /// The first row.
    #[must_use]
    pub fn first(&self) -> Option<usize> {
        self.0.first().map(|range| range.start)
    }

    /// The row after the last.
    #[must_use]
    pub fn end(&self) -> Option<usize> {
        self.0.last().map(|range| range.end)
    }
}

impl fmt::Display for Rows {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words: Vec<String> = self.0.iter().map(|range| format!("{}..{}", range.start, range.end)).collect();
        f.write_str(&words.join(" "))
    }
}

impl Serialize for Rows {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(|range| [range.start, range.end]))
    }
}
