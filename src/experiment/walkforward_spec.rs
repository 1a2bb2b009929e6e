//! `[walkforward]` as typed, and the plan of folds that it asks for.

use serde::{Deserialize, Serialize};

use super::{Experiment, Spec};
use crate::{
    error::{Error, Result},
    fold::{Folds, Labels, Length, Plan, Scheme},
    time::Nanos,
    walk::timeline,
};

/// How the data is cut for training and testing, and how a fold chooses.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct WalkforwardSpec {
    /// Which folds.
    pub scheme: SchemeSpec,
    /// Length of a training window; rolling and anchored only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub train: Option<Length>,
    /// Length of a test window; rolling and anchored only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub test: Option<Length>,
    /// How many groups; k-fold and combinatorial only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub groups: Option<usize>,
    /// How many of them are tested together; combinatorial only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub test_groups: Option<usize>,
    /// Training bars left out on both sides of a test block, at least.
    pub purge_bars: usize,
    /// Further training bars left out after a test block.
    pub embargo_bars: usize,
    /// Whether a last test window that the data cut short is tested too.
    #[serde(skip_serializing_if = "is_false")]
    pub partial: bool,
    /// What happens to a position at a fold's edge.
    pub edges: EdgeSpec,
    /// Share of the training span, at its end, on which the finalists of the search are compared; 0 for none.
    pub inner_split: f64,
    /// How many of the search's best are compared there.
    pub finalists: usize,
}

/// Which folds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SchemeSpec {
    /// A training window that moves on.
    #[default]
    Rolling,
    /// A training window that grows.
    Anchored,
    /// Purged k-fold.
    Kfold,
    /// Combinatorial purged cross-validation.
    Cpcv,
}

/// What happens to a position at a fold's edge.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EdgeSpec {
    /// It is closed at the last close of the test span.
    #[default]
    Close,
    /// The next fold's rules take it over, its stop and target as they stand.
    Carry,
}

impl Default for WalkforwardSpec {
    fn default() -> Self {
        Self {
            scheme: SchemeSpec::default(),
            train: None,
            test: None,
            groups: None,
            test_groups: None,
            purge_bars: 0,
            embargo_bars: 0,
            partial: false,
            edges: EdgeSpec::default(),
            inner_split: 0.25,
            finalists: 10,
        }
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference")]
const fn is_false(value: &bool) -> bool {
    !*value
}

impl EdgeSpec {
    /// What happens to a position, in a word.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Close => "closed",
            Self::Carry => "carried over",
        }
    }
}

impl WalkforwardSpec {
    /// The folds asked for.
    ///
    /// # Errors
    /// A key that the scheme needs and lacks, or has and does not know; a number out of range.
    pub fn plan(&self) -> Result<Plan> {
        self.check()?;
        let windows = || -> Result<(Length, Length)> {
            let needed = |key: &str, length: Option<Length>, such: &str| {
                let problem = format!("is missing; scheme = \"{}\" needs it, as {key} = {such}", self.scheme.name());
                length.ok_or_else(|| Error::config(format!("walkforward.{key}"), problem))
            };
            Ok((needed("train", self.train, "\"12mo\" or 5000 (bars)")?, needed("test", self.test, "\"3mo\" or 1000 (bars)")?))
        };
        let scheme = match self.scheme {
            SchemeSpec::Rolling => windows().map(|(train, test)| Scheme::Rolling { train, test })?,
            SchemeSpec::Anchored => windows().map(|(train, test)| Scheme::Anchored { train, test })?,
            SchemeSpec::Kfold => Scheme::KFold { groups: self.groups.unwrap_or(5) },
            SchemeSpec::Cpcv => Scheme::Combinatorial { groups: self.groups.unwrap_or(6), test_groups: self.test_groups.unwrap_or(2) },
        };
        Ok(Plan { scheme, purge_bars: self.purge_bars, embargo_bars: self.embargo_bars, keeps_partial: self.partial })
    }

    fn check(&self) -> Result<()> {
        let is_windowed = self.scheme.is_windowed();
        let foreign = [
            ("train", self.train.is_some() && !is_windowed),
            ("test", self.test.is_some() && !is_windowed),
            ("partial", self.partial && !is_windowed),
            ("groups", self.groups.is_some() && is_windowed),
            ("test_groups", self.test_groups.is_some() && self.scheme != SchemeSpec::Cpcv),
        ];
        if let Some((key, _)) = foreign.iter().find(|(_, is_foreign)| *is_foreign) {
            let problem = format!("is no key of scheme = \"{}\"; {}", self.scheme.name(), self.scheme.keys());
            return Err(Error::config(format!("walkforward.{key}"), problem));
        }
        if self.edges == EdgeSpec::Carry && !is_windowed {
            let problem = format!(
                "\"carry\" needs test spans that follow one another under one account; with scheme = \"{}\" each is closed at its edge, so \
                 leave the key out",
                self.scheme.name()
            );
            return Err(Error::config("walkforward.edges", problem));
        }
        if !(0.0..=0.9).contains(&self.inner_split) {
            let problem = format!("{} is no share of the training span from 0 to 0.9; 0.25 is its last quarter", self.inner_split);
            return Err(Error::config("walkforward.inner_split", problem));
        }
        if self.finalists == 0 {
            return Err(Error::config("walkforward.finalists", "0 leaves nothing to choose from; use 1 or more, such as 10"));
        }
        Ok(())
    }
}

impl SchemeSpec {
    /// Whether test spans follow one another and are trained on what came before.
    #[must_use]
    pub const fn is_windowed(self) -> bool {
        matches!(self, Self::Rolling | Self::Anchored)
    }

    /// Its word in an experiment file.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Rolling => "rolling",
            Self::Anchored => "anchored",
            Self::Kfold => "kfold",
            Self::Cpcv => "cpcv",
        }
    }

    /// The keys that cut its folds, in a sentence.
    const fn keys(self) -> &'static str {
        match self {
            Self::Rolling | Self::Anchored => "its windows are train and test",
            Self::Kfold => "it is cut by groups",
            Self::Cpcv => "it is cut by groups and test_groups",
        }
    }
}

impl Experiment {
    /// The rows that folds are cut from: every moment at which a bar of any instrument opens, once, ascending. With one instrument these are
    /// the rows of its file.
    #[must_use]
    pub fn timeline(&self) -> Vec<Nanos> {
        timeline(&self.sources.iter().map(|source| &*source.dataset.bars).collect::<Vec<_>>())
    }

    /// The folds that the experiment's `[walkforward]` asks for.
    ///
    /// # Errors
    /// When there is no such section, or it does not fit the data or the model's label.
    pub fn folds(&self) -> Result<Folds> {
        let asked = self.spec.walkforward.as_ref().ok_or_else(|| {
            let problem = "the section is missing; write it as scheme = \"rolling\", train = \"12mo\", test = \"3mo\"";
            Error::config("[walkforward]", problem)
        })?;
        let labels = self.spec.label_horizon()?.map_or(Labels::None, Labels::Horizon);
        asked.plan()?.folds(&self.timeline(), labels)
    }
}

impl Spec {
    /// How many bars the label of `[model]` looks ahead, where there is one.
    fn label_horizon(&self) -> Result<Option<usize>> {
        let label = self.model.as_ref().and_then(|model| model.get("label"));
        let Some(horizon) = label.and_then(|label| label.get("horizon_bars")) else { return Ok(None) };
        let bars = horizon.as_integer().and_then(|bars| usize::try_from(bars).ok());
        let wrong = || Error::config("model.label.horizon_bars", format!("{horizon} is no number of bars; write it as 24"));
        bars.map(Some).ok_or_else(wrong)
    }
}
