//! Our log read by an implementation that is not ours: Cloudflare's `tlog_tiles` and `signed_note`.

use std::collections::HashMap;
use std::fs;

use signed_note::{Note as TheirNote, StandardVerifier, Verifier, VerifierList};
use taxproof_claims::digest::Profile;
use tlog_tiles::{
    Checkpoint as TheirCheckpoint, Hash as TheirHash, HashReader as _, Tile as TheirTile,
    TileHashReader, TileReader, check_record, check_tree, prove_record, prove_tree, record_hash,
};

use crate::{Log, ORIGIN, entries};
use taxproof_log::{Tile, WIDTH};

/// A tile's path: this release still has the height in it, as Go's module has.
fn path(tile: &TheirTile) -> String {
    tile.path().replacen("tile/8/", "tile/", 1)
}

struct Folder<'a>(&'a Log);

impl TileReader for Folder<'_> {
    fn height(&self) -> u8 {
        8
    }

    fn read_tiles(&self, tiles: &[TheirTile]) -> Result<Vec<Vec<u8>>, tlog_tiles::Error> {
        let read = |tile: &TheirTile| Ok(fs::read(self.0.folder.path().join(path(tile))).unwrap());
        tiles.iter().map(read).collect()
    }

    fn save_tiles(&self, _: &[TheirTile], _: &[Vec<u8>]) {}
}

#[test]
fn tiles_and_checkpoint_are_read_by_others() {
    let mut log = Log::new(Profile::International);
    log.grow(&entries(0..3));
    let old = log.files().root(3).unwrap();
    let note = log.grow(&entries(3..700));

    let key = StandardVerifier::new(&log.key.to_string()).unwrap();
    let known: Vec<Box<dyn Verifier>> = vec![Box::new(key)];
    let theirs = TheirNote::from_bytes(note.to_string().as_bytes()).unwrap();
    let (verified, _) = theirs.verify(&VerifierList::new(known)).unwrap();
    assert_eq!(verified.len(), 1);
    let checkpoint = TheirCheckpoint::from_bytes(theirs.text()).unwrap();
    assert_eq!((checkpoint.origin(), checkpoint.size()), (ORIGIN, 700));

    let root = *checkpoint.hash();
    let folder = Folder(&log);
    let hashes = TileHashReader::new(700, root, &folder);
    for index in [0u64, 2, 3, 255, 256, 511, 699] {
        let leaf = record_hash(format!("entry {index}").as_bytes());
        let proof = prove_record(700, index, &hashes).unwrap();
        check_record(&proof, 700, root, index, leaf).unwrap();
        let ours = log.files().inclusion(index, &note).unwrap().hashes;
        let ours: Vec<_> = ours.iter().map(|hash| TheirHash(hash.0)).collect();
        check_record(&ours, 700, root, index, leaf).unwrap();
    }
    let proof = prove_tree(700, 3, &hashes).unwrap();
    check_tree(&proof, 700, root, 3, TheirHash(old.0)).unwrap();
    let ours = log.files().consistency(3, &note).unwrap();
    let ours: Vec<_> = ours.iter().map(|hash| TheirHash(hash.0)).collect();
    check_tree(&ours, 700, root, 3, TheirHash(old.0)).unwrap();
    assert!(hashes.read_hashes(&[0]).is_ok());
}

#[test]
fn names_of_tiles_are_those_of_others() {
    let sizes = [1u64, 255, 256, 257, 70_000, 300_000];
    for size in sizes {
        let theirs: HashMap<String, ()> = TheirTile::new_tiles(8, 0, size)
            .iter()
            .map(|tile| (path(tile), ()))
            .collect();
        let ours: HashMap<String, ()> = Tile::grown(0, size)
            .iter()
            .map(|tile| tile.to_string())
            .filter(|path| !path.starts_with("tile/entries"))
            .map(|path| (path, ()))
            .collect();
        assert_eq!(ours, theirs, "{size}");
        assert_eq!(
            Tile::bundle(size - 1, size).start(),
            (size - 1) / WIDTH * WIDTH
        );
    }
}
