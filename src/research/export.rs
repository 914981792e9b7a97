//! `taxproof research export`.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};
use ark_bls12_381::Bls12_381;
use ark_bn254::Bn254;
use clap::Args;
use rand::rngs::OsRng;
use taxproof_benches::Claim;
use taxproof_benches::export::{Export, File};
use taxproof_claims::curve::{Curve, NamedPairing};
use taxproof_claims::key::KeyHeader;
use taxproof_claims::request::MAX_SIGNED_REQUEST;
use taxproof_claims::shape::Shape;
use taxproof_engine::poseidon2::Poseidon2Field;
use taxproof_interop::SnarkjsCurve;
use taxproof_prover::curve::ProvingCurve;
use taxproof_prover::question::Question;
use taxproof_prover::wallet::{Wallet, read_limited, write_private};

use crate::enterprise;
use crate::setup::spinner;

/// What to export, and where to.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The shape: Q16, Q16S or Q32.
    #[arg(long)]
    shape: Shape,
    /// The curve: bn254 or bls12-381.
    #[arg(long, default_value_t = Curve::Bn254)]
    curve: Curve,
    /// The proving key's file.
    #[arg(long)]
    key: PathBuf,
    /// The folder for the files.
    #[arg(long)]
    out: PathBuf,
    /// Exports no witness and no proof.
    #[arg(long, conflicts_with = "wallet")]
    circuit_only: bool,
    /// Proves for this wallet, instead of for a made-up enterprise.
    #[arg(long, requires = "request")]
    wallet: Option<PathBuf>,
    /// A file whose first line is the passphrase of the wallet's secrets.
    #[arg(long, value_name = "FILE", requires = "wallet")]
    passphrase_file: Option<PathBuf>,
    /// The bank's signed request that the wallet answers.
    #[arg(long, requires = "wallet")]
    request: Option<PathBuf>,
}

/// Writes the files and names them.
pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    match arguments.curve {
        Curve::Bn254 => export::<Bn254>(arguments),
        Curve::Bls12_381 => export::<Bls12_381>(arguments),
    }
}

fn export<E: ProvingCurve + SnarkjsCurve>(arguments: &Arguments) -> anyhow::Result<()>
where
    E::ScalarField: Poseidon2Field,
{
    let key = fs::read(&arguments.key).with_context(|| arguments.key.display().to_string())?;
    let (header, _) = KeyHeader::peek(&key)?;
    let (expected, found) = (arguments.shape, header.shape);
    ensure!(
        expected == found,
        "the key is for {found}, not for {expected}"
    );
    fs::create_dir_all(&arguments.out).with_context(|| arguments.out.display().to_string())?;
    let progress = spinner("checking the key");
    let export = Export::<E>::new(&key).with_context(|| arguments.key.display().to_string())?;
    progress.set_message("transforming the key");
    write(&arguments.out, &export.circuit()?)?;
    if !arguments.circuit_only {
        progress.set_message("proving");
        write(&arguments.out, &export.claim(&claim::<E>(arguments)?)?)?;
    }
    progress.finish_and_clear();
    if arguments.wallet.is_some() {
        eprintln!("warning: witness.wtns holds the record and the wallet's secrets");
    }
    Ok(())
}

fn claim<E: NamedPairing>(arguments: &Arguments) -> anyhow::Result<Claim<E::ScalarField>>
where
    E::ScalarField: Poseidon2Field,
{
    let (Some(wallet), Some(request)) = (&arguments.wallet, &arguments.request) else {
        return Ok(Claim::generate::<E>(arguments.shape, &mut OsRng)?);
    };
    let passphrase = arguments.passphrase_file.as_deref();
    let passphrase = passphrase.map(enterprise::passphrase).transpose()?;
    let wallet = Wallet::open(wallet, passphrase.as_ref())?;
    let bytes = read_limited(request, MAX_SIGNED_REQUEST)?;
    let question = Question::read(&wallet, &bytes, None, enterprise::now()?)
        .with_context(|| request.display().to_string())?;
    Ok(Claim::of_question::<E>(&wallet, &question)?)
}

fn write(folder: &Path, files: &[File]) -> anyhow::Result<()> {
    for file in files {
        let path = folder.join(file.name);
        if file.secret {
            write_private(&path, &file.contents)?;
        } else {
            fs::write(&path, &file.contents).with_context(|| path.display().to_string())?;
        }
        println!("{}", path.display());
    }
    Ok(())
}
