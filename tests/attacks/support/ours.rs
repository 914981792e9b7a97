//! Our circuit with a key whose trapdoor is known, firms in a signed epoch, and a bank.

use std::sync::{Arc, LazyLock};

use ark_bn254::{Bn254, Fr, G1Projective, G2Projective};
use ark_ff::{PrimeField, UniformRand, Zero};
use ark_groth16::{Groth16, Proof, ProvingKey};
use ark_serialize::CanonicalSerialize;
use rand::Rng;
use rand::rngs::OsRng;
use taxproof_circuits::{Matrices, StatementCircuit, assign, matrices};
use taxproof_claims::amount::Value;
use taxproof_claims::curve::Curve;
use taxproof_claims::digest::{Digest, Profile};
use taxproof_claims::epoch::{EpochHeader, Root, field_to_bytes};
use taxproof_claims::hash::node;
use taxproof_claims::holder::HolderSecrets;
use taxproof_claims::key::{CircuitVersion, Provenance};
use taxproof_claims::period::Period;
use taxproof_claims::policy::{Format, Parameters, Policy};
use taxproof_claims::presentation::Presentation;
use taxproof_claims::record::{Record, Values};
use taxproof_claims::request::{Nonce, Request, bank_digest};
use taxproof_claims::schema::Schema;
use taxproof_claims::shape::{Q16, TREE_ARITY, TREE_DEPTH};
use taxproof_claims::signature::SigningKey;
use taxproof_claims::statement::{Consent, FixedInputs, Path, PublicInputs, Witness, evaluate};
use taxproof_claims::trust::{TrustList, TrustedAuthority};
use taxproof_prover::setup::KeyFiles;
use taxproof_verifier::epoch::TrustedEpoch;
use taxproof_verifier::epoch_log::LogProof;
use taxproof_verifier::key::{Admission, AdmittedKey};
use taxproof_verifier::presentation::{Question, Verdict, Verifier};

use super::naive;

/// A policy that asks for 50,000 yuan in each of eight quarters.
pub(crate) const POLICY: &str = r#"
id = "steady"
version = 1
title = "Steady payers"
schema = "cn-tax-1"

[[rule]]
name = "paid"
each_quarter = "vat_paid"
over = "last 8 quarters"
at_least = "50,000"
"#;

/// 50,000 yuan in fen.
pub(crate) const ENOUGH: i64 = 5_000_000;
/// 2026-11-03.
pub(crate) const NOW: u64 = 1_793_664_000;

/// A key, and what its maker must forget.
pub(crate) struct Key {
    pub(crate) alpha: Fr,
    pub(crate) beta: Fr,
    pub(crate) gamma: Fr,
    pub(crate) delta: Fr,
    pub(crate) g1: G1Projective,
    pub(crate) g2: G2Projective,
    pub(crate) proving: ProvingKey<Bn254>,
    pub(crate) files: KeyFiles,
}

/// The key of Q16, made once.
pub(crate) static KEY: LazyLock<Key> = LazyLock::new(|| {
    let [alpha, beta, gamma, delta] = [(); 4].map(|()| Fr::rand(&mut OsRng));
    let (g1, g2) = (
        G1Projective::rand(&mut OsRng),
        G2Projective::rand(&mut OsRng),
    );
    let blank = StatementCircuit::blank(Q16);
    let proving = Groth16::<Bn254>::generate_parameters_with_qap(
        blank, alpha, beta, gamma, delta, g1, g2, &mut OsRng,
    )
    .unwrap();
    let files = KeyFiles::new(&proving, CircuitVersion::V1, Q16, Provenance::Dev).unwrap();
    Key {
        alpha,
        beta,
        gamma,
        delta,
        g1,
        g2,
        proving,
        files,
    }
});

/// The constraints of Q16.
pub(crate) static CIRCUIT: LazyLock<Matrices<Fr>> = LazyLock::new(|| matrices(Q16));

/// A bank's verifier, told to take the key.
static VERIFIER: LazyLock<Verifier<Bn254>> = LazyLock::new(|| {
    let told = Admission {
        allow_dev: true,
        ceremony_keys: vec![],
    };
    Verifier::new(AdmittedKey::open(&KEY.files.verifying, &told).unwrap())
});

/// A proof by arkworks' prover of any values of our circuit's columns.
pub(crate) fn prove(z: &[Fr]) -> Proof<Bn254> {
    naive::prove(&KEY.proving, &CIRCUIT.abc, CIRCUIT.instance, z)
}

/// For each column, the rows in which it stands.
pub(crate) fn rows_by_column() -> Vec<Vec<usize>> {
    let mut rows = vec![Vec::new(); CIRCUIT.instance + CIRCUIT.witness];
    for matrix in &CIRCUIT.abc {
        for (row, terms) in matrix.iter().enumerate() {
            terms.iter().for_each(|&(_, column)| rows[column].push(row));
        }
    }
    rows
}

/// A firm's record, and its place in an epoch that a bureau signed.
pub(crate) struct Firm {
    pub(crate) record: Record,
    pub(crate) secrets: HolderSecrets,
    pub(crate) salt: Fr,
    pub(crate) path: Path<Fr>,
    pub(crate) epoch: TrustedEpoch,
    /// That the epoch is in the bureau's log.
    pub(crate) logged: LogProof,
    /// The bureau.
    pub(crate) trust: TrustList,
}

impl Firm {
    /// A firm that has paid so much, in fen, in each of ten quarters.
    pub(crate) fn paying(quarterly: i64) -> Self {
        Self::of(paid(quarterly))
    }

    /// A firm with a record.
    pub(crate) fn of(values: Values) -> Self {
        let schema = Schema::cn_tax();
        let record = Record {
            schema: schema.digest(),
            newest_period: Period::new(2026, 3).unwrap(),
            id: schema.id_scheme.parse("91330100799655058B").unwrap(),
            values,
        };
        let secrets = HolderSecrets::random().unwrap();
        let salt = Fr::rand(&mut OsRng);
        let (path, root) = path(record.leaf(&secrets.commitment(), salt));
        let (epoch, logged, trust) = signed(&record, root);
        Self {
            epoch,
            logged,
            trust,
            record,
            secrets,
            salt,
            path,
        }
    }
}

/// A record of ten quarters in which only VAT was paid.
pub(crate) fn paid(quarterly: i64) -> Values {
    let schema = Schema::cn_tax();
    let value = |n: i64| Value::try_from(n).unwrap();
    let attribute = |name: &str| value(if name == "periods_available" { 10 } else { 0 });
    let field = |name: &str| value(if name == "vat_paid" { quarterly } else { 0 });
    let attributes: Vec<Value> = schema
        .attributes
        .iter()
        .map(|q| attribute(&q.name))
        .collect();
    let row: Vec<Value> = schema.fields.iter().map(|q| field(&q.name)).collect();
    Values::new(Q16.layout(), &attributes, &vec![row; 10]).unwrap()
}

/// Random siblings on each level, the firm's branch anywhere among them.
pub(crate) fn path(leaf: Fr) -> (Path<Fr>, Fr) {
    let mut current = leaf;
    let path = [(); TREE_DEPTH].map(|()| {
        let mut children = [(); TREE_ARITY].map(|()| Fr::rand(&mut OsRng));
        children[OsRng.gen_range(0..TREE_ARITY)] = current;
        current = node(&children);
        children
    });
    (path, current)
}

fn signed(record: &Record, root: Fr) -> (TrustedEpoch, LogProof, TrustList) {
    let key = SigningKey::random(Profile::Sm).unwrap();
    let bureau = TrustedAuthority {
        id: "zhejiang".parse().unwrap(),
        name: "Zhejiang".to_owned(),
        key: key.verifying_key(),
    };
    let header = EpochHeader {
        profile: Profile::Sm,
        authority: bureau.id.clone(),
        epoch: 1,
        time: NOW - 86_400,
        newest_period: record.newest_period,
        schema: record.schema,
        leaves: 7,
        roots: vec![Root::new(Curve::Bn254, Q16.layout(), root)],
        previous: Digest([0; 32]),
    };
    let trust = TrustList {
        authorities: vec![bureau],
        banks: vec![],
    };
    let signed = header.sign(&key);
    let logged = LogProof::of_only(&signed, &key);
    let epoch = TrustedEpoch::verify(signed, &trust).unwrap();
    (epoch, logged, trust)
}

/// What a firm answers to a bank's request: the truth, until somebody changes it.
#[derive(Clone)]
pub(crate) struct Claim {
    pub(crate) public: PublicInputs<Fr>,
    pub(crate) witness: Witness<Fr>,
    pub(crate) question: Question,
    pub(crate) epoch: TrustedEpoch,
}

impl Claim {
    /// A firm's answer to a fresh request for [`POLICY`].
    pub(crate) fn of(firm: &Firm) -> Self {
        Self::to(firm, question(firm, "bank-of-examples"))
    }

    /// A firm's answer to a request.
    pub(crate) fn to(firm: &Firm, question: Question) -> Self {
        let (request, policy) = (question.request(), question.policy());
        let none = Parameters::new(policy.parameters(), vec![]).unwrap();
        let numbers = policy.compile(firm.epoch.date(), &none).unwrap().numbers;
        let context = request.context(
            &firm.epoch.accepted(),
            question.policy_digest(),
            numbers.digest(request.profile),
        );
        let (context, bank) = (context.to_field(), bank_digest(&request.bank).to_field());
        let id = firm.record.id.to_field();
        let outcome = evaluate(&numbers, &firm.record.values).outcome(Q16, Consent::NONE);
        let header = firm.epoch.header();
        let fixed = FixedInputs {
            schema: header.schema.to_field(),
            newest_period: header.newest_period.index().into(),
            root: header.root(Curve::Bn254, Q16.layout()).unwrap(),
            context,
            bank,
            scope: context,
            pseudonym: firm.secrets.pseudonym(id, bank),
            scope_tag: firm.secrets.scope_tag(id, context),
            disclosed_id: Fr::zero(),
            outcome: outcome.bits().into(),
            consent: Fr::zero(),
        };
        Self {
            public: PublicInputs { fixed, numbers },
            witness: Witness {
                values: firm.record.values.clone(),
                id,
                sk: firm.secrets.sk.to_field(),
                nk: firm.secrets.nk.to_field(),
                salt: firm.salt,
                path: firm.path,
            },
            question,
            epoch: firm.epoch.clone(),
        }
    }

    /// The values of all columns, computed as an honest wallet does, whether they satisfy or not.
    pub(crate) fn columns(&self) -> Vec<Fr> {
        self.assignment().full().to_vec()
    }

    /// The first clause that these values violate.
    pub(crate) fn violated(&self) -> Option<&'static str> {
        CIRCUIT.violated(&self.assignment())
    }

    fn assignment(&self) -> taxproof_circuits::Assignment<Fr> {
        let circuit = StatementCircuit::new(self.public.clone(), self.witness.clone());
        assign(&circuit.unwrap()).unwrap()
    }

    /// The presentation that says what the public inputs say, with a proof.
    pub(crate) fn presentation(&self, proof: &Proof<Bn254>) -> Presentation {
        let fixed = &self.public.fixed;
        let low = |element: Fr| element.into_bigint().0[0];
        let mut bytes = Vec::new();
        proof.serialize_compressed(&mut bytes).unwrap();
        Presentation {
            request: self.question.digest(),
            epoch: self.epoch.accepted(),
            pseudonym: field_to_bytes(fixed.pseudonym),
            scope_tag: field_to_bytes(fixed.scope_tag),
            disclosed_id: String::new(),
            outcome: low(fixed.outcome),
            consent: low(fixed.consent),
            proof: bytes,
        }
    }

    /// What the bank says to a proof of it.
    pub(crate) fn judged(&self, proof: &Proof<Bn254>) -> Verdict {
        self.judged_as(&self.presentation(proof))
    }

    /// What the bank says to a presentation.
    pub(crate) fn judged_as(&self, presentation: &Presentation) -> Verdict {
        let judged = VERIFIER.judge(&self.question, &self.epoch, presentation, NOW);
        judged.unwrap()
    }

    /// What the bank says when these values are proven with arkworks' prover, which asks nothing.
    pub(crate) fn forged(&self) -> Verdict {
        self.judged(&prove(&self.columns()))
    }
}

/// A request of a bank for [`POLICY`].
pub(crate) fn question(firm: &Firm, bank: &str) -> Question {
    let policy = Policy::parse(POLICY, Format::Toml, &Schema::cn_tax()).unwrap();
    let request = Request {
        profile: Profile::Sm,
        bank: bank.to_owned(),
        recipient: "age1bank".to_owned(),
        curve: Curve::Bn254,
        version: CircuitVersion::V1,
        shape: Q16,
        key: KEY.files.fingerprint,
        policy: policy.encode(),
        parameters: vec![],
        purpose: "a loan".to_owned(),
        accepted: vec![firm.epoch.accepted()],
        nonce: Nonce::random().unwrap(),
        issued_at: NOW - 60,
        expires_at: NOW + 3600,
    };
    Question::new(request, Arc::new(policy)).unwrap()
}

/// Whether a verdict says that the policy holds.
pub(crate) const fn passed(verdict: &Verdict) -> bool {
    matches!(verdict, Verdict::Passed(_))
}
