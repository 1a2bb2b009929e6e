//! Tests of the bus: numbering, queues, spilling, isolation. Those of the files are in `files`.

mod files;

use std::sync::{Arc, Mutex, mpsc};

use super::{BATCH_EVENTS, Batch, Bus, Consumer, Journal, Policy, sample};
use crate::{
    error::{Error, Result},
    event::{Event, Kind, Mode, Record, Source},
    time::Nanos,
};

#[test]
fn lines_are_the_records_to_the_byte_whatever_the_names() {
    let mut names = (*sample::names()).clone();
    names.run = "say \"go\"\n".into();
    names.symbols[1] = "Ü\\$".into();
    names.features = vec![vec!["slow".into(), "a \"b\"".into()], vec![]];
    let mut events = sample::one_of_each();
    for event in &mut events {
        if let Kind::TradeClosed { trade, features } = &mut event.kind {
            (trade.mae, *features) = (f64::NAN, Arc::from([Some(f64::INFINITY), Some(1e-7)]));
        }
    }
    let again = Event { seq: 99, ..events[3].clone() };
    events.push(again);
    let batch = Batch::new(events, Arc::new(names));
    for (index, event) in batch.events().iter().enumerate() {
        let mut expected = Vec::new();
        Record::of(event, batch.names()).write_line(&mut expected);
        assert_eq!(String::from_utf8_lossy(batch.lines().line(index)), String::from_utf8(expected).unwrap());
    }
}

type Seen = Arc<Mutex<Vec<Event>>>;

/// Keeps what it gets; waits for its gate, and fails, when told.
#[derive(Default)]
struct Keeper {
    seen: Seen,
    gate: Option<mpsc::Receiver<()>>,
    panics_at_seq: Option<u64>,
    always_errs: bool,
}

impl Consumer for Keeper {
    fn name(&self) -> &'static str {
        "keeper"
    }

    fn consume(&mut self, batch: &Batch) -> Result<()> {
        // The gate opens for good when its other end is dropped.
        let _ = self.gate.as_ref().map(mpsc::Receiver::recv);
        if self.always_errs {
            return Err(Error::Failed("no".into()));
        }
        let last = self.seen.lock().unwrap().last().map_or(0, |e| e.seq);
        for event in &batch.events()[batch.after(last)..] {
            assert_ne!(self.panics_at_seq, Some(event.seq), "told to panic");
            self.seen.lock().unwrap().push(event.clone());
        }
        Ok(())
    }

    fn restart(&mut self) -> Result<()> {
        self.panics_at_seq = None;
        Ok(())
    }
}

fn bus(mode: Mode) -> Bus {
    Bus::new(sample::names(), mode)
}

fn publish_many(bus: &mut Bus, count: usize) {
    (0..count).for_each(|i| bus.publish(Nanos(i as i64), None, None, Kind::Drawdown { fraction: i as f64 / 3.0 }));
}

fn tap(bus: &mut Bus) -> Seen {
    let seen = Seen::default();
    let sink = Arc::clone(&seen);
    bus.tap(move |event| sink.lock().unwrap().push(event.clone()));
    seen
}

fn add_keeper(bus: &mut Bus, keeper: Keeper, policy: Policy) -> Seen {
    let seen = Arc::clone(&keeper.seen);
    bus.add(Box::new(keeper), policy).unwrap();
    seen
}

fn seqs(seen: &Seen) -> Vec<u64> {
    seen.lock().unwrap().iter().map(|e| e.seq).collect()
}

#[test]
fn numbers_run_from_one_without_gaps_whoever_publishes() {
    let mut bus = bus(Mode::Paper);
    let tapped = tap(&mut bus);
    let kept = add_keeper(&mut bus, Keeper::default(), Policy::Lossy);
    publish_many(&mut bus, 2 * BATCH_EVENTS + 1);
    bus.publish_from(Source::Rpc, Nanos(9), None, None, Kind::RunStarted { cash: 1.0 });
    assert_eq!(bus.published(), 514);
    bus.finish().unwrap();
    assert_eq!(seqs(&tapped), (1..=514).collect::<Vec<_>>());
    assert_eq!(seqs(&kept), seqs(&tapped));
    let last = tapped.lock().unwrap().last().cloned().unwrap();
    assert_eq!((last.source, last.mode), (Source::Rpc, Mode::Paper));
}

#[test]
fn a_slow_lossless_consumer_loses_nothing_and_keeps_the_order() {
    let folder = sample::Folder::new("slow");
    let mut bus = bus(Mode::Live).with_queue(2);
    let tapped = tap(&mut bus);
    let (open, gate) = mpsc::channel();
    let policy = Policy::Lossless { spill_dir: folder.0.clone() };
    let kept = add_keeper(&mut bus, Keeper { gate: Some(gate), ..Keeper::default() }, policy);
    sample::publish_run(&mut bus, 2000);
    let waiting = bus.stats().consumers.remove(0);
    // One batch in hand and two in the queue at most; the rest of the 18 002 events lies on disk.
    assert!(waiting.spilled >= 18_002 - 4 * BATCH_EVENTS as u64, "{waiting:?}");
    assert!(waiting.max_lag > 17_000 && waiting.max_queue_batches == 2, "{waiting:?}");
    drop(open);
    publish_many(&mut bus, 1000);
    let stats = bus.finish().unwrap().stats.consumers.remove(0);
    assert_eq!(*kept.lock().unwrap(), *tapped.lock().unwrap());
    assert_eq!((stats.delivered, stats.dropped), (19_002, 0));
    assert_eq!(std::fs::read_dir(&folder.0).unwrap().count(), 0, "the spill file is removed");
}

#[test]
fn going_over_to_disk_and_back_many_times_keeps_the_order() {
    let folder = sample::Folder::new("race");
    let mut bus = bus(Mode::Live).with_queue(1);
    let kept = add_keeper(&mut bus, Keeper::default(), Policy::Lossless { spill_dir: folder.0.clone() });
    for index in 0..20_000 {
        publish_many(&mut bus, 1);
        bus.deliver();
        if index % 97 == 0 {
            std::thread::yield_now();
        }
        if index % 1000 == 0 {
            std::thread::sleep(std::time::Duration::from_millis(2));
        }
    }
    let finished = bus.finish().unwrap();
    assert!(finished.stats.consumers[0].spilled > 0, "{}", finished.stats);
    assert_eq!(seqs(&kept), (1..=20_000).collect::<Vec<_>>());
}

#[test]
fn a_slow_lossy_consumer_drops_and_counts() {
    let mut bus = bus(Mode::Live).with_queue(2);
    let (open, gate) = mpsc::channel();
    let kept = add_keeper(&mut bus, Keeper { gate: Some(gate), ..Keeper::default() }, Policy::Lossy);
    publish_many(&mut bus, 20 * BATCH_EVENTS);
    drop(open);
    let finished = bus.finish().unwrap();
    let stats = &finished.stats.consumers[0];
    assert!(stats.dropped >= 17 * BATCH_EVENTS as u64, "{stats:?}");
    assert_eq!(stats.delivered + stats.dropped, 20 * BATCH_EVENTS as u64);
    assert_eq!(kept.lock().unwrap().len() as u64, stats.delivered);
    assert_eq!(finished.warnings.len(), 1);
}

#[test]
fn a_panic_is_isolated_and_the_consumer_restarted() {
    let mut bus = bus(Mode::Backtest);
    let shaken = add_keeper(&mut bus, Keeper { panics_at_seq: Some(300), ..Keeper::default() }, Policy::Wait);
    let calm = add_keeper(&mut bus, Keeper::default(), Policy::Wait);
    publish_many(&mut bus, 1000);
    let finished = bus.finish().unwrap();
    assert_eq!(seqs(&shaken), (1..=1000).collect::<Vec<_>>());
    assert_eq!(seqs(&calm), seqs(&shaken));
    let counts = finished.stats.consumers.iter().map(|c| (c.errors, c.restarts, c.dropped, c.failed)).collect::<Vec<_>>();
    assert_eq!(counts, [(1, 1, 0, false), (0, 0, 0, false)]);
    assert!(finished.warnings[0].contains("told to panic"), "{:?}", finished.warnings);
}

#[test]
fn a_consumer_that_never_recovers_is_given_up_and_told() {
    let folder = sample::Folder::new("hopeless");
    for policy in [Policy::Wait, Policy::Lossy, Policy::Lossless { spill_dir: folder.0.clone() }] {
        let mut bus = bus(Mode::Backtest).with_queue(2);
        add_keeper(&mut bus, Keeper { always_errs: true, ..Keeper::default() }, policy);
        let calm = add_keeper(&mut bus, Keeper::default(), Policy::Wait);
        publish_many(&mut bus, 5000);
        let finished = bus.finish().unwrap();
        let lost = &finished.stats.consumers[0];
        assert_eq!((lost.errors, lost.restarts, lost.failed, lost.delivered, lost.dropped), (4, 3, true, 0, 5000));
        assert_eq!(calm.lock().unwrap().len(), 5000);
        assert!(finished.warnings[0].starts_with("keeper was given up after 4 errors and missed 5000 of 5000 events"));
        assert!(finished.stats.to_string().ends_with("keeper FAILED"));
        assert_eq!(finished.outcomes[0].1, None);
    }
}

#[test]
fn nothing_makes_a_live_engine_wait() {
    for (mode, accepted) in
        [(Mode::Backtest, true), (Mode::Synthetic, true), (Mode::Shadow, false), (Mode::Paper, false), (Mode::Live, false)]
    {
        assert_eq!(bus(mode).add(Box::new(Journal::new()), Policy::Wait).is_ok(), accepted);
    }
}

#[test]
fn a_consumer_gets_what_is_published_after_it_joins() {
    let mut bus = bus(Mode::Backtest);
    publish_many(&mut bus, 3);
    let early = add_keeper(&mut bus, Keeper::default(), Policy::Wait);
    publish_many(&mut bus, 2);
    let late = add_keeper(&mut bus, Keeper::default(), Policy::Wait);
    publish_many(&mut bus, 1);
    let stats = bus.finish().unwrap().stats;
    assert_eq!((seqs(&early), seqs(&late)), (vec![4, 5, 6], vec![6]));
    assert_eq!(stats.consumers.iter().map(|c| c.dropped).collect::<Vec<_>>(), [0, 0]);
}

#[test]
fn statistics_have_one_line_and_a_json_form() {
    let mut bus = bus(Mode::Backtest);
    add_keeper(&mut bus, Keeper::default(), Policy::Wait);
    publish_many(&mut bus, 3);
    let stats = bus.finish().unwrap().stats;
    assert_eq!(stats.to_string(), "bus: 3 events to 1 consumers, 0 dropped, 0 spilled, 0 errors, lag at most 3 (keeper)");
    let json = serde_json::to_value(&stats).unwrap();
    assert_eq!((&json["published"], &json["consumers"][0]["delivered"]), (&3.into(), &3.into()));
}
