//! How a run ended, as bytes, and the small closed sets that stand in columns.

use super::{Broken, Reader, Writer};
use crate::store::{Feed, RunEnd, RunState, Touched, WaitingWhy, Wake};

pub fn write(end: &RunEnd) -> Vec<u8> {
    let mut out = Writer::begin();
    let counts = [
        end.read,
        end.unchanged,
        end.created,
        end.updated,
        end.archived,
        end.deleted,
        end.linked,
        end.conflicts,
        end.reviews,
        end.dead_letters,
        end.in_doubt,
        end.waiting,
    ];
    counts.into_iter().for_each(|count| out.number(count));
    out.option(end.message.as_deref(), Writer::text);
    out.0
}

pub fn read(state: RunState, body: &[u8]) -> Result<RunEnd, Broken> {
    let mut input = Reader::begin(body, "run")?;
    Ok(RunEnd {
        state,
        read: input.number()?,
        unchanged: input.number()?,
        created: input.number()?,
        updated: input.number()?,
        archived: input.number()?,
        deleted: input.number()?,
        linked: input.number()?,
        conflicts: input.number()?,
        reviews: input.number()?,
        dead_letters: input.number()?,
        in_doubt: input.number()?,
        waiting: input.number()?,
        message: input.option(Reader::text)?.map(str::to_owned),
    })
}

/// A closed set as a column: the number of each member, and back where somebody reads it.
macro_rules! column {
    ($to:ident $set:ident: $($member:ident $number:literal),+) => {
        pub fn $to(member: $set) -> i64 {
            match member { $($set::$member => $number),+ }
        }
    };
    ($to:ident $from:ident $set:ident $what:literal: $($member:ident $number:literal),+) => {
        column!($to $set: $($member $number),+);

        pub fn $from(column: i64) -> Result<$set, Broken> {
            match column { $($number => Ok($set::$member),)+ _ => Err(Broken { what: $what }) }
        }
    };
}

column!(state read_state RunState "state of a run": Running 0, Done 1, Held 2, Failed 3, Stopped 4);
column!(wake read_wake Wake "wake of a run": Schedule 0, Delivery 1, Person 2, Start 3);
column!(feed Feed: Changes 0, Gone 1, Sweep 2);
column!(why read_why Touched "reason of a touch": Changed 0, Gone 1, Delivery 2, Retry 3, Person 4, Reference 5);
column!(waiting read_waiting WaitingWhy "reason of waiting": StartsNever 0, Outside 1, BeyondWall 2, Review 3, LeftAlone 4);
