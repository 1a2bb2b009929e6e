//! The economic calendar as a file: CSV with the columns `time`, `currency`, `impact` and `title`, others beside them left alone.
//!
//! Times are read as everywhere (RFC 3339, or local to a zone that is named); a row that cannot be read is refused with its place, for a
//! calendar with a hole is worse than none.

use std::path::Path;

use chrono_tz::Tz;

use super::{clock::Clock, read::read_bytes};
use crate::{
    error::{Error, Result},
    market::{Impact, News, NewsItem},
    time::Nanos,
};

const COLUMNS: [&str; 4] = ["time", "currency", "impact", "title"];

/// Reads a calendar whose times without an offset are of `zone`; answers its bytes as stored as well, for a hash.
///
/// # Errors
/// [`Error::Data`] with the row and column of what cannot be read.
pub fn read_news(path: &Path, zone: Tz) -> Result<(News, Vec<u8>)> {
    let stored = read_bytes(path)?;
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(stored.as_slice());
    let broken = |e: &csv::Error| Error::data(path, format!("is no CSV: {e}; a calendar has the columns time,currency,impact,title"));
    let header = reader.headers().map_err(|e| broken(&e))?.clone();
    let column = |name: &str| {
        let found = header.iter().position(|cell| cell.trim_start_matches('\u{feff}').eq_ignore_ascii_case(name));
        found.ok_or_else(|| Error::data(path, format!("has no column '{name}'; a calendar has the columns time,currency,impact,title")))
    };
    let [time, currency, impact, title] = [column(COLUMNS[0])?, column(COLUMNS[1])?, column(COLUMNS[2])?, column(COLUMNS[3])?];
    let mut clock = Clock::new(zone, None);
    let mut items = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|e| broken(&e))?;
        let row = record.position().map(csv::Position::line);
        let wrong = |column: &str, problem: String| Error::Data { path: path.to_owned(), row, column: Some(column.into()), problem };
        let cell = |index: usize| record.get(index).unwrap_or_default();
        let at = clock.read(cell(time).as_bytes()).map_err(|problem| wrong("time", problem.message(cell(time), zone)))?;
        let impact: Impact = cell(impact).parse().map_err(|problem| wrong("impact", problem))?;
        let name = cell(currency).to_ascii_uppercase();
        if name.len() != 3 || !name.bytes().all(|b| b.is_ascii_uppercase()) {
            return Err(wrong("currency", format!("'{}' is not a currency of three letters, as USD, nor ALL", cell(currency))));
        }
        items.push(NewsItem { at: Nanos(at), currency: name, impact, title: cell(title).to_owned() });
    }
    Ok((News::new(items), stored))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, zone: Tz) -> Result<News> {
        let place = std::env::temp_dir().join(format!("cthulu-lab-news-{}-{:x}.csv", std::process::id(), text.len()));
        std::fs::write(&place, text).unwrap();
        let news = read_news(&place, zone).map(|(news, _)| news);
        std::fs::remove_file(&place).unwrap();
        news
    }

    #[test]
    fn a_calendar_is_read_in_its_zone_and_sorted() {
        let text = "time,currency,impact,title,forecast\n2024-01-05 08:30,usd,High,Non-Farm Payrolls,170K\n\
                    2024-01-04T07:00:00Z,EUR,low,\"Prices, final\",\n";
        let news = read(text, Tz::America__New_York).unwrap();
        let told: Vec<_> = news.items().iter().map(|i| (i.at.to_string(), i.currency.as_str(), i.impact)).collect();
        assert_eq!(told[0], ("2024-01-04T07:00:00Z".into(), "EUR", Impact::Low));
        assert_eq!(told[1], ("2024-01-05T13:30:00Z".into(), "USD", Impact::High));
    }

    #[test]
    fn what_cannot_be_read_is_named_with_its_place() {
        for (text, words) in [
            ("time,currency,impact\n", "has no column 'title'"),
            ("time,currency,impact,title\n2024-01-05T00:00:00Z,USD,huge,x\n", "row 2, column impact: 'huge' is not an impact"),
            ("time,currency,impact,title\n2024-01-05T00:00:00Z,dollar,high,x\n", "row 2, column currency: 'dollar'"),
            ("time,currency,impact,title\nsoon,USD,high,another\n", "row 2, column time: 'soon'"),
        ] {
            let told = read(text, Tz::UTC).unwrap_err().to_string();
            assert!(told.contains(words), "{told}");
        }
    }
}
