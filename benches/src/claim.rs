//! Statements to prove, each with what its bank knows beforehand.

use std::array::from_fn;

use ark_groth16::VerifyingKey;
use rand::Rng;
use taxproof_claims::amount::Value;
use taxproof_claims::credential::{Credential, climb};
use taxproof_claims::curve::NamedPairing;
use taxproof_claims::digest::{Digest, Profile};
use taxproof_claims::epoch::{AuthorityId, EpochHeader, Root};
use taxproof_claims::holder::{HolderSecrets, Secret};
use taxproof_claims::numbers::Numbers;
use taxproof_claims::period::Period;
use taxproof_claims::record::{Record, Values};
use taxproof_claims::request::bank_digest;
use taxproof_claims::shape::{Shape, TREE_ARITY, TREE_DEPTH};
use taxproof_claims::signature::{SignatureError, SigningKey};
use taxproof_claims::statement::{Consent, FixedInputs, Path, PublicInputs, Witness, evaluate};
use taxproof_claims::subject::IdScheme;
use taxproof_claims::trust::{TrustList, TrustedAuthority};
use taxproof_engine::poseidon2::Poseidon2Field;
use taxproof_prover::answer::{AnswerError, Statement};
use taxproof_prover::consent::Disclosure;
use taxproof_prover::question::Question;
use taxproof_prover::wallet::Wallet;
use taxproof_verifier::epoch::{TrustedEpoch, UntrustedEpoch};
use taxproof_verifier::key::AdmittedKey;
use taxproof_verifier::prepared::{Answer, CannotPrepare, Common, OtherNumbers, PreparedPolicy};

/// A true statement, and what its bank knows before it sees a proof.
#[derive(Debug, Clone)]
pub struct Claim<F> {
    /// The public inputs.
    pub public: PublicInputs<F>,
    /// What they are about.
    pub witness: Witness<F>,
    epoch: TrustedEpoch,
    bank: String,
    scope: Option<String>,
    open_numbers: Vec<usize>,
    allowed: Consent,
    consent: Consent,
}

/// Why there is no claim.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ClaimError {
    /// The request cannot be answered, or not truthfully.
    #[error(transparent)]
    Answer(#[from] AnswerError),
    /// The wallet does not trust the epoch.
    #[error(transparent)]
    Epoch(#[from] UntrustedEpoch),
    /// The operating system gives no randomness.
    #[error(transparent)]
    Randomness(#[from] SignatureError),
}

/// Why a claim's policy cannot be prepared under a key.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PrepareError {
    /// Key and policy do not go together.
    #[error(transparent)]
    Key(#[from] CannotPrepare),
    /// The policy's numbers are not the statement's.
    #[error(transparent)]
    Numbers(#[from] OtherNumbers),
}

impl<F: Poseidon2Field> Claim<F> {
    /// A full record of random six-figure amounts in an epoch of its own, and the policy that the
    /// first field's sum over all periods is at least half of what it is.
    ///
    /// # Errors
    /// The operating system has no randomness to give.
    pub fn generate<E: NamedPairing<ScalarField = F>>(
        shape: Shape,
        rng: &mut impl Rng,
    ) -> Result<Self, ClaimError> {
        let record = record(shape, rng);
        let mut secret = || Secret::from_bytes(from_fn(|_| rng.r#gen()));
        let secrets = HolderSecrets {
            sk: secret(),
            nk: secret(),
        };
        let salt = F::rand(rng);
        let (path, root) = path(record.leaf(&secrets.commitment(), salt), rng);
        let epoch = epoch(&record, Root::new(E::CURVE, shape.layout(), root))?;

        Ok(Self::about(
            shape,
            record,
            &secrets,
            salt,
            path,
            epoch,
            F::rand(rng),
        ))
    }

    /// The claim about a credential's record that the first field's sum over all periods is at least
    /// half of what it is.
    ///
    /// # Errors
    /// The credential does not lead to its epoch's root, or the epoch is not trusted.
    pub fn of_credential<E: NamedPairing<ScalarField = F>>(
        shape: Shape,
        credential: &Credential,
        secrets: &HolderSecrets,
        trust: &TrustList,
    ) -> Result<Self, ClaimError> {
        let opened = credential.open(E::CURVE, shape.layout(), secrets);
        let (record, path) = opened.map_err(AnswerError::from)?;
        let epoch = TrustedEpoch::verify(credential.epoch.clone(), trust)?;
        let salt = credential.salt.to_field();
        Ok(Self::about(
            shape,
            record,
            secrets,
            salt,
            path,
            epoch,
            F::one(),
        ))
    }

    fn about(
        shape: Shape,
        record: Record,
        secrets: &HolderSecrets,
        salt: F,
        path: Path<F>,
        epoch: TrustedEpoch,
        context: F,
    ) -> Self {
        let numbers = numbers(shape, &record.values);
        let bank = "research";
        let outcome = evaluate(&numbers, &record.values).outcome(shape, Consent::NONE);
        let [bank_element, id] = [bank_digest(bank).to_field(), record.id.to_field()];
        let root = climb(record.leaf(&secrets.commitment(), salt), &path)
            .expect("the path was made or opened for this leaf");
        let fixed = FixedInputs {
            schema: record.schema.to_field(),
            newest_period: record.newest_period.index().into(),
            root,
            context,
            bank: bank_element,
            scope: context,
            pseudonym: secrets.pseudonym(id, bank_element),
            scope_tag: secrets.scope_tag(id, context),
            disclosed_id: F::zero(),
            outcome: outcome.bits().into(),
            consent: F::zero(),
        };
        let witness = Witness {
            values: record.values,
            id,
            sk: secrets.sk.to_field(),
            nk: secrets.nk.to_field(),
            salt,
            path,
        };
        Self {
            public: PublicInputs { fixed, numbers },
            witness,
            epoch,
            bank: bank.to_owned(),
            scope: None,
            open_numbers: Vec::new(),
            allowed: Consent::NONE,
            consent: Consent::NONE,
        }
    }

    /// What a wallet would prove for a request, disclosing nothing but the verdict.
    ///
    /// # Errors
    /// The claim is false, or the credential does not serve.
    pub fn of_question<E: NamedPairing<ScalarField = F>>(
        wallet: &Wallet,
        question: &Question,
    ) -> Result<Self, ClaimError> {
        let consent = question.consent(&Disclosure::default())?;
        let Statement { public, witness } = question.statement::<E>(consent)?;
        let compiled = question.compiled();
        Ok(Self {
            public,
            witness,
            epoch: TrustedEpoch::verify(question.signed_epoch().clone(), wallet.trust())?,
            bank: question.request().bank.clone(),
            scope: question.policy().learns().scope.clone(),
            open_numbers: compiled.open.clone(),
            allowed: compiled.allowed,
            consent,
        })
    }

    /// The bank's verifying key for the claim's policy and epoch, which has only the inputs that
    /// differ from proof to proof, and those inputs.
    ///
    /// # Errors
    /// The key is for another shape.
    pub fn prepare<E: NamedPairing<ScalarField = F>>(
        &self,
        key: &AdmittedKey<E>,
    ) -> Result<(VerifyingKey<E>, Vec<F>), PrepareError> {
        let numbers = &self.public.numbers;
        let prepared = PreparedPolicy::new(
            key,
            &Common {
                bank: &self.bank,
                epoch: &self.epoch,
                numbers,
                open_numbers: &self.open_numbers,
                scope: self.scope.as_deref(),
                allowed: self.allowed,
            },
        )?;
        let fixed = &self.public.fixed;
        let answer = Answer {
            context: fixed.context,
            pseudonym: fixed.pseudonym,
            scope_tag: fixed.scope_tag,
            disclosed_id: fixed.disclosed_id,
            outcome: evaluate(numbers, &self.witness.values).outcome(numbers.shape, self.consent),
            consent: self.consent,
        };
        let inputs = prepared.open_inputs(&answer, numbers)?;
        Ok((prepared.reduced().verifying_key(), inputs))
    }
}

fn record(shape: Shape, rng: &mut impl Rng) -> Record {
    let layout = shape.layout();
    let value = |n: u64| Value::new(n.into()).expect("six digits are few");
    let mut row = || -> Vec<Value> {
        (0..layout.fields)
            .map(|_| value(rng.gen_range(100_000..1_000_000)))
            .collect()
    };
    let rows: Vec<_> = (0..layout.periods).map(|_| row()).collect();
    let attributes = [value(layout.periods as u64)];
    Record {
        schema: Digest(rng.r#gen()),
        newest_period: Period::new(2026, 3).expect("a year has a third quarter"),
        id: IdScheme::Plain
            .parse("research")
            .expect("letters are a plain id"),
        values: Values::new(layout, &attributes, &rows).expect("the values are the layout's"),
    }
}

/// A path of random siblings, and its root.
fn path<F: Poseidon2Field>(leaf: F, rng: &mut impl Rng) -> (Path<F>, F) {
    let mut path = [[F::zero(); TREE_ARITY]; TREE_DEPTH];
    let mut current = leaf;
    for children in &mut path {
        *children = from_fn(|_| F::rand(rng));
        children[rng.gen_range(0..TREE_ARITY)] = current;
        current = taxproof_claims::hash::node(children);
    }
    let root = climb(leaf, &path).expect("each level holds the one below");
    (path, root)
}

fn epoch(record: &Record, root: Root) -> Result<TrustedEpoch, ClaimError> {
    let id: AuthorityId = "research".parse().expect("letters are a name");
    let key = SigningKey::random(Profile::International)?;
    let header = EpochHeader {
        profile: Profile::International,
        authority: id.clone(),
        epoch: 1,
        time: 1_790_000_000,
        newest_period: record.newest_period,
        schema: record.schema,
        leaves: 1,
        roots: vec![root],
        previous: Digest([0; 32]),
    };
    let trust = TrustList {
        authorities: vec![TrustedAuthority {
            id,
            name: "Research".to_owned(),
            key: key.verifying_key(),
        }],
        banks: Vec::new(),
    };
    Ok(TrustedEpoch::verify(header.sign(&key), &trust)?)
}

fn numbers(shape: Shape, values: &Values) -> Numbers {
    let mut numbers = Numbers::neutral(shape);
    let sum: i128 = values.rows().iter().map(|row| i128::from(row[0])).sum();
    let rule = &mut numbers.linear[0];
    rule.time.fill(1);
    rule.weight[0] = 1;
    rule.threshold = sum / 2;
    rule.min_periods = u32::try_from(values.periods_available()).unwrap_or(u32::MAX);
    numbers.hard[0] = true;
    numbers
}
