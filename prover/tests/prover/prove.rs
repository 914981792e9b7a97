use ark_bls12_381::Bls12_381;
use ark_bn254::Bn254;
use ark_ff::One as _;
use taxproof_claims::amount::Value;
use taxproof_claims::digest::Digest;
use taxproof_claims::key::KeyHeader;
use taxproof_claims::numbers::Numbers;
use taxproof_claims::record::Values;
use taxproof_claims::shape::{Q16, Q32};
use taxproof_claims::statement::Consent;
use taxproof_prover::answer::Statement;
use taxproof_prover::consent::Disclosure;
use taxproof_prover::prover::{ProveError, Prover};
use taxproof_prover::question::Question;

use crate::answers::Scene;
use crate::bank::{Keys, NOW, POLICY, policy};

pub(crate) fn true_statement<E: Keys>() -> Statement<E::ScalarField> {
    let scene = Scene::new();
    let request = scene.bank.ask::<E>(&policy(POLICY), &scene.header);
    let question = scene.read(request).unwrap();
    question.statement::<E>(Consent::NONE).unwrap()
}

/// A record in which one value is another.
fn with_value(values: &Values, quarter: usize, field: usize, value: i64) -> Values {
    let value_of = |&n: &i64| Value::try_from(n).unwrap();
    let attributes: Vec<Value> = values.attributes().iter().map(value_of).collect();
    let mut rows: Vec<Vec<Value>> = values
        .rows()
        .iter()
        .map(|row| row.iter().map(value_of).collect())
        .collect();
    rows[quarter][field] = Value::try_from(value).unwrap();
    Values::new(values.layout(), &attributes, &rows).unwrap()
}

fn a_false_statement_gives_no_proof<E: Keys>() {
    let one = E::ScalarField::one();
    type Change<F> = Box<dyn Fn(&mut Statement<F>)>;
    let changes: Vec<(&str, Change<E::ScalarField>)> = vec![
        (
            "membership",
            Box::new(|s| s.witness.values = with_value(&s.witness.values, 0, 0, 1)),
        ),
        ("membership", Box::new(move |s| s.witness.salt += one)),
        ("membership", Box::new(move |s| s.witness.path[7][2] += one)),
        ("holder", Box::new(move |s| s.witness.nk += one)),
        ("holder", Box::new(move |s| s.public.fixed.pseudonym += one)),
        (
            "holder",
            Box::new(move |s| s.public.fixed.disclosed_id += one),
        ),
        ("verdict", Box::new(move |s| s.public.fixed.outcome -= one)),
        (
            "verdict",
            Box::new(|s| s.public.numbers.linear[0].threshold = 1 << 60),
        ),
    ];
    let statement = true_statement::<E>();
    assert!(
        E::prover()
            .prove(&statement.public, &statement.witness)
            .is_ok()
    );
    for (i, (clause, change)) in changes.into_iter().enumerate() {
        let mut changed = statement.clone();
        change(&mut changed);
        match E::prover().prove(&changed.public, &changed.witness) {
            Err(ProveError::Unsatisfied(found)) => assert_eq!(found, clause, "change {i}"),
            other => panic!("change {i}: {other:?}"),
        }
    }
}

#[test]
fn a_false_statement_gives_no_proof_over_bn254() {
    a_false_statement_gives_no_proof::<Bn254>();
}

#[test]
fn a_false_statement_gives_no_proof_over_bls12_381() {
    a_false_statement_gives_no_proof::<Bls12_381>();
}

#[test]
fn what_is_no_statement_is_refused() {
    let Statement {
        mut public,
        mut witness,
    } = true_statement::<Bn254>();
    public.numbers.linear[0].min_periods = 99;
    let refused = Bn254::prover().prove(&public, &witness);
    assert!(matches!(refused, Err(ProveError::Statement(_))));
    public.numbers = Numbers::neutral(Q32);
    let refused = Bn254::prover().prove(&public, &witness);
    assert_eq!(
        refused,
        Err(ProveError::Shape {
            expected: "Q16",
            found: "Q32"
        })
    );
    public.numbers = Numbers::neutral(Q16);
    witness.values = witness.values.with_layout(Q32.layout()).unwrap();
    let refused = Bn254::prover().prove(&public, &witness);
    assert!(matches!(refused, Err(ProveError::Statement(_))));
}

/// Points in their group that are not those of the circuit: the key passes every check of its
/// points and makes proofs that do not verify. None leaves the wallet.
#[test]
fn a_key_of_other_points_gives_an_error_and_no_proof() {
    let (mut header, body) = KeyHeader::peek(&Bn254::keys().proving).unwrap();
    let mut body = body.to_vec();
    // The point of A for the constant one, after the six single points and IC.
    let [ic, instance] = [3 * 64 + 3 * 128, 438];
    body.copy_within(ic..ic + 64, ic + 64 * instance);
    header.body = KeyHeader::body_digest(&body);
    let file = [header.encode(), body].concat();
    let (prover, _) = Prover::<Bn254>::admit(&file).unwrap();
    let scene = Scene::new();
    let request = scene.bank.ask::<Bn254>(&policy(POLICY), &scene.header);
    let question: Question = scene.read(request).unwrap();
    let Statement { public, witness } = question.statement::<Bn254>(Consent::NONE).unwrap();
    assert_eq!(prover.prove(&public, &witness), Err(ProveError::Key));
    assert!(
        question
            .answer(&prover, &Disclosure::default(), NOW, |_| ())
            .is_err()
    );
}

#[test]
fn proofs_of_one_statement_differ() {
    let Statement { public, witness } = true_statement::<Bn254>();
    let [first, second] = [(); 2].map(|()| Bn254::prover().prove(&public, &witness).unwrap());
    assert_ne!(first.proof, second.proof);
    assert_eq!(first.proof.len(), 128);
    eprintln!("BN254: {:?}", first.timings);
    let Statement { public, witness } = true_statement::<Bls12_381>();
    let proven = Bls12_381::prover().prove(&public, &witness).unwrap();
    assert_eq!(proven.proof.len(), 192);
    eprintln!("BLS12-381: {:?}", proven.timings);
    assert_ne!(
        public.fixed.context.to_string(),
        Digest([0; 32]).to_string()
    );
}
