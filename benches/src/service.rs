//! `taxproof research service`: a bank's service, loaded from outside.
//!
//! The service is a process of its own, reached over TCP; the load is this process. Both share the
//! machine's cores, so each figure comes with what the service itself used of them. Every
//! presentation that counts is another one, answers a request of its own, and was decided: its
//! receipt is on the disk. Its proof is made by the trapdoor of a key for development (`forger`).

mod applicants;
mod bank;
mod figures;
mod forger;
mod load;
mod process;
mod report;
mod summary;
mod tls;
mod unread;
mod verification;
mod wire;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use prost::Message as _;
use prost::bytes::Bytes;
use taxproof_claims::shape::Shape;
use taxproof_proto::v1::presentation_result::Result as Outcome;
use taxproof_proto::v1::{SubmitPresentationResponse, SubmitPresentationsResponse, Verdict};
use tonic::Code;

use crate::machine::Machine;
use bank::MadeUp;
use figures::{Batches, Closed, Open, milliseconds};
use load::{Fate, Load, Meter, Pool, Sample, Target};
use process::{Process, Program, WINDOW};
pub use report::Report;
use report::{Hello, Memory};
use tls::Clients;
use wire::{Answer, Connection};

/// What is measured, and for how long.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The service's program, started with `--config FILE`; where none is named, the
    /// `taxproof-verifier` beside this program, and where there is none, this program's
    /// `bank serve`, which is the same service.
    pub program: Option<PathBuf>,
    /// The folder for the service's files; the system's for temporary ones if none is named. How
    /// fast its disk is matters.
    pub place: Option<PathBuf>,
    /// An empty PostgreSQL database instead of a SQLite file: `postgres://user@host/name`.
    pub database: Option<String>,
    /// How many presentations are made beforehand. A load ends early where they are used up.
    pub presentations: usize,
    /// How long each load goes on.
    pub time: Duration,
    /// Loads at the peak and as many beyond it, half as long, in turn; at least one.
    pub rounds: usize,
    /// Callers at once in closed loops.
    pub in_flight: Vec<usize>,
    /// Presentations in a batch.
    pub batch: usize,
    /// Connections that read nothing.
    pub slow_readers: usize,
    /// Whether the load comes over mutual TLS, as between machines.
    pub tls: bool,
}

/// Why nothing was measured.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServiceError {
    /// A program could not be started, or ended by itself.
    #[error("`{path}` does not serve: {1}", path = .0.display())]
    Program(PathBuf, String),
    /// A file, a socket or a process.
    #[error(transparent)]
    Io(#[from] std::io::Error),
    /// A call broke.
    #[error("a call broke: {0}")]
    Call(#[from] h2::Error),
    /// The service answered something else than was expected.
    #[error("a call was answered with {0:?}")]
    Answer(Code),
    /// A presentation that is valid was not found to be.
    #[error("a valid presentation did not pass")]
    Verdict,
    /// There were too few presentations for the load.
    #[error("too few presentations were made for this load: name more with `--presentations`")]
    TooFew,
    /// This software pins no circuit of the shape.
    #[error("the shape {0} has no pinned circuit")]
    NotPinned(Shape),
    /// Certificates could not be made.
    #[error(transparent)]
    Certificate(#[from] rcgen::Error),
    /// They could not be read.
    #[error(transparent)]
    Pem(#[from] tokio_rustls::rustls::pki_types::pem::Error),
    /// They could not be used.
    #[error(transparent)]
    Tls(#[from] tokio_rustls::rustls::Error),
    /// The policy is none.
    #[error(transparent)]
    Policy(#[from] taxproof_claims::policy::PolicyErrors),
    /// The policy has parameters.
    #[error(transparent)]
    Parameters(#[from] taxproof_claims::policy::ParameterError),
    /// The policy does not compile.
    #[error(transparent)]
    Compile(#[from] taxproof_claims::policy::CompileError),
    /// The operating system has no randomness to give.
    #[error(transparent)]
    Signature(#[from] taxproof_claims::signature::SignatureError),
    /// A presentation could not be encrypted.
    #[error(transparent)]
    Seal(#[from] taxproof_prover::seal::SealError),
    /// The bank's folder could not be made.
    #[error(transparent)]
    Folder(#[from] taxproof_verifier::config::ConfigError),
    /// The configuration could not be changed.
    #[error(transparent)]
    Read(#[from] toml::de::Error),
    /// The configuration could not be changed.
    #[error(transparent)]
    Write(#[from] toml::ser::Error),
    /// The bank's database.
    #[error(transparent)]
    Store(#[from] taxproof_verifier::store::StoreError),
    /// The bank refused to be set up.
    #[error(transparent)]
    Refused(#[from] taxproof_verifier::bank::Refusal),
    /// The bank does not trust its epoch.
    #[error(transparent)]
    Epoch(#[from] taxproof_verifier::epoch::UntrustedEpoch),
    /// The key is not admitted.
    #[error(transparent)]
    Key(#[from] taxproof_verifier::key::KeyRefused),
    /// The policy cannot be prepared.
    #[error(transparent)]
    Prepare(#[from] taxproof_verifier::prepared::CannotPrepare),
    /// The policy is another one than was prepared.
    #[error(transparent)]
    Numbers(#[from] taxproof_verifier::prepared::OtherNumbers),
    /// A proof's points are none.
    #[error(transparent)]
    Proof(#[from] taxproof_verifier::proof::NotAProof),
}

/// Measures, telling what begins.
///
/// # Errors
/// The service cannot be started, or answers what it should not.
pub fn run(plan: &Plan, begins: &mut dyn FnMut(&str)) -> Result<Report, ServiceError> {
    let machine = Machine::look();
    begins("making requests");
    let database = plan.database.as_deref();
    let bank = MadeUp::new(plan.place.as_deref(), database, plan.presentations)?;
    let tls = match plan.tls {
        true => Some(bank.secure()?),
        false => None,
    };
    begins("making presentations");
    let answers = applicants::answer(&bank)?;
    let pool = Pool::new(applicants::submissions(&bank.recipient, &answers)?);
    begins("verifying without a service");
    let some = &answers[..answers.len().min(plan.batch)];
    let verification = verification::measure(&bank, some, plan.time)?;
    // One thread makes the load, so that it takes little from the service's cores.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let measured = runtime.block_on(measure(plan, &bank, tls, &pool, begins))?;
    begins("saying hello");
    let hello = runtime.block_on(hello(plan, bank.outside()))?;
    let Measured {
        program,
        startup_ms,
        memory,
        singles,
        peak,
        batches,
        steady,
        overload,
    } = measured;
    let mut machine = machine;
    machine.look_again();
    Ok(Report {
        machine,
        binary_bytes: program.size()?,
        program: program.name,
        store: database.map_or("SQLite", |_| "PostgreSQL"),
        tls: plan.tls,
        startup_ms,
        memory,
        single_of_verification: verification.single_busy_cpu_ms / peak.server_cpu_ms_each,
        batch_of_verification: verification.single_busy_cpu_ms / batches.server_cpu_ms_each,
        verification,
        singles,
        peak,
        batches,
        steady,
        overload,
        hello,
    })
}

/// What was measured of the service.
struct Measured {
    program: Program,
    startup_ms: f64,
    memory: Memory,
    singles: Vec<Closed>,
    peak: Closed,
    batches: Batches,
    steady: Open,
    overload: Open,
}

async fn measure(
    plan: &Plan,
    bank: &MadeUp,
    tls: Option<Clients>,
    pool: &Arc<Pool>,
    begins: &mut dyn FnMut(&str),
) -> Result<Measured, ServiceError> {
    begins("starting the service");
    let program = Program::of_bank(plan.program.as_deref(), &bank.folder(), tls)?;
    let (process, startup_ms) = started(&program, &bank.outside().join("log")).await?;
    let idle_bytes = process.usage()?.resident;
    let singles = singles(plan, &process, pool, begins).await?;
    let best = singles
        .iter()
        .max_by(|a, b| a.per_second.total_cmp(&b.per_second));
    let peak = best.ok_or(ServiceError::TooFew)?.clone();
    begins("batches");
    let batches = batches(plan, &process, pool, &peak).await?;
    let target = Target::new(&process, CONNECTIONS, SUBMIT, passed).await?;
    begins("an open loop at half the peak");
    let rate = peak.per_second / 2.0;
    let share = pool.left() / (1 + 2 * plan.rounds);
    let some = Pool::new(pool.take_many(share));
    let steady = load::open(&process, &target, &some, rate, plan.time).await?;
    pool.put_all_back(some.take_many(usize::MAX));
    begins("the peak and open loops at ten times its rate, in turn");
    let overload = overload(plan, &process, &target, pool, &peak).await?;
    let peak_bytes = process.usage()?.peak;
    begins("slow readers");
    let slow_readers = unread::measure(&process, plan.slow_readers).await?;
    Ok(Measured {
        program,
        startup_ms,
        memory: Memory {
            idle_bytes,
            peak_bytes,
            slow_readers,
        },
        steady: Open::new(&[steady], &peak, target.streams()),
        overload,
        singles,
        peak,
        batches,
    })
}

/// A server, and the median of the times that it took to start.
async fn started(program: &Program, log: &Path) -> Result<(Process, f64), ServiceError> {
    let mut process = Process::start(program, log).await?;
    let mut times = vec![process.began_in];
    for _ in 1..STARTS {
        drop(process);
        process = Process::start(program, log).await?;
        times.push(process.began_in);
    }
    times.sort_unstable();
    Ok((process, milliseconds(times[STARTS / 2])))
}

/// Closed loops of single calls, with a share of the presentations each.
async fn singles(
    plan: &Plan,
    process: &Process,
    pool: &Arc<Pool>,
    begins: &mut dyn FnMut(&str),
) -> Result<Vec<Closed>, ServiceError> {
    let target = Target::new(process, CONNECTIONS, SUBMIT, passed).await?;
    // The rest is for batches and open loops.
    let share = pool.left() / (plan.in_flight.len() + 3);
    let mut singles = Vec::new();
    for &callers in &plan.in_flight {
        begins(&format!("single calls, {callers} in flight"));
        let share = Pool::new(pool.take_many(share));
        let load = load::closed(process, &target, &share, callers, plan.time).await?;
        pool.put_all_back(share.take_many(usize::MAX));
        singles.push(Closed::new(callers, &[load]));
    }
    Ok(singles)
}

/// Closed loops at the peak and open ones at ten times its rate, in turn: what else the machine does
/// weighs on both.
async fn overload(
    plan: &Plan,
    process: &Process,
    target: &Arc<Target>,
    pool: &Arc<Pool>,
    peak: &Closed,
) -> Result<Open, ServiceError> {
    let share = pool.left() / (2 * plan.rounds);
    // With fewer, all would be on their way at once.
    if share < target.streams() {
        return Err(ServiceError::TooFew);
    }
    let (time, rate) = (plan.time / 2, peak.per_second * 10.0);
    let (mut peaks, mut overloads) = (Vec::new(), Vec::new());
    for _ in 0..plan.rounds {
        let some = Pool::new(pool.take_many(share));
        peaks.push(load::closed(process, target, &some, peak.in_flight, time).await?);
        pool.put_all_back(some.take_many(usize::MAX));
        let some = Pool::new(pool.take_many(share));
        overloads.push(load::open(process, target, &some, rate, time).await?);
        pool.put_all_back(some.take_many(usize::MAX));
    }
    let peak = Closed::new(peak.in_flight, &peaks);
    Ok(Open::new(&overloads, &peak, target.streams()))
}

/// Twice as many batches at once as the service verifies, over as many connections: some come in while
/// others are verified.
async fn batches(
    plan: &Plan,
    process: &Process,
    pool: &Arc<Pool>,
    peak: &Closed,
) -> Result<Batches, ServiceError> {
    let at_once = 2 * taxproof_verifier::limits::BATCHES;
    let most = (pool.left() / 3 / plan.batch).max(at_once);
    let mut connections = Vec::new();
    for _ in 0..at_once {
        connections.push(Connection::open(&process.server, 1, WINDOW).await?);
    }
    let meter = Meter::begin(process)?;
    let mut calling = tokio::task::JoinSet::new();
    for (caller, connection) in connections.into_iter().enumerate() {
        let (pool, size, time) = (Arc::clone(pool), plan.batch, plan.time);
        let share = (most + caller) / at_once;
        let begin = meter.begin;
        calling.spawn(async move {
            let mut samples = Vec::new();
            while samples.len() < share && (samples.is_empty() || begin.elapsed() < time) {
                let messages = pool.take_many(size);
                let called = begin.elapsed();
                let fate = batch(&connection, messages, size).await?;
                let end = begin.elapsed();
                let took = end.saturating_sub(called);
                samples.push(Sample {
                    end,
                    took,
                    sent: took,
                    fate,
                });
            }
            Ok::<_, ServiceError>(samples)
        });
    }
    let mut samples = Vec::new();
    while let Some(some) = calling.join_next().await {
        samples.extend(some.map_err(std::io::Error::other)??);
    }
    let offered = samples.len() as u64;
    let load: Load = meter.end(samples, offered)?;
    Ok(Batches::new(plan.batch, at_once, &load, peak))
}

async fn batch(
    connection: &Connection,
    messages: Vec<Bytes>,
    size: usize,
) -> Result<Fate, ServiceError> {
    if messages.len() < size {
        return Err(ServiceError::TooFew);
    }
    let answer = connection.call(SUBMIT_ALL, messages).await?;
    if answer.code != Code::Ok {
        return Err(ServiceError::Answer(answer.code));
    }
    match all_passed(&answer, size) {
        true => Ok(Fate::Served),
        false => Err(ServiceError::Verdict),
    }
}

/// A plain server under the same closed loop; `None` where it was not built.
async fn hello(plan: &Plan, outside: &Path) -> Result<Option<Hello>, ServiceError> {
    let Some(program) = Program::hello()? else {
        return Ok(None);
    };
    let (process, startup_ms) = started(&program, &outside.join("hello.log")).await?;
    let idle_bytes = process.usage()?.resident;
    let greeted = |answer: &Answer| answer.body().ends_with(b"Hello taxproof!");
    let target = Target::new(&process, CONNECTIONS, HELLO, greeted).await?;
    let callers = plan.in_flight.iter().copied().max().unwrap_or(1);
    // hello.HelloRequest { name: "taxproof" }
    let message = Bytes::from_static(b"\0\0\0\0\x0a\x0a\x08taxproof");
    let pool = Pool::new(vec![message; GREETINGS]);
    let load = load::closed(&process, &target, &pool, callers, plan.time).await?;
    Ok(Some(Hello {
        binary_bytes: program.size()?,
        startup_ms,
        idle_bytes,
        peak_bytes: process.usage()?.peak,
        calls: Closed::new(callers, &[load]),
    }))
}

fn passed(answer: &Answer) -> bool {
    let decided = SubmitPresentationResponse::decode(answer.body());
    let decision = decided.ok().and_then(|decided| decided.decision);
    decision.is_some_and(|decision| decision.verdict() == Verdict::Passed)
}

fn all_passed(answer: &Answer, size: usize) -> bool {
    let Ok(SubmitPresentationsResponse { results }) =
        SubmitPresentationsResponse::decode(answer.body())
    else {
        return false;
    };
    let passed = |result: &Option<Outcome>| match result {
        Some(Outcome::Decision(decision)) => decision.verdict() == Verdict::Passed,
        _ => false,
    };
    results.len() == size && results.iter().all(|result| passed(&result.result))
}

const SUBMIT: &str = "/taxproof.v1.PresentationService/SubmitPresentation";
const SUBMIT_ALL: &str = "/taxproof.v1.PresentationService/SubmitPresentations";
const HELLO: &str = "/hello.Greeter/SayHello";
/// As many as a bank's gateways together have.
const CONNECTIONS: usize = 32;
/// Starts of which the median is taken.
const STARTS: usize = 5;
/// More than a plain server answers in any run.
const GREETINGS: usize = 1 << 20;
