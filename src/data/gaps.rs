//! Gaps against the session calendar: how many bars are missing, and where the longest holes are.

use super::{
    finding::{Finding, Findings, Severity},
    table::Table,
};
use crate::{
    market::Calendar,
    time::{DAY, Nanos, Timeframe},
};

/// At most this many single gaps are listed, the longest ones; the summary counts all.
const LISTED: usize = 50;

/// Adds a finding for each of the longest gaps and one that sums them all up.
pub(super) fn measure(table: &Table, timeframe: Timeframe, calendar: Option<Calendar>, findings: &mut Findings) {
    let assumed = calendar.unwrap_or_else(|| guess(&table.at));
    let step = timeframe.ns();
    let late = |i: &usize| table.at[*i].saturating_sub(table.at[*i - 1]) > step;
    let missing = |i: usize| assumed.missing_bars(Nanos(table.at[i - 1]), Nanos(table.at[i]), step);
    let mut gaps: Vec<(usize, i64)> = (1..table.at.len()).filter(late).map(|i| (i, missing(i))).filter(|(_, bars)| *bars > 0).collect();
    let total = gaps.iter().fold(0_i64, |sum, (_, bars)| sum.saturating_add(*bars));
    let Some(longest) = gaps.iter().map(|(_, bars)| *bars).max() else { return };
    let share = 100.0 * total as f64 / (total as f64 + table.at.len() as f64);
    let named = if calendar.is_some() {
        format!("the {assumed} calendar")
    } else {
        format!("the {assumed} calendar, assumed from the days the file has; name the instrument where its hours are others")
    };
    let (are, s) = (if total == 1 { "bar is" } else { "bars are" }, if gaps.len() == 1 { "" } else { "s" });
    let summary = format!(
        "{total} {are} missing in {} gap{s}, {share:.2} % of those expected; the longest has {longest}. Measured by {named}",
        gaps.len()
    );
    gaps.sort_by_key(|(i, bars)| (-bars, *i));
    gaps.truncate(LISTED);
    for (i, bars) in gaps {
        let s = if bars == 1 { "" } else { "s" };
        let message = format!("{bars} bar{s} missing between {} and {}", Nanos(table.at[i - 1]), Nanos(table.at[i]));
        findings.push(Finding::new(Severity::Info, "gap", message).at(table.line(i)).column(&table.time_name).value(bars.to_string()));
    }
    findings.push(Finding::new(Severity::Warning, "gaps", summary).value(total.to_string()));
}

/// Round the clock where Saturdays have at least half of their share, else the FX week: a broker's clock moves some hours of Friday there.
pub(super) fn guess(at: &[i64]) -> Calendar {
    let saturdays = at.iter().filter(|at| (at.div_euclid(DAY) + 3).rem_euclid(7) == 5).count();
    if saturdays * 14 >= at.len() { Calendar::RoundTheClock } else { Calendar::Fx }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::HOUR;

    #[test]
    fn a_few_hours_of_saturday_do_not_make_a_market_round_the_clock() {
        // From Monday 2017-01-02: all hours; those of the FX week; and those seven hours later, as far as Saturday 05:00.
        let hours = || (0..24 * 21).map(|i| 1_483_315_200_000_000_000 + i * HOUR);
        let fx = |shift: i64| hours().filter(|at| Calendar::Fx.is_open(Nanos(*at))).map(|at| at + shift).collect::<Vec<_>>();
        assert_eq!(guess(&hours().collect::<Vec<_>>()), Calendar::RoundTheClock);
        assert_eq!((guess(&fx(0)), guess(&fx(7 * HOUR))), (Calendar::Fx, Calendar::Fx));
    }
}
