//! What happens to the database: races of replicas, absence, damage.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use taxproof_verifier::bank::{Bank, Decision, Refusal};
use taxproof_verifier::store::{KeptReceipt, NotDecided, Page, StoreError};
use tonic::{Code, Status};

use crate::postgres::Cluster;
use crate::world::{Asked, NOW, World, open};

const ALL: Page = Page {
    after: 0,
    size: 1000,
};

async fn limit(world: &World) -> Asked {
    world
        .request("ccb-limit", &[("requested_amount", "500,000")])
        .await
}

/// Two replicas, several requests, two presentations of each at both: one decides, and the chain of
/// receipts has no gap.
async fn race(database: Option<&str>) {
    let world = World::on(database).await;
    let (other, _) = open(world.folder.path()).await;
    let mut tasks = Vec::new();
    let mut requests = Vec::new();
    for _ in 0..6 {
        let asked = limit(&world).await;
        for presentation in [asked.present(), asked.present()] {
            for bank in [&world.bank, &other] {
                let (bank, sealed) = (Arc::clone(bank), world.seal(&presentation));
                tasks.push(tokio::spawn(async move { bank.submit(sealed, "").await }));
            }
        }
        requests.push(asked.request.digest());
    }
    let mut receipts = BTreeSet::new();
    let mut answers = 0;
    for task in tasks {
        match task.await.unwrap() {
            Ok(Decision::Decided { kept, .. }) => {
                answers += 1;
                receipts.insert(kept.signed.receipt.digest());
            }
            Err(Refusal::NotDecided(NotDecided::Replay(_))) => {}
            unexpected => panic!("{unexpected:?}"),
        }
    }
    assert_eq!(
        (answers, receipts.len()),
        (12, 6),
        "one presentation of each, twice"
    );
    let chain = other.audit().await.unwrap().unwrap();
    assert_eq!(chain.length(), 6);
    // Both see what the other did.
    for bank in [&world.bank, &other] {
        let kept = bank.store().receipts(ALL).await.unwrap();
        let decided: BTreeSet<_> = kept
            .iter()
            .map(|kept| kept.signed.receipt.presentation.request)
            .collect();
        assert_eq!(decided, requests.iter().copied().collect());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn replicas_race_for_nonces_on_a_file() {
    race(None).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn replicas_race_for_nonces_on_postgres() {
    let cluster = Cluster::start();
    race(Some(&cluster.url())).await;
}

/// PostgreSQL is away for a while: the service says so, and goes on afterwards by itself.
#[tokio::test]
async fn a_database_that_was_away_is_used_again() {
    let cluster = Cluster::start();
    let world = World::on(Some(&cluster.url())).await;
    let asked = limit(&world).await;
    let presentation = asked.present();
    cluster.pause();
    let refused = world.bank.submit(world.seal(&presentation), "").await;
    let status = Status::from(refused.unwrap_err());
    assert_eq!(status.code(), Code::Unavailable, "{status:?}");
    cluster.resume();
    let decided = world.bank.submit(world.seal(&presentation), "").await;
    assert!(
        matches!(decided, Ok(Decision::Decided { .. })),
        "{decided:?}"
    );
    let chain = world.bank.audit().await.unwrap().unwrap();
    assert_eq!(chain.length(), 1);
}

/// A file with a few receipts, complete without its journal.
async fn kept() -> (World, Vec<u8>, Vec<KeptReceipt>) {
    let world = World::new().await;
    for _ in 0..3 {
        let asked = limit(&world).await;
        let sealed = world.seal(&asked.present());
        world.bank.submit(sealed, "").await.unwrap();
    }
    let receipts = world.bank.store().receipts(ALL).await.unwrap();
    world.bank.store().close().await;
    let file = std::fs::read(world.folder.path().join(FILE)).unwrap();
    (world, file, receipts)
}

const FILE: &str = "state/bank.sqlite";

/// What a bank that is opened on a damaged file says: that it is damaged, or what was always true.
async fn notices(folder: &Path, file: &[u8], receipts: &[KeptReceipt]) -> bool {
    for journal in ["-wal", "-shm"] {
        // Of the run before; it may not be there.
        let _ = std::fs::remove_file(folder.join(format!("{FILE}{journal}")));
    }
    std::fs::write(folder.join(FILE), file).unwrap();
    let configured = taxproof_verifier::config::Folder::open(&folder.join("bank.toml")).unwrap();
    let clock = taxproof_verifier::bank::Clock::of(|| NOW);
    let Ok(bank) = Bank::open(configured, clock).await else {
        return true;
    };
    let damaged = bank.store().damages().await.map_or(true, |d| !d.is_empty());
    let broken = !matches!(bank.audit().await, Ok(Ok(_)));
    let same = bank.store().receipts(ALL).await;
    bank.store().close().await;
    damaged || broken || same.is_ok_and(|same| same == receipts)
}

/// No receipt is ever served that is not the one that was kept.
#[tokio::test]
async fn flipped_and_missing_bytes_are_noticed() {
    let (world, file, receipts) = kept().await;
    let folder = world.folder.path();
    assert!(notices(folder, &file, &receipts).await);
    let places = (0..file.len()).step_by(1 + file.len() / 120);
    for place in (0..100).step_by(7).chain(places) {
        let mut flipped = file.clone();
        flipped[place] ^= 1 << (place % 8);
        assert!(notices(folder, &flipped, &receipts).await, "byte {place}");
    }
    for length in (1..file.len()).step_by(1 + file.len() / 25) {
        let cut = &file[..length];
        assert!(notices(folder, cut, &receipts).await, "{length} bytes");
    }
}

/// A receipt in the database is changed, taken away or put elsewhere, with the database's own means.
#[tokio::test]
async fn a_chain_that_somebody_edited_is_refused() {
    use sqlx::Connection as _;
    for edit in [
        "UPDATE receipts SET signed = (SELECT signed FROM receipts WHERE sequence = 1) \
         WHERE sequence = 2",
        "DELETE FROM receipts WHERE sequence = 2",
        "UPDATE receipts SET sequence = 9 WHERE sequence = 3",
        "UPDATE receipts SET digest = x'00' WHERE sequence = 1",
        "UPDATE receipts SET presentation = zeroblob(32) WHERE sequence = 1",
    ] {
        let (world, ..) = kept().await;
        let path = world.folder.path().join(FILE);
        let url = format!("sqlite://{}", path.display());
        let mut connection = sqlx::SqliteConnection::connect(&url).await.unwrap();
        for sql in [
            "DROP TRIGGER receipts_stay",
            "DROP TRIGGER receipts_remain",
            edit,
        ] {
            sqlx::query(sql).execute(&mut connection).await.unwrap();
        }
        connection.close().await.unwrap();
        let config = world.folder.path().join("bank.toml");
        let configured = taxproof_verifier::config::Folder::open(&config).unwrap();
        let clock = taxproof_verifier::bank::Clock::of(|| NOW);
        let opened = Bank::open(configured, clock).await;
        assert!(matches!(opened, Err(StoreError::Damaged(_))), "{edit}");
    }
}
