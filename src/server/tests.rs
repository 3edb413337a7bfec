//! Over real HTTP and the real socket, with systems and store in memory.

mod deliveries;
mod signed;
mod socket;
mod wire;

use std::net::SocketAddr;
use std::sync::Arc;

use jiff::Timestamp;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::*;
use crate::connector::webhook::{HookAnswer, HookDelivery, HookRequest, Received};
use crate::daemon::fixture::{Bed, DEALS, eventually, opportunity};
use crate::id::RecordKey;
use wire::{get, send};

/// Takes what carries the right proof; its body is the record's key, and its identity.
struct Proving;

impl Receiver for Proving {
    fn receive(&self, request: &HookRequest, _: Timestamp) -> Received {
        if let Some((_, token)) = request.query.iter().find(|(name, _)| name == "validationToken") {
            return Received::Handshake(HookAnswer { status: 200, body: token.clone(), ..HookAnswer::default() });
        }
        let key = String::from_utf8_lossy(&request.body).into_owned();
        match (request.headers.get("x-proof").map(|proof| proof.as_bytes()), request.path_secret.as_deref()) {
            (Some(b"good"), _) | (_, Some("path-secret")) => Received::Accepted {
                deliveries: vec![HookDelivery { object: opportunity(), key: Some(RecordKey::new(&key)), gone: false, identity: key }],
                answer: HookAnswer { status: 202, ..HookAnswer::default() },
                verified_by: "hash",
            },
            (Some(b"none"), _) => Received::Unready { why: "no secret is configured".into() },
            _ => Received::Refused { status: 401, why: "the signature is wrong".into() },
        }
    }
}

/// A daemon with its server on a free port.
struct Served {
    bed: Bed,
    address: SocketAddr,
    stop: CancellationToken,
    tasks: JoinSet<()>,
}

impl Served {
    async fn start(token: Option<&str>) -> Self {
        Self::with(token, "crm", Arc::new(Proving)).await
    }

    async fn with(token: Option<&str>, connection: &str, receiver: Arc<dyn Receiver>) -> Self {
        let bed = Bed::start(DEALS).await;
        let listen = "127.0.0.1:0".parse().expect("a literal of this test");
        let settings = Settings { listen, token: token.map(Secret::new), public_url: None };
        let bound = bind(settings).await.expect("a free port");
        let (address, stop) = (bound.address(), CancellationToken::new());
        let receivers: Receivers = BTreeMap::from([(ConnectionName::new(connection), receiver)]);
        let mut tasks = JoinSet::new();
        tasks.spawn(bound.serve(bed.handle.clone(), receivers, stop.clone()));
        eventually("the first run ends", || health::is_ready(&bed.handle.state())).await;
        Self { bed, address, stop, tasks }
    }

    async fn stop(mut self) {
        self.stop.cancel();
        while self.tasks.join_next().await.is_some() {}
        self.bed.stop().await;
    }
}

#[tokio::test]
async fn health_readiness_and_metrics_answer() {
    let served = Served::start(None).await;
    assert_eq!(get(served.address, "/healthz", &[]).await.status, 200);
    let ready = get(served.address, "/readyz", &[]).await;
    assert_eq!(ready.status, 200, "{}", ready.body);
    assert!(ready.body.contains("\"deals\""));
    let metrics = get(served.address, "/metrics", &[]).await;
    assert!(metrics.body.contains("syncline_runs_total{mapping=\"deals\",outcome=\"done\"} 1\n"), "{}", metrics.body);
    assert_eq!(get(served.address, "/nowhere", &[]).await.status, 404);
    served.stop().await;
}

#[tokio::test]
async fn readiness_says_why_not() {
    let served = Served::start(None).await;
    served.bed.crm.set_down(true);
    served.bed.handle.wake(&"deals".into(), crate::store::Wake::Schedule, crate::daemon::bell::Reading::Feeds);
    eventually("it is noticed", || !health::is_ready(&served.bed.handle.state())).await;
    let ready = get(served.address, "/readyz", &[]).await;
    assert_eq!(ready.status, 503);
    assert!(ready.body.contains("does not answer since"), "{}", ready.body);
    assert_eq!(get(served.address, "/healthz", &[]).await.status, 200, "alive all the same");
    served.stop().await;
}

#[tokio::test]
async fn a_token_guards_all_but_health_and_deliveries() {
    let served = Served::start(Some("s3cret")).await;
    for page in ["/readyz", "/metrics"] {
        assert_eq!(get(served.address, page, &[]).await.status, 401);
        assert_eq!(get(served.address, page, &[("authorization", "Bearer wrong")]).await.status, 401);
        assert_eq!(get(served.address, page, &[("authorization", "Bearer s3cret")]).await.status, 200);
    }
    assert_eq!(get(served.address, "/healthz", &[]).await.status, 200);
    assert_eq!(send(served.address, "POST", "/hooks/crm", &[("x-proof", "good")], b"k").await.status, 202);
    served.stop().await;
}

#[tokio::test]
async fn a_server_open_to_all_without_a_token_does_not_start() {
    let listen = "0.0.0.0:0".parse().expect("a literal of this test");
    let refused = bind(Settings { listen, token: None, public_url: None }).await.expect_err("it would be open");
    assert!(refused.to_string().contains("no token is set"), "{refused}");
    bind(Settings { listen, token: Some(Secret::new("s3cret")), public_url: None }).await.expect("with a token it may");
}

#[tokio::test]
async fn a_taken_address_is_named() {
    let first = bind(Settings { listen: "127.0.0.1:0".parse().expect("a literal"), token: None, public_url: None }).await.expect("a free port");
    let refused = bind(Settings { listen: first.address(), token: None, public_url: None }).await.expect_err("it is taken");
    assert!(refused.to_string().contains(&first.address().to_string()), "{refused}");
}

#[tokio::test]
async fn a_head_that_is_too_big_is_refused() {
    let served = Served::start(None).await;
    let long = "x".repeat(256 << 10);
    assert_eq!(get(served.address, "/healthz", &[("x-long", &long)]).await.status, 431);
    served.stop().await;
}
