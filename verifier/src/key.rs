//! Verifying keys, and what a key must be before anything is verified under it.
//!
//! Groth16 is sound for a key only if nobody knows how its points relate. Most of that cannot be
//! seen in the points, which is why a key file says who made it; but what has gone wrong in practice
//! can be: a setup without a phase-2 contribution leaves γ = δ or δ at the generator, and then
//! A = α, B = β, C = −IC(x) proves anything; a key of zeros accepts a proof of zeros.
//!
//! [`CheckedKey`] is a key whose points were looked at. [`AdmittedKey`] is one that came from a key
//! file of a pinned circuit and of acceptable provenance: only that is what a bank verifies under.

mod multiples;

use std::collections::HashSet;
use std::fmt;
use std::sync::{Arc, OnceLock};

use ark_ec::{AffineRepr, CurveGroup};
use ark_groth16::VerifyingKey;
use ark_serialize::CanonicalSerialize;
use rayon::prelude::*;
use taxproof_claims::curve::NamedPairing;
use taxproof_claims::digest::Digest;
use taxproof_claims::key::{KeyFileError, KeyFingerprint, KeyHeader, KeyKind, Provenance};
use taxproof_claims::statement::public_inputs;
use taxproof_engine::Kernels;
use taxproof_engine::pairing::EnginePairing;

use crate::canonical::{self, NotAPoint};
use multiples::Multiples;

/// A Groth16 verifying key without a visible weakness.
///
/// # What is not checked
/// What the key is for, and who made it: see [`AdmittedKey`].
pub struct CheckedKey<E: EnginePairing> {
    key: VerifyingKey<E>,
    /// e(α, β).
    pub(crate) alpha_beta: E::TargetField,
    /// β, ready for a Miller loop.
    pub(crate) beta: E::Lines,
    /// −γ, ready for a Miller loop.
    pub(crate) minus_gamma: E::Lines,
    /// −δ, ready for a Miller loop.
    pub(crate) minus_delta: E::Lines,
    /// Multiples of each IC point, made when one is first an open input.
    multiples: Vec<OnceLock<Multiples<E>>>,
}

/// Which weakness a key has. Whoever made it is at fault, and proofs under it mean nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WeakKey {
    /// Not as many bytes as the key of that many inputs has.
    #[error("a key of {inputs} inputs has {expected} bytes, not {found}")]
    Length {
        /// The public inputs of the statement.
        inputs: usize,
        /// What its key has.
        expected: usize,
        /// What there was.
        found: usize,
    },
    /// Another number of IC points than the statement has public inputs and one.
    #[error("the key has {found} input points; {expected} are needed")]
    Inputs {
        /// What the statement needs.
        expected: usize,
        /// What there was.
        found: u64,
    },
    /// One of its points is none.
    #[error("{name} of the key is {why}")]
    Point {
        /// `alpha`, `beta`, `gamma`, `delta` or `an input point`.
        name: &'static str,
        /// What it is instead.
        why: NotAPoint,
    },
    /// γ = ±δ: the setup has no second phase, and anybody can forge.
    #[error("gamma and delta of the key are equal up to sign: anybody can forge proofs under it")]
    GammaIsDelta,
    /// A point that a contribution would have moved is the curve's generator: there was none.
    #[error("{name} of the key is the curve's generator: nobody contributed to its setup")]
    Generator {
        /// `alpha`, `beta` or `delta`. γ may be the generator: many ceremonies leave it there.
        name: &'static str,
    },
    /// γ = ±β: with A = α ± IC(x), anybody can forge.
    #[error("gamma and beta of the key are equal up to sign: anybody can forge proofs under it")]
    GammaIsBeta,
    /// δ = ±β: with A = IC(x), B = β + γ and C = ±(A − α), anybody can forge.
    #[error("delta and beta of the key are equal up to sign: anybody can forge proofs under it")]
    DeltaIsBeta,
    /// Two IC points are equal up to sign: two inputs could be exchanged for one another.
    #[error("two input points of the key are equal up to sign: inputs could be exchanged")]
    EqualInputs,
}

impl<E: EnginePairing> CheckedKey<E> {
    /// Checks the points of a key for a statement of `inputs` public inputs.
    ///
    /// # Errors
    /// The key's weakness.
    pub fn new(key: VerifyingKey<E>, inputs: usize) -> Result<Self, WeakKey> {
        let named = |name| move |why| WeakKey::Point { name, why };
        canonical::check(key.alpha_g1).map_err(named("alpha"))?;
        canonical::check(key.beta_g2).map_err(named("beta"))?;
        canonical::check(key.gamma_g2).map_err(named("gamma"))?;
        canonical::check(key.delta_g2).map_err(named("delta"))?;
        key.gamma_abc_g1
            .par_iter()
            .try_for_each(|&point| canonical::check(point).map(|_| ()))
            .map_err(named(INPUT_POINT))?;
        Self::of_points(key, inputs)
    }

    /// Reads a key of `inputs` public inputs from its canonical compressed encoding.
    ///
    /// # Errors
    /// The bytes are too few or too many, a point is none, or the key is weak.
    pub fn from_bytes(bytes: &[u8], inputs: usize) -> Result<Self, WeakKey> {
        let (g1, g2) = (
            canonical::length::<E::G1Affine>(),
            canonical::length::<E::G2Affine>(),
        );
        let expected = g1 + 3 * g2 + COUNT_LENGTH + (inputs + 1) * g1;
        let error = WeakKey::Length {
            inputs,
            expected,
            found: bytes.len(),
        };
        if bytes.len() != expected {
            return Err(error);
        }
        let named = |name| move |why| WeakKey::Point { name, why };
        let (alpha, rest) = bytes.split_at(g1);
        let (beta, rest) = rest.split_at(g2);
        let (gamma, rest) = rest.split_at(g2);
        let (delta, rest) = rest.split_at(g2);
        let (count, points) = rest.split_first_chunk::<COUNT_LENGTH>().ok_or(error)?;
        let found = u64::from_le_bytes(*count);
        if found != inputs as u64 + 1 {
            let expected = inputs + 1;
            return Err(WeakKey::Inputs { expected, found });
        }
        let key = VerifyingKey {
            alpha_g1: canonical::point(alpha).map_err(named("alpha"))?,
            beta_g2: canonical::point(beta).map_err(named("beta"))?,
            gamma_g2: canonical::point(gamma).map_err(named("gamma"))?,
            delta_g2: canonical::point(delta).map_err(named("delta"))?,
            gamma_abc_g1: points
                .par_chunks(g1)
                .map(canonical::point)
                .collect::<Result<_, _>>()
                .map_err(named(INPUT_POINT))?,
        };
        Self::of_points(key, inputs)
    }

    /// Checks what no single point shows.
    fn of_points(key: VerifyingKey<E>, inputs: usize) -> Result<Self, WeakKey> {
        let points = &key.gamma_abc_g1;
        if points.len() != inputs + 1 {
            return Err(WeakKey::Inputs {
                expected: inputs + 1,
                found: points.len() as u64,
            });
        }
        if equal_up_to_sign(key.gamma_g2, key.delta_g2) {
            return Err(WeakKey::GammaIsDelta);
        }
        if equal_up_to_sign(key.gamma_g2, key.beta_g2) {
            return Err(WeakKey::GammaIsBeta);
        }
        if equal_up_to_sign(key.delta_g2, key.beta_g2) {
            return Err(WeakKey::DeltaIsBeta);
        }
        for (name, generator) in [
            ("alpha", is_generator(key.alpha_g1)),
            ("beta", is_generator(key.beta_g2)),
            ("delta", is_generator(key.delta_g2)),
        ] {
            if generator {
                return Err(WeakKey::Generator { name });
            }
        }
        // A point and its negative share x; the identity, which has none, was refused.
        let mut seen = HashSet::with_capacity(points.len());
        if !points.iter().all(|point| seen.insert(point.x())) {
            return Err(WeakKey::EqualInputs);
        }
        Ok(Self {
            alpha_beta: E::pairing(key.alpha_g1, key.beta_g2).0,
            beta: E::lines(Kernels::best(), key.beta_g2),
            minus_gamma: negative::<E>(key.gamma_g2),
            minus_delta: negative::<E>(key.delta_g2),
            multiples: points.iter().map(|_| OnceLock::new()).collect(),
            key,
        })
    }

    /// Public inputs of the statement.
    pub fn inputs(&self) -> usize {
        self.key.gamma_abc_g1.len() - 1
    }

    /// The points.
    pub const fn points(&self) -> &VerifyingKey<E> {
        &self.key
    }

    /// The fingerprint of the canonical compressed encoding.
    pub fn fingerprint(&self) -> KeyFingerprint {
        let mut bytes = Vec::new();
        self.key
            .serialize_compressed(&mut bytes)
            .expect("a vector takes every byte");
        KeyFingerprint::of(&bytes)
    }

    /// Multiples of the IC point of a public input, counted from 0.
    pub(crate) fn multiples(&self, input: usize) -> &Multiples<E> {
        let multiples = &self.multiples[input + 1];
        if multiples.get().is_none() {
            // Outside the cell: finding them waits for the threads of rayon's pool, which would wait
            // for the cell where they verify proofs under the same key. Whoever is first is kept.
            let _ = multiples.set(Multiples::of(self.key.gamma_abc_g1[input + 1]));
        }
        multiples.get().expect("the multiples are there by now")
    }
}

impl<E: EnginePairing> fmt::Debug for CheckedKey<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CheckedKey({} inputs)", self.inputs())
    }
}

/// Which keys a bank takes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Admission {
    /// Whether keys whose trapdoor one machine knew are taken: for development only.
    pub allow_dev: bool,
    /// The keys of ceremonies that are taken. A key file's header says which ceremony it came out
    /// of, and anybody can write a header: the bank has verified by other means that these did.
    pub ceremony_keys: Vec<KeyFingerprint>,
}

/// A verifying key that proofs may be judged by: of a circuit whose digest is pinned in this
/// software, whole, without a visible weakness, and of acceptable provenance.
pub struct AdmittedKey<E: EnginePairing> {
    header: KeyHeader,
    key: Arc<CheckedKey<E>>,
}

/// Why a key was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyRefused {
    /// Not a verifying key of this software, or damaged.
    #[error(transparent)]
    File(#[from] KeyFileError),
    /// Its points are not those of a sound key.
    #[error(transparent)]
    Weak(#[from] WeakKey),
    /// The header names another key than the one that follows.
    #[error("the key is not the one that its header names")]
    Fingerprint,
    /// One machine knew its trapdoor, and the profile takes no such key.
    #[error(
        "this is a dev key: whoever made it can forge proofs. A service takes it only when told \
         `allow_dev_keys = true`"
    )]
    Dev,
    /// It says that it comes from a ceremony, and the bank has not listed it.
    #[error(
        "the key {key} says that it comes from the ceremony {transcript}: verify the transcript, and \
         that this key came out of it, and list the key in `ceremony_keys`"
    )]
    Ceremony {
        /// Its fingerprint.
        key: KeyFingerprint,
        /// The transcript's hash.
        transcript: Digest,
    },
}

impl<E: NamedPairing> AdmittedKey<E> {
    /// Admits the key of a key file.
    ///
    /// # What is not checked
    /// That the key came out of the ceremony that its header names: whoever lists the key says so.
    ///
    /// # Errors
    /// Why the key was refused; get another one.
    pub fn open(file: &[u8], admission: &Admission) -> Result<Self, KeyRefused> {
        let (header, body) = KeyHeader::open(file, KeyKind::Verifying, E::CURVE)?;
        match header.provenance {
            Provenance::Dev if !admission.allow_dev => return Err(KeyRefused::Dev),
            Provenance::Ceremony(transcript)
                if !admission.ceremony_keys.contains(&header.fingerprint) =>
            {
                let key = header.fingerprint;
                return Err(KeyRefused::Ceremony { key, transcript });
            }
            Provenance::Dev | Provenance::Ceremony(_) => {}
        }
        if KeyFingerprint::of(body) != header.fingerprint {
            return Err(KeyRefused::Fingerprint);
        }
        let key = CheckedKey::from_bytes(body, public_inputs(header.shape))?;
        Ok(Self {
            header,
            key: Arc::new(key),
        })
    }

    /// The key file's bytes, which are determined by what was read from it.
    pub fn to_file(&self) -> Vec<u8> {
        let mut file = self.header.encode();
        self.key
            .points()
            .serialize_compressed(&mut file)
            .expect("a vector takes every byte");
        file
    }

    /// What the key file says of it.
    pub const fn header(&self) -> &KeyHeader {
        &self.header
    }

    /// The points.
    pub const fn key(&self) -> &Arc<CheckedKey<E>> {
        &self.key
    }
}

impl<E: EnginePairing> fmt::Debug for AdmittedKey<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AdmittedKey({})", self.header.fingerprint)
    }
}

fn negative<E: EnginePairing>(point: E::G2Affine) -> E::Lines {
    E::lines(Kernels::best(), (-point.into_group()).into_affine())
}

fn equal_up_to_sign<G: AffineRepr>(a: G, b: G) -> bool {
    a == b || a.into_group() == -b.into_group()
}

fn is_generator<G: AffineRepr>(point: G) -> bool {
    equal_up_to_sign(point, G::generator())
}

const INPUT_POINT: &str = "an input point";
/// Bytes of the number of IC points: little-endian.
const COUNT_LENGTH: usize = 8;
