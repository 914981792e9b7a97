//! What a store gives back, after changes, merges, crashes and damage.

use std::collections::BTreeMap;
use std::fs;

use proptest::prelude::*;
use tempfile::TempDir;

use super::*;

fn folder() -> TempDir {
    TempDir::new().expect("a folder")
}

fn numbered(range: std::ops::Range<u32>, version: u8) -> Vec<(Key, Vec<u8>)> {
    let mut values: Vec<_> = range
        .map(|i| (key(&i.to_string()), vec![version; 1 + i as usize % 9]))
        .collect();
    values.sort();
    values
}

fn all(store: &Store) -> BTreeMap<Key, Vec<u8>> {
    let found = store.scan(Key::MIN, Key::MAX).expect("is read");
    let read = found
        .iter()
        .map(|at| (at.key(), store.read(at).expect("is read")));
    read.collect()
}

#[test]
fn parts_cover_all_keys_once() {
    for bits in [0, 1, 8, 12] {
        let parts = 1u64 << bits;
        let mut next = 0;
        for index in 0..parts {
            let (first, last) = part(index, bits);
            assert_eq!(first, next);
            assert_eq!((part_of(first, bits), part_of(last, bits)), (index, index));
            next = last.wrapping_add(1);
        }
        assert_eq!(next, 0);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn the_newest_value_holds(changes in proptest::collection::vec((0u32..900, 1u32..600), 1..9)) {
        let folder = folder();
        let mut expected = BTreeMap::new();
        for (version, (from, count)) in changes.into_iter().enumerate() {
            let mut store = Store::open(folder.path()).expect("is opened");
            let values = numbered(from..from + count, version as u8);
            expected.extend(values.clone());
            store.change(&values).expect("is changed");
            prop_assert_eq!(all(&store), expected.clone());
            prop_assert_eq!(store.len(), expected.len() as u64);
            prop_assert!(store.files.len() <= 8);
        }
        let store = Store::open(folder.path()).expect("is opened");
        prop_assert_eq!(all(&store), expected.clone());
        for (key, value) in &expected {
            let found = store.get(*key).expect("is read");
            prop_assert_eq!(found.as_ref(), Some(value));
            prop_assert_eq!(store.get(key ^ 1).expect("is read"), None);
        }
        let parts = (0..16).map(|index| {
            let (first, last) = part(index, 4);
            store.scan(first, last).expect("is read").len()
        });
        prop_assert_eq!(parts.sum::<usize>(), expected.len());
    }
}

#[test]
fn a_crash_leaves_the_change_or_none() {
    let folder = folder();
    let mut store = Store::open(folder.path()).expect("is opened");
    store.change(&numbered(0..300, 1)).expect("is changed");
    store.change(&numbered(0..3, 2)).expect("is changed");
    let before = all(&store);
    // Half a file, and a merged one beside those that it holds.
    fs::write(folder.path().join(".partial-change"), b"half").expect("is written");
    fs::write(folder.path().join(".partial-change.index"), b"half").expect("is written");
    let (one, two) = (folder.path().join("1-1"), folder.path().join("2-2"));
    let [first, second] = [&one, &two].map(|path| fs::read(path).expect("is there"));
    store.merge_last_two().expect("is merged");
    assert!(folder.path().join("1-2").exists() && !one.exists() && !two.exists());
    fs::write(&one, first).expect("is written");
    fs::write(&two, second).expect("is written");
    let store = Store::open(folder.path()).expect("is opened");
    assert_eq!(all(&store), before);
    assert_eq!(fs::read_dir(folder.path()).expect("is read").count(), 1);
}

#[test]
fn a_missing_file_is_noticed() {
    let folder = folder();
    let mut store = Store::open(folder.path()).expect("is opened");
    store.change(&numbered(0..300, 1)).expect("is changed");
    store.change(&numbered(0..3, 2)).expect("is changed");
    fs::remove_file(folder.path().join("1-1")).expect("is removed");
    assert!(matches!(
        Store::open(folder.path()),
        Err(AuthorityError::Damaged { .. })
    ));
}

#[test]
fn every_flipped_byte_and_every_cut_is_noticed() {
    let folder = folder();
    let mut store = Store::open(folder.path()).expect("is opened");
    store.change(&numbered(0..300, 1)).expect("is changed");
    let whole = all(&store);
    let path = folder.path().join("1-1");
    let bytes = fs::read(&path).expect("is there");
    let reads = || -> Result<BTreeMap<Key, Vec<u8>>, AuthorityError> {
        let store = Store::open(folder.path())?;
        let found = store.scan(Key::MIN, Key::MAX)?;
        found
            .iter()
            .map(|at| Ok((at.key(), store.read(at)?)))
            .collect()
    };
    for at in (0..bytes.len()).step_by(7) {
        let mut flipped = bytes.clone();
        flipped[at] ^= 0x10;
        fs::write(&path, &flipped).expect("is written");
        assert!(reads().is_err(), "flipped at {at}");
        fs::write(&path, &bytes[..at]).expect("is written");
        assert!(reads().is_err(), "cut at {at}");
    }
    fs::write(&path, &bytes).expect("is written");
    assert_eq!(reads().expect("is read"), whole);
}

/// Found by fuzzing: digests tell of damage, and anybody can make them.
#[test]
fn an_index_that_claims_too_much_is_refused() {
    let folder = folder();
    let mut store = Store::open(folder.path()).expect("is opened");
    store.change(&numbered(0..1, 1)).expect("is changed");
    let path = folder.path().join("1-1");
    let bytes = fs::read(&path).expect("is there");
    // Name and value, an entry and its digest, a trailer and its digest.
    let (entry, trailer) = (21, 21 + 44 + 16);
    assert_eq!(bytes.len(), trailer + 24 + 16);
    let claiming = |at: usize, claim: &[u8]| {
        let mut bytes = bytes.clone();
        bytes[at..at + claim.len()].copy_from_slice(claim);
        for (start, end) in [(entry, entry + 44), (trailer, trailer + 24)] {
            let digest = blake3::hash(&bytes[start..end]);
            bytes[end..end + 16].copy_from_slice(&digest.as_bytes()[..16]);
        }
        fs::write(&path, bytes).expect("is written");
        Store::open(folder.path())?.get(key("0"))
    };
    assert_eq!(claiming(entry, &[]).expect("is read"), Some(vec![1]));
    let refused = |found| matches!(found, Err(AuthorityError::Damaged { .. }));
    assert!(
        refused(claiming(entry + 24, &u32::MAX.to_be_bytes())),
        "a length"
    );
    assert!(
        refused(claiming(entry + 16, &u64::MAX.to_be_bytes())),
        "an offset"
    );
    assert!(
        refused(claiming(trailer + 16, &u64::MAX.to_be_bytes())),
        "a count"
    );
}

#[test]
fn writing_goes_on_from_a_mark() {
    let folder = folder();
    let path = folder.path().join("segment");
    let values = numbered(0..600, 1);
    let (first, second) = values.split_at(400);
    let mut writer = SegmentWriter::create(&path).expect("is made");
    let push = |writer: &mut SegmentWriter, values: &[(Key, Vec<u8>)]| {
        for (key, value) in values {
            writer.push(*key, value).expect("is written");
        }
    };
    push(&mut writer, first);
    let mark = writer.mark().expect("is durable");
    // Written, but lost by a crash before the next mark.
    push(&mut writer, &second[..9]);
    writer.mark().expect("is durable");
    drop(writer);
    let mut writer = SegmentWriter::resume(&path, mark).expect("is resumed");
    push(&mut writer, second);
    writer.finish(600).expect("is finished");
    let mut store = Store::open(&folder.path().join("store")).expect("is opened");
    store.adopt(&path).expect("is put in place");
    assert_eq!(all(&store), values.into_iter().collect());
    assert_eq!((store.len(), store.changes()), (600, 1));
}
