//! What a run found.

use serde::Serialize;

use super::figures::{Batches, Closed, Open};
use super::summary;
use super::unread::SlowReaders;
use super::verification::Verification;
use crate::machine::Machine;

/// What a run found. Times are in milliseconds or seconds as the keys say, memory is in bytes.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    pub(super) machine: Machine,
    /// The service's program, and where it kept its receipts.
    pub(super) program: String,
    pub(super) store: &'static str,
    /// Whether the load came over mutual TLS.
    pub(super) tls: bool,
    pub(super) binary_bytes: u64,
    pub(super) startup_ms: f64,
    pub(super) memory: Memory,
    pub(super) verification: Verification,
    /// Single calls in closed loops, by their number in flight.
    pub(super) singles: Vec<Closed>,
    /// That of them with the most presentations a second.
    pub(super) peak: Closed,
    /// The CPU time of verification, each by itself on all cores at once, over the service's for each
    /// single call at the peak: 1 where the service does nothing else.
    pub(super) single_of_verification: f64,
    pub(super) batches: Batches,
    /// The same for each presentation of a batch: how many times more are decided than if each was
    /// verified by itself and nothing else was to do.
    pub(super) batch_of_verification: f64,
    /// An open loop at half of the peak.
    pub(super) steady: Open,
    /// Open loops at ten times the peak, in turn with the peak's own.
    pub(super) overload: Open,
    /// A plain tonic server, where its program was built.
    pub(super) hello: Option<Hello>,
}

/// The service's memory.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Memory {
    /// Before the first call.
    pub(super) idle_bytes: u64,
    /// The most until the slow readers came.
    pub(super) peak_bytes: u64,
    pub(super) slow_readers: SlowReaders,
}

/// A server that says hello.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Hello {
    pub(super) binary_bytes: u64,
    pub(super) startup_ms: f64,
    pub(super) idle_bytes: u64,
    pub(super) peak_bytes: u64,
    pub(super) calls: Closed,
}

impl Report {
    /// As JSON.
    pub fn to_json(&self) -> String {
        serde_json::to_string_pretty(self).expect("numbers and texts are JSON")
    }

    /// Tables for a terminal.
    pub fn summary(&self) -> String {
        summary::write(self)
    }
}
