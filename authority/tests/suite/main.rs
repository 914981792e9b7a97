//! The authority from outside, in one binary, because each takes long to link.

mod brazil;
mod daily;
mod derivations;
mod fixture;
mod ingestion;
mod invoices;
mod log;
mod parquet;
mod publication;
mod rolling;
