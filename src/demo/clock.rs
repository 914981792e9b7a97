//! How long things took.

use std::fmt;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Named durations, in the order in which they were measured.
#[derive(Debug, Default)]
pub(super) struct Stopwatch(Vec<(&'static str, Duration)>);

impl Stopwatch {
    /// Does something and notes how long it took.
    pub(super) fn lap<T>(&mut self, what: &'static str, work: impl FnOnce() -> T) -> T {
        let start = Instant::now();
        let done = work();
        self.note(what, start.elapsed());
        done
    }

    /// Notes a duration.
    pub(super) fn note(&mut self, what: &'static str, duration: Duration) {
        self.0.push((what, duration));
    }
}

impl fmt::Display for Stopwatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (what, duration) in &self.0 {
            writeln!(f, "{what:<60} {:>9.1} ms", duration.as_secs_f64() * 1000.0)?;
        }
        Ok(())
    }
}

/// Seconds since 1970-01-01T00:00:00Z.
pub(super) fn now() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs())
}
