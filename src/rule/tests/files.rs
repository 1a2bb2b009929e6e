//! Strategy files: as they are written, refused, and shipped.

use std::collections::BTreeMap;

use crate::rule::{OrderWay, StrategyFile};

const SHIPPED: [(&str, &str); 7] = [
    ("sma_crossover", include_str!("../../../strategies/sma_crossover.toml")),
    ("ema_crossover", include_str!("../../../strategies/ema_crossover.toml")),
    ("rsi_reversal", include_str!("../../../strategies/rsi_reversal.toml")),
    ("momentum_breakout", include_str!("../../../strategies/momentum_breakout.toml")),
    ("mean_reversion", include_str!("../../../strategies/mean_reversion.toml")),
    ("trend_following", include_str!("../../../strategies/trend_following.toml")),
    ("scalping", include_str!("../../../strategies/scalping.toml")),
];

fn shipped(name: &str) -> StrategyFile {
    let (_, text) = SHIPPED.iter().find(|(known, _)| *known == name).unwrap();
    StrategyFile::parse(text, &format!("strategies/{name}.toml")).unwrap()
}

#[test]
fn every_shipped_strategy_compiles_at_both_ends_of_its_ranges() {
    for (name, _) in SHIPPED {
        let file = shipped(name);
        assert_eq!(file.name(), name);
        assert!(file.loses_when().is_some_and(|line| line.len() > 20), "{name} says when it loses");
        for end in [
            |p: &crate::rule::Parameter| p.default,
            |p: &crate::rule::Parameter| p.min.unwrap(),
            |p: &crate::rule::Parameter| p.max.unwrap(),
        ] {
            let params: BTreeMap<_, _> = file.parameters().iter().map(|p| (p.name.clone(), end(p))).collect();
            file.with_params(&params).unwrap().compile("1h".parse().unwrap()).unwrap();
        }
    }
}

#[test]
fn the_sma_crossover_is_long_only_with_ten_and_thirty() {
    let file = shipped("sma_crossover");
    assert_eq!(file.values(), &BTreeMap::from([("fast".to_owned(), 10.0), ("slow".to_owned(), 30.0)]));
    let compiled = file.compile("1m".parse().unwrap()).unwrap();
    assert!(compiled.short.is_none() && compiled.long.unwrap().stop_loss.is_none());
    assert_eq!(compiled.program.warmup_bars(), 31);
    assert!(!compiled.program.uses_position());
}

#[test]
fn parameters_are_checked_by_name_and_range() {
    let file = shipped("rsi_reversal");
    for (name, value, part) in [
        ("rsi_bar", 5.0, "did you mean 'rsi_bars'?"),
        ("rsi_bars", 50.0, "50 is outside 5 to 40"),
        ("rsi_bars", 10.5, "whole number"),
        ("oversold", f64::NAN, "outside"),
    ] {
        let message = file.with_params(&BTreeMap::from([(name.to_owned(), value)])).unwrap_err().to_string();
        assert!(message.contains(part) && message.contains("strategies/rsi_reversal.toml"), "{message}");
    }
    assert_eq!(file.with_params(&BTreeMap::from([("rsi_bars".to_owned(), 20.0)])).unwrap().values()["rsi_bars"], 20.0);
}

#[test]
fn a_parameter_cannot_take_the_name_of_a_series_or_one_that_no_rule_could_write() {
    for (name, part) in [("close", "is a series of every bar already"), ("'fast bars'", "cannot be a name"), ("and", "cannot be a name")] {
        let text = format!("name = 'x'\nabout = 'y'\n[params]\n{name} = {{ default = 1 }}\n[long]\nenter = 'close > 1'\n");
        let message = StrategyFile::parse(&text, "x.toml").unwrap_err().to_string();
        assert!(message.starts_with("x.toml, [params]") && message.contains(part), "{message}");
    }
}

#[test]
fn lets_and_parameters_keep_the_order_of_the_file() {
    let text = "name = 'x'\nabout = 'y'\n[params]\nz = { default = 1 }\na = { default = 2 }\n[let]\nzeta = 'close * z'\nalpha = 'zeta + a'\n[long]\nenter = 'alpha > 1'\n";
    let file = StrategyFile::parse(text, "x.toml").unwrap();
    assert_eq!(file.parameters().iter().map(|p| p.name.as_str()).collect::<Vec<_>>(), ["z", "a"]);
    assert_eq!(file.compile("1h".parse().unwrap()).unwrap().let_names, ["zeta", "alpha"]);
}

#[test]
fn mistakes_in_a_file_name_the_line_and_the_nearest_key() {
    let base = "name = 'x'\nabout = 'y'\n[long]\nenter = 'close > 1'\n";
    for (text, part) in [
        (base.replace("enter", "entr"), "unknown key 'entr'; did you mean 'enter'?"),
        (base.replace("[long]", "[lnog]"), "line 3: unknown key 'lnog'; did you mean 'long'?"),
        (format!("{base}qqqqqqqq = 1"), "known here: enter, exit"),
        (base.replace("name = 'x'\n", ""), "missing field `name`"),
        (base.replace("enter = 'close > 1'", "enter = 5"), "expected a string"),
        (format!("{base}[rules]\norder = 'limit'"), "need a price"),
        (format!("{base}price = 'low'"), "market orders have no price"),
        (format!("{base}[rules]\norder = 'market '"), "market"),
        (format!("{base}[params]\nn = {{ default = 5, max = 4 }}"), "[params] n: the default 5 is outside 4 and below"),
        (format!("{base}[params]\nn = {{ default = 5, mx = 4 }}"), "did you mean 'max'?"),
        ("name = 'x'\nabout = 'y'".to_owned(), "neither a [long] nor a [short]"),
        ("name = ".to_owned(), "x.toml, line 1"),
    ] {
        let message = StrategyFile::parse(&text, "x.toml").unwrap_err().to_string();
        assert!(message.contains(part), "{text}\n{message}");
    }
    let message =
        StrategyFile::parse(&base.replace("close", "clsoe"), "x.toml").unwrap().compile("1h".parse().unwrap()).unwrap_err().to_string();
    assert!(message.starts_with("x.toml, [long] enter, column 1: unknown name 'clsoe'"), "{message}");
}

#[test]
fn rules_compile_to_outputs() {
    let text = "name = 'x'\nabout = 'y'\n[short]\nenter = 'close > 1'\nprice = 'high[1]'\n[rules]\norder = 'stop'\nmax_bars = 9\ntrail = { distance = '2 * atr(3)' }\nbreak_even = 'atr(3)'\n";
    let compiled = StrategyFile::parse(text, "x.toml").unwrap().compile("1h".parse().unwrap()).unwrap();
    assert!(compiled.long.is_none() && compiled.short.unwrap().price.is_some());
    assert!(compiled.trail_distance.is_some() && compiled.trail_activate.is_none() && compiled.break_even.is_some());
    assert_eq!((compiled.order, compiled.max_bars, compiled.cooldown_bars), (OrderWay::Stop, Some(9), 0));
}
