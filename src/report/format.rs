//! How a report writes a value: thousands separators, two decimals, percent, calendar dates, and text made safe for HTML.
//!
//! A value that is missing is written as an en dash, never as zero. Negative numbers carry a true minus sign.

use crate::time::Nanos;
use chrono::{Datelike, Timelike};

/// What stands where a value is undefined.
pub(super) const MISSING: &str = "–";

/// Text with the five characters that HTML gives a meaning replaced, fit for element content and quoted attributes.
pub(super) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

/// `value` with `decimals` digits after the point and commas between thousands; the missing sign when not finite.
pub(super) fn decimal(value: f64, decimals: usize) -> String {
    if !value.is_finite() {
        return MISSING.to_owned();
    }
    let digits = format!("{:.decimals$}", value.abs());
    let (whole, fraction) = digits.split_once('.').map_or((digits.as_str(), None), |(w, f)| (w, Some(f)));
    let mut out = String::with_capacity(digits.len() + 8);
    if value < 0.0 && digits.bytes().any(|b| b.is_ascii_digit() && b != b'0') {
        out.push('−');
    }
    out += &grouped(whole);
    if let Some(fraction) = fraction {
        out.push('.');
        out.push_str(fraction);
    }
    out
}

/// Money or a ratio: two decimals.
pub(super) fn two(value: f64) -> String {
    decimal(value, 2)
}

/// A count.
pub(super) fn count(value: f64) -> String {
    decimal(value, 0)
}

/// A fraction as percent with two decimals.
pub(super) fn percent(fraction: f64) -> String {
    let text = decimal(fraction * 100.0, 2);
    if text == MISSING { text } else { text + "%" }
}

/// A fraction as percent without decimals, as an interval's level is named.
pub(super) fn whole_percent(fraction: f64) -> String {
    format!("{}%", decimal(fraction * 100.0, 0))
}

/// A monthly return: percent with fewer decimals where they no longer matter, so that it fits its cell.
pub(super) fn month(fraction: f64) -> String {
    let decimals = match fraction.abs() {
        f if f < 0.99995 => 2,
        f if f < 9.9995 => 1,
        _ => 0,
    };
    format!("{}%", decimal(fraction * 100.0, decimals))
}

/// A size in lots or units: two decimals where they hold it, else as many as a small size needs.
pub(super) fn lots(value: f64) -> String {
    let hundredths = value * 100.0;
    let decimals = match value.abs() {
        size if size >= 1.0 || (hundredths - hundredths.round()).abs() < 1e-6 => 2,
        size if size >= 0.1 => 4,
        _ => 6,
    };
    decimal(value, decimals)
}

/// A price with about six significant digits: eight decimals below a hundredth, five near one, three in the hundreds, two above.
pub(super) fn price(value: f64) -> String {
    let decimals = match value.abs() {
        p if p > 0.0 && p < 0.01 => 8,
        p if p < 20.0 => 5,
        p if p < 1000.0 => 3,
        _ => 2,
    };
    decimal(value, decimals)
}

/// A sentence written elsewhere with its numbers as this page writes them: true minus signs, commas between thousands, and no space
/// before a percent sign. Dates and names stay as they are.
pub(super) fn typeset(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let before = out.chars().next_back();
        let after = &rest[c.len_utf8()..];
        let is_word = before.is_some_and(|b| b.is_alphanumeric() || b == '_');
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        match c {
            '-' if !is_word && after.starts_with(|d: char| d.is_ascii_digit()) => out.push('−'),
            ' ' if after.starts_with('%') && before.is_some_and(|b| b.is_ascii_digit()) => {}
            // Four digits alone may be a year; before a decimal point they are an amount.
            _ if (digits > 4 || digits == 4 && is_fraction(&rest[digits..]))
                && !is_word
                && before != Some('.')
                && !rest[digits..].starts_with(char::is_alphabetic) =>
            {
                out += &grouped(&rest[..digits]);
                rest = &rest[digits..];
                continue;
            }
            c => out.push(c),
        }
        rest = after;
    }
    out
}

fn is_fraction(text: &str) -> bool {
    text.strip_prefix('.').is_some_and(|decimals| decimals.starts_with(|d: char| d.is_ascii_digit()))
}

/// Digits with commas between thousands.
fn grouped(digits: &str) -> String {
    let mut out = String::with_capacity(digits.len() + 4);
    for (i, c) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(c);
    }
    out
}

/// `value` written by `with`, or the missing sign.
pub(super) fn or_dash(value: Option<f64>, with: fn(f64) -> String) -> String {
    value.map_or_else(|| MISSING.to_owned(), with)
}

/// A moment's date in UTC, as 2017-03-01.
pub(super) fn date(at: Nanos) -> String {
    let civil = at.civil();
    format!("{:04}-{:02}-{:02}", civil.year(), civil.month(), civil.day())
}

/// A moment to the minute in UTC, as 2017-03-01 14:00.
pub(super) fn minute(at: Nanos) -> String {
    let civil = at.civil();
    format!("{} {:02}:{:02}", date(at), civil.hour(), civil.minute())
}

/// A file's moment as a date where it reads as one, else as it stands.
pub(super) fn date_text(text: &str) -> String {
    Nanos::parse_date_or_moment(text).map_or_else(|| text.to_owned(), date)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_and_signed() {
        for (value, text) in [(1234567.891, "1,234,567.89"), (-999.999, "−1,000.00"), (-0.001, "0.00"), (0.0, "0.00"), (f64::NAN, "–")]
        {
            assert_eq!(two(value), text);
        }
        assert_eq!(count(1000.0), "1,000");
        assert_eq!(percent(-0.12345), "−12.35%");
        assert_eq!(price(1.1), "1.10000");
        assert_eq!(or_dash(None, two), "–");
    }

    #[test]
    fn sizes_and_prices_keep_the_digits_that_matter() {
        assert_eq!([0.27, 15.9371, 0.2371, 0.00341].map(lots), ["0.27", "15.94", "0.2371", "0.003410"]);
        assert_eq!([0.00001234, 1.04674, 721.5, 40123.125].map(price), ["0.00001234", "1.04674", "721.500", "40,123.12"]);
        assert_eq!([-0.0211, -1.3174, 12.5].map(month), ["−2.11%", "−131.7%", "1,250%"]);
    }

    #[test]
    fn sentences_from_elsewhere_get_the_signs_of_this_page() {
        let told = "The average trade made -27684.70 (-5.25 %) in 2017-01-02 to-5 a12345 0.123456, 1234567, 7935.54 in 2017.";
        assert_eq!(
            typeset(told),
            "The average trade made −27,684.70 (−5.25%) in 2017-01-02 to-5 a12345 0.123456, 1,234,567, 7,935.54 in 2017."
        );
    }

    #[test]
    fn markup_from_files_stays_text() {
        assert_eq!(escape("<b a='1'>&\""), "&lt;b a=&#39;1&#39;&gt;&amp;&quot;");
    }

    #[test]
    fn dates_are_calendar_dates_in_utc() {
        let at: Nanos = "2017-03-01T14:05:09Z".parse().unwrap();
        assert_eq!((date(at), minute(at)), ("2017-03-01".to_owned(), "2017-03-01 14:05".to_owned()));
        assert_eq!(date_text("2017-03-01T22:00:00Z"), "2017-03-01");
        assert_eq!(date_text("soon"), "soon");
    }
}
