//! Known answers made by others, where they are there.

use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use taxproof_log::{
    CheckpointError, Hash, Note, NoteError, Quorum, Refusal, Submission, verify_consistency,
    verify_inclusion,
};

/// A folder of `../shared/vectors`, or none; it says so.
fn vectors(folder: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../shared/vectors")
        .join(folder);
    if path.is_dir() {
        return Some(path);
    }
    eprintln!("not run: {} is not there", path.display());
    None
}

fn json_files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            json_files(&path, found);
        } else if path
            .extension()
            .is_some_and(|extension| extension == "json")
        {
            found.push(path);
        }
    }
}

fn cases<T: for<'a> Deserialize<'a>>(kind: &str) -> Vec<(PathBuf, T)> {
    let Some(folder) = vectors("merkle-tlog/transparency-dev/testdata") else {
        return Vec::new();
    };
    let mut files = Vec::new();
    json_files(&folder.join(kind), &mut files);
    assert!(files.len() > 50, "{} cases of {kind}", files.len());
    let read = |path: PathBuf| {
        let case = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        (path, case)
    };
    files.into_iter().map(read).collect()
}

/// A hash that cannot be one refuses its case.
fn hashes(texts: Option<&[String]>) -> Option<Vec<Hash>> {
    texts
        .unwrap_or_default()
        .iter()
        .map(|text| Hash::from_base64(text))
        .collect()
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Inclusion {
    leaf_idx: u64,
    tree_size: u64,
    root: String,
    leaf_hash: String,
    proof: Option<Vec<String>>,
    want_err: bool,
}

#[test]
fn inclusion_of_transparency_dev() {
    for (path, case) in cases::<Inclusion>("inclusion") {
        let verifies = || {
            let (leaf, root) = (
                Hash::from_base64(&case.leaf_hash)?,
                Hash::from_base64(&case.root)?,
            );
            let proof = hashes(case.proof.as_deref())?;
            verify_inclusion(leaf, case.leaf_idx, case.tree_size, root, &proof).ok()
        };
        assert_eq!(verifies().is_none(), case.want_err, "{}", path.display());
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Consistency {
    size1: u64,
    size2: u64,
    root1: String,
    root2: String,
    proof: Option<Vec<String>>,
    want_err: bool,
}

#[test]
fn consistency_of_transparency_dev() {
    for (path, case) in cases::<Consistency>("consistency") {
        // Theirs takes any root for a tree without entries, ours only the one that it has.
        if case.size1 == 0 {
            continue;
        }
        let verifies = || {
            let (root1, root2) = (
                Hash::from_base64(&case.root1)?,
                Hash::from_base64(&case.root2)?,
            );
            let proof = hashes(case.proof.as_deref())?;
            verify_consistency(case.size1, root1, case.size2, root2, &proof).ok()
        };
        assert_eq!(verifies().is_none(), case.want_err, "{}", path.display());
    }
}

/// The key of Go's checksum database, from its documentation.
const SUMDB: &str = "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8";

#[test]
fn a_checkpoint_of_the_go_checksum_database() {
    let Some(folder) = vectors("c2sp") else {
        return;
    };
    let text = fs::read_to_string(folder.join("torchwood_sumdb.txt")).unwrap();
    let start = text.find("old 0\n").unwrap();
    let end = start + text[start..].find("```").unwrap();
    let submission: Submission = text[start..end].parse().unwrap();
    let key: taxproof_log::LogKey = SUMDB.parse().unwrap();
    assert_eq!(key.to_string(), SUMDB);
    key.verify(&submission.checkpoint).unwrap();
    // Its name is not its origin: such a log is not taken for another.
    assert!(
        Quorum::of(key.clone())
            .accept(&submission.checkpoint)
            .is_err()
    );
    let forged = submission
        .checkpoint
        .to_string()
        .replace("35225469", "35225470");
    assert!(key.verify(&forged.parse::<Note>().unwrap()).is_err());
}

/// The dialogue of torchwood's litewitness, with the answers that it gave.
#[test]
fn a_dialogue_with_a_witness() {
    let Some(folder) = vectors("c2sp") else {
        return;
    };
    let text = fs::read_to_string(folder.join("torchwood_litewitness.txt")).unwrap();
    let witness = crate::witness::witness(vec![sigsum_key(&text)]);
    let mut latest = None;
    let mut seen = Vec::new();
    for exchange in text.split("POST ").skip(1) {
        let body = exchange.split("```\n").nth(1).unwrap();
        let status = exchange
            .split("HTTP ")
            .nth(2)
            .unwrap_or_else(|| exchange.split("HTTP ").nth(1).unwrap());
        let expected: u16 = status[..3].parse().unwrap();
        let answer = body
            .parse()
            .and_then(|submission| witness.cosign(&submission, latest.as_ref(), 1_700_000_000));
        let found = match answer {
            Ok((_, head)) => {
                latest = Some(head);
                200
            }
            // The specification has 404 since; this version of litewitness answered 403.
            Err(Refusal::UnknownLog(_)) => 403,
            // Its signature has bits beyond the last byte, which Go reads over: we refuse the line
            // before the signature is looked at.
            Err(Refusal::Checkpoint(CheckpointError::Note(NoteError::Signature(_)))) => 403,
            Err(refusal) => refusal.status(),
        };
        assert_eq!(found, expected, "{body}");
        seen.push(found);
    }
    assert_eq!(seen, [200, 403, 403, 422, 422, 200, 409, 200, 409]);
}

/// Sigsum logs have their key's hash as origin; the file gives the key in hexadecimal.
fn sigsum_key(text: &str) -> taxproof_log::LogKey {
    let digits = text
        .split("-key=")
        .nth(1)
        .unwrap()
        .split_whitespace()
        .next()
        .unwrap();
    let key = format!("ed25519:{digits}").parse().unwrap();
    let origin = text
        .lines()
        .find(|line| line.starts_with("sigsum.org/"))
        .unwrap();
    taxproof_log::LogKey::new(origin, key).unwrap()
}
