//! Random markets, random orders, random costs: what must hold of every run, recomputed from its fills and quotes alone.

use std::{collections::BTreeMap, sync::Arc};

use cthulu_lab::{
    broker::{Costs, MarketFill},
    event::{Event, Kind, Market, Record},
    market::{Bar, Bars, ExitReason, Fill, FillKind, Instrument, InstrumentId, Ohlc, Order, OrderId, OrderKind, PriceSide, Quoting, Side},
    portfolio::{Booked, Ledger, Trade},
    risk::{Limits, Lots, Sizing},
    strategy::{Context, Entry},
    time::{HOUR, Nanos, Timeframe},
};
use proptest::prelude::*;

use crate::stage::{Played, Stage, seat};

/// What a strategy does at one bar; prices are quarters away from the close.
#[derive(Clone, Copy, Debug)]
enum Wish {
    Nothing,
    Enter { side: Side, away: Option<i32>, stop: Option<i32>, target: Option<i32> },
    Exit,
    MoveStop(i32),
    Withdraw,
}

fn wish() -> impl Strategy<Value = Wish> {
    let side = prop_oneof![Just(Side::Buy), Just(Side::Sell)];
    let enter = (side, prop::option::of(-6..=6_i32), prop::option::of(-1..=12_i32), prop::option::of(-1..=12_i32));
    prop_oneof![
        4 => Just(Wish::Nothing),
        4 => enter.prop_map(|(side, away, stop, target)| Wish::Enter { side, away, stop, target }),
        1 => Just(Wish::Exit),
        1 => (-6..=6_i32).prop_map(Wish::MoveStop),
        1 => Just(Wish::Withdraw),
    ]
}

/// A bar as steps of a quarter: hours skipped, gap, path up and down, close, and the ask's distance.
type Steps = (i64, i32, [i32; 2], i32, i32);

fn steps(bars: usize) -> impl Strategy<Value = Vec<Steps>> {
    let hours = prop_oneof![5 => Just(0_i64), 1 => 1..40_i64];
    let gap = prop_oneof![3 => Just(0), 2 => -3..=3_i32, 2 => -40..=40_i32];
    prop::collection::vec((hours, gap, [0..=8_i32, 0..=8_i32], -4..=4_i32, 0..=3_i32), 2..=bars)
}

/// Turns steps into bars that meet the contract: positive prices, the high and low around the rest.
fn bars(steps: &[Steps], quotes_both_sides: bool, half_hours: bool) -> Arc<Bars> {
    let mut bars = Bars::new(Timeframe::from_ns(HOUR).unwrap());
    let quarter = |ticks: i32| f64::from(ticks) * 0.25;
    let (mut at, mut last) = (Nanos(if half_hours { HOUR / 2 } else { 0 }), 400);
    for (hours, gap, [up, down], step, distance) in steps {
        at = at.plus(hours * HOUR);
        let open = (last + gap).max(80);
        let close = (open + step).max(80);
        let (high, low) = (open.max(close) + up, open.min(close) - down);
        let ask = |ticks: i32| quarter(ticks + distance);
        let both = Ohlc { open: ask(open), high: ask(high), low: ask(low), close: ask(close) };
        bars.push(&Bar {
            opened_at: at,
            closed_at: at.plus(HOUR),
            open: quarter(open),
            high: quarter(high),
            low: quarter(low),
            close: quarter(close),
            ask: quotes_both_sides.then_some(both),
            ..Bar::default()
        });
        (at, last) = (at.plus(HOUR), close);
    }
    Arc::new(bars)
}

#[derive(Clone, Debug)]
struct Case {
    stage: Stage,
    scripts: Vec<(u16, Vec<Wish>)>,
}

fn case() -> impl Strategy<Value = Case> {
    let sizing = prop_oneof![
        Just(Sizing::Fraction(1.0)),
        Just(Sizing::Fraction(0.4)),
        Just(Sizing::Lots(3.0)),
        Just(Sizing::Lots(45.0)),
        Just(Sizing::Fraction(9.0)),
        Just(Sizing::Risk(0.05)),
        Just(Sizing::Risk(0.4)),
    ];
    let side = prop_oneof![Just(PriceSide::Bid), Just(PriceSide::Ask), Just(PriceSide::Mid), Just(PriceSide::Trade)];
    let quoting = (any::<bool>(), side, 0..=2_u8);
    let costs = (prop::bool::ANY, prop::bool::ANY, prop::bool::ANY, prop::bool::ANY);
    let limits = (prop::option::of(1..=2_usize), prop::option::weighted(0.2, Just(0.05)), prop::option::weighted(0.2, Just(0.3)));
    let account =
        (sizing, any::<bool>(), prop_oneof![1 => Just(1.0), 1 => Just(2.0), 2 => Just(10.0)], limits, any::<bool>(), any::<bool>());
    let scripts = prop::collection::vec((0..2_u16, prop::collection::vec(wish(), 40)), 1..=3);
    (steps(40), prop::option::of((steps(40), any::<bool>())), quoting, costs, account, scripts).prop_map(
        |(first, second, (both, side, spread), costs, account, mut scripts)| {
            let mut series = vec![bars(&first, both, false)];
            series.extend(second.map(|(steps, half_hours)| bars(&steps, both, half_hours)));
            let last = series.len() as u16 - 1;
            scripts.iter_mut().for_each(|(instrument, _)| *instrument = (*instrument).min(last));
            let mut stage = Stage::new(series);
            stage.quoting = Quoting { side, spread: (!both).then(|| f64::from(spread) * 0.25) };
            let some = |on: bool, value: f64| if on { value } else { 0.0 };
            stage.costs = Costs {
                commission_fraction: some(costs.0, 0.001),
                commission_per_lot: some(costs.1, 0.3),
                commission_per_order: some(costs.2, 0.7),
                slippage: some(costs.3, 0.125),
            };
            let (sizing, broker_lots, leverage, (max_positions, daily, drawdown), at_close, close_at_end) = account;
            let limits = Limits { max_positions, max_daily_loss_fraction: daily, max_drawdown_fraction: drawdown };
            stage.leverage = leverage;
            stage.market_fill = if at_close { MarketFill::Close } else { MarketFill::NextOpen };
            stage.account.sizing = sizing;
            stage.account.lots = if broker_lots { Lots::Broker } else { Lots::Fractional };
            stage.account.limits = limits;
            stage.account.close_at_end = close_at_end;
            for (i, instrument) in stage.account.instruments.iter_mut().enumerate() {
                *instrument = Instrument { contract_size: 2.0, lot_step: 0.5, min_lots: 0.5, ..Instrument::fractional(format!("I{i}")) };
            }
            Case { stage, scripts }
        },
    )
}

fn act(wish: Wish, ctx: &mut Context<'_>, bar: &Bar) {
    let price = |quarters: i32| bar.close + f64::from(quarters) * 0.25;
    match wish {
        Wish::Nothing => {}
        Wish::Enter { side, away, stop, target } => {
            let sign = if side == Side::Buy { 1 } else { -1 };
            let order = match away {
                None => OrderKind::Market,
                Some(away) if away * sign > 0 => OrderKind::Stop(price(away)),
                Some(away) => OrderKind::Limit(price(away)),
            };
            let from = away.unwrap_or(0);
            let (stop_loss, take_profit) = (stop.map(|s| price(from - sign * s)), target.map(|t| price(from + sign * t)));
            ctx.enter(Entry { order, stop_loss, take_profit, ..Entry::market(side) });
        }
        Wish::Exit => ctx.exit(),
        Wish::MoveStop(quarters) => ctx.move_stop(price(quarters)),
        Wish::Withdraw => ctx.withdraw(),
    }
}

fn play(case: &Case) -> Played {
    let seats = case.scripts.iter().map(|(instrument, script)| {
        let script = script.clone();
        seat(*instrument, move |i, ctx, bar| act(script.get(i).copied().unwrap_or(Wish::Nothing), ctx, bar))
    });
    case.stage.play(seats.collect())
}

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
fn by_moment(played: &Played) -> impl Iterator<Item = (&Market, &[Event])> {
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
                self.cash += per_unit * fill.lots * contract_size;
            }
        }
    }

    fn equity(&self, contract_size: f64) -> f64 {
        let unrealised = self.open.values().map(|entry| {
            let (bid, ask) = self.quotes[&entry.instrument];
            let per_unit = if entry.side == Side::Buy { bid - entry.price } else { entry.price - ask };
            per_unit * entry.lots * contract_size
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
        fills(events).for_each(|fill| account.take(fill, 2.0));
        if matches!(market, Market::Completion { more: false, .. }) {
            let (at, equity, cash) = (played.run.curve.at()[row], played.run.curve.equity()[row], played.run.curve.cash()[row]);
            assert_eq!(at, bar.closed_at);
            assert!(close_to(cash, account.cash), "cash {cash} at {at}, by hand {}", account.cash);
            assert!(close_to(equity, account.equity(2.0)), "equity {equity} at {at}, by hand {}", account.equity(2.0));
            row += 1;
        }
    }
    assert_eq!(row, rows);
    let (book, open) = (&played.run.book, account.open.values().map(|f| f.commission).sum::<f64>());
    let pnl: f64 = played.run.trades.iter().map(|t| t.pnl).sum();
    assert!(close_to(1000.0 + pnl - open, book.cash()), "pnl {pnl}, commission of what is open {open}, cash {}", book.cash());
    assert_eq!(account.open.len(), book.positions().len());
}

fn the_ledger_comes_back_from_the_lines(played: &Played) {
    let mut book = Ledger::new(1000.0, &played.names.contract_sizes);
    let mut trades = Vec::new();
    for line in played.lines() {
        let Some(fill) = Record::parse(&line).unwrap().as_fill(&played.names) else { continue };
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
                    assert!(fill.at >= order.submitted_at && fill.at == event.at);
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
        last.insert(*instrument, *bar);
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
        fills(events).for_each(|fill| account.take(fill, 2.0));
        let Market::Completion { instrument, bar, .. } = market else { continue };
        let [held] = account.open.values().collect::<Vec<_>>()[..] else { continue };
        if held.instrument == *instrument && fills(events).next().is_none() {
            let (bid, ask) = quoted(stage, bar);
            account.quotes.insert(*instrument, (bid.low, ask.high));
            assert!(account.equity(2.0) > -1e-9, "held through {bar:?} with {} at its worst", account.equity(2.0));
        }
    }
    let only_longs = fills(&played.events).all(|f| !matches!(f.kind, FillKind::Open { .. }) || f.side == Side::Buy);
    if stage.leverage <= 1.0 && only_longs {
        assert!(played.run.curve.equity().iter().all(|equity| *equity > 0.0));
        assert!(played.run.trades.iter().all(|trade| trade.reason != ExitReason::StopOut));
    }
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
        nobody_holds_on_with_nothing_left(&case.stage, &played);
    }
}
