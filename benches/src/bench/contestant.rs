//! Who proves: our engine and ark-groth16 in this process, peers in their own.

use std::fmt;
use std::str::FromStr;
use std::time::{Duration, Instant};

use ark_bls12_381::Bls12_381;
use ark_bn254::{Bn254, Fr};
use ark_ff::UniformRand;
use ark_groth16::r1cs_to_qap::LibsnarkReduction;
use ark_groth16::{Groth16, Proof, ProvingKey};
use ark_relations::gr1cs::Matrix;
use rand::rngs::OsRng;
use taxproof_claims::curve::NamedPairing;
use taxproof_engine::Kernels;
use taxproof_engine::groth16::Prover;
use taxproof_engine::msm::Budget;
use taxproof_interop::SnarkjsCurve;

use super::floor::Floor;
use super::report::Phase;
use super::workload::Workload;
use super::{BenchError, Plan, phases};

/// One that proves a workload's assignment.
pub(super) trait Contestant<E: NamedPairing>: Send {
    /// Proves, on so many threads, and says how long that took.
    fn prove(&mut self, threads: usize) -> Result<Made<E>, BenchError>;
}

/// A proof that was made.
pub(super) struct Made<E: NamedPairing> {
    pub(super) proof: Proof<E>,
    pub(super) time: Duration,
    /// The most memory that a process of its own took, in bytes.
    pub(super) peak: Option<u64>,
}

/// A contestant, and what a report says of it.
pub(super) struct Described<E: NamedPairing> {
    pub(super) prover: String,
    pub(super) kernels: Option<KernelChoice>,
    pub(super) budget: Option<usize>,
    /// What points and tables take, in bytes.
    pub(super) tables: Option<usize>,
    /// How long it took to make them.
    pub(super) preparation: Option<Duration>,
    pub(super) contestant: Box<dyn Contestant<E>>,
}

/// Which of the engine's kernels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum KernelChoice {
    /// AVX512-IFMA.
    Ifma,
    /// AVX2.
    Avx2,
    /// On every processor.
    Portable,
}

impl KernelChoice {
    /// All, the fastest first.
    pub const ALL: [Self; 3] = [Self::Ifma, Self::Avx2, Self::Portable];

    /// The kernels, where this processor has them.
    pub(super) fn kernels(self) -> Option<Kernels> {
        match self {
            Self::Ifma => Kernels::ifma(),
            Self::Avx2 => Kernels::avx2(),
            Self::Portable => Some(Kernels::portable()),
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Ifma => "ifma",
            Self::Avx2 => "avx2",
            Self::Portable => "portable",
        }
    }
}

impl fmt::Display for KernelChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for KernelChoice {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|kernels| kernels.name() == name)
            .ok_or_else(|| format!("`{name}` is not one of `ifma`, `avx2` and `portable`"))
    }
}

/// A curve that our engine may prove over.
pub(super) trait OurEngine: NamedPairing + SnarkjsCurve {
    /// Our prover with a key's tables; none where engine or processor lacks what it needs.
    fn engine(
        workload: &Workload<Self>,
        kernels: KernelChoice,
        budget: usize,
    ) -> Result<Option<Described<Self>>, BenchError>;

    /// How long each part of a proof of ours takes alone.
    fn phases(
        workload: &Workload<Self>,
        plan: &Plan,
        threads: usize,
        floor: Option<Floor>,
    ) -> Result<Vec<Phase>, BenchError>;
}

impl OurEngine for Bn254 {
    fn engine(
        workload: &Workload<Self>,
        kernels: KernelChoice,
        budget: usize,
    ) -> Result<Option<Described<Self>>, BenchError> {
        let Some(available) = kernels.kernels() else {
            return Ok(None);
        };
        let start = Instant::now();
        let prover = Prover::new(&workload.key, &workload.matrices, Budget(budget), available)?;
        Ok(Some(Described {
            prover: "taxproof".to_owned(),
            kernels: Some(kernels),
            budget: Some(budget),
            tables: Some(prover.memory()),
            preparation: Some(start.elapsed()),
            contestant: Box::new(Engine {
                prover,
                assignment: workload.assignment.clone(),
            }),
        }))
    }

    fn phases(
        workload: &Workload<Self>,
        plan: &Plan,
        threads: usize,
        floor: Option<Floor>,
    ) -> Result<Vec<Phase>, BenchError> {
        phases::measure(workload, plan, threads, floor)
    }
}

/// The engine has no lanes for this curve.
impl OurEngine for Bls12_381 {
    fn engine(
        _: &Workload<Self>,
        _: KernelChoice,
        _: usize,
    ) -> Result<Option<Described<Self>>, BenchError> {
        Ok(None)
    }

    fn phases(
        _: &Workload<Self>,
        _: &Plan,
        _: usize,
        _: Option<Floor>,
    ) -> Result<Vec<Phase>, BenchError> {
        Ok(Vec::new())
    }
}

/// Our engine.
pub(super) struct Engine {
    prover: Prover,
    assignment: Vec<Fr>,
}

impl Contestant<Bn254> for Engine {
    fn prove(&mut self, _: usize) -> Result<Made<Bn254>, BenchError> {
        let start = Instant::now();
        let [r, s] = [(); 2].map(|()| Fr::rand(&mut OsRng));
        let proof = self.prover.prove(&self.assignment, r, s)?;
        Ok(Made {
            proof,
            time: start.elapsed(),
            peak: None,
        })
    }
}

/// ark-groth16 with matrices made beforehand, which is its fastest way.
pub(super) struct Arkworks<E: NamedPairing> {
    key: ProvingKey<E>,
    matrices: [Matrix<E::ScalarField>; 3],
    assignment: Vec<E::ScalarField>,
}

impl<E: NamedPairing> Arkworks<E> {
    pub(super) fn described(workload: &Workload<E>) -> Described<E> {
        Described {
            prover: "ark-groth16".to_owned(),
            kernels: None,
            budget: None,
            tables: None,
            preparation: None,
            contestant: Box::new(Self {
                key: workload.key.clone(),
                matrices: workload.matrices.clone(),
                assignment: workload.assignment.clone(),
            }),
        }
    }
}

impl<E: NamedPairing> Contestant<E> for Arkworks<E> {
    fn prove(&mut self, _: usize) -> Result<Made<E>, BenchError> {
        let start = Instant::now();
        let [r, s] = [(); 2].map(|()| E::ScalarField::rand(&mut OsRng));
        let proof = Groth16::<E, LibsnarkReduction>::create_proof_with_reduction_and_matrices(
            &self.key,
            r,
            s,
            &self.matrices,
            self.key.vk.gamma_abc_g1.len(),
            self.matrices[0].len(),
            &self.assignment,
        )?;
        Ok(Made {
            proof,
            time: start.elapsed(),
            peak: None,
        })
    }
}
