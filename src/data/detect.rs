//! Which format a text is in, and why: decided from its header or its first rows, never from its name.
//!
//! Where two formats share one layout and mean different moments by it, the answer is a question to the user, not a choice.

use chrono_tz::Tz;

use super::{
    finding::{Finding, Severity},
    format::Format,
    layout::{has_amount, plain},
    read::ReadOptions,
    spelling::Spelling,
};

/// A format and the sentence that says how it was told.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Detected {
    pub(super) format: Format,
    pub(super) why: String,
    /// What the user should know about the decision.
    pub(super) warning: Option<Finding>,
}

impl Detected {
    pub(super) fn new(format: Format, why: impl Into<String>) -> Self {
        Self { format, why: why.into(), warning: None }
    }

    /// Takes the user's word where the layout allows it.
    pub(super) fn or_named(self, options: &ReadOptions) -> Result<Self, Finding> {
        match options.format {
            None => Ok(self),
            Some(Format::Csv) if !matches!(self.format, Format::Parquet | Format::DukascopyDelta) => {
                Ok(Self::new(Format::Csv, "named: a plain table"))
            }
            Some(named) if named == self.format || is_plain(self.format) && named != Format::Parquet => {
                Ok(Self::new(named, format!("named; {}", self.why)))
            }
            Some(named) => {
                let message =
                    format!("the file is not in the format '{named}': {}; name --format {} or leave it out", self.why, self.format);
                Err(Finding::error("format_mismatch", message).value(named.name()))
            }
        }
    }
}

/// Whether the format says no more than what the columns are, so that a vendor's name adds to it.
const fn is_plain(format: Format) -> bool {
    matches!(format, Format::Csv | Format::BidAsk | Format::Ticks | Format::Trades)
}

/// From a header and the row below it.
pub(super) fn of_header(names: &[String], row: &[String]) -> Detected {
    let known: Vec<String> = names.iter().map(|name| plain(name)).collect();
    let has = |wanted: &[&str]| wanted.iter().all(|name| known.iter().any(|k| k == name));
    let angled = names.first().is_some_and(|name| name.trim().starts_with('<'));
    let (format, why) = if angled && has(&["bid", "ask"]) {
        (Format::Mt5Ticks, "the header is MetaTrader's, with <BID> and <ASK>")
    } else if has(&["ticker", "per", "date"]) {
        (Format::Csv, "the header has <TICKER> and <PER>, as Stooq and Finam write them; neither states its clock in the file")
    } else if angled && has(&["date", "open"]) {
        (Format::Mt5, "the header is MetaTrader's, with <DATE> and <OPEN>")
    } else if (known[0] == "gmt_time" || known[0] == "local_time") && row.first().is_some_and(|cell| is_dotted(cell)) {
        (Format::Dukascopy, "the header begins as that of Dukascopy's site, and dates are written with dots and milliseconds")
    } else if has(&["timestamp", "askprice", "bidprice"]) {
        (Format::DukascopyNode, "the header has dukascopy-node's askPrice and bidPrice")
    } else if has(&["split_ratio", "ex-dividend"]) || has(&["split_ratio", "ex_dividend"]) {
        (Format::Quandl, "the header has Quandl's Ex-Dividend and Split Ratio")
    } else if has(&["adj_close", "volume", "open"]) {
        (Format::Yahoo, "the header has Yahoo's Adj Close")
    } else if has(&["last", "change", "volume", "open"]) {
        (Format::Barchart, "the header has Barchart's Last and Change")
    } else if has(&["open_time", "close_time", "open"]) {
        (Format::Binance, "the header has Binance's open_time and close_time")
    } else if has(&["price"]) && has_amount(&known) {
        (Format::Trades, "the header names a price and an amount")
    } else if known.iter().any(|k| k.contains("ask")) && known.iter().any(|k| k.contains("open")) {
        (Format::BidAsk, "the header names the prices of a bid and of an ask")
    } else if has(&["bid", "ask"]) {
        (Format::Ticks, "the header names a bid and an ask")
    } else {
        (Format::Csv, "the header names the columns and points at no vendor")
    };
    Detected::new(format, why)
}

/// `31.12.2017 22:00:00.000`, as Dukascopy writes it.
fn is_dotted(cell: &str) -> bool {
    let bytes = cell.as_bytes();
    let shape = b"dd.dd.dddd dd:dd:dd.ddd";
    bytes.len() >= shape.len() && bytes.iter().zip(shape).all(|(b, s)| if *s == b'd' { b.is_ascii_digit() } else { b == s })
}

/// From the first rows of a file without a header.
///
/// # Errors
/// `ambiguous_format` where the layout is that of two vendors, and neither a format nor a zone was named.
pub(super) fn of_rows(rows: &[Vec<String>], delimiter: u8, options: &ReadOptions) -> Result<Detected, Finding> {
    let first = &rows[0];
    let epoch = Spelling::of(first[0].as_bytes()) == Spelling::Epoch;
    let two = first.get(1).is_some_and(|cell| cell.contains(':'));
    Ok(match first.len() {
        12 if epoch => {
            Detected::new(Format::Binance, "twelve columns without a header, the first an epoch number, as Binance writes klines")
        }
        6 if delimiter == b';' && is_compact(&first[0]) => return shared_line(options),
        7 | 9 if two && first[0].contains('.') => {
            Detected::new(Format::Mt4, "no header; date with dots, time, and prices, as MetaTrader writes bars")
        }
        3 if options.format == Some(Format::Trades) || (options.format.is_none() && !are_quotes(rows)) => {
            Detected::new(Format::Trades, "three columns without a header, and the third is no ask of the second: a price and an amount")
        }
        3 => Detected::new(Format::Ticks, "three columns without a header, and the third is everywhere near the second: a bid and an ask"),
        n => Detected::new(Format::Csv, format!("{n} columns without a header, the first a time")),
    })
}

/// `20170131 220000`.
fn is_compact(cell: &str) -> bool {
    let (bytes, shape) = (cell.as_bytes(), b"dddddddd dddddd");
    bytes.len() == shape.len() && bytes.iter().zip(shape).all(|(b, s)| if *s == b'd' { b.is_ascii_digit() } else { b == s })
}

/// An amount that lies within a tenth of its price in every row is no amount.
fn are_quotes(rows: &[Vec<String>]) -> bool {
    rows.iter().all(|row| match (row.get(1).and_then(|c| c.parse::<f64>().ok()), row.get(2).and_then(|c| c.parse::<f64>().ok())) {
        (Some(bid), Some(ask)) => (ask - bid).abs() <= bid.abs() * 0.1,
        _ => true,
    })
}

/// HistData and NinjaTrader write the same line and mean moments five hours and a minute apart.
fn shared_line(options: &ReadOptions) -> Result<Detected, Finding> {
    let why = "no header, semicolons, and times as 20170131 220000";
    match (options.format, options.zone) {
        (Some(named), _) => Ok(Detected::new(named, why)),
        (None, Some(zone)) if Some(zone) == Format::HistData.zone() => {
            Ok(Detected::new(Format::HistData, format!("{why}, and the zone named is HistData's")))
        }
        (None, Some(zone)) => {
            let message = format!(
                "times are read as the bars' openings in {zone}; NinjaTrader writes the same lines and stamps the ends: name --format ninjatrader where they are its, or --format csv"
            );
            let warning = Finding::new(Severity::Warning, "stamps_unknown", message);
            Ok(Detected { warning: Some(warning), ..Detected::new(Format::Csv, format!("{why}; a zone was named, and no format")) })
        }
        (None, None) => {
            let message = "the line is that of two vendors: HistData (five hours behind UTC all year, bars stamped with their opening) and \
                NinjaTrader (UTC, bars stamped with their end); name --format histdata or --format ninjatrader (format in an experiment), or --format csv with --tz";
            Err(Finding::error("ambiguous_format", message))
        }
    }
}

/// What [`Detected::or_named`] and the clock decided, in words.
pub(super) fn explain_zone(format: Format, options: &ReadOptions, saw_local: bool, names_utc: bool) -> String {
    match (saw_local, options.zone, format.zone()) {
        (false, ..) => "clock: the times are moments (epoch numbers, or with an offset); no zone is needed".to_owned(),
        (true, Some(zone), _) => format!("clock: {zone}, as named"),
        (true, None, Some(zone)) => format!("clock: {zone}, as {format} documents"),
        (true, None, None) if names_utc => "clock: UTC, as the column's name says".to_owned(),
        (true, None, None) => format!("clock: {}, because no zone was named", Tz::UTC),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cells(text: &str, delimiter: char) -> Vec<String> {
        text.split(delimiter).map(str::to_owned).collect()
    }

    #[test]
    fn headers_point_at_their_vendors() {
        for (header, row, format) in [
            ("<DATE>,<TIME>,<OPEN>,<HIGH>,<LOW>,<CLOSE>,<TICKVOL>,<VOL>,<SPREAD>", "", Format::Mt5),
            ("<DATE>,<TIME>,<BID>,<ASK>,<LAST>,<VOLUME>,<FLAGS>", "", Format::Mt5Ticks),
            ("Gmt time,Open,High,Low,Close,Volume", "01.05.2014 00:00:00.000", Format::Dukascopy),
            ("Gmt time,Open,High,Low,Close,Volume", "01.05.2014 00:00", Format::Csv),
            ("Local time,Open,High,Low,Close,Volume", "01.05.2014 03:00:00.000 GMT+0300", Format::Dukascopy),
            ("timestamp,askPrice,bidPrice,askVolume,bidVolume", "", Format::DukascopyNode),
            ("Date,Open,High,Low,Close,Adj Close,Volume", "", Format::Yahoo),
            ("Date,Open,High,Low,Close,Volume,Adj Close", "", Format::Yahoo),
            ("Time,Open,High,Low,Last,Change,Volume", "", Format::Barchart),
            ("Date,Open,High,Low,Close,Volume,Ex-Dividend,Split Ratio,Adj. Close", "", Format::Quandl),
            ("unix,price,amount", "", Format::Trades),
            ("timestamp,bid,ask", "", Format::Ticks),
            ("timestamp,bid_open,ask_open", "", Format::BidAsk),
            ("time,open,high,low,close", "", Format::Csv),
        ] {
            assert_eq!(of_header(&cells(header, ','), &cells(row, ',')).format, format, "{header}");
        }
    }

    #[test]
    fn rows_point_at_their_vendors_or_at_a_question() {
        let none = ReadOptions::default();
        let of = |row: &str, delimiter: char, options: &ReadOptions| {
            of_rows(&[cells(row, delimiter)], delimiter as u8, options).map(|d| d.format)
        };
        assert_eq!(of("1504396800000,1,2,1,2,6,1504396859999,3,0,0,0,0", ',', &none), Ok(Format::Binance));
        assert_eq!(of("2017.01.02,00:00,1,2,1,2,9", ',', &none), Ok(Format::Mt4));
        assert_eq!(of("1356998659,13.51,36.87", ',', &none), Ok(Format::Trades));
        assert_eq!(of("1356998659,1.3051,1.3052", ',', &none), Ok(Format::Ticks));
        assert_eq!(of("20110103 090100;1;2;1;2;9", ';', &none).unwrap_err().kind, "ambiguous_format");
        let zone = |zone: Tz| ReadOptions { zone: Some(zone), ..ReadOptions::default() };
        assert_eq!(of("20110103 090100;1;2;1;2;9", ';', &zone(Tz::Etc__GMTPlus5)), Ok(Format::HistData));
        assert_eq!(of("20110103 090100;1;2;1;2;9", ';', &zone(Tz::UTC)), Ok(Format::Csv));
    }

    #[test]
    fn a_format_that_does_not_fit_is_refused() {
        let options = ReadOptions { format: Some(Format::Yahoo), ..ReadOptions::default() };
        let found = Detected::new(Format::Mt5, "the header is MetaTrader's").or_named(&options).unwrap_err();
        assert!(found.kind == "format_mismatch" && found.message.contains("MetaTrader's; name --format mt5"), "{found:?}");
        assert_eq!(Detected::new(Format::Csv, "").or_named(&options).unwrap().format, Format::Yahoo);
    }
}
