//! Equity over time, in columns.

use super::Recorder;
use crate::{portfolio::Worth, time::Nanos};

/// Equity, cash and exposure at every completed moment.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct EquityCurve {
    at: Vec<Nanos>,
    equity: Vec<f64>,
    cash: Vec<f64>,
    exposure: Vec<f64>,
}

impl EquityCurve {
    pub(super) fn reserve(&mut self, moments: usize) {
        self.at.reserve_exact(moments);
        for column in [&mut self.equity, &mut self.cash, &mut self.exposure] {
            column.reserve_exact(moments);
        }
    }

    /// Moments, ascending.
    #[must_use]
    pub fn at(&self) -> &[Nanos] {
        &self.at
    }

    /// Cash plus unrealised pnl.
    #[must_use]
    pub fn equity(&self) -> &[f64] {
        &self.equity
    }

    /// Account balance.
    #[must_use]
    pub fn cash(&self) -> &[f64] {
        &self.cash
    }

    /// Value held over equity; 0 when flat.
    #[must_use]
    pub fn exposure(&self) -> &[f64] {
        &self.exposure
    }

    /// Number of moments.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.at.len()
    }

    /// Whether nothing was completed.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.at.is_empty()
    }
}

impl Recorder for EquityCurve {
    #[inline]
    fn push(&mut self, at: Nanos, worth: Worth, cash: f64) {
        self.at.push(at);
        self.equity.push(worth.equity);
        self.cash.push(cash);
        self.exposure.push(exposure(worth));
    }

    fn replace_last(&mut self, worth: Worth, cash: f64) {
        let columns = [(&mut self.equity, worth.equity), (&mut self.cash, cash), (&mut self.exposure, exposure(worth))];
        for (column, value) in columns {
            if let Some(last) = column.last_mut() {
                *last = value;
            }
        }
    }
}

#[inline]
fn exposure(Worth { equity, notional }: Worth) -> f64 {
    if equity <= 0.0 { 0.0 } else { notional / equity }
}
