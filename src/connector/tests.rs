//! What is sent and how answers are understood, per vendor, against a server that plays single answers from the vendors' own pages.

mod business_central;
mod deliveries;
mod partnerstack;
mod salesforce;
mod trouble;
mod tryton;

use std::sync::Arc;

use serde_json::{Value as Json, json};
use uuid::Uuid;
use wiremock::{Match, Mock, MockServer, Request, ResponseTemplate};

use super::meter::Unmetered;
use super::{ConfigText, Connection, ConnectionSettings, connect_with};
use crate::backoff::Waits;
use crate::catalog::Catalog;
use crate::clock::HandClock;
use crate::diag::Files;
use crate::id::{ConnectionName, EntryId, ObjectName, RecordKey};
use crate::secret::Secret;
use crate::system::{Page, Pages, Read, WriteItem};
use crate::value::record::{Cell, Column, Form, WriteCell};
use crate::value::{Path, Value};

/// The vendor's `Date`, and our own clock.
const DATE: &str = "Fri, 20 Nov 2026 10:00:00 GMT";
/// Nobody waits in a test.
const WAITS: Waits = Waits { base: std::time::Duration::from_millis(1), cap: std::time::Duration::from_millis(2) };
const NOW: &str = "2026-11-20T10:00:00Z";

/// A vendor that plays answers, and a connection to it.
struct Vendor {
    server: MockServer,
    connection: Connection,
    clock: Arc<HandClock>,
}

impl Vendor {
    async fn start(connector: &str, config: &[(&str, &str)]) -> Vendor {
        let (catalog, _) = Catalog::built_in(&mut Files::new());
        Vendor::of(catalog, connector, config).await
    }

    async fn of(catalog: Catalog, connector: &str, config: &[(&str, &str)]) -> Vendor {
        let server = MockServer::start().await;
        let connector = catalog.get(connector).expect("a connector of the test").clone();
        let clock = Arc::new(HandClock::at(NOW.parse().expect("a time")));
        let config = config.iter().map(|(name, text)| {
            let text = text.replace("SERVER", &server.uri());
            let secret = connector.config.iter().any(|setting| setting.name == *name && setting.kind == crate::spec::connector::ConfigKind::Secret);
            ((*name).to_string(), if secret { ConfigText::Secret(Secret::new(text)) } else { ConfigText::Plain(text) })
        });
        let settings = ConnectionSettings {
            name: ConnectionName::new("crm"),
            config: config.collect(),
            at: Some(server.uri().parse().expect("its address")),
            currency: Some(crate::value::Currency::parse("EUR").expect("a currency")),
            country: None,
            time_zone: None,
        };
        let connection = connect_with(connector, settings, clock.clone(), Arc::new(Unmetered), WAITS).unwrap_or_else(|problems| panic!("{problems:?}"));
        Vendor { server, connection, clock }
    }

    /// Plays an answer to requests that fit, `times` times.
    async fn plays(&self, fits: impl Match + 'static, answer: ResponseTemplate, times: u64) {
        Mock::given(fits).respond_with(answer).up_to_n_times(times).mount(&self.server).await;
    }

    /// The requests that came so far, without sign-ins.
    async fn requests(&self) -> Vec<Request> {
        self.server.received_requests().await.expect("they are recorded").into_iter().filter(|request| !request.url.path().ends_with("/token")).collect()
    }
}

fn answer(status: u16, body: &Json) -> ResponseTemplate {
    ResponseTemplate::new(status).insert_header("date", DATE).set_body_json(body)
}

fn on(method: &'static str, path: &'static str) -> impl Match {
    move |request: &Request| request.method.as_str() == method && request.url.path() == path
}

fn body(request: &Request) -> Json {
    request.body_json().expect("a JSON body")
}

fn parameter(request: &Request, name: &str) -> Option<String> {
    request.url.query_pairs().find(|(known, _)| known == name).map(|(_, value)| value.into_owned())
}

fn header<'a>(request: &'a Request, name: &str) -> &'a str {
    request.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

fn read(object: &str, columns: &[(&str, Form)]) -> Read {
    let columns: Vec<Column> = columns.iter().map(|(path, form)| Column { path: Path::parse(path).expect("a path"), form: form.clone() }).collect();
    Read { object: ObjectName::new(object), columns: columns.into() }
}

async fn all(mut pages: Box<dyn Pages>) -> Vec<Page> {
    let mut out = Vec::new();
    while let Some(page) = pages.next().await.expect("a read that works") {
        out.push(page);
    }
    out
}

fn keys(pages: &[Page]) -> Vec<String> {
    pages.iter().flat_map(|page| &page.records).map(|record| record.key.to_string()).collect()
}

fn value(value: Value) -> Cell {
    Cell::Value(value)
}

/// An op on a record, or without a key a create.
fn op(key: Option<&str>, version: Option<&str>, cells: &[(&str, Form, Value)]) -> WriteItem {
    let cells =
        cells.iter().map(|(path, form, value)| WriteCell { path: Path::parse(path).expect("a path"), form: form.clone(), value: value.clone(), target: None });
    WriteItem { entry: EntryId(Uuid::nil()), key: key.map(RecordKey::new), version: version.map(Into::into), cells: cells.collect(), by: None }
}

fn named(name: &str) -> Vec<(&'static str, Form, Value)> {
    vec![("Name", Form::Text, Value::text(name))]
}

fn no_records() -> Json {
    json!({ "totalSize": 0, "done": true, "records": [] })
}
