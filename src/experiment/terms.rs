//! On which terms one instrument is traded: its conditions, its costs and its financing, out of the catalogue, the experiment and the files
//! that both name.

use std::{path::Path, sync::Arc};

use chrono_tz::Tz;
use serde::Serialize;

use super::{
    cost_spec::{CostSpec, ImpactSpec, SlippageSpec, SpreadSpec, SwapSpec},
    spec::{DataSpec, Spec},
};
use crate::{
    broker::{Costs, Dividend, FinancingTerms, Impact, Recorded, Slippage, Tariff, Tier, Venue, Volatility, VolumeShare},
    data::{Dataset, Instruments, TableFile, read_table},
    error::{Error, Result, suggest},
    market::{Bars, Calendar, Instrument, Quoting, Steps},
    risk::Lots,
    seed::Seed,
    time::Nanos,
};

/// A zone by its name; `place` is the key that has it.
pub(super) fn zone(place: &str, name: &str) -> Result<Tz> {
    name.parse().map_err(|_| Error::config(place, format!("'{name}' is not a zone of the tz database, such as UTC or Europe/Athens")))
}

/// A file beside the prices that a run depends on.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SideFile {
    /// What it is for.
    pub purpose: &'static str,
    /// Where it lies.
    pub path: String,
    /// SHA-256 of its content.
    pub sha256: String,
}

/// How `symbol` is traded: as the experiment says, else as the catalogue does, else as anything may be.
pub(super) fn instrument(symbol: &str, spec: &Spec, instruments: &Instruments, is_traded: bool) -> Result<Instrument> {
    let lots = spec.account.lots;
    if symbol.trim().is_empty() {
        return Err(Error::config("data.symbol", "the symbol is empty; name what the file prices"));
    }
    let own = spec.instrument.get(symbol);
    let described = match (instruments.get(symbol), own) {
        (Some(known), None) => known.clone(),
        (known, Some(own)) => overridden(symbol, known, own)?,
        (None, None) if lots == Lots::Broker && is_traded => {
            let nearest = suggest(symbol, instruments.symbols());
            let problem = format!("'{symbol}' is not in instruments.toml, and lots = \"broker\" needs its lot size{nearest}");
            return Err(Error::config("data.symbol", problem));
        }
        (None, None) => return Ok(Instrument::fractional(symbol)),
    };
    // Any size means units: one lot is one unit, whatever a broker's lot holds.
    Ok(if lots == Lots::Broker { described } else { described.in_units() })
}

/// The catalogue's conditions with those of the experiment in their place.
fn overridden(symbol: &str, known: Option<&Instrument>, own: &toml::Table) -> Result<Instrument> {
    let place = format!("instrument.{symbol}");
    let base = known.cloned().unwrap_or_else(|| Instrument::fractional(symbol));
    let mut table = toml::Table::try_from(&base).map_err(|e| Error::config(&place, e.to_string()))?;
    table.extend(own.clone());
    table.insert("symbol".into(), symbol.into());
    let merged: Instrument = table.try_into().map_err(|e: toml::de::Error| Error::config(&place, unknown_key(own, e.message())))?;
    merged.check().map_err(|problem| Error::config(place, problem))?;
    Ok(merged)
}

/// A key that no instrument has, with the nearest that one has.
fn unknown_key(own: &toml::Table, message: &str) -> String {
    let quoted: Vec<&str> = message.split('`').skip(1).step_by(2).collect();
    match quoted.split_first() {
        Some((key, known)) if message.starts_with("unknown field") => format!("unknown key '{key}'{}", suggest(key, known.iter().copied())),
        _ => format!("{} (of {})", message, own.keys().cloned().collect::<Vec<_>>().join(", ")),
    }
}

/// Tables of conditions for symbols that no data has.
pub(super) fn check_names(spec: &Spec, symbols: &[&str]) -> Result<()> {
    let stray = spec.instrument.keys().find(|symbol| !symbols.contains(&symbol.as_str()));
    stray.map_or(Ok(()), |symbol| {
        let problem = format!("there is no data for '{symbol}'{}", suggest(symbol, symbols.iter().copied()));
        Err(Error::config(format!("instrument.{symbol}"), problem))
    })
}

/// Points of an instrument in units of its price.
pub(super) fn points(key: &str, points: f64, instrument: &Instrument) -> Result<f64> {
    match instrument.point {
        _ if points == 0.0 => Ok(0.0),
        Some(point) => Ok(points * point),
        None => Err(Error::config(
            key,
            format!(
                "{points} points need the size of a point, and '{}' is not in instruments.toml; name its symbol there, add it (also as \
                 [instrument.{}] with point = 0.01), or state costs as commission_fraction",
                instrument.symbol, instrument.symbol
            ),
        )),
    }
}

/// How an instrument deals; files it depends on are added to `files`.
pub(super) fn venue(
    spec: &DataSpec,
    (costs, asked): (&CostSpec, &Spec),
    instrument: &Instrument,
    dataset: &Dataset,
    files: &mut Vec<SideFile>,
) -> Result<Venue> {
    let quoted = dataset.bars.ask().is_some() || dataset.bars.spread().is_some();
    let spread = match costs.spread {
        SpreadSpec::Named(_) if !quoted => {
            let problem = format!("spread = \"data\", but {} has neither quotes nor a spread column; give the spread in points", spec.path);
            return Err(Error::config("costs.spread", problem));
        }
        SpreadSpec::Named(_) => None,
        // Quotes of both sides are the truth about the spread unless a number is asked for.
        SpreadSpec::Points(p) if p == 0.0 && quoted => None,
        SpreadSpec::Points(p) => Some(points("costs.spread", p, instrument)?),
    };
    let model = costs.slippage.as_ref().map(|model| slippage(model, asked.seed, instrument, &dataset.bars, files)).transpose()?;
    points("fills.limit_through", asked.fills.limit_through.unwrap_or(0.0), instrument)?;
    let charged = Costs {
        commission_fraction: costs.commission_fraction,
        commission_per_lot: costs.commission_per_lot,
        commission_per_order: costs.commission_per_order,
        slippage: points("costs.slippage_points", costs.slippage_points, instrument)?,
        tariff: costs.has_tariff().then(|| Arc::new(tariff(costs))),
        model,
        ..Costs::default()
    };
    let schedule = super::spread::schedule(costs, instrument, &dataset.bars, files)?;
    Ok(Venue {
        quoting: Quoting { side: spec.price_side.unwrap_or_default(), spread, schedule },
        financing: financing(instrument, costs, &dataset.bars, files)?,
        latency_ns: (costs.latency_ms * 1e6).round() as i64,
        costs: charged,
        contract_size: instrument.contract_size,
        conversion: None,
    })
}

fn tariff(costs: &CostSpec) -> Tariff {
    // Where makers have no rate of their own, they pay what everybody pays.
    let mut maker = costs.commission_maker_fraction;
    let mut tier = Tier {
        above: 0.0,
        fraction: costs.commission_fraction,
        maker_fraction: maker.unwrap_or(costs.commission_fraction),
        per_lot: costs.commission_per_lot,
    };
    let mut tiers = Vec::new();
    for named in &costs.commission_tiers {
        tier.above = named.above;
        tier.fraction = named.fraction.unwrap_or(tier.fraction);
        maker = named.maker_fraction.or(maker);
        tier.maker_fraction = maker.unwrap_or(tier.fraction);
        tier.per_lot = named.per_lot.unwrap_or(tier.per_lot);
        tiers.push(tier);
    }
    Tariff {
        minimum: costs.commission_minimum,
        maximum_fraction: costs.commission_maximum_fraction,
        maker_fraction: costs.commission_maker_fraction,
        tiers,
        by: costs.commission_tiers_by,
    }
}

fn slippage(model: &SlippageSpec, seed: u64, instrument: &Instrument, bars: &Bars, files: &mut Vec<SideFile>) -> Result<Slippage> {
    match model {
        SlippageSpec::Volatility { multiple, bars } => Ok(Slippage::Volatility(Volatility::new(*multiple, *bars))),
        SlippageSpec::VolumeShare { .. } if bars.volume().iter().all(|volume| *volume <= 0.0) => {
            let problem = format!("volume_share needs traded volumes, and the data of {} has none; use volatility", instrument.symbol);
            Err(Error::config("costs.slippage", problem))
        }
        SlippageSpec::VolumeShare { fraction, impact } => {
            let impact = if *impact == ImpactSpec::Linear { Impact::Linear } else { Impact::SquareRoot };
            Ok(Slippage::VolumeShare(VolumeShare::new(*fraction, impact)))
        }
        SlippageSpec::Recorded { file } => {
            let table = side_table("slippage", file, &["points"], &instrument.symbol, files)?;
            // One unit of the price is asked for first, so that a symbol without a point is told so.
            let point = points("costs.slippage", 1.0, instrument)?;
            let sample = table.numbers("points")?.into_iter().map(|slipped| slipped * point).collect();
            Ok(Slippage::Recorded(Recorded { sample, seed: Seed::new(seed).child("slippage").child(&instrument.symbol) }))
        }
    }
}

/// A table beside the prices, its rows of one symbol, noted in `files`.
fn side_table(purpose: &'static str, path: &str, required: &[&str], symbol: &str, files: &mut Vec<SideFile>) -> Result<TableFile> {
    let table = read_table(Path::new(path), required)?;
    files.push(SideFile { purpose, path: path.to_owned(), sha256: table.sha256.clone() });
    table.of_symbol(symbol)
}

/// What holding positions of an instrument costs and brings.
fn financing(instrument: &Instrument, costs: &CostSpec, bars: &Bars, files: &mut Vec<SideFile>) -> Result<FinancingTerms> {
    let with_swap = costs.swap == SwapSpec::Instrument;
    let in_points = instrument.swap_long_points != 0.0 || instrument.swap_short_points != 0.0;
    if with_swap && in_points && instrument.point.is_none() {
        let problem =
            format!("the swap of {} is in points, and its point is not stated; state it, or set swap = \"none\"", instrument.symbol);
        return Err(Error::config(format!("instrument.{}.point", instrument.symbol), problem));
    }
    let mut terms = FinancingTerms::of(instrument, with_swap);
    if let Some(path) = &instrument.funding_file {
        terms = terms.with_funding(funding(path, &instrument.symbol, files)?);
    }
    if let Some(path) = &instrument.dividend_file {
        terms = terms.with_dividends(&dividends(path, instrument, bars, files)?);
    }
    Ok(terms)
}

fn funding(path: &str, symbol: &str, files: &mut Vec<SideFile>) -> Result<Steps> {
    let table = side_table("funding", path, &["rate"], symbol, files)?;
    let (times, rates) = (table.times()?, table.numbers("rate")?);
    if let Some(row) = rates.iter().position(|rate| rate.abs() >= 1.0) {
        let problem = format!("{} is more than the whole position; 0.0001 is one hundredth of a percent", rates[row]);
        return Err(table.wrong(table.line(row), "rate", problem));
    }
    Ok(Steps::new(times.into_iter().zip(rates).collect()))
}

/// Dividends by the first bar of their ex-date; those after the last bar are never paid, and those of the first bar's day or before neither.
fn dividends(path: &str, instrument: &Instrument, bars: &Bars, files: &mut Vec<SideFile>) -> Result<Vec<Dividend>> {
    let table = side_table("dividends", path, &["ex_date", "amount"], &instrument.symbol, files)?;
    let amounts = table.numbers("amount")?;
    if let Some(row) = amounts.iter().position(|amount| *amount <= 0.0) {
        let problem = format!("{} is no dividend; write what one share receives, above 0", amounts[row]);
        return Err(table.wrong(table.line(row), "amount", problem));
    }
    let first_of = |ex_date: Nanos| first_bar_of(ex_date, instrument.calendar, bars);
    let paid = table.times()?.into_iter().zip(amounts).filter_map(|(ex_date, amount)| Some(Dividend { ex_at: first_of(ex_date)?, amount }));
    Ok(paid.collect())
}

/// The opening of the first bar of a trading day or, where it has none, of the next that has; a day is named by its midnight of UTC.
fn first_bar_of(date: Nanos, calendar: Calendar, bars: &Bars) -> Option<Nanos> {
    let day_of = |opened_at: &Nanos| calendar.trading_day_of_bar(*opened_at, bars.timeframe());
    let index = bars.opened_at().partition_point(|opened_at| day_of(opened_at) < date.day());
    bars.opened_at().get(index).copied()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::cost_spec::TierSpec;

    #[test]
    fn a_tier_keeps_the_maker_rate_of_the_one_below() {
        let tier = |above, fraction, maker_fraction| TierSpec { above, fraction, maker_fraction, per_lot: None };
        let tiers = vec![tier(1e6, None, Some(0.0001)), tier(5e6, Some(0.0003), None)];
        let costs = CostSpec { commission_fraction: 0.0005, commission_tiers: tiers, ..CostSpec::default() };
        let rates: Vec<(f64, f64)> = tariff(&costs).tiers.iter().map(|tier| (tier.fraction, tier.maker_fraction)).collect();
        assert_eq!(rates, [(0.0005, 0.0001), (0.0003, 0.0001)]);
    }
}
