//! When two values of a kind are the same, which is bigger, and by what form records are matched.

use std::cmp::Ordering;

use super::Kind;
use crate::value::{Value, country, text};

impl Kind {
    /// Whether two values say the same: phones by E.164, countries by code, decimals by amount, e-mail and hosts in any case.
    pub fn same(&self, a: &Value, b: &Value) -> bool {
        self.same_in(a, b, None)
    }

    /// As [`Kind::same`], reading national phone numbers in a country.
    pub fn same_in(&self, a: &Value, b: &Value, country: Option<&str>) -> bool {
        if a == b {
            return true;
        }
        match (self, a, b) {
            (_, Value::Blank, _) | (_, _, Value::Blank) => false,
            (Kind::Email | Kind::Phone | Kind::Url | Kind::Domain | Kind::Country, Value::Text(a), Value::Text(b)) => {
                self.spelling(a, country) == self.spelling(b, country)
            }
            (Kind::Address, Value::Address(a), Value::Address(b)) => {
                let rest = |parts: [(&'static str, &crate::value::Str); 5]| parts[..4].iter().map(|(_, part)| part.to_string()).collect::<Vec<_>>();
                rest(a.parts()) == rest(b.parts()) && same_country(&a.country, &b.country)
            }
            (Kind::Set(kind), Value::Set(a), Value::Set(b)) => {
                let within = |these: &[Value], those: &[Value]| these.iter().all(|this| those.iter().any(|that| kind.same_in(this, that, country)));
                within(a, b) && within(b, a)
            }
            (_, a, b) => match (a.as_decimal(), b.as_decimal()) {
                (Some(a), Some(b)) => a == b,
                _ => false,
            },
        }
    }

    /// The form in which match rules compare: companies without legal form, phones in E.164, domains out of URLs and e-mail.
    ///
    /// `None` for blank, and for what has no such form (a national phone number without a country): it matches nothing.
    pub fn matching(&self, value: &Value) -> Option<String> {
        self.matching_in(value, None)
    }

    /// As [`Kind::matching`], reading national phone numbers in a country.
    pub fn matching_in(&self, value: &Value, country: Option<&str>) -> Option<String> {
        let form = match (self, value) {
            (_, Value::Blank) => return None,
            (Kind::Phone, Value::Text(number)) => text::phone(number, country)?,
            (Kind::Domain, Value::Text(host)) => text::domain(host)?,
            (Kind::Company, Value::Text(name)) => text::company(name),
            (Kind::Name, name) => text::fold(&name.to_string()),
            (Kind::Address, Value::Address(address)) => {
                let mut parts: Vec<String> = address.parts()[..4].iter().map(|(_, part)| text::fold(part)).collect();
                parts.push(country::code(&address.country).map_or_else(|| text::fold(&address.country), str::to_owned));
                parts.join("|")
            }
            (Kind::Set(kind), Value::Set(items)) => {
                let mut forms: Vec<String> = items.iter().map(|item| kind.matching_in(item, country)).collect::<Option<_>>()?;
                forms.sort();
                forms.join("|")
            }
            (Kind::Email | Kind::Url | Kind::Country, Value::Text(spelt)) => self.spelling(spelt, country),
            (Kind::Integer | Kind::Decimal | Kind::Percent, number) => number.as_decimal()?.normalize().to_string(),
            (Kind::Money, Value::Money(money)) => format!("{} {}", money.value.normalize(), money.currency),
            // Keys may differ in nothing but case, so plain text is not folded.
            (_, other) => other.to_string().trim().to_owned(),
        };
        (!form.is_empty()).then_some(form)
    }

    /// Whether `highest`, `lowest`, `<` and `>` mean something.
    pub fn ordered(&self) -> bool {
        matches!(self, Kind::Integer | Kind::Decimal | Kind::Percent | Kind::Money | Kind::Date | Kind::Instant)
    }

    /// Which of two is bigger; `None` for kinds without order, for blanks and for two currencies.
    pub fn compare(&self, a: &Value, b: &Value) -> Option<Ordering> {
        match (a, b) {
            (Value::Date(a), Value::Date(b)) => Some(a.cmp(b)),
            (Value::Instant(a), Value::Instant(b)) => Some(a.cmp(b)),
            (Value::Money(a), Value::Money(b)) => (a.currency == b.currency).then(|| a.value.cmp(&b.value)),
            _ => Some(a.as_decimal()?.cmp(&b.as_decimal()?)),
        }
    }

    fn spelling(&self, spelt: &str, country: Option<&str>) -> String {
        match self {
            Kind::Email => text::email(spelt),
            Kind::Url => text::url(spelt),
            Kind::Domain => text::domain(spelt).unwrap_or_else(|| spelt.trim().to_lowercase()),
            Kind::Country => country::code(spelt).map_or_else(|| text::fold(spelt), str::to_owned),
            Kind::Phone => text::phone(spelt, country).unwrap_or_else(|| text::digits(spelt)),
            _ => spelt.to_owned(),
        }
    }
}

fn same_country(a: &str, b: &str) -> bool {
    a == b || matches!((country::code(a), country::code(b)), (Some(a), Some(b)) if a == b)
}
