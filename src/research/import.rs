//! `taxproof research import`.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context as _, ensure};
use ark_bls12_381::Bls12_381;
use ark_bn254::Bn254;
use clap::Args;
use taxproof_benches::import::key_files;
use taxproof_claims::curve::Curve;
use taxproof_claims::key::CircuitVersion;
use taxproof_claims::shape::Shape;

use crate::setup::{spinner, write_keys};

/// Which key, and where to.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The `.zkey` file of snarkjs.
    #[arg(long)]
    zkey: PathBuf,
    /// The shape whose circuit it is for: Q16, Q16S or Q32.
    #[arg(long)]
    shape: Shape,
    /// The curve: bn254 or bls12-381.
    #[arg(long, default_value_t = Curve::Bn254)]
    curve: Curve,
    /// The folder for both key files.
    #[arg(long)]
    out: PathBuf,
}

/// Makes the key files.
pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    const LARGEST: u64 = 1 << 30;
    let Arguments {
        zkey,
        shape,
        curve,
        out,
    } = arguments;
    let length = fs::metadata(zkey).with_context(|| zkey.display().to_string())?;
    ensure!(
        length.len() <= LARGEST,
        "{}: larger than any key",
        zkey.display()
    );
    let file = fs::read(zkey).with_context(|| zkey.display().to_string())?;
    let progress = spinner("checking the key, and proving with it");
    let files = match curve {
        Curve::Bn254 => key_files::<Bn254>(&file, CircuitVersion::V1, *shape),
        Curve::Bls12_381 => key_files::<Bls12_381>(&file, CircuitVersion::V1, *shape),
    }
    .with_context(|| zkey.display().to_string())?;
    progress.finish_and_clear();
    write_keys(out, *shape, *curve, &files)?;
    eprintln!(
        "warning: who knows this key's trapdoor cannot be told from a .zkey, so the files say `dev`"
    );
    Ok(())
}
