//! A strategy file: TOML as written → checked → compiled.
//!
//! Unknown keys and parameters are refused with the nearest known name. `[let]` is evaluated in the order of the file.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::check::well_formed;
use super::document::{Document, OrderWay, RulesText, SideText, explained};
use super::parameters::Parameter;
use super::program::{Kind, OutputId, Program, Source};
use crate::error::{Error, Result, suggest};
use crate::market::Calendar;
use crate::time::Timeframe;

/// A strategy as its file describes it, with the values its parameters have now.
#[derive(Clone, Debug)]
pub struct StrategyFile {
    name: String,
    about: String,
    loses_when: Option<String>,
    place: String,
    parameters: Vec<Parameter>,
    values: BTreeMap<String, f64>,
    lets: Vec<(String, String)>,
    long: Option<SideText>,
    short: Option<SideText>,
    rules: RulesText,
    provenance: Option<toml::Table>,
}

/// What a side does, by where its values stand in the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SideRules {
    /// Opens a position.
    pub enter: OutputId,
    /// Closes it; a side without one leaves by its stop, its target or the other side.
    pub exit: Option<OutputId>,
    /// Price of the stop loss, read when the position is opened.
    pub stop_loss: Option<OutputId>,
    /// Price of the take profit, read when the position is opened.
    pub take_profit: Option<OutputId>,
    /// Confidence in the signal, 0 to 1.
    pub confidence: Option<OutputId>,
    /// Price of a limit or stop entry.
    pub price: Option<OutputId>,
}

/// A strategy ready to run.
#[derive(Clone, Debug)]
pub struct CompiledStrategy {
    /// All its expressions.
    pub program: Arc<Program>,
    /// The long side, where it has one.
    pub long: Option<SideRules>,
    /// The short side, where it has one.
    pub short: Option<SideRules>,
    /// Distance of the trailing stop, in price.
    pub trail_distance: Option<OutputId>,
    /// Profit in price from which the stop trails.
    pub trail_activate: Option<OutputId>,
    /// Profit in price from which the stop moves to the entry.
    pub break_even: Option<OutputId>,
    /// Names under `[let]`, in file order.
    pub let_names: Vec<String>,
    /// Their values, in the same order.
    pub let_outputs: Vec<OutputId>,
    /// Bars to wait after a position closes.
    pub cooldown_bars: u32,
    /// Bars after which a position is closed.
    pub max_bars: Option<u32>,
    /// How entries reach the market.
    pub order: OrderWay,
}

impl StrategyFile {
    /// Reads a strategy; `place` is its path, for errors.
    ///
    /// # Errors
    /// [`Error::Config`] naming the key, and the nearest known one where it is unknown.
    ///
    /// ```
    /// use cthulu_lab::rule::StrategyFile;
    /// let text = "name = 'x'\nabout = 'y'\n[params]\nn = { default = 10, min = 2, max = 50, step = 1 }\n[long]\nenter = 'close > sma(close, n)'";
    /// let file = StrategyFile::parse(text, "x.toml").unwrap();
    /// let compiled = file.compile("1h".parse().unwrap()).unwrap();
    /// assert_eq!(compiled.program.warmup_bars(), 10);
    /// assert!(StrategyFile::parse(&text.replace("enter", "entr"), "x.toml").unwrap_err().to_string().contains("did you mean 'enter'?"));
    /// ```
    pub fn parse(text: &str, place: &str) -> Result<Self> {
        let document: Document = toml::from_str(text).map_err(|error| explained(&error, text, place))?;
        let mut parameters = Vec::new();
        for (name, written) in document.params.0 {
            let at = |problem: String| Error::config(format!("{place}, [params] {name}"), problem);
            parameters.push(well_formed(&name).and_then(|()| Parameter::checked(&name, written)).map_err(at)?);
        }
        if document.long.is_none() && document.short.is_none() {
            return Err(Error::config(place, "there is neither a [long] nor a [short] section; write at least [long] with enter = \"…\""));
        }
        let file = Self {
            name: document.name,
            about: document.about,
            loses_when: document.loses_when,
            place: place.to_owned(),
            values: parameters.iter().map(|p| (p.name.clone(), p.default)).collect(),
            parameters,
            lets: document.lets.0,
            long: document.long,
            short: document.short,
            rules: document.rules,
            provenance: document.provenance,
        };
        file.check_prices()?;
        Ok(file)
    }

    fn check_prices(&self) -> Result<()> {
        for (side, text) in [("long", &self.long), ("short", &self.short)] {
            let Some(text) = text else { continue };
            let at = format!("{}, [{side}] price", self.place);
            match (self.rules.order, &text.price) {
                (OrderWay::Market, Some(_)) => {
                    return Err(Error::config(at, "market orders have no price; set order = \"limit\" or \"stop\" under [rules]"));
                }
                (OrderWay::Limit | OrderWay::Stop, None) => {
                    return Err(Error::config(at, "limit and stop orders need a price, such as price = \"low[1]\""));
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// What the rules say: neither names, remarks and comments nor the parameters' ranges and values, so that two files that trade alike have
    /// the same.
    #[must_use]
    pub fn rules_text(&self) -> String {
        format!("{:?} {:?} {:?} {:?}", self.lets, self.long, self.short, self.rules)
    }

    /// The strategy's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it does, in a sentence.
    #[must_use]
    pub fn about(&self) -> &str {
        &self.about
    }

    /// Where its defaults come from, where a walk-forward wrote it.
    #[must_use]
    pub const fn provenance(&self) -> Option<&toml::Table> {
        self.provenance.as_ref()
    }

    /// When it is known to lose, where the file says so.
    #[must_use]
    pub fn loses_when(&self) -> Option<&str> {
        self.loses_when.as_deref()
    }

    /// Its parameters, in file order.
    #[must_use]
    pub fn parameters(&self) -> &[Parameter] {
        &self.parameters
    }

    /// The values its parameters have now.
    #[must_use]
    pub const fn values(&self) -> &BTreeMap<String, f64> {
        &self.values
    }

    /// The same strategy with some parameters set.
    ///
    /// # Errors
    /// [`Error::Config`] for an unknown parameter, with the nearest known one, or a value outside its range, which it names.
    pub fn with_params(&self, given: &BTreeMap<String, f64>) -> Result<Self> {
        let mut file = self.clone();
        for (name, value) in given {
            let at = format!("{}, parameter {name}", self.place);
            let known = self.parameters.iter().map(|p| p.name.as_str());
            let Some(parameter) = self.parameters.iter().find(|p| p.name == *name) else {
                return Err(Error::config(at, format!("{} has no such parameter{}", self.name, suggest(name, known))));
            };
            parameter.check(*value).map_err(|problem| Error::config(at, problem))?;
            file.values.insert(name.clone(), *value);
        }
        Ok(file)
    }

    /// Compiles for bars of `timeframe` of a market that never closes; `vwap()` begins anew at UTC midnight.
    ///
    /// # Errors
    /// As [`Program::compile`].
    pub fn compile(&self, timeframe: Timeframe) -> Result<CompiledStrategy> {
        self.compile_for(timeframe, Calendar::default())
    }

    /// Compiles for bars of `timeframe` of a market with that calendar.
    ///
    /// # Errors
    /// As [`Program::compile`].
    pub fn compile_for(&self, timeframe: Timeframe, calendar: Calendar) -> Result<CompiledStrategy> {
        let expressions = self.expressions();
        let sources: Vec<Source<'_>> =
            expressions.iter().map(|e| Source { name: &e.name, text: e.text, kind: e.kind, place: &e.place }).collect();
        let program = Program::compile(&sources, &self.values, timeframe, calendar)?;
        let side = |side: &str, text: &Option<SideText>| {
            let output = |key: &str| program.output(&format!("{side}.{key}"));
            text.as_ref().map(|_| SideRules {
                enter: output("enter").expect("enter is required"),
                exit: output("exit"),
                stop_loss: output("stop_loss"),
                take_profit: output("take_profit"),
                confidence: output("confidence"),
                price: output("price"),
            })
        };
        Ok(CompiledStrategy {
            long: side("long", &self.long),
            short: side("short", &self.short),
            trail_distance: program.output("trail.distance"),
            trail_activate: program.output("trail.activate"),
            break_even: program.output("rules.break_even"),
            let_names: self.lets.iter().map(|(name, _)| name.clone()).collect(),
            let_outputs: self.lets.iter().filter_map(|(name, _)| program.output(name)).collect(),
            cooldown_bars: self.rules.cooldown_bars,
            max_bars: self.rules.max_bars,
            order: self.rules.order,
            program: Arc::new(program),
        })
    }

    /// Every expression, lets first, each with the name its value is found under.
    fn expressions(&self) -> Vec<Expression<'_>> {
        let all = |section, prefix: &str, key: &str, text, kind| Expression {
            name: format!("{prefix}{key}"),
            place: format!("{}, [{section}] {key}", self.place),
            text,
            kind,
        };
        let mut expressions: Vec<_> = self.lets.iter().map(|(name, text)| all("let", "", name, text, Kind::Let)).collect();
        for (side, text) in [("long", &self.long), ("short", &self.short)] {
            let Some(text) = text else { continue };
            let prefix = format!("{side}.");
            expressions.push(all(side, &prefix, "enter", &text.enter, Kind::Rule));
            expressions.extend(text.exit.iter().map(|exit| all(side, &prefix, "exit", exit, Kind::Rule)));
            let numbers = [
                ("stop_loss", &text.stop_loss),
                ("take_profit", &text.take_profit),
                ("confidence", &text.confidence),
                ("price", &text.price),
            ];
            expressions.extend(
                numbers.into_iter().filter_map(|(key, text)| text.as_ref().map(|text| all(side, &prefix, key, text, Kind::Number))),
            );
        }
        let trail = self.rules.trail.as_ref();
        expressions.extend(trail.map(|trail| all("rules", "trail.", "distance", &trail.distance, Kind::Number)));
        expressions
            .extend(trail.and_then(|trail| trail.activate.as_ref()).map(|text| all("rules", "trail.", "activate", text, Kind::Number)));
        expressions.extend(self.rules.break_even.as_ref().map(|text| all("rules", "rules.", "break_even", text, Kind::Number)));
        expressions
    }
}

/// One expression of the file and where it stands.
struct Expression<'a> {
    name: String,
    place: String,
    text: &'a str,
    kind: Kind,
}
