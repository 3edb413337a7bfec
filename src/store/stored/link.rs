//! What a link keeps beside its key: version, times, flags, predecessors.

use jiff::Timestamp;

use super::{Broken, Reader, Terms, Writer};
use crate::id::RecordKey;
use crate::mapping::SystemIx;
use crate::sync::entity::{Cause, Link, LinkState};
use crate::value::Str;

const VERSION: u8 = 1;
const CHANGED_AT: u8 = 2;
const WRITTEN_AT: u8 = 4;
const UNCHANGED_AT: u8 = 8;
const ASLEEP: u8 = 16;
const INSIDE: u8 = 32;
const KEPT: u8 = 64;
const BEYOND: u8 = 128;

/// Bits of the state column that say whether the record is there.
pub const STATE: i64 = 3;
/// Set in the state column if the link has predecessors, whose keys then stand for it too.
pub const PREDECESSORS: i64 = 4;

/// The state column; below two is live.
pub fn state(link: &Link) -> i64 {
    let state = match link.state {
        LinkState::Live => 0,
        LinkState::Owed(_) => 1,
        LinkState::GoneByUser { .. } => 2,
        LinkState::GoneByUs { .. } => 3,
    };
    if link.predecessors.is_empty() { state } else { state | PREDECESSORS }
}

pub fn write(link: &Link, epoch: u32, terms: &Terms) -> Vec<u8> {
    let mut out = Writer::begin();
    let flag = |set: bool, bit: u8| if set { bit } else { 0 };
    out.byte(
        flag(link.version.is_some(), VERSION)
            | flag(link.changed_at.is_some(), CHANGED_AT)
            | flag(link.written_at.is_some(), WRITTEN_AT)
            | flag(link.unchanged_at.is_some(), UNCHANGED_AT)
            | flag(link.asleep, ASLEEP)
            | flag(link.inside, INSIDE)
            | flag(link.kept, KEPT)
            | flag(link.beyond, BEYOND),
    );
    out.number(epoch.into());
    if let Some(version) = &link.version {
        out.text(version);
    }
    for at in [link.changed_at, link.written_at, link.unchanged_at].into_iter().flatten() {
        out.instant(at);
    }
    match &link.state {
        LinkState::Live => {}
        LinkState::Owed(cause) => write_cause(&mut out, *cause, terms),
        LinkState::GoneByUser { at } => out.instant(*at),
        LinkState::GoneByUs { cause, at } => {
            write_cause(&mut out, *cause, terms);
            out.instant(*at);
        }
    }
    if !link.predecessors.is_empty() {
        out.number(link.predecessors.len() as u64);
        link.predecessors.iter().for_each(|key| out.text(key.as_str()));
    }
    out.0
}

/// What [`write`] keeps, without the shadows.
pub struct More {
    pub epoch: u32,
    pub version: Option<Str>,
    pub changed_at: Option<Timestamp>,
    pub written_at: Option<Timestamp>,
    pub unchanged_at: Option<Timestamp>,
    pub asleep: bool,
    pub inside: bool,
    pub beyond: bool,
    pub kept: bool,
    pub state: LinkState,
    pub predecessors: Vec<RecordKey>,
}

pub fn read(state: i64, bytes: &[u8], terms: &Terms) -> Result<More, Broken> {
    let mut input = Reader::begin(bytes, "link")?;
    let flags = input.byte()?;
    let epoch = input.small()?;
    let version = if flags & VERSION != 0 { Some(Str::from(input.text()?)) } else { None };
    let mut instant = |bit: u8| if flags & bit != 0 { input.instant().map(Some) } else { Ok(None) };
    let (changed_at, written_at, unchanged_at) = (instant(CHANGED_AT)?, instant(WRITTEN_AT)?, instant(UNCHANGED_AT)?);
    let link_state = match state & STATE {
        0 => LinkState::Live,
        1 => LinkState::Owed(read_cause(&mut input, terms)?),
        2 => LinkState::GoneByUser { at: input.instant()? },
        _ => LinkState::GoneByUs { cause: read_cause(&mut input, terms)?, at: input.instant()? },
    };
    let mut predecessors = Vec::new();
    if state & PREDECESSORS != 0 {
        for _ in 0..input.number()? {
            predecessors.push(RecordKey::new(input.text()?));
        }
    }
    Ok(More {
        epoch,
        version,
        changed_at,
        written_at,
        unchanged_at,
        asleep: flags & ASLEEP != 0,
        inside: flags & INSIDE != 0,
        beyond: flags & BEYOND != 0,
        kept: flags & KEPT != 0,
        state: link_state,
        predecessors,
    })
}

/// Beyond every number that a system can have.
const UNDONE: u64 = 1 << 17;

pub fn write_cause(out: &mut Writer, cause: Cause, terms: &Terms) {
    out.number(match cause {
        Cause::Wall => 0,
        Cause::Deleted(at) => 1 + u64::from(terms.system(at)),
        Cause::Undone => UNDONE,
    });
}

pub fn read_cause(input: &mut Reader, terms: &Terms) -> Result<Cause, Broken> {
    match input.number()? {
        0 => Ok(Cause::Wall),
        UNDONE => Ok(Cause::Undone),
        number => {
            let number: u16 = u16::try_from(number - 1).map_err(|_| input.broken())?;
            // The system whose delete caused it left the mapping: what is left of the cause is that the wall fell.
            Ok(terms.system_ix(number).map_or(Cause::Wall, |at: SystemIx| Cause::Deleted(at)))
        }
    }
}
