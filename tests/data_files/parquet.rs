//! Parquet as pandas, pyarrow and polars write it; the files are written by `fixtures/write.py`.

use std::path::{Path, PathBuf};

use cthulu_lab::{
    data::{DateOrder, ReadOptions, check, read_bars, read_ticks},
    time::{DAY, HOUR},
};

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data_files/fixtures").join(format!("{name}.parquet"))
}

fn named(zone: chrono_tz::Tz) -> ReadOptions {
    ReadOptions { zone: Some(zone), ..ReadOptions::default() }
}

/// Row i of every fixture opens at 2017-01-02T00:00 + i h, at a price of (100 + i)/64.
#[test]
fn other_tools_files_are_read_right() {
    for (name, options, first, step) in [
        ("pandas_snappy_index", ReadOptions::default(), "2017-01-02T00:00:00Z", HOUR),
        ("pandas_zstd_ms_new_york", ReadOptions::default(), "2017-01-02T05:00:00Z", HOUR),
        ("pyarrow_gzip_int96_groups", named(chrono_tz::Europe::Athens), "2017-01-01T22:00:00Z", HOUR),
        ("pyarrow_brotli_v2_delta", ReadOptions::default(), "2017-01-02T00:00:00Z", HOUR),
        ("pyarrow_lz4_epoch_seconds", ReadOptions::default(), "2017-01-02T00:00:00Z", HOUR),
        ("pandas_text_times", ReadOptions { date_order: Some(DateOrder::Dmy), ..ReadOptions::default() }, "2017-01-02T00:00:00Z", HOUR),
        ("polars_zstd_dates_float32", ReadOptions::default(), "2017-01-02T00:00:00Z", DAY),
    ] {
        let bars = read_bars(&fixture(name), &options).unwrap_or_else(|e| panic!("{e}"));
        assert_eq!((bars.len(), bars.bar(0).opened_at.to_string().as_str(), bars.timeframe().ns()), (30, first, step), "{name}");
        for (i, bar) in bars.iter().enumerate() {
            let price = (100 + i) as f64 / 64.0;
            assert_eq!((bar.open, bar.high, bar.low, bar.close, bar.volume), (price, price + 1.0, price - 1.0, price, i as f64), "{name}");
        }
    }
    let ticks = read_ticks(&fixture("polars_ticks_uncompressed"), &ReadOptions::default()).unwrap();
    assert_eq!((ticks.len(), ticks.tick(29).bid, ticks.tick(29).ask), (30, 129.0 / 64.0, 129.5 / 64.0));
}

#[test]
fn what_cannot_be_meant_is_refused_with_row_column_and_remedy() {
    for (name, kind, row, column, says) in [
        ("pandas_row_numbers", "missing_column", None, None, "the unnamed index holds row numbers"),
        ("pandas_missing_close", "unparsable", Some(6), Some("close"), "the value is missing, and in 1 more below"),
        ("pandas_text_times", "ambiguous_date", Some(1), Some("time"), "--date-order"),
        ("pandas_category_times", "unparsable", None, Some("time"), "of type category; write it as"),
        ("pandas_small_volume", "unparsable", None, Some("volume"), "of type Int16; write it as 64-bit floats"),
        ("pandas_text_prices", "unparsable", None, Some("close"), "of type str; write numbers"),
        ("pandas_crossed_range", "high_below_low", Some(3), Some("high"), "high 0.5 is below low"),
    ] {
        let checked = check(&fixture(name), &ReadOptions::default()).unwrap();
        let found = checked.findings.iter().find(|f| f.is_error()).unwrap_or_else(|| panic!("{name} was read"));
        assert_eq!((found.kind, found.row, found.column.as_deref()), (kind, row, column), "{name}: {found:?}");
        assert!(found.message.contains(says), "{name}: {}", found.message);
    }
}
