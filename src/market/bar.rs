//! Bars and ticks, one at a time and as columns.
//!
//! A bar's prices are those of the file: its one price, or the bid where the file quotes both sides (the ask then stands beside it).
//! Columns have equal length and ascending times; only `data` and generators build them, through [`Bars::push`].

use crate::time::{Nanos, Timeframe};

/// First, highest, lowest and last price of a bar.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Ohlc {
    /// First price.
    pub open: f64,
    /// Highest price.
    pub high: f64,
    /// Lowest price.
    pub low: f64,
    /// Last price.
    pub close: f64,
}

impl Ohlc {
    /// One price all along.
    #[must_use]
    pub const fn flat(price: f64) -> Self {
        Self { open: price, high: price, low: price, close: price }
    }
}

/// One completed bar.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Bar {
    /// Opening time: the bar covers `opened_at` up to, and without, `closed_at`.
    pub opened_at: Nanos,
    /// Closing time, from which the bar may be known.
    pub closed_at: Nanos,
    /// First price (bid where both sides are quoted).
    pub open: f64,
    /// Highest price.
    pub high: f64,
    /// Lowest price.
    pub low: f64,
    /// Last price.
    pub close: f64,
    /// Traded volume, or ticks, as the file has it; 0 where it has none.
    pub volume: f64,
    /// Ask minus bid in price units, where the file has a spread column.
    pub spread: Option<f64>,
    /// The ask's prices, where the file quotes both sides.
    pub ask: Option<Ohlc>,
}

impl Bar {
    /// The bar's own four prices.
    #[must_use]
    pub const fn ohlc(&self) -> Ohlc {
        Ohlc { open: self.open, high: self.high, low: self.low, close: self.close }
    }
}

/// Bars of one instrument in time order, one column per field, all of one length.
#[derive(Clone, Debug, PartialEq)]
pub struct Bars {
    timeframe: Timeframe,
    opened_at: Vec<Nanos>,
    open: Vec<f64>,
    high: Vec<f64>,
    low: Vec<f64>,
    close: Vec<f64>,
    volume: Vec<f64>,
    spread: Option<Vec<f64>>,
    ask: Option<Vec<Ohlc>>,
}

impl Bars {
    /// No bars yet, each to be `timeframe` long. The first bar pushed decides whether there is a spread or an ask.
    #[must_use]
    pub const fn new(timeframe: Timeframe) -> Self {
        Self {
            timeframe,
            opened_at: Vec::new(),
            open: Vec::new(),
            high: Vec::new(),
            low: Vec::new(),
            close: Vec::new(),
            volume: Vec::new(),
            spread: None,
            ask: None,
        }
    }

    /// Takes whole columns, without copying.
    ///
    /// # Panics
    /// When lengths differ or times do not ascend: the reader checks both before and names the row.
    #[must_use]
    pub fn from_columns(
        timeframe: Timeframe,
        opened_at: Vec<Nanos>,
        [open, high, low, close, volume]: [Vec<f64>; 5],
        spread: Option<Vec<f64>>,
        ask: Option<Vec<Ohlc>>,
    ) -> Self {
        let n = opened_at.len();
        assert!([&open, &high, &low, &close, &volume].iter().all(|c| c.len() == n), "columns of one length");
        assert!(spread.as_ref().is_none_or(|c| c.len() == n) && ask.as_ref().is_none_or(|c| c.len() == n), "columns of one length");
        assert!(opened_at.windows(2).all(|w| w[0] < w[1]), "bars in ascending time");
        Self { timeframe, opened_at, open, high, low, close, volume, spread, ask }
    }

    /// Appends one bar.
    ///
    /// # Panics
    /// When the bar is not later than the last one, or has a spread or an ask where the others have none.
    pub fn push(&mut self, bar: &Bar) {
        let first = self.opened_at.is_empty();
        assert!(first || self.opened_at.last() < Some(&bar.opened_at), "bars in ascending time");
        if first {
            self.spread = bar.spread.map(|_| Vec::new());
            self.ask = bar.ask.map(|_| Vec::new());
        }
        assert!(
            self.spread.is_some() == bar.spread.is_some() && self.ask.is_some() == bar.ask.is_some(),
            "every bar quotes the same sides"
        );
        self.opened_at.push(bar.opened_at);
        self.open.push(bar.open);
        self.high.push(bar.high);
        self.low.push(bar.low);
        self.close.push(bar.close);
        self.volume.push(bar.volume);
        if let (Some(column), Some(spread)) = (&mut self.spread, bar.spread) {
            column.push(spread);
        }
        if let (Some(column), Some(ask)) = (&mut self.ask, bar.ask) {
            column.push(ask);
        }
    }

    /// Number of bars.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.opened_at.len()
    }

    /// Whether there is no bar.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.opened_at.is_empty()
    }

    /// The length of each bar.
    #[must_use]
    pub const fn timeframe(&self) -> Timeframe {
        self.timeframe
    }

    /// Opening times, ascending.
    #[must_use]
    pub fn opened_at(&self) -> &[Nanos] {
        &self.opened_at
    }

    /// First prices.
    #[must_use]
    pub fn open(&self) -> &[f64] {
        &self.open
    }

    /// Highest prices.
    #[must_use]
    pub fn high(&self) -> &[f64] {
        &self.high
    }

    /// Lowest prices.
    #[must_use]
    pub fn low(&self) -> &[f64] {
        &self.low
    }

    /// Last prices.
    #[must_use]
    pub fn close(&self) -> &[f64] {
        &self.close
    }

    /// Volumes.
    #[must_use]
    pub fn volume(&self) -> &[f64] {
        &self.volume
    }

    /// Spreads in price units, where the file has the column.
    #[must_use]
    pub fn spread(&self) -> Option<&[f64]> {
        self.spread.as_deref()
    }

    /// Ask prices, where the file quotes both sides.
    #[must_use]
    pub fn ask(&self) -> Option<&[Ohlc]> {
        self.ask.as_deref()
    }

    /// Closing time of row `i`: a timeframe after its opening, or when the next row opens where that is earlier (a session that opens off
    /// the hour cuts the bar before it short).
    #[must_use]
    #[inline]
    pub fn closed_at(&self, i: usize) -> Nanos {
        let whole = self.opened_at[i].plus(self.timeframe.ns());
        self.opened_at.get(i + 1).map_or(whole, |next| whole.min(*next))
    }

    /// Row `i`, gathered from the columns.
    ///
    /// # Panics
    /// When there is no row `i`.
    #[must_use]
    #[inline]
    pub fn bar(&self, i: usize) -> Bar {
        self.get(i).expect("a row of these bars")
    }

    /// Row `i`, gathered from the columns; `None` past the last.
    #[must_use]
    #[inline]
    pub fn get(&self, i: usize) -> Option<Bar> {
        Some(Bar {
            opened_at: *self.opened_at.get(i)?,
            closed_at: self.closed_at(i),
            open: self.open[i],
            high: self.high[i],
            low: self.low[i],
            close: self.close[i],
            volume: self.volume[i],
            spread: self.spread.as_ref().map(|c| c[i]),
            ask: self.ask.as_ref().map(|c| c[i]),
        })
    }

    /// Rows in time order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = Bar> + '_ {
        (0..self.len()).map(|i| self.bar(i))
    }

    /// A copy of the rows in `range`.
    ///
    /// # Panics
    /// When the range reaches past the last row.
    #[must_use]
    pub fn slice(&self, range: std::ops::Range<usize>) -> Self {
        Self {
            timeframe: self.timeframe,
            opened_at: self.opened_at[range.clone()].to_vec(),
            open: self.open[range.clone()].to_vec(),
            high: self.high[range.clone()].to_vec(),
            low: self.low[range.clone()].to_vec(),
            close: self.close[range.clone()].to_vec(),
            volume: self.volume[range.clone()].to_vec(),
            spread: self.spread.as_ref().map(|c| c[range.clone()].to_vec()),
            ask: self.ask.as_ref().map(|c| c[range].to_vec()),
        }
    }

    /// The rows opened at `from` or later and before `to`; an end that is `None` is open.
    #[must_use]
    pub fn span(&self, from: Option<Nanos>, to: Option<Nanos>) -> std::ops::Range<usize> {
        let start = from.map_or(0, |t| self.opened_at.partition_point(|at| *at < t));
        let end = to.map_or(self.len(), |t| self.opened_at.partition_point(|at| *at < t));
        start..end.max(start)
    }
}

/// One quote.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Tick {
    /// When it was quoted.
    pub at: Nanos,
    /// Price at which one sells.
    pub bid: f64,
    /// Price at which one buys.
    pub ask: f64,
}

/// Quotes of one instrument in time order; several may share a time.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Ticks {
    at: Vec<Nanos>,
    bid: Vec<f64>,
    ask: Vec<f64>,
    volume: Option<Vec<f64>>,
}

impl Ticks {
    /// Takes whole columns.
    ///
    /// # Panics
    /// When lengths differ or time goes back: the reader checks both before and names the row.
    #[must_use]
    pub fn from_columns(at: Vec<Nanos>, bid: Vec<f64>, ask: Vec<f64>) -> Self {
        assert!(at.len() == bid.len() && at.len() == ask.len(), "columns of one length");
        assert!(at.is_sorted(), "ticks in time order");
        Self { at, bid, ask, volume: None }
    }

    /// The same, each with the volume that came with it.
    ///
    /// # Panics
    /// When there are not as many volumes as quotes.
    #[must_use]
    pub fn with_volume(self, volume: Vec<f64>) -> Self {
        assert!(volume.len() == self.len(), "columns of one length");
        Self { volume: Some(volume), ..self }
    }

    /// Times, ascending.
    #[must_use]
    pub fn at(&self) -> &[Nanos] {
        &self.at
    }

    /// Volumes, where the file has them.
    #[must_use]
    pub fn volume(&self) -> Option<&[f64]> {
        self.volume.as_deref()
    }

    /// What quote `i` adds to a bar's volume: its own, or one where the file has none.
    ///
    /// # Panics
    /// When there is no quote `i` in a file with volumes.
    #[must_use]
    #[inline]
    pub fn volume_of(&self, i: usize) -> f64 {
        self.volume.as_ref().map_or(1.0, |volume| volume[i])
    }

    /// Number of quotes.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.at.len()
    }

    /// Whether there is no quote.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.at.is_empty()
    }

    /// Quote `i`.
    ///
    /// # Panics
    /// When there is no quote `i`.
    #[must_use]
    #[inline]
    pub fn tick(&self, i: usize) -> Tick {
        Tick { at: self.at[i], bid: self.bid[i], ask: self.ask[i] }
    }

    /// Quotes in time order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = Tick> + '_ {
        (0..self.len()).map(|i| self.tick(i))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::{HOUR, Nanos};

    fn bars(n: i64) -> Bars {
        let mut bars = Bars::new(Timeframe::from_ns(HOUR).unwrap());
        for i in 0..n {
            bars.push(&Bar {
                opened_at: Nanos(i * HOUR),
                closed_at: Nanos((i + 1) * HOUR),
                open: 1.0,
                high: 2.0,
                low: 0.5,
                close: 1.5,
                ..Bar::default()
            });
        }
        bars
    }

    #[test]
    fn rows_come_back_as_pushed() {
        let bars = bars(3);
        assert_eq!(bars.bar(2).opened_at, Nanos(2 * HOUR));
        assert_eq!(bars.bar(2).closed_at, Nanos(3 * HOUR));
        assert_eq!(bars.slice(1..3).bar(0), bars.bar(1));
    }

    #[test]
    fn a_span_includes_its_start_and_excludes_its_end() {
        let bars = bars(5);
        assert_eq!(bars.span(Some(Nanos(HOUR)), Some(Nanos(3 * HOUR))), 1..3);
        assert_eq!(bars.span(None, None), 0..5);
        assert_eq!(bars.span(Some(Nanos(9 * HOUR)), Some(Nanos(0))), 5..5);
    }

    #[test]
    #[should_panic(expected = "ascending")]
    fn a_bar_that_goes_back_is_refused() {
        let mut bars = bars(2);
        let again = bars.bar(1);
        bars.push(&again);
    }
}
