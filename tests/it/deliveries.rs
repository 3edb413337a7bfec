//! What a stranger, a broken vendor and a full disk do to webhooks, through the real daemon.

use std::io::Write;
use std::time::Duration;

use flate2::Compression;
use flate2::write::GzEncoder;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::json;
use sha2::Sha256;
use syncline::clock::{Clock, WallClock};

use super::support::daemon::{Daemon, eventually};
use super::support::program::Program;
use super::support::systems::LookAlikes;

/// The example in agreement.
fn lay(seed: u64) -> (LookAlikes, Program) {
    let systems = LookAlikes::start(12, seed);
    let mut program = Program::of_example("partner-deals");
    for (system, port) in [("crm", 8701), ("prm", 8702), ("erp", 8703)] {
        systems.join(&mut program, system, &format!("http://127.0.0.1:{port}"));
    }
    program.edit("syncline.yaml", "127.0.0.1:8080", "127.0.0.1:0");
    program.settle();
    (systems, program)
}

fn ready(systems: &LookAlikes, program: &Program) -> Daemon {
    let daemon = Daemon::start(program);
    eventually(systems, "it is ready", || daemon.ask(systems, "/readyz").0 == 200);
    daemon
}

/// How many deliveries of the portal came to this.
fn count(systems: &LookAlikes, daemon: &Daemon, outcome: &str) -> u64 {
    let line = format!("syncline_deliveries_total{{connection=\"prm\",outcome=\"{outcome}\"}} ");
    let metrics = daemon.ask(systems, "/metrics").1;
    metrics.lines().find_map(|found| found.strip_prefix(&line)?.parse().ok()).unwrap_or_default()
}

fn signature(over: &[u8], secret: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("a key of any length");
    mac.update(over);
    format!("sha256={}", hex::encode(mac.finalize().into_bytes()))
}

fn gzipped(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).expect("writing into a Vec never fails");
    encoder.finish().expect("writing into a Vec never fails")
}

/// How often a deal was read by its key.
fn looks(systems: &LookAlikes, key: &str) -> usize {
    systems.requests("prm", "GET", &format!("/deals/{key}")).len()
}

#[test]
fn a_replayed_webhook_is_answered_alike_and_looked_at_once() {
    let (systems, program) = lay(31);
    let daemon = ready(&systems, &program);
    // The first run of a daemon reads the feed: what is typed from here on is told by webhooks alone.
    eventually(&systems, "the first run has ended", || daemon.ask(&systems, "/metrics").1.contains("syncline_runs_total{mapping=\"deals\",outcome=\"done\"}"));
    let (deal, opportunity) = systems.open_deals().pop().expect("the world has open deals in both");
    systems.type_in("prm", "deals", &deal, &json!({ "close_date": "2027-05-17" }));
    let told = json!({ "event": "deal.updated", "key": deal });
    let secret = systems.config("prm", "webhook_secret");
    assert_eq!(daemon.deliver(&systems, &told, secret), 200);
    eventually(&systems, "the edit arrives", || systems.record("crm", "Opportunity", &opportunity)["fields"]["CloseDate"] == json!("2027-05-17"));
    let looked = looks(&systems, &deal);
    assert!(looked >= 1);
    for _ in 0..5 {
        assert_eq!(daemon.deliver(&systems, &told, secret), 200);
    }
    systems.http.pause(Duration::from_secs(1));
    assert_eq!(looks(&systems, &deal), looked, "nobody looks again");
    assert_eq!((count(&systems, &daemon, "accepted"), count(&systems, &daemon, "again")), (1, 5));
    assert_eq!(daemon.stop(), Some(0));
}

#[test]
fn forged_old_and_oversized_webhooks_are_refused_and_touch_nothing() {
    let (systems, mut program) = lay(32);
    // A vendor that signs when it sent, too.
    let connector = include_str!("../../connectors/partnerstack.yaml");
    let dated = connector.replace("over: [body],", "over: [\"header('x-sent')\", body], age: { at: header('x-sent'), max: 5m },");
    assert_ne!(dated, connector);
    std::fs::create_dir(program.path("connectors")).expect("the project can be written");
    std::fs::write(program.path("connectors/partnerstack.yaml"), dated).expect("the project can be written");
    program.set("TZ", "UTC");
    let daemon = ready(&systems, &program);
    let secret = systems.config("prm", "webhook_secret");
    let now = u64::try_from(WallClock.now().as_second()).expect("it is later than 1970");
    let body = json!({ "event": "deal.updated", "key": systems.open_deals()[0].0 }).to_string().into_bytes();
    let send = |sent: u64, body: &[u8], secret: &str, encoding: &[(&str, &str)], wire: Vec<u8>| {
        let sent = sent.to_string();
        let proof = signature(&[sent.as_bytes(), body].concat(), secret);
        let headers: Vec<(&str, &str)> =
            [("x-sent", sent.as_str()), ("x-partnerstack-signature", &proof)].into_iter().chain(encoding.iter().copied()).collect();
        daemon.post(&systems, "/hooks/prm", &headers, wire)
    };
    assert_eq!(send(now, &body, "another secret", &[], body.clone()), 401, "forged");
    assert_eq!(send(now - 3_600, &body, secret, &[], body.clone()), 401, "old");
    assert_eq!(send(now + 3_600, &body, secret, &[], body.clone()), 401, "not of this time");
    assert_eq!(daemon.post(&systems, "/hooks/prm", &[], body.clone()), 401, "without any proof");
    assert_eq!(count(&systems, &daemon, "refused"), 4);

    let big = vec![b' '; (1 << 20) + 1];
    assert_eq!(send(now, &big, secret, &[], big.clone()), 413, "on the wire");
    let bomb = vec![b' '; (4 << 20) + 1];
    assert_eq!(send(now, &bomb, secret, &[("content-encoding", "gzip")], gzipped(&bomb)), 413, "decoded");
    assert_eq!(count(&systems, &daemon, "oversized"), 2);
    assert_eq!(count(&systems, &daemon, "accepted"), 0, "nothing of it was kept");

    assert_eq!(send(now, &body, secret, &[("content-encoding", "gzip")], gzipped(&body)), 200, "an honest one is taken, packed or not");
    assert_eq!(count(&systems, &daemon, "accepted"), 1);
    assert_eq!(daemon.stop(), Some(0));
}

#[test]
fn a_full_disk_answers_503_and_loses_nothing_that_was_answered() {
    let (systems, program) = lay(33);
    let size = std::fs::metadata(program.path("syncline.db")).expect("the store is there").len();
    let daemon = Daemon::start_with_disk(&program, size / 512 + 400);
    eventually(&systems, "it is ready", || daemon.ask(&systems, "/readyz").0 == 200);
    let secret = systems.config("prm", "webhook_secret");
    let pairs = systems.open_deals();
    let mut answered = Vec::new();
    let mut last = 200;
    // Edits first, then deliveries about nothing, until the disk is full.
    for turn in 0..5_000 {
        let told = match pairs.get(turn) {
            Some((deal, _)) => {
                systems.type_in("prm", "deals", deal, &json!({ "close_date": "2027-05-17" }));
                json!({ "event": "deal.updated", "key": deal })
            }
            None => json!({ "event": "deal.updated", "key": format!("deal_{turn}"), "more": "x".repeat(400) }),
        };
        last = daemon.deliver(&systems, &told, secret);
        if last != 200 {
            break;
        }
        answered.extend(pairs.get(turn));
    }
    assert_eq!(last, 503, "never 2xx for what was not kept");
    assert_eq!(daemon.ended(), Some(1), "it ends, to begin again from what the disk holds");
    assert!(!answered.is_empty());

    let daemon = Daemon::start(&program);
    for (_, opportunity) in answered {
        let there = || systems.record("crm", "Opportunity", opportunity)["fields"]["CloseDate"] == json!("2027-05-17");
        eventually(&systems, "what was answered arrives once there is room", there);
    }
    assert_eq!(daemon.stop(), Some(0));
}
