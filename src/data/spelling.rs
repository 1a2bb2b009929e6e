//! The spellings of dates and times of day, character by character.
//!
//! Accepts what `docs/data.md` lists and nothing else; knows no zone.

use chrono::{Datelike, NaiveDate};

use super::clock::{DateOrder, TimeProblem};
use crate::time::{DAY, HOUR, MINUTE, SECOND};

/// How a file's times are written, decided by its first row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Spelling {
    /// Whole numbers since 1970; the unit follows from the largest of the column.
    Epoch,
    /// Seconds since 1970 with up to nine decimals, as `1504396800.250`.
    EpochSeconds,
    /// Calendar dates with or without a time of day.
    Civil,
}

impl Spelling {
    /// Whole digits are an epoch number, unless they spell a date of 19xx or 20xx as `20170131` or `20170131220000`.
    pub(super) fn of(cell: &[u8]) -> Self {
        let digits = without_zero_fraction(cell.strip_prefix(b"-").unwrap_or(cell));
        let whole = !digits.is_empty() && digits.iter().all(u8::is_ascii_digit);
        let dated =
            matches!(cell.len(), 8 | 12 | 14) && (cell.starts_with(b"19") || cell.starts_with(b"20")) && read_compact(cell).is_some();
        match (read_seconds(cell), whole && !dated) {
            (Some(_), _) => Self::EpochSeconds,
            (None, true) => Self::Epoch,
            (None, false) => Self::Civil,
        }
    }
}

/// `1483228800.0` is how tools that know only floats write a whole number.
fn without_zero_fraction(digits: &[u8]) -> &[u8] {
    let end = digits.iter().position(|b| *b == b'.').unwrap_or(digits.len());
    let fraction = digits[end..].get(1..).unwrap_or_default();
    if !fraction.is_empty() && fraction.iter().all(|b| *b == b'0') { &digits[..end] } else { digits }
}

/// A whole number within 64 bits.
pub(super) fn read_whole(cell: &[u8]) -> Option<i64> {
    let (negative, digits) = cell.strip_prefix(b"-").map_or((false, cell), |rest| (true, rest));
    let digits = without_zero_fraction(digits);
    if !(1..=19).contains(&digits.len()) {
        return None;
    }
    let magnitude = digits
        .iter()
        .try_fold(0_i64, |n, b| if b.is_ascii_digit() { n.checked_mul(10)?.checked_add(i64::from(b - b'0')) } else { None })?;
    Some(if negative { -magnitude } else { magnitude })
}

/// Nanoseconds of seconds with a fraction: at least nine digits before the point, so that no date with dots is one.
pub(super) fn read_seconds(cell: &[u8]) -> Option<i64> {
    let point = cell.iter().position(|b| *b == b'.')?;
    let (whole, fraction) = (&cell[..point], &cell[point + 1..]);
    if !(9..=11).contains(&whole.len()) || !(1..=9).contains(&fraction.len()) || !fraction.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let fraction = fraction.iter().chain([b'0'; 9].iter()).take(9).fold(0, |n, b| n * 10 + i64::from(b - b'0'));
    read_whole(whole)?.checked_mul(SECOND)?.checked_add(fraction)
}

/// Midnight of the date at the front, and what follows it.
pub(super) fn read_date(cell: &[u8], order: Option<DateOrder>) -> Result<(i64, &[u8]), TimeProblem> {
    let digits = cell.iter().take_while(|b| b.is_ascii_digit()).count();
    if matches!(digits, 8 | 12 | 14) {
        let (year, month, day) = read_compact(&cell[..8]).ok_or(TimeProblem::OutOfRange)?;
        return Ok((midnight(year, month, day)?, &cell[8..]));
    }
    let separator = *cell.get(digits).filter(|b| matches!(b, b'-' | b'.' | b'/')).ok_or(TimeProblem::Unreadable)?;
    let (a, rest) = number(cell, 4)?;
    let (b, rest) = number(rest.strip_prefix(&[separator]).ok_or(TimeProblem::Unreadable)?, 2)?;
    let after = rest.strip_prefix(&[separator]).ok_or(TimeProblem::Unreadable)?;
    let (c, rest) = number(after, 4)?;
    let year_digits = after.len() - rest.len();
    let (year, month, day) = match (digits, year_digits, order) {
        (4, 1 | 2, _) => (a, b, c),
        (1 | 2, 4, Some(DateOrder::Dmy)) => (c, b, a),
        (1 | 2, 4, Some(DateOrder::Mdy)) => (c, a, b),
        (1 | 2, 4, _) => return Err(TimeProblem::OrderUnknown),
        _ => return Err(TimeProblem::Unreadable),
    };
    Ok((midnight(year, month, day)?, rest))
}

fn midnight(year: u32, month: u32, day: u32) -> Result<i64, TimeProblem> {
    let date = i32::try_from(year).ok().and_then(|year| NaiveDate::from_ymd_opt(year, month, day)).ok_or(TimeProblem::OutOfRange)?;
    (i64::from(date.num_days_from_ce()) - 719_163).checked_mul(DAY).ok_or(TimeProblem::OutOfRange)
}

/// `20170131...` as year, month, day, where they can be a date.
fn read_compact(cell: &[u8]) -> Option<(u32, u32, u32)> {
    let (year, rest) = number(cell.get(..4)?, 4).ok()?;
    let (month, day) = (number(cell.get(4..6)?, 2).ok()?.0, number(cell.get(6..8)?, 2).ok()?.0);
    (rest.is_empty() && (1..=12).contains(&month) && (1..=31).contains(&day)).then_some((year, month, day))
}

/// Two digits at the front.
fn two_digits(text: &[u8]) -> Result<(u32, &[u8]), TimeProblem> {
    if text.len() < 2 || !text[1].is_ascii_digit() {
        return Err(TimeProblem::Unreadable);
    }
    number(text, 2)
}

/// One to `most` digits at the front.
fn number(text: &[u8], most: usize) -> Result<(u32, &[u8]), TimeProblem> {
    let digits = text.iter().take(most).take_while(|b| b.is_ascii_digit()).count();
    if digits == 0 {
        return Err(TimeProblem::Unreadable);
    }
    Ok((text[..digits].iter().fold(0, |n, b| n * 10 + u32::from(b - b'0')), &text[digits..]))
}

/// What follows a date: nothing, or a separator (`T`, space, or none before compact digits) and a time of day.
pub(super) fn read_time_of_day(rest: &[u8]) -> Result<(i64, Option<i64>), TimeProblem> {
    match rest {
        [] => Ok((0, None)),
        [b'T' | b't' | b' ', clock @ ..] => read_clock(clock.trim_ascii_start()),
        [b'0'..=b'9', ..] => read_clock(rest),
        _ => Err(TimeProblem::Unreadable),
    }
}

/// `H:MM[:SS[.f]]` or `HHMM[SS]`, and an offset where there is one.
pub(super) fn read_clock(text: &[u8]) -> Result<(i64, Option<i64>), TimeProblem> {
    let digits = text.iter().take_while(|b| b.is_ascii_digit()).count();
    let compact = matches!(digits, 4 | 6);
    let (hour, mut rest) = number(text, 2)?;
    let step = |rest: &[u8]| -> Option<usize> { if compact { Some(0) } else { (rest.first() == Some(&b':')).then_some(1) } };
    let (minute, after) = two_digits(&rest[step(rest).ok_or(TimeProblem::Unreadable)?..])?;
    rest = after;
    let (mut second, mut nanos) = (0, 0);
    let more = if compact { digits == 6 } else { rest.first() == Some(&b':') };
    if more {
        (second, rest) = two_digits(&rest[usize::from(!compact)..])?;
    }
    if let [b'.' | b',', fraction @ ..] = rest
        && more
    {
        let places = fraction.iter().take_while(|b| b.is_ascii_digit()).count();
        if places == 0 {
            return Err(TimeProblem::Unreadable);
        }
        nanos = (0..9).fold(0, |n, i| n * 10 + if i < places { i64::from(fraction[i] - b'0') } else { 0 });
        rest = &fraction[places..];
    }
    if hour > 23 || minute > 59 || second > 59 {
        return Err(TimeProblem::OutOfRange);
    }
    Ok((i64::from(hour) * HOUR + i64::from(minute) * MINUTE + i64::from(second) * SECOND + nanos, read_offset(rest)?))
}

/// `Z`, `UTC`, `GMT`, `+02:00`, `+0200`, `+02`, or `GMT+0200`, in nanoseconds east; `None` for nothing.
fn read_offset(text: &[u8]) -> Result<Option<i64>, TimeProblem> {
    let text = text.trim_ascii();
    let named = text.strip_prefix(b"GMT").or_else(|| text.strip_prefix(b"UTC"));
    let (sign, digits) = match named.unwrap_or(text) {
        [] => return Ok(named.map(|_| 0)),
        [b'Z' | b'z'] if named.is_none() => return Ok(Some(0)),
        [b'+', digits @ ..] => (1, digits),
        [b'-', digits @ ..] => (-1, digits),
        _ => return Err(TimeProblem::Unreadable),
    };
    let (hours, rest) = number(digits, 2)?;
    let rest = rest.strip_prefix(b":").unwrap_or(rest);
    let (minutes, rest) = if rest.is_empty() { (0, rest) } else { number(rest, 2)? };
    if !rest.is_empty() || hours > 15 || minutes > 59 {
        return Err(TimeProblem::Unreadable);
    }
    Ok(Some(sign * (i64::from(hours) * HOUR + i64::from(minutes) * MINUTE)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_numbers_stay_inside_their_range() {
        assert_eq!(read_whole(b"-86400"), Some(-86_400));
        assert_eq!(read_whole(b"1483228800.000"), Some(1_483_228_800));
        assert_eq!(read_whole(b"9223372036854775807"), Some(i64::MAX));
        for wrong in ["", "-", "9223372036854775808", "1.5", "1.", ".0", "1.0.0", "99999999999999999999"] {
            assert_eq!(read_whole(wrong.as_bytes()), None, "{wrong}");
        }
    }
}
