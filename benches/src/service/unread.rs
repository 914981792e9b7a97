//! Peers that ask for as much as they may and read nothing.

use std::time::Duration;

use prost::bytes::Bytes;
use serde::Serialize;
use taxproof_proto::v1::ListDecisionsRequest;
use tonic::Code;

use super::ServiceError;
use super::applicants::framed;
use super::load::PEERS;
use super::process::{Process, WINDOW};
use super::wire::Connection;

/// What unread answers take of the service's memory.
#[derive(Debug, Clone, Serialize)]
pub(super) struct SlowReaders {
    pub(super) connections: usize,
    /// Pages of decisions that were asked for, none of which is read.
    pub(super) calls: usize,
    pub(super) before_bytes: u64,
    pub(super) with_bytes: u64,
    /// What the memory grew by for each call.
    pub(super) bytes_each: u64,
}

/// Asks over some connections for the largest pages there are, as often as the service lets one
/// connection ask at once, and reads nothing.
pub(super) async fn measure(
    process: &Process,
    connections: usize,
) -> Result<SlowReaders, ServiceError> {
    let before = process.usage()?.resident;
    let page = framed(&ListDecisionsRequest::default());
    let mut held = Vec::new();
    for i in 0..connections {
        // No one peer has so many.
        let from = 2 + (i % PEERS) as u8;
        let connection = Connection::open(&process.server, from, 0).await?;
        for _ in 0..connection.streams {
            held.push(connection.call_unread(LIST, page.clone()).await?);
        }
    }
    let with = settled(process).await?;
    // Others are served meanwhile.
    let other = Connection::open(&process.server, 1, WINDOW).await?;
    let answer = other.call(BANK, [Bytes::from_static(&[0; 5])]).await?;
    if answer.code != Code::Ok {
        return Err(ServiceError::Answer(answer.code));
    }
    let calls = held.len();
    Ok(SlowReaders {
        connections,
        calls,
        before_bytes: before,
        with_bytes: with,
        bytes_each: with.saturating_sub(before) / calls.max(1) as u64,
    })
}

/// The memory once it grows no more.
async fn settled(process: &Process) -> Result<u64, ServiceError> {
    let mut last = process.usage()?.resident;
    for _ in 0..MOST_LOOKS {
        tokio::time::sleep(LOOK).await;
        let now = process.usage()?.resident;
        if now <= last {
            return Ok(last);
        }
        last = now;
    }
    Ok(last)
}

const LIST: &str = "/taxproof.v1.DecisionService/ListDecisions";
const BANK: &str = "/taxproof.v1.TrustService/GetBank";
const LOOK: Duration = Duration::from_millis(500);
const MOST_LOOKS: usize = 20;
