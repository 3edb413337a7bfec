//! Money: an exact amount and its currency, which travel together.

use rust_decimal::Decimal;

/// An ISO 4217 code in capitals.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Currency(pub [u8; 3]);

/// An amount; without a currency only where a system tells none and the connection names none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Money {
    pub amount: Decimal,
    pub currency: Option<Currency>,
}
