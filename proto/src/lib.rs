//! The gRPC interface of the bank's service, version 1.
