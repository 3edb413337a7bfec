//! Several requests in one: `/composite` with references between its parts, `/composite/batch` without.

use std::collections::HashMap;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use serde_json::{Map, Value, json};

use super::problem::Problem;
use super::route;
use super::rows;
use super::write::Desk;
use crate::sandbox::call::{Call, Content, Reply};

const PARTS_MAX: usize = 25;

struct Part {
    method: Method,
    url: String,
    reference: String,
    headers: HeaderMap,
    body: Value,
}

pub fn run(desk: &mut Desk<'_, '_>, call: &Call) -> Result<Reply, Problem> {
    let body = rows::body(call)?;
    let all_or_none = body.get("allOrNone") == Some(&Value::Bool(true));
    let parts = parts(&body)?;
    let point = desk.point();
    let mut known: HashMap<String, Value> = HashMap::new();
    let mut answers: Vec<(String, Reply)> = Vec::new();
    for part in parts {
        let reference = part.reference.clone();
        let reply = match filled(part, &known) {
            Ok(call) => route::part(desk, &call),
            Err(problem) => problem.into(),
        };
        let failed = reply.status >= 300;
        if let (false, Content::Json(body)) = (failed, &reply.content) {
            known.insert(reference.clone(), body.clone());
        }
        answers.push((reference, reply));
        if failed && all_or_none {
            break;
        }
    }
    if all_or_none && answers.last().is_some_and(|(_, reply)| reply.status >= 300) {
        desk.take_back(point);
        return Ok(halted(&body, answers));
    }
    Ok(Reply::json(200, json!({"compositeResponse": answers.into_iter().map(|(reference, reply)| shown(&reference, reply)).collect::<Vec<_>>()})))
}

/// All parts fail with the one that did.
fn halted(body: &Map<String, Value>, mut answers: Vec<(String, Reply)>) -> Reply {
    let failed = answers.pop();
    let references = body["compositeRequest"].as_array().into_iter().flatten().map(|part| part["referenceId"].as_str().unwrap_or_default());
    let all = references.map(|reference| match &failed {
        Some((name, reply)) if name == reference => shown(name, reply.clone()),
        _ => shown(
            reference,
            Problem::new(400, "PROCESSING_HALTED", "The transaction was rolled back since another operation in the same transaction failed.").into(),
        ),
    });
    Reply::json(200, json!({"compositeResponse": all.collect::<Vec<_>>()}))
}

fn shown(reference: &str, reply: Reply) -> Value {
    let headers: Map<String, Value> =
        reply.headers.iter().map(|(name, value)| (if name == "location" { "Location".to_owned() } else { name.clone() }, json!(value))).collect();
    let body = match reply.content {
        Content::Json(body) => body,
        Content::Empty => Value::Null,
        Content::Text { text, .. } => Value::String(text),
    };
    json!({"body": body, "httpHeaders": headers, "httpStatusCode": reply.status, "referenceId": reference})
}

fn parts(body: &Map<String, Value>) -> Result<Vec<Part>, Problem> {
    let Some(Value::Array(wanted)) = body.get("compositeRequest") else {
        return Err(Problem::not_json("The field compositeRequest is required and must be a list."));
    };
    if wanted.len() > PARTS_MAX {
        return Err(Problem::new(400, "LIMIT_EXCEEDED", format!("Limit exceeded: the number of subrequests is more than {PARTS_MAX}.")));
    }
    let mut parts: Vec<Part> = Vec::new();
    for one in wanted {
        let text = |name: &str| one.get(name).and_then(Value::as_str).ok_or_else(|| Problem::not_json(&format!("Each subrequest needs the text {name}.")));
        let reference = text("referenceId")?.to_owned();
        let plain = reference.starts_with(|c: char| c.is_ascii_alphabetic()) && reference.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        if !plain {
            return Err(Problem::new(
                400,
                "INVALID_INPUT",
                format!(
                    "Provided referenceId ('{reference}') must start with a letter or a number, and it can contain only letters, numbers and underscores ('_')."
                ),
            ));
        }
        if parts.iter().any(|part| part.reference == reference) {
            return Err(Problem::new(400, "INVALID_INPUT", format!("Duplicate referenceId provided ({reference})")));
        }
        let method = text("method")?.parse().map_err(|_| Problem::not_json("A subrequest's method is no HTTP method."))?;
        parts.push(Part { method, url: text("url")?.to_owned(), reference, headers: headers(one)?, body: one.get("body").cloned().unwrap_or(Value::Null) });
    }
    Ok(parts)
}

fn headers(part: &Value) -> Result<HeaderMap, Problem> {
    let mut headers = HeaderMap::new();
    for (name, value) in part.get("httpHeaders").and_then(Value::as_object).into_iter().flatten() {
        let pair = (HeaderName::from_bytes(name.as_bytes()), HeaderValue::from_str(value.as_str().unwrap_or_default()));
        let (Ok(name), Ok(value)) = pair else {
            return Err(Problem::new(400, "INVALID_HEADER", format!("The header {name} cannot be used in a subrequest.")));
        };
        headers.insert(name, value);
    }
    Ok(headers)
}

/// The part as a call, `@{reference.path}` replaced by what former parts answered.
fn filled(part: Part, known: &HashMap<String, Value>) -> Result<Call, Problem> {
    let url = replaced(&part.url, known)?;
    let mut body = part.body;
    fill(&mut body, known)?;
    let bytes = if body.is_null() { Bytes::new() } else { Bytes::from(body.to_string()) };
    Ok(Call::new(part.method, &url, part.headers, bytes))
}

fn fill(value: &mut Value, known: &HashMap<String, Value>) -> Result<(), Problem> {
    match value {
        Value::String(text) if text.contains("@{") => *text = replaced(text, known)?,
        Value::Array(items) => items.iter_mut().try_for_each(|item| fill(item, known))?,
        Value::Object(fields) => fields.values_mut().try_for_each(|field| fill(field, known))?,
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
    Ok(())
}

fn replaced(text: &str, known: &HashMap<String, Value>) -> Result<String, Problem> {
    let mut done = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("@{") {
        let Some((path, left)) = after.split_once('}') else { break };
        let missing = || Problem::new(400, "PROCESSING_HALTED", format!("Invalid reference specified. No value for {path} found."));
        let (reference, inside) = path.split_once(['.', '[']).ok_or_else(missing)?;
        let pointer: String = inside.split(['.', '[', ']']).filter(|step| !step.is_empty()).map(|step| format!("/{step}")).collect();
        let found = known.get(reference).and_then(|body| body.pointer(&pointer)).ok_or_else(missing)?;
        done.push_str(before);
        done.push_str(&found.as_str().map_or_else(|| found.to_string(), str::to_owned));
        rest = left;
    }
    done.push_str(rest);
    Ok(done)
}

/// Independent requests; each stands or falls alone.
pub fn batch(desk: &mut Desk<'_, '_>, call: &Call) -> Result<Reply, Problem> {
    let body = rows::body(call)?;
    let Some(Value::Array(wanted)) = body.get("batchRequests") else {
        return Err(Problem::not_json("The field batchRequests is required and must be a list."));
    };
    if wanted.len() > PARTS_MAX {
        return Err(Problem::new(400, "LIMIT_EXCEEDED", format!("The number of batch requests is more than {PARTS_MAX}.")));
    }
    let halt = body.get("haltOnError") == Some(&Value::Bool(true));
    let mut failed = false;
    let mut results = Vec::new();
    for one in wanted {
        let reply: Reply = if failed && halt {
            Problem::new(412, "BATCH_PROCESSING_HALTED", "Batch processing halted per request").into()
        } else {
            let method =
                one["method"].as_str().and_then(|method| method.parse().ok()).ok_or_else(|| Problem::not_json("Each batch request needs a method."))?;
            let url = one["url"].as_str().ok_or_else(|| Problem::not_json("Each batch request needs a url."))?;
            let url = if url.starts_with('/') { url.to_owned() } else { format!("/services/data/{url}") };
            let input = one.get("richInput").map_or_else(Bytes::new, |input| Bytes::from(input.to_string()));
            route::part(desk, &Call::new(method, &url, HeaderMap::new(), input))
        };
        failed |= reply.status >= 400;
        let shown = shown("", reply);
        results.push(json!({"statusCode": shown["httpStatusCode"], "result": shown["body"]}));
    }
    Ok(Reply::json(200, json!({"hasErrors": failed, "results": results})))
}
