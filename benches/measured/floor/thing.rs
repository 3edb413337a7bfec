//! One record, parsed into the types its twelve fields have.

use std::str::FromStr as _;

use anyhow::Context as _;
use rust_decimal::Decimal;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::things::{STAGES, Side};

/// How many fields are kept.
const FIELDS: usize = 12;
pub const CITY: usize = 6;
pub const QUANTITY: usize = 8;
pub const STAGE: usize = 11;

/// A record as the vendor sends it; the other ten fields are skipped.
#[derive(Deserialize)]
pub struct Sent<'a> {
    id: &'a str,
    version: &'a str,
    modified_at: jiff::Timestamp,
    sku: &'a str,
    name: &'a str,
    email: &'a str,
    phone: &'a str,
    #[serde(borrow)]
    amount: &'a RawValue,
    currency: &'a str,
    close_date: jiff::civil::Date,
    city: &'a str,
    website: &'a str,
    quantity: i64,
    #[serde(borrow)]
    discount: &'a RawValue,
    active: bool,
    stage: &'a str,
}

/// A record as kept: its values one after the other, in a form that is equal where the values are.
#[derive(Debug)]
pub struct Thing {
    pub id: Box<str>,
    pub version: Box<str>,
    pub modified_ms: i64,
    values: Box<[u8]>,
    ends: [u16; FIELDS],
}

impl Thing {
    pub fn new(side: Side, sent: &Sent<'_>) -> anyhow::Result<Thing> {
        let mut values = Vec::with_capacity(256);
        let mut ends = [0; FIELDS];
        let mut nth = 0;
        let mut keep = |bytes: &[&[u8]]| {
            bytes.iter().for_each(|bytes| values.extend_from_slice(bytes));
            ends[nth] = values.len() as u16;
            nth += 1;
        };
        keep(&[sent.sku.as_bytes()]);
        keep(&[sent.name.as_bytes()]);
        keep(&[sent.email.as_bytes()]);
        keep(&[sent.phone.as_bytes()]);
        keep(&[&Decimal::from_str(sent.amount.get())?.normalize().serialize(), sent.currency.as_bytes()]);
        let date = sent.close_date;
        keep(&[&date.year().to_be_bytes(), &[date.month() as u8, date.day() as u8]]);
        keep(&[sent.city.as_bytes()]);
        keep(&[sent.website.as_bytes()]);
        keep(&[&sent.quantity.to_be_bytes()]);
        keep(&[&Decimal::from_str(sent.discount.get())?.normalize().serialize()]);
        keep(&[&[u8::from(sent.active)]]);
        keep(&[&[stage(side, sent.stage).with_context(|| format!("the stage of {} is unknown", sent.id))?]]);
        Ok(Thing { id: sent.id.into(), version: sent.version.into(), modified_ms: sent.modified_at.as_millisecond(), values: values.into(), ends })
    }

    pub fn value(&self, field: usize) -> &[u8] {
        let start = field.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.values[usize::from(start)..usize::from(self.ends[field])]
    }

    pub fn sku(&self) -> &str {
        std::str::from_utf8(self.value(0)).expect("kept from a text")
    }

    pub fn values(&self) -> &[u8] {
        &self.values
    }

    /// The fields that differ, as the right vendor spells the left's values.
    pub fn differences(&self, other: &Thing) -> anyhow::Result<Vec<(&'static str, serde_json::Value)>> {
        if self.values == other.values {
            return Ok(Vec::new());
        }
        (0..FIELDS)
            .filter(|field| self.value(*field) != other.value(*field))
            .map(|field| match field {
                CITY => Ok(("city", std::str::from_utf8(self.value(field))?.into())),
                QUANTITY => Ok(("quantity", i64::from_be_bytes(self.value(field).try_into()?).into())),
                STAGE => Ok(("stage", STAGES[Side::Right as usize][usize::from(self.value(field)[0])].into())),
                other => anyhow::bail!("field {other} of {} differs, and the vendors differ in others only", self.id),
            })
            .collect()
    }
}

fn stage(side: Side, spelt: &str) -> Option<u8> {
    STAGES[side as usize].iter().position(|stage| *stage == spelt).map(|at| at as u8)
}
