//! Decisions by `latest` are judged once more, by the letter of the documentation: all candidates at once, then the order of `systems:`.

use syncline::store::{Decided, Fate, Spoke};
use syncline::sync::entity::Origin;
use syncline::sync::evidence::Grade;
use syncline::sync::reason::Reason;

use super::super::time::{SECOND, us};
use super::super::world::World;

/// Two clocks may differ by so much.
const SKEW: i64 = 2 * SECOND;

/// Its time: after, and until.
fn times(one: &Spoke) -> (Option<i64>, i64) {
    (one.changed.after.map(us), us(one.changed.until))
}

fn order(one: &Spoke) -> usize {
    match one.from {
        Origin::System(system) => system.0 as usize * 2 + 1 + usize::from(one.as_agreed),
        Origin::Person | Origin::Rule | Origin::Formula => 0,
    }
}

fn latest<'a>(among: &[&'a Spoke]) -> (&'a Spoke, Grade) {
    let surely_before = |one: &Spoke| among.iter().any(|other| times(other).0.is_some_and(|after| times(one).1 + SKEW < after));
    let mut left: Vec<&Spoke> = among.iter().copied().filter(|one| !surely_before(one)).collect();
    if left.len() == 1 {
        return (left[0], Grade::Certain);
    }
    let greatest = left.iter().map(|one| times(one).1).max().expect("the one that ends last was not before another");
    left.retain(|one| times(one).1 + SKEW >= greatest);
    let grade = if left.len() == 1 { Grade::Possible } else { Grade::Order };
    left.sort_by_key(|one| order(one));
    (left[0], grade)
}

impl World {
    pub fn check_latest(&mut self, name: &str, decided: &Decided) {
        let Reason::Latest { grade, .. } = decided.reason else { return };
        let among: Vec<&Spoke> = decided.spoke.iter().filter(|one| one.fate != Fate::PutBack).collect();
        let Some(taken) = among.iter().find(|one| one.fate == Fate::Taken) else { return };
        let (wanted, sure) = latest(&among);
        if wanted.from != taken.from || wanted.as_agreed != taken.as_agreed || grade != sure {
            let told = format!("{} of {:?} ({grade}) is taken, and {} of {:?} ({sure}) is the latest", taken.value, taken.from, wanted.value, wanted.from);
            self.broken(format!("I5: {name}: {told}"));
        }
    }
}
