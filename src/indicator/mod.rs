//! Streaming indicators: one value in, at most one out, in constant time and without allocating.
//!
//! Every indicator answers `None` while it warms up and where its formula has no value, and never NaN. Three have a customary answer at 0/0 and
//! keep it, since an average goes on over it: raw %K is 0 and %R −100 in a range of 0, and without movement DX is 0.
//! Inputs are finite: `data` refuses anything else, and a rule hands a missing value to nobody. A column is the fold of `update`
//! over a slice, so a backtest and a live session see the same bits. Sliding windows are summarised from their own values only
//! (see `window.rs`): nothing drifts, however long the run, and a flat window is exactly flat. Periods are counted in bars, at least 1; constructors panic on 0.
//!
//! The one exception to constant time is [`Cci`], whose mean absolute deviation takes one look at its whole window on every bar.

mod adx;
mod average;
mod bands;
mod candle;
mod channel;
mod extreme;
#[cfg(test)]
mod golden;
mod lag;
mod line;
mod macd;
mod momentum;
#[cfg(test)]
mod naive;
mod oscillator;
mod range;
mod supertrend;
mod volume;
mod window;

pub use adx::{Adx, AdxValue};
pub use average::{Ema, Rma, Sma, Sum, Wma};
pub use bands::{Bands, Bollinger, RealizedVol, StdDev, ZScore};
pub use candle::{body_fraction, lower_wick_fraction, upper_wick_fraction};
pub use channel::{Channel, Donchian, Keltner};
pub use extreme::{Highest, Lowest};
pub use line::LinregSlope;
pub use macd::{Macd, MacdValue};
pub use momentum::{Momentum, Roc, Rsi};
pub use oscillator::{Cci, Stochastic, StochasticValue, Willr};
pub use range::{Atr, TrueRange};
pub use supertrend::{Supertrend, SupertrendValue};
pub use volume::{Mfi, Obv, Vwap};

/// A calculation that is fed one input at a time.
pub trait Indicator {
    /// What it is fed: a price, or a completed bar.
    type Input: Copy;
    /// What it answers.
    type Output: Copy;

    /// Takes the next input and answers the value as of it, `None` while warming up or where the formula has none.
    fn update(&mut self, input: Self::Input) -> Option<Self::Output>;

    /// Updates that answer `None` before the first value, when every later one has a value.
    fn warmup_bars(&self) -> usize;
}

/// The answers to `inputs`, one each, in order.
///
/// ```
/// use cthulu_lab::indicator::{Sma, column};
/// assert_eq!(column(&mut Sma::new(2), [1.0, 3.0, 6.0]), [None, Some(2.0), Some(4.5)]);
/// ```
pub fn column<I: Indicator>(indicator: &mut I, inputs: impl IntoIterator<Item = I::Input>) -> Vec<Option<I::Output>> {
    inputs.into_iter().map(|input| indicator.update(input)).collect()
}

/// The one check of every constructor.
const fn at_least_one(bars: usize) -> usize {
    assert!(bars >= 1, "an indicator's period is at least 1 bar");
    bars
}
