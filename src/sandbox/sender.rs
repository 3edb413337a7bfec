//! Sends a look-alike's webhooks: in order, retried, and doubled, late or lost when a fault says so.

use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::fault::FaultKind;
use super::look_alike::Base;

/// Deliveries waiting; more are lost and counted, as a vendor would drop them in the end.
const QUEUE_MAX: usize = 100_000;
/// Deliveries under way at once.
const UNDER_WAY_MAX: usize = 16;
/// Longest wait for a receiver's answer.
const ANSWER_WITHIN: Duration = Duration::from_secs(20);
/// First wait before a repeat; it doubles each time. A sandbox is watched by people, so it hurries where vendors take minutes.
const RETRY_FIRST: Duration = Duration::from_millis(250);
const RETRY_WAIT_MAX: Duration = Duration::from_secs(30);
const ATTEMPTS_MAX: u32 = 12;
/// How long a delivery is held back to arrive after its successors.
const REORDER_HOLD: Duration = Duration::from_millis(300);

/// What goes over the wire.
pub struct Parcel {
    pub url: String,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

/// What a receiver's answer means to the vendor.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Next {
    Done,
    Again,
    GiveUp,
}

/// One delivery. The parcel is packed anew for every attempt, since some vendors send the record as it is by then.
pub trait Delivery: Send + Sync + 'static {
    /// None when there is nothing to send any more.
    fn pack(&self) -> Option<Parcel>;

    /// `status` is none when no answer came.
    fn answered(&self, status: Option<u16>, body: &[u8]) -> Next;

    /// How long to gather before the first attempt.
    fn wait(&self) -> Duration {
        Duration::ZERO
    }
}

/// The way into the queue.
#[derive(Clone)]
pub struct Sender {
    queue: mpsc::Sender<Arc<dyn Delivery>>,
    client: reqwest::Client,
}

pub(super) type Queue = mpsc::Receiver<Arc<dyn Delivery>>;

impl Sender {
    pub(super) fn new(client: reqwest::Client) -> (Self, Queue) {
        let (queue, rest) = mpsc::channel(QUEUE_MAX);
        (Self { queue, client }, rest)
    }

    /// Queues a delivery; false when it is lost because the queue is full.
    #[must_use]
    pub fn send(&self, delivery: Arc<dyn Delivery>) -> bool {
        self.queue.try_send(delivery).is_ok()
    }

    /// For handshakes, which happen within a request.
    pub fn client(&self) -> &reqwest::Client {
        &self.client
    }
}

/// Empties the queue until told to stop.
pub(super) async fn run(base: Arc<dyn super::look_alike::LookAlike>, mut queue: Queue, stop: CancellationToken) {
    let mut under_way = JoinSet::new();
    loop {
        let delivery = tokio::select! {
            () = stop.cancelled() => break,
            delivery = queue.recv() => match delivery { Some(delivery) => delivery, None => break },
        };
        while under_way.len() >= UNDER_WAY_MAX {
            under_way.join_next().await;
        }
        while under_way.join_next().now_or_never().flatten().is_some() {}
        let faults = &base.base().faults;
        if faults.strikes(FaultKind::DropWebhooks).is_some() {
            // Packed all the same, so that what it gathered is lost with it.
            drop(delivery.pack());
            base.base().stats.count(|counts| counts.webhooks_lost += 1);
            continue;
        }
        let late = faults.strikes(FaultKind::ReorderWebhooks).is_some();
        let wait = delivery.wait();
        let copies = if faults.strikes(FaultKind::DuplicateWebhooks).is_some() { 2 } else { 1 };
        for _ in 0..copies {
            let (base, delivery) = (base.clone(), delivery.clone());
            let work = async move {
                let hold = if late { REORDER_HOLD } else { Duration::ZERO };
                tokio::time::sleep(hold + delivery.wait()).await;
                deliver(base.base(), &*delivery).await;
            };
            // An undisturbed delivery is awaited for its first attempt only, so order holds while the receiver is well.
            under_way.spawn(work);
        }
        if !late && wait.is_zero() && under_way.len() == 1 {
            tokio::select! {
                () = stop.cancelled() => break,
                _ = under_way.join_next() => {}
                () = tokio::time::sleep(RETRY_FIRST) => {}
            }
        }
    }
    under_way.shutdown().await;
}

async fn deliver(base: &Base, delivery: &dyn Delivery) {
    let mut wait = RETRY_FIRST;
    for _ in 0..ATTEMPTS_MAX {
        let Some(parcel) = delivery.pack() else { return };
        let (status, body) = attempt(&base.sender.client, parcel).await;
        let next = delivery.answered(status, &body);
        base.stats.count(|counts| match next {
            Next::Done => counts.webhooks_sent += 1,
            Next::Again | Next::GiveUp => counts.webhooks_failed += 1,
        });
        match next {
            Next::Done => return,
            Next::GiveUp => break,
            Next::Again => tokio::time::sleep(wait).await,
        }
        wait = (wait * 2).min(RETRY_WAIT_MAX);
    }
    base.stats.count(|counts| counts.webhooks_lost += 1);
}

async fn attempt(client: &reqwest::Client, parcel: Parcel) -> (Option<u16>, Vec<u8>) {
    let mut request = client.post(&parcel.url).timeout(ANSWER_WITHIN).body(parcel.body);
    for (name, value) in parcel.headers {
        request = request.header(name, value);
    }
    match request.send().await {
        Err(error) => {
            tracing::debug!(%error, "a webhook got no answer");
            (None, Vec::new())
        }
        Ok(answer) => {
            let status = answer.status().as_u16();
            match answer.bytes().await {
                Ok(body) => (Some(status), body.to_vec()),
                Err(_) => (None, Vec::new()),
            }
        }
    }
}
