//! The language as a whole: what expressions are worth, what mistakes are answered with, and that both ways of running agree.

mod errors;
mod files;
mod same;
mod values;

use crate::market::{Bar, Bars};
use crate::time::{HOUR, Nanos};

/// Hourly bars from 2017-01-02 00:00 (a Monday) that close at these prices, each with a range of 1 around its body and a volume of 100.
fn closing_at(closes: &[f64]) -> Bars {
    let start: Nanos = "2017-01-02T00:00:00Z".parse().unwrap();
    let mut bars = Bars::new("1h".parse().unwrap());
    let mut open = closes.first().copied().unwrap_or(0.0);
    for (i, close) in closes.iter().enumerate() {
        let opened_at = start.plus(i as i64 * HOUR);
        bars.push(&Bar {
            opened_at,
            closed_at: opened_at.plus(HOUR),
            open,
            high: open.max(*close) + 0.5,
            low: open.min(*close) - 0.5,
            close: *close,
            volume: 100.0,
            ..Bar::default()
        });
        open = *close;
    }
    bars
}
