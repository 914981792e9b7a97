//! Backups while the service runs, and what an older one that is put back can do.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use taxproof_claims::epoch::SignedEpochHeader;
use taxproof_claims::policy::Format;
use taxproof_verifier::bank::{Bank, Clock, Decision, NotReady, Refusal};
use taxproof_verifier::config::Folder;
use taxproof_verifier::mark::Mark;
use taxproof_verifier::presentation::InvalidReason;
use taxproof_verifier::store::StoreError;

use crate::postgres::Cluster;
use crate::running::{run, verifier};
use crate::terminal::Terminal;
use crate::world::{Asked, NOW, World, policy_text};

async fn limit(world: &World) -> Asked {
    world
        .request("ccb-limit", &[("requested_amount", "500,000")])
        .await
}

fn folder(path: &Path) -> Folder {
    Folder::open(&path.join("bank.toml")).unwrap()
}

fn clock() -> Clock {
    Clock::of(|| NOW + 60)
}

async fn reopen(path: &Path) -> Result<Arc<Bank>, StoreError> {
    Bank::open(folder(path), clock()).await.map(Arc::new)
}

/// As an operator does, with the service stopped.
fn put_back(backup: &Path, folder: &Path) {
    let database = folder.join("state/bank.sqlite");
    for file in ["bank.sqlite", "bank.sqlite-wal", "bank.sqlite-shm"] {
        let _ = std::fs::remove_file(database.with_file_name(file));
    }
    std::fs::copy(backup, database).unwrap();
}

fn is_rolled_back(opened: Result<Arc<Bank>, StoreError>, receipts: (u64, u64)) -> bool {
    let Err(StoreError::RolledBack { seen, found }) = opened else {
        panic!("{opened:?}");
    };
    (seen, found) == receipts
}

/// Three requests: decided before the backup; open in it and decided since; made and decided since.
struct Story {
    world: World,
    backup: PathBuf,
    open: Asked,
    later: Asked,
    decided: Decision,
}

impl Story {
    async fn new() -> Self {
        let world = World::new().await;
        let (before, open) = (limit(&world).await, limit(&world).await);
        let sealed = world.seal(&before.present());
        world.bank.submit(sealed, "").await.unwrap();
        let backup = world.folder.path().join("backup.sqlite");
        let made = world.bank.back_up(&backup).await.unwrap();
        assert_eq!(made.receipts, 1);
        let decided = world.bank.submit(world.seal(&open.present()), "").await;
        let later = limit(&world).await;
        world
            .bank
            .submit(world.seal(&later.present()), "")
            .await
            .unwrap();
        world.bank.store().close().await;
        Self {
            decided: decided.unwrap(),
            world,
            backup,
            open,
            later,
        }
    }

    fn path(&self) -> &Path {
        self.world.folder.path()
    }

    fn sealed(&self, asked: &Asked) -> Vec<u8> {
        self.world.seal(&asked.present())
    }
}

/// Runs `restored` at a terminal, with what is typed there.
fn restored_by(config: &Path, typed: &str) -> (Option<i32>, String) {
    let mut command = verifier();
    command.arg("restored").arg("--config").arg(config);
    let mut terminal = Terminal::begin(command);
    terminal.shows("every request that is open in the database of `bank-of-examples`");
    terminal.shows("Type `yes`");
    terminal.types(typed);
    terminal.ends()
}

/// Without what the mark says, an older database accepts a nonce again.
#[tokio::test]
async fn an_older_backup_would_accept_a_nonce_again_were_it_not_noticed() {
    let story = Story::new().await;
    put_back(&story.backup, story.path());
    assert!(is_rolled_back(reopen(story.path()).await, (3, 1)));
    std::fs::remove_file(story.path().join("state/mark")).unwrap();
    let naive = reopen(story.path()).await.unwrap();
    let again = naive.submit(story.sealed(&story.open), "").await.unwrap();
    assert!(matches!(again, Decision::Decided { .. }));
    assert_ne!(again, story.decided, "a second decision of one request");
}

#[tokio::test]
async fn an_older_backup_is_gone_on_from_only_when_what_was_open_is_cancelled() {
    let story = Story::new().await;
    put_back(&story.backup, story.path());
    let config = story.path().join("bank.toml");
    let output = run(&config, &[], &[]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        !output.status.success() && said.contains("older backup"),
        "{said}"
    );

    // Nobody is there to ask.
    let output = run(&config, &["restored"], &[]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success() && output.stdout.is_empty());
    for part in ["no terminal", "nothing was changed"] {
        assert!(said.contains(part), "{said}");
    }
    assert!(is_rolled_back(reopen(story.path()).await, (3, 1)));

    let (status, _) = restored_by(&config, "y");
    assert_eq!(status, Some(1));
    assert!(is_rolled_back(reopen(story.path()).await, (3, 1)));
    let (status, shown) = restored_by(&config, "yes");
    assert_eq!(status, Some(0), "{shown}");
    assert!(
        shown.contains("1 receipts, 1 open requests cancelled\r\n"),
        "{shown}"
    );
    assert!(shown.contains("2 receipts are lost"), "{shown}");

    let bank = reopen(story.path()).await.unwrap();
    let open = bank.submit(story.sealed(&story.open), "").await.unwrap();
    let cancelled = InvalidReason::Cancelled;
    assert!(matches!(open, Decision::Invalid { reason, .. } if reason == cancelled));
    let later = bank.submit(story.sealed(&story.later), "").await;
    assert!(matches!(later, Err(Refusal::UnknownRequest)));
    assert_eq!(bank.audit().await.unwrap().unwrap().length(), 1);

    // It goes on, and the next older one is noticed.
    let world = World {
        bank,
        ..story.world
    };
    let new = limit(&world).await;
    let decided = world.bank.submit(world.seal(&new.present()), "").await;
    assert!(matches!(decided, Ok(Decision::Decided { .. })));
    world.bank.store().close().await;
    put_back(&story.backup, world.folder.path());
    assert!(is_rolled_back(reopen(world.folder.path()).await, (2, 1)));
}

/// A database with as many receipts, but other ones.
#[tokio::test]
async fn another_history_of_the_same_length_is_noticed() {
    let story = Story::new().await;
    let whole = story.path().join("whole.sqlite");
    std::fs::copy(story.path().join("state/bank.sqlite"), &whole).unwrap();
    let mark = story.path().join("state/mark");
    let kept = std::fs::read(&mark).unwrap();
    put_back(&story.backup, story.path());
    std::fs::remove_file(&mark).unwrap();
    let world = World {
        bank: reopen(story.path()).await.unwrap(),
        ..story.world
    };
    for _ in 0..2 {
        let asked = limit(&world).await;
        world
            .bank
            .submit(world.seal(&asked.present()), "")
            .await
            .unwrap();
    }
    world.bank.store().close().await;
    std::fs::write(&mark, kept).unwrap();
    assert!(is_rolled_back(reopen(world.folder.path()).await, (3, 3)));
    put_back(&whole, world.folder.path());
    let bank = reopen(world.folder.path()).await.unwrap();
    assert_eq!(bank.audit().await.unwrap().unwrap().length(), 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_backup_is_whole_whatever_is_decided_meanwhile() {
    let world = World::new().await;
    let config = world.folder.path().join("bank.toml");
    let mut tasks = Vec::new();
    for _ in 0..12 {
        let asked = limit(&world).await;
        let (bank, sealed) = (Arc::clone(&world.bank), world.seal(&asked.present()));
        tasks.push(tokio::spawn(async move { bank.submit(sealed, "").await }));
    }
    let to = world.folder.path().join("backup.sqlite");
    let out = to.to_str().unwrap();
    let output = run(&config, &["backup", "--out", out], &[]);
    assert!(output.status.success(), "{output:?}");
    for task in tasks {
        task.await.unwrap().unwrap();
    }
    let mode = std::fs::metadata(&to).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    // Nothing is written over, and nothing is left of what failed.
    let whole = std::fs::read(&to).unwrap();
    let output = run(&config, &["backup", "--out", out], &[]);
    assert!(!output.status.success());
    assert!(
        String::from_utf8_lossy(&output.stderr).contains(out),
        "{output:?}"
    );
    assert_eq!(std::fs::read(&to).unwrap(), whole);
    // What it says of itself is what is in it.
    world.bank.store().close().await;
    std::fs::remove_file(world.folder.path().join("state/mark")).unwrap();
    put_back(&to, world.folder.path());
    let restored = reopen(world.folder.path()).await.unwrap();
    restored.audit().await.unwrap().unwrap();
    assert!(restored.store().damages().await.unwrap().is_empty());
}

/// A database that lost no receipt, but what was cancelled or retired since.
#[tokio::test]
async fn an_older_backup_that_lost_no_receipt_is_noticed() {
    let world = World::new().await;
    let (decided, cancelled) = (limit(&world).await, limit(&world).await);
    let sealed = world.seal(&decided.present());
    world.bank.submit(sealed, "").await.unwrap();
    let backup = world.folder.path().join("backup.sqlite");
    world.bank.back_up(&backup).await.unwrap();
    let mark = world.folder.path().join("state/mark");
    let noted = || Mark::open(&mark).unwrap().changes();
    let before = noted();
    let id = cancelled.request.digest().to_string();
    for _ in 0..2 {
        // Again is no other change.
        world.bank.cancel_request(&id).await.unwrap();
        assert_eq!(noted(), before + 1);
    }
    let text = policy_text("ccb-limit");
    let policy = world.bank.register_policy(&text, Format::Toml).await;
    let policy = policy.unwrap().digest.to_string();
    world.bank.retire_policy(&policy).await.unwrap();
    assert_eq!(noted(), before + 2);
    world.bank.store().close().await;
    let path = world.folder.path();
    reopen(path).await.unwrap().store().close().await;

    put_back(&backup, path);
    let Err(StoreError::ChangesLost { seen, found }) = reopen(path).await else {
        panic!("it is not noticed");
    };
    assert_eq!(seen - found, 2);
    let output = run(&path.join("bank.toml"), &["restored", "--yes"], &[]);
    assert!(output.status.success(), "{output:?}");
    let bank = reopen(path).await.unwrap();
    let sealed = world.seal(&cancelled.present());
    let again = bank.submit(sealed, "").await.unwrap();
    let is_cancelled = InvalidReason::Cancelled;
    assert!(matches!(again, Decision::Invalid { reason, .. } if reason == is_cancelled));
}

/// A database that lost only a head of a log, or that an authority signed two of one size.
#[tokio::test]
async fn an_older_backup_that_lost_a_head_or_a_fork_is_noticed() {
    let world = World::new().await;
    let path = world.folder.path();
    let (before, between) = (path.join("before"), path.join("between"));
    let log_with = |second| [world.epoch.clone(), second];
    let add = async |log: [SignedEpochHeader; 2]| {
        let proof = world.authority.logged(&log, 0, 1);
        world.bank.add_epoch(&log[0].encode(), proof).await
    };
    world.bank.back_up(&before).await.unwrap();
    let log = log_with(world.authority.epoch(2, |_| {}));
    add(log).await.unwrap();
    world.bank.back_up(&between).await.unwrap();
    let forked = log_with(world.authority.epoch(2, |header| header.leaves += 1));
    add(forked).await.unwrap_err();
    world.bank.store().close().await;
    for (backup, lost) in [(before, 2), (between, 1)] {
        put_back(&backup, path);
        let Err(StoreError::ChangesLost { seen, found }) = reopen(path).await else {
            panic!("it is not noticed");
        };
        assert_eq!(seen - found, lost);
    }
}

/// PostgreSQL is put back by its own means, even under a service that runs.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_older_dump_is_noticed_while_the_service_runs() {
    let cluster = Cluster::start();
    let world = World::on(Some(&cluster.url())).await;
    let to = world.folder.path().join("backup");
    let refused = world.bank.back_up(&to).await.unwrap_err();
    assert!(refused.to_string().contains("pg_dump"), "{refused}");
    let (before, open) = (limit(&world).await, limit(&world).await);
    let sealed = world.seal(&before.present());
    world.bank.submit(sealed, "").await.unwrap();
    let dump = cluster.dump();
    let sealed = world.seal(&open.present());
    world.bank.submit(sealed, "").await.unwrap();

    cluster.put_back(&dump);
    // Connections of before are gone.
    let mut ready = world.bank.readiness().await;
    for _ in 0..20 {
        if ready == Err(NotReady::RolledBack) {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        ready = world.bank.readiness().await;
    }
    assert_eq!(ready, Err(NotReady::RolledBack));
    let again = world.bank.submit(world.seal(&open.present()), "").await;
    let Err(Refusal::Store(error)) = again else {
        panic!("{again:?}");
    };
    assert!(matches!(
        *error,
        StoreError::RolledBack { seen: 2, found: 1 }
    ));
    world.bank.store().close().await;
    assert!(is_rolled_back(reopen(world.folder.path()).await, (2, 1)));
    let restored = Bank::restored(folder(world.folder.path()), clock()).await;
    assert_eq!(restored.unwrap().cancelled, 1);
    let bank = reopen(world.folder.path()).await.unwrap();
    let open = bank.submit(world.seal(&open.present()), "").await.unwrap();
    let cancelled = InvalidReason::Cancelled;
    assert!(matches!(open, Decision::Invalid { reason, .. } if reason == cancelled));
}
