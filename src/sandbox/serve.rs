//! One look-alike's HTTP server: faults around the vendor's answers, and a listener whose connections can be cut.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::to_bytes;
use axum::extract::connect_info::{ConnectInfo, Connected};
use axum::extract::{Request, State};
use axum::response::Response;
use axum::serve::{IncomingStream, Listener};
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;

use super::call::{Call, Content, Reply};
use super::fault::FaultKind;
use super::look_alike::LookAlike;
use super::page::About;
use super::stats::Seen;
use super::{control, turn};
use crate::bounds::RESPONSE_BYTES_MAX;

const OUTAGE_PAGE: &str = "<!DOCTYPE html><html><head><title>Down for maintenance</title></head><body><h1>We are sorry</h1></body></html>";

/// Serves until told to stop.
pub(super) async fn run(listener: TcpListener, who: Arc<dyn LookAlike>, about: About, stop: CancellationToken) -> io::Result<()> {
    let router = control::routes(about).fallback(vendor).with_state(who);
    axum::serve(Cuttable(listener), router.into_make_service_with_connect_info::<Cut>()).with_graceful_shutdown(stop.cancelled_owned()).await
}

async fn vendor(State(who): State<Arc<dyn LookAlike>>, ConnectInfo(cut): ConnectInfo<Cut>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let target = parts.uri.path_and_query().map_or("/", |target| target.as_str()).to_owned();
    let body = match to_bytes(body, RESPONSE_BYTES_MAX).await {
        Ok(body) => body,
        Err(error) => return Reply::text(413, "text/plain", format!("The body could not be read: {error}.")).into(),
    };
    let method = parts.method.as_str().to_owned();
    let call = Call::new(parts.method, &target, parts.headers, body);
    let reply = turn::take(&method, &call.path.clone(), || disturbed(&*who, call)).await;
    let seen = Seen { method, path: target, status: reply.as_ref().map_or(0, |reply| reply.status) };
    who.base().stats.request(seen);
    match reply {
        Some(reply) => reply.with("date", http_date(who.base().now())).into(),
        None => {
            cut.0.store(true, Ordering::SeqCst);
            Reply::empty(500).into()
        }
    }
}

/// The vendor's answer with the faults around it; none when the connection is to be cut.
async fn disturbed(who: &dyn LookAlike, call: Call) -> Option<Reply> {
    let faults = &who.base().faults;
    let slow = faults.strikes(FaultKind::LatencyMs).map(|fault| Duration::from_millis(fault.ms) / 2).unwrap_or_default();
    tokio::time::sleep(slow).await;
    let reply = troubled(who, call).await;
    tokio::time::sleep(slow).await;
    reply
}

async fn troubled(who: &dyn LookAlike, call: Call) -> Option<Reply> {
    let faults = &who.base().faults;
    if let Some(fault) = faults.strikes(FaultKind::ServerError) {
        let status = if fault.status == 0 { 500 } else { fault.status };
        return Some(if fault.html { Reply::html(status, OUTAGE_PAGE) } else { Reply::text(status, "text/plain", "Internal error.") });
    }
    if faults.strikes(FaultKind::RateLimited).is_some() {
        return Some(who.rate_limited());
    }
    if faults.strikes(FaultKind::HtmlInsteadOfJson).is_some() {
        return Some(Reply::html(200, OUTAGE_PAGE));
    }
    if faults.strikes(FaultKind::ExpiredTokens).is_some() {
        who.base().tokens.expire_all();
    }
    let mut reply = who.answer(call).await;
    if let Content::Json(body) = &mut reply.content
        && faults.strikes(FaultKind::KeylessRecords).is_some()
    {
        lose_keys(body);
    }
    if turn::wrote()
        && let Some(fault) = faults.strikes(FaultKind::AnswerLost)
    {
        return (fault.status != 0).then(|| Reply::html(fault.status, OUTAGE_PAGE));
    }
    Some(reply)
}

/// Whatever the three vendors call a key, in every list of the answer.
fn lose_keys(body: &mut Value) {
    match body {
        Value::Array(items) => {
            items.iter_mut().filter_map(Value::as_object_mut).for_each(|item| item.retain(|name, _| !["key", "Id", "id"].contains(&&**name)))
        }
        Value::Object(members) => members.values_mut().for_each(lose_keys),
        _ => {}
    }
}

fn http_date(now: jiff::Timestamp) -> String {
    now.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

/// Set to end the connection without another byte.
#[derive(Clone)]
struct Cut(Arc<AtomicBool>);

impl Connected<IncomingStream<'_, Cuttable>> for Cut {
    fn connect_info(stream: IncomingStream<'_, Cuttable>) -> Self {
        stream.io().cut.clone()
    }
}

struct Cuttable(TcpListener);

impl Listener for Cuttable {
    type Io = CuttableStream;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        let (stream, from) = Listener::accept(&mut self.0).await;
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "the connection stays with delayed small packets");
        }
        (CuttableStream { stream, cut: Cut(Arc::new(AtomicBool::new(false))) }, from)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.0.local_addr()
    }
}

struct CuttableStream {
    stream: TcpStream,
    cut: Cut,
}

impl CuttableStream {
    fn check(&self) -> io::Result<()> {
        if self.cut.0.load(Ordering::SeqCst) { Err(io::ErrorKind::ConnectionReset.into()) } else { Ok(()) }
    }
}

impl AsyncRead for CuttableStream {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl AsyncWrite for CuttableStream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.check()?;
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
