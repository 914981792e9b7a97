//! Statements about a record, with a holder and a path that are right.

use std::cell::RefCell;
use std::collections::BTreeMap;

use taxproof_circuits::{Matrices, StatementCircuit, assign, matrices};
use taxproof_claims::digest::Digest;
use taxproof_claims::hash::node;
use taxproof_claims::holder::{HolderSecrets, Secret};
use taxproof_claims::numbers::Numbers;
use taxproof_claims::period::Period;
use taxproof_claims::record::{Record, Values};
use taxproof_claims::shape::{Shape, TREE_ARITY, TREE_DEPTH};
use taxproof_claims::statement::{Consent, FixedInputs, PublicInputs, Witness};
use taxproof_claims::subject::IdScheme;
use taxproof_engine::poseidon2::Poseidon2Field;

/// The circuits, each built once.
#[derive(Default)]
pub(crate) struct Circuits<F> {
    built: RefCell<BTreeMap<&'static str, Matrices<F>>>,
}

impl<F: Poseidon2Field> Circuits<F> {
    /// The clause that the circuit finds violated when the outcome is said of the record.
    pub(crate) fn violated(
        &self,
        numbers: &Numbers,
        values: &Values,
        consent: Consent,
        outcome: u64,
    ) -> Option<&'static str> {
        let circuit = statement::<F>(numbers, values, consent, outcome);
        let assignment = assign(&circuit).expect("all is assigned");
        let mut built = self.built.borrow_mut();
        let shape: Shape = numbers.shape;
        built
            .entry(shape.name)
            .or_insert_with(|| matrices(shape))
            .violated(&assignment)
    }
}

fn statement<F: Poseidon2Field>(
    numbers: &Numbers,
    values: &Values,
    consent: Consent,
    outcome: u64,
) -> StatementCircuit<F> {
    let record = Record {
        schema: Digest([7; 32]),
        newest_period: Period::new(2026, 3).expect("a quarter"),
        id: IdScheme::Plain.parse("FIRM-1").expect("an id"),
        values: values.clone(),
    };
    let secrets = HolderSecrets {
        sk: Secret::from_bytes([1; 31]),
        nk: Secret::from_bytes([2; 31]),
    };
    let id: F = record.id.to_field();
    let [salt, bank, scope, context] = [3u64, 4, 5, 6].map(F::from);
    let (path, root) = path(record.leaf(&secrets.commitment(), salt));
    let fixed = FixedInputs {
        schema: record.schema.to_field(),
        newest_period: F::from(record.newest_period.index()),
        root,
        context,
        bank,
        scope,
        pseudonym: secrets.pseudonym(id, bank),
        scope_tag: secrets.scope_tag(id, scope),
        disclosed_id: if numbers.disclose_id { id } else { F::zero() },
        outcome: F::from(outcome),
        consent: F::from(consent.bits()),
    };
    let witness = Witness {
        values: record.values,
        id,
        sk: secrets.sk.to_field(),
        nk: secrets.nk.to_field(),
        salt,
        path,
    };
    let public = PublicInputs {
        fixed,
        numbers: numbers.clone(),
    };
    StatementCircuit::new(public, witness)
        .expect("numbers within bounds and a record of their layout")
}

/// A path on which all siblings are zero.
fn path<F: Poseidon2Field>(leaf: F) -> ([[F; TREE_ARITY]; TREE_DEPTH], F) {
    let mut current = leaf;
    let path = [(); TREE_DEPTH].map(|()| {
        let mut children = [F::zero(); TREE_ARITY];
        children[0] = current;
        current = node(&children);
        children
    });
    (path, current)
}
