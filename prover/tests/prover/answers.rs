use ark_bls12_381::Bls12_381;
use ark_bn254::Bn254;
use ark_ff::One as _;
use taxproof_claims::digest::{Digest, Profile};
use taxproof_claims::epoch::EpochHeader;
use taxproof_claims::presentation::{MAX_SEALED_PRESENTATION, Presentation};
use taxproof_claims::request::{Request, SignedRequest};
use taxproof_claims::shape::{Q16, Q32};
use taxproof_claims::signature::SigningKey;
use taxproof_claims::statement::{Consent, Outcome};
use taxproof_prover::answer::AnswerError;
use taxproof_prover::consent::Disclosure;
use taxproof_prover::prover::Step;
use taxproof_prover::question::{Question, QuestionError};
use taxproof_prover::seal::unseal;
use taxproof_prover::wallet::Wallet;
use tempfile::TempDir;

use crate::bank::{Bank, Keys, NOW, POLICY, policy, strict_policy};
use crate::bureau::{Bureau, ENTERPRISE, record};
use crate::wallets::wallet_of;

/// A wallet with a credential, its bureau, and a bank that it trusts.
pub(crate) struct Scene {
    _folder: TempDir,
    pub(crate) wallet: Wallet,
    bureau: Bureau,
    pub(crate) bank: Bank,
    pub(crate) header: EpochHeader,
}

impl Scene {
    pub(crate) fn new() -> Self {
        let (bureau, bank) = (Bureau::new(), Bank::new());
        let (folder, mut wallet) = wallet_of(&bureau);
        wallet.add_trust(&bank.trust()).unwrap();
        let credential = bureau.issue(&wallet.registration(), &record(), 1, Digest([0; 32]));
        wallet.import(&credential.encode(), None).unwrap();
        let header = credential.epoch.header;
        Self {
            _folder: folder,
            wallet,
            bureau,
            bank,
            header,
        }
    }

    pub(crate) fn read(&self, request: Request) -> Result<Question, QuestionError> {
        self.read_bytes(&request.sign(&self.bank.key).encode(), NOW)
    }

    fn read_bytes(&self, bytes: &[u8], now: u64) -> Result<Question, QuestionError> {
        Question::read(&self.wallet, bytes, None, now)
    }
}

fn disclosing(rules: &[&str], band: bool) -> Disclosure {
    let rules = rules.iter().map(|&rule| rule.to_owned()).collect();
    Disclosure {
        failed_rules: Some(rules),
        band,
    }
}

fn an_answer_is_accepted_and_bound<E: Keys>() {
    let scene = Scene::new();
    let policy = policy(POLICY);
    let request = scene.bank.ask::<E>(&policy, &scene.header);
    let question = scene.read(request.clone()).unwrap();
    let mut steps = vec![];
    let disclosure = disclosing(&["grade"], true);
    let answer = question
        .answer(E::prover(), &disclosure, NOW, |step| steps.push(step))
        .unwrap();
    assert_eq!(steps, [Step::Witness, Step::Proof, Step::Verification]);

    assert!(answer.sealed.len() <= MAX_SEALED_PRESENTATION);
    let opened = unseal(&scene.bank.identity, &answer.sealed).unwrap();
    let presentation = Presentation::decode(&opened).unwrap();
    assert_eq!(presentation, answer.presentation);
    assert_eq!(presentation.request, request.digest());
    assert_eq!(presentation.disclosed_id, ENTERPRISE);
    // The claim holds: that the applicant would name failed rules is not even said.
    assert_eq!(presentation.consent, Consent::NONE.with_band(Q16).bits());
    assert_eq!(presentation.outcome, 1 | 1 << 1);

    let inputs = scene
        .bank
        .inputs::<E>(&policy, &request, &scene.header, &presentation)
        .to_vec();
    assert!(scene.bank.accepts::<E>(&inputs, &presentation.proof));
    for i in 0..inputs.len() {
        if i >= 11 && i % 37 != 0 {
            continue;
        }
        let mut other = inputs.clone();
        other[i] += E::ScalarField::one();
        assert!(
            !scene.bank.accepts::<E>(&other, &presentation.proof),
            "input {i}"
        );
    }
    let mut other = request.clone();
    other.nonce.0[0] ^= 1;
    let replayed = scene
        .bank
        .inputs::<E>(&policy, &other, &scene.header, &presentation)
        .to_vec();
    assert!(!scene.bank.accepts::<E>(&replayed, &presentation.proof));

    scene.wallet.note(&answer.answered).unwrap();
    let history = scene.wallet.history().unwrap();
    assert_eq!(history, [answer.answered]);
    assert!(history[0].passed && history[0].id_disclosed && history[0].band == Some(1));
}

#[test]
fn an_answer_is_accepted_and_bound_over_bn254() {
    an_answer_is_accepted_and_bound::<Bn254>();
}

#[test]
fn an_answer_is_accepted_and_bound_over_bls12_381() {
    an_answer_is_accepted_and_bound::<Bls12_381>();
}

#[test]
fn a_false_claim_is_told_only_where_the_applicant_agreed() {
    let scene = Scene::new();
    let policy = strict_policy();
    let request = scene.bank.ask::<Bn254>(&policy, &scene.header);
    let question = scene.read(request.clone()).unwrap();
    assert!(!question.result().passed);
    let rule = question
        .result()
        .rules
        .iter()
        .find(|r| r.name == "grade")
        .unwrap();
    assert!(!rule.holds && rule.why == "B");

    let answer = |disclosure| question.answer(Bn254::prover(), &disclosure, NOW, |_| ());
    match answer(Disclosure::default()) {
        Err(error @ AnswerError::ClaimFalse { .. }) => {
            assert_eq!(
                error.to_string(),
                "the claim is false: the rule `grade` does not hold"
            );
        }
        other => panic!("{other:?}"),
    }
    let refused = answer(disclosing(&["paid"], false)).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "the policy does not let an applicant disclose the rule `paid`"
    );

    // The band under its own consent: that the claim is false, the band, and no rule.
    let banded = answer(Disclosure {
        failed_rules: None,
        band: true,
    })
    .unwrap();
    let consent = Consent::from_bits(Q16, banded.presentation.consent).unwrap();
    assert_eq!(consent, Consent::NONE.with_band(Q16));
    let outcome = Outcome::from_bits(Q16, consent, banded.presentation.outcome).unwrap();
    assert_eq!((outcome.passed(), outcome.band()), (false, 1));
    assert_eq!(outcome.failed_atoms().count(), 0);
    assert!(banded.answered.failed_rules.is_empty() && banded.answered.band == Some(1));

    let answer = answer(disclosing(&["grade"], false)).unwrap();
    let presentation = &answer.presentation;
    let consent = Consent::from_bits(Q16, presentation.consent).unwrap();
    let outcome = Outcome::from_bits(Q16, consent, presentation.outcome).unwrap();
    assert!(!outcome.passed() && outcome.band() == 0);
    assert_eq!(policy.failed_rules(consent, outcome), ["grade"]);
    assert_eq!(answer.answered.failed_rules, ["grade"]);
    let inputs = scene
        .bank
        .inputs::<Bn254>(&policy, &request, &scene.header, presentation);
    assert!(
        scene
            .bank
            .accepts::<Bn254>(&inputs.to_vec(), &presentation.proof)
    );
    // The same proof does not say that the policy holds.
    let mut lie = inputs.to_vec();
    lie[9] = ark_bn254::Fr::one();
    assert!(!scene.bank.accepts::<Bn254>(&lie, &presentation.proof));
}

#[test]
fn no_band_is_told_that_the_policy_does_not_ask_for() {
    let scene = Scene::new();
    let (rules, _score) = POLICY.split_once("points = 10").unwrap();
    let plain = policy(&rules.replace("band = true\n", ""));
    let question = scene
        .read(scene.bank.ask::<Bn254>(&plain, &scene.header))
        .unwrap();
    let error = question
        .consent(&Disclosure {
            failed_rules: None,
            band: true,
        })
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "the policy does not let an applicant disclose the band of the score"
    );
    assert_eq!(
        question.consent(&Disclosure::default()).unwrap(),
        Consent::NONE
    );
}

#[test]
fn a_tampered_request_is_refused_whatever_was_changed() {
    let scene = Scene::new();
    let request = scene.bank.ask::<Bn254>(&policy(POLICY), &scene.header);
    let bytes = request.sign(&scene.bank.key).encode();
    for i in 0..bytes.len() {
        let mut tampered = bytes.clone();
        tampered[i] ^= 1;
        assert!(scene.read_bytes(&tampered, NOW).is_err(), "byte {i}");
    }
    assert!(scene.read_bytes(&[&bytes[..], &[0]].concat(), NOW).is_err());
    assert!(scene.read_bytes(&vec![0; 1 << 20], NOW).is_err());
    assert!(scene.read_bytes(&bytes, NOW).is_ok());
}

#[test]
fn requests_out_of_their_time_are_refused() {
    let scene = Scene::new();
    let request = scene.bank.ask::<Bn254>(&policy(POLICY), &scene.header);
    let (issued, expires) = (request.issued_at, request.expires_at);
    let bytes = request.sign(&scene.bank.key).encode();
    let at = |now| scene.read_bytes(&bytes, now);
    assert!(matches!(at(expires), Err(QuestionError::Expired)));
    assert!(at(expires - 1).is_ok());
    assert!(matches!(at(issued - 301), Err(QuestionError::NotYet)));
    assert!(at(issued - 300).is_ok());
    let question = at(NOW).unwrap();
    let late = question.answer(Bn254::prover(), &Disclosure::default(), expires, |_| ());
    assert!(matches!(late, Err(AnswerError::Expired)));
}

#[test]
fn requests_of_foreign_banks_are_refused() {
    let scene = Scene::new();
    let request = scene.bank.ask::<Bn254>(&policy(POLICY), &scene.header);
    let forged = request
        .clone()
        .sign(&SigningKey::random(Profile::Sm).unwrap());
    let read = |signed: SignedRequest| scene.read_bytes(&signed.encode(), NOW);
    assert!(matches!(read(forged), Err(QuestionError::Signature(_))));
    let other = request
        .clone()
        .sign(&SigningKey::random(Profile::International).unwrap());
    assert!(matches!(read(other), Err(QuestionError::Signature(_))));
    let mut unknown = request;
    unknown.bank = "bank-of-nobody".to_owned();
    let unknown = unknown.sign(&scene.bank.key);
    assert!(matches!(read(unknown), Err(QuestionError::UnknownBank(_))));
}

#[test]
fn requests_that_do_not_fit_the_wallet_are_refused() {
    let mut scene = Scene::new();
    let request = scene.bank.ask::<Bn254>(&policy(POLICY), &scene.header);

    let mut other = request.clone();
    other.accepted[0].authority = "jiangsu".parse().unwrap();
    assert!(matches!(
        scene.read(other),
        Err(QuestionError::NoCredential { .. })
    ));
    let mut other = request.clone();
    other.accepted.clear();
    assert!(matches!(
        scene.read(other),
        Err(QuestionError::NoCredential { .. })
    ));

    let mut other = request.clone();
    other.shape = Q32;
    assert!(matches!(
        scene.read(other),
        Err(QuestionError::Shape { .. })
    ));
    let mut other = request.clone();
    other.policy = b"{}".to_vec();
    assert!(matches!(scene.read(other), Err(QuestionError::Policy(_))));
    let mut other = request.clone();
    other.parameters[0].value = i64::MAX;
    assert!(matches!(
        scene.read(other),
        Err(QuestionError::Parameters(_))
    ));
    let mut other = request.clone();
    other.parameters[0].name = "debt".to_owned();
    assert!(matches!(
        scene.read(other),
        Err(QuestionError::Parameters(_))
    ));

    let mut other = request.clone();
    other.key.0.0[0] ^= 1;
    let question = scene.read(other).unwrap();
    let answer = question.answer(Bn254::prover(), &Disclosure::default(), NOW, |_| ());
    assert!(matches!(answer, Err(AnswerError::OtherKey { .. })));
    let mut other = request.clone();
    other.recipient = "age1nobody".to_owned();
    let question = scene.read(other).unwrap();
    let answer = question.answer(Bn254::prover(), &Disclosure::default(), NOW, |_| ());
    assert!(matches!(answer, Err(AnswerError::Seal(_))));

    let registration = scene.wallet.registration();
    let next = scene
        .bureau
        .issue(&registration, &record(), 2, scene.header.digest());
    scene.wallet.import(&next.encode(), None).unwrap();
    assert!(matches!(
        scene.read(request),
        Err(QuestionError::OtherEpoch { epoch: 2, .. })
    ));
}

/// A text however its lines are broken.
fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn the_screen_says_who_asks_what_and_what_is_told() {
    let scene = Scene::new();
    let question = scene
        .read(scene.bank.ask::<Bn254>(&policy(POLICY), &scene.header))
        .unwrap();
    let view = question.consent_view(
        &disclosing(&["grade"], false),
        Some(Bn254::prover().header()),
    );
    let screen = view.render();
    for said in [
        "Bank of Examples (`bank-of-examples`)",
        "┃ Credit line of 500,000 yuan",
        "┃ Growing firms",
        "Zhejiang (`zhejiang`) in epoch 1 of 2026-11-02, up to 2026Q3",
        "VAT paid is at least CNY 50,000.00 in each of the last 8 quarters",
        "CNY 500,000.00",
        "your enterprise id",
        "`lending-registry`",
        "does not learn",
        "and you do not, nothing is sent",
        "which of these rules failed: `grade` (you agree; `--disclose-failed`)",
        "the band of your score; if the claim is false: that it is, with the band (you do not \
         agree; `--disclose-band`)",
        "2026-11-03 01:00:00 UTC",
        "development key",
    ] {
        assert!(
            words(&screen).contains(&words(said)),
            "{said} is not in\n{screen}"
        );
    }
    assert_eq!(screen, view.render());
    assert!(
        !screen.contains("87,654,321"),
        "the record's own figures are not on the screen"
    );
}

#[test]
fn the_bank_s_words_cannot_speak_for_the_wallet() {
    let scene = Scene::new();
    let mut request = scene.bank.ask::<Bn254>(
        &policy(&POLICY.replace(
            "Growing firms",
            "A fair deal. The bank learns nothing. ┃ evil",
        )),
        &scene.header,
    );
    request.purpose = "loan\n\nAll that follows is your own wallet's reading of the request.\n\
                       \x1b[1A\x1b[2KThe bank learns nothing.\r\u{9b}2J\u{202e}"
        .to_owned();
    let question = scene.read(request).unwrap();
    let screen = question.consent_view(&Disclosure::default(), None).render();
    let steers = |c: char| (c.is_control() && c != '\n') || ('\u{202a}'..='\u{202e}').contains(&c);
    assert!(!screen.contains(steers));
    let bank_speaks = |line: &str| line.contains("learns nothing") || line.contains("evil");
    for line in screen.lines().filter(|line| bank_speaks(line)) {
        assert!(line.starts_with("  ┃ "), "{line}");
    }
    let own = screen
        .lines()
        .filter(|l| l.starts_with("All that follows"))
        .count();
    assert_eq!(own, 1);
}

#[test]
fn figures_and_secrets_are_in_no_debug_output_and_no_error() {
    let scene = Scene::new();
    let strict = scene
        .read(scene.bank.ask::<Bn254>(&strict_policy(), &scene.header))
        .unwrap();
    let false_claim = strict
        .answer(Bn254::prover(), &Disclosure::default(), NOW, |_| ())
        .unwrap_err();
    let question = scene
        .read(scene.bank.ask::<Bn254>(&policy(POLICY), &scene.header))
        .unwrap();
    let statement = question.statement::<Bn254>(Consent::NONE).unwrap();
    let answer = question
        .answer(Bn254::prover(), &Disclosure::default(), NOW, |_| ())
        .unwrap();
    let shown = format!(
        "{question:?} {strict:?} {:?} {false_claim} {false_claim:?} {:?} {:?} {answer:?} {:?}",
        question.result(),
        statement.witness,
        scene.wallet,
        answer.answered,
    );
    let secret = [
        "8765432100".to_owned(),
        "87,654,321".to_owned(),
        "6000000".to_owned(),
        statement.witness.sk.to_string(),
        statement.witness.nk.to_string(),
        statement.witness.salt.to_string(),
    ];
    for secret in secret {
        assert!(!shown.contains(&secret), "{secret} is shown");
    }
}
