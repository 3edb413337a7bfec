//! Canonical bytes of a value, and a hash of them. The bytes are what the store keeps and what fingerprints are made of, so their form never changes.
//!
//! Each value is one tag byte and its content; lengths and integers are written seven bits at a time, smallest first, integers zigzag. Two values that
//! are equal have the same bytes: a decimal loses the zeros at its end.

use jiff::{Timestamp, civil};
use rust_decimal::Decimal;
use sha2::{Digest, Sha256};

use super::{Address, Currency, Money, Name, Str, Value};
use crate::bounds::JSON_DEPTH_MAX;
use crate::id::EntityId;

/// Bytes that are no canonical value: the store is damaged, or from a newer version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("stored bytes are no value: {0}")]
pub struct DecodeError(&'static str);

/// The first eight bytes of SHA-256, big end first: the same on every machine and in every version.
pub fn hash64(bytes: &[u8]) -> u64 {
    let digest = Sha256::digest(bytes);
    u64::from_be_bytes(digest[..8].try_into().expect("a digest has 32 bytes"))
}

const BLANK: u8 = 0;
const FALSE: u8 = 1;
const TRUE: u8 = 2;
const INTEGER: u8 = 3;
const DECIMAL: u8 = 4;
const MONEY: u8 = 5;
const DATE: u8 = 6;
const INSTANT: u8 = 7;
const TEXT: u8 = 8;
const NAME: u8 = 9;
const ADDRESS: u8 = 10;
const REF: u8 = 11;
const SET: u8 = 12;
const LIST: u8 = 13;
const MAP: u8 = 14;

/// Appends the canonical bytes of a value.
pub fn canonical(value: &Value, out: &mut Vec<u8>) {
    match value {
        Value::Blank => out.push(BLANK),
        Value::Boolean(value) => out.push(if *value { TRUE } else { FALSE }),
        Value::Integer(value) => tagged(INTEGER, i128::from(*value), out),
        Value::Decimal(value) => {
            out.push(DECIMAL);
            decimal(*value, out);
        }
        Value::Money(money) => {
            out.push(MONEY);
            out.extend_from_slice(money.currency.as_str().as_bytes());
            decimal(money.value, out);
        }
        Value::Date(date) => {
            let days = i128::from(date.year()) * 512 + i128::from(date.month()) * 32 + i128::from(date.day());
            tagged(DATE, days, out);
        }
        Value::Instant(instant) => {
            out.push(INSTANT);
            signed(i128::from(instant.as_second()), out);
            signed(i128::from(instant.subsec_nanosecond()), out);
        }
        Value::Text(value) => {
            out.push(TEXT);
            text(value, out);
        }
        Value::Name(name) => {
            out.push(NAME);
            text(&name.first, out);
            text(&name.last, out);
        }
        Value::Address(address) => {
            out.push(ADDRESS);
            for (_, part) in address.parts() {
                text(part, out);
            }
        }
        Value::Ref(entity) => tagged(REF, i128::from(entity.0), out),
        Value::Set(items) => many(SET, items, out),
        Value::List(items) => many(LIST, items, out),
        Value::Map(entries) => {
            out.push(MAP);
            unsigned(entries.len() as u128, out);
            for (name, value) in entries {
                text(name, out);
                canonical(value, out);
            }
        }
    }
}

fn many(tag: u8, items: &[Value], out: &mut Vec<u8>) {
    out.push(tag);
    unsigned(items.len() as u128, out);
    for item in items {
        canonical(item, out);
    }
}

fn tagged(tag: u8, number: i128, out: &mut Vec<u8>) {
    out.push(tag);
    signed(number, out);
}

fn decimal(value: Decimal, out: &mut Vec<u8>) {
    let value = value.normalize();
    out.push(u8::try_from(value.scale()).expect("a decimal has at most 28 places"));
    signed(value.mantissa(), out);
}

fn text(value: &str, out: &mut Vec<u8>) {
    unsigned(value.len() as u128, out);
    out.extend_from_slice(value.as_bytes());
}

fn signed(number: i128, out: &mut Vec<u8>) {
    unsigned(((number << 1) ^ (number >> 127)).cast_unsigned(), out);
}

fn unsigned(mut number: u128, out: &mut Vec<u8>) {
    while number > 0x7f {
        out.push((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

/// Whether the bytes of a value are those of a blank.
pub fn is_blank(bytes: &[u8]) -> bool {
    bytes == [BLANK]
}

/// Reads one value and gives the bytes after it.
///
/// # Errors
/// When the bytes were not written by [`canonical`].
pub fn decode(bytes: &[u8]) -> Result<(Value, &[u8]), DecodeError> {
    let mut reader = Reader(bytes);
    let value = reader.value(0)?;
    Ok((value, reader.0))
}

struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    fn value(&mut self, depth: usize) -> Result<Value, DecodeError> {
        if depth > JSON_DEPTH_MAX {
            return Err(DecodeError("nested too deep"));
        }
        Ok(match self.byte()? {
            BLANK => Value::Blank,
            FALSE => Value::Boolean(false),
            TRUE => Value::Boolean(true),
            INTEGER => Value::Integer(self.int()?),
            DECIMAL => Value::Decimal(self.decimal()?),
            MONEY => {
                let code = std::str::from_utf8(self.take(3)?).map_err(|_| DecodeError("currency"))?;
                let currency = Currency::parse(code).map_err(|_| DecodeError("currency"))?;
                Value::Money(Money::new(self.decimal()?, currency))
            }
            DATE => self.date()?,
            INSTANT => {
                let second = self.int()?;
                let nano = i32::try_from(self.signed()?).map_err(|_| DecodeError("instant"))?;
                Value::Instant(Timestamp::new(second, nano).map_err(|_| DecodeError("instant"))?)
            }
            TEXT => Value::Text(self.text()?),
            NAME => Value::Name(Box::new(Name { first: self.text()?, last: self.text()? })),
            ADDRESS => Value::Address(Box::new(Address {
                street: self.text()?,
                city: self.text()?,
                region: self.text()?,
                postcode: self.text()?,
                country: self.text()?,
            })),
            REF => Value::Ref(EntityId(self.int()?)),
            SET => Value::Set(self.many(depth)?),
            LIST => Value::List(self.many(depth)?),
            MAP => {
                let count = self.len()?;
                let mut entries = Vec::new();
                for _ in 0..count {
                    entries.push((self.text()?, self.value(depth + 1)?));
                }
                Value::Map(entries)
            }
            _ => return Err(DecodeError("unknown tag")),
        })
    }

    fn many(&mut self, depth: usize) -> Result<Vec<Value>, DecodeError> {
        let count = self.len()?;
        // No capacity from the bytes: a damaged length must not reserve memory.
        let mut items = Vec::new();
        for _ in 0..count {
            items.push(self.value(depth + 1)?);
        }
        Ok(items)
    }

    fn date(&mut self) -> Result<Value, DecodeError> {
        let packed: i64 = self.int()?;
        let part = |number: i64| i8::try_from(number).map_err(|_| DecodeError("date"));
        let year = i16::try_from(packed.div_euclid(512)).map_err(|_| DecodeError("date"))?;
        let rest = packed.rem_euclid(512);
        Ok(Value::Date(civil::Date::new(year, part(rest / 32)?, part(rest % 32)?).map_err(|_| DecodeError("date"))?))
    }

    fn decimal(&mut self) -> Result<Decimal, DecodeError> {
        let scale = u32::from(self.byte()?);
        Decimal::try_from_i128_with_scale(self.signed()?, scale).map_err(|_| DecodeError("decimal"))
    }

    fn text(&mut self) -> Result<Str, DecodeError> {
        let len = self.len()?;
        let bytes = self.take(len)?;
        Ok(Str::from(std::str::from_utf8(bytes).map_err(|_| DecodeError("text"))?))
    }

    fn len(&mut self) -> Result<usize, DecodeError> {
        usize::try_from(self.unsigned()?).map_err(|_| DecodeError("length"))
    }

    fn int(&mut self) -> Result<i64, DecodeError> {
        i64::try_from(self.signed()?).map_err(|_| DecodeError("integer"))
    }

    fn signed(&mut self) -> Result<i128, DecodeError> {
        let zigzag = self.unsigned()?;
        Ok((zigzag >> 1).cast_signed() ^ -((zigzag & 1).cast_signed()))
    }

    fn unsigned(&mut self) -> Result<u128, DecodeError> {
        let mut number = 0_u128;
        for shift in (0..126).step_by(7) {
            let byte = self.byte()?;
            number |= u128::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(number);
            }
        }
        Err(DecodeError("number"))
    }

    fn byte(&mut self) -> Result<u8, DecodeError> {
        Ok(self.take(1)?[0])
    }

    fn take(&mut self, len: usize) -> Result<&[u8], DecodeError> {
        let (taken, rest) = self.0.split_at_checked(len).ok_or(DecodeError("they end too early"))?;
        self.0 = rest;
        Ok(taken)
    }
}

#[cfg(test)]
mod tests;
