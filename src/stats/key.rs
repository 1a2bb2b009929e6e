//! Metrics by their key, for those who choose a metric by name.

use super::summary::Metrics;

/// The keys of [`Metrics`], in their order.
pub const METRIC_KEYS: [&str; 29] = [
    "bars",
    "trades",
    "win_rate",
    "profit_factor",
    "expectancy",
    "net_profit",
    "gross_profit",
    "gross_loss",
    "final_equity",
    "return_fraction",
    "cagr",
    "sharpe",
    "sortino",
    "calmar",
    "omega",
    "max_drawdown_fraction",
    "max_drawdown_bars",
    "ulcer_index",
    "sqn",
    "kelly",
    "var_95",
    "cvar_95",
    "skew",
    "kurtosis",
    "exposure_fraction",
    "psr",
    "dsr",
    "costs_total",
    "ambiguous_bar_fraction",
];

impl Metrics {
    /// The metric of that key; `None` where it is undefined, or there is none of that name.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<f64> {
        match key {
            "bars" => Some(self.bars as f64),
            "trades" => Some(self.trades as f64),
            "win_rate" => self.win_rate,
            "profit_factor" => self.profit_factor,
            "expectancy" => self.expectancy,
            "net_profit" => self.net_profit,
            "gross_profit" => self.gross_profit,
            "gross_loss" => self.gross_loss,
            "final_equity" => self.final_equity,
            "return_fraction" => self.return_fraction,
            "cagr" => self.cagr,
            "sharpe" => self.sharpe,
            "sortino" => self.sortino,
            "calmar" => self.calmar,
            "omega" => self.omega,
            "max_drawdown_fraction" => self.max_drawdown_fraction,
            "max_drawdown_bars" => self.max_drawdown_bars.map(|bars| bars as f64),
            "ulcer_index" => self.ulcer_index,
            _ => self.of_distribution(key),
        }
    }

    /// Those that describe how the returns are spread, and how the run went about them.
    fn of_distribution(&self, key: &str) -> Option<f64> {
        match key {
            "sqn" => self.sqn,
            "kelly" => self.kelly,
            "var_95" => self.var_95,
            "cvar_95" => self.cvar_95,
            "skew" => self.skew,
            "kurtosis" => self.kurtosis,
            "exposure_fraction" => self.exposure_fraction,
            "psr" => self.psr,
            "dsr" => self.dsr,
            "costs_total" => self.costs_total,
            "ambiguous_bar_fraction" => self.ambiguous_bar_fraction,
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_of_the_metrics_is_found_under_its_name() {
        let names: Vec<String> = match serde_json::to_value(Metrics::default()).unwrap() {
            serde_json::Value::Object(map) => map.keys().cloned().collect(),
            other => panic!("{other}"),
        };
        assert_eq!(names, METRIC_KEYS);
        // Each field holds its own index: what comes back under a key must be that key's.
        let numbered: serde_json::Map<_, _> = METRIC_KEYS.iter().zip(1..).map(|(key, i)| ((*key).to_owned(), i.into())).collect();
        let metrics: Metrics = serde_json::from_value(numbered.into()).unwrap();
        for (key, i) in METRIC_KEYS.iter().zip(1..) {
            assert_eq!(metrics.get(key), Some(f64::from(i)), "{key}");
        }
        assert_eq!(metrics.get("luckiness"), None);
    }
}
