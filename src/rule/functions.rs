//! The names of the language: every function with its arguments, every series with its meaning. The only list of them.
//!
//! An argument's name says what may stand there: `x`, `a`, `b`, `lo`, `hi` any number; `c` a condition; `k` a constant above 0;
//! `timeframe`, `name` a text; `expr` anything; every other name a constant whole number of bars.

use super::operation::Holding;
use super::series::Series;

/// Every function: its name, its arguments, and what it answers, in one line.
pub const FUNCTIONS: &[(&str, &[&str], &str)] = &[
    ("sma", &["x", "n"], "mean of the last n"),
    ("ema", &["x", "n"], "exponential mean, weight 2/(n + 1), seeded with the mean of the first n"),
    ("wma", &["x", "n"], "mean of the last n, the newest weighing n and the oldest 1"),
    ("rma", &["x", "n"], "Wilder's mean, weight 1/n, seeded with the mean of the first n"),
    ("rsi", &["x", "n"], "100 - 100/(1 + mean rise / mean fall), Wilder's means of n changes"),
    ("macd", &["x", "fast", "slow"], "ema(x, fast) - ema(x, slow)"),
    ("macd_signal", &["x", "fast", "slow", "signal"], "ema of macd over signal bars"),
    ("macd_hist", &["x", "fast", "slow", "signal"], "macd - macd_signal"),
    ("atr", &["n"], "Wilder's mean of the true range"),
    ("tr", &[], "true range: the larger of high and the close before, less the smaller of low and the close before"),
    ("adx", &["n"], "Wilder's mean of 100 * |plus_di - minus_di| / (plus_di + minus_di)"),
    ("plus_di", &["n"], "100 * Wilder's sum of rises of the high / of the true range"),
    ("minus_di", &["n"], "100 * Wilder's sum of falls of the low / of the true range"),
    ("bb_upper", &["x", "n", "k"], "sma + k * stddev"),
    ("bb_lower", &["x", "n", "k"], "sma - k * stddev"),
    ("bb_mid", &["x", "n"], "sma(x, n)"),
    ("bb_width", &["x", "n", "k"], "(upper - lower) / mid"),
    ("bb_position", &["x", "n", "k"], "(x - lower) / (upper - lower)"),
    ("stoch_k", &["n", "smooth"], "mean over smooth bars of 100 * (close - lowest low) / (highest high - lowest low)"),
    ("stoch_d", &["n", "smooth", "d"], "mean of stoch_k over d bars"),
    ("cci", &["n"], "(hlc3 - mean) / (0.015 * mean absolute deviation)"),
    ("willr", &["n"], "-100 * (highest high - close) / (highest high - lowest low)"),
    ("mfi", &["n"], "100 - 100/(1 + money in on rises / money in on falls), money = hlc3 * volume"),
    ("obv", &[], "volume summed with the sign of the close's change"),
    ("roc", &["x", "n"], "100 * (x / x[n] - 1), in percent"),
    ("momentum", &["x", "n"], "x - x[n]"),
    ("stddev", &["x", "n"], "population standard deviation of the last n"),
    ("zscore", &["x", "n"], "(x - sma) / stddev"),
    ("linreg_slope", &["x", "n"], "slope per bar of the least-squares line through the last n"),
    ("donchian_upper", &["n"], "highest high of the n bars before this one"),
    ("donchian_lower", &["n"], "lowest low of the n bars before this one"),
    ("keltner_upper", &["n", "k", "atr_n"], "ema(close, n) + k * atr(atr_n)"),
    ("keltner_lower", &["n", "k", "atr_n"], "ema(close, n) - k * atr(atr_n)"),
    ("supertrend", &["n", "k"], "trailing line hl2 -/+ k * atr(n) that flips when the close crosses it"),
    ("vwap", &[], "sum of hlc3 * volume / sum of volume since the trading day began"),
    ("highest", &["x", "n"], "largest of the last n, this bar included"),
    ("lowest", &["x", "n"], "smallest of the last n, this bar included"),
    ("sum", &["x", "n"], "sum of the last n"),
    ("realized_vol", &["n"], "standard deviation (n - 1) of the last n log returns of the close, per bar"),
    ("body_fraction", &[], "|close - open| / (high - low)"),
    ("upper_wick_fraction", &[], "(high - the larger of open and close) / (high - low)"),
    ("lower_wick_fraction", &[], "(the smaller of open and close - low) / (high - low)"),
    ("crosses_above", &["a", "b"], "a > b and a[1] <= b[1]"),
    ("crosses_below", &["a", "b"], "a < b and a[1] >= b[1]"),
    ("rising", &["x", "n"], "x rose on each of the last n bars"),
    ("falling", &["x", "n"], "x fell on each of the last n bars"),
    ("bars_since", &["c"], "bars since c was last true; 0 where it is true now"),
    ("count", &["c", "n"], "on how many of the last n bars c was true"),
    ("if", &["c", "a", "b"], "a where c is true, else b"),
    ("min", &["a", "b"], "the smallest of two or more"),
    ("max", &["a", "b"], "the largest of two or more"),
    ("abs", &["x"], "the size of x"),
    ("sign", &["x"], "1, 0 or -1"),
    ("sqrt", &["x"], "square root"),
    ("log", &["x"], "natural logarithm"),
    ("exp", &["x"], "e to the power x"),
    ("round", &["x"], "nearest whole number, halves away from zero"),
    ("clamp", &["x", "lo", "hi"], "x, but at least lo and at most hi"),
    ("on", &["timeframe", "expr"], "expr on completed bars of a longer timeframe, as on(\"4h\", rsi(close, 14))"),
    ("model", &["name"], "a model's probability, as model(\"name\")"),
];

/// Every series: its name and what it is.
pub const SERIES: &[(&str, &str)] = &[
    ("open", "first price of the bar"),
    ("high", "highest price"),
    ("low", "lowest price"),
    ("close", "last price"),
    ("volume", "volume, or ticks"),
    ("spread", "ask minus bid at the close, else the file's spread; missing where neither is known"),
    ("bid", "close of the bid; the close where there is one price"),
    ("ask", "close of the ask; the close where there is one price"),
    ("hl2", "(high + low) / 2"),
    ("hlc3", "(high + low + close) / 3"),
    ("ohlc4", "(open + high + low + close) / 4"),
    ("hour", "hour of the opening, UTC, 0 to 23"),
    ("minute", "minute of the opening, 0 to 59"),
    ("day_of_week", "day of the opening, UTC, Monday = 0"),
    ("session", "0 none, 1 Asia, 2 Europe, 3 United States"),
    ("position.bars", "bars since the open position was entered; missing when flat"),
    ("position.pnl_fraction", "profit of the open position as a fraction of its entry; missing when flat"),
];

/// What a series is read from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SeriesSource {
    Bar(Series),
    Position(Holding),
}

/// The series of that name.
pub(super) fn series(name: &str) -> Option<SeriesSource> {
    use SeriesSource::{Bar, Position};
    Some(match name {
        "open" => Bar(Series::Open),
        "high" => Bar(Series::High),
        "low" => Bar(Series::Low),
        "close" => Bar(Series::Close),
        "volume" => Bar(Series::Volume),
        "spread" => Bar(Series::Spread),
        "bid" => Bar(Series::Bid),
        "ask" => Bar(Series::Ask),
        "hl2" => Bar(Series::Hl2),
        "hlc3" => Bar(Series::Hlc3),
        "ohlc4" => Bar(Series::Ohlc4),
        "hour" => Bar(Series::Hour),
        "minute" => Bar(Series::Minute),
        "day_of_week" => Bar(Series::DayOfWeek),
        "session" => Bar(Series::Session),
        "position.bars" => Position(Holding::Bars),
        "position.pnl_fraction" => Position(Holding::PnlFraction),
        _ => return None,
    })
}

/// The arguments of a function.
pub(super) fn arguments(name: &str) -> Option<&'static [&'static str]> {
    FUNCTIONS.iter().find(|(known, ..)| *known == name).map(|(_, args, _)| *args)
}

/// The function as it is written, `sma(x, n)`.
pub(super) fn usage(name: &str) -> String {
    let more = if matches!(name, "min" | "max") { ", …" } else { "" };
    format!("{name}({}{more})", arguments(name).unwrap_or_default().join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_listed_series_has_a_source() {
        for (name, _) in SERIES {
            assert!(series(name).is_some(), "{name}");
        }
        assert_eq!(series("clsoe"), None);
    }

    #[test]
    fn no_name_is_listed_twice() {
        let mut names: Vec<_> = FUNCTIONS.iter().map(|f| f.0).chain(SERIES.iter().map(|s| s.0)).collect();
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count);
    }
}
