//! Which way a bar went: each way of settling it, by hand; and the interval over all of them.

use std::{fs, path::PathBuf, sync::Arc};

use cthulu_lab::{
    experiment::{Experiment, Spec, Watchers},
    market::{
        Bar, Bars, ExitReason, Finer, OrderKind, Ticks,
        intrabar::{Intrabar, Through},
    },
    strategy::Entry,
    time::{HOUR, MINUTE, Nanos, Timeframe},
};

use crate::stage::{FLAT, Played, Stage, buy, seat, sell, stage};

/// Enters once, at the first close.
fn once(stage: &Stage, entry: &Entry) -> Played {
    let entry = entry.clone();
    stage.play(vec![seat(0, move |row, ctx, _| {
        if row == 0 {
            ctx.enter(entry.clone());
        }
    })])
}

fn settled(rows: &[[f64; 4]], intrabar: Intrabar, entry: &Entry) -> (Vec<f64>, u64) {
    let mut stage = stage(rows);
    stage.intrabar = intrabar;
    let played = once(&stage, entry);
    (played.prices(), played.run.ambiguous_bars)
}

#[test]
fn each_way_settles_a_bar_that_reaches_stop_and_target() {
    // Open 100, 106 above, 94 below: as near, and it closes higher, so by proximity it went down first.
    let down_first = [100.0, 106.0, 94.0, 105.5];
    let up_first = [101.0, 106.0, 94.0, 95.5];
    let bracket = Entry { stop_loss: Some(95.0), take_profit: Some(105.0), ..buy() };
    for (row, way, out, ambiguous) in [
        (down_first, Intrabar::Pessimistic, 95.0, 1),
        (down_first, Intrabar::Optimistic, 105.0, 1),
        (down_first, Intrabar::Proximity, 95.0, 0),
        (up_first, Intrabar::Pessimistic, 95.0, 1),
        (up_first, Intrabar::Proximity, 105.0, 0),
        // Nothing finer is there: against us.
        (up_first, Intrabar::LowerTimeframe, 95.0, 1),
    ] {
        assert_eq!(settled(&[FLAT, row, FLAT], way, &bracket), (vec![row[0], out], ambiguous), "{way:?} {row:?}");
    }
}

#[test]
fn by_proximity_an_entry_inside_the_bar_meets_what_is_left_of_the_path() {
    // Up first: 100 → 103 → 94 → 98. The limit at 97 fills on the way down, its stop at 95 is on the same leg; the target at 102 came before.
    let entry = Entry { order: OrderKind::Limit(97.0), stop_loss: Some(95.0), take_profit: Some(102.0), ..buy() };
    assert_eq!(settled(&[FLAT, [100.0, 103.0, 94.0, 98.0], FLAT], Intrabar::Proximity, &entry), (vec![97.0, 95.0], 0));
    // Down first: 100 → 97 → 106 → 105. In at 97.5, out at the target on the next leg.
    let entry = Entry { order: OrderKind::Limit(97.5), stop_loss: Some(95.0), take_profit: Some(102.0), ..buy() };
    assert_eq!(settled(&[FLAT, [100.0, 106.0, 97.0, 105.0], FLAT], Intrabar::Proximity, &entry), (vec![97.5, 102.0], 0));
    // Down first, with a sell stop at 98, then up through its stop loss at 101.
    let entry = Entry { order: OrderKind::Stop(98.0), stop_loss: Some(101.0), ..sell() };
    assert_eq!(settled(&[FLAT, [100.0, 106.0, 97.0, 105.0], FLAT], Intrabar::Proximity, &entry), (vec![98.0, 101.0], 0));
    // Up first: the buy stop at 103 is met on the way up, and the low of 94 comes after it.
    let entry = Entry { order: OrderKind::Stop(103.0), stop_loss: Some(96.0), ..buy() };
    assert_eq!(settled(&[FLAT, [100.0, 104.0, 94.0, 98.0], FLAT], Intrabar::Proximity, &entry), (vec![103.0, 96.0], 0));
}

#[test]
fn by_proximity_the_ask_walks_beside_the_bid() {
    // Bid 100 → 103 → 94 → 98, ask one above: a short's stop at 103.5 is met by the ask on the way up.
    let mut stage = stage(&[FLAT, [100.0, 103.0, 94.0, 98.0], FLAT]);
    (stage.intrabar, stage.quoting.spread) = (Intrabar::Proximity, Some(1.0));
    let played = once(&stage, &Entry { stop_loss: Some(103.5), take_profit: Some(96.0), ..sell() });
    assert_eq!((played.prices(), played.reasons()), (vec![100.0, 103.5], vec![ExitReason::StopLoss]));
}

/// Minutes of one hour: each from one price to the next.
fn minutes(start: Nanos, path: &[f64]) -> Bars {
    let mut bars = Bars::new(Timeframe::from_ns(MINUTE).unwrap());
    for (i, leg) in (0_i64..).zip(path.windows(2)) {
        let opened_at = start.plus(i * MINUTE);
        let (open, close) = (leg[0], leg[1]);
        bars.push(&Bar {
            opened_at,
            closed_at: opened_at.plus(MINUTE),
            open,
            high: open.max(close),
            low: open.min(close),
            close,
            ..Bar::default()
        });
    }
    bars
}

#[test]
fn finer_bars_tell_the_true_path_and_what_they_do_not_cover_is_settled_against_us() {
    let row = [100.0, 106.0, 94.0, 100.0];
    let mut stage = stage(&[FLAT, row, FLAT]);
    stage.intrabar = Intrabar::LowerTimeframe;
    let bracket = Entry { stop_loss: Some(95.0), take_profit: Some(105.0), ..buy() };
    let second = stage.bars[0].opened_at()[1];
    let mut out = |path: &[f64]| {
        stage.finer = Some(Finer::Bars(Arc::new(minutes(second, path))));
        let played = once(&stage, &bracket);
        assert!(played.fills()[1].inside_bar && played.fills()[1].at == stage.bars[0].closed_at(1));
        (played.prices()[1], played.run.ambiguous_bars)
    };
    assert_eq!(out(&[100.0, 102.0, 106.0, 94.0, 100.0]), (105.0, 0));
    assert_eq!(out(&[100.0, 94.0, 106.0, 100.0]), (95.0, 0));
    // A jump from 94.5 to 94 and back: the stop is passed between two minutes, and fills at the open behind the gap.
    assert_eq!(out(&[100.0, 96.0, 94.0, 106.0, 100.0]), (95.0, 0));
    // The high is missing: another path, or a hole.
    assert_eq!(out(&[100.0, 104.0, 94.0, 100.0]), (95.0, 1));
}

#[test]
fn finer_ticks_fill_a_gapped_stop_at_the_tick_behind_it() {
    let mut stage = stage(&[FLAT, [100.0, 106.0, 94.0, 100.0], FLAT]);
    stage.intrabar = Intrabar::LowerTimeframe;
    let start = stage.bars[0].opened_at()[1];
    let at = |seconds: i64| start.plus(seconds * 1_000_000_000);
    let bid = vec![100.0, 103.0, 94.0, 106.0, 100.0];
    let ticks = Ticks::from_columns((0..5).map(|i| at(i * 60)).collect(), bid.clone(), bid.clone());
    stage.finer = Some(Finer::Ticks(Arc::new(ticks)));
    let played = once(&stage, &Entry { stop_loss: Some(95.0), take_profit: Some(105.0), ..buy() });
    // The quote after 103 is 94: nothing was dealt at 95.
    assert_eq!((played.prices(), played.reasons()), (vec![100.0, 94.0], vec![ExitReason::StopLoss]));
}

#[test]
fn a_touch_fills_a_limit_where_it_is_enough() {
    let row = [100.0, 105.0, 95.0, 101.0];
    for (through, price, bought) in
        [(Through::Any, 95.0, false), (Through::By(0.0), 95.0, true), (Through::By(0.5), 95.25, false), (Through::By(0.5), 95.5, true)]
    {
        for intrabar in [Intrabar::Pessimistic, Intrabar::Proximity] {
            let mut stage = stage(&[FLAT, row]);
            (stage.through, stage.intrabar) = (through, intrabar);
            let played = once(&stage, &Entry { order: OrderKind::Limit(price), ..buy() });
            assert_eq!(played.prices(), if bought { vec![price] } else { vec![] }, "{through:?} {price} {intrabar:?}");
        }
    }
}

/// A folder with an hourly file, the minutes it was made of, and a strategy that buys every hour with a bracket.
struct Files(PathBuf);

impl Drop for Files {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

impl Files {
    fn new(test: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("cthulu-lab-inside-bar-{}-{test}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let start: Nanos = "2024-01-01T00:00:00Z".parse().unwrap();
        let (mut hours, mut minutes_text) = ("timestamp,open,high,low,close,volume\n".to_owned(), String::new());
        minutes_text.push_str(&hours);
        let write = |text: &mut String, at: Nanos, [o, h, l, c]: [f64; 4]| *text += &format!("{at},{o},{h},{l},{c},1\n");
        for hour in 0..12 {
            let at = start.plus(hour * HOUR);
            // Every second hour goes up first; all reach 104 and 96 from 100.
            let path = if hour % 2 == 0 { [100.0, 104.0, 96.0, 100.0] } else { [100.0, 96.0, 104.0, 100.0] };
            write(&mut hours, at, [100.0, 104.0, 96.0, 100.0]);
            for minute in 0..60_usize {
                let leg = minute / 20;
                let along = |step: usize| path[leg] + (path[leg + 1] - path[leg]) * step as f64 / 20.0;
                let (open, close) = (along(minute % 20), along(minute % 20 + 1));
                write(&mut minutes_text, at.plus(minute as i64 * MINUTE), [open, open.max(close), open.min(close), close]);
            }
        }
        fs::write(folder.join("hours.csv"), hours).unwrap();
        fs::write(folder.join("minutes.csv"), minutes_text).unwrap();
        fs::write(
            folder.join("bracket.toml"),
            "name = \"bracket\"\nabout = \"A test.\"\n[long]\nenter = \"close > 0\"\nstop_loss = \"97\"\ntake_profit = \"103\"\n",
        )
        .unwrap();
        Self(folder)
    }

    fn experiment(&self, fills: &str, finer: bool) -> cthulu_lab::error::Result<Experiment> {
        let place = self.0.display();
        let finer = if finer { format!("finer = '{place}/minutes.csv'\n") } else { String::new() };
        let text = format!(
            "strategy = '{place}/bracket.toml'\n[[data]]\npath = '{place}/hours.csv'\nsymbol = \"TEST\"\n{finer}[costs]\ncommission_fraction = 0.0001\n[fills]\n{fills}\n"
        );
        Experiment::new(Spec::parse(&text, std::path::Path::new("x.toml"))?)
    }
}

#[test]
fn an_experiment_reports_every_figure_as_an_interval_over_the_ways() {
    let files = Files::new("interval");
    let outcome = files.experiment("interval = true", true).unwrap().run(Watchers::Off).unwrap();
    let found = outcome.fill_interval.unwrap();
    assert_eq!(found.modes, ["pessimistic", "optimistic", "proximity", "lower_timeframe"]);
    // In at the opens of hours 1 to 11, each out in its own bar: all lost, all won, all down first (as near, no higher close: up first), or as they were.
    let trades = |mode: &str| (found.by_mode[mode]["trades"].as_u64().unwrap(), found.by_mode[mode]["win_rate"].as_f64().unwrap());
    assert_eq!((trades("pessimistic"), trades("optimistic"), trades("proximity")), ((11, 0.0), (11, 1.0), (11, 1.0)));
    // Hours 2, 4, 6, 8 and 10 went up first: 5 of 11.
    assert_eq!(trades("lower_timeframe"), (11, 5.0 / 11.0));
    assert_eq!(found.metrics["win_rate"], serde_json::json!([0.0, 1.0]));
    // 11 of 12 bars; every trade's sign depends on the way.
    assert_eq!((found.ambiguous_bar_fraction, found.trades.len(), found.trades_in_some), (Some(11.0 / 12.0), 11, 0));
    assert!(found.trades[0].pnl["pessimistic"] < 0.0 && found.trades[0].pnl["optimistic"] > 0.0);
}

#[test]
fn the_lower_timeframe_is_the_run_itself_where_it_is_chosen_and_refused_without_a_file() {
    let files = Files::new("finer");
    let experiment = files.experiment("intrabar = \"lower_timeframe\"", true).unwrap();
    assert_eq!(experiment.sources[0].finer.as_ref().map(|f| (f.finer.len(), f.uncovered_bars)), Some((720, 0)));
    let outcome = experiment.run(Watchers::Off).unwrap();
    assert_eq!((outcome.metrics.trades, outcome.metrics.win_rate, outcome.run.ambiguous_bars), (11, Some(5.0 / 11.0), 0));
    assert!(outcome.fill_interval.is_none());
    let message = |fills: &str, finer| files.experiment(fills, finer).err().unwrap().to_string();
    assert!(message("intrabar = \"lower_timeframe\"", false).contains("finer = "), "{}", message("intrabar = \"lower_timeframe\"", false));
    assert!(message("limit_through = -1.0", false).contains("0 is a touch"));
    assert!(message("limit_through = 2.0", false).contains("the size of a point"));
}
