//! Which rows are trained on and which are tested: rolling, anchored, purged k-fold and combinatorial purged folds.
//!
//! Owns ranges of rows and nothing else: it is given the moments at which the rows open and, where there are labels, the row at which each
//! label ends. Promises that the test blocks of a fold never overlap its training rows, that no training row lies within the purge of a test
//! row or has a label that overlaps a test label, and that further rows are left out only after a test block (the embargo). Refuses a purge
//! shorter than the labels, and a fold with nothing left to train on, by the key and the remedy.
//!
//! Which to pick: `rolling` asks how a rule that is fitted again and again would have traded, and is the default; `anchored` the same with a
//! training span that grows; `kfold` and `cpcv` use all of the data for testing, and train on its future as well, so that their curves are
//! evidence about a method, never a track record.

mod groups;
mod length;
mod purge;
mod rows;
mod windows;

use serde::{Serialize, Serializer, ser::SerializeStruct};

pub use groups::{MAX_SPLITS, binomial};
pub use length::Length;
pub use rows::Rows;

use crate::{
    error::{Error, Result},
    time::Nanos,
};

/// How the rows are cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// A training window of fixed length that moves on by a test window.
    Rolling {
        /// Training window.
        train: Length,
        /// Test window.
        test: Length,
    },
    /// A training window that starts at the first row and grows by a test window.
    Anchored {
        /// First training window.
        train: Length,
        /// Test window.
        test: Length,
    },
    /// Each of several groups is tested once, the others are trained on. The first rows mod groups have a row more than the others.
    KFold {
        /// How many groups.
        groups: usize,
    },
    /// Each choice of `test_groups` of the groups is tested once, the others are trained on. Groups have ⌊rows/groups⌋ rows, the last the rest.
    Combinatorial {
        /// How many groups.
        groups: usize,
        /// How many of them are tested together.
        test_groups: usize,
    },
}

/// When the label of a training row is known.
#[derive(Clone, Copy, Debug, Default)]
pub enum Labels<'a> {
    /// At once: nothing is learnt from later rows.
    #[default]
    None,
    /// So many rows later.
    Horizon(usize),
    /// At the row that stands here for each row, itself or a later one.
    Ends(&'a [usize]),
}

/// What to cut, and how far training keeps away from testing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plan {
    /// How the rows are cut.
    pub scheme: Scheme,
    /// Training rows left out on both sides of a test block, at least.
    pub purge_bars: usize,
    /// Further training rows left out after a test block.
    pub embargo_bars: usize,
    /// Whether a last test window that the data cut short is tested too.
    pub keeps_partial: bool,
}

/// One fold: what is trained on, and what is tested once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fold {
    /// Rows to train on.
    pub train: Rows,
    /// Rows to test on.
    pub test: Rows,
}

/// One test block of a path, and the fold whose training chose for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leg {
    /// The fold's number.
    pub fold: usize,
    /// The rows tested.
    pub rows: std::ops::Range<usize>,
}

/// All folds of a plan over so many rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Folds {
    /// Rows of the data.
    pub rows: usize,
    /// The folds, in order.
    pub folds: Vec<Fold>,
    /// Ways through the data, each testing every tested row once; one, but for combinatorial folds.
    pub paths: Vec<Vec<Leg>>,
}

impl Plan {
    /// The folds of rows that open at `at`, ascending.
    ///
    /// ```
    /// use cthulu_lab::{fold::{Labels, Length, Plan, Scheme}, time::{DAY, Nanos}};
    /// let days: Vec<Nanos> = (0..12).map(|day| Nanos(day * DAY)).collect();
    /// let scheme = Scheme::Rolling { train: Length::Bars(6), test: Length::Bars(2) };
    /// let folds = Plan { scheme, purge_bars: 1, embargo_bars: 0, keeps_partial: false }.folds(&days, Labels::None).unwrap();
    /// let told: Vec<String> = folds.folds.iter().map(|fold| format!("{} | {}", fold.train, fold.test)).collect();
    /// assert_eq!(told, ["0..6 | 7..9", "2..8 | 9..11"]);
    /// ```
    ///
    /// # Errors
    /// [`Error::Config`] naming the key: windows that do not fit the data, too many splits, a purge below the labels' horizon, a fold
    /// without anything to train on.
    ///
    /// # Panics
    /// When label ends are not one a row, or lie before their row.
    pub fn folds(&self, at: &[Nanos], labels: Labels<'_>) -> Result<Folds> {
        self.check(labels)?;
        let rows = at.len();
        let (cut, paths) = match self.scheme {
            Scheme::Rolling { train, test } => windows::Windows { at, train, test, is_anchored: false, plan: self }.cut()?,
            Scheme::Anchored { train, test } => windows::Windows { at, train, test, is_anchored: true, plan: self }.cut()?,
            Scheme::KFold { groups } => groups::k_fold(rows, groups)?,
            Scheme::Combinatorial { groups, test_groups } => groups::combinatorial(rows, groups, test_groups)?,
        };
        let reach = purge::Reach { rows, purge_bars: self.purge_bars, embargo_bars: self.embargo_bars, labels };
        let folds: Vec<Fold> = cut.into_iter().map(|fold| Fold { train: reach.spared(&fold.train, &fold.test), test: fold.test }).collect();
        match folds.iter().position(|fold| fold.train.is_empty()) {
            Some(number) => Err(self.nothing_to_train_on(number, &folds[number])),
            None => Ok(Folds { rows, folds, paths }),
        }
    }

    /// The rows to train on for what comes after the last row: the last training window, or all rows where the scheme has none.
    ///
    /// # Errors
    /// When the data is shorter than the window.
    pub fn latest(&self, at: &[Nanos]) -> Result<Rows> {
        let rows = at.len();
        let from = match (self.scheme, at.last()) {
            (Scheme::Rolling { train: Length::Bars(bars), .. }, _) => rows.checked_sub(bars),
            (Scheme::Rolling { train, .. }, Some(last)) => {
                // The window ends just after the last row, so that a row as old as the window is long has left it.
                length::before(*last, train).map(|from| at.partition_point(|moment| *moment <= from))
            }
            _ => Some(0),
        };
        let too_short = || Error::config("walkforward.train", format!("the window is longer than the data, which has {rows} bars"));
        from.map(|from| Rows::of(from..rows)).filter(|rows| !rows.is_empty()).ok_or_else(too_short)
    }

    fn check(&self, labels: Labels<'_>) -> Result<()> {
        if let Scheme::Rolling { train, test } | Scheme::Anchored { train, test } = self.scheme {
            for (key, length) in [("walkforward.train", train), ("walkforward.test", test)] {
                if matches!(length, Length::Bars(0) | Length::Months(0) | Length::Days(0)) {
                    return Err(Error::config(key, "a window of length 0 holds nothing; write bars as 5000, or calendar time as \"3mo\""));
                }
            }
        }
        if let Labels::Horizon(horizon) = labels
            && self.purge_bars < horizon
        {
            let problem = format!(
                "{} is less than the {horizon} bars that a label looks ahead, so training would see the test span; set it to {horizon} or more",
                self.purge_bars
            );
            return Err(Error::config("walkforward.purge_bars", problem));
        }
        Ok(())
    }

    fn nothing_to_train_on(&self, number: usize, fold: &Fold) -> Error {
        let away = match self.embargo_bars {
            0 => format!("a purge of {} bars", self.purge_bars),
            embargo => format!("a purge of {} bars and an embargo of {embargo}", self.purge_bars),
        };
        let remedy = match self.scheme {
            Scheme::Rolling { .. } | Scheme::Anchored { .. } => "lower it, or make walkforward.train longer",
            _ => "lower it, or make walkforward.groups fewer",
        };
        let key = if self.embargo_bars > self.purge_bars { "walkforward.embargo_bars" } else { "walkforward.purge_bars" };
        Error::config(key, format!("{away} leaves fold {number} (test rows {}) nothing to train on; {remedy}", fold.test))
    }
}

impl Serialize for Folds {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Numbered<'a> {
            fold: usize,
            train: &'a Rows,
            test: &'a Rows,
        }
        let folds: Vec<_> = (0..).zip(&self.folds).map(|(fold, f)| Numbered { fold, train: &f.train, test: &f.test }).collect();
        let mut whole = serializer.serialize_struct("Folds", 2)?;
        whole.serialize_field("rows", &self.rows)?;
        whole.serialize_field("folds", &folds)?;
        whole.end()
    }
}

#[cfg(test)]
mod tests;
