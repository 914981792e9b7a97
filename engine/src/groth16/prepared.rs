//! A prover in a file.

use std::fs::File;
use std::io::{self, Write};

use ark_bn254::{Bn254, G1Affine, G2Affine};
use ark_ec::CurveGroup;
use ark_groth16::VerifyingKey;
use ark_serialize::{
    CanonicalDeserialize, CanonicalSerialize, Compress, SerializationError, Validate,
};

use super::{Prover, Query, SparseMatrix, WitnessMap};
use crate::kernels::{Kernels, Path};
use crate::msm::{Budget, Curve, FixedBases};
use crate::prepared::{Mapped, PreparedDigest, PreparedError, Sections};

/// What the first section begins with; another for every change of the format.
const FORMAT: u64 = u64::from_be_bytes(*b"groth16\x01");

/// The points that a key has once, in arkworks' encoding.
#[derive(CanonicalSerialize, CanonicalDeserialize)]
struct SinglePoints {
    vk: VerifyingKey<Bn254>,
    delta_g1: G1Affine,
    a: G1Affine,
    b_g1: G1Affine,
    b_g2: G2Affine,
}

impl Prover {
    /// Writes the prover, with its tables, so that [`Self::map`] has it back without computing
    /// anything. The file suits this version of this crate, these kernels and machines that order
    /// bytes as this one does.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn write(&self, out: impl Write) -> io::Result<PreparedDigest> {
        let mut out = Sections::new(out);
        let sizes = [self.map.inputs, self.map.variables, self.budget.0];
        let [inputs, variables, budget] = sizes.map(|size| size as u64);
        out.put(&[FORMAT, code(self.kernels), inputs, variables, budget])?;
        out.put(&self.single_points()?)?;
        for matrix in &*self.map.matrices {
            matrix.write(&mut out)?;
        }
        for bases in [&self.a.bases, &self.b_g1.bases, &self.h, &self.l] {
            bases.write(&mut out)?;
        }
        self.b_g2.bases.write(&mut out)?;
        out.finish()
    }

    /// Maps a file that [`Self::write`] wrote: its points are used where they lie.
    ///
    /// # What is not checked
    /// The points: they are those of the key that the prover was made of. Whoever can write to the
    /// file while it is mapped, or write both it and the digest, chooses the key, and can end this
    /// process by making the file shorter. Replace it whole.
    ///
    /// # Errors
    /// The file has another digest, or was written for other kernels or by another version.
    pub fn map(
        file: &File,
        digest: &PreparedDigest,
        kernels: Kernels,
    ) -> Result<Self, PreparedError> {
        let mut file = Mapped::open(file, digest)?;
        let &[FORMAT, kernels_code, inputs, variables, budget] = &*file.next::<u64>()? else {
            return Err(PreparedError::Foreign);
        };
        if kernels_code != code(kernels) {
            return Err(PreparedError::Foreign);
        }
        let [inputs, variables, budget] = [inputs, variables, budget].map(|size| size as usize);
        let single = read_single(&file.next()?)?;
        let mut matrix = || SparseMatrix::read(&mut file, variables);
        let matrices = [matrix()?, matrix()?, matrix()?];
        let map = WitnessMap::of(matrices, inputs, variables, kernels);
        let mut bases = || FixedBases::read(&mut file, kernels);
        let [a, b_g1, h, l] = [bases()?, bases()?, bases()?, bases()?];
        let b_g2 = FixedBases::read(&mut file, kernels)?;
        let (delta_g1, delta_g2) = (single.delta_g1, single.vk.delta_g2);
        Ok(Self {
            map: map.map_err(|_| PreparedError::Foreign)?,
            a: query(a, single.a, delta_g1),
            b_g1: query(b_g1, single.b_g1, delta_g1),
            b_g2: query(b_g2, single.b_g2, delta_g2),
            h,
            l,
            delta_g1,
            vk: single.vk,
            budget: Budget(budget),
            kernels,
        })
    }

    fn single_points(&self) -> io::Result<Vec<u8>> {
        let single = SinglePoints {
            vk: self.vk.clone(),
            delta_g1: self.delta_g1,
            a: self.a.constant.into_affine(),
            b_g1: self.b_g1.constant.into_affine(),
            b_g2: self.b_g2.constant.into_affine(),
        };
        let mut bytes = Vec::new();
        single
            .serialize_uncompressed(&mut bytes)
            .map_err(io::Error::other)?;
        Ok(bytes)
    }
}

fn read_single(bytes: &[u8]) -> Result<SinglePoints, PreparedError> {
    SinglePoints::deserialize_with_mode(bytes, Compress::No, Validate::No)
        .map_err(|_: SerializationError| PreparedError::Foreign)
}

fn query<G: Curve>(bases: FixedBases<G>, constant: G, delta: G) -> Query<G> {
    Query {
        bases,
        constant: constant.into_group(),
        delta,
    }
}

/// Tells the forms of points in memory apart.
fn code(kernels: Kernels) -> u64 {
    match kernels.0 {
        Path::Portable(_) => 0,
        #[cfg(target_arch = "x86_64")]
        Path::Ifma(_) => 1,
        #[cfg(target_arch = "x86_64")]
        Path::Avx2(_) => 2,
    }
}
