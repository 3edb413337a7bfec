//! Lists: `$filter`, `$orderby`, `$select`, `$expand`, `$top`, `$skip`, `$count`, and pages as the server drives them.

use std::cmp::Ordering;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::super::call::{Call, Reply};
use super::super::store::{Record, Shelf, Store};
use super::filter::{Filter, known};
use super::refused::Refused;
use super::schema::{self, Edm, Set};
use super::{BusinessCentral, LOCAL_CURRENCY};

/// Rows of a page unless fewer are preferred.
const PAGE_MAX: usize = 20_000;

/// A sorted row: its sort values, its place in creation order, and the record.
type Row = (Vec<Value>, usize, Arc<Record>);

pub(super) struct Query {
    filter: Option<Filter>,
    order: Vec<(String, bool)>,
    select: Option<Vec<String>>,
    expand: Vec<String>,
    top: Option<usize>,
    skip: usize,
    count: bool,
    page: usize,
    /// Sort values and place of the last row served.
    after: Option<(Vec<Value>, usize)>,
    /// Rows served on the pages before.
    served: usize,
}

impl Query {
    pub fn read(call: &Call, set: &Set) -> Result<Self, Refused> {
        let number = |name: &str| match call.parameter(name) {
            None => Ok(None),
            Some(text) => text.parse::<usize>().map(Some).map_err(|_| Refused::bad_url(format!("The value of {name} must be a whole number."))),
        };
        let names = |name: &str| {
            call.parameter(name).map(|text| text.split(',').map(|part| part.trim().to_owned()).filter(|part| !part.is_empty()).collect::<Vec<_>>())
        };
        for (name, _) in call.query.iter().filter(|(name, _)| name.starts_with('$')) {
            if !["$filter", "$orderby", "$select", "$expand", "$top", "$skip", "$count", "$skiptoken", "$schemaversion"].contains(&name.as_str()) {
                return Err(Refused::bad_url(format!("The query parameter '{name}' is not supported.")));
            }
        }
        let filter = call.parameter("$filter").filter(|text| !text.trim().is_empty()).map(|text| Filter::parse(text, set)).transpose()?;
        let mut order = Vec::new();
        for part in names("$orderby").unwrap_or_default() {
            let (name, way) = part.split_once(' ').unwrap_or((&part, "asc"));
            known(set, name)?;
            order.push((name.to_owned(), way.trim() == "desc"));
        }
        let select = names("$select").filter(|all| !all.is_empty());
        for name in select.iter().flatten() {
            known(set, name)?;
        }
        let expand = names("$expand").unwrap_or_default();
        if let Some(wrong) = expand.iter().find(|name| *name != "salesOrderLines" || set.name != "salesOrders") {
            return Err(Refused::bad_url(format!("Could not find a property named '{wrong}' on type 'Microsoft.NAV.{}'.", set.entity)));
        }
        let preferred = call.header("prefer").into_iter().flat_map(|prefer| prefer.split(',')).find_map(|part| part.trim().strip_prefix("odata.maxpagesize="));
        let page = preferred.and_then(|text| text.trim_matches('"').parse::<usize>().ok()).unwrap_or(PAGE_MAX).clamp(1, PAGE_MAX);
        let token = call.parameter("$skiptoken").map(|token| read_token(token).ok_or_else(|| Refused::bad_url("The $skiptoken is not valid."))).transpose()?;
        let (after, served) = token.map_or((None, 0), |(values, place, served)| (Some((values, place)), served));
        Ok(Self {
            filter,
            order,
            select,
            expand,
            top: number("$top")?,
            skip: number("$skip")?.unwrap_or(0),
            count: call.parameter("$count") == Some("true"),
            page,
            after,
            served,
        })
    }

    pub fn shown(&self, store: &Store, set: &Set, record: &Record) -> Value {
        let mut all = shown(set, record);
        if let Some(select) = &self.select {
            all.retain(|name, _| name.starts_with('@') || select.contains(name));
        }
        if !self.expand.is_empty() {
            let lines = store.shelf("salesOrderLines").find("documentId", &record.key).unwrap_or_default();
            let lines_set = schema::set("salesOrderLines");
            let lines = lines_set.map(|set| lines.iter().map(|line| Value::Object(shown(set, line))).collect::<Vec<_>>());
            all.insert("salesOrderLines".to_owned(), json!(lines.unwrap_or_default()));
        }
        Value::Object(all)
    }
}

fn token(row: &Row, served: usize) -> String {
    URL_SAFE_NO_PAD.encode(json!([row.0, row.1, served]).to_string())
}

fn read_token(token: &str) -> Option<(Vec<Value>, usize, usize)> {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(token).ok()?).ok()
}

/// The vendor's milliseconds, without zeros at their end.
pub(super) fn instant(at: Timestamp) -> String {
    at.round(jiff::Unit::Millisecond).unwrap_or(at).to_string()
}

pub(super) fn etag(record: &Record) -> String {
    // Opaque, and not guessable from one version to the next.
    let inside = format!("20;{};1;00;", record.version.wrapping_mul(0x9E37_79B9_7F4A_7C15));
    format!("W/\"{}\"", base64::engine::general_purpose::STANDARD.encode(inside))
}

/// The record as the API shows it.
pub(super) fn shown(set: &Set, record: &Record) -> Map<String, Value> {
    let mut all = Map::new();
    all.insert("@odata.etag".to_owned(), json!(etag(record)));
    all.insert("id".to_owned(), json!(&*record.key));
    for property in set.properties {
        all.insert(property.name.to_owned(), held(record, property.name, property.edm));
    }
    all.insert("lastModifiedDateTime".to_owned(), json!(instant(record.modified)));
    all
}

fn held(record: &Record, name: &str, edm: Edm) -> Value {
    match record.fields.get(name) {
        // Shown with its code though empty inside.
        Some(Value::String(text)) if name == "currencyCode" && text.is_empty() => json!(LOCAL_CURRENCY),
        Some(value) => value.clone(),
        None => edm.blank(),
    }
}

fn value(set: &Set, record: &Record, name: &str) -> Value {
    match name {
        "id" => json!(&*record.key),
        "lastModifiedDateTime" => json!(instant(record.modified)),
        name => set.property(name).map_or(Value::Null, |property| held(record, name, property.edm)),
    }
}

fn ordered(left: &Value, right: &Value) -> Ordering {
    match (left, right) {
        (Value::String(left), Value::String(right)) => match (left.parse::<Timestamp>(), right.parse::<Timestamp>()) {
            (Ok(left), Ok(right)) => left.cmp(&right),
            _ => left.cmp(right),
        },
        (Value::Number(left), Value::Number(right)) => left.as_f64().partial_cmp(&right.as_f64()).unwrap_or(Ordering::Equal),
        (Value::Bool(left), Value::Bool(right)) => left.cmp(right),
        _ => Ordering::Equal,
    }
}

fn placed(order: &[(String, bool)], left: (&[Value], usize), right: (&[Value], usize)) -> Ordering {
    for (nth, (_, descending)) in order.iter().enumerate() {
        let by = match (left.0.get(nth), right.0.get(nth)) {
            (Some(left), Some(right)) => ordered(left, right),
            _ => Ordering::Equal,
        };
        let by = if *descending { by.reverse() } else { by };
        if by != Ordering::Equal {
            return by;
        }
    }
    left.1.cmp(&right.1)
}

/// Answers a list of the set, of one document's lines when `parent` is given.
pub(super) fn list(erp: &BusinessCentral, set: &'static Set, parent: Option<&str>, call: &Call) -> Result<Reply, Refused> {
    let query = Query::read(call, set)?;
    let context = format!("{}/$metadata#companies({})/{}", erp.api_root(), erp.company(), set.name);
    if erp.base.listing_is_empty() {
        return Ok(Reply::json(200, json!({ "@odata.context": context, "value": [] })));
    }
    let endless = erp.base.pages_never_end();
    let at = erp.base.read_at();
    let body = erp.base.read(|store| {
        let shelf = store.shelf(set.name);
        let most = query.page.min(query.top.unwrap_or(usize::MAX).saturating_sub(query.served));
        let mut rows = rows(shelf, set, parent, &query, at, most + 1);
        let more = rows.len() > most && query.top.is_none_or(|top| query.served + most < top);
        rows.truncate(most);
        let mut body = Map::new();
        body.insert("@odata.context".to_owned(), json!(context));
        if query.count {
            let whole = Query { after: None, skip: 0, ..Query::read(call, set)? };
            body.insert("@odata.count".to_owned(), json!(self::rows(shelf, set, parent, &whole, at, usize::MAX).len()));
        }
        body.insert("value".to_owned(), rows.iter().map(|(_, _, record)| query.shown(store, set, record)).collect());
        let next = match rows.last() {
            Some(last) if more => Some(token(last, query.served + most)),
            _ if endless => Some(String::new()),
            _ => None,
        };
        if let Some(next) = next {
            body.insert("@odata.nextLink".to_owned(), json!(next_link(erp, call, &next)));
        }
        Ok(Value::Object(body))
    })?;
    Ok(Reply::json(200, body))
}

/// The same request with the token of the next page; an empty token starts again.
fn next_link(erp: &BusinessCentral, call: &Call, next: &str) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    for (name, value) in call.query.iter().filter(|(name, _)| name != "$skiptoken" && name != "$skip") {
        query.append_pair(name, value);
    }
    if !next.is_empty() {
        query.append_pair("$skiptoken", next);
    }
    format!("{}{}?{}", erp.origin(call), call.path, query.finish())
}

/// At most `most` rows that fit, in order, after the token and the skip.
fn rows(shelf: &Shelf, set: &Set, parent: Option<&str>, query: &Query, at: Option<Timestamp>, most: usize) -> Vec<Row> {
    let fits = |record: &Record| {
        record.deleted.is_none()
            && parent.is_none_or(|parent| record.text("documentId") == parent)
            && query.filter.as_ref().is_none_or(|filter| filter.fits(&|name: &str| value(set, record, name), set))
    };
    let row = |place: usize, record: &Arc<Record>| {
        let values = query.order.iter().map(|(name, _)| value(set, record, name)).collect();
        (values, place, record.clone())
    };
    let comes_after =
        |row: &Row| query.after.as_ref().is_none_or(|(values, place)| placed(&query.order, (&row.0, row.1), (values, *place)) == Ordering::Greater);
    let wanted = query.filter.as_ref().and_then(Filter::must_equal).or(parent.map(|parent| ("documentId", parent)));
    let looked_up = wanted
        .filter(|_| at.is_none())
        .and_then(|(field, text)| if field == "id" { Some(shelf.live(&text.to_lowercase()).into_iter().collect()) } else { shelf.find(field, text) });
    let since = query.filter.as_ref().and_then(Filter::modified_since).filter(|_| at.is_none());
    let by_change = query.order.len() == 1 && query.order[0].0 == "lastModifiedDateTime" && !query.order[0].1;
    let mut all: Vec<Row> = if let Some(found) = looked_up {
        found.iter().filter(|record| fits(record)).map(|record| row(shelf.position(&record.key).unwrap_or(0), record)).filter(comes_after).collect()
    } else if at.is_none() && (by_change || since.is_some()) {
        // The index is in order of change, so a page of it needs no walk over the rest. Shown times are rounded, hence the millisecond.
        let token_time = query.after.as_ref().filter(|_| by_change).and_then(|(values, _)| values[0].as_str()?.parse::<Timestamp>().ok());
        let from = since.max(token_time).unwrap_or(Timestamp::MIN);
        let from = from.checked_sub(std::time::Duration::from_millis(1)).unwrap_or(Timestamp::MIN);
        let found = shelf.modified_from(from).filter(|(_, record)| fits(record)).map(|(place, record)| row(place, record)).filter(comes_after);
        // Times that round alike may stand in another order than their places do: some more than wanted are sorted.
        if by_change { found.take(most.saturating_add(query.skip).saturating_add(PAGE_MAX.min(200))).collect() } else { found.collect() }
    } else if query.order.is_empty() {
        let from = query.after.as_ref().map_or(0, |(_, place)| place + 1);
        let found = shelf.oldest_first(from, at).filter(|record| fits(record)).map(|record| row(shelf.position(&record.key).unwrap_or(0), record));
        found.take(most.saturating_add(query.skip)).collect()
    } else {
        shelf
            .oldest_first(0, at)
            .filter(|record| fits(record))
            .map(|record| row(shelf.position(&record.key).unwrap_or(0), record))
            .filter(comes_after)
            .collect()
    };
    all.sort_by(|left, right| placed(&query.order, (&left.0, left.1), (&right.0, right.1)));
    let skip = if query.after.is_none() { query.skip } else { 0 };
    all.into_iter().skip(skip).take(most).collect()
}
