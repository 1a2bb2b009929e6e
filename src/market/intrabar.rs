//! What came first inside a bar.
//!
//! A bar tells four prices and not their order. One [`Rule`] settles every question, for fills and for labels alike. Pessimistic, the default:
//! where stop and target could both have been reached, the stop was, and the bar counts as ambiguous. Optimistic: the target was. What the bar
//! proves is used either way, and is not ambiguous: a target beyond the entry in the entry's own direction, or a close beyond the target.
//! By proximity the bar is a path of three legs ([`waypoints`]); on a lower timeframe it is the bars or ticks it was made of ([`super::Finer`]).

use serde::{Deserialize, Serialize};

use super::{Ohlc, OrderKind, Side};

/// How the order of prices inside a bar is settled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Intrabar {
    /// Against the position: the stop before the target.
    #[default]
    Pessimistic,
    /// For the position: the target before the stop. What nobody should count on, and the other end of the interval.
    Optimistic,
    /// Open, the extreme nearer to the open, the other extreme, close.
    Proximity,
    /// The true path of finer bars or ticks; pessimistic inside each of those, and in bars that they do not cover.
    LowerTimeframe,
}

impl Intrabar {
    /// The name used in files.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pessimistic => "pessimistic",
            Self::Optimistic => "optimistic",
            Self::Proximity => "proximity",
            Self::LowerTimeframe => "lower_timeframe",
        }
    }
}

/// How far a price must pass a limit before the limit fills.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Through {
    /// By anything at all: a touch is no fill, because others stood in the queue before.
    #[default]
    Any,
    /// By this much in price; 0 is a touch.
    By(f64),
}

impl Through {
    /// Whether a price that lies `beyond` the limit (negative: short of it) fills it.
    #[must_use]
    #[inline]
    pub fn fills(self, beyond: f64) -> bool {
        match self {
            Self::Any => beyond > 0.0,
            // 1.1052 − 1.1050 is a hair less than two points.
            Self::By(least) => beyond >= least * (1.0 - 1e-6),
        }
    }
}

/// How bars are settled: which way in doubt, and what a limit needs.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Rule {
    /// Whether doubt is settled for the position; against it otherwise.
    pub is_optimistic: bool,
    /// What a limit needs.
    pub through: Through,
}

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
        /// Whether the stop may have come first, or the target before the entry.
        ambiguous: bool,
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
/// for a short), by the pessimistic rule. A stop is hit when touched; a target, as any limit, when traded through.
///
/// ```
/// use cthulu_lab::market::{Ohlc, Side, intrabar::{Entered, Touch, resolve}};
/// let bar = Ohlc { open: 100.0, high: 105.0, low: 95.0, close: 101.0 };
/// assert_eq!(resolve(Side::Buy, Entered::BeforePath, Some(96.0), Some(104.0), &bar), Touch::Stop { price: 96.0, ambiguous: true });
/// ```
#[must_use]
pub fn resolve(side: Side, entered: Entered, stop: Option<f64>, target: Option<f64>, bar: &Ohlc) -> Touch {
    Rule::default().resolve(side, entered, (stop, target), bar)
}

/// The price at which a resting entry order fills inside a bar, by the pessimistic rule; see [`Rule::entry_price`].
#[must_use]
pub fn entry_price(side: Side, kind: OrderKind, bar: &Ohlc) -> Option<f64> {
    Rule::default().entry_price(side, kind, bar)
}

impl Rule {
    /// As [`resolve`], by this rule.
    #[must_use]
    pub fn resolve(&self, side: Side, entered: Entered, (stop, target): (Option<f64>, Option<f64>), bar: &Ohlc) -> Touch {
        let flip = side.sign();
        // In the position's own direction up is good: a short's bar is mirrored at zero.
        let bar = if flip > 0.0 { *bar } else { mirrored(bar) };
        let (stop, target) = (stop.map(|p| flip * p), target.map(|p| flip * p));
        let (kind, entry) = match entered {
            Entered::BeforePath => {
                if let Some(stop) = stop.filter(|stop| bar.open <= *stop) {
                    return Touch::Stop { price: flip * bar.open.min(stop), ambiguous: false };
                }
                if let Some(target) = target.filter(|target| self.through.fills(bar.open - target)) {
                    return Touch::Target { price: flip * bar.open.max(target), ambiguous: false };
                }
                (OrderKind::Market, bar.open)
            }
            Entered::Inside(kind, price) => (kind, flip * price),
        };
        // After a limit entry the high may lie before the dip that filled it; a close beyond the target cannot.
        let sure_high = if matches!(kind, OrderKind::Limit(_)) { bar.close } else { bar.high };
        let in_reach = target.filter(|target| self.through.fills(bar.high - target));
        let is_sure = in_reach.is_some_and(|target| self.through.fills(sure_high - target));
        let stop_hit = stop.filter(|stop| bar.low <= *stop);
        // A stop between a stop entry and the lowest price may have been passed before the entry.
        let may_be_before = stop_hit.is_some_and(|stop| matches!(kind, OrderKind::Stop(_)) && stop < entry && bar.close > stop);
        match (stop_hit, in_reach) {
            (stop, Some(target)) if self.is_optimistic => Touch::Target { price: flip * target, ambiguous: stop.is_some() || !is_sure },
            (Some(_), None) if self.is_optimistic && may_be_before => Touch::Neither,
            (Some(stop), _) => Touch::Stop { price: flip * stop, ambiguous: !self.is_optimistic && (is_sure || may_be_before) },
            (None, Some(target)) if is_sure => Touch::Target { price: flip * target, ambiguous: false },
            _ => Touch::Neither,
        }
    }

    /// The price at which a resting entry order fills inside a bar of the prices at which it deals (the ask for a buy), or `None`.
    ///
    /// A stop fills when touched, at its price or at the open that gapped through it; a limit when traded through, at its price or a better open.
    #[must_use]
    pub fn entry_price(&self, side: Side, kind: OrderKind, bar: &Ohlc) -> Option<f64> {
        let flip = side.sign();
        // In the deal's own direction down is cheap: a sale's bar is mirrored at zero.
        let bar = if flip > 0.0 { *bar } else { mirrored(bar) };
        let price = match kind {
            OrderKind::Market => Some(bar.open),
            OrderKind::Stop(price) => (bar.high >= flip * price).then(|| bar.open.max(flip * price)),
            OrderKind::Limit(price) => self.through.fills(flip * price - bar.low).then(|| bar.open.min(flip * price)),
        };
        price.map(|price| flip * price)
    }
}

const fn mirrored(bar: &Ohlc) -> Ohlc {
    Ohlc { open: -bar.open, high: -bar.low, low: -bar.high, close: -bar.close }
}

/// Whether a bar's high came before its low, by proximity: the extreme nearer to the open did. Where both are as near, a bar that closes
/// higher went down first, and any other up first.
///
/// ```
/// use cthulu_lab::market::{Ohlc, intrabar::high_came_first};
/// assert!(high_came_first(&Ohlc { open: 100.0, high: 101.0, low: 97.0, close: 98.0 }));
/// assert!(!high_came_first(&Ohlc { open: 100.0, high: 102.0, low: 98.0, close: 101.0 }));
/// ```
#[must_use]
pub fn high_came_first(bar: &Ohlc) -> bool {
    let (up, down) = (bar.high - bar.open, bar.open - bar.low);
    if up == down { bar.close <= bar.open } else { up < down }
}

/// The four prices of a bar in the order in which they are taken to have come by proximity: see [`high_came_first`] for `high_first`.
#[must_use]
pub const fn waypoints(bar: &Ohlc, high_first: bool) -> [f64; 4] {
    if high_first { [bar.open, bar.high, bar.low, bar.close] } else { [bar.open, bar.low, bar.high, bar.close] }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BAR: Ohlc = Ohlc { open: 100.0, high: 105.0, low: 95.0, close: 101.0 };

    #[test]
    fn stop_comes_before_target_and_is_counted() {
        assert_eq!(resolve(Side::Buy, Entered::BeforePath, Some(96.0), Some(104.0), &BAR), Touch::Stop { price: 96.0, ambiguous: true });
        assert_eq!(resolve(Side::Buy, Entered::BeforePath, Some(96.0), Some(106.0), &BAR), Touch::Stop { price: 96.0, ambiguous: false });
        assert_eq!(
            resolve(Side::Buy, Entered::BeforePath, Some(94.0), Some(104.0), &BAR),
            Touch::Target { price: 104.0, ambiguous: false }
        );
        assert_eq!(resolve(Side::Buy, Entered::BeforePath, None, None, &BAR), Touch::Neither);
    }

    #[test]
    fn a_gap_fills_at_the_open() {
        assert_eq!(resolve(Side::Buy, Entered::BeforePath, Some(101.0), Some(104.0), &BAR), Touch::Stop { price: 100.0, ambiguous: false });
        assert_eq!(resolve(Side::Buy, Entered::BeforePath, Some(90.0), Some(99.0), &BAR), Touch::Target { price: 100.0, ambiguous: false });
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
        assert_eq!(resolve(Side::Buy, entered, None, Some(100.5), &BAR), Touch::Target { price: 100.5, ambiguous: false });
        assert_eq!(resolve(Side::Buy, entered, Some(96.0), None, &BAR), Touch::Stop { price: 96.0, ambiguous: false });
    }

    #[test]
    fn after_a_stop_entry_the_target_lies_ahead_and_a_stop_in_range_is_ambiguous() {
        let entered = Entered::Inside(OrderKind::Stop(103.0), 103.0);
        assert_eq!(resolve(Side::Buy, entered, None, Some(104.0), &BAR), Touch::Target { price: 104.0, ambiguous: false });
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
                Touch::Target { price, ambiguous } => Touch::Target { price: -price, ambiguous },
                Touch::Neither => Touch::Neither,
            };
            assert_eq!(long, turned);
        }
    }

    #[test]
    fn optimism_takes_the_target_and_says_where_it_guessed() {
        let rule = Rule { is_optimistic: true, ..Rule::default() };
        let of = |entered, stop, target| rule.resolve(Side::Buy, entered, (stop, target), &BAR);
        assert_eq!(of(Entered::BeforePath, Some(96.0), Some(104.0)), Touch::Target { price: 104.0, ambiguous: true });
        assert_eq!(of(Entered::BeforePath, None, Some(104.0)), Touch::Target { price: 104.0, ambiguous: false });
        assert_eq!(of(Entered::BeforePath, Some(96.0), Some(106.0)), Touch::Stop { price: 96.0, ambiguous: false });
        // The high of 105 may lie before the dip to 97.
        assert_eq!(of(Entered::Inside(OrderKind::Limit(97.0), 97.0), None, Some(104.0)), Touch::Target { price: 104.0, ambiguous: true });
        // The low of 95 may lie before the rise to 103; the close of 101 is above the stop.
        assert_eq!(of(Entered::Inside(OrderKind::Stop(103.0), 103.0), Some(96.0), None), Touch::Neither);
        assert_eq!(of(Entered::Inside(OrderKind::Stop(103.0), 103.0), Some(101.5), None), Touch::Stop { price: 101.5, ambiguous: false });
    }

    #[test]
    fn a_touch_fills_where_it_is_enough_and_points_where_they_are_asked() {
        let at = |through| Rule { through, ..Rule::default() };
        let bought = |through, price| at(through).entry_price(Side::Buy, OrderKind::Limit(price), &BAR);
        assert_eq!(
            (bought(Through::By(0.0), 95.0), bought(Through::By(0.5), 95.4), bought(Through::By(0.5), 95.5)),
            (Some(95.0), None, Some(95.5))
        );
        let target = |through, price| at(through).resolve(Side::Buy, Entered::BeforePath, (None, Some(price)), &BAR);
        assert_eq!(target(Through::By(0.0), 105.0), Touch::Target { price: 105.0, ambiguous: false });
        assert_eq!(target(Through::By(0.5), 104.6), Touch::Neither);
        // 1.1052 − 1.1050 is a hair less than two points of 0.0001.
        assert!(Through::By(0.0002).fills(1.1052 - 1.1050));
    }

    #[test]
    fn the_nearer_extreme_came_first() {
        let bar = |open| Ohlc { open, ..BAR };
        assert_eq!(waypoints(&bar(101.0), high_came_first(&bar(101.0))), [101.0, 105.0, 95.0, 101.0]);
        assert_eq!(waypoints(&bar(99.0), high_came_first(&bar(99.0))), [99.0, 95.0, 105.0, 101.0]);
        // As near: it closes higher, so it went down first.
        assert!(!high_came_first(&BAR) && high_came_first(&Ohlc { close: 100.0, ..BAR }));
    }
}
