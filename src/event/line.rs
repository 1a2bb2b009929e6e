//! Events as canonical lines, written without a detour over a map or a serializer.
//!
//! A run with its journal on writes a line for every event, so this is most of what the journal costs. The bytes are those of
//! [`Record::write_line`]; a test holds the two together.

use super::{Event, Kind, Names, Record};
use crate::time::Nanos;

/// Writes events of one run as lines.
pub struct LineWriter<'a> {
    names: &'a Names,
    run: Vec<u8>,
    symbols: Vec<Vec<u8>>,
    strategies: Vec<Vec<u8>>,
    /// By strategy, in the order of the keys: the value's index, and its key with the colon.
    features: Vec<Vec<(usize, Vec<u8>)>>,
    /// The last moment written: events of one moment follow each other.
    time: (Nanos, Vec<u8>),
}

impl<'a> LineWriter<'a> {
    /// A writer of lines with these names.
    #[must_use]
    pub fn new(names: &'a Names) -> Self {
        let member = |key: &str, value: &str| [format!(",\"{key}\":").as_bytes(), &quoted(value)].concat();
        let keys = |names: &Vec<String>| {
            let mut keys: Vec<(usize, &String)> = names.iter().enumerate().collect();
            keys.sort_by_key(|(_, name)| *name);
            keys.into_iter().map(|(index, name)| (index, [&quoted(name)[..], b":"].concat())).collect()
        };
        Self {
            names,
            run: member("run", &names.run),
            symbols: names.symbols.iter().map(|symbol| member("symbol", symbol)).collect(),
            strategies: names.strategies.iter().map(|strategy| member("strategy", strategy)).collect(),
            features: names.features.iter().map(keys).collect(),
            time: (Nanos(i64::MIN), Vec::new()),
        }
    }

    /// Appends the line of an event, with its newline.
    pub fn write(&mut self, event: &Event, out: &mut Vec<u8>) {
        self.head(event, out);
        let record = Record::without_features(event, self.names);
        deal(&record, out);
        moment(out, b",\"opened_at\":\"", record.opened_at);
        outcome(&record, out);
        self.values(event, out);
        out.extend_from_slice(b"}\n");
    }

    /// What every event has.
    fn head(&mut self, event: &Event, out: &mut Vec<u8>) {
        out.extend_from_slice(b"{\"v\":");
        whole(out, super::VERSION.into());
        out.extend_from_slice(b",\"seq\":");
        whole(out, event.seq);
        if self.time.0 != event.at || self.time.1.is_empty() {
            self.time.0 = event.at;
            self.time.1.clear();
            event.at.write_rfc3339(&mut self.time.1);
        }
        out.extend_from_slice(b",\"time\":\"");
        out.extend_from_slice(&self.time.1);
        out.extend_from_slice(b"\",\"kind\":\"");
        out.extend_from_slice(event.kind.name().as_bytes());
        out.push(b'"');
        out.extend_from_slice(&self.run);
        word(out, b",\"mode\":\"", Some(event.mode.name()));
        word(out, b",\"source\":\"", Some(event.source.name()));
        if let Some(instrument) = event.instrument {
            out.extend_from_slice(&self.symbols[usize::from(instrument.0)]);
        }
        if let Some(strategy) = event.strategy {
            out.extend_from_slice(&self.strategies[usize::from(strategy)]);
        }
    }

    /// The strategy's named values, where the event carries them.
    fn values(&self, event: &Event, out: &mut Vec<u8>) {
        let values = match &event.kind {
            Kind::SignalGenerated(signal) => &signal.features,
            Kind::TradeClosed { features, .. } => features,
            _ => return,
        };
        let Some(keys) = event.strategy.map(|s| &self.features[usize::from(s)]).filter(|_| !values.is_empty()) else { return };
        out.extend_from_slice(b",\"features\":{");
        for (place, (index, key)) in keys.iter().filter(|(index, _)| *index < values.len()).enumerate() {
            if place > 0 {
                out.push(b',');
            }
            out.extend_from_slice(key);
            value(out, values[*index]);
        }
        out.push(b'}');
    }
}

/// From the order's number to whether its price was ambiguous.
fn deal(record: &Record<'_>, out: &mut Vec<u8>) {
    count(out, b",\"order\":", record.order.map(|order| order.0.get().into()));
    count(out, b",\"ticket\":", record.ticket.map(|ticket| ticket.0.0.get().into()));
    word(out, b",\"side\":\"", record.side.map(|side| side.name()));
    word(out, b",\"action\":\"", record.action.as_deref());
    word(out, b",\"order_type\":\"", record.order_type.as_deref());
    number(out, b",\"volume\":", record.volume);
    number(out, b",\"equity_fraction\":", record.equity_fraction);
    number(out, b",\"price\":", record.price);
    number(out, b",\"stop_loss\":", record.stop_loss);
    number(out, b",\"take_profit\":", record.take_profit);
    number(out, b",\"confidence\":", record.confidence);
    word(out, b",\"reason\":\"", record.reason.as_deref());
    number(out, b",\"commission\":", record.commission);
    number(out, b",\"swap\":", record.swap);
    number(out, b",\"spread\":", record.spread);
    number(out, b",\"slippage\":", record.slippage);
    number(out, b",\"conversion\":", record.conversion);
    number(out, b",\"rate\":", record.rate);
    flag(out, b",\"inside_bar\":", record.inside_bar);
    flag(out, b",\"ambiguous\":", record.ambiguous);
}

/// From the entry's price to the account's equity.
fn outcome(record: &Record<'_>, out: &mut Vec<u8>) {
    number(out, b",\"entry\":", record.entry);
    number(out, b",\"exit\":", record.exit);
    number(out, b",\"pnl\":", record.pnl);
    number(out, b",\"pnl_fraction\":", record.pnl_fraction);
    number(out, b",\"mae\":", record.mae);
    number(out, b",\"mfe\":", record.mfe);
    count(out, b",\"bars\":", record.bars.map(u64::from));
    if let Some(seconds) = record.duration_s {
        out.extend_from_slice(b",\"duration_s\":");
        if seconds < 0 {
            out.push(b'-');
        }
        whole(out, seconds.unsigned_abs());
    }
    moment(out, b",\"gap_from\":\"", record.gap_from);
    moment(out, b",\"gap_to\":\"", record.gap_to);
    count(out, b",\"missing_bars\":", record.missing_bars);
    number(out, b",\"fraction\":", record.fraction);
    number(out, b",\"cash\":", record.cash);
    number(out, b",\"equity\":", record.equity);
}

fn quoted(text: &str) -> Vec<u8> {
    serde_json::to_vec(text).expect("a text has a JSON form")
}

/// A text of our own, which needs no escapes.
fn word(out: &mut Vec<u8>, key: &[u8], text: Option<&str>) {
    if let Some(text) = text {
        out.extend_from_slice(key);
        out.extend_from_slice(text.as_bytes());
        out.push(b'"');
    }
}

fn moment(out: &mut Vec<u8>, key: &[u8], at: Option<Nanos>) {
    if let Some(at) = at {
        out.extend_from_slice(key);
        at.write_rfc3339(out);
        out.push(b'"');
    }
}

fn number(out: &mut Vec<u8>, key: &[u8], number: Option<f64>) {
    if number.is_some() {
        out.extend_from_slice(key);
        value(out, number);
    }
}

fn value(out: &mut Vec<u8>, value: Option<f64>) {
    match value.filter(|v| v.is_finite()) {
        Some(value) => out.extend_from_slice(zmij::Buffer::new().format_finite(value).as_bytes()),
        None => out.extend_from_slice(b"null"),
    }
}

fn count(out: &mut Vec<u8>, key: &[u8], count: Option<u64>) {
    if let Some(count) = count {
        out.extend_from_slice(key);
        whole(out, count);
    }
}

fn flag(out: &mut Vec<u8>, key: &[u8], flag: Option<bool>) {
    if let Some(flag) = flag {
        out.extend_from_slice(key);
        out.extend_from_slice(if flag { b"true" } else { b"false" });
    }
}

fn whole(out: &mut Vec<u8>, number: u64) {
    out.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
}
