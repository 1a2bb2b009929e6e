//! The verdict on a result that was chosen among others: what the numbers alone say, and then whether luck explains it.
//!
//! [`Verdict`] asks whether the trades earn anything; here the answer "profitable" must survive the question how many others were tried. The
//! chance that luck did it is the largest of: the p-value of the choice by Hansen's test over the run's own trials (its own correlations,
//! so nothing is assumed of them), 1 − PSR(0) where there was only one, where those were picked from more sets on the same prices the chance
//! after all of these ([`Luck::begun_p`]), and, where the ledger knows of more trials than the run made, the
//! chance after all of those ([`Knowledge::luck_p`]). Above [`LUCK_LEVEL`] the verdict is "likely luck".
//!
//! Why not by the deflated Sharpe ratio, which is printed beside it? It takes the whole spread of the trials' Sharpe ratios for luck. Where
//! some rules truly differ (half of a grid trades too often and pays for it) that spread is not luck, and the ratio refuses what is there;
//! `docs/luck.md` has the measurements.

use serde::Serialize;

use super::{Knowledge, Luck};
use crate::stats::{
    permutation::Permutation,
    verdict::{ENOUGH_TRADES, Evidence, Verdict, VerdictKind},
};

/// The chance that luck did it must be at most this: of a hundred searches that find nothing real, two may pass.
pub const LUCK_LEVEL: f64 = 0.02;

/// A deflated Sharpe ratio from here on is no reason to doubt.
const CONFIDENT: f64 = 0.95;

/// A result and everything that is known of how it was chosen.
#[derive(Clone, Copy, Debug)]
pub struct Judged<'a> {
    /// The chosen result itself.
    pub evidence: Evidence<'a>,
    /// What the run's own trials say of it.
    pub luck: &'a Luck,
    /// What the ledger knows of its market and span, this run included.
    pub ledger: Option<&'a Knowledge>,
    /// The test of its entry times.
    pub entries: Option<&'a Permutation>,
}

/// The words, and the numbers behind them.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Judgement {
    /// The verdict.
    #[serde(flatten)]
    pub verdict: Verdict,
    /// The chance that luck did it, as far as it is known.
    pub luck_p: Option<f64>,
    /// Where that chance begins to be too large.
    pub luck_level: f64,
    /// Trials it was chosen from, by this run alone or by the ledger, whichever is more.
    pub trials: usize,
    /// The deflated Sharpe ratio after so many.
    pub dsr: Option<f64>,
    /// What the ledger added.
    pub ledger: Option<Remembered>,
    /// What the run's own trials say.
    pub luck: Luck,
    /// The test of the entry times.
    pub entries: Option<Permutation>,
}

/// The ledger's part of a judgement.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Remembered {
    /// What it counted.
    #[serde(flatten)]
    pub knowledge: Knowledge,
    /// The best annualised Sharpe ratio that so many would show without skill.
    pub sr0_annual: Option<f64>,
    /// The deflated Sharpe ratio after all of them.
    pub dsr: Option<f64>,
    /// The chance of a result as significant as this among them.
    pub luck_p: Option<f64>,
}

/// Judges a result.
#[must_use]
pub fn judge(judged: &Judged) -> Judgement {
    let Judged { evidence, luck, ledger, entries } = *judged;
    let returns = evidence.day_returns;
    let remembered = ledger.map(|known| Remembered {
        knowledge: known.clone(),
        sr0_annual: known.sr0().map(|s| s * evidence.periods_per_year.sqrt()),
        dsr: known.dsr(returns),
        luck_p: known.luck_p(returns),
    });
    let more = remembered.as_ref().filter(|r| r.knowledge.trials > luck.trials);
    let own_p = if luck.trials > 1 { luck.against_zero.and_then(|t| t.chosen_p) } else { luck.psr.map(|p| 1.0 - p) };
    let luck_p = [own_p, luck.begun_p, more.and_then(|r| r.luck_p)].into_iter().flatten().reduce(f64::max);
    let mut judgement = Judgement {
        verdict: Verdict::of(&evidence),
        luck_p,
        luck_level: LUCK_LEVEL,
        trials: more.map_or(luck.trials, |r| r.knowledge.trials),
        dsr: more.map_or(luck.dsr, |r| r.dsr),
        ledger: remembered.clone(),
        luck: luck.clone(),
        entries: entries.copied(),
    };
    if luck_explains(&judgement) {
        judgement.verdict.kind = VerdictKind::LikelyLuck;
        judgement.verdict.is_good = false;
    }
    judgement.verdict.headline = headline(&judgement);
    judgement.verdict.reasons.splice(0..0, reasons(&judgement));
    judgement
}

impl Judgement {
    /// The same of a result whose rules were trained on what came after the tested rows too: never a profit that anybody could have had.
    #[must_use]
    pub fn cross_validated(mut self) -> Self {
        let verdict = &mut self.verdict;
        verdict.is_good = false;
        let told = "Its folds were trained on rows that come after those they tested: evidence about the method, and no track record.";
        verdict.reasons.push(told.to_owned());
        if verdict.kind == VerdictKind::Profitable {
            verdict.kind = VerdictKind::NotEnoughEvidence;
            let costs = if verdict.costs_total > 0.0 { "after costs" } else { "but no costs were charged" };
            verdict.headline = format!("Not enough evidence: earns in cross-validation, {costs}, which is no track record.");
        } else {
            verdict.headline = verdict.headline.replace("out of sample", "in cross-validation");
        }
        self
    }
}

/// Whether luck is the answer: for a result that would pass by itself, and for a gain among many that would not.
fn luck_explains(judgement: &Judgement) -> bool {
    let Judgement { verdict, luck_p, trials, .. } = judgement;
    match verdict.kind {
        VerdictKind::Profitable => luck_p.is_none_or(|p| p > LUCK_LEVEL),
        VerdictKind::NotEnoughEvidence => {
            let gains = verdict.mean_trade.is_some_and(|found| found.point > 0.0);
            *trials > 1 && verdict.trades >= ENOUGH_TRADES && gains && luck_p.is_some_and(|p| p > LUCK_LEVEL)
        }
        VerdictKind::Loses | VerdictKind::LikelyLuck => false,
    }
}

/// The headline of a choice; that of a single result stands where nothing was chosen and luck is not the answer.
fn headline(judgement: &Judgement) -> String {
    let Judgement { verdict, trials, .. } = judgement;
    let plain = verdict.headline.clone();
    match verdict.kind {
        VerdictKind::LikelyLuck => format!("Likely luck: {} after {}.", doubt(judgement), counted(*trials, verdict.in_sample)),
        VerdictKind::Profitable if *trials > 1 && verdict.in_sample => {
            let costs = if verdict.costs_total > 0.0 { ", after costs" } else { ", but no costs were charged" };
            let p = judgement.luck_p.map_or_else(String::new, |p| format!(" (p {})", p_words(p)));
            format!("The choice of {} earns more than luck explains{p}, in sample{costs}.", counted(*trials, true))
        }
        VerdictKind::Loses if *trials > 1 && verdict.in_sample => match plain.strip_prefix("Loses") {
            Some(how) => format!("Even the choice of {} loses{how}", counted(*trials, true)),
            None => plain,
        },
        _ => plain,
    }
}

/// What speaks for luck: a low deflated Sharpe ratio, and else the p-value.
fn doubt(judgement: &Judgement) -> String {
    match (judgement.dsr.filter(|d| *d < CONFIDENT), judgement.luck_p) {
        (Some(dsr), _) => format!("DSR {dsr:.2}"),
        (None, Some(p)) => format!("p {}", p_words(p)),
        (None, None) => "nothing can be tested".to_owned(),
    }
}

fn counted(trials: usize, in_sample: bool) -> String {
    // Others' sweeps saw the tested span too, and count beside the walk-forwards that looked at it.
    let what = match (in_sample, trials) {
        (true, 1) => "trial",
        (true, _) => "trials",
        (false, 1) => "specification",
        (false, _) => "trials and specifications",
    };
    format!("{} {what}", grouped(trials))
}

/// Thousands set apart.
fn grouped(count: usize) -> String {
    let digits = count.to_string();
    let parts: Vec<&str> = digits.as_bytes().rchunks(3).rev().map(|part| std::str::from_utf8(part).expect("digits are text")).collect();
    parts.join(",")
}

/// A p-value in at most three decimals, never zero.
fn p_words(p: f64) -> String {
    if p < 0.001 { "below 0.001".to_owned() } else { format!("{p:.3}") }
}

fn percent(share: f64) -> String {
    format!("{:.0} %", 100.0 * share)
}

/// What is said of luck, before what the trades say.
fn reasons(judgement: &Judgement) -> Vec<String> {
    let luck = &judgement.luck;
    let told = [
        deflation(judgement),
        reality(luck),
        spread(judgement),
        overfitting(luck),
        record_length(luck),
        judgement.entries.map(|e| entries(&e)),
    ];
    told.into_iter().flatten().collect()
}

fn deflation(judgement: &Judgement) -> Option<String> {
    let Judgement { luck, ledger, trials, dsr, verdict, .. } = judgement;
    let known = ledger.as_ref().filter(|r| r.knowledge.trials > luck.trials);
    let effective = known.map(|r| r.knowledge.effective_trials).or(luck.effective_trials)?;
    let sr0 = known.and_then(|r| r.sr0_annual).or(luck.sr0_annual)?;
    if *trials < 2 {
        return None;
    }
    let whose = match known {
        Some(r) if r.knowledge.runs > 1 => {
            format!("{} of {} runs on this market and span", counted(*trials, verdict.in_sample), r.knowledge.runs)
        }
        _ => counted(*trials, verdict.in_sample),
    };
    Some(
        format!(
            "Deflated Sharpe ratio {:.2}: {whose}, worth {effective:.0} independent ones; without skill the best of them would show a Sharpe \
         ratio of {sr0:.2} a year, and this one shows {:.2}.",
            (*dsr)?,
            luck.sharpe?
        ) + &begun(luck),
    )
}

/// What the search gave up on the way.
fn begun(luck: &Luck) -> String {
    let Some((whole, p)) = luck.played_whole.zip(luck.begun_p) else { return String::new() };
    format!(
        " Only {} of the {} sets were played to the end; the best of so many without skill would do as well with p {}.",
        grouped(whole),
        grouped(luck.trials),
        p_words(p)
    )
}

fn reality(luck: &Luck) -> Option<String> {
    let zero = luck.against_zero.filter(|_| luck.trials > 1)?;
    let held = luck
        .against_benchmark
        .and_then(|t| t.chosen_p)
        .map_or_else(String::new, |p| format!(", and p {} against buying and holding", p_words(p)));
    let whom = match luck.played_whole {
        Some(whole) => format!("the {} played to the end", grouped(whole)),
        None => "them".to_owned(),
    };
    Some(format!(
        "Had no trial an edge, the best of {whom} would still do as well with p {} (Hansen's test; White's reality check of the best trial {}){held}.",
        p_words(zero.chosen_p?),
        p_words(zero.white_p)
    ))
}

/// Why the deflated Sharpe ratio and the test may disagree.
fn spread(judgement: &Judgement) -> Option<String> {
    let luck = &judgement.luck;
    let disagree = judgement.luck_p? <= LUCK_LEVEL && judgement.dsr? < CONFIDENT && luck.differs_by_more_than_luck();
    disagree.then(|| {
        format!(
            "The trials' Sharpe ratios spread by {:.2} a year where luck alone would spread them by {:.2}: some are truly better or worse, and \
             the deflated Sharpe ratio, which takes it all for luck, is too strict here.",
            luck.sharpe_spread.unwrap_or_default(),
            luck.luck_spread.unwrap_or_default()
        )
    })
}

fn overfitting(luck: &Luck) -> Option<String> {
    let found = luck.overfit?;
    Some(format!(
        "Probability of backtest overfitting {:.2}: chosen on one half of the days, the best trial is in the lower half of all trials on the \
         other in {} of {} splits, and loses there in {}.",
        found.pbo,
        percent(found.pbo),
        grouped(found.splits as usize),
        percent(found.oos_loss_probability)
    ))
}

fn record_length(luck: &Luck) -> Option<String> {
    let needed = luck.min_trl?;
    let have = luck.periods as f64;
    let verdict = if have >= needed { "long enough for a single trial" } else { "too short even for a single trial" };
    let (needed, have) = (grouped(needed.ceil().min(1e15) as usize), grouped(luck.periods));
    Some(format!(
        "A Sharpe ratio like this needs {needed} trading days to stand above zero with 95 % confidence; {have} are there: {verdict}."
    ))
}

fn entries(found: &Permutation) -> String {
    let meaning = if found.p <= 0.05 { "the moments of entry matter" } else { "the moments of entry add nothing that can be seen" };
    format!("The same trades at random other times would earn as much with p {}, before costs: {meaning}.", p_words(found.p))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{seed::Seed, walk::Matrix};
    use rand_chacha::rand_core::Rng;

    fn noise(label: u64, rows: usize, edge: f64) -> Vec<f64> {
        let mut generator = Seed::new(11).at(label).generator();
        let mut uniform = || (generator.next_u64() >> 11) as f64 / (1u64 << 53) as f64 - 0.5;
        (0..rows).map(|_| 0.01 * (uniform() + uniform() + uniform() + edge)).collect()
    }

    fn crowd(trials: u64) -> Vec<Vec<f64>> {
        (0..trials).map(|k| noise(k, 500, 0.0)).collect()
    }

    fn judged(columns: &[Vec<f64>], ledger: Option<&Knowledge>, in_sample: bool) -> Judgement {
        let luck = Luck::of(&Matrix { blocks: 8, ..Matrix::of(columns, 252.0, Seed::new(7)) });
        let returns = &columns[luck.chosen.unwrap()];
        let pnls: Vec<f64> = returns.iter().map(|r| 1e4 * r).collect();
        let evidence = Evidence {
            trade_pnls: &pnls,
            day_returns: returns,
            periods_per_year: 252.0,
            return_fraction: Some(returns.iter().sum()),
            buy_and_hold_fraction: Some(0.0),
            costs_total: 10.0,
            in_sample,
            seed: Seed::new(7),
        };
        judge(&Judged { evidence, luck: &luck, ledger, entries: None })
    }

    fn known(trials: usize) -> Knowledge {
        Knowledge { trials, runs: 9, effective_trials: trials as f64, sharpe_variance: 1.0 / 500.0, snapshot_sha256: "aa".into() }
    }

    #[test]
    fn the_best_of_many_without_skill_is_likely_luck() {
        let found = judged(&crowd(60), None, true);
        assert_eq!(found.verdict.kind, VerdictKind::LikelyLuck, "{:?}", found.verdict);
        assert_eq!(found.verdict.headline, format!("Likely luck: DSR {:.2} after 60 trials.", found.dsr.unwrap()));
        assert!(found.verdict.reasons[0].starts_with("Deflated Sharpe ratio 0."), "{:?}", found.verdict.reasons);
        assert!(found.luck_p.unwrap() > LUCK_LEVEL && !found.verdict.is_good);
    }

    #[test]
    fn an_edge_passes_in_sample_and_is_still_not_good_news() {
        let mut columns = crowd(60);
        columns[7] = noise(7, 500, 0.25);
        let found = judged(&columns, None, true);
        assert_eq!((found.verdict.kind, found.verdict.is_good, found.luck.chosen), (VerdictKind::Profitable, false, Some(7)));
        assert!(found.verdict.headline.starts_with("The choice of 60 trials earns more than luck explains (p below 0.001), in sample"));
    }

    #[test]
    fn what_others_tried_before_counts() {
        let columns = [noise(3, 500, 0.08)];
        let alone = judged(&columns, Some(&known(1)), false);
        assert_eq!(alone.verdict.kind, VerdictKind::Profitable, "{alone:?}");
        let after = judged(&columns, Some(&known(12_400)), false);
        assert_eq!((after.verdict.kind, after.trials), (VerdictKind::LikelyLuck, 12_400));
        assert!(after.verdict.headline.ends_with("after 12,400 trials and specifications."), "{}", after.verdict.headline);
        assert!(after.verdict.reasons[0].contains("12,400 trials and specifications of 9 runs"), "{:?}", after.verdict.reasons);
        assert_eq!(after.ledger.unwrap().knowledge.snapshot_sha256, "aa");
    }

    #[test]
    fn cross_validation_is_never_called_profitable_out_of_sample() {
        let found = judged(&[noise(3, 500, 0.08)], None, false);
        assert_eq!(found.verdict.headline, "Profitable out of sample, after costs.");
        let found = found.cross_validated();
        assert_eq!((found.verdict.kind, found.verdict.is_good), (VerdictKind::NotEnoughEvidence, false));
        assert_eq!(found.verdict.headline, "Not enough evidence: earns in cross-validation, after costs, which is no track record.");
        assert!(found.verdict.reasons.last().unwrap().contains("no track record"));
        let loser = judged(&[noise(3, 500, -0.15)], None, false).cross_validated();
        assert_eq!(
            (loser.verdict.kind, loser.verdict.headline.as_str()),
            (VerdictKind::Loses, "Loses money in cross-validation, after costs.")
        );
    }

    #[test]
    fn what_halving_gave_up_counts_against_what_it_kept() {
        let mut columns = crowd(8);
        columns[7] = noise(7, 500, 0.1);
        let returns = columns[7].clone();
        let of = |begun| {
            let luck = Luck::of(&Matrix { begun, chosen: Some(7), blocks: 8, ..Matrix::of(&columns, 252.0, Seed::new(7)) });
            let pnls: Vec<f64> = returns.iter().map(|r| 1e4 * r).collect();
            let evidence = Evidence {
                trade_pnls: &pnls,
                day_returns: &returns,
                periods_per_year: 252.0,
                return_fraction: Some(returns.iter().sum()),
                buy_and_hold_fraction: Some(0.0),
                costs_total: 10.0,
                in_sample: true,
                seed: Seed::new(7),
            };
            judge(&Judged { evidence, luck: &luck, ledger: None, entries: None })
        };
        let (alone, picked) = (of(None), of(Some(5_000)));
        assert_eq!((alone.verdict.kind, alone.trials), (VerdictKind::Profitable, 8), "{alone:?}");
        assert_eq!((picked.verdict.kind, picked.trials), (VerdictKind::LikelyLuck, 5_000), "{picked:?}");
        assert_eq!(picked.luck_p, picked.luck.begun_p);
        assert!(picked.verdict.headline.ends_with("after 5,000 trials."), "{}", picked.verdict.headline);
        assert!(picked.verdict.reasons[0].contains("Only 8 of the 5,000 sets were played to the end"), "{:?}", picked.verdict.reasons);
    }

    #[test]
    fn a_ledger_that_knows_no_more_than_the_run_changes_nothing() {
        let columns = crowd(20);
        let (alone, with) = (judged(&columns, None, true), judged(&columns, Some(&known(20)), true));
        assert_eq!((alone.luck_p, alone.dsr, &alone.verdict), (with.luck_p, with.dsr, &with.verdict));
    }

    #[test]
    fn losers_are_told_as_losers() {
        let columns: Vec<Vec<f64>> = (0..5).map(|k| noise(k, 500, -0.15)).collect();
        let found = judged(&columns, None, true);
        assert_eq!(found.verdict.kind, VerdictKind::Loses);
        assert_eq!(found.verdict.headline, "Even the choice of 5 trials loses money in sample, after costs.");
    }

    #[test]
    fn a_wide_spread_of_true_losers_is_explained() {
        let mut columns: Vec<Vec<f64>> = (0..60).map(|k| noise(k, 500, if k % 2 == 0 { -0.4 } else { 0.0 })).collect();
        columns[7] = noise(7, 500, 0.2);
        let found = judged(&columns, None, true);
        assert_eq!(found.verdict.kind, VerdictKind::Profitable, "{found:?}");
        assert!(found.dsr.unwrap() < 0.95 && found.verdict.reasons.iter().any(|r| r.contains("is too strict here")), "{found:?}");
    }

    #[test]
    fn thousands_are_set_apart() {
        assert_eq!([1, 999, 1_240, 1_000_000].map(grouped), ["1", "999", "1,240", "1,000,000"]);
    }
}
