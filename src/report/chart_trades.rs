//! The charts of single trades: how their pnl is spread, and how far each went for and against.

use super::axis::{Axis, Unit};
use super::chart_equity::Detail;
use super::format;
use super::ink::Ink;
use super::plot::{Layer, Plot, Point};
use super::run::RunFolder;
use super::series::Bin;
use super::thin;

/// `what` with the account currency it is counted in.
fn named(what: &str, run: &RunFolder) -> String {
    format!("{what}, {}", run.currency()).trim_end_matches([' ', ',']).to_owned()
}

/// How many trades won and lost how much. `None` without bins.
pub(super) fn histogram(run: &RunFolder, bins: &[Bin], detail: Detail) -> Option<Plot> {
    let (first, last) = (bins.first()?, bins.last()?);
    let tallest = bins.iter().map(|b| b.count).max()?;
    let bars = |gain: bool| {
        let side = bins.iter().filter(move |b| (b.from + b.to > 0.0) == gain && b.count > 0);
        side.map(|b| (b.from, b.to, b.count as f64)).collect::<Vec<_>>()
    };
    let layers = vec![
        Layer::Bars { bars: bars(false), ink: Ink::Loss },
        Layer::Bars { bars: bars(true), ink: Ink::Gain },
        Layer::Upright { at: 0.0_f64.clamp(first.from, last.to), ink: Ink::Muted },
    ];
    let x = Axis::values(first.from, last.to, detail.pick(10.0, 4.0) as usize, Unit::Plain);
    let y = Axis::values(0.0, tallest as f64, 4, Unit::Count);
    let factor = format::or_dash(run.number("metrics.profit_factor"), format::two);
    let title = format!("Profit factor {factor}: trades by their net profit or loss, {}", run.currency());
    let pnls = run.trades.iter().filter_map(|t| t.pnl);
    let (worst, best) = pnls.fold((f64::INFINITY, f64::NEG_INFINITY), |(lo, hi), pnl| (lo.min(pnl), hi.max(pnl)));
    let alt = format!("Histogram of {} trades by pnl, from {} to {}.", run.trades.len(), format::two(worst), format::two(best));
    let legend = vec![("losing trades".to_owned(), Ink::Loss), ("winning trades".to_owned(), Ink::Gain)];
    Some(Plot {
        title: title.trim_end_matches([' ', ',']).to_owned(),
        alt,
        x,
        y,
        x_name: Some(named("net profit or loss of the trade", run)),
        y_name: Some("trades".to_owned()),
        layers,
        legend,
    })
}

/// Each trade by its worst and its best moment: maximum adverse against maximum favourable excursion. `None` without both.
pub(super) fn excursions(run: &RunFolder, detail: Detail) -> Option<Plot> {
    let point = |t: &super::run::Trade| Some((t.mae?.abs(), t.mfe?.abs()));
    let dots = |gain: bool| run.trades.iter().filter(|t| (t.pnl.unwrap_or(0.0) > 0.0) == gain).filter_map(point).collect::<Vec<Point>>();
    let (lost, won) = (dots(false), dots(true));
    let all = || lost.iter().chain(&won);
    let (worst, best) = all().fold((0.0_f64, 0.0_f64), |(x, y), p| (x.max(p.0), y.max(p.1)));
    let count = all().count();
    if count == 0 {
        return None;
    }
    let reach = worst.min(best);
    let (across, up) = detail.pick((250, 80), (90, 60));
    let (lost, won) = (thin::spread(&lost, across, up), thin::spread(&won, across, up));
    let layers = vec![
        Layer::Line { points: vec![(0.0, 0.0), (reach, reach)], ink: Ink::Muted, width: 1.0 },
        Layer::Dots { points: lost, ink: Ink::Loss, radius: detail.pick(3.0, 2.2), opacity: 0.55 },
        Layer::Dots { points: won, ink: Ink::Gain, radius: detail.pick(3.0, 2.2), opacity: 0.55 },
    ];
    let alt = format!("{count} trades by the most they were down (up to {}) and up (up to {}).", format::two(worst), format::two(best));
    Some(Plot {
        title: "Adverse and favourable excursion of each trade".to_owned(),
        alt,
        x: Axis::values(0.0, worst, detail.pick(10.0, 4.0) as usize, Unit::Plain),
        y: Axis::values(0.0, best, 5, Unit::Plain),
        x_name: Some(named("most against the trade (MAE)", run)),
        y_name: Some(named("most in its favour (MFE)", run)),
        layers,
        legend: vec![("losing trades".to_owned(), Ink::Loss), ("winning trades".to_owned(), Ink::Gain)],
    })
}
