//! Dead letters that a person wants to be tried again: never sent again as they were, but planned anew from what the systems show then.

use std::collections::BTreeSet;

use super::Handle;
use super::bell::Reading;
use super::resolve;
use crate::id::{DeadLetterId, MappingName};
use crate::run::{Ground, Laid};
use crate::store::{Answer, Letter, NewReview, Page, ReviewAbout, StoreError, Wake};

/// So many are kept in one transaction.
const TOGETHER: usize = 200;

/// What was asked again.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Retried {
    pub letters: Vec<DeadLetterId>,
    /// Those that are to look.
    pub mappings: BTreeSet<MappingName>,
    /// Closed meanwhile, or never there.
    pub not_open: Vec<DeadLetterId>,
}

/// Lets the next run plan these anew.
///
/// # Errors
/// When the store fails.
pub async fn retry(ground: &Ground, ids: &[DeadLetterId]) -> Result<Retried, StoreError> {
    let mut retried = Retried::default();
    let mut left: BTreeSet<DeadLetterId> = ids.iter().copied().collect();
    for laid in &ground.mappings {
        let mut found = Vec::new();
        for id in &left {
            let page = Page { entity: None, before: id.0.checked_add(1), limit: 1 };
            found.extend(ground.store.dead_letter_log(laid.id, page).await?.into_iter().filter(|letter| letter.id == *id));
        }
        for some in found.chunks(TOGETHER) {
            say(ground, laid, some).await?;
        }
        if !found.is_empty() {
            retried.mappings.insert(laid.mapping.name.clone());
        }
        for letter in found {
            left.remove(&letter.id);
            retried.letters.push(letter.id);
        }
    }
    retried.not_open.extend(left);
    Ok(retried)
}

async fn say(ground: &Ground, laid: &Laid, letters: &[Letter]) -> Result<(), StoreError> {
    let entities: Vec<_> = letters.iter().map(|one| one.letter.entity).collect();
    let touched = ground.store.load(laid.id, &entities).await?.iter().flat_map(|loaded| resolve::touch_all(laid, &loaded.entity)).collect();
    let said = letters.iter().map(|Letter { letter, .. }| {
        let about = ReviewAbout::Refused { system: letter.system, entry: letter.entry, fields: letter.fields.clone() };
        (NewReview { entity: Some(letter.entity), about }, Answer::Again)
    });
    ground.store.say(laid.id, said.collect(), touched, ground.clock.now()).await
}

impl Handle {
    /// Lets the daemon plan these anew, now.
    ///
    /// # Errors
    /// As [`retry`].
    pub async fn retry(&self, ids: &[DeadLetterId]) -> Result<Retried, StoreError> {
        let retried = retry(&self.shared.ground, ids).await?;
        for mapping in &retried.mappings {
            self.wake(mapping, Wake::Person, Reading::Touched);
        }
        Ok(retried)
    }
}
