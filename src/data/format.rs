//! The formats by name: what each vendor documents about its clock, its dates and its stamps.
//!
//! A format is a layout with a name and a few facts that the file itself does not state. Where a vendor documents none (a broker's clock),
//! the fact stays open and the reader asks; where two formats share one layout, the file is refused until one is named.

use std::{fmt, str::FromStr};

use chrono_tz::Tz;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::clock::DateOrder;
use crate::error::suggest;

/// A way of writing prices into a file.
///
/// ```
/// use cthulu_lab::data::Format;
/// assert_eq!("histdata".parse(), Ok(Format::HistData));
/// assert_eq!(Format::HistData.zone(), Some(chrono_tz::Etc::GMTPlus5)); // five hours behind UTC, all year
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Any table with a header, or in one of the plain orders without one.
    Csv,
    /// MetaTrader 5 bars: `<DATE>`, `<TIME>`, `<OPEN>` … between tabs.
    Mt5,
    /// MetaTrader 5 ticks: `<BID>` and `<ASK>`, an unchanged side left empty.
    Mt5Ticks,
    /// MetaTrader bars without a header: `2017.01.31,22:00,o,h,l,c,v`.
    Mt4,
    /// Binance klines: twelve columns, epoch milliseconds or microseconds.
    Binance,
    /// The CSV of Dukascopy's site: `Gmt time`, `31.12.2017 22:00:00.000`.
    Dukascopy,
    /// The CSV and JSON of dukascopy-node: epoch milliseconds.
    DukascopyNode,
    /// Dukascopy's JSON of differences: a first price, a multiplier, and steps.
    DukascopyDelta,
    /// HistData ASCII minute bars: `20170131 220000;o;h;l;c;v`, five hours behind UTC all year.
    HistData,
    /// NinjaTrader minute bars: the same line, in UTC and stamped with the bar's end.
    NinjaTrader,
    /// Yahoo, both layouts: `Adj Close` before or behind `Volume`.
    Yahoo,
    /// Barchart: `Last`, `Change`, month first, newest first.
    Barchart,
    /// Quandl's WIKI prices: `Split Ratio`, `Adj. Close`, newest first.
    Quandl,
    /// Bars of bids and asks.
    BidAsk,
    /// Quotes: time, bid, ask.
    Ticks,
    /// Trades: time, price, amount.
    Trades,
    /// Parquet.
    Parquet,
}

impl Format {
    /// All of them, in the order in which they are listed.
    pub const ALL: [Self; 17] = [
        Self::Csv,
        Self::Mt5,
        Self::Mt5Ticks,
        Self::Mt4,
        Self::Binance,
        Self::Dukascopy,
        Self::DukascopyNode,
        Self::DukascopyDelta,
        Self::HistData,
        Self::NinjaTrader,
        Self::Yahoo,
        Self::Barchart,
        Self::Quandl,
        Self::BidAsk,
        Self::Ticks,
        Self::Trades,
        Self::Parquet,
    ];

    /// Its name on the command line and in manifests.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Mt5 => "mt5",
            Self::Mt5Ticks => "mt5-ticks",
            Self::Mt4 => "mt4",
            Self::Binance => "binance",
            Self::Dukascopy => "dukascopy",
            Self::DukascopyNode => "dukascopy-node",
            Self::DukascopyDelta => "dukascopy-delta",
            Self::HistData => "histdata",
            Self::NinjaTrader => "ninjatrader",
            Self::Yahoo => "yahoo",
            Self::Barchart => "barchart",
            Self::Quandl => "quandl",
            Self::BidAsk => "bid-ask",
            Self::Ticks => "ticks",
            Self::Trades => "trades",
            Self::Parquet => "parquet",
        }
    }

    /// The clock that the vendor documents, where it documents one.
    #[must_use]
    pub const fn zone(self) -> Option<Tz> {
        match self {
            Self::HistData => Some(Tz::Etc__GMTPlus5),
            Self::NinjaTrader => Some(Tz::UTC),
            _ => None,
        }
    }

    /// What the vendor's dates start with, where they do not start with the year.
    #[must_use]
    pub const fn date_order(self) -> Option<DateOrder> {
        match self {
            Self::Dukascopy => Some(DateOrder::Dmy),
            Self::Barchart => Some(DateOrder::Mdy),
            _ => None,
        }
    }

    /// Whether the vendor stamps a bar with its end.
    #[must_use]
    pub const fn stamps_ends(self) -> bool {
        matches!(self, Self::NinjaTrader)
    }

    /// Whether the vendor writes the newest row first, at least in one of its layouts.
    #[must_use]
    pub const fn is_newest_first(self) -> bool {
        matches!(self, Self::Yahoo | Self::Barchart | Self::Quandl)
    }

    /// Whether the vendor's times are those of a broker's clock, which no file names.
    pub(super) const fn keeps_a_brokers_clock(self) -> bool {
        matches!(self, Self::Mt5 | Self::Mt5Ticks | Self::Mt4)
    }

    /// How a last line begins that is the vendor's word and no row.
    pub(super) const fn footer(self) -> Option<&'static str> {
        match self {
            Self::Barchart => Some("Downloaded from Barchart"),
            _ => None,
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Format {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|format| format.name() == text);
        found.ok_or_else(|| format!("'{text}' is not a format{}", suggest(text, Self::ALL.map(Self::name))))
    }
}

impl Serialize for Format {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl<'de> Deserialize<'de> for Format {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_format_is_known_by_its_name() {
        for format in Format::ALL {
            assert_eq!(format.name().parse(), Ok(format));
        }
        assert_eq!("hist-data".parse::<Format>().unwrap_err(), "'hist-data' is not a format; did you mean 'histdata'?");
    }
}
