//! The bank follows authorities' logs: what is not in one, and what does not continue one, is refused.

use taxproof_claims::digest::Profile;
use taxproof_claims::epoch::SignedEpochHeader;
use taxproof_claims::signature::SigningKey;
use taxproof_log::{Checkpoint, CheckpointError, InclusionError, Note, Quorum, WitnessKey};
use taxproof_proto::v1::AddEpochRequest;
use taxproof_proto::v1::trust_service_client::TrustServiceClient;
use taxproof_verifier::bank::Refusal;
use taxproof_verifier::config::{ConfigError, Folder};
use taxproof_verifier::epoch_log::{HeadConflict, LogProof, NotLogged};
use taxproof_verifier::store::EpochConflict;
use tonic::Code;

use crate::service::Served;
use crate::world::{Authority, World, add_epoch, open};

impl World {
    /// Epochs from the first, which the bank has, to a number.
    fn history(&self, to: u64) -> Vec<SignedEpochHeader> {
        let mut headers = vec![self.epoch.clone()];
        for number in 2..=to {
            let previous = headers[headers.len() - 1].header.digest();
            headers.push(
                self.authority
                    .epoch(number, |header| header.previous = previous),
            );
        }
        headers
    }

    async fn add(&self, header: &SignedEpochHeader, proof: LogProof) -> Result<(), Refusal> {
        self.bank.add_epoch(&header.encode(), proof).await?;
        Ok(())
    }

    async fn newest(&self) -> u64 {
        self.bank.newest_epochs().await.unwrap()[0].header().epoch
    }
}

fn conflict(refused: Result<(), Refusal>) -> HeadConflict {
    match refused.unwrap_err() {
        Refusal::EpochConflict(EpochConflict::Log(conflict)) => conflict,
        other => panic!("{other:?}"),
    }
}

fn not_logged(refused: Result<(), Refusal>) -> NotLogged {
    match refused.unwrap_err() {
        Refusal::NotLogged(why) => why,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn an_epoch_that_is_not_in_its_log_is_refused() {
    let world = World::new().await;
    let log = world.history(3);
    let proof = |index| world.authority.logged(&log, index, 1);
    // Signed by the authority, but not what its log has there.
    let unlogged = world.authority.epoch(3, |header| {
        header.previous = log[1].header.digest();
        header.leaves += 1;
    });
    let refused = not_logged(world.add(&unlogged, proof(2)).await);
    assert!(matches!(
        refused,
        NotLogged::Proof(InclusionError::Proof(_))
    ));
    let refused = not_logged(world.add(&log[2], proof(1)).await);
    assert_eq!(refused, NotLogged::Place { epoch: 3, index: 1 });

    // A head of somebody else, and one that the authority signed for another log.
    let head: Checkpoint = proof(2).inclusion.checkpoint.text().parse().unwrap();
    let foreign = Authority::new();
    let mut stranger = proof(2);
    stranger.inclusion.checkpoint =
        Checkpoint::sign(&foreign.log_key(), &foreign.key, head.size, head.root);
    let refused = not_logged(world.add(&log[2], stranger).await);
    let unsigned = CheckpointError::Unsigned("taxproof.epochs/zhejiang".to_owned());
    assert_eq!(refused, NotLogged::Proof(unsigned.into()));
    assert_eq!(world.newest().await, 1);
    world.add(&log[2], proof(2)).await.unwrap();
    assert_eq!(world.newest().await, 3);
}

#[tokio::test]
async fn a_log_that_was_rewound_is_refused() {
    let world = World::new().await;
    let log = world.history(3);
    world
        .add(&log[2], world.authority.logged(&log, 2, 1))
        .await
        .unwrap();
    // Even of an epoch that the bank has: nothing new is taken from an old head.
    let rewound = || world.authority.logged(&log[..2], 0, 1);
    let refused = conflict(world.add(&log[0], rewound()).await);
    assert_eq!(refused, HeadConflict::Rewound { seen: 3, size: 2 });
    // Also after a restart.
    world.bank.store().close().await;
    let (bank, _) = open(world.folder.path()).await;
    let refused = bank
        .add_epoch(&log[0].encode(), rewound())
        .await
        .unwrap_err();
    assert!(matches!(
        refused,
        Refusal::EpochConflict(EpochConflict::Log(_))
    ));
}

/// The authority shows this bank another second epoch than everybody else.
#[tokio::test]
async fn a_forked_log_is_refused_and_convicts_its_authority() {
    let world = World::new().await;
    let log = world.history(2);
    let proof = world.authority.logged(&log, 1, 1);
    let honest = proof.inclusion.checkpoint.clone();
    world.add(&log[1], proof).await.unwrap();

    // The log says otherwise of the first epoch, of which it shows nothing here.
    let others = [world.authority.epoch(1, |h| h.leaves += 1), log[1].clone()];
    let forked = world.authority.logged(&others, 1, 1);
    let other = forked.inclusion.checkpoint.clone();
    let refused = conflict(world.add(&log[1], forked.clone()).await);
    assert_eq!(refused, HeadConflict::Forked { size: 2 });
    conflict(world.add(&log[1], forked).await);
    let kept = world.bank.store().forks().await.unwrap();
    let text = |note: &Note| note.text().to_owned();
    assert_eq!(kept.len(), 1, "twice the same evidence is kept once");
    assert_eq!(kept[0].each_ref().map(text), [text(&honest), text(&other)]);
    // Whoever has the authority's key can see that both are signed.
    let quorum = Quorum::of(world.authority.log_key());
    let [first, second] = kept[0].each_ref().map(|note| quorum.accept(note).unwrap());
    assert_eq!(first.size, second.size);
    assert_ne!(first.root, second.root);
}

#[tokio::test]
async fn a_longer_log_must_be_shown_to_continue_the_one_that_was_seen() {
    let world = World::new().await;
    let log = world.history(3);
    world
        .add(&log[1], world.authority.logged(&log[..2], 1, 1))
        .await
        .unwrap();
    let inconsistent = HeadConflict::Inconsistent { seen: 2, size: 3 };

    let mut unproven = world.authority.logged(&log, 2, 2);
    unproven.consistency.clear();
    assert_eq!(conflict(world.add(&log[2], unproven).await), inconsistent);
    // Another history, consistent with itself, whose third epoch follows from the bank's second.
    let others = [
        world.authority.epoch(1, |header| header.leaves += 1),
        log[1].clone(),
        log[2].clone(),
    ];
    let rewritten = world.authority.logged(&others, 2, 2);
    assert_eq!(conflict(world.add(&log[2], rewritten).await), inconsistent);
    assert_eq!(world.newest().await, 2);
    world
        .add(&log[2], world.authority.logged(&log, 2, 2))
        .await
        .unwrap();
}

#[tokio::test]
async fn the_head_that_was_seen_is_told_and_a_retry_changes_nothing() {
    let served = Served::new().await;
    let mut client = TrustServiceClient::new(served.channel.clone());
    let world = &served.world;
    let log = world.history(2);
    let proof = world.authority.logged(&log, 1, 1);
    for _ in 0..2 {
        client.add_epoch(add_epoch(&log[1], &proof)).await.unwrap();
    }
    let authorities = client.list_authorities(taxproof_proto::v1::ListAuthoritiesRequest {});
    let authorities = authorities.await.unwrap().into_inner().authorities;
    assert_eq!(
        authorities[0].log_head,
        proof.inclusion.checkpoint.to_string()
    );
    let malformed = [
        AddEpochRequest {
            inclusion_proof: "none".to_owned(),
            ..add_epoch(&log[1], &proof)
        },
        AddEpochRequest {
            consistency_proof: vec![vec![0; 31]],
            ..add_epoch(&log[1], &proof)
        },
        AddEpochRequest {
            consistency_proof: vec![vec![0; 32]; 65],
            ..add_epoch(&log[1], &proof)
        },
    ];
    for request in malformed {
        let status = client.add_epoch(request).await.unwrap_err();
        assert_eq!(status.code(), Code::InvalidArgument, "{status:?}");
    }
}

/// A witness with its secret.
struct Witness {
    key: WitnessKey,
    secret: SigningKey,
}

impl Witness {
    fn new(name: &str) -> Self {
        let secret = SigningKey::random(Profile::International).unwrap();
        let key = WitnessKey::new(name, secret.verifying_key()).unwrap();
        Self { key, secret }
    }

    fn cosign(&self, proof: &mut LogProof) {
        self.cosign_at(proof, crate::world::NOW);
    }

    fn cosign_at(&self, proof: &mut LogProof, time: u64) {
        let note = &mut proof.inclusion.checkpoint;
        let line = self.key.cosign(&self.secret, note.text(), time);
        note.add(line);
    }
}

/// A head that its witnesses cosigned too long ago may have been continued since, and a witness
/// that cosigns in the future says nothing about now.
#[tokio::test]
async fn a_head_that_was_not_cosigned_in_time_is_refused() {
    let world = World::new().await;
    let witnesses = ["w.example/1", "w.example/2"].map(Witness::new);
    let keys = witnesses.each_ref().map(|witness| witness.key.to_string());
    let section = format!("[log]\nwitnesses = {keys:?}\ncosignatures = 2\n");
    let folder = configured(&world, &section).unwrap();
    let age = folder.config.maximum_epoch_age.as_secs();
    let tolerance = taxproof_verifier::limits::CLOCK_TOLERANCE.as_secs();
    // Later than the epoch by less than its age.
    let now = crate::world::NOW;
    let clock = taxproof_verifier::bank::Clock::of(move || now);
    let bank = taxproof_verifier::bank::Bank::open(folder, clock)
        .await
        .unwrap();
    let log = world.history(2);
    let add = async |times: [u64; 2]| {
        let mut proof = world.authority.logged(&log, 1, 1);
        for (witness, time) in witnesses.iter().zip(times) {
            witness.cosign_at(&mut proof, time);
        }
        bank.add_epoch(&log[1].encode(), proof).await
    };
    let untimely = |found| {
        let required = 2;
        NotLogged::Proof(CheckpointError::Untimely { required, found }.into())
    };
    let (old, early) = (now - age - 1, now + tolerance + 1);
    for (times, found) in [
        ([old, old], 0),
        ([old, early], 0),
        ([now, old], 1),
        ([early, now], 1),
    ] {
        let refused = add(times).await;
        assert_eq!(
            not_logged(refused.map(|_| ())),
            untimely(found),
            "{times:?}"
        );
    }
    // Cosigned again in time, it counts.
    add([now - age, now + tolerance]).await.unwrap();
}

/// A bank's folder with more in its configuration.
fn configured(world: &World, more: &str) -> Result<Folder, ConfigError> {
    let file = world.folder.path().join("bank.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    let changed = world.folder.path().join("changed.toml");
    std::fs::write(&changed, format!("{text}\n{more}")).unwrap();
    Folder::open(&changed)
}

#[tokio::test]
async fn as_many_witnesses_as_the_bank_asks_for_must_have_cosigned() {
    let world = World::new().await;
    let witnesses = ["w.example/1", "w.example/2", "w.example/3"].map(Witness::new);
    let keys = witnesses.each_ref().map(|witness| witness.key.to_string());
    let section = format!("[log]\nwitnesses = {keys:?}\ncosignatures = 2\n");
    let folder = configured(&world, &section).unwrap();
    let clock = taxproof_verifier::bank::Clock::of(|| crate::world::NOW);
    let bank = taxproof_verifier::bank::Bank::open(folder, clock)
        .await
        .unwrap();

    let log = world.history(2);
    let mut proof = world.authority.logged(&log, 1, 1);
    let stranger = Witness::new("w.example/4");
    stranger.cosign(&mut proof);
    for (found, witness) in witnesses[..2].iter().enumerate() {
        let refused = bank.add_epoch(&log[1].encode(), proof.clone()).await;
        let few = CheckpointError::Witnesses { required: 2, found };
        assert_eq!(
            not_logged(refused.map(|_| ())),
            NotLogged::Proof(few.into())
        );
        witness.cosign(&mut proof);
    }
    bank.add_epoch(&log[1].encode(), proof).await.unwrap();
}

#[tokio::test]
async fn witnesses_that_cannot_be_are_refused_at_the_start() {
    let world = World::new().await;
    let Witness { key, secret } = Witness::new("w.example/1");
    let alias = WitnessKey::new("w.example/2", secret.verifying_key()).unwrap();
    let log = |keys: &[String], cosignatures: usize| {
        let section = format!("[log]\nwitnesses = {keys:?}\ncosignatures = {cosignatures}\n");
        configured(&world, &section)
    };
    log(&[key.to_string()], 1).unwrap();
    let refused = log(&[key.to_string(), alias.to_string()], 2).unwrap_err();
    assert!(matches!(refused, ConfigError::WitnessTwice));
    let refused = log(&[key.to_string()], 2).unwrap_err();
    assert!(matches!(refused, ConfigError::TooFewWitnesses { .. }));
    let refused = log(&["w.example/1".to_owned()], 0).unwrap_err();
    assert!(matches!(refused, ConfigError::Witness(_)));
}
