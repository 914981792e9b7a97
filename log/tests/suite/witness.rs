//! What a witness cosigns, and what it does not.

use taxproof_claims::digest::Profile;
use taxproof_claims::signature::SigningKey;
use taxproof_log::{
    CheckpointError, Hash, LogKey, Quorum, Refusal, Submission, Witness, WitnessError,
    WitnessFolder, WitnessKey,
};

use crate::{Log, ORIGIN, entries};

const TIME: u64 = 1_764_000_000;

pub(crate) fn witness(logs: Vec<LogKey>) -> Witness {
    let secret = SigningKey::random(Profile::International).unwrap();
    let key = WitnessKey::new("witness.example/one", secret.verifying_key()).unwrap();
    Witness::new(key, secret, logs)
}

fn submission(log: &Log, old: u64) -> Submission {
    let checkpoint = log.files().checkpoint().unwrap().unwrap();
    let proof = log.files().consistency(old, &checkpoint).unwrap();
    Submission {
        old,
        proof,
        checkpoint,
    }
}

#[test]
fn a_growing_log_is_cosigned_step_by_step() {
    for profile in Profile::ALL {
        let mut log = Log::new(profile);
        let witness = witness(vec![log.key.clone()]);
        let mut latest = None;
        let mut old = 0;
        for count in [1, 2, 5, 300, 3] {
            log.grow(&entries(log.size..log.size + count));
            let submission = submission(&log, old);
            assert_eq!(submission.to_string().parse(), Ok(submission.clone()));
            let (line, head) = witness.cosign(&submission, latest.as_ref(), TIME).unwrap();
            log.files().add_cosignature(line).unwrap();
            old = log.size;
            latest = Some(head);

            let note = log.files().checkpoint().unwrap().unwrap();
            let witnesses = vec![witness.key().clone()];
            let quorum = Quorum {
                log: log.key.clone(),
                witnesses,
                required: 1,
            };
            assert_eq!(quorum.accept(&note).unwrap().size, log.size);
            assert_eq!(witness.key().cosigned(&note), Ok(Some(TIME)));
        }
        // The same head again is cosigned again.
        witness
            .cosign(&submission(&log, old), latest.as_ref(), TIME + 1)
            .unwrap();
    }
}

#[test]
fn a_rewound_or_forked_log_is_not_cosigned() {
    let mut log = Log::new(Profile::Sm);
    let witness = witness(vec![log.key.clone()]);
    log.grow(&entries(0..5));
    let mut other = log.fork();
    let (_, five) = witness.cosign(&submission(&log, 0), None, TIME).unwrap();

    // Another history of five entries under the same key.
    let mut forked = Log {
        size: 0,
        ..log.fork()
    };
    forked.grow(&entries(100..105));
    let refused = witness.cosign(&submission(&forked, 5), Some(&five), TIME);
    assert_eq!(refused, Err(Refusal::OtherRoot(5)));
    // And grown further.
    forked.grow(&entries(105..107));
    let refused = witness.cosign(&submission(&forked, 5), Some(&five), TIME);
    assert!(matches!(refused, Err(Refusal::Proof(_))), "{refused:?}");

    other.grow(&entries(5..9));
    let (_, nine) = witness
        .cosign(&submission(&other, 5), Some(&five), TIME)
        .unwrap();
    let back = Submission {
        old: 9,
        ..submission(&log, 5)
    };
    assert_eq!(
        witness.cosign(&back, Some(&nine), TIME),
        Err(Refusal::Shrunk)
    );
    let stale = submission(&log, 5);
    assert_eq!(
        witness.cosign(&stale, Some(&nine), TIME),
        Err(Refusal::OtherSize(9))
    );
}

#[test]
fn unknown_and_unsigned_heads_are_refused() {
    let mut log = Log::new(Profile::International);
    log.grow(&entries(0..3));
    let strange = witness(vec![]);
    let refused = strange
        .cosign(&submission(&log, 0), None, TIME)
        .unwrap_err();
    assert_eq!(
        (refused.status(), refused.body()),
        (404, format!("unknown log `{}`\n", ORIGIN))
    );

    let impostor = LogKey::new(
        ORIGIN,
        SigningKey::random(Profile::International)
            .unwrap()
            .verifying_key(),
    );
    let refused = witness(vec![impostor.unwrap()]).cosign(&submission(&log, 0), None, TIME);
    let unsigned = CheckpointError::Unsigned(ORIGIN.to_owned());
    assert_eq!(refused, Err(Refusal::Checkpoint(unsigned)));

    let witness = witness(vec![log.key.clone()]);
    let mut other = submission(&log, 0);
    other.proof.push(Hash::empty());
    assert_eq!(
        witness.cosign(&other, None, TIME).unwrap_err().status(),
        422
    );
}

#[test]
fn fewer_witnesses_than_asked_for_are_not_enough() {
    let mut log = Log::new(Profile::Sm);
    log.grow(&entries(0..3));
    let [one, two] = [(); 2].map(|()| witness(vec![log.key.clone()]));
    let (line, _) = one.cosign(&submission(&log, 0), None, TIME).unwrap();
    // Twice by one witness is once.
    log.files().add_cosignature(line.clone()).unwrap();
    log.files().add_cosignature(line).unwrap();
    let note = log.files().checkpoint().unwrap().unwrap();
    let witnesses = vec![one.key().clone(), two.key().clone()];
    let quorum = |required| Quorum {
        log: log.key.clone(),
        witnesses: witnesses.clone(),
        required,
    };
    assert!(quorum(1).accept(&note).is_ok());
    let few = CheckpointError::Witnesses {
        required: 2,
        found: 1,
    };
    assert_eq!(quorum(2).accept(&note), Err(few));
    // Only what was cosigned in time counts, where that is asked for.
    let late = CheckpointError::Untimely {
        required: 1,
        found: 0,
    };
    let within = |times| quorum(1).accept_within(&note, times);
    assert_eq!(within(TIME + 1..=u64::MAX), Err(late.clone()));
    assert_eq!(within(0..=TIME - 1), Err(late));
    assert!(within(TIME..=TIME).is_ok());
}

#[test]
fn bodies_that_are_none_are_refused() {
    let mut log = Log::new(Profile::International);
    log.grow(&entries(0..3));
    let good = submission(&log, 0).to_string();
    for (from, to) in [
        ("old 0", "old 00"),
        ("old 0", "old -1"),
        ("old 0", "new 0"),
        ("old 0\n", "old 0\nnot a hash\n"),
        ("\n3\n", "\n03\n"),
        ("\n3\n", "\n+3\n"),
        ("\u{2014} ", "- "),
    ] {
        let bad = good.replacen(from, to, 1);
        assert_ne!(bad, good);
        let status = match bad.parse::<Submission>() {
            Err(refusal) => refusal.status(),
            Ok(submission) => {
                let witness = witness(vec![log.key.clone()]);
                witness
                    .cosign(&submission, None, TIME)
                    .unwrap_err()
                    .status()
            }
        };
        assert!(status == 400 || status == 403, "{to}: {status}");
    }
    for length in 0..good.len() {
        if let Some(cut) = good.get(..length) {
            assert!(cut.parse::<Submission>().is_err(), "{length}");
        }
    }
}

#[test]
fn a_folder_remembers_the_heads_and_keeps_the_evidence() {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path().join("witness");
    assert!(matches!(
        WitnessFolder::open(place.path()),
        Err(WitnessError::NotAWitness(_))
    ));
    assert_eq!(std::fs::read_dir(place.path()).unwrap().count(), 0);
    let key = WitnessFolder::init(&folder, "witness.example/one").unwrap();
    assert!(WitnessFolder::init(&folder, "again").is_err());
    let mut log = Log::new(Profile::Sm);
    log.grow(&entries(0..3));
    let first = submission(&log, 0).to_string();
    {
        let witness = WitnessFolder::open(&folder).unwrap();
        assert!(matches!(
            WitnessFolder::open(&folder),
            Err(WitnessError::InUse(_))
        ));
        assert_eq!(witness.key(), key);
        let unknown = witness.add_checkpoint(&first, TIME).unwrap_err();
        assert!(matches!(
            unknown,
            WitnessError::Refused(Refusal::UnknownLog(_))
        ));
        witness.watch(log.key.clone()).unwrap();
        witness.watch(log.key.clone()).unwrap();
        let other = Log::new(Profile::Sm);
        assert!(matches!(
            witness.watch(other.key),
            Err(WitnessError::OtherKey(_))
        ));
        let line = witness.add_checkpoint(&first, TIME).unwrap();
        log.files()
            .add_cosignature(line.trim_end().parse().unwrap())
            .unwrap();
        assert_eq!(
            key.cosigned(&log.files().checkpoint().unwrap().unwrap()),
            Ok(Some(TIME))
        );
    }
    // Another process, another day: the log shows another history of the same size.
    let mut forked = Log {
        size: 0,
        ..log.fork()
    };
    forked.grow(&entries(7..10));
    let witness = WitnessFolder::open(&folder).unwrap();
    let refused = witness
        .add_checkpoint(&submission(&forked, 3).to_string(), TIME)
        .unwrap_err();
    assert!(matches!(
        refused,
        WitnessError::Refused(Refusal::OtherRoot(3))
    ));
    let forks = witness.forks().unwrap();
    assert_eq!(forks.len(), 1);
    forks[0].verify(&log.key).unwrap();
    assert_eq!(witness.latest(ORIGIN).unwrap().unwrap().checkpoint.size, 3);
    log.grow(&entries(3..5));
    witness
        .add_checkpoint(&submission(&log, 3).to_string(), TIME)
        .unwrap();
}

/// The race that the specification describes: both are consistent with the head of 3, and one of
/// them must be told that it is not the head any more.
#[test]
fn of_two_that_race_one_comes_second() {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path().join("witness");
    WitnessFolder::init(&folder, "witness.example/one").unwrap();
    let witness = WitnessFolder::open(&folder).unwrap();
    let mut log = Log::new(Profile::International);
    witness.watch(log.key.clone()).unwrap();
    log.grow(&entries(0..3));
    witness
        .add_checkpoint(&submission(&log, 0).to_string(), TIME)
        .unwrap();
    for round in 0..20 {
        let old = log.size;
        log.grow(&entries(old..old + 1));
        let shorter = submission(&log, old).to_string();
        log.grow(&entries(old + 1..old + 3));
        let longer = submission(&log, old).to_string();
        let answers = std::thread::scope(|scope| {
            let witness = &witness;
            let send = |body| scope.spawn(move || witness.add_checkpoint(body, TIME).is_ok());
            let racing = [send(shorter.as_str()), send(longer.as_str())];
            racing.map(|answer| answer.join().unwrap())
        });
        assert_eq!(
            answers.iter().filter(|cosigned| **cosigned).count(),
            1,
            "round {round}"
        );
        let head = witness.latest(ORIGIN).unwrap().unwrap().checkpoint.size;
        assert_eq!(head, old + if answers[0] { 1 } else { 3 });
        if answers[0] {
            witness
                .add_checkpoint(&submission(&log, old + 1).to_string(), TIME)
                .unwrap();
        }
    }
}
