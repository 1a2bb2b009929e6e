//! Which strategy sits where: every strategy of the experiment on every instrument it trades.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    check::Source,
    spec::{Spec, StrategyChoice, StrategySpec},
};
use crate::{
    error::{Error, Result, suggest},
    market::InstrumentId,
    rule::StrategyFile,
    strategy::strategy_text,
};

/// One strategy on one instrument.
#[derive(Clone)]
pub struct Placed {
    /// The strategy's name; numbered where it sits on the same instrument again.
    pub name: String,
    /// The strategy, its parameters set.
    pub file: StrategyFile,
    /// Its file as written.
    pub text: String,
    /// Which source it trades.
    pub instrument: InstrumentId,
    /// Share of the account's sizing.
    pub weight: f64,
}

/// The seats, in the order of the strategies and, within one, of the data.
pub(super) fn place(spec: &Spec, sources: &[Source]) -> Result<Vec<Placed>> {
    let several = match &spec.strategy {
        StrategyChoice::One(name) => {
            vec![StrategySpec { strategy: name.clone(), symbols: Vec::new(), weight: 1.0, params: Default::default() }]
        }
        StrategyChoice::Several(several) => several.clone(),
    };
    if several.is_empty() {
        return Err(Error::config("strategy", "the list is empty; name at least one strategy"));
    }
    let mut files = Vec::new();
    for one in &several {
        check_seat(one, sources)?;
        let (text, place) = strategy_text(&one.strategy)?;
        files.push((StrategyFile::parse(&text, &place)?, text));
    }
    let shared = shared_params(spec, &files)?;
    let mut placed: Vec<Placed> = Vec::new();
    for (one, (file, text)) in several.iter().zip(files) {
        let mut params: BTreeMap<String, f64> = shared.clone();
        params.retain(|name, _| several.len() == 1 || file.parameters().iter().any(|p| p.name == *name));
        params.extend(one.params.clone());
        let file = file.with_params(&params)?;
        for (index, source) in (0_u16..).zip(sources) {
            if one.symbols.is_empty() || one.symbols.contains(&source.instrument.symbol) {
                let instrument = InstrumentId(index);
                let name = seat_name(&placed, file.name(), instrument);
                placed.push(Placed { name, file: file.clone(), text: text.clone(), instrument, weight: one.weight });
            }
        }
    }
    if placed.len() > usize::from(u8::MAX) {
        return Err(Error::config("strategy", format!("{} strategy-symbol pairs; at most 255 run on one account", placed.len())));
    }
    Ok(placed)
}

/// A seat's weight and symbols.
fn check_seat(one: &StrategySpec, sources: &[Source]) -> Result<()> {
    if !(one.weight.is_finite() && one.weight > 0.0) {
        let problem = format!("{} of '{}' is not a number above 0; leave the strategy out to give it nothing", one.weight, one.strategy);
        return Err(Error::config("strategy.weight", problem));
    }
    for symbol in &one.symbols {
        if !sources.iter().any(|s| s.instrument.symbol == *symbol) {
            let known = sources.iter().map(|s| s.instrument.symbol.as_str());
            return Err(Error::config("strategy.symbols", format!("there is no data for '{symbol}'{}", suggest(symbol, known))));
        }
    }
    Ok(())
}

/// The experiment's own parameter values; of several strategies each takes those it has, and at least one must have each.
fn shared_params(spec: &Spec, files: &[(StrategyFile, String)]) -> Result<BTreeMap<String, f64>> {
    if files.len() > 1 {
        let names: BTreeSet<&str> = files.iter().flat_map(|(file, _)| file.parameters()).map(|p| p.name.as_str()).collect();
        if let Some(unknown) = spec.params.keys().find(|name| !names.contains(name.as_str())) {
            let problem = format!("none of the strategies has a parameter '{unknown}'{}", suggest(unknown, names));
            return Err(Error::config("params", problem));
        }
    }
    Ok(spec.params.clone())
}

/// A strategy's name, numbered from the second time it sits on the same instrument: files and events tell the seats apart by it.
fn seat_name(placed: &[Placed], name: &str, instrument: InstrumentId) -> String {
    let is_taken = |name: &str| placed.iter().any(|p| p.instrument == instrument && p.name == name);
    let numbered = (2..).map(|n| format!("{name} {n}"));
    std::iter::once(name.to_owned()).chain(numbered).find(|name| !is_taken(name)).expect("a number is free")
}
