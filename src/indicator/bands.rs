//! How far values scatter around their average: standard deviation, z-score, Bollinger bands, realised volatility.
//!
//! Deviations are those of the population (divided by n), except for [`RealizedVol`], an estimate from a sample (n − 1).
//! A window of equal values has a deviation of exactly 0.

use super::Indicator;
use super::window::{Moments, Window};

/// Population standard deviation √(Σ (x − mean)²/n) of the last n values; first at the n-th update.
///
/// ```
/// use cthulu_lab::indicator::{Indicator, StdDev};
/// let mut deviation = StdDev::new(2);
/// assert_eq!([1.0, 5.0, 5.0].map(|x| deviation.update(x)), [None, Some(2.0), Some(0.0)]);
/// ```
#[derive(Clone, Debug)]
pub struct StdDev(Window<Moments>);

impl StdDev {
    /// The deviation of `bars` values.
    ///
    /// # Panics
    /// On 0.
    #[must_use]
    pub fn new(bars: usize) -> Self {
        Self(Window::new(bars))
    }
}

impl Indicator for StdDev {
    type Input = f64;
    type Output = f64;

    #[inline]
    fn update(&mut self, x: f64) -> Option<f64> {
        self.0.push(x).map(|moments| deviation(&moments, self.0.bars()))
    }

    fn warmup_bars(&self) -> usize {
        self.0.bars() - 1
    }
}

#[inline]
fn deviation(moments: &Moments, bars: usize) -> f64 {
    // Each step adds a product of two distances of one sign; only rounding could make the sum negative.
    (moments.squares.max(0.0) / bars as f64).sqrt()
}

/// (x − mean)/deviation over the last n values, the deviation of the population; first at the n-th update.
///
/// `None` when the deviation is 0.
///
/// ```
/// use cthulu_lab::indicator::{Indicator, ZScore};
/// let mut score = ZScore::new(2);
/// assert_eq!([1.0, 5.0, 5.0].map(|x| score.update(x)), [None, Some(1.0), None]); // (5 − 3)/2
/// ```
#[derive(Clone, Debug)]
pub struct ZScore(Window<Moments>);

impl ZScore {
    /// The score among `bars` values.
    ///
    /// # Panics
    /// On 0.
    #[must_use]
    pub fn new(bars: usize) -> Self {
        Self(Window::new(bars))
    }
}

impl Indicator for ZScore {
    type Input = f64;
    type Output = f64;

    #[inline]
    fn update(&mut self, x: f64) -> Option<f64> {
        let moments = self.0.push(x)?;
        let deviation = deviation(&moments, self.0.bars());
        (deviation > 0.0).then(|| (x - moments.mean) / deviation)
    }

    fn warmup_bars(&self) -> usize {
        self.0.bars() - 1
    }
}

/// What [`Bollinger`] answers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bands {
    /// mid + k·deviation.
    pub upper: f64,
    /// The simple average.
    pub mid: f64,
    /// mid − k·deviation.
    pub lower: f64,
    /// (upper − lower)/mid; `None` when mid is 0.
    pub width: Option<f64>,
    /// (x − lower)/(upper − lower): 0 on the lower band, 1 on the upper; `None` when the bands meet.
    pub position: Option<f64>,
}

/// Bollinger bands: the simple average of n values ± k population deviations; first at the n-th update.
///
/// J. Bollinger, *Bollinger on Bollinger Bands*, 2001.
///
/// ```
/// use cthulu_lab::indicator::{Bollinger, Indicator};
/// let mut bollinger = Bollinger::new(2, 2.0);
/// bollinger.update(1.0);
/// let bands = bollinger.update(5.0).unwrap(); // mean 3, deviation 2
/// assert_eq!((bands.upper, bands.mid, bands.lower, bands.position), (7.0, 3.0, -1.0, Some(0.75)));
/// ```
#[derive(Clone, Debug)]
pub struct Bollinger {
    window: Window<Moments>,
    k: f64,
}

impl Bollinger {
    /// Bands of `bars` values, `k` deviations from their average.
    ///
    /// # Panics
    /// On 0 bars.
    #[must_use]
    pub fn new(bars: usize, k: f64) -> Self {
        Self { window: Window::new(bars), k }
    }
}

impl Indicator for Bollinger {
    type Input = f64;
    type Output = Bands;

    #[inline]
    fn update(&mut self, x: f64) -> Option<Bands> {
        let moments = self.window.push(x)?;
        let mid = moments.mean;
        let reach = self.k * deviation(&moments, self.window.bars());
        let (upper, lower) = (mid + reach, mid - reach);
        let width = (mid != 0.0).then(|| (upper - lower) / mid);
        let position = (upper != lower).then(|| (x - lower) / (upper - lower));
        Some(Bands { upper, mid, lower, width, position })
    }

    fn warmup_bars(&self) -> usize {
        self.window.bars() - 1
    }
}

/// Realised volatility: the sample standard deviation (n − 1) of the last n log returns ln(x/x\[1\]), per bar and not annualised.
///
/// First value at update n + 1. `None` for good when n is 1: one return has no sample deviation. A price that is not positive
/// has no log return; the window then starts anew.
///
/// ```
/// use cthulu_lab::indicator::{Indicator, RealizedVol};
/// let mut volatility = RealizedVol::new(2);
/// volatility.update(100.0);
/// volatility.update(200.0); // ln 2
/// assert!((volatility.update(100.0).unwrap() - 2_f64.sqrt() * 2_f64.ln()).abs() < 1e-15); // −ln 2: mean 0, √(2·ln²2/1)
/// ```
#[derive(Clone, Debug)]
pub struct RealizedVol {
    returns: Window<Moments>,
    last: Option<f64>,
}

impl RealizedVol {
    /// The volatility of `bars` returns.
    ///
    /// # Panics
    /// On 0.
    #[must_use]
    pub fn new(bars: usize) -> Self {
        Self { returns: Window::new(bars), last: None }
    }
}

impl Indicator for RealizedVol {
    type Input = f64;
    type Output = f64;

    #[inline]
    fn update(&mut self, price: f64) -> Option<f64> {
        let last = std::mem::replace(&mut self.last, (price > 0.0).then_some(price));
        if self.last.is_none() {
            self.returns.clear();
        }
        let moments = self.returns.push(libm::log(self.last? / last?))?;
        let bars = self.returns.bars();
        (bars > 1).then(|| deviation(&moments, bars - 1))
    }

    fn warmup_bars(&self) -> usize {
        self.returns.bars()
    }
}
