use super::*;
use crate::{
    market::{Bar, Ticks},
    time::{MINUTE, SECOND, Timeframe},
};

fn minute() -> Timeframe {
    Timeframe::from_ns(MINUTE).unwrap()
}

/// Ticks at these seconds, their prices the seconds.
fn quoted(seconds: &[i64]) -> Prices {
    let price = |more: f64| seconds.iter().map(|s| 100.0 + *s as f64 + more).collect::<Vec<_>>();
    let ticks = Ticks::from_columns(seconds.iter().map(|s| Nanos(s * SECOND)).collect(), price(0.0), price(0.5));
    let bars = crate::data::resample_ticks(&ticks, minute(), DayEnd::Utc).unwrap();
    Prices::Ticks(TickSource::held(Arc::new(ticks)), Arc::new(bars))
}

fn barred(minutes: &[i64]) -> Prices {
    let mut bars = Bars::new(minute());
    for m in minutes {
        let opened_at = Nanos(m * MINUTE);
        bars.push(&Bar { opened_at, closed_at: opened_at.plus(MINUTE), open: 1.0, high: 1.0, low: 1.0, close: 1.0, ..Bar::default() });
    }
    Prices::Bars(Arc::new(bars))
}

fn told(prices: &[Prices]) -> Vec<String> {
    let mut feed = TickReplay::new(prices).unwrap();
    let mut told = Vec::new();
    while let Some(event) = feed.next() {
        told.push(match event {
            Market::Tick(i, tick) => format!("{} tick {}", tick.at.0 / SECOND, i.0),
            Market::Open(i, bar) => format!("{} open {}", bar.opened_at.0 / SECOND, i.0),
            Market::Completion { instrument, bar, more } => {
                format!("{} done {}{}", bar.closed_at.0 / SECOND, instrument.0, if more { " more" } else { "" })
            }
            Market::Heartbeat(_) => "other".to_owned(),
        });
    }
    feed.finish().unwrap();
    told
}

#[test]
fn a_bar_completes_at_its_close_before_the_tick_that_shows_it() {
    // The tick at 60 s belongs to the second minute; the third minute is empty and gives no bar.
    let expected = ["1 tick 0", "59 tick 0", "60 done 0", "60 tick 0", "120 done 0", "200 tick 0", "240 done 0"];
    assert_eq!(told(&[quoted(&[1, 59, 60, 200])]), expected);
}

#[test]
fn ticks_and_bars_of_several_instruments_merge_by_time() {
    let expected = [
        "0 open 1",
        "5 tick 0",
        "7 tick 2",
        "60 done 0 more",
        "60 done 1 more",
        "60 done 2",
        "60 tick 0",
        "60 open 1",
        "120 done 0 more",
        "120 done 1",
    ];
    assert_eq!(told(&[quoted(&[5, 60]), barred(&[0, 1]), quoted(&[7])]), expected);
}

#[test]
fn a_span_replays_its_own_ticks_alone() {
    let Prices::Ticks(source, bars) = quoted(&[1, 59, 60, 119, 120, 200]) else { unreachable!("these are ticks") };
    let second = Prices::Ticks(source.between(Nanos(MINUTE), Nanos(2 * MINUTE)), bars);
    assert_eq!(told(&[second]), ["60 tick 0", "119 tick 0", "120 done 0"]);
}
