//! Places for connections: so many in all, and so many for one peer, so that no one peer has all.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::network::network;
use crate::limits::Limits;
use crate::metrics::{Metrics, Present};

/// The places that there are, and how many each peer has.
#[derive(Debug)]
pub(super) struct Places {
    all: Arc<Semaphore>,
    each: usize,
    /// Peers that have any, by their network: who they are is not known yet.
    taken: Mutex<HashMap<IpAddr, usize>>,
    metrics: Arc<Metrics>,
}

/// A connection's place, free again when it is dropped.
#[derive(Debug)]
pub(super) struct Place {
    _permit: OwnedSemaphorePermit,
    _counted: Present,
    peer: IpAddr,
    places: Arc<Places>,
}

impl Places {
    pub(super) fn new(limits: &Limits, metrics: Arc<Metrics>) -> Self {
        Self {
            all: Arc::new(Semaphore::new(limits.connections)),
            each: limits.peer_connections,
            taken: Mutex::default(),
            metrics,
        }
    }

    /// A place for a connection from an address; if there is none, why.
    pub(super) fn take(self: &Arc<Self>, address: IpAddr) -> Result<Place, &'static str> {
        let peer = network(address);
        let mut taken = self.lock();
        let of_peer = taken.get(&peer).copied().unwrap_or(0);
        if of_peer >= self.each {
            return Err("peer_full");
        }
        let permit = Arc::clone(&self.all).try_acquire_owned();
        let permit = permit.map_err(|_| "full")?;
        taken.insert(peer, of_peer + 1);
        Ok(Place {
            _permit: permit,
            _counted: self.metrics.connection(),
            peer,
            places: Arc::clone(self),
        })
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<IpAddr, usize>> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.places.lock();
        if let Some(of_peer) = taken.get_mut(&self.peer) {
            *of_peer -= 1;
            if *of_peer == 0 {
                taken.remove(&self.peer);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_peer_has_no_more_than_its_places_and_they_come_back() {
        let limits = Limits {
            connections: 3,
            peer_connections: 2,
            ..Limits::default()
        };
        let places = Arc::new(Places::new(&limits, Arc::default()));
        let take = |address: &str| places.take(address.parse().expect("an address"));
        let first = take("2001:db8::1").expect("a place");
        let _second = take("2001:db8::2").expect("a place");
        // Another address of the same host.
        assert_eq!(take("2001:db8::3").err(), Some("peer_full"));
        let other = take("192.0.2.1").expect("another's place");
        assert_eq!(take("192.0.2.2").err(), Some("full"));
        drop(first);
        let _again = take("2001:db8::3").expect("it is free again");
        drop(other);
        assert_eq!(places.lock().len(), 1, "who has none is forgotten");
    }
}
