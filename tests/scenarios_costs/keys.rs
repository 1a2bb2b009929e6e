//! The same from the experiment file: every key of `[costs]` and `[instrument.SYMBOL]` reaches the run, and what is wrong is named.

use std::path::Path;

use cthulu_lab::{
    engine::Attribution,
    experiment::{Experiment, Outcome, Spec, Watchers},
};

use super::{at, near};
use crate::cli::Scratch;
use cthulu_lab::time::HOUR;

/// Buys at the open of the bar after `enter` o'clock of the first day and holds for `bars` bars.
fn holds(side: &str, enter: i64, bars: usize) -> String {
    format!(
        "name = 'holds'\nabout = 'A test.'\n[{side}]\nenter = 'hour == {enter} and day_of_week == 0'\nexit = 'position.bars >= {bars}'\n\
         [rules]\ncooldown_bars = 1000\n"
    )
}

/// Hourly bars from a Monday, 2024-01-15: open, high, low and close by hour.
fn csv(price: impl Fn(i64) -> [f64; 4], hours: i64) -> String {
    let start = at("2024-01-15T00:00:00Z");
    let row = |hour: i64| {
        let [open, high, low, close] = price(hour);
        format!("{},{open},{high},{low},{close},100\n", start.plus(hour * HOUR))
    };
    "timestamp,open,high,low,close,volume\n".to_owned() + &(0..hours).map(row).collect::<String>()
}

fn still(price: f64) -> String {
    csv(|_| [price; 4], 24 * 5)
}

/// A question about files in a folder of its own.
struct Asked {
    scratch: Scratch,
    strategy: String,
    prices: Vec<(String, String)>,
}

impl Asked {
    fn new(name: &str, strategy: &str, symbol: &str, prices: &str) -> Self {
        let scratch = Scratch::new(&format!("costs-{name}"));
        let strategy = scratch.file("holds.toml", strategy);
        let prices = vec![(symbol.to_owned(), scratch.file(&format!("{symbol}.csv"), prices))];
        Self { scratch, strategy, prices }
    }

    fn and(mut self, symbol: &str, prices: &str) -> Self {
        let file = self.scratch.file(&format!("{symbol}.csv"), prices);
        self.prices.push((symbol.to_owned(), file));
        self
    }

    /// `more` follows the data, which are not traded but for the first.
    fn spec(&self, more: &str) -> Spec {
        let data = self.prices.iter().enumerate().map(|(i, (symbol, file))| {
            let trade = if i > 0 { "trade = false\n" } else { "" };
            format!("[[data]]\npath = '{file}'\nsymbol = '{symbol}'\n{trade}")
        });
        let text = format!("strategy = '{}'\n{}{more}", self.strategy, data.collect::<String>());
        Spec::parse(&text, Path::new("costs.toml")).unwrap_or_else(|e| panic!("{e}"))
    }

    fn run(&self, more: &str) -> Outcome {
        let outcome = Experiment::new(self.spec(more)).unwrap_or_else(|e| panic!("{e}")).run(Watchers::Off).unwrap();
        assert_eq!(outcome.run.trades.len(), 1, "one trade in {more}");
        outcome
    }

    fn refused(&self, more: &str) -> String {
        let Err(error) = Experiment::new(self.spec(more)) else { panic!("nothing is wrong with {more}") };
        assert!(error.is_input());
        error.to_string()
    }
}

const ACCOUNT: &str = "[account]\ncash = 1000000.0\nleverage = 100.0\nlots = 'broker'\nsizing = { method = 'lots', value = 1.0 }\n";

#[test]
fn swap_is_the_instrument_s_and_an_experiment_may_state_its_own() {
    let asked = Asked::new("swap", &holds("long", 0, 24), "EURUSD", &still(1.1));
    let paid = |costs: &str| asked.run(&format!("{ACCOUNT}{costs}")).run.trades[0].swap;
    // The catalogue's −7 points of 0.00001 on 100,000 units, over Monday's roll.
    assert!(near(paid("[costs]\n"), 7.0));
    assert_eq!((paid("[costs]\nswap = 'none'\n"), paid("")), (0.0, 0.0));
    assert!(near(paid("[costs]\n[instrument.EURUSD]\nswap_long_points = -2.5\n"), 2.5));
    assert!(near(paid("[costs]\n[instrument.EURUSD]\nswap_long_points = 0.0\nswap_long_per_lot = -4.0\nswap_short_points = 0.0\n"), 4.0));
    // In units of one, the catalogue's money per lot is per 100,000 of them.
    let units = "[account]\ncash = 1000000.0\nsizing = { method = 'lots', value = 50000.0 }\n[costs]\n[instrument.EURUSD]\nswap_long_points = 0.0\nswap_short_points = 0.0\nswap_long_per_lot = -4.0\n";
    assert!(near(asked.run(units).run.trades[0].swap, 2.0));
}

#[test]
fn conditions_of_an_unknown_symbol_may_stand_in_the_experiment() {
    let asked = Asked::new("own", &holds("short", 0, 24), "WIDGET", &still(100.0));
    assert!(asked.refused(ACCOUNT).contains("'WIDGET' is not in instruments.toml"));
    let own = "[instrument.WIDGET]\ncontract_size = 10.0\nlot_step = 0.1\nmin_lots = 0.1\nborrow_annual_fraction = 0.036\n";
    // 100 · 10 · 0.036 / 360 for one night
    assert!(near(asked.run(&format!("{ACCOUNT}{own}")).run.trades[0].swap, 0.1));
    assert!(
        asked
            .refused(&format!("{ACCOUNT}[instrument.WIDGET]\ncontract_sise = 10.0\n"))
            .contains("instrument.WIDGET: unknown key 'contract_sise'; did you mean 'contract_size'?")
    );
    assert!(
        asked
            .refused(&format!("{ACCOUNT}[instrument.WIDGE]\npoint = 0.1\n[instrument.WIDGET]\npoint = 0.1\n"))
            .contains("there is no data for 'WIDGE'; did you mean 'WIDGET'?")
    );
    assert!(
        asked
            .refused(&format!("{ACCOUNT}[instrument.WIDGET]\nswap_long_points = -1.0\nswap_long_per_lot = -1.0\npoint = 0.1\n"))
            .contains("more than one way")
    );
    assert!(
        asked.refused(&format!("{ACCOUNT}[costs]\n[instrument.WIDGET]\nswap_long_points = -1.0\n")).contains("instrument.WIDGET.point")
    );
    assert!(asked.refused(&format!("{ACCOUNT}[instrument.WIDGET]\nswap_triple_day = 'wensday'\n")).contains("wensday"));
}

#[test]
fn funding_and_dividends_come_out_of_files() {
    let asked = Asked::new("files", &holds("long", 0, 24), "COIN", &still(50_000.0));
    let account = "[account]\ncash = 1000000.0\nsizing = { method = 'lots', value = 2.0 }\n[instrument.COIN]\n";
    // Held from Monday 01:00 to Tuesday 01:00: at 08:00, 16:00 and 00:00, 2 coins at 50,000 and 0.01 %.
    assert!(near(asked.run(&format!("{account}funding_fraction = 0.0001\n")).run.trades[0].swap, 30.0));
    let rates = asked
        .scratch
        .file("funding.csv", "symbol,calc_time,rate\nCOIN,1705305600000,0.0002\nOTHER,1705305600000,0.5\nCOIN,1705334400000,-0.0001\n");
    // 2024-01-15 08:00 and 16:00: 100,000 · (0.0002 − 0.0001)
    let outcome = asked.run(&format!("{account}funding_file = '{rates}'\n"));
    assert!(near(outcome.run.trades[0].swap, 10.0) && near(Attribution::of(&outcome.run).funding, 10.0));
    let dividends = asked.scratch.file("dividends.csv", "ex_date,amount\n2024-01-16,3.5\n2024-01-20,9\n");
    let outcome = asked.run(&format!("{account}dividend_file = '{dividends}'\n"));
    assert!(near(outcome.run.trades[0].swap, -7.0) && near(Attribution::of(&outcome.run).dividends, -7.0));
    let wrong = asked.scratch.file("wrong.csv", "ex_date,amount\n2024-01-16,-1\n");
    assert!(asked.refused(&format!("{account}dividend_file = '{wrong}'\n")).contains("row 2, column amount: -1 is no dividend"));
    assert!(asked.refused(&format!("{account}funding_file = 'nowhere.csv'\n")).contains("nowhere.csv: there is no such file"));
}

#[test]
fn the_content_of_a_file_beside_the_prices_is_part_of_the_question() {
    let asked = Asked::new("hash", &holds("long", 0, 24), "COIN", &still(100.0));
    let id = |amount: f64| {
        let file = asked.scratch.file("dividends.csv", &format!("ex_date,amount\n2024-01-16,{amount}\n"));
        Experiment::new(asked.spec(&format!("[instrument.COIN]\ndividend_file = '{file}'\n"))).unwrap().id()
    };
    assert_eq!(id(1.0), id(1.0));
    assert_ne!(id(1.0), id(2.0));
}

/// The yen at 150 until it is bought at 01:00, then at 151.
fn yen(hour: i64) -> [f64; 4] {
    if hour < 2 { [150.0; 4] } else { [151.0; 4] }
}

#[test]
fn a_pair_quoted_in_another_currency_counts_at_its_own_price() {
    let asked = Asked::new("yen", &holds("long", 0, 3), "USDJPY", &csv(yen, 48));
    let outcome = asked.run(&format!("{ACCOUNT}[costs]\nswap = 'none'\ncommission_fraction = 0.0001\n"));
    let [trade] = outcome.run.trades[..] else { panic!("one trade") };
    // 100,000 · (151 − 150) yen at 1/151; a ten thousandth of 100,000 dollars at either end
    let gross = 100_000.0 / 151.0;
    assert!((trade.pnl - (gross - 20.0)).abs() < 1e-9, "{}", trade.pnl);
    assert!((trade.pnl - 642.2516556291).abs() < 1e-9);
    // Marked at 151 after the second hour: 662.25 less the first commission; a notional of 100,000 dollars.
    let curve = &outcome.run.curve;
    assert!((curve.equity()[2] - (1_000_000.0 + gross - 10.0)).abs() < 1e-6);
    assert!((curve.exposure()[2] * curve.equity()[2] - 100_000.0).abs() < 1e-6);
    assert!(near(outcome.metrics.final_equity.unwrap(), 1_000_000.0 + trade.pnl));
}

#[test]
fn a_cross_needs_the_rate_of_its_currency() {
    let cross = csv(|hour| if hour < 2 { [160.0; 4] } else { [162.0; 4] }, 48);
    let costs = format!("{ACCOUNT}[costs]\nswap = 'none'\n");
    let alone = Asked::new("cross", &holds("long", 0, 3), "EURJPY", &cross);
    let told = alone.refused(&costs);
    for words in [
        "account.currency: EURJPY is quoted in JPY and the account is in USD",
        "[[data]] of USDJPY or JPYUSD",
        "trade = false",
        "costs.rates = { JPYUSD = \"FILE.csv\" }",
        "account.currency = \"JPY\"",
    ] {
        assert!(told.contains(words), "{told}");
    }
    // 100,000 · 2 yen at 150 and at 160 to the dollar
    for (usdjpy, pnl) in [(150.0, 200_000.0 / 150.0), (160.0, 1250.0)] {
        let asked = Asked::new("rated", &holds("long", 0, 3), "EURJPY", &cross).and("USDJPY", &still(usdjpy));
        let outcome = asked.run(&costs);
        assert!(near(outcome.run.trades[0].pnl, pnl), "{}", outcome.run.trades[0].pnl);
        assert_eq!(outcome.metrics.bars, 48, "a rate is not traded, and its bars are not counted");
    }
    let file = alone.scratch.file("rates.csv", "time,rate\n2024-01-14,0.008\n2024-01-15T03:30:00Z,0.01\n2024-01-15T04:30:00Z,0.02\n");
    // Closed at 04:00, when 0.01 was the last known: 200,000 · 0.01, of which half a percent is the bank's.
    let outcome = alone.run(&format!("{costs}conversion_fraction = 0.005\nrates = {{ JPYUSD = '{file}' }}\n"));
    let [trade] = outcome.run.trades[..] else { panic!("one trade") };
    assert!(near(trade.pnl, 1990.0) && near(trade.conversion, 10.0), "{trade:?}");
    assert!(near(Attribution::of(&outcome.run).conversion, 10.0) && near(outcome.costs.conversion, 10.0));
    // The inverse serves as well.
    let inverse = alone.scratch.file("inverse.csv", "time,rate\n2024-01-14,125\n2024-01-15T03:30:00Z,100\n");
    assert!(near(alone.run(&format!("{costs}rates = {{ USDJPY = '{inverse}' }}\n")).run.trades[0].pnl, 2000.0));
    let late = alone.scratch.file("late.csv", "time,rate\n2024-01-16,0.01\n");
    assert!(
        alone
            .refused(&format!("{costs}rates = {{ JPYUSD = '{late}' }}\n"))
            .contains("begins at 2024-01-16T00:00:00Z, after the prices of EURJPY do")
    );
    let wrong = alone.scratch.file("wrong.csv", "time,rate\n2024-01-14,0\n");
    assert!(alone.refused(&format!("{costs}rates = {{ JPYUSD = '{wrong}' }}\n")).contains("row 2, column rate: 0 is no rate"));
}

#[test]
fn sizing_by_risk_counts_in_account_money() {
    let rule = holds("long", 0, 3) + "";
    let rule = rule.replace("exit = ", "stop_loss = 'close - 1.5'\nexit = ");
    let asked = Asked::new("risk", &rule, "USDJPY", &csv(|_| [150.0; 4], 48));
    let account = ACCOUNT.replace("'lots', value = 1.0", "'risk', value = 0.01");
    let outcome = asked.run(&format!("{account}[costs]\nswap = 'none'\n"));
    // 10,000 dollars at risk; 1.5 yen on 100,000 units are 1,000 dollars a lot
    assert!(near(outcome.run.trades[0].lots, 10.0), "{}", outcome.run.trades[0].lots);
}

#[test]
fn the_spread_follows_sessions_the_roll_and_the_news() {
    let asked = |enter: i64| Asked::new(&format!("spread{enter}"), &holds("long", enter, 2), "EURUSD", &still(1.1));
    let paid = |enter: i64, costs: &str| {
        let outcome = asked(enter).run(&format!("{ACCOUNT}[costs]\nswap = 'none'\nspread = 8.0\n{costs}"));
        // half at the entry's moment, half at the exit's, two hours later; a point of a lot is 1
        (outcome.run.trades[0].spread * 1e6).round() / 1e6
    };
    let sessions = "spread_sessions = [{ session = 'asia', points = 20.0 }, { session = 'Europe/London 08:00-17:00', points = 6.0 }]\n";
    // Tokyo 09:00 to 18:00 is 00:00 to 09:00 UTC, London's winter hours are UTC's. In at 02:00, out at 04:00.
    assert_eq!(paid(1, sessions), 20.0);
    // In at 08:00, both sessions on: the first counts. Out at 10:00 in London's.
    assert_eq!(paid(7, sessions), 10.0 + 3.0);
    // In at 18:00, out at 20:00: between sessions
    assert_eq!(paid(17, sessions), 8.0);
    // Around the roll at 22:00 UTC, five times from 21:30 to 23:00: in at 20:00 and out at 22:00, then in at 22:00 and out at 24:00.
    let roll = "spread_roll = { multiple = 5.0, before_minutes = 30, after_minutes = 60 }\n";
    assert_eq!((paid(19, roll), paid(21, roll), paid(13, roll)), (4.0 + 20.0, 20.0 + 4.0, 8.0));
    let kept = Scratch::new("costs-news");
    let file = kept.file("news.csv", "time,currency,impact,title\n2024-01-15T13:30:00Z,USD,high,Rates\n2024-01-15T13:30:00Z,GBP,high,Other\n2024-01-15T18:00:00Z,EUR,low,Small\n");
    let news = format!("spread_news = {{ file = '{file}', multiple = 3.0, before_minutes = 45, after_minutes = 45 }}\n");
    // Wide from 12:45 to 14:15: in at 13:00, out at 15:00. The small news of 18:00 do not count, and do where they are asked for.
    assert_eq!((paid(12, &news), paid(17, &news)), (12.0 + 4.0, 8.0));
    assert_eq!(paid(17, &news.replace("multiple", "impact = 'low', multiple")), 12.0 + 4.0);
    // Both at once: the wider, not the product; sessions are widened as well.
    assert_eq!(paid(21, &format!("{roll}{sessions}")), 20.0 + 10.0);
}

#[test]
fn spreads_that_contradict_each_other_are_refused() {
    let asked = Asked::new("contradict", &holds("long", 1, 2), "EURUSD", &still(1.1));
    let told = |costs: &str| asked.refused(&format!("{ACCOUNT}[costs]\n{costs}"));
    assert!(told("spread = 'data'\nspread_sessions = [{ session = 'us', points = 5.0 }]\n").starts_with("costs.spread_sessions: "));
    assert!(told("spread_roll = { multiple = 0.5 }\n").starts_with("costs.spread_roll.multiple: 0.5 does not widen"));
    assert!(told("spread_news = { file = 'none.csv', multiple = 2.0 }\n").contains("none.csv"));
    assert!(told("latency_ms = 50.0\n[fills]\nmarket = 'close'\n").starts_with("costs.latency_ms: "));
    let typed = |costs: &str| {
        Spec::parse(&format!("strategy = 'x'\n[[data]]\npath = 'x'\n[costs]\n{costs}"), Path::new("x.toml")).unwrap_err().to_string()
    };
    assert!(typed("spread_sessions = [{ session = 'mars', points = 5.0 }]\n").contains("write asia, europe, us, or hours as"));
    assert!(typed("slippage = { kind = 'recoded', file = 'x' }\n").contains("did you mean 'recorded'?"));
    assert!(typed("commission_tiers = [{ abov = 5.0 }]\n").contains("did you mean 'above'?"));
    assert!(typed("latency = 5\n").contains("did you mean 'latency_ms'?"));
}

#[test]
fn commission_and_slippage_keys_reach_the_deals() {
    let asked = Asked::new("deals", &holds("long", 1, 3), "STOCK", &csv(|_| [25.0, 25.5, 24.5, 25.0], 48));
    let account = "[account]\ncash = 1000000.0\nsizing = { method = 'lots', value = 100.0 }\n[costs]\n";
    let trade = |costs: &str| asked.run(&format!("{account}{costs}")).run.trades[0];
    // 100 shares at 0.005 are 0.5 a side, of which the least is 1.00
    let list = "commission_per_lot = 0.005\ncommission_minimum = 1.0\ncommission_maximum_fraction = 0.01\n";
    assert!(near(trade(list).commission, 2.0));
    // 80 shares at 0.01, then 20 and 100 at 0.002
    let tiers = "commission_per_lot = 0.01\ncommission_tiers_by = 'lots'\ncommission_tiers = [{ above = 80.0, per_lot = 0.002 }]\n";
    assert!(near(trade(tiers).commission, 0.8 + 0.04 + 0.2));
    // a tenth of the average range of 1 at either end, on 100 shares
    assert!(near(trade("slippage = { kind = 'volatility', multiple = 0.1, bars = 5 }\n").slippage, 20.0));
    // 100 shares of a bar's 100: the whole fraction of 25
    assert!(near(trade("slippage = { kind = 'volume_share', fraction = 0.01 }\n").slippage, 50.0));
    let file = asked
        .scratch
        .file("slips.csv", "time,symbol,side,order_type,points\n2024-01-01,STOCK,buy,market,2\n2024-01-01,OTHER,buy,market,900\n");
    let recorded = format!("slippage = {{ kind = 'recorded', file = '{file}' }}\n");
    assert!(asked.refused(&format!("{account}{recorded}")).contains("points need the size of a point"));
    // two points of 0.01 at either end
    assert!(near(trade(&format!("{recorded}[instrument.STOCK]\npoint = 0.01\n")).slippage, 4.0));
    let none = csv(|_| [25.0; 4], 48).replace(",100\n", ",0\n");
    let quiet = Asked::new("quiet", &holds("long", 1, 3), "STOCK", &none);
    assert!(quiet.refused("[costs]\nslippage = { kind = 'volume_share', fraction = 0.01 }\n").contains("needs traded volumes"));
}

#[test]
fn latency_on_bars_warns_and_delays() {
    let asked = Asked::new("latency", &holds("long", 1, 3), "STOCK", &csv(|hour| [100.0 + hour as f64; 4], 48));
    let outcome = asked.run("[account]\nsizing = { method = 'lots', value = 1.0 }\n[costs]\nlatency_ms = 50.0\n");
    // Decided at 02:00, the opening of 102: in at 103.
    assert_eq!(outcome.run.trades[0].entry, 103.0);
    assert!(outcome.warnings.iter().any(|w| w.starts_with("A latency of 50 ms costs a whole bar of 1h")), "{:?}", outcome.warnings);
}

#[test]
fn what_each_cost_took_adds_up_and_tells_how_much_more_it_could_have_taken() {
    let asked = Asked::new("even", &holds("long", 1, 3), "EURUSD", &csv(|hour| if hour < 3 { [1.1; 4] } else { [1.1005; 4] }, 48));
    let outcome = asked.run(&format!("{ACCOUNT}[costs]\nspread = 10.0\nslippage_points = 2.0\ncommission_per_lot = 3.5\nswap = 'none'\n"));
    let taken = Attribution::of(&outcome.run);
    // 50 points of a lot are 50; 10 of spread, twice 2 of slippage, twice 3.5 of commission: 29 are left
    for (found, expected) in [(taken.gross, 50.0), (taken.spread, 10.0), (taken.slippage, 4.0), (taken.commission, 7.0), (taken.net, 29.0)]
    {
        assert!((found - expected).abs() < 1e-6, "{taken:?}");
    }
    let even = taken.break_even();
    // (29 + 10)/10, (29 + 7)/7, 50/21
    assert!((even.spread.unwrap() - 3.9).abs() < 1e-6 && (even.commission.unwrap() - 36.0 / 7.0).abs() < 1e-6);
    assert!((even.costs.unwrap() - 50.0 / 21.0).abs() < 1e-6 && even.financing.is_none());
    // And so it is: at 3.9 times the spread nothing is left.
    let at_even = asked.run(&format!("{ACCOUNT}[costs]\nspread = 39.0\nslippage_points = 2.0\ncommission_per_lot = 3.5\nswap = 'none'\n"));
    assert!(Attribution::of(&at_even.run).net.abs() < 1e-6);
}

#[test]
fn at_a_completion_the_rate_is_that_of_the_close_and_not_of_the_opening_behind_it() {
    let cross = csv(|hour| if hour < 2 { [160.0; 4] } else { [162.0; 4] }, 48);
    let dollar = csv(|hour| if hour < 3 { [150.0; 4] } else { [160.0; 4] }, 48);
    let asked = Asked::new("rate-at-close", &holds("long", 0, 8), "EURJPY", &cross).and("USDJPY", &dollar);
    let equity = asked.run(&format!("{ACCOUNT}[costs]\nswap = 'none'\n")).run.curve.equity().to_vec();
    // Bought at 160 at 01:00. At 03:00 the dollar closes at 150 and then opens at 160: 200,000 yen are 1333.33, an hour later 1250.
    assert!(near(equity[2], 1_000_000.0 + 200_000.0 / 150.0), "{}", equity[2]);
    assert!(near(equity[3], 1_000_000.0 + 1250.0), "{}", equity[3]);
}

#[test]
fn sessions_on_quoted_prices_need_a_spread_for_the_hours_between() {
    let start = at("2024-01-15T00:00:00Z");
    let row = |hour: i64| format!("{},1,1,1,1,1.0012,1.0012,1.0012,1.0012\n", start.plus(hour * HOUR));
    let heads = "timestamp,bid_open,bid_high,bid_low,bid_close,ask_open,ask_high,ask_low,ask_close\n";
    let quoted = heads.to_owned() + &(0..120).map(row).collect::<String>();
    let asked = Asked::new("quoted-sessions", &holds("long", 0, 3), "COIN", &quoted);
    let sessions = "spread_sessions = [{ session = 'asia', points = 20.0 }]\n[instrument.COIN]\npoint = 0.0001\n";
    assert!(asked.refused(&format!("[costs]\n{sessions}")).contains("give costs.spread in points for the hours between"));
    // 12 points between, bought at 01:00, which is Asia, and sold at 04:00, which is too: 20 points wide.
    let [trade] = asked.run(&format!("[costs]\nspread = 12.0\n{sessions}")).run.trades[..] else { panic!("one trade") };
    assert!(near(trade.entry, 1.0020), "{}", trade.entry);
}

#[test]
fn a_pair_that_nobody_describes_is_not_silently_counted_as_account_money() {
    let asked = Asked::new("undescribed", &holds("long", 0, 3), "CADJPY", &still(110.0));
    let warned = asked.run("").warnings;
    assert!(warned.iter().any(|w| w.starts_with("What CADJPY earns in JPY is counted as USD: nobody says")), "{warned:?}");
    let known = Asked::new("described", &holds("long", 0, 3), "CADUSD", &still(0.7)).run("").warnings;
    assert!(!known.iter().any(|w| w.contains("is counted as")), "{known:?}");
}

#[test]
fn a_finer_file_that_nothing_looks_at_is_told_of() {
    let asked = Asked::new("idle-finer", &holds("long", 0, 3), "COIN", &still(100.0));
    let mut spec = asked.spec("");
    spec.data[0].finer = Some("nowhere.csv".into());
    let warned = Experiment::new(spec).unwrap().warnings;
    assert!(warned.iter().any(|w| w.starts_with("The finer file of COIN is not looked at:")), "{warned:?}");
}
