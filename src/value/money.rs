//! An exact amount with its currency: neither travels alone.

use std::fmt;

use rust_decimal::Decimal;

/// An amount in one currency. Amounts of two currencies are never compared or added.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Money {
    pub value: Decimal,
    pub currency: Currency,
}

/// An ISO 4217 code in capitals (`EUR`).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Currency([u8; 3]);

/// A text that is no currency code.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a currency is a code of three letters, such as EUR")]
pub struct CurrencyProblem;

impl Currency {
    /// Reads a code in any case; whether the code is in use is for the systems to know.
    ///
    /// # Errors
    /// When the text is not three ASCII letters.
    pub fn parse(text: &str) -> Result<Currency, CurrencyProblem> {
        match text.trim().as_bytes() {
            [a, b, c] if [a, b, c].iter().all(|letter| letter.is_ascii_alphabetic()) => {
                Ok(Currency([a.to_ascii_uppercase(), b.to_ascii_uppercase(), c.to_ascii_uppercase()]))
            }
            _ => Err(CurrencyProblem),
        }
    }

    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).expect("the one constructor lets ASCII letters in only")
    }

    /// Digits after the point in everyday use: 2, but 0 for yen and 3 for dinars.
    pub fn minor_digits(&self) -> u32 {
        match &self.0 {
            b"BIF" | b"CLP" | b"DJF" | b"GNF" | b"ISK" | b"JPY" | b"KMF" | b"KRW" | b"PYG" | b"RWF" | b"UGX" | b"VND" | b"VUV" | b"XAF" | b"XOF" | b"XPF" => 0,
            b"BHD" | b"IQD" | b"JOD" | b"KWD" | b"LYD" | b"OMR" | b"TND" => 3,
            _ => 2,
        }
    }
}

impl Money {
    pub fn new(value: Decimal, currency: Currency) -> Money {
        Money { value, currency }
    }

    /// The amount in cents (or the currency's own smallest coin); `None` when it is not whole there.
    pub fn minor_units(&self) -> Option<i64> {
        let units = self.value.checked_mul(Decimal::from(10_i64.pow(self.currency.minor_digits())))?;
        if units.is_integer() { i64::try_from(units.trunc()).ok() } else { None }
    }

    /// The amount that so many cents make.
    pub fn from_minor_units(units: i64, currency: Currency) -> Money {
        Money { value: Decimal::new(units, currency.minor_digits()), currency }
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.value, self.currency)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cents_go_both_ways_and_never_round() {
        let yen = Currency::parse("jpy").expect("three letters");
        assert_eq!(Money::from_minor_units(1250, yen).to_string(), "1250 JPY");
        let euro = Currency::parse("EUR").expect("three letters");
        assert_eq!(Money::from_minor_units(1250, euro).minor_units(), Some(1250));
        assert_eq!(Money::new(Decimal::new(12505, 3), euro).minor_units(), None);
        assert!(Currency::parse("EURO").is_err());
    }
}
