//! What the reader of a result should know before believing it, as far as the question itself tells.

use super::{MarketFillSpec, check::Source, finer, spec::Spec};
use crate::{
    data::{Finding, Instruments, Severity},
    error::nearest,
    market::intrabar::Intrabar,
    risk::Lots,
};

/// How the warning begins that a section is not for a backtest.
pub(super) const IGNORED: &str = "A backtest ignores";

/// One sentence each; what stands before the first colon can be read alone.
pub(super) fn warnings(spec: &Spec, sources: &[Source], instruments: &Instruments) -> Vec<String> {
    let mut warnings = Vec::new();
    if let Some(s) = sources.iter().find(|s| s.synthesis.is_some()) {
        warnings.push(format!("The prices of {} are synthetic: what is earned here says nothing of a real market.", s.instrument.symbol));
    }
    let free = |s: &Source| {
        let c = &s.venue.costs;
        c.commission_fraction + c.commission_per_lot + c.commission_per_order == 0.0 && c.tariff.is_none()
    };
    let spreadless =
        |s: &Source| s.venue.quoting.spread.is_none_or(|w| w == 0.0) && s.dataset.bars.ask().is_none() && s.dataset.bars.spread().is_none();
    if sources.iter().any(|s| spreadless(s) && free(s)) {
        warnings.push("Neither a spread nor a commission is charged: nobody trades for free, so these results are too good.".into());
    } else if sources.iter().any(spreadless) {
        warnings.push("No spread is charged: the file has one price and the experiment names no spread.".into());
    }
    if spec.account.lots == Lots::Fractional && spec.costs.as_ref().is_some_and(|c| c.commission_per_lot > 0.0) {
        warnings.push(
            "A commission per lot is charged per unit: lots = \"fractional\" makes a lot one unit; use commission_fraction, or lots = \"broker\"."
                .into(),
        );
    }
    let misnamed = |s: &Source| {
        let symbol = &s.instrument.symbol;
        let near = nearest(symbol, instruments.symbols()).filter(|near| near != symbol && instruments.get(symbol).is_none())?;
        Some(format!("'{symbol}' is not in instruments.toml; did you mean '{near}'? It is traded as an unknown instrument."))
    };
    warnings.extend(sources.iter().find_map(misnamed));
    let undescribed = |s: &&Source| s.days != s.instrument.calendar;
    if let Some(s) = sources.iter().find(undescribed) {
        warnings.push(format!(
            "Returns are annualised with 252 days: {} is not in instruments.toml, and its file has no Saturday.",
            s.instrument.symbol
        ));
    }
    if spec.fills.market == MarketFillSpec::Close {
        warnings.push("Market orders fill at the close that decided them: optimistic, as no broker gives that price.".into());
    }
    if spec.fills.intrabar == Intrabar::Optimistic {
        warnings
            .push("A bar that could hit stop and target hits the target: the best that can be hoped for, and not what to expect.".into());
    }
    warnings.extend(sources.iter().find_map(|s| foreign_pair(s, &spec.account.currency)));
    warnings.extend(finer::warning(&spec.fills, sources));
    warnings.extend(slow_bars(spec, sources));
    warnings.extend(sources.iter().filter_map(doubted));
    warnings.extend(ignored(spec));
    warnings
}

/// Currencies by which a pair is known that nobody describes.
const CURRENCIES: [&str; 24] = [
    "USD", "EUR", "JPY", "GBP", "CHF", "AUD", "NZD", "CAD", "SEK", "NOK", "DKK", "PLN", "CZK", "HUF", "TRY", "ZAR", "MXN", "BRL", "SGD",
    "HKD", "CNH", "CNY", "INR", "KRW",
];

/// A pair of which nobody says what it is quoted in, though its name tells that this is not the account's currency.
fn foreign_pair(source: &Source, account: &str) -> Option<String> {
    let symbol = source.instrument.symbol.as_str();
    let (base, quote) = symbol.split_at_checked(3)?;
    let is_pair = CURRENCIES.contains(&base) && CURRENCIES.contains(&quote);
    (is_pair && quote != account && source.instrument.quote_currency.is_none()).then(|| {
        format!(
            "What {symbol} earns in {quote} is counted as {account}: nobody says what it is quoted in; set quote_currency = \"{quote}\" in \
             [instrument.{symbol}]."
        )
    })
}

/// A latency that costs whole bars, because bars know no moment in between.
fn slow_bars(spec: &Spec, sources: &[Source]) -> Option<String> {
    let latency_ms = spec.costs.as_ref().map_or(0.0, |costs| costs.latency_ms);
    let on_bars = sources.iter().find(|s| s.dataset.ticks.is_none()).filter(|_| latency_ms > 0.0)?;
    let timeframe = on_bars.dataset.bars.timeframe();
    Some(format!(
        "A latency of {latency_ms} ms costs a whole bar of {timeframe}: bars show no price in between; replay ticks to see what it does."
    ))
}

/// What the data check warns of in a file.
fn doubted(source: &Source) -> Option<String> {
    let doubts: Vec<&Finding> = source.dataset.findings.iter().filter(|f| f.severity == Severity::Warning).collect();
    let more = if doubts.len() > 1 { format!(", and {} more", doubts.len() - 1) } else { String::new() };
    doubts
        .first()
        .map(|first| format!("The data check doubts {}: {}{more}.", source.instrument.symbol, first.message.trim_end_matches('.')))
}

/// Sections that ask for more than a backtest does.
pub(super) fn ignored(spec: &Spec) -> Option<String> {
    let sections = [("search", spec.search.is_some()), ("walkforward", spec.walkforward.is_some()), ("model", spec.model.is_some())];
    let there: Vec<String> = sections.iter().filter(|(_, is_there)| *is_there).map(|(name, _)| format!("[{name}]")).collect();
    if there.is_empty() {
        return None;
    }
    Some(format!("{IGNORED} {}: it plays the parameters as they stand, once, over the whole span.", there.join(" and ")))
}
