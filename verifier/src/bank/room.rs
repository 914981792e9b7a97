//! Places for presentations that wait or are verified. Where there is none, a call waits a moment for
//! one, and is refused only then: what is refused at once is at once called again.
//!
//! Places that come free go round among the peers whose calls wait, so that one peer's many calls
//! cost another's few no more than a turn.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot;

use crate::limits::{LEAST_WAIT, LONGEST_WAIT, SHEDS_PER_SECOND};

/// The places that there are, and who waits for one.
#[derive(Debug)]
pub(super) struct Room(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    /// None while anybody waits.
    free: usize,
    /// Of what has a turn or waits; never one twice.
    next: u64,
    waiting: usize,
    /// Peers whose calls wait, in the order in which they are given places.
    turns: BTreeMap<u64, Arc<str>>,
    peers: HashMap<Arc<str>, Peer>,
}

/// A peer of whom at least one call waits.
#[derive(Debug)]
struct Peer {
    turn: u64,
    waiting: BTreeMap<u64, oneshot::Sender<Place>>,
}

/// A place, another's when it is dropped.
#[derive(Debug)]
pub(super) struct Place(Option<Arc<Room>>);

impl Room {
    /// So many places.
    pub(super) fn new(places: usize) -> Arc<Self> {
        Arc::new(Self(Mutex::new(State {
            free: places,
            ..State::default()
        })))
    }

    /// A place for a call of a peer, at once or soon; `None` where too many wait. A call that is given
    /// up waits no longer.
    pub(super) async fn enter(self: &Arc<Self>, peer: &Arc<str>) -> Option<Place> {
        let (wait, _waits, receiver) = {
            let mut state = self.lock();
            if state.free > 0 {
                state.free -= 1;
                return Some(Place(Some(Arc::clone(self))));
            }
            let (number, receiver) = state.wait(peer);
            let waits = Waits {
                room: self,
                peer,
                number,
            };
            (patience(state.waiting), waits, receiver)
        };
        tokio::time::timeout(wait, receiver).await.ok()?.ok()
    }

    /// Gives a place to whose turn it is.
    fn pass_on(self: Arc<Self>) {
        loop {
            let waiter = {
                let mut state = self.lock();
                let Some(waiter) = state.take_turn() else {
                    state.free += 1;
                    return;
                };
                waiter
            };
            match waiter.send(Place(Some(Arc::clone(&self)))) {
                Ok(()) => return,
                // Gone just now. Its place is not given up, but offered to the next.
                Err(mut place) => drop(place.0.take()),
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Some(room) = self.0.take() {
            room.pass_on();
        }
    }
}

impl State {
    /// Lets a call of a peer wait, after the others of that peer.
    fn wait(&mut self, peer: &Arc<str>) -> (u64, oneshot::Receiver<Place>) {
        let (sender, receiver) = oneshot::channel();
        let (turn, number) = (self.next, self.next + 1);
        self.next += 2;
        let turns = &mut self.turns;
        let of_peer = self.peers.entry(Arc::clone(peer)).or_insert_with(|| {
            turns.insert(turn, Arc::clone(peer));
            Peer {
                turn,
                waiting: BTreeMap::new(),
            }
        });
        of_peer.waiting.insert(number, sender);
        self.waiting += 1;
        (number, receiver)
    }

    /// The call whose turn it is. Its peer's next turn comes after everybody else's.
    fn take_turn(&mut self) -> Option<oneshot::Sender<Place>> {
        let (_, peer) = self.turns.pop_first()?;
        let of_peer = self.peers.get_mut(&peer)?;
        let (_, waiter) = of_peer.waiting.pop_first()?;
        self.waiting -= 1;
        if of_peer.waiting.is_empty() {
            self.peers.remove(&peer);
        } else {
            of_peer.turn = self.next;
            self.turns.insert(self.next, peer);
            self.next += 1;
        }
        Some(waiter)
    }

    /// Forgets a call that waits no longer, if it did.
    fn forget(&mut self, peer: &Arc<str>, number: u64) {
        let Some(of_peer) = self.peers.get_mut(peer) else {
            return;
        };
        if of_peer.waiting.remove(&number).is_none() {
            return;
        }
        self.waiting -= 1;
        if of_peer.waiting.is_empty() {
            self.turns.remove(&of_peer.turn);
            self.peers.remove(peer);
        }
    }
}

/// A call that waits, until it is dropped.
struct Waits<'a> {
    room: &'a Room,
    peer: &'a Arc<str>,
    number: u64,
}

impl Drop for Waits<'_> {
    fn drop(&mut self) {
        self.room.lock().forget(self.peer, self.number);
    }
}

/// How long one of so many waits: so long that no more than [`SHEDS_PER_SECOND`] are refused, within
/// reason.
fn patience(waiting: usize) -> Duration {
    let paced = Duration::from_secs_f64(waiting as f64 / f64::from(SHEDS_PER_SECOND));
    paced.clamp(LEAST_WAIT, LONGEST_WAIT)
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use futures_util::FutureExt as _;

    use super::*;

    fn peer(name: &str) -> Arc<str> {
        name.into()
    }

    fn nobody_waits(room: &Room) {
        let state = room.lock();
        assert_eq!(state.waiting, 0);
        assert!(
            state.turns.is_empty() && state.peers.is_empty(),
            "{state:?}"
        );
    }

    #[tokio::test]
    async fn a_call_waits_for_a_place_and_no_longer_than_it_may() {
        let room = Room::new(1);
        let first = room.enter(&peer("a")).await.expect("a place");
        let begin = Instant::now();
        assert!(room.enter(&peer("a")).await.is_none());
        assert!(begin.elapsed() >= LEAST_WAIT);
        nobody_waits(&room);
        let b = peer("b");
        let mut waits = Box::pin(room.enter(&b));
        assert!(waits.as_mut().now_or_never().is_none());
        drop(first);
        let second = waits.now_or_never().flatten();
        let second = second.expect("the first one's place");
        nobody_waits(&room);
        drop(second);
        assert_eq!(room.lock().free, 1);
    }

    #[test]
    fn refusals_are_paced_as_far_as_nobody_waits_too_long() {
        assert_eq!(patience(1), LEAST_WAIT);
        let many = SHEDS_PER_SECOND as usize / 10;
        assert_eq!(patience(many), Duration::from_millis(100));
        assert_eq!(patience(100 * many), LONGEST_WAIT);
    }

    #[tokio::test]
    async fn whoever_waits_in_vain_is_told_so_and_forgotten() {
        let room = Room::new(1);
        let _place = room.enter(&peer("a")).await.expect("a place");
        let begin = Instant::now();
        let peers: Vec<_> = (0..500).map(|i| peer(&format!("{}", i % 7))).collect();
        let calls = peers.iter().map(|peer| room.enter(peer));
        let ended = futures_util::future::join_all(calls).await;
        assert!(ended.iter().all(Option::is_none));
        // The last of so many waits longer than the first.
        assert!(begin.elapsed() >= patience(500));
        nobody_waits(&room);
    }

    #[tokio::test]
    async fn places_go_round_among_peers() {
        let room = Room::new(1);
        let place = room.enter(&peer("flood")).await.expect("a place");
        let (flood, honest) = (peer("flood"), peer("honest"));
        let mut flooding: Vec<_> = (0..100).map(|_| Box::pin(room.enter(&flood))).collect();
        for call in &mut flooding {
            assert!(call.as_mut().now_or_never().is_none());
        }
        let mut calls = Box::pin(room.enter(&honest));
        assert!(calls.as_mut().now_or_never().is_none());
        drop(place);
        let first = flooding[0].as_mut().now_or_never().flatten();
        drop(first.expect("the flood's turn"));
        calls.now_or_never().flatten().expect("the other's turn");
    }

    #[tokio::test]
    async fn a_place_is_not_lost_with_a_call_that_is_given_up() {
        let room = Room::new(1);
        let place = room.enter(&peer("a")).await.expect("a place");
        let (a, b) = (peer("a"), peer("b"));
        let (mut gone, mut stays) = (Box::pin(room.enter(&a)), Box::pin(room.enter(&b)));
        assert!(gone.as_mut().now_or_never().is_none());
        assert!(stays.as_mut().now_or_never().is_none());
        // It has the place, and goes without having looked.
        drop(place);
        drop(gone);
        let place = stays.now_or_never().flatten().expect("passed on");
        let mut gone = Box::pin(room.enter(&a));
        assert!(gone.as_mut().now_or_never().is_none());
        drop(gone);
        nobody_waits(&room);
        drop(place);
        assert_eq!(room.lock().free, 1);
    }
}
