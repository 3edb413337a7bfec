//! The only client there is: timeouts, a cap on what is read, no redirects of its own, and nothing secret in what it logs.

use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, HeaderValue, Method, header};
use url::Url;

use super::hosts::{Hosts, Refused};
use crate::bounds::RESPONSE_BYTES_MAX;
use crate::id::ConnectionName;

/// A vendor that has not taken the connection by then is down.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// How long one request may take before a write counts as in doubt; slow honest pages (20,000 keys) stay well below.
pub const REQUEST_TIMEOUT: Duration = Duration::from_secs(100);
/// Redirects followed for one read; honest ones need a single step.
const REDIRECTS_MAX: usize = 3;

/// A request that is complete but for its signature.
#[derive(Clone, Debug)]
pub struct HttpRequest {
    pub method: Method,
    pub url: Url,
    pub headers: HeaderMap,
    pub body: Bytes,
    /// The path as the connector file writes it: what logs may show, because it holds no data.
    pub label: Arc<str>,
}

/// What came back, whole.
#[derive(Clone, Debug)]
pub struct HttpAnswer {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl HttpAnswer {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }
}

/// Why there is no answer.
#[derive(Clone, Debug, thiserror::Error)]
pub enum HttpError {
    /// Something was sent and nothing believable came back.
    #[error("the answer was lost ({0})")]
    Lost(String),
    #[error("{0}")]
    Outside(#[from] Refused),
    #[error("the answer is bigger than {} MiB", RESPONSE_BYTES_MAX >> 20)]
    TooBig,
    /// Surely nothing was sent.
    #[error("no connection ({0})")]
    Unreachable(String),
}

/// Sends for one connection.
#[derive(Clone)]
pub struct Http {
    connection: ConnectionName,
    hosts: Hosts,
    timeout: Duration,
}

impl Http {
    pub fn new(connection: ConnectionName, hosts: Hosts) -> Http {
        Http { connection, hosts, timeout: REQUEST_TIMEOUT }
    }

    pub fn hosts(&self) -> &Hosts {
        &self.hosts
    }

    /// Sends and reads the whole answer; a GET follows redirects inside `hosts`.
    ///
    /// # Errors
    /// Tells apart what was surely not sent from what may have been done.
    #[expect(clippy::disallowed_methods, reason = "how long an answer took is told, and nothing is decided by it")]
    pub async fn send(&self, request: HttpRequest) -> Result<HttpAnswer, HttpError> {
        let mut request = request;
        for _ in 0..=REDIRECTS_MAX {
            let started = Instant::now();
            let (method, label, host) = (request.method.clone(), request.label.clone(), request.url.host_str().unwrap_or_default().to_string());
            let sent = self.once(&request).await;
            let ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
            match &sent {
                Ok(answer) => tracing::debug!(connection = %self.connection, %method, host, path = %label, status = answer.status, ms, "request"),
                Err(error) => tracing::warn!(connection = %self.connection, %method, host, path = %label, %error, ms, "request failed"),
            }
            let answer = sent?;
            match redirect(&request, &answer) {
                Some(url) => {
                    self.hosts.check(&url)?;
                    if url.host_str() != request.url.host_str() {
                        request.headers.remove(header::AUTHORIZATION);
                    }
                    request.url = url;
                }
                None => return Ok(answer),
            }
        }
        Err(HttpError::Lost("it redirects without end".into()))
    }

    async fn once(&self, request: &HttpRequest) -> Result<HttpAnswer, HttpError> {
        self.hosts.check(&request.url)?;
        let (url, host) = self.hosts.dial(&request.url);
        let mut headers = request.headers.clone();
        if let Some(host) = host.and_then(|host| HeaderValue::from_str(&host).ok()) {
            headers.insert(header::HOST, host);
        }
        let client = client(self.hosts.is_local()).map_err(|why| HttpError::Unreachable(why.to_string()))?;
        let sent = client.request(request.method.clone(), url).headers(headers).body(request.body.clone()).timeout(self.timeout).send().await;
        let mut answer = sent.map_err(unsent)?;
        let status = answer.status().as_u16();
        let headers = std::mem::take(answer.headers_mut());
        let length = answer.content_length().and_then(|length| usize::try_from(length).ok()).unwrap_or(0);
        if length > RESPONSE_BYTES_MAX {
            return Err(HttpError::TooBig);
        }
        let mut body = BytesMut::with_capacity(length);
        while let Some(chunk) = answer.chunk().await.map_err(|error| HttpError::Lost(root(&error)))? {
            if body.len() + chunk.len() > RESPONSE_BYTES_MAX {
                return Err(HttpError::TooBig);
            }
            body.extend_from_slice(&chunk);
        }
        Ok(HttpAnswer { status, headers, body: body.freeze() })
    }
}

/// Where a read should go on; nothing but a GET is repeated elsewhere.
fn redirect(request: &HttpRequest, answer: &HttpAnswer) -> Option<Url> {
    if request.method != Method::GET || !matches!(answer.status, 301 | 302 | 303 | 307 | 308) {
        return None;
    }
    request.url.join(answer.header("location")?).ok()
}

fn unsent(error: reqwest::Error) -> HttpError {
    if error.is_connect() || error.is_builder() { HttpError::Unreachable(root(&error)) } else { HttpError::Lost(root(&error)) }
}

/// The innermost cause: the outer ones hold the URL, and with it perhaps data.
fn root(error: &(dyn std::error::Error + 'static)) -> String {
    let mut cause = error;
    while let Some(next) = cause.source() {
        cause = next;
    }
    match cause.downcast_ref::<reqwest::Error>() {
        Some(error) if error.is_timeout() => "it took too long".into(),
        Some(_) => "it could not be sent".into(),
        None => cause.to_string(),
    }
}

/// One client for all connections; one more, without the machine's certificates, for what never leaves it.
fn client(local: bool) -> Result<&'static reqwest::Client, &'static str> {
    static LOCAL: OnceLock<Result<reqwest::Client, String>> = OnceLock::new();
    static WORLD: OnceLock<Result<reqwest::Client, String>> = OnceLock::new();
    let cell = if local { &LOCAL } else { &WORLD };
    cell.get_or_init(|| build(local)).as_ref().map_err(String::as_str)
}

fn build(local: bool) -> Result<reqwest::Client, String> {
    // A second installer finds the first one's provider, which is the same.
    rustls::crypto::ring::default_provider().install_default().ok();
    let builder = reqwest::Client::builder()
        .user_agent(concat!("syncline/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(CONNECT_TIMEOUT)
        .redirect(reqwest::redirect::Policy::none())
        .tcp_nodelay(true)
        .gzip(true);
    let builder = if local { builder.no_proxy().tls_certs_only([]) } else { builder };
    builder.build().map_err(|error| format!("the HTTP client cannot be made: {error}"))
}
