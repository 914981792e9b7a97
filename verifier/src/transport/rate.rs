//! How often each peer may call: a token bucket for each.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::limits::{PEERS, PEERS_FORGOTTEN};

/// The buckets of all peers.
#[derive(Debug)]
pub struct Rates {
    per_second: f64,
    burst: f64,
    buckets: Mutex<HashMap<Arc<str>, Bucket>>,
}

#[derive(Debug, Clone, Copy)]
struct Bucket {
    tokens: f64,
    filled: Instant,
}

impl Rates {
    /// Lets each peer make `burst` calls at once, and `per_second` in the long run.
    pub fn new(per_second: u32, burst: u32) -> Self {
        Self {
            per_second: f64::from(per_second.max(1)),
            burst: f64::from(burst.max(1)),
            buckets: Mutex::default(),
        }
    }

    /// Takes a call of a peer's account.
    ///
    /// # Errors
    /// There is none left; when there will be one.
    pub fn take(&self, account: &Arc<str>) -> Result<(), Duration> {
        self.take_at(account, Instant::now())
    }

    fn take_at(&self, account: &Arc<str>, now: Instant) -> Result<(), Duration> {
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        if buckets.len() >= PEERS && !buckets.contains_key(account) {
            self.forget(&mut buckets, now);
        }
        let fresh = Bucket {
            tokens: self.burst,
            filled: now,
        };
        let bucket = buckets.entry(Arc::clone(account)).or_insert(fresh);
        *bucket = self.fill(*bucket, now);
        if bucket.tokens < 1.0 {
            return Err(Duration::from_secs_f64(
                (1.0 - bucket.tokens) / self.per_second,
            ));
        }
        bucket.tokens -= 1.0;
        Ok(())
    }

    /// Makes room: full buckets know nothing, and the fullest of the others least. The emptiest stay, so
    /// that strangers, however many, give nobody a fresh start who calls too often.
    fn forget(&self, buckets: &mut HashMap<Arc<str>, Bucket>, now: Instant) {
        buckets.retain(|_, bucket| {
            *bucket = self.fill(*bucket, now);
            bucket.tokens < self.burst
        });
        let Some(last) = (buckets.len() + PEERS_FORGOTTEN).checked_sub(PEERS + 1) else {
            return;
        };
        let mut fullest: Vec<_> = buckets
            .iter()
            .map(|(a, b)| (b.tokens, Arc::clone(a)))
            .collect();
        fullest.select_nth_unstable_by(last, |(a, _), (b, _)| b.total_cmp(a));
        for (_, account) in &fullest[..=last] {
            buckets.remove(account);
        }
    }

    fn fill(&self, bucket: Bucket, now: Instant) -> Bucket {
        let since = now.saturating_duration_since(bucket.filled).as_secs_f64();
        Bucket {
            tokens: (bucket.tokens + since * self.per_second).min(self.burst),
            filled: now,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_empties_and_fills_by_peer() {
        let rates = Rates::new(10, 3);
        let (a, b): (Arc<str>, Arc<str>) = ("a".into(), "b".into());
        let start = Instant::now();
        for _ in 0..3 {
            rates.take_at(&a, start).expect("within the burst");
        }
        let wait = rates.take_at(&a, start).expect_err("empty");
        assert!(wait > Duration::from_millis(99) && wait < Duration::from_millis(101));
        rates.take_at(&b, start).expect("another's bucket");
        rates.take_at(&a, start + wait).expect("filled");
        // Never more than the burst.
        let later = start + Duration::from_secs(3600);
        let taken = (0..100)
            .filter(|_| rates.take_at(&a, later).is_ok())
            .count();
        assert_eq!(taken, 3);
    }

    #[test]
    fn strangers_neither_fill_the_memory_nor_the_buckets_of_others() {
        let rates = Rates::new(1, 2);
        let now = Instant::now();
        let greedy: Arc<str> = "greedy".into();
        while rates.take_at(&greedy, now).is_ok() {}
        for i in 0..3 * PEERS {
            let stranger: Arc<str> = format!("{i}").into();
            rates.take_at(&stranger, now).expect("fresh");
        }
        assert!(rates.buckets.lock().expect("whole").len() <= PEERS);
        rates.take_at(&greedy, now).expect_err("as empty as before");
    }
}
