//! tmp
use std::{collections::BTreeMap, sync::Arc};
use super::{call::{Call, Reply}, look_alike::{Base, By, LookAlike, Refusal}, store::{Fields, Record}};
pub struct PartnerStack { base: Base }
impl PartnerStack { pub fn new(base: Base) -> Self { base.declare(&[]); Self { base } } }
#[async_trait::async_trait]
impl LookAlike for PartnerStack {
    fn base(&self) -> &Base { &self.base }
    fn config(&self) -> BTreeMap<String, String> { BTreeMap::new() }
    async fn answer(&self, _c: Call) -> Reply { Reply::empty(500) }
    fn rate_limited(&self) -> Reply { Reply::empty(403) }
    fn objects(&self) -> Vec<&'static str> { vec!["partnerships"] }
    fn create(&self, object: &str, fields: Fields, by: &By) -> Result<Arc<Record>, Refusal> {
        Ok(self.base.write(by, |w| { let k = format!("{object}{}", w.store().version()); w.create(object, &k, fields) }))
    }
    fn update(&self, _: &str, _: &str, _: Fields, _: &By) -> Result<Arc<Record>, Refusal> { Err(Refusal::new(500, "x")) }
    fn delete(&self, _: &str, _: &str, _: &By) -> Result<Arc<Record>, Refusal> { Err(Refusal::new(500, "x")) }
    fn restore(&self, _: &str, _: &str, _: &By) -> Result<Arc<Record>, Refusal> { Err(Refusal::new(500, "x")) }
}
