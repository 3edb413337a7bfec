//! Why a decision was taken, as bytes.

use super::{Broken, Reader, Terms, Writer, link};
use crate::mapping::SystemIx;
use crate::sync::evidence::Grade;
use crate::sync::reason::Reason;

/// What an op is told to be for, once the system its reason names has left the mapping.
pub const SYSTEM_LEFT: Reason = Reason::Owed;

pub fn write(out: &mut Writer, reason: &Reason, terms: &Terms) {
    let one = |out: &mut Writer, tag: u8, system: SystemIx| {
        out.byte(tag);
        out.number(terms.system(system).into());
    };
    let maybe = |out: &mut Writer, tag: u8, system: Option<SystemIx>| {
        out.byte(tag);
        out.option(system, |out, system| out.number(terms.system(system).into()));
    };
    match *reason {
        Reason::Edited { in_system } => one(out, 0, in_system),
        Reason::Agreed => out.byte(1),
        Reason::Adopted { from } => one(out, 2, from),
        Reason::Owner { winner } => one(out, 3, winner),
        Reason::Rank { winner } => one(out, 4, winner),
        Reason::Latest { winner, grade } => {
            maybe(out, 5, winner);
            out.byte(match grade {
                Grade::Certain => 0,
                Grade::Possible => 1,
                Grade::Order => 2,
            });
        }
        Reason::Highest { winner } => maybe(out, 6, winner),
        Reason::Lowest { winner } => maybe(out, 7, winner),
        Reason::First { winner } => maybe(out, 8, winner),
        Reason::Asked => out.byte(9),
        Reason::Answered => out.byte(10),
        Reason::PutBack { in_system } => one(out, 11, in_system),
        Reason::Required { in_system } => one(out, 12, in_system),
        Reason::Owed => out.byte(13),
        Reason::Waits { owner } => one(out, 14, owner),
        Reason::Missing => out.byte(15),
        Reason::Leaves { cause } => {
            out.byte(16);
            link::write_cause(out, cause, terms);
        }
        Reason::Returns => out.byte(17),
        Reason::TakenBack => out.byte(18),
        Reason::HandOver { winner, to } => {
            one(out, 19, winner);
            out.number(terms.system(to).into());
        }
        Reason::Computed => out.byte(20),
    }
}

/// `None`: a system that the reason names left the mapping.
pub fn read(input: &mut Reader, terms: &Terms) -> Result<Option<Reason>, Broken> {
    let tag = input.byte()?;
    Ok(match tag {
        0 | 2 | 3 | 4 | 11 | 12 | 14 => terms.system_ix(input.small()?).map(|at| match tag {
            0 => Reason::Edited { in_system: at },
            2 => Reason::Adopted { from: at },
            3 => Reason::Owner { winner: at },
            4 => Reason::Rank { winner: at },
            11 => Reason::PutBack { in_system: at },
            12 => Reason::Required { in_system: at },
            _ => Reason::Waits { owner: at },
        }),
        5..=8 => read_winner(tag, input, terms)?,
        1 => Some(Reason::Agreed),
        9 => Some(Reason::Asked),
        10 => Some(Reason::Answered),
        13 => Some(Reason::Owed),
        15 => Some(Reason::Missing),
        16 => Some(Reason::Leaves { cause: link::read_cause(input, terms)? }),
        17 => Some(Reason::Returns),
        18 => Some(Reason::TakenBack),
        19 => {
            let (winner, to) = (terms.system_ix(input.small()?), terms.system_ix(input.small()?));
            winner.zip(to).map(|(winner, to)| Reason::HandOver { winner, to })
        }
        20 => Some(Reason::Computed),
        _ => return Err(input.broken()),
    })
}

/// A reason that names the winner where there is one.
fn read_winner(tag: u8, input: &mut Reader, terms: &Terms) -> Result<Option<Reason>, Broken> {
    let number = input.option(Reader::small)?;
    let winner = number.map(|number| terms.system_ix(number));
    let reason = |winner| match tag {
        6 => Reason::Highest { winner },
        7 => Reason::Lowest { winner },
        _ => Reason::First { winner },
    };
    let told = match tag {
        5 => {
            let grade = match input.byte()? {
                0 => Grade::Certain,
                1 => Grade::Possible,
                2 => Grade::Order,
                _ => return Err(input.broken()),
            };
            Reason::Latest { winner: winner.flatten(), grade }
        }
        _ => reason(winner.flatten()),
    };
    Ok((winner != Some(None)).then_some(told))
}
