//! `$batch` in JSON: up to a hundred requests, each on its own, answered in their order.

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use serde_json::{Map, Value, json};

use super::super::call::{Call, Content, Reply};
use super::BusinessCentral;
use super::refused::{Refused, refused};

const PARTS_MAX: usize = 100;

pub(super) fn answer(erp: &BusinessCentral, call: &Call) -> Result<Reply, Refused> {
    if call.header("isolation").is_some_and(|isolation| isolation.eq_ignore_ascii_case("snapshot")) {
        return Err(refused(501, "BadRequest_MethodNotImplemented", "This look-alike has no Isolation: snapshot."));
    }
    let body = call.json().map_err(|error| Refused::bad_url(format!("The batch is not valid JSON: {error}")))?;
    let parts = body["requests"].as_array().ok_or_else(|| Refused::bad_url("A batch needs a list of requests."))?;
    if parts.len() > PARTS_MAX {
        return Err(Refused::bad_url(format!("The batch has {} operations; at most {PARTS_MAX} are allowed.", parts.len())));
    }
    let responses: Vec<Value> = parts.iter().map(|part| one(erp, call, part)).collect();
    Ok(Reply::json(200, json!({ "responses": responses })))
}

fn one(erp: &BusinessCentral, whole: &Call, part: &Value) -> Value {
    let reply = match read(erp, whole, part) {
        Ok(call) => erp.dispatched(&call),
        Err(refused) => refused.reply(&erp.new_guid()),
    };
    let headers: Map<String, Value> = reply.headers.iter().map(|(name, value)| (name.clone(), json!(value))).collect();
    let mut answer = json!({ "id": part["id"], "status": reply.status, "headers": headers });
    match reply.content {
        Content::Empty => {}
        Content::Json(body) => answer["body"] = body,
        Content::Text { text, .. } => answer["body"] = json!(text),
    }
    answer
}

fn read(erp: &BusinessCentral, whole: &Call, part: &Value) -> Result<Call, Refused> {
    let method = part["method"].as_str().unwrap_or_default().to_uppercase();
    let method = Method::from_bytes(method.as_bytes()).map_err(|_| Refused::bad_url("A part of the batch has no valid method."))?;
    let url = part["url"].as_str().ok_or_else(|| Refused::bad_url("A part of the batch has no url."))?;
    // Relative to the service, or absolute with or without a host.
    let target = match (url.find("://"), url.starts_with('/')) {
        (Some(at), _) => url[at + 3..].find('/').map_or("/", |slash| &url[at + 3 + slash..]).to_owned(),
        (None, true) => url.to_owned(),
        (None, false) => format!("{}/{url}", erp.service_path(whole)),
    };
    let mut headers = HeaderMap::new();
    for (name, value) in part["headers"].as_object().into_iter().flatten() {
        let value = value.as_str().map(HeaderValue::from_str);
        if let (Ok(name), Some(Ok(value))) = (HeaderName::from_bytes(name.to_lowercase().as_bytes()), value) {
            headers.insert(name, value);
        } else {
            return Err(Refused::bad_url(format!("The header {name} of a part cannot be read.")));
        }
    }
    let body = part.get("body").filter(|body| !body.is_null()).map_or_else(Bytes::new, |body| Bytes::from(body.to_string()));
    Ok(Call::new(method, &target, headers, body))
}
