//! The names that expressions in a connector file may use, each with its slot; which ones are seen is fixed by the block.

use std::cell::RefCell;

use crate::expr::{Mode, Resolution, Scope, Shape};
use crate::value::Str;

macro_rules! slots {
    ($($slot:ident = $number:literal, $group:ident, $name:literal, $shape:ident;)*) => {
        $(pub const $slot: u32 = $number;)*
        /// Every fixed name: its words, slot, group and shape.
        const FIXED: &[(&str, u32, Group, Shape)] = &[$(($name, $number, Group::$group, Shape::$shape)),*];
    };
}

/// Names that come and go together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Group {
    Always,
    Object,
    Paging,
    Fields,
    Key,
    Keys,
    Match,
    Op,
    Values,
    Answer,
    Read,
    Record,
    Outcome,
    Item,
    Option,
    Error,
    Wire,
    Target,
    Receiver,
    Delivery,
    Identity,
}

slots! {
    CONNECTION_CURRENCY = 1, Always, "connection.currency", Text;
    CONNECTION_COUNTRY = 2, Always, "connection.country", Text;
    CONNECTION_TIME_ZONE = 3, Always, "connection.time_zone", Text;
    OBJECT_NAME = 4, Object, "object.name", Text;
    FIELDS = 10, Fields, "fields", List;
    PAGE_SIZE = 11, Paging, "page.size", Integer;
    PAGE_TOKEN = 12, Paging, "page.token", Any;
    AFTER_TIME = 13, Paging, "after.time", Instant;
    AFTER_KEY = 14, Paging, "after.key", Text;
    WINDOW_FROM = 15, Paging, "window.from", Instant;
    WINDOW_TO = 16, Paging, "window.to", Instant;
    KEY = 20, Key, "key", Text;
    KEYS = 21, Keys, "keys", List;
    ITEMS = 22, Keys, "items", List;
    MATCH_FIELD = 23, Match, "match.field", Text;
    MATCH_VALUE = 24, Match, "match.value", Any;
    OP_ID = 25, Op, "op.id", Text;
    OP_TOKEN = 26, Op, "op.token", Text;
    VALUES = 27, Values, "values", Any;
    VERSION = 28, Values, "version", Any;
    STATUS = 40, Answer, "status", Integer;
    BODY = 41, Answer, "body", Any;
    RECORDS = 42, Read, "records", List;
    NEWEST = 43, Read, "newest", Instant;
    RECORD = 44, Record, "record", Any;
    OUTCOME = 45, Outcome, "outcome", Any;
    ITEM = 46, Item, "item", Any;
    OPTION = 47, Option, "option", Any;
    CODE = 48, Error, "code", Text;
    MESSAGE = 49, Error, "message", Text;
    VALUE = 50, Wire, "value", Any;
    TARGET = 51, Target, "target", Text;
    RECEIVER_URL = 52, Receiver, "receiver.url", Text;
    RECEIVER_SECRET = 53, Receiver, "receiver.secret", Text;
    METHOD = 60, Delivery, "method", Text;
    URL = 61, Delivery, "url", Text;
    QUERY = 62, Delivery, "query", Any;
    DELIVERY = 63, Item, "delivery", Any;
    IDENTITY_KEY = 64, Identity, "key", Text;
}

/// Where the slots of named settings begin: `config.NAME` is `CONFIG` plus its position, and so on.
pub const CONFIG: u32 = 1_000;
pub const TOKEN: u32 = 2_000;
pub const ACCOUNT: u32 = 3_000;
pub const SUBSCRIPTION: u32 = 4_000;
pub const VAR: u32 = 5_000;
pub const HEADER: u32 = 6_000;

/// The names a file declares itself, shared by all its expressions.
#[derive(Debug, Default)]
pub struct Declared {
    pub config: Vec<Str>,
    pub token: Vec<Str>,
    pub account: Vec<Str>,
    pub subscription: Vec<Str>,
    /// Headers asked for with `header('…')`, in the order found.
    pub headers: RefCell<Vec<Str>>,
    /// Which settings any expression reads, by position.
    pub used: RefCell<Vec<usize>>,
}

/// What one block sees.
pub struct Names<'a> {
    pub declared: &'a Declared,
    pub vars: &'a [Str],
    pub groups: &'a [Group],
    pub token: bool,
    /// Names that stand for something else in this block, such as `delivery` for the webhook's raw `body`.
    pub hidden: &'a [&'static str],
}

impl Names<'_> {
    fn fixed(&self) -> impl Iterator<Item = &'static (&'static str, u32, Group, Shape)> {
        FIXED.iter().filter(|(name, _, group, _)| (*group == Group::Always || self.groups.contains(group)) && !self.hidden.contains(name))
    }

    fn families(&self) -> [(&'static str, u32, &[Str]); 5] {
        let empty: &[Str] = &[];
        let object = self.groups.contains(&Group::Object);
        let receiver = self.groups.contains(&Group::Receiver);
        [
            ("config", CONFIG, &self.declared.config),
            ("token", TOKEN, if self.token { &self.declared.token } else { empty }),
            ("account", ACCOUNT, if self.token { &self.declared.account } else { empty }),
            ("subscription", SUBSCRIPTION, if receiver { &self.declared.subscription } else { empty }),
            ("object", VAR, if object { self.vars } else { empty }),
        ]
    }

    fn header(&self, name: &str) -> u32 {
        let mut headers = self.declared.headers.borrow_mut();
        let name = name.to_ascii_lowercase();
        let at = headers.iter().position(|known| *known == name).unwrap_or_else(|| {
            headers.push(Str::from(name));
            headers.len() - 1
        });
        HEADER + u32::try_from(at).expect("a file of one MiB holds fewer headers")
    }
}

impl Scope for Names<'_> {
    fn resolve(&self, chain: &[&str]) -> Resolution {
        let two = chain.len() > 1;
        if two {
            let pair = format!("{}.{}", chain[0], chain[1]);
            if let Some((_, slot, _, shape)) = self.fixed().find(|(name, ..)| *name == pair) {
                return Resolution::Slot { slot: *slot, consumed: 2, shape: shape.clone() };
            }
            for (family, base, names) in self.families() {
                if family == chain[0]
                    && let Some(at) = names.iter().position(|name| *name == chain[1])
                {
                    if family == "config" {
                        self.declared.used.borrow_mut().push(at);
                    }
                    let slot = base + u32::try_from(at).expect("a file of one MiB holds fewer names");
                    return Resolution::Slot { slot, consumed: 2, shape: Shape::Any };
                }
            }
        }
        if let Some((_, slot, _, shape)) = self.fixed().find(|(name, ..)| *name == chain[0]) {
            return Resolution::Slot { slot: *slot, consumed: 1, shape: shape.clone() };
        }
        let wanted = chain[..chain.len().min(2)].join(".");
        let names = self.names();
        let near = crate::diag::suggest::nearest(&wanted, names.iter().map(String::as_str)).map(|near| format!("did you mean `{near}`?"));
        Resolution::Unknown { help: near.or_else(|| crate::diag::suggest::listed(names.iter().map(String::as_str)).map(|list| format!("known here: {list}"))) }
    }

    fn names(&self) -> Vec<String> {
        let families = self.families();
        let own = families.iter().flat_map(|(family, _, names)| names.iter().map(move |name| format!("{family}.{name}")));
        self.fixed().map(|(name, ..)| (*name).to_string()).chain(own).collect()
    }

    fn call(&self, name: &str, args: &[&str]) -> Option<Resolution> {
        let sees = self.groups.contains(&Group::Answer) || self.groups.contains(&Group::Delivery);
        match args {
            [header] if name == "header" && sees => Some(Resolution::Slot { slot: self.header(header), consumed: 0, shape: Shape::Text }),
            _ => None,
        }
    }

    fn mode(&self) -> Mode {
        Mode::Documents
    }
}

/// Whether a slot is filled from data, so that it must not change the shape of a request.
pub fn is_data(slot: u32) -> bool {
    (FIELDS..CONFIG).contains(&slot) || (SUBSCRIPTION..VAR).contains(&slot) || slot >= HEADER
}
