//! Bytes in and out: variable-length numbers, short texts, instants.

use jiff::Timestamp;

use super::{VERSION, value};
use crate::value::Value;

/// A stored form that cannot be read: the file was damaged, or we wrote it wrongly.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the stored {what} cannot be read")]
pub struct Broken {
    pub what: &'static str,
}

/// Builds one stored form.
#[derive(Debug, Default)]
pub struct Writer(pub Vec<u8>);

impl Writer {
    /// Begins a form with its version.
    pub fn begin() -> Self {
        Self(vec![VERSION])
    }

    pub fn byte(&mut self, byte: u8) {
        self.0.push(byte);
    }

    pub fn number(&mut self, mut number: u64) {
        while number >= 0x80 {
            self.0.push(number as u8 | 0x80);
            number >>= 7;
        }
        self.0.push(number as u8);
    }

    pub fn signed(&mut self, number: i64) {
        self.number(((number << 1) ^ (number >> 63)) as u64);
    }

    pub fn text(&mut self, text: &str) {
        self.number(text.len() as u64);
        self.0.extend_from_slice(text.as_bytes());
    }

    /// Whole milliseconds take six bytes; what a vendor tells more finely is kept exactly.
    pub fn instant(&mut self, at: Timestamp) {
        let nanos = at.as_nanosecond();
        let millis = nanos.div_euclid(1_000_000) as i64;
        let rest = nanos.rem_euclid(1_000_000) as u64;
        self.signed((millis << 1) | i64::from(rest != 0));
        if rest != 0 {
            self.number(rest);
        }
    }

    pub fn value(&mut self, value: &Value) {
        value::write(value, &mut self.0);
    }

    pub fn option<T>(&mut self, option: Option<T>, write: impl FnOnce(&mut Self, T)) {
        self.byte(u8::from(option.is_some()));
        if let Some(inner) = option {
            write(self, inner);
        }
    }
}

/// Reads one stored form.
#[derive(Clone, Copy, Debug)]
pub struct Reader<'a> {
    rest: &'a [u8],
    what: &'static str,
}

impl<'a> Reader<'a> {
    /// Begins with the version, which must be one we know.
    pub fn begin(bytes: &'a [u8], what: &'static str) -> Result<Self, Broken> {
        let mut reader = Self { rest: bytes, what };
        if reader.byte()? == VERSION { Ok(reader) } else { Err(reader.broken()) }
    }

    /// Bytes without a version: what never outlives the process.
    pub fn plain(bytes: &'a [u8], what: &'static str) -> Self {
        Self { rest: bytes, what }
    }

    pub fn rest(&self) -> &'a [u8] {
        self.rest
    }

    pub fn broken(&self) -> Broken {
        Broken { what: self.what }
    }

    pub fn is_done(&self) -> bool {
        self.rest.is_empty()
    }

    pub fn byte(&mut self) -> Result<u8, Broken> {
        let (&first, rest) = self.rest.split_first().ok_or(self.broken())?;
        self.rest = rest;
        Ok(first)
    }

    pub fn number(&mut self) -> Result<u64, Broken> {
        let mut number = 0u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(number);
            }
        }
        Err(self.broken())
    }

    pub fn signed(&mut self) -> Result<i64, Broken> {
        let number = self.number()?;
        Ok((number >> 1) as i64 ^ -((number & 1) as i64))
    }

    /// A small number, as counts and ids of systems and fields are.
    pub fn small<T: TryFrom<u64>>(&mut self) -> Result<T, Broken> {
        T::try_from(self.number()?).map_err(|_| self.broken())
    }

    pub fn take(&mut self, count: usize) -> Result<&'a [u8], Broken> {
        let (taken, rest) = self.rest.split_at_checked(count).ok_or(self.broken())?;
        self.rest = rest;
        Ok(taken)
    }

    pub fn text(&mut self) -> Result<&'a str, Broken> {
        let length = self.small()?;
        std::str::from_utf8(self.take(length)?).map_err(|_| self.broken())
    }

    pub fn instant(&mut self) -> Result<Timestamp, Broken> {
        let packed = self.signed()?;
        let rest = if packed & 1 == 1 { self.number()? } else { 0 };
        let nanos = i128::from(packed >> 1) * 1_000_000 + i128::from(rest);
        Timestamp::from_nanosecond(nanos).map_err(|_| self.broken())
    }

    pub fn value(&mut self) -> Result<Value, Broken> {
        let (value, rest) = value::read(self.rest).ok_or(self.broken())?;
        self.rest = rest;
        Ok(value)
    }

    pub fn option<T>(&mut self, read: impl FnOnce(&mut Self) -> Result<T, Broken>) -> Result<Option<T>, Broken> {
        match self.byte()? {
            0 => Ok(None),
            1 => read(self).map(Some),
            _ => Err(self.broken()),
        }
    }
}
