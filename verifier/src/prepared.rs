//! Prepared policies: a verifying key of a few inputs for each policy and epoch.
//!
//! A policy's numbers, the epoch and the bank are the same for every proof; only what is in an
//! [`Answer`], and thresholds that depend on a request's parameters, stay open. A prepared policy is
//! derived in memory from an [`AdmittedKey`] and never loaded from a file.

use std::fmt;

use taxproof_claims::amount::to_field;
use taxproof_claims::curve::NamedPairing;
use taxproof_claims::digest::Digest;
use taxproof_claims::numbers::Numbers;
use taxproof_claims::request::{bank_digest, scope_digest};
use taxproof_claims::statement::{Consent, FIXED_INPUTS, FixedInputs, Outcome};
use taxproof_engine::pairing::EnginePairing;

use crate::epoch::TrustedEpoch;
use crate::key::AdmittedKey;
use crate::proof::CanonicalProof;
use crate::reduced::{Input, ReducedKey, Rejected, WrongCount};

/// A policy for one epoch, ready to verify proofs.
pub struct PreparedPolicy<E: EnginePairing> {
    reduced: ReducedKey<E>,
    scope_is_context: bool,
    discloses_id: bool,
    discloses_more: bool,
    /// The flattened numbers; `None` for those that depend on the parameters.
    numbers: Vec<Option<i128>>,
}

/// What every proof for a policy and an epoch has in common.
#[derive(Debug, Clone, Copy)]
pub struct Common<'a> {
    /// The bank's name in requests.
    pub bank: &'a str,
    /// The epoch.
    pub epoch: &'a TrustedEpoch,
    /// The policy's numbers, for any parameters.
    pub numbers: &'a Numbers,
    /// Positions in [`Numbers::flatten`] that depend on the parameters, ascending.
    pub open_numbers: &'a [usize],
    /// The registry that the scope tag is for, if any.
    pub scope: Option<&'a str>,
    /// All that an applicant can consent to disclose.
    pub allowed: Consent,
}

/// What differs from proof to proof.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Answer<F> {
    /// Binds the proof to its request.
    pub context: F,
    /// H(nk, id, bank).
    pub pseudonym: F,
    /// H(nk, id, scope).
    pub scope_tag: F,
    /// The id, where the policy asks for it; else unused.
    pub disclosed_id: F,
    /// What the proof says.
    pub outcome: Outcome,
    /// What the applicant agreed to disclose.
    pub consent: Consent,
}

/// Why a policy cannot be prepared. The bank's own configuration is at fault.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CannotPrepare {
    /// The key is for another shape.
    #[error("the key is for the shape {key}, the policy for {policy}")]
    Shape {
        /// The key's.
        key: &'static str,
        /// The policy's.
        policy: &'static str,
    },
    /// The epoch has no root over the key's curve for the shape's layout.
    #[error("the epoch has no root for the key's curve and the policy's shape")]
    NoRoot,
    /// The key has not the statement's number of inputs, which an admitted key has.
    #[error(transparent)]
    Count(#[from] WrongCount),
}

/// The numbers are not those that the policy was prepared with. The bank's own software is at fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the policy was prepared with other numbers")]
pub struct OtherNumbers;

impl<E: NamedPairing> PreparedPolicy<E> {
    /// Adds up what every proof has in common.
    ///
    /// # Errors
    /// Key, policy and epoch do not go together.
    pub fn new(key: &AdmittedKey<E>, common: &Common<'_>) -> Result<Self, CannotPrepare> {
        let shape = common.numbers.shape;
        if key.header().shape != shape {
            return Err(CannotPrepare::Shape {
                key: key.header().shape.name,
                policy: shape.name,
            });
        }
        let header = common.epoch.header();
        let root = header.root(E::CURVE, shape.layout());
        let known = |digest: Digest| Input::Element(digest.to_field());
        let nothing = Input::Number(0);
        let discloses_more = common.allowed != Consent::NONE;
        let fixed: [Input<E::ScalarField>; FIXED_INPUTS] = FixedInputs {
            schema: known(header.schema),
            newest_period: Input::Number(header.newest_period.index().into()),
            root: Input::Element(root.ok_or(CannotPrepare::NoRoot)?),
            context: Input::Open,
            bank: known(bank_digest(common.bank)),
            scope: common
                .scope
                .map_or(Input::Open, |scope| known(scope_digest(scope))),
            pseudonym: Input::Open,
            scope_tag: Input::Open,
            disclosed_id: if common.numbers.disclose_id {
                Input::Open
            } else {
                nothing
            },
            outcome: Input::Open,
            consent: if discloses_more { Input::Open } else { nothing },
        }
        .to_array();
        let is_known = |i: &usize| common.open_numbers.binary_search(i).is_err();
        let numbers = common.numbers.flatten().into_iter().enumerate();
        let numbers: Vec<Option<i128>> = numbers
            .map(|(i, n)| Some(n).filter(|_| is_known(&i)))
            .collect();
        let input = |n: &Option<i128>| n.map_or(Input::Open, Input::Number);
        let inputs: Vec<_> = fixed.into_iter().chain(numbers.iter().map(input)).collect();
        Ok(Self {
            reduced: ReducedKey::new(key.key().clone(), &inputs)?,
            scope_is_context: common.scope.is_none(),
            discloses_id: common.numbers.disclose_id,
            discloses_more,
            numbers,
        })
    }
}

impl<E: EnginePairing> PreparedPolicy<E> {
    /// The open inputs' values, in their order. `numbers` are the policy's for the request's
    /// parameters and this epoch's date.
    ///
    /// # Errors
    /// The numbers are another policy's or another date's.
    pub fn open_inputs(
        &self,
        answer: &Answer<E::ScalarField>,
        numbers: &Numbers,
    ) -> Result<Vec<E::ScalarField>, OtherNumbers> {
        let optional = |open: bool, value: E::ScalarField| open.then_some(value);
        let numbers = numbers.flatten();
        let mut known = self.numbers.iter().zip(&numbers);
        let same = known.all(|(known, n)| known.is_none_or(|known| known == *n));
        if !same || numbers.len() != self.numbers.len() {
            return Err(OtherNumbers);
        }
        let parameters = self.numbers.iter().zip(&numbers);
        let parameters = parameters.filter(|(known, _)| known.is_none());
        let inputs = [
            Some(answer.context),
            optional(self.scope_is_context, answer.context),
            Some(answer.pseudonym),
            Some(answer.scope_tag),
            optional(self.discloses_id, answer.disclosed_id),
            Some(answer.outcome.bits().into()),
            optional(self.discloses_more, answer.consent.bits().into()),
        ]
        .into_iter()
        .flatten()
        .chain(parameters.map(|(_, &n)| to_field(n)));
        Ok(inputs.collect())
    }

    /// Verifies a proof of an answer. `numbers` as of [`Self::open_inputs`].
    ///
    /// # Errors
    /// As [`Self::open_inputs`]; the inner one where the proof does not verify.
    pub fn verify(
        &self,
        proof: &CanonicalProof<E>,
        answer: &Answer<E::ScalarField>,
        numbers: &Numbers,
    ) -> Result<Result<(), Rejected>, OtherNumbers> {
        let open = self.open_inputs(answer, numbers)?;
        Ok(self.reduced.verify(proof, &open))
    }

    /// The reduced key, for batches.
    pub const fn reduced(&self) -> &ReducedKey<E> {
        &self.reduced
    }
}

impl<E: EnginePairing> fmt::Debug for PreparedPolicy<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PreparedPolicy({:?})", self.reduced)
    }
}
