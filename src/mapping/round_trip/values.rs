//! Values of each type that are easily hurt on the way: long, blank, zero, in need of rounding, beyond ASCII, in the gap of a clock change, each row.

use crate::mapping::Field;
use crate::value::money::{Currency, Money};
use crate::value::time::Zone;
use crate::value::{Address, Kind, Name, Str, Value};

/// Longer than any field of a vendor that has a length at all.
const LONG_CHARACTERS: usize = 5_000;

/// Values of the field, the plainest first; amounts in `currency`, too.
pub(super) fn of(field: &Field, currency: Option<Currency>) -> Vec<Value> {
    let kind = if let Kind::Set(of) = &field.kind { of } else { &field.kind };
    let single: Vec<Value> = match &field.rows {
        Some(rows) => rows.names().map(|name| Value::Text(name.clone())).collect(),
        None => plain(kind, currency),
    };
    let mut values = vec![Value::Blank];
    if field.is_set() {
        values.push(Value::set(single.iter().cloned()));
        values.extend(single.into_iter().map(|one| Value::set([one])));
    } else {
        values.extend(single);
    }
    values
}

fn plain(kind: &Kind, currency: Option<Currency>) -> Vec<Value> {
    let read = |texts: &[&str]| texts.iter().filter_map(|text| kind.read(text, &Zone::utc()).ok()).collect::<Vec<_>>();
    match kind {
        Kind::Text => {
            let long = Value::text("Zoë ".repeat(LONG_CHARACTERS / 4));
            let mut texts = read(&["Acme", "0", "true", "2026-03-31", "Zoë & 株式会社 🦀", "a,b;c", "two\nlines", "  kept  apart  "]);
            texts.push(long);
            texts
        }
        Kind::Integer => read(&["0", "1", "-1", "9007199254740993"]),
        Kind::Decimal | Kind::Percent => read(&["0", "0.1", "-12.345", "0.005", "1234567890123.45"]),
        Kind::Money => money(currency),
        Kind::Boolean => read(&["true", "false"]),
        Kind::Date => read(&["2026-03-31", "2024-02-29", "2026-03-29", "2018-11-04", "1899-12-31"]),
        Kind::Instant => read(&["2026-03-31T09:30:00Z", "2026-03-29T01:30:00Z", "2026-10-25T00:30:00.123456Z", "1999-12-31T23:59:59.999Z"]),
        Kind::Email => read(&["ana.li@acme.example", "Ana.Li+deals@Acme.example"]),
        Kind::Phone => read(&["+49 30 1234567", "030 1234567", "+1 (212) 555-0100 ext. 7"]),
        Kind::Url => read(&["https://acme.example", "https://acme.example/Deals?id=1&b=%20#top"]),
        Kind::Domain => read(&["acme.example", "www.bücher.example"]),
        Kind::Country => read(&["DE", "Germany", "Côte d'Ivoire"]),
        Kind::Company => read(&["Acme GmbH", "Müller & Söhne GmbH & Co. KG", "株式会社アクメ"]),
        Kind::Name => [("Ana", "Li"), ("Jan", "van der Berg"), ("Mary Ann", "Smith"), ("", "Cher"), ("Ana", "")].map(named).to_vec(),
        Kind::Address => {
            [("1 Main St", "Springfield", "IL", "62701", "US"), ("c/o Meyer\nHauptstraße 1", "Köln", "", "50667", "DE"), ("", "Singapore", "", "", "SG")]
                .map(addressed)
                .to_vec()
        }
        Kind::Ref(_) | Kind::Set(_) => Vec::new(),
    }
}

fn money(currency: Option<Currency>) -> Vec<Value> {
    let spelt = |code: &str| Currency::parse(code).ok();
    let currencies = currency.into_iter().chain(["EUR", "USD", "JPY"].into_iter().filter_map(spelt));
    let amounts = ["12.50", "0", "-0.01", "0.005", "1234567890123.45"];
    currencies.flat_map(|currency| amounts.iter().filter_map(move |amount| Some(Value::Money(Money::new(amount.parse().ok()?, currency))))).collect()
}

fn named((first, last): (&str, &str)) -> Value {
    Value::name(Name { first: Str::from(first), last: Str::from(last) })
}

fn addressed((street, city, region, postcode, country): (&str, &str, &str, &str, &str)) -> Value {
    let text = |part: &str| Str::from(part);
    Value::address(Address { street: text(street), city: text(city), region: text(region), postcode: text(postcode), country: text(country) })
}
