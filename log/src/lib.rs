//! Append-only transparency logs in the formats of C2SP: `tlog-tiles`, `tlog-checkpoint`,
//! `signed-note`, `tlog-cosignature`, `tlog-proof`, `tlog-witness`.
//!
//! A log is a folder of static files ([`LogFolder`]) that any web server serves. Its signed head is
//! a [`Checkpoint`]; an entry is shown to be in it by an [`InclusionProof`], and one head to continue
//! another by [`verify_consistency`]. A [`Witness`] cosigns heads of a log that only grows, and
//! [`Fork`] shows to anybody that one did not.
//!
//! It knows nothing of what its entries say. Keys are those of `taxproof-claims`: Ed25519 as the
//! formats have it, and SM2 with SM3 under the type that `signed-note` reserves for others.

mod checkpoint;
mod durable;
mod folder;
mod fork;
mod hash;
mod inclusion;
mod key;
mod note;
mod reader;
mod tile;
mod tree;
mod verify;
mod witness;
mod witness_folder;

pub use checkpoint::{Checkpoint, CheckpointError, Quorum};
pub use folder::{Folder, LogFolder};
pub use fork::{Fork, ForkError};
pub use hash::Hash;
pub use inclusion::{InclusionError, InclusionProof, MAX_HASHES};
pub use key::{LogKey, NotAKey, WitnessKey};
pub use note::{MAX_NOTE, Note, NoteError, SignatureLine};
pub use reader::{LogError, LogReader};
pub use tile::{FileError, Files, Kind, Tile, TileHashes, WIDTH, decode_bundle, encode_bundle};
pub use tree::{Leaves, Subtrees, prove_consistency, prove_inclusion, root};
pub use verify::{ProofError, verify_consistency, verify_inclusion};
pub use witness::{Latest, Refusal, Submission, Witness};
pub use witness_folder::{WitnessError, WitnessFolder};
