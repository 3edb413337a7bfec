//! A crash at every point: a small scenario for each class of creates and updates, cut off at each turn of its runs' futures. Store calls yield before and
//! after each commit, requests before and after they are carried out, so every commit and every await is such a turn.
//!
//! After most turns nothing is another than before but what the process knew, and that is gone with it. A crash there leaves what the one before it leaves, so
//! by default only those are played after which the store, a vendor, or what is under way had changed; `POINTS=all` plays each.
//! `CRASH=B-U1/57,80/6s cargo test --test it points -- --nocapture` tells one; `PAIRS=10000` crashes so many times twice.

mod play;
mod scenario;

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::dice::Dice;
use super::{number, said};
use play::{Crashes, Played, Ready, play};
use scenario::{Class, End};

/// Pairs of crashes of a plain `cargo test`, over all classes.
const PAIRS: u64 = 400;
/// When what was under way is carried out: a vendor that is asked for an answer within 10 seconds may take twice that. `None`: never.
const LANDED: [Option<i64>; 5] = [Some(1), Some(6), Some(12), None, Some(18)];
/// The second crash comes within so many turns of the first: while what the first one left is looked up.
const APART: u64 = 400;

/// The scenario as it ends without a crash.
struct Calm {
    class: Class,
    ready: Ready,
    turns: u64,
    telling: Vec<u64>,
    end: End,
}

impl Calm {
    fn of(class: Class) -> Self {
        let ready = Ready::of(class);
        let Played { turns, telling, end, broken, text, .. } = play(&ready, Crashes { at: Vec::new(), landed: None }, true);
        assert_eq!(broken, None, "{} without a crash\n{text}", class.name());
        Self { class, ready, turns, telling, end }
    }

    /// What is wrong with how it ended.
    fn wrong(&self, played: &Played) -> Option<String> {
        if let Some(broken) = &played.broken {
            return Some(broken.clone());
        }
        if played.end.records != self.end.records {
            let (is, was): (Vec<_>, Vec<_>) = played.end.records.iter().zip(&self.end.records).filter(|(is, was)| is != was).unzip();
            return Some(format!("it ends otherwise than without a crash:\n  {is:?}\n  {was:?}"));
        }
        let missing: Vec<_> = self.end.lost.iter().filter(|lost| !played.end.lost.contains(lost)).collect();
        (!missing.is_empty()).then(|| format!("the conflict log misses {missing:?}"))
    }
}

fn calm() -> Vec<Calm> {
    scenario::all().into_iter().map(Calm::of).collect()
}

/// One thing to play: which scenario, and when it is cut off.
type Work = (usize, Vec<u64>);

/// What many plays came to.
#[derive(Default)]
struct Found {
    plays: u64,
    wrong: Vec<String>,
    /// Classes in which a person was asked.
    asked: Vec<char>,
}

/// Plays each on all cores, where something is under way then, with it landing sooner, later, and not at all.
fn all(calm: &[Calm], works: &[Work], once: bool, plant: &'static str) -> Found {
    let next = AtomicUsize::new(0);
    let found = Mutex::new(Found::default());
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..cores {
            scope.spawn(|| {
                syncline::plant::plant(plant);
                while let Some((of, at)) = works.get(next.fetch_add(1, Ordering::Relaxed)) {
                    one(&calm[*of], at, once, &found);
                    // One is enough to catch a bug that was planted.
                    if !plant.is_empty() && !found.lock().expect("no thread panics with it").wrong.is_empty() {
                        return;
                    }
                }
            });
        }
    });
    found.into_inner().expect("all threads ended")
}

fn one(calm: &Calm, at: &[u64], once: bool, found: &Mutex<Found>) {
    let when: &[Option<i64>] = if once { &LANDED } else { &LANDED[2..4] };
    for landed in when.iter().copied() {
        let played = play(&calm.ready, Crashes { at: at.to_vec(), landed }, false);
        let wrong = calm.wrong(&played);
        let mut found = found.lock().expect("no thread panics with it");
        found.plays += 1;
        if let Some(wrong) = wrong {
            found.wrong.push(format!("CRASH={}: {wrong}", spelt(calm.class, at, landed)));
        }
        // Whoever is asked after one crash is asked for a reason: nothing at this vendor tells.
        if played.asked && once && calm.class.create != 'N' {
            found.wrong.push(format!("CRASH={}: a person is asked", spelt(calm.class, at, landed)));
        }
        if played.asked {
            found.asked.push(calm.class.create);
        }
        if !played.sent {
            return;
        }
    }
}

fn spelt(class: Class, at: &[u64], landed: Option<i64>) -> String {
    let at: Vec<String> = at.iter().map(u64::to_string).collect();
    format!("{}/{}/{}", class.name(), at.join(","), landed.map_or_else(|| "lost".to_owned(), |seconds| format!("{seconds}s")))
}

fn report(found: &Found) {
    let shown: Vec<&str> = found.wrong.iter().take(20).map(String::as_str).collect();
    assert!(found.wrong.is_empty(), "{} of {} plays go wrong:\n{}", found.wrong.len(), found.plays, shown.join("\n"));
}

/// All single crashes, or those after which something had changed.
fn points(calm: &[Calm], every: bool) -> Vec<Work> {
    let of_one = |calm: &Calm| if every { (0..=calm.turns).collect() } else { calm.telling.clone() };
    calm.iter().enumerate().flat_map(|(of, calm)| of_one(calm).into_iter().map(move |at| (of, vec![at]))).collect()
}

/// What only a crash shows.
#[cfg(debug_assertions)]
#[test]
fn a_crash_shows_what_was_not_recovered() {
    let calm = calm();
    let works = points(&calm, false);
    let plants = ["create-in-doubt-dropped", "short-quarantine"];
    let survivors: Vec<&str> = plants.into_iter().filter(|plant| all(&calm, &works, true, plant).wrong.is_empty()).collect();
    assert!(survivors.is_empty(), "no crash shows {}", survivors.join(", "));
}

#[test]
fn a_crash_at_any_point_changes_nothing() {
    if let Some(told) = said("CRASH") {
        return tell(&told);
    }
    let calm = calm();
    let every = said("POINTS").is_some();
    let works = points(&calm, every);
    let found = all(&calm, &works, true, "");
    println!("{} of {} turns, {} plays", works.len(), calm.iter().map(|calm| calm.turns).sum::<u64>(), found.plays);
    report(&found);
    assert!(found.asked.contains(&'N'), "a create whose answer is lost at a vendor that cannot be searched is a person's question");
}

#[test]
fn two_crashes_change_nothing() {
    let calm = calm();
    let mut dice = Dice::seeded(number("SEED").unwrap_or(0));
    let pairs = number("PAIRS").unwrap_or(PAIRS);
    let pair = |dice: &mut Dice| {
        let of = dice.below(calm.len() as u64) as usize;
        let first = dice.below(calm[of].turns);
        (of, vec![first, first + dice.below(APART)])
    };
    let works: Vec<Work> = (0..pairs).map(|_| pair(&mut dice)).collect();
    report(&all(&calm, &works, false, ""));
}

/// One play, line by line.
fn tell(told: &str) {
    let mut parts = told.split('/');
    let (class, at, landed) = (parts.next(), parts.next().unwrap_or_default(), parts.next().and_then(|landed| landed.strip_suffix('s')?.parse().ok()));
    let class = scenario::all().into_iter().find(|known| Some(known.name().as_str()) == class).expect("CRASH begins with a class, as in B-U1");
    let at = at.split(',').map(|turn| turn.parse().expect("a turn is a number")).collect();
    let calm = Calm::of(class);
    let played = play(&calm.ready, Crashes { at, landed }, true);
    println!("{}", played.text);
    assert_eq!(calm.wrong(&played), None, "CRASH={told}");
}
