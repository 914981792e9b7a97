//! Every limit of the service, each with its reason. Sizes are in bytes.

use std::time::Duration;

use taxproof_claims::request::MAX_SIGNED_REQUEST;

/// Longest message in either direction: a signed request with its policy, and some room.
pub const MESSAGE: usize = MAX_SIGNED_REQUEST + 48 * 1024;

/// Longest list of headers of a call: callers send none of their own.
pub const HEADER_LIST: u32 = 16 * 1024;

/// Calls at once on one connection; a wallet makes one.
pub const STREAMS: u32 = 64;

/// How long a call may take: verifying takes milliseconds, so that a longer one hangs.
pub const CALL: Duration = Duration::from_secs(10);

/// How long calls in progress may take to end once the service is told to stop.
pub const DRAIN: Duration = Duration::from_secs(10);

/// Presentations that wait or are verified at once; one more is refused. At a millisecond each on a
/// core, the last waits a fraction of a second.
pub const PRESENTATIONS: usize = 256;

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
