//! Which cell is what: column names in any case and order, and the few layouts without a header.
//!
//! Columns it does not know are left out and listed; a column it needs and cannot find is an error.

use super::{
    finding::Finding,
    format::Format,
    hints::INSTRUMENTS,
    table::{Field, Kind},
};

/// Where the time stands in a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TimeCells {
    One(usize),
    DateAndTime(usize, usize),
}

impl TimeCells {
    /// The one or two cells; the one twice.
    pub(super) const fn cells(self) -> [usize; 2] {
        match self {
            Self::One(cell) => [cell, cell],
            Self::DateAndTime(date, time) => [date, time],
        }
    }
}

/// The meaning of a row's cells.
#[derive(Clone, Debug)]
pub(super) struct Layout {
    pub(super) format: Format,
    pub(super) kind: Kind,
    pub(super) time: TimeCells,
    pub(super) time_name: String,
    pub(super) fields: Vec<(usize, Field, String)>,
    pub(super) width: usize,
    pub(super) ignored: Vec<String>,
    /// Whether an empty bid or ask repeats the one before, as MetaTrader writes ticks.
    pub(super) carries_quotes: bool,
    /// A column that says which instrument a row is of; it is not read, but may hold one name only.
    pub(super) instrument: Option<(usize, String)>,
    /// A time beside the one that is used.
    pub(super) second_time: Option<(usize, String)>,
}

const QUOTED_ASK: [Field; 4] = [Field::AskOpen, Field::AskHigh, Field::AskLow, Field::AskClose];
const PRICES: [Field; 4] = [Field::Open, Field::High, Field::Low, Field::Close];

/// Names of each field; where a file has several, the first listed here is used.
const NAMES: [(Field, &[&str]); 17] = [
    (Field::Open, &["bid_open", "bidopen", "open_bid", "bid_o", "open", "o"]),
    (Field::High, &["bid_high", "bidhigh", "high_bid", "bid_h", "high", "h"]),
    (Field::Low, &["bid_low", "bidlow", "low_bid", "bid_l", "low", "l"]),
    (Field::Close, &["bid_close", "bidclose", "close_bid", "bid_c", "close", "c", "last"]),
    (Field::AskOpen, &["ask_open", "askopen", "open_ask", "ask_o"]),
    (Field::AskHigh, &["ask_high", "askhigh", "high_ask", "ask_h"]),
    (Field::AskLow, &["ask_low", "asklow", "low_ask", "ask_l"]),
    (Field::AskClose, &["ask_close", "askclose", "close_ask", "ask_c"]),
    (Field::Volume, &["volume", "tick_volume", "tickvolume", "tickvol", "vol", "real_volume", "v"]),
    (Field::SpreadPoints, &["spread", "spread_points"]),
    (Field::SpreadPrice, &["spread_price"]),
    (Field::Bid, &["bid", "bid_price", "bidprice"]),
    (Field::Ask, &["ask", "ask_price", "askprice"]),
    (Field::Price, &["price"]),
    (Field::Amount, AMOUNTS),
    (Field::AdjustedClose, &["adj_close", "adj__close", "adjusted_close"]),
    (Field::SplitRatio, &["split_ratio"]),
];

/// How a trade's size is called.
const AMOUNTS: &[&str] = &["amount", "qty", "quantity", "size", "volume", "vol"];

/// What pandas calls an index without a name; only where it holds datetimes is it a time.
pub(super) const PANDAS_INDEX: &str = "__index_level_0__";

const TIME_NAMES: [&str; 15] = [
    "timestamp",
    "datetime",
    "date_time",
    "gmt_time",
    "utc_time",
    "local_time",
    "open_time",
    "opentime",
    "opened_at",
    "date",
    "time",
    "utc",
    "ts",
    "unix",
    PANDAS_INDEX,
];

/// A name in lower case, with underscores for spaces, hyphens and dots.
pub(super) fn plain(name: &str) -> String {
    name.trim().trim_matches(['<', '>']).trim().to_lowercase().replace([' ', '-', '.'], "_")
}

/// Whether one of the names is a trade's amount.
pub(super) fn has_amount(known: &[String]) -> bool {
    known.iter().any(|name| AMOUNTS.contains(&name.as_str()))
}

impl Layout {
    /// From a header's names.
    pub(super) fn of_header(names: &[String], format: Format) -> Result<Self, Finding> {
        let plain: Vec<String> = names.iter().map(|name| plain(name)).collect();
        let position = |wanted: &str| plain.iter().position(|name| name == wanted);
        let time = match (position("date"), position("time")) {
            (Some(date), Some(time)) => Some(TimeCells::DateAndTime(date, time)),
            _ => {
                let known = TIME_NAMES.iter().find_map(|name| position(name));
                let known = known.or_else(|| plain.iter().position(|name| name.starts_with("time") || name.starts_with("date")));
                // Mt. Gox numbered its trades by their microsecond; whether these are such numbers is asked once they are read.
                known.or_else(|| position("id").filter(|_| format == Format::Trades)).map(TimeCells::One)
            }
        };
        let time = time.ok_or_else(|| missing("a time", "timestamp, time, date or datetime", names))?;
        let mut fields: Vec<(usize, Field, String)> = Vec::new();
        // A bid of one name beside plain prices is a column more, not the bar's bid.
        let is_quoted =
            NAMES[..4].iter().all(|(_, known)| known.iter().filter(|name| name.contains("bid")).any(|name| position(name).is_some()));
        for (field, known) in NAMES {
            let meant = known.iter().filter(|name| is_quoted || !PRICES.contains(&field) || !name.contains("bid"));
            if let Some(cell) = meant.into_iter().find_map(|name| position(name)) {
                fields.push((cell, field, names[cell].trim().to_owned()));
            }
        }
        for cell in time.cells().into_iter().chain(fields.iter().map(|(cell, ..)| *cell)) {
            if let Some(again) = plain.iter().skip(cell + 1).position(|name| *name == plain[cell]) {
                let message =
                    format!("columns {} and {} are both called '{}'; name each column once", cell + 1, cell + again + 2, names[cell]);
                return Err(Finding::error("duplicate_column", message).at(1).column(names[cell].trim()));
            }
        }
        let carries_quotes = position("flags").is_some();
        Self::assemble(format, time, names, fields, carries_quotes)
    }

    /// From the first row of a file without a header.
    pub(super) fn of_first_row(cells: &[String], format: Format) -> Result<Self, Finding> {
        let two = cells.get(1).is_some_and(|cell| cell.contains(':')) && !cells[0].contains(':');
        let (time, start) = if two { (TimeCells::DateAndTime(0, 1), 2) } else { (TimeCells::One(0), 1) };
        let rest = cells.len().saturating_sub(start);
        let kline = rest == 11 && cells[0].bytes().all(|b| b.is_ascii_digit());
        let order: Vec<(Field, &str)> = match rest {
            2 if format == Format::Trades => vec![(Field::Price, "price"), (Field::Amount, "amount")],
            2 => vec![(Field::Bid, "bid"), (Field::Ask, "ask")],
            4 | 5 | 11 if rest != 11 || kline => {
                let all =
                    [(Field::Open, "open"), (Field::High, "high"), (Field::Low, "low"), (Field::Close, "close"), (Field::Volume, "volume")];
                all.into_iter().take(rest).collect()
            }
            // MetaTrader 5 without its header: ticks, volume and spread follow the prices.
            7 if two => vec![
                (Field::Open, "open"),
                (Field::High, "high"),
                (Field::Low, "low"),
                (Field::Close, "close"),
                (Field::Volume, "volume"),
                (Field::SpreadPoints, "spread"),
            ],
            _ => {
                return Err(nameless(cells));
            }
        };
        let mut names: Vec<String> = (1..=cells.len()).map(|i| format!("#{i}")).collect();
        names[0] = "time".to_owned();
        // Between ticks and spread stands the real volume, which is not used.
        let cell = |i: usize, field: Field| start + i + usize::from(field == Field::SpreadPoints);
        let fields = order.iter().enumerate().map(|(i, (field, name))| (cell(i, *field), *field, (*name).to_owned())).collect();
        Self::assemble(format, time, &names, fields, false)
    }

    /// Leaves the vendor's adjustments where they are, as wherever nobody asks for them.
    pub(super) fn without_adjustments(mut self) -> Self {
        let is_adjustment = |field: Field| matches!(field, Field::AdjustedClose | Field::SplitRatio);
        self.ignored.extend(self.fields.iter().filter(|(_, field, _)| is_adjustment(*field)).map(|(.., name)| name.clone()));
        self.fields.retain(|(_, field, _)| !is_adjustment(*field));
        self
    }

    /// The columns and what they are taken for.
    pub(super) fn explain(&self) -> String {
        let used: Vec<String> = self.fields.iter().map(|(_, field, name)| format!("{name} ({field:?})").to_lowercase()).collect();
        format!("columns: {} (time), {}", self.time_name, used.join(", "))
    }

    fn assemble(
        format: Format,
        time: TimeCells,
        names: &[String],
        mut fields: Vec<(usize, Field, String)>,
        carries_quotes: bool,
    ) -> Result<Self, Finding> {
        let has = |field: &Field| fields.iter().any(|(_, f, _)| f == field);
        let (bars, ticks) = (PRICES.iter().all(has), has(&Field::Bid) && has(&Field::Ask));
        let trades = has(&Field::Price) && has(&Field::Amount);
        let asks = QUOTED_ASK.iter().filter(|f| has(f)).count();
        if !bars && !ticks && !trades {
            let lacking: Vec<&str> =
                PRICES.iter().zip(["open", "high", "low", "close"]).filter(|(field, _)| !has(field)).map(|(_, name)| name).collect();
            return Err(match lacking.len() {
                4 => missing("prices", "open, high, low and close, or bid and ask, or price and amount", names),
                _ => missing(&lacking.join(" and "), "open, high, low and close are all needed", names),
            });
        }
        if bars && !matches!(asks, 0 | 4) {
            return Err(missing("the whole ask", "ask_open, ask_high, ask_low and ask_close", names));
        }
        let kind = match (bars, ticks) {
            (true, _) => Kind::Bars,
            (_, true) => Kind::Ticks,
            _ => Kind::Trades,
        };
        // MetaTrader leaves a tick's volume empty; elsewhere it counts.
        let counts = |field: Field| kind == Kind::Ticks && field == Field::Volume && !carries_quotes;
        fields.retain(|(_, field, _)| field.kind() == kind || counts(*field));
        if asks == 4 {
            fields.retain(|(_, field, _)| *field != Field::SpreadPoints);
        }
        let timed = time.cells();
        let used = |i: usize| timed.contains(&i) || fields.iter().any(|(cell, ..)| *cell == i);
        let ignored = names.iter().enumerate().map(|(i, name)| (i, name.trim()));
        let ignored = ignored.filter(|(i, name)| !used(*i) && !name.is_empty()).map(|(_, name)| name.to_owned()).collect();
        let carries_quotes = carries_quotes && kind == Kind::Ticks;
        let unused = |known: &[&str]| {
            let is_one = |(i, name): &(usize, &String)| !used(*i) && known.contains(&plain(name).as_str());
            names.iter().enumerate().find(is_one).map(|(i, name)| (i, name.trim().to_owned()))
        };
        let (instrument, second_time) = (unused(&INSTRUMENTS), unused(&TIME_NAMES));
        let (time_name, width) = (names[timed[0]].trim().to_owned(), names.len());
        Ok(Self { format, kind, time, time_name, fields, width, ignored, carries_quotes, instrument, second_time })
    }

    /// Whether trades' numbers stand where a time should.
    pub(super) fn is_numbered(&self) -> bool {
        self.kind == Kind::Trades && plain(&self.time_name) == "id"
    }

    /// Whether the time column's own name says UTC, as `Gmt time` or `time_utc`.
    pub(super) fn names_utc(&self) -> bool {
        let name = plain(&self.time_name);
        name.split('_').any(|part| matches!(part, "utc" | "gmt"))
    }

    /// Whether the time column's own name says that it is a bar's end, as `time_end` or `close_time`.
    pub(super) fn names_an_end(&self) -> bool {
        let name = plain(&self.time_name);
        name.split('_').any(|part| matches!(part, "end" | "ends" | "ended" | "close" | "closes" | "closed" | "closetime" | "endtime"))
    }

    /// Whether the time column's own name points at a clock other than UTC, as `time_eet` or `local_time`.
    pub(super) fn names_a_clock(&self) -> bool {
        let name = plain(&self.time_name);
        let suffix = name.strip_prefix("time_").or_else(|| name.strip_prefix("date_"));
        name.contains("local")
            || suffix.is_some_and(|s| !matches!(s, "utc" | "gmt" | "stamp" | "time" | "open" | "close" | "end" | "ms" | "s" | "us" | "ns"))
    }
}

fn missing(what: &str, wanted: &str, names: &[String]) -> Finding {
    let message = match names {
        [only] => format!("no column for {what} ({wanted}): the line '{only}' has no comma, semicolon or tab between columns"),
        _ => format!("no column for {what} ({wanted}); the file has {}", names.join(", ")),
    };
    Finding::error("missing_column", message).at(1)
}

/// Rows without a header whose number of cells does not tell what they are.
fn nameless(cells: &[String]) -> Finding {
    let message = match cells {
        [_] => "no comma, semicolon or tab stands between the columns; separate them by one of these".to_owned(),
        _ => {
            let n = cells.len();
            format!("{n} columns without a header; give the file a header that names them (timestamp,open,high,low,close,volume)")
        }
    };
    Finding::error("column_count", message).at(1).value(cells.len().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layout(header: &str) -> Result<Layout, Finding> {
        Layout::of_header(&header.split(',').map(str::to_owned).collect::<Vec<_>>(), Format::Csv)
    }

    #[test]
    fn names_are_known_in_any_case_and_order() {
        let found = layout("Close,Adj Close,<HIGH>,low, Open ,Gmt time,TickVol").unwrap();
        assert_eq!(found.time, TimeCells::One(5));
        assert_eq!(
            found.fields.iter().map(|(cell, field, _)| (*cell, *field)).collect::<Vec<_>>(),
            [(4, Field::Open), (2, Field::High), (3, Field::Low), (0, Field::Close), (6, Field::Volume), (1, Field::AdjustedClose)]
        );
        assert_eq!(found.without_adjustments().ignored, ["Adj Close"]);
    }

    #[test]
    fn a_quoted_file_brings_both_sides_or_neither() {
        assert_eq!(layout("timestamp,bid_open,bid_high,bid_low,bid_close,ask_open,ask_high,ask_low,ask_close").unwrap().fields.len(), 8);
        assert_eq!(layout("timestamp,bid_open,bid_high,bid_low,bid_close,ask_open").unwrap_err().kind, "missing_column");
        assert_eq!(layout("date,price").unwrap_err().kind, "missing_column");
        assert_eq!(layout("time,open,high,low,close,close").unwrap_err().kind, "duplicate_column");
        assert_eq!(layout("time,open,high,low,close,Time").unwrap_err().column.as_deref(), Some("time"));
        let lacking = layout("time,open,close,volume").unwrap_err().message;
        assert!(lacking.starts_with("no column for high and low ("), "{lacking}");
        // One bid beside the bar's own prices does not stand for its close.
        assert_eq!(layout("time,open,high,low,close,bid_close").unwrap().ignored, ["bid_close"]);
    }

    #[test]
    fn ticks_are_told_by_bid_and_ask() {
        let mt5 = layout("<DATE>,<TIME>,<BID>,<ASK>,<LAST>,<VOLUME>,<FLAGS>").unwrap();
        assert_eq!((mt5.kind, mt5.time, mt5.carries_quotes), (Kind::Ticks, TimeCells::DateAndTime(0, 1), true));
    }
}
