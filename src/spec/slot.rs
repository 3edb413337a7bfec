//! Texts as somebody wrote them: each keeps its place in the file, and each key of a format takes one kind of slot.

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use rust_decimal::Decimal;
use serde::{Deserialize, Deserializer};

use crate::diag::Span;

mod form;
mod place;

pub use form::{Period, Schedule, Secret, ShareOf};
pub use place::{Place, Run, Runs};

/// The name under which [`Written`] asks the decoder for a scalar with its place.
pub(super) const WRITTEN: &str = "$written";
/// The name under which [`Spanned`] asks the decoder for a value with its place.
pub(super) const SPANNED: &str = "$spanned";

/// A scalar's text and where it stands.
#[derive(Clone)]
pub struct Written {
    text: Arc<str>,
    place: Place,
}

impl Written {
    pub fn new(text: impl Into<Arc<str>>, place: Place) -> Self {
        Self { text: text.into(), place }
    }

    pub fn text(&self) -> &str {
        &self.text
    }

    pub fn span(&self) -> Span {
        self.place.span
    }

    pub(super) fn runs(&self) -> &[Run] {
        self.place.runs.as_slice()
    }

    /// The place of a byte range of the text, through quotes, escapes and folds.
    pub fn locate(&self, range: Range<usize>) -> Span {
        self.place.locate(range)
    }
}

impl std::fmt::Debug for Written {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Debug::fmt(&*self.text, f)
    }
}

/// Two texts are the same wherever they stand.
impl PartialEq for Written {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Written {}

impl<'de> Deserialize<'de> for Written {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_newtype_struct(WRITTEN, place::WrittenVisitor)
    }
}

/// A value and where it stands; for what is not text.
#[derive(Clone, Copy, Debug)]
pub struct Spanned<T> {
    pub value: T,
    pub span: Span,
}

impl<T: PartialEq> PartialEq for Spanned<T> {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

impl<T> std::ops::Deref for Spanned<T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.value
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Spanned<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_newtype_struct(SPANNED, place::SpannedVisitor(std::marker::PhantomData))
    }
}

#[cfg(test)]
impl<T: schemars::JsonSchema> schemars::JsonSchema for Spanned<T> {
    fn inline_schema() -> bool {
        T::inline_schema()
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        T::schema_name()
    }

    fn schema_id() -> std::borrow::Cow<'static, str> {
        T::schema_id()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        T::json_schema(generator)
    }
}

macro_rules! slot {
    ($(#[$doc:meta])* $name:ident, $slot:literal) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
        pub struct $name(Written);

        impl $name {
            pub fn new(written: Written) -> Self {
                Self(written)
            }

            pub fn written(&self) -> &Written {
                &self.0
            }

            pub fn text(&self) -> &str {
                self.0.text()
            }

            pub fn span(&self) -> Span {
                self.0.span()
            }

            /// The place of a byte range of the text.
            pub fn locate(&self, range: Range<usize>) -> Span {
                self.0.locate(range)
            }
        }

        #[cfg(test)]
        impl schemars::JsonSchema for $name {
            fn inline_schema() -> bool {
                true
            }

            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!({ "type": "string", "x-slot": $slot })
            }
        }
    };
}

slot!(
    /// A Jinja expression without braces: `status == 'won'`.
    Expression,
    "expression"
);
slot!(
    /// Plain words with `{{ expression }}` where something is filled in.
    TextSlot,
    "text"
);
slot!(
    /// Where a value lives in a record: `BillingAddress.city`.
    PathSlot,
    "path"
);
slot!(
    /// A name: of a system, a field, a row, an object.
    Name,
    "name"
);
slot!(
    /// A length of time: `30s`, `2m`, `24h`, `90d`.
    DurationSlot,
    "duration"
);
slot!(
    /// A share (`2%`) or a number (`50`).
    Share,
    "share"
);
slot!(
    /// A secret by reference: `${NAME}` from the environment. A literal is refused.
    SecretSlot,
    "secret"
);
slot!(
    /// When runs start by themselves: `every 2m`, `cron 0 */5 * * * *`, `off`.
    ScheduleSlot,
    "schedule"
);
slot!(
    /// A length of time, or `day`: a calendar day of the vendor.
    PeriodSlot,
    "period"
);
slot!(
    /// A day: `2026-11-20`.
    DateSlot,
    "date"
);

/// Slots are read from files only, and the check of a file refuses every text that has no form.
const CHECKED: &str = "the check of the file refuses a text without this form before it is decoded";

impl DurationSlot {
    pub fn duration(&self) -> Duration {
        form::duration(self.text()).expect(CHECKED)
    }
}

impl Share {
    pub fn share(&self) -> ShareOf {
        form::share(self.text()).expect(CHECKED)
    }

    /// How many of `total` this allows.
    pub fn of(&self, total: u64) -> u64 {
        self.share().of(total)
    }
}

impl ShareOf {
    /// How many of `total` this allows, rounded down.
    pub fn of(self, total: u64) -> u64 {
        use rust_decimal::prelude::ToPrimitive;
        match self {
            ShareOf::Count(count) => count,
            ShareOf::Percent(percent) => (Decimal::from(total) * percent / Decimal::ONE_HUNDRED).to_u64().expect("a share is between 0 and 100 percent"),
        }
    }
}

impl ScheduleSlot {
    pub fn schedule(&self) -> Schedule {
        form::schedule(self.text()).expect(CHECKED)
    }
}

impl PeriodSlot {
    pub fn period(&self) -> Period {
        form::period(self.text()).expect(CHECKED)
    }
}

impl SecretSlot {
    /// The environment variable it names.
    pub fn variable(&self) -> &str {
        form::reference(self.text()).expect(CHECKED)
    }
}

impl DateSlot {
    pub fn date(&self) -> jiff::civil::Date {
        form::date(self.text()).expect(CHECKED)
    }
}

/// What is wrong with a text of this slot, and what to write instead; none if it is right.
pub(super) fn fault(slot: &str, text: &str) -> Option<form::Fault> {
    match slot {
        "duration" => form::duration(text).err(),
        "share" => form::share(text).err(),
        "schedule" => form::schedule(text).err(),
        "period" => form::period(text).err(),
        "date" => form::date(text).err(),
        "secret" => form::reference(text).err(),
        "loopback" => form::loopback(text).err(),
        "path" | "name" | "expression" => form::not_empty(text).err(),
        _ => None,
    }
}

/// What is wrong with a text that should name an environment variable.
pub(super) fn reference_fault(text: &str) -> Option<form::Fault> {
    form::reference(text).err()
}
