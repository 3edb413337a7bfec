//! How far a vendor's clock stands from ours, from the `Date` of its answers: windows are cut by the vendor's time, never by ours.

use std::collections::VecDeque;
use std::sync::Mutex;

use jiff::{SignedDuration, Timestamp};

/// Answers remembered: one odd `Date` (a cache, a proxy) does not move the median of so many.
const SAMPLES: usize = 32;

/// The last measured differences, vendor less ours.
#[derive(Default)]
pub struct VendorClock(Mutex<VecDeque<i64>>);

impl VendorClock {
    /// Notes an answer's `Date`, which has whole seconds, against the middle of the request.
    pub fn note(&self, date: Timestamp, sent: Timestamp, received: Timestamp) {
        let middle = sent.as_millisecond() / 2 + received.as_millisecond() / 2;
        // A `Date` is cut to its second: on average it stands half a second early.
        let difference = date.as_millisecond() + 500 - middle;
        let mut samples = self.0.lock().expect("no holder of this lock can panic");
        if samples.len() == SAMPLES {
            samples.pop_front();
        }
        samples.push_back(difference);
    }

    /// The median difference; none before the first answer.
    pub fn offset(&self) -> Option<SignedDuration> {
        let samples = self.0.lock().expect("no holder of this lock can panic");
        let mut sorted: Vec<i64> = samples.iter().copied().collect();
        drop(samples);
        sorted.sort_unstable();
        let median = *sorted.get(sorted.len() / 2)?;
        // Less than a second is the rounding of `Date` and the way the answer took.
        Some(if median.abs() < 1_000 { SignedDuration::ZERO } else { SignedDuration::from_millis(median) })
    }

    /// What the vendor's clock says when ours says `now`.
    pub fn vendor_time(&self, now: Timestamp) -> Timestamp {
        now.saturating_add(self.offset().unwrap_or_default()).expect("an offset of HTTP dates is far from the ends of time")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_the_median_and_forgives_one_odd_answer() {
        let clock = VendorClock::default();
        assert_eq!(clock.offset(), None);
        let ours = Timestamp::from_second(1_700_000_000).expect("in range");
        for ahead in [120, 121, 90_000, 120, 119] {
            clock.note(Timestamp::from_second(1_700_000_000 + ahead).expect("in range"), ours, ours);
        }
        assert_eq!(clock.offset().map(|offset| offset.as_secs()), Some(120));
    }
}
