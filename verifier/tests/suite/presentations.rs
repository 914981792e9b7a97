//! What a presentation shows, and each way in which it shows nothing.

use std::sync::Arc;

use ark_bn254::{Bn254, Fr};
use ark_ff::{BigInteger, PrimeField};
use taxproof_claims::digest::Digest;
use taxproof_claims::presentation::Presentation;
use taxproof_claims::shape::Q16;
use taxproof_claims::statement::{Consent, Outcome};
use taxproof_claims::trust::TrustList;
use taxproof_verifier::epoch::{TrustedEpoch, UntrustedEpoch};
use taxproof_verifier::key::{Admission, AdmittedKey};
use taxproof_verifier::prepared::{Answer, Common, OtherNumbers, PreparedPolicy};
use taxproof_verifier::presentation::{CannotJudge, InvalidReason, Question, Verdict, Verifier};

use crate::world::{Asked, Authority, ID, NOW, World, key_file, policy_text};

/// One question, judged without a service.
struct Judge {
    verifier: Verifier<Bn254>,
    question: Question,
    epoch: TrustedEpoch,
}

impl Judge {
    async fn new(policy: &str, parameters: &[(&str, &str)]) -> (Self, World, Asked) {
        Self::of_text(&policy_text(policy), parameters).await
    }

    async fn of_text(policy: &str, parameters: &[(&str, &str)]) -> (Self, World, Asked) {
        let world = World::new().await;
        let asked = world.request_for(policy, parameters).await;
        let admission = Admission {
            allow_dev: true,
            ceremony_keys: Vec::new(),
        };
        let trust = TrustList {
            authorities: vec![world.authority.trusted()],
            banks: vec![],
        };
        let judge = Self {
            verifier: Verifier::new(AdmittedKey::open(&key_file(|_, _| {}), &admission).unwrap()),
            question: Question::new(asked.request.clone(), Arc::new(asked.policy.clone())).unwrap(),
            epoch: TrustedEpoch::verify(world.epoch.clone(), &trust).unwrap(),
        };
        (judge, world, asked)
    }

    fn judge(&self, presentation: &Presentation) -> Verdict {
        self.judge_at(presentation, NOW)
    }

    fn judge_at(&self, presentation: &Presentation, now: u64) -> Verdict {
        self.verifier
            .judge(&self.question, &self.epoch, presentation, now)
            .unwrap()
    }
}

const LIMIT: (&str, &[(&str, &str)]) = ("ccb-limit", &[("requested_amount", "500,000")]);

#[tokio::test]
async fn who_passes_passes_and_shows_what_is_asked() {
    let (judge, _world, asked) = Judge::new(LIMIT.0, LIMIT.1).await;
    let Verdict::Passed(shown) = judge.judge(&asked.present()) else {
        panic!("did not pass");
    };
    assert_eq!(shown.id.unwrap().as_str(), ID);
    assert_eq!(shown.pseudonym, asked.presentation.pseudonym);
    assert_eq!((shown.scope_tag, shown.band), (None, None));
}

#[tokio::test]
async fn who_fails_names_what_he_agreed_to() {
    let (judge, _world, asked) = Judge::new(LIMIT.0, LIMIT.1).await;
    let consent = asked.policy.consent(&["limit"], false).unwrap().bits();
    let failing = |consent: u64| 8 * consent;
    let asked = asked.outcome(failing(consent), consent);
    let Verdict::Failed { rules, .. } = judge.judge(&asked.present()) else {
        panic!("did not fail");
    };
    assert_eq!(rules, ["limit"]);
    let silent = asked.outcome(0, 0);
    let Verdict::Failed { rules, .. } = judge.judge(&silent.present()) else {
        panic!("did not fail");
    };
    assert!(rules.is_empty());
}

#[tokio::test]
async fn each_claim_is_held_against_the_request() {
    let (judge, _world, asked) = Judge::new(LIMIT.0, LIMIT.1).await;
    let good = asked.present();
    let allowed = asked.policy.allowed_consent().bits();
    let beyond = !allowed & ((1 << 15) - 1);
    let alias = {
        let mut pseudonym = Fr::from(77).into_bigint();
        pseudonym.add_with_carry(&Fr::MODULUS);
        Digest(pseudonym.to_bytes_be().try_into().unwrap())
    };
    type Break<'a> = Box<dyn Fn(&mut Presentation) + 'a>;
    let breaks: Vec<(InvalidReason, Break<'_>)> = vec![
        (
            InvalidReason::OtherRequest,
            Box::new(|p| p.request.0[0] ^= 1),
        ),
        (
            InvalidReason::EpochNotAccepted,
            Box::new(|p| p.epoch.header.0[0] ^= 1),
        ),
        (
            InvalidReason::EpochNotAccepted,
            Box::new(|p| p.epoch.authority = "jiangsu".parse().unwrap()),
        ),
        (
            InvalidReason::ConsentNotAllowed,
            Box::new(|p| p.consent = beyond),
        ),
        (
            InvalidReason::ConsentNotAllowed,
            Box::new(|p| p.consent = 1 << 16),
        ),
        (
            InvalidReason::ImpossibleOutcome,
            Box::new(|p| p.outcome = 2),
        ),
        (
            InvalidReason::ImpossibleOutcome,
            Box::new(|p| p.outcome = 8 * allowed),
        ),
        (
            InvalidReason::ImpossibleOutcome,
            Box::new(|p| p.outcome = u64::MAX),
        ),
        (
            InvalidReason::IdMissing,
            Box::new(|p| p.disclosed_id.clear()),
        ),
        (
            InvalidReason::IdMalformed,
            Box::new(|p| p.disclosed_id = ID.to_lowercase()),
        ),
        (
            InvalidReason::TagNotCanonical,
            Box::new(|p| p.pseudonym = alias),
        ),
        (
            InvalidReason::TagNotCanonical,
            Box::new(|p| p.scope_tag = Digest([0xff; 32])),
        ),
        (
            InvalidReason::ProofWrong,
            Box::new(|p| p.pseudonym.0[31] ^= 1),
        ),
        (
            InvalidReason::ProofWrong,
            Box::new(|p| p.scope_tag.0[31] ^= 1),
        ),
        (
            InvalidReason::ProofWrong,
            Box::new(|p| p.disclosed_id = "914403001922038216".to_owned()),
        ),
        (InvalidReason::ProofWrong, Box::new(|p| p.outcome = 0)),
        (InvalidReason::ProofWrong, Box::new(|p| p.consent = allowed)),
    ];
    for (i, (reason, broken)) in breaks.iter().enumerate() {
        let mut other = good.clone();
        broken(&mut other);
        assert_eq!(judge.judge(&other), Verdict::Invalid(*reason), "break {i}");
    }
    for proof in [
        vec![],
        vec![0; 128],
        good.proof[..127].to_vec(),
        [&good.proof[..], &[0]].concat(),
    ] {
        let other = Presentation {
            proof,
            ..good.clone()
        };
        let verdict = judge.judge(&other);
        assert!(matches!(
            verdict,
            Verdict::Invalid(InvalidReason::ProofMalformed(_))
        ));
    }
    assert!(matches!(judge.judge(&good), Verdict::Passed(_)));
}

/// A policy that asks for a band and a shared registry's tag.
const BANDED: &str = r#"
id = "banded"
version = 1
title = "Banded"
schema = "cn-tax-1"
[learns]
band = true
scope = "invoices"
[score]
cut_off = 10
bands = [20, 30, 40]
[[rule]]
name = "no-late-filings"
total = "late_filings"
over = "last 2 years"
at_most = 0
points = 15
"#;

#[tokio::test]
async fn band_and_scope_tag_are_shown_as_agreed() {
    let (judge, _world, asked) = Judge::of_text(BANDED, &[]).await;
    let band = asked.policy.consent(&[], true).unwrap().bits();
    let Verdict::Passed(shown) = judge.judge(&asked.present()) else {
        panic!("did not pass");
    };
    assert_eq!(shown.band, None);
    assert_eq!(shown.scope_tag, Some(asked.presentation.scope_tag));
    let asked = asked.outcome(1 + 2 * 2, band);
    let Verdict::Passed(shown) = judge.judge(&asked.present()) else {
        panic!("did not pass");
    };
    assert_eq!(shown.band, Some(2));
    let mut asked = asked.outcome(1 + 2 * 2, 0);
    let verdict = judge.judge(&asked.present());
    assert_eq!(verdict, Verdict::Invalid(InvalidReason::ImpossibleOutcome));
    // A tag for another registry, or for no registry at all.
    asked = asked.outcome(1, 0);
    asked.inputs.fixed.scope = asked.inputs.fixed.context;
    let verdict = judge.judge(&asked.present());
    assert_eq!(verdict, Verdict::Invalid(InvalidReason::ProofWrong));
}

#[tokio::test]
async fn no_id_is_taken_that_was_not_asked_for() {
    let (judge, _world, asked) = Judge::new("paid-each-quarter", &[]).await;
    assert!(matches!(judge.judge(&asked.present()), Verdict::Passed(_)));
    let with_id = Presentation {
        disclosed_id: ID.to_owned(),
        ..asked.present()
    };
    assert_eq!(
        judge.judge(&with_id),
        Verdict::Invalid(InvalidReason::IdNotAsked)
    );
}

#[tokio::test]
async fn a_request_ends() {
    let (judge, _world, asked) = Judge::new(LIMIT.0, LIMIT.1).await;
    let end = asked.request.expires_at;
    let presentation = asked.present();
    assert!(matches!(
        judge.judge_at(&presentation, end - 1),
        Verdict::Passed(_)
    ));
    let expired = Verdict::Invalid(InvalidReason::Expired);
    assert_eq!(judge.judge_at(&presentation, end), expired);
}

/// The proof speaks about every public input: one that differs in any is of another statement.
#[tokio::test]
async fn every_public_input_is_bound() {
    let (judge, _world, mut asked) = Judge::new(LIMIT.0, LIMIT.1).await;
    let mut inputs = asked.inputs.to_vec();
    let fake = crate::world::q16();
    for i in (0..inputs.len()).filter(|i| *i < 16 || i % 40 == 0) {
        inputs[i] += Fr::from(1);
        let proof = fake.prove(&inputs);
        inputs[i] -= Fr::from(1);
        let verdict = judge.judge(&asked.present_with(&proof));
        assert_eq!(
            verdict,
            Verdict::Invalid(InvalidReason::ProofWrong),
            "input {i}"
        );
    }
    // Parameters are open in the prepared policy, and bound all the same.
    let open = &asked
        .policy
        .compile(judge.epoch.date(), &parameters(&asked))
        .unwrap()
        .open;
    assert!(!open.is_empty());
    for &i in open {
        let mut inputs = asked.inputs.to_vec();
        inputs[taxproof_claims::statement::FIXED_INPUTS + i] += Fr::from(1);
        let verdict = judge.judge(&asked.present_with(&fake.prove(&inputs)));
        assert_eq!(
            verdict,
            Verdict::Invalid(InvalidReason::ProofWrong),
            "number {i}"
        );
    }
    asked.inputs.fixed.context += Fr::from(1);
    let verdict = judge.judge(&asked.present());
    assert_eq!(verdict, Verdict::Invalid(InvalidReason::ProofWrong));
}

fn parameters(asked: &Asked) -> taxproof_claims::policy::Parameters {
    let values = asked.request.parameters.iter().map(|p| p.value).collect();
    taxproof_claims::policy::Parameters::new(asked.policy.parameters(), values).unwrap()
}

/// One prepared policy serves requests with different parameters, each with its own.
#[tokio::test]
async fn prepared_policies_are_shared_between_parameters() {
    let (judge, world, asked) = Judge::new(LIMIT.0, LIMIT.1).await;
    assert!(matches!(judge.judge(&asked.present()), Verdict::Passed(_)));
    let other = world
        .request("ccb-limit", &[("requested_amount", "2,000,000")])
        .await;
    let question = Question::new(other.request.clone(), Arc::new(other.policy.clone())).unwrap();
    let judge = Judge { question, ..judge };
    assert!(matches!(judge.judge(&other.present()), Verdict::Passed(_)));
    let moved = Presentation {
        request: other.request.digest(),
        ..asked.present()
    };
    assert_eq!(
        judge.judge(&moved),
        Verdict::Invalid(InvalidReason::ProofWrong)
    );
}

/// Constants that were folded with one policy's numbers judge no other's.
#[tokio::test]
async fn a_prepared_policy_takes_no_other_numbers() {
    let (judge, _world, asked) = Judge::new(LIMIT.0, LIMIT.1).await;
    let compiled = asked
        .policy
        .compile(judge.epoch.date(), &parameters(&asked))
        .unwrap();
    let common = Common {
        bank: &asked.request.bank,
        epoch: &judge.epoch,
        numbers: &compiled.numbers,
        open_numbers: &compiled.open,
        scope: None,
        allowed: compiled.allowed,
    };
    let prepared = PreparedPolicy::new(judge.verifier.key(), &common).unwrap();
    let consent = Consent::NONE;
    let answer = Answer {
        context: Fr::from(1),
        pseudonym: Fr::from(2),
        scope_tag: Fr::from(3),
        disclosed_id: Fr::from(4),
        outcome: Outcome::from_bits(Q16, consent, 1).unwrap(),
        consent,
    };
    let mut numbers = compiled.numbers;
    let open = prepared.open_inputs(&answer, &numbers).unwrap();
    assert_eq!(open.len(), 7 + compiled.open.len());
    numbers.cut_off += 1;
    assert_eq!(prepared.open_inputs(&answer, &numbers), Err(OtherNumbers));
}

#[tokio::test]
async fn only_trusted_authorities_have_epochs() {
    let world = World::new().await;
    let mut trust = TrustList {
        authorities: vec![world.authority.trusted()],
        banks: vec![],
    };
    let foreign = Authority::new().epoch(1, |_| {});
    let refused = TrustedEpoch::verify(foreign, &trust).unwrap_err();
    assert!(matches!(refused, UntrustedEpoch::Signature(_)));
    trust.authorities.clear();
    let refused = TrustedEpoch::verify(world.epoch, &trust).unwrap_err();
    assert!(matches!(refused, UntrustedEpoch::Authority(_)));
}

#[tokio::test]
async fn a_key_or_schema_of_something_else_is_the_banks_fault() {
    let (mut judge, world, asked) = Judge::new(LIMIT.0, LIMIT.1).await;
    let trust = TrustList {
        authorities: vec![world.authority.trusted()],
        banks: vec![],
    };
    let presentation = asked.present();
    let mut request = asked.request.clone();
    request.key.0.0[0] ^= 1;
    let policy = Arc::new(asked.policy.clone());
    let question = Question::new(request, policy).unwrap();
    let refused = judge
        .verifier
        .judge(&question, &judge.epoch, &presentation, NOW);
    assert_eq!(refused, Err(CannotJudge::OtherKey));
    let other = world.authority.epoch(2, |header| header.schema.0[0] ^= 1);
    judge.epoch = TrustedEpoch::verify(other, &trust).unwrap();
    let refused = judge
        .verifier
        .judge(&judge.question, &judge.epoch, &presentation, NOW);
    assert_eq!(refused, Err(CannotJudge::OtherSchema));
}
