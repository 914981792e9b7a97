//! `taxproof setup`: keys.

use std::fs;
use std::io::{IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use ark_bls12_381::Bls12_381;
use ark_bn254::Bn254;
use clap::{Args, Subcommand};
use indicatif::ProgressBar;
use taxproof_claims::curve::Curve;
use taxproof_claims::key::{CircuitVersion, KeyHeader, KeyKind};
use taxproof_claims::shape::Shape;
use taxproof_prover::curve::ProvingCurve;
use taxproof_prover::prover::Prover;
use taxproof_prover::setup::{KeyFiles, dev};
use taxproof_verifier::key::{Admission, AdmittedKey};

/// Subcommands for keys.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Makes a pair of keys for development: whoever runs this could forge proofs under them.
    Dev(DevArguments),
    /// Says what a key file is, and checks all of it.
    Inspect(InspectArguments),
}

#[derive(Debug, Args)]
pub(crate) struct DevArguments {
    /// The shape: Q16, Q16S or Q32.
    #[arg(long)]
    shape: Shape,
    /// The curve: bn254 or bls12-381.
    #[arg(long, default_value_t = Curve::Bn254)]
    curve: Curve,
    /// The folder for both files.
    #[arg(long)]
    out: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct InspectArguments {
    /// A proving or verifying key.
    file: PathBuf,
}

/// Runs a subcommand.
pub(crate) fn run(command: Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Dev(arguments) => make(&arguments)?,
        Command::Inspect(arguments) => inspect(&arguments.file)?,
    }
    Ok(ExitCode::SUCCESS)
}

fn make(arguments: &DevArguments) -> anyhow::Result<()> {
    let DevArguments { shape, curve, out } = arguments;
    free_names(out, *shape, *curve)?;
    let progress = spinner("making the key");
    let files: KeyFiles = match curve {
        Curve::Bn254 => dev::<Bn254>(CircuitVersion::V1, *shape),
        Curve::Bls12_381 => dev::<Bls12_381>(CircuitVersion::V1, *shape),
    }?;
    progress.finish_and_clear();
    write_keys(out, *shape, *curve, &files)?;
    eprintln!(
        "warning: this is a development key; whoever ran this command can forge proofs under it"
    );
    Ok(())
}

/// Writes both files of a key, and says where they are.
pub(crate) fn write_keys(
    folder: &Path,
    shape: Shape,
    curve: Curve,
    files: &KeyFiles,
) -> anyhow::Result<()> {
    let [proving, verifying] = free_names(folder, shape, curve)?;
    fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
    for (path, contents) in [(&proving, &files.proving), (&verifying, &files.verifying)] {
        fs::write(path, contents).with_context(|| path.display().to_string())?;
    }
    let mut stdout = std::io::stdout().lock();
    writeln!(stdout, "proving key:   {}", proving.display())?;
    writeln!(stdout, "verifying key: {}", verifying.display())?;
    writeln!(stdout, "fingerprint:   {}", files.fingerprint)?;
    Ok(())
}

/// The names of a key's files, which must not be there.
fn free_names(folder: &Path, shape: Shape, curve: Curve) -> anyhow::Result<[PathBuf; 2]> {
    let names = ["pk", "vk"].map(|extension| folder.join(format!("{shape}-{curve}.{extension}")));
    match names.iter().find(|path| path.exists()) {
        Some(path) => bail!(
            "{} is there already; keys are not overwritten",
            path.display()
        ),
        None => Ok(names),
    }
}

fn inspect(path: &Path) -> anyhow::Result<()> {
    let file = fs::read(path).with_context(|| path.display().to_string())?;
    let (header, body) = KeyHeader::peek(&file)?;
    let kind = match header.kind {
        KeyKind::Proving => "proving",
        KeyKind::Verifying => "verifying",
    };
    let mut stdout = std::io::stdout().lock();
    writeln!(stdout, "key:         {kind}")?;
    writeln!(
        stdout,
        "circuit:     {}, version {}",
        header.shape, header.version
    )?;
    writeln!(stdout, "curve:       {}", header.curve)?;
    writeln!(stdout, "digest:      {}", header.circuit)?;
    writeln!(stdout, "provenance:  {}", header.provenance)?;
    writeln!(stdout, "fingerprint: {}", header.fingerprint)?;
    writeln!(stdout, "points:      {} bytes", body.len())?;
    match header.curve {
        Curve::Bn254 => check::<Bn254>(&file, &header),
        Curve::Bls12_381 => check::<Bls12_381>(&file, &header),
    }
    .context("this key must not be used")?;
    writeln!(
        stdout,
        "every point and digest checked: the key is whole and not weak"
    )?;
    Ok(())
}

fn check<E: ProvingCurve>(file: &[u8], header: &KeyHeader) -> anyhow::Result<()> {
    match header.kind {
        KeyKind::Proving => Prover::<E>::admit(file).map(|_| ())?,
        KeyKind::Verifying => {
            let admission = Admission {
                allow_dev: true,
                ceremony_keys: vec![header.fingerprint],
            };
            AdmittedKey::<E>::open(file, &admission).map(|_| ())?;
        }
    }
    Ok(())
}

/// A spinner on standard error, where that is a terminal.
pub(crate) fn spinner(doing: &'static str) -> ProgressBar {
    let bar = if std::io::stderr().is_terminal() {
        ProgressBar::new_spinner()
    } else {
        ProgressBar::hidden()
    };
    bar.enable_steady_tick(std::time::Duration::from_millis(100));
    bar.set_message(doing);
    bar
}
