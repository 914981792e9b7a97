//! Transparency logs: what a log serves, what a witness is asked, what convicts a log.

use std::collections::HashMap;
use std::sync::LazyLock;

use taxproof_log::{
    Checkpoint, FileError, Files, Fork, Hash, InclusionProof, Leaves, LogFolder, LogKey, LogReader,
    Note, Quorum, Submission, Witness, WitnessKey, decode_bundle, encode_bundle, prove_consistency,
    prove_inclusion, root, verify_consistency, verify_inclusion,
};

use crate::Target;
use crate::fixture::{NOW, authority_key, folder, international_key};
use crate::input::{Input, chosen, short, text};
use crate::property::{canonical, canonical_text};

const ORIGIN: &str = "taxproof.epochs/zhejiang";

fn log_key() -> LogKey {
    LogKey::new(ORIGIN, authority_key().verifying_key()).expect("an origin is a name")
}

pub(super) fn witness_key() -> WitnessKey {
    let key = WitnessKey::new("witness.example/one", international_key().verifying_key());
    key.expect("a witness's key is of Ed25519")
}

fn signed(text: &str) -> Option<Note> {
    Note::new(text, log_key().sign(authority_key(), text)).ok()
}

/// A log of a few entries, as its files.
struct Log {
    files: HashMap<String, Vec<u8>>,
    head: Note,
}

/// Entries of the log: more than a tile holds.
const ENTRIES: u64 = 259;

fn entry(place: u64) -> Vec<u8> {
    vec![place as u8; 3]
}

static LOG: LazyLock<Log> = LazyLock::new(|| {
    let made = "a log can be written to a temporary folder";
    let folder = folder();
    let log = LogFolder::new(folder.path());
    let entries: Vec<Vec<u8>> = (0..ENTRIES).map(entry).collect();
    let root = log.append(0, &entries).expect(made);
    let head = Checkpoint {
        origin: ORIGIN.to_owned(),
        size: ENTRIES,
        root,
        extension: String::new(),
    };
    let head = signed(&head.to_string()).expect("a checkpoint is a note");
    log.publish(&head).expect(made);
    let names = [
        "checkpoint",
        "tile/0/000",
        "tile/0/001.p/3",
        "tile/1/000.p/1",
        "tile/entries/000",
        "tile/entries/001.p/3",
    ];
    let read = |name: &str| {
        (
            name.to_owned(),
            std::fs::read(folder.path().join(name)).expect(made),
        )
    };
    let files = names.into_iter().map(read).collect();
    Log { files, head }
});

/// A log whose file of one name is another.
struct Altered<'a> {
    name: &'a str,
    bytes: &'a [u8],
}

impl Files for Altered<'_> {
    fn read(&self, path: &str) -> Result<Vec<u8>, FileError> {
        if path == self.name {
            return Ok(self.bytes.to_vec());
        }
        let file = LOG.files.get(path).cloned();
        file.ok_or_else(|| FileError::Absent(path.to_owned()))
    }
}

pub(super) const NOTE: Target = Target::new(
    "note",
    |bytes| {
        if let Some(note) = canonical_text::<Note>(text(bytes)) {
            let mut more = note.clone();
            for line in note.signatures() {
                more.add(line.clone());
            }
            let _ = Quorum::of(log_key()).accept(&note);
            let _ = witness_key().cosigned(&note);
        }
    },
    || {
        vec![
            LOG.head.to_string().into_bytes(),
            cosigned().to_string().into_bytes(),
        ]
    },
);

fn cosigned() -> Note {
    let mut note = LOG.head.clone();
    note.add(witness_key().cosign(international_key(), note.text(), NOW));
    note
}

/// A checkpoint's text, and one that its log signs whatever it says.
pub(super) const CHECKPOINT: Target = Target::new(
    "checkpoint",
    |bytes| {
        let text = text(bytes);
        let checkpoint = canonical_text::<Checkpoint>(text);
        if let Some(note) = signed(text) {
            assert_eq!(note.text(), text);
            let accepted = Quorum::of(log_key()).accept(&note).ok();
            assert!(accepted.is_none() || accepted == checkpoint);
        }
    },
    || {
        vec![
            LOG.head.text().into(),
            [LOG.head.text(), "more\nlines\n"].concat().into_bytes(),
        ]
    },
);

/// Signatures under the names of a log and a witness, right and altered.
pub(super) const COSIGNATURES: Target = Target::new(
    "cosignatures",
    |bytes| {
        let mut input = Input::new(bytes);
        let mut note = LOG.head.clone();
        let mut right = true;
        while !input.is_empty() {
            let kind = input.below(3);
            let mut line = match kind {
                0 => log_key().sign(authority_key(), note.text()),
                _ => witness_key().cosign(international_key(), note.text(), input.u64()),
            };
            let altered = input.short();
            right &= kind < 2;
            if kind == 2 {
                line.signature = altered.to_vec();
            }
            note.add(line);
        }
        let quorum = Quorum {
            log: log_key(),
            witnesses: vec![witness_key()],
            required: 0,
        };
        let accepted = quorum.accept(&note);
        assert!(!right || accepted.is_ok(), "{accepted:?}");
    },
    || {
        let witness = [&[1][..], &NOW.to_be_bytes(), &[0]].concat();
        let altered = [&[2][..], &NOW.to_be_bytes(), &short(&[0; 72])].concat();
        vec![
            vec![0, 0],
            witness.clone(),
            [witness, altered, vec![0, 0]].concat(),
        ]
    },
)
.mutations(500);

pub(super) const INCLUSION_PROOF: Target = Target::new(
    "inclusion_proof",
    |bytes| {
        if let Some(proof) = canonical_text::<InclusionProof>(text(bytes)) {
            let _ = proof.verify(&Quorum::of(log_key()), b"an entry");
        }
    },
    || {
        let log = LogReader::new(Altered {
            name: "",
            bytes: &[],
        });
        let proof = |index| {
            log.inclusion(index, &LOG.head)
                .expect("an entry of the log")
        };
        vec![
            proof(0).to_string().into_bytes(),
            proof(258).to_string().into_bytes(),
        ]
    },
);

/// What a witness is asked over HTTP, and what it answers.
pub(super) const WITNESS_REQUEST: Target = Target::new(
    "witness_request",
    |bytes| {
        let mut input = Input::new(bytes);
        let known = input.below(2) == 1;
        let body = text(input.rest());
        let submission = match body.parse::<Submission>() {
            Ok(submission) => submission,
            Err(refusal) => {
                assert!((400..500).contains(&refusal.status()) && !refusal.body().is_empty());
                return;
            }
        };
        assert_eq!(submission.to_string(), body);
        let secret = international_key().clone();
        let witness = Witness::new(witness_key(), secret, vec![log_key()]);
        let latest = known.then(|| {
            let cosigned = witness.cosign(&first(), None, NOW);
            cosigned.expect("the log's first head").1
        });
        if let Err(refusal) = witness.cosign(&submission, latest.as_ref(), NOW) {
            assert!((400..500).contains(&refusal.status()) && !refusal.body().is_empty());
        }
    },
    || {
        let log = LogReader::new(Altered {
            name: "",
            bytes: &[],
        });
        let proof = log
            .consistency(FIRST, &LOG.head)
            .expect("a beginning of the log");
        let next = Submission {
            old: FIRST,
            proof,
            checkpoint: LOG.head.clone(),
        };
        vec![chosen(0, first().to_string()), chosen(1, next.to_string())]
    },
)
.mutations(2000);

/// Entries of the log when it was cosigned first.
const FIRST: u64 = 5;

fn first() -> Submission {
    // The log keeps no tiles of its smaller sizes.
    let leaves = Leaves((0..FIRST).map(|i| Hash::leaf(&entry(i))).collect());
    let Ok(root) = root(&leaves, FIRST);
    let head = Checkpoint {
        origin: ORIGIN.to_owned(),
        size: FIRST,
        root,
        extension: String::new(),
    };
    Submission {
        old: 0,
        proof: Vec::new(),
        checkpoint: signed(&head.to_string()).expect("a checkpoint is a note"),
    }
}

pub(super) const FORK: Target = Target::new(
    "fork",
    |bytes| {
        if let Some(fork) = canonical_text::<Fork>(text(bytes)) {
            let _ = fork.verify(&log_key());
        }
    },
    || {
        let log = LogReader::new(Altered {
            name: "",
            bytes: &[],
        });
        let other = Checkpoint {
            origin: ORIGIN.to_owned(),
            size: FIRST,
            root: Hash::empty(),
            extension: String::new(),
        };
        let other = signed(&other.to_string()).expect("a checkpoint is a note");
        let fork = log
            .fork(&other, &LOG.head)
            .expect("the log's tiles are there");
        vec![
            fork.expect("another root convicts")
                .to_string()
                .into_bytes(),
        ]
    },
);

pub(super) const BUNDLE: Target = Target::new(
    "bundle",
    |bytes| {
        let mut input = Input::new(bytes);
        let width = u16::from(input.byte()) + 1;
        let read = |bytes: &[u8]| decode_bundle(bytes, width).ok_or(());
        let write = |entries: &Vec<Vec<u8>>| encode_bundle(entries).expect("entries are short");
        canonical(input.rest(), read, write);
    },
    || {
        let entries = [&b"one"[..], b"", b"three"];
        vec![chosen(
            2,
            encode_bundle(&entries).expect("entries are short"),
        )]
    },
);

/// A log one of whose files is another, or whose head is of any size.
pub(super) const TILES: Target = Target::new(
    "tiles",
    |bytes| {
        let mut input = Input::new(bytes);
        let mut names: Vec<&str> = LOG.files.keys().map(String::as_str).collect();
        names.sort_unstable();
        let name = names[input.below(names.len())];
        let (size, index) = (input.u64(), input.u64());
        let bytes = input.rest();
        let log = LogReader::new(Altered { name, bytes });
        let _ = log.checkpoint();
        let _ = log.root(size);
        let _ = log.entry(index, size);
        let head = Checkpoint {
            origin: ORIGIN.to_owned(),
            size,
            root: log.root(size).unwrap_or_else(|_| Hash::empty()),
            extension: String::new(),
        };
        let head = signed(&head.to_string()).expect("a checkpoint is a note");
        for head in [&head, &LOG.head] {
            if let Ok(proof) = log.inclusion(index, head) {
                let entry = log.entry(index, size).unwrap_or_default();
                let _ = proof.verify(&Quorum::of(log_key()), &entry);
            }
            let _ = log.consistency(index, head);
            let _ = log.fork(head, &LOG.head);
        }
    },
    || {
        let mut names: Vec<&String> = LOG.files.keys().collect();
        names.sort_unstable();
        let seed = |(i, name): (usize, &String)| {
            let sizes = [ENTRIES.to_be_bytes(), (ENTRIES - 1).to_be_bytes()].concat();
            chosen(i as u8, [sizes, LOG.files[name].clone()].concat())
        };
        names.into_iter().enumerate().map(seed).collect()
    },
)
.mutations(500);

/// Proofs of any sizes with any hashes, and right ones for trees of up to 256 entries.
pub(super) const TREE_PROOFS: Target = Target::new(
    "tree_proofs",
    |bytes| {
        let mut input = Input::new(bytes);
        let (size, old, index) = (input.u64(), input.u64(), input.u64());
        let (small, small_old) = (u64::from(input.byte()), u64::from(input.byte()));
        right_proofs(small, small_old, index);
        let hash = |input: &mut Input<'_>| Hash(input.array());
        let (leaf, head) = (hash(&mut input), hash(&mut input));
        let mut proof = Vec::new();
        while !input.is_empty() {
            proof.push(hash(&mut input));
        }
        let _ = verify_inclusion(leaf, index, size, head, &proof);
        let _ = verify_consistency(old, leaf, size, head, &proof);
    },
    || {
        let sizes = [u64::MAX, u64::MAX - 1, 1 << 63]
            .map(u64::to_be_bytes)
            .concat();
        let small = [259u64, 5, 3].map(u64::to_be_bytes).concat();
        vec![
            [sizes, vec![255, 128], vec![1; 64 * 32]].concat(),
            [small, vec![9, 4], vec![2; 5 * 32]].concat(),
        ]
    },
)
.mutations(1000);

/// What is proven of a tree verifies, and not of the leaf or root beside.
fn right_proofs(size: u64, old: u64, index: u64) {
    let hashes: Vec<Hash> = (0..size).map(|i| Hash::leaf(&i.to_be_bytes())).collect();
    let tree = Leaves(hashes.clone());
    let Ok(head) = root(&tree, size);
    let other = Hash::leaf(b"another");
    if let Some(index) = index.checked_rem(size) {
        let Ok(proof) = prove_inclusion(&tree, index, size);
        let leaf = hashes[usize::try_from(index).expect("an index below 256")];
        assert_eq!(verify_inclusion(leaf, index, size, head, &proof), Ok(()));
        assert!(verify_inclusion(other, index, size, head, &proof).is_err());
    }
    if old <= size {
        let Ok(before) = root(&tree, old);
        let Ok(proof) = prove_consistency(&tree, old, size);
        assert_eq!(verify_consistency(old, before, size, head, &proof), Ok(()));
        if old > 0 && old < size {
            assert!(verify_consistency(old, other, size, head, &proof).is_err());
        }
    }
}
