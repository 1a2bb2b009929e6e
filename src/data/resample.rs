//! Longer bars: out of ticks or trades as they come, or out of shorter bars.
//!
//! A bar opens with the first price in its bucket and closes with the last; bid and ask each keep their own four prices; volumes are summed,
//! and ticks that bring no volume count one each. A bucket without a price gives no bar. Buckets begin at UTC multiples of their length, whole
//! weeks on Monday; [`DayEnd::NewYork`] is the other choice for days and weeks. What begins at a bucket's end belongs to the next one.
//!
//! It refuses volumes whose sum is not finite, a length that is not a multiple of the file's, and bars that reach past the end of the bucket they begin in: the longer bar
//! would be known before they are. A spread column keeps the last spread of each bucket, as `on` in a rule does.

use std::{fmt, str::FromStr};

use super::{resample_buckets::Buckets, trades::Trades};
use crate::{
    market::{Bar, Bars, Ohlc, Tick, Ticks},
    time::{DAY, Nanos, Timeframe},
};

/// When a day ends, and with it a week.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DayEnd {
    /// At midnight UTC; weeks end with Sunday.
    #[default]
    Utc,
    /// At 17:00 in New York, as FX keeps it: the weekend belongs to Monday, and weeks begin on Sunday at 17:00. For bars of one day or one week.
    NewYork,
}

impl fmt::Display for DayEnd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Utc => "utc",
            Self::NewYork => "new_york",
        })
    }
}

impl FromStr for DayEnd {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "utc" => Ok(Self::Utc),
            "new_york" => Ok(Self::NewYork),
            _ => Err(format!("'{text}' is not an end of day; write utc, or new_york for 17:00 in New York")),
        }
    }
}

/// Gathers ticks into bars. A bar is due when a tick at its closing time or later arrives, or when the ticks end: take it before the tick
/// is pushed.
///
/// ```
/// use cthulu_lab::{data::{DayEnd, TickBars}, market::Tick, time::{MINUTE, Nanos}};
/// let mut bars = TickBars::new("1m".parse().unwrap(), DayEnd::Utc).unwrap();
/// bars.push(&Tick { at: Nanos(5), bid: 1.0, ask: 1.2 }, 1.0);
/// bars.push(&Tick { at: Nanos(9), bid: 0.9, ask: 1.3 }, 1.0);
/// assert_eq!(bars.closes_at(), Some(Nanos(MINUTE)));
/// let bar = bars.take().unwrap();
/// assert_eq!((bar.open, bar.low, bar.close, bar.ask.unwrap().high, bar.volume), (1.0, 0.9, 0.9, 1.3, 2.0));
/// ```
#[derive(Clone, Debug)]
pub struct TickBars {
    buckets: Buckets,
    growing: Option<Bar>,
}

impl TickBars {
    /// For bars of one length.
    ///
    /// # Errors
    /// When days that end in New York are asked for in another length than a day or a week.
    pub fn new(timeframe: Timeframe, day_end: DayEnd) -> Result<Self, String> {
        Ok(Self { buckets: Buckets::new(timeframe, day_end)?, growing: None })
    }

    /// Closing time of the bar that is growing.
    #[must_use]
    #[inline]
    pub fn closes_at(&self) -> Option<Nanos> {
        self.growing.as_ref().map(|bar| bar.closed_at)
    }

    /// Hands over the bar that is growing.
    #[inline]
    pub fn take(&mut self) -> Option<Bar> {
        self.growing.take()
    }

    /// Adds a tick and its volume.
    ///
    /// # Panics
    /// When the bar that is growing closes no later than the tick and has not been taken.
    #[inline]
    pub fn push(&mut self, tick: &Tick, volume: f64) {
        let Some(bar) = &mut self.growing else {
            let (opened_at, closed_at) = self.buckets.of(tick.at);
            let (own, ask) = (Ohlc::flat(tick.bid), Some(Ohlc::flat(tick.ask)));
            let Ohlc { open, high, low, close } = own;
            self.growing = Some(Bar { opened_at, closed_at, open, high, low, close, volume, spread: None, ask });
            return;
        };
        assert!(tick.at < bar.closed_at, "the bar that closes at {} is taken before the tick of {}", bar.closed_at, tick.at);
        bar.high = bar.high.max(tick.bid);
        bar.low = bar.low.min(tick.bid);
        bar.close = tick.bid;
        bar.volume += volume;
        if let Some(ask) = &mut bar.ask {
            ask.high = ask.high.max(tick.ask);
            ask.low = ask.low.min(tick.ask);
            ask.close = tick.ask;
        }
    }

    /// Adds ticks in time order, handing over every bar that they complete.
    pub fn extend(&mut self, ticks: &Ticks, mut completed: impl FnMut(&Bar)) {
        for (i, tick) in ticks.iter().enumerate() {
            if self.growing.as_ref().is_some_and(|bar| tick.at >= bar.closed_at) {
                self.growing.take().iter().for_each(&mut completed);
            }
            self.push(&tick, ticks.volume_of(i));
        }
    }
}

/// Bars out of ticks; the last one may have been cut off by the end of the file.
///
/// # Errors
/// As [`TickBars::new`], and when the volumes of a bar add up to more than a number can hold.
pub fn resample_ticks(ticks: &Ticks, to: Timeframe, day_end: DayEnd) -> Result<Bars, String> {
    let (mut bars, mut growing) = (Bars::new(to), TickBars::new(to, day_end)?);
    growing.extend(ticks, |bar| bars.push(bar));
    growing.take().iter().for_each(|bar| bars.push(bar));
    with_finite_volumes(bars)
}

/// Bars out of trades, their volume the sum of the amounts; the last one may have been cut off by the end of the file.
///
/// # Errors
/// As [`resample_ticks`].
pub fn resample_trades(trades: &Trades, to: Timeframe, day_end: DayEnd) -> Result<Bars, String> {
    let (mut bars, mut growing) = (Bars::new(to), TickBars::new(to, day_end)?);
    // What was paid is one price, and no quote of either side.
    growing.extend(&trades.clone().into_quotes(), |bar| bars.push(&Bar { ask: None, ..*bar }));
    growing.take().iter().for_each(|bar| bars.push(&Bar { ask: None, ..*bar }));
    with_finite_volumes(bars)
}

/// Longer bars out of shorter ones; the first and the last may have been cut off by the file's ends.
///
/// # Errors
/// When `to` is not a multiple of the bars' own length, when a bar reaches past the end of the bucket it begins in, and as [`resample_ticks`].
pub fn resample_bars(bars: &Bars, to: Timeframe, day_end: DayEnd) -> Result<Bars, String> {
    let from = bars.timeframe();
    if to.ns() % from.ns() != 0 {
        return Err(format!("{to} is not a multiple of {from}, the length of the file's bars; choose one that is"));
    }
    let mut buckets = Buckets::new(to, day_end)?;
    let mut longer = Bars::new(to);
    let mut growing: Option<Bar> = None;
    for (i, bar) in bars.iter().enumerate() {
        let (opened_at, closed_at) = buckets.of(bar.opened_at);
        // A whole bar of this very length is its own bucket, although New York's weeks close two days before seven have passed.
        if bar.closed_at > closed_at && (from != to || bar.opened_at != opened_at) {
            return Err(straddling(i, &bar, (to, closed_at), day_end));
        }
        match &mut growing {
            Some(grown) if grown.opened_at == opened_at => join(grown, &bar),
            _ => growing.replace(Bar { opened_at, closed_at, ..bar }).iter().for_each(|done| longer.push(done)),
        }
    }
    growing.iter().for_each(|last| longer.push(last));
    with_finite_volumes(longer)
}

/// The bars, unless the volumes of one add up to more than a number can hold.
pub(super) fn with_finite_volumes(bars: Bars) -> Result<Bars, String> {
    match bars.volume().iter().position(|volume| !volume.is_finite()) {
        None => Ok(bars),
        Some(i) => {
            let (at, length) = (bars.opened_at()[i], bars.timeframe());
            Err(format!("the volumes of the bar of {length} at {at} add up to more than a number can hold; mend the volumes of its rows"))
        }
    }
}

/// Adds a newer bar to an older one of the same bucket.
pub(super) fn join(older: &mut Bar, newer: &Bar) {
    older.high = older.high.max(newer.high);
    older.low = older.low.min(newer.low);
    older.close = newer.close;
    older.volume += newer.volume;
    older.spread = newer.spread;
    if let (Some(ask), Some(newer)) = (&mut older.ask, &newer.ask) {
        ask.high = ask.high.max(newer.high);
        ask.low = ask.low.min(newer.low);
        ask.close = newer.close;
    }
}

fn straddling(row: usize, bar: &Bar, (to, end): (Timeframe, Nanos), day_end: DayEnd) -> String {
    let other = match day_end {
        DayEnd::Utc if to.ns() >= DAY => "; where the file's days end at 17:00 in New York, say --day-ends new_york",
        DayEnd::NewYork => "; where the file's days end at midnight UTC, leave out --day-ends new_york",
        DayEnd::Utc => "; name the file's own clock with --tz, or choose a length its bars fit into",
    };
    format!("bar {} runs from {} to {}, past {end}, where its bar of {to} ends{other}", row + 1, bar.opened_at, bar.closed_at)
}
