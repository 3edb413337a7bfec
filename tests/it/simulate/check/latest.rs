//! Decisions by `latest` are judged once more, by the letter of the documentation: all candidates at once, then the order of `systems:`.

use syncline::mapping::{Mapping, Wins};
use syncline::store::{Decided, Fate, Spoke};
use syncline::sync::Neighbours;
use syncline::sync::entity::Origin;
use syncline::sync::evidence::Grade;
use syncline::sync::neighbours::View;
use syncline::sync::reason::Reason;

use syncline::value::Value;

use super::super::ledger::Change;
use super::super::time::{SECOND, us};
use super::super::world::World;
use super::commit::TODAY;

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

    /// A system that shows less never shortens what another one said in full.
    pub fn check_finest(&mut self, of: &Mapping, name: &str, change: &Change, decided: &Decided) {
        let Some(taken) = decided.spoke.iter().find(|one| one.fate == Fate::Taken) else { return };
        let Origin::System(system) = taken.from else { return };
        let view = View { entity: &change.after, neighbours: &Neighbours::default(), today: TODAY, forgiven: &[] };
        let shortened = decided.spoke.iter().filter(|one| one.fate != Fate::PutBack && !of.same(decided.field, &one.value, &taken.value)).find(|one| {
            let form = of.form(decided.field, system, &one.value, &view);
            form.is_some_and(|form| of.same(decided.field, &form, &taken.value)) && of.same(decided.field, &decided.value, &taken.value)
        });
        if let Some(full) = shortened.map(|one| one.value.clone()) {
            self.broken(format!("I5: {name}: {} is all that is shown of {full}, and is taken for it", taken.value));
        }
    }

    /// Of a set each element is a field of its own: what one system adds is lost to nobody who did not take it away.
    pub fn check_elements(&mut self, of: &Mapping, name: &str, decided: &Decided) {
        let all = |value: &Value| match value {
            Value::Set(elements) => elements.clone(),
            _ => Vec::new(),
        };
        let agreed = all(&decided.value);
        let removes =
            |one: &Spoke, element: &Value| one.before.as_ref().is_some_and(|before| all(before).contains(element)) && !all(&one.value).contains(element);
        let mut lost = None;
        for one in decided.spoke.iter().filter(|one| one.fate == Fate::Lost && matches!(of.field(decided.field).wins, Wins::Latest(None))) {
            let Some(before) = one.before.as_ref().map(all) else { continue };
            let added = all(&one.value).into_iter().filter(|element| !before.contains(element) && !agreed.contains(element));
            lost = lost.or(added.into_iter().find(|element| !decided.spoke.iter().any(|other| removes(other, element))));
        }
        if let Some(element) = lost {
            self.broken(format!("I5: {name}: {element} was put into the set, nobody took it out, and it is lost"));
        }
    }
}
