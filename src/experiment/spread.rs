//! The spread's changes over a data set, worked out before the run: sessions, the roll, the news.

use std::{path::Path, sync::Arc};

use super::{
    cost_spec::{CostSpec, SpreadSpec, Widening},
    terms::{SideFile, points, zone},
};
use crate::{
    data::{read_news, sha256_hex},
    error::{Error, Result},
    market::{Bars, Instrument, SpreadSchedule, Steps, Windows, currencies_of},
    time::{DAY, MINUTE, Nanos},
};

/// How the spread of an instrument changes while its bars last; `None` where it does not.
pub(super) fn schedule(
    costs: &CostSpec,
    instrument: &Instrument,
    bars: &Bars,
    files: &mut Vec<SideFile>,
) -> Result<Option<Arc<SpreadSchedule>>> {
    let Some(last) = bars.len().checked_sub(1) else { return Ok(None) };
    let (from, to) = (bars.opened_at()[0].plus(-DAY), bars.closed_at(last).plus(DAY));
    let mut wide: Vec<(f64, Windows)> = Vec::new();
    if let Some(widening) = &costs.spread_roll {
        wide.push((widening.multiple, around_rolls(widening, instrument, (from, to))));
    }
    if let Some(news) = &costs.spread_news {
        let (calendar, stored) = read_news(Path::new(&news.file), zone("costs.spread_news.zone", &news.zone)?)?;
        files.push(SideFile { purpose: "news", path: news.file.clone(), sha256: sha256_hex(&stored) });
        let currencies = currencies_of(instrument);
        let told = calendar.items().iter().filter(|item| item.impact >= news.impact && item.concerns(&currencies));
        wide.push((news.multiple, windows(&news.widening(), told.map(|item| item.at))));
    }
    let multiple = |at: Nanos| wide.iter().filter(|(_, windows)| windows.contain(at)).map(|(multiple, _)| *multiple).fold(1.0, f64::max);
    if costs.spread_sessions.is_empty() {
        let edges = wide.iter().flat_map(|(_, windows)| windows.edges());
        let steps = Steps::new(edges.map(|at| (at, multiple(at))).collect());
        return Ok((!wide.is_empty()).then(|| Arc::new(SpreadSchedule::Multiple(steps))));
    }
    let mut sessions: Vec<(f64, Windows)> = Vec::new();
    for session in &costs.spread_sessions {
        let width = points("costs.spread_sessions", session.points, instrument)?;
        sessions.push((width, Windows::new(session.session.within(from, to).collect())));
    }
    if (bars.ask().is_some() || bars.spread().is_some()) && costs.spread == SpreadSpec::Points(0.0) {
        let problem = "sessions take the place of the spread that the data bring; give costs.spread in points for the hours between";
        return Err(Error::config("costs.spread_sessions", problem));
    }
    let between = if let SpreadSpec::Points(base) = costs.spread { points("costs.spread", base, instrument)? } else { 0.0 };
    let width = |at: Nanos| sessions.iter().find(|(_, windows)| windows.contain(at)).map_or(between, |(width, _)| *width) * multiple(at);
    let edges = sessions.iter().chain(&wide).flat_map(|(_, windows)| windows.edges()).chain([from]);
    Ok(Some(Arc::new(SpreadSchedule::Width(Steps::new(edges.map(|at| (at, width(at))).collect())))))
}

fn windows(widening: &Widening, moments: impl Iterator<Item = Nanos>) -> Windows {
    let ns = |minutes: f64| (minutes * MINUTE as f64) as i64;
    let (before, after) = (ns(widening.before_minutes), ns(widening.after_minutes));
    Windows::new(moments.map(|at| (at.plus(-before), at.plus(after))).collect())
}

/// Around the roll of every day that has one.
fn around_rolls(widening: &Widening, instrument: &Instrument, (from, to): (Nanos, Nanos)) -> Windows {
    let roll = instrument.swap_roll;
    let moments = std::iter::successors(Some(roll.after(from)), |at| Some(roll.after(*at))).take_while(|at| *at < to);
    windows(widening, moments.filter(|at| instrument.swap_triple_day.nights(roll.night(*at)) > 0))
}
