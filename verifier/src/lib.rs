//! The bank's side: admitted keys, prepared policies, batches, receipts and the gRPC service.

pub mod batch;
pub mod canonical;
pub mod key;
pub mod proof;
pub mod reduced;
