//! Where account money for another currency comes from: the instrument's own price, other data, or a file of rates.
//!
//! Refuses what it cannot know: an instrument that is quoted in a currency for which there is no rate, and rates that begin after the prices
//! do. A rate holds until the next is known.

use std::{path::Path, sync::Arc};

use super::{check::Source, spec::Spec, terms::SideFile};
use crate::{
    broker::Conversion,
    data::read_table,
    error::{Error, Result},
    market::Steps,
    time::Nanos,
};

/// Gives every instrument in `traded` that is quoted in another currency its rates; `others` are data that are not traded.
pub(super) fn convert(traded: &mut [Source], others: &[Source], spec: &Spec) -> Result<()> {
    let account = spec.account.currency.as_str();
    for index in 0..traded.len() {
        let instrument = &traded[index].instrument;
        let Some(quote) = instrument.quote_currency.clone().filter(|quote| quote != account) else { continue };
        let is_own_price = instrument.symbol == format!("{account}{quote}");
        let found = if is_own_price {
            Some((prices(&traded[index], true), None))
        } else {
            from_data([&*traded, others], &quote, account).map_or_else(|| from_file(spec, &quote, account), |found| Ok(Some(found)))?
        };
        let Some((rates, file)) = found else { return Err(missing(&traded[index], &quote, account)) };
        let first = traded[index].dataset.bars.opened_at()[0];
        if let Some(begins) = rates.from().first().filter(|begins| **begins > first) {
            let symbol = &traded[index].instrument.symbol;
            let problem = format!(
                "the rate of {quote} in {account} begins at {begins}, after the prices of {symbol} do, at {first}; set from, or bring earlier rates"
            );
            return Err(Error::config("costs.rates", problem));
        }
        let source = &mut traded[index];
        source.side_files.extend(file.filter(|file| !source.side_files.contains(file)));
        source.venue.conversion = Some(Conversion { rates: Arc::new(rates), is_own_price });
        source.venue.costs.conversion_fraction = spec.costs.as_ref().map_or(0.0, |costs| costs.conversion_fraction);
    }
    Ok(())
}

/// Middle prices of a source at its openings and closings, or their inverses.
fn prices(source: &Source, inverse: bool) -> Steps {
    let (bars, quoting) = (&source.dataset.bars, &source.venue.quoting);
    let middle = |quote: crate::market::Tick| {
        let price = f64::midpoint(quote.bid, quote.ask);
        (quote.at, if inverse { 1.0 / price } else { price })
    };
    // A close and the opening behind it share a moment, at which only the close is known: of two the later in the list holds.
    let (openings, closes) = (bars.iter().map(|bar| middle(quoting.at_open(&bar))), bars.iter().map(|bar| middle(quoting.at_close(&bar))));
    Steps::new(openings.chain(closes).collect())
}

/// Rates out of the prices of a pair.
fn from_data(all: [&[Source]; 2], quote: &str, account: &str) -> Option<(Steps, Option<SideFile>)> {
    let of = |pair: String| all.into_iter().flatten().find(|source| source.instrument.symbol == pair);
    let (source, inverse) =
        of(format!("{quote}{account}")).map(|s| (s, false)).or_else(|| of(format!("{account}{quote}")).map(|s| (s, true)))?;
    let file = SideFile { purpose: "rate", path: source.spec.path.clone(), sha256: source.dataset.sha256.clone() };
    Some((prices(source, inverse), Some(file)))
}

/// Rates out of a file that `[costs] rates` names.
fn from_file(spec: &Spec, quote: &str, account: &str) -> Result<Option<(Steps, Option<SideFile>)>> {
    let of = |pair: &str| spec.costs.as_ref().and_then(|costs| costs.rates.get(pair));
    let straight = of(&format!("{quote}{account}")).map(|path| (path, false));
    let Some((path, inverse)) = straight.or_else(|| of(&format!("{account}{quote}")).map(|path| (path, true))) else { return Ok(None) };
    let table = read_table(Path::new(path), &["rate"])?;
    let mut steps: Vec<(Nanos, f64)> = Vec::with_capacity(table.len());
    for (row, (at, rate)) in table.times()?.into_iter().zip(table.numbers("rate")?).enumerate() {
        if rate <= 0.0 {
            return Err(table.wrong(table.line(row), "rate", format!("{rate} is no rate; rates are above 0")));
        }
        steps.push((at, if inverse { 1.0 / rate } else { rate }));
    }
    let file = SideFile { purpose: "rate", path: path.clone(), sha256: table.sha256.clone() };
    Ok(Some((Steps::new(steps), Some(file))))
}

fn missing(source: &Source, quote: &str, account: &str) -> Error {
    let symbol = &source.instrument.symbol;
    let problem = format!(
        "{symbol} is quoted in {quote} and the account is in {account}: the rate between them is needed. Add a [[data]] of {account}{quote} or \
         {quote}{account} (with trade = false, if it is for the rate alone), name a file with costs.rates = {{ {quote}{account} = \"FILE.csv\" }} \
         (columns time and rate), or set account.currency = \"{quote}\""
    );
    Error::config("account.currency", problem)
}
