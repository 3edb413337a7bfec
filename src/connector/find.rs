//! Looking records up by one field's value.

use super::Line;
use super::call::read_error;
use super::decode::{Plan, fields};
use super::frame::Frame;
use super::page::doc_of;
use super::rate::Purpose;
use crate::catalog::class::can_find;
use crate::catalog::read::Records;
use crate::catalog::scope::{FIELDS, MATCH_FIELD, MATCH_VALUE};
use crate::expr::Item;
use crate::spec::connector::Verdict;
use crate::system::{FindBy, Read, SystemError};
use crate::value::doc::DocKind;
use crate::value::record::Record;
use crate::value::{Path, Value};

impl Line {
    pub async fn find(&self, read: Read, path: &Path, value: &Value) -> Result<Vec<Record>, SystemError> {
        let local = self.local(&read.object)?;
        let drift = |why: String| SystemError::Drift { connection: self.name.clone(), object: local.name.clone(), why };
        let Some(find) = &local.object.find else { return Err(drift("the connector's file does not say how a record is looked up".into())) };
        let by = local.abilities.find.as_ref();
        if !by.is_some_and(|by| *by == FindBy::Unique || can_find(by, path)) {
            return Err(drift(format!("`{path}` is not among the fields that can be looked up")));
        }
        let field = local.object.field(path).and_then(|field| field.read_at.as_ref()).unwrap_or(path);
        let frame = Frame::new(&self.ground, Some(&local))
            .with(FIELDS, fields(&local, &read.columns))
            .with(MATCH_FIELD, Item::text(field.to_string()))
            .with(MATCH_VALUE, Item::Value(value.clone()));
        let answer = self.call(&find.read.request, &frame, Purpose::Read).await.map_err(|failure| failure.into_error(self))?;
        match answer.judged.is {
            Verdict::Ok => {}
            Verdict::Gone => return Ok(Vec::new()),
            _ => return Err(read_error(self, &local.name, &answer.judged)),
        }
        let seen = answer.frame(&frame);
        let garbled = |why: String| SystemError::Garbled { connection: self.name.clone(), why };
        let item = match &find.read.records {
            Records::Many(pick) | Records::One(pick) => pick.get(&answer.body, &seen).map_err(|fault| garbled(format!("`find`: {fault}")))?,
        };
        let docs: Vec<_> = match (&find.read.records, item.elements()) {
            (Records::Many(_), Some(items)) => items.filter_map(doc_of).collect(),
            (Records::Many(_), None) => return Err(garbled(format!("`records` of `find` should be a list and is {}", item.noun()))),
            (Records::One(_), _) => doc_of(item.clone()).into_iter().collect(),
        };
        let plan = Plan::new(&local, &frame, &read.columns, find.read.key.as_ref(), None);
        docs.iter().filter(|doc| doc.kind() != DocKind::Null).map(|doc| plan.record(&local, &seen, doc).map_err(garbled)).collect()
    }
}
