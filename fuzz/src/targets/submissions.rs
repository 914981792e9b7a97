//! What an applicant and an authority can hand to a bank that has more to say than bytes: a
//! presentation that names an open request, an epoch that is signed and in some log.

use std::sync::Arc;

use taxproof_claims::epoch::{AuthorityId, EpochHeader, SignedEpochHeader};
use taxproof_claims::policy::Format;
use taxproof_claims::presentation::Presentation;
use taxproof_claims::request::Request;
use taxproof_log::{
    Checkpoint, Hash, InclusionProof, Leaves, LogKey, prove_consistency, prove_inclusion, root,
};
use taxproof_verifier::bank::{Bank, Decision, NewRequest};
use taxproof_verifier::epoch_log::{LogProof, LoggedEpoch, Witnessing};

use super::keys::PROOF;
use super::objects::presentation;
use super::served::SERVED;
use crate::Target;
use crate::fixture::{AUTHORITY, authority_key, header, policies, trust};
use crate::input::{Input, chosen, part};

/// A presentation encrypted to the bank. No proof verifies under its key: it is of points that
/// nobody made a circuit for.
pub(super) const SUBMISSION: Target = Target::new(
    "submission",
    |bytes| {
        let mut input = Input::new(bytes);
        let (answers, about) = (input.below(9), input.below(4) > 0);
        let plain = OPEN.with(|open| match Presentation::decode(input.rest()) {
            Ok(mut presentation) => {
                if let Some(request) = open.get(answers) {
                    presentation.request = request.digest();
                    if about {
                        presentation.epoch = request.accepted[0].clone();
                    }
                }
                presentation.encode()
            }
            Err(_) => bytes.to_vec(),
        });
        SERVED.with(|served| {
            let bank = &served.world.bank;
            let sealed = taxproof_prover::seal::seal(&bank.recipient(), &plain);
            let sealed = sealed.expect("anything can be encrypted");
            let decision = served.runtime.block_on(bank.submit(sealed, ""));
            let decided = matches!(decision, Ok(Decision::Decided { .. }));
            assert!(!decided, "a proof that nobody could make was accepted");
        });
    },
    || {
        let proven = Presentation {
            proof: (PROOF.seeds)().remove(0),
            ..presentation()
        };
        let choices = [[0, 1], [3, 1], [8, 0]];
        let of_all = choices.map(|c| [&c[..], &proven.encode()[..]].concat());
        [
            of_all.to_vec(),
            vec![chosen(1, chosen(1, presentation().encode()))],
        ]
        .concat()
    },
)
.mebibytes(48)
.mutations(500);

thread_local! {
    static OPEN: Vec<Request> = SERVED.with(|served| {
        let made = open_requests(&served.world.bank);
        served.runtime.block_on(made)
    });
}

/// A request for each policy of the repository that the bank's key is for.
async fn open_requests(bank: &Arc<Bank>) -> Vec<Request> {
    let mut open = Vec::new();
    for text in policies() {
        let made = "a policy of the repository";
        let kept = bank.register_policy(&text, Format::Toml).await.expect(made);
        let new = NewRequest {
            policy: kept.digest.to_string(),
            purpose: "a loan".to_owned(),
            ..NewRequest::default()
        };
        if let Ok(kept) = bank.create_request(new).await {
            open.push(kept.signed.request);
        }
    }
    assert!(
        !open.is_empty(),
        "no policy without parameters is for the bank's key"
    );
    open
}

/// A header that the authority signs, whatever it says, in a log that it signs.
pub(super) const LOGGED_EPOCH: Target = Target::new(
    "logged_epoch",
    |bytes| {
        let mut input = Input::new(bytes);
        let [size, index, seen] = input.array().map(u64::from);
        let Ok(header) = EpochHeader::decode(input.part()) else {
            return;
        };
        let signed = header.sign(authority_key());
        let log = Log::of(size, index, &signed);
        let right = log.proof(index, seen);
        let mut proof = right.clone();
        alter(&mut proof.inclusion.hashes, input);
        let holds = index < size && signed.header.epoch == index + 1 && proof == right;
        let nobody = Witnessing::default();
        let logged = LoggedEpoch::verify(signed, proof, &trust(), &nobody, 0..=u64::MAX);
        assert!(
            holds || logged.is_err(),
            "an epoch is accepted that is elsewhere"
        );
        if let Ok(logged) = logged {
            let before = Checkpoint {
                size: seen.min(size),
                root: log.root(seen.min(size)),
                ..logged.head().clone()
            };
            assert_eq!(logged.continues(&before), Ok(()), "a log that only grew");
        }
    },
    || {
        let log = |size: u8, index: u8, seen: u8| {
            let header = EpochHeader {
                epoch: u64::from(index) + 1,
                ..header(Vec::new())
            };
            [vec![size, index, seen], part(&header.encode())].concat()
        };
        let altered = [log(9, 4, 3), vec![1; 33]].concat();
        vec![log(1, 0, 0), log(9, 4, 3), altered, log(3, 7, 1)]
    },
)
.mutations(2000);

/// A log of up to 255 entries, one of which is a header.
struct Log(Leaves);

impl Log {
    fn of(size: u64, index: u64, signed: &SignedEpochHeader) -> Self {
        let leaf = |place: u64| match place == index {
            true => Hash::leaf(&signed.encode()),
            false => Hash::leaf(&place.to_be_bytes()),
        };
        Self(Leaves((0..size).map(leaf).collect()))
    }

    fn size(&self) -> u64 {
        self.0.0.len() as u64
    }

    fn root(&self, size: u64) -> Hash {
        let Ok(root) = root(&self.0, size);
        root
    }

    /// The right proof where there is one.
    fn proof(&self, index: u64, seen: u64) -> LogProof {
        let size = self.size();
        let authority: AuthorityId = AUTHORITY.parse().expect("an authority's name");
        let key = LogKey::new(&authority.log_origin(), authority_key().verifying_key());
        let key = key.expect("an origin is a name");
        let hashes = match index < size {
            true => prove_inclusion(&self.0, index, size),
            false => Ok(Vec::new()),
        };
        let (Ok(hashes), Ok(consistency)) =
            (hashes, prove_consistency(&self.0, seen.min(size), size));
        LogProof {
            inclusion: InclusionProof {
                index,
                hashes,
                checkpoint: Checkpoint::sign(&key, authority_key(), size, self.root(size)),
            },
            consistency,
        }
    }
}

/// Puts other hashes into a proof, or more.
fn alter(hashes: &mut Vec<Hash>, mut input: Input<'_>) {
    while !input.is_empty() {
        let place = usize::from(input.byte());
        let hash = Hash(input.array());
        match hashes.get_mut(place) {
            Some(old) => *old = hash,
            None => hashes.push(hash),
        }
    }
}
