//! Who can write to the database, and has none of the bank's keys, decides nothing.

use std::path::Path;
use std::sync::Arc;

use ark_bn254::Bn254;
use ark_serialize::CanonicalSerialize as _;
use taxproof_claims::key::{KeyFingerprint, KeyHeader};
use taxproof_claims::shape::Q16;
use taxproof_claims::signature::SigningKey;
use taxproof_claims::statement::public_inputs;
use taxproof_verifier::bank::{Bank, Clock, Decision, Refusal};
use taxproof_verifier::chain::Broken;
use taxproof_verifier::config::Folder;
use taxproof_verifier::evidence::BadEvidence;
use taxproof_verifier::mark::Seen;
use taxproof_verifier::receipt::Receipt;
use taxproof_verifier::signers::{NotSigned, Signers};
use taxproof_verifier::store::{AnchorKind, NewReceipt, Page, StoreError};

use crate::fixture::Fake;
use crate::world::{Asked, NOW, World, create, key_file};

const ALL: Page = Page {
    after: 0,
    size: 1000,
};

impl World {
    async fn limit(&self) -> Asked {
        self.request("ccb-limit", &[("requested_amount", "500,000")])
            .await
    }

    async fn decide(&self, asked: &Asked) -> Result<Decision, Refusal> {
        self.bank.submit(self.seal(&asked.present()), "").await
    }

    /// A receipt in the database that another key signed; what it is, and the key.
    async fn forge(&self, decided: &Asked, open: &Asked) -> (NewReceipt, SigningKey) {
        let id = decided.request.digest().to_string();
        let honest = self.bank.receipt_of(&id).await.unwrap().signed.receipt;
        let forged = NewReceipt {
            receipt: Receipt {
                nonce: open.request.nonce,
                presentation: open.presentation.clone(),
                ..honest
            },
            client_request_id: None,
        };
        let key = self.random_key();
        let pem = key.to_pem().unwrap();
        let signers = Signers::new(key, vec![self.bank.verifying_key()]).into();
        let kept = self
            .bank
            .store()
            .keep_receipts(vec![forged.clone()], &signers, None);
        assert!(kept.await.unwrap()[0].is_ok());
        (forged, SigningKey::from_pem(&pem).unwrap())
    }

    fn random_key(&self) -> SigningKey {
        SigningKey::random(self.bank.profile()).unwrap()
    }
}

async fn opened(folder: &Path) -> Result<Arc<Bank>, StoreError> {
    let folder = Folder::open(&folder.join("bank.toml")).unwrap();
    Bank::open(folder, Clock::of(|| NOW)).await.map(Arc::new)
}

#[tokio::test]
async fn a_receipt_that_the_bank_did_not_sign_decides_nothing() {
    let world = World::new().await;
    let (first, second) = (world.limit().await, world.limit().await);
    world.decide(&first).await.unwrap();
    let (forged_receipt, foreign) = world.forge(&first, &second).await;

    let forged = |refusal: Refusal| match refusal {
        Refusal::Store(error) => matches!(*error, StoreError::NotSigned(NotSigned(2))),
        _ => false,
    };
    let bank = &world.bank;
    let id = second.request.digest().to_string();
    assert!(forged(bank.standing(&id).await.unwrap_err()));
    assert!(forged(bank.receipt_of(&id).await.unwrap_err()));
    assert!(forged(bank.decisions(ALL).await.unwrap_err()));
    let again = bank.submit(world.seal(&second.presentation), "").await;
    assert!(forged(again.unwrap_err()));
    // Nothing is signed on top of it.
    let third = world.limit().await;
    assert!(forged(world.decide(&third).await.unwrap_err()));
    // And it is no answer to who races with it, though it was taken for seen.
    let signers = Signers::new(world.random_key(), vec![bank.verifying_key()]).into();
    let newest = bank.store().receipts(ALL).await.unwrap().pop().unwrap();
    let seen = Some(Seen {
        sequence: 2,
        digest: newest.signed.receipt.digest(),
    });
    let same = vec![forged_receipt];
    let raced = bank.store().keep_receipts(same, &signers, seen).await;
    assert!(matches!(raced, Err(StoreError::NotSigned(NotSigned(2)))));
    let of_first = Page { size: 1, ..ALL };
    assert_eq!(bank.decisions(of_first).await.unwrap().len(), 1);
    let audit = bank.audit().await.unwrap();
    assert_eq!(audit, Err(Broken::Signature(2)));

    // The same key in the database makes it no better, and the service does not begin.
    let (kind, key) = (AnchorKind::Bank, foreign.verifying_key());
    let text = key.to_string();
    let noted = bank.store().accept(kind, bank.id(), text.as_bytes(), NOW);
    noted.await.unwrap();
    assert!(forged(bank.standing(&id).await.unwrap_err()));
    assert_eq!(bank.audit().await.unwrap(), Err(Broken::Signature(2)));
    let unknown = opened(world.folder.path()).await;
    assert!(matches!(unknown, Err(StoreError::UnknownSigner(found)) if *found == key));
}

#[tokio::test]
async fn a_key_that_was_replaced_is_named_in_the_configuration() {
    let world = World::new().await;
    let first = world.limit().await;
    world.decide(&first).await.unwrap();
    let (folder, former) = (world.folder.path(), world.bank.verifying_key());
    let new = world.random_key();
    let file = folder.join("signing.pem");
    std::fs::write(&file, new.to_pem().unwrap().as_bytes()).unwrap();
    let unknown = opened(folder).await;
    assert!(matches!(unknown, Err(StoreError::UnknownSigner(found)) if *found == former));

    let config = folder.join("bank.toml");
    let text = std::fs::read_to_string(&config).unwrap();
    let text = format!("former_signing_keys = [\"{former}\"]\n{text}");
    std::fs::write(&config, text).unwrap();
    let bank = opened(folder).await.unwrap();
    assert_eq!(bank.verifying_key(), new.verifying_key());
    let id = first.request.digest().to_string();
    let evidence = bank.evidence(&id).await.unwrap();
    assert_eq!(evidence.bank_key, former);
    let verified = bank.verify_evidence(evidence.encode()).await.unwrap();
    assert!(verified.is_ok(), "{verified:?}");
    assert_eq!(bank.decisions(ALL).await.unwrap().len(), 1);
    assert_eq!(bank.audit().await.unwrap().unwrap().length(), 1);
}

/// Evidence of a proof under a key that the bank never took is none, though the bank's key signed it.
#[tokio::test]
async fn evidence_under_a_key_that_the_bank_never_had_is_not_trusted() {
    let world = World::new().await;
    let asked = world.limit().await;
    world.decide(&asked).await.unwrap();
    let id = asked.request.digest().to_string();
    let evidence = world.bank.evidence(&id).await.unwrap().encode();
    let verified = world.bank.verify_evidence(evidence.clone()).await.unwrap();
    assert!(verified.is_ok(), "{verified:?}");

    let other = key_file(|header, body| {
        let fake = Fake::<Bn254>::new(public_inputs(Q16));
        body.clear();
        fake.proving.vk.serialize_compressed(&mut *body).unwrap();
        header.fingerprint = KeyFingerprint::of(body);
        header.body = KeyHeader::body_digest(body);
    });
    let folder = tempfile::tempdir().unwrap();
    create(folder.path(), &world.authority, &other, true).unwrap();
    let key = "signing.pem";
    std::fs::copy(world.folder.path().join(key), folder.path().join(key)).unwrap();
    let same_bank = opened(folder.path()).await.unwrap();
    let verified = same_bank.verify_evidence(evidence).await.unwrap();
    assert!(matches!(verified, Err(BadEvidence::UntrustedKey(_))));
}
