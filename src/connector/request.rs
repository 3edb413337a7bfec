//! From a compiled call and the values of the moment to a request: pure, so that it can be tested without a server.

use std::borrow::Cow;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, header};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use url::Url;

use super::http::HttpRequest;
use crate::catalog::request::{Body, CallPath, Part, Request};
use crate::catalog::tree::{Key, Tree, is_null};
use crate::expr::{Env, Item};

/// Everything but what may stand in a path segment unescaped.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b'@').remove(b',').remove(b':');
/// Everything but what may stand in a query value unescaped.
const QUERY: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b'*');

/// The same for its name: `$filter` is spelt so on every OData server's own page, and some do not decode names.
const NAME: &AsciiSet = &QUERY.remove(b'$');

/// Fills a call in; `base` is where relative paths start.
///
/// # Errors
/// In words: an expression that cannot be evaluated, or parts that make no URL.
pub fn build(request: &Request, base: &str, env: &dyn Env) -> Result<HttpRequest, String> {
    let mut url = address(&request.path, base, env)?;
    query(&mut url, &request.query, env)?;
    let mut headers = HeaderMap::with_capacity(request.headers.len() + 2);
    for (name, template) in &request.headers {
        let item = template.eval(env).map_err(|fault| format!("header `{name}`: {fault}"))?;
        if !item.is_blank() {
            headers.insert(name.clone(), text_header(&item).map_err(|why| format!("header `{name}`: {why}"))?);
        }
    }
    let body = body(&request.body, env, &mut headers)?;
    headers.entry(header::ACCEPT).or_insert(HeaderValue::from_static("application/json, */*;q=0.1"));
    Ok(HttpRequest { method: request.method.clone(), url, headers, body, label: request.label.clone() })
}

/// The request of a page that the vendor named by its URL: everything else stays as it was on the first page.
pub fn at_url(first: &HttpRequest, url: Url) -> HttpRequest {
    HttpRequest { url, ..first.clone() }
}

fn address(path: &CallPath, base: &str, env: &dyn Env) -> Result<Url, String> {
    let text = match path {
        CallPath::Given(program) => program.eval(env).map_err(|fault| format!("`call`: {fault}"))?.to_text().map_err(|fault| fault.to_string())?.into_owned(),
        CallPath::Parts(parts) => {
            let mut out = String::new();
            for part in parts {
                match part {
                    Part::Literal(text) => out.push_str(text),
                    Part::Plain(program) => out.push_str(&filled(program, env)?),
                    Part::Data(program) => out.extend(utf8_percent_encode(&filled(program, env)?, SEGMENT)),
                }
            }
            out
        }
    };
    join(base, &text)
}

fn filled(program: &crate::expr::Program, env: &dyn Env) -> Result<String, String> {
    let item = program.eval(env).map_err(|fault| format!("`call`: {fault}"))?;
    let text = item.to_text().map_err(|fault| format!("`call`: {fault}"))?;
    if text.is_empty() { Err("`call` has a hole that nothing fills".into()) } else { Ok(text.into_owned()) }
}

/// A path below the base, or an address of its own; a path that begins at the host's root stands beside the base's path, as vendors' next links do.
pub fn join(base: &str, text: &str) -> Result<Url, String> {
    let whole = if text.contains("://") { Cow::Borrowed(text) } else { Cow::Owned(format!("{}{text}", base.trim_end_matches('/'))) };
    Url::parse(&whole).map_err(|error| format!("`{text}` below `{base}` is no address: {error}"))
}

/// A link that an answer gave: an address, or a path from the host's root.
pub fn follow(base: &str, link: &str) -> Result<Url, String> {
    let base = Url::parse(base).map_err(|error| format!("`{base}` is no address: {error}"))?;
    base.join(link).map_err(|error| format!("the link to the next page is no address: {error}"))
}

fn query(url: &mut Url, query: &[(Key, Tree)], env: &dyn Env) -> Result<(), String> {
    let mut out = url.query().map(str::to_string).unwrap_or_default();
    for (name, tree) in query {
        let Key::Fixed(name) = name else { continue };
        let item = tree.fill(env).map_err(|fault| format!("`query.{name}`: {fault}"))?;
        if is_null(&item) {
            continue;
        }
        let items: Vec<Item> = match (&item, item.elements()) {
            (Item::List(_) | Item::Doc(_) | Item::Value(_), Some(items)) => items.collect(),
            _ => vec![item.clone()],
        };
        for item in items {
            let text = item.to_text().map_err(|fault| format!("`query.{name}`: {fault}"))?;
            if !out.is_empty() {
                out.push('&');
            }
            out.extend(utf8_percent_encode(name, NAME));
            out.push('=');
            out.extend(utf8_percent_encode(&text, QUERY));
        }
    }
    url.set_query((!out.is_empty()).then_some(out.as_str()));
    Ok(())
}

fn body(body: &Body, env: &dyn Env, headers: &mut HeaderMap) -> Result<Bytes, String> {
    let (kind, text) = match body {
        Body::None => return Ok(Bytes::new()),
        Body::Json(tree) => {
            let item = tree.fill(env).map_err(|fault| format!("`json`: {fault}"))?;
            let mut out = String::new();
            item.write_json(&mut out).map_err(|fault| format!("`json`: {fault}"))?;
            ("application/json", out)
        }
        Body::Form(entries) => ("application/x-www-form-urlencoded", form(entries, env)?),
        Body::Text(template) => {
            let item = template.eval(env).map_err(|fault| format!("`text`: {fault}"))?;
            ("text/plain; charset=utf-8", item.to_text().map_err(|fault| format!("`text`: {fault}"))?.into_owned())
        }
    };
    headers.entry(header::CONTENT_TYPE).or_insert(HeaderValue::from_static(kind));
    Ok(Bytes::from(text))
}

fn form(entries: &[(Key, Tree)], env: &dyn Env) -> Result<String, String> {
    let mut out = url::form_urlencoded::Serializer::new(String::new());
    for (name, tree) in entries {
        let Key::Fixed(name) = name else { continue };
        let item = tree.fill(env).map_err(|fault| format!("`form.{name}`: {fault}"))?;
        if !is_null(&item) {
            out.append_pair(name, &item.to_text().map_err(|fault| format!("`form.{name}`: {fault}"))?);
        }
    }
    Ok(out.finish())
}

fn text_header(item: &Item) -> Result<HeaderValue, String> {
    let text = item.to_text().map_err(|fault| fault.to_string())?;
    HeaderValue::from_str(&text).map_err(|_| "what fills it cannot stand in a header".to_string())
}
