//! What trading and holding cost, in small runs whose every cent can be checked by hand.

#[path = "scenarios_costs/keys.rs"]
mod keys;

use std::sync::Arc;

use cthulu_lab::{
    broker::{Dividend, FinancingTerms, Impact, Recorded, Slippage, Tariff, Tier, Volatility, Volume, VolumeShare},
    event::Kind,
    market::{Bar, Bars, Charge, ExitReason, Financing, Instrument, OrderKind, Side, Steps, Tick, TripleDay},
    seed::Seed,
    strategy::Entry,
    time::{HOUR, MINUTE, Nanos, SECOND},
};

use crate::stage::{FLAT, Played, Stage, buy, hourly_from, seat, sell, stage};

fn at(text: &str) -> Nanos {
    text.parse().unwrap()
}

fn near(a: f64, b: f64) -> bool {
    (a - b).abs() < 1e-9 * (1.0 + b.abs())
}

/// 100,000 units a lot at a point of 0.00001, as EURUSD.
fn pair() -> Instrument {
    Instrument { contract_size: 100_000.0, point: Some(0.00001), ..Instrument::fractional("PAIR") }
}

/// `hours` hourly bars that stand at `price` from `start`, one lot a deal on an account of a million.
fn still(start: &str, hours: usize, price: f64, instrument: &Instrument) -> Stage {
    let mut stage = stage(&[FLAT]);
    stage.bars = vec![hourly_from(at(start), &vec![[price; 4]; hours])];
    stage.account.cash = 1_000_000.0;
    stage.account.sizing = cthulu_lab::risk::Sizing::Lots(1.0);
    stage.account.instruments[0] = instrument.clone();
    stage.financing = vec![FinancingTerms::of(instrument, true)];
    stage.leverage = 100.0;
    stage
}

/// Enters at the open of bar `from` and leaves at the open of bar `to`.
fn hold(stage: &Stage, side: Side, from: usize, to: usize) -> Played {
    stage.play(vec![seat(0, move |i, ctx, _| {
        if i + 1 == from {
            ctx.enter(Entry::market(side));
        } else if i + 1 == to {
            ctx.exit();
        }
    })])
}

fn charges(played: &Played) -> Vec<(String, Charge)> {
    let charge = |event: &cthulu_lab::event::Event| match event.kind {
        Kind::Financing(charge) => Some((event.at.to_string(), charge)),
        _ => None,
    };
    played.events.iter().filter_map(charge).collect()
}

fn amounts(played: &Played) -> Vec<f64> {
    charges(played).iter().map(|(_, charge)| charge.amount).collect()
}

/// The total of a run's only trade is in its cash, and its swap is `paid`.
fn paid_in_all(played: &Played, paid: f64) {
    let [trade] = played.run.trades[..] else { panic!("one trade, not {}", played.run.trades.len()) };
    assert!(near(trade.swap, paid), "swap {} for {paid}", trade.swap);
    assert!(near(played.run.book.cash() - played.run.book.initial_cash(), trade.pnl));
    let events: f64 = amounts(played).iter().sum();
    assert!(near(events, paid), "events {events} for {paid}");
}

#[test]
fn swap_in_points_is_booked_each_night_and_threefold_on_wednesday() {
    let terms = Instrument { swap_long_points: -7.0, swap_short_points: 3.0, ..pair() };
    // (side, first hour held, hours held from Monday 2024-01-15 00:00, paid): a point of a lot is 1; rolls at 22:00 UTC in January.
    let table = [
        (Side::Buy, 1, 12, 0.0),          // in and out on Monday, before the roll
        (Side::Buy, 1, 24, 7.0),          // over Monday's
        (Side::Buy, 1, 48, 14.0),         // and Tuesday's
        (Side::Buy, 49, 72, 21.0),        // Wednesday's alone: 3 · 7
        (Side::Buy, 1, 120, 7.0 * 7.0),   // Monday to Friday 24:00: 1 + 1 + 3 + 1 + 1
        (Side::Buy, 119, 160, 0.0),       // Saturday and Sunday roll nothing
        (Side::Sell, 1, 120, -3.0 * 7.0), // a short receives
        (Side::Sell, 49, 72, -9.0),
    ];
    for (side, from, to, paid) in table {
        let stage = still("2024-01-15T00:00:00Z", 170, 1.1, &terms);
        paid_in_all(&hold(&stage, side, from, to), paid);
    }
}

#[test]
fn the_roll_follows_new_york_over_the_change_of_clocks() {
    let terms = Instrument { swap_long_points: -5.0, ..pair() };
    // New York moves its clocks on Sunday 2024-03-10: Friday's roll is at 22:00 UTC, Monday's at 21:00.
    let stage = still("2024-03-08T00:00:00Z", 24 * 6, 1.1, &terms);
    let played = hold(&stage, Side::Buy, 1, 24 * 6 - 1);
    let told: Vec<(String, f64)> = charges(&played).into_iter().map(|(at, charge)| (at, charge.amount)).collect();
    let expected = [
        ("2024-03-08T22:00:00Z", 5.0),
        ("2024-03-11T21:00:00Z", 5.0),
        ("2024-03-12T21:00:00Z", 5.0),
        ("2024-03-13T21:00:00Z", 15.0), // the triple Wednesday
    ];
    let found: Vec<(&str, f64)> = told.iter().map(|(at, amount)| (at.as_str(), (amount * 1e9).round() / 1e9)).collect();
    assert_eq!(found, expected);
    paid_in_all(&played, 30.0);
}

#[test]
fn a_roll_at_a_bar_s_open_takes_who_held_before_and_not_who_comes_or_has_gone_inside() {
    let terms = Instrument { swap_long_points: -7.0, ..pair() };
    let stage = still("2024-01-15T00:00:00Z", 30, 1.1, &terms);
    // Bar 22 opens at 22:00, the roll. Who leaves at that very open held over it; who enters there did not.
    for (from, to, paid) in [(20, 22, 7.0), (22, 25, 0.0), (21, 23, 7.0), (20, 21, 0.0)] {
        paid_in_all(&hold(&stage, Side::Buy, from, to), paid);
    }
    // Stopped inside the bar that ends at the roll: gone before it.
    let mut rows = vec![[1.1; 4]; 30];
    rows[21] = [1.1, 1.1, 1.0, 1.05];
    let mut stage = still("2024-01-15T00:00:00Z", 30, 1.1, &terms);
    stage.bars = vec![hourly_from(at("2024-01-15T00:00:00Z"), &rows)];
    let played = stage.play(vec![seat(0, |i, ctx, _| {
        if i == 19 {
            ctx.enter(Entry { stop_loss: Some(1.09), ..buy() });
        }
    })]);
    assert_eq!(played.reasons(), [ExitReason::StopLoss]);
    paid_in_all(&played, 0.0);
}

#[test]
fn who_came_inside_the_bar_that_ends_at_the_roll_held_over_it() {
    let terms = Instrument { swap_long_points: -7.0, ..pair() };
    // Wednesday 2024-01-17: a stop entry at 1.2 is met in the bar 21:00 to 22:00, and left at 23:00's opening: three nights of 7.
    let mut rows = vec![[1.1; 4]; 25];
    rows[21] = [1.1, 1.25, 1.1, 1.2];
    rows[22] = [1.2; 4];
    rows[23] = [1.2; 4];
    let mut stage = still("2024-01-17T00:00:00Z", 25, 1.1, &terms);
    stage.bars = vec![hourly_from(at("2024-01-17T00:00:00Z"), &rows)];
    let played = stage.play(vec![seat(0, |i, ctx, _| match i {
        20 => ctx.enter(Entry { order: OrderKind::Stop(1.2), ..buy() }),
        22 => ctx.exit(),
        _ => {}
    })]);
    paid_in_all(&played, 21.0);
}

#[test]
fn a_maker_may_be_paid() {
    // In by a limit at 100 with a rebate of 0.01 %, out at the market at 100 with 0.05 %: one unit, so −0.01 and 0.05.
    let mut stage = still("2024-01-15T00:00:00Z", 6, 100.0, &Instrument::fractional("COIN"));
    let rows = [[101.0; 4], [101.0, 101.0, 99.0, 100.0], [100.0; 4], [100.0; 4], [100.0; 4]];
    stage.bars = vec![hourly_from(at("2024-01-15T00:00:00Z"), &rows)];
    stage.costs.commission_fraction = 0.0005;
    stage.costs.tariff = Some(Arc::new(Tariff { maker_fraction: Some(-0.0001), ..Tariff::default() }));
    let played = stage.play(vec![seat(0, |i, ctx, _| match i {
        0 => ctx.enter(Entry { order: OrderKind::Limit(100.0), ..buy() }),
        2 => ctx.exit(),
        _ => {}
    })]);
    assert!(near(played.run.trades[0].commission, 0.04), "{}", played.run.trades[0].commission);
}

/// Daily bars of midnight UTC, so that the roll lies inside them.
fn daily(rows: &[[f64; 4]]) -> Arc<Bars> {
    let mut bars = Bars::new("1d".parse().unwrap());
    for (i, [open, high, low, close]) in (0_i64..).zip(rows) {
        let opened_at = at("2024-01-15T00:00:00Z").plus(i * 24 * HOUR);
        let (open, high, low, close) = (*open, *high, *low, *close);
        bars.push(&Bar { opened_at, closed_at: opened_at.plus(24 * HOUR), open, high, low, close, ..Bar::default() });
    }
    Arc::new(bars)
}

#[test]
fn inside_a_bar_charges_come_before_its_path_and_credits_after_it() {
    // Stopped out on Monday at an hour nobody knows: against us, a charge for the night is paid and a credit is not received.
    for (swap, paid) in [(-7.0, 7.0), (7.0, 0.0)] {
        let terms = Instrument { swap_long_points: swap, ..pair() };
        let mut stage = still("2024-01-15T00:00:00Z", 1, 1.1, &terms);
        stage.bars = vec![daily(&[[1.1; 4], [1.1, 1.1, 1.0, 1.05], [1.1; 4]])];
        let played = stage.play(vec![seat(0, |i, ctx, _| {
            if i == 0 {
                ctx.enter(Entry { stop_loss: Some(1.09), ..buy() });
            }
        })]);
        assert_eq!(played.reasons(), [ExitReason::StopLoss]);
        paid_in_all(&played, paid);
    }
    // Held through the bar: both are booked at its completion. Tuesday's roll alone.
    let terms = Instrument { swap_long_points: 7.0, ..pair() };
    let mut stage = still("2024-01-15T00:00:00Z", 1, 1.1, &terms);
    stage.bars = vec![daily(&[[1.1; 4]; 4])];
    let played = hold(&stage, Side::Buy, 1, 2);
    assert_eq!(charges(&played)[0].0, "2024-01-17T00:00:00Z");
    paid_in_all(&played, -7.0);
}

#[test]
fn swap_by_the_year_and_by_the_lot() {
    let base = Instrument { contract_size: 100.0, point: Some(0.01), ..Instrument::fractional("METAL") };
    let table = [
        // 2000 · 100 · 0.045 / 360 = 25 a night, three nights on Wednesday
        (Instrument { swap_long_annual_fraction: -0.045, ..base.clone() }, 25.0 * 3.0),
        // the same year of 365 days
        (Instrument { swap_long_annual_fraction: -0.045, swap_year_days: 365.0, ..base.clone() }, 9000.0 / 365.0 * 3.0),
        // 12.5 of account money a lot and night
        (Instrument { swap_long_per_lot: -12.5, ..base.clone() }, 37.5),
        // the triple day is Friday
        (Instrument { swap_long_per_lot: -12.5, swap_triple_day: TripleDay::Friday, ..base.clone() }, 12.5),
        // a market of seven days has none
        (Instrument { swap_long_per_lot: -12.5, swap_triple_day: TripleDay::None, ..base.clone() }, 12.5),
        // rolled at midnight of Athens, which is 22:00 UTC as well and ends Wednesday, and at noon of UTC, which Wednesday's holder also meets
        (Instrument { swap_long_per_lot: -1.0, swap_roll: "Europe/Athens 00:00".parse().unwrap(), ..base.clone() }, 3.0),
        (Instrument { swap_long_per_lot: -1.0, swap_roll: "UTC 12:00".parse().unwrap(), ..base }, 3.0),
    ];
    for (terms, paid) in table {
        assert_eq!(terms.check(), Ok(()));
        // Wednesday 2024-01-17, 01:00 to 23:00
        let stage = still("2024-01-17T00:00:00Z", 24, 2000.0, &terms);
        paid_in_all(&hold(&stage, Side::Buy, 1, 23), paid);
    }
}

#[test]
fn seven_nights_a_week_where_nothing_is_tripled() {
    let terms = Instrument { swap_long_per_lot: -2.0, swap_triple_day: TripleDay::None, ..Instrument::fractional("COIN") };
    // Monday 00:00 to the next Monday 00:00: seven rolls
    paid_in_all(&hold(&still("2024-01-15T00:00:00Z", 24 * 8, 100.0, &terms), Side::Buy, 1, 24 * 7), 14.0);
}

#[test]
fn funding_goes_from_longs_to_shorts_while_the_rate_is_above_zero() {
    // A coin at 50,000 and 0.01 %: 5 at 00:00, 08:00 and 16:00 UTC. Held from 01:00 to 17:00: twice.
    for (fraction, side, paid) in
        [(0.0001, Side::Buy, 10.0), (0.0001, Side::Sell, -10.0), (-0.0001, Side::Buy, -10.0), (-0.0001, Side::Sell, 10.0)]
    {
        let terms = Instrument { funding_fraction: Some(fraction), ..Instrument::fractional("COIN") };
        let played = hold(&still("2024-01-15T00:00:00Z", 24, 50_000.0, &terms), side, 1, 17);
        assert!(charges(&played).iter().all(|(_, charge)| charge.kind == Financing::Funding));
        paid_in_all(&played, paid);
    }
}

#[test]
fn recorded_funding_is_paid_at_its_own_moments() {
    let coin = Instrument::fractional("COIN");
    let mut stage = still("2024-01-15T00:00:00Z", 24, 50_000.0, &coin);
    let rates = vec![(at("2024-01-15T04:00:00Z"), 0.0003), (at("2024-01-15T08:00:00Z"), -0.0001), (at("2024-01-15T20:00:00Z"), 0.01)];
    stage.financing = vec![FinancingTerms::default().with_funding(Steps::new(rates))];
    // 15 − 5; the third finds nobody
    let played = hold(&stage, Side::Buy, 1, 12);
    assert_eq!(amounts(&played).len(), 2);
    paid_in_all(&played, 10.0);
}

#[test]
fn only_shorts_pay_for_what_they_borrow_every_calendar_night() {
    let stock = Instrument { borrow_annual_fraction: 0.036, ..Instrument::fractional("STOCK") };
    // 100 · 0.036 / 360 = 0.01 a night; Friday to Monday is three
    for (side, paid) in [(Side::Sell, 0.03), (Side::Buy, 0.0)] {
        paid_in_all(&hold(&still("2024-01-19T00:00:00Z", 24 * 4, 100.0, &stock), side, 1, 24 * 3), paid);
    }
}

#[test]
fn dividends_go_to_who_holds_before_the_ex_date() {
    let stock = Instrument::fractional("STOCK");
    let ex_at = at("2024-01-16T00:00:00Z");
    for (side, from, to, paid) in [
        (Side::Buy, 20, 30, -0.24), // over the ex-date
        (Side::Sell, 20, 30, 0.24), // a short owes it
        (Side::Buy, 24, 30, 0.0),   // bought at the open of the ex-date
        (Side::Buy, 20, 24, -0.24), // sold at that open
        (Side::Buy, 10, 23, 0.0),
    ] {
        let mut stage = still("2024-01-15T00:00:00Z", 48, 100.0, &stock);
        stage.financing =
            vec![FinancingTerms::default().with_dividends(&[Dividend { ex_at, amount: 0.2 }, Dividend { ex_at, amount: 0.04 }])];
        paid_in_all(&hold(&stage, side, from, to), paid);
    }
}

/// Ticks a second apart around one price.
fn ticks(prices: &[f64]) -> Vec<Tick> {
    (0_i64..).zip(prices).map(|(i, price)| Tick { at: at("2024-01-15T10:00:00Z").plus(i * SECOND), bid: *price, ask: *price }).collect()
}

/// A feed of ticks with a one-minute bar completed before the tick of its number.
struct Quotes {
    ticks: Vec<Tick>,
    completes_before: usize,
    bar: Bar,
    next: usize,
    is_completed: bool,
}

impl cthulu_lab::feed::Feed for Quotes {
    fn next(&mut self) -> Option<cthulu_lab::event::Market<'_>> {
        use cthulu_lab::event::Market;
        let instrument = cthulu_lab::market::InstrumentId(0);
        if self.next == self.completes_before && !self.is_completed {
            self.is_completed = true;
            return Some(Market::Completion { instrument, bar: &self.bar, more: false });
        }
        let tick = *self.ticks.get(self.next)?;
        self.next += 1;
        Some(Market::Tick(instrument, tick))
    }
}

#[test]
fn an_order_meets_the_first_tick_after_its_latency() {
    // Decided at the completion just before the third tick, at 10:00:02; ticks are a second apart.
    for (latency_ns, filled_at) in [(0, 2), (1, 3), (SECOND, 3), (SECOND + 1, 4), (3 * SECOND, 5)] {
        let mut stage = stage(&[FLAT]);
        stage.latency_ns = latency_ns;
        let closed_at = at("2024-01-15T10:00:02Z");
        let bar =
            Bar { opened_at: closed_at.plus(-MINUTE), closed_at, open: 100.0, high: 101.0, low: 100.0, close: 101.0, ..Bar::default() };
        let feed =
            Quotes { ticks: ticks(&[100.0, 101.0, 102.0, 103.0, 104.0, 105.0]), completes_before: 2, bar, next: 0, is_completed: false };
        let played = stage.play_feed(vec![seat(0, |_, ctx, _| ctx.enter(buy()))], Box::new(feed));
        assert_eq!(played.prices(), [100.0 + f64::from(filled_at)], "{latency_ns} ns");
        assert!(played.fills()[0].at.0 >= closed_at.0 + latency_ns);
    }
}

#[test]
fn on_bars_any_latency_costs_the_next_open_and_its_path() {
    // Decided at the close of bar 0; without latency at the open of bar 1 (101), with it at that of bar 2 (102).
    let rows: Vec<[f64; 4]> = (0..5)
        .map(|i| {
            let p = 100.0 + f64::from(i);
            [p, p + 0.5, p - 0.5, p]
        })
        .collect();
    for (latency_ns, price) in [(0, 101.0), (1, 102.0), (HOUR, 102.0), (HOUR + 1, 103.0)] {
        let mut stage = stage(&rows);
        stage.latency_ns = latency_ns;
        let played = stage.play(vec![seat(0, |i, ctx, _| {
            if i == 0 {
                ctx.enter(buy())
            }
        })]);
        assert_eq!(played.prices(), [price], "{latency_ns} ns");
    }
    // A limit that bar 1 would have filled on its path is not there yet, and bar 2 does not come so low.
    let mut stage = stage(&[FLAT, [100.0, 100.0, 90.0, 95.0], [100.0, 101.0, 96.0, 100.0], FLAT]);
    stage.latency_ns = SECOND;
    let played = stage.play(vec![seat(0, |i, ctx, _| {
        if i == 0 {
            ctx.enter(Entry { order: OrderKind::Limit(94.0), ..buy() })
        }
    })]);
    assert_eq!(played.prices(), [0.0; 0]);
}

#[test]
fn a_moved_stop_and_a_cancel_are_late_as_well() {
    // Stop 90 moved to 99 at the close of bar 2. Bar 3 falls to 98: without latency out there at 99; with it bar 4 is the first to know.
    let fall = [100.0, 101.0, 98.0, 100.0];
    for (latency_ns, bar) in [(0, 3), (SECOND, 4)] {
        let mut stage = stage(&[FLAT, [100.0; 4], [100.0; 4], fall, fall, FLAT]);
        stage.latency_ns = latency_ns;
        let played = stage.play(vec![seat(0, |i, ctx, _| match i {
            0 => ctx.enter(Entry { stop_loss: Some(90.0), ..buy() }),
            2 => ctx.move_stop(99.0),
            _ => {}
        })]);
        let [trade] = played.run.trades[..] else { panic!("{latency_ns}: {:?}", played.kinds()) };
        assert_eq!((trade.exit, trade.closed_at), (99.0, stage.bars[0].closed_at(bar)), "{latency_ns}");
    }
    // A limit at 95 withdrawn at the close of bar 1: with latency it is still there when bar 2 passes 95.
    for (latency_ns, filled) in [(0, 0), (SECOND, 1)] {
        let mut stage = stage(&[FLAT, FLAT, FLAT, [100.0, 100.0, 94.0, 99.0], FLAT]);
        stage.latency_ns = latency_ns;
        let played = stage.play(vec![seat(0, |i, ctx, _| match i {
            0 => ctx.enter(Entry { order: OrderKind::Limit(95.0), ..buy() }),
            2 => ctx.withdraw(),
            _ => {}
        })]);
        assert_eq!(played.fills().len(), filled, "{latency_ns}");
    }
}

#[test]
fn limits_pay_the_maker_s_rate_and_the_rest_the_taker_s() {
    // Binance's futures of a common account: maker 0.02 %, taker 0.05 %. In by a limit at 100, out at the market at 100: 10 units.
    let mut stage = stage(&[FLAT, [101.0, 101.0, 99.0, 100.0], FLAT]);
    stage.costs.commission_fraction = 0.0005;
    stage.costs.tariff = Some(Arc::new(Tariff { maker_fraction: Some(0.0002), ..Tariff::default() }));
    let played = stage.play(vec![seat(0, |i, ctx, _| match i {
        0 => ctx.enter(Entry { order: OrderKind::Limit(100.0), ..buy() }),
        1 => ctx.exit(),
        _ => {}
    })]);
    // 1000 · 0.0002, then 1000 · 0.0005
    let paid: Vec<f64> = played.fills().iter().map(|fill| fill.commission).collect();
    assert!(near(paid[0], 0.2) && near(paid[1], 0.5), "{paid:?}");
}

#[test]
fn a_take_profit_makes_and_a_stop_takes() {
    for (row, commission) in [([100.0, 106.0, 100.0, 105.0], 10.0 * 105.0 * 0.0002), ([100.0, 100.0, 94.0, 95.0], 10.0 * 95.0 * 0.0005)] {
        let mut stage = stage(&[FLAT, row, FLAT]);
        stage.costs.commission_fraction = 0.0005;
        stage.costs.tariff = Some(Arc::new(Tariff { maker_fraction: Some(0.0002), ..Tariff::default() }));
        let played = stage.play(vec![seat(0, |i, ctx, _| {
            if i == 0 {
                ctx.enter(Entry { stop_loss: Some(95.0), take_profit: Some(105.0), ..buy() });
            }
        })]);
        assert!(near(played.fills()[1].commission, commission), "{}", played.fills()[1].commission);
    }
}

#[test]
fn tiers_count_what_the_whole_account_has_dealt_this_month() {
    // 10 units at 100 are 1,000 a deal. 0.1 % up to 1,500 a month, 0.04 % beyond.
    let mut stage = stage(&vec![FLAT; 30 * 24]);
    stage.costs.commission_fraction = 0.001;
    let tier = Tier { above: 1500.0, fraction: 0.0004, maker_fraction: 0.0004, per_lot: 0.0 };
    stage.costs.tariff = Some(Arc::new(Tariff { tiers: vec![tier], by: Volume::Notional, ..Tariff::default() }));
    stage.bars = vec![hourly_from(at("2024-01-31T12:00:00Z"), &[FLAT; 24])];
    let played = stage.play(vec![seat(0, |i, ctx, _| match i {
        0 | 4 | 14 => ctx.enter(buy()),
        2 | 6 | 16 => ctx.exit(),
        _ => {}
    })]);
    let paid: Vec<f64> = played.fills().iter().map(|fill| fill.commission).collect();
    // January: 1,000 at 0.1 %; 500 at 0.1 % and 500 at 0.04 %; then 0.04 %. February begins again.
    let expected = [1.0, 0.5 + 0.2, 0.4, 0.4, 1.0, 0.7];
    assert!(paid.len() == 6 && paid.iter().zip(expected).all(|(paid, expected)| near(*paid, expected)), "{paid:?}");
}

#[test]
fn a_minimum_and_a_maximum_bound_each_deal() {
    // IB's fixed list: 0.005 a share, at least 1.00, at most 1 % of the value.
    for (shares, price, commission) in [(100.0, 25.0, 1.0), (1000.0, 25.0, 5.0), (1000.0, 0.25, 2.5)] {
        let mut stage = still("2024-01-15T00:00:00Z", 6, price, &Instrument::fractional("STOCK"));
        stage.account.sizing = cthulu_lab::risk::Sizing::Lots(shares);
        stage.costs.commission_per_lot = 0.005;
        stage.costs.tariff = Some(Arc::new(Tariff { minimum: 1.0, maximum_fraction: Some(0.01), ..Tariff::default() }));
        let played = hold(&stage, Side::Buy, 1, 3);
        assert!(near(played.run.trades[0].commission, 2.0 * commission), "{shares} at {price}");
    }
}

#[test]
fn slippage_by_volatility_looks_at_completed_bars_only() {
    // Bars of a range of 2, then one of 20 in which the order fills: a quarter of the average range of 2 is lost.
    let mut stage = stage(&[FLAT, FLAT, FLAT, [100.0, 110.0, 90.0, 100.0], FLAT]);
    stage.costs.model = Some(Slippage::Volatility(Volatility::new(0.25, 3)));
    let played = stage.play(vec![seat(0, |i, ctx, _| match i {
        2 => ctx.enter(sell()),
        3 => ctx.exit(),
        _ => {}
    })]);
    // After the wide bar the average over three is 2 + (20 − 2) / 3 = 8, of which a quarter is 2.
    assert!(played.prices().iter().zip([99.5, 102.0]).all(|(price, expected)| near(*price, expected)), "{:?}", played.prices());
    assert!(near(played.run.trades[0].slippage, 10.0 * 0.5 + 10.0 * 2.0));
}

#[test]
fn slippage_by_volume_looks_at_the_bar_before() {
    for (impact, slip) in [(Impact::SquareRoot, 100.0 * 0.02 * 0.2), (Impact::Linear, 100.0 * 0.02 * 0.04)] {
        let mut stage = stage(&[FLAT, FLAT, FLAT]);
        let mut bars = Bars::new("1h".parse().unwrap());
        for (bar, volume) in stage.bars[0].iter().zip([250.0, 1e9, 1e9]) {
            bars.push(&Bar { volume, ..bar });
        }
        stage.bars = vec![Arc::new(bars)];
        stage.costs.model = Some(Slippage::VolumeShare(VolumeShare::new(0.02, impact)));
        let played = stage.play(vec![seat(0, |i, ctx, _| {
            if i == 0 {
                ctx.enter(buy())
            }
        })]);
        // 10 units of 250: a share of 0.04
        assert!(near(played.prices()[0], 100.0 + slip), "{impact:?}: {:?}", played.prices());
    }
}

#[test]
fn recorded_slippage_is_drawn_for_each_order_and_may_be_kind() {
    let sample: Arc<[f64]> = [0.0, 0.25, 0.5, -0.125].into();
    let mut stage = stage(&[FLAT; 60]);
    stage.costs.model = Some(Slippage::Recorded(Recorded { sample: Arc::clone(&sample), seed: Seed::new(3) }));
    let script =
        |i: usize, ctx: &mut cthulu_lab::strategy::Context<'_>, _: &Bar| if i.is_multiple_of(2) { ctx.enter(buy()) } else { ctx.exit() };
    let (played, again) = (stage.play(vec![seat(0, script)]), stage.play(vec![seat(0, script)]));
    assert_eq!(played.lines(), again.lines());
    let slips: Vec<f64> = played.fills().iter().map(|fill| fill.side.sign() * (fill.price - 100.0)).collect();
    assert!(slips.iter().all(|slip| sample.iter().any(|of| near(*slip, *of))), "{slips:?}");
    assert!(sample.iter().all(|of| slips.iter().any(|slip| near(*slip, *of))), "{slips:?}");
    let told: f64 = played.fills().iter().map(|fill| fill.slippage_cost).sum();
    assert!(near(told, slips.iter().sum::<f64>() * 10.0));
}
