//! Proving keys: the body of the file, and the only ways from a file to a key that proves.
//!
//! The body is points alone, uncompressed as arkworks writes them, in the order α₁ β₁ δ₁ β₂ γ₂ δ₂,
//! IC, A, B₁, H, L, B₂. It holds no counts: how many points there are follows from the circuit, and
//! a body of any other length is refused.
//!
//! A file is looked at point by point once ([`ProvingKey::admit`]). Whoever keeps the resulting
//! [`Admission`] where nobody else writes may skip that afterwards ([`ProvingKey::load_admitted`]):
//! then only the digest of the file is computed. A [wallet](crate::wallet::Wallet::keep_prover) keeps
//! the admitted points themselves, and needs no more of the file than its header.
//!
//! # Why the applicant checks
//! A bad key cannot make a false claim true: the bank verifies under its own key. It could make the
//! proof tell more than the verdict. With every point in its prime-order group and δ not the
//! identity, A and B of a proof are uniform whatever the key, and a proof that verifies has no other
//! C than the one that A, B and the public inputs leave it. So a proof that was verified before it
//! is sent says nothing about the record but that it verifies, even if the key is hostile.

use std::collections::BTreeSet;

use ark_ec::pairing::Pairing;
use ark_ec::{AffineRepr, CurveGroup as _};
use ark_ff::PrimeField;
use ark_groth16::VerifyingKey;
use ark_serialize::{CanonicalSerialize, Compress, Validate};
use rayon::prelude::*;
use taxproof_circuits::Matrices;
use taxproof_claims::curve::NamedPairing;
use taxproof_claims::digest::{Digest, Profile};
use taxproof_claims::key::{KeyFileError, KeyFingerprint, KeyHeader, KeyKind};

/// Why a proving key was refused. The file must be fetched again, or made again.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProvingKeyError {
    /// No key file, damaged, or for something else.
    #[error(transparent)]
    File(#[from] KeyFileError),
    /// The body is of another length than its circuit's keys have.
    #[error("the key has {found} bytes of points where its circuit needs {expected}")]
    Length {
        /// What the circuit needs.
        expected: usize,
        /// What the file has.
        found: usize,
    },
    /// A point is not canonical, not on its curve or not in its group.
    #[error("the key holds bytes that are no point of {0}")]
    Point(&'static str),
    /// The points make a key that proves anything, or nothing.
    #[error("the key is weak: {0}")]
    Weak(&'static str),
    /// The points are not those of the verifying key that the header names.
    #[error("the key's points are not those of the verifying key {0}")]
    Fingerprint(KeyFingerprint),
    /// The file is not the one that was checked.
    #[error("the key file has changed since it was checked; check it again")]
    NotAdmitted,
}

/// Stands for a key file that was checked point by point: the digest of its header, and so of its
/// body.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Admission(pub Digest);

/// A proving key that was admitted, now or earlier.
#[derive(Debug, Clone)]
pub struct ProvingKey<E: Pairing> {
    header: KeyHeader,
    key: ark_groth16::ProvingKey<E>,
}

impl<E: NamedPairing> ProvingKey<E> {
    /// Reads a key file and checks all of it: header, digest, length, every point (canonical, on the
    /// curve, in the group), that the key is not weak, and that its verifying key is the one that
    /// the header names. About a second.
    ///
    /// # Errors
    /// What is wrong with the file.
    pub fn admit(
        file: &[u8],
        matrices: &Matrices<E::ScalarField>,
    ) -> Result<(Self, Admission), ProvingKeyError> {
        let key = Self::read(file, matrices, Trust::Nothing)?;
        let admission = key.admission();
        Ok((key, admission))
    }

    /// Reads a key file that was admitted before: checks header, digests and length.
    ///
    /// # What is not checked
    /// The points: [`Self::admit`] did. The caller keeps admissions where nobody else writes.
    ///
    /// # Errors
    /// The file is another than the admitted one, or is damaged.
    pub fn load_admitted(
        file: &[u8],
        matrices: &Matrices<E::ScalarField>,
        admission: Admission,
    ) -> Result<Self, ProvingKeyError> {
        let key = Self::read(file, matrices, Trust::Points)?;
        if key.admission() == admission {
            Ok(key)
        } else {
            Err(ProvingKeyError::NotAdmitted)
        }
    }

    /// What the file's header says.
    pub const fn header(&self) -> &KeyHeader {
        &self.header
    }

    /// arkworks' key.
    pub const fn key(&self) -> &ark_groth16::ProvingKey<E> {
        &self.key
    }

    /// Header and arkworks' key.
    pub(crate) fn into_parts(self) -> (KeyHeader, ark_groth16::ProvingKey<E>) {
        (self.header, self.key)
    }

    fn admission(&self) -> Admission {
        admission(&self.header)
    }

    fn read(
        file: &[u8],
        matrices: &Matrices<E::ScalarField>,
        trust: Trust,
    ) -> Result<Self, ProvingKeyError> {
        let (header, body) = KeyHeader::open(file, KeyKind::Proving, E::CURVE)?;
        let counts = Counts::of(matrices);
        let expected = counts.body_length::<E>();
        if body.len() != expected {
            let found = body.len();
            return Err(ProvingKeyError::Length { expected, found });
        }
        let mut rest = body;
        let single = SinglePoints::<E>::read(&mut rest, &counts, trust)?;
        if KeyFingerprint::of(&verifying_key_bytes(&single.vk)) != header.fingerprint {
            return Err(ProvingKeyError::Fingerprint(header.fingerprint));
        }
        if trust == Trust::Nothing {
            single.check_strength()?;
        }
        let key = single.read_queries(rest, &counts, trust)?;
        Ok(Self { header, key })
    }
}

/// The admission that a checked file with this header has.
pub fn admission(header: &KeyHeader) -> Admission {
    Admission(Profile::International.digest("taxproof/admitted-key/1", &[&header.encode()]))
}

/// A verifying key's canonical compressed encoding: the body of its file, and what the fingerprint
/// is of.
pub fn verifying_key_bytes<E: Pairing>(key: &VerifyingKey<E>) -> Vec<u8> {
    encode(key, Compress::Yes)
}

/// The body of a proving key's file.
pub(crate) fn write_body<E: Pairing>(key: &ark_groth16::ProvingKey<E>) -> Vec<u8> {
    let vk = &key.vk;
    let mut body = Vec::new();
    for point in [&vk.alpha_g1, &key.beta_g1, &key.delta_g1] {
        body.extend(encode(point, Compress::No));
    }
    for point in [&vk.beta_g2, &vk.gamma_g2, &vk.delta_g2] {
        body.extend(encode(point, Compress::No));
    }
    let queries = [
        &vk.gamma_abc_g1,
        &key.a_query,
        &key.b_g1_query,
        &key.h_query,
        &key.l_query,
    ];
    for query in queries {
        body.par_extend(query.par_iter().flat_map_iter(|p| encode(p, Compress::No)));
    }
    body.par_extend(
        key.b_g2_query
            .par_iter()
            .flat_map_iter(|p| encode(p, Compress::No)),
    );
    body
}

/// The verifying key, and what a proving key holds once.
struct SinglePoints<E: Pairing> {
    vk: VerifyingKey<E>,
    beta_g1: E::G1Affine,
    delta_g1: E::G1Affine,
}

impl<E: Pairing> SinglePoints<E> {
    fn read(rest: &mut &[u8], counts: &Counts, trust: Trust) -> Result<Self, ProvingKeyError> {
        let [alpha_g1, beta_g1, delta_g1] = array(points(rest, 3, trust, "G1")?);
        let [beta_g2, gamma_g2, delta_g2] = array(points(rest, 3, trust, "G2")?);
        let gamma_abc_g1 = points(rest, counts.instance, trust, "G1")?;
        let vk = VerifyingKey {
            alpha_g1,
            beta_g2,
            gamma_g2,
            delta_g2,
            gamma_abc_g1,
        };
        Ok(Self {
            vk,
            beta_g1,
            delta_g1,
        })
    }

    fn check_strength(&self) -> Result<(), ProvingKeyError> {
        let refuse = |weak: bool, why| {
            if weak {
                Err(ProvingKeyError::Weak(why))
            } else {
                Ok(())
            }
        };
        let vk = &self.vk;
        let g1 = [vk.alpha_g1, self.beta_g1, self.delta_g1];
        let g2 = [vk.beta_g2, vk.gamma_g2, vk.delta_g2];
        let identity = g1.iter().chain(&vk.gamma_abc_g1).any(AffineRepr::is_zero)
            || g2.iter().any(AffineRepr::is_zero);
        refuse(identity, "one of its points is the identity")?;
        let same = |p: E::G2Affine, q: E::G2Affine| p == q || (-p.into_group()).into_affine() == q;
        refuse(
            same(vk.delta_g2, vk.gamma_g2),
            "gamma and delta are the same: nobody contributed to it",
        )?;
        refuse(same(vk.beta_g2, vk.gamma_g2), "gamma and beta are the same")?;
        refuse(same(vk.delta_g2, vk.beta_g2), "delta and beta are the same")?;
        let inputs = vk.gamma_abc_g1.iter().map(|p| encode(p, Compress::Yes));
        let distinct: BTreeSet<Vec<u8>> = inputs.collect();
        let repeated = distinct.len() < vk.gamma_abc_g1.len();
        refuse(repeated, "two public inputs share a point")?;
        let inconsistent =
            E::pairing(self.beta_g1, vk.delta_g2) != E::pairing(self.delta_g1, vk.beta_g2);
        refuse(inconsistent, "beta and delta differ between the two groups")
    }

    fn read_queries(
        self,
        mut rest: &[u8],
        counts: &Counts,
        trust: Trust,
    ) -> Result<ark_groth16::ProvingKey<E>, ProvingKeyError> {
        let mut g1 = |n| points(&mut rest, n, trust, "G1");
        let [a_query, b_g1_query] = [g1(counts.wires)?, g1(counts.wires)?];
        let [h_query, l_query] = [g1(counts.quotient)?, g1(counts.witness)?];
        let b_g2_query = points(&mut rest, counts.wires, trust, "G2")?;
        Ok(ark_groth16::ProvingKey {
            vk: self.vk,
            beta_g1: self.beta_g1,
            delta_g1: self.delta_g1,
            a_query,
            b_g1_query,
            b_g2_query,
            h_query,
            l_query,
        })
    }
}

/// How much of a file's points is taken on trust.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Trust {
    /// Every point is checked.
    Nothing,
    /// The file was checked before.
    Points,
}

fn points<A: AffineRepr>(
    rest: &mut &[u8],
    count: usize,
    trust: Trust,
    group: &'static str,
) -> Result<Vec<A>, ProvingKeyError> {
    let size = A::zero().uncompressed_size();
    let (bytes, tail) = rest.split_at(count * size);
    *rest = tail;
    let read = |chunk: &[u8]| point(chunk, trust).ok_or(ProvingKeyError::Point(group));
    bytes.par_chunks_exact(size).map(read).collect()
}

fn point<A: AffineRepr>(bytes: &[u8], trust: Trust) -> Option<A> {
    let point = A::deserialize_with_mode(bytes, Compress::No, Validate::No).ok()?;
    let good =
        trust == Trust::Points || (point.check().is_ok() && encode(&point, Compress::No) == bytes);
    good.then_some(point)
}

fn array<T: std::fmt::Debug>(points: Vec<T>) -> [T; 3] {
    points.try_into().expect("three points were read")
}

fn encode(value: &impl CanonicalSerialize, compress: Compress) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(value.serialized_size(compress));
    value
        .serialize_with_mode(&mut bytes, compress)
        .expect("writing to memory does not fail");
    bytes
}

/// How many points the keys of a circuit have.
struct Counts {
    instance: usize,
    witness: usize,
    wires: usize,
    quotient: usize,
}

impl Counts {
    fn of<F: PrimeField>(matrices: &Matrices<F>) -> Self {
        Self {
            instance: matrices.instance,
            witness: matrices.witness,
            wires: matrices.instance + matrices.witness,
            quotient: matrices.domain() - 1,
        }
    }

    fn body_length<E: Pairing>(&self) -> usize {
        let g1 = E::G1Affine::zero().uncompressed_size();
        let g2 = E::G2Affine::zero().uncompressed_size();
        g1 * (3 + self.instance + 2 * self.wires + self.quotient + self.witness)
            + g2 * (3 + self.wires)
    }
}
