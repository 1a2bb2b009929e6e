//! The rule language from outside: every function against an independent computation, on bars with every awkwardness at once.
//!
//! The table's values come from a program of its own in another language (NumPy, each value computed afresh from its whole window or, for the
//! recursive averages, by the textbook recursion), fed with the same 400 bars: ties, bars without range, dead stretches without volume, gaps.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::sync::Arc;

use cthulu_lab::experiment::{Experiment, Spec, Watchers};
use cthulu_lab::market::{Bar, Bars, Calendar};
use cthulu_lab::rule::{Book, FUNCTIONS, Kind, Machine, Program, SERIES, Source, StrategyFile, evaluate};
use cthulu_lab::time::{HOUR, Nanos};

/// Missing.
const N: f64 = f64::NAN;

/// A linear congruential generator that any language can repeat.
struct Noise(u64);

impl Noise {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % n
    }
}

/// Hourly bars from Monday, 2 January 2017, in steps of a quarter; of every fifty the last ten stand still without volume.
fn awkward(rows: usize) -> Bars {
    let mut noise = Noise(20_170_103);
    let mut bars = Bars::new("1h".parse().unwrap());
    let start: Nanos = "2017-01-02T00:00:00Z".parse().unwrap();
    let (mut hour, mut price) = (0, 100.0);
    for row in 0..rows {
        if noise.below(23) == 0 {
            hour += 5;
        }
        let opened_at = start.plus(hour * HOUR);
        let mut bar =
            Bar { opened_at, closed_at: opened_at.plus(HOUR), open: price, high: price, low: price, close: price, ..Bar::default() };
        if row % 50 < 40 {
            bar.close = price + (noise.below(7) as f64 - 3.0) * 0.25;
            bar.high = bar.open.max(bar.close) + noise.below(3) as f64 * 0.25;
            bar.low = bar.open.min(bar.close) - noise.below(3) as f64 * 0.25;
            bar.volume = noise.below(4) as f64 * 100.0;
            price = bar.close;
        }
        bars.push(&bar);
        hour += 1;
    }
    bars
}

const ROWS: [usize; 5] = [20, 46, 131, 222, 337];

/// Expression, first row with a value, and the values at [`ROWS`].
#[rustfmt::skip]
const INDEPENDENT: &[(&str, usize, [f64; 5])] = &[
    ("sma(close, 5)", 4, [97.55, 96.5, 95.35, 97.2, 100.8]),
    ("ema(close, 14)", 13, [98.28508895776342, 96.23959232069285, 95.87394164955683, 96.84503344516946, 100.82277870505979]),
    ("wma(close, 5)", 4, [97.63333333333334, 96.5, 95.43333333333334, 97.4, 100.86666666666666]),
    ("rma(close, 14)", 13, [98.67347976965891, 96.39359019611489, 96.08714818471279, 96.88242465484537, 100.74226638154771]),
    ("rsi(close, 14)", 14, [33.89961659178108, 50.11586380644137, 47.20016753282212, 59.97771369318277, 52.4430192948799]),
    ("rsi(close, 2)", 2, [53.65506015223529, 94.6324699870769, 69.03831685429304, 92.39259930475654, 71.4970407021384]),
    ("macd(close, 6, 13)", 12, [-0.42189185609129254, 0.19254510000372704, -0.3203235504043107, 0.3142107498283906, -0.02549303447614193]),
    ("macd_signal(close, 6, 13, 5)", 16, [-0.46393611993621064, 0.1961385620984619, -0.3646722316467916, 0.10295196301446122, -0.1086640696727473]),
    ("macd_hist(close, 6, 13, 5)", 16, [0.042044263844918106, -0.0035934620947348506, 0.04434868124248087, 0.21125878681392937, 0.08317103519660538]),
    ("tr()", 1, [0.5, 0.0, 1.5, 0.5, 0.25]),
    ("atr(7)", 7, [0.780344553846124, 0.3318146076150053, 1.0741374668364567, 0.9779739856811895, 0.801370057869331]),
    ("plus_di(7)", 7, [16.978509657023125, 21.31758232943441, 14.901036714093689, 23.658266452930082, 19.978400200592052]),
    ("minus_di(7)", 7, [21.398441764969395, 17.44105977141603, 17.320499296251228, 7.624756294750259, 13.82901502996032]),
    ("adx(7)", 13, [32.85713537624692, 18.100169485637387, 34.958189365319136, 37.569991786154475, 23.585333764855104]),
    ("bb_upper(close, 5, 2)", 4, [98.13309518948452, 96.5, 96.02823299831252, 98.16953597148327, 101.28989794855663]),
    ("bb_lower(close, 5, 2)", 4, [96.96690481051547, 96.5, 94.67176700168747, 96.23046402851674, 100.31010205144337]),
    ("bb_width(close, 5, 2)", 4, [0.011954796299016386, 0.0, 0.014226177206345543, 0.01994929982475859, 0.009720197391996657]),
    ("bb_position(close, 5, 2)", 4, [0.671498585142513, N, 0.7948839123097998, 0.9125684985035151, 0.7041241452319361]),
    ("bb_mid(close, 5)", 4, [97.55, 96.5, 95.35, 97.2, 100.8]),
    ("stoch_k(5, 3)", 6, [43.214285714285715, 0.0, 54.166666666666664, 75.0, 61.111111111111114]),
    ("stoch_d(5, 3, 4)", 9, [25.611772486772487, 40.0, 37.56403318903319, 67.50841750841752, 59.02777777777778]),
    ("cci(5)", 4, [83.33333333333333, N, 72.64957264957232, 126.43678160919623, 108.9743589743573]),
    ("cci(20)", 19, [-84.50704225352199, 74.90636704119817, -67.13505074160774, 145.45454545454578, -1.0384215991683208]),
    ("willr(5)", 4, [-40.0, -100.0, -28.571428571428573, 0.0, -33.333333333333336]),
    ("mfi(5)", 5, [42.919921875, N, 85.73745944596955, 71.56142927068038, 100.0]),
    ("mfi(14)", 14, [31.648508662261122, 66.66022419791264, 46.90031073302429, 52.24879663056559, 52.4148509399827]),
    ("obv()", 0, [-1000.0, -2500.0, -3300.0, -3000.0, 200.0]),
    ("roc(close, 5)", 5, [0.0, 0.0, 1.055408970976246, 2.083333333333326, 0.7481296758104827]),
    ("momentum(close, 5)", 5, [0.0, 0.0, 1.0, 2.0, 0.75]),
    ("stddev(close, 5)", 4, [0.291547594742265, 0.0, 0.3391164991562634, 0.48476798574163293, 0.2449489742783178]),
    ("zscore(close, 5)", 4, [0.6859943405700452, N, 1.1795356492391937, 1.6502739940140634, 0.8164965809277377]),
    ("linreg_slope(close, 5)", 4, [0.12499999999999999, 0.0, 0.12500000000000003, 0.3, 0.10000000000000002]),
    ("donchian_upper(5)", 5, [98.75, 96.5, 96.25, 98.0, 101.5]),
    ("donchian_lower(5)", 5, [97.0, 96.5, 94.5, 96.0, 100.0]),
    ("keltner_upper(14, 2, 7)", 13, [99.84577806545568, 96.90322153592287, 98.02221658322973, 98.80098141653184, 102.42551882079846]),
    ("keltner_lower(14, 2, 7)", 13, [96.72439985007117, 95.57596310546283, 93.72566671588392, 94.88908547380709, 99.22003858932112]),
    ("supertrend(7, 1.5)", 7, [98.32237013076917, 96.0022780885775, 96.22454173365085, 96.28303902147822, 101.45248173636769]),
    ("vwap()", 0, [97.66666666666667, 96.25, 96.24999999999999, 96.3974358974359, 100.59523809523809]),
    ("highest(high, 5)", 4, [98.25, 96.5, 96.25, 98.0, 101.5]),
    ("lowest(low, 5)", 4, [97.0, 96.5, 94.5, 96.0, 100.0]),
    ("sum(volume, 5)", 4, [700.0, 0.0, 900.0, 700.0, 700.0]),
    ("realized_vol(5)", 5, [0.004435493656903102, 0.0, 0.005976913222600448, 0.004319850497955905, 0.004152723281304294]),
    ("body_fraction()", 0, [0.5, N, 0.5, 1.0, 0.0]),
    ("upper_wick_fraction()", 0, [0.0, N, 0.3333333333333333, 0.0, 1.0]),
    ("lower_wick_fraction()", 0, [0.5, N, 0.16666666666666666, 0.0, 0.0]),
    ("crosses_above(close, sma(close, 5))", 0, [0.0, 0.0, 1.0, 0.0, 0.0]),
    ("crosses_below(close, sma(close, 5))", 0, [0.0, 0.0, 0.0, 0.0, 0.0]),
    ("rising(close, 2)", 0, [0.0, 0.0, 0.0, 1.0, 0.0]),
    ("falling(close, 2)", 0, [0.0, 0.0, 0.0, 0.0, 0.0]),
    ("bars_since(close > open)", 0, [1.0, 7.0, 0.0, 0.0, 1.0]),
    ("count(close > open, 5)", 4, [1.0, 0.0, 4.0, 4.0, 3.0]),
    (r#"on("4h", ema(close, 3))"#, 10, [98.04166666666667, 96.26790364583334, 95.41802600239559, 96.42342276382601, 100.85528317808493]),
    (r#"on("1d", high - low)"#, 18, [4.0, 4.5, 3.25, 2.75, 3.5]),
    (r#"on("1w", close)"#, 142, [N, N, N, 95.75, 100.0]),
];

fn column(expr: &str, bars: &Arc<Bars>) -> Vec<Option<f64>> {
    evaluate(expr, &BTreeMap::new(), bars).unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn every_indicator_agrees_with_an_independent_computation_on_awkward_bars() {
    let bars = Arc::new(awkward(400));
    for (expr, first, values) in INDEPENDENT {
        let ours = column(expr, &bars);
        assert_eq!(ours.iter().position(Option::is_some), Some(*first), "{expr}");
        for (row, expected) in ROWS.into_iter().zip(values) {
            match ours[row] {
                Some(value) => assert!((value - expected).abs() <= 1e-9, "{expr}, row {row}: {value} instead of {expected}"),
                None => assert!(expected.is_nan(), "{expr}, row {row}: missing instead of {expected}"),
            }
        }
    }
}

/// File and field of a published series, and the expression that must give it.
const PUBLISHED: &[(&str, &str, &str)] = &[
    ("sma", "sma", "sma(close, 20)"),
    ("ema", "ema", "ema(close, 20)"),
    ("wma", "wma", "wma(close, 14)"),
    ("smma", "smma", "rma(close, 20)"),
    ("rsi", "rsi", "rsi(close, 14)"),
    ("roc", "roc", "roc(close, 14)"),
    ("roc", "momentum", "momentum(close, 14)"),
    ("stdev", "stdDev", "stddev(close, 14)"),
    ("stdev", "zScore", "zscore(close, 14)"),
    ("tr", "tr", "tr()"),
    ("atr", "atr", "atr(14)"),
    ("adx", "pdi", "plus_di(14)"),
    ("adx", "mdi", "minus_di(14)"),
    ("adx", "adx", "adx(14)"),
    ("bb", "sma", "bb_mid(close, 20)"),
    ("bb", "upperBand", "bb_upper(close, 20, 2)"),
    ("bb", "lowerBand", "bb_lower(close, 20, 2)"),
    ("bb", "width", "bb_width(close, 20, 2)"),
    ("bb", "percentB", "bb_position(close, 20, 2)"),
    ("stoch", "k", "stoch_k(14, 3)"),
    ("stoch", "d", "stoch_d(14, 3, 3)"),
    ("cci", "cci", "cci(20)"),
    ("donchian", "upperBand", "donchian_upper(20)"),
    ("donchian", "lowerBand", "donchian_lower(20)"),
    ("macd", "macd", "macd(close, 12, 26)"),
    ("macd", "signal", "macd_signal(close, 12, 26, 9)"),
    ("macd", "histogram", "macd_hist(close, 12, 26, 9)"),
    ("obv", "obv", "obv()"),
];

#[test]
fn published_series_hold_on_every_row_where_they_are_at_hand() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/golden/skender");
    let Ok(quotes) = fs::read_to_string(folder.join("quotes_default.csv")) else {
        eprintln!("skipped: the published series are not here");
        return;
    };
    let mut bars = Bars::new("1d".parse().unwrap());
    for line in quotes.lines().skip(1) {
        let (date, prices) = line.split_once(',').unwrap();
        let p: Vec<f64> = prices.split(',').map(|cell| cell.parse().unwrap()).collect();
        let opened_at: Nanos = format!("{date}T00:00:00Z").parse().unwrap();
        let closed_at = opened_at.plus(24 * HOUR);
        bars.push(&Bar { opened_at, closed_at, open: p[0], high: p[1], low: p[2], close: p[3], volume: p[4], ..Bar::default() });
    }
    let bars = Arc::new(bars);
    for (file, field, expr) in PUBLISHED {
        let rows: Vec<serde_json::Value> =
            serde_json::from_str(&fs::read_to_string(folder.join(format!("{file}.standard.json"))).unwrap()).unwrap();
        let ours = column(expr, &bars);
        assert_eq!(rows.len(), ours.len());
        for (row, (published, ours)) in rows.iter().zip(ours).enumerate() {
            match (published[field].as_f64(), ours) {
                (Some(a), Some(b)) => assert!((a - b).abs() <= 1e-9, "{expr}, row {row}: {b} instead of {a}"),
                (a, b) => assert_eq!(a, b, "{expr}, row {row}"),
            }
        }
    }
}

/// One call of every function that has no indicator of its own in the table.
const OTHERS: &[&str] = &[
    "if(close > open, high, low)",
    "min(open, close, hl2[3])",
    "max(open, close) - bb_mid(close, 3)",
    "abs(close - open[2])",
    "sign(close - open)",
    "sqrt(close - 99)",
    "log(close - 99)",
    "exp(close - open)",
    "round(close * 2)",
    "clamp(close, low[1], high[1])",
    "model(\"m\") + close",
    "on(\"2h\", on(\"1d\", rsi(close, 2)))",
    "position.bars + bars_since(position.pnl_fraction > 0)",
];

#[test]
fn every_function_and_series_gives_the_same_bits_by_the_block_and_by_the_bar() {
    let bars = Arc::new(awkward(2500));
    let calls = INDEPENDENT.iter().map(|(expr, ..)| *expr).chain(OTHERS.iter().copied()).chain(SERIES.iter().map(|s| s.0));
    let mut called = BTreeSet::new();
    for expr in calls {
        called.extend(
            FUNCTIONS.iter().map(|f| f.0).filter(|name| expr.starts_with(&format!("{name}(")) || expr.contains(&format!(" {name}("))),
        );
        let source = Source { name: "x", text: expr, kind: Kind::Let, place: "test" };
        let program = Arc::new(Program::compile(&[source], &BTreeMap::new(), bars.timeframe(), Calendar::Fx).unwrap());
        let [block, single] = [true, false].map(|attached| {
            let mut machine = Machine::new(Arc::clone(&program));
            if attached {
                machine.attach(Arc::clone(&bars));
            }
            let id = program.output("x").unwrap();
            let step = |(i, bar): (usize, Bar)| {
                let held = (i % 7 > 2).then_some(i as u32 % 7);
                if let Ok(slot) = program.model_slot("m") {
                    machine.set_model(slot, (i % 3 > 0).then_some(i as f64 / 3000.0));
                }
                machine.step(&bar, &Book { bars: held, pnl_fraction: held.map(|n| f64::from(n) - 4.5) });
                machine.number(id).map(f64::to_bits)
            };
            bars.iter().enumerate().map(step).collect::<Vec<_>>()
        });
        assert_eq!(block, single, "{expr}");
    }
    let missing: Vec<_> = FUNCTIONS.iter().map(|f| f.0).filter(|name| !called.contains(name)).collect();
    assert!(missing.is_empty(), "no call of {missing:?} stands in the lists above");
}

#[test]
fn a_spike_leaves_no_trace_once_it_has_left_the_window() {
    let clean = awkward(1500);
    let mut spiked = Bars::new(clean.timeframe());
    for (row, bar) in clean.iter().enumerate() {
        let times = if row == 700 { 1e12 } else { 1.0 };
        let [open, high, low, close] = [bar.open, bar.high, bar.low, bar.close].map(|price| price * times);
        spiked.push(&Bar { open, high, low, close, volume: bar.volume * times, ..bar });
    }
    let (clean, spiked) = (Arc::new(clean), Arc::new(spiked));
    for expr in [
        "sma(close, 20)",
        "wma(close, 20)",
        "sum(volume, 20)",
        "stddev(close, 20)",
        "zscore(close, 20)",
        "bb_width(close, 20, 2)",
        "bb_position(close, 20, 2)",
        "linreg_slope(close, 20)",
        "cci(20)",
        "mfi(19)",
        "willr(20)",
        "stoch_d(14, 3, 3)",
        "highest(high, 20)",
        "donchian_lower(19)",
        "realized_vol(19)",
        "vwap()",
    ] {
        let (clean, spiked) = (column(expr, &clean), column(expr, &spiked));
        for row in 760..1500 {
            let same = match (clean[row], spiked[row]) {
                (Some(a), Some(b)) => (a - b).abs() <= 1e-12 * a.abs().max(1.0),
                (a, b) => a == b,
            };
            assert!(same, "{expr}, row {row}: {:?} and {:?}", clean[row], spiked[row]);
        }
    }
}

#[test]
fn the_page_lists_every_function_and_series_as_it_is() {
    let page = include_str!("../docs/rules.md");
    let cells: Vec<&str> = page.lines().filter(|line| line.starts_with("| `")).filter_map(|line| line.split(" | ").next()).collect();
    let quoted: BTreeSet<&str> = cells.iter().flat_map(|cell| cell.split('`').skip(1).step_by(2)).collect();
    for (name, arguments, _) in FUNCTIONS {
        let usage = match *name {
            "min" | "max" => format!("{name}(a, b, …)"),
            "on" => "on(\"4h\", expr)".to_owned(),
            "model" => "model(\"name\")".to_owned(),
            "keltner_lower" => "keltner_lower(…)".to_owned(),
            _ => format!("{name}({})", arguments.join(", ")),
        };
        assert!(quoted.contains(usage.as_str()), "docs/rules.md lacks {usage}");
    }
    for (name, _) in SERIES {
        assert!(quoted.contains(name), "docs/rules.md lacks {name}");
    }
    for text in quoted.iter().filter(|text| text.contains('(')) {
        let name = text.split('(').next().unwrap();
        assert!(FUNCTIONS.iter().any(|f| f.0 == name), "docs/rules.md lists {name}, which is no function");
    }
}

/// Bars of one hour at these hours after Monday midnight, closing at their hour.
fn at_hours(hours: &[i64]) -> Arc<Bars> {
    let start: Nanos = "2017-01-02T00:00:00Z".parse().unwrap();
    let mut bars = Bars::new("1h".parse().unwrap());
    for hour in hours {
        let (opened_at, price) = (start.plus(hour * HOUR), *hour as f64 + 1.0);
        bars.push(&Bar {
            opened_at,
            closed_at: opened_at.plus(HOUR),
            open: price,
            high: price,
            low: price,
            close: price,
            ..Bar::default()
        });
    }
    Arc::new(bars)
}

#[test]
fn a_longer_bar_is_known_at_its_last_hour_or_at_the_first_that_comes_after_it() {
    // Hour 3 is missing, so 0-4 is known only with hour 4; 4-8 with its last hour, 7; hour 8 stands alone and is known with hour 13.
    let bars = at_hours(&[0, 1, 2, 4, 5, 6, 7, 8, 13, 15, 16]);
    let close = [N, N, N, 3.0, 3.0, 3.0, 8.0, 8.0, 9.0, 16.0, 16.0];
    let before = [N, N, N, N, N, N, 3.0, 3.0, 8.0, 9.0, 9.0];
    for (expr, expected) in [("on(\"4h\", close)", close), ("on(\"4h\", close[1])", before), ("on(\"4h\", on(\"4h\", close))", close)] {
        let ours: Vec<f64> = column(expr, &bars).into_iter().map(|v| v.unwrap_or(N)).collect();
        assert!(ours.iter().zip(expected).all(|(a, b)| a.to_bits() == b.to_bits()), "{expr}: {ours:?}");
    }
    // The value of a bar ago is another thing outside than inside.
    assert_eq!(column("on(\"4h\", close)[1]", &bars)[6], Some(3.0));
}

#[test]
fn days_end_at_midnight_and_weeks_on_sunday_night_utc() {
    // Thursday hours 72 to 95, Friday's first 22 hours, then Monday's: Friday is known with Monday's first bar, and the week with it.
    let hours: Vec<i64> = (72..118).chain(168..170).collect();
    let bars = at_hours(&hours);
    let (days, weeks) = (column("on(\"1d\", close)", &bars), column("on(\"1w\", open)", &bars));
    let known = |column: &[Option<f64>]| {
        column.iter().zip(&hours).map(|(v, h)| (*h, *v)).fold(Vec::new(), |mut steps: Vec<(i64, Option<f64>)>, now| {
            if steps.last().is_none_or(|last| last.1 != now.1) {
                steps.push(now);
            }
            steps
        })
    };
    assert_eq!(known(&days), [(72, None), (95, Some(96.0)), (168, Some(118.0))]);
    assert_eq!(known(&weeks), [(72, None), (168, Some(73.0))]);
}

fn mistake(expr: &str) -> String {
    evaluate(expr, &BTreeMap::from([("n".to_owned(), 3.0)]), &at_hours(&[0])).unwrap_err().to_string()
}

#[test]
fn the_caret_counts_characters_not_bytes() {
    assert_eq!(
        mistake("model(\"größe\") > clsoe"),
        "the expression, column 18: unknown name 'clsoe'; did you mean 'close'?\n  model(\"größe\") > clsoe\n                   ^^^^^"
    );
    assert!(mistake("close > 1 €").starts_with("the expression, column 11: '€' means nothing here"));
}

#[test]
fn the_future_cannot_be_written_in_any_spelling() {
    for expr in ["close[-1]", "close[-n]", "close[1 - n]", "close[-0.5]", "close[n][-1]", "on(\"1d\", close[-1])", "sma(close[-2], 3)"] {
        assert!(mistake(expr).contains("no way to write the future"), "{expr}");
    }
    assert!(mistake("close[n / 2]").contains("must be whole"));
    assert!(mistake("close[close]").contains("must be a constant"));
}

#[test]
fn a_length_that_defines_nothing_is_refused() {
    for expr in ["zscore(close, 1)", "cci(1)", "linreg_slope(close, 1)", "realized_vol(1)", "bb_position(close, 1, 2)"] {
        assert!(mistake(expr).contains("from 2 to 1000000, and this is 1"), "{expr}");
    }
}

#[test]
fn a_model_is_refused_where_none_speaks() {
    assert!(mistake("model(\"entry\") > 0.5").contains("model(\"entry\") has no value here, because this run has no model"));
}

#[test]
fn a_backtest_refuses_a_strategy_that_asks_for_a_model() {
    let strategy = Path::new(env!("CARGO_TARGET_TMPDIR")).join("asks_for_a_model.toml");
    fs::write(&strategy, "name = 'entry'\nabout = 'y'\n[long]\nenter = 'model(\"up\") > 0.5'\n").unwrap();
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("datasets/sp500_d1.csv.gz");
    let text = format!(
        "strategy = '{}'\n[[data]]\npath = '{}'\nsymbol = 'SP500'\nzone = 'UTC'\ndate_order = 'mdy'\n[account]\nlots = 'fractional'\n",
        strategy.display(),
        data.display()
    );
    let experiment = Experiment::new(Spec::parse(&text, Path::new("m.toml")).unwrap()).unwrap();
    let message = experiment.run(Watchers::Off).map(drop).unwrap_err().to_string();
    assert!(message.contains("entry: model(\"up\") has no value here"), "{message}");
}

#[test]
fn an_expression_of_ten_thousand_terms_compiles_and_adds_up() {
    let long = format!("close{}", " + 1".repeat(10_000));
    assert_eq!(column(&long, &at_hours(&[0])), [Some(10_001.0)]);
    let rule = format!("close > 0{}", " and close < 9".repeat(10_000));
    assert_eq!(column(&rule, &at_hours(&[0])), [Some(1.0)]);
}

const STRATEGIES: [&str; 7] = [
    include_str!("../strategies/sma_crossover.toml"),
    include_str!("../strategies/ema_crossover.toml"),
    include_str!("../strategies/rsi_reversal.toml"),
    include_str!("../strategies/momentum_breakout.toml"),
    include_str!("../strategies/mean_reversion.toml"),
    include_str!("../strategies/trend_following.toml"),
    include_str!("../strategies/scalping.toml"),
];

#[test]
fn every_shipped_strategy_compiles_at_every_corner_of_its_ranges_on_every_timeframe() {
    for text in STRATEGIES {
        let file = StrategyFile::parse(text, "shipped").unwrap();
        let ranges: Vec<_> = file.parameters().iter().map(|p| (p.name.clone(), p.min.unwrap(), p.max.unwrap())).collect();
        for corner in 0..1_u32 << ranges.len() {
            let side = |(i, (name, min, max)): (usize, &(String, f64, f64))| (name.clone(), if corner >> i & 1 == 0 { *min } else { *max });
            let set = file.with_params(&ranges.iter().enumerate().map(side).collect()).unwrap();
            for timeframe in ["1m", "1h", "4h", "1d"] {
                set.compile(timeframe.parse().unwrap()).unwrap_or_else(|error| panic!("{}, {timeframe}: {error}", file.name()));
            }
        }
    }
}
