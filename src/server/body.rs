//! Reading a delivery's body: capped on the wire and decoded, with a bound on all bodies that are read at once.

use std::io::Read;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderMap, StatusCode, header};
use bytes::{Bytes, BytesMut};
use flate2::read::{MultiGzDecoder, ZlibDecoder};
use http_body_util::BodyExt;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::bounds::{DELIVERY_BYTES_MAX, DELIVERY_DECODED_BYTES_MAX};

/// All bodies in memory at once; more of them are told to come again.
const BODIES_BYTES_MAX: usize = 64 << 20;
/// A body must be there by then.
const BODY_WITHIN: Duration = Duration::from_secs(10);

/// Why a body was not taken, with what the vendor is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotTaken {
    pub status: StatusCode,
    pub outcome: &'static str,
    pub why: &'static str,
}

const fn not_taken(status: StatusCode, outcome: &'static str, why: &'static str) -> NotTaken {
    NotTaken { status, outcome, why }
}

const TOO_BIG: NotTaken = not_taken(StatusCode::PAYLOAD_TOO_LARGE, "oversized", "the delivery is too big\n");
const CROWDED: NotTaken = not_taken(StatusCode::SERVICE_UNAVAILABLE, "crowded", "too many deliveries at once\n");
const SLOW: NotTaken = not_taken(StatusCode::REQUEST_TIMEOUT, "slow", "the body did not come in time\n");
const BROKEN: NotTaken = not_taken(StatusCode::BAD_REQUEST, "malformed", "the body cannot be read\n");
const UNKNOWN_ENCODING: NotTaken = not_taken(StatusCode::UNSUPPORTED_MEDIA_TYPE, "malformed", "content-encoding may be gzip, deflate or identity\n");

/// Room for bodies.
#[derive(Debug)]
pub struct Room(Arc<Semaphore>);

impl Default for Room {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(BODIES_BYTES_MAX)))
    }
}

impl Room {
    /// Room is taken as bytes arrive, so that a body which never comes holds none.
    async fn collect(&self, mut body: Body) -> Result<(Bytes, Vec<OwnedSemaphorePermit>), NotTaken> {
        let mut whole = BytesMut::new();
        let mut taken = Vec::new();
        while let Some(frame) = body.frame().await {
            let Ok(data) = frame.map_err(|_| BROKEN)?.into_data() else { continue };
            if whole.len() + data.len() > DELIVERY_BYTES_MAX {
                return Err(TOO_BIG);
            }
            let bytes = u32::try_from(data.len()).map_err(|_| TOO_BIG)?;
            taken.push(Arc::clone(&self.0).try_acquire_many_owned(bytes).map_err(|_| CROWDED)?);
            whole.extend_from_slice(&data);
        }
        Ok((whole.freeze(), taken))
    }

    /// The body as the vendor meant it.
    ///
    /// # Errors
    /// When it is too big, too slow, or not of its encoding.
    pub async fn read(&self, headers: &HeaderMap, body: Body) -> Result<Bytes, NotTaken> {
        let announced = headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
        if announced.is_some_and(|bytes| bytes > DELIVERY_BYTES_MAX as u64) {
            return Err(TOO_BIG);
        }
        let (raw, taken) = tokio::time::timeout(BODY_WITHIN, self.collect(body)).await.map_err(|_| SLOW)??;
        let decoded = decode(headers, raw)?;
        drop(taken);
        Ok(decoded)
    }
}

fn decode(headers: &HeaderMap, raw: Bytes) -> Result<Bytes, NotTaken> {
    let mut encodings = headers.get_all(header::CONTENT_ENCODING).iter();
    let encoding = encodings.next().map_or(Ok("identity"), |value| value.to_str().map_err(|_| UNKNOWN_ENCODING))?;
    if encodings.next().is_some() {
        return Err(UNKNOWN_ENCODING);
    }
    match encoding.trim().to_ascii_lowercase().as_str() {
        "identity" | "" => Ok(raw),
        "gzip" | "x-gzip" => inflate(MultiGzDecoder::new(&raw[..])),
        "deflate" => inflate(ZlibDecoder::new(&raw[..])),
        _ => Err(UNKNOWN_ENCODING),
    }
}

/// Stops at the cap: a small bomb never becomes a big buffer.
fn inflate(decoder: impl Read) -> Result<Bytes, NotTaken> {
    let mut out = Vec::new();
    decoder.take(DELIVERY_DECODED_BYTES_MAX as u64 + 1).read_to_end(&mut out).map_err(|_| BROKEN)?;
    if out.len() > DELIVERY_DECODED_BYTES_MAX { Err(TOO_BIG) } else { Ok(Bytes::from(out)) }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    fn gzip(bytes: &[u8]) -> Bytes {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(bytes).expect("writing into a Vec never fails");
        encoder.finish().expect("writing into a Vec never fails").into()
    }

    fn encoded(encoding: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(header::CONTENT_ENCODING, encoding.parse().expect("a literal of this test"))])
    }

    #[tokio::test]
    async fn a_gzip_body_is_decoded_and_a_bomb_is_not() {
        let room = Room::default();
        let small = room.read(&encoded("gzip"), Body::from(gzip(b"{}"))).await;
        assert_eq!(small, Ok(Bytes::from_static(b"{}")));
        let bomb = gzip(&vec![0; DELIVERY_DECODED_BYTES_MAX + 1]);
        assert!(bomb.len() < 10_000, "it is small on the wire");
        assert_eq!(room.read(&encoded("gzip"), Body::from(bomb)).await, Err(TOO_BIG));
    }

    #[tokio::test]
    async fn too_big_too_odd_and_broken_bodies_are_refused() {
        let room = Room::default();
        assert_eq!(room.read(&HeaderMap::new(), Body::from(vec![b' '; DELIVERY_BYTES_MAX + 1])).await, Err(TOO_BIG));
        assert_eq!(room.read(&encoded("br"), Body::from("{}")).await, Err(UNKNOWN_ENCODING));
        assert_eq!(room.read(&encoded("gzip"), Body::from("{}")).await, Err(BROKEN));
    }

    #[tokio::test]
    async fn more_bodies_than_there_is_room_for_come_again() {
        let room = Room(Arc::new(Semaphore::new(3)));
        assert_eq!(room.read(&HeaderMap::new(), Body::from("1234")).await, Err(CROWDED));
        assert_eq!(room.read(&HeaderMap::new(), Body::from("123")).await, Ok(Bytes::from_static(b"123")));
        assert_eq!(room.read(&HeaderMap::new(), Body::from("123")).await, Ok(Bytes::from_static(b"123")), "room is given back");
    }
}
