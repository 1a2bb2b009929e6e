//! Totals over closed trades, kept up to date trade by trade.
//!
//! The same figures as `stats::trades` gives for the whole list; the system quality number by Welford's recurrence, so it agrees to
//! rounding and not to the bit.

use serde::Serialize;

use crate::portfolio::Trade;

/// Totals over the trades seen so far, in account money.
///
/// ```
/// use cthulu_lab::bus::Running;
/// let mut totals = Running::default();
/// for pnl in [120.0, -80.0, 60.0, -40.0, 200.0, -100.0, 75.0, 30.0, -60.0, 45.0] {
///     totals.add_pnl(pnl);
/// }
/// assert!((totals.profit_factor().unwrap() - 1.8928571429).abs() < 1e-9);
/// assert!((totals.sqn().unwrap() - 0.8287419302).abs() < 1e-9);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Running {
    /// Closed trades.
    pub trades: u64,
    /// Trades above zero.
    pub wins: u64,
    /// Trades below zero.
    pub losses: u64,
    /// Sum of the winning trades.
    pub gross_profit: f64,
    /// Sum of the losing trades, negative.
    pub gross_loss: f64,
    /// Sum of all trades.
    pub net_pnl: f64,
    /// Commission paid.
    pub commission: f64,
    /// Financing paid.
    pub swap: f64,
    /// What spreads cost, already in the prices.
    pub spread: f64,
    /// What slippage cost, already in the prices.
    pub slippage: f64,
    /// Losing trades in a row up to now; a trade at exactly zero ends the row.
    pub losing_streak: u64,
    /// Most losing trades in a row.
    pub longest_losing_streak: u64,
    #[serde(skip)]
    mean: f64,
    #[serde(skip)]
    squares: f64,
}

impl Running {
    /// Adds a trade with its costs.
    pub fn add(&mut self, trade: &Trade) {
        self.add_pnl(trade.pnl);
        self.commission += trade.commission;
        self.swap += trade.swap;
        self.spread += trade.spread;
        self.slippage += trade.slippage;
    }

    /// Adds the net pnl of a trade whose costs are not known.
    pub fn add_pnl(&mut self, pnl: f64) {
        self.trades += 1;
        self.net_pnl += pnl;
        let deviation = pnl - self.mean;
        self.mean += deviation / self.trades as f64;
        self.squares += deviation * (pnl - self.mean);
        if pnl > 0.0 {
            self.wins += 1;
            self.gross_profit += pnl;
        } else if pnl < 0.0 {
            self.losses += 1;
            self.gross_loss += pnl;
        }
        self.losing_streak = if pnl < 0.0 { self.losing_streak + 1 } else { 0 };
        self.longest_losing_streak = self.longest_losing_streak.max(self.losing_streak);
    }

    /// Wins per trade; `None` without a trade.
    #[must_use]
    pub fn win_rate(&self) -> Option<f64> {
        ratio(self.wins as f64, self.trades)
    }

    /// Gross profit over |gross loss|; `None` without a loss.
    #[must_use]
    pub fn profit_factor(&self) -> Option<f64> {
        (self.losses > 0).then(|| self.gross_profit / -self.gross_loss)
    }

    /// Mean pnl of a trade; `None` without a trade.
    #[must_use]
    pub fn expectancy(&self) -> Option<f64> {
        ratio(self.net_pnl, self.trades)
    }

    /// Mean of the winning trades; `None` without one.
    #[must_use]
    pub fn average_win(&self) -> Option<f64> {
        ratio(self.gross_profit, self.wins)
    }

    /// Mean of the losing trades, negative; `None` without one.
    #[must_use]
    pub fn average_loss(&self) -> Option<f64> {
        ratio(self.gross_loss, self.losses)
    }

    /// System quality number √n·mean/sd with n − 1; `None` below two trades, or where the pnl does not vary.
    #[must_use]
    pub fn sqn(&self) -> Option<f64> {
        let n = self.trades as f64;
        let sd = (self.trades > 1).then(|| (self.squares / (n - 1.0)).sqrt())?;
        (sd > 1e-12 * self.mean.abs()).then(|| n.sqrt() * self.mean / sd)
    }
}

fn ratio(sum: f64, count: u64) -> Option<f64> {
    (count > 0).then(|| sum / count as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_defined_without_trades() {
        let none = Running::default();
        assert_eq!([none.win_rate(), none.profit_factor(), none.expectancy(), none.average_win(), none.sqn()], [None; 5]);
    }

    #[test]
    fn a_trade_at_zero_is_neither_win_nor_loss_and_ends_a_losing_streak() {
        let mut totals = Running::default();
        for pnl in [-1.0, -2.0, 0.0, -4.0] {
            totals.add_pnl(pnl);
        }
        assert_eq!((totals.trades, totals.wins, totals.losses), (4, 0, 3));
        assert_eq!((totals.losing_streak, totals.longest_losing_streak), (1, 2));
        // (−1 − 2 − 4)/3
        assert_eq!(totals.average_loss(), Some(-7.0 / 3.0));
        assert_eq!(totals.profit_factor(), Some(0.0));
    }

    #[test]
    fn equal_trades_have_no_quality_number() {
        let mut totals = Running::default();
        (0..5).for_each(|_| totals.add_pnl(0.1));
        assert_eq!(totals.sqn(), None);
    }
}
