//! The bank's side: admitted keys, prepared policies, batches, receipts and the gRPC service.
