//! The bank's side: admitted keys, prepared policies, batches, receipts and the gRPC service.

pub mod batch;
pub mod canonical;
pub mod epoch;
pub mod key;
pub mod limits;
pub mod prepared;
pub mod presentation;
pub mod proof;
pub mod reduced;
