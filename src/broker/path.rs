//! The path inside a bar, where it is known or taken as known: the three legs between its prices by proximity, or the finer bars and ticks
//! it was made of. Whatever the path meets is met in the order of the path.
//!
//! Along a leg bid and ask move in step, from their prices at its beginning to those at its end; after a deal the leg goes on from where the
//! deal was done, so that what the deal opened meets what is left of it. At one point of a leg the order is that of a quote: orders that
//! close, stops and targets, orders that open.

use std::ops::Range;

use super::{
    Notice, Simulator,
    stop_out::{WayOut, exit_price},
    venue::Deal,
};
use crate::{
    market::{
        Bar, ExitReason, Finer, InstrumentId, Order, OrderKind, Quoting, Side, Tick,
        intrabar::{Through, high_came_first, waypoints},
    },
    portfolio::Ledger,
    time::Nanos,
};

/// How far the path inside one bar has been walked.
#[derive(Clone, Debug)]
pub(super) struct Walk {
    instrument: InstrumentId,
    closed_at: Nanos,
    path: Path,
}

#[derive(Clone, Debug)]
enum Path {
    /// From a quote to those of its three that are still ahead.
    Legs { from: Tick, to: [Tick; 3], passed: usize },
    /// The rows still ahead of what a bar was made of, and whether the opening of the first has been met.
    Rows { finer: Finer, rows: Range<usize>, is_open: bool },
    /// Nothing more is known than the bar.
    Unknown,
}

/// What a leg meets first.
enum Met {
    Order(usize),
    Position { index: usize, reason: ExitReason, price: f64, slips: bool },
}

impl Walk {
    /// Along the three legs between the four prices.
    pub(super) fn by_proximity(instrument: InstrumentId, bar: &Bar, quoting: &Quoting) -> Self {
        let (bid, ask) = quoting.sides(bar);
        // One market: the ask takes the turns of the bid.
        let high_first = high_came_first(&bid);
        let (bids, asks) = (waypoints(&bid, high_first), waypoints(&ask, high_first));
        let [from, to @ ..]: [Tick; 4] = std::array::from_fn(|i| Tick { at: bar.closed_at, bid: bids[i], ask: asks[i] });
        Self { instrument, closed_at: bar.closed_at, path: Path::Legs { from, to, passed: 0 } }
    }

    /// Along finer rows, or by the bar alone.
    pub(super) fn on(instrument: InstrumentId, bar: &Bar, finer: Option<(Finer, Range<usize>)>) -> Self {
        let path = finer.map_or(Path::Unknown, |(finer, rows)| Path::Rows { finer, rows, is_open: false });
        Self { instrument, closed_at: bar.closed_at, path }
    }

    pub(super) fn is_of(&self, instrument: InstrumentId, bar: &Bar) -> bool {
        (self.instrument, self.closed_at) == (instrument, bar.closed_at)
    }

    /// What comes next on the path.
    pub(super) fn next(&mut self, broker: &mut Simulator, bar: &Bar, book: &Ledger) -> Option<Notice> {
        match &mut self.path {
            Path::Unknown => broker.inside(self.instrument, (bar, bar.closed_at), book),
            Path::Legs { from, to, passed } => along(self.instrument, (from, to, passed), broker, book),
            Path::Rows { finer, rows, is_open } => {
                while rows.start < rows.end {
                    if let Some(notice) = at_row((self.instrument, self.closed_at), (finer, rows.start, is_open), broker, book) {
                        return Some(notice);
                    }
                    rows.start += 1;
                    *is_open = false;
                }
                None
            }
        }
    }
}

/// What a finer row brings: a tick, or a bar's opening and then what is inside it.
fn at_row(
    (instrument, at): (InstrumentId, Nanos),
    (finer, row, is_open): (&Finer, usize, &mut bool),
    broker: &mut Simulator,
    book: &Ledger,
) -> Option<Notice> {
    match finer {
        Finer::Ticks(ticks) => {
            let quote = broker.venue(instrument).quoting.at_tick(&ticks.tick(row));
            broker.at_quote(instrument, (Tick { at, ..quote }, true), book)
        }
        Finer::Bars(bars) => {
            let bar = bars.bar(row);
            if !*is_open {
                let quote = broker.venue(instrument).quoting.at_open(&bar);
                if let Some(notice) = broker.at_quote(instrument, (Tick { at, ..quote }, true), book) {
                    return Some(notice);
                }
                broker.forget_path(instrument);
                *is_open = true;
            }
            broker.inside(instrument, (&bar, at), book)
        }
    }
}

/// What the legs bring, one deal at a time.
fn along(
    instrument: InstrumentId,
    (from, to, passed): (&mut Tick, &[Tick; 3], &mut usize),
    broker: &mut Simulator,
    book: &Ledger,
) -> Option<Notice> {
    while let Some(to) = to.get(*passed) {
        let Some((share, met)) = first_on_leg(instrument, (from, to), broker, book) else {
            *from = *to;
            *passed += 1;
            continue;
        };
        let between = |a: f64, b: f64| a + share * (b - a);
        *from = Tick { bid: between(from.bid, to.bid), ask: between(from.ask, to.ask), ..*to };
        let half_spread = (from.ask - from.bid) / 2.0;
        let deal = |price, slips| Deal { at: to.at, price, half_spread, inside_bar: true, ambiguous: false, slips };
        return Some(match met {
            Met::Position { index, reason, price, slips } => {
                Notice::Filled(broker.venue(instrument).close(&book.positions()[index], reason, &deal(price, slips), book))
            }
            Met::Order(index) => {
                let order = broker.orders.remove(index);
                let dealt = if order.side == Side::Buy { from.ask } else { from.bid };
                let is_limit = matches!(order.kind, OrderKind::Limit(_));
                // The very price it waited for, where the leg came to it; where it began beyond, what the market showed there.
                let price = order.kind.price().filter(|_| share > 0.0).unwrap_or(dealt);
                broker.fill_order(&order, &deal(price, !is_limit), book)
            }
        });
    }
    None
}

/// The first thing that a leg meets, and which share of the leg has passed by then.
fn first_on_leg(instrument: InstrumentId, (from, to): (&Tick, &Tick), broker: &Simulator, book: &Ledger) -> Option<(f64, Met)> {
    let through = broker.fills.rule(instrument).through;
    let mut first: Option<(f64, Met)> = None;
    let mut offer = |share: Option<f64>, met: Met| {
        if let Some(share) = share.filter(|share| first.as_ref().is_none_or(|(earliest, _)| share < earliest)) {
            first = Some((share, met));
        }
    };
    let orders =
        |closing: bool| broker.orders.iter().enumerate().filter(move |(_, o)| o.instrument == instrument && o.closes.is_some() == closing);
    for (index, order) in orders(true) {
        offer(order_share(order, (from, to), through), Met::Order(index));
    }
    for (index, position) in book.positions().iter().enumerate().filter(|(_, p)| p.instrument == instrument) {
        let sign = position.side.sign();
        let (start, end) = (sign * exit_price(position, from), sign * exit_price(position, to));
        let way_out = WayOut::of(position, from, book, broker.leverage);
        if let Some(stop) = way_out.price {
            let (share, price) = (falls_to(sign * stop, start, end), sign * start.min(sign * stop));
            offer(share, Met::Position { index, reason: way_out.reason, price, slips: true });
        }
        if let Some(target) = position.take_profit {
            let (share, price) = (passes(sign * target, (start, end), through), sign * start.max(sign * target));
            offer(share, Met::Position { index, reason: ExitReason::TakeProfit, price, slips: false });
        }
    }
    for (index, order) in orders(false) {
        offer(order_share(order, (from, to), through), Met::Order(index));
    }
    first
}

/// Which share of a leg passes before it fills an order; a market order fills where the leg begins.
fn order_share(order: &Order, (from, to): (&Tick, &Tick), through: Through) -> Option<f64> {
    let sign = order.side.sign();
    let (start, end) = if order.side == Side::Buy { (from.ask, to.ask) } else { (-from.bid, -to.bid) };
    match order.kind {
        OrderKind::Market => Some(0.0),
        // A stop waits for prices to get worse, a limit for better ones.
        OrderKind::Stop(price) => falls_to(-sign * price, -start, -end),
        OrderKind::Limit(price) => passes(-sign * price, (-start, -end), through),
    }
}

/// Which share of a leg passes until it has come down to `level`.
fn falls_to(level: f64, start: f64, end: f64) -> Option<f64> {
    match () {
        () if start <= level => Some(0.0),
        () if end <= level => Some((start - level) / (start - end)),
        () => None,
    }
}

/// Which share of a leg passes until it has gone up through `level`.
fn passes(level: f64, (start, end): (f64, f64), through: Through) -> Option<f64> {
    let level_met = if let Through::By(more) = through { level + more } else { level };
    match () {
        () if through.fills(start - level) => Some(0.0),
        // A hair may be missing where the trade-through is counted in points.
        () if through.fills(end - level) => Some(((level_met - start) / (end - start)).clamp(0.0, 1.0)),
        () => None,
    }
}
