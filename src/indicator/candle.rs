//! The shape of one bar, as fractions of its range. The three fractions add up to 1; none has a value where high equals low.

use crate::market::Bar;

fn of_range(part: f64, bar: &Bar) -> Option<f64> {
    let range = bar.high - bar.low;
    (range > 0.0).then(|| part / range)
}

/// |close − open|/(high − low): 1 for a bar that went straight from one end to the other; `None` where high equals low.
///
/// ```
/// use cthulu_lab::{indicator::body_fraction, market::Bar};
/// assert_eq!(body_fraction(&Bar { open: 3.0, high: 5.0, low: 1.0, close: 2.0, ..Bar::default() }), Some(0.25));
/// ```
#[must_use]
pub fn body_fraction(bar: &Bar) -> Option<f64> {
    of_range((bar.close - bar.open).abs(), bar)
}

/// (high − the higher of open and close)/(high − low); `None` where high equals low.
///
/// ```
/// use cthulu_lab::{indicator::upper_wick_fraction, market::Bar};
/// assert_eq!(upper_wick_fraction(&Bar { open: 3.0, high: 5.0, low: 1.0, close: 2.0, ..Bar::default() }), Some(0.5));
/// ```
#[must_use]
pub fn upper_wick_fraction(bar: &Bar) -> Option<f64> {
    of_range(bar.high - bar.open.max(bar.close), bar)
}

/// (the lower of open and close − low)/(high − low); `None` where high equals low.
///
/// ```
/// use cthulu_lab::{indicator::lower_wick_fraction, market::Bar};
/// assert_eq!(lower_wick_fraction(&Bar { open: 3.0, high: 5.0, low: 1.0, close: 2.0, ..Bar::default() }), Some(0.25));
/// ```
#[must_use]
pub fn lower_wick_fraction(bar: &Bar) -> Option<f64> {
    of_range(bar.open.min(bar.close) - bar.low, bar)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_without_range_has_no_shape() {
        let bar = Bar { open: 2.0, high: 2.0, low: 2.0, close: 2.0, ..Bar::default() };
        assert_eq!([body_fraction(&bar), upper_wick_fraction(&bar), lower_wick_fraction(&bar)], [None; 3]);
    }
}
