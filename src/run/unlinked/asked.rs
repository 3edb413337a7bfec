//! What a person was asked about unlinked records, and said.

use super::{Desk, Loose, Placed};
use crate::id::EntityId;
use crate::store::{Answer, Review};
use crate::sync::review::ReviewAbout;

impl Desk<'_> {
    pub(super) fn review(&self, loose: &Loose) -> Option<&Review> {
        self.reviews.iter().find(|review| {
            matches!(&review.about, ReviewAbout::Match { system, identity, .. }
                if *system == loose.system && *identity == loose.observation.identity)
        })
    }

    /// The entity whose create in doubt made this record, as a person said.
    pub(super) fn said_to_be(&self, loose: &Loose) -> Option<EntityId> {
        let creates = &self.creates[loose.system.0 as usize];
        self.reviews.iter().find_map(|review| match (&review.about, &review.answer) {
            (ReviewAbout::InDoubt { entry, .. }, Some(Answer::Record(key))) => {
                let seat = self.laid.seat(loose.system);
                let is_it = seat.system.identity(&seat.object, key) == loose.observation.identity;
                creates.iter().find(|create| create.id == *entry && is_it).map(|create| create.op.entity)
            }
            _ => None,
        })
    }

    /// Whether a question about a twin of the record names this one, too: two records with one key are one question.
    pub(super) fn asks_about_twin(&self, about: &ReviewAbout, placed: &Placed) -> bool {
        let stands = |review: &&Review| matches!(review.answer, None | Some(Answer::Leave)) && !placed.closed.contains(&review.id);
        let open = self.reviews.iter().filter(stands);
        open.map(|review| &review.about).chain(placed.reviews.iter().map(|review| &review.about)).any(|asked| asked.is_mirrored_by(about))
    }
}
