//! The rule that a coded attribute is one of a set, or none of it.

use ark_ff::PrimeField;

use crate::boolean::Bit;
use crate::linear::Linear;
use crate::numbers::SetNumbersVar;
use crate::record::ValuesVar;
use crate::system::System;

/// attribute ∈ codes, or ∉ where the rule says so; 0 is missing and satisfies neither.
pub(crate) fn set<F: PrimeField>(
    system: &mut System<F>,
    rule: &SetNumbersVar<F>,
    values: &ValuesVar<F>,
) -> Bit<F> {
    let code = values.attribute(system, &rule.attribute);
    listed(system, &code, &rule.codes, &rule.member)
}

/// code ∈ codes where `member` is 1, code ∉ codes where it is 0; neither where the code is 0.
pub(crate) fn listed<F: PrimeField>(
    system: &mut System<F>,
    code: &Linear<F>,
    codes: &[Linear<F>],
    member: &Linear<F>,
) -> Bit<F> {
    let mut differences = codes.iter().map(|listed| code - listed);
    let first = differences.next().unwrap_or_else(Linear::zero);
    let product = differences.fold(first, |product, next| system.product(&product, &next));
    let listed = system.is_zero(&product);

    // member·listed + (1 − member)·(1 − listed)
    let unlisted = listed.not();
    let agreement = &(listed.as_linear() - unlisted.as_linear());
    let holds = &system.product(member, agreement) + unlisted.as_linear();

    let known = system.is_zero(code).not();
    let bit = system.product(known.as_linear(), &holds);
    Bit::determined(bit)
}
