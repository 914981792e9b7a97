//! The verifying keys that a bank accepts proofs under, over either curve.

use ark_bls12_381::Bls12_381;
use ark_bn254::Bn254;
use ark_ec::pairing::Pairing;
use taxproof_claims::curve::{Curve, NamedPairing};
use taxproof_claims::key::{KeyFingerprint, KeyHeader};
use taxproof_claims::presentation::Presentation;
use taxproof_claims::shape::Shape;

use crate::epoch::TrustedEpoch;
use crate::key::{Admission, AdmittedKey, KeyRefused};
use crate::presentation::{CannotJudge, Case, Question, Verdict, Verifier};

/// A verifier over one of the curves.
#[derive(Debug)]
pub enum AnyVerifier {
    /// The default.
    Bn254(Verifier<Bn254>),
    /// By configuration.
    Bls12_381(Verifier<Bls12_381>),
}

impl AnyVerifier {
    /// Admits the key of a key file over whichever curve it is.
    ///
    /// # Errors
    /// Why the key was refused; get another one.
    pub fn open(file: &[u8], admission: &Admission) -> Result<Self, KeyRefused> {
        let (header, _) = KeyHeader::peek(file)?;
        Ok(match header.curve {
            Curve::Bn254 => Self::Bn254(Verifier::new(AdmittedKey::open(file, admission)?)),
            Curve::Bls12_381 => Self::Bls12_381(Verifier::new(AdmittedKey::open(file, admission)?)),
        })
    }

    /// What the key file says of the key.
    pub const fn header(&self) -> &KeyHeader {
        match self {
            Self::Bn254(verifier) => verifier.key().header(),
            Self::Bls12_381(verifier) => verifier.key().header(),
        }
    }

    /// Whether proofs under the key can be about an epoch.
    pub fn covers(&self, epoch: &TrustedEpoch) -> bool {
        let shape = self.header().shape;
        match self {
            Self::Bn254(_) => has_root::<Bn254>(epoch, shape),
            Self::Bls12_381(_) => has_root::<Bls12_381>(epoch, shape),
        }
    }

    /// As [`Verifier::judge`].
    ///
    /// # Errors
    /// As [`Verifier::judge`].
    pub fn judge(
        &self,
        question: &Question,
        epoch: &TrustedEpoch,
        presentation: &Presentation,
        now: u64,
    ) -> Result<Verdict, CannotJudge> {
        match self {
            Self::Bn254(verifier) => verifier.judge(question, epoch, presentation, now),
            Self::Bls12_381(verifier) => verifier.judge(question, epoch, presentation, now),
        }
    }
}

impl AnyVerifier {
    /// As [`Verifier::judge_all`].
    pub fn judge_all(&self, cases: &[Case<'_>], now: u64) -> Vec<Result<Verdict, CannotJudge>> {
        match self {
            Self::Bn254(verifier) => verifier.judge_all(cases, now),
            Self::Bls12_381(verifier) => verifier.judge_all(cases, now),
        }
    }

    /// The key file's bytes.
    pub fn to_file(&self) -> Vec<u8> {
        match self {
            Self::Bn254(verifier) => verifier.key().to_file(),
            Self::Bls12_381(verifier) => verifier.key().to_file(),
        }
    }
}

fn has_root<E: NamedPairing>(epoch: &TrustedEpoch, shape: Shape) -> bool {
    let root: Option<<E as Pairing>::ScalarField> = epoch.header().root(E::CURVE, shape.layout());
    root.is_some()
}

/// The keys of a bank, those that it prefers first.
#[derive(Debug)]
pub struct Keyring(Vec<AnyVerifier>);

impl Keyring {
    /// A keyring.
    pub const fn new(verifiers: Vec<AnyVerifier>) -> Self {
        Self(verifiers)
    }

    /// The keys.
    pub fn iter(&self) -> impl Iterator<Item = &AnyVerifier> {
        self.0.iter()
    }

    /// The keys for a shape.
    pub fn of_shape(&self, shape: Shape) -> impl Iterator<Item = &AnyVerifier> {
        self.iter().filter(move |v| v.header().shape == shape)
    }

    /// The key of a fingerprint.
    pub fn named(&self, fingerprint: KeyFingerprint) -> Option<&AnyVerifier> {
        self.iter().find(|v| v.header().fingerprint == fingerprint)
    }
}
