//! Mistakes and their answers.

use std::collections::BTreeMap;

use proptest::prelude::{any, prop, proptest};

use crate::market::Calendar;
use crate::rule::{Kind, Program, Source};

fn mistake(sources: &[(&str, &str, Kind)]) -> String {
    let sources: Vec<_> =
        sources.iter().map(|(name, text, kind)| Source { name, text, kind: *kind, place: "s.toml, [long] enter" }).collect();
    let params = BTreeMap::from([("rsi_bars".to_owned(), 14.0), ("half".to_owned(), 2.5)]);
    Program::compile(&sources, &params, "1h".parse().unwrap(), Calendar::default()).unwrap_err().to_string()
}

#[test]
fn a_mistake_shows_its_place_its_column_and_a_remedy() {
    assert_eq!(
        mistake(&[("enter", "close > smaa(close, 20)", Kind::Rule)]),
        "s.toml, [long] enter, column 9: unknown function 'smaa'; did you mean 'sma'?\n  close > smaa(close, 20)\n          ^^^^"
    );
}

#[test]
fn each_kind_of_mistake_is_explained() {
    for (expr, part) in [
        ("clsoe > 1", "did you mean 'close'?"),
        ("rsi(close, rsi_bar) > 1", "did you mean 'rsi_bars'?"),
        ("rsi > 1", "'rsi' is a function; write rsi(x, n)"),
        ("close(5) > 1", "write close[n]"),
        ("position.bar > 1", "did you mean 'position.bars'?"),
        ("close[-1] > close", "there is no way to write the future"),
        ("close[0 - rsi_bars] > close", "there is no way to write the future"),
        ("close[1.5] > 1", "must be whole"),
        ("close[volume] > 1", "must be a constant"),
        ("sma(close) > 1", "sma takes 2 arguments, and here are 1; write sma(x, n)"),
        ("atr(1, 2) > 1", "atr takes 1 argument, and here are 2"),
        ("max(1) > 1", "max(a, b, …)"),
        ("sma(close, 0) > 1", "from 1 to 1000000, and this is 0"),
        ("sma(close, half) > 1", "and this is 2.5"),
        ("sma(close, close) > 1", "n of sma(x, n) must be a constant"),
        ("sma(close, 1e9) > 1", "from 1 to 1000000"),
        ("sma(close, 1 / 0) > 1", "and this has no value"),
        ("close[1 / 0] > 1", "and this has no value"),
        ("position.pnl > 1", "did you mean 'position.pnl_fraction'?"),
        ("donchian(20) > 1", "did you mean 'donchian_upper'?"),
        ("n > 1", "it is no series, no parameter"),
        ("bb_upper(close, 20, -2) > 1", "k of bb_upper(x, n, k) must be above 0"),
        ("close", "a rule is a condition"),
        ("close and true", "'and' takes conditions"),
        ("not close", "'not' takes conditions"),
        ("(close > 1) + 1 > 1", "'+' takes numbers"),
        ("close == true", "two numbers or two conditions"),
        ("if(close, 1, 2) > 1", "c of if(c, a, b) takes conditions"),
        ("if(close > 1, 1, true)", "both answers of if"),
        ("1 < close < 2", "comparisons do not chain"),
        ("\"4h\" > 1", "a text stands only in"),
        ("on(4, close) > 1", "a timeframe is a text"),
        ("on(\"4x\", close) > 1", "is not a timeframe"),
        ("on(\"90m\", close) > 1", "whole multiple"),
        ("on(\"30m\", close) > 1", "whole multiple"),
        ("on(\"4h\", position.bars) > 1", "outside on(…)"),
        ("on(\"4h\", model(\"m\")) > 1", "outside on(…)"),
        ("on(\"1h\", on(\"1h\", on(\"1h\", on(\"1h\", close)))) > 1", "3 deep"),
        ("model(m) > 1", "named by a text"),
    ] {
        let message = mistake(&[("enter", expr, Kind::Rule)]);
        assert!(message.contains(part), "{expr}: {message}");
        assert!(message.lines().last().unwrap().trim().chars().all(|c| c == '^'), "{message}");
    }
}

#[test]
fn names_are_defined_once_and_before_their_use() {
    let later = mistake(&[("a", "b + 1", Kind::Let), ("b", "close", Kind::Let)]);
    assert!(later.contains("'b' is defined further down"), "{later}");
    for (name, part) in [("close", "a series"), ("rsi_bars", "a parameter"), ("x y", "cannot be a name"), ("not", "cannot be a name")] {
        let message = mistake(&[(name, "open", Kind::Let)]);
        assert!(message.contains(part), "{message}");
    }
    assert!(mistake(&[("a", "1", Kind::Let), ("a", "2", Kind::Let)]).contains("defined above"));
    assert!(mistake(&[("stop", "close > 1", Kind::Number)]).contains("a number belongs here"));
}

#[test]
fn a_mistake_inside_a_name_used_elsewhere_points_at_the_name() {
    let sources = [
        Source { name: "held", text: "position.bars", kind: Kind::Let, place: "[let] held" },
        Source { name: "e", text: "on(\"4h\", held) > 1", kind: Kind::Rule, place: "enter" },
    ];
    let message = Program::compile(&sources, &BTreeMap::new(), "1h".parse().unwrap(), Calendar::default()).unwrap_err().to_string();
    assert!(message.starts_with("[let] held, column 1:"), "{message}");
}

#[test]
fn long_chains_of_names_do_not_overflow() {
    let names: Vec<String> = (0..2000).map(|i| format!("v{i}")).collect();
    let texts: Vec<String> = (0..2000).map(|i| if i == 0 { "close".into() } else { format!("v{} + 1", i - 1) }).collect();
    let mut sources: Vec<_> = names.iter().zip(&texts).map(|(name, text)| Source { name, text, kind: Kind::Let, place: "p" }).collect();
    assert!(Program::compile(&sources, &BTreeMap::new(), "1h".parse().unwrap(), Calendar::default()).is_ok());
    sources.push(Source { name: "e", text: "on(\"4h\", v1999) > 1", kind: Kind::Rule, place: "p" });
    let message = Program::compile(&sources, &BTreeMap::new(), "1h".parse().unwrap(), Calendar::default()).unwrap_err().to_string();
    assert!(message.contains("reach too deep"), "{message}");
}

proptest! {
    #[test]
    fn no_text_makes_the_compiler_panic(bytes in prop::collection::vec(any::<u8>(), 0..80), pieces in prop::collection::vec(prop::sample::select(&["close", "sma", "(", ")", "[", "]", ",", "1", "-", "not", "and", "on", "\"4h\"", "<", "n", "if", "é", "\n", "model", "*"][..]), 0..25)) {
        for text in [String::from_utf8_lossy(&bytes).into_owned(), pieces.join(" ")] {
            let source = Source { name: "x", text: &text, kind: Kind::Let, place: "p" };
            let _ = Program::compile(&[source], &BTreeMap::from([("n".to_owned(), 3.0)]), "1h".parse().unwrap(), Calendar::default());
        }
    }
}
