//! Random markets, accounts and scripts, small enough to shrink and rough enough to meet every rule of the simulator.

use std::sync::Arc;

use cthulu_lab::{
    broker::{Conversion, Costs, Dividend, FinancingTerms, MarketFill, Tariff, Tier, Volume},
    market::{
        Bar, Bars, Instrument, Ohlc, OrderKind, PriceSide, Quoting, Side,
        intrabar::{Intrabar, Through},
    },
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

/// A market, an account, and what up to three strategies do.
#[derive(Clone, Debug)]
pub(crate) struct Case {
    pub(crate) stage: Stage,
    scripts: Vec<(u16, Vec<Wish>)>,
}

/// Any of them.
pub(crate) fn case() -> impl Strategy<Value = Case> {
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
    let way = prop_oneof![3 => Just(Intrabar::Pessimistic), 1 => Just(Intrabar::Optimistic), 2 => Just(Intrabar::Proximity)];
    let through = prop_oneof![3 => Just(Through::Any), 1 => Just(Through::By(0.0)), 1 => Just(Through::By(0.25))];
    (steps(40), prop::option::of((steps(40), any::<bool>())), quoting, costs, account, (scripts, way, through)).prop_map(
        |(first, second, (both, side, spread), costs, account, (mut scripts, intrabar, through))| {
            let mut series = vec![bars(&first, both, false)];
            series.extend(second.map(|(steps, half_hours)| bars(&steps, both, half_hours)));
            let last = series.len() as u16 - 1;
            scripts.iter_mut().for_each(|(instrument, _)| *instrument = (*instrument).min(last));
            let mut stage = Stage::new(series);
            stage.quoting = Quoting { side, spread: (!both).then(|| f64::from(spread) * 0.25), ..Quoting::default() };
            let some = |on: bool, value: f64| if on { value } else { 0.0 };
            stage.costs = Costs {
                commission_fraction: some(costs.0, 0.001),
                commission_per_lot: some(costs.1, 0.3),
                commission_per_order: some(costs.2, 0.7),
                slippage: some(costs.3, 0.125),
                ..Costs::default()
            };
            let (sizing, broker_lots, leverage, (max_positions, daily, drawdown), at_close, close_at_end) = account;
            let limits = Limits { max_positions, max_daily_loss_fraction: daily, max_drawdown_fraction: drawdown };
            (stage.intrabar, stage.through) = (intrabar, through);
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

/// The same with holding that costs, prices of another currency, a price list, and a slow line, each or none.
pub(crate) fn financed_case() -> impl Strategy<Value = Case> {
    let terms = (-40..=40_i32, prop::option::of(0..=5_u8), any::<bool>(), prop::option::of(-3..=3_i32));
    let rates = prop::option::weighted(0.4, prop::collection::vec(1..=8_u8, 40));
    let more = (terms, rates, any::<bool>(), prop_oneof![3 => Just(0), 1 => Just(1), 1 => Just(HOUR)]);
    (case(), more).prop_map(|(mut case, ((swap, dividend, borrows, funding), rates, has_tariff, latency_ns))| {
        let stage = &mut case.stage;
        let terms = |instrument: &Instrument| {
            let instrument = Instrument {
                point: Some(0.01),
                swap_long_points: f64::from(swap),
                swap_short_points: f64::from(-swap / 2),
                borrow_annual_fraction: if borrows { 0.36 } else { 0.0 },
                funding_fraction: funding.map(|f| f64::from(f) * 0.001),
                ..instrument.clone()
            };
            let paid: Vec<Dividend> =
                dividend.map(|d| Dividend { ex_at: Nanos(13 * HOUR), amount: f64::from(d) * 0.1 }).into_iter().collect();
            FinancingTerms::of(&instrument, true).with_dividends(&paid)
        };
        stage.financing = stage.account.instruments.iter().map(terms).collect();
        if let Some(rates) = rates {
            let steps = (-1_i64..).zip(&rates).map(|(i, rate)| (Nanos(i * HOUR), f64::from(*rate) * 0.25)).collect();
            let conversion = Conversion { rates: Arc::new(cthulu_lab::market::Steps::new(steps)), is_own_price: false };
            stage.conversions = vec![Some(conversion); stage.account.instruments.len()];
            stage.costs.conversion_fraction = 0.01;
        }
        if has_tariff {
            let tier = Tier { above: 500.0, fraction: 0.0005, maker_fraction: 0.0001, per_lot: 0.0 };
            let tariff = Tariff {
                minimum: 0.25,
                maximum_fraction: Some(0.02),
                maker_fraction: Some(0.0002),
                tiers: vec![tier],
                by: Volume::Notional,
            };
            stage.costs.commission_fraction = 0.001;
            stage.costs.tariff = Some(Arc::new(tariff));
        }
        stage.latency_ns = if stage.market_fill == MarketFill::Close { 0 } else { latency_ns };
        case
    })
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

/// Plays it.
pub(crate) fn play(case: &Case) -> Played {
    let seats = case.scripts.iter().map(|(instrument, script)| {
        let script = script.clone();
        seat(*instrument, move |i, ctx, bar| act(script.get(i).copied().unwrap_or(Wish::Nothing), ctx, bar))
    });
    case.stage.play(seats.collect())
}
