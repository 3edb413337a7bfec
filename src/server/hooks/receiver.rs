//! What the server needs of a connection to take its deliveries.

use axum::http::{HeaderMap, Uri};
use bytes::Bytes;
use jiff::Timestamp;

use crate::id::{ObjectName, RecordKey};

/// Takes deliveries of one connection: checks them and reads what they tell, without a request and without storing anything.
pub trait Receiver: Send + Sync {
    fn receive(&self, request: &HookRequest, now: Timestamp) -> Received;

    /// The address as the vendor called it: a proxy in front may have changed host and path.
    fn called_as(&self, uri: &Uri) -> String;
}

/// A request that came in for a connection.
#[derive(Clone, Debug, Default)]
pub struct HookRequest {
    pub method: String,
    /// The address as the vendor called it.
    pub url: String,
    pub query: Vec<(String, String)>,
    pub headers: HeaderMap,
    /// Exactly as it came, after decompression.
    pub body: Bytes,
    /// What stood behind the connection's name in the path.
    pub path_secret: Option<String>,
}

/// What becomes of it.
#[derive(Clone, Debug)]
pub enum Received {
    /// Stored by the caller, then answered so.
    Accepted { deliveries: Vec<HookDelivery>, answer: HookAnswer, verified_by: &'static str },
    /// A question of the vendor's: answered at once, nothing to store.
    Handshake(HookAnswer),
    Refused { status: u16, why: String },
    /// Our own fault: answered 503, so that the vendor sends it again.
    Unready { why: String },
}

/// An answer to a vendor.
#[derive(Clone, Debug, Default)]
pub struct HookAnswer {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: String,
}

/// A hint to look.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HookDelivery {
    pub object: ObjectName,
    /// Without one the object's feed is read.
    pub key: Option<RecordKey>,
    pub gone: bool,
    /// The same for a delivery that is sent again.
    pub identity: String,
}
