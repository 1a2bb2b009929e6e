//! What a strategy file's rules do with a position: time exit, cool-down, trailing, break-even, renewed orders.

use std::sync::Arc;

use cthulu_lab::{
    engine::Seat,
    event::Refusal,
    market::{Calendar, ExitReason, InstrumentId},
    rule::StrategyFile,
    strategy::{RuleStrategy, Strategy},
    time::HOUR,
};

use crate::stage::{FLAT, Played, Stage, stage};

/// A strategy of these rules, its blocks prepared as in a backtest.
fn play(stage: &Stage, rules: &str) -> Played {
    let file = StrategyFile::parse(&format!("name = \"held\"\nabout = \"A test.\"\n{rules}"), "held.toml").unwrap();
    let mut strategy = RuleStrategy::new(file.compile_for(stage.bars[0].timeframe(), Calendar::RoundTheClock).unwrap());
    strategy.prepare(&Arc::clone(&stage.bars[0]));
    stage.play(vec![Seat { strategy: Box::new(strategy), instrument: InstrumentId(0), weight: 1.0 }])
}

/// Rows at whose opening something was dealt.
fn hours(stage: &Stage, played: &Played) -> Vec<i64> {
    let first = stage.bars[0].opened_at()[0];
    played.fills().iter().map(|fill| (fill.at.0 - first.0) / HOUR).collect()
}

#[test]
fn a_time_exit_holds_its_bars_and_a_cool_down_skips_its_closes() {
    let stage = stage(&[FLAT; 10]);
    let played = play(&stage, "[long]\nenter = \"close > 0\"\n[rules]\nmax_bars = 3\ncooldown_bars = 2\n");
    // In at 1; the closes of bars 1, 2 and 3 are its three; out at 4. The closes of 4 and 5 rest, that of 6 enters at 7.
    assert_eq!(hours(&stage, &played), [1, 4, 7]);
    assert_eq!((played.reasons(), played.run.trades[0].bars), (vec![ExitReason::TimeExit], 3));
}

#[test]
fn a_trailing_stop_follows_the_best_price_once_active_and_never_falls() {
    let rows =
        [FLAT, [100.0, 102.0, 99.0, 101.0], [101.0, 104.0, 100.5, 103.0], [103.0, 103.5, 102.5, 103.0], [103.0, 103.0, 101.0, 102.0]];
    let played = play(&stage(&rows), "[long]\nenter = \"close > 0\"\n[rules]\ntrail = { distance = \"2\", activate = \"3\" }\n");
    // In at 100. A best of 102 is no gain of 3; a best of 104 puts the stop at 102, which the fifth bar touches.
    assert_eq!((played.prices(), played.count("sl_tp_updated")), (vec![100.0, 102.0], 1));
    assert_eq!(played.reasons(), [ExitReason::TrailingStop]);
}

#[test]
fn break_even_moves_the_stop_to_the_entry() {
    let rows = [FLAT, [100.0, 103.0, 98.5, 102.0], [102.0, 102.0, 99.0, 101.0]];
    let rules = "[long]\nenter = \"close > 0\"\nstop_loss = \"close - 5\"\n[rules]\nbreak_even = \"3\"\n";
    let played = play(&stage(&rows), rules);
    // In at 100 with a stop at 95; the high of 103 is a gain of 3, so the stop stands at 100 from the third bar on.
    assert_eq!((played.prices(), played.run.trades[0].pnl), (vec![100.0, 100.0], 0.0));
}

#[test]
fn a_limit_entry_is_withdrawn_with_its_signal_or_when_its_price_is_missing() {
    let fall = [100.0, 101.0, 90.0, 100.0];
    // Silent from the second bar on.
    let gone = "[long]\nenter = \"open == 100.5\"\nprice = \"95\"\n[rules]\norder = \"limit\"\n";
    let rows = [[100.5, 101.0, 99.0, 100.0], FLAT, fall];
    let played = play(&stage(&rows), gone);
    assert_eq!((played.prices(), played.cancels()), (vec![], vec![Refusal::Replaced]));
    // Still signalled, but the price is the root of a negative number.
    let missing = "[long]\nenter = \"close > 0\"\nprice = \"95 + 0 * sqrt(open - 100.25)\"\n[rules]\norder = \"limit\"\n";
    let played = play(&stage(&rows), missing);
    assert_eq!((played.prices(), played.cancels()), (vec![], vec![Refusal::Replaced]));
}
