//! Files as traders really have them, where the folder of trials is present: each has the outcome that `docs/data.md` states, either its rows or
//! a refusal that says what to do.

use cthulu_lab::data::{DateOrder, Format, ReadOptions, import};

use super::trials;

/// What the user says about a file.
#[derive(Clone, Copy, Default)]
struct Says {
    format: Option<Format>,
    zone: Option<chrono_tz::Tz>,
    order: Option<DateOrder>,
    point: Option<f64>,
}

const NOTHING: Says = Says { format: None, zone: None, order: None, point: None };
const DMY: Says = Says { order: Some(DateOrder::Dmy), ..NOTHING };
const MDY: Says = Says { order: Some(DateOrder::Mdy), ..NOTHING };
const POINT: Option<f64> = Some(0.00001);

const fn zone(zone: chrono_tz::Tz) -> Says {
    Says { zone: Some(zone), ..NOTHING }
}

const fn format(format: Format) -> Says {
    Says { format: Some(format), ..NOTHING }
}

/// Rows, first time and first close; or the kind and row of the first error.
type Outcome = Result<(u64, &'static str, f64), (&'static str, Option<u64>)>;

const DIRTY: [(&str, Says, Outcome); 40] = [
    ("EURUSD_ticks_fxcm_20140501_crossed_quotes.csv.gz", NOTHING, Err(("crossed_quote", Some(38)))),
    ("SP500_M1_2019-11_OCHL_order.csv", NOTHING, Err(("ambiguous_date", Some(2)))),
    ("SP500_M1_2019-11_OCHL_order.csv", MDY, Err(("ambiguous_zone", Some(2)))),
    (
        "SP500_M1_2019-11_OCHL_order.csv",
        Says { zone: Some(chrono_tz::America::New_York), ..MDY },
        Ok((1563, "2019-11-05T14:30:00Z", 3080.49)),
    ),
    ("barchart_JPYUSD_sci_notation.csv", NOTHING, Ok((519, "2018-03-12T00:00:00Z", 0.009397))),
    ("barchart_JPYUSD_sci_notation.csv", DMY, Err(("out_of_order", Some(3)))),
    ("binance_layout_BTCUSD_1m.csv.gz", NOTHING, Ok((2880, "2017-09-03T00:00:00Z", 4652.69))),
    ("dukascopy_jetta_M1_EURUSD_20260710.json", NOTHING, Ok((1258, "2026-07-10T00:00:00Z", 1.14324))),
    ("dukascopy_jetta_ticks_EURUSD_20260713T12.json", NOTHING, Ok((3551, "2026-07-13T12:00:00.093Z", 1.14273))),
    ("dukascopy_ticks_with_gaps.json", NOTHING, Ok((380, "2022-05-27T07:10:01.258Z", 7188.569))),
    ("dukascopy_layout_EURUSD_M1_BID_201405.csv.gz", NOTHING, Ok((9552, "2014-05-01T00:00:00Z", 1.38686))),
    ("dukascopy_layout_EURUSD_M1_BID_201405.csv.gz", format(Format::Csv), Err(("ambiguous_date", Some(2)))),
    ("dukascopy_node_EURUSD_D1.csv", NOTHING, Ok((24, "2021-02-01T00:00:00Z", 1.20676))),
    ("ejtrader_EURUSDd1_points_floatnoise.csv", NOTHING, Ok((2400, "2012-12-04T00:00:00Z", 130_935.0))),
    ("ejtrader_EURUSDd1_points_floatnoise.csv", Says { point: POINT, ..NOTHING }, Ok((2400, "2012-12-04T00:00:00Z", 1.30935))),
    ("googlefinance_ORCL_2010_malformed.csv", NOTHING, Err(("unparsable", Some(2)))),
    ("histdata_layout_DAT_ASCII_EURUSD_M1_201405.csv.gz", NOTHING, Err(("ambiguous_format", Some(1)))),
    ("histdata_layout_DAT_ASCII_EURUSD_M1_201405.csv.gz", format(Format::HistData), Ok((9552, "2014-05-01T00:00:00Z", 1.38686))),
    ("histdata_layout_DAT_ASCII_EURUSD_M1_201405.csv.gz", zone(chrono_tz::Etc::GMTPlus5), Ok((9552, "2014-05-01T00:00:00Z", 1.38686))),
    ("jesuistm_GBPUSD_M1_2018-06_BOM.csv.gz", NOTHING, Err(("missing_column", Some(1)))),
    ("mt5_native_layout_EURUSD_M1_201405_EEST.csv.gz", NOTHING, Err(("ambiguous_zone", Some(2)))),
    ("mt5_native_layout_EURUSD_M1_201405_EEST.csv.gz", zone(chrono_tz::Europe::Athens), Err(("missing_point", None))),
    (
        "mt5_native_layout_EURUSD_M1_201405_EEST.csv.gz",
        Says { point: POINT, ..zone(chrono_tz::Europe::Athens) },
        Ok((9552, "2014-05-01T00:00:00Z", 1.38686)),
    ),
    ("mt5_native_layout_EURUSD_ticks_20140506_EEST.csv.gz", NOTHING, Err(("ambiguous_zone", Some(2)))),
    (
        "mt5_native_layout_EURUSD_ticks_20140506_EEST.csv.gz",
        zone(chrono_tz::Etc::GMTMinus3),
        Ok((44_864, "2014-05-06T00:00:00.158Z", 1.38742)),
    ),
    ("mt_tab_EURUSD_H1_header6_rows7.tsv", NOTHING, Err(("column_count", Some(2)))),
    ("mtgox_trades_2013-01-01.csv", NOTHING, Ok((2331, "2013-01-01T00:04:19.486096Z", 13.51001))),
    ("neurotrader_BTCUSDT3600_close_first_head2000.csv", NOTHING, Err(("ambiguous_zone", Some(2)))),
    ("neurotrader_BTCUSDT3600_close_first_head2000.csv", zone(chrono_tz::Tz::UTC), Ok((2000, "2018-01-08T02:00:00Z", 16_035.465620026269))),
    ("ninjatrader_SPY_M1_2011-01.csv.gz", NOTHING, Err(("ambiguous_format", Some(1)))),
    ("ninjatrader_SPY_M1_2011-01.csv.gz", format(Format::NinjaTrader), Ok((14_180, "2011-01-03T09:00:00Z", 126.39))),
    ("ninjatrader_SPY_M1_2011-01.csv.gz", zone(chrono_tz::Tz::UTC), Ok((14_180, "2011-01-03T09:01:00Z", 126.39))),
    ("quandl_WIKI_AAPL_2012.csv", NOTHING, Ok((250, "2012-01-03T00:00:00Z", 411.23))),
    ("skender_bad.csv", NOTHING, Err(("ambiguous_date", Some(2)))),
    ("skender_bad.csv", MDY, Err(("unparsable", Some(202)))),
    ("skender_zeros.csv", NOTHING, Err(("unparsable", Some(2)))),
    ("skender_zeros.csv", MDY, Err(("unparsable", Some(2)))),
    ("yahoo_new_INTC_1995-2004.csv.gz", NOTHING, Ok((2335, "1995-01-03T00:00:00Z", 3.984375))),
    ("yahoo_old_SPY_2013_descending.csv", NOTHING, Ok((252, "2013-01-02T00:00:00Z", 146.06))),
    ("yahoo_old_SPY_2013_descending.csv", format(Format::Mt5), Err(("format_mismatch", Some(1)))),
];

const CLEAN: [(&str, Says, Outcome); 8] = [
    ("BTCUSDT_H1_2018-2020.csv.gz", NOTHING, Ok((26_134, "2018-01-08T02:00:00Z", 16_035.465_620_03))),
    ("EURUSD_H1_bidask_oanda_2007-2015.csv.gz", NOTHING, Ok((56_007, "2007-01-01T21:00:00Z", 1.31935))),
    ("GBPUSD_H1_mt5_2012-2019.csv.gz", NOTHING, Err(("ambiguous_zone", Some(2)))),
    ("NASDAQ_D1_1999-2018_arch.csv.gz", MDY, Ok((5031, "1999-01-04T00:00:00Z", 2208.050049))),
    ("NASDAQ_D1_1999-2018_arch.csv.gz", NOTHING, Err(("ambiguous_date", Some(2)))),
    ("SP500_D1_1950-2012_skender_longest.csv.gz", NOTHING, Err(("out_of_order", Some(3)))),
    ("SPY_M1_trade_2013-10-04_11.csv.gz", NOTHING, Err(("ambiguous_zone", Some(2)))),
    ("XAUUSD_M1_bidask_oanda_20140501-20140508.csv.gz", NOTHING, Ok((8301, "2014-05-01T00:00:00Z", 1291.464))),
];

#[test]
fn every_vendor_file_is_read_or_refused_for_its_own_reason() {
    let Some(folder) = trials() else { return };
    let within =
        |folder_name: &'static str| move |(name, says, outcome): &(&'static str, Says, Outcome)| (folder_name, *name, *says, *outcome);
    let mut wrong = Vec::new();
    for (place, name, says, expected) in DIRTY.iter().map(within("dirty")).chain(CLEAN.iter().map(within("bars"))) {
        let options = ReadOptions {
            format: says.format,
            zone: says.zone,
            date_order: says.order,
            point: says.point,
            must_name_zone: true,
            ..ReadOptions::default()
        };
        let found = import(&folder.join(place).join(name), &options).unwrap();
        let error = found.checked.findings.iter().find(|f| f.is_error());
        assert!(error.is_none_or(|f| f.message.contains(';')), "{name} names no remedy: {error:?}");
        let outcome = match (error, &found.series) {
            (None, Some(series)) => Ok((found.checked.rows, found.checked.first.unwrap().to_string(), first_price(series))),
            (error, _) => Err(error.map(|f| (f.kind, f.row))),
        };
        if outcome != expected.map(|(rows, first, price)| (rows, first.to_owned(), price)).map_err(Some) {
            wrong.push(format!("{name}: {outcome:?} where {expected:?} was expected"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The first close, bid or price paid.
fn first_price(series: &cthulu_lab::data::Series) -> f64 {
    use cthulu_lab::data::Series;
    match series {
        Series::Bars(bars) => bars.close()[0],
        Series::Ticks(ticks) => ticks.tick(0).bid,
        Series::Trades(trades) => trades.price[0],
    }
}

/// The rows of the table in `docs/data.md`, and the files that each is about.
const TABLE: [(&str, &[&str]); 23] = [
    ("FXCM ticks, 10 % crossed", &["EURUSD_ticks_fxcm_20140501_crossed_quotes.csv.gz"]),
    ("S&P 500 M1, columns O, C, H, L", &["SP500_M1_2019-11_OCHL_order.csv"]),
    ("Barchart JPYUSD, `3.60E-05`, newest first", &["barchart_JPYUSD_sci_notation.csv"]),
    ("Binance layout BTCUSD, no header", &["binance_layout_BTCUSD_1m.csv.gz"]),
    ("Dukascopy differences, M1 and ticks", &["dukascopy_jetta_M1_EURUSD_20260710.json", "dukascopy_jetta_ticks_EURUSD_20260713T12.json"]),
    ("Dukascopy site CSV", &["dukascopy_layout_EURUSD_M1_BID_201405.csv.gz"]),
    ("dukascopy-node CSV", &["dukascopy_node_EURUSD_D1.csv"]),
    ("dukascopy-node ticks JSON, five cells", &["dukascopy_ticks_with_gaps.json"]),
    ("EURUSD D1 in points with float noise (`130583.99999999999`)", &["ejtrader_EURUSDd1_points_floatnoise.csv"]),
    ("Google Finance, `31-Dec-10` and `-`", &["googlefinance_ORCL_2010_malformed.csv"]),
    ("HistData layout", &["histdata_layout_DAT_ASCII_EURUSD_M1_201405.csv.gz"]),
    ("`date,price` with a byte-order mark", &["jesuistm_GBPUSD_M1_2018-06_BOM.csv.gz"]),
    ("MetaTrader 5 M1", &["mt5_native_layout_EURUSD_M1_201405_EEST.csv.gz"]),
    ("MetaTrader 5 ticks", &["mt5_native_layout_EURUSD_ticks_20140506_EEST.csv.gz"]),
    ("MetaTrader H1, six names and seven cells", &["mt_tab_EURUSD_H1_header6_rows7.tsv"]),
    ("Mt. Gox trades, `id,price,amount,type`", &["mtgox_trades_2013-01-01.csv"]),
    ("BTCUSDT H1, close first", &["neurotrader_BTCUSDT3600_close_first_head2000.csv"]),
    ("NinjaTrader SPY M1", &["ninjatrader_SPY_M1_2011-01.csv.gz"]),
    ("Quandl AAPL", &["quandl_WIKI_AAPL_2012.csv"]),
    ("deliberately broken quotes", &["skender_bad.csv"]),
    ("zeros, `01/03/17`", &["skender_zeros.csv"]),
    ("Yahoo, new layout", &["yahoo_new_INTC_1995-2004.csv.gz"]),
    ("Yahoo, old layout", &["yahoo_old_SPY_2013_descending.csv"]),
];

/// `9,552`.
fn thousands(rows: u64) -> String {
    let digits = rows.to_string();
    let lead = digits.len() % 3;
    let groups: Vec<&str> = std::iter::once(&digits[..lead])
        .filter(|lead| !lead.is_empty())
        .chain((lead..digits.len()).step_by(3).map(|i| &digits[i..i + 3]))
        .collect();
    groups.join(",")
}

/// The table's words for an outcome.
fn words(outcome: Outcome) -> Vec<String> {
    let words = match outcome {
        Ok((rows, ..)) => vec![thousands(rows)],
        Err(("ambiguous_date", _)) => vec!["asks".into(), "--date-order".into()],
        Err(("ambiguous_zone", _)) => vec!["asks".into(), "--tz".into()],
        Err(("ambiguous_format", _)) => vec!["asks".into(), "--format".into()],
        Err(("missing_point", _)) => vec!["--symbol".into()],
        // A header is the first row, and needs no number.
        Err((kind, None | Some(1))) => vec!["refused".into(), format!("`{kind}`")],
        Err((kind, Some(row))) => vec!["refused".into(), format!("`{kind}`, row {row}")],
    };
    words.into_iter().collect()
}

#[test]
fn the_table_of_the_documentation_states_these_outcomes() {
    let page = std::fs::read_to_string(std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/data.md")).unwrap();
    let section = page.split("## Files in the wild").nth(1).unwrap().split("\n## ").next().unwrap();
    let rows: Vec<Vec<&str>> = section
        .lines()
        .filter(|line| line.starts_with('|'))
        .skip(2)
        .map(|line| line.trim_matches('|').split(" | ").map(str::trim).collect())
        .collect();
    let labels: Vec<&str> = rows.iter().map(|cells| cells[0]).collect();
    assert_eq!(labels, TABLE.map(|(label, _)| label), "a row for each, in this order");
    let listed: std::collections::BTreeSet<&str> = TABLE.iter().flat_map(|(_, files)| files.iter().copied()).collect();
    assert_eq!(listed, DIRTY.iter().map(|(name, ..)| *name).collect(), "a row for every file");
    for (cells, (label, files)) in rows.iter().zip(&TABLE) {
        let outcomes = |name: &str| DIRTY.iter().filter(move |(file, ..)| *file == name).map(|(.., outcome)| *outcome).collect::<Vec<_>>();
        for name in *files {
            // What a file is without a word said, and what it becomes at last, once everything that is asked for is said.
            let all = outcomes(name);
            let read = all.iter().rev().find(|outcome| outcome.is_ok());
            for outcome in all.first().into_iter().chain(read) {
                // The file in points is told by its price, before and after.
                let price = outcome
                    .map_or_else(|_| String::new(), |(.., price)| if price > 1e4 { thousands(price as u64) } else { price.to_string() });
                let is_told = words(*outcome).iter().all(|word| cells[1].contains(word.as_str()));
                assert!(is_told || (!price.is_empty() && cells[1].contains(&price)), "{label}: '{}' does not tell {outcome:?}", cells[1]);
            }
        }
        // And no count that is nobody's.
        let counts = cells[1].split_inclusive(&[' ', ';']).collect::<Vec<_>>();
        for pair in counts
            .windows(2)
            .filter(|pair| ["bars", "ticks", "trades"].iter().any(|what| pair[1].trim_end_matches([' ', ';', ',']) == *what))
        {
            let count = pair[0].trim();
            let known = files.iter().flat_map(|name| outcomes(name)).filter_map(|outcome| outcome.ok()).map(|(rows, ..)| thousands(rows));
            assert!(known.into_iter().any(|rows| rows == count), "{label}: {count} is no outcome");
        }
    }
}
