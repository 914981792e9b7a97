//! Load from outside: closed loops, where each caller waits for its answer before it calls again,
//! and open ones, where calls come when they come.
//!
//! A call waits on this side until a connection has a stream free, as with any client of HTTP/2: it
//! costs the service nothing before. In an open loop it is given up there after a while.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use prost::bytes::Bytes;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::task::JoinSet;
use tonic::Code;

use super::ServiceError;
use super::process::{Process, Usage, WINDOW};
use super::wire::{Answer, Connection};

/// Messages, each to be sent until it is answered.
#[derive(Debug, Default)]
pub(super) struct Pool(Mutex<Vec<Bytes>>);

impl Pool {
    pub(super) fn new(messages: Vec<Bytes>) -> Arc<Self> {
        Arc::new(Self(Mutex::new(messages)))
    }

    pub(super) fn left(&self) -> usize {
        self.lock().len()
    }

    pub(super) fn take(&self) -> Option<Bytes> {
        self.lock().pop()
    }

    /// Some messages; fewer where there are no more.
    pub(super) fn take_many(&self, count: usize) -> Vec<Bytes> {
        let mut messages = self.lock();
        let rest = messages.len().saturating_sub(count);
        messages.split_off(rest)
    }

    pub(super) fn put_all_back(&self, messages: Vec<Bytes>) {
        self.lock().extend(messages);
    }

    fn put_back(&self, message: Bytes) {
        self.lock().push(message);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Bytes>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What became of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// It was answered as it should be.
    Served,
    /// It was refused as too much.
    Shed,
    /// It took longer than it may.
    Late,
    /// No connection had a stream free, and its caller gave it up before it was sent.
    Held,
}

/// A method of a server, over some connections.
pub(super) struct Target {
    connections: Vec<Connection>,
    method: &'static str,
    /// Whether an answer is the right one.
    right: fn(&Answer) -> bool,
    /// The connection of each stream that is free, the longest free first.
    free: Mutex<VecDeque<usize>>,
    /// As many as are free.
    streams: Semaphore,
}

/// A stream of a connection, another call's when it is dropped.
struct Stream<'a> {
    target: &'a Target,
    connection: usize,
    _permit: SemaphorePermit<'a>,
}

impl Target {
    /// Connects so many times, as so many peers.
    pub(super) async fn new(
        process: &Process,
        connections: usize,
        method: &'static str,
        right: fn(&Answer) -> bool,
    ) -> Result<Arc<Self>, ServiceError> {
        let mut opened = Vec::with_capacity(connections);
        for i in 0..connections {
            let from = 2 + (i % PEERS) as u8;
            opened.push(Connection::open(&process.server, from, WINDOW).await?);
        }
        let promised = |connection: &Connection| connection.streams.min(MOST_STREAMS);
        let places = (0..MOST_STREAMS).flat_map(|stream| {
            let has = move |(_, connection): &(usize, &Connection)| stream < promised(connection);
            opened.iter().enumerate().filter(has).map(|(i, _)| i)
        });
        let free: VecDeque<_> = places.collect();
        Ok(Arc::new(Self {
            method,
            right,
            streams: Semaphore::new(free.len()),
            free: Mutex::new(free),
            connections: opened,
        }))
    }

    /// Calls at once that the service promised over all connections.
    pub(super) fn streams(&self) -> usize {
        self.connections.iter().map(|c| c.streams).sum()
    }

    /// Waits until a connection has a stream free.
    async fn stream(&self) -> Stream<'_> {
        let permit = self.streams.acquire().await;
        let permit = permit.expect("the semaphore is never closed");
        let connection = self.lock().pop_front();
        Stream {
            target: self,
            connection: connection.expect("one is free for each permit"),
            _permit: permit,
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, VecDeque<usize>> {
        self.free.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Stream<'_> {
    async fn call(self, message: Bytes) -> Result<Fate, ServiceError> {
        let target = self.target;
        let connection = &target.connections[self.connection];
        let answer = connection.call(target.method, [message]).await?;
        match answer.code {
            Code::Ok if (target.right)(&answer) => Ok(Fate::Served),
            Code::Ok => Err(ServiceError::Verdict),
            Code::ResourceExhausted => Ok(Fate::Shed),
            Code::DeadlineExceeded => Ok(Fate::Late),
            code => Err(ServiceError::Answer(code)),
        }
    }
}

impl Drop for Stream<'_> {
    fn drop(&mut self) {
        // Before its permit is free.
        self.target.lock().push_back(self.connection);
    }
}

/// A call: when it ended, counted from the load's beginning, how long it took from when it was due
/// and from when it was sent, and what became of it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sample {
    pub(super) end: Duration,
    pub(super) took: Duration,
    pub(super) sent: Duration,
    pub(super) fate: Fate,
}

/// A load's calls, and what it took to make and to answer them.
#[derive(Debug)]
pub(super) struct Load {
    pub(super) samples: Vec<Sample>,
    /// Calls that were made.
    pub(super) offered: u64,
    pub(super) time: Duration,
    /// The server's, on all cores.
    pub(super) server: Duration,
    /// This process's, on all cores.
    pub(super) client: Duration,
}

/// Measures what a load takes.
pub(super) struct Meter<'a> {
    process: &'a Process,
    pub(super) begin: Instant,
    server: Duration,
    client: Duration,
}

impl<'a> Meter<'a> {
    pub(super) fn begin(process: &'a Process) -> Result<Self, ServiceError> {
        Ok(Self {
            server: process.usage()?.cpu,
            client: Usage::own()?.cpu,
            begin: Instant::now(),
            process,
        })
    }

    pub(super) fn end(&self, samples: Vec<Sample>, offered: u64) -> Result<Load, ServiceError> {
        Ok(Load {
            samples,
            offered,
            time: self.begin.elapsed(),
            server: self.process.usage()?.cpu.saturating_sub(self.server),
            client: Usage::own()?.cpu.saturating_sub(self.client),
        })
    }
}

/// So many callers, each calling again when it was answered, for some time or until there is
/// nothing left to send.
pub(super) async fn closed(
    process: &Process,
    target: &Arc<Target>,
    pool: &Arc<Pool>,
    callers: usize,
    time: Duration,
) -> Result<Load, ServiceError> {
    let meter = Meter::begin(process)?;
    let begin = meter.begin;
    let mut calling = JoinSet::new();
    for _ in 0..callers {
        let (target, pool) = (Arc::clone(target), Arc::clone(pool));
        calling.spawn(async move {
            let mut samples = Vec::new();
            while begin.elapsed() < time
                && let Some(message) = pool.take()
            {
                let due = Instant::now();
                let stream = target.stream().await;
                let sent = Instant::now();
                let fate = stream.call(message).await?;
                samples.push(Sample {
                    end: begin.elapsed(),
                    took: due.elapsed(),
                    sent: sent.elapsed(),
                    fate,
                });
            }
            Ok::<_, ServiceError>(samples)
        });
    }
    let mut samples = Vec::new();
    while let Some(some) = calling.join_next().await {
        samples.extend(some.map_err(std::io::Error::other)??);
    }
    let offered = samples.len() as u64;
    meter.end(samples, offered)
}

/// So many calls a second, whatever becomes of earlier ones, for some time or until there is nothing
/// left to send. What was shed is sent again as a call of its own. What waits for a stream in the end
/// counts as held.
pub(super) async fn open(
    process: &Process,
    target: &Arc<Target>,
    pool: &Arc<Pool>,
    rate: f64,
    time: Duration,
) -> Result<Load, ServiceError> {
    let meter = Meter::begin(process)?;
    let begin = meter.begin;
    let waiting = Arc::new(Waiting::default());
    let mut calling = JoinSet::new();
    // One for each stream, so that a call that is due goes out when there is one free.
    for _ in 0..target.lock().len() {
        let (target, pool) = (Arc::clone(target), Arc::clone(pool));
        let waiting = Arc::clone(&waiting);
        calling.spawn(async move { send(&target, &pool, &waiting, begin).await });
    }
    let (mut samples, mut offered) = (Vec::new(), 0);
    while begin.elapsed() < time && pool.left() > 0 {
        let due = (begin.elapsed().as_secs_f64() * rate) as u64;
        waiting.add((offered..due).map(|call| begin + Duration::from_secs_f64(call as f64 / rate)));
        offered = offered.max(due);
        let given_up = waiting.give_up(PATIENCE);
        samples.extend(given_up.into_iter().map(|due| held(begin, due)));
        tokio::time::sleep(TICK).await;
    }
    // What was answered later does not count as done in time.
    let mut load = meter.end(samples, offered)?;
    waiting.calls.close();
    while let Some(some) = calling.join_next().await {
        load.samples.extend(some.map_err(std::io::Error::other)??);
    }
    let left = std::mem::take(&mut *waiting.lock());
    load.samples
        .extend(left.into_iter().map(|due| held(begin, due)));
    Ok(load)
}

/// Sends calls that are due over one stream at a time, until there are no more.
async fn send(
    target: &Target,
    pool: &Pool,
    waiting: &Waiting,
    begin: Instant,
) -> Result<Vec<Sample>, ServiceError> {
    let mut samples = Vec::new();
    while let Some(due) = waiting.next().await {
        let Some(message) = pool.take() else {
            samples.push(held(begin, due));
            continue;
        };
        let stream = target.stream().await;
        let sent = Instant::now();
        let fate = stream.call(message.clone()).await?;
        if fate == Fate::Shed {
            pool.put_back(message);
        }
        samples.push(Sample {
            end: begin.elapsed(),
            took: due.elapsed(),
            sent: sent.elapsed(),
            fate,
        });
    }
    Ok(samples)
}

fn held(begin: Instant, due: Instant) -> Sample {
    Sample {
        end: begin.elapsed(),
        took: due.elapsed(),
        sent: Duration::ZERO,
        fate: Fate::Held,
    }
}

/// Calls that are due and wait for a stream: when each was, the oldest first.
struct Waiting {
    due: Mutex<VecDeque<Instant>>,
    /// One for each.
    calls: Semaphore,
}

impl Default for Waiting {
    fn default() -> Self {
        Self {
            due: Mutex::default(),
            calls: Semaphore::new(0),
        }
    }
}

impl Waiting {
    fn add(&self, due: impl Iterator<Item = Instant>) {
        let mut all = self.lock();
        let before = all.len();
        all.extend(due);
        self.calls.add_permits(all.len() - before);
    }

    /// The oldest, when there is one; `None` after the end.
    async fn next(&self) -> Option<Instant> {
        self.calls.acquire().await.ok()?.forget();
        self.lock().pop_front()
    }

    /// Those that have waited for so long.
    fn give_up(&self, patience: Duration) -> Vec<Instant> {
        let mut all = self.lock();
        let mut given_up = Vec::new();
        while all.front().is_some_and(|due| due.elapsed() >= patience)
            // Else it is about to be sent.
            && let Ok(call) = self.calls.try_acquire()
        {
            call.forget();
            given_up.extend(all.pop_front());
        }
        given_up
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, VecDeque<Instant>> {
        self.due.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Local addresses that connections come from.
pub(super) const PEERS: usize = 8;
/// How often an open loop looks for calls that are due.
const TICK: Duration = Duration::from_millis(1);
/// How long a caller waits for its call to be sent.
const PATIENCE: Duration = Duration::from_secs(1);
/// Calls at once over one connection, whatever a server allows.
const MOST_STREAMS: usize = 128;
