//! At which price: small runs whose every figure a trader can check by hand.

use cthulu_lab::{
    broker::MarketFill,
    event::Refusal,
    market::{ExitReason, OrderKind, PriceSide, Quoting},
    risk::Sizing,
    strategy::Entry,
};

use crate::stage::{FLAT, Stage, buy, hourly, seat, sell, stage};

#[test]
fn a_bar_that_reaches_stop_and_target_is_a_loss_and_is_counted() {
    let stage = stage(&[FLAT, [100.0, 106.0, 94.0, 105.0], FLAT]);
    let played = stage.play(vec![seat(0, |i, ctx, _| {
        if i == 0 {
            ctx.enter(Entry { stop_loss: Some(95.0), take_profit: Some(105.0), ..buy() });
        }
    })]);
    assert_eq!(played.reasons(), [ExitReason::StopLoss]);
    assert_eq!(played.run.ambiguous_bars, 1);
    // 10 · (95 − 100)
    assert_eq!(played.run.book.cash(), 950.0);
    assert_eq!(played.run.exposed_bars, 1, "the position lived inside its only bar");
}

#[test]
fn a_gapped_stop_fills_at_the_open_and_slips() {
    let mut stage = stage(&[FLAT, FLAT, [90.0, 99.0, 89.0, 98.0]]);
    stage.costs.slippage = 0.25;
    let played = stage.play(vec![seat(0, |i, ctx, _| {
        if i == 0 {
            ctx.enter(Entry { stop_loss: Some(95.0), ..buy() });
        }
    })]);
    // in at 100 + 0.25, out at 90 − 0.25
    assert_eq!(played.prices(), [100.25, 89.75]);
    assert_eq!(played.run.trades[0].pnl, -105.0);
    assert_eq!(played.run.trades[0].slippage, 5.0);
    assert_eq!(played.run.trades[0].bars, 1, "it was gone at the open of its second bar");
}

#[test]
fn a_gapped_target_fills_at_the_better_open_and_does_not_slip() {
    let mut stage = stage(&[FLAT, FLAT, [110.0, 111.0, 109.0, 110.0]]);
    stage.costs.slippage = 0.25;
    let played = stage.play(vec![seat(0, |i, ctx, _| {
        if i == 0 {
            ctx.enter(Entry { take_profit: Some(105.0), ..buy() });
        }
    })]);
    assert_eq!((played.prices(), played.reasons()), (vec![100.25, 110.0], vec![ExitReason::TakeProfit]));
}

#[test]
fn a_moved_stop_meets_only_the_bars_after_the_move() {
    // The second bar falls to 96 before the stop is moved to 99 at its close; the third opens at 101 and touches 99.
    let stage = stage(&[FLAT, [100.0, 104.0, 96.0, 103.0], [101.0, 102.0, 98.0, 100.0], FLAT]);
    let played = stage.play(vec![seat(0, |i, ctx, _| match i {
        0 => ctx.enter(Entry { stop_loss: Some(95.0), ..buy() }),
        1 => ctx.move_stop(99.0),
        _ => {}
    })]);
    assert_eq!((played.prices(), played.reasons()), (vec![100.0, 99.0], vec![ExitReason::TrailingStop]));
    assert_eq!(played.fills()[1].at, stage.bars[0].closed_at(2));
    assert_eq!(played.count("sl_tp_updated"), 1);
}

#[test]
fn of_two_moves_at_one_close_the_later_counts() {
    let stage = stage(&[FLAT, FLAT, [100.0, 101.0, 97.5, 100.0], FLAT]);
    let played = stage.play(vec![seat(0, |i, ctx, _| match i {
        0 => ctx.enter(Entry { stop_loss: Some(90.0), ..buy() }),
        1 => {
            ctx.move_stop(98.5);
            ctx.move_stop(97.0);
        }
        _ => {}
    })]);
    assert!(played.run.trades.is_empty(), "the low of 97.5 stays above 97");
    assert_eq!(played.run.book.positions()[0].stop_loss, Some(97.0));
}

#[test]
fn every_kind_of_file_costs_one_spread_there_and_back() {
    let table =
        [(PriceSide::Bid, 100.5, 100.0), (PriceSide::Ask, 100.0, 99.5), (PriceSide::Mid, 100.25, 99.75), (PriceSide::Trade, 100.25, 99.75)];
    for (side, paid, received) in table {
        let mut stage = stage(&[FLAT, FLAT, FLAT]);
        stage.quoting = Quoting { side, spread: Some(0.5), ..Quoting::default() };
        let played = stage.play(vec![seat(0, |i, ctx, _| if i == 0 { ctx.enter(buy()) } else { ctx.exit() })]);
        // 10 · 0.5
        assert_eq!((played.prices(), played.run.trades[0].pnl), (vec![paid, received], -5.0), "{side:?}");
    }
}

#[test]
fn on_an_ask_file_a_long_pays_the_file_and_gets_a_spread_less() {
    let mut stage = stage(&[FLAT, FLAT, FLAT, FLAT, FLAT]);
    stage.quoting = Quoting { side: PriceSide::Ask, spread: Some(0.5), ..Quoting::default() };
    let played = stage.play(vec![seat(0, |i, ctx, _| match i {
        0 => ctx.enter(buy()),
        1 => ctx.enter(sell()),
        2 => ctx.exit(),
        _ => {}
    })]);
    // long at the ask 100, out at the bid 99.5; short at the bid 99.5, out at the ask 100: a spread each, 10 units
    assert_eq!(played.prices(), [100.0, 99.5, 99.5, 100.0]);
    assert_eq!(played.run.book.cash(), 1000.0 - 5.0 - 5.0);
    assert_eq!(played.run.trades.iter().map(|t| t.spread).sum::<f64>(), 10.0);
    // marked at the bid while long: 1000 + 10 · (99.5 − 100)
    assert_eq!(played.run.curve.equity()[1], 995.0);
}

#[test]
fn a_short_s_stop_is_met_by_the_ask() {
    // On a bid file with a spread of 1 the ask reaches 102 when the bid reaches 101.
    let mut stage = stage(&[FLAT, FLAT, FLAT]);
    stage.quoting = Quoting { side: PriceSide::Bid, spread: Some(1.0), ..Quoting::default() };
    let played = stage.play(vec![seat(0, |i, ctx, _| {
        if i == 0 {
            ctx.enter(Entry { stop_loss: Some(102.0), ..sell() });
        }
    })]);
    assert_eq!((played.prices(), played.reasons()), (vec![100.0, 102.0], vec![ExitReason::StopLoss]));
}

#[test]
fn a_reversal_closes_first_and_sizes_the_new_side_from_what_is_left() {
    let mut stage = stage(&[FLAT, FLAT, [120.0, 121.0, 119.0, 120.0], FLAT]);
    stage.leverage = 1.0;
    stage.account.sizing = Sizing::Fraction(1.0);
    stage.costs.commission_fraction = 0.01;
    let played = stage.play(vec![seat(0, |i, ctx, _| match i {
        0 => ctx.enter(buy()),
        1 => ctx.enter(sell()),
        _ => {}
    })]);
    let fills = played.fills();
    assert_eq!((fills.len(), fills[1].at), (3, fills[2].at));
    // in: 1000 / 101 units at 100. Out at 120: 1000 + 20 · u − 1 · u − 1.2 · u of commissions
    let units = 1000.0 / 101.0;
    let after = 1000.0 + units * (20.0 - 1.0 - 1.2);
    assert!((fills[2].lots - after / (120.0 * 1.01)).abs() < 1e-9);
    assert_eq!(played.reasons(), [ExitReason::Reverse]);
}

#[test]
fn a_reversal_at_the_close_does_the_same() {
    let mut stage = stage(&[FLAT, [120.0, 121.0, 119.0, 120.0], FLAT]);
    stage.leverage = 1.0;
    stage.account.sizing = Sizing::Fraction(1.0);
    stage.market_fill = MarketFill::Close;
    let played = stage.play(vec![seat(0, |i, ctx, _| match i {
        0 => ctx.enter(buy()),
        1 => ctx.enter(sell()),
        _ => {}
    })]);
    // 10 units at 100, out at 120 with 1200, 10 units short at 120, marked at 100: 1200 + 200
    assert_eq!(played.fills().iter().map(|f| (f.lots, f.price)).collect::<Vec<_>>(), [(10.0, 100.0), (10.0, 120.0), (10.0, 120.0)]);
    assert_eq!(played.run.curve.equity(), [1000.0, 1200.0, 1400.0]);
}

#[test]
fn limit_and_stop_entries_fill_at_their_price_or_at_a_gapped_open() {
    // (order, the bar that meets it, the fill)
    let bar = [100.0, 105.0, 95.0, 101.0];
    let table = [
        (Entry { order: OrderKind::Limit(97.0), ..buy() }, bar, Some(97.0)),
        (Entry { order: OrderKind::Limit(95.0), ..buy() }, bar, None), // touched, not traded through
        (Entry { order: OrderKind::Limit(102.0), ..buy() }, bar, Some(100.0)), // the market shows better
        (Entry { order: OrderKind::Limit(103.0), ..sell() }, bar, Some(103.0)),
        (Entry { order: OrderKind::Limit(98.0), ..sell() }, bar, Some(100.0)),
        (Entry { order: OrderKind::Stop(103.0), ..buy() }, bar, Some(103.5)), // slips by a half
        (Entry { order: OrderKind::Stop(99.0), ..buy() }, bar, Some(100.5)),
        (Entry { order: OrderKind::Stop(96.0), ..sell() }, bar, Some(95.5)),
        (Entry { order: OrderKind::Stop(106.0), ..buy() }, bar, None),
    ];
    for (entry, bar, price) in table {
        let mut stage = stage(&[FLAT, bar]);
        stage.costs.slippage = 0.5;
        let wish = entry.clone();
        let played = stage.play(vec![seat(0, move |i, ctx, _| {
            if i == 0 {
                ctx.enter(wish.clone());
            }
        })]);
        assert_eq!(played.prices(), price.into_iter().collect::<Vec<_>>(), "{entry:?}");
        assert_eq!(played.cancels(), if price.is_none() { vec![Refusal::EndOfRun] } else { vec![] }, "{entry:?}");
    }
}

#[test]
fn a_limit_entry_is_stopped_in_its_own_bar() {
    let stage = stage(&[FLAT, [100.0, 105.0, 95.0, 104.0], FLAT]);
    let played = stage.play(vec![seat(0, |i, ctx, _| {
        if i == 0 {
            ctx.enter(Entry { order: OrderKind::Limit(97.0), stop_loss: Some(96.0), take_profit: Some(103.0), ..buy() });
        }
    })]);
    // Falling to 95 it passes 97 and 96; the close beyond 103 may have come later: ambiguous, against us.
    assert_eq!((played.prices(), played.run.ambiguous_bars), (vec![97.0, 96.0], 1));
    assert_eq!(played.run.trades[0].bars, 1);
}

#[test]
fn a_bar_cut_short_by_the_next_completes_at_its_opening() {
    let mut bars = (*hourly(&[FLAT])).clone();
    let mut cut = bars.bar(0);
    cut.opened_at = cut.opened_at.plus(cthulu_lab::time::HOUR / 2);
    cut.open = 104.0;
    cut.high = 104.0;
    bars.push(&cut);
    let mut stage = Stage::new(vec![std::sync::Arc::new(bars)]);
    stage.account.sizing = Sizing::Lots(1.0);
    let played = stage.play(vec![seat(0, |i, ctx, _| {
        if i == 0 {
            ctx.enter(buy());
        }
    })]);
    assert_eq!((played.prices(), played.fills()[0].at), (vec![104.0], cut.opened_at));
    assert_eq!(played.run.curve.at()[0], cut.opened_at);
}
