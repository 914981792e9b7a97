//! The context: what binds the proof to its request.

use ark_ff::PrimeField;

use crate::linear::Linear;
use crate::system::System;

/// Uses the context in a constraint, so that it is part of the statement and not only of its list
/// of inputs. A request's context is whatever the verifier rebuilds: nothing else is asked of it.
pub(crate) fn bind<F: PrimeField>(system: &mut System<F>, context: &Linear<F>) {
    system.product(context, context);
}
