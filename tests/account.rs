//! With whose money: sizes, margin, limits and the end of a run, with every sum beside its figure.

use cthulu_lab::{
    broker::Costs,
    event::{Kind, Refusal},
    market::{ExitReason, Instrument, OrderKind},
    risk::{Limits, Lots, Sizing},
    strategy::Entry,
};

use crate::stage::{FLAT, Stage, buy, buy_first, hourly, hourly_from, seat, sell, stage};

#[test]
fn lots_obey_the_step_and_commission_is_per_lot_and_per_order() {
    let mut stage = stage(&[[1.0, 1.0, 1.0, 1.0], [1.0, 1.0, 1.0, 1.0], [1.01, 1.01, 1.01, 1.01], [1.0, 1.0, 1.0, 1.0]]);
    stage.account.cash = 10_000.0;
    stage.account.sizing = Sizing::Risk(0.01);
    stage.account.lots = Lots::Broker;
    stage.account.instruments[0] = Instrument { contract_size: 100_000.0, lot_step: 0.01, min_lots: 0.01, ..Instrument::fractional("X") };
    stage.leverage = 30.0;
    stage.costs = Costs { commission_per_lot: 3.5, commission_per_order: 1.0, ..Costs::default() };
    let played = stage.play(vec![seat(0, |i, ctx, _| match i {
        0 => ctx.enter(Entry { stop_loss: Some(0.997), ..buy() }),
        1 => ctx.exit(),
        _ => {}
    })]);
    // 1 % of 10,000 = 100; 0.003 · 100,000 = 300 a lot; 0.3333 rounds down to 0.33
    let trade = &played.run.trades[0];
    assert_eq!(trade.lots, 0.33);
    // twice 0.33 · 3.5 + 1 = 4.31; gross 0.33 · 100,000 · 0.01 = 330
    assert!((trade.commission - 4.31).abs() < 1e-12);
    assert!((trade.pnl - 325.69).abs() < 1e-9);
}

#[test]
fn an_unlevered_all_in_order_in_whole_lots_leaves_room_for_its_commission() {
    let mut stage = stage(&[FLAT, FLAT, FLAT]);
    stage.leverage = 1.0;
    stage.account.sizing = Sizing::Fraction(1.0);
    stage.account.lots = Lots::Broker;
    stage.account.instruments[0] = Instrument { lot_step: 0.1, min_lots: 0.1, ..Instrument::fractional("X") };
    stage.costs = Costs { commission_fraction: 0.001, ..Costs::default() };
    let played = stage.play(vec![seat(0, |i, ctx, _| {
        if i == 0 {
            ctx.enter(buy());
        }
    })]);
    // 1000 / (100 · 1.001) = 9.990 lots, rounded down to 9.9; 10 would need 1001
    assert_eq!(played.rejections(), []);
    assert_eq!(played.fills()[0].lots, 9.9);
}

#[test]
fn the_whole_equity_goes_in_to_the_last_cent_and_is_never_refused() {
    let mut rows = vec![FLAT];
    rows.extend((0..60).map(|i| {
        let p = 100.0 / 3.0 + f64::from(i) * 0.7;
        [p, p + 0.3, p - 0.1, p + 0.2]
    }));
    let mut stage = stage(&rows);
    stage.leverage = 1.0;
    stage.account.sizing = Sizing::Fraction(1.0);
    stage.costs = Costs { commission_fraction: 0.0013, commission_per_order: 0.37, ..Costs::default() };
    let played = stage.play(vec![seat(0, |i, ctx, _| if i % 2 == 0 { ctx.enter(buy()) } else { ctx.exit() })]);
    assert_eq!((played.count("order_rejected"), played.run.trades.len()), (0, 30));
    // notional and commission are the 1,000
    let fill = played.fills()[0];
    assert!((fill.lots * fill.price + fill.commission - 1000.0).abs() < 1e-9);
}

#[test]
fn two_instruments_share_one_cash() {
    let second = hourly(&[[50.0; 4], [50.0; 4], [55.0; 4], [60.0; 4]]);
    let mut stage = Stage::new(vec![hourly(&[FLAT, FLAT, [110.0; 4], FLAT]), second]);
    stage.account.sizing = Sizing::Fraction(0.5);
    let enter_once = |i: usize, ctx: &mut cthulu_lab::strategy::Context<'_>, _: &cthulu_lab::market::Bar| match i {
        0 => ctx.enter(buy()),
        2 => ctx.exit(),
        _ => {}
    };
    let played = stage.play(vec![seat(0, enter_once), seat(1, enter_once)]);
    // half of 1000 each: 5 units at 100 and 10 at 50; out at 100 and 60
    assert_eq!(
        played.fills().iter().map(|f| (f.lots, f.price)).collect::<Vec<_>>(),
        [(5.0, 100.0), (10.0, 50.0), (5.0, 100.0), (10.0, 60.0)]
    );
    // closes 100/50, then 110/55: 1000 + 5 · 10 + 10 · 5; then flat with 10 · 10 gained
    assert_eq!(played.run.curve.equity(), [1000.0, 1000.0, 1100.0, 1100.0]);
    assert_eq!(played.run.book.cash(), 1100.0);
}

#[test]
fn an_account_without_leverage_cannot_hold_twice_its_money() {
    let mut stage = Stage::new(vec![hourly(&[FLAT, FLAT]), hourly(&[FLAT, FLAT])]);
    let played = stage.play(vec![seat(0, buy_first), seat(1, buy_first)]);
    assert_eq!((played.prices(), played.rejections()), (vec![100.0], vec![Refusal::NotEnoughMargin]));
    stage.leverage = 2.0;
    let played = stage.play(vec![seat(0, buy_first), seat(1, buy_first)]);
    assert_eq!((played.prices(), played.rejections()), (vec![100.0, 100.0], vec![]));
}

#[test]
fn a_renewed_limit_takes_the_place_of_the_old_one_under_a_limit_of_one_position() {
    let mut stage = stage(&[FLAT, FLAT, FLAT, [100.0, 101.0, 90.0, 100.0]]);
    stage.account.limits.max_positions = Some(1);
    let played = stage.play(vec![seat(0, |i, ctx, _| {
        if i < 3 {
            ctx.enter(Entry { order: OrderKind::Limit(95.0 - i as f64), ..buy() });
        }
    })]);
    // 95, then 94, then 93: only the last is there when the price falls
    assert_eq!(played.signal_refusals(), []);
    assert_eq!(played.cancels(), [Refusal::Replaced, Refusal::Replaced]);
    assert_eq!(played.prices(), [93.0]);
}

#[test]
fn of_two_strategies_at_one_moment_the_first_takes_the_only_place() {
    let mut stage = Stage::new(vec![hourly(&[FLAT, FLAT]), hourly(&[FLAT, FLAT])]);
    stage.account.sizing = Sizing::Lots(1.0);
    stage.account.limits.max_positions = Some(1);
    let played = stage.play(vec![seat(0, buy_first), seat(1, buy_first)]);
    assert_eq!(played.signal_refusals(), [Refusal::MaxPositions]);
    assert_eq!(played.run.book.positions().len(), 1);
}

/// From 20:00 on the first day, so that the fourth bar ends at midnight.
fn evening(rows: &[[f64; 4]]) -> Stage {
    let mut stage = Stage::new(vec![hourly_from("2024-01-01T20:00:00Z".parse().unwrap(), rows)]);
    stage.account.sizing = Sizing::Lots(10.0);
    stage.account.limits = Limits { max_daily_loss_fraction: Some(0.05), ..Limits::default() };
    stage
}

#[test]
fn a_daily_loss_refuses_entries_from_its_own_close_until_the_next_day() {
    let low = [94.0; 4];
    let stage = evening(&[[100.0; 4], [100.0, 100.0, 94.0, 94.0], low, low, low, low]);
    let played = stage.play(vec![seat(0, |i, ctx, _| match i {
        0 => ctx.enter(buy()),
        1 => {
            // 1000 + 10 · (94 − 100) = 940: 6 % lost at this very close
            ctx.exit();
            ctx.enter(sell());
        }
        2..=4 => ctx.enter(buy()),
        _ => {}
    })]);
    // bars 1 to 3 (closes at 22:00, 23:00, 24:00) are refused; the close of bar 4 at 01:00 belongs to the next day
    assert_eq!(played.signal_refusals(), [Refusal::DailyLoss, Refusal::DailyLoss, Refusal::DailyLoss]);
    assert_eq!(played.fills().len(), 3);
    assert_eq!(played.count("risk_limit_hit"), 1);
}

#[test]
fn the_close_at_midnight_belongs_to_the_day_it_ends() {
    // The loss is made by the bar that ends at midnight: the next day starts from what is left and is not blocked.
    let stage = evening(&[[100.0; 4], [100.0; 4], [100.0; 4], [100.0, 100.0, 93.0, 93.0], [93.0; 4], [93.0; 4]]);
    let played = stage.play(vec![seat(0, |i, ctx, _| match i {
        0 => ctx.enter(buy()),
        3 => ctx.exit(),
        4 => ctx.enter(buy()),
        _ => {}
    })]);
    assert_eq!((played.signal_refusals(), played.count("risk_limit_hit")), (vec![], 1));
    assert_eq!(played.run.book.positions().len(), 1);
}

#[test]
fn a_daily_loss_withdraws_the_entries_that_rest() {
    // The first strategy loses 6 % in the second bar; the second's limit of 90 would be met in the third.
    let stage = evening(&[[100.0; 4], [100.0, 100.0, 94.0, 94.0], [94.0, 94.0, 89.0, 94.0], [94.0; 4]]);
    let resting = Entry { order: OrderKind::Limit(90.0), ..buy() };
    let played = stage.play(vec![
        seat(0, buy_first),
        seat(0, move |i, ctx, _| {
            if i == 0 {
                ctx.enter(resting.clone());
            }
        }),
    ]);
    assert_eq!((played.prices(), played.cancels()), (vec![100.0], vec![Refusal::DailyLoss]));
}

#[test]
fn a_refused_reversal_still_closes_what_is_held() {
    let low = [94.0; 4];
    let stage = evening(&[[100.0; 4], [100.0, 100.0, 94.0, 94.0], low, low]);
    let played = stage.play(vec![seat(0, |i, ctx, _| match i {
        0 => ctx.enter(buy()),
        2 => ctx.enter(sell()),
        _ => {}
    })]);
    assert_eq!(played.signal_refusals(), [Refusal::DailyLoss]);
    assert_eq!((played.reasons(), played.run.book.is_flat()), (vec![ExitReason::Reverse], true));
}

#[test]
fn a_drawdown_halt_closes_once_and_nothing_opens_after() {
    let mut stage = stage(&[[100.0; 4], [100.0, 100.0, 70.0, 70.0], [71.0; 4], [71.0; 4], [71.0; 4]]);
    stage.account.limits.max_drawdown_fraction = Some(0.2);
    // 1000 − 10 · 30 = 700 at the second close; the strategy asks to get out and to turn around there as well
    let played = stage.play(vec![seat(0, |i, ctx, _| match i {
        0 => ctx.enter(buy()),
        1 => ctx.enter(sell()),
        _ => ctx.enter(buy()),
    })]);
    assert_eq!(played.reasons(), [ExitReason::RiskLimit]);
    assert_eq!(played.run.trades[0].exit, 71.0);
    assert_eq!(played.signal_refusals(), [Refusal::DrawdownHalt; 4]);
    assert_eq!(played.cancels(), [], "one close is enough");
}

#[test]
fn orders_of_the_last_bar_are_cancelled_at_the_end() {
    let stage = stage(&[FLAT, FLAT, FLAT]);
    let played = stage.play(vec![seat(0, |i, ctx, _| match i {
        0 => ctx.enter(buy()),
        2 => ctx.enter(sell()),
        _ => {}
    })]);
    // both the close and the entry of the reversal
    assert_eq!(played.cancels(), [Refusal::EndOfRun, Refusal::EndOfRun]);
    assert_eq!(played.run.book.positions().len(), 1);
    let symbols = played.events.iter().filter(|e| matches!(e.kind, Kind::OrderCancelled { .. })).map(|e| e.instrument.is_some());
    assert!(symbols.into_iter().all(|told| told));
}

#[test]
fn closing_at_the_end_deals_at_each_last_close_and_time_does_not_go_back() {
    // The first instrument's data ends an hour before the second's.
    let mut stage = Stage::new(vec![hourly(&[FLAT, [100.0, 103.0, 99.0, 102.0]]), hourly(&[FLAT, FLAT, [100.0, 100.0, 98.0, 99.0]])]);
    stage.account.sizing = Sizing::Lots(1.0);
    stage.account.close_at_end = true;
    let played = stage.play(vec![seat(0, buy_first), seat(1, buy_first)]);
    // 1000 + (102 − 100) + (99 − 100)
    assert_eq!((played.run.book.cash(), played.run.book.is_flat()), (1001.0, true));
    assert_eq!(played.run.curve.equity().last(), Some(&1001.0));
    assert!(played.events.windows(2).all(|w| w[0].at <= w[1].at), "events in time order");
    assert!(played.events.iter().all(|e| if let Kind::OrderFilled(fill) = &e.kind { fill.at == e.at } else { true }));
}

#[test]
fn a_position_whose_stop_is_gapped_does_not_bind_margin_at_that_open() {
    // The second strategy enters at the open that stops the first one out: 1000 − 10 · 10 = 900 buys ten units at 90.
    let mut stage = stage(&[FLAT, FLAT, [90.0; 4]]);
    stage.leverage = 1.0;
    let played = stage.play(vec![
        seat(0, |i, ctx, _| {
            if i == 0 {
                ctx.enter(Entry { stop_loss: Some(95.0), ..buy() });
            }
        }),
        seat(0, |i, ctx, _| {
            if i == 1 {
                ctx.enter(buy());
            }
        }),
    ]);
    assert_eq!((played.rejections(), played.prices()), (vec![], vec![100.0, 90.0, 90.0]));
}

#[test]
fn a_leveraged_account_is_closed_where_nothing_is_left() {
    // 50 units at 100 on 1,000 with a leverage of 5: the money is gone 20 points down, at 80, although the bar closes at 99.
    let mut stage = stage(&[FLAT, [100.0, 101.0, 75.0, 99.0], FLAT, FLAT]);
    stage.account.sizing = Sizing::Lots(50.0);
    stage.leverage = 5.0;
    let played = stage.play(vec![seat(0, |i, ctx, _| if i != 2 { ctx.enter(buy()) } else { ctx.exit() })]);
    assert_eq!((played.prices(), played.reasons()), (vec![100.0, 80.0], vec![ExitReason::StopOut]));
    assert_eq!(played.run.book.cash(), 0.0);
    assert!(played.signal_refusals().contains(&Refusal::NoEquity));
    // A gap beyond it fills at the open and leaves a debt: 1000 − 50 · 25.
    stage.bars = vec![hourly(&[FLAT, FLAT, [75.0, 101.0, 75.0, 99.0], FLAT])];
    let played = stage.play(vec![seat(0, |i, ctx, _| {
        if i == 0 {
            ctx.enter(buy())
        }
    })]);
    assert_eq!((played.prices(), played.run.book.cash()), (vec![100.0, 75.0], -250.0));
}

#[test]
fn an_unlevered_long_survives_anything_and_an_unlevered_short_does_not() {
    let mut stage = stage(&[FLAT, [100.0, 100.0, 0.01, 0.01], [100.0, 210.0, 100.0, 100.0], FLAT]);
    stage.leverage = 1.0;
    stage.account.sizing = Sizing::Fraction(1.0);
    let played = stage.play(vec![seat(0, |i, ctx, _| {
        if i == 0 {
            ctx.enter(buy())
        }
    })]);
    assert_eq!((played.run.trades.len(), played.run.book.equity()), (0, 1000.0));
    let played = stage.play(vec![seat(0, |i, ctx, _| {
        if i == 0 {
            ctx.enter(sell())
        }
    })]);
    // short 10 at 100: nothing is left at 200
    assert_eq!((played.prices(), played.reasons()), (vec![100.0, 200.0], vec![ExitReason::StopOut]));
}

#[test]
fn risk_sizing_refuses_a_stop_on_the_winning_side() {
    let mut stage = stage(&[FLAT, FLAT]);
    stage.account.sizing = Sizing::Risk(0.01);
    let played = stage.play(vec![seat(0, |i, ctx, _| {
        if i == 0 {
            ctx.enter(Entry { stop_loss: Some(103.0), ..buy() });
        }
    })]);
    let refused = played.events.iter().filter(|e| matches!(e.kind, Kind::OrderRefused { reason: Refusal::NoStop, .. })).count();
    assert_eq!((refused, played.fills().len()), (1, 0));
}
