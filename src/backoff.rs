//! How long to wait before the next attempt. Pure: the jitter comes from a seed that is passed in.
//!
//! The one place that knows the `backoff` crate, which is no longer maintained: deny.toml holds the exception, and nothing but this file would change.

use std::time::Duration;

use backoff::SystemClock;
use backoff::backoff::Backoff;
use backoff::exponential::{ExponentialBackoff, ExponentialBackoffBuilder};

/// Attempts after which waits no longer grow, whatever `base` and `cap` are.
const DOUBLINGS_MAX: u32 = 40;

/// Waits that double from `base` to `cap`, each drawn evenly between nothing and that (full jitter), so that callers who failed together do not return together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Waits {
    pub base: Duration,
    pub cap: Duration,
}

impl Default for Waits {
    /// One second to fifteen minutes.
    fn default() -> Self {
        Waits { base: Duration::from_secs(1), cap: Duration::from_secs(15 * 60) }
    }
}

impl Waits {
    /// The wait after failed attempt number `attempt` (the first is 1).
    ///
    /// A vendor's own `hint` beats all: it is never undercut, and at most `base` is added, lest all wait for one instant.
    pub fn wait(&self, attempt: u32, hint: Option<Duration>, seed: u64) -> Duration {
        match hint {
            Some(hint) => hint.saturating_add(part(self.base, seed)),
            None => part(self.longest(attempt), seed),
        }
    }

    /// The longest that [`Waits::wait`] gives for this attempt without a hint.
    pub fn longest(&self, attempt: u32) -> Duration {
        let mut doubling: ExponentialBackoff<SystemClock> = ExponentialBackoffBuilder::new()
            .with_initial_interval(self.base)
            .with_max_interval(self.cap)
            .with_multiplier(2.0)
            .with_randomization_factor(0.0)
            .with_max_elapsed_time(None)
            .build();
        let mut longest = self.base;
        for _ in 0..attempt.clamp(1, DOUBLINGS_MAX) {
            longest = doubling.next_backoff().unwrap_or(self.cap);
        }
        longest.min(self.cap)
    }
}

fn part(whole: Duration, seed: u64) -> Duration {
    // 53 bits are what a float holds exactly.
    let share = (mixed(seed) >> 11) as f64 / (1_u64 << 53) as f64;
    whole.mul_f64(share)
}

/// Spreads neighbouring seeds over all of `u64` (the finaliser of SplitMix64).
fn mixed(seed: u64) -> u64 {
    let mut mixed = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_the_cap() {
        let waits = Waits::default();
        let longest: Vec<u64> = [1, 2, 3, 10, 11, 1_000_000].map(|attempt| waits.longest(attempt).as_secs()).into();
        assert_eq!(longest, [1, 2, 4, 512, 900, 900]);
    }

    #[test]
    fn jitter_is_even_and_repeatable() {
        let waits = Waits::default();
        let drawn: Vec<f64> = (0..1_000).map(|seed| waits.wait(5, None, seed).as_secs_f64()).collect();
        let mean = drawn.iter().sum::<f64>() / 1_000.0;
        assert!((7.0..9.0).contains(&mean), "the mean of 0 to 16 s is 8 s, not {mean}");
        assert!(drawn.iter().all(|wait| (0.0..=16.0).contains(wait)));
        assert_eq!(waits.wait(5, None, 7), waits.wait(5, None, 7));
    }

    #[test]
    fn a_hint_is_never_undercut() {
        let hint = Duration::from_secs(3_600);
        for seed in 0..100 {
            let wait = Waits::default().wait(1, Some(hint), seed);
            assert!(wait >= hint && wait <= hint + Duration::from_secs(1));
        }
    }
}
