//! A log's folder: growth, interruption, damage, forks.

use std::fs;

use taxproof_claims::digest::Profile;
use taxproof_log::{Fork, ForkError, Hash, LogError, Quorum, Tile};

use crate::{Log, entries};

#[test]
fn entries_are_there_and_proven_however_the_log_grew() {
    let mut at_once = Log::new(Profile::International);
    let all = at_once.grow(&entries(0..600));
    let mut in_steps = Log::new(Profile::International);
    for count in [1, 254, 1, 1, 255, 88] {
        in_steps.grow(&entries(in_steps.size..in_steps.size + count));
    }
    let [a, b] = [&at_once, &in_steps].map(|log| log.files().root(600).unwrap());
    assert_eq!(a, b);
    let quorum = Quorum::of(at_once.key.clone());
    for index in [0, 1, 255, 256, 511, 512, 599] {
        let entry = at_once.files().entry(index, 600).unwrap();
        assert_eq!(entry, format!("entry {index}").into_bytes());
        let proof = at_once.files().inclusion(index, &all).unwrap();
        assert_eq!(proof.to_string().parse(), Ok(proof.clone()));
        assert_eq!(proof.verify(&quorum, &entry).unwrap().size, 600);
        assert!(proof.verify(&quorum, b"entry").is_err());
        assert_eq!(in_steps.files().entry(index, 600).unwrap(), entry);
    }
    let beyond = at_once.files().entry(600, 600);
    assert!(matches!(
        beyond,
        Err(LogError::Beyond {
            size: 600,
            asked: 601
        })
    ));
    for index in [600, u64::MAX] {
        let beyond = at_once.files().inclusion(index, &all);
        assert!(matches!(beyond, Err(LogError::Beyond { size: 600, .. })));
    }
}

#[test]
fn an_append_that_was_cut_off_is_done_again() {
    let mut log = Log::new(Profile::Sm);
    log.grow(&entries(0..250));
    let before = log.files().checkpoint().unwrap().unwrap();
    // Cut off before the checkpoint; the next attempt has other entries.
    log.files().append(250, &entries(900..910)).unwrap();
    assert_eq!(log.files().checkpoint().unwrap().unwrap(), before);
    log.files().inclusion(3, &before).unwrap();
    let note = log.grow(&entries(250..260));
    let proof = log.files().inclusion(255, &note).unwrap();
    proof
        .verify(&Quorum::of(log.key.clone()), b"entry 255")
        .unwrap();
    assert!(log.files().consistency(250, &note).is_ok());
}

#[test]
fn damage_is_noticed_wherever_it_is() {
    let mut log = Log::new(Profile::International);
    let note = log.grow(&entries(0..300));
    for tile in Tile::grown(0, 300) {
        let path = log.files().path().join(tile.to_string());
        let bytes = fs::read(&path).unwrap();
        for place in [0, bytes.len() / 2, bytes.len() - 1] {
            let mut damaged = bytes.clone();
            damaged[place] ^= 4;
            fs::write(&path, &damaged).unwrap();
            let read = (0..300).try_for_each(|index| {
                log.files().entry(index, 300)?;
                log.files().inclusion(index, &note).map(drop)
            });
            assert!(read.is_err(), "{tile} at {place}");
        }
        fs::write(&path, &bytes[1..]).unwrap();
        assert!(
            (0..300).any(|index| log.files().entry(index, 300).is_err()
                || log.files().inclusion(index, &note).is_err()),
            "{tile} cut"
        );
        fs::write(&path, &bytes).unwrap();
    }
    log.files().inclusion(299, &note).unwrap();
}

#[test]
fn paths_are_those_of_the_specification() {
    let paths = |known, size| -> Vec<_> {
        Tile::grown(known, size)
            .iter()
            .map(ToString::to_string)
            .collect()
    };
    assert_eq!(paths(0, 1), ["tile/entries/000.p/1", "tile/0/000.p/1"]);
    assert_eq!(paths(1, 1), [""; 0]);
    assert_eq!(
        paths(255, 256),
        ["tile/entries/000", "tile/0/000", "tile/1/000.p/1"]
    );
    let many = paths(0, 70_000);
    assert_eq!(
        many.iter()
            .filter(|path| path.starts_with("tile/0/"))
            .count(),
        274
    );
    for path in [
        "tile/0/272",
        "tile/0/273.p/112",
        "tile/1/000",
        "tile/1/001.p/17",
        "tile/2/000.p/1",
    ] {
        assert!(many.contains(&path.to_owned()), "{path}");
    }
    let far = Tile::grown(1_234_067 * 256, 1_234_068 * 256);
    assert!(
        far.iter()
            .any(|tile| tile.to_string() == "tile/0/x001/x234/067")
    );
}

/// Rewriting history at any size leaves evidence that anybody can verify.
#[test]
fn a_fork_convicts_its_log() {
    for profile in Profile::ALL {
        for (common, seen, rewritten) in [
            (2, 3, 3),
            (2, 4, 4),
            (2, 4, 7),
            (0, 1, 5),
            (5, 6, 9),
            (3, 8, 300),
        ] {
            let mut honest = Log::new(profile);
            honest.grow(&entries(0..seen));
            let mut forked = Log {
                size: 0,
                ..honest.fork()
            };
            forked.grow(&[entries(0..common), entries(1000..1000 + rewritten - common)].concat());
            let [smaller, larger] =
                [&honest, &forked].map(|log| log.files().checkpoint().unwrap().unwrap());

            let fork = forked
                .files()
                .fork(&smaller, &larger)
                .unwrap()
                .expect("a fork");
            let [first, second] = fork.verify(&honest.key).unwrap();
            assert_eq!((first.size, second.size), (seen, rewritten));
            assert_eq!(fork.to_string().parse(), Ok(fork.clone()));

            let stranger = Log::new(profile);
            assert!(matches!(
                fork.verify(&stranger.key),
                Err(ForkError::Checkpoint(_))
            ));
            for place in 0..fork.hashes.len() {
                let mut damaged = fork.clone();
                damaged.hashes[place].0[0] ^= 1;
                assert_eq!(
                    damaged.verify(&honest.key),
                    Err(ForkError::Proof),
                    "nobody is convicted wrongly"
                );
            }
        }
    }
}

#[test]
fn an_honest_log_cannot_be_convicted() {
    let mut log = Log::new(Profile::International);
    let notes: Vec<_> = (0..12).map(|i| log.grow(&entries(i..i + 1))).collect();
    for (i, smaller) in notes.iter().enumerate() {
        for larger in &notes[i..] {
            assert_eq!(log.files().fork(smaller, larger).unwrap(), None);
            let mut hashes = log.files().consistency(i as u64 + 1, larger).unwrap();
            let claim = Fork {
                smaller: smaller.clone(),
                larger: larger.clone(),
                hashes: hashes.clone(),
            };
            assert!(claim.verify(&log.key).is_err());
            hashes.insert(0, log.files().root(i as u64 + 1).unwrap());
            let claim = Fork {
                hashes: hashes.clone(),
                ..claim
            };
            assert!(claim.verify(&log.key).is_err());
            hashes[0] = Hash::empty();
            assert!(Fork { hashes, ..claim }.verify(&log.key).is_err());
        }
    }
}
