//! The gRPC interface of the bank's service, version 1: generated from `proto/taxproof/v1`, where
//! every message and every error is described.
//!
//! What travels inside (requests, presentations, headers, receipts) is in canonical encodings of its
//! own: see `taxproof-claims` and docs/protocol.md.

/// Package `taxproof.v1`.
// The generator decides how its code is written.
#[allow(missing_docs, unused_qualifications, clippy::use_self)]
pub mod v1 {
    tonic::include_proto!("taxproof.v1");
}

/// The encoded `google.protobuf.FileDescriptorSet` of the interface, with its comments: what the
/// service's reflection answers from.
pub const DESCRIPTORS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/descriptors.bin"));
