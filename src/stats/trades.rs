//! What a list of closed trades says.
//!
//! Trade pnl is net of commission and swap, in account money, with spread and slippage already in its prices. A win is above zero, a
//! loss below; a trade at exactly zero is neither, and still counts as a trade.

use serde::Serialize;

use crate::stats::moments::{finite, is_flat, mean, sd};

/// The figures of a list of closed trades, in account money where they are money.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct TradeStats {
    /// Closed trades.
    pub trades: u64,
    /// Trades above zero.
    pub wins: u64,
    /// Trades below zero.
    pub losses: u64,
    /// Sum of the winning trades; 0 without one.
    pub gross_profit: f64,
    /// Sum of the losing trades, **negative**; 0 without one.
    pub gross_loss: f64,
    /// Sum of all trades.
    pub net_pnl: f64,
    /// wins/trades; `None` without a trade.
    pub win_rate: Option<f64>,
    /// gross profit/|gross loss|; `None` without a trade and without a loss.
    pub profit_factor: Option<f64>,
    /// Whether there were trades and none of them lost: the reason of a missing profit factor.
    pub no_losses: bool,
    /// Mean pnl of a trade; `None` without one.
    pub expectancy: Option<f64>,
    /// Mean of the winning trades.
    pub average_win: Option<f64>,
    /// Mean of the losing trades, negative.
    pub average_loss: Option<f64>,
    /// average win/|average loss|, Kelly's b; `None` without both.
    pub payoff: Option<f64>,
    /// √n·mean/sd with n − 1; `None` below two trades or where the pnl does not vary. Source: V. Tharp, "System Quality Number".
    pub sqn: Option<f64>,
    /// Kelly's f* = p − (1 − p)/b, estimated from these trades; `None` where b is. Negative: no bet.
    pub kelly: Option<f64>,
    /// Most losing trades in a row.
    pub longest_losing_streak: u64,
    /// Most winning trades in a row.
    pub longest_winning_streak: u64,
}

impl TradeStats {
    /// The figures of `pnls`, in the order the trades closed.
    ///
    /// ```
    /// use cthulu_lab::stats::trades::TradeStats;
    /// let stats = TradeStats::of(&[120.0, -80.0, 60.0, -40.0, 200.0, -100.0, 75.0, 30.0, -60.0, 45.0]);
    /// assert_eq!((stats.trades, stats.gross_profit, stats.gross_loss), (10, 530.0, -280.0));
    /// assert!((stats.profit_factor.unwrap() - 1.8928571429).abs() < 1e-9);
    /// ```
    #[must_use]
    pub fn of(pnls: &[f64]) -> Self {
        let is_known = pnls.iter().all(|p| p.is_finite());
        let won: Vec<f64> = pnls.iter().copied().filter(|p| *p > 0.0).collect();
        let lost: Vec<f64> = pnls.iter().copied().filter(|p| *p < 0.0).collect();
        let (gross_profit, gross_loss): (f64, f64) = (won.iter().fold(0.0, |a, b| a + b), lost.iter().fold(0.0, |a, b| a + b));
        let (average_win, average_loss) = (mean(&won), mean(&lost));
        let win_rate = (!pnls.is_empty() && is_known).then(|| won.len() as f64 / pnls.len() as f64);
        let payoff = average_win.zip(average_loss).filter(|_| is_known).and_then(|(win, loss)| finite(win / loss.abs()));
        Self {
            trades: pnls.len() as u64,
            wins: won.len() as u64,
            losses: lost.len() as u64,
            gross_profit,
            gross_loss,
            net_pnl: pnls.iter().fold(0.0, |a, b| a + b),
            win_rate,
            profit_factor: profit_factor(pnls),
            no_losses: !pnls.is_empty() && lost.is_empty(),
            expectancy: mean(pnls),
            average_win,
            average_loss,
            payoff,
            sqn: sqn(pnls),
            kelly: win_rate.zip(payoff).and_then(|(p, b)| finite(p - (1.0 - p) / b)),
            longest_losing_streak: longest_streak(pnls, |p| p < 0.0),
            longest_winning_streak: longest_streak(pnls, |p| p > 0.0),
        }
    }
}

/// Gross profit over the size of the gross loss; `None` without a trade, without a loss, or where a trade is not finite.
///
/// One pass without a branch or an allocation, for the resamples of a bootstrap; the same value as [`TradeStats::of`] gives.
///
/// ```
/// use cthulu_lab::stats::trades::profit_factor;
/// assert_eq!(profit_factor(&[30.0, -10.0, 0.0, -5.0]), Some(2.0)); // 30/15
/// assert_eq!(profit_factor(&[30.0]), None);
/// ```
#[must_use]
pub fn profit_factor(pnls: &[f64]) -> Option<f64> {
    let (won, lost, sum) = pnls.iter().fold((0.0, 0.0, 0.0), |(won, lost, sum), p| (won + p.max(0.0), lost + p.min(0.0), sum + p));
    if lost == 0.0 || !f64::is_finite(sum) { None } else { finite(won / f64::abs(lost)) }
}

fn sqn(pnls: &[f64]) -> Option<f64> {
    let (mu, s) = (mean(pnls)?, sd(pnls)?);
    if is_flat(mu, s) {
        return None;
    }
    finite((pnls.len() as f64).sqrt() * mu / s)
}

fn longest_streak(pnls: &[f64], belongs: impl Fn(f64) -> bool) -> u64 {
    let (mut longest, mut run) = (0, 0);
    for pnl in pnls {
        run = if belongs(*pnl) { run + 1 } else { 0 };
        longest = longest.max(run);
    }
    longest
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::{prop, prop_assert, proptest};

    #[test]
    fn reference_trades_hold() {
        let stats = TradeStats::of(&[120.0, -80.0, 60.0, -40.0, 200.0, -100.0, 75.0, 30.0, -60.0, 45.0]);
        assert!((stats.profit_factor.unwrap() - 1.8928571429).abs() < 1e-9);
        assert_eq!(stats.win_rate, Some(0.6));
        assert!((stats.sqn.unwrap() - 0.8287419302).abs() < 1e-9);
        assert!((stats.kelly.unwrap() - 0.2830188679).abs() < 1e-9);
        assert_eq!(stats.expectancy, Some(25.0));
        assert_eq!((stats.longest_losing_streak, stats.longest_winning_streak), (1, 2));
    }

    #[test]
    fn no_trade_has_no_ratio() {
        let stats = TradeStats::of(&[]);
        assert_eq!((stats.trades, stats.win_rate, stats.profit_factor, stats.expectancy, stats.sqn), (0, None, None, None, None));
        assert!(!stats.no_losses && stats.gross_profit == 0.0 && stats.gross_loss.is_sign_positive());
    }

    #[test]
    fn winners_only_have_no_profit_factor_and_say_why() {
        let stats = TradeStats::of(&[10.0, 20.0]);
        assert_eq!((stats.profit_factor, stats.no_losses, stats.kelly), (None, true, None));
    }

    #[test]
    fn losers_only_have_a_profit_factor_of_zero() {
        let stats = TradeStats::of(&[-10.0, -20.0]);
        assert_eq!((stats.profit_factor, stats.kelly, stats.longest_losing_streak), (Some(0.0), None, 2));
    }

    #[test]
    fn a_trade_that_is_no_number_leaves_the_ratios_undefined() {
        let stats = TradeStats::of(&[10.0, f64::NAN, -5.0]);
        assert_eq!((stats.win_rate, stats.profit_factor, stats.payoff, stats.kelly), (None, None, None, None));
        assert_eq!((stats.expectancy, stats.sqn), (None, None));
    }

    #[test]
    fn a_trade_at_zero_is_neither_won_nor_lost() {
        let stats = TradeStats::of(&[10.0, 0.0, -10.0, 0.0]);
        assert_eq!((stats.wins, stats.losses, stats.win_rate), (1, 1, Some(0.25)));
    }

    proptest! {
        #[test]
        fn profits_and_losses_add_up(pnls in prop::collection::vec(-1e4..1e4f64, 0..100)) {
            let stats = TradeStats::of(&pnls);
            prop_assert!((stats.gross_profit + stats.gross_loss - stats.net_pnl).abs() < 1e-6);
            prop_assert!(stats.wins + stats.losses <= stats.trades);
            let ratio = (stats.losses > 0).then(|| stats.gross_profit / stats.gross_loss.abs());
            prop_assert!(stats.profit_factor == ratio);
        }
    }
}
