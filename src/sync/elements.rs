//! Sets merge element by element: each is a field of its own, there or not, under the field's policy.

use super::entity::{Fact, FieldIx};
use super::policy::{Candidate, Choice, From, How, Question};
use super::reason::Reason;
use super::terms::Terms;
use crate::plant::sometimes;
use crate::value::Value;

/// Chooses over whole sets. Losers are whole sets too, so that what was typed can be found as it was typed.
pub(super) fn choose(question: Question) -> Choice {
    if question.candidates.iter().any(|one| one.from == From::Person) {
        return question.choose();
    }
    let agreed: Vec<Value> = question.agreed.map(|fact| elements(&fact.value).to_vec()).unwrap_or_default();
    let mut result = agreed.clone();
    let mut verdict = Verdict::default();
    for element in universe(&question) {
        let held = contains(&question, &agreed, &element);
        let fact = question.agreed.map(|fact| Fact { value: presence(held, &element), ..fact.clone() });
        let about = about_element(&question, &element, held, fact.as_ref());
        if about.candidates.is_empty() {
            continue;
        }
        match about.choose() {
            Choice::Ask { .. } => return Choice::Ask { among: question.candidates },
            Choice::Waits { owner } => return Choice::Waits { owner },
            Choice::Stays { put_back } => verdict.lose(put_back),
            Choice::Takes { winner, others, put_back, reason } => {
                verdict.lose(put_back);
                verdict.lose(others.into_iter().filter(|one| one.value != winner.value).collect());
                if winner.value.is_blank() {
                    sometimes!("an element is taken out of a set");
                }
                result.retain(|one| !question.terms.same(question.field, &set_of(one), &set_of(&element)));
                if !winner.value.is_blank() {
                    result.push(element);
                }
                if verdict.winner.as_ref().is_some_and(|(known, _)| known.system() != winner.system()) {
                    sometimes!("elements of several systems come together");
                }
                verdict.win(winner, reason);
            }
        }
    }
    verdict.conclude(question, result)
}

#[derive(Default)]
struct Verdict {
    winner: Option<(Candidate, Reason)>,
    lost: Vec<From>,
}

impl Verdict {
    fn lose(&mut self, lost: Vec<Candidate>) {
        self.lost.extend(lost.into_iter().filter(|one| one.system().is_some()).map(|one| one.from));
    }

    /// The newest of the winners gives the whole set its provenance.
    fn win(&mut self, winner: Candidate, reason: Reason) {
        let spoke = winner.system().is_some();
        let newer = self.winner.as_ref().is_none_or(|(known, _)| winner.changed.until > known.changed.until);
        if spoke && newer {
            self.winner = Some((winner, reason));
        }
    }

    fn conclude(self, question: Question, mut result: Vec<Value>) -> Choice {
        result.sort();
        result.dedup();
        let value = if result.is_empty() { Value::Blank } else { Value::Set(result) };
        let refused = question.required && value.is_blank();
        match self.winner {
            Some((winner, reason)) if !refused => {
                let put_back = question.candidates.into_iter().filter(|one| self.lost.contains(&one.from)).collect();
                Choice::Takes { winner: Candidate { value, ..winner }, others: Vec::new(), put_back, reason }
            }
            Some(_) => Choice::Stays { put_back: question.candidates },
            None => Choice::Stays { put_back: question.candidates.into_iter().filter(|one| self.lost.contains(&one.from)).collect() },
        }
    }
}

/// The one-element set, or a blank: so that every value here is of the field's own kind.
fn presence(there: bool, element: &Value) -> Value {
    if there { set_of(element) } else { Value::Blank }
}

fn set_of(element: &Value) -> Value {
    Value::Set(vec![element.clone()])
}

fn elements(value: &Value) -> &[Value] {
    match value {
        Value::Set(elements) => elements,
        _ => &[],
    }
}

fn contains(question: &Question, set: &[Value], element: &Value) -> bool {
    is_in(question.terms, question.field, set, element)
}

fn is_in(terms: &dyn Terms, field: FieldIx, set: &[Value], element: &Value) -> bool {
    set.iter().any(|one| terms.same(field, &set_of(one), &set_of(element)))
}

fn universe(question: &Question) -> Vec<Value> {
    let mut all: Vec<Value> = Vec::new();
    let shown = question.candidates.iter().flat_map(|one| elements(&one.value).iter().chain(one.shadow.iter().flat_map(elements)));
    for element in question.agreed.iter().flat_map(|fact| elements(&fact.value)).chain(shown) {
        if !contains(question, &all, element) {
            all.push(element.clone());
        }
    }
    all
}

/// One element as a question of its own: only who added or removed it speaks.
fn about_element<'a>(question: &'a Question, element: &Value, held: bool, fact: Option<&'a Fact>) -> Question<'a> {
    let speaks = |one: &&Candidate| {
        let shows = contains(question, elements(&one.value), element);
        let showed = one.shadow.as_ref().is_some_and(|shadow| contains(question, elements(shadow), element));
        match one.from {
            From::System { how: How::Adoption | How::Standing, .. } => shows && !held,
            From::System { how: How::OnTop | How::Beside, .. } | From::Person | From::Agreed(_) => shows != showed && shows != held,
        }
    };
    let said = |one: &Candidate| {
        let shows = contains(question, elements(&one.value), element);
        let shadow = one.shadow.as_ref().map(|shadow| presence(contains(question, elements(shadow), element), element));
        Candidate { value: presence(shows, element), shadow, ..one.clone() }
    };
    let candidates = question.candidates.iter().filter(speaks).map(said).collect();
    Question {
        terms: question.terms,
        field: question.field,
        agreed: fact,
        wins: question.wins,
        before: question.before,
        required: false,
        parts: question.parts,
        candidates,
    }
}
