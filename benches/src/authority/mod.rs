//! What an authority costs: made-up enterprises from filings to a proof, phase by phase.
//!
//! One run makes an authority in a folder, makes up enterprises of 16 quarters and 8 fields and what is
//! ingested of them ([`Source`]), registers, ingests, publishes an epoch, publishes the next day's over
//! the same records, and proves from one enterprise's credential. Times are by the
//! clock, and of computing on all cores; memory is the most that the process took during a phase.

mod hashes;
mod holders;
mod phase;
mod proof;
mod quarters;
mod report;
mod source;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use taxproof_authority::mapping::MappingError;
use taxproof_authority::synthetic::Plan as Filings;
use taxproof_authority::{Authority, AuthorityError, Publication, Settings};
use taxproof_claims::credential::CredentialError;
use taxproof_claims::date::Date;
use taxproof_claims::digest::Profile;
use taxproof_claims::encoding::DecodeError;
use taxproof_claims::period::Period;
use taxproof_prover::answer::AnswerError;
use taxproof_prover::prover::ProveError;
use taxproof_prover::proving_key::ProvingKeyError;
use taxproof_prover::setup::SetupError;

use crate::claim::ClaimError;
use crate::machine::Machine;
use phase::Clock;
pub use report::{Report, Run};
pub use source::Source;

/// What to measure.
#[derive(Debug, Clone)]
pub struct Plan {
    /// How many enterprises, each number in turn.
    pub enterprises: Vec<u32>,
    /// What is ingested of them.
    pub source: Source,
    /// Where to work; a folder is made there, and removed.
    pub folder: PathBuf,
    /// Another seed gives other figures.
    pub seed: u64,
}

/// Why there is no measurement.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MeasureError {
    /// A folder or file cannot be made or read.
    #[error("`{path}`: {error}")]
    Io {
        /// Which.
        path: PathBuf,
        /// The operating system's error.
        error: io::Error,
    },
    /// The authority refused.
    #[error(transparent)]
    Authority(#[from] AuthorityError),
    /// The mapping of the repository does not fit its schema.
    #[error(transparent)]
    Mapping(#[from] MappingError),
    /// Rows of made-up files were refused.
    #[error("{0} rows of made-up files were refused")]
    Refused(u64),
    /// The credential of the enterprise that proves cannot be read.
    #[error("the credential cannot be read: {0}")]
    Credential(String),
    /// There is no claim.
    #[error(transparent)]
    Claim(#[from] ClaimError),
    /// There is no key.
    #[error(transparent)]
    Setup(#[from] SetupError),
    /// The key is unfit.
    #[error(transparent)]
    Key(#[from] ProvingKeyError),
    /// There is no proof.
    #[error(transparent)]
    Prove(#[from] ProveError),
    /// No enterprise was asked for.
    #[error("at least one enterprise is measured")]
    Nobody,
    /// The operating system gives no randomness.
    #[error("no randomness from the operating system")]
    Randomness,
}

impl From<DecodeError> for MeasureError {
    fn from(error: DecodeError) -> Self {
        Self::Credential(error.to_string())
    }
}

impl From<CredentialError> for MeasureError {
    fn from(error: CredentialError) -> Self {
        Self::Credential(error.to_string())
    }
}

impl From<AnswerError> for MeasureError {
    fn from(error: AnswerError) -> Self {
        Self::Claim(error.into())
    }
}

/// Quarters of each enterprise's history.
const QUARTERS: u32 = 16;
/// 2026-11-22T00:00:00Z.
const TIME: u64 = 1_795_305_600;
const DAY: u64 = 86_400;

/// Measures; `began` hears of each phase.
///
/// # Errors
/// Something failed; there is no report then.
pub fn run(plan: &Plan, began: &(dyn Fn(&str) + Sync)) -> Result<Report, MeasureError> {
    let mut machine = Machine::look();
    let mut runs = Vec::new();
    for &enterprises in &plan.enterprises {
        let folder = tempfile::tempdir_in(&plan.folder)
            .map_err(|error| MeasureError::io(&plan.folder, error))?;
        runs.push(one(plan, enterprises, folder.path(), began)?);
    }
    machine.look_again();
    Ok(Report::new(machine, runs))
}

fn one(
    plan: &Plan,
    enterprises: u32,
    folder: &Path,
    began: &(dyn Fn(&str) + Sync),
) -> Result<Run, MeasureError> {
    let mut clock = Clock::new(began);
    let files = folder.join("files");
    fs::create_dir(&files).map_err(|error| MeasureError::io(&files, error))?;
    let newest: Period = "2026Q3".parse().expect("a quarter");
    let day = Date::of_unix_seconds(TIME).expect("a day of the calendar");
    let filings = Filings {
        quarters: QUARTERS,
        ..Filings::new(enterprises, plan.seed, newest)
    };
    let ids = clock.phase("generate", |_| {
        let made = plan.source.write(&filings, &files);
        made.map_err(|error| MeasureError::io(&files, error))
    })?;

    let bureau = folder.join("bureau");
    let settings = Settings {
        id: "research".parse().expect("letters are a name"),
        name: "Research".to_owned(),
        profile: Profile::International,
    };
    let mut authority = Authority::init(&bureau, &settings, plan.source.schema())?;
    let holder = clock.phase("enrol and register", |_| {
        holders::register(&mut authority, &ids, day)
    })?;
    drop(ids);
    let mapping = plan.source.mapping(authority.schema())?;
    let sources = plan.source.files(&files);
    let rows = clock.phase("ingest", |progress| {
        let (report, _) = authority.ingest(&mapping, &sources, day, progress)?;
        match report.refused() {
            0 => Ok(report.files.iter().map(|file| file.rows).sum()),
            refused => Err(MeasureError::Refused(refused)),
        }
    })?;
    let mut publish = |name, time, clock: &mut Clock<'_>| {
        clock.phase(name, |progress| {
            Ok::<_, MeasureError>(authority.publish(&Publication::at(time), progress)?)
        })
    };
    let published = publish("publish", TIME, &mut clock)?;
    publish("publish the next day", TIME + DAY, &mut clock)?;
    let leaves = published.epoch.header.leaves;
    let hashes = clock.phase(report::HASHES, |_| {
        Ok::<_, MeasureError>(hashes::bare(leaves))
    })?;
    clock.phase("prove", |_| proof::prove(&authority, &holder))?;
    Ok(Run {
        source: plan.source,
        enterprises,
        rows,
        leaves,
        hashes,
        phases: clock.phases(),
        source_bytes: size(&files)?,
        folder_bytes: size(&bureau)?,
    })
}

impl MeasureError {
    fn io(path: &Path, error: io::Error) -> Self {
        Self::Io {
            path: path.to_owned(),
            error,
        }
    }
}

/// Bytes of the files in a folder.
fn size(folder: &Path) -> Result<u64, MeasureError> {
    let io = |error| MeasureError::io(folder, error);
    let mut bytes = 0;
    for entry in fs::read_dir(folder).map_err(io)? {
        let entry = entry.map_err(io)?;
        let metadata = entry.metadata().map_err(io)?;
        bytes += if metadata.is_dir() {
            size(&entry.path())?
        } else {
            metadata.len()
        };
    }
    Ok(bytes)
}
