//! Positions over holes in the data: an event where the calendar does not explain the hole, and none anywhere else.

use std::sync::Arc;

use cthulu_lab::{
    data::{DayEnd, TickSource, resample_ticks},
    event::{Event, Kind},
    feed::{Prices, TickReplay},
    market::{Bar, Bars, Calendar, Gap, Ticks},
    risk::Sizing,
    strategy::Context,
    time::{HOUR, MINUTE, Nanos, SECOND, Timeframe},
};
use serde_json::Value;

use crate::{
    cli::{Scratch, lab},
    stage::{Played, Stage, buy, buy_first, seat, stage},
};

/// Monday 2024-01-08.
const MONDAY: i64 = 1_704_672_000_000_000_000;

/// Bars at these hours after that Monday's first, all alike.
fn at_hours(hours: &[i64]) -> Arc<Bars> {
    let mut bars = Bars::new(Timeframe::from_ns(HOUR).unwrap());
    for hour in hours {
        let opened_at = Nanos(MONDAY + hour * HOUR);
        bars.push(&Bar { opened_at, closed_at: opened_at.plus(HOUR), open: 100.0, high: 101.0, low: 99.0, close: 100.0, ..Bar::default() });
    }
    Arc::new(bars)
}

/// An account that trades these bars in these hours of the market.
fn on(calendar: Calendar, series: &[Arc<Bars>]) -> Stage {
    let mut stage = Stage::new(series.to_vec());
    stage.account.sizing = Sizing::Lots(1.0);
    let gaps = |bars: &Arc<Bars>| calendar.gaps(bars.opened_at().iter().copied(), bars.timeframe()).map(|(_, gap)| gap).collect();
    stage.account.gaps = series.iter().map(gaps).collect();
    stage
}

fn crossed(played: &Played) -> Vec<(i64, u32, Gap)> {
    let hour = |event: &Event| (event.at.0 - MONDAY) / HOUR;
    let told = |event: &Event| match event.kind {
        Kind::GapCrossed { ticket, gap, .. } => Some((hour(event), ticket.0.0.get(), gap)),
        _ => None,
    };
    played.events.iter().filter_map(told).collect()
}

fn gap(from: i64, to: i64, missing_bars: u64) -> Gap {
    Gap { from: Nanos(MONDAY + from * HOUR), to: Nanos(MONDAY + to * HOUR), missing_bars }
}

#[test]
fn a_position_over_a_hole_is_told_once_with_the_bars_that_are_missing() {
    // In at hour 1; hours 3, 4 and 5 are not there; hours 6 and 7 are, and then all of 8 to 11 are not.
    let played = on(Calendar::RoundTheClock, &[at_hours(&[0, 1, 2, 6, 7, 12])]).play(vec![seat(0, buy_first)]);
    assert_eq!(crossed(&played), [(6, 1, gap(2, 6, 3)), (12, 1, gap(7, 12, 4))]);
    assert_eq!(played.run.crossings.iter().map(|c| c.gap).collect::<Vec<_>>(), [gap(2, 6, 3), gap(7, 12, 4)]);
}

#[test]
fn a_weekend_a_night_and_a_hole_without_a_position_are_no_events() {
    // Friday 20:00 and 21:00 UTC, then Sunday 22:00, in winter: the week ends and begins at 22:00.
    let weekend = at_hours(&[4 * 24 + 20, 4 * 24 + 21, 6 * 24 + 22, 6 * 24 + 23]);
    assert_eq!(crossed(&on(Calendar::Fx, &[Arc::clone(&weekend)]).play(vec![seat(0, buy_first)])), []);
    // The same for a market that never closes: the 48 hours from Friday 22:00 are missing.
    let open = on(Calendar::RoundTheClock, &[weekend]).play(vec![seat(0, buy_first)]);
    assert_eq!(crossed(&open).iter().map(|(_, _, gap)| gap.missing_bars).collect::<Vec<_>>(), [48]);
    // Out at hour 2, the hole is from 3 to 6, and in again at hour 8.
    let in_and_out = |row: usize, ctx: &mut Context<'_>, _: &Bar| match row {
        0 | 4 => ctx.enter(buy()),
        1 => ctx.exit(),
        _ => {}
    };
    let flat = on(Calendar::RoundTheClock, &[at_hours(&[0, 1, 2, 6, 7, 8, 9])]).play(vec![seat(0, in_and_out)]);
    assert_eq!((crossed(&flat), flat.run.crossings.len(), flat.fills().len()), (vec![], 0, 3));
}

#[test]
fn a_position_closed_by_the_first_price_behind_the_hole_was_held_over_it_and_one_opened_there_was_not() {
    let script = |row: usize, ctx: &mut Context<'_>, _: &Bar| match row {
        0 => ctx.enter(buy()),
        2 => ctx.exit(),
        _ => {}
    };
    let played = on(Calendar::RoundTheClock, &[at_hours(&[0, 1, 2, 6, 7])]).play(vec![seat(0, script)]);
    assert_eq!((crossed(&played), played.run.trades.len()), (vec![(6, 1, gap(2, 6, 3))], 1));
    let late = |row: usize, ctx: &mut Context<'_>, _: &Bar| {
        if row == 2 {
            ctx.enter(buy());
        }
    };
    let played = on(Calendar::RoundTheClock, &[at_hours(&[0, 1, 2, 6, 7])]).play(vec![seat(0, late)]);
    assert_eq!((crossed(&played), played.fills().len()), (vec![], 1));
}

#[test]
fn of_several_instruments_only_the_one_with_the_hole_is_told_of() {
    let (whole, holed) = (at_hours(&[0, 1, 2, 3, 4, 5, 6, 7]), at_hours(&[0, 1, 2, 6, 7]));
    let played = on(Calendar::RoundTheClock, &[whole, holed]).play(vec![seat(0, buy_first), seat(1, buy_first)]);
    let told: Vec<_> = crossed(&played).into_iter().map(|(hour, _, gap)| (hour, gap)).collect();
    assert_eq!(told, [(6, gap(2, 6, 3))]);
    assert_eq!(played.run.crossings[0].instrument.0, 1);
}

#[test]
fn a_hole_between_ticks_is_told_at_the_first_quote_behind_it() {
    let at: Vec<Nanos> = [1, 61, 122, 400, 430].map(|second| Nanos(MONDAY + second * SECOND)).into();
    let ticks = Arc::new(Ticks::from_columns(at, vec![100.0; 5], vec![100.5; 5]));
    let bars = Arc::new(resample_ticks(&ticks, Timeframe::from_ns(MINUTE).unwrap(), DayEnd::Utc).unwrap());
    let stage = on(Calendar::RoundTheClock, &[Arc::clone(&bars)]);
    let prices = [Prices::Ticks(TickSource::held(ticks), bars)];
    let played = stage.play_feed(vec![seat(0, buy_first)], Box::new(TickReplay::new(&prices).unwrap()));
    // Minutes 3, 4 and 5 have no tick; the one at 400 seconds opens minute 6.
    let told: Vec<_> =
        played.events.iter().filter(|e| matches!(e.kind, Kind::GapCrossed { .. })).map(|e| (e.at.0 - MONDAY) / SECOND).collect();
    assert_eq!((told, played.run.crossings[0].gap.missing_bars), (vec![400], 3));
}

#[test]
fn a_run_without_holes_is_told_nothing() {
    assert_eq!(crossed(&stage(&[crate::stage::FLAT; 5]).play(vec![seat(0, buy_first)])), []);
}

/// A rising hourly file in the FX week of which these hours are left out, counted from Monday 2024-01-08; the run's folder.
fn run(scratch: &Scratch, missing: std::ops::Range<i64>, more: &str) -> (Value, String) {
    let mut text = String::from("timestamp,open,high,low,close\n");
    for hour in (0..24 * 14).filter(|hour| !missing.contains(hour)) {
        let at = Nanos(MONDAY + hour * HOUR);
        if Calendar::Fx.is_open(at) {
            let price = 1.1 + hour as f64 * 1e-4;
            text += &format!("{at},{price:.5},{:.5},{:.5},{:.5}\n", price + 2e-4, price - 1e-4, price + 1e-4);
        }
    }
    let file = scratch.file("prices.csv", &text);
    let rules = "name = \"hold\"\nabout = \"Buys once and holds.\"\n[long]\nenter = \"hour == 5\"\n";
    let strategy = scratch.file("hold.toml", rules);
    let experiment =
        format!("name = \"hold\"\nstrategy = \"{strategy}\"\n[[data]]\npath = \"{file}\"\n{more}\n[costs]\ncommission_fraction = 0.0001\n");
    let (file, out) = (scratch.file("hold-experiment.toml", &experiment), scratch.path("run"));
    let output = lab(&["backtest", &file, "--out", &out]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let run = serde_json::from_str(&std::fs::read_to_string(scratch.0.join("run/run.json")).unwrap()).unwrap();
    (run, std::fs::read_to_string(scratch.0.join("run/report.html")).unwrap())
}

#[test]
fn a_run_lists_the_holes_its_positions_were_held_over() {
    let scratch = Scratch::new("gaps");
    let (told, page) = run(&scratch, 30..34, "symbol = \"EURUSD\"");
    assert_eq!(told["gaps_crossed"]["count"], 1);
    let one = &told["gaps_crossed"]["longest"][0];
    assert_eq!((&one["ticket"], &one["symbol"], &one["missing_bars"]), (&1.into(), &"EURUSD".into(), &4.into()));
    assert_eq!((&one["from"], &one["to"]), (&"2024-01-09T05:00:00Z".into(), &"2024-01-09T10:00:00Z".into()));
    let warnings = told["warnings"].to_string();
    assert!(warnings.contains("A position was held over a gap of 4 bars that the calendar does not explain"), "{warnings}");
    assert!(page.contains("Held over gaps in the data") && page.contains("<td>2024-01-09 05:00</td><td>2024-01-09 10:00</td>"));
    let lines = cthulu_lab::bus::read_lines(&scratch.0.join("run/events.jsonl.gz")).unwrap().lines;
    assert_eq!(lines.iter().filter(|line| line.contains("\"kind\":\"gap_crossed\"")).count(), 1);
    // The whole file, its weekend included, has nothing to tell, and says nothing.
    let (told, page) = run(&scratch, 0..0, "symbol = \"EURUSD\"");
    assert!(told.get("gaps_crossed").is_none() && !page.contains("Held over gaps"));
    // Hours named by hand count: round the clock, the weekend of 48 hours is one.
    let (told, _) = run(&scratch, 0..0, "symbol = \"EURUSD\"\ncalendar = \"24/7\"");
    assert_eq!(told["gaps_crossed"]["longest"][0]["missing_bars"], 48);
    // A symbol nobody knows keeps the hours that its file shows.
    let (told, _) = run(&scratch, 0..0, "symbol = \"WHAT\"");
    assert!(told.get("gaps_crossed").is_none(), "{}", told["gaps_crossed"]);
}
