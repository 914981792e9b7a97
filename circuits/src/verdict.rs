//! The verdict: from the atoms' bits to the public outcome.

use ark_ff::PrimeField;
use taxproof_claims::shape::Shape;

use crate::boolean::Bit;
use crate::comparison::composed;
use crate::linear::Linear;
use crate::numbers::{GroupNumbersVar, VerdictNumbersVar};
use crate::system::System;
use crate::widths;

/// What the atoms and the scorecard amount to.
pub(crate) struct VerdictVar<F: PrimeField> {
    passed: Bit<F>,
    /// 0 to 3.
    band: Linear<F>,
}

impl<F: PrimeField> VerdictVar<F> {
    /// Every hard rule, the cut-off and both groups; the band is how many thresholds the score
    /// reaches.
    pub(crate) fn new(
        system: &mut System<F>,
        shape: Shape,
        numbers: &VerdictNumbersVar<F>,
        atoms: &[Bit<F>],
        card_points: &Linear<F>,
    ) -> Self {
        let failed = atoms.iter().map(Bit::not).collect::<Vec<_>>();
        let hard_failed = inner_product(system, &numbers.hard, &failed);
        let mut passed = system.is_zero(&hard_failed);

        let score = &inner_product(system, &numbers.points, atoms) + card_points;
        let accepted = system.at_least_zero(&(&score - &numbers.cut_off), widths::score(shape));
        passed = system.and(&passed, &accepted);

        for group in &numbers.groups {
            let enough = group_holds(system, shape, group, atoms);
            passed = system.and(&passed, &enough);
        }

        let reached = numbers.bands.iter().map(|threshold| {
            let reached = system.at_least_zero(&(&score - threshold), widths::score(shape));
            reached.as_linear().clone()
        });
        let band = Linear::sum(&reached.collect::<Vec<_>>());
        Self { passed, band }
    }

    /// outcome = passed + 2·consent_band·band + 8·(1 − passed)·Σ consent_i·(1 − atom_i)·2^i, where
    /// the consent's bits are one an atom and, last, the band's.
    pub(crate) fn enforce_outcome(
        &self,
        system: &mut System<F>,
        atoms: &[Bit<F>],
        consent: &Linear<F>,
        outcome: &Linear<F>,
    ) {
        let consent = system.decompose(consent, atoms.len() as u32 + 1);
        let (band_consent, atom_consent) = consent
            .split_last()
            .expect("a consent has a bit for the band");
        let named: Vec<_> = (atom_consent.iter().zip(atoms))
            .map(|(consented, atom)| system.and(consented, &atom.not()))
            .collect();
        let band = system.product(band_consent.as_linear(), &self.band);

        let eighth = F::from(8u64).inverse().expect("8 is not zero");
        let told = &(outcome - self.passed.as_linear()) - &(&band * F::from(2u64));
        system.enforce(
            self.passed.not().as_linear(),
            &composed(&named),
            &(&told * eighth),
        );
    }
}

/// At least k of the group's members.
fn group_holds<F: PrimeField>(
    system: &mut System<F>,
    shape: Shape,
    group: &GroupNumbersVar<F>,
    atoms: &[Bit<F>],
) -> Bit<F> {
    let met = inner_product(system, &group.members, atoms);
    system.at_least_zero(&(&met - &group.at_least), widths::atoms(shape))
}

fn inner_product<F: PrimeField>(
    system: &mut System<F>,
    numbers: &[Linear<F>],
    bits: &[Bit<F>],
) -> Linear<F> {
    system.inner_product(numbers.iter().zip(bits.iter().map(Bit::as_linear)))
}
