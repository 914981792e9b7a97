//! How many calls at once each connection is promised: parts of a common stock, so that what all
//! connections may have at once is not far more than there are places for.
//!
//! A connection is told in HTTP/2's settings, before its first call. What is more, its client keeps
//! back: a call that waits there costs the service nothing, and one that is refused costs both.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::limits::{LEAST_STREAMS, STREAMS, STREAMS_SHARE};

/// What no connection is promised yet.
#[derive(Debug)]
pub(super) struct Stock(Mutex<u32>);

/// What a connection is promised, the stock's again when it is dropped.
#[derive(Debug)]
pub(super) struct Promise {
    streams: u32,
    /// What of it came from the stock.
    taken: u32,
    stock: Arc<Stock>,
}

impl Stock {
    pub(super) fn new(streams: usize) -> Arc<Self> {
        let streams = u32::try_from(streams).unwrap_or(u32::MAX);
        Arc::new(Self(Mutex::new(streams)))
    }

    /// A new connection's part.
    pub(super) fn promise(self: &Arc<Self>) -> Promise {
        let mut left = self.lock();
        let streams = (*left / STREAMS_SHARE).clamp(LEAST_STREAMS, STREAMS);
        let taken = streams.min(*left);
        *left -= taken;
        Promise {
            streams,
            taken,
            stock: Arc::clone(self),
        }
    }

    fn lock(&self) -> MutexGuard<'_, u32> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Promise {
    /// Calls at once.
    pub(super) const fn streams(&self) -> u32 {
        self.streams
    }
}

impl Drop for Promise {
    fn drop(&mut self) {
        *self.stock.lock() += self.taken;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn later_connections_are_promised_less_and_none_nothing() {
        let stock = Stock::new(256);
        let mut promises: Vec<_> = (0..100).map(|_| stock.promise()).collect();
        let streams: Vec<_> = promises.iter().map(Promise::streams).collect();
        assert_eq!(streams[..10], [64, 48, 36, 27, 20, 15, 11, 8, 6, 5]);
        assert!(
            streams[10..]
                .iter()
                .all(|streams| *streams == LEAST_STREAMS)
        );
        assert_eq!(*stock.lock(), 0);
        // One that was promised more than there was gives back what it took.
        promises.truncate(1);
        assert_eq!(*stock.lock(), 256 - 64);
        assert_eq!(stock.promise().streams(), 48);
        promises.clear();
        assert_eq!(*stock.lock(), 256);
        assert_eq!(stock.promise().streams(), 64);
    }
}
