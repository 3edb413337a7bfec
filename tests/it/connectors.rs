//! The files in connectors/ against the look-alikes of their vendors: what the engine asks is what the look-alike, written from the vendor's page, answers.

use std::sync::Arc;

use serde_json::json;
use syncline::catalog::Catalog;
use syncline::clock::WallClock;
use syncline::connector::meter::Unmetered;
use syncline::connector::{ConfigText, Connection, ConnectionSettings, connect};
use syncline::diag::Files;
use syncline::id::{ConnectionName, EntryId, ObjectName, RecordKey};
use syncline::sandbox::{Place, Sandbox, Settings};
use syncline::secret::Secret;
use syncline::spec::connector::ConfigKind;
use syncline::system::{Outcome, Page, Pages, Read, System, WriteItem, WriteKind};
use syncline::value::record::{Cell, Column, Form, Record, WriteCell};
use syncline::value::{Currency, Path, Value};
use uuid::Uuid;

/// One vendor's object, and what a test does with it.
struct Case {
    system: &'static str,
    object: &'static str,
    /// A text that is read and changed.
    name: &'static str,
    /// What a create needs beside.
    new: &'static [(&'static str, &'static str)],
    /// By what it is looked up.
    find: (&'static str, &'static str),
    /// How it ends.
    end: WriteKind,
}

const CASES: &[Case] = &[
    Case {
        system: "crm",
        object: "Account",
        name: "Phone",
        new: &[("Name", "Nordwind & Söhne's"), ("Syncline_Id__c", "e-4711")],
        find: ("Syncline_Id__c", "e-4711"),
        end: WriteKind::Delete,
    },
    Case {
        system: "prm",
        object: "partnerships",
        name: "first_name",
        new: &[("email", "ada@nordwind.example"), ("last_name", "Nord")],
        find: ("email", "ada@nordwind.example"),
        end: WriteKind::Archive,
    },
    Case {
        system: "erp",
        object: "customers",
        name: "phoneNumber",
        new: &[("displayName", "Nordwind & Söhne's")],
        find: ("displayName", "Nordwind & Söhne's"),
        end: WriteKind::Delete,
    },
];

async fn sandbox() -> Sandbox {
    Sandbox::start(Settings { records: 120, seed: 7, ports: [0; 3], empty: false }).await.expect("the sandbox starts")
}

fn connection(place: &Place) -> Connection {
    let (catalog, _) = Catalog::built_in(&mut Files::new());
    let connector = catalog.get(place.connector).expect("it is shipped").clone();
    let config = place.config.iter().filter(|(name, _)| connector.config.iter().any(|setting| setting.name == name.as_str())).map(|(name, text)| {
        let secret = connector.config.iter().any(|setting| setting.name == name.as_str() && setting.kind == ConfigKind::Secret);
        (name.clone(), if secret { ConfigText::Secret(Secret::new(text)) } else { ConfigText::Plain(text.clone()) })
    });
    let settings = ConnectionSettings {
        name: ConnectionName::new(place.system),
        config: config.collect(),
        at: Some(place.url.parse().expect("an address")),
        currency: Currency::parse("EUR").ok(),
        country: None,
        time_zone: None,
    };
    connect(connector, settings, Arc::new(WallClock), Arc::new(Unmetered)).unwrap_or_else(|problems| panic!("{problems:?}"))
}

fn read(case: &Case) -> Read {
    let column = |path: &str| Column { path: Path::parse(path).expect("a path"), form: Form::Text };
    let columns: Vec<Column> = std::iter::once(case.name).chain(case.new.iter().map(|(path, _)| *path)).map(column).collect();
    Read { object: ObjectName::new(case.object), columns: columns.into() }
}

async fn all(mut pages: Box<dyn Pages>) -> Vec<Page> {
    let mut out = Vec::new();
    while let Some(page) = pages.next().await.expect("a read that works") {
        out.push(page);
    }
    out
}

fn item(record: Option<&Record>, cells: &[(&str, &str)]) -> WriteItem {
    let cells =
        cells.iter().map(|(path, text)| WriteCell { path: Path::parse(path).expect("a path"), form: Form::Text, value: Value::text(text), target: None });
    WriteItem {
        entry: EntryId(Uuid::nil()),
        key: record.map(|record| record.key.clone()),
        version: record.and_then(|record| record.version.clone()),
        cells: cells.collect(),
        by: None,
    }
}

async fn one(connection: &Connection, case: &Case, key: &RecordKey) -> Option<Record> {
    let got = connection.get(read(case), std::slice::from_ref(key)).await.expect("it reads by key");
    got.into_iter().next().and_then(|got| got.record)
}

async fn life_of_a_record(case: &Case, place: &Place) {
    let connection = connection(place);
    assert!(!connection.probe().await.expect("it signs in").is_empty());
    let described = connection.describe(&ObjectName::new(case.object)).await.expect("it describes");
    assert!(described.fields.iter().any(|field| field.path == case.name), "{}: {described:?}", case.system);

    let listed = all(connection.changes(read(case), None)).await;
    let records: usize = listed.iter().map(|page| page.records.len()).sum();
    let swept: usize = all(connection.sweep(read(case))).await.iter().map(|page| page.records.len()).sum();
    assert!(records > 0 && records == swept, "{}: {records} listed, {swept} swept", case.system);
    let cursor = listed.last().and_then(|page| page.cursor.clone()).expect("a whole read has a cursor");

    let created = connection.write(read(case), &WriteKind::Create, &[item(None, case.new)]).await;
    let Outcome::Done { key: Some(key), .. } = &created[0] else { panic!("{}: {created:?}", case.system) };
    let found = connection.find(read(case), &Path::member(case.find.0), &Value::text(case.find.1)).await.expect("it looks up");
    assert_eq!(found.iter().map(|record| &record.key).collect::<Vec<_>>(), [key], "{}", case.system);
    let record = one(&connection, case, key).await.expect("it is there");
    assert_eq!(record.cells[0], Cell::Value(Value::Blank), "{}: what was not given is blank", case.system);

    let updated = connection.write(read(case), &WriteKind::Update, &[item(Some(&record), &[(case.name, "+49 30 1234567")])]).await;
    assert!(matches!(updated[0], Outcome::Done { .. }), "{}: {updated:?}", case.system);
    let record = one(&connection, case, key).await.expect("it is there");
    assert_eq!(record.cells[0], Cell::Value(Value::text("+49 30 1234567")), "{}", case.system);
    all(connection.changes(read(case), Some(cursor))).await;

    let ended = connection.write(read(case), &case.end, &[item(Some(&record), &[])]).await;
    assert!(matches!(ended[0], Outcome::Done { .. }), "{}: {ended:?}", case.system);
}

#[tokio::test]
async fn records_are_made_found_changed_and_ended() {
    let sandbox = sandbox().await;
    for case in CASES {
        life_of_a_record(case, sandbox.place(case.system).expect("it runs")).await;
    }
    sandbox.stop().await;
}

#[tokio::test]
async fn an_old_version_is_stale_where_the_vendor_checks() {
    let sandbox = sandbox().await;
    let case = &CASES[2];
    let connection = connection(sandbox.place(case.system).expect("it runs"));
    let page = all(connection.list(read(case))).await.remove(0);
    let record = &page.records[0];
    let first = connection.write(read(case), &WriteKind::Update, &[item(Some(record), &[(case.name, "1")])]).await;
    assert!(matches!(first[0], Outcome::Done { .. }), "{first:?}");
    let second = connection.write(read(case), &WriteKind::Update, &[item(Some(record), &[(case.name, "2")])]).await;
    assert!(matches!(second[0], Outcome::Stale), "{second:?}");
    sandbox.stop().await;
}

#[tokio::test]
#[expect(clippy::disallowed_methods, reason = "the sandbox's own controls are no vendor")]
async fn faults_pass_or_are_told_and_nothing_is_doubled() {
    let sandbox = sandbox().await;
    let client = reqwest::Client::new();
    for case in CASES {
        let place = sandbox.place(case.system).expect("it runs");
        let connection = connection(place);
        connection.probe().await.expect("it signs in");
        let fault = |body: serde_json::Value| {
            client.put(format!("{}/_sandbox/faults", place.url)).body(body.to_string()).header("content-type", "application/json").send()
        };
        for once in ["server_error", "html_instead_of_json"] {
            fault(json!({ once: { "next": 1 } })).await.expect("the sandbox listens");
            assert!(!all(connection.list(read(case))).await.is_empty(), "{} {once}", case.system);
        }
        client.post(format!("{}/_sandbox/expire_tokens", place.url)).send().await.expect("the sandbox listens");
        assert!(!all(connection.list(read(case))).await.is_empty(), "{}: a new token", case.system);
        fault(json!({ "answer_lost": { "next": 1 } })).await.expect("the sandbox listens");
        let outcomes = connection.write(read(case), &WriteKind::Create, &[item(None, case.new)]).await;
        assert!(matches!(outcomes[0], Outcome::InDoubt { .. }), "{}: {outcomes:?}", case.system);
        let found = connection.find(read(case), &Path::member(case.find.0), &Value::text(case.find.1)).await.expect("it looks up");
        assert_eq!(found.len(), 1, "{}: sent once, done once", case.system);
    }
    sandbox.stop().await;
}
