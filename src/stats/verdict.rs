//! The verdict: what a run proves, in words a trader can act on, with the numbers behind them.
//!
//! Fewer than 30 closed trades, or an interval of the mean trade that spans zero: not enough evidence. An interval wholly below zero:
//! it loses money. Wholly above: profitable, in or out of sample as the case is, after costs. A result in sample is labelled so and is
//! never good news by itself ([`Verdict::is_good`] is false); neither is one that paid no costs.

use serde::{Deserialize, Serialize};

use crate::seed::Seed;
use crate::stats::bootstrap::{Interval, Options};
use crate::stats::intervals::{mean_interval, sharpe_interval};
use crate::stats::trades::TradeStats;

/// Fewer closed trades than this prove nothing.
pub const ENOUGH_TRADES: u64 = 30;

/// The answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VerdictKind {
    /// Too few trades, or a mean trade that could be zero.
    NotEnoughEvidence,
    /// The whole interval of the mean trade lies below zero.
    Loses,
    /// The whole interval lies above zero.
    Profitable,
    /// It does, but so many others were tried that luck explains it; said of what a search chose, see `docs/luck.md`.
    LikelyLuck,
}

/// What the verdict rests on.
#[derive(Clone, Copy, Debug)]
pub struct Evidence<'a> {
    /// Pnl of each closed trade, net of commission and swap.
    pub trade_pnls: &'a [f64],
    /// Returns of the trading days.
    pub day_returns: &'a [f64],
    /// Trading days a year.
    pub periods_per_year: f64,
    /// Net profit over starting capital, open position marked.
    pub return_fraction: Option<f64>,
    /// What buying at the start and holding would have returned, net of costs.
    pub buy_and_hold_fraction: Option<f64>,
    /// All costs paid, in account money.
    pub costs_total: f64,
    /// Whether the parameters could have been chosen on this very data.
    pub in_sample: bool,
    /// The stream of the intervals.
    pub seed: Seed,
}

/// The words, and the numbers behind them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Verdict {
    /// Which of the three answers.
    pub kind: VerdictKind,
    /// One sentence.
    pub headline: String,
    /// Whether a report may colour it green: profitable, out of sample, and with costs.
    pub is_good: bool,
    /// Why, each a sentence.
    pub reasons: Vec<String>,
    /// Whether the parameters could have been chosen on this very data.
    pub in_sample: bool,
    /// Closed trades.
    pub trades: u64,
    /// Mean pnl of a trade with its bootstrap interval, in account money.
    pub mean_trade: Option<Interval>,
    /// Annualised Sharpe ratio with its bootstrap interval.
    pub sharpe: Option<Interval>,
    /// Net profit over starting capital.
    pub return_fraction: Option<f64>,
    /// The same for buying and holding.
    pub buy_and_hold_fraction: Option<f64>,
    /// All costs paid.
    pub costs_total: f64,
}

impl Verdict {
    /// Judges the evidence.
    ///
    /// ```
    /// use cthulu_lab::{seed::Seed, stats::verdict::{Evidence, Verdict, VerdictKind}};
    /// let verdict = Verdict::of(&Evidence {
    ///     trade_pnls: &[50.0, -20.0, 35.0], day_returns: &[], periods_per_year: 252.0, return_fraction: Some(0.0065),
    ///     buy_and_hold_fraction: None, costs_total: 3.0, in_sample: true, seed: Seed::new(7),
    /// });
    /// assert_eq!(verdict.kind, VerdictKind::NotEnoughEvidence);
    /// assert_eq!(verdict.headline, "Not enough evidence: only 3 closed trades.");
    /// ```
    #[must_use]
    pub fn of(evidence: &Evidence) -> Self {
        let trades = TradeStats::of(evidence.trade_pnls);
        let mean_trade = mean_interval(evidence.trade_pnls, &Options::new(evidence.seed.child("mean_trade")));
        let sharpe = sharpe_interval(evidence.day_returns, evidence.periods_per_year, &Options::new(evidence.seed.child("sharpe")));
        let kind = match mean_trade {
            Some(found) if trades.trades >= ENOUGH_TRADES && found.high < 0.0 => VerdictKind::Loses,
            Some(found) if trades.trades >= ENOUGH_TRADES && found.low > 0.0 => VerdictKind::Profitable,
            _ => VerdictKind::NotEnoughEvidence,
        };
        let has_costs = evidence.costs_total > 0.0;
        Self {
            kind,
            headline: if is_lost(evidence) { lost(trades.trades) } else { headline(kind, trades.trades, evidence.in_sample, has_costs) },
            is_good: kind == VerdictKind::Profitable && !evidence.in_sample && has_costs,
            reasons: reasons(evidence, &trades, mean_trade, sharpe),
            in_sample: evidence.in_sample,
            trades: trades.trades,
            mean_trade,
            sharpe,
            return_fraction: evidence.return_fraction,
            buy_and_hold_fraction: evidence.buy_and_hold_fraction,
            costs_total: evidence.costs_total,
        }
    }
}

/// Whether nothing is left; where the broker closed everything, rounding may leave a trace.
fn is_lost(evidence: &Evidence) -> bool {
    evidence.return_fraction.is_some_and(|whole| whole <= -1.0 + 1e-9)
}

fn lost(trades: u64) -> String {
    format!("The account was lost after {trades} closed trade{}.", if trades == 1 { "" } else { "s" })
}

fn headline(kind: VerdictKind, trades: u64, in_sample: bool, has_costs: bool) -> String {
    let sample = if in_sample { "in sample" } else { "out of sample" };
    let costs = if has_costs { "after costs" } else { "but no costs were charged" };
    match kind {
        VerdictKind::NotEnoughEvidence if trades == 0 => "Not enough evidence: no trade was closed.".to_owned(),
        VerdictKind::NotEnoughEvidence if trades < ENOUGH_TRADES => {
            format!("Not enough evidence: only {trades} closed trade{}.", if trades == 1 { "" } else { "s" })
        }
        VerdictKind::NotEnoughEvidence => "Not enough evidence: the average trade cannot be told from zero.".to_owned(),
        VerdictKind::Loses if has_costs => format!("Loses money {sample}, after costs."),
        VerdictKind::Loses => format!("Loses money {sample}, even though no costs were charged."),
        VerdictKind::Profitable | VerdictKind::LikelyLuck => format!("Profitable {sample}, {costs}."),
    }
}

fn reasons(evidence: &Evidence, trades: &TradeStats, mean_trade: Option<Interval>, sharpe: Option<Interval>) -> Vec<String> {
    let mut told = Vec::new();
    if trades.trades < ENOUGH_TRADES {
        let closed = trades.trades;
        told.push(format!("{closed} closed trade{}; below {ENOUGH_TRADES} luck decides.", if closed == 1 { "" } else { "s" }));
    }
    if let Some(found) = mean_trade {
        let Interval { low, high, point, .. } = found;
        let meaning = match (low > 0.0, high < 0.0) {
            (true, _) => "all of it above zero",
            (_, true) => "all of it below zero",
            _ => "so it may well be zero",
        };
        told.push(format!("The average trade made {point:.2}; its 95 % interval is {low:.2} to {high:.2}, {meaning}."));
    }
    if let Some(Interval { low, high, point, .. }) = sharpe {
        told.push(format!("Sharpe ratio {point:.2} a year, 95 % interval {low:.2} to {high:.2}."));
    }
    if let Some((own, held)) = evidence.return_fraction.zip(evidence.buy_and_hold_fraction) {
        let against = if own > held { "more than" } else { "no more than" };
        told.push(format!("It returned {:.2} %, {against} the {:.2} % of buying and holding.", 100.0 * own, 100.0 * held));
    }
    if evidence.return_fraction.is_some_and(|whole| whole * trades.net_pnl < 0.0) {
        told.push("A position still open decides the sign of the result; the closed trades alone say the opposite.".to_owned());
    }
    if evidence.costs_total <= 0.0 {
        told.push("No costs were charged; a real account pays them.".to_owned());
    }
    if evidence.in_sample {
        told.push("In sample: the rules may have been chosen on this very data. Test them on data they have not seen.".to_owned());
    }
    told
}

#[cfg(test)]
mod tests {
    use super::*;

    fn evidence(trade_pnls: &[f64]) -> Evidence<'_> {
        Evidence {
            trade_pnls,
            day_returns: &[0.01, -0.005, 0.02, 0.0, -0.01, 0.015, 0.002, -0.003, 0.004, 0.01],
            periods_per_year: 252.0,
            return_fraction: Some(trade_pnls.iter().sum::<f64>() / 10_000.0),
            buy_and_hold_fraction: Some(0.05),
            costs_total: 10.0,
            in_sample: true,
            seed: Seed::new(7),
        }
    }

    fn pattern(low: f64, high: f64, count: usize) -> Vec<f64> {
        (0..count).map(|i| if i * 7 % 5 < 2 { low } else { high }).collect()
    }

    #[test]
    fn twenty_nine_trades_prove_nothing_and_thirty_may() {
        assert_eq!(Verdict::of(&evidence(&pattern(5.0, 10.0, 29))).kind, VerdictKind::NotEnoughEvidence);
        assert_eq!(Verdict::of(&evidence(&pattern(5.0, 10.0, 30))).kind, VerdictKind::Profitable);
    }

    #[test]
    fn an_interval_across_zero_proves_nothing() {
        let verdict = Verdict::of(&evidence(&pattern(-30.0, 20.5, 60)));
        assert_eq!(verdict.kind, VerdictKind::NotEnoughEvidence);
        assert!(verdict.mean_trade.unwrap().spans_zero());
        assert_eq!(verdict.headline, "Not enough evidence: the average trade cannot be told from zero.");
    }

    #[test]
    fn a_clear_loser_loses() {
        let verdict = Verdict::of(&evidence(&pattern(-30.0, 5.0, 60)));
        assert_eq!((verdict.kind, verdict.is_good), (VerdictKind::Loses, false));
        assert_eq!(verdict.headline, "Loses money in sample, after costs.");
    }

    #[test]
    fn only_out_of_sample_with_costs_is_good() {
        let pnls = pattern(-5.0, 20.0, 60);
        let inside = Verdict::of(&evidence(&pnls));
        assert_eq!((inside.headline.as_str(), inside.is_good), ("Profitable in sample, after costs.", false));
        let outside = Verdict::of(&Evidence { in_sample: false, ..evidence(&pnls) });
        assert_eq!((outside.headline.as_str(), outside.is_good), ("Profitable out of sample, after costs.", true));
        let free = Verdict::of(&Evidence { in_sample: false, costs_total: 0.0, ..evidence(&pnls) });
        assert_eq!((free.headline.as_str(), free.is_good), ("Profitable out of sample, but no costs were charged.", false));
    }

    #[test]
    fn a_lost_account_is_told_first_however_few_its_trades() {
        let verdict = Verdict::of(&Evidence { return_fraction: Some(-1.0), ..evidence(&[-10_000.0]) });
        assert_eq!(
            (verdict.kind, verdict.headline.as_str()),
            (VerdictKind::NotEnoughEvidence, "The account was lost after 1 closed trade.")
        );
        let verdict = Verdict::of(&Evidence { return_fraction: Some(-1.4), ..evidence(&pattern(-300.0, 5.0, 60)) });
        assert_eq!((verdict.kind, verdict.headline.as_str()), (VerdictKind::Loses, "The account was lost after 60 closed trades."));
    }

    #[test]
    fn no_trade_is_said_plainly() {
        let verdict = Verdict::of(&evidence(&[]));
        assert_eq!((verdict.headline.as_str(), verdict.mean_trade), ("Not enough evidence: no trade was closed.", None));
    }

    #[test]
    fn an_open_position_that_turns_the_result_is_named() {
        let verdict = Verdict::of(&Evidence { return_fraction: Some(-0.2), ..evidence(&pattern(-5.0, 20.0, 60)) });
        assert!(verdict.reasons.iter().any(|r| r.starts_with("A position still open")));
        assert!(verdict.reasons.iter().any(|r| r.contains("no more than the 5.00 % of buying and holding")));
    }

    #[test]
    fn the_kind_is_written_in_snake_case() {
        let text = serde_json::to_string(&Verdict::of(&evidence(&[]))).unwrap();
        assert!(text.starts_with(r#"{"kind":"not_enough_evidence""#));
        assert_eq!(serde_json::from_str::<Verdict>(&text).unwrap().kind, VerdictKind::NotEnoughEvidence);
    }
}
