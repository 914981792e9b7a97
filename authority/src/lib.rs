//! The bureau's side: ingest, commit and publish.
