//! Forms that nobody declared: whether what a system shows may be what we sent, cut, rounded or folded.

use rust_decimal::{Decimal, RoundingStrategy};

use crate::value::{Address, Name, Value};

/// Whether `shown` may be `sent` after a loss. Equal values are no loss; a blank is never a form of a value.
pub fn is_lossy_form(sent: &Value, shown: &Value) -> bool {
    if sent == shown {
        return false;
    }
    match (sent, shown) {
        (Value::Text(sent), Value::Text(shown)) => text(sent, shown),
        (Value::Decimal(sent), Value::Decimal(shown)) => rounded(*sent, *shown),
        (Value::Decimal(sent), Value::Integer(shown)) => rounded(*sent, Decimal::from(*shown)),
        (Value::Money(sent), Value::Money(shown)) => sent.currency == shown.currency && rounded(sent.value, shown.value),
        (Value::Instant(sent), Value::Instant(shown)) => sent.duration_since(*shown).abs() <= jiff::SignedDuration::from_secs(1),
        (Value::Name(sent), Value::Name(shown)) => parts(&name(sent), &name(shown)),
        (Value::Address(sent), Value::Address(shown)) => parts(&address(sent), &address(shown)),
        _ => false,
    }
}

fn name(name: &Name) -> [&str; 2] {
    [&name.first, &name.last]
}

fn address(address: &Address) -> [&str; 5] {
    [&address.street, &address.city, &address.region, &address.postcode, &address.country]
}

/// Each part the same or a form, none of them lost.
fn parts(sent: &[&str], shown: &[&str]) -> bool {
    sent.iter().zip(shown).all(|(sent, shown)| sent == shown || text(sent, shown))
}

/// Cut, trimmed, folded in case, runs of white space made one.
fn text(sent: &str, shown: &str) -> bool {
    if shown.is_empty() {
        return false;
    }
    let fold = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase();
    sent.starts_with(shown) || fold(sent) == fold(shown)
}

fn rounded(sent: Decimal, shown: Decimal) -> bool {
    let places = shown.normalize().scale();
    if places >= sent.normalize().scale() {
        return sent == shown;
    }
    let strategies = [RoundingStrategy::MidpointAwayFromZero, RoundingStrategy::MidpointNearestEven, RoundingStrategy::ToZero];
    // A vendor of two places may show 12.50 as 12.5, so coarser scales are tried up to the one that holds it.
    (places..sent.scale()).any(|places| strategies.iter().any(|how| sent.round_dp_with_strategy(places, *how) == shown))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn losses() {
        let decimal = |text: &str| Value::Decimal(text.parse().expect("a decimal"));
        let yes = [
            (Value::text("Acme Corporation"), Value::text("Acme Corp")),
            (Value::text("Ana@Acme.example"), Value::text("ana@acme.example")),
            (Value::text("a  b "), Value::text("a b")),
            (decimal("12.345"), decimal("12.35")),
            (decimal("12.345"), decimal("12.34")),
            (decimal("12.5"), Value::Integer(13)),
            (decimal("12.499"), decimal("12.5")),
        ];
        for (sent, shown) in yes {
            assert!(is_lossy_form(&sent, &shown), "{sent:?} {shown:?}");
        }
        let no = [
            (Value::text("Acme"), Value::text("Acme")),
            (Value::text("Acme"), Value::text("Acme Corp")),
            (Value::text("Acme"), Value::Blank),
            (decimal("12.345"), decimal("12.36")),
            (decimal("12"), decimal("13")),
        ];
        for (sent, shown) in no {
            assert!(!is_lossy_form(&sent, &shown), "{sent:?} {shown:?}");
        }
    }
}
