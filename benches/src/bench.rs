//! `taxproof research bench`: provers and verifiers, measured alternately in one run.
//!
//! Every proof is verified before its time counts. Times are wall-clock; on a machine that others
//! use, only ratios of what ran alternately mean much, and the report says how busy it was.

mod circuit;
mod contestant;
mod csv;
mod energy;
mod floor;
mod html;
mod peer;
mod phases;
mod plots;
mod race;
mod report;
mod summary;
mod verification;
mod workload;

use ark_bls12_381::Bls12_381;
use ark_bn254::Bn254;
use ark_groth16::r1cs_to_qap::LibsnarkReduction;
use ark_groth16::{Groth16, prepare_verifying_key};
use taxproof_claims::curve::Curve;
use taxproof_claims::shape::Shape;
use taxproof_engine::Kernels;

use crate::claim::{ClaimError, PrepareError};
pub use contestant::KernelChoice;
use contestant::{Arkworks, Described, OurEngine};
use floor::Floor;
pub use peer::{NotAPeer, Peer};
pub use report::Report;
use report::{Circuit, Proving};
use workload::Workload;

/// What is measured.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Circuits of the statement.
    pub shapes: Vec<Shape>,
    /// Made-up circuits, each by the logarithm of its domain's size: 4 to 20.
    pub sizes: Vec<u32>,
    /// Over which curves.
    pub curves: Vec<Curve>,
    /// On how many threads.
    pub threads: Vec<usize>,
    /// What our prover's tables may take, in bytes.
    pub budgets: Vec<usize>,
    /// Which of our kernels; those that this processor has not are left out.
    pub kernels: Vec<KernelChoice>,
    /// Whether ark-groth16 takes part.
    pub arkworks: bool,
    /// Who else takes part.
    pub peers: Vec<Peer>,
    /// Timed runs of each contestant, after one that is reported apart.
    pub runs: usize,
    /// Sizes of batches of verifications.
    pub batches: Vec<usize>,
}

impl Plan {
    /// The first of the kernels that this processor has: those that are compared.
    fn first_kernels(&self) -> Option<(KernelChoice, Kernels)> {
        let mut has = self.kernels.iter();
        has.find_map(|choice| Some((*choice, choice.kernels()?)))
    }
}

/// Why nothing was measured.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BenchError {
    /// A proof does not verify: its prover is at fault, and no time of it counts.
    #[error("a proof of `{prover}` for {circuit} does not verify")]
    DoesNotVerify {
        /// Whose.
        prover: String,
        /// Of which circuit.
        circuit: String,
    },
    /// A peer's command failed.
    #[error("the peer `{name}` failed: {why}")]
    Peer {
        /// Whose.
        name: String,
        /// How.
        why: String,
    },
    /// A file of a peer could not be written or read.
    #[error("{0}")]
    Io(#[from] std::io::Error),
    /// The format of a peer's file cannot hold the circuit, or its proof is none.
    #[error(transparent)]
    Format(#[from] taxproof_interop::FormatError),
    /// The circuit could not be evaluated.
    #[error("the circuit could not be evaluated")]
    Synthesis(#[from] ark_relations::gr1cs::SynthesisError),
    /// The engine refused key or circuit: a mistake in this software.
    #[error(transparent)]
    Engine(#[from] taxproof_engine::groth16::Error),
    /// No statement could be made up.
    #[error(transparent)]
    Claim(#[from] ClaimError),
    /// The statement is none.
    #[error(transparent)]
    Statement(#[from] taxproof_circuits::StatementError),
    /// The policy cannot be prepared.
    #[error(transparent)]
    Prepare(#[from] PrepareError),
    /// The key could not be made.
    #[error(transparent)]
    Setup(#[from] taxproof_prover::setup::SetupError),
    /// A bank would refuse the key or a proof.
    #[error("the verifier refused: {0}")]
    Verifier(String),
    /// Threads could not be started.
    #[error(transparent)]
    Threads(#[from] rayon::ThreadPoolBuildError),
    /// A plot could not be drawn.
    #[error("a plot could not be drawn: {0}")]
    Plot(String),
}

/// Measures, telling what begins.
///
/// # Errors
/// A proof does not verify, or a contestant cannot take part.
pub fn run(plan: &Plan, begins: &mut dyn FnMut(&str)) -> Result<Report, BenchError> {
    let mut report = Report::new(
        plan.runs,
        plan.first_kernels().map(|(choice, _)| Floor::of(choice)),
    );
    for curve in &plan.curves {
        match curve {
            Curve::Bn254 => run_over::<Bn254>(plan, &mut report, begins)?,
            Curve::Bls12_381 => run_over::<Bls12_381>(plan, &mut report, begins)?,
        }
    }
    report.finish();
    Ok(report)
}

fn run_over<E: OurEngine>(
    plan: &Plan,
    report: &mut Report,
    begins: &mut dyn FnMut(&str),
) -> Result<(), BenchError>
where
    E::ScalarField: taxproof_engine::poseidon2::Poseidon2Field,
{
    for &log in &plan.sizes {
        begins(&format!("making 2^{log} over {}", E::CURVE));
        measure(plan, &Workload::<E>::synthetic(log)?, report, begins)?;
    }
    for &shape in &plan.shapes {
        begins(&format!("making {shape} over {}", E::CURVE));
        measure(plan, &Workload::<E>::statement(shape)?, report, begins)?;
    }
    Ok(())
}

fn measure<E: OurEngine>(
    plan: &Plan,
    workload: &Workload<E>,
    report: &mut Report,
    begins: &mut dyn FnMut(&str),
) -> Result<(), BenchError>
where
    E::ScalarField: taxproof_engine::poseidon2::Poseidon2Field,
{
    let mut contestants = contestants(plan, workload)?;
    report.circuits.push(workload.describe());
    let prepared = prepare_verifying_key(&workload.key.vk);
    let verifies = |proof: &ark_groth16::Proof<E>| {
        Groth16::<E, LibsnarkReduction>::verify_proof(&prepared, proof, workload.inputs())
            == Ok(true)
    };
    for &threads in &plan.threads {
        begins(&format!("proving {} on {threads} threads", workload.name));
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()?;
        let race = || race::run(&mut contestants, threads, plan.runs, &verifies);
        let times = pool
            .install(race)
            .map_err(|error| error.of(&workload.name))?;
        for (described, times) in contestants.iter().zip(times) {
            report
                .proofs
                .push(Proving::new(workload, described, threads, times));
        }
        let floor = report.floor;
        let phases = pool.install(|| E::phases(workload, plan, threads, floor))?;
        report.phases.extend(phases);
        if let Some(bank) = &workload.bank {
            begins(&format!("verifying {}", workload.name));
            let measured = pool.install(|| verification::measure(workload, bank, plan, threads))?;
            report.verifications.extend(measured);
        }
    }
    Ok(())
}

fn contestants<E: OurEngine>(
    plan: &Plan,
    workload: &Workload<E>,
) -> Result<Vec<Described<E>>, BenchError> {
    let mut contestants = Vec::new();
    for &kernels in &plan.kernels {
        for &budget in &plan.budgets {
            contestants.extend(E::engine(workload, kernels, budget)?);
        }
    }
    if plan.arkworks {
        contestants.push(Arkworks::described(workload));
    }
    for peer in &plan.peers {
        contestants.push(peer.described(workload)?);
    }
    Ok(contestants)
}
