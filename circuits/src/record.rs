//! The record in the circuit: its values, its sums over a window, and the choice of an attribute.

use ark_ff::PrimeField;
use taxproof_claims::amount::to_field;
use taxproof_claims::record::Values;
use taxproof_claims::schema::PERIODS_AVAILABLE;

use crate::boolean::Bit;
use crate::linear::Linear;
use crate::system::System;
use crate::widths;
use taxproof_claims::shape::Shape;

/// A record's values as wires, one a value.
///
/// No value is range-checked here: the authority attests that each is below 2^48 in absolute value
/// and that `periods_available` is at most the number of rows.
pub(crate) struct ValuesVar<F: PrimeField> {
    shape: Shape,
    attributes: Vec<Linear<F>>,
    rows: Vec<Vec<Linear<F>>>,
}

impl<F: PrimeField> ValuesVar<F> {
    pub(crate) fn new(system: &mut System<F>, shape: Shape, values: &Values) -> Self {
        let mut wires = |values: &[i64]| -> Vec<Linear<F>> {
            values
                .iter()
                .map(|&value| system.wire(to_field(value.into())))
                .collect()
        };
        let attributes = wires(values.attributes());
        let rows = values.rows().iter().map(|row| wires(row)).collect();
        Self {
            shape,
            attributes,
            rows,
        }
    }

    /// The rows, newest first.
    pub(crate) fn rows(&self) -> &[Vec<Linear<F>>] {
        &self.rows
    }

    /// Attributes, then values row by row.
    pub(crate) fn elements(&self) -> impl Iterator<Item = &Linear<F>> {
        self.attributes.iter().chain(self.rows.iter().flatten())
    }

    /// The attribute that a one-hot selector names.
    pub(crate) fn attribute(&self, system: &mut System<F>, selector: &[Linear<F>]) -> Linear<F> {
        system.inner_product(selector.iter().zip(&self.attributes))
    }

    /// \[periods_available ≥ min_periods\].
    pub(crate) fn old_enough(&self, system: &mut System<F>, min_periods: &Linear<F>) -> Bit<F> {
        let available = &self.attributes[PERIODS_AVAILABLE];
        system.at_least_zero(&(available - min_periods), widths::periods(self.shape))
    }

    /// Σ_q Σ_f time\[q\]·weight\[f\]·value\[q\]\[f\]: one product a value, one a field.
    pub(crate) fn weighted_sum(
        &self,
        system: &mut System<F>,
        time: &[Linear<F>],
        weight: &[Linear<F>],
    ) -> Linear<F> {
        let columns: Vec<_> = (0..weight.len())
            .map(|f| system.inner_product(time.iter().zip(self.rows.iter().map(|row| &row[f]))))
            .collect();
        system.inner_product(weight.iter().zip(&columns))
    }
}
