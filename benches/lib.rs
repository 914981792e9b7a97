//! A true statement of any shape, for benches to prove.

use taxproof_claims::amount::Value;
use taxproof_claims::credential::climb;
use taxproof_claims::digest::Digest;
use taxproof_claims::holder::{HolderSecrets, Secret};
use taxproof_claims::numbers::Numbers;
use taxproof_claims::period::Period;
use taxproof_claims::record::{Record, Values};
use taxproof_claims::shape::{Shape, TREE_ARITY, TREE_DEPTH};
use taxproof_claims::statement::{Consent, FixedInputs, PublicInputs, Witness, evaluate};
use taxproof_claims::subject::IdScheme;
use taxproof_engine::poseidon2::Poseidon2Field;

/// A full record of six-figure amounts under a root, and the neutral numbers of a shape.
pub fn true_statement<F: Poseidon2Field>(shape: Shape) -> (PublicInputs<F>, Witness<F>) {
    let layout = shape.layout();
    let value = |n: usize| Value::new(n as i128).expect("a bench's values are small");
    let rows: Vec<Vec<Value>> = (0..layout.periods)
        .map(|q| {
            (0..layout.fields)
                .map(|f| value(100_000 + 977 * q + f))
                .collect()
        })
        .collect();
    let values = Values::new(layout, &[value(layout.periods)], &rows).expect("the values fit");
    let record = Record {
        schema: Digest([1; 32]),
        newest_period: Period::new(2026, 3).expect("a quarter"),
        id: IdScheme::Plain.parse("bench").expect("an id"),
        values: values.clone(),
    };
    let secrets = HolderSecrets {
        sk: Secret::from_bytes([2; Secret::LENGTH]),
        nk: Secret::from_bytes([3; Secret::LENGTH]),
    };
    let salt = F::from(4u64);

    let mut path = [[F::zero(); TREE_ARITY]; TREE_DEPTH];
    let mut current = record.leaf(&secrets.commitment(), salt);
    for children in &mut path {
        children[0] = current;
        current = taxproof_claims::hash::node(children);
    }
    let root = climb(record.leaf(&secrets.commitment(), salt), &path).expect("the path was built");

    let numbers = Numbers::neutral(shape);
    let [context, bank, id] = [F::from(5u64), F::from(6u64), record.id.to_field()];
    let fixed = FixedInputs {
        schema: record.schema.to_field(),
        newest_period: record.newest_period.index().into(),
        root,
        context,
        bank,
        scope: context,
        pseudonym: secrets.pseudonym(id, bank),
        scope_tag: secrets.scope_tag(id, context),
        disclosed_id: F::zero(),
        outcome: evaluate(&numbers, &values)
            .outcome(shape, Consent::NONE)
            .bits()
            .into(),
        consent: F::zero(),
    };
    let (sk, nk) = (secrets.sk.to_field(), secrets.nk.to_field());
    let witness = Witness {
        values,
        id,
        sk,
        nk,
        salt,
        path,
    };
    (PublicInputs { fixed, numbers }, witness)
}
