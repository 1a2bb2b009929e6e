//! The economic calendar: when news is due, for which currency, and how much it is expected to move.
//!
//! A calendar is published ahead, so that knowing when news is due is no look-ahead; what the news says is not in it.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use super::Instrument;
use crate::time::Nanos;

/// How much news is expected to move prices.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Impact {
    /// Hardly.
    Low,
    /// Somewhat.
    Medium,
    /// Much.
    #[default]
    High,
}

impl FromStr for Impact {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.trim().to_ascii_lowercase().as_str() {
            "low" => Ok(Self::Low),
            "medium" | "med" | "moderate" => Ok(Self::Medium),
            "high" => Ok(Self::High),
            _ => Err(format!("'{text}' is not an impact; write low, medium or high")),
        }
    }
}

impl fmt::Display for Impact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        })
    }
}

/// One entry of the calendar.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewsItem {
    /// When it is due.
    pub at: Nanos,
    /// Whom it concerns, as `USD`; `ALL` for everybody.
    pub currency: String,
    /// How much it is expected to move.
    pub impact: Impact,
    /// What it is.
    pub title: String,
}

impl NewsItem {
    /// Whether it concerns one of these currencies.
    #[must_use]
    pub fn concerns(&self, currencies: &[String]) -> bool {
        self.currency == "ALL" || currencies.contains(&self.currency)
    }
}

/// The calendar, ascending in time.
///
/// ```
/// use cthulu_lab::market::{Impact, News, NewsItem};
/// let payrolls = NewsItem { at: "2024-01-05T13:30:00Z".parse().unwrap(), currency: "USD".into(), impact: Impact::High, title: "NFP".into() };
/// let news = News::new(vec![payrolls]);
/// let half_hour = 30 * cthulu_lab::time::MINUTE;
/// let near = |at: &str| news.near(at.parse().unwrap(), half_hour, half_hour).count();
/// assert_eq!((near("2024-01-05T13:00:00Z"), near("2024-01-05T14:00:00Z"), near("2024-01-05T14:00:01Z")), (1, 1, 0));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct News {
    items: Vec<NewsItem>,
}

impl News {
    /// A calendar of these entries, in any order.
    #[must_use]
    pub fn new(mut items: Vec<NewsItem>) -> Self {
        items.sort_by_key(|item| item.at);
        Self { items }
    }

    /// All of them.
    #[must_use]
    pub fn items(&self) -> &[NewsItem] {
        &self.items
    }

    /// What is due within `before` from `at` on, or was due within `after` up to it; both ends count.
    pub fn near(&self, at: Nanos, before_ns: i64, after_ns: i64) -> impl Iterator<Item = &NewsItem> {
        let first = self.items.partition_point(|item| item.at < at.plus(-after_ns));
        let last = at.plus(before_ns);
        self.items[first..].iter().take_while(move |item| item.at <= last)
    }
}

/// The currencies an instrument is made of: the two of a pair as `EURUSD`, and the one it is quoted in.
///
/// ```
/// use cthulu_lab::market::{Instrument, currencies_of};
/// assert_eq!(currencies_of(&Instrument::fractional("EURUSD")), ["EUR", "USD"]);
/// let index = Instrument { quote_currency: Some("EUR".into()), ..Instrument::fractional("DAX") };
/// assert_eq!(currencies_of(&index), ["EUR"]);
/// ```
#[must_use]
pub fn currencies_of(instrument: &Instrument) -> Vec<String> {
    let symbol = &instrument.symbol;
    let is_pair = symbol.len() == 6 && symbol.bytes().all(|b| b.is_ascii_uppercase());
    let is_quoted = instrument.quote_currency.as_deref().is_none_or(|quote| symbol.ends_with(quote));
    let mut currencies: Vec<String> = if is_pair && is_quoted { vec![symbol[..3].into(), symbol[3..].into()] } else { Vec::new() };
    currencies.extend(instrument.quote_currency.clone().filter(|quote| !currencies.contains(quote)));
    currencies
}
