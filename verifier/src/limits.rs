//! Every limit of the service, each with its reason. Sizes are in bytes.
//!
//! Those of [`Limits`] can be configured; the others follow from the protocol.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use taxproof_claims::presentation::MAX_SEALED_PRESENTATION;
use taxproof_claims::request::MAX_SIGNED_REQUEST;

/// Longest message in either direction: a signed request with its policy, and some room.
pub const MESSAGE: usize = MAX_SIGNED_REQUEST + 48 * 1024;

/// Longest message with a presentation: the presentation as it was sealed, the caller's id, and what
/// Protobuf puts around them.
pub const SEALED: usize = MAX_SEALED_PRESENTATION + CLIENT_REQUEST_ID + 64;

/// Longest list of headers of a call: callers send none of their own.
pub const HEADER_LIST: u32 = 16 * 1024;

/// Calls at once that a connection is promised at most: a gateway's share; a wallet makes one. Its
/// client keeps back what is more.
pub const STREAMS: u32 = 64;

/// Calls at once that a connection is promised where others have what there is: some, so that a watch
/// or a slow call does not hold up the next, and few, as there may be many such connections.
pub const LEAST_STREAMS: u32 = 4;

/// The part of the calls that no connection is promised yet that a new one is promised, so that those
/// that come later get some, too.
pub const STREAMS_SHARE: u32 = 4;

/// Streams that a peer opened and reset before they were served: more is a rapid reset attack
/// (CVE-2023-44487).
pub const PENDING_RESETS: usize = 20;

/// How long `accept` pauses after an error: out of file descriptors, trying at once fails again.
pub const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// How often a quiet connection is asked whether it still lives, and how long it may take to say
/// so: what is gone does not keep its place until its age.
pub const KEEPALIVE: Duration = Duration::from_secs(30);

/// Peers whose rate is remembered. A certificate's name or an address takes some 100 bytes.
pub const PEERS: usize = 4096;

/// How many of them are forgotten at once where there are more, so that not every stranger makes the
/// service look at all of them.
pub const PEERS_FORGOTTEN: usize = 512;

/// How long a presentation waits for a place before it is refused: in that time some hundreds of
/// places come free. Whoever is refused at once calls again at once, and refusing costs as much as a
/// tenth of a verification, here and there.
pub const LEAST_WAIT: Duration = Duration::from_millis(50);

/// How long it waits where so many do that more than [`SHEDS_PER_SECOND`] would be refused: longer than
/// that, and callers give up by themselves.
pub const LONGEST_WAIT: Duration = RETRY;

/// How many presentations a second are refused where no more than [`LONGEST_WAIT`] is needed for that:
/// about as many as are verified, so that refusing takes a small part of the time.
pub const SHEDS_PER_SECOND: u32 = 4000;

/// When a caller who was shed should try again: the queue turns over in less.
pub const RETRY: Duration = Duration::from_millis(250);

/// How old an epoch may be unless the bank says otherwise: a quarter and some days, after which the
/// authority owes records with another quarter in them.
pub const EPOCH_AGE: Duration = Duration::from_secs(100 * 24 * 60 * 60);

/// How far clocks may differ: the bank's now from what it was before, or from an authority's or
/// another replica's. Clocks that are kept by NTP differ by less than a second; Kerberos allows as
/// much.
pub const CLOCK_TOLERANCE: Duration = Duration::from_secs(5 * 60);

/// How often the service looks whether it is ready: what sends it calls learns of it soon.
pub const READINESS_CHECK: Duration = Duration::from_secs(2);

/// How many times longer it waits than it takes to count all changes, before it counts them again to see
/// whether the database lost one, as one that took over from another may have.
pub const CHANGES_CHECK: u32 = 50;

/// How long the database may take to answer that.
pub const READINESS_ANSWER: Duration = Duration::from_secs(3);

/// Connections at once that read metrics or probes: a few Prometheus servers and a kubelet.
pub const OPERATIONS_CONNECTIONS: usize = 16;

/// How long each of them may last: it is for one short answer.
pub const OPERATIONS_CALL: Duration = Duration::from_secs(10);

/// How long a collector of traces may take for some of them; those that wait meanwhile are dropped
/// where they are too many.
pub const COLLECTOR: Duration = Duration::from_secs(5);

/// How long the last traces may take when the process ends.
pub const LAST_SPANS: Duration = Duration::from_secs(2);

/// How long before its end a certificate is warned of.
pub const CERTIFICATE_WARNING: Duration = Duration::from_secs(14 * 24 * 60 * 60);

/// How often the files of certificates are looked at. Certificates are renewed days ahead.
pub const CERTIFICATE_CHECK: Duration = Duration::from_secs(60);

/// Limits that a bank can set in its configuration. Times are in seconds there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Connections at once: each takes a file descriptor and some 20 kB. A bank's gateways hold a
    /// few.
    pub connections: usize,
    /// Connections at once from one address, or one /64 of IPv6: a gateway needs a few, and some
    /// dozens of wallets may share an address. Whoever wants all places needs many addresses.
    pub peer_connections: usize,
    /// How long a TLS handshake may take: two round trips, even around the world.
    #[serde(with = "seconds")]
    pub handshake: Duration,
    /// How long a connection may take until its first call begins: callers connect because they
    /// have something to say.
    #[serde(with = "seconds")]
    pub first_call: Duration,
    /// How long a call may take, and the longest deadline that a caller can ask for: verifying
    /// takes milliseconds, so that a longer one hangs.
    #[serde(with = "seconds")]
    pub call: Duration,
    /// How long a connection may last: then its certificate is verified anew, and a load balancer
    /// can choose again.
    #[serde(with = "seconds")]
    pub connection_age: Duration,
    /// How long calls may go on after that.
    #[serde(with = "seconds")]
    pub connection_grace: Duration,
    /// Calls a second by one peer in the long run, more than two cores can verify.
    pub peer_calls_per_second: u32,
    /// Calls by one peer at once.
    pub peer_calls_at_once: u32,
    /// Presentations that wait or are verified at once; one more is refused. At a millisecond each
    /// on a core, the last waits a fraction of a second.
    pub presentations: usize,
    /// How long calls in progress may take to end once the service is told to stop.
    #[serde(with = "seconds")]
    pub drain: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 1024,
            peer_connections: 128,
            handshake: Duration::from_secs(5),
            first_call: Duration::from_secs(10),
            call: Duration::from_secs(10),
            connection_age: Duration::from_secs(30 * 60),
            connection_grace: Duration::from_secs(30),
            peer_calls_per_second: 5000,
            peer_calls_at_once: 10_000,
            presentations: 256,
            drain: Duration::from_secs(10),
        }
    }
}

impl Limits {
    /// A limit that nothing could work with, and what it may be.
    pub(crate) fn out_of_range(&self) -> Option<(&'static str, &'static str)> {
        let counts = [
            ("limits.connections", self.connections),
            ("limits.peer_connections", self.peer_connections),
            ("limits.presentations", self.presentations),
        ];
        let per_peer = [
            ("limits.peer_calls_per_second", self.peer_calls_per_second),
            ("limits.peer_calls_at_once", self.peer_calls_at_once),
        ];
        let times = [
            ("limits.handshake", self.handshake),
            ("limits.first_call", self.first_call),
            ("limits.call", self.call),
            ("limits.connection_age", self.connection_age),
        ];
        let count = counts.into_iter().find(|(_, n)| !(1..=MOST).contains(n));
        let count = count.map(|(setting, _)| (setting, "from 1 to 1000000"));
        let per_peer = per_peer.into_iter().find(|(_, n)| *n == 0);
        let time = times.into_iter().find(|(_, time)| time.is_zero());
        count
            .or(per_peer.map(|(setting, _)| (setting, "at least 1")))
            .or(time.map(|(setting, _)| (setting, "more than 0")))
    }
}

/// The most that is counted at once: more is a slip of the keyboard.
const MOST: usize = 1_000_000;

/// A duration as a number of seconds.
pub(crate) mod seconds {
    use std::time::Duration;

    use serde::{Deserialize, Deserializer, Serializer, de};

    pub(crate) fn serialize<S: Serializer>(time: &Duration, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_f64(time.as_secs_f64())
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Number {
            Whole(u32),
            Part(f64),
        }
        match Number::deserialize(from)? {
            Number::Whole(seconds) => Ok(Duration::from_secs(seconds.into())),
            Number::Part(seconds) => Duration::try_from_secs_f64(seconds)
                .ok()
                .filter(|time| *time <= Duration::from_secs(u32::MAX.into()))
                .ok_or_else(|| de::Error::custom("a time is a number of seconds, not negative")),
        }
    }
}

/// Presentations in a batch: verified together, a batch of this size takes about as long as a call
/// may wait.
pub const BATCH: usize = 1024;

/// Batches that are verified at once: each takes all cores for a while.
pub const BATCHES: usize = 2;

/// Bytes of presentations that batches hold which come in or wait to be verified, all together: twice
/// as many full ones as are verified at once, some 17 MB, so that the next is there when one is done.
/// A stream that has sent nothing holds nothing.
pub const BATCHES_HELD: usize = 2 * BATCHES * BATCH * SEALED;

/// How long a batch may wait for its next presentation: its caller has them all, and a segment that is
/// lost comes again within a second. What a batch holds, another cannot hold meanwhile.
pub const BATCH_PAUSE: Duration = Duration::from_secs(2);

/// Presentations that were handed in one by one and are verified together: more save little more,
/// and the first would wait for the last.
pub const SHARED: usize = 64;

/// So many of these batches at once: one is verified while another waits for the disk.
pub const SHARES: usize = 2;

/// Receipts in one transaction: they wait for the disk once.
pub const COMMIT: usize = 256;

/// Items in a page of a list, and so of an answer.
pub const PAGE: u32 = 100;

/// Longest answer with a list or a batch's results in it: a page of the longest receipts there are,
/// or a batch of decisions.
pub const LIST: usize = 2 * 1024 * 1024;

/// Decisions that a watch reads at once, and that it holds for a slow reader.
pub const WATCH_PAGE: u32 = 64;
/// See [`WATCH_PAGE`].
pub const WATCH_AHEAD: usize = 16;

/// How often a watch looks for decisions of other replicas.
pub const WATCH_POLL: Duration = Duration::from_millis(500);

/// Receipts whose chain and signatures are checked before a service begins: damage at the end is
/// what a crash would leave. The whole chain is for `taxproof bank receipt audit`.
pub const CHECKED_AT_START: u64 = 256;

/// Longest evidence file that the service verifies: a signed request, a key file, and the rest.
pub const EVIDENCE: usize = MAX_SIGNED_REQUEST + 112 * 1024;

/// Prepared policies that are kept: one for each policy and epoch in use. Preparing again takes
/// milliseconds.
pub const PREPARED_POLICIES: usize = 256;

/// Connections to the database: one writes at a time, the others read.
pub const DATABASE_CONNECTIONS: u32 = 4;

/// How long a writer waits for another.
pub const DATABASE_BUSY: Duration = Duration::from_secs(5);

/// How long a request can be answered unless the bank says otherwise: a session.
pub const VALIDITY: Duration = Duration::from_secs(30 * 60);

/// The longest that a bank can say. Epochs are newer by then.
pub const LONGEST_VALIDITY: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// Longest id that a caller chooses.
pub const CLIENT_REQUEST_ID: usize = 64;
