//! The statement: every clause in its order, over one shape.

use ark_relations::gr1cs::{ConstraintSynthesizer, ConstraintSystemRef, Result, SynthesisError};
use taxproof_claims::numbers::{Numbers, OutOfBounds};
use taxproof_claims::record::Values;
use taxproof_claims::shape::{Layout, Shape, TREE_ARITY, TREE_DEPTH};
use taxproof_claims::statement::{FixedInputs, PublicInputs, Witness};
use taxproof_engine::poseidon2::Poseidon2Field;

use crate::boolean::Bit;
use crate::hash::Hashes;
use crate::holder::HolderVar;
use crate::leaf::LeafVar;
use crate::linear::Linear;
use crate::membership::PathVar;
use crate::numbers::NumbersVar;
use crate::record::ValuesVar;
use crate::system::{Clause, System};
use crate::verdict::VerdictVar;
use crate::{atoms, card, context};

/// The statement of one shape, with or without an assignment.
#[derive(Debug, Clone)]
pub struct StatementCircuit<F> {
    shape: Shape,
    assignment: Option<(PublicInputs<F>, Witness<F>)>,
}

/// Why no circuit could be made of public inputs and a witness.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StatementError {
    /// The record has another layout than the policy's numbers: take the record of that layout.
    #[error("the record's layout is {found}, the policy's is {expected}")]
    Layout {
        /// The shape's.
        expected: Layout,
        /// The record's.
        found: Layout,
    },
    /// Whoever compiled the policy let through a number that the comparisons do not allow.
    #[error(transparent)]
    Numbers(#[from] OutOfBounds),
}

impl<F: Poseidon2Field> StatementCircuit<F> {
    /// The circuit of a shape, for a setup: it can be proven with nothing.
    pub const fn blank(shape: Shape) -> Self {
        Self {
            shape,
            assignment: None,
        }
    }

    /// The circuit with what a proof is about.
    ///
    /// # What is not checked
    /// Whether the statement is true: see [`Matrices::violated`](crate::Matrices::violated).
    ///
    /// # Errors
    /// The numbers are out of bounds, or the record is of another layout.
    pub fn new(
        public: PublicInputs<F>,
        witness: Witness<F>,
    ) -> std::result::Result<Self, StatementError> {
        public.numbers.check()?;
        let shape = public.numbers.shape;
        let (expected, found) = (shape.layout(), witness.values.layout());
        if expected != found {
            return Err(StatementError::Layout { expected, found });
        }
        Ok(Self {
            shape,
            assignment: Some((public, witness)),
        })
    }

    /// The shape.
    pub const fn shape(&self) -> Shape {
        self.shape
    }

    /// Adds the statement's wires and constraints.
    ///
    /// # Errors
    /// The constraint system wants values and the circuit is blank, or there is none.
    pub(crate) fn synthesize(&self, cs: ConstraintSystemRef<F>) -> Result<Vec<Clause>> {
        match &self.assignment {
            Some((public, witness)) => synthesize(cs, public, witness),
            None if cs.is_in_setup_mode() => {
                let (public, witness) = nothing(self.shape);
                synthesize(cs, &public, &witness)
            }
            None => Err(SynthesisError::AssignmentMissing),
        }
    }
}

impl<F: Poseidon2Field> ConstraintSynthesizer<F> for StatementCircuit<F> {
    fn generate_constraints(self, cs: ConstraintSystemRef<F>) -> Result<()> {
        self.synthesize(cs).map(|_| ())
    }
}

fn synthesize<F: Poseidon2Field>(
    cs: ConstraintSystemRef<F>,
    public: &PublicInputs<F>,
    witness: &Witness<F>,
) -> Result<Vec<Clause>> {
    let mut built = System::new(cs)?;
    let system = &mut built;
    let shape = public.numbers.shape;
    let hashes = Hashes::new();

    // Public inputs.
    let [
        schema,
        newest_period,
        root,
        context,
        bank,
        scope,
        pseudonym,
        scope_tag,
        disclosed_id,
        outcome,
        consent,
    ] = public.fixed.to_array().map(|input| system.input(input));
    let numbers = NumbersVar::new(system, &public.numbers);

    // Witness.
    let values = ValuesVar::new(system, shape, &witness.values);
    let holder = HolderVar {
        id: system.wire(witness.id),
        sk: system.wire(witness.sk),
        nk: system.wire(witness.nk),
    };
    let salt = system.wire(witness.salt);
    let path = PathVar::new(system, &witness.path);

    // The prover knows both secrets; pseudonym, scope tag and disclosed id are theirs.
    system.clause("holder");
    let commitment = holder.commitment(system, &hashes);
    let derived = holder.pseudonym(system, &hashes, &bank);
    system.enforce_equal(&derived, &pseudonym);
    let derived = holder.scope_tag(system, &hashes, &scope);
    system.enforce_equal(&derived, &scope_tag);
    holder.disclose(system, &numbers.disclose_id, &disclosed_id);

    // The leaf commits to schema, newest period, holder and record.
    system.clause("leaf");
    let leaf = LeafVar {
        schema: &schema,
        newest_period: &newest_period,
        id: &holder.id,
        holder: &commitment,
        values: &values,
        salt: &salt,
    };
    let leaf = leaf.digest(system, &hashes);

    // The leaf is under the epoch's root.
    system.clause("membership");
    let computed = path.root(system, &hashes, leaf);
    system.enforce_equal(&computed, &root);

    judge(system, shape, &numbers, &values, &consent, &outcome);

    // The proof is for this request.
    system.clause("context");
    context::bind(system, &context);
    Ok(built.into_clauses())
}

/// The clauses between the record and the outcome.
pub(crate) fn judge<F: Poseidon2Field>(
    system: &mut System<F>,
    shape: Shape,
    numbers: &NumbersVar<F>,
    values: &ValuesVar<F>,
    consent: &Linear<F>,
    outcome: &Linear<F>,
) {
    // Each rule gives a bit.
    let atoms = atoms(system, shape, numbers, values);

    // The scorecard gives points.
    let card_points = match &numbers.card {
        Some(card) => {
            system.clause("card");
            card::card_points(system, shape, card, values)
        }
        None => Linear::zero(),
    };

    // Bits and points give the outcome, of which no more is told than consented.
    system.clause("verdict");
    let verdict = VerdictVar::new(system, shape, &numbers.verdict, &atoms, &card_points);
    verdict.enforce_outcome(system, &atoms, consent, outcome);
}

fn atoms<F: Poseidon2Field>(
    system: &mut System<F>,
    shape: Shape,
    numbers: &NumbersVar<F>,
    values: &ValuesVar<F>,
) -> Vec<Bit<F>> {
    let mut bits = Vec::with_capacity(shape.atoms());
    system.clause("linear");
    bits.extend(
        numbers
            .linear
            .iter()
            .map(|rule| atoms::linear(system, shape, rule, values)),
    );
    system.clause("counted");
    bits.extend(
        numbers
            .counted
            .iter()
            .map(|rule| atoms::counted(system, shape, rule, values)),
    );
    system.clause("range");
    bits.extend(
        numbers
            .range
            .iter()
            .map(|rule| atoms::range(system, rule, values)),
    );
    system.clause("set");
    bits.extend(
        numbers
            .sets
            .iter()
            .map(|rule| atoms::set(system, rule, values)),
    );
    bits
}

/// Stands in for an assignment in a setup, which looks at no value.
fn nothing<F: Poseidon2Field>(shape: Shape) -> (PublicInputs<F>, Witness<F>) {
    let zero = F::zero();
    let fixed = FixedInputs {
        schema: zero,
        newest_period: zero,
        root: zero,
        context: zero,
        bank: zero,
        scope: zero,
        pseudonym: zero,
        scope_tag: zero,
        disclosed_id: zero,
        outcome: zero,
        consent: zero,
    };
    let values = Values::new(shape.layout(), &[], &[]).expect("an empty record fits any layout");
    let witness = Witness {
        values,
        id: zero,
        sk: zero,
        nk: zero,
        salt: zero,
        path: [[zero; TREE_ARITY]; TREE_DEPTH],
    };
    (
        PublicInputs {
            fixed,
            numbers: Numbers::neutral(shape),
        },
        witness,
    )
}
