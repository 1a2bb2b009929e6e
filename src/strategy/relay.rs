//! One strategy after another on the same instrument: how a walk-forward trades what each fold chose.
//!
//! Each leg has its own rules, which know all bars before it and traded none of them. At a leg's last bar nothing new is asked for where
//! positions are closed there (a broker that closes at the edges does that); where they are carried, the next leg's rules take the position
//! over with its stop and target as they stand. A leg without rules stays out, and leaves what it is handed.

use super::{Context, RuleStrategy, Strategy};
use crate::market::Bar;

/// A stretch of bars and who trades it.
pub struct Leg {
    /// How many bars, counted from the first leg's first, have passed when it ends.
    pub end: usize,
    /// Its rules, prepared for its first bar; `None` stays out of the market.
    pub strategy: Option<RuleStrategy>,
}

/// Hands over from leg to leg.
pub struct Relay {
    legs: Vec<Leg>,
    current: usize,
    seen: usize,
    is_begun: bool,
    closes: bool,
}

impl Relay {
    /// Legs in order; `closes` where positions are closed at the end of each.
    #[must_use]
    pub const fn new(legs: Vec<Leg>, closes: bool) -> Self {
        Self { legs, current: 0, seen: 0, is_begun: false, closes }
    }
}

impl Strategy for Relay {
    fn on_bar(&mut self, ctx: &mut Context<'_>, bar: &Bar) {
        while self.legs.get(self.current).is_some_and(|leg| self.seen >= leg.end) {
            self.current += 1;
            self.is_begun = false;
        }
        self.seen += 1;
        let Some(leg) = self.legs.get_mut(self.current) else { return };
        if !std::mem::replace(&mut self.is_begun, true)
            && let Some(strategy) = &mut leg.strategy
        {
            strategy.begin_after(ctx.trades_closed());
        }
        let is_last = self.seen == leg.end;
        match &mut leg.strategy {
            Some(strategy) if !(is_last && self.closes) => strategy.on_bar(ctx, bar),
            rules => {
                if ctx.has_resting_entry() {
                    ctx.withdraw();
                }
                if rules.is_none() && ctx.position().is_some() {
                    ctx.exit();
                }
            }
        }
    }

    fn feature_names(&self) -> Vec<String> {
        self.legs.iter().find_map(|leg| leg.strategy.as_ref()).map(Strategy::feature_names).unwrap_or_default()
    }
}
