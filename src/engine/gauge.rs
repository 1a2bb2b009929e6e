//! What is kept of a trial's equity, and what a bar that is passed does to it.

use std::ops::Range;

use super::{Recorder, track::Exits};
use crate::{
    market::Side,
    portfolio::{Ledger, Position, Worth},
    stats::drawdown::Meter,
    time::Nanos,
};

/// A position while bars pass: what it takes to mark it, and the prices that may end it.
pub(super) struct Held {
    position: Position,
    cash: f64,
    contract_size: f64,
    /// A bar that reaches down to this, or up to that, is stepped.
    floor: f64,
    ceiling: f64,
}

impl Held {
    pub(super) fn new(position: &Position, book: &Ledger, leverage: f64) -> Self {
        // Named one by one: whoever gives a position another end has to say here which prices bring it.
        let Position {
            side,
            lots,
            entry,
            stop_loss,
            take_profit,
            instrument,
            ticket: _,
            opened_at: _,
            stop_moved: _,
            commission: _,
            spread_cost: _,
            slippage_cost: _,
            // Charged by a back office, which no simulator alone has.
            swap: _,
            worst_pnl: _,
            best_pnl: _,
            best_price: _,
            bars: _,
            opened_inside_bar: _,
            strategy: _,
        } = *position;
        let (cash, contract_size) = (book.cash(), book.contract_size(instrument));
        let (sign, units) = (side.sign(), lots * contract_size);
        let ruin = (side == Side::Sell || leverage > 1.0).then(|| {
            let at = entry - sign * cash / units;
            // Rounding may put the broker's figure a little to either side.
            at + sign * 1e-9 * (at.abs() + entry.abs())
        });
        let lowest = |prices: [Option<f64>; 2]| prices.into_iter().flatten().fold(f64::INFINITY, f64::min);
        let highest = |prices: [Option<f64>; 2]| prices.into_iter().flatten().fold(f64::NEG_INFINITY, f64::max);
        let (floor, ceiling) = match side {
            Side::Buy => (highest([stop_loss, ruin]), lowest([take_profit, None])),
            Side::Sell => (highest([take_profit, None]), lowest([stop_loss, ruin])),
        };
        Self { position: *position, cash, contract_size, floor, ceiling }
    }

    pub(super) const fn side(&self) -> Side {
        self.position.side
    }

    /// Whether no price can end it.
    const fn is_safe(&self) -> bool {
        self.floor == f64::NEG_INFINITY && self.ceiling == f64::INFINITY
    }

    #[inline]
    fn equity(&self, price: f64) -> f64 {
        self.cash + (0.0 + self.position.pnl_at(price, self.contract_size))
    }
}

/// The equity now, and what is wanted of it before.
#[derive(Clone, Copy)]
pub(super) struct Gauge {
    pub(super) meter: Meter,
    /// The meter before the last moment.
    before: Meter,
    pub(super) equity: f64,
}

impl Gauge {
    pub(super) fn new(cash: f64) -> Self {
        Self { meter: Meter::new(cash), before: Meter::new(cash), equity: cash }
    }

    /// Passes `rows` bars flat, if the equity is clear of every limit; says how many.
    pub(super) fn pass_flat(&mut self, cash: f64, rows: usize, alarm: f64) -> usize {
        if cash <= self.meter.peak() * alarm {
            return 0;
        }
        self.meter.push_times(cash, rows as u64);
        self.equity = cash;
        rows
    }

    /// Passes bars in a position, up to the first that may end it or hit a limit; says how many.
    pub(super) fn pass_held(&mut self, held: &Held, exits: &Exits, rows: Range<usize>, alarm: f64) -> usize {
        let mut meter = self.meter;
        let passed = if held.is_safe() {
            let closes = exits.close[rows.clone()].iter();
            closes.take_while(|close| mark(&mut meter, held.equity(**close), alarm)).count()
        } else {
            let (lows, highs) = (exits.low[rows.clone()].iter(), exits.high[rows.clone()].iter());
            let bars = exits.close[rows.clone()].iter().zip(lows.zip(highs));
            let quiet = |(close, (low, high)): &(&f64, (&f64, &f64))| {
                **low > held.floor && **high < held.ceiling && mark(&mut meter, held.equity(**close), alarm)
            };
            bars.take_while(quiet).count()
        };
        self.meter = meter;
        if passed > 0 {
            self.equity = held.equity(exits.close[rows.start + passed - 1]);
        }
        passed
    }
}

/// Marks an equity, unless it may hit a limit.
#[inline]
fn mark(meter: &mut Meter, equity: f64, alarm: f64) -> bool {
    let is_clear = equity > meter.peak() * alarm;
    if is_clear {
        meter.push(equity);
    }
    is_clear
}

impl Recorder for Gauge {
    fn push(&mut self, _: Nanos, worth: Worth, _: f64) {
        self.before = self.meter;
        self.meter.push(worth.equity);
        self.equity = worth.equity;
    }

    fn replace_last(&mut self, worth: Worth, _: f64) {
        self.meter = self.before;
        self.meter.push(worth.equity);
        self.equity = worth.equity;
    }
}
