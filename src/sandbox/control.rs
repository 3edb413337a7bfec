//! The control surface under `/_sandbox/`: people and tests look, edit, break and count here. Never counted as the vendor's.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Path, Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use axum::{Router, routing};
use serde::Deserialize;
use serde_json::{Value, json};

use super::call::Reply;
use super::look_alike::{LookAlike, Refusal};
use super::page::{self, About};
use super::store::{Fields, Record};

/// Records shown when nobody says how many.
const SHOWN: usize = 100;
/// Whose name stands on what is edited here.
const PERSON: &str = "Sam Person";

type Who = State<Arc<dyn LookAlike>>;
type Answer = Result<Response, Refusal>;

/// Where the page is; its files are looked for beside it, so the slash at the end counts.
const PAGE: &str = "/_sandbox/";

pub(super) fn routes(about: About) -> Router<Arc<dyn LookAlike>> {
    let about = json!(about);
    let control = Router::new()
        .route("/", routing::get(async || Redirect::permanent(PAGE)))
        .route("/{file}", routing::get(async |Path(file): Path<String>| page::file(&file)))
        .route("/about", routing::get(async move || Response::from(Reply::json(200, about))))
        .route("/objects", routing::get(objects))
        .route("/records/{object}", routing::get(records).post(create))
        .route("/records/{object}/{key}", routing::get(record).patch(update).delete(delete))
        .route("/records/{object}/{key}/restore", routing::post(restore))
        .route("/faults", routing::get(faults).put(set_faults))
        .route("/stats", routing::get(stats))
        .route("/requests", routing::get(requests))
        .route("/webhooks", routing::post(webhooks))
        .route("/expire_tokens", routing::post(expire_tokens))
        .layer(DefaultBodyLimit::max(16 << 20));
    Router::new().nest("/_sandbox", control).route(PAGE, routing::get(async || page::file("index.html")))
}

async fn objects(State(who): Who) -> Response {
    let all = who.base().read(|store| {
        let each = who.objects().into_iter().map(|object| {
            let shelf = store.shelf(object);
            json!({ "name": object, "records": shelf.alive(), "deleted": shelf.made() - shelf.alive() })
        });
        each.collect::<Vec<_>>()
    });
    Reply::json(200, Value::Array(all)).into()
}

#[derive(Deserialize)]
struct Wanted {
    limit: Option<usize>,
    /// Only records that hold this text somewhere.
    q: Option<String>,
}

async fn records(State(who): Who, Path(object): Path<String>, Query(wanted): Query<Wanted>) -> Response {
    let text = wanted.q.unwrap_or_default().to_lowercase();
    let all = who.base().read(|store| {
        let fits = |record: &Record| text.is_empty() || format!("{} {}", record.key, Value::Object(record.fields.clone())).to_lowercase().contains(&text);
        let shelf = store.shelf(&object).newest_first(usize::MAX, None);
        shelf.filter(|record| fits(record)).take(wanted.limit.unwrap_or(SHOWN)).map(|record| shown(record)).collect::<Vec<_>>()
    });
    Reply::json(200, Value::Array(all)).into()
}

async fn record(State(who): Who, Path((object, key)): Path<(String, String)>) -> Answer {
    let found = who.base().read(|store| store.shelf(&object).get(&key, None));
    let found = found.ok_or_else(|| Refusal::new(404, format!("{object} has no record {key}.")))?;
    Ok(Reply::json(200, shown(&found)).into())
}

async fn create(State(who): Who, Path(object): Path<String>, body: Bytes) -> Answer {
    let made = who.create(&object, fields(&body)?, &who.base().by_person(PERSON))?;
    Ok(Reply::json(201, shown(&made)).into())
}

async fn update(State(who): Who, Path((object, key)): Path<(String, String)>, body: Bytes) -> Answer {
    let changed = who.update(&object, &key, fields(&body)?, &who.base().by_person(PERSON))?;
    Ok(Reply::json(200, shown(&changed)).into())
}

async fn delete(State(who): Who, Path((object, key)): Path<(String, String)>) -> Answer {
    let gone = who.delete(&object, &key, &who.base().by_person(PERSON))?;
    Ok(Reply::json(200, shown(&gone)).into())
}

async fn restore(State(who): Who, Path((object, key)): Path<(String, String)>) -> Answer {
    let back = who.restore(&object, &key, &who.base().by_person(PERSON))?;
    Ok(Reply::json(200, shown(&back)).into())
}

async fn faults(State(who): Who) -> Response {
    Reply::json(200, json!(who.base().faults.all())).into()
}

async fn set_faults(State(who): Who, body: Bytes) -> Answer {
    who.base().faults.replace(&body).map_err(|error| Refusal::new(400, format!("These faults are not understood: {error}.")))?;
    Ok(faults(State(who)).await)
}

async fn stats(State(who): Who) -> Response {
    Reply::json(200, json!(who.base().stats.counts())).into()
}

async fn requests(State(who): Who) -> Response {
    Reply::json(200, json!(who.base().stats.seen())).into()
}

async fn webhooks(State(who): Who, body: Bytes) -> Answer {
    let wanted = Value::Object(fields(&body)?);
    Ok(Reply::json(201, who.subscribe(&wanted)?).into())
}

async fn expire_tokens(State(who): Who) -> Response {
    who.base().tokens.expire_all();
    Reply::empty(204).into()
}

fn fields(body: &[u8]) -> Result<Fields, Refusal> {
    serde_json::from_slice(body).map_err(|error| Refusal::new(400, format!("The body must be a JSON object of fields: {error}.")))
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        Reply::json(self.status, json!({ "error": self.message })).into()
    }
}

fn shown(record: &Record) -> Value {
    json!({
        "key": &*record.key,
        "version": record.version,
        "created": record.created.to_string(),
        "modified": record.modified.to_string(),
        "created_by": &*record.created_by,
        "modified_by": &*record.modified_by,
        "deleted": record.deleted.is_some(),
        "fields": record.fields,
    })
}
