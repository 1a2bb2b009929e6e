//! Broken text files: each is read right or refused with its row, column, value as written, and a remedy.

use cthulu_lab::data::{DateOrder, ReadOptions, read_bars, read_ticks};
use proptest::prelude::{Just, ProptestConfig, prop_assert_eq, prop_oneof, proptest};

use super::{errors, examine, file, gzip};

const HEAD: &str = "time,open,high,low,close,volume\n";
const TWO: &str = "2017-01-02 00:00,1.10,1.30,1.05,1.20,10\n2017-01-02 01:00,1.20,1.30,1.05,1.10,10\n";

/// Kind, row, column and value of the first error, and its message.
type Place = (&'static str, Option<u64>, Option<String>, Option<String>);

fn first_error(name: &str, bytes: impl AsRef<[u8]>, options: &ReadOptions) -> (Place, String) {
    let checked = examine(name, bytes, options);
    let found = errors(&checked);
    let first = found.first().unwrap_or_else(|| panic!("{name} was read: {checked:?}"));
    ((first.kind, first.row, first.column.clone(), first.value.clone()), first.message.clone())
}

fn place(kind: &'static str, row: u64, column: &str, value: &str) -> Place {
    let text = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    (kind, Some(row), text(column), Some(value.to_owned()))
}

#[test]
fn each_bad_row_is_named_by_its_line_cell_and_words() {
    let none = ReadOptions::default();
    for (row, kind, column, value, says) in [
        ("2017-01-02 02:00,1.1,1.3,1.0,1.2\0,1", "unparsable", "close", "1.2\\u{0}", "not a finite number"),
        ("\0\0\0\0\0\0", "unparsable", "", "\\u{0}\\u{0}\\u{0}\\u{0}\\u{0}\\u{0}", "NUL bytes"),
        ("# end of January", "unparsable", "", "# end of January", "is a comment; take the line out"),
        ("time,open,high,low,close,volume", "unparsable", "", "time,open,high,low,close,volume", "the header again"),
        (",,,,,", "unparsable", "", ",,,,,", "nothing but delimiters"),
        ("2017-01-02 02:00,1.1,1.3,1.0,\"1.2,1", "unparsable", "", "2017-01-02 02:00,1.1,1.3,1.0,\"1.2,1", "never closes"),
        (",1.1,1.3,1.0,1.2,1", "unparsable", "time", "", "the time is empty"),
        ("1483322400,1.1,1.3,1.0,1.2,1", "unparsable", "time", "1483322400", "in another way"),
        ("2017-02-30 00:00,1.1,1.3,1.0,1.2,1", "unparsable", "time", "2017-02-30 00:00", "no calendar has"),
        ("2017-13-01 00:00,1.1,1.3,1.0,1.2,1", "unparsable", "time", "2017-13-01 00:00", "no calendar has"),
        ("2017-01-02 24:00,1.1,1.3,1.0,1.2,1", "unparsable", "time", "2017-01-02 24:00", "no calendar has"),
        ("2262-05-01 00:00,1.1,1.3,1.0,1.2,1", "unparsable", "time", "2262-05-01 00:00", "1678 to 2261"),
        ("0001-01-01 00:00,1.1,1.3,1.0,1.2,1", "unparsable", "time", "0001-01-01 00:00", "1678 to 2261"),
        ("2017-01-02 2:00 PM,1.1,1.3,1.0,1.2,1", "unparsable", "time", "2017-01-02 2:00 PM", "is not a time"),
        ("02/01/2017 02:00,1.1,1.3,1.0,1.2,1", "ambiguous_date", "time", "02/01/2017 02:00", "--date-order"),
        ("2017-01-02 02:00,1.1,1e999,1.0,1.2,1", "unparsable", "high", "1e999", "not a finite number"),
        ("2017-01-02 02:00,-inf,1.3,1.0,1.2,1", "unparsable", "open", "-inf", "not a finite number"),
        ("2017-01-02 02:00,1.1,1.3,n/a,1.2,1", "unparsable", "low", "n/a", "not a finite number"),
        ("2017-01-02 02:00,1.1,1.3,1.0,null,1", "unparsable", "close", "null", "not a finite number"),
        ("2017-01-02 02:00,1.1,1.3,1.0,-,1", "unparsable", "close", "-", "not a finite number"),
        ("2017-01-02 02:00,1.1,1.3,1.0, ,1", "unparsable", "close", "", "the cell is empty"),
        ("2017-01-02 02:00,1.1,1.3,1.0,1.2,\"1,000\"", "unparsable", "volume", "1,000", "no thousands separators"),
        ("2017-01-02 02:00,1.1,1.3,1.0,1.2,1,", "column_count", "", "7", "7 cells where the file has 6 columns"),
        ("2017-01-02 02:00,1.1,1.3,1.0,1.2", "column_count", "", "5", "5 cells where the file has 6 columns"),
        ("2017-01-02 02:00,1.1,1.3,1.0,1.2,-1.50", "negative_volume", "volume", "-1.50", "cannot be negative"),
        ("2017-01-02 02:00,-1.10,1.3,1.0,1.2,1", "non_positive_price", "open", "-1.10", "must be above 0"),
        ("2017-01-02 02:00,1.1,1.3,0.000,1.2,1", "non_positive_price", "low", "0.000", "must be above 0"),
        ("2017-01-02 02:00,1.10,1.00,1.05,1.02,1", "high_below_low", "high", "1.00", "high 1 is below low 1.05"),
        ("2017-01-02 02:00,1.40,1.30,1.05,1.20,1", "open_outside_range", "open", "1.40", "outside low 1.05 to high 1.3"),
        ("2017-01-02 02:00,1.20,1.30,1.05,1.3000001,1", "close_outside_range", "close", "1.3000001", "outside low 1.05"),
        ("2017-01-02 01:00,1.20,1.30,1.05,1.20,1", "duplicate_time", "time", "2017-01-02 01:00", "stands in the row above too"),
        ("2017-01-02 00:30,1.20,1.30,1.05,1.20,1", "out_of_order", "time", "2017-01-02 00:30", "sort the file"),
    ] {
        // The same row among plain ones, under Windows line ends with a blank line above, and where quotes occur.
        for (name, text, line) in [
            ("plain.csv", format!("{HEAD}{TWO}{row}\n2017-01-02 05:00,1.2,1.3,1.0,1.2,1\n"), 4),
            ("windows.csv", format!("{HEAD}{TWO}\n{row}\n").replace('\n', "\r\n"), 5),
            ("quoted.csv", format!("\n\"time\",\"open\",high,low,close,volume\n{TWO}\n\n{row}\n").replace('\n', "\r\n"), 7),
        ] {
            let (found, message) = first_error(name, &text, &none);
            assert_eq!(found, place(kind, line, column, value), "{name} {row}");
            assert!(message.contains(says), "{row}: {message}");
            let refused = read_bars(&file(name, &text), &none).unwrap_err().to_string();
            assert!(refused.contains(&format!("{name}, row {line}")) && refused.ends_with(&message), "{refused}");
        }
    }
}

#[test]
fn what_is_no_price_file_is_refused_with_a_remedy() {
    let wide = |text: &str, big: bool| -> Vec<u8> {
        text.encode_utf16().flat_map(|unit| if big { unit.to_be_bytes() } else { unit.to_le_bytes() }).collect()
    };
    let text = format!("{HEAD}{TWO}");
    let packed = gzip(text.as_bytes());
    let pipes = text.replace(',', "|");
    for (bytes, kind, says) in [
        (Vec::new(), "empty", "the file is empty"),
        (b"\xef\xbb\xbf\r\n \r\n".to_vec(), "empty", "the file is empty"),
        (HEAD.as_bytes().to_vec(), "empty", "a header and no rows"),
        (format!("{HEAD}\r\n\r\n").into_bytes(), "empty", "a header and no rows"),
        (wide(&format!("\u{feff}{text}"), false), "unknown_format", "save it as UTF-8"),
        (wide(&format!("\u{feff}{text}"), true), "unknown_format", "save it as UTF-8"),
        (wide(&text, false), "unknown_format", "save it as UTF-8"),
        (wide(&text, true), "unknown_format", "save it as UTF-8"),
        (b"PK\x03\x04rest".to_vec(), "unknown_format", "unpack it first"),
        (b"\x90\x01\0\0(C)opyright".to_vec(), "unknown_format", "binary"),
        (b"{\"open\": 1}".to_vec(), "unknown_format", "JSON"),
        (b"\n<!DOCTYPE html><html>Not found</html>".to_vec(), "unknown_format", "a web page"),
        (b"# prices of 2017\ntime,open,high,low,close\n".to_vec(), "unknown_format", "'# prices of 2017' is a comment"),
        (gzip(&packed), "unknown_format", "unpack it once"),
        (packed[..packed.len() - 9].to_vec(), "damaged_gzip", "cut off"),
        (packed[..6].to_vec(), "damaged_gzip", "cut off"),
        ([&packed[..], b"tail"].concat(), "damaged_gzip", "fetch it again"),
        (gzip(b""), "empty", "the file is empty"),
        (pipes.clone().into_bytes(), "missing_column", "has no comma, semicolon or tab"),
        (pipes.as_bytes()[32..].to_vec(), "column_count", "separate them by one of these"),
        (text.replace("low", "Low,low").into_bytes(), "duplicate_column", "columns 4 and 5 are both called 'Low'"),
        (text.replace("volume", "Time").into_bytes(), "duplicate_column", "columns 1 and 6 are both called 'time'"),
        (text.replace("high", "hi").into_bytes(), "missing_column", "no column for high"),
        (text.replace("time", "when").into_bytes(), "missing_column", "no column for a time"),
        (text.replace(",", ";").replace('.', ",").into_bytes(), "unparsable", "write a decimal point"),
        (b"2017-01-02,1,2\n2017-01-03,1,2,3\n".to_vec(), "column_count", "4 cells where the file has 3 columns"),
    ] {
        let ((found, ..), message) = first_error("foreign.csv", &bytes, &ReadOptions::default());
        assert_eq!(found, kind, "{message}");
        assert!(message.contains(says), "{message}");
    }
}

#[test]
fn harmless_oddities_are_read_right() {
    let none = ReadOptions::default();
    let plain = read_bars(&file("harmless.csv", format!("{HEAD}{TWO}")), &none).unwrap();
    for (name, text) in [
        ("carriage returns alone", format!("{HEAD}{TWO}").replace('\n', "\r")),
        ("trailing delimiters, named by nothing", format!("{HEAD}{TWO}").replace('\n', ",\n")),
        ("no last line end", format!("{HEAD}{TWO}").trim_end().to_owned()),
        ("trailing blank lines", format!("\u{feff}{HEAD}{TWO}\n \n\t\n")),
        ("spaces around cells and quotes", format!("{HEAD}{TWO}").replace(',', " , ").replace("1.05", "\"1.05\" ")),
        (
            "floats for epochs",
            "time;open;high;low;close;volume\n1483315200.0;1.1;1.3;1.05;1.2;10\n1483318800.0;1.2;1.3;1.05;1.1;10\n".into(),
        ),
        ("a name with a line end", format!("{HEAD}{TWO}").replace("volume", "volume,\"my\nnotes\"").replace("10\n", "10,\"a\nb\"\n")),
        ("exponents and signs", format!("{HEAD}{TWO}").replace("1.10", "110e-2").replace("1.05", "1.05E+00")),
    ] {
        let read = read_bars(&file("odd.csv", text), &none);
        assert_eq!(read.as_ref().ok(), Some(&plain), "{name}: {read:?}");
    }
}

#[test]
fn epoch_units_do_not_mix() {
    let none = ReadOptions::default();
    let text = |times: [&str; 3]| format!("{HEAD}{}", times.map(|t| format!("{t},1.1,1.3,1.05,1.2,10\n")).concat());
    for times in [
        ["1483228800", "1483232400", "1483236000000"],
        ["1483228800000", "1483232400000", "1483236000"],
        ["1483228800000", "1483232400000", "1483236000000000"],
        ["1483228800000000", "1483232400000000", "1483236000000000000"],
    ] {
        let (found, message) = first_error("mixed.csv", text(times), &none);
        assert_eq!(found, place("unparsable", 4, "time", times[2]), "{message}");
    }
    let (found, message) = first_error("mixed.csv", text(["1483228800", "1483232400", "2017-01-01 02:00"]), &none);
    assert_eq!(found, place("unparsable", 4, "time", "2017-01-01 02:00"));
    assert!(message.contains("in another way"), "{message}");
    // The first years in milliseconds are small numbers, and sound: 1970, 1971 and 1976.
    let early = read_bars(&file("early.csv", text(["2000000000", "50000000000", "200000000000"])), &none).unwrap();
    assert_eq!(early.opened_at()[2].to_string(), "1976-05-03T19:33:20Z");
    let beyond = first_error("beyond.csv", text(["1483228800", "1483232400", "99999999999"]), &none); // the year 5138
    assert_eq!(beyond.0, place("unparsable", 4, "time", "99999999999"));
}

#[test]
fn wall_times_that_a_clock_skips_or_repeats_are_refused() {
    let zone = |zone| ReadOptions { zone: Some(zone), timeframe: Some("1h".parse().unwrap()), ..ReadOptions::default() };
    let text = |times: [&str; 2]| format!("{HEAD}{}", times.map(|t| format!("{t},1.1,1.3,1.05,1.2,10\n")).concat());
    for (named, times, kind) in [
        (chrono_tz::America::New_York, ["2017-03-12 01:00", "2017-03-12 02:00"], "nonexistent_time"),
        (chrono_tz::Europe::Athens, ["2017-10-29 02:00", "2017-10-29 03:00"], "ambiguous_time"),
    ] {
        let (found, message) = first_error("clock.csv", text(times), &zone(named));
        assert_eq!(found, place(kind, 3, "time", times[1]));
        assert!(message.contains(named.name()) && message.contains("name the zone"), "{message}");
    }
    // 01:00 is followed by 03:00 on the wall, an hour later.
    let jumped =
        read_bars(&file("jumped.csv", text(["2017-03-12 01:00", "2017-03-12 03:00"])), &zone(chrono_tz::America::New_York)).unwrap();
    assert_eq!(jumped.opened_at()[1].to_string(), "2017-03-12T07:00:00Z");
}

#[test]
fn a_day_first_date_is_never_guessed() {
    let text = format!("{HEAD}13.01.2017 00:00:00,1.1,1.3,1.05,1.2,10\n14.01.2017 00:00:00,1.1,1.3,1.05,1.2,10\n");
    let (found, message) = first_error("dmy.csv", &text, &ReadOptions::default());
    assert_eq!(found, place("ambiguous_date", 2, "time", "13.01.2017 00:00:00"));
    assert!(message.contains("dmy or mdy") && message.ends_with("(the first of 2 such)"), "{message}");
    let order = |order| ReadOptions { date_order: Some(order), ..ReadOptions::default() };
    let read = read_bars(&file("dmy.csv", &text), &order(DateOrder::Dmy)).unwrap();
    assert_eq!(read.opened_at()[0].to_string(), "2017-01-13T00:00:00Z");
    assert_eq!(first_error("dmy.csv", &text, &order(DateOrder::Mdy)).0, place("unparsable", 2, "time", "13.01.2017 00:00:00"));
}

#[test]
fn a_wrong_width_throughout_is_said_once() {
    let text = format!("{HEAD}{}", TWO.repeat(300).replace('\n', ",3\n"));
    let checked = examine("wide.csv", text, &ReadOptions::default());
    let found = errors(&checked);
    assert_eq!((found.len(), found[0].row, checked.rows), (1, Some(2), 0));
    assert!(
        found[0].message.starts_with("7 cells where the file has 6 columns; mend the line or the header (the first of 600 such)"),
        "{}",
        found[0].message
    );
}

#[test]
fn a_file_cut_off_in_its_last_row_says_so() {
    let text = format!("{HEAD}{TWO}2017-01-02 02:00,1.2,1.");
    let (found, message) = first_error("cut.csv", text, &ReadOptions::default());
    assert_eq!(found, place("column_count", 4, "", "3"));
    assert!(message.contains("the file ends inside this row"), "{message}");
}

#[test]
fn crossed_and_half_empty_quotes_are_refused() {
    let none = ReadOptions::default();
    let head = "timestamp,bid,ask\n2017-01-02T00:00:00Z,1.10,1.20\n";
    for (row, expected) in [
        ("2017-01-02T00:00:01Z,1.30,1.20", place("crossed_quote", 3, "ask", "1.20")),
        ("2017-01-02T00:00:01Z,1.10,", place("unparsable", 3, "ask", "")),
        ("2017-01-02T00:00:01Z,0.0,1.20", place("non_positive_price", 3, "bid", "0.0")),
        ("2017-01-01T00:00:01Z,1.1,1.20", place("out_of_order", 3, "timestamp", "2017-01-01T00:00:01Z")),
    ] {
        let text = format!("{head}{row}\n");
        assert_eq!(first_error("quotes.csv", &text, &none).0, expected);
        assert!(read_ticks(&file("quotes.csv", &text), &none).is_err());
    }
    let bars = "time,bid_open,bid_high,bid_low,bid_close,ask_open,ask_high,ask_low,ask_close\n\
                2017-01-02 00:00,1.1,1.2,1.0,1.1,1.1,1.2,1.0,1.1\n2017-01-02 01:00,1.1,1.2,1.0,1.15,1.1,1.2,1.0,1.10\n";
    assert_eq!(first_error("sides.csv", bars, &none).0, place("crossed_quote", 3, "ask_close", "1.10"));
}

#[test]
fn an_answer_in_json_has_the_promised_keys() {
    let text = format!("{HEAD}{TWO}2017-01-02 04:00,1.1,1.3,1.05,0.00,10\n");
    let json = serde_json::to_value(examine("json.csv", text, &ReadOptions::default())).unwrap();
    let keys = |value: &serde_json::Value| {
        let names: std::collections::BTreeSet<_> = value.as_object().unwrap().keys().map(String::as_str).collect();
        names.into_iter().collect::<Vec<_>>().join(" ")
    };
    assert_eq!(keys(&json), "findings first last ok rows timeframe");
    assert_eq!((json["ok"].as_bool(), json["rows"].as_u64()), (Some(false), Some(3)));
    assert_eq!((json["first"].as_str(), json["last"].as_str()), (Some("2017-01-02T00:00:00Z"), Some("2017-01-02T04:00:00Z")));
    let first = &json["findings"][0];
    assert_eq!(keys(first), "column kind message row severity value");
    let told = [&first["severity"], &first["kind"], &first["row"], &first["column"], &first["value"]].map(ToString::to_string);
    assert_eq!(told, ["\"error\"", "\"non_positive_price\"", "4", "\"close\"", "\"0.00\""]);
    let empty = serde_json::to_value(examine("json.csv", "", &ReadOptions::default())).unwrap();
    assert!(empty["first"].is_null() && empty["findings"][0]["row"].is_null());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    /// A row is its line, counted as an editor does, whatever stands above it.
    #[test]
    fn the_row_is_the_line_an_editor_shows(
        above in proptest::collection::vec(prop_oneof![Just("plain"), Just("blank"), Just("spaces"), Just("quoted"), Just("two lines")], 0..40),
        windows in proptest::bool::ANY,
    ) {
        let mut text = String::from("time,open,high,low,close,note\n");
        for (i, what) in above.iter().enumerate() {
            let at = 1_483_228_800 + i * 3600;
            text.push_str(&match *what {
                "plain" => format!("{at},1,1,1,1,x\n"),
                "blank" => "\n".to_owned(),
                "spaces" => "  \n".to_owned(),
                "quoted" => format!("\"{at}\",1,1,\"1\",1,\"a, \"\"b\"\"\"\n"),
                _ => format!("{at},1,1,1,1,\"a\nb\"\n"),
            });
        }
        let line = text.matches('\n').count() as u64 + 1;
        text.push_str("1583228800,1,1,1,0.00,x\n1583232400,1,1,1,1,x\n");
        let text = if windows { text.replace('\n', "\r\n") } else { text };
        let (found, _) = first_error("lines.csv", text, &ReadOptions::default());
        prop_assert_eq!(found, place("non_positive_price", line, "close", "0.00"));
    }
}
