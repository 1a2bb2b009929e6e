//! What holding a position costs or brings, beside its price.

use serde::{Deserialize, Serialize};

use super::Ticket;

/// Why money moved while a position was only held.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Financing {
    /// Interest for rolling the position over the night.
    Swap,
    /// The periodic payment between the longs and the shorts of a perpetual contract.
    Funding,
    /// The fee for borrowing what was sold short.
    Borrow,
    /// A dividend: received by a long, paid by a short.
    Dividend,
}

impl Financing {
    /// Every kind, in the order of reports.
    pub const ALL: [Self; 4] = [Self::Swap, Self::Funding, Self::Borrow, Self::Dividend];

    /// The name used in files.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Swap => "swap",
            Self::Funding => "funding",
            Self::Borrow => "borrow",
            Self::Dividend => "dividend",
        }
    }
}

/// One booking of financing.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Charge {
    /// Which position.
    pub ticket: Ticket,
    /// What for.
    pub kind: Financing,
    /// Paid, in account money; negative when received.
    pub amount: f64,
}
