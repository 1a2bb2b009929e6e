//! What every printed number means: name, formula, unit, what is good, when it is undefined, and where it comes from.
//!
//! One table for `explain METRIC`, the report's tooltips and `docs/metrics.md` (a test holds the page to it).

use serde::Serialize;

/// The words for one metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct MetricInfo {
    /// The key in `run.json` or in what `stats` prints.
    pub key: &'static str,
    /// What a trader calls it.
    pub name: &'static str,
    /// The formula, in the notation of `docs/metrics.md`.
    pub formula: &'static str,
    /// The unit.
    pub unit: &'static str,
    /// How to read it.
    pub good: &'static str,
    /// When it is null.
    pub undefined_when: &'static str,
    /// Who defined it.
    pub source: &'static str,
}

const fn info([key, name, formula, unit, good, undefined_when, source]: [&'static str; 7]) -> MetricInfo {
    MetricInfo { key, name, formula, unit, good, undefined_when, source }
}

/// The entry called `key`.
///
/// ```
/// use cthulu_lab::stats::explain::explain;
/// assert_eq!(explain("profit_factor").map(|m| m.name), Some("Profit factor"));
/// assert_eq!(explain("luckiness"), None);
/// ```
#[must_use]
pub fn explain(key: &str) -> Option<&'static MetricInfo> {
    EXPLAIN.iter().find(|entry| entry.key == key)
}

/// Every metric: the keys of `run.json` in their order, then those of single commands.
pub const EXPLAIN: &[MetricInfo] = &[
    info(["bars", "Bars", "count of completed bars", "bars", "more bars, more evidence", "never", "count"]),
    info([
        "trades",
        "Closed trades",
        "count of closed trades; an open position is none",
        "trades",
        "below 30 luck decides",
        "never",
        "count",
    ]),
    info([
        "win_rate",
        "Win rate",
        "trades with pnl > 0 / trades",
        "fraction",
        "says nothing without the payoff: 0.4 can be rich and 0.9 ruin",
        "no trade",
        "common usage",
    ]),
    info([
        "profit_factor",
        "Profit factor",
        "Σ winning pnl / |Σ losing pnl|",
        "ratio",
        "above 1 earns; above 2 over many trades is rare",
        "no trade, or no loss (then no_losses is set)",
        "common usage",
    ]),
    info([
        "expectancy",
        "Expectancy",
        "mean pnl of a closed trade, net of commission and swap",
        "account money",
        "above 0, with an interval that does not span 0",
        "no trade",
        "common usage",
    ]),
    info([
        "net_profit",
        "Net profit",
        "final equity − starting capital",
        "account money",
        "above buy-and-hold's; includes a position still open, which gross profit + gross loss do not",
        "never in a run; for bare returns",
        "accounting",
    ]),
    info([
        "gross_profit",
        "Gross profit",
        "Σ pnl of winning trades",
        "account money",
        "large against the gross loss",
        "never in a run (0 without a win); for bare series",
        "accounting",
    ]),
    info([
        "gross_loss",
        "Gross loss",
        "Σ pnl of losing trades, a negative number",
        "account money",
        "near 0",
        "never in a run (0 without a loss); for bare series",
        "accounting",
    ]),
    info([
        "final_equity",
        "Final equity",
        "cash + unrealised pnl at the last bar's close",
        "account money",
        "above the start",
        "never in a run; for bare returns",
        "accounting",
    ]),
    info([
        "return_fraction",
        "Return",
        "final equity / starting capital − 1",
        "fraction",
        "above buy-and-hold's",
        "start not above 0",
        "accounting",
    ]),
    info([
        "cagr",
        "Compound annual growth",
        "(Π(1 + r))^(P/T) − 1",
        "fraction a year",
        "above what cash pays",
        "no period, or equity fell below 0",
        "common usage",
    ]),
    info([
        "sharpe",
        "Sharpe ratio",
        "μ / s · √P, s with n − 1, risk-free rate 0",
        "ratio, annualised",
        "above 1 is good, above 2 rare, above 3 suspect",
        "fewer than two periods, or s ≤ 1e-12·|μ|",
        "Sharpe 1994",
    ]),
    info([
        "sortino",
        "Sortino ratio",
        "μ / √((1/T) Σ min(r, 0)²) · √P, over all T periods",
        "ratio, annualised",
        "above the Sharpe ratio where losses are the smaller swings",
        "no period below 0",
        "Sortino and van der Meer 1991",
    ]),
    info([
        "calmar",
        "Calmar ratio",
        "CAGR / maximum drawdown",
        "ratio",
        "above 1: a year's growth repays the worst fall",
        "no drawdown, or no CAGR",
        "Young 1991",
    ]),
    info([
        "omega",
        "Omega ratio",
        "Σ max(r, 0) / Σ max(−r, 0)",
        "ratio",
        "above 1 earns",
        "no period below 0",
        "Keating and Shadwick 2002",
    ]),
    info([
        "max_drawdown_fraction",
        "Maximum drawdown",
        "max (peak − equity)/peak over all bars, the starting capital being the first peak",
        "fraction, positive",
        "small enough to sit through; expect a deeper one",
        "no bar",
        "common usage",
    ]),
    info([
        "max_drawdown_bars",
        "Longest time under water",
        "most bars in a row with equity below the running peak; not yet recovered counts to the end",
        "bars",
        "short enough to sit through",
        "no bar",
        "common usage",
    ]),
    info([
        "ulcer_index",
        "Ulcer index",
        "√(mean(dd_percent²)) over all bars",
        "percent",
        "low; weighs depth and length together",
        "no bar",
        "Martin and McCann 1989",
    ]),
    info([
        "sqn",
        "System quality number",
        "√n · mean(pnl) / sd(pnl), sd with n − 1",
        "ratio",
        "it is a t-statistic: above 2 is unlikely to be chance, for one trial",
        "fewer than two trades, or equal ones",
        "Tharp 2008",
    ]),
    info([
        "kelly",
        "Kelly fraction",
        "p − (1 − p)/b, p the win rate, b = average win / |average loss|",
        "fraction",
        "an upper bound, never a target; below 0: do not bet",
        "no win or no loss",
        "Kelly 1956",
    ]),
    info([
        "var_95",
        "Value at risk, 95 %",
        "−(5 % quantile of period returns, type 7)",
        "fraction, a loss positive",
        "one day in twenty loses more",
        "no period",
        "historical simulation",
    ]),
    info([
        "cvar_95",
        "Expected shortfall, 95 %",
        "−mean of the returns at or below the 5 % quantile",
        "fraction, a loss positive",
        "what such a day loses on average",
        "no period",
        "Rockafellar and Uryasev 2000",
    ]),
    info([
        "skew",
        "Skewness",
        "m3 / m2^1.5, population moments",
        "pure number",
        "below 0: rare large losses hide behind small wins",
        "returns do not vary",
        "Pearson",
    ]),
    info([
        "kurtosis",
        "Kurtosis",
        "m4 / m2², population moments, not excess",
        "pure number",
        "3 for a normal; far above: the worst day is worse than sd suggests",
        "returns do not vary",
        "Pearson",
    ]),
    info([
        "exposure_fraction",
        "Exposure",
        "bars with a position / bars",
        "fraction",
        "returns earned with little exposure leave capital free",
        "no bar",
        "common usage",
    ]),
    info([
        "psr",
        "Probabilistic Sharpe ratio",
        "Φ(SR·√(T − 1) / √(1 − γ3·SR + ((γ4 − 1)/4)·SR²)), SR per period",
        "probability",
        "above 0.95, had this been the only trial",
        "no Sharpe ratio, or the term under the root is not above 0",
        "Bailey and López de Prado 2012",
    ]),
    info([
        "dsr",
        "Deflated Sharpe ratio",
        "PSR against SR0 instead of 0; this run alone counts as one trial and gives the PSR",
        "probability",
        "above 0.95 after counting every trial",
        "as psr",
        "Bailey and López de Prado 2014",
    ]),
    info([
        "costs_total",
        "Costs",
        "commission + swap + spread + slippage paid",
        "account money",
        "small against the gross profit; 0 means the test was too kind",
        "never in a run; for bare series",
        "accounting",
    ]),
    info([
        "ambiguous_bar_fraction",
        "Ambiguous bars",
        "bars that could have hit stop and target / bars; resolved against us",
        "fraction",
        "near 0; otherwise use finer data",
        "no bar",
        "this project",
    ]),
    info([
        "no_losses",
        "No losses",
        "there are trades and none lost",
        "flag",
        "explains a missing profit factor; usually too few trades",
        "never",
        "this project",
    ]),
    info([
        "min_trl",
        "Minimum track record length",
        "1 + (1 − γ3·SR + ((γ4 − 1)/4)·SR²)·(z_α/SR)², α = 0.05",
        "periods",
        "no more than the periods at hand",
        "SR not above 0",
        "Bailey and López de Prado 2012",
    ]),
    info([
        "sr0",
        "Expected best of N trials without skill",
        "√V·[(1 − γ)·Φ⁻¹(1 − 1/N) + γ·Φ⁻¹(1 − 1/(N·e))]",
        "Sharpe ratio per period",
        "below the best trial's",
        "no trial that varies",
        "Bailey and López de Prado 2014",
    ]),
    info([
        "effective_trials",
        "Effective trials",
        "ρ̄ + (1 − ρ̄)·M, ρ̄ the mean correlation of the trials' returns",
        "trials",
        "few: every independent trial raises the bar",
        "no trial that varies",
        "López de Prado 2018",
    ]),
    info([
        "pbo",
        "Probability of backtest overfitting",
        "share of the C(S, S/2) splits whose best trial in sample ranks at or below the median out of sample",
        "probability",
        "below 0.1; at 0.5 choosing the best is a coin toss",
        "fewer than two trials, or fewer rows than blocks",
        "Bailey, Borwein, López de Prado and Zhu 2015",
    ]),
    info([
        "mean_logit",
        "Mean logit",
        "mean of ln(ω/(1 − ω)) over the splits, ω = rank out of sample/(N + 1)",
        "log odds",
        "above 0",
        "as pbo",
        "Bailey, Borwein, López de Prado and Zhu 2015",
    ]),
    info(["splits", "Splits", "C(S, S/2) for S blocks", "splits", "16 blocks give 12,870", "as pbo", "count"]),
    info([
        "white_p",
        "White's reality check",
        "share of bootstrap draws whose largest studentised mean reaches the best trial's, all trials centred",
        "p-value",
        "below 0.05",
        "fewer than ten rows, or no trial that varies",
        "White 2000",
    ]),
    info([
        "spa_p",
        "Superior predictive ability",
        "as white_p, clearly poor trials not centred",
        "p-value",
        "below 0.05",
        "as white_p",
        "Hansen 2005",
    ]),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::summary::Metrics;

    #[test]
    fn every_metric_of_a_run_is_explained_in_order() {
        let text = serde_json::to_string(&Metrics::default()).unwrap();
        let keys: Vec<&str> = text.split('"').skip(1).step_by(2).collect();
        let explained: Vec<&str> = EXPLAIN.iter().take(keys.len()).map(|m| m.key).collect();
        assert_eq!(explained, keys);
        assert!(["no_losses", "min_trl", "sr0", "pbo"].iter().all(|key| explain(key).is_some()));
    }

    #[test]
    fn no_key_stands_twice_and_no_word_is_missing() {
        let mut keys: Vec<&str> = EXPLAIN.iter().map(|m| m.key).collect();
        keys.sort_unstable();
        assert!(keys.windows(2).all(|pair| pair[0] != pair[1]));
        assert!(EXPLAIN.iter().all(|m| ![m.name, m.formula, m.unit, m.good, m.undefined_when, m.source].contains(&"")));
    }

    #[test]
    fn the_page_says_what_the_table_says() {
        let page = include_str!("../../docs/metrics.md");
        for m in EXPLAIN {
            let row = format!(
                "| `{}` | {} | {} | {} | {} |",
                m.key,
                m.name,
                m.formula.replace('|', "\\|"),
                m.unit,
                m.undefined_when.replace('|', "\\|")
            );
            assert!(page.contains(&row), "docs/metrics.md lacks the row\n{row}");
        }
    }
}
