//! Numbers from their digits, never through a float.

use rust_decimal::Decimal;

use crate::value::{Str, Value};

/// The exact value of a JSON number.
pub fn value(digits: &str) -> Value {
    if let Ok(integer) = digits.parse::<i64>() {
        return Value::Integer(integer);
    }
    match decimal(digits) {
        Some(decimal) => Value::Decimal(decimal),
        None => Value::Text(Str::from(digits)),
    }
}

/// A decimal, when it holds every digit that counts.
pub fn decimal(digits: &str) -> Option<Decimal> {
    let (mantissa, exponent) = match digits.find(['e', 'E']) {
        Some(at) => (&digits[..at], digits[at + 1..].parse::<i32>().ok()?),
        None => (digits, 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    // Zeros at the end carry no amount but would not fit the 28 places.
    let kept = if exponent != 0 || fraction.len() > 12 { fraction.trim_end_matches('0') } else { fraction };
    let (negative, whole) = whole.strip_prefix('-').map_or((false, whole), |rest| (true, rest));
    let mut number: i128 = format!("{whole}{kept}").parse().ok()?;
    let mut scale = i32::try_from(kept.len()).ok()?.checked_sub(exponent)?;
    if number == 0 {
        return Some(Decimal::ZERO);
    }
    while scale > 0 && number % 10 == 0 && scale > 28 {
        number /= 10;
        scale -= 1;
    }
    while scale < 0 {
        number = number.checked_mul(10)?;
        scale += 1;
    }
    let number = if negative { -number } else { number };
    Decimal::try_from_i128_with_scale(number, u32::try_from(scale).ok()?).ok()
}
