//! What came first inside a bar.
//!
//! A bar tells four prices and not their order. One rule settles every question, for fills and for labels alike: where stop and target
//! could both have been reached, the stop was, and the bar counts as ambiguous. What the bar proves is used, and is not ambiguous:
//! a target beyond the entry in the entry's own direction, or a close beyond the target.

use super::{Ohlc, OrderKind, Side};

/// What a bar did to a position.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Touch {
    /// Neither price was reached.
    Neither,
    /// The stop was hit and fills at this price: the stop, or the open that gapped through it.
    Stop {
        /// Price before slippage.
        price: f64,
        /// Whether the target may have come first.
        ambiguous: bool,
    },
    /// The target was traded through and fills at this price: the target, or a better open.
    Target {
        /// Price received.
        price: f64,
    },
}

/// How a position stood when the bar began.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Entered {
    /// Before this bar, or at its open.
    BeforePath,
    /// Inside this bar, by a resting order at this price.
    Inside(OrderKind, f64),
}

/// Looks for the stop and the target of a position in one bar of the prices at which it can be closed (the bid for a long, the ask
/// for a short). A stop is hit when touched; a target, as any limit, when traded through.
///
/// ```
/// use cthulu_lab::market::{Ohlc, Side, intrabar::{Entered, Touch, resolve}};
/// let bar = Ohlc { open: 100.0, high: 105.0, low: 95.0, close: 101.0 };
/// assert_eq!(resolve(Side::Buy, Entered::BeforePath, Some(96.0), Some(104.0), &bar), Touch::Stop { price: 96.0, ambiguous: true });
/// ```
#[must_use]
pub fn resolve(side: Side, entered: Entered, stop: Option<f64>, target: Option<f64>, bar: &Ohlc) -> Touch {
    let flip = side.sign();
    // In the position's own direction up is good: a short's bar is mirrored at zero.
    let (open, close) = (flip * bar.open, flip * bar.close);
    let (best, worst) = if flip > 0.0 { (bar.high, bar.low) } else { (-bar.low, -bar.high) };
    let (stop, target) = (stop.map(|p| flip * p), target.map(|p| flip * p));
    let (kind, entry) = match entered {
        Entered::BeforePath => {
            if let Some(stop) = stop.filter(|stop| open <= *stop) {
                return Touch::Stop { price: flip * open.min(stop), ambiguous: false };
            }
            if let Some(target) = target.filter(|target| open > *target) {
                return Touch::Target { price: flip * open.max(target) };
            }
            (OrderKind::Market, open)
        }
        Entered::Inside(kind, price) => (kind, flip * price),
    };
    let stop_hit = stop.filter(|stop| worst <= *stop);
    // After a limit entry the high may lie before the dip that filled it; a close beyond the target cannot.
    let target_sure = !matches!(kind, OrderKind::Limit(_));
    let target_hit = target.filter(|target| if target_sure { best > *target } else { close > *target });
    match (stop_hit, target_hit) {
        // A stop between a stop entry and the open may have been passed before the entry: counted against us, and said.
        (Some(stop), hit) => Touch::Stop {
            price: flip * stop,
            ambiguous: hit.is_some() || (matches!(kind, OrderKind::Stop(_)) && stop < entry && close > stop),
        },
        (None, Some(target)) => Touch::Target { price: flip * target },
        (None, None) => Touch::Neither,
    }
}

/// The price at which a resting entry order fills inside a bar of the prices at which it deals (the ask for a buy), or `None`.
///
/// A stop fills when touched, at its price or at the open that gapped through it; a limit when traded through, at its price or a better open.
#[must_use]
pub fn entry_price(side: Side, kind: OrderKind, bar: &Ohlc) -> Option<f64> {
    let buy = side == Side::Buy;
    match kind {
        OrderKind::Market => Some(bar.open),
        OrderKind::Stop(price) if buy => (bar.high >= price).then(|| bar.open.max(price)),
        OrderKind::Stop(price) => (bar.low <= price).then(|| bar.open.min(price)),
        OrderKind::Limit(price) if buy => (bar.low < price).then(|| bar.open.min(price)),
        OrderKind::Limit(price) => (bar.high > price).then(|| bar.open.max(price)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BAR: Ohlc = Ohlc { open: 100.0, high: 105.0, low: 95.0, close: 101.0 };

    fn mirrored(bar: &Ohlc) -> Ohlc {
        Ohlc { open: -bar.open, high: -bar.low, low: -bar.high, close: -bar.close }
    }

    #[test]
    fn stop_comes_before_target_and_is_counted() {
        assert_eq!(resolve(Side::Buy, Entered::BeforePath, Some(96.0), Some(104.0), &BAR), Touch::Stop { price: 96.0, ambiguous: true });
        assert_eq!(resolve(Side::Buy, Entered::BeforePath, Some(96.0), Some(106.0), &BAR), Touch::Stop { price: 96.0, ambiguous: false });
        assert_eq!(resolve(Side::Buy, Entered::BeforePath, Some(94.0), Some(104.0), &BAR), Touch::Target { price: 104.0 });
        assert_eq!(resolve(Side::Buy, Entered::BeforePath, None, None, &BAR), Touch::Neither);
    }

    #[test]
    fn a_gap_fills_at_the_open() {
        assert_eq!(resolve(Side::Buy, Entered::BeforePath, Some(101.0), Some(104.0), &BAR), Touch::Stop { price: 100.0, ambiguous: false });
        assert_eq!(resolve(Side::Buy, Entered::BeforePath, Some(90.0), Some(99.0), &BAR), Touch::Target { price: 100.0 });
        assert_eq!(entry_price(Side::Buy, OrderKind::Stop(99.0), &BAR), Some(100.0));
        assert_eq!(entry_price(Side::Buy, OrderKind::Limit(102.0), &BAR), Some(100.0));
    }

    #[test]
    fn a_limit_needs_a_trade_through_and_a_stop_a_touch() {
        assert_eq!(entry_price(Side::Buy, OrderKind::Limit(95.0), &BAR), None);
        assert_eq!(entry_price(Side::Buy, OrderKind::Stop(105.0), &BAR), Some(105.0));
        assert_eq!(entry_price(Side::Sell, OrderKind::Limit(105.0), &BAR), None);
        assert_eq!(entry_price(Side::Sell, OrderKind::Stop(95.0), &BAR), Some(95.0));
        assert_eq!(resolve(Side::Buy, Entered::BeforePath, None, Some(105.0), &BAR), Touch::Neither);
    }

    #[test]
    fn after_a_limit_entry_only_the_close_proves_the_target() {
        let entered = Entered::Inside(OrderKind::Limit(97.0), 97.0);
        assert_eq!(resolve(Side::Buy, entered, None, Some(104.0), &BAR), Touch::Neither);
        assert_eq!(resolve(Side::Buy, entered, None, Some(100.5), &BAR), Touch::Target { price: 100.5 });
        assert_eq!(resolve(Side::Buy, entered, Some(96.0), None, &BAR), Touch::Stop { price: 96.0, ambiguous: false });
    }

    #[test]
    fn after_a_stop_entry_the_target_lies_ahead_and_a_stop_in_range_is_ambiguous() {
        let entered = Entered::Inside(OrderKind::Stop(103.0), 103.0);
        assert_eq!(resolve(Side::Buy, entered, None, Some(104.0), &BAR), Touch::Target { price: 104.0 });
        assert_eq!(resolve(Side::Buy, entered, Some(96.0), Some(106.0), &BAR), Touch::Stop { price: 96.0, ambiguous: true });
        assert_eq!(resolve(Side::Buy, entered, Some(102.0), None, &BAR), Touch::Stop { price: 102.0, ambiguous: false });
    }

    #[test]
    fn a_short_is_a_long_in_the_mirror() {
        for (stop, target) in [(96.0, 104.0), (94.0, 104.0), (101.0, 106.0), (90.0, 99.0)] {
            let long = resolve(Side::Buy, Entered::BeforePath, Some(stop), Some(target), &BAR);
            let short = resolve(Side::Sell, Entered::BeforePath, Some(-stop), Some(-target), &mirrored(&BAR));
            let turned = match short {
                Touch::Stop { price, ambiguous } => Touch::Stop { price: -price, ambiguous },
                Touch::Target { price } => Touch::Target { price: -price },
                Touch::Neither => Touch::Neither,
            };
            assert_eq!(long, turned);
        }
    }
}
