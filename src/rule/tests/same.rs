//! The two ways of running give the same bits, and a run cut short gives the same beginning.

use std::collections::BTreeMap;
use std::sync::Arc;

use proptest::prelude::{BoxedStrategy, Just, Strategy, any, prop, prop_assert_eq, prop_oneof, proptest};

use super::closing_at;
use crate::market::{Bars, Calendar};
use crate::rule::{Book, Columns, Kind, Machine, Program, Sheet, Source};

fn number() -> BoxedStrategy<String> {
    let series = prop::sample::select(
        &[
            "open",
            "high",
            "low",
            "close",
            "volume",
            "hl2",
            "hour",
            "session",
            "position.bars",
            "position.pnl_fraction",
            "model(\"m\")",
            "spread",
            "3",
            "0",
            "n",
        ][..],
    )
    .prop_map(str::to_owned);
    let studies = prop::sample::select(
        &[
            "atr(5)",
            "adx(4)",
            "plus_di(3)",
            "stoch_k(5, 2)",
            "stoch_d(5, 2, 3)",
            "cci(6)",
            "willr(5)",
            "mfi(5)",
            "obv()",
            "donchian_upper(7)",
            "keltner_lower(5, 1.5, 4)",
            "supertrend(5, 2)",
            "vwap()",
            "realized_vol(6)",
            "body_fraction()",
            "upper_wick_fraction()",
            "lower_wick_fraction()",
            "minus_di(3)",
            "donchian_lower(4)",
            "keltner_upper(5, 1.5, 4)",
            "macd(close, 4, 2)",
            "tr()",
        ][..],
    )
    .prop_map(str::to_owned);
    prop_oneof![2 => series, 1 => studies]
        .prop_recursive(4, 24, 3, |inner| {
            let condition = (inner.clone(), prop::sample::select(&["<", "<=", ">", ">=", "==", "!="][..]), inner.clone(), any::<bool>())
                .prop_map(|(a, op, b, not)| format!("{}({a} {op} {b})", if not { "not " } else { "" }));
            prop_oneof![
                (inner.clone(), prop::sample::select(&["+", "-", "*", "/"][..]), inner.clone())
                    .prop_map(|(a, op, b)| format!("({a} {op} {b})")),
                (
                    prop::sample::select(
                        &[
                            "sma",
                            "ema",
                            "wma",
                            "rma",
                            "rsi",
                            "roc",
                            "momentum",
                            "stddev",
                            "zscore",
                            "linreg_slope",
                            "highest",
                            "lowest",
                            "sum"
                        ][..]
                    ),
                    inner.clone(),
                    1..9u32
                )
                    .prop_map(|(f, x, n)| {
                        let least = if matches!(f, "zscore" | "linreg_slope") { 2 } else { 1 };
                        format!("{f}({x}, {})", n.max(least))
                    }),
                (prop::sample::select(&["bb_upper", "bb_lower", "bb_width", "bb_position"][..]), inner.clone(), 2..9u32)
                    .prop_map(|(f, x, n)| format!("{f}({x}, {n}, 2)")),
                (prop::sample::select(&["macd_signal", "macd_hist"][..]), inner.clone()).prop_map(|(f, x)| format!("{f}({x}, 3, 6, 4)")),
                (prop::sample::select(&["abs", "sign", "sqrt", "log", "exp", "round", "-"][..]), inner.clone())
                    .prop_map(|(f, x)| format!("{f}({x})")),
                (inner.clone(), 0..40u32).prop_map(|(x, n)| format!("{x}[{n}]")),
                (condition.clone(), inner.clone(), inner.clone()).prop_map(|(c, a, b)| format!("if({c}, {a}, {b})")),
                condition.clone().prop_map(|c| format!("bars_since({c})")),
                (condition, 1..9u32).prop_map(|(c, n)| format!("count(({c})[2], {n})")),
                (prop::sample::select(&["crosses_above", "crosses_below"][..]), inner.clone(), inner.clone())
                    .prop_map(|(f, a, b)| format!("if({f}({a}, {b}), 1, 0)")),
                (prop::sample::select(&["rising", "falling"][..]), inner.clone(), 1..4u32)
                    .prop_map(|(f, x, n)| format!("if({f}({x}, {n}), 1, 0)")),
                (prop::sample::select(&["min", "max"][..]), inner.clone(), inner).prop_map(|(f, a, b)| format!("{f}({a}, {b})")),
                Just("on(\"4h\", sma(close, 2) - close[1])".to_owned()),
                Just("if(on(\"1d\", rising(close, 2)), on(\"1d\", atr(3)), 0)".to_owned()),
            ]
        })
        .boxed()
}

fn prices(len: usize) -> Bars {
    let mut state = 12345_u64;
    let mut price = 100.0;
    let closes: Vec<f64> = (0..len)
        .map(|_| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            // Steps of a quarter, so that ties and crossings at equality occur.
            price += ((state >> 61) as f64 - 3.5).round() * 0.25;
            price
        })
        .collect();
    closing_at(&closes)
}

/// The bits of `x`, and whether the rule holds.
type Said = (Option<u64>, bool);

fn run(program: &Arc<Program>, bars: &Arc<Bars>, attached: bool) -> Vec<Said> {
    run_with(program, bars, attached, book)
}

fn run_with(program: &Arc<Program>, bars: &Arc<Bars>, attached: bool, book: impl Fn(usize) -> Book) -> Vec<Said> {
    let mut machine = Machine::new(Arc::clone(program));
    if attached {
        machine.attach(Arc::clone(bars));
    }
    let (id, rule) = (program.output("x").unwrap(), program.output("rule").unwrap());
    let step = |(i, bar)| {
        if let Ok(slot) = program.model_slot("m") {
            machine.set_model(slot, (i % 5 > 1).then_some(i as f64 / 2000.0));
        }
        machine.step(&bar, &book(i));
        (machine.number(id).map(f64::to_bits), machine.holds(rule))
    };
    bars.iter().enumerate().map(step).collect()
}

/// What is known of a position at row `i`; flat where `i` says so.
fn book(i: usize) -> Book {
    if i % 7 < 3 { Book::default() } else { Book { bars: Some(i as u32 % 7 - 3), pnl_fraction: Some(i as f64 / 1000.0 - 0.5) } }
}

/// What a sheet says of the rows that `is_looked_at`, the others passed; nothing where the program has to be stepped.
fn read(program: &Program, columns: &Columns, is_looked_at: impl Fn(usize) -> bool) -> Option<Vec<(usize, Said)>> {
    let (id, rule) = (program.output("x").unwrap(), program.output("rule").unwrap());
    let mut sheet = Sheet::new(program, columns, 0, &[id, rule])?;
    let mut told = Vec::new();
    for row in 0..sheet.rows() {
        if is_looked_at(row) {
            sheet.step(&book(row));
            told.push((row, (sheet.number(id).map(f64::to_bits), sheet.holds(rule))));
        } else {
            sheet.pass(1);
        }
    }
    Some(told)
}

/// The rows at which the rule holds flat, found word by word.
fn found(program: &Program, columns: &Columns) -> Vec<usize> {
    let rule = program.output("rule").unwrap();
    let mut sheet = Sheet::new(program, columns, 0, &[rule]).unwrap();
    let rows = sheet.rows();
    let words = (0..rows).step_by(64).map(|start| (start, sheet.rows_where(rule, start, (rows - start).min(64), &Book::default())));
    words.flat_map(|(start, word)| (0..64).filter(move |bit| word >> bit & 1 == 1).map(move |bit| start + bit)).collect()
}

fn compiled(text: &str, bars: &Bars) -> Arc<Program> {
    let x = Source { name: "x", text, kind: Kind::Let, place: "p" };
    let rule = Source { name: "rule", text: "not (x > 1)", kind: Kind::Rule, place: "p" };
    let params = BTreeMap::from([("n".to_owned(), 2.0)]);
    Arc::new(Program::compile(&[x, rule], &params, bars.timeframe(), Calendar::default()).unwrap())
}

proptest! {
    #[test]
    fn a_sheet_says_at_any_row_what_a_machine_says_there(text in number(), others in prop::collection::vec(number(), 3)) {
        let bars = Arc::new(prices(1500));
        let program = compiled(&text, &bars);
        let whole = run(&program, &bars, true);
        // Room for a few columns only, and other programs that push them out.
        let columns = Columns::with_room(Arc::clone(&bars), Calendar::default(), 50_000);
        for other in &others {
            read(&compiled(other, &bars), &columns, |row| row % 100 == 0);
        }
        for step in [1, 3, 70] {
            let Some(told) = read(&program, &columns, |row| row % step == 0) else { break };
            for (row, said) in told {
                prop_assert_eq!(said, whole[row], "{} at row {}", text, row);
            }
        }
        if Sheet::new(&program, &columns, 0, &[]).is_some() {
            let flat = run_with(&program, &bars, true, |_| Book::default());
            let expected: Vec<usize> = (0..bars.len()).filter(|row| flat[*row].1).collect();
            prop_assert_eq!(found(&program, &columns), expected, "{}", text);
        }
    }

    #[test]
    fn blocks_and_single_steps_give_the_same_bits(text in number(), cut in 1..1500_usize) {
        let bars = Arc::new(prices(1500));
        let program = compiled(&text, &bars);
        let whole = run(&program, &bars, true);
        prop_assert_eq!(&whole, &run(&program, &bars, false), "{}", text);
        // What is known at a row does not change with what comes after it.
        let short = Arc::new(bars.slice(0..cut));
        prop_assert_eq!(&whole[..cut], &run(&program, &short, true)[..], "{}", text);
    }
}

#[test]
fn equal_sub_expressions_are_one_node() {
    let compile = |text| {
        Program::compile(
            &[Source { name: "x", text, kind: Kind::Let, place: "p" }],
            &BTreeMap::new(),
            "1h".parse().unwrap(),
            Calendar::default(),
        )
        .unwrap()
    };
    assert_eq!(compile("sma(close, 5) + sma(close, 5)").plan.ops.len(), 3, "close, the mean, the sum");
    assert_eq!(compile("2 * 3 + sqrt(16)").plan.ops.len(), 1, "one constant");
    // The same in two rules of a strategy: close, its mean, and one cross over 3 (its two lags, two comparisons, their and, the 3).
    let rule = |name| Source { name, text: "crosses_above(sma(close, 5), 3)", kind: Kind::Rule, place: "p" };
    let sources = [rule("enter"), rule("again")];
    let two = Program::compile(&sources, &BTreeMap::new(), "1h".parse().unwrap(), Calendar::default()).unwrap();
    assert_eq!(two.plan.ops.len(), 8);
}
