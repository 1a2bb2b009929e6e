//! The trials of a sweep: played side by side in batches, each kept when its batch is done.

use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicU64, Ordering::Relaxed},
};

use rayon::prelude::{IntoParallelRefIterator, ParallelIterator};
use serde::{Deserialize, Serialize};

use crate::{
    error::Result,
    fold::Rows,
    search::{Asked, Evaluate, Objective},
    stats::summary::Metrics,
    walk::{Arena, AtEnd, Scored, Span, Store, worth},
};

/// Trials played between two writes to the store.
const BATCH: usize = 64;

/// What is kept of a trial.
#[derive(Clone, Debug, PartialEq)]
pub struct Kept {
    /// Every figure; `dsr` is that of a single trial.
    pub metrics: Metrics,
    /// The objective, larger being better; `None` where it is undefined.
    pub value: Option<f64>,
    /// The return of each trading day; none where the account was lost.
    pub day_returns: Vec<f64>,
}

/// The part of [`Kept`] that is written as JSON; the returns follow in eight bytes each.
#[derive(Serialize, Deserialize)]
struct Head {
    metrics: Metrics,
    value: Option<f64>,
}

impl Kept {
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let head = Head { metrics: self.metrics.clone(), value: self.value };
        let mut bytes = serde_json::to_vec(&head).expect("metrics have a JSON form");
        bytes.push(b'\n');
        bytes.extend(self.day_returns.iter().flat_map(|r| r.to_le_bytes()));
        bytes
    }

    pub(super) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let end = bytes.iter().position(|byte| *byte == b'\n')?;
        let Head { metrics, value } = serde_json::from_slice(&bytes[..end]).ok()?;
        let (returns, rest) = bytes[end + 1..].as_chunks();
        let day_returns = returns.iter().map(|bytes| f64::from_le_bytes(*bytes)).collect();
        rest.is_empty().then_some(Self { metrics, value, day_returns })
    }
}

/// Answers a search out of the store, and by playing what is not there.
pub(super) struct Players<'a> {
    pub(super) arena: &'a Arena,
    pub(super) objective: &'a Objective,
    pub(super) store: &'a mut Store,
    pub(super) done: &'a AtomicU64,
    /// By trial number.
    pub(super) kept: BTreeMap<u32, Kept>,
    /// How many were in the store.
    pub(super) resumed: usize,
}

impl Evaluate for Players<'_> {
    fn evaluate(&mut self, asked: &[Asked]) -> Result<Vec<Option<f64>>> {
        for batch in asked.chunks(BATCH) {
            self.answer(batch)?;
        }
        Ok(asked.iter().map(|one| self.kept[&one.trial].value).collect())
    }
}

impl Players<'_> {
    fn answer(&mut self, batch: &[Asked]) -> Result<()> {
        let mut missing = Vec::new();
        for one in batch {
            match self.store.get(&piece(one)).and_then(Kept::from_bytes) {
                Some(kept) => {
                    self.kept.insert(one.trial, kept);
                    self.resumed += 1;
                    self.done.fetch_add(1, Relaxed);
                }
                None => missing.push(one),
            }
        }
        let (arena, objective, done) = (self.arena, self.objective, self.done);
        let played: Vec<Kept> = missing
            .par_iter()
            .map(|one| {
                let kept = play(arena, objective, one);
                done.fetch_add(1, Relaxed);
                kept
            })
            .collect::<Result<_>>()?;
        let pieces: Vec<(String, Vec<u8>)> = missing.iter().zip(&played).map(|(one, kept)| (piece(one), kept.to_bytes())).collect();
        self.store.keep(&pieces)?;
        self.kept.extend(missing.iter().map(|one| one.trial).zip(played));
        Ok(())
    }
}

/// A trial's name among the pieces: its number, its share of the history and its parameters.
fn piece(asked: &Asked) -> String {
    format!("{} {} {:?}", asked.trial, asked.budget, asked.point.params())
}

/// The last part of the data: what is traded next resembles it most.
fn span(arena: &Arena, budget: f64) -> Span {
    let rows = ((arena.rows() as f64 * budget).ceil() as usize).clamp(1, arena.rows());
    let at_end = if arena.setup().account.close_at_end { AtEnd::Close } else { AtEnd::Carry };
    Span { scored: arena.rows() - rows..arena.rows(), at_end }
}

fn play(arena: &Arena, objective: &Objective, asked: &Asked) -> Result<Kept> {
    let span = span(arena, asked.budget);
    let played = arena.play(asked.point.params(), &span)?;
    let play = |rows: &Rows| Scored::play(arena, asked.point.params(), rows, span.at_end).map(|scored| scored.metrics);
    let value = worth(objective, &played.metrics, &Rows::of(span.scored.clone()), play)?;
    Ok(Kept { metrics: played.metrics, value, day_returns: played.day_returns.unwrap_or_default() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_of_a_trial_reads_back_to_the_bit() {
        let metrics = Metrics { bars: 7, sharpe: Some(0.1 + 0.2), net_profit: Some(-1e-17), ..Metrics::default() };
        let kept = Kept { metrics, value: Some(1.0 / 3.0), day_returns: vec![0.1, -0.0, 1e-300] };
        let back = Kept::from_bytes(&kept.to_bytes()).unwrap();
        assert_eq!(back, kept);
        assert!(back.day_returns[1].is_sign_negative());
        assert_eq!(Kept::from_bytes(&kept.to_bytes()[..40]), None);
        assert_eq!(Kept::from_bytes(b"{}\n"), None);
    }
}
