//! What expressions are worth, by hand.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::closing_at;
use crate::market::Calendar;
use crate::rule::{Book, Kind, Machine, Program, Source, evaluate};

fn column(expr: &str, closes: &[f64]) -> Vec<Option<f64>> {
    evaluate(expr, &BTreeMap::from([("n".to_owned(), 3.0)]), &Arc::new(closing_at(closes))).unwrap()
}

fn last(expr: &str, closes: &[f64]) -> Option<f64> {
    *column(expr, closes).last().unwrap()
}

#[test]
fn arithmetic_and_its_gaps() {
    for (expr, expected) in [
        ("1 + 2 * 3 - 4 / 2", Some(5.0)),
        ("-2 * -3", Some(6.0)),
        ("1 / 0", None),
        ("close / (close - close)", None),
        ("sqrt(-close)", None),
        ("log(0 * close)", None),
        ("exp(log(8) / 3)", Some(libm::exp(libm::log(8.0) / 3.0))),
        ("min(3, 1, 2)", Some(1.0)),
        ("max(close, close[1], 4)", Some(6.0)),
        ("clamp(close, 0, 5)", Some(5.0)),
        ("if(close > 5, 1, 2)", Some(1.0)),
        ("if(1 / 0 > 0, 1, 2)", Some(2.0)),
        ("round(2.5) + sign(-3) + abs(-1)", Some(3.0)),
        ("close[2]", Some(4.0)),
        ("close[7]", None),
        ("(close > 100)[7]", Some(0.0)),
        ("not (1 / 0 != 0)", Some(1.0)),
        ("true == (close > 1)", Some(1.0)),
        ("sma(close, n)", Some(5.0)),
        ("sum(close, 2 * n - 4)", Some(11.0)),
        ("bb_mid(close, n) == sma(close, n)", Some(1.0)),
        ("rising(close, 2) and not falling(close, 1)", Some(1.0)),
        ("rising(close, 6)", Some(0.0)),
        ("count(close > 3, 4)", Some(3.0)),
        ("bars_since(close == 4)", Some(2.0)),
        ("bars_since(close == 40)", None),
        ("highest(high, 2) - lowest(low, 2)", Some(6.5 - 3.5)),
        ("hour + 100 * day_of_week + 10000 * minute", Some(5.0)),
        ("session", Some(1.0)),
        ("spread", None),
        ("hl2 + hlc3 * 0 + ohlc4 * 0", Some(5.5)),
        ("vwap() > 0 and obv() >= 0 and tr() == 2", Some(1.0)),
    ] {
        // Closes 1 to 6 at 00:00 to 05:00 of a Monday; the last bar opens at 5, from 4.5 to 6.5.
        assert_eq!(last(expr, &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]), expected, "{expr}");
    }
}

#[test]
fn a_cross_needs_all_four_values() {
    // sma(close, 2): -, 2, 3, 3, 2.5. The close is above it from row 1 on, but row 0 has no average: no cross until it has been below.
    assert_eq!(column("crosses_above(close, sma(close, 2))", &[1.0, 3.0, 3.0, 3.0, 2.0, 4.0]), [0.0, 0.0, 0.0, 0.0, 0.0, 1.0].map(Some));
    assert_eq!(column("crosses_below(close, 3)", &[4.0, 3.0, 2.0, 2.0]), [0.0, 0.0, 1.0, 0.0].map(Some));
}

#[test]
fn a_stateful_node_skips_rows_whose_input_is_missing() {
    // x is missing where the close is 2: the mean of two runs over 1, 3 and 5 as if they were neighbours.
    let expr = "sma(1 / if(close == 2, 0, 1 / close), 2)";
    let column = column(expr, &[1.0, 2.0, 3.0, 2.0, 5.0]);
    assert_eq!(column, [None, None, Some(2.0), None, Some(4.0)]);
}

#[test]
fn a_longer_timeframe_is_seen_only_when_complete() {
    let closes: Vec<f64> = (1..=10).map(f64::from).collect();
    // 4h bars complete with the bars of 03:00 and 07:00, and close at 4 and 8.
    let expected = [None, None, None, Some(4.0), Some(4.0), Some(4.0), Some(4.0), Some(8.0), Some(8.0), Some(8.0)];
    assert_eq!(column("on(\"4h\", close)", &closes), expected);
    assert_eq!(column("on(\"4h\", close - close[1])", &closes)[7..], [Some(4.0); 3]);
    assert_eq!(column("on(\"4h\", close > 5)", &closes)[6..8], [Some(0.0), Some(1.0)]);
    assert_eq!(column("on(\"2h\", on(\"4h\", sum(close, 2)))", &closes)[7], Some(12.0));
}

fn machine(sources: &[(&str, &str, Kind)]) -> Machine {
    let sources: Vec<_> = sources.iter().map(|(name, text, kind)| Source { name, text, kind: *kind, place: "test" }).collect();
    Machine::new(Arc::new(Program::compile(&sources, &BTreeMap::new(), "1h".parse().unwrap(), Calendar::default()).unwrap()))
}

#[test]
fn vwap_begins_anew_with_the_trading_day_of_the_market() {
    // Bars without a body, an hour each from midnight; in January the currency day ends at 22:00 UTC, 17:00 in New York.
    let bars = closing_at(&[1.0; 26]);
    let source = Source { name: "x", text: "vwap()", kind: Kind::Let, place: "test" };
    for (calendar, begins) in [(Calendar::RoundTheClock, [0, 24]), (Calendar::Fx, [0, 22])] {
        let program = Program::compile(&[source], &BTreeMap::new(), bars.timeframe(), calendar).unwrap();
        let id = program.output("x").unwrap();
        let mut machine = Machine::new(Arc::new(program));
        let mut first_of_days = Vec::new();
        for (row, bar) in bars.iter().enumerate() {
            let price = row as f64 + 1.0;
            machine.step(&crate::market::Bar { open: price, high: price, low: price, close: price, ..bar }, &Book::default());
            if machine.number(id) == Some(price) {
                first_of_days.push(row);
            }
        }
        assert_eq!(first_of_days, begins, "{calendar}");
    }
}

#[test]
fn a_rule_is_false_until_its_inputs_have_warmed_up() {
    let mut machine = machine(&[("early", "not (sma(close, 3) > 100)", Kind::Rule), ("value", "not (sma(close, 3) > 100)", Kind::Let)]);
    let (early, value) = (machine.program().output("early").unwrap(), machine.program().output("value").unwrap());
    let mut answers = Vec::new();
    for bar in closing_at(&[1.0, 2.0, 3.0, 4.0]).iter() {
        machine.step(&bar, &Book::default());
        answers.push((machine.holds(early), machine.holds(value)));
    }
    assert_eq!(answers, [(false, true), (false, true), (true, true), (true, true)]);
}

#[test]
fn a_rule_on_a_longer_timeframe_waits_for_its_bars_not_for_hours_that_never_trade() {
    // Seven hours a day: the third day is complete with the fourth's first bar, row 21. The mean over two of its answers comes one row later.
    let (mut bars, day) = (crate::market::Bars::new("1h".parse().unwrap()), closing_at(&[1.0; 7]));
    for i in 0..5 * 7 {
        let (bar, shift) = (day.bar(i % 7), (i / 7) as i64 * crate::time::DAY + 14 * crate::time::HOUR);
        bars.push(&crate::market::Bar { opened_at: bar.opened_at.plus(shift), closed_at: bar.closed_at.plus(shift), ..bar });
    }
    let bars = Arc::new(bars);
    for (rule, first) in
        [("not (on(\"1d\", sma(close, 3)) > 9)", 21), ("not (sma(on(\"1d\", sma(close, 3)), 2) > 9)", 22), ("not on(\"1d\", close > 9)", 7)]
    {
        for attached in [false, true] {
            let mut machine = machine(&[("enter", rule, Kind::Rule)]);
            let enter = machine.program().output("enter").unwrap();
            if attached {
                machine.attach(Arc::clone(&bars));
            }
            let step = |bar| {
                machine.step(&bar, &Book::default());
                machine.holds(enter)
            };
            let answers: Vec<bool> = bars.iter().map(step).collect();
            assert_eq!(answers.iter().position(|holds| *holds), Some(first), "{rule}, attached: {attached}");
            assert!(answers[first..].iter().all(|holds| *holds));
        }
    }
}

#[test]
fn the_warm_up_is_the_longest_chain() {
    for (expr, bars) in [
        ("close", 1),
        ("sma(close, 10)[5]", 15),
        ("crosses_above(sma(close, 10), sma(close, 30))", 31),
        ("sma(rsi(close, 14), 5)", 19),
        ("macd_signal(close, 12, 26, 9)", 34),
        ("adx(14)", 28),
        ("plus_di(14)", 15),
        ("on(\"4h\", sma(close, 3))", 12),
    ] {
        assert_eq!(machine(&[("x", expr, Kind::Let)]).program().warmup_bars(), bars, "{expr}");
        // The first value stands exactly there.
        let closes: Vec<f64> = (0..60).map(|i| 100.0 + f64::from(i * 7 % 11)).collect();
        let first = column(expr, &closes).iter().position(Option::is_some);
        assert!(first == Some(bars - 1) || expr.starts_with("crosses"), "{expr}: {first:?}");
    }
}

#[test]
fn the_position_is_missing_when_flat() {
    for attached in [false, true] {
        let bars = Arc::new(closing_at(&[1.0, 2.0, 3.0]));
        let mut machine = machine(&[("out", "position.bars >= 1 or position.pnl_fraction[1] > 0.5", Kind::Rule)]);
        assert!(machine.program().uses_position());
        let out = machine.program().output("out").unwrap();
        if attached {
            machine.attach(Arc::clone(&bars));
        }
        let books = [Book::default(), Book { bars: Some(0), pnl_fraction: Some(0.75) }, Book::default()];
        let mut answers = Vec::new();
        for (bar, book) in bars.iter().zip(books) {
            machine.step(&bar, &book);
            answers.push(machine.holds(out));
        }
        assert_eq!(answers, [false, false, true], "attached: {attached}");
    }
}

#[test]
fn a_model_is_missing_until_set() {
    let bars = Arc::new(closing_at(&[1.0, 2.0, 3.0]));
    let mut machine = machine(&[("p", "model(\"entry\") + close", Kind::Number)]);
    let (p, slot) = (machine.program().output("p").unwrap(), machine.program().model_slot("entry").unwrap());
    assert!(machine.program().model_slot("entri").unwrap_err().to_string().contains("did you mean 'entry'"));
    machine.attach(Arc::clone(&bars));
    let mut values = Vec::new();
    for (bar, probability) in bars.iter().zip([None, Some(0.5), Some(0.25)]) {
        machine.set_model(slot, probability);
        machine.step(&bar, &Book::default());
        values.push(machine.number(p));
    }
    assert_eq!(values, [None, Some(2.5), Some(3.25)]);
}

#[test]
#[should_panic(expected = "those attached")]
fn another_bar_than_the_one_attached_is_refused() {
    let bars = Arc::new(closing_at(&[1.0, 2.0]));
    let mut machine = machine(&[("x", "close", Kind::Let)]);
    machine.attach(Arc::clone(&bars));
    machine.step(&bars.bar(1), &Book::default());
}
