//! What comes in at `/hooks`: honest, forged, sent again, too big, and when nothing can be kept.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;

use super::*;
use crate::bounds::{DELIVERY_BYTES_MAX, DELIVERY_DECODED_BYTES_MAX};
use crate::daemon::fixture::{deals, opportunity_of};

const GOOD: (&str, &str) = ("x-proof", "good");

fn count(served: &Served, outcome: &'static str) -> u64 {
    let counts = served.bed.handle.tally().snapshot();
    counts.deliveries.get(&(ConnectionName::new("crm"), outcome)).copied().unwrap_or_default()
}

#[tokio::test]
async fn a_delivery_is_answered_and_its_record_flows() {
    let served = Served::start(None).await;
    let key = served.bed.crm.put(&opportunity(), opportunity_of("1", "Acme"));
    let answer = send(served.address, "POST", "/hooks/crm", &[GOOD], key.as_str().as_bytes()).await;
    assert_eq!(answer.status, 202, "as its connector says");
    eventually("it arrives", || served.bed.prm.keys(&deals()).len() == 1).await;
    let again = send(served.address, "POST", "/hooks/crm", &[GOOD], key.as_str().as_bytes()).await;
    assert_eq!(again.status, 202, "sent again, answered alike");
    assert_eq!((count(&served, "accepted"), count(&served, "again")), (1, 1));
    served.stop().await;
}

#[tokio::test]
async fn a_secret_in_the_path_reaches_the_connection() {
    let served = Served::start(None).await;
    assert_eq!(send(served.address, "PUT", "/hooks/crm/path-secret", &[], b"k").await.status, 202);
    assert_eq!(send(served.address, "PUT", "/hooks/crm/guessed", &[], b"k").await.status, 401);
    served.stop().await;
}

#[tokio::test]
async fn forged_and_unknown_are_refused() {
    let served = Served::start(None).await;
    let forged = send(served.address, "POST", "/hooks/crm", &[("x-proof", "bad")], b"k").await;
    assert_eq!(forged.status, 401);
    assert!(!forged.body.contains("signature"), "what was wrong is for the log, not for the forger");
    assert_eq!(send(served.address, "POST", "/hooks/nobody", &[GOOD], b"k").await.status, 404);
    assert_eq!((count(&served, "refused"), count(&served, "accepted")), (1, 0));
    served.stop().await;
}

#[tokio::test]
async fn a_handshake_is_answered_at_once() {
    let served = Served::start(None).await;
    let answer = send(served.address, "POST", "/hooks/crm?validationToken=a%20b", &[], b"").await;
    assert_eq!((answer.status, answer.body.as_str()), (200, "a b"));
    assert_eq!(count(&served, "handshake"), 1);
    served.stop().await;
}

#[tokio::test]
async fn what_is_too_big_is_cut_off_on_the_wire_and_decoded() {
    let served = Served::start(None).await;
    let big = vec![b'k'; DELIVERY_BYTES_MAX + 1];
    assert_eq!(send(served.address, "POST", "/hooks/crm", &[GOOD], &big).await.status, 413);
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(&vec![b'k'; DELIVERY_DECODED_BYTES_MAX + 1]).expect("writing into a Vec never fails");
    let bomb = encoder.finish().expect("writing into a Vec never fails");
    assert_eq!(send(served.address, "POST", "/hooks/crm", &[GOOD, ("content-encoding", "gzip")], &bomb).await.status, 413);
    assert_eq!((count(&served, "oversized"), count(&served, "accepted")), (2, 0));
    served.stop().await;
}

#[tokio::test]
async fn our_own_faults_ask_for_the_delivery_again() {
    let served = Served::start(None).await;
    let unready = send(served.address, "POST", "/hooks/crm", &[("x-proof", "none")], b"k").await;
    assert_eq!(unready.status, 503);
    assert!(unready.head.contains("retry-after:"), "{}", unready.head);
    served.bed.store.release_lease().await.expect("it is ours");
    let failed = send(served.address, "POST", "/hooks/crm", &[GOOD], b"k").await;
    assert_eq!(failed.status, 503, "never 2xx for what was not kept");
    assert!(failed.head.contains("retry-after:"), "{}", failed.head);
    let ready = get(served.address, "/readyz", &[]).await;
    assert!(ready.status == 503 && ready.body.contains("the store cannot be used any more"), "{}", ready.body);
    served.stop().await;
}

/// A planted bug, caught.
#[test]
fn an_answer_before_it_is_kept_is_noticed() {
    crate::plant::caught_by("answered-before-kept", our_own_faults_ask_for_the_delivery_again);
}
