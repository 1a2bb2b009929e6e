//! Synthetic markets of one experiment that share their shocks: tables with the same `group`.
//!
//! Each table says how its shocks are correlated with those of the group's earlier tables, so that all of them together are the lower half
//! of a matrix. Tables of a group may be of different kinds; their bars open at the same times, or there would be nothing to share.

use std::{collections::BTreeMap, sync::Arc};

use super::{check::Source, spec::DataSpec, synth::With};
use crate::{
    error::{Error, Result},
    feed::synth::{Correlation, KindInfo},
};

/// A table's place in its group.
#[derive(Clone, Debug, PartialEq)]
pub struct Share {
    /// The group's name.
    pub group: String,
    /// Its place among the group's tables.
    pub index: usize,
    /// How all of them are correlated.
    pub correlation: Arc<Correlation>,
}

/// The place of each table, in the tables' order; `None` for one without a group.
pub(super) fn shares(data: &[DataSpec]) -> Result<Vec<Option<Share>>> {
    let mut groups: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (place, spec) in data.iter().enumerate() {
        match spec.synth.as_ref().map(|synth| (&synth.group, &synth.group_correlation)) {
            Some((Some(group), _)) => groups.entry(group).or_default().push(place),
            Some((None, Some(_))) => return Err(wrong("group_correlation", "belongs to a group; name it with group = \"NAME\"")),
            _ => {}
        }
    }
    let mut shares = vec![None; data.len()];
    for (group, places) in groups {
        let correlation = Arc::new(correlation(group, &places, data)?);
        for (index, place) in places.into_iter().enumerate() {
            shares[place] = Some(Share { group: group.to_owned(), index, correlation: Arc::clone(&correlation) });
        }
    }
    Ok(shares)
}

fn wrong(key: &str, problem: impl Into<String>) -> Error {
    Error::config(format!("data.synth.{key}"), problem)
}

/// The correlations that the tables of a group ask for.
fn correlation(group: &str, places: &[usize], data: &[DataSpec]) -> Result<Correlation> {
    let synths: Vec<_> = places.iter().filter_map(|place| data[*place].synth.as_ref()).collect();
    let [first, later @ ..] = synths.as_slice() else { return Ok(Correlation::none(1)) };
    if later.is_empty() {
        return Err(wrong("group", format!("'{group}' has one table alone; give the same group to the tables that share their shocks")));
    }
    if first.group_correlation.is_some() {
        return Err(wrong(
            "group_correlation",
            format!("the first table of '{group}' has no earlier one; give the key to the later tables"),
        ));
    }
    if later.iter().any(|synth| synth.seed != first.seed) {
        return Err(wrong("seed", format!("the tables of '{group}' share their shocks; give all of them the same seed, or none")));
    }
    for synth in &synths {
        if !KindInfo::named(&synth.kind)?.shares_shocks() {
            return Err(wrong("group", format!("{} has no shocks to share; leave group out, or take another kind", synth.kind)));
        }
    }
    let row = |(before, synth): (usize, &&super::SynthSpec)| match &synth.group_correlation {
        Some(With::All(number)) => Ok(vec![*number; before]),
        Some(With::Each(numbers)) if numbers.len() == before => Ok(numbers.clone()),
        Some(With::Each(numbers)) => {
            let problem = format!("{} numbers for {before} earlier tables of '{group}'; give one for each, or one for all", numbers.len());
            Err(wrong("group_correlation", problem))
        }
        None => Err(wrong("group_correlation", format!("is missing; say how its shocks are correlated with those of '{group}' before it"))),
    };
    let rows = (1..).zip(later).map(row).collect::<Result<Vec<_>>>()?;
    Correlation::of_rows(&rows)
}

/// Refuses groups whose bars do not open at the same times.
pub(super) fn check_frames(sources: &[Source]) -> Result<()> {
    let mut first: BTreeMap<&str, &Source> = BTreeMap::new();
    for source in sources {
        let Some((made, share)) = source.synthesis.as_ref().and_then(|made| Some((made, made.share()?))) else { continue };
        let before = *first.entry(&share.group).or_insert(source);
        let Some(other) = before.synthesis.as_ref() else { continue };
        let (a, b) = (other.frame(), made.frame());
        if (a.bars, a.timeframe, a.calendar, a.start) != (b.bars, b.timeframe, b.calendar, b.start) {
            let problem = format!(
                "{} has {} bars of {} ({}, from {}) and {} has {} bars of {} ({}, from {}); tables of a group open their bars at the same times: give \
                 both the same bars, timeframe, calendar and start",
                before.instrument.symbol,
                a.bars,
                a.timeframe,
                a.calendar,
                a.start,
                source.instrument.symbol,
                b.bars,
                b.timeframe,
                b.calendar,
                b.start
            );
            return Err(wrong("group", problem));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::{
        experiment::{Experiment, Spec},
        feed::synth::Recipe,
        seed::Seed,
        stats::moments::correlation as measured,
    };

    fn experiment(tables: &[&str]) -> Result<Experiment> {
        let table = |(i, synth): (usize, &&str)| format!("[[data]]\nsymbol = \"S{i}\"\nsynth = {{ {synth} }}\n");
        let text: String = tables.iter().enumerate().map(table).collect();
        Spec::parse(&format!("strategy = \"sma_crossover\"\n{text}"), Path::new("x.toml")).and_then(Experiment::new)
    }

    fn returns(experiment: &Experiment, source: usize) -> Vec<f64> {
        experiment.sources[source].dataset.bars.close().windows(2).map(|w| libm::log(w[1] / w[0])).collect()
    }

    #[test]
    fn the_returns_of_a_group_are_correlated_as_its_tables_say() {
        let base = "kind = \"gbm\", bars = 20000, group = \"g\"";
        let [second, third] = ["0.6", "[0.5, -0.2]"].map(|with| format!("{base}, volatility = 0.4, group_correlation = {with}"));
        let made = experiment(&[base, &second, &third, "kind = \"gbm\", bars = 20000"]).unwrap();
        let columns: Vec<Vec<f64>> = (0..4).map(|i| returns(&made, i)).collect();
        for (i, j, truth) in [(0, 1, 0.6), (0, 2, 0.5), (1, 2, -0.2), (0, 3, 0.0), (1, 3, 0.0)] {
            let found = measured(&columns[i], &columns[j]).unwrap();
            // The error of a correlation is (1 - truth^2)/sqrt(n).
            assert!((found - truth).abs() < 5.0 * (1.0 - truth * truth) / 20_000.0_f64.sqrt(), "{i} {j}: {found}");
        }
        // Each path draws the group anew, and as correlated.
        let path = made.on_path(3).unwrap();
        let found = measured(&returns(&path, 0), &returns(&path, 1)).unwrap();
        assert!((found - 0.6).abs() < 5.0 * 0.64 / 20_000.0_f64.sqrt() && returns(&path, 0) != columns[0], "{found}");
    }

    #[test]
    fn a_group_of_one_kind_and_seed_is_what_several_instruments_are() {
        let base = "kind = \"garch\", bars = 300, group = \"g\", seed = 5";
        let made = experiment(&[base, &format!("{base}, group_correlation = 0.7")]).unwrap();
        let recipe = Recipe::new("garch", &BTreeMap::new()).unwrap();
        let frame = *made.sources[0].synthesis.as_ref().unwrap().frame();
        let several = recipe.generate_several(&frame, &Seed::new(5), &Correlation::new(2, &[0.7]).unwrap()).unwrap();
        for (source, one) in made.sources.iter().zip(several) {
            assert_eq!(*source.dataset.bars, one.bars);
        }
    }

    #[test]
    fn kinds_may_differ_inside_a_group() {
        let made = experiment(&[
            "kind = \"gbm\", bars = 20000, group = \"g\"",
            "kind = \"ou\", bars = 20000, half_life_bars = 5000.0, group = \"g\", group_correlation = -0.5",
        ]);
        let made = made.unwrap();
        let found = measured(&returns(&made, 0), &returns(&made, 1)).unwrap();
        // So slow a pull leaves the shocks' correlation all but untouched.
        assert!((found + 0.5).abs() < 5.0 * 0.75 / 20_000.0_f64.sqrt(), "{found}");
    }

    #[test]
    fn mistakes_in_a_group_are_named() {
        let base = "kind = \"gbm\", bars = 100, group = \"g\"";
        let refused = |tables: &[&str], words: &str| {
            let problem = experiment(tables).err().expect("refused").to_string();
            assert!(problem.contains(words), "{problem}");
        };
        let with = |more: &str| format!("{base}, {more}");
        refused(&[base], "'g' has one table alone");
        refused(&[base, base], "group_correlation: is missing");
        refused(&[&with("group_correlation = 0.5"), base], "has no earlier one");
        refused(&[base, &with("group_correlation = [0.5, 0.5]")], "2 numbers for 1 earlier");
        refused(&[base, &with("group_correlation = 1.5")], "1.5 is not a correlation");
        refused(&[base, &with("group_correlation = 0.9"), &with("group_correlation = [0.9, -0.9]")], "positive definite");
        refused(&[base, &with("group_correlation = 0.5, seed = 3")], "the same seed");
        refused(&["kind = \"gbm\", bars = 100, group_correlation = 0.5"], "belongs to a group");
        refused(&["kind = \"edge\", bars = 100, group = \"g\"", &with("group_correlation = 0.5")], "edge has no shocks to share");
        refused(&[base, "kind = \"gbm\", bars = 200, group = \"g\", group_correlation = 0.5"], "S0 has 100 bars of 1h");
        refused(&[base, &with("group_correlation = \"high\"")], "a number, or a list");
    }
}
