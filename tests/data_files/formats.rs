//! Each vendor's layout in a few lines: told by itself, read to the bit, or answered by the question that it leaves open.

use cthulu_lab::{
    data::{DateOrder, Format, ReadOptions, check, check_bytes, read_bars, read_ticks, read_trades},
    market::Tick,
    time::Nanos,
};

use super::{errors, examine, file};

fn none() -> ReadOptions {
    ReadOptions::default()
}

fn named(format: Format) -> ReadOptions {
    ReadOptions { format: Some(format), ..none() }
}

fn zone(zone: chrono_tz::Tz) -> ReadOptions {
    ReadOptions { zone: Some(zone), ..none() }
}

const MT5: &str = "<DATE>\t<TIME>\t<OPEN>\t<HIGH>\t<LOW>\t<CLOSE>\t<TICKVOL>\t<VOL>\t<SPREAD>\r\n\
    2014.05.01\t03:00:00\t1.38676\t1.38686\t1.38669\t1.38685\t43\t0\t11\r\n\
    2014.05.01\t03:01:00\t1.38688\t1.38690\t1.38685\t1.38689\t16\t0\t13\r\n";

/// The two minutes that every layout below spells: openings at midnight and a minute later.
#[test]
fn the_same_two_minutes_in_every_vendors_words() {
    let plain = "2014-05-01T00:00:00Z,1.38676,1.38686,1.38669,1.38685,43\n2014-05-01T00:01:00Z,1.38688,1.38690,1.38685,1.38689,16\n";
    let expected = read_bars(&file("plain_minutes.csv", plain), &none()).unwrap();
    let lines = |first: &str, second: &str, delimiter: &str| {
        let row = |at: &str, rest: &str| format!("{at},{rest}\n").replace(',', delimiter);
        row(first, "1.38676,1.38686,1.38669,1.38685,43") + &row(second, "1.38688,1.38690,1.38685,1.38689,16")
    };
    let kline = |scale: u64| {
        let row = |at: u64, rest: &str| format!("{},{rest},{},1.5,7,0.5,0.25,0\n", at * scale, (at + 60_000) * scale - 1);
        row(1_398_902_400_000, "1.38676,1.38686,1.38669,1.38685,43") + &row(1_398_902_460_000, "1.38688,1.38690,1.38685,1.38689,16")
    };
    let athens = zone(chrono_tz::Europe::Athens);
    let semicolons = |a: &str, b: &str| lines(a, b, ";");
    for (name, text, options, format) in [
        ("mt5", MT5.to_owned(), ReadOptions { point: Some(0.00001), ..athens.clone() }, Format::Mt5),
        ("mt5 without spread", MT5.replace("\t<SPREAD>", "").replace("\t11\r", "\r").replace("\t13\r", "\r"), athens.clone(), Format::Mt5),
        ("mt4", lines("2014.05.01,03:00", "2014.05.01,03:01", ","), athens, Format::Mt4),
        ("binance ms", kline(1), none(), Format::Binance),
        ("binance us", kline(1000), none(), Format::Binance),
        ("dukascopy", format!("Gmt time,Open,High,Low,Close,Volume\n{}", lines("01.05.2014 00:00:00.000", "01.05.2014 00:01:00.000", ",")), none(), Format::Dukascopy),
        (
            "dukascopy local",
            format!("Local time,Open,High,Low,Close,Volume\n{}", lines("01.05.2014 03:00:00.000 GMT+0300", "01.05.2014 03:01:00.000 GMT+0300", ",")),
            none(),
            Format::Dukascopy,
        ),
        ("dukascopy-node csv", format!("timestamp,open,high,low,close,volume\n{}", lines("1398902400000", "1398902460000", ",")), none(), Format::Csv),
        ("histdata", semicolons("20140430 190000", "20140430 190100"), named(Format::HistData), Format::HistData),
        ("histdata by its zone", semicolons("20140430 190000", "20140430 190100"), zone(chrono_tz::Etc::GMTPlus5), Format::HistData),
        ("ninjatrader", semicolons("20140501 000100", "20140501 000200"), named(Format::NinjaTrader), Format::NinjaTrader),
        (
            "dukascopy-node objects",
            "[{\"timestamp\":1398902400000,\"open\":1.38676,\"high\":1.38686,\"low\":1.38669,\"close\":1.38685,\"volume\":43},\
              {\"timestamp\":1398902460000,\"open\":1.38688,\"high\":1.38690,\"low\":1.38685,\"close\":1.38689,\"volume\":16}]"
                .to_owned(),
            none(),
            Format::DukascopyNode,
        ),
        (
            "dukascopy-node arrays",
            "[[1398902400000,1.38676,1.38686,1.38669,1.38685,43],[1398902460000,1.38688,1.38690,1.38685,1.38689,16]]".to_owned(),
            none(),
            Format::DukascopyNode,
        ),
        (
            // 138676 and 12 more points; 138686 and 4; 138669 and 16; 138685 and 4.
            "dukascopy differences",
            "{\"timestamp\":1398902400000,\"multiplier\":1.0E-5,\"open\":1.38676,\"high\":1.38686,\"low\":1.38669,\"close\":1.38685,\"shift\":60000,\
              \"times\":[0,1],\"opens\":[0,12],\"highs\":[0,4],\"lows\":[0,16],\"closes\":[0,4],\"volumes\":[43,16]}"
                .to_owned(),
            none(),
            Format::DukascopyDelta,
        ),
    ] {
        let path = file(&format!("{name}.txt"), &text);
        let checked = check(&path, &options).unwrap();
        assert_eq!(checked.format, Some(format), "{name}: {checked:?}");
        assert!(checked.explained[0].starts_with(&format!("format: {format}")), "{name}: {:?}", checked.explained);
        let read = read_bars(&path, &options).unwrap_or_else(|e| panic!("{name}: {e}"));
        let rows = |bars: &cthulu_lab::market::Bars| bars.iter().map(|b| (b.opened_at, b.ohlc(), b.volume)).collect::<Vec<_>>();
        assert_eq!(rows(&read), rows(&expected), "{name}");
    }
    let spread = read_bars(&file("mt5 spread.csv", MT5), &ReadOptions { point: Some(0.00001), ..none() }).unwrap();
    assert!((spread.spread().unwrap()[1] - 0.00013).abs() < 1e-15); // 13 points
}

#[test]
fn what_fits_two_vendors_is_a_question() {
    let line = "20110103 090100;126.35;126.39;126.35;126.39;1579\n20110103 090200;126.45;126.45;126.45;126.45;300\n";
    let checked = examine("two_vendors.csv", line, &none());
    let found = errors(&checked);
    assert_eq!((found[0].kind, found[0].row), ("ambiguous_format", Some(1)));
    assert!(found[0].message.contains("--format histdata or --format ninjatrader"), "{}", found[0].message);
    // A zone settles the clock and leaves the stamps: they are openings, with a warning.
    let checked = examine("two_vendors.csv", line, &zone(chrono_tz::Tz::UTC));
    assert!(checked.ok && checked.findings.iter().any(|f| f.kind == "stamps_unknown"), "{checked:?}");
    let opened = |options| read_bars(&file("two_vendors.csv", line), &options).unwrap().opened_at()[0].to_string();
    assert_eq!(opened(zone(chrono_tz::Tz::UTC)), "2011-01-03T09:01:00Z");
    assert_eq!(opened(named(Format::NinjaTrader)), "2011-01-03T09:00:00Z"); // the minute that ended at 09:01
    assert_eq!(opened(named(Format::HistData)), "2011-01-03T14:01:00Z"); // five hours behind UTC
}

#[test]
fn a_clock_that_nobody_names_is_a_question_on_import() {
    let asks = ReadOptions { must_name_zone: true, point: Some(0.00001), ..none() };
    for (name, text) in
        [("mt5.csv", MT5), ("plain.csv", "time,open,high,low,close\n2017-01-02 09:30,1,2,0.5,1.5\n2017-01-02 09:31,1,2,0.5,1.5\n")]
    {
        let checked = examine(name, text, &asks);
        let found = errors(&checked);
        assert_eq!((found[0].kind, found[0].row), ("ambiguous_zone", Some(2)), "{name}");
        assert!(found[0].message.contains("--tz"), "{}", found[0].message);
        assert!(examine(name, text, &ReadOptions { zone: Some(chrono_tz::Tz::UTC), ..asks.clone() }).ok);
        assert!(examine(name, text, &ReadOptions { must_name_zone: false, ..asks.clone() }).ok, "read as UTC, with a finding");
    }
    assert!(examine("dates.csv", "date,open,high,low,close\n2017-01-02,1,2,0.5,1.5\n2017-01-03,1,2,0.5,1.5\n", &asks).ok);
}

#[test]
fn sparse_quotes_carry_the_last_and_trades_keep_their_amounts() {
    let ticks = "<DATE>\t<TIME>\t<BID>\t<ASK>\t<LAST>\t<VOLUME>\t<FLAGS>\n2014.05.06\t03:00:00.158\t1.38742\t1.38755\t\t\t6\n2014.05.06\t03:00:01.405\t\t1.38754\t\t\t4\n2014.05.06\t03:00:01.605\t1.38741\t\t\t\t2\n";
    let read = read_ticks(&file("mt5_ticks.csv", ticks), &zone(chrono_tz::Etc::GMTMinus3)).unwrap();
    let at = |text: &str| text.parse::<Nanos>().unwrap();
    assert_eq!(read.tick(1), Tick { at: at("2014-05-06T00:00:01.405Z"), bid: 1.38742, ask: 1.38754 });
    assert_eq!(read.tick(2), Tick { at: at("2014-05-06T00:00:01.605Z"), bid: 1.38741, ask: 1.38754 });

    let node = "[[1653635401258, 7195.341, 7188.569, 0.0005, 0.0005], [1653635401419, 7196.311, 7189.569, 0.0005, 0.0005]]";
    assert_eq!(read_ticks(&file("node.json", node), &none()).unwrap().tick(0).bid, 7188.569);
    let differences = "{\"timestamp\":1783944000000,\"multiplier\":1.0E-5,\"ask\":1.14277,\"bid\":1.14273,\"times\":[93,104],\"asks\":[0,-2],\"bids\":[0,-3]}";
    let read = read_ticks(&file("delta.json", differences), &none()).unwrap();
    assert_eq!(read.tick(1), Tick { at: at("2026-07-13T12:00:00.197Z"), bid: 1.14270, ask: 1.14275 }); // 93 + 104 ms; 114273 less 3

    for text in [
        "1356998659,13.51,36.87430786\n1356998738,13.56,0.01\n",
        "unix,price,amount\n1356998659,13.51,36.87430786\n1356998738,13.56,0.01\n",
    ] {
        let path = file("trades.csv", text);
        let trades = read_trades(&path, &none()).unwrap();
        assert_eq!((trades.len(), trades.price[1], trades.amount[0]), (2, 13.56, 36.87430786));
        let refused = read_bars(&path, &none()).unwrap_err().to_string();
        assert!(refused.contains("holds trades") && refused.contains("resample"), "{refused}");
    }
    assert!(read_ticks(&file("quotes.csv", "1356998659,1.3051,1.3052\n1356998660,1.3051,1.3053\n"), &none()).is_ok());
    // Numbers that are microseconds are told; numbers that only count are no times.
    let numbered = examine("numbered.csv", "id,price,amount\n1356998659486096,13.51,1\n1356998738639088,13.56,2\n", &none());
    assert!(numbered.ok && numbered.findings.iter().any(|f| f.kind == "numbered_by_time"), "{numbered:?}");
    assert_eq!(errors(&examine("counted.csv", "id,price,amount\n1,13.51,1\n2,13.56,2\n", &none()))[0].kind, "missing_column");
}

#[test]
fn newest_rows_first_are_turned_round_where_a_vendor_writes_so() {
    let yahoo = "Date,Open,High,Low,Close,Volume,Adj Close\n2013-12-31,184.07,184.69,183.93,184.69,86119900,183.00\n2013-12-30,183.87,184.02,183.58,183.82,56857000,182.14\n";
    let bars = read_bars(&file("yahoo_old.csv", yahoo), &none()).unwrap();
    assert_eq!((bars.opened_at()[0].to_string().as_str(), bars.close()), ("2013-12-30T00:00:00Z", &[183.82, 184.69][..]));
    let checked = examine("yahoo_old.csv", yahoo, &none());
    assert!(checked.findings.iter().any(|f| f.kind == "reversed"), "{checked:?}");
    // A bad cell is still named by its own line: the first row below the header is the last in time.
    let bad = examine("yahoo_bad.csv", yahoo.replace("184.69,183.93", "183.00,183.93"), &none());
    let found = errors(&bad);
    assert_eq!((found[0].kind, found[0].row, found[0].value.as_deref()), ("high_below_low", Some(2), Some("183.00")));
    let barchart = "Time,Open,High,Low,Last,Change,Volume\n3/11/2020,0.009469,0.009596,0.009467,0.009582,0.000113,1769\n3/10/2020,0.009463,0.009791,0.00945,0.009469,-3.60E-05,2116\n\"Downloaded from Barchart.com as of 03-11-2020 05:20pm CDT\"\n";
    let bars = read_bars(&file("barchart.csv", barchart), &none()).unwrap();
    assert_eq!((bars.opened_at()[1].to_string().as_str(), bars.close()[1], bars.len()), ("2020-03-11T00:00:00Z", 0.009582, 2));
    // Nobody says of a plain table that its newest row stands first, and nobody else decides it.
    let plain = yahoo.replace(",Adj Close", "").replace(",183.00", "").replace(",182.14", "");
    assert_eq!(errors(&examine("plain_backwards.csv", plain, &none()))[0].kind, "out_of_order");
}

#[test]
fn a_named_date_order_wins_and_a_missing_one_is_a_question() {
    let generic = "Date,Open,High,Low,Close\n01/02/2017,1,2,0.5,1.5\n02/02/2017,1,2,0.5,1.5\n";
    assert_eq!(errors(&examine("slashes.csv", generic, &none()))[0].kind, "ambiguous_date");
    let first = |order| {
        read_bars(
            &file("slashes.csv", generic),
            &ReadOptions {
                date_order: Some(order),
                timeframe: Some(if order == DateOrder::Dmy { "1d" } else { "31d" }.parse().unwrap()),
                ..none()
            },
        )
    };
    assert_eq!(first(DateOrder::Dmy).unwrap().opened_at()[0].to_string(), "2017-02-01T00:00:00Z");
    assert_eq!(first(DateOrder::Mdy).unwrap().opened_at()[0].to_string(), "2017-01-02T00:00:00Z");
}

#[test]
fn whole_points_become_prices_only_by_a_named_instrument() {
    let points = "Date,open,high,low,close,tick_volume\n2012-12-04,130583.99999999999,131073.0,130453.0,130935.0,55870\n2012-12-05,130934.0,131253.0,130596.0,130701.0,54075\n";
    let path = file("points.csv", points);
    assert_eq!(read_bars(&path, &none()).unwrap().close()[0], 130_935.0);
    let told = |options: &ReadOptions| check(&path, options).unwrap().findings.into_iter().find(|f| f.kind == "points").unwrap().message;
    assert!(told(&none()).contains("--symbol"));
    let eurusd = ReadOptions { point: Some(0.00001), ..none() };
    let bars = read_bars(&path, &eurusd).unwrap();
    assert_eq!((bars.open()[0], bars.close()[1]), (1.30584, 1.30701)); // 130584 / 100000
    assert!(told(&eurusd).contains("taken times the point 0.00001"));
    // 65,000 may be dollars as well as cents.
    assert_eq!(read_bars(&path, &ReadOptions { point: Some(0.01), ..none() }).unwrap().close()[0], 130_935.0);
    let small = "time,open,high,low,close\n1483315200,1,2,1,2\n1483318800,2,3,1,2\n";
    assert_eq!(read_bars(&file("small.csv", small), &eurusd).unwrap().close()[0], 2.0);
}

#[test]
fn splits_are_undone_on_request_and_dividends_are_not() {
    let split = ReadOptions { split_adjust: true, ..none() };
    // Two for one on the 4th; on the 5th a dividend of 1 %.
    let text = "Date,Open,High,Low,Close,Adj Close,Volume\n2017-01-03,100,102,98,100,49.5,10\n2017-01-04,50,51,49,50,49.5,20\n2017-01-05,50,51,49,50,50,20\n";
    let path = file("split.csv", text);
    let bars = read_bars(&path, &split).unwrap();
    assert_eq!((bars.close(), bars.volume(), bars.high()[0]), (&[50.0, 50.0, 50.0][..], &[20.0, 20.0, 20.0][..], 51.0));
    assert_eq!(read_bars(&path, &none()).unwrap().close()[0], 100.0);
    let quandl = "Date,Open,High,Low,Close,Volume,Ex-Dividend,Split Ratio,Adj. Close\n2014-06-10,94,95,93,94,70,0.0,1.0,94\n2014-06-09,92,93,91,93,70,0.0,7.0,93\n2014-06-06,650,651,644,644,10,0.0,1.0,92\n";
    assert_eq!(read_bars(&file("quandl.csv", quandl), &split).unwrap().close(), [92.0, 93.0, 94.0]); // 644 / 7
    let plain = examine("unadjusted.csv", "time,open,high,low,close\n1483315200,1,2,1,2\n1483318800,2,3,1,2\n", &split);
    assert_eq!(errors(&plain)[0].kind, "no_adjustments");
}

#[test]
fn a_format_is_named_rightly_or_refused() {
    let found = examine("named.csv", MT5, &named(Format::Yahoo));
    assert_eq!(errors(&found)[0].kind, "format_mismatch");
    assert!(errors(&found)[0].message.contains("--format mt5"));
    assert_eq!(errors(&examine("named.json", "[[1,1,1,1,1,1]]", &named(Format::Mt5)))[0].kind, "format_mismatch");
    assert_eq!(errors(&examine("named.csv", MT5, &named(Format::Parquet)))[0].kind, "format_mismatch");
}

#[test]
fn epoch_seconds_may_have_decimals() {
    let text = "timestamp,price,amount\n1704153600.000,100,1\n1704153600.25,101,1\n1704153601,102,1\n1704153601.123456789,103,1\n";
    let trades = read_trades(&file("fractions.csv", text), &none()).unwrap();
    let second = 1_704_153_600_000_000_000_i64;
    let told: Vec<i64> = trades.at.iter().map(|at| at.0 - second).collect();
    assert_eq!(told, [0, 250_000_000, 1_000_000_000, 1_123_456_789]);
    // What cannot be a number of seconds is named.
    let mixed = "timestamp,price,amount\n1704153600.5,100,1\n2024-01-02,101,1\n";
    let problem = read_trades(&file("fractions_mixed.csv", mixed), &none()).unwrap_err().to_string();
    assert!(problem.contains("row 3") && problem.contains("written in another way"), "{problem}");
}

#[test]
fn quotes_named_by_their_first_letters_are_quotes() {
    let text = "time,volume,bid_o,bid_h,bid_l,bid_c,ask.o,ask.h,ask.l,ask.c\n2024-01-02T00:00:00.000000000Z,3,1,2,0.5,1.5,1.1,2.1,0.6,1.6\n2024-01-02T00:01:00Z,3,1,2,0.5,1.5,1.1,2.1,0.6,1.6\n";
    let bars = read_bars(&file("letters.csv", text), &none()).unwrap();
    assert_eq!((bars.len(), bars.bar(0).close, bars.bar(0).ask.unwrap().close), (2, 1.5, 1.6));
}

#[test]
fn a_series_that_rises_by_the_same_step_has_no_bad_print() {
    let odd = |odd_low: Option<i32>| {
        let mut text = String::from("time,open,high,low,close\n");
        for i in 0..500 {
            let price = 100.0 + f64::from(i) * 0.01;
            let low = if odd_low == Some(i) { 51.0 } else { price - 0.02 };
            text += &format!("{},{price:.2},{:.2},{low:.2},{:.2}\n", 1_704_153_600 + i * 60, price + 0.03, price + 0.01);
        }
        let findings = check_bytes(text.as_bytes(), &none()).findings;
        findings.into_iter().filter(|f| f.kind.starts_with("outlier")).map(|f| f.row).collect::<Vec<_>>()
    };
    assert_eq!(odd(None), []);
    // A low of half the price still is one.
    assert_eq!(odd(Some(200)), [Some(202)]);
}
