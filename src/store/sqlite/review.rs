//! Questions to a person, and their answers.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, params};

use super::column;
use super::fault::Fault;
use super::writer::Write;
use crate::id::{EntityId, ReviewId};
use crate::store::stored::{Terms, review as stored};
use crate::store::{Answer, NewReview, Review};

/// Opens a review; the same question about the same thing is asked once.
pub fn open(write: &Write, terms: &Terms, new: &NewReview, at: Timestamp) -> Result<ReviewId, Fault> {
    let about = stored::write(&new.about, terms);
    let entity = new.entity.map(|id| id.0);
    let sql = "SELECT id FROM review WHERE mapping = ?1 AND entity IS ?2 AND closed = 0 AND about = ?3";
    let known = write.conn.prepare_cached(sql)?.query_row(params![terms.mapping.0, entity, about], |row| row.get(0)).optional()?;
    if let Some(id) = known {
        return Ok(ReviewId(id));
    }
    let sql = "INSERT INTO review (mapping, entity, opened_at, about) VALUES (?1, ?2, ?3, ?4)";
    write.execute(sql, params![terms.mapping.0, entity, column::millis(at), about])?;
    Ok(ReviewId(write.conn.last_insert_rowid()))
}

pub fn close(write: &Write, id: ReviewId) -> Result<(), Fault> {
    known(write.execute("UPDATE review SET closed = 1 WHERE id = ?1", [id.0])?, id)
}

pub fn answer(write: &Write, id: ReviewId, answer: &Answer, at: Timestamp) -> Result<(), Fault> {
    let sql = "UPDATE review SET answer = ?2, answered_at = ?3 WHERE id = ?1 AND closed = 0";
    known(write.execute(sql, params![id.0, stored::write_answer(answer), column::millis(at)])?, id)
}

fn known(changed: usize, id: ReviewId) -> Result<(), Fault> {
    if changed == 1 { Ok(()) } else { Err(Fault::unknown(format!("open review {id}"))) }
}

pub fn has_open(conn: &Connection, terms: &Terms) -> Result<bool, Fault> {
    let sql = "SELECT EXISTS (SELECT 1 FROM review WHERE mapping = ?1 AND closed = 0)";
    Ok(conn.prepare_cached(sql)?.query_row([terms.mapping.0], |row| row.get(0))?)
}

pub fn open_of(conn: &Connection, terms: &Terms, entity: EntityId) -> Result<Vec<Review>, Fault> {
    query(conn, terms, "mapping = ?1 AND entity = ?2 AND closed = 0", params![terms.mapping.0, entity.0])
}

/// Reviews in the order they were opened; `open_only` leaves out what was used or answered itself.
pub fn list(conn: &Connection, terms: &Terms, open_only: bool) -> Result<Vec<Review>, Fault> {
    let which = if open_only { "mapping = ?1 AND closed = 0" } else { "mapping = ?1" };
    query(conn, terms, which, params![terms.mapping.0])
}

fn query(conn: &Connection, terms: &Terms, which: &str, params: &[&dyn rusqlite::ToSql]) -> Result<Vec<Review>, Fault> {
    let sql = format!("SELECT id, entity, opened_at, about, answer FROM review WHERE {which} ORDER BY id");
    let mut statement = conn.prepare_cached(&sql)?;
    let mut rows = statement.query(params)?;
    let mut all = Vec::new();
    while let Some(row) = rows.next()? {
        let about: Vec<u8> = row.get(3)?;
        let Some(about) = stored::read(&about, terms)? else { continue };
        let answer: Option<Vec<u8>> = row.get(4)?;
        all.push(Review {
            id: ReviewId(row.get(0)?),
            mapping: terms.mapping,
            entity: row.get::<_, Option<i64>>(1)?.map(EntityId),
            about,
            opened_at: column::instant(row.get(2)?)?,
            answer: answer.as_deref().map(stored::read_answer).transpose()?,
        });
    }
    Ok(all)
}
