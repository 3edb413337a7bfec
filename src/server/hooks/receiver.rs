//! What the server needs of a connection to take its deliveries.

use jiff::Timestamp;

use crate::connector::Connection;
use crate::connector::webhook::{HookRequest, Received};

/// Takes deliveries of one connection: checks them and reads what they tell, without a request and without storing anything.
pub trait Receiver: Send + Sync {
    fn receive(&self, request: &HookRequest, now: Timestamp) -> Received;
}

impl Receiver for Connection {
    fn receive(&self, request: &HookRequest, now: Timestamp) -> Received {
        Connection::receive(self, request, now)
    }
}
