//! `wins`: who may decide a field, and which candidate does.

mod worded;

use std::cmp::Ordering;

use jiff::Timestamp;

use super::entity::{Fact, FieldIx, Interval, Origin, SystemIx};
use super::evidence::{self, Grade};
use super::reason::Reason;
use super::terms::Terms;
use crate::mapping::Wins;
use crate::plant::{planted, sometimes};
use crate::value::{Str, Value};
pub use worded::worded;

/// A value that may become the agreed one.
#[derive(Clone, Debug, PartialEq)]
pub struct Candidate {
    pub from: From,
    pub value: Value,
    pub changed: Interval,
    /// What the system showed before.
    pub shadow: Option<Value>,
    /// Who typed it, where the vendor tells.
    pub actor: Option<Str>,
}

/// Where a candidate comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum From {
    System {
        system: SystemIx,
        how: How,
    },
    /// The answer of a review, at a known instant.
    Person,
    /// The agreed value itself, with its origin.
    Agreed(Origin),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    OnTop,
    Beside,
    Adoption,
    /// What a read-only cell shows while the field is blank: it fills, without an edit.
    Standing,
}

impl Candidate {
    pub fn agreed(fact: &Fact) -> Self {
        Self { from: From::Agreed(fact.origin), value: fact.value.clone(), changed: fact.changed, shadow: None, actor: None }
    }

    pub fn person(value: Value, at: Timestamp) -> Self {
        Self { from: From::Person, value, changed: Interval { after: Some(at), until: at }, shadow: None, actor: None }
    }

    pub fn system(&self) -> Option<SystemIx> {
        match self.from {
            From::System { system, .. } => Some(system),
            From::Person | From::Agreed(_) => None,
        }
    }

    /// The system whose value this is, also when it speaks as the agreed value.
    pub fn voice(&self) -> Option<SystemIx> {
        match self.from {
            From::System { system, .. } | From::Agreed(Origin::System(system)) => Some(system),
            From::Person | From::Agreed(Origin::Person | Origin::Rule | Origin::Formula) => None,
        }
    }

    pub fn origin(&self) -> Origin {
        match self.from {
            From::System { system, .. } => Origin::System(system),
            From::Person => Origin::Person,
            From::Agreed(origin) => origin,
        }
    }

    pub fn is(&self, wanted: How) -> bool {
        matches!(self.from, From::System { how, .. } if how == wanted)
    }
}

/// One field about to be merged.
pub struct Question<'a> {
    pub terms: &'a dyn Terms,
    pub field: FieldIx,
    pub agreed: Option<&'a Fact>,
    /// The policy in force: of lines, the owner that they name.
    pub wins: &'a Wins,
    /// In the look of a hand-over, who owned the field before it.
    pub before: Option<SystemIx>,
    /// A blank is put back.
    pub required: bool,
    /// Each system's part in this look.
    pub parts: &'a [Part],
    pub candidates: Vec<Candidate>,
}

/// What a system can say of a field at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// No live record, asleep or beyond its wall, or no cell.
    Absent,
    /// A record that was never read in this field.
    NeverRead,
    Present,
}

/// The answer.
#[derive(Clone, Debug, PartialEq)]
pub enum Choice {
    /// Nobody spoke, or nobody who may decide: the agreed value stays.
    Stays { put_back: Vec<Candidate> },
    /// This candidate; `others` took part, `put_back` may not decide.
    Takes { winner: Candidate, others: Vec<Candidate>, put_back: Vec<Candidate>, reason: Reason },
    /// A person decides: nothing of the field moves.
    Ask { among: Vec<Candidate> },
    /// The owner's record was never read.
    Waits { owner: SystemIx },
}

impl Question<'_> {
    /// Chooses over all candidates at once.
    pub fn choose(mut self) -> Choice {
        if let Some(at) = self.candidates.iter().position(|one| one.from == From::Person) {
            let winner = self.candidates.swap_remove(at);
            return Choice::Takes { winner, others: self.candidates, put_back: Vec::new(), reason: Reason::Answered };
        }
        if let Some(owner) = self.waits_for() {
            sometimes!("a field waits for its owner");
            return if self.candidates.is_empty() { Choice::Stays { put_back: Vec::new() } } else { Choice::Waits { owner } };
        }
        let put_back = self.put_back();
        if self.candidates.is_empty() {
            return Choice::Stays { put_back };
        }
        self.let_agreed_join();
        match self.wins {
            Wins::Owner(owner) if self.hands_over(*owner) => self.by_hand_over(*owner, put_back),
            Wins::Ranks(ranks) if self.anyone_of(ranks) && (self.agreed.is_some() || ranks.iter().any(|system| self.has(*system))) => {
                self.by_rank(&ranks.clone(), put_back)
            }
            Wins::Owner(owner) if self.present(*owner) && self.has(*owner) => self.by_owner(*owner, put_back),
            Wins::Highest => self.by_size(Ordering::Greater, put_back),
            Wins::Lowest => self.by_size(Ordering::Less, put_back),
            Wins::First => self.by_first(put_back),
            Wins::Ask => self.by_asking(put_back),
            Wins::Owner(_) | Wins::Ranks(_) | Wins::Latest(_) | Wins::Lines(_) => self.by_time(put_back),
        }
    }

    /// Whether the old owner speaks in the look of a hand-over, and the new one does not.
    fn hands_over(&self, owner: SystemIx) -> bool {
        let spoke = |system: SystemIx| self.candidates.iter().any(|one| one.system() == Some(system));
        !spoke(owner) && self.before.is_some_and(spoke)
    }

    fn has(&self, system: SystemIx) -> bool {
        self.candidates.iter().any(|one| one.voice() == Some(system))
    }

    fn present(&self, system: SystemIx) -> bool {
        self.parts[system.0 as usize] != Part::Absent
    }

    fn anyone_of(&self, systems: &[SystemIx]) -> bool {
        systems.iter().any(|system| self.present(*system))
    }

    fn blank_so_far(&self) -> bool {
        self.agreed.is_none_or(|fact| fact.value.is_blank())
    }

    /// The owner that is there and was never read.
    fn waits_for(&self) -> Option<SystemIx> {
        match self.wins {
            Wins::Owner(owner) if self.parts[owner.0 as usize] == Part::NeverRead => Some(*owner),
            _ => None,
        }
    }

    /// Takes away the candidates that may not decide.
    fn put_back(&mut self) -> Vec<Candidate> {
        let deciders = self.deciders();
        let everybody: Vec<Candidate> = std::mem::take(&mut self.candidates);
        let required = self.required;
        let (blank, rest): (Vec<_>, Vec<_>) = everybody.into_iter().partition(|one| required && one.value.is_blank());
        let (may, mut may_not): (Vec<_>, Vec<_>) = match deciders {
            None => (rest, Vec::new()),
            Some(deciders) => rest.into_iter().partition(|one| one.voice().is_some_and(|system| deciders.contains(&system))),
        };
        self.candidates = may;
        if self.blank_so_far() && self.candidates.iter().all(|one| one.value.is_blank()) {
            self.fill_by_adoption(&mut may_not);
        }
        may_not.extend(blank);
        may_not
    }

    /// While nothing is agreed a value met for the first time fills the field, whoever decides it: a blank never beats a value then.
    fn fill_by_adoption(&mut self, may_not: &mut Vec<Candidate>) {
        if self.candidates.iter().any(|one| !one.is(How::Adoption)) {
            return;
        }
        if may_not.iter().any(|one| one.is(How::Adoption) && !one.value.is_blank()) {
            sometimes!("a value fills what nobody agreed to");
        }
        let fills = |one: &Candidate| one.is(How::Adoption) && !one.value.is_blank();
        let (fill, rest): (Vec<_>, Vec<_>) = std::mem::take(may_not).into_iter().partition(fills);
        *may_not = rest;
        self.candidates.extend(fill);
    }

    /// Those whose edits count; `None`: everybody's.
    fn deciders(&self) -> Option<Vec<SystemIx>> {
        match self.wins {
            // Edits of both owners count, the new one's first.
            Wins::Owner(owner) if self.before.is_some() => {
                let both: Vec<SystemIx> = self.before.into_iter().chain([*owner]).collect();
                let spoke = both.iter().any(|system| self.has(*system));
                (spoke || (self.present(*owner) && self.agreed.is_some())).then_some(both)
            }
            Wins::Owner(_) if planted!("owner-asked-with-others") => None,
            Wins::Owner(owner) => (self.present(*owner) && self.agreed.is_some()).then(|| vec![*owner]),
            // Where nothing was ever agreed there is nothing to put back to.
            Wins::Ranks(systems) | Wins::Latest(Some(systems)) => {
                let decide = self.anyone_of(systems) && (self.agreed.is_some() || systems.iter().any(|system| self.has(*system)));
                decide.then(|| systems.clone())
            }
            Wins::Latest(None) | Wins::Highest | Wins::Lowest | Wins::First | Wins::Ask | Wins::Lines(_) => None,
        }
    }

    /// The agreed value competes with those who had not seen it, unless somebody superseded it in the same look.
    fn let_agreed_join(&mut self) {
        let Some(fact) = self.agreed else { return };
        let always = matches!(self.wins, Wins::Highest | Wins::Lowest) && !planted!("highest-forgets-agreed");
        let superseded = self.candidates.iter().any(|one| one.is(How::OnTop));
        let only_new = self.candidates.iter().all(|one| one.is(How::Adoption) || one.is(How::Standing));
        let stands_aside = superseded || (fact.value.is_blank() && only_new);
        if always || !stands_aside {
            self.candidates.push(Candidate::agreed(fact));
        }
    }

    fn takes(mut self, at: usize, put_back: Vec<Candidate>, reason: Reason) -> Choice {
        let winner = self.candidates.swap_remove(at);
        Choice::Takes { winner, others: self.candidates, put_back, reason }
    }

    /// `systems:` is the order of last resort; a person's and a rule's values come before it.
    fn order(&self, at: usize) -> usize {
        self.candidates[at].voice().map_or(0, |system| system.0 as usize * 2 + 1 + usize::from(self.candidates[at].system().is_none()))
    }

    fn by_owner(self, owner: SystemIx, put_back: Vec<Candidate>) -> Choice {
        let spoke = self.candidates.iter().position(|one| one.system() == Some(owner));
        let at = spoke.or_else(|| self.candidates.iter().position(|one| one.voice() == Some(owner)));
        let at = at.expect("called only where the owner speaks");
        let reason = self.alone(at).unwrap_or(Reason::Owner { winner: owner });
        self.takes(at, put_back, reason)
    }

    fn by_hand_over(self, owner: SystemIx, put_back: Vec<Candidate>) -> Choice {
        sometimes!("the old owner speaks in the look of a hand-over");
        let before = self.before.expect("called only in a hand-over");
        let at = self.candidates.iter().position(|one| one.system() == Some(before)).expect("called only where the old owner speaks");
        self.takes(at, put_back, Reason::HandOver { winner: before, to: owner })
    }

    /// The reason of a candidate that nobody contests.
    fn alone(&self, at: usize) -> Option<Reason> {
        if self.candidates.len() > 1 {
            return None;
        }
        match self.candidates[at].from {
            From::System { system, how: How::Adoption | How::Standing } => Some(Reason::Adopted { from: system }),
            From::System { system, how: How::OnTop | How::Beside } => Some(Reason::Edited { in_system: system }),
            From::Person => Some(Reason::Answered),
            From::Agreed(_) => None,
        }
    }

    fn by_rank(mut self, ranks: &[SystemIx], mut put_back: Vec<Candidate>) -> Choice {
        let rank = |system: Option<SystemIx>| system.and_then(|system| ranks.iter().position(|one| *one == system)).unwrap_or(ranks.len());
        let holder = match self.agreed {
            Some(fact) if !fact.value.is_blank() => rank(Candidate::agreed(fact).voice()),
            Some(_) | None => ranks.len(),
        };
        let swapped = planted!("ranks-swapped");
        let takes = |one: &Candidate| if swapped { rank(one.voice()) >= holder } else { rank(one.voice()) <= holder };
        let (take, low): (Vec<_>, Vec<_>) = std::mem::take(&mut self.candidates).into_iter().partition(takes);
        let all_blank = take.iter().all(|one| one.value.is_blank());
        let takes_any = take.iter().any(|one| one.system().is_some());
        if all_blank && takes_any {
            // A clear never beats a fill of the same look.
            if !low.is_empty() {
                sometimes!("a clear meets others below its rank");
            }
            self.candidates = take.into_iter().chain(low).collect();
        } else {
            self.candidates = take;
            put_back.extend(low.into_iter().filter(|one| one.system().is_some() && !one.is(How::Standing)));
        }
        let place = |one: &Candidate| (one.value.is_blank(), rank(one.voice()), one.system().is_none());
        let Some(at) = (0..self.candidates.len()).min_by_key(|at| place(&self.candidates[*at])) else {
            sometimes!("nobody who spoke may take");
            return Choice::Stays { put_back };
        };
        let reason = match (self.alone(at), self.candidates[at].voice()) {
            (Some(reason), _) => reason,
            (None, Some(winner)) => Reason::Rank { winner },
            (None, None) => Reason::Answered,
        };
        self.takes(at, put_back, reason)
    }

    fn by_time(self, put_back: Vec<Candidate>) -> Choice {
        let (at, grade) = self.newest_of(&(0..self.candidates.len()).collect::<Vec<_>>());
        if grade == Grade::Possible && !self.all_same() {
            sometimes!("an edit is possibly the latest");
        }
        if grade == Grade::Order && !self.all_same() {
            sometimes!("the order of systems decides");
        }
        if self.terms.certain(self.field) && grade != Grade::Certain && !self.all_same() {
            return Choice::Ask { among: self.candidates };
        }
        let winner = self.candidates[at].system();
        let reason = self.alone(at).unwrap_or(Reason::Latest { winner, grade });
        self.takes(at, put_back, reason)
    }

    fn newest_of(&self, places: &[usize]) -> (usize, Grade) {
        let changes: Vec<Interval> = places.iter().map(|at| self.candidates[*at].changed).collect();
        let (at, grade) = evidence::newest(&changes, |at| self.order(places[at])).expect("never called without candidates");
        (places[at], grade)
    }

    fn all_same(&self) -> bool {
        let first = &self.candidates[0].value;
        self.candidates.iter().all(|one| self.terms.same(self.field, &one.value, first))
    }

    fn by_asking(self, put_back: Vec<Candidate>) -> Choice {
        if self.all_same() {
            return self.by_time(put_back);
        }
        Choice::Ask { among: self.candidates }
    }

    fn by_size(self, want: Ordering, put_back: Vec<Candidate>) -> Choice {
        let beats = |one: &Candidate, best: &Candidate| match (one.value.is_blank(), best.value.is_blank()) {
            (true, true | false) => false,
            (false, true) => true,
            (false, false) => self.terms.compare(self.field, &one.value, &best.value) == Some(want),
        };
        let mut places: Vec<usize> = (0..self.candidates.len()).collect();
        places.sort_by_key(|at| (!matches!(self.candidates[*at].from, From::Agreed(_)), self.order(*at)));
        let mut best = places[0];
        for at in places {
            if beats(&self.candidates[at], &self.candidates[best]) {
                best = at;
            }
        }
        let winner = self.candidates[best].system();
        let reason = if want == Ordering::Greater { Reason::Highest { winner } } else { Reason::Lowest { winner } };
        self.takes(best, put_back, reason)
    }

    fn by_first(mut self, mut put_back: Vec<Candidate>) -> Choice {
        if !self.blank_so_far() && !planted!("first-overwritten") {
            put_back.extend(self.candidates.into_iter().filter(|one| one.system().is_some()));
            return Choice::Stays { put_back };
        }
        let (blank, full): (Vec<_>, Vec<_>) = std::mem::take(&mut self.candidates).into_iter().partition(|one| one.value.is_blank());
        self.candidates = if full.is_empty() { blank } else { full };
        if self.candidates.len() > 1 {
            sometimes!("several fill a field at once");
        }
        let mut places: Vec<usize> = (0..self.candidates.len()).collect();
        while places.len() > 1 {
            let (newest, _) = self.newest_of(&places);
            places.retain(|at| *at != newest);
        }
        let at = places[0];
        let reason = self.alone(at).unwrap_or(Reason::First { winner: self.candidates[at].system() });
        self.takes(at, put_back, reason)
    }
}
