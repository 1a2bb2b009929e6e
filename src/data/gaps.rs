//! Gaps against the session calendar: how many bars are missing, and where the longest holes are.

use super::{
    finding::{Finding, Findings, Severity},
    table::Table,
};
use crate::{
    market::{Calendar, Gap},
    time::{Nanos, Timeframe},
};

/// At most this many single gaps are listed, the longest ones; the summary counts all.
const LISTED: usize = 50;

/// Adds a finding for each of the longest gaps and one that sums them all up.
pub(super) fn measure(table: &Table, timeframe: Timeframe, (hours, is_named): (Calendar, bool), findings: &mut Findings) {
    let mut gaps: Vec<(usize, Gap)> = hours.gaps(table.at.iter().map(|at| Nanos(*at)), timeframe).collect();
    let total = gaps.iter().fold(0_u64, |sum, (_, gap)| sum.saturating_add(gap.missing_bars));
    let Some(longest) = gaps.iter().map(|(_, gap)| gap.missing_bars).max() else { return };
    let share = 100.0 * total as f64 / (total as f64 + table.at.len() as f64);
    let named = if is_named {
        format!("the {hours} calendar")
    } else {
        format!(
            "the {hours} calendar, assumed from the times the file has; name the instrument, or its hours with --calendar (calendar in an experiment), where they are others"
        )
    };
    let (are, s) = (if total == 1 { "bar is" } else { "bars are" }, if gaps.len() == 1 { "" } else { "s" });
    let summary = format!(
        "{total} {are} missing in {} gap{s}, {share:.2} % of those expected; the longest has {longest}. Measured by {named}",
        gaps.len()
    );
    gaps.sort_by_key(|(i, gap)| (std::cmp::Reverse(gap.missing_bars), *i));
    gaps.truncate(LISTED);
    for (i, Gap { from, to, missing_bars: bars }) in gaps {
        let s = if bars == 1 { "" } else { "s" };
        let message = format!("{bars} bar{s} missing between {from} and {to}");
        findings.push(Finding::new(Severity::Info, "gap", message).at(table.line(i)).column(&table.time_name).value(bars.to_string()));
    }
    findings.push(Finding::new(Severity::Warning, "gaps", summary).value(total.to_string()));
}
