//! Random markets, random orders, random costs: what must hold of every run, recomputed from its fills and quotes alone.

use std::collections::BTreeMap;

use cthulu_lab::{
    broker::MarketFill,
    engine::Attribution,
    event::{Event, Kind, Market, Record},
    market::{Bar, ExitReason, Fill, FillKind, InstrumentId, Ohlc, Order, OrderId, OrderKind, PriceSide, Side},
    portfolio::{Booked, Ledger, Trade},
};
use proptest::prelude::*;

use crate::{
    cases::{case, financed_case, play},
    stage::{Played, Stage},
};

/// Bid and ask prices of a bar, worked out afresh.
fn quoted(stage: &Stage, bar: &Bar) -> (Ohlc, Ohlc) {
    let own = bar.ohlc();
    if let Some(ask) = bar.ask {
        return (own, ask);
    }
    let spread = stage.quoting.spread.unwrap();
    let (below, above) = match stage.quoting.side {
        PriceSide::Bid => (0.0, spread),
        PriceSide::Ask => (spread, 0.0),
        PriceSide::Mid | PriceSide::Trade => (spread / 2.0, spread / 2.0),
    };
    let moved = |by: f64| Ohlc { open: own.open + by, high: own.high + by, low: own.low + by, close: own.close + by };
    (moved(-below), moved(above))
}

fn close_to(a: f64, b: f64) -> bool {
    (a - b).abs() <= 1e-9 * (1.0 + a.abs().max(b.abs()))
}

/// Each market event with the events of the run that it brought.
fn by_moment(played: &Played) -> impl Iterator<Item = (&Market<'static>, &[Event])> {
    let ends = played.moments.iter().skip(1).map(|(_, told)| *told).chain([played.events.len()]);
    played.moments.iter().zip(ends).map(|((market, start), end)| (market, &played.events[*start..end]))
}

fn fills(events: &[Event]) -> impl Iterator<Item = &Fill> {
    events.iter().filter_map(|event| if let Kind::OrderFilled(fill) = &event.kind { Some(fill) } else { None })
}

/// An account kept by nothing but fills and quotes.
#[derive(Default)]
struct Account {
    cash: f64,
    open: BTreeMap<OrderId, Fill>,
    quotes: BTreeMap<InstrumentId, (f64, f64)>,
    /// Paid for what is open.
    held: BTreeMap<OrderId, f64>,
}

impl Account {
    fn take(&mut self, fill: &Fill, contract_size: f64) {
        self.cash -= fill.commission;
        match fill.kind {
            FillKind::Open { .. } => assert!(self.open.insert(fill.order, *fill).is_none(), "a ticket opens once"),
            FillKind::Close(ticket, _) => {
                let entry = self.open.remove(&ticket.0).unwrap();
                assert_eq!((entry.lots, entry.side, entry.instrument), (fill.lots, fill.side.opposite(), fill.instrument));
                let per_unit = if entry.side == Side::Buy { fill.price - entry.price } else { entry.price - fill.price };
                self.cash += per_unit * fill.lots * contract_size * fill.rate - fill.conversion_cost;
                self.held.remove(&ticket.0);
            }
        }
    }

    /// Deals and charges in the order they were told.
    fn hear(&mut self, events: &[Event], contract_size: f64) {
        for event in events {
            match &event.kind {
                Kind::OrderFilled(fill) => self.take(fill, contract_size),
                Kind::Financing(charge) => {
                    assert!(self.open.contains_key(&charge.ticket.0), "only what is open pays");
                    self.cash -= charge.amount;
                    *self.held.entry(charge.ticket.0).or_default() += charge.amount;
                }
                _ => {}
            }
        }
    }

    /// Cash plus what is open at `rate` account money for a unit of the currency of each instrument's prices.
    fn equity(&self, contract_size: f64, rate: impl Fn(InstrumentId) -> f64) -> f64 {
        let unrealised = self.open.values().map(|entry| {
            let (bid, ask) = self.quotes[&entry.instrument];
            let per_unit = if entry.side == Side::Buy { bid - entry.price } else { entry.price - ask };
            per_unit * entry.lots * contract_size * rate(entry.instrument)
        });
        self.cash + unrealised.sum::<f64>()
    }
}

fn cash_and_unrealised_are_equity_at_every_bar(stage: &Stage, played: &Played) {
    let mut account = Account { cash: 1000.0, ..Account::default() };
    let (mut row, rows) = (0, played.run.curve.len());
    for (market, events) in by_moment(played) {
        let (instrument, bar, completed) = match market {
            Market::Open(instrument, bar) => (instrument, bar, false),
            Market::Completion { instrument, bar, .. } => (instrument, bar, true),
            _ => unreachable!("bars only"),
        };
        let (bid, ask) = quoted(stage, bar);
        account.quotes.insert(*instrument, if completed { (bid.close, ask.close) } else { (bid.open, ask.open) });
        account.hear(events, 2.0);
        if matches!(market, Market::Completion { more: false, .. }) {
            let rate = |instrument: InstrumentId| stage.rate_at(instrument, bar.closed_at);
            let (at, equity, cash) = (played.run.curve.at()[row], played.run.curve.equity()[row], played.run.curve.cash()[row]);
            assert_eq!(at, bar.closed_at);
            assert!(close_to(cash, account.cash), "cash {cash} at {at}, by hand {}", account.cash);
            let by_hand = account.equity(2.0, rate);
            assert!(close_to(equity, by_hand), "equity {equity} at {at}, by hand {by_hand}");
            row += 1;
        }
    }
    assert_eq!(row, rows);
    let held: f64 = account.held.values().sum();
    let (book, open) = (&played.run.book, account.open.values().map(|f| f.commission).sum::<f64>() + held);
    let pnl: f64 = played.run.trades.iter().map(|t| t.pnl).sum();
    assert!(close_to(1000.0 + pnl - open, book.cash()), "pnl {pnl}, commission of what is open {open}, cash {}", book.cash());
    assert_eq!(account.open.len(), book.positions().len());
}

fn the_ledger_comes_back_from_the_lines(played: &Played) {
    let mut book = Ledger::new(1000.0, &played.names.contract_sizes);
    let mut trades = Vec::new();
    for line in played.lines() {
        let record = Record::parse(&line).unwrap();
        if let Some(charge) = record.as_charge() {
            assert!(book.charge(&charge));
        }
        let Some(fill) = record.as_fill(&played.names) else { continue };
        if let Booked::Closed(trade) = book.apply(&fill) {
            trades.push(trade);
        }
    }
    assert_eq!(book.cash().to_bits(), played.run.book.cash().to_bits());
    // What bars tell (extremes, their count) and where a stop was moved to are not in the fills.
    let told = |t: &Trade| Trade { mae: 0.0, mfe: 0.0, bars: 0, ..*t };
    assert_eq!(trades.iter().map(told).collect::<Vec<_>>(), played.run.trades.iter().map(told).collect::<Vec<_>>());
    let held =
        |book: &Ledger| book.positions().iter().map(|p| (p.ticket, p.side, p.lots, p.entry, p.commission, p.strategy)).collect::<Vec<_>>();
    assert_eq!(held(&book), held(&played.run.book));
}

/// Every order is submitted once and ends once; nothing fills before the moment after its order.
fn orders_end_once_and_never_fill_early(stage: &Stage, played: &Played) {
    let mut waiting: BTreeMap<OrderId, (usize, Order)> = BTreeMap::new();
    let at_close = stage.market_fill == MarketFill::Close;
    for (moment, (_, events)) in by_moment(played).enumerate() {
        for event in events {
            match &event.kind {
                Kind::OrderSubmitted(order) => assert!(waiting.insert(order.id, (moment, *order)).is_none()),
                Kind::OrderRejected { order, .. } | Kind::OrderCancelled { order, .. } => assert!(waiting.remove(order).is_some()),
                Kind::OrderFilled(fill) => {
                    let of_its_own = matches!(fill.kind, FillKind::Close(ticket, _) if ticket.0 == fill.order);
                    if of_its_own {
                        continue; // a stop or a target of the position, or its closing at the end
                    }
                    let (submitted, order) = waiting.remove(&fill.order).unwrap();
                    let same = at_close && order.kind == OrderKind::Market;
                    assert!(moment > submitted || (same && moment == submitted), "order {} filled in its own moment", order.id);
                    assert!(fill.at >= order.submitted_at.plus(stage.latency_ns) && fill.at == event.at);
                    assert_eq!((order.side, order.instrument, order.strategy), (fill.side, fill.instrument, fill.strategy));
                }
                _ => {}
            }
        }
    }
    assert!(waiting.is_empty(), "orders that never ended: {waiting:?}");
}

/// No price that the bar did not show, but for slippage against us.
fn prices_are_those_the_market_showed(stage: &Stage, played: &Played) {
    let mut orders: BTreeMap<OrderId, Order> = BTreeMap::new();
    let mut last: BTreeMap<InstrumentId, Bar> = BTreeMap::new();
    for (market, events) in by_moment(played) {
        let (Market::Open(instrument, bar) | Market::Completion { instrument, bar, .. }) = market else { unreachable!("bars only") };
        last.insert(*instrument, **bar);
        for event in events {
            if let Kind::OrderSubmitted(order) = &event.kind {
                orders.insert(order.id, *order);
            }
            let Kind::OrderFilled(fill) = &event.kind else { continue };
            let (bid, ask) = quoted(stage, &last[&fill.instrument]);
            let side = if fill.side == Side::Buy { ask } else { bid };
            let limit = match (fill.kind, orders[&fill.order].kind) {
                (FillKind::Open { .. }, OrderKind::Limit(price)) => Some(price),
                (FillKind::Close(_, ExitReason::TakeProfit), _) => orders[&fill.order].take_profit,
                _ => None,
            };
            let slip = fill.side.sign() * if limit.is_some() { 0.0 } else { stage.costs.slippage };
            let shown = fill.price - slip;
            let ends = matches!(fill.kind, FillKind::Close(_, ExitReason::EndOfRun));
            match market {
                _ if fill.inside_bar => assert!(side.low - 1e-9 <= shown && shown <= side.high + 1e-9, "{fill:?} outside {side:?}"),
                Market::Open(..) => assert_eq!(shown, side.open, "{fill:?}"),
                _ => assert!(shown == side.close && (ends || stage.market_fill == MarketFill::Close), "{fill:?} at {side:?}"),
            }
            if let Some(limit) = limit {
                assert!(fill.side.sign() * (fill.price - limit) <= 0.0, "{fill:?} is worse than its limit {limit}");
            }
        }
    }
}

/// Whoever stands beyond his stop or his target at an opening, or at a bar's extremes, is out; and a stop never gives more than it asked.
fn stops_and_targets_are_met(stage: &Stage, played: &Played) {
    let mut held: BTreeMap<OrderId, Held> = BTreeMap::new();
    for (moment, (market, events)) in by_moment(played).enumerate() {
        for event in events {
            match &event.kind {
                Kind::OrderFilled(Fill { kind: FillKind::Open { stop_loss, take_profit }, order, side, instrument, .. }) => {
                    held.insert(*order, Held { moment, side: *side, instrument: *instrument, stop: *stop_loss, target: *take_profit });
                }
                Kind::OrderFilled(Fill { kind: FillKind::Close(ticket, reason), price, .. }) => {
                    let was = held.remove(&ticket.0).unwrap();
                    if matches!(reason, ExitReason::StopLoss | ExitReason::TrailingStop) {
                        let sign = was.side.sign();
                        assert!(sign * (price + sign * stage.costs.slippage - was.stop.unwrap()) <= 1e-9, "a stop that pays: {event:?}");
                    }
                }
                Kind::SlTpUpdated { ticket, stop_loss, .. } => held.get_mut(&ticket.0).unwrap().stop = *stop_loss,
                _ => {}
            }
        }
        let (instrument, bar, completed) = match market {
            Market::Open(instrument, bar) => (instrument, bar, false),
            Market::Completion { instrument, bar, .. } => (instrument, bar, true),
            _ => unreachable!("bars only"),
        };
        let (bid, ask) = quoted(stage, bar);
        for was in held.values().filter(|was| was.instrument == *instrument && was.moment < moment) {
            let (worst, best) = match (was.side, completed) {
                (Side::Buy, true) => (bid.low, bid.high),
                (Side::Sell, true) => (ask.high, ask.low),
                (Side::Buy, false) => (bid.open, bid.open),
                (Side::Sell, false) => (ask.open, ask.open),
            };
            let sign = was.side.sign();
            assert!(was.stop.is_none_or(|stop| sign * (worst - stop) > 0.0), "beyond its stop: {was:?} in {bar:?}");
            let beyond = was.target.map(|target| sign * (best - target));
            assert!(beyond.is_none_or(|beyond| !stage.through.fills(beyond)), "beyond its target: {was:?} in {bar:?}");
        }
    }
}

/// A position as its events tell it.
#[derive(Debug)]
struct Held {
    moment: usize,
    side: Side,
    instrument: InstrumentId,
    stop: Option<f64>,
    target: Option<f64>,
}

fn events_are_numbered_without_gaps_in_time_order(played: &Played) {
    assert!(played.events.iter().zip(1..).all(|(event, seq)| event.seq == seq));
    assert!(played.events.windows(2).all(|w| w[0].at <= w[1].at));
    let opened = played.count("trade_opened");
    assert_eq!(
        (opened, played.count("trade_closed")),
        (played.run.trades.len() + played.run.book.positions().len(), played.run.trades.len())
    );
    assert_eq!(played.fills().len(), opened + played.run.trades.len());
}

/// An unlevered long is never stopped out; anything else does not live through a price at which the account is worth nothing.
fn nobody_holds_on_with_nothing_left(stage: &Stage, played: &Played) {
    let mut account = Account { cash: 1000.0, ..Account::default() };
    for (market, events) in by_moment(played) {
        account.hear(events, 2.0);
        let Market::Completion { instrument, bar, .. } = market else { continue };
        let [held] = account.open.values().collect::<Vec<_>>()[..] else { continue };
        if held.instrument == *instrument && fills(events).next().is_none() {
            let (bid, ask) = quoted(stage, bar);
            account.quotes.insert(*instrument, (bid.low, ask.high));
            let equity = account.equity(2.0, |instrument| stage.rate_at(instrument, bar.closed_at));
            assert!(equity > -1e-9, "held through {bar:?} with {equity} at its worst");
        }
    }
    let only_longs = fills(&played.events).all(|f| !matches!(f.kind, FillKind::Open { .. }) || f.side == Side::Buy);
    if stage.leverage <= 1.0 && only_longs {
        assert!(played.run.curve.equity().iter().all(|equity| *equity > 0.0));
        assert!(played.run.trades.iter().all(|trade| trade.reason != ExitReason::StopOut));
    }
}

/// What each cost took, worked out from the middle of the quotes that each deal was done at, adds up to the change of the account.
fn gross_less_every_cost_is_net(stage: &Stage, played: &Played) {
    let taken = Attribution::of(&played.run);
    let parts = taken.gross - taken.commission - taken.spread - taken.slippage - taken.financing() - taken.conversion;
    assert!((parts - taken.net).abs() < 0.005, "{taken:?}");
    if !played.run.book.positions().is_empty() || !stage.conversions.is_empty() {
        return;
    }
    // Flat at the end, and every deal at one rate: the middle prices alone give the gross.
    let middle = |fill: &Fill| fill.price - fill.side.sign() * (fill.spread_cost + fill.slippage_cost) / (fill.lots * 2.0);
    let gross: f64 = fills(&played.events).map(|fill| -fill.side.sign() * fill.lots * 2.0 * middle(fill)).sum();
    assert!((gross - taken.gross).abs() < 0.005, "gross {} by hand {gross}", taken.gross);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1500, failure_persistence: None, rng_seed: proptest::test_runner::RngSeed::Fixed(7), ..ProptestConfig::default() })]

    #[test]
    fn every_run_reconciles(case in case()) {
        let played = play(&case);
        events_are_numbered_without_gaps_in_time_order(&played);
        cash_and_unrealised_are_equity_at_every_bar(&case.stage, &played);
        the_ledger_comes_back_from_the_lines(&played);
        orders_end_once_and_never_fill_early(&case.stage, &played);
        prices_are_those_the_market_showed(&case.stage, &played);
        stops_and_targets_are_met(&case.stage, &played);
        nobody_holds_on_with_nothing_left(&case.stage, &played);
        gross_less_every_cost_is_net(&case.stage, &played);
    }

    #[test]
    fn every_run_reconciles_with_financing_rates_a_tariff_and_latency(case in financed_case()) {
        let played = play(&case);
        events_are_numbered_without_gaps_in_time_order(&played);
        cash_and_unrealised_are_equity_at_every_bar(&case.stage, &played);
        the_ledger_comes_back_from_the_lines(&played);
        orders_end_once_and_never_fill_early(&case.stage, &played);
        prices_are_those_the_market_showed(&case.stage, &played);
        stops_and_targets_are_met(&case.stage, &played);
        gross_less_every_cost_is_net(&case.stage, &played);
    }
}
