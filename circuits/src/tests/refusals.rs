//! One false statement for each clause: everything else about it is true, and the clause that it
//! breaks is the only one that is violated.

use rand::SeedableRng;
use rand::rngs::StdRng;
use taxproof_claims::amount::Value;
use taxproof_claims::hash::{AUTHORISING_KEY, node, small};
use taxproof_claims::holder::{HolderSecrets, Secret};
use taxproof_claims::numbers::{GroupNumbers, Numbers, RangeNumbers};
use taxproof_claims::record::Values;
use taxproof_claims::shape::{BIN_THRESHOLDS, Q16, Q16S, Shape, TREE_DEPTH};
use taxproof_claims::statement::Consent;
use taxproof_engine::poseidon2::Poseidon2Field;
use taxproof_samples::Scenario;

use crate::{Matrices, StatementCircuit, assign, matrices};

/// The clauses that a statement violates.
fn violations<F: Poseidon2Field>(
    matrices: &Matrices<F>,
    scenario: Scenario<F>,
) -> Vec<&'static str> {
    let circuit = StatementCircuit::new(scenario.public, scenario.witness).unwrap();
    let z = assign(&circuit).unwrap().full();
    let clauses = matrices.clauses.iter();
    let violated = clauses.filter(|c| c.rows.clone().any(|row| !matrices.holds(row, &z)));
    violated.map(|clause| clause.name).collect()
}

/// A true statement, and a way to break it.
struct Lies<F> {
    matrices: Matrices<F>,
    honest: Scenario<F>,
}

impl<F: Poseidon2Field> Lies<F> {
    fn new(shape: Shape, disclose_id: bool) -> Self {
        let rng = &mut StdRng::seed_from_u64(14);
        let mut honest = Scenario::new(rng, Numbers::neutral(shape), values(shape));
        honest.public.numbers.disclose_id = disclose_id;
        honest.public.fixed.disclosed_id = if disclose_id {
            honest.witness.id
        } else {
            F::zero()
        };
        let lies = Self {
            matrices: matrices(shape),
            honest,
        };
        assert_eq!(violations(&lies.matrices, lies.honest.clone()), [""; 0]);
        lies
    }

    #[track_caller]
    fn violates(&self, clause: &str, lie: impl FnOnce(&mut Scenario<F>)) {
        let mut scenario = self.honest.clone();
        lie(&mut scenario);
        assert_eq!(violations(&self.matrices, scenario), [clause]);
    }

    /// Numbers under which the rule just holds pass, numbers under which it just does not fail,
    /// and nobody can say the contrary of either.
    #[track_caller]
    fn turns(&self, holding: impl Fn(&mut Numbers), failing: impl Fn(&mut Numbers)) {
        for (change, passes) in [(&holding as &dyn Fn(&mut Numbers), true), (&failing, false)] {
            let mut numbers = self.honest.public.numbers.clone();
            change(&mut numbers);
            let mut scenario = self.honest.with_numbers(numbers);
            assert_eq!(scenario.outcome().passed(), passes);
            assert_eq!(violations(&self.matrices, scenario.clone()), [""; 0]);
            let one = F::one();
            let outcome = &mut scenario.public.fixed.outcome;
            *outcome += if passes { -one } else { one };
            assert_eq!(violations(&self.matrices, scenario), ["verdict"]);
        }
    }
}

fn value(n: i64) -> Value {
    Value::try_from(n).unwrap()
}

/// Five quarters: 100, 200, 300, 400, 500 in the first field, newest first; attributes 5, 7, −3.
fn values(shape: Shape) -> Values {
    let rows: Vec<_> = (1..=5).map(|n| vec![value(100 * n)]).collect();
    Values::new(shape.layout(), &[5, 7, -3].map(value), &rows).unwrap()
}

fn lies_about_the_leaf<F: Poseidon2Field>() {
    let lies = Lies::<F>::new(Q16, false);
    let one = F::one();
    // A value that no rule looks at.
    lies.violates("membership", |s| {
        let mut rows: Vec<Vec<Value>> = vec![vec![value(0); 2]; 5];
        (rows.iter_mut().zip(s.witness.values.rows()))
            .for_each(|(row, old)| row[0] = value(old[0]));
        rows[4][1] = value(1);
        s.witness.values = Values::new(Q16.layout(), &[5, 7, -3].map(value), &rows).unwrap();
    });
    lies.violates("membership", |s| s.witness.salt += one);
    lies.violates("membership", |s| s.public.fixed.schema += one);
    lies.violates("membership", |s| s.public.fixed.newest_period += one);
    lies.violates("membership", |s| s.public.fixed.newest_period -= one);
    lies.violates("membership", |s| s.public.fixed.root += one);
    // Somebody else's id, with the pseudonyms that go with it.
    lies.violates("membership", |s| {
        s.witness.id += one;
        let fixed = &mut s.public.fixed;
        fixed.pseudonym = s.secrets.pseudonym(s.witness.id, fixed.bank);
        fixed.scope_tag = s.secrets.scope_tag(s.witness.id, fixed.scope);
    });
}

#[test]
fn lies_about_the_leaf_are_refused() {
    lies_about_the_leaf::<ark_bn254::Fr>();
    lies_about_the_leaf::<ark_bls12_381::Fr>();
}

fn lies_about_membership<F: Poseidon2Field>() {
    let lies = Lies::<F>::new(Q16, false);
    for level in [0, 4, TREE_DEPTH - 1] {
        lies.violates("membership", |s| s.witness.path[level].swap(2, 5));
        lies.violates("membership", |s| s.witness.path[level][6] += F::one());
        // The right children, ours missing among them.
        lies.violates("membership", |s| {
            let leaf = s.record.leaf(&s.secrets.commitment(), s.witness.salt);
            let path = &mut s.witness.path;
            let own = if level == 0 {
                leaf
            } else {
                node(&path[level - 1])
            };
            path[level]
                .iter_mut()
                .filter(|child| **child == own)
                .for_each(|c| *c += F::one());
        });
    }
    // A path that stops one level short and is filled up at either end.
    lies.violates("membership", |s| {
        s.witness.path.rotate_left(1);
        s.witness.path[TREE_DEPTH - 1] = [s.public.fixed.root; 8];
    });
    lies.violates("membership", |s| {
        s.witness.path.rotate_right(1);
        s.witness.path[0] = [s.record.leaf(&s.secrets.commitment(), s.witness.salt); 8];
    });
    // An own tree, of which only the top is the authority's.
    lies.violates("membership", |s| {
        let mut current = s
            .record
            .leaf(&s.secrets.commitment(), s.witness.salt + F::one());
        s.witness.salt += F::one();
        for children in &mut s.witness.path[..TREE_DEPTH - 1] {
            children[0] = current;
            current = node(children);
        }
    });
}

#[test]
fn lies_about_membership_are_refused() {
    lies_about_membership::<ark_bn254::Fr>();
    lies_about_membership::<ark_bls12_381::Fr>();
}

fn lies_about_the_holder<F: Poseidon2Field>() {
    let lies = Lies::<F>::new(Q16, false);
    let one = F::one();
    lies.violates("membership", |s| s.witness.sk += one);
    // Another nk, with the pseudonyms that go with it.
    lies.violates("membership", |s| {
        let nk = Secret::from_bytes([3; 31]);
        s.witness.nk = nk.to_field();
        let other = HolderSecrets {
            sk: s.secrets.sk.clone(),
            nk,
        };
        let fixed = &mut s.public.fixed;
        fixed.pseudonym = other.pseudonym(s.witness.id, fixed.bank);
        fixed.scope_tag = other.scope_tag(s.witness.id, fixed.scope);
    });
    // What the leaf holds instead of what is hashed.
    lies.violates("membership", |s| {
        s.witness.sk = small(AUTHORISING_KEY, &[s.witness.sk])
    });
    lies.violates("holder", |s| s.public.fixed.pseudonym += one);
    lies.violates("holder", |s| {
        s.public.fixed.pseudonym = s.public.fixed.scope_tag
    });
    lies.violates("holder", |s| s.public.fixed.bank += one);
    lies.violates("holder", |s| s.public.fixed.scope_tag += one);
    lies.violates("holder", |s| s.public.fixed.scope += one);
    lies.violates("holder", |s| s.public.fixed.disclosed_id = s.witness.id);
    lies.violates("holder", |s| s.public.numbers.disclose_id = true);
    let open = Lies::<F>::new(Q16, true);
    open.violates("holder", |s| s.public.fixed.disclosed_id = F::zero());
    open.violates("holder", |s| s.public.fixed.disclosed_id += one);
    open.violates("holder", |s| s.public.numbers.disclose_id = false);
}

#[test]
fn lies_about_the_holder_are_refused() {
    lies_about_the_holder::<ark_bn254::Fr>();
    lies_about_the_holder::<ark_bls12_381::Fr>();
}

/// Rule `atom` is hard, and nothing else matters.
fn only(numbers: &mut Numbers, atom: usize) {
    numbers.hard[atom] = true;
}

fn lies_about_atoms<F: Poseidon2Field>() {
    let lies = Lies::<F>::new(Q16, false);
    let linear = |threshold, min_periods| {
        move |n: &mut Numbers| {
            only(n, 0);
            let rule = &mut n.linear[0];
            rule.time[..2].copy_from_slice(&[1, 2]);
            rule.weight[0] = 3;
            (rule.threshold, rule.min_periods) = (threshold, min_periods);
        }
    };
    lies.turns(linear(1500, 0), linear(1501, 0));
    lies.turns(linear(1500, 5), linear(1500, 6));
    lies.turns(linear(-(1 << 85), 0), linear(1 << 85, 0));

    let counted = |threshold, at_least, min_periods| {
        move |n: &mut Numbers| {
            only(n, 6);
            let rule = &mut n.counted[0];
            rule.window[1..5].fill(true);
            rule.weight[0] = 2;
            (rule.threshold, rule.at_least, rule.min_periods) = (threshold, at_least, min_periods);
        }
    };
    lies.turns(counted(600, 3, 0), counted(600, 4, 0));
    lies.turns(counted(600, 3, 0), counted(601, 3, 0));
    lies.turns(counted(600, 3, 5), counted(600, 3, 6));
    lies.turns(counted(-(1 << 58), 4, 0), counted(1 << 58, 1, 0));
    lies.turns(counted(0, 0, 0), counted(0, 17, 0));

    let range = |attribute, low, high| {
        move |n: &mut Numbers| {
            only(n, 9);
            n.range[0] = RangeNumbers {
                attribute,
                low,
                high,
            };
        }
    };
    lies.turns(range(1, 7, 7), range(1, 8, 9));
    lies.turns(range(2, -4, -3), range(2, -9, -4));
    lies.turns(range(3, 0, 0), range(3, 1, 1 << 48));

    let set = |attribute, code, member| {
        move |n: &mut Numbers| {
            only(n, 13);
            let rule = &mut n.sets[0];
            (rule.attribute, rule.member) = (attribute, member);
            rule.codes[30] = code;
        }
    };
    lies.turns(set(1, 7, true), set(1, 8, true));
    lies.turns(set(1, 8, false), set(1, 7, false));
    lies.turns(set(1, 7, true), set(3, 7, true));
    lies.turns(set(1, 8, false), set(3, 8, false));
}

#[test]
fn lies_about_atoms_are_refused() {
    lies_about_atoms::<ark_bn254::Fr>();
    lies_about_atoms::<ark_bls12_381::Fr>();
}

/// Atoms 0 and 1 hold, atom 2 fails; 10 points for 0, 20 for 1, 40 for 2.
fn two_of_three(numbers: &mut Numbers) {
    numbers.linear[2].threshold = 1;
    numbers.points[..3].copy_from_slice(&[10, 20, 40]);
}

fn lies_about_the_verdict<F: Poseidon2Field>() {
    let lies = Lies::<F>::new(Q16, false);
    let hard = |atom: usize| {
        move |n: &mut Numbers| {
            two_of_three(n);
            n.hard[atom] = true;
        }
    };
    lies.turns(hard(1), hard(2));
    let cut_off = |points| {
        move |n: &mut Numbers| {
            two_of_three(n);
            n.cut_off = points;
        }
    };
    lies.turns(cut_off(30), cut_off(31));
    for group in 0..2 {
        let group = |at_least| {
            move |n: &mut Numbers| {
                two_of_three(n);
                let mut members = vec![false; n.shape.atoms()];
                members[..3].fill(true);
                n.groups[group] = GroupNumbers { members, at_least };
            }
        };
        lies.turns(group(2), group(3));
    }
    let points = |points| {
        move |n: &mut Numbers| {
            two_of_three(n);
            n.points[0] = points;
            n.cut_off = 30;
        }
    };
    lies.turns(points(10), points(9));
}

#[test]
fn lies_about_the_verdict_are_refused() {
    lies_about_the_verdict::<ark_bn254::Fr>();
    lies_about_the_verdict::<ark_bls12_381::Fr>();
}

/// The outcome is exactly what the consent lets out; no other integer is accepted.
fn lies_about_the_outcome<F: Poseidon2Field>() {
    let lies = Lies::<F>::new(Q16, false);
    let all = (1u64 << 16) - 1;
    for (fails, bits, told) in [
        (true, 0, 0),
        (true, all, 0b100 | 8 << 2),
        (true, 1 << 2, 8 << 2),
        (true, 1 << 1, 0),
        (true, 1 << 15, 0b100),
        (false, all, 0b101),
        (false, 0, 1),
    ] {
        let mut numbers = lies.honest.public.numbers.clone();
        two_of_three(&mut numbers);
        numbers.hard[2] = fails;
        numbers.bands = vec![29, 30, 31];
        let mut scenario = lies.honest.with_numbers(numbers);
        scenario.consent = Consent::from_bits(Q16, bits).unwrap();
        scenario.public.fixed.consent = F::from(bits);
        scenario.tell_the_truth();
        assert_eq!(scenario.outcome().bits(), told);
        assert_eq!(violations(&lies.matrices, scenario.clone()), [""; 0]);
        for flip in 0..19 {
            let mut lie = scenario.clone();
            lie.public.fixed.outcome = F::from(told ^ 1 << flip);
            assert_eq!(
                violations(&lies.matrices, lie),
                ["verdict"],
                "bit {flip} of {told:b}"
            );
        }
        for delta in [F::one(), -F::one(), F::one() / F::from(8u64)] {
            let mut lie = scenario.clone();
            lie.public.fixed.outcome += delta;
            assert_eq!(violations(&lies.matrices, lie), ["verdict"]);
        }
    }
    // The band is told right, one more or one less is not.
    for consent in [1 << 16, 1 << 17, u64::MAX] {
        lies.violates("verdict", |s| s.public.fixed.consent = F::from(consent));
    }
    lies.violates("verdict", |s| s.public.fixed.consent = -F::one());
}

#[test]
fn lies_about_the_outcome_are_refused() {
    lies_about_the_outcome::<ark_bn254::Fr>();
    lies_about_the_outcome::<ark_bls12_381::Fr>();
}

fn lies_about_the_card<F: Poseidon2Field>() {
    let lies = Lies::<F>::new(Q16S, false);
    // (100 + 200) / (100·2 − 199) = 300, or less with more below the line.
    let ratio = |threshold: i128, times: i32, min_periods| {
        move |n: &mut Numbers| {
            let variable = &mut n.card.as_mut().unwrap().ratios[9];
            variable.numerator.time[..2].fill(1);
            variable.numerator.weight[0] = 1;
            variable.denominator.time[0] = times;
            variable.denominator.weight[0] = 1;
            variable.denominator.constant = true;
            variable.min_periods = min_periods;
            variable.bins.thresholds = vec![threshold; BIN_THRESHOLDS];
            (variable.bins.base, variable.bins.missing) = (10, -1);
            variable.bins.steps[8] = 5;
            n.cut_off = 15;
        }
    };
    lies.turns(ratio(300, 0, 0), ratio(301, 0, 0));
    lies.turns(ratio(2, 1, 0), ratio(3, 1, 0));
    lies.turns(ratio(300, 0, 5), ratio(300, 0, 6));
    // A denominator of 1 − 100 turns the comparison round, and is missing.
    lies.turns(ratio(-1, 0, 0), ratio(-1, -1, 0));

    let attribute = |threshold: i128, missing_value| {
        move |n: &mut Numbers| {
            let variable = &mut n.card.as_mut().unwrap().attributes[5];
            variable.attribute = 1;
            variable.missing_value = missing_value;
            variable.bins.thresholds = vec![threshold; BIN_THRESHOLDS];
            variable.bins.missing = 4;
            variable.bins.steps[0] = 5;
            n.cut_off = 5;
        }
    };
    lies.turns(attribute(7, 8), attribute(8, 8));
    lies.turns(attribute(7, 6), attribute(7, 7));
}

#[test]
fn lies_about_the_card_are_refused() {
    lies_about_the_card::<ark_bn254::Fr>();
    lies_about_the_card::<ark_bls12_381::Fr>();
}
