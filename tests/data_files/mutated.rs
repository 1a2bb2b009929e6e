//! Arbitrary bytes and damaged copies of sound files: an answer every time, never a panic, and one answer from every reader.

use std::panic;

use cthulu_lab::{
    data::{
        DayEnd, Format, ReadOptions, check, check_bytes, load, read_bars, read_ticks, read_trades, resample_file, write_parquet,
        write_ticks_parquet,
    },
    market::Ticks,
    time::Nanos,
};
use proptest::prelude::{ProptestConfig, Strategy, any, prop_oneof, proptest};

use super::{file, gzip, place, round_trip::minutes};

/// Reads a file in every way there is; `check` and the readers must agree on whether it is sound.
fn read_every_way(name: &str, bytes: impl AsRef<[u8]>) {
    let path = file(name, bytes);
    for options in [
        ReadOptions::default(),
        ReadOptions { zone: Some(chrono_tz::America::New_York), point: Some(0.01), dedupe: true, ..ReadOptions::default() },
    ] {
        let checked = check(&path, &options).unwrap();
        let (bars, ticks) = (read_bars(&path, &options), read_ticks(&path, &options));
        let trades = read_trades(&path, &options);
        let rows = bars.as_ref().map(|b| b.len()).or(ticks.as_ref().map(|t| t.len())).or(trades.as_ref().map(|t| t.len()));
        assert_eq!(rows.ok(), checked.ok.then_some(checked.rows as usize), "{checked:?}\n{bars:?}\n{ticks:?}");
        assert!(!serde_json::to_string(&checked).unwrap().is_empty());
    }
    // A run and longer bars take what is sound of every kind, and nothing else.
    for to in ["1m", "4h", "1w"] {
        let options = ReadOptions { point: Some(0.01), trades_as_quotes: true, ..ReadOptions::default() };
        let (to, sound) = (to.parse().unwrap(), check(&path, &options).unwrap().ok);
        let resampled = resample_file(&path, &options, to, DayEnd::Utc);
        assert!(sound || resampled.is_err(), "{resampled:?}");
        // One row that is left has no length of its own, and may have the one it is given.
        let options = ReadOptions { timeframe: Some(to), ..options };
        let sound = check(&path, &options).unwrap().ok;
        let loaded = load(&path, &options);
        assert!(sound || loaded.is_err());
        if let Ok(resampled) = resampled {
            assert!(resampled.bars.iter().all(|bar| bar.low <= bar.high && bar.closed_at > bar.opened_at));
        }
    }
    // Under any name and wish there is an answer too, sound or not.
    let bytes = std::fs::read(&path).unwrap();
    for format in Format::ALL {
        let wishes =
            ReadOptions { format: Some(format), split_adjust: true, must_name_zone: true, point: Some(0.00001), ..ReadOptions::default() };
        let checked = check_bytes(&bytes, &wishes);
        assert_eq!(checked.ok, !checked.findings.iter().any(cthulu_lab::data::Finding::is_error));
    }
}

const SOUND: [&str; 12] = [
    "time,open,high,low,close,volume\n2017-01-02 00:00,1.1,1.3,1.0,1.2,10\n2017-01-02 01:00,1.2,1.3,1.0,1.1,10\n2017-01-02 02:00,1.1,1.3,1.0,1.2,10\n",
    "1483315200000;1.1;1.3;1.0;1.2;10\r\n1483318800000;1.2;1.3;1.0;1.1;10\r\n",
    "<DATE>\t<TIME>\t<BID>\t<ASK>\t<FLAGS>\n2017.01.02\t00:00:00.158\t1.1\t1.2\t6\n2017.01.02\t00:00:01.158\t\t1.3\t4\n",
    "\u{feff}\"time\",\"open\",\"high\",\"low\",\"close\",\"spread\"\n\"2017-01-02T00:00:00Z\",\"1.1\",\"1.3\",\"1.0\",\"1.2\",\"3\"\n\"2017-01-03T00:00:00Z\",1.1,1.3,1.0,1.2,2\n",
    "{\"timestamp\":1783641600000,\"multiplier\":1.0E-5,\"open\":1.1,\"high\":1.3,\"low\":1.0,\"close\":1.2,\"shift\":60000,\"times\":[0,1,1],\"opens\":[0,-8,9],\"highs\":[0,1,4],\"lows\":[0,-4,5],\"closes\":[0,9,-2],\"volumes\":[1.5,2,3]}",
    "[[1653635401258,7195.341,7188.569,0.0005,0.0005],[1653635401419,7196.311,7189.569,0.0005,0.0005]]",
    "[{\"timestamp\":1653635401258,\"open\":1,\"high\":2,\"low\":0.5,\"close\":1.5},{\"timestamp\":1653635461258,\"open\":1,\"high\":2,\"low\":0.5,\"close\":1.5}]",
    "unix,price,amount\n1356998659,13.51,36.8\n1356998659,13.55,0.5\n",
    "1356998659.25,13.51,36.8\n1356998659.75,13.55,0.5\n1356998660.1,13.4,0\n",
    "timestamp,bid,ask\n-9214560000000000,1,1\n0,1,1.5\n9214646399999999,1,1\n",
    "timestamp,price,amount\n-9214560000000000,1,1\n9214646399999999,1,1\n",
    "timestamp,bid_open,bid_high,bid_low,bid_close,ask_open,ask_high,ask_low,ask_close\n-9214560000000000,1,1,1,1,1,1,1,1\n9214646399999999,1,1,1,1,1,1,1,1\n",
];

#[test]
fn times_beyond_the_years_that_bars_can_have_are_refused() {
    for text in ["timestamp,bid,ask\n-9223372036854775,1,1\n0,1,1\n", "timestamp,price,amount\n0,1,1\n9223372036854775,1,1\n"] {
        let checked = check_bytes(text.as_bytes(), &ReadOptions::default());
        assert!(!checked.ok && checked.findings[0].message.contains("lies outside 1678 to 2261"), "{checked:?}");
    }
}

/// Bytes that mean something to a reader of tables, or any.
fn telling() -> impl Strategy<Value = Vec<u8>> {
    let words: &[&[u8]] = &[
        b"\n",
        b"\r",
        b"\r\n",
        b",",
        b";",
        b"\t",
        b"\"",
        b"\"\"",
        b"-",
        b".",
        b"e",
        b"e999",
        b"0",
        b"999999999999",
        b"nan",
        b"#",
        b"\0",
        b" ",
        b"Z",
        b"+15:59",
        b"9223372036854775807",
        b"1677-09-22",
        b"2262-04-11T23:47:16.854775807",
        b"\xef\xbb\xbf",
        b"\xff",
    ];
    prop_oneof![3 => proptest::sample::select(words.to_vec()).prop_map(<[u8]>::to_vec), 1 => proptest::collection::vec(any::<u8>(), 0..4)]
}

/// Replaces up to three bytes at each place by others.
fn edit(bytes: &mut Vec<u8>, edits: &[(usize, usize, Vec<u8>)]) {
    for (at, cut, insert) in edits {
        let start = at % (bytes.len() + 1);
        let end = (start + cut).min(bytes.len());
        bytes.splice(start..end, insert.iter().copied());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_get_an_answer(bytes in proptest::collection::vec(any::<u8>(), 0..200), lead in 0..7_usize) {
        let leads: [&[u8]; 7] = [b"[[", b"{\"timestamp\":1,\"multiplier\":0.1,", b"", b"time,open,high,low,close\n", b"2017-01-01,1,1,1,1\n", b"\x1f\x8b", b"timestamp,bid,ask\n0,1,1\n"];
        read_every_way("bytes.csv", [leads[lead], &bytes].concat());
    }

    #[test]
    fn an_edited_csv_file_gets_an_answer(which in 0..SOUND.len(), edits in proptest::collection::vec((any::<usize>(), 0..4_usize, telling()), 1..5), packed in any::<bool>()) {
        let mut bytes = SOUND[which].as_bytes().to_vec();
        edit(&mut bytes, &edits);
        read_every_way("edited.csv", if packed { gzip(&bytes) } else { bytes });
    }

    #[test]
    fn an_edited_gzip_file_gets_an_answer(edits in proptest::collection::vec((any::<usize>(), 0..4_usize, telling()), 1..3), which in 0..SOUND.len()) {
        let mut bytes = gzip(SOUND[which].as_bytes());
        edit(&mut bytes, &edits);
        read_every_way("edited.csv.gz", bytes);
    }
}

#[test]
fn the_sound_files_are_sound() {
    for text in SOUND {
        let options = ReadOptions { point: Some(0.01), ..ReadOptions::default() };
        let checked = check(&file("sound.csv", text), &options).unwrap();
        assert!(checked.ok && checked.rows >= 2, "{checked:?}");
    }
}

/// Bars and ticks as Parquet bytes.
fn parquet_files(name: &str) -> [Vec<u8>; 2] {
    let path = place(name);
    write_parquet(&minutes(300), &path).unwrap();
    let bars = std::fs::read(&path).unwrap();
    let n = 200;
    let ticks = Ticks::from_columns((0..n).map(|i| Nanos(i * 7)).collect(), vec![1.25; n as usize], vec![1.5; n as usize]);
    write_ticks_parquet(&ticks, &path).unwrap();
    [bars, std::fs::read(&path).unwrap()]
}

/// The decoder's own panics are caught; their text would only drown the test's.
fn without_the_decoders_panic_text() {
    static ONCE: std::sync::Once = std::sync::Once::new();
    ONCE.call_once(|| {
        let hook = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if !info.location().is_some_and(|at| at.file().contains("polars")) {
                hook(info);
            }
        }));
    });
}

#[test]
fn a_parquet_file_cut_off_anywhere_is_refused() {
    for bytes in parquet_files("whole.parquet") {
        for end in (4..bytes.len()).step_by(bytes.len() / 97) {
            let path = file("cut.parquet", &bytes[..end]);
            let checked = check(&path, &ReadOptions::default()).unwrap();
            assert!(!checked.ok && checked.findings[0].kind == "damaged_parquet", "{end}: {checked:?}");
            let message = read_bars(&path, &ReadOptions::default()).unwrap_err().to_string();
            assert!(message.contains("the Parquet file cannot be read") && message.contains("again"), "{message}");
        }
    }
}

#[test]
fn a_parquet_file_with_flipped_bits_gets_an_answer() {
    without_the_decoders_panic_text();
    let mut turn = 0_u64;
    for bytes in parquet_files("unflipped.parquet") {
        // Headers and footer densely, pages here and there: a flip inside a page only changes a number.
        let footer = bytes.len() - 1200.min(bytes.len());
        for at in (0..footer).step_by(footer / 150 + 1).chain((footer..bytes.len()).step_by(3)) {
            turn = turn.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let mut flipped = bytes.clone();
            flipped[at] ^= 1 << (turn >> 61);
            read_every_way("flipped.parquet", flipped);
        }
    }
}

/// A page's count is a zigzag number: its lowest bit is the sign, and a negative count once asked for 2^61 bytes.
#[test]
fn a_page_that_claims_the_impossible_is_refused_before_it_is_decoded() {
    without_the_decoders_panic_text();
    let fixtures = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data_files/fixtures");
    let bytes = std::fs::read(fixtures.join("pandas_missing_close.parquet")).unwrap();
    let mut claims = 0;
    for at in 4..bytes.len() / 2 {
        let mut flipped = bytes.clone();
        flipped[at] ^= 1;
        let checked = check(&file("claims.parquet", flipped), &ReadOptions::default()).unwrap();
        claims += usize::from(checked.findings.iter().any(|f| f.message.contains("a page claims more than its column holds")));
    }
    assert!(claims >= 6, "one count for each of the six columns, but {claims} were noticed");
}
