//! What many paths of one experiment tell, as files: `run.json`, a row a path in `paths.csv`, and the fan of their equity in `fan.csv`.

use std::{collections::BTreeMap, fmt::Write as _, path::Path as Folder};

use serde_json::{Value, json};

use super::{Experiment, Paths, Rate, folder::manifest, rows};
use crate::{
    error::Result,
    stats::{moments::quantile, verdict::VerdictKind},
};

/// Quantiles of the equity at each moment of the fan.
const FAN: [(&str, f64); 5] = [("p05", 0.05), ("p25", 0.25), ("p50", 0.5), ("p75", 0.75), ("p95", 0.95)];
/// Verdicts by the names that files have for them.
const VERDICTS: [(&str, VerdictKind); 3] =
    [("profitable", VerdictKind::Profitable), ("loses", VerdictKind::Loses), ("not_enough_evidence", VerdictKind::NotEnoughEvidence)];

impl Paths {
    /// Id of these paths: that of the experiment, and how many they are.
    #[must_use]
    pub fn id(&self, experiment: &Experiment) -> String {
        format!("{}-{}-paths", experiment.id(), self.0.len())
    }

    /// How often each verdict was given, by name.
    #[must_use]
    pub fn verdicts(&self) -> BTreeMap<&'static str, usize> {
        VERDICTS.into_iter().map(|(name, kind)| (name, self.count(kind))).collect()
    }

    /// Everything that is known of the paths together: `run.json`.
    #[must_use]
    pub fn document(&self, experiment: &Experiment) -> Value {
        let markets = experiment.sources.iter().filter_map(|s| s.synthesis.as_ref().map(|made| (s, made)));
        let markets: Vec<Value> = markets
            .map(|(s, made)| {
                let (recipe, frame) = (made.recipe(), made.frame());
                json!({
                    "symbol": s.instrument.symbol, "kind": recipe.info().name, "bars": frame.bars, "timeframe": frame.timeframe,
                    "calendar": frame.calendar, "group": made.share().map(|share| &share.group), "parameters": recipe.params().values(),
                    "truth": recipe.truth(frame),
                })
            })
            .collect();
        let strategies: Vec<Value> =
            experiment.placed.iter().map(|p| json!({ "name": p.file.name(), "params": p.file.values() })).collect();
        let metrics: serde_json::Map<String, Value> = self.distributions().into_iter().map(|(key, found)| (key, json!(found))).collect();
        let (verdicts, losing) =
            (self.verdicts(), self.0.iter().filter(|path| path.metrics.return_fraction.is_some_and(|r| r < 0.0)).count());
        let profitable = Rate::of(verdicts["profitable"], self.0.len().max(1));
        let mut manifest = manifest(experiment);
        // Each path has bytes of its own.
        for data in manifest["data"].as_array_mut().into_iter().flatten() {
            data.as_object_mut().and_then(|data| data.remove("sha256"));
        }
        json!({
            "id": self.id(experiment), "name": experiment.spec.name, "kind": "monte_carlo", "synthetic": true, "paths": self.0.len(),
            "seed": experiment.spec.seed, "strategies": strategies, "markets": markets, "verdicts": verdicts, "profitable": profitable,
            "losing_paths": losing, "metrics": metrics, "manifest": manifest, "warnings": experiment.warnings,
        })
    }

    /// Writes the three files into a folder that is there.
    ///
    /// # Errors
    /// When one cannot be written.
    ///
    /// # Panics
    /// Never: a JSON value has a text, and a string takes any.
    pub fn write(&self, experiment: &Experiment, folder: &Folder) -> Result<()> {
        let mut text = serde_json::to_string_pretty(&self.document(experiment)).expect("a JSON value has a text");
        text.push('\n');
        rows::write(folder, "run.json", text)?;
        rows::write(folder, "paths.csv", self.rows())?;
        rows::write(folder, "fan.csv", self.fan())
    }

    /// `path,verdict` and the metrics; an undefined one is an empty cell.
    fn rows(&self) -> String {
        let figures: Vec<Value> = self.0.iter().map(|path| json!(path.metrics)).collect();
        let keys: Vec<String> = figures.first().and_then(Value::as_object).into_iter().flatten().map(|(key, _)| key.clone()).collect();
        let mut text = format!("path,verdict,{}\n", keys.join(","));
        for (number, (path, figures)) in self.0.iter().zip(&figures).enumerate() {
            let verdict = VERDICTS.iter().find(|(_, kind)| *kind == path.verdict).map_or("", |(name, _)| name);
            write!(text, "{number},{verdict}").expect("a string takes any text");
            for key in &keys {
                let cell = figures[key].as_f64().map(|figure| figure.to_string()).unwrap_or_default();
                write!(text, ",{cell}").expect("a string takes any text");
            }
            text.push('\n');
        }
        text
    }

    /// `time` and the quantiles of the equity over the paths.
    fn fan(&self) -> String {
        let mut text = format!("time,{}\n", FAN.map(|(name, _)| name).join(","));
        let moments = self.0.iter().map(|path| path.curve.len()).min().unwrap_or(0);
        for i in 0..moments {
            let values: Vec<f64> = self.0.iter().map(|path| path.curve[i].1).collect();
            write!(text, "{}", self.0[0].curve[i].0).expect("a string takes any text");
            for (_, p) in FAN {
                write!(text, ",{}", quantile(&values, p).unwrap_or_default()).expect("a string takes any text");
            }
            text.push('\n');
        }
        text
    }
}
