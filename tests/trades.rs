//! Plain trades: bars out of them, runs on them where somebody says so, and nothing lost on the way through files.

use std::fs;

use cthulu_lab::{
    data::{DayEnd, ReadOptions, Trades, read_bars, read_trades, resample_trades, write_trades_csv, write_trades_parquet},
    time::{MINUTE, Nanos, SECOND},
};
use proptest::prelude::*;
use serde_json::Value;

use crate::cli::{Scratch, lab};

/// 2024-01-01, in seconds.
const START: i64 = 1_704_067_200;

/// `unix,price,amount`, seconds after the start.
fn text(rows: &[(i64, f64, f64)]) -> String {
    rows.iter().map(|(second, price, amount)| format!("{},{price},{amount}\n", START + second)).collect()
}

fn told(output: &std::process::Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap() + &String::from_utf8(output.stderr.clone()).unwrap()
}

#[test]
fn trades_become_bars_by_price_and_amount_and_an_empty_minute_none() {
    let scratch = Scratch::new("trades-resample");
    // The minutes 0 and 2; the trade at second 60·2 opens minute 2.
    let rows =
        [(0, 100.0, 0.5), (20, 103.0, 0.25), (20, 99.0, 1.0), (59, 101.0, 0.25), (120, 102.0, 2.0), (180, 98.0, 1.0), (240, 97.0, 1.0)];
    let file = scratch.file("BTC.csv", &text(&rows));
    for out in ["bars.csv", "bars.parquet"] {
        let done = lab(&["data", "resample", &file, "--to", "1m", "--out", &scratch.path(out)]);
        assert!(done.status.success() && told(&done).contains("4 bars of 1m from 7 trades"), "{}", told(&done));
        assert!(told(&done).contains("price_side = \"trade\""));
        let bars = read_bars(&scratch.0.join(out), &ReadOptions { timeframe: Some("1m".parse().unwrap()), ..ReadOptions::default() });
        let rows: Vec<_> =
            bars.unwrap().iter().map(|b| (b.opened_at.0 / SECOND - START, b.open, b.high, b.low, b.close, b.volume, b.ask)).collect();
        assert_eq!(rows[..2], [(0, 100.0, 103.0, 99.0, 101.0, 2.0, None), (120, 102.0, 102.0, 102.0, 102.0, 2.0, None)], "{out}");
    }
    // A folder of two such files is resampled as one: the second goes on inside minute 2.
    scratch.file("BTCUSD/ticks/1.csv", &text(&rows[..5]));
    scratch.file("BTCUSD/ticks/2.csv", &text(&[(130, 105.0, 1.0), (190, 104.0, 1.0)]));
    let (folder, out) = (scratch.path("BTCUSD/ticks"), scratch.path("joined.csv"));
    let done = lab(&["data", "resample", &folder, "--to", "1m", "--out", &out]);
    assert!(done.status.success() && told(&done).contains("3 bars of 1m from 7 trades"), "{}", told(&done));
    assert!(fs::read_to_string(&out).unwrap().contains("2024-01-01T00:02:00Z,102,105,102,105,3\n"));
}

/// Rising by 1 every ten seconds, half an hour long.
fn rising() -> String {
    text(&(0..180).map(|i| (10 * i, 100.0 + i as f64, 1.0)).collect::<Vec<_>>())
}

fn experiment(scratch: &Scratch, file: &str, more: &str) -> std::process::Output {
    let strategy = scratch.file(
        "once.toml",
        "name = \"once\"\nabout = \"A test.\"\n[long]\nenter = \"minute == 5\"\nexit = \"minute == 7\"\n[rules]\ncooldown_bars = 60\n",
    );
    let question = format!(
        "strategy = '{strategy}'\n[account]\nsizing = {{ method = \"lots\", value = 1 }}\nlots = \"broker\"\n[[data]]\npath = '{file}'\nsymbol = \"BTCUSD\"\n{more}"
    );
    let question = scratch.file("question.toml", &question);
    lab(&["backtest", &question, "--no-report", "--json", "--out", &scratch.path("run")])
}

#[test]
fn a_run_deals_at_traded_prices_only_where_somebody_says_so() {
    let scratch = Scratch::new("trades-run");
    let file = scratch.file("BTCUSD.csv", &rising());
    let done = experiment(&scratch, &file, "timeframe = \"1m\"\n");
    assert_eq!(done.status.code(), Some(2));
    for word in ["holds trades", "price_side = \"trade\"", "data resample"] {
        assert!(told(&done).contains(word), "{}", told(&done));
    }
    let done = experiment(&scratch, &file, "price_side = \"trade\"\n");
    assert!(done.status.code() == Some(2) && told(&done).contains("name the bars"), "{}", told(&done));
    // BTCUSD has a point of 0.01: a spread of 1 around the traded price. The bar that opens at minute 5 closes at minute 6, whose first trade is
    // number 36 at 136; that of minute 8 is number 48 at 148.
    let done = experiment(&scratch, &file, "timeframe = \"1m\"\nprice_side = \"trade\"\n[costs]\nspread = 100.0\n");
    assert!(done.status.success(), "{}", told(&done));
    let run: Value = serde_json::from_slice(&done.stdout).unwrap();
    assert_eq!((&run["manifest"]["data"][0]["ticks"], &run["metrics"]["bars"]), (&180.into(), &30.into()));
    let trades = fs::read_to_string(scratch.0.join("run/trades.csv")).unwrap();
    let row: Vec<&str> = trades.lines().nth(1).unwrap().split(',').collect();
    assert_eq!((row[5], row[7], row[8]), ("136.5", "147.5", "11"), "{trades}");
    // Without a spread nobody is charged one, and the run says so; there is none in the file to take.
    let done = experiment(&scratch, &file, "timeframe = \"1m\"\nprice_side = \"trade\"\n");
    let run: Value = serde_json::from_slice(&done.stdout).unwrap();
    assert!(run["warnings"].to_string().contains("Neither a spread nor a commission"), "{}", run["warnings"]);
    let done = experiment(&scratch, &file, "timeframe = \"1m\"\nprice_side = \"trade\"\n[costs]\nspread = \"data\"\n");
    assert!(done.status.code() == Some(2) && told(&done).contains("neither quotes nor a spread column"), "{}", told(&done));
}

#[test]
fn an_expression_is_seen_on_the_bars_of_trades() {
    let scratch = Scratch::new("trades-eval");
    let file = scratch.file("BTC.csv", &rising());
    let done = lab(&["eval", "high - low", "--data", &file, "--timeframe", "1m"]);
    assert!(told(&done).starts_with("time,value\n2024-01-01T00:00:00Z,5\n"), "{}", told(&done));
    let done = lab(&["eval", "close", "--data", &file]);
    assert!(done.status.code() == Some(2) && told(&done).contains("name the bars"), "{}", told(&done));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn trades_written_come_back_to_the_bit_and_their_bars_add_up(
        rows in proptest::collection::vec((0..200_000_i64, 1e-6..1e6_f64, 0.0..1e6_f64), 1..60)
    ) {
        let mut at = START * SECOND;
        let times: Vec<Nanos> = rows.iter().map(|(step, ..)| { at += step * 1_000_000; Nanos(at) }).collect();
        let trades = Trades { at: times, price: rows.iter().map(|r| r.1).collect(), amount: rows.iter().map(|r| r.2).collect() };
        let scratch = Scratch::new("trades-round");
        for name in ["trades.csv", "trades.csv.gz", "trades.parquet"] {
            let path = scratch.0.join(name);
            if name.ends_with("parquet") { write_trades_parquet(&trades, &path).unwrap() } else { write_trades_csv(&trades, &path).unwrap() }
            prop_assert_eq!(&read_trades(&path, &ReadOptions::default()).unwrap(), &trades, "{}", name);
        }
        let bars = resample_trades(&trades, "5m".parse().unwrap(), DayEnd::Utc).unwrap();
        for bar in bars.iter() {
            let inside = |i: &usize| trades.at[*i] >= bar.opened_at && trades.at[*i] < bar.opened_at.plus(5 * MINUTE);
            let own: Vec<usize> = (0..trades.len()).filter(inside).collect();
            let prices: Vec<f64> = own.iter().map(|i| trades.price[*i]).collect();
            let volume = own.iter().fold(0.0, |sum, i| if sum == 0.0 { trades.amount[*i] } else { sum + trades.amount[*i] });
            prop_assert_eq!((bar.open, bar.close), (prices[0], prices[prices.len() - 1]));
            prop_assert_eq!(bar.high, prices.iter().copied().fold(f64::MIN, f64::max));
            prop_assert_eq!(bar.low, prices.iter().copied().fold(f64::MAX, f64::min));
            prop_assert!((bar.volume - volume).abs() <= 1e-9 * volume);
        }
    }
}
