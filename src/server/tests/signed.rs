//! Signed deliveries through a real connector file: nothing between the wire and the proof changes a byte.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::*;
use crate::catalog::Catalog;
use crate::clock::WallClock;
use crate::connector::meter::Unmetered;
use crate::connector::{ConfigText, ConnectionSettings, connect};
use crate::daemon::fixture::deals;
use crate::diag::Files;
use crate::value::{Str, Value};

const SECRET: &str = "whsec-of-a-test";

fn partnerstack() -> Arc<dyn Receiver> {
    let (catalog, problems) = Catalog::built_in(&mut Files::new());
    assert!(problems.is_empty(), "{problems:?}");
    let connector = Arc::clone(catalog.get("partnerstack").expect("it is built in"));
    let config = [("public_key", "pk"), ("secret_key", "sk"), ("webhook_secret", SECRET)];
    let config = config.map(|(name, text)| (name.to_owned(), ConfigText::Secret(Secret::new(text)))).into();
    let settings = ConnectionSettings { name: ConnectionName::new("prm"), config, at: None, currency: None, country: None, time_zone: None };
    let connected = connect(connector, settings, Arc::new(WallClock), Arc::new(Unmetered));
    Arc::new(connected.unwrap_or_else(|problems| panic!("{problems:?}")))
}

fn signature(body: &[u8], secret: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("a key of any length");
    mac.update(body);
    format!("sha256={}", hex::encode(mac.finalize().into_bytes()))
}

#[tokio::test]
async fn a_signed_delivery_arrives_and_a_forged_one_touches_nothing() {
    let served = Served::with(None, "prm", partnerstack()).await;
    let fields = [("number", "1"), ("name", "Acme")].map(|(path, text)| (Str::from(path), Value::text(text)));
    let key = served.bed.prm.put(&deals(), Value::Map(fields.into()));
    let body = format!("{{ \"event\": \"deal.created\",\n \"key\": \"{key}\" }}");
    let signed = |text: &str, secret| send_signed(served.address, body.clone(), signature(text.as_bytes(), secret));
    assert_eq!(signed(&body, "another secret").await, 401, "another's signature");
    assert_eq!(signed(&format!("{body} "), SECRET).await, 401, "a signature of other bytes");
    assert_eq!(send(served.address, "POST", "/hooks/prm", &[], body.as_bytes()).await.status, 401, "none at all");
    let laid = served.bed.handle.ground().mappings[0].id;
    assert_eq!(served.bed.store.touched_count(laid).await.expect("it can be read").0, 0);
    assert_eq!(signed(&body, SECRET).await, 200);
    eventually("the deal arrives", || served.bed.crm.keys(&opportunity()).len() == 1).await;
    assert_eq!(signed(&body, SECRET).await, 200, "replayed: answered alike");
    let counts = served.bed.handle.tally().snapshot().deliveries;
    let count = |outcome| counts[&(ConnectionName::new("prm"), outcome)];
    assert_eq!((count("accepted"), count("again"), count("refused")), (1, 1, 3));
    served.stop().await;
}

async fn send_signed(to: SocketAddr, body: String, signature: String) -> u16 {
    send(to, "POST", "/hooks/prm", &[("x-partnerstack-signature", &signature)], body.as_bytes()).await.status
}
