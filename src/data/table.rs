//! A file's columns as read, before anyone vouches for them.
//!
//! Keeps the way back from a row to its line in the file, which is what every finding names.

use super::{assumed::assumed_calendar, format::Format, layout::TimeCells};
use crate::{
    market::Calendar,
    time::{Nanos, Timeframe},
};

/// What a numeric column means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Field {
    Open,
    High,
    Low,
    Close,
    AskOpen,
    AskHigh,
    AskLow,
    AskClose,
    Volume,
    SpreadPoints,
    SpreadPrice,
    Bid,
    Ask,
    Price,
    Amount,
    AdjustedClose,
    SplitRatio,
}

impl Field {
    /// What a file must hold for the column to mean something.
    pub(super) const fn kind(self) -> Kind {
        match self {
            Self::Bid | Self::Ask => Kind::Ticks,
            Self::Price | Self::Amount => Kind::Trades,
            _ => Kind::Bars,
        }
    }

    /// Whether it is a price of the bar, the quote or the trade.
    pub(super) const fn is_price(self) -> bool {
        !matches!(self, Self::Volume | Self::SpreadPoints | Self::SpreadPrice | Self::Amount | Self::SplitRatio)
    }
}

/// One numeric column under the name the file gives it.
#[derive(Clone, Debug)]
pub(super) struct Column {
    pub(super) field: Field,
    pub(super) name: String,
    /// Its place in a row.
    pub(super) cell: usize,
    pub(super) values: Vec<f64>,
}

/// What a file holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Bars,
    Ticks,
    Trades,
}

impl Kind {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Bars => "bars",
            Self::Ticks => "ticks",
            Self::Trades => "trades",
        }
    }
}

/// Times in UTC nanoseconds and the columns beside them, all of one length.
#[derive(Clone, Debug)]
pub(super) struct Table {
    pub(super) format: Format,
    pub(super) kind: Kind,
    pub(super) at: Vec<i64>,
    pub(super) time_name: String,
    pub(super) time: TimeCells,
    pub(super) columns: Vec<Column>,
    /// Line of row 0 if no line before it had been left out.
    pub(super) first_line: u64,
    /// For each line left out, in order, how many rows stand before it.
    pub(super) skips: Vec<usize>,
    /// Whether the rows stand the other way round than in the file.
    pub(super) is_reversed: bool,
    /// Whether whole points were turned into prices.
    pub(super) is_scaled: bool,
    /// What the file calls its instrument, where it has a column for that.
    pub(super) instrument: Option<String>,
}

impl Table {
    /// The line of row `i` in the file.
    pub(super) fn line(&self, i: usize) -> u64 {
        let i = if self.is_reversed { self.at.len() - 1 - i } else { i };
        self.first_line + i as u64 + self.skips.partition_point(|rows_before| *rows_before <= i) as u64
    }

    /// The hours that its times keep, where nobody names the market's.
    pub(super) fn assumed_calendar(&self, timeframe: Timeframe) -> Calendar {
        let at: Vec<Nanos> = self.at.iter().map(|at| Nanos(*at)).collect();
        assumed_calendar(&at, timeframe)
    }

    pub(super) fn column(&self, field: Field) -> Option<&Column> {
        self.columns.iter().find(|c| c.field == field)
    }

    pub(super) fn take(&mut self, field: Field) -> Option<Vec<f64>> {
        self.columns.iter_mut().find(|c| c.field == field).map(|c| std::mem::take(&mut c.values))
    }

    /// Turns a table of which the newest row stands first; whether it is one.
    pub(super) fn reverse_if_descending(&mut self) -> bool {
        let descends = self.at.len() > 1 && self.at.windows(2).all(|pair| pair[0] > pair[1]);
        if descends {
            self.at.reverse();
            self.columns.iter_mut().for_each(|c| c.values.reverse());
            self.is_reversed = true;
        }
        descends
    }

    /// Leaves out the rows that repeat the row above in full; the lines of those left out.
    pub(super) fn drop_repeats(&mut self) -> Vec<u64> {
        let same = |i: usize| self.at[i] == self.at[i - 1] && self.columns.iter().all(|c| c.values[i] == c.values[i - 1]);
        let repeats: Vec<usize> = (1..self.at.len()).filter(|i| same(*i)).collect();
        let lines = repeats.iter().map(|i| self.line(*i)).collect();
        let keep = |i: usize| repeats.binary_search(&i).is_err();
        let retain = |values: &mut Vec<f64>| {
            let mut i = 0;
            values.retain(|_| {
                i += 1;
                keep(i - 1)
            });
        };
        if !repeats.is_empty() {
            let mut i = 0;
            self.at.retain(|_| {
                i += 1;
                keep(i - 1)
            });
            self.columns.iter_mut().for_each(|c| retain(&mut c.values));
            // A row count in the old numbering loses the repeats before it.
            let renumber = |rows: usize| rows - repeats.partition_point(|i| *i < rows);
            let mut skips: Vec<usize> = self.skips.iter().map(|rows| renumber(*rows)).chain(repeats.iter().map(|i| renumber(*i))).collect();
            skips.sort_unstable();
            self.skips = skips;
        }
        lines
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_stay_exact_when_rows_are_left_out() {
        let column = Column { field: Field::Close, name: "close".into(), cell: 1, values: vec![1.0, 2.0, 2.0, 3.0] };
        let mut table = Table {
            format: Format::Csv,
            kind: Kind::Bars,
            at: vec![0, 1, 1, 2],
            time_name: "time".into(),
            time: TimeCells::One(0),
            columns: vec![column],
            first_line: 2,
            skips: vec![1],
            is_reversed: false,
            is_scaled: false,
            instrument: None,
        };
        assert_eq!((0..4).map(|i| table.line(i)).collect::<Vec<_>>(), [2, 4, 5, 6]); // line 3 is blank
        assert_eq!(table.drop_repeats(), [5]);
        assert_eq!((0..3).map(|i| table.line(i)).collect::<Vec<_>>(), [2, 4, 6]);
        assert!(!table.reverse_if_descending());
        table.at.reverse();
        assert!(table.reverse_if_descending() && table.at == [0, 1, 2]);
        assert_eq!((0..3).map(|i| table.line(i)).collect::<Vec<_>>(), [6, 4, 2]);
    }
}
