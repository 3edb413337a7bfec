//! The person who answers reviews.

use syncline::daemon::resolve::{Said, resolve};
use syncline::id::EntityId;
use syncline::store::{Review, ReviewAbout};

use super::engine::Engine;
use super::world::Shared;

/// Answers open reviews, each with this probability; how many.
pub async fn answer(engine: &mut Engine, world: &Shared, probability: f64) -> usize {
    let process = engine.process().await;
    let open = process.watch.inner().reviews(None, true).await.expect("the store reads");
    let mut answered = 0;
    for review in open.into_iter().filter(|review| review.answer.is_none()) {
        let said = {
            let mut world = world.lock().expect("no holder of this lock goes on after a panic");
            if !world.dice.chance(probability) {
                continue;
            }
            let options = options(&review);
            let said = world.dice.pick(&options).clone();
            world.note(format_args!("person: {} {:?}: {said:?}", review.id, review.about));
            // A person may put another record in the place of one that is there.
            if let Said::Link(entity) = &said {
                world.ledger.pardoned.push(EntityId(*entity));
            }
            if let (Said::New, ReviewAbout::InDoubt { .. }, Some(entity)) = (&said, &review.about, review.entity) {
                world.ledger.pardoned.push(entity);
            }
            said
        };
        if resolve(&process.ground, review.id, said).await.is_ok() {
            answered += 1;
        }
    }
    answered
}

fn options(review: &Review) -> Vec<Said> {
    match &review.about {
        ReviewAbout::Match { hits, .. } => {
            let mut said: Vec<Said> = hits.iter().map(|EntityId(entity)| Said::Link(*entity)).collect();
            said.extend([Said::New, Said::Leave]);
            said
        }
        ReviewAbout::Conflict { values, .. } => values.iter().map(|(_, value)| Said::Value(value.to_string())).collect(),
        ReviewAbout::Delete { .. } => vec![Said::Delete, Said::Keep],
        ReviewAbout::InDoubt { .. } => vec![Said::New, Said::Leave],
        ReviewAbout::PingPong { .. } | ReviewAbout::Stuck { .. } => vec![Said::Again],
        // Nobody is asked.
        ReviewAbout::Refused { .. } => Vec::new(),
        ReviewAbout::Join { other, .. } => vec![Said::Link(other.0), Said::Leave],
    }
}
