//! Limits of the account: what refuses an entry, and what ends the run's trading.

use serde::{Deserialize, Serialize};

use crate::event::Refusal;

/// Limits as an experiment names them; a missing one is no limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// Positions open at once, resting entries included.
    #[serde(default)]
    pub max_positions: Option<usize>,
    /// Loss since the trading day began, as a fraction of the equity then; entries are refused until the next day.
    #[serde(default)]
    pub max_daily_loss_fraction: Option<f64>,
    /// Loss from the highest equity, as a fraction of it; everything is closed and trading ends.
    #[serde(default)]
    pub max_drawdown_fraction: Option<f64>,
}

/// A limit that was just hit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Breach {
    /// Which.
    pub limit: Refusal,
    /// The loss or drawdown, as a fraction.
    pub fraction: f64,
}

/// What there is to tell of an equity; mostly nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Told {
    /// A limit hit for the first time (that day).
    pub breach: Option<Breach>,
    /// The drawdown, when it has reached a further twentieth since the last peak.
    pub drawdown: Option<f64>,
}

/// Watches the equity against the limits.
#[derive(Clone, Debug)]
pub struct Guard {
    limits: Limits,
    peak: f64,
    day: Option<i64>,
    day_start: f64,
    last: f64,
    day_blocked: bool,
    halted: Option<Refusal>,
    told_twentieths: u32,
    /// From here up to the peak there is nothing to tell: there was nothing when the equity stood here, and losses only shrink upwards.
    calm_from: f64,
}

impl Guard {
    /// Watches an account that starts with `cash`.
    #[must_use]
    pub const fn new(limits: Limits, cash: f64) -> Self {
        let calm_from = f64::INFINITY;
        Self { limits, peak: cash, day: None, day_start: cash, last: cash, day_blocked: false, halted: None, told_twentieths: 0, calm_from }
    }

    /// Whether days must be told: converting a time to its trading day costs something.
    #[must_use]
    pub const fn watches_days(&self) -> bool {
        self.limits.max_daily_loss_fraction.is_some()
    }

    /// Sees an equity of which it knows at once that there is nothing to tell; where it says no it has seen nothing, and is to watch.
    #[inline]
    pub fn is_calm(&mut self, equity: f64, day: Option<i64>) -> bool {
        let is_calm = day == self.day && self.calm_from <= equity && equity <= self.peak;
        if is_calm {
            self.last = equity;
        }
        is_calm
    }

    /// Sees the equity after a moment of trading day `day`.
    pub fn watch(&mut self, equity: f64, day: Option<i64>) -> Told {
        if day != self.day {
            // A day's loss counts from the last equity of the day before, so an overnight gap belongs to the new day.
            self.day = day;
            self.day_start = self.last;
            self.day_blocked = false;
        }
        if equity > self.peak {
            self.peak = equity;
            self.told_twentieths = 0;
        }
        let told = Told { breach: self.breach(equity), drawdown: self.deeper(equity) };
        self.last = equity;
        self.calm_from = if told == Told::default() { equity } else { f64::INFINITY };
        told
    }

    /// Takes note of moments whose equity hit no limit, the highest and the last of them. Not for an account with a limit of the day.
    pub(crate) const fn pass(&mut self, highest: f64, last: f64) {
        if highest > self.peak {
            self.peak = highest;
            self.told_twentieths = 0;
        }
        self.last = last;
        self.calm_from = f64::INFINITY;
    }

    fn breach(&mut self, equity: f64) -> Option<Breach> {
        if self.halted.is_some() {
            return None;
        }
        // Where the broker closed everything at nothing left, rounding may leave a trace.
        let (limit, from) = if equity <= self.peak * 1e-9 {
            (Refusal::NoEquity, self.peak)
        } else if self.limits.max_drawdown_fraction.is_some_and(|most| equity <= self.peak * (1.0 - most)) {
            (Refusal::DrawdownHalt, self.peak)
        } else if !self.day_blocked && self.limits.max_daily_loss_fraction.is_some_and(|most| equity <= self.day_start * (1.0 - most)) {
            (Refusal::DailyLoss, self.day_start)
        } else {
            return None;
        };
        match limit {
            Refusal::DailyLoss => self.day_blocked = true,
            _ => self.halted = Some(limit),
        }
        Some(Breach { limit, fraction: 1.0 - equity / from })
    }

    /// The drawdown, when it has reached a further twentieth since the last peak.
    fn deeper(&mut self, equity: f64) -> Option<f64> {
        if (self.peak - equity) * 20.0 < (f64::from(self.told_twentieths) + 1.0) * self.peak {
            return None;
        }
        let drawdown = 1.0 - equity / self.peak;
        self.told_twentieths = (drawdown * 20.0).floor() as u32;
        Some(drawdown)
    }

    /// Why no entry is allowed now, with `open` positions and resting entries.
    ///
    /// # Errors
    /// The limit that stands in the way.
    pub fn admit(&self, open: usize) -> Result<(), Refusal> {
        match self.halted {
            Some(reason) => Err(reason),
            None if self.day_blocked => Err(Refusal::DailyLoss),
            None if self.limits.max_positions.is_some_and(|most| open >= most) => Err(Refusal::MaxPositions),
            None => Ok(()),
        }
    }

    /// Whether trading has ended for good.
    #[must_use]
    pub const fn has_halted(&self) -> bool {
        self.halted.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_daily_loss_blocks_until_the_next_day() {
        let limits = Limits { max_daily_loss_fraction: Some(0.05), ..Limits::default() };
        let mut guard = Guard::new(limits, 100.0);
        assert_eq!(guard.watch(96.0, Some(1)).breach, None);
        assert_eq!(guard.watch(95.0, Some(1)).breach.map(|b| b.limit), Some(Refusal::DailyLoss));
        assert_eq!(guard.watch(94.0, Some(1)).breach, None);
        assert_eq!(guard.admit(0), Err(Refusal::DailyLoss));
        assert_eq!(guard.watch(94.0, Some(2)).breach, None);
        assert_eq!(guard.admit(0), Ok(()));
    }

    #[test]
    fn a_loss_beyond_counting_does_not_end_the_program() {
        let mut guard = Guard::new(Limits::default(), 1e-300);
        // 1 + 1e300/1e-300 is more than a float holds, and the count of twentieths stops at the most it can be.
        assert_eq!(guard.deeper(-1e300), Some(f64::INFINITY));
        assert_eq!(guard.deeper(-1e-300), None);
    }

    #[test]
    fn a_drawdown_halt_is_for_good() {
        let limits = Limits { max_drawdown_fraction: Some(0.2), max_positions: Some(1), ..Limits::default() };
        let mut guard = Guard::new(limits, 100.0);
        assert_eq!(guard.watch(125.0, None), Told::default());
        assert_eq!(guard.admit(1), Err(Refusal::MaxPositions));
        // 1 − 100/125 = 0.2
        assert_eq!(guard.watch(100.0, None).breach, Some(Breach { limit: Refusal::DrawdownHalt, fraction: 1.0 - 100.0 / 125.0 }));
        guard.watch(200.0, None);
        assert_eq!(guard.admit(0), Err(Refusal::DrawdownHalt));
    }

    #[test]
    fn each_twentieth_of_drawdown_is_told_once() {
        let mut guard = Guard::new(Limits::default(), 100.0);
        let told: Vec<bool> = [97.0, 94.0, 94.5, 93.0, 89.0].iter().map(|e| guard.watch(*e, None).drawdown.is_some()).collect();
        assert_eq!(told, [false, true, false, false, true]);
    }

    #[test]
    fn what_was_calm_is_looked_at_again_when_the_peak_or_the_day_has_moved() {
        let limits = Limits { max_daily_loss_fraction: Some(0.03), ..Limits::default() };
        let mut guard = Guard::new(limits, 100.0);
        let mut tells = |equity, day| !guard.is_calm(equity, Some(day)) && guard.watch(equity, Some(day)) != Told::default();
        // 98 loses 2 of the day's 100; of a day that begins at 102 it loses 4, and 97 loses 5.
        let seen = [(98.0, 1), (99.0, 1), (98.0, 1), (102.0, 1), (98.0, 1), (98.0, 2), (102.0, 2), (98.5, 3), (98.0, 3)];
        assert_eq!(seen.map(|(equity, day)| tells(equity, day)), [false, false, false, false, false, false, false, true, false]);
        // A twentieth below the new peak is 102 · 0.95 = 96.9, and is told once.
        assert_eq!([96.95, 96.8, 97.5].map(|equity| tells(equity, 3)), [false, true, false]);
    }
}
