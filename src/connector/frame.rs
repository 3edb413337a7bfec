//! What expressions see while a request is built or an answer is read: settings below, the call's own values above.

use std::sync::Arc;

use http::HeaderMap;

use super::spell::Speller;
use super::token::Token;
use crate::catalog::scope::{
    ACCOUNT, CONFIG, CONNECTION_COUNTRY, CONNECTION_CURRENCY, CONNECTION_TIME_ZONE, FIELDS, HEADER, ITEMS, KEYS, OBJECT_NAME, SUBSCRIPTION, TOKEN, VAR,
};
use crate::catalog::{Connector, object::Object};
use crate::expr::{Env, Fault, Host, Item};
use crate::id::ObjectName;
use crate::value::Str;

/// What stays the same for a connection.
pub struct Ground {
    pub connector: Arc<Connector>,
    /// By position in `config`.
    pub config: Vec<Item>,
    pub currency: Option<crate::value::Currency>,
    pub country: Option<Str>,
    pub time_zone: Option<Str>,
    /// `account.id` and what else was kept of the account.
    pub account: std::sync::Mutex<Vec<Item>>,
}

/// One object with its variables filled in.
pub struct Local {
    pub name: ObjectName,
    pub object: Arc<Object>,
    pub vars: Vec<Item>,
    pub abilities: Arc<crate::system::Abilities>,
}

/// The values of one call, over those of another, over the ground.
#[derive(Clone)]
pub struct Frame<'a> {
    ground: &'a Ground,
    local: Option<&'a Local>,
    token: Option<Arc<Token>>,
    headers: Option<&'a HeaderMap>,
    own: Vec<(u32, Item)>,
}

/// The values of one call.
pub struct Own(Vec<(u32, Item)>);

impl<'a> Frame<'a> {
    pub fn new(ground: &'a Ground, local: Option<&'a Local>) -> Self {
        Frame { ground, local, token: None, headers: None, own: Vec::new() }
    }

    /// The values of this call alone, for [`Frame::having`].
    pub fn into_own(self) -> Own {
        Own(self.own)
    }

    /// Takes the values of a call that were kept apart from what they stand on.
    pub fn having(mut self, own: Own) -> Self {
        self.own = own.0;
        self
    }

    pub fn ground(&self) -> &'a Ground {
        self.ground
    }

    /// Gives a slot a value, in place of an older one.
    pub fn set(&mut self, slot: u32, item: impl Into<Item>) -> &mut Self {
        let item = item.into();
        match self.own.iter_mut().find(|(known, _)| *known == slot) {
            Some(entry) => entry.1 = item,
            None => self.own.push((slot, item)),
        }
        self
    }

    pub fn with(mut self, slot: u32, item: impl Into<Item>) -> Self {
        self.set(slot, item);
        self
    }

    /// The same without what only the request of a whole batch needs: a copy for each of its ops would cost the square of the batch.
    pub fn for_one(&self) -> Self {
        let batch = [FIELDS, ITEMS, KEYS];
        let own = self.own.iter().filter(|(slot, _)| !batch.contains(slot)).cloned().collect();
        Frame { ground: self.ground, local: self.local, token: self.token.clone(), headers: self.headers, own }
    }

    pub fn with_token(mut self, token: Arc<Token>) -> Self {
        self.token = Some(token);
        self
    }

    pub fn with_headers<'b>(&self, headers: &'b HeaderMap) -> Frame<'b>
    where
        'a: 'b,
    {
        Frame { ground: self.ground, local: self.local, token: self.token.clone(), headers: Some(headers), own: self.own.clone() }
    }

    /// A speller for this connection's vendor.
    fn speller(&self) -> Speller<'a> {
        Speller { ground: self.ground }
    }
}

impl Env for Frame<'_> {
    fn slot(&self, slot: u32) -> Item {
        if let Some((_, item)) = self.own.iter().find(|(known, _)| *known == slot) {
            return item.clone();
        }
        let at = |items: &[Item], base: u32| items.get((slot - base) as usize).cloned().unwrap_or(Item::BLANK);
        match slot {
            CONNECTION_CURRENCY => self.ground.currency.map_or(Item::BLANK, |currency| Item::text(currency.as_str())),
            CONNECTION_COUNTRY => self.ground.country.as_ref().map_or(Item::BLANK, Item::text),
            CONNECTION_TIME_ZONE => self.ground.time_zone.as_ref().map_or(Item::BLANK, Item::text),
            OBJECT_NAME => self.local.map_or(Item::BLANK, |local| Item::text(local.name.as_str())),
            HEADER.. => {
                let name = self.ground.connector.headers.get((slot - HEADER) as usize);
                let value = name.and_then(|name| self.headers?.get(name.as_str())?.to_str().ok());
                value.map_or(Item::BLANK, Item::text)
            }
            VAR.. => self.local.map_or(Item::BLANK, |local| at(&local.vars, VAR)),
            SUBSCRIPTION.. => Item::BLANK,
            ACCOUNT.. => at(&self.ground.account.lock().expect("no holder of this lock can panic"), ACCOUNT),
            TOKEN.. => self.token.as_ref().map_or(Item::BLANK, |token| at(&token.saved, TOKEN)),
            CONFIG.. => at(&self.ground.config, CONFIG),
            _ => Item::BLANK,
        }
    }

    fn host(&self) -> Option<&dyn Host> {
        Some(self)
    }
}

impl Host for Frame<'_> {
    fn quoted(&self, value: &crate::value::Value) -> Result<Str, String> {
        self.speller().quoted(value)
    }

    fn wire(&self, value: &crate::value::Value) -> Result<Item, String> {
        self.speller().natural(value)
    }
}

/// An item as text, if it is one or a number; null is none.
pub fn word(item: &Item) -> Option<Str> {
    if item.is_blank() {
        return None;
    }
    item.to_text().ok().map(Str::from)
}

/// Evaluates an optional expression to text; an expression that faults gives none, because answers may hold anything.
pub fn maybe_word(program: Option<&crate::expr::Program>, env: &dyn Env) -> Option<Str> {
    program.and_then(|program| program.eval(env).ok()).as_ref().and_then(word)
}

/// Why a text or expression of the connector file could not be filled in, for people.
pub fn fault(block: &str, fault: &Fault) -> String {
    format!("`{block}` cannot be evaluated: {fault}")
}
