//! Who a run is: hashes of what is asked, by which the same question has the same folder and counts once among the trials.

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};

use super::{CostSpec, DataSpec, Experiment, FillSpec, SlippageSpec, Source, StrategyChoice};
use crate::data::hex;

impl Experiment {
    /// The run's id: a hash of the question, the data's content and the program's version; where this is part of another run, that run's.
    #[must_use]
    pub fn id(&self) -> String {
        self.run_id.clone().unwrap_or_else(|| self.id_as(""))
    }

    /// The id of a run of another kind than a backtest on the same question.
    #[must_use]
    pub(super) fn id_as(&self, kind: &str) -> String {
        let hex: String = self.digest(kind).iter().take(6).map(|b| format!("{b:02x}")).collect();
        format!("{}-{hex}", slug(&self.spec.name))
    }

    /// The hash behind the id.
    pub(super) fn digest(&self, kind: &str) -> [u8; 32] {
        let mut hash = Sha256::new();
        hash.update(env!("CARGO_PKG_VERSION"));
        hash.update(kind);
        let mut spec = self.spec.clone();
        spec.data.iter_mut().for_each(forget_places);
        spec.strategy = StrategyChoice::Several(Vec::new());
        hash.update(serde_json::to_vec(&spec).expect("a spec has a JSON form"));
        self.sources.iter().chain(&self.rates).for_each(|source| add_contents(&mut hash, source));
        for placed in &self.placed {
            hash.update(format!("{}{:?}{:?}{}", placed.text, placed.file.values(), placed.instrument, placed.weight));
        }
        hash.finalize().into()
    }

    /// The hash of what one set of parameters asks: rules, values, costs, account, prices and span; neither names, comments and places of files
    /// nor who asks, nor the seed unless fills are drawn from it.
    pub(super) fn trial_question(&self, params: &BTreeMap<String, f64>) -> String {
        let (account, risk) = (&self.spec.account, &self.spec.risk);
        // How far the fills are apart is reported beside the same run.
        let fills = FillSpec { interval: false, ..self.spec.fills };
        let costs = self.spec.costs.clone().map(CostSpec::without_places);
        let is_drawn = matches!(costs.as_ref().and_then(|costs| costs.slippage.as_ref()), Some(SlippageSpec::Recorded { .. }));
        let seed = is_drawn.then_some(self.spec.seed);
        let mut hash = Sha256::new();
        hash.update(serde_json::json!([account, costs, fills, risk, seed]).to_string());
        for source in self.sources.iter().chain(&self.rates) {
            let mut spec = source.spec.clone();
            forget_places(&mut spec);
            hash.update(serde_json::to_vec(&spec).expect("a spec has a JSON form"));
            let at = source.dataset.bars.opened_at();
            hash.update(format!("{} {:?} {:?}", source.instrument.symbol, at.first(), at.last()));
            let mut placeless = source.clone();
            let instrument = &mut placeless.instrument;
            for place in [&mut instrument.funding_file, &mut instrument.dividend_file] {
                place.iter_mut().for_each(String::clear);
            }
            add_contents(&mut hash, &placeless);
        }
        for placed in &self.placed {
            let mut values = placed.file.values().clone();
            values.iter_mut().for_each(|(name, value)| *value = *params.get(name).unwrap_or(value));
            hash.update(format!("{}{values:?}{:?}{}", placed.file.rules_text(), placed.instrument, placed.weight));
        }
        hex(&hash.finalize())
    }

    /// What is traded, as the trial ledger knows it: a symbol, and for a synthetic market its prices too.
    #[must_use]
    pub fn markets(&self) -> Vec<String> {
        let name = |source: &super::Source| match source.synthesis {
            Some(_) => format!("{} {}", source.instrument.symbol, &source.dataset.sha256[..16]),
            None => source.instrument.symbol.clone(),
        };
        self.sources.iter().map(name).collect()
    }
}

/// Contents count, not where they lie.
fn forget_places(data: &mut DataSpec) {
    data.path.clear();
    data.finer.iter_mut().for_each(String::clear);
}

/// Everything that was read for one instrument, and the terms it is traded on.
fn add_contents(hash: &mut Sha256, source: &Source) {
    hash.update(&source.dataset.sha256);
    hash.update(source.finer.as_ref().map_or("", |finer| finer.sha256.as_str()));
    hash.update(serde_json::to_vec(&source.instrument).expect("an instrument has a JSON form"));
    source.side_files.iter().for_each(|file| hash.update(&file.sha256));
}

fn slug(name: &str) -> String {
    let text: String = name.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' }).collect();
    let text = text.trim_matches('-').to_owned();
    if text.is_empty() { "run".into() } else { text }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::experiment::Spec;

    const DOLLARS: &str = "timestamp,open,high,low,close\n2024-01-15T00:00:00Z,1,2,1,2\n2024-01-15T01:00:00Z,2,2,1,1\n";
    const YEN: &str = "timestamp,open,high,low,close\n2024-01-15T00:00:00Z,150,150,150,150\n2024-01-15T01:00:00Z,151,151,151,151\n";

    /// A share in yen on a dollar account, at a rate from a file.
    fn asked(folder: &str, rate: &str, more: &str) -> Experiment {
        let folder = std::env::temp_dir().join(format!("cthulu-identity-{}-{folder}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let file = |name: &str, text: &str| {
            let path = folder.join(name);
            std::fs::write(&path, text).unwrap();
            path.display().to_string()
        };
        let text = format!(
            "strategy = 'sma_crossover'\n[[data]]\npath = '{}'\nsymbol = 'SHARE'\n[[data]]\npath = '{}'\nsymbol = 'USDJPY'\ntrade = false\n\
             [instrument.SHARE]\nquote_currency = 'JPY'\n{more}",
            file("share.csv", DOLLARS),
            file("usdjpy.csv", rate),
        );
        let experiment = Experiment::new(Spec::parse(&text, Path::new("x.toml")).unwrap()).unwrap();
        std::fs::remove_dir_all(&folder).unwrap();
        experiment
    }

    fn question(experiment: &Experiment) -> String {
        experiment.trial_question(&BTreeMap::new())
    }

    #[test]
    fn another_rate_is_another_question() {
        let (one, same, other) = (asked("one", YEN, ""), asked("same", YEN, ""), asked("other", &YEN.replace("151", "152"), ""));
        assert_eq!((one.id(), question(&one)), (same.id(), question(&same)));
        assert_ne!(one.id(), other.id());
        assert_ne!(question(&one), question(&other));
    }

    #[test]
    fn other_terms_of_an_instrument_are_another_question() {
        let (one, other) = (asked("terms", YEN, ""), asked("other-terms", YEN, "swap_long_points = -1.0\n"));
        assert_ne!(question(&one), question(&other));
    }

    #[test]
    fn what_only_reports_or_only_names_is_the_same_question() {
        let mut one = asked("plain", YEN, "");
        let first = question(&one);
        one.spec.fills.interval = true;
        assert_eq!(question(&one), first, "the interval of fills only reports");
        let renamed = format!("# a remark\n{}", one.placed[0].text.replacen("name = ", "name = 'another' # ", 1));
        one.placed[0].file = crate::rule::StrategyFile::parse(&renamed, "elsewhere.toml").unwrap();
        one.placed[0].text = renamed;
        assert_eq!(question(&one), first, "neither do a name and a remark change the rules");
        let other = one.placed[0].text.replace("sma(close, slow)", "ema(close, slow)");
        assert_ne!(other, one.placed[0].text);
        one.placed[0].file = crate::rule::StrategyFile::parse(&other, "elsewhere.toml").unwrap();
        assert_ne!(question(&one), first, "other rules are another question");
    }

    #[test]
    fn a_file_of_costs_may_lie_elsewhere_and_a_seed_counts_where_fills_are_drawn() {
        let mut one = asked("costs", YEN, "");
        let with = |experiment: &mut Experiment, costs: CostSpec, seed: u64| {
            experiment.spec.costs = Some(costs);
            experiment.spec.seed = seed;
            question(experiment)
        };
        let rates = |place: &str| CostSpec { rates: BTreeMap::from([("USDJPY".to_owned(), place.to_owned())]), ..CostSpec::default() };
        let drawn = |place: &str| CostSpec { slippage: Some(SlippageSpec::Recorded { file: place.to_owned() }), ..CostSpec::default() };
        assert_eq!(with(&mut one, rates("here.csv"), 7), with(&mut one, rates("there.csv"), 8));
        assert_eq!(with(&mut one, drawn("here.csv"), 7), with(&mut one, drawn("there.csv"), 7));
        assert_ne!(with(&mut one, drawn("here.csv"), 7), with(&mut one, drawn("here.csv"), 8));
    }

    #[test]
    fn names_become_folder_names() {
        assert_eq!((slug("RSI reversal!"), slug("///")), ("rsi-reversal".into(), "run".into()));
    }
}
