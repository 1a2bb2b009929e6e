//! The indicators as nodes: which there are, what they read, and their fold over a column.
//!
//! A row whose input is missing is skipped: the indicator's state stays as it is and the output is missing.

use crate::indicator::{
    Adx, Atr, Bollinger, Cci, Donchian, Ema, Highest, Indicator, Keltner, LinregSlope, Lowest, Macd, Mfi, Momentum, Obv, RealizedVol, Rma,
    Roc, Rsi, Sma, StdDev, Stochastic, Sum, Supertrend, TrueRange, Vwap, Willr, Wma, ZScore, body_fraction, lower_wick_fraction,
    upper_wick_fraction,
};
use crate::market::Bar;
use crate::time::Nanos;

/// An indicator by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum StudyKind {
    Sma,
    Ema,
    Wma,
    Rma,
    Rsi,
    Roc,
    Momentum,
    StdDev,
    ZScore,
    LinregSlope,
    Highest,
    Lowest,
    Sum,
    RealizedVol,
    Macd,
    Bollinger,
    TrueRange,
    Atr,
    Adx,
    Stochastic,
    Cci,
    Willr,
    Mfi,
    Obv,
    Donchian,
    Keltner,
    Supertrend,
    Vwap,
    Body,
    UpperWick,
    LowerWick,
}

/// An indicator with its settings; equal keys over equal inputs are one node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct StudyKey {
    pub(super) kind: StudyKind,
    pub(super) bars: [u32; 3],
    /// The bits of a width such as Bollinger's k.
    pub(super) width: u64,
}

impl StudyKey {
    pub(super) const fn new(kind: StudyKind, bars: [u32; 3], width: f64) -> Self {
        Self { kind, bars, width: width.to_bits() }
    }

    /// How many slots the indicator fills.
    pub(super) const fn parts(self) -> usize {
        match self.kind {
            StudyKind::Macd | StudyKind::Adx => 3,
            StudyKind::Bollinger => 4,
            StudyKind::Stochastic | StudyKind::Donchian | StudyKind::Keltner => 2,
            _ => 1,
        }
    }

    /// How many bars after the first part this one has its first value: a signal line averages what it signals on.
    pub(super) const fn later_bars(self, part: u32) -> usize {
        let bars = match (self.kind, part) {
            (StudyKind::Macd, 1 | 2) | (StudyKind::Stochastic, 1) => self.bars[2],
            (StudyKind::Adx, 2) => self.bars[0],
            _ => 1,
        };
        bars as usize - 1
    }
}

/// A running indicator.
#[derive(Clone, Debug)]
pub(super) enum Study {
    Sma(Sma),
    Ema(Ema),
    Wma(Wma),
    Rma(Rma),
    Rsi(Rsi),
    Roc(Roc),
    Momentum(Momentum),
    StdDev(StdDev),
    ZScore(ZScore),
    LinregSlope(LinregSlope),
    Highest(Highest),
    Lowest(Lowest),
    Sum(Sum),
    RealizedVol(RealizedVol),
    Macd(Macd),
    Bollinger(Bollinger),
    TrueRange(TrueRange),
    Atr(Atr),
    Adx(Adx),
    Stochastic(Stochastic),
    Cci(Cci),
    Willr(Willr),
    Mfi(Mfi),
    Obv(Obv),
    Donchian(Donchian),
    Keltner(Keltner),
    Supertrend(Supertrend),
    Vwap(Vwap),
    Shape(fn(&Bar) -> Option<f64>),
}

/// Writes the same expression for every indicator of one value in and one out.
macro_rules! each_plain {
    ($study:expr, $i:ident => $then:expr) => {
        match $study {
            Study::Sma($i) => Some($then),
            Study::Ema($i) => Some($then),
            Study::Wma($i) => Some($then),
            Study::Rma($i) => Some($then),
            Study::Rsi($i) => Some($then),
            Study::Roc($i) => Some($then),
            Study::Momentum($i) => Some($then),
            Study::StdDev($i) => Some($then),
            Study::ZScore($i) => Some($then),
            Study::LinregSlope($i) => Some($then),
            Study::Highest($i) => Some($then),
            Study::Lowest($i) => Some($then),
            Study::Sum($i) => Some($then),
            Study::RealizedVol($i) => Some($then),
            _ => None,
        }
    };
}

impl Study {
    pub(super) fn new(key: StudyKey) -> Self {
        let [a, b, c] = key.bars.map(|n| n as usize);
        let k = f64::from_bits(key.width);
        match key.kind {
            StudyKind::Sma => Self::Sma(Sma::new(a)),
            StudyKind::Ema => Self::Ema(Ema::new(a)),
            StudyKind::Wma => Self::Wma(Wma::new(a)),
            StudyKind::Rma => Self::Rma(Rma::new(a)),
            StudyKind::Rsi => Self::Rsi(Rsi::new(a)),
            StudyKind::Roc => Self::Roc(Roc::new(a)),
            StudyKind::Momentum => Self::Momentum(Momentum::new(a)),
            StudyKind::StdDev => Self::StdDev(StdDev::new(a)),
            StudyKind::ZScore => Self::ZScore(ZScore::new(a)),
            StudyKind::LinregSlope => Self::LinregSlope(LinregSlope::new(a)),
            StudyKind::Highest => Self::Highest(Highest::new(a)),
            StudyKind::Lowest => Self::Lowest(Lowest::new(a)),
            StudyKind::Sum => Self::Sum(Sum::new(a)),
            StudyKind::RealizedVol => Self::RealizedVol(RealizedVol::new(a)),
            StudyKind::Macd => Self::Macd(Macd::new(a, b, c)),
            StudyKind::Bollinger => Self::Bollinger(Bollinger::new(a, k)),
            StudyKind::TrueRange => Self::TrueRange(TrueRange::new()),
            StudyKind::Atr => Self::Atr(Atr::new(a)),
            StudyKind::Adx => Self::Adx(Adx::new(a)),
            StudyKind::Stochastic => Self::Stochastic(Stochastic::new(a, b, c)),
            StudyKind::Cci => Self::Cci(Cci::new(a)),
            StudyKind::Willr => Self::Willr(Willr::new(a)),
            StudyKind::Mfi => Self::Mfi(Mfi::new(a)),
            StudyKind::Obv => Self::Obv(Obv::new()),
            StudyKind::Donchian => Self::Donchian(Donchian::new(a)),
            StudyKind::Keltner => Self::Keltner(Keltner::new(a, k, b)),
            StudyKind::Supertrend => Self::Supertrend(Supertrend::new(a, k)),
            StudyKind::Vwap => Self::Vwap(Vwap::new()),
            StudyKind::Body => Self::Shape(body_fraction),
            StudyKind::UpperWick => Self::Shape(upper_wick_fraction),
            StudyKind::LowerWick => Self::Shape(lower_wick_fraction),
        }
    }

    /// Rows of input before its first part can have a value.
    pub(super) fn warmup_bars(&self) -> usize {
        if let Some(bars) = each_plain!(self, i => i.warmup_bars()) {
            return bars;
        }
        match self {
            Self::Macd(i) => i.warmup_bars(),
            Self::Bollinger(i) => i.warmup_bars(),
            Self::TrueRange(i) => i.warmup_bars(),
            Self::Atr(i) => i.warmup_bars(),
            Self::Adx(i) => i.warmup_bars(),
            Self::Stochastic(i) => i.warmup_bars(),
            Self::Cci(i) => i.warmup_bars(),
            Self::Willr(i) => i.warmup_bars(),
            Self::Mfi(i) => i.warmup_bars(),
            Self::Obv(i) => i.warmup_bars(),
            Self::Donchian(i) => i.warmup_bars(),
            Self::Keltner(i) => i.warmup_bars(),
            Self::Supertrend(i) => i.warmup_bars(),
            Self::Vwap(i) => i.warmup_bars(),
            _ => 0,
        }
    }

    /// Folds the indicator over a column of numbers into its parts.
    pub(super) fn fold_numbers(&mut self, x: &[f64], mut out: Parts<'_>) {
        if each_plain!(self, i => fold(i, x, out.first())).is_some() {
            return;
        }
        let present = |x: f64| (!x.is_nan()).then_some(x);
        match self {
            Self::Macd(macd) => {
                for (row, x) in x.iter().enumerate() {
                    let value = present(*x).and_then(|x| macd.update(x));
                    out.put(row, [value.map(|v| v.macd), value.and_then(|v| v.signal), value.and_then(|v| v.histogram)]);
                }
            }
            Self::Bollinger(bands) => {
                for (row, x) in x.iter().enumerate() {
                    let value = present(*x).and_then(|x| bands.update(x));
                    out.put(
                        row,
                        [value.map(|v| v.upper), value.map(|v| v.lower), value.and_then(|v| v.width), value.and_then(|v| v.position)],
                    );
                }
            }
            _ => unreachable!("studies of numbers only"),
        }
    }

    /// Folds the indicator over bars into its parts.
    pub(super) fn fold_bars(&mut self, bars: impl Iterator<Item = Bar>, mut session: impl FnMut(Nanos) -> i64, mut out: Parts<'_>) {
        for (row, bar) in bars.enumerate() {
            match self {
                Self::TrueRange(i) => out.put(row, [i.update(bar)]),
                Self::Atr(i) => out.put(row, [i.update(bar)]),
                Self::Adx(i) => {
                    let value = i.update(bar);
                    out.put(row, [value.map(|v| v.plus_di), value.map(|v| v.minus_di), value.and_then(|v| v.adx)]);
                }
                Self::Stochastic(i) => {
                    let value = i.update(bar);
                    out.put(row, [value.map(|v| v.k), value.and_then(|v| v.d)]);
                }
                Self::Cci(i) => out.put(row, [i.update(bar)]),
                Self::Willr(i) => out.put(row, [i.update(bar)]),
                Self::Mfi(i) => out.put(row, [i.update(bar)]),
                Self::Obv(i) => out.put(row, [i.update(bar)]),
                Self::Donchian(i) => {
                    let value = i.update(bar);
                    out.put(row, [value.map(|v| v.upper), value.map(|v| v.lower)]);
                }
                Self::Keltner(i) => {
                    let value = i.update(bar);
                    out.put(row, [value.map(|v| v.upper), value.map(|v| v.lower)]);
                }
                Self::Supertrend(i) => out.put(row, [i.update(bar).map(|v| v.line)]),
                Self::Vwap(i) => out.put(row, [i.update((bar, session(bar.opened_at)))]),
                Self::Shape(shape) => out.put(row, [shape(&bar)]),
                _ => unreachable!("studies of bars only"),
            }
        }
    }
}

/// The columns of a study's parts, one after another at a fixed distance.
pub(super) struct Parts<'a> {
    /// From the first part's first row on.
    pub(super) columns: &'a mut [f64],
    /// Distance between two parts.
    pub(super) stride: usize,
    /// Rows to fill.
    pub(super) rows: usize,
}

impl Parts<'_> {
    fn first(&mut self) -> &mut [f64] {
        &mut self.columns[..self.rows]
    }

    #[inline]
    fn put<const N: usize>(&mut self, row: usize, values: [Option<f64>; N]) {
        for (part, value) in values.into_iter().enumerate() {
            self.columns[part * self.stride + row] = number(value);
        }
    }
}

#[inline]
fn number(value: Option<f64>) -> f64 {
    value.filter(|v| v.is_finite()).unwrap_or(f64::NAN)
}

#[inline]
fn fold<I: Indicator<Input = f64, Output = f64>>(indicator: &mut I, x: &[f64], out: &mut [f64]) {
    for (out, x) in out.iter_mut().zip(x) {
        *out = if x.is_nan() { f64::NAN } else { number(indicator.update(*x)) };
    }
}
