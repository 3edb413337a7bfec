//! Deliveries as accepted, and the little that is kept of each connection.

use std::time::Duration;

use rusqlite::{Connection, OptionalExtension, params};

use super::column;
use super::fault::Fault;
use super::writer::Write;
use crate::id::{ConnectionName, ObjectName};
use crate::store::{Accepted, Delivery};

/// Vendors send again for days; after this a repeat only costs one read.
const KEPT_FOR: Duration = Duration::from_secs(14 * 24 * 3600);
/// Old deliveries removed with each new one: more than come in, so the inbox shrinks to its span.
const REMOVED_AT_ONCE: i64 = 4;

/// Notes a delivery, unless it is there already. Touching its records is the caller's, in the same transaction.
pub fn accept(write: &Write, delivery: &Delivery) -> Result<Accepted, Fault> {
    let feeds: Vec<&str> = delivery.feeds.iter().map(ObjectName::as_str).collect();
    let sql = "INSERT INTO inbox (connection, identity, verified_by, received_at, feeds) VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO NOTHING";
    let received = column::millis(delivery.received_at);
    let (connection, identity) = (delivery.connection.as_str(), delivery.identity.as_str());
    if write.execute(sql, params![connection, identity, delivery.verified_by, received, feeds.join("\n")])? == 0 {
        return Ok(Accepted::Again);
    }
    let sql = "DELETE FROM inbox WHERE id IN (SELECT id FROM inbox ORDER BY id LIMIT ?1) AND received_at < ?2";
    write.execute(sql, params![REMOVED_AT_ONCE, received - KEPT_FOR.as_millis() as i64])?;
    Ok(Accepted::New)
}

pub fn subscription(conn: &Connection, connection: &ConnectionName, object: &ObjectName) -> Result<Option<String>, Fault> {
    let mut statement = conn.prepare_cached("SELECT state FROM subscription WHERE connection = ?1 AND object = ?2")?;
    Ok(statement.query_row([connection.as_str(), object.as_str()], |row| row.get(0)).optional()?)
}

pub fn keep_subscription(write: &Write, connection: &ConnectionName, object: &ObjectName, state: Option<&str>) -> Result<(), Fault> {
    let (connection, object) = (connection.as_str(), object.as_str());
    match state {
        Some(state) => {
            let sql = "INSERT INTO subscription VALUES (?1, ?2, ?3) ON CONFLICT DO UPDATE SET state = ?3";
            write.execute(sql, params![connection, object, state])?;
        }
        None => {
            write.execute("DELETE FROM subscription WHERE connection = ?1 AND object = ?2", [connection, object])?;
        }
    }
    Ok(())
}

pub fn account(conn: &Connection, connection: &ConnectionName) -> Result<Option<String>, Fault> {
    let mut statement = conn.prepare_cached("SELECT account FROM account WHERE connection = ?1")?;
    Ok(statement.query_row([connection.as_str()], |row| row.get(0)).optional()?)
}

pub fn keep_account(write: &Write, connection: &ConnectionName, account: &str) -> Result<(), Fault> {
    let sql = "INSERT INTO account VALUES (?1, ?2) ON CONFLICT DO UPDATE SET account = ?2";
    write.execute(sql, params![connection.as_str(), account])?;
    Ok(())
}
