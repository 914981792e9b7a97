//! Load from outside: closed loops, where each caller waits for its answer before it calls again,
//! and open ones, where calls come when they come.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use prost::bytes::Bytes;
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
}

/// A method of a server, over some connections.
pub(super) struct Target {
    connections: Vec<Connection>,
    method: &'static str,
    /// Whether an answer is the right one.
    right: fn(&Answer) -> bool,
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
            opened.push(Connection::open(process.address, from, WINDOW).await?);
        }
        Ok(Arc::new(Self {
            connections: opened,
            method,
            right,
        }))
    }

    async fn call(&self, caller: usize, message: Bytes) -> Result<Fate, ServiceError> {
        let connection = &self.connections[caller % self.connections.len()];
        let answer = connection.call(self.method, [message]).await?;
        match answer.code {
            Code::Ok if (self.right)(&answer) => Ok(Fate::Served),
            Code::Ok => Err(ServiceError::Verdict),
            Code::ResourceExhausted => Ok(Fate::Shed),
            Code::DeadlineExceeded => Ok(Fate::Late),
            code => Err(ServiceError::Answer(code)),
        }
    }
}

/// A call: when it ended, counted from the load's beginning, how long it took, and what became of it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sample {
    pub(super) end: Duration,
    pub(super) took: Duration,
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
    for caller in 0..callers {
        let (target, pool) = (Arc::clone(target), Arc::clone(pool));
        calling.spawn(async move {
            let mut samples = Vec::new();
            while begin.elapsed() < time
                && let Some(message) = pool.take()
            {
                let called = Instant::now();
                let fate = target.call(caller, message).await?;
                samples.push(Sample {
                    end: begin.elapsed(),
                    took: called.elapsed(),
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
/// left to send. A call's time counts from when it was due. What was shed is sent again as a call of
/// its own.
pub(super) async fn open(
    process: &Process,
    target: &Arc<Target>,
    pool: &Arc<Pool>,
    rate: f64,
    time: Duration,
) -> Result<Load, ServiceError> {
    let meter = Meter::begin(process)?;
    let begin = meter.begin;
    let mut calling = JoinSet::new();
    let (mut samples, mut offered) = (Vec::new(), 0);
    'load: while begin.elapsed() < time {
        let due = (begin.elapsed().as_secs_f64() * rate) as u64;
        while offered < due {
            let Some(message) = pool.take() else {
                break 'load;
            };
            let was_due = begin + Duration::from_secs_f64(offered as f64 / rate);
            let (target, pool) = (Arc::clone(target), Arc::clone(pool));
            let caller = offered as usize;
            calling.spawn(async move {
                let fate = target.call(caller, message.clone()).await?;
                if fate == Fate::Shed {
                    pool.put_back(message);
                }
                Ok::<_, ServiceError>(Sample {
                    end: begin.elapsed(),
                    took: was_due.elapsed(),
                    fate,
                })
            });
            offered += 1;
        }
        while let Some(done) = calling.try_join_next() {
            samples.push(done.map_err(std::io::Error::other)??);
        }
        tokio::time::sleep(TICK).await;
    }
    // What was answered later does not count as done in time.
    let mut load = meter.end(samples, offered)?;
    while let Some(done) = calling.join_next().await {
        load.samples.push(done.map_err(std::io::Error::other)??);
    }
    Ok(load)
}

/// Local addresses that connections come from.
pub(super) const PEERS: usize = 8;
/// How often an open loop looks for calls that are due.
const TICK: Duration = Duration::from_millis(1);
