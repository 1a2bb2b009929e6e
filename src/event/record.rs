//! An event as one flat JSON object: a line of the journal.
//!
//! Absent keys are what the kind does not have. Keys stand in a fixed order, so equal events are equal bytes.

use std::{borrow::Cow, collections::BTreeMap};

use serde::{Deserialize, Serialize};

use super::{Action, Event, Kind, Mode, Refusal, Source, VERSION};
use crate::{
    market::{Charge, ExitReason, Fill, FillKind, Financing, InstrumentId, Order, OrderId, Side, Size, Ticket},
    portfolio::{Position, Trade},
    time::Nanos,
};

/// The names behind a run's indices.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Names {
    /// The run's id.
    pub run: String,
    /// Symbol by instrument.
    pub symbols: Vec<String>,
    /// Units in a lot by instrument.
    pub contract_sizes: Vec<f64>,
    /// Name by strategy.
    pub strategies: Vec<String>,
    /// Instrument by strategy: one strategy on several symbols has one name, and is told apart by this. Empty where names are enough.
    pub instruments: Vec<InstrumentId>,
    /// Names of the values each strategy records at an entry.
    pub features: Vec<Vec<String>>,
}

/// One event in words.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[expect(missing_docs, reason = "the keys are the documentation of a line: docs/events.md lists them by kind")]
#[serde(bound(deserialize = "'de: 'a"))]
pub struct Record<'a> {
    pub v: u32,
    pub seq: u64,
    pub time: Nanos,
    #[serde(borrow)]
    pub kind: Cow<'a, str>,
    #[serde(borrow)]
    pub run: Cow<'a, str>,
    pub mode: Mode,
    pub source: Source,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub symbol: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub strategy: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub order: Option<OrderId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ticket: Option<Ticket>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub side: Option<Side>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub action: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub order_type: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub volume: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub equity_fraction: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub price: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stop_loss: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub take_profit: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub confidence: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub commission: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub swap: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub spread: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub slippage: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub conversion: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rate: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub inside_bar: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ambiguous: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub opened_at: Option<Nanos>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub entry: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exit: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pnl: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pnl_fraction: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mae: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mfe: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bars: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duration_s: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gap_from: Option<Nanos>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gap_to: Option<Nanos>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub missing_bars: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fraction: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cash: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub equity: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub features: Option<BTreeMap<Cow<'a, str>, Option<f64>>>,
}

impl Serialize for Mode {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl Serialize for Source {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl<'de> Deserialize<'de> for Mode {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<str>::deserialize(deserializer)?;
        Self::ALL.into_iter().find(|m| m.name() == text).ok_or_else(|| serde::de::Error::custom(format!("unknown mode '{text}'")))
    }
}

impl<'de> Deserialize<'de> for Source {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<str>::deserialize(deserializer)?;
        Self::ALL.into_iter().find(|m| m.name() == text).ok_or_else(|| serde::de::Error::custom(format!("unknown source '{text}'")))
    }
}

impl Mode {
    const ALL: [Self; 5] = [Self::Backtest, Self::Synthetic, Self::Shadow, Self::Paper, Self::Live];

    /// The name used in files.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Backtest => "backtest",
            Self::Synthetic => "synthetic",
            Self::Shadow => "shadow",
            Self::Paper => "paper",
            Self::Live => "live",
        }
    }
}

impl Source {
    const ALL: [Self; 4] = [Self::System, Self::Rpc, Self::Adopted, Self::Manual];

    /// The name used in files.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Rpc => "rpc",
            Self::Adopted => "adopted",
            Self::Manual => "manual",
        }
    }
}

impl Refusal {
    /// The name used in files.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::AlreadyInPosition => "already_in_position",
            Self::MaxPositions => "max_positions",
            Self::DailyLoss => "daily_loss",
            Self::DrawdownHalt => "drawdown_halt",
            Self::NoEquity => "no_equity",
            Self::NoStop => "no_stop",
            Self::BelowMinimumLots => "below_minimum_lots",
            Self::NotEnoughMargin => "not_enough_margin",
            Self::InvalidStops => "invalid_stops",
            Self::Replaced => "replaced",
            Self::EndOfRun => "end_of_run",
        }
    }
}

impl Kind {
    /// The name used in files.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::RunStarted { .. } => "run_started",
            Self::SignalGenerated(_) => "signal_generated",
            Self::SignalApproved { .. } => "signal_approved",
            Self::SignalRejected { .. } => "signal_rejected",
            Self::OrderSubmitted(_) => "order_submitted",
            Self::OrderRefused { .. } => "order_refused",
            Self::OrderRejected { .. } => "order_rejected",
            Self::OrderCancelled { .. } => "order_cancelled",
            Self::OrderFilled(_) => "order_filled",
            Self::Financing(_) => "financing",
            Self::TradeOpened(_) => "trade_opened",
            Self::SlTpUpdated { .. } => "sl_tp_updated",
            Self::TradeStoppedOut { .. } => "trade_stopped_out",
            Self::TradeTpHit { .. } => "trade_tp_hit",
            Self::TradeClosed { .. } => "trade_closed",
            Self::RiskLimitHit { .. } => "risk_limit_hit",
            Self::Drawdown { .. } => "drawdown",
            Self::GapCrossed { .. } => "gap_crossed",
            Self::RunFinished { .. } => "run_finished",
        }
    }
}

fn named(text: &'static str) -> Option<Cow<'static, str>> {
    Some(Cow::Borrowed(text))
}

impl<'a> Record<'a> {
    /// Puts an event into words.
    #[must_use]
    pub fn of(event: &Event, names: &'a Names) -> Self {
        let values = match &event.kind {
            Kind::SignalGenerated(signal) => &signal.features,
            Kind::TradeClosed { features, .. } => features,
            _ => return Self::without_features(event, names),
        };
        let features = named_values(names, event.strategy.map(usize::from), values);
        Self { features, ..Self::without_features(event, names) }
    }

    /// The same without the strategy's named values.
    pub(super) fn without_features(event: &Event, names: &'a Names) -> Self {
        let base = Self {
            v: VERSION,
            seq: event.seq,
            time: event.at,
            kind: Cow::Borrowed(event.kind.name()),
            run: Cow::Borrowed(&names.run),
            mode: event.mode,
            source: event.source,
            symbol: event.instrument.map(|i| Cow::Borrowed(names.symbols[usize::from(i.0)].as_str())),
            strategy: event.strategy.map(|s| Cow::Borrowed(names.strategies[usize::from(s)].as_str())),
            ..Self::default()
        };
        match &event.kind {
            Kind::RunStarted { cash } => Self { cash: Some(*cash), ..base },
            Kind::SignalGenerated(signal) => base.signal(&signal.action, signal.confidence),
            Kind::SignalApproved { side, confidence } => Self { side: Some(*side), confidence: Some(*confidence), ..base },
            Kind::SignalRejected { side, reason } => Self { side: Some(*side), reason: named(reason.name()), ..base },
            Kind::OrderSubmitted(order) => base.order(order),
            Kind::OrderRefused { side, kind, reason } => {
                Self { side: Some(*side), order_type: named(kind.name()), price: kind.price(), reason: named(reason.name()), ..base }
            }
            Kind::OrderRejected { order, reason } | Kind::OrderCancelled { order, reason } => {
                Self { order: Some(*order), reason: named(reason.name()), ..base }
            }
            Kind::OrderFilled(fill) => base.fill(fill),
            Kind::Financing(charge) => {
                Self { ticket: Some(charge.ticket), reason: named(charge.kind.name()), swap: Some(charge.amount), ..base }
            }
            Kind::TradeOpened(position) => base.opened(position),
            Kind::SlTpUpdated { ticket, stop_loss, take_profit } => {
                Self { ticket: Some(*ticket), stop_loss: *stop_loss, take_profit: *take_profit, ..base }
            }
            Kind::TradeStoppedOut { ticket, price } | Kind::TradeTpHit { ticket, price } => {
                Self { ticket: Some(*ticket), price: Some(*price), ..base }
            }
            Kind::TradeClosed { trade, .. } => base.closed(trade, names.contract_sizes[usize::from(trade.instrument.0)]),
            Kind::RiskLimitHit { limit, fraction } => Self { reason: named(limit.name()), fraction: Some(*fraction), ..base },
            Kind::Drawdown { fraction } => Self { fraction: Some(*fraction), ..base },
            Kind::GapCrossed { ticket, side, gap } => Self {
                ticket: Some(*ticket),
                side: Some(*side),
                gap_from: Some(gap.from),
                gap_to: Some(gap.to),
                missing_bars: Some(gap.missing_bars),
                ..base
            },
            Kind::RunFinished { equity, cash } => Self { equity: Some(*equity), cash: Some(*cash), ..base },
        }
    }

    fn signal(self, action: &Action, confidence: f64) -> Self {
        match *action {
            Action::Enter { side, order, stop_loss, take_profit } => Self {
                action: named("enter"),
                side: Some(side),
                order_type: named(order.name()),
                price: order.price(),
                stop_loss,
                take_profit,
                confidence: Some(confidence),
                ..self
            },
            Action::Exit(reason) => Self { action: named("exit"), reason: named(reason.name()), ..self },
            Action::MoveStop(price) => Self { action: named("move_stop"), stop_loss: Some(price), ..self },
            Action::Withdraw => Self { action: named("withdraw"), ..self },
        }
    }

    fn order(self, order: &Order) -> Self {
        let (volume, equity_fraction) = match order.size {
            Size::Lots(lots) => (Some(lots), None),
            Size::EquityFraction(fraction) => (None, Some(fraction)),
        };
        Self {
            order: Some(order.id),
            ticket: order.closes.map(|(ticket, _)| ticket),
            side: Some(order.side),
            order_type: named(order.kind.name()),
            volume,
            equity_fraction,
            price: order.kind.price(),
            stop_loss: order.stop_loss,
            take_profit: order.take_profit,
            reason: order.closes.and_then(|(_, reason)| named(reason.name())),
            ..self
        }
    }

    fn fill(self, fill: &Fill) -> Self {
        let (ticket, reason, stop_loss, take_profit) = match fill.kind {
            FillKind::Open { stop_loss, take_profit } => (Ticket(fill.order), None, stop_loss, take_profit),
            FillKind::Close(ticket, reason) => (ticket, named(reason.name()), None, None),
        };
        Self {
            order: Some(fill.order),
            ticket: Some(ticket),
            side: Some(fill.side),
            volume: Some(fill.lots),
            price: Some(fill.price),
            stop_loss,
            take_profit,
            reason,
            commission: Some(fill.commission),
            spread: Some(fill.spread_cost),
            slippage: Some(fill.slippage_cost),
            conversion: (fill.conversion_cost != 0.0).then_some(fill.conversion_cost),
            rate: (fill.rate != 1.0).then_some(fill.rate),
            inside_bar: Some(fill.inside_bar),
            ambiguous: Some(fill.ambiguous),
            ..self
        }
    }

    fn opened(self, position: &Position) -> Self {
        Self {
            ticket: Some(position.ticket),
            side: Some(position.side),
            volume: Some(position.lots),
            price: Some(position.entry),
            stop_loss: position.stop_loss,
            take_profit: position.take_profit,
            ..self
        }
    }

    fn closed(self, trade: &Trade, contract_size: f64) -> Self {
        Self {
            ticket: Some(trade.ticket),
            side: Some(trade.side),
            volume: Some(trade.lots),
            price: Some(trade.exit),
            opened_at: Some(trade.opened_at),
            entry: Some(trade.entry),
            exit: Some(trade.exit),
            pnl: Some(trade.pnl),
            pnl_fraction: trade.pnl_fraction(contract_size),
            commission: Some(trade.commission),
            swap: Some(trade.swap),
            spread: Some(trade.spread),
            slippage: Some(trade.slippage),
            conversion: (trade.conversion != 0.0).then_some(trade.conversion),
            rate: (trade.rate != 1.0).then_some(trade.rate),
            mae: Some(trade.mae),
            mfe: Some(trade.mfe),
            bars: Some(trade.bars),
            duration_s: Some((trade.closed_at.0 - trade.opened_at.0) / crate::time::SECOND),
            reason: named(trade.reason.name()),
            ..self
        }
    }

    /// Reads one line of a journal.
    ///
    /// # Errors
    /// When it is not a record of a known layout.
    pub fn parse(line: &'a str) -> Result<Self, String> {
        let record: Self = serde_json::from_str(line).map_err(|e| e.to_string())?;
        if record.v == VERSION { Ok(record) } else { Err(format!("record version {} is not {VERSION}", record.v)) }
    }

    /// Appends the record and a newline.
    ///
    /// # Panics
    /// Never: every value of a record has a JSON form.
    pub fn write_line(&self, out: &mut Vec<u8>) {
        serde_json::to_writer(&mut *out, self).expect("a record has a JSON form");
        out.push(b'\n');
    }

    /// The fill that an `order_filled` record tells, so that a ledger can be rebuilt; `None` for other kinds.
    #[must_use]
    pub fn as_fill(&self, names: &Names) -> Option<Fill> {
        if self.kind != "order_filled" {
            return None;
        }
        let instrument = names.symbols.iter().position(|s| Some(s.as_str()) == self.symbol.as_deref())?;
        let instrument = InstrumentId(u16::try_from(instrument).ok()?);
        let is_here = |seat: usize| names.instruments.get(seat).is_none_or(|on| *on == instrument);
        let is_named = |name: &String| Some(name.as_str()) == self.strategy.as_deref();
        let strategy = names.strategies.iter().enumerate().position(|(seat, name)| is_named(name) && is_here(seat))?;
        let kind = match &self.reason {
            None => FillKind::Open { stop_loss: self.stop_loss, take_profit: self.take_profit },
            Some(reason) => FillKind::Close(self.ticket?, exit_reason(reason)?),
        };
        Some(Fill {
            order: self.order?,
            instrument,
            side: self.side?,
            lots: self.volume?,
            at: self.time,
            price: self.price?,
            kind,
            commission: self.commission?,
            rate: self.rate.unwrap_or(1.0),
            conversion_cost: self.conversion.unwrap_or(0.0),
            spread_cost: self.spread?,
            slippage_cost: self.slippage?,
            inside_bar: self.inside_bar?,
            ambiguous: self.ambiguous?,
            strategy: u8::try_from(strategy).ok()?,
        })
    }
}

impl Record<'_> {
    /// The charge that a `financing` record tells, so that a ledger can be rebuilt; `None` for other kinds.
    #[must_use]
    pub fn as_charge(&self) -> Option<Charge> {
        if self.kind != "financing" {
            return None;
        }
        let kind = Financing::ALL.into_iter().find(|kind| Some(kind.name()) == self.reason.as_deref())?;
        Some(Charge { ticket: self.ticket?, kind, amount: self.swap? })
    }
}

fn exit_reason(name: &str) -> Option<ExitReason> {
    serde_json::from_value(serde_json::Value::String(name.to_owned())).ok()
}

fn named_values<'a>(names: &'a Names, strategy: Option<usize>, values: &[Option<f64>]) -> Option<BTreeMap<Cow<'a, str>, Option<f64>>> {
    let names = &names.features[strategy?];
    (!values.is_empty()).then(|| names.iter().map(|n| Cow::Borrowed(n.as_str())).zip(values.iter().copied()).collect())
}
