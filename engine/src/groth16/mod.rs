//! Groth16 proofs over BN254, the same as those of ark-groth16 for the same randomness.
//!
//! A [`Prover`] holds a proving key in the form that multiplies fastest, and the matrices. It does
//! not check its key: a proof by a wrong key does not verify. [`Prover::write`] keeps it in a file
//! that [`Prover::map`] proves from where it lies.
//!
//! # Caution!
//! Time and memory accesses depend on the witness, as they do in ark-groth16.

mod matrix;
mod prepared;
mod quotient;

use std::sync::Arc;

use ark_bn254::{Bn254, Fr, G1Affine, G1Projective, G2Affine, G2Projective};
use ark_ec::CurveGroup;
use ark_groth16::{Proof, ProvingKey, VerifyingKey};
use ark_poly::{EvaluationDomain, Radix2EvaluationDomain};
use ark_relations::utils::matrix::Matrix;

use self::matrix::SparseMatrix;
use self::quotient::Quotient;
use crate::kernels::{Kernels, Path};
use crate::lanes::Portable;
#[cfg(target_arch = "x86_64")]
use crate::lanes::{Avx2, Ifma};
use crate::msm::{Budget, Curve, FixedBases, Plan};

/// What does not fit together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error {
    /// The matrices are not three of the same height, or name variables that the key has not: the
    /// caller took those of another circuit.
    Matrices,
    /// The key's parts differ in length: the key is damaged.
    Key,
    /// The circuit has more than 2^28 constraints and inputs.
    TooLarge,
    /// The assignment has not one value for each variable: the caller took another circuit's.
    Assignment,
}

impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Matrices => "the matrices are not those of the key's circuit",
            Self::Key => "the parts of the proving key differ in length",
            Self::TooLarge => "the circuit is larger than any domain",
            Self::Assignment => "the assignment has not one value for each variable",
        })
    }
}

impl std::error::Error for Error {}

/// A circuit's matrices, and what divides by its vanishing polynomial.
///
/// The division is that of libsnark's reduction, `ark_groth16::r1cs_to_qap::LibsnarkReduction`.
#[derive(Debug, Clone)]
pub struct WitnessMap {
    matrices: Arc<[SparseMatrix; 3]>,
    inputs: usize,
    variables: usize,
    quotient: Arc<AnyQuotient>,
}

#[derive(Debug)]
enum AnyQuotient {
    Portable(Quotient<Portable>),
    #[cfg(target_arch = "x86_64")]
    Avx2(Quotient<Avx2>),
    #[cfg(target_arch = "x86_64")]
    Ifma(Quotient<Ifma>),
}

impl WitnessMap {
    /// Copies the matrices A, B and C of a circuit with `inputs` public variables, the constant
    /// among them, out of `variables` in all.
    ///
    /// # Errors
    /// [`Error::Matrices`] and [`Error::TooLarge`].
    pub fn new(
        matrices: &[Matrix<Fr>],
        inputs: usize,
        variables: usize,
        kernels: Kernels,
    ) -> Result<Self, Error> {
        let [a, b, c] = matrices else {
            return Err(Error::Matrices);
        };
        if a.len() != b.len() || a.len() != c.len() || inputs > variables {
            return Err(Error::Matrices);
        }
        let copy = |matrix| SparseMatrix::new(matrix, variables).ok_or(Error::Matrices);
        Self::of([copy(a)?, copy(b)?, copy(c)?], inputs, variables, kernels)
    }

    fn of(
        matrices: [SparseMatrix; 3],
        inputs: usize,
        variables: usize,
        kernels: Kernels,
    ) -> Result<Self, Error> {
        let domain = Radix2EvaluationDomain::new(matrices[0].height() + inputs);
        let domain = domain.ok_or(Error::TooLarge)?;
        Ok(Self {
            matrices: Arc::new(matrices),
            inputs,
            variables,
            quotient: Arc::new(match kernels.0 {
                Path::Portable(lanes) => AnyQuotient::Portable(Quotient::new(lanes, domain)),
                #[cfg(target_arch = "x86_64")]
                Path::Avx2(lanes) => AnyQuotient::Avx2(Quotient::new(lanes, domain)),
                #[cfg(target_arch = "x86_64")]
                Path::Ifma(lanes) => AnyQuotient::Ifma(Quotient::new(lanes, domain)),
            }),
        })
    }

    /// The coefficients of the quotient H for the values of all variables, public ones first.
    ///
    /// # Errors
    /// [`Error::Assignment`].
    pub fn quotient(&self, assignment: &[Fr]) -> Result<Vec<Fr>, Error> {
        if assignment.len() != self.variables {
            return Err(Error::Assignment);
        }
        let [a, b, c] = &*self.matrices;
        let mut values = [a, b, c].map(|matrix| matrix.multiply(assignment));
        values[0].extend_from_slice(&assignment[..self.inputs]);
        Ok(match &*self.quotient {
            AnyQuotient::Portable(quotient) => quotient.divide(values),
            #[cfg(target_arch = "x86_64")]
            AnyQuotient::Avx2(quotient) => quotient.divide(values),
            #[cfg(target_arch = "x86_64")]
            AnyQuotient::Ifma(quotient) => quotient.divide(values),
        })
    }
}

/// A proving key ready to prove with.
#[derive(Debug)]
pub struct Prover {
    map: WitnessMap,
    a: Query<G1Affine>,
    b_g1: Query<G1Affine>,
    b_g2: Query<G2Affine>,
    h: FixedBases<G1Affine>,
    l: FixedBases<G1Affine>,
    delta_g1: G1Affine,
    vk: VerifyingKey<Bn254>,
    budget: Budget,
    kernels: Kernels,
}

/// A budget for several sets of points, in proportion to their sizes.
struct Shares {
    budget: Budget,
    /// Pairs of all sets together.
    pairs: usize,
}

impl Shares {
    fn of(&self, pairs: usize) -> Budget {
        let share = self.budget.0 as u128 * pairs as u128 / self.pairs.max(1) as u128;
        Budget(share as usize)
    }
}

/// The points of a query, and those of the terms that every proof has.
#[derive(Debug)]
struct Query<G: Curve> {
    bases: FixedBases<G>,
    /// The query's point of the constant, and alpha or beta.
    constant: G::Group,
    delta: G,
}

impl<G: Curve> Query<G> {
    fn new(query: &[G], parameter: G, delta: G, budget: Budget, kernels: Kernels) -> Option<Self> {
        let (first, rest) = query.split_first()?;
        Some(Self {
            bases: FixedBases::new(rest, budget, kernels),
            constant: parameter + *first,
            delta,
        })
    }

    fn with_budget(&self, shares: &Shares) -> Self {
        Self {
            bases: self.bases.with_budget(shares.of(self.bases.pairs())),
            ..*self
        }
    }

    /// The sum, blinded.
    fn evaluate(&self, plan: &Plan, blinding: Fr) -> G::Group {
        self.bases.msm_planned(plan) + self.constant + self.delta * blinding
    }
}

impl Prover {
    /// Prepares a key and the matrices A, B and C of its circuit. The budget is for all tables
    /// together.
    ///
    /// # Errors
    /// [`Error::Key`], [`Error::Matrices`] and [`Error::TooLarge`].
    pub fn new(
        key: &ProvingKey<Bn254>,
        matrices: &[Matrix<Fr>],
        budget: Budget,
        kernels: Kernels,
    ) -> Result<Self, Error> {
        let (inputs, variables) = (key.vk.gamma_abc_g1.len(), key.a_query.len());
        let lengths = [key.b_g1_query.len(), key.b_g2_query.len()];
        if lengths != [variables; 2] || inputs == 0 || key.l_query.len() + inputs != variables {
            return Err(Error::Key);
        }
        let map = WitnessMap::new(matrices, inputs, variables, kernels)?;
        // A point of G2 takes as much memory as two of G1.
        let shares = Shares {
            budget,
            pairs: 4 * variables + key.h_query.len() + key.l_query.len(),
        };
        let bases = |points: &[G1Affine]| FixedBases::new(points, shares.of(points.len()), kernels);
        let query = |points: &[G1Affine], parameter| {
            let budget = shares.of(points.len());
            Query::new(points, parameter, key.delta_g1, budget, kernels).ok_or(Error::Key)
        };
        Ok(Self {
            map,
            a: query(&key.a_query, key.vk.alpha_g1)?,
            b_g1: query(&key.b_g1_query, key.beta_g1)?,
            b_g2: Query::new(
                &key.b_g2_query,
                key.vk.beta_g2,
                key.vk.delta_g2,
                shares.of(2 * variables),
                kernels,
            )
            .ok_or(Error::Key)?,
            h: bases(&key.h_query),
            l: bases(&key.l_query),
            delta_g1: key.delta_g1,
            vk: key.vk.clone(),
            budget,
            kernels,
        })
    }

    /// The same key with tables of another size.
    pub fn with_budget(&self, budget: Budget) -> Self {
        let pairs = [&self.a.bases, &self.b_g1.bases, &self.h, &self.l].map(FixedBases::pairs);
        let shares = Shares {
            budget,
            pairs: pairs.iter().sum::<usize>() + self.b_g2.bases.pairs(),
        };
        Self {
            map: self.map.clone(),
            a: self.a.with_budget(&shares),
            b_g1: self.b_g1.with_budget(&shares),
            b_g2: self.b_g2.with_budget(&shares),
            h: self.h.with_budget(shares.of(self.h.pairs())),
            l: self.l.with_budget(shares.of(self.l.pairs())),
            delta_g1: self.delta_g1,
            vk: self.vk.clone(),
            budget,
            kernels: self.kernels,
        }
    }

    /// What the tables were made to fit in.
    pub const fn budget(&self) -> Budget {
        self.budget
    }

    /// The verifying key that the proving key holds.
    pub const fn verifying_key(&self) -> &VerifyingKey<Bn254> {
        &self.vk
    }

    /// Proves, with the values of all variables, public ones first, and the randomness r and s of
    /// the paper. The proof is zero-knowledge only if these are uniform, secret and used once.
    ///
    /// # Errors
    /// [`Error::Assignment`].
    pub fn prove(&self, assignment: &[Fr], r: Fr, s: Fr) -> Result<Proof<Bn254>, Error> {
        if assignment.len() != self.map.variables {
            return Err(Error::Assignment);
        }
        let variables = &assignment[1..];
        let private = &assignment[self.map.inputs..];
        let ((a, (b_g1, b_g2)), (h, l)) = rayon::join(
            || self.evaluate_queries(variables, r, s),
            || {
                rayon::join(
                    || self.map.quotient(assignment).map(|h| self.h.msm(&h)),
                    || self.l.msm(private),
                )
            },
        );
        let c: G1Projective = a * s + b_g1 * r - self.delta_g1 * (r * s) + l + h?;
        Ok(assemble(a, b_g2, c))
    }

    /// A, and B in both groups. The terms of B in both are the same, and often those of A too.
    fn evaluate_queries(
        &self,
        variables: &[Fr],
        r: Fr,
        s: Fr,
    ) -> (G1Projective, (G1Projective, G2Projective)) {
        let plan = self.b_g2.bases.plan(variables);
        let evaluate = |query: &Query<G1Affine>, blinding| {
            if query.bases.shares_plans_with(&self.b_g2.bases) {
                query.evaluate(&plan, blinding)
            } else {
                query.evaluate(&query.bases.plan(variables), blinding)
            }
        };
        rayon::join(
            || evaluate(&self.a, r),
            || rayon::join(|| evaluate(&self.b_g1, s), || self.b_g2.evaluate(&plan, s)),
        )
    }

    /// The bytes that the key's points and their tables take.
    pub fn memory(&self) -> usize {
        [&self.a.bases, &self.b_g1.bases, &self.h, &self.l]
            .map(FixedBases::memory)
            .iter()
            .sum::<usize>()
            + self.b_g2.bases.memory()
    }
}

fn assemble(a: G1Projective, b: G2Projective, c: G1Projective) -> Proof<Bn254> {
    let g1 = G1Projective::normalize_batch(&[a, c]);
    Proof {
        a: g1[0],
        b: b.into_affine(),
        c: g1[1],
    }
}
