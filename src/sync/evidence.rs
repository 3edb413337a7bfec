//! Which of several edits is the newest, and how sure that is.
//!
//! All candidates are judged at once: in pairs, three of them can beat each other in a circle.

use std::fmt;

use jiff::{SignedDuration, Timestamp};

use super::entity::Interval;
use crate::plant::planted;

/// Vendors' clocks are measured to a second each, so two of them may differ by this much.
pub const SKEW: SignedDuration = SignedDuration::from_secs(2);

/// How sure *newest* is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Grade {
    /// All others ended before it began.
    Certain,
    /// Its time is the greatest, but another may have come after it.
    Possible,
    /// The times cannot tell: the order of `systems:` did.
    Order,
}

impl fmt::Display for Grade {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Grade::Certain => "certain",
            Grade::Possible => "possible",
            Grade::Order => "order",
        })
    }
}

/// The position of the newest. `rank` orders those that the times cannot tell apart, smallest first.
///
/// Returns `None` only for no candidates.
pub fn newest(changes: &[Interval], rank: impl Fn(usize) -> usize) -> Option<(usize, Grade)> {
    let begins_later = |one: &Interval, other: &Interval| other.after.is_some_and(|after| shifted(one.until, SKEW) < after);
    let mut left: Vec<usize> = (0..changes.len()).filter(|at| !changes.iter().any(|other| begins_later(&changes[*at], other))).collect();
    if let [only] = left[..] {
        return Some((only, Grade::Certain));
    }
    if planted!("latest-pairwise") {
        let beats = |one: usize, other: usize| {
            let surely = begins_later(&changes[other], &changes[one]);
            let by_end = shifted(changes[other].until, SKEW) < changes[one].until;
            surely || (!begins_later(&changes[one], &changes[other]) && by_end)
        };
        return (0..changes.len()).reduce(|best, at| if beats(at, best) { at } else { best }).map(|at| (at, Grade::Possible));
    }
    if planted!("order-before-time") {
        return left.into_iter().min_by_key(|at| rank(*at)).map(|at| (at, Grade::Order));
    }
    let greatest = left.iter().map(|at| changes[*at].until).max()?;
    left.retain(|at| shifted(changes[*at].until, SKEW) >= greatest);
    if let [only] = left[..] {
        return Some((only, Grade::Possible));
    }
    left.into_iter().min_by_key(|at| rank(*at)).map(|at| (at, Grade::Order))
}

/// Later by `by`; stands still at the ends of time.
pub fn shifted(at: Timestamp, by: SignedDuration) -> Timestamp {
    at.saturating_add(by).unwrap_or(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(after: Option<i64>, until: i64) -> Interval {
        let at = |second| Timestamp::from_second(second).expect("small");
        Interval { after: after.map(at), until: at(until) }
    }

    #[track_caller]
    fn check(changes: &[(Option<i64>, i64)], newest_is: (usize, Grade)) {
        let changes: Vec<Interval> = changes.iter().map(|(after, until)| change(*after, *until)).collect();
        assert_eq!(newest(&changes, |at| at), Some(newest_is));
    }

    #[test]
    fn grades() {
        check(&[(None, 5)], (0, Grade::Certain));
        check(&[(Some(0), 10), (Some(20), 30)], (1, Grade::Certain));
        check(&[(Some(0), 10), (Some(5), 30)], (1, Grade::Possible));
        check(&[(Some(0), 30), (Some(5), 31)], (0, Grade::Order));
        check(&[(None, 31), (None, 30)], (0, Grade::Order));
        assert_eq!(newest(&[], |at| at), None);
    }

    #[test]
    fn ending_within_the_skew_of_a_beginning_is_not_before_it() {
        check(&[(Some(0), 19), (Some(20), 30)], (1, Grade::Possible));
    }

    #[test]
    fn an_end_long_before_the_greatest_never_wins_by_order() {
        check(&[(Some(0), 10), (Some(0), 20), (Some(0), 21)], (1, Grade::Order));
    }
}
