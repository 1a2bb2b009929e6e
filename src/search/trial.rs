//! What is asked, what is told, and who answers.

use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};

use super::space::Point;
use crate::error::Result;

/// A point to try.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Asked {
    /// Its running number, from 0.
    pub trial: u32,
    /// The parameters.
    pub point: Point,
    /// Which share of the history to use, above 0 and at most 1; below 1 only in successive halving.
    pub budget: f64,
}

/// A point tried.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Told {
    /// Its running number, from 0.
    pub trial: u32,
    /// The parameters.
    pub point: Point,
    /// Which share of the history was used.
    pub budget: f64,
    /// The objective, larger being better; `None` where it is undefined, which is worse than any number.
    pub value: Option<f64>,
}

/// Who answers: plays the parameters and measures them.
pub trait Evaluate {
    /// The objective of each point, in the order asked; larger is better, and `None` is undefined. The points are independent of each other
    /// and may be played in parallel.
    ///
    /// # Errors
    /// Whatever keeps a point from being played; the search ends with it.
    fn evaluate(&mut self, asked: &[Asked]) -> Result<Vec<Option<f64>>>;
}

impl<F: FnMut(&[Asked]) -> Result<Vec<Option<f64>>>> Evaluate for F {
    fn evaluate(&mut self, asked: &[Asked]) -> Result<Vec<Option<f64>>> {
        self(asked)
    }
}

/// How far a search is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Progress {
    /// Trials told so far.
    pub told: usize,
    /// Trials in all, as far as that is known.
    pub trials: usize,
    /// The best objective so far.
    pub best: Option<f64>,
    /// Points that broke a constraint.
    pub infeasible: u64,
    /// Points that had been tried before.
    pub repeated: u64,
}

/// Who watches. The command draws a progress bar; a search itself prints nothing.
pub trait Observer: Send + Sync {
    /// Called after each iteration of the optimiser.
    fn progress(&self, progress: &Progress);
}

/// The best objective so far, of one search or of several at once, for whoever draws it.
#[derive(Debug, Default)]
pub struct Best(Mutex<Option<f64>>);

impl Best {
    /// The best objective; `None` where there is none yet.
    #[must_use]
    pub fn get(&self) -> Option<f64> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Observer for Best {
    fn progress(&self, progress: &Progress) {
        let mut best = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *best = best.into_iter().chain(progress.best).reduce(f64::max);
    }
}
