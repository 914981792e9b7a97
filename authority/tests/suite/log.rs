//! What an auditor finds in a log of epochs.

use std::fs;

use taxproof_authority::audit::{AuditError, Finding, audit};
use taxproof_claims::digest::{Digest, Profile};
use taxproof_claims::epoch::{AuthorityId, EpochHeader, SignedEpochHeader};
use taxproof_claims::schema::Schema;
use taxproof_claims::signature::SigningKey;
use taxproof_log::{Checkpoint, LogFolder, LogKey, Note};
use tempfile::TempDir;

/// A log, and the key that signs it.
struct Log {
    folder: TempDir,
    secret: SigningKey,
}

fn id() -> AuthorityId {
    "zhejiang".parse().expect("a name")
}

impl Log {
    fn of(secret: SigningKey, entries: &[Vec<u8>]) -> Self {
        let folder = TempDir::new().expect("a folder");
        let log = Self { folder, secret };
        log.rewrite(entries);
        log
    }

    /// A log of these entries, whatever it was before.
    fn rewrite(&self, entries: &[Vec<u8>]) {
        let files = self.files();
        let root = files.append(0, entries).expect("is written");
        let key = LogKey::new(&id().log_origin(), self.secret.verifying_key()).expect("a key");
        let note = Checkpoint::sign(&key, &self.secret, entries.len() as u64, root);
        files.publish(&note).expect("is written");
    }

    fn files(&self) -> LogFolder {
        LogFolder::new(self.folder.path())
    }

    fn head(&self) -> Note {
        self.files().checkpoint().expect("reads").expect("is there")
    }

    fn audit(&self, seen: &[Note]) -> Vec<Finding> {
        let key = self.secret.verifying_key();
        audit(&self.files(), &id(), &key, seen)
            .expect("is audited")
            .findings
    }
}

fn header(epoch: u64, previous: Digest) -> EpochHeader {
    EpochHeader {
        profile: Profile::Sm,
        authority: id(),
        epoch,
        time: 1_790_000_000 + 86_400 * epoch,
        newest_period: "2026Q3".parse().expect("a quarter"),
        schema: Schema::cn_tax().digest(),
        leaves: 20,
        roots: vec![],
        previous,
    }
}

fn chain(secret: &SigningKey, count: u64) -> Vec<SignedEpochHeader> {
    let mut previous = Digest([0; 32]);
    (1..=count)
        .map(|epoch| {
            let header = header(epoch, previous);
            previous = header.digest();
            header.sign(secret)
        })
        .collect()
}

fn encoded(headers: &[SignedEpochHeader]) -> Vec<Vec<u8>> {
    headers.iter().map(SignedEpochHeader::encode).collect()
}

fn key() -> SigningKey {
    SigningKey::random(Profile::Sm).expect("randomness")
}

#[test]
fn nothing_is_wrong_with_an_honest_log() {
    let secret = key();
    let headers = encoded(&chain(&secret, 5));
    let log = Log::of(secret, &headers[..3]);
    let seen = log.head();
    assert_eq!(log.audit(&[]), []);
    log.files().append(3, &headers[3..]).expect("is written");
    log.rewrite(&headers);
    assert_eq!(log.audit(&[seen, log.head()]), []);
}

#[test]
fn what_is_no_header_or_not_in_its_place_is_found() {
    let secret = key();
    let headers = encoded(&chain(&secret, 4));
    let [one, two, three, four] = headers.as_slice() else {
        unreachable!("four headers")
    };
    let log = Log::of(secret, &headers);
    let found = |entries: &[&Vec<u8>]| {
        log.rewrite(
            &entries
                .iter()
                .map(|entry| (*entry).clone())
                .collect::<Vec<_>>(),
        );
        log.audit(&[])
    };
    // Left out.
    let left_out = [
        Finding::Number { entry: 1, epoch: 3 },
        Finding::Predecessor(3),
    ];
    assert_eq!(found(&[one, three])[..2], left_out);
    // Twice.
    let twice = found(&[one, two, two, three]);
    assert!(
        twice.contains(&Finding::Number { entry: 2, epoch: 2 }),
        "{twice:?}"
    );
    // Out of order.
    let swapped = found(&[one, three, two, four]);
    assert!(swapped.contains(&Finding::Older(2)), "{swapped:?}");
    // Nobody's.
    assert_eq!(found(&[one, &b"nothing".to_vec()]), [Finding::Entry(1)]);
    let foreign = encoded(&chain(&key(), 2));
    assert_eq!(found(&[one, &foreign[1]]), [Finding::Entry(1)]);
    assert_eq!(
        found(&[two])[..2],
        [
            Finding::Number { entry: 0, epoch: 2 },
            Finding::Predecessor(2)
        ]
    );
}

#[test]
fn a_second_history_convicts_and_a_shorter_one_is_noticed() {
    let secret = key();
    let honest = chain(&secret, 4);
    let log = Log::of(secret.clone(), &encoded(&honest));
    let seen = log.head();

    log.rewrite(&encoded(&honest[..3]));
    assert_eq!(
        log.audit(std::slice::from_ref(&seen)),
        [Finding::Rewound { seen: 4, now: 3 }]
    );

    // The third epoch again, with other content, and further ones.
    for length in [4, 6] {
        let mut forked = honest[..2].to_vec();
        for epoch in 3..=length {
            let previous = forked.last().expect("two").header.digest();
            forked.push(
                EpochHeader {
                    leaves: 21,
                    ..header(epoch, previous)
                }
                .sign(&secret),
            );
        }
        log.rewrite(&encoded(&forked));
        let found = log.audit(std::slice::from_ref(&seen));
        let [
            Finding::Forked {
                seen: 4,
                now,
                evidence,
            },
        ] = found.as_slice()
        else {
            panic!("{found:?}");
        };
        assert_eq!(*now, length);
        let key = LogKey::new(&id().log_origin(), secret.verifying_key()).expect("a key");
        evidence.verify(&key).expect("convicts");
    }
}

#[test]
fn a_log_of_somebody_else_is_not_audited() {
    let secret = key();
    let log = Log::of(secret.clone(), &encoded(&chain(&secret, 2)));
    let other = key().verifying_key();
    assert!(matches!(
        audit(&log.files(), &id(), &other, &[]),
        Err(AuditError::Log(_))
    ));
    let seen = Log::of(key(), &encoded(&chain(&secret, 2))).head();
    let key = secret.verifying_key();
    assert!(matches!(
        audit(&log.files(), &id(), &key, &[seen]),
        Err(AuditError::Seen(_))
    ));
    fs::remove_file(log.folder.path().join("checkpoint")).expect("is there");
    assert!(matches!(
        audit(&log.files(), &id(), &key, &[]),
        Err(AuditError::Empty)
    ));
}
