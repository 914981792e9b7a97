//! What time it is, and what is out of its time.
//!
//! While the process runs its time never goes back. Where the machine's clock goes back further
//! than clocks differ, nothing is asked or decided until it has caught up, or until the process is
//! started again: which of the two times is wrong only a person can say. A clock that goes ahead
//! ends requests and makes epochs old, as time does.

use std::fmt;
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::{Bank, Refusal};
use crate::epoch::TrustedEpoch;
use crate::limits::CLOCK_TOLERANCE;
use crate::presentation::InvalidReason;

/// A clock, in seconds since 1970-01-01T00:00:00Z.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> u64 + Send + Sync>);

impl Clock {
    /// The machine's.
    pub fn system() -> Self {
        Self::of(|| {
            let since = SystemTime::now().duration_since(UNIX_EPOCH);
            since.map_or(0, |since| since.as_secs())
        })
    }

    /// Any other.
    pub fn of(now: impl Fn() -> u64 + Send + Sync + 'static) -> Self {
        Self(Arc::new(now))
    }

    fn now(&self) -> u64 {
        (self.0)()
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Clock({})", self.now())
    }
}

/// The process's time, which a clock moves and never moves back.
#[derive(Debug)]
pub(super) struct Time {
    clock: Clock,
    latest: AtomicU64,
}

impl Time {
    pub(super) fn of(clock: Clock) -> Self {
        let latest = AtomicU64::new(clock.now());
        Self { clock, latest }
    }

    /// Seconds since 1970-01-01T00:00:00Z.
    pub(super) fn now(&self) -> u64 {
        self.read().0
    }

    /// How many seconds the clock is behind what it was.
    pub(super) fn behind(&self) -> u64 {
        self.read().1
    }

    /// The time, unless the clock went back.
    ///
    /// # Errors
    /// It did, further than clocks differ.
    pub(super) fn certain(&self) -> Result<u64, Refusal> {
        match self.read() {
            (now, behind) if behind <= CLOCK_TOLERANCE.as_secs() => Ok(now),
            (_, behind) => Err(Refusal::ClockWentBack { behind }),
        }
    }

    fn read(&self) -> (u64, u64) {
        let clock = self.clock.now();
        let latest = self.latest.fetch_max(clock, Ordering::Relaxed).max(clock);
        (latest, latest - clock)
    }
}

/// Why an epoch cannot be used now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Untimely {
    /// It is older than the bank lets one be. Its authority has a newer one, or owes it.
    #[error("the newest epoch is older than this bank takes: add a newer one")]
    Old,
    /// It is of the future. The bank's clock or its authority's is wrong.
    #[error("the newest epoch is of the future: this bank's clock or the authority's is wrong")]
    Early,
}

impl From<Untimely> for InvalidReason {
    fn from(why: Untimely) -> Self {
        match why {
            Untimely::Old => Self::EpochTooOld,
            Untimely::Early => Self::EpochInFuture,
        }
    }
}

impl Bank {
    /// Checks that requests and presentations may be about an epoch now.
    pub(super) fn timely(&self, epoch: &TrustedEpoch, now: u64) -> Result<(), Untimely> {
        let made = epoch.header().time;
        if made > now.saturating_add(CLOCK_TOLERANCE.as_secs()) {
            return Err(Untimely::Early);
        }
        match Duration::from_secs(now.saturating_sub(made)) > self.maximum_epoch_age {
            true => Err(Untimely::Old),
            false => Ok(()),
        }
    }

    /// When witnesses must have cosigned the head of a log that is taken now: one that nobody has
    /// vouched for since may have been continued otherwise, and who cosigns in the future has no
    /// clock.
    pub(super) fn timely_heads(&self, now: u64) -> RangeInclusive<u64> {
        let oldest = now.saturating_sub(self.maximum_epoch_age.as_secs());
        oldest..=now.saturating_add(CLOCK_TOLERANCE.as_secs())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_goes_on_or_stands_still_and_is_uncertain_where_a_clock_went_back() {
        let hand = Arc::new(AtomicU64::new(10_000));
        let shown = Arc::clone(&hand);
        let time = Time::of(Clock::of(move || shown.load(Ordering::Relaxed)));
        let at = |clock: u64| {
            hand.store(clock, Ordering::Relaxed);
            (time.now(), time.behind(), time.certain().ok())
        };
        assert_eq!(at(10_000), (10_000, 0, Some(10_000)));
        assert_eq!(at(10_010), (10_010, 0, Some(10_010)));
        assert_eq!(at(9_710), (10_010, 300, Some(10_010)));
        assert_eq!(at(9_709), (10_010, 301, None));
        assert_eq!(at(0), (10_010, 10_010, None));
        assert_eq!(at(10_011), (10_011, 0, Some(10_011)));
    }
}
