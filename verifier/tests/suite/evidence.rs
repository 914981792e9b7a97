//! Evidence files: whole, each byte bound, and the same in years to come.

use taxproof_claims::trust::{TrustList, TrustedBank};
use taxproof_verifier::evidence::{BadEvidence, Evidence};

use crate::world::World;

/// Evidence of a claim that failed, with a rule named.
async fn evidence() -> (World, Evidence) {
    let world = World::new().await;
    let asked = world
        .request("ccb-limit", &[("requested_amount", "500,000")])
        .await;
    let allowed = asked.policy.allowed_consent().bits();
    let first = allowed & allowed.wrapping_neg();
    let asked = asked.outcome(first << 3, allowed);
    let sealed = world.seal(&asked.present());
    world.bank.submit(sealed, "").await.unwrap();
    let id = asked.request.digest().to_string();
    let evidence = world.bank.evidence(&id).await.unwrap();
    (world, evidence)
}

#[tokio::test]
async fn evidence_verifies_alone_and_every_byte_is_bound() {
    let (world, evidence) = evidence().await;
    let file = evidence.encode();
    let read = Evidence::decode(&file).unwrap();
    assert_eq!(read, evidence);
    let verified = read.verify().unwrap();
    assert!(!verified.receipt.passed && !verified.receipt.failed_rules.is_empty());

    let mut trust = TrustList {
        authorities: vec![world.authority.trusted()],
        banks: vec![TrustedBank {
            id: world.bank.id().to_owned(),
            name: world.bank.name().to_owned(),
            key: world.bank.verifying_key(),
        }],
    };
    verified.ensure_trusted(&trust).unwrap();
    trust.authorities[0].key = crate::world::Authority::new().key.verifying_key();
    assert!(verified.ensure_trusted(&trust).is_err());
    assert!(verified.ensure_trusted(&TrustList::default()).is_err());

    for place in 0..file.len() {
        let mut flipped = file.clone();
        flipped[place] ^= 1;
        assert!(Evidence::decode(&flipped).is_err(), "byte {place}");
    }
    for length in [0, 31, 32, 33, file.len() - 1] {
        assert!(Evidence::decode(&file[..length]).is_err());
    }
}

/// Somebody who makes the checksum anew is found all the same.
#[tokio::test]
async fn a_forger_who_mends_the_checksum_is_found() {
    let (_world, evidence) = evidence().await;
    let file = evidence.encode();
    let body = file.len() - 32;
    for place in (20..body).step_by(body / 250) {
        let mut flipped = file[..body].to_vec();
        flipped[place] ^= 1;
        let checksum = taxproof_claims::digest::Profile::International
            .digest("taxproof/evidence/1", &[&flipped]);
        flipped.extend(checksum.0);
        let verified = Evidence::decode(&flipped).and_then(|read| read.verify());
        assert!(verified.is_err(), "byte {place}");
    }
}

/// Parts of two good files do not make one.
#[tokio::test]
async fn parts_of_other_evidence_do_not_fit() {
    let (world, good) = evidence().await;
    let asked = world.request("paid-each-quarter", &[]).await;
    let sealed = world.seal(&asked.present());
    world.bank.submit(sealed, "").await.unwrap();
    let id = asked.request.digest().to_string();
    let other = world.bank.evidence(&id).await.unwrap();
    let second = world.authority.epoch(1, |header| header.leaves += 1);
    type Swap<'a> = (&'a str, Box<dyn Fn(&mut Evidence) + 'a>);
    let swaps: [Swap<'_>; 6] = [
        ("receipt", Box::new(|e| e.receipt = other.receipt.clone())),
        ("request", Box::new(|e| e.request = other.request.clone())),
        ("epoch", Box::new(|e| e.epoch = second.clone())),
        (
            "bank's key",
            Box::new(|e| e.bank_key = e.authority_key.clone()),
        ),
        (
            "authority's key",
            Box::new(|e| e.authority_key = e.bank_key.clone()),
        ),
        (
            "schema",
            Box::new(|e| e.schema = e.schema.replace("cn-tax", "cn-tux")),
        ),
    ];
    for (what, swap) in swaps {
        let mut evidence = good.clone();
        swap(&mut evidence);
        assert!(evidence.verify().is_err(), "{what}");
    }
    // A receipt that says another verdict than the proof, signed by the bank itself.
    let mut lie = good.receipt.receipt.clone();
    (lie.passed, lie.failed_rules) = (true, vec![]);
    let pem = std::fs::read_to_string(world.folder.path().join("signing.pem")).unwrap();
    let key = taxproof_claims::signature::SigningKey::from_pem(&pem).unwrap();
    let lying = Evidence {
        receipt: lie.sign(&key),
        ..good
    };
    assert_eq!(lying.verify(), Err(BadEvidence::Verdict));
}

const GOLDEN: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/tests/golden/evidence-1.taxproof"
);

/// Evidence that was written by the first version that wrote any.
#[test]
fn old_evidence_verifies() {
    let file = std::fs::read(GOLDEN).unwrap();
    let verified = Evidence::decode(&file).unwrap().verify().unwrap();
    assert_eq!(verified.receipt.bank, "bank-of-examples");
    assert_eq!(verified.policy.id(), "ccb-limit");
    assert!(!verified.receipt.passed);
    assert_eq!(verified.receipt.failed_rules.len(), 1);
}

/// Writes the file of [`old_evidence_verifies`] anew; only for another version of the format.
#[tokio::test]
#[ignore = "writes a file of the repository"]
async fn write_golden_evidence() {
    let (_world, evidence) = evidence().await;
    std::fs::write(GOLDEN, evidence.encode()).unwrap();
}
