//! Files as traders really have them, where the folder of trials is present: right rows, or a refusal that says what to do.

use std::path::Path;

use cthulu_lab::data::{DateOrder, ReadOptions, check};

/// File, date order to name, and either its rows or the kind and row of the first error.
type Case = (&'static str, Option<DateOrder>, Result<u64, (&'static str, Option<u64>)>);

const DMY: Option<DateOrder> = Some(DateOrder::Dmy);
const MDY: Option<DateOrder> = Some(DateOrder::Mdy);

const CASES: [Case; 35] = [
    ("dirty/EURUSD_ticks_fxcm_20140501_crossed_quotes.csv.gz", None, Err(("crossed_quote", Some(38)))),
    ("dirty/SP500_M1_2019-11_OCHL_order.csv", None, Err(("ambiguous_date", Some(2)))),
    ("dirty/SP500_M1_2019-11_OCHL_order.csv", MDY, Ok(1563)),
    ("dirty/barchart_JPYUSD_sci_notation.csv", None, Err(("ambiguous_date", Some(2)))),
    ("dirty/barchart_JPYUSD_sci_notation.csv", MDY, Err(("out_of_order", Some(3)))),
    ("dirty/binance_layout_BTCUSD_1m.csv.gz", None, Ok(2880)),
    ("dirty/dukascopy_jetta_M1_EURUSD_20260710.json", None, Err(("unknown_format", None))),
    ("dirty/dukascopy_jetta_ticks_EURUSD_20260713T12.json", None, Err(("unknown_format", None))),
    ("dirty/dukascopy_ticks_with_gaps.json", None, Err(("unknown_format", None))),
    ("dirty/dukascopy_layout_EURUSD_M1_BID_201405.csv.gz", None, Err(("ambiguous_date", Some(2)))),
    ("dirty/dukascopy_layout_EURUSD_M1_BID_201405.csv.gz", DMY, Ok(9552)),
    ("dirty/dukascopy_node_EURUSD_D1.csv", None, Ok(24)),
    ("dirty/ejtrader_EURUSDd1_points_floatnoise.csv", None, Ok(2400)),
    ("dirty/googlefinance_ORCL_2010_malformed.csv", None, Err(("unparsable", Some(2)))),
    ("dirty/histdata_layout_DAT_ASCII_EURUSD_M1_201405.csv.gz", None, Ok(9552)),
    ("dirty/jesuistm_GBPUSD_M1_2018-06_BOM.csv.gz", None, Err(("missing_column", Some(1)))),
    ("dirty/mt5_native_layout_EURUSD_M1_201405_EEST.csv.gz", None, Ok(9552)),
    ("dirty/mt5_native_layout_EURUSD_ticks_20140506_EEST.csv.gz", None, Ok(44_864)),
    ("dirty/mt_tab_EURUSD_H1_header6_rows7.tsv", None, Err(("column_count", Some(2)))),
    ("dirty/mtgox_trades_2013-01-01.csv", None, Err(("missing_column", Some(1)))),
    ("dirty/neurotrader_BTCUSDT3600_close_first_head2000.csv", None, Ok(2000)),
    ("dirty/ninjatrader_SPY_M1_2011-01.csv.gz", None, Ok(14_180)),
    ("dirty/quandl_WIKI_AAPL_2012.csv", None, Err(("out_of_order", Some(3)))),
    ("dirty/skender_bad.csv", None, Err(("ambiguous_date", Some(2)))),
    ("dirty/skender_bad.csv", MDY, Err(("unparsable", Some(202)))),
    ("dirty/skender_zeros.csv", MDY, Err(("unparsable", Some(2)))),
    ("dirty/yahoo_new_INTC_1995-2004.csv.gz", None, Ok(2335)),
    ("dirty/yahoo_old_SPY_2013_descending.csv", None, Err(("out_of_order", Some(3)))),
    ("bars/BTCUSDT_H1_2018-2020.csv.gz", None, Ok(26_134)),
    ("bars/EURUSD_H1_bidask_oanda_2007-2015.csv.gz", None, Ok(56_007)),
    ("bars/GBPUSD_H1_mt5_2012-2019.csv.gz", None, Ok(44_062)),
    ("bars/NASDAQ_D1_1999-2018_arch.csv.gz", MDY, Ok(5031)),
    ("bars/SP500_D1_1950-2012_skender_longest.csv.gz", None, Err(("out_of_order", Some(3)))),
    ("bars/SPY_H1_trade.csv.gz", None, Ok(31_625)),
    ("bars/XAUUSD_M1_bidask_oanda_20140501-20140508.csv.gz", None, Ok(8301)),
];

#[test]
fn every_vendor_file_is_read_or_refused_for_its_own_reason() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data");
    if !folder.exists() {
        eprintln!("skipped: the files of trials are not here");
        return;
    }
    for (name, date_order, expected) in CASES {
        let checked = check(&folder.join(name), &ReadOptions { date_order, point: Some(0.00001), ..ReadOptions::default() }).unwrap();
        let first = checked.findings.iter().find(|f| f.is_error());
        let found = first.map_or(Ok(checked.rows), |f| Err((f.kind, f.row)));
        assert_eq!(found, expected, "{name}: {first:?}");
        assert!(first.is_none_or(|f| f.message.contains(';')), "{name} names no remedy: {first:?}");
    }
}
