//! True statements, made up whole: record, secrets, path, request.

use rand::Rng;
use rand::rngs::StdRng;
use taxproof_claims::digest::Digest;
use taxproof_claims::hash::node;
use taxproof_claims::holder::{HolderSecrets, Secret};
use taxproof_claims::numbers::Numbers;
use taxproof_claims::period::Period;
use taxproof_claims::record::{Record, Values};
use taxproof_claims::shape::{Shape, TREE_ARITY, TREE_DEPTH};
use taxproof_claims::statement::{
    Consent, FixedInputs, Outcome, Path, PublicInputs, Witness, evaluate,
};
use taxproof_claims::subject::IdScheme;
use taxproof_engine::poseidon2::Poseidon2Field;

use crate::card::reach_every_bin;
use crate::largest::{Ends, largest_numbers, largest_values};
use crate::numbers::miss_by_one;
use crate::values::all_known;
use crate::{numbers, one_of, values};

/// A true statement and what it was made of.
#[derive(Debug, Clone)]
pub struct Scenario<F> {
    /// What the bank knows.
    pub public: PublicInputs<F>,
    /// What the enterprise knows.
    pub witness: Witness<F>,
    /// The record in the leaf.
    pub record: Record,
    /// The holder's.
    pub secrets: HolderSecrets,
    /// What the bank may learn besides the verdict.
    pub consent: Consent,
}

impl<F: Poseidon2Field> Scenario<F> {
    /// A random record, and numbers close to where its rules turn.
    pub fn random(rng: &mut StdRng, shape: Shape) -> Self {
        let values = values(rng, shape);
        let numbers = numbers(rng, shape, &values);
        Self::new(rng, numbers, values)
    }

    /// Nothing on record, and a policy that every record satisfies: as many wires as may be are 0.
    pub fn quiet(rng: &mut StdRng, shape: Shape) -> Self {
        let values =
            Values::new(shape.layout(), &[], &[]).expect("an empty record fits any layout");
        let mut scenario = Self::new(rng, Numbers::neutral(shape), values);
        scenario.consent_to(Consent::NONE);
        scenario
    }

    /// Everything at an end of what may be, and told: the five lowest bits of `case` say which end.
    pub fn largest(rng: &mut StdRng, shape: Shape, case: usize) -> Self {
        let sign = |bit: u32| if case >> bit & 1 == 1 { -1 } else { 1 };
        let ends = Ends {
            weight: sign(1),
            bound: sign(2),
            points: sign(3),
            wide_denominator: case >> 4 & 1 == 1,
        };
        let values = largest_values(shape, sign(0).into());
        let mut scenario = Self::new(rng, largest_numbers(shape, ends), values);
        let all = Consent::from_bits(shape, all_bits(shape));
        scenario.consent_to(all.expect("no bit is above the shape's"));
        scenario
    }

    /// A random policy of which every rule on an attribute, and every variable of the scorecard on
    /// one, selects this one; no attribute is 0. The two lowest bits of `case` say whether ranges
    /// begin above it, in which case 0 stands for missing, and whether they end below it, in which
    /// case no bin is reached, instead of all.
    pub fn selecting(rng: &mut StdRng, shape: Shape, attribute: usize, case: usize) -> Self {
        let is_set = |bit: u32| case >> bit & 1 == 1;
        let values = all_known(rng, shape);
        let held = values.attributes()[attribute];
        let mut numbers = numbers(rng, shape, &values);
        for rule in &mut numbers.range {
            rule.attribute = attribute;
            rule.low = held + i64::from(is_set(0));
            rule.high = held - i64::from(is_set(1));
        }
        for rule in &mut numbers.sets {
            rule.attribute = attribute;
        }
        let card = numbers.card.iter_mut();
        for variable in card.flat_map(|card| &mut card.attributes) {
            variable.attribute = attribute;
            let bound = held + i64::from(is_set(1));
            variable.bins.thresholds.fill(bound.into());
            if is_set(0) {
                variable.missing_value = 0;
            }
        }
        Self::new(rng, numbers, values)
    }

    /// A random policy of which one hard rule fails, this one, and no other.
    pub fn failing(rng: &mut StdRng, shape: Shape, atom: usize) -> Self {
        loop {
            let values = values(rng, shape);
            let mut numbers = numbers(rng, shape, &values);
            let holds = evaluate(&numbers, &values).atoms;
            if !holds[atom] {
                numbers.hard = holds;
                numbers.hard[atom] = true;
                return Self::new(rng, numbers, values);
            }
        }
    }

    /// A random policy that misses everything that it compares by one, and not every period is on
    /// record.
    pub fn missing_by_one(rng: &mut StdRng, shape: Shape) -> Self {
        loop {
            let values = values(rng, shape);
            if values.periods_available() < shape.periods {
                let mut numbers = numbers(rng, shape, &values);
                miss_by_one(&mut numbers, &values);
                return Self::new(rng, numbers, values);
            }
        }
    }

    /// A random policy of which every variable of the scorecard is known and reaches every bin.
    pub fn reaching(rng: &mut StdRng, shape: Shape) -> Self {
        let values = all_known(rng, shape);
        let mut numbers = numbers(rng, shape, &values);
        if let Some(card) = &mut numbers.card {
            reach_every_bin(card, shape, &values);
        }
        Self::new(rng, numbers, values)
    }

    /// These numbers on these values; everything else is random, the outcome true.
    pub fn new(rng: &mut StdRng, numbers: Numbers, values: Values) -> Self {
        let record = Record {
            schema: Digest(rng.r#gen()),
            newest_period: Period::new(2026, 3).expect("a year has a third quarter"),
            id: IdScheme::Plain
                .parse(&format!("FIRM-{}", rng.r#gen::<u32>()))
                .expect("letters and digits are a plain id"),
            values,
        };
        let secret = |rng: &mut StdRng| Secret::from_bytes(std::array::from_fn(|_| rng.r#gen()));
        let secrets = HolderSecrets {
            sk: secret(rng),
            nk: secret(rng),
        };
        let salt = F::rand(rng);
        let (path, root) = path(rng, record.leaf(&secrets.commitment(), salt));
        let consent = consent(rng, numbers.shape);
        let (bank, scope) = (F::rand(rng), F::rand(rng));
        let id: F = record.id.to_field();
        let fixed = FixedInputs {
            schema: record.schema.to_field(),
            newest_period: F::from(record.newest_period.index()),
            root,
            context: F::rand(rng),
            bank,
            scope,
            pseudonym: secrets.pseudonym(id, bank),
            scope_tag: secrets.scope_tag(id, scope),
            disclosed_id: if numbers.disclose_id { id } else { F::zero() },
            outcome: F::zero(),
            consent: F::from(consent.bits()),
        };
        let witness = Witness {
            values: record.values.clone(),
            id,
            sk: secrets.sk.to_field(),
            nk: secrets.nk.to_field(),
            salt,
            path,
        };
        let public = PublicInputs { fixed, numbers };
        let mut scenario = Self {
            public,
            witness,
            record,
            secrets,
            consent,
        };
        scenario.tell_the_truth();
        scenario
    }

    /// What clear text says the outcome is.
    pub fn outcome(&self) -> Outcome {
        let numbers = &self.public.numbers;
        evaluate(numbers, &self.witness.values).outcome(numbers.shape, self.consent)
    }

    /// Sets the public outcome to the true one.
    pub fn tell_the_truth(&mut self) {
        self.public.fixed.outcome = F::from(self.outcome().bits());
    }

    /// Consents to this instead, with the outcome that follows.
    pub fn consent_to(&mut self, consent: Consent) {
        self.consent = consent;
        self.public.fixed.consent = F::from(consent.bits());
        self.tell_the_truth();
    }

    /// The same with other numbers, and the outcome that they give.
    #[must_use]
    pub fn with_numbers(&self, numbers: Numbers) -> Self {
        let mut changed = self.clone();
        changed.public.numbers = numbers;
        changed.tell_the_truth();
        changed
    }
}

/// A path of random siblings, the leaf's branch at a random place on each level.
fn path<F: Poseidon2Field>(rng: &mut StdRng, leaf: F) -> (Path<F>, F) {
    let mut current = leaf;
    let path = [(); TREE_DEPTH].map(|()| {
        let mut children = [(); TREE_ARITY].map(|()| F::rand(rng));
        children[rng.gen_range(0..TREE_ARITY)] = current;
        current = node(&children);
        children
    });
    (path, current)
}

const fn all_bits(shape: Shape) -> u64 {
    (1 << (shape.atoms() + 1)) - 1
}

fn consent(rng: &mut StdRng, shape: Shape) -> Consent {
    let all = all_bits(shape);
    let bits = one_of([0, all, rng.r#gen::<u64>() & all], rng);
    Consent::from_bits(shape, bits).expect("no bit is above the shape's")
}
