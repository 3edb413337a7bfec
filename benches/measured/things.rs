//! The records both vendors hold: some 0.9 KB and 22 fields each, made from their number, so that a million of them need no memory.

use std::collections::BTreeMap;
use std::io::Write as _;

/// When the first record was last changed before anything was measured, in milliseconds since 1970; record `i` follows `i` ms later.
pub const BEGINNING_MS: i64 = 1_767_225_600_000;
/// Coprime to every size that is measured: the right vendor holds the same things in another order, as real systems do.
const STRIDE: u64 = 7_919;

pub const STAGES: [[&str; 4]; 2] = [["new", "open", "won", "lost"], ["New", "In progress", "Closed won", "Closed lost"]];
const FILLER: &str = "Kept by the account team; the terms were agreed in writing and are renewed every twelve months unless either side \
    gives notice ninety days before. Deliveries go to the warehouse in the north, invoices to the shared mailbox, and questions about \
    the order of goods to the desk that opened it first, by letter or by telephone.";

/// One of the two vendors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    Left,
    Right,
}

impl Side {
    pub const BOTH: [Side; 2] = [Side::Left, Side::Right];

    pub fn letter(self) -> char {
        match self {
            Side::Left => 'L',
            Side::Right => 'R',
        }
    }
}

/// What was written to a record, or edited in it, since the beginning.
#[derive(Clone, Debug, Default)]
pub struct Changed {
    pub at_ms: i64,
    pub version: u32,
    /// Raw JSON by field.
    pub values: BTreeMap<String, String>,
}

/// How many things there are, and in which order each side holds them.
#[derive(Clone, Copy, Debug)]
pub struct Things {
    pub count: u32,
}

impl Things {
    pub fn new(count: u32) -> Things {
        assert!(u64::from(count) % STRIDE != 0, "the number of records must not be a multiple of {STRIDE}");
        Things { count }
    }

    /// Which thing a side's record is.
    pub fn thing(&self, side: Side, index: u32) -> u32 {
        match side {
            Side::Left => index,
            Side::Right => (u64::from(index) * STRIDE % u64::from(self.count)) as u32,
        }
    }

    /// Writes one record as JSON.
    pub fn write(&self, out: &mut Vec<u8>, side: Side, index: u32, changed: Option<&Changed>) {
        let thing = self.thing(side, index);
        // Every tenth thing differs on the right, in one of three fields.
        let differs = |nth: u32| side == Side::Right && thing % 30 == nth;
        let stage = STAGES[side as usize][((thing + u32::from(differs(23))) % 4) as usize];
        let city = if differs(3) { "Old Town" } else { "New Haven" };
        let mut record = Record { out, values: changed.map(|changed| &changed.values), first: true };
        record.field("id", format_args!("\"{}{index:09}\"", side.letter()));
        record.field("version", format_args!("\"v{:07}\"", changed.map_or(1, |changed| changed.version)));
        record.field("modified_at", format_args!("\"{}\"", instant(changed.map_or(BEGINNING_MS + i64::from(index), |changed| changed.at_ms))));
        record.field("created_at", format_args!("\"2025-11-03T08:15:30.000Z\""));
        record.field("sku", format_args!("\"SKU-{thing:09}\""));
        record.field("name", format_args!("\"Harbour Works {thing:09} Limited\""));
        record.field("email", format_args!("\"office{thing:09}@works.example\""));
        record.field("phone", format_args!("\"+14152{:06}\"", thing % 1_000_000));
        record.field("amount", format_args!("{}.{:02}", 1_000 + thing % 90_000, thing % 100));
        record.field("currency", format_args!("\"EUR\""));
        record.field("close_date", format_args!("\"2026-{:02}-{:02}\"", 1 + thing % 12, 1 + thing % 28));
        record.field("stage", format_args!("\"{stage}\""));
        record.field("city", format_args!("\"{city} {:05}\"", thing % 100_000));
        record.field("website", format_args!("\"https://www.works{thing:09}.example/\""));
        record.field("quantity", format_args!("{}", 1 + thing % 500 + u32::from(differs(13))));
        record.field("discount", format_args!("{}.5", thing % 40));
        record.field("active", format_args!("{}", !thing.is_multiple_of(7)));
        record.field("owner", format_args!("\"user{:03}@{}.example\"", thing % 200, side.letter()));
        record.field("source", format_args!("\"Partner referral\""));
        record.field("postcode", format_args!("\"{:05}\"", thing % 99_999));
        record.field("region", format_args!("\"North West {:02}\"", thing % 40));
        record.field("description", format_args!("\"{FILLER}\""));
        out.push(b'}');
    }
}

struct Record<'a> {
    out: &'a mut Vec<u8>,
    values: Option<&'a BTreeMap<String, String>>,
    first: bool,
}

impl Record<'_> {
    fn field(&mut self, name: &str, value: std::fmt::Arguments<'_>) {
        self.out.push(if self.first { b'{' } else { b',' });
        self.first = false;
        self.out.push(b'"');
        self.out.extend_from_slice(name.as_bytes());
        self.out.extend_from_slice(b"\":");
        match self.values.and_then(|values| values.get(name)) {
            Some(value) => self.out.extend_from_slice(value.as_bytes()),
            None => self.out.write_fmt(value).expect("a vector takes every byte"),
        }
    }
}

/// An instant as both vendors spell it.
pub fn instant(ms: i64) -> String {
    let time = jiff::Timestamp::from_millisecond(ms).expect("times of this benchmark are of this century");
    format!("{time:.3}")
}

/// The number of a record, from its key.
pub fn number(key: &str) -> Option<u32> {
    key.get(1..)?.parse().ok()
}
