//! Made-up true statements of every shape: what a circuit is examined with.
//!
//! [`Scenario`] is a statement and what it was made of. Random ones have thresholds close to where
//! their rules turn, the largest are at the ends of what may be, the quiet one says next to nothing.

mod card;
mod largest;
mod numbers;
mod scenario;
mod values;

pub use numbers::numbers;
pub use scenario::Scenario;
pub use values::values;

use rand::Rng;
use rand::rngs::StdRng;

fn one_of<T: Copy, const N: usize>(choices: [T; N], rng: &mut StdRng) -> T {
    choices[rng.gen_range(0..N)]
}

#[cfg(test)]
mod tests {
    use super::*;
    use ark_bn254::Fr;
    use rand::SeedableRng;
    use taxproof_claims::credential::climb;
    use taxproof_claims::shape::{BIN_THRESHOLDS, SHAPES};
    use taxproof_claims::statement::evaluate;

    /// What a statement can say is said by some, and every one is about a leaf under its root.
    #[test]
    fn samples_are_true_and_different() {
        let rng = &mut StdRng::seed_from_u64(1);
        for shape in SHAPES {
            let mut seen = [[false; 2]; 3];
            let mut scenarios: Vec<Scenario<Fr>> =
                (0..60).map(|_| Scenario::random(rng, shape)).collect();
            scenarios.extend((0..32).map(|case| Scenario::largest(rng, shape, case)));
            scenarios.push(Scenario::quiet(rng, shape));
            for scenario in scenarios {
                let outcome = scenario.outcome();
                seen[0][usize::from(outcome.passed())] = true;
                seen[1][usize::from(outcome.band() > 0)] = true;
                seen[2][usize::from(outcome.failed_atoms().next().is_some())] = true;
                let fixed = &scenario.public.fixed;
                assert_eq!(fixed.outcome, outcome.bits().into());
                assert_eq!(scenario.public.numbers.check(), Ok(()));
                let leaf =
                    (scenario.record).leaf(&scenario.secrets.commitment(), scenario.witness.salt);
                assert_eq!(climb(leaf, &scenario.witness.path), Some(fixed.root));
            }
            assert_eq!(seen, [[true; 2]; 3], "{shape}");
        }
    }

    #[test]
    fn every_bin_is_reached() {
        let rng = &mut StdRng::seed_from_u64(4);
        for shape in SHAPES {
            let Some(card) = shape.card else { continue };
            for _ in 0..20 {
                let Scenario { public, record, .. } = Scenario::<Fr>::reaching(rng, shape);
                assert_eq!(public.numbers.check(), Ok(()));
                let found = evaluate(&public.numbers, &record.values);
                let atoms = public.numbers.points.iter().zip(&found.atoms);
                let of_atoms: i64 = atoms
                    .map(|(&p, &holds)| i64::from(holds) * i64::from(p))
                    .sum();
                let bins = (card.ratios + card.attributes) * BIN_THRESHOLDS;
                assert_eq!(found.score - of_atoms, bins as i64, "{shape}");
            }
        }
    }

    #[test]
    fn a_hard_rule_fails_alone_and_a_miss_is_a_miss() {
        let rng = &mut StdRng::seed_from_u64(3);
        for shape in SHAPES {
            for atom in 0..shape.atoms() {
                let Scenario { public, record, .. } = Scenario::<Fr>::failing(rng, shape, atom);
                let atoms = evaluate(&public.numbers, &record.values).atoms;
                let hard = public.numbers.hard.iter().zip(&atoms);
                let failed: Vec<usize> = hard
                    .enumerate()
                    .filter(|(_, (hard, holds))| **hard && !**holds)
                    .map(|(i, _)| i)
                    .collect();
                assert_eq!(failed, [atom], "{shape}");
            }
            let missing = Scenario::<Fr>::missing_by_one(rng, shape);
            let numbers = &missing.public.numbers;
            assert_eq!(numbers.check(), Ok(()));
            let found = evaluate(numbers, &missing.record.values);
            let compared = shape.linear + shape.counted + shape.range;
            assert!(
                found.atoms[..compared].iter().all(|holds| !holds),
                "{shape}"
            );
            assert_eq!((found.passed, found.band), (false, 0));
            assert_eq!(found.score + 1, i64::from(numbers.cut_off));
        }
    }
}
