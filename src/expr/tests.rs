use std::sync::Arc;

use super::*;
use crate::value::{Doc, Money, Value};
use proptest::prelude::*;

mod bounds;
mod check;
mod meaning;

/// A scope and its values in one table: name, shape, value.
struct Table {
    mode: Mode,
    rows: Vec<(&'static str, Shape, Item)>,
}

impl Scope for Table {
    fn resolve(&self, chain: &[&str]) -> Resolution {
        for consumed in (1..=chain.len()).rev() {
            let name = chain[..consumed].join(".");
            if let Some(slot) = self.rows.iter().position(|(row, _, _)| *row == name) {
                return Resolution::Slot { slot: u32::try_from(slot).expect("few rows"), consumed, shape: self.rows[slot].1.clone() };
            }
        }
        Resolution::Unknown { help: None }
    }

    fn names(&self) -> Vec<String> {
        self.rows.iter().map(|(name, _, _)| (*name).to_owned()).collect()
    }

    fn call(&self, name: &str, args: &[&str]) -> Option<Resolution> {
        match (name, args) {
            ("deleted", ["crm"]) => Some(Resolution::Slot { slot: 0, consumed: 1, shape: Shape::Boolean }),
            ("deleted", _) => Some(Resolution::Unknown { help: Some("systems are crm, prm".into()) }),
            _ => None,
        }
    }

    fn mode(&self) -> Mode {
        self.mode
    }
}

impl Env for Table {
    fn slot(&self, slot: u32) -> Item {
        self.rows[slot as usize].2.clone()
    }

    fn host(&self) -> Option<&dyn Host> {
        (self.mode == Mode::Documents).then_some(self as &dyn Host)
    }
}

impl Host for Table {
    fn quoted(&self, value: &Value) -> Result<Str, String> {
        let text = value.to_string();
        if text.contains('\0') { Err("a zero cannot be quoted".into()) } else { Ok(format!("'{}'", text.replace('\'', "\\'")).into()) }
    }

    fn wire(&self, value: &Value) -> Result<Item, String> {
        Ok(Item::text(format!("wire:{value}")))
    }
}

fn money(text: &str) -> Item {
    let (amount, code) = text.split_once(' ').expect("amount and code");
    Item::Value(Value::Money(Money::new(amount.parse().expect("amount"), crate::value::Currency::parse(code).expect("code"))))
}

/// What a mapping sees of an entity.
fn entity() -> Table {
    let stages = Shape::choice(["submitted", "approved", "won"]);
    Table {
        mode: Mode::Strict,
        rows: vec![
            ("gone", Shape::Boolean, Item::boolean(true)),
            ("name", Shape::Text, Item::text("Acme")),
            ("nothing", Shape::Text, Item::BLANK),
            ("unread", Shape::Text, Item::Unread),
            ("count", Shape::Integer, Item::integer(3)),
            ("share", Shape::Number, Item::Value(Value::Decimal("0.1".parse().expect("decimal")))),
            ("amount", Shape::Money, money("12.50 EUR")),
            ("dollars", Shape::Money, money("1 USD")),
            ("status", stages, Item::text("approved")),
            ("partner", Shape::Entity, Item::Value(Value::Ref(crate::id::EntityId(7)))),
            ("partner.tier", Shape::Text, Item::text("gold")),
            ("closed", Shape::Date, Item::Value(Value::Date("2026-03-31".parse().expect("date")))),
            ("seen", Shape::Instant, Item::Value(Value::Instant("2026-03-31T09:00:00Z".parse().expect("instant")))),
            ("tags", Shape::List, Item::Value(Value::set([Value::text("a"), Value::text("b")]))),
            ("raw", Shape::Any, Item::text("10")),
            ("full_name", Shape::Name, Item::Value(Value::name(crate::value::Name { first: "Jane".into(), last: "Berg".into() }))),
            ("blank_number", Shape::Number, Item::BLANK),
            ("today", Shape::Date, Item::Value(Value::Date("2026-04-15".parse().expect("date")))),
        ],
    }
}

/// What a connector sees of an answer.
fn answer() -> Table {
    let body = br#"{"results":[{"id":1,"name":"a"},{"id":2,"name":"b","x":{"y":"q"}}],"paging":{"next":{"after":"abc"}},"status":400,"code":"","zero":0,
        "@odata.etag":"W/1","error":["UserError",["m","d"]],"at":"2026-03-31T09:00:00Z","amount":12.50,"yes":true}"#;
    let doc = |text: &[u8]| Item::Doc(Doc::new(bytes::Bytes::copy_from_slice(text)).expect("json"));
    Table {
        mode: Mode::Documents,
        rows: vec![
            ("body", Shape::Any, doc(body)),
            ("status", Shape::Integer, Item::integer(200)),
            ("object.name", Shape::Text, Item::text("results")),
            ("key", Shape::Text, Item::text("it's 1/2")),
            ("window.to", Shape::Instant, Item::Value(Value::Instant("2026-03-31T10:00:00.5Z".parse().expect("instant")))),
            ("fields", Shape::List, Item::List(vec![Item::text("Id"), Item::text("Name")])),
            ("page.token", Shape::Any, Item::BLANK),
            ("unread", Shape::Any, Item::Unread),
        ],
    }
}

fn eval(source: &str, table: &Table) -> Result<Item, String> {
    let program = Program::compile(source, table, &Want::any()).map_err(|problems| problems[0].message.clone())?;
    program.eval(table).map_err(|fault| fault.to_string())
}

/// Asserts what expressions give, as text; `-` is blank.
fn gives(table: &Table, cases: &[(&str, &str)]) {
    for (source, want) in cases {
        let item = eval(source, table).unwrap_or_else(|message| panic!("{source}: {message}"));
        let text = if item == Item::BLANK || item.is_blank() { "-".to_owned() } else { item.to_text().expect("nothing unread").into_owned() };
        assert_eq!(text, *want, "{source}");
    }
}
