//! A bank's request, verified and understood: whose it is, what it asks, of which record, and what
//! the true answer is.

use taxproof_claims::credential::CredentialError;
use taxproof_claims::encoding::DecodeError;
use taxproof_claims::epoch::{AuthorityId, SignedEpochHeader};
use taxproof_claims::policy::{
    CompileError, Compiled, ParameterError, Parameters, Policy, PolicyResult,
};
use taxproof_claims::record::Values;
use taxproof_claims::request::{AcceptedEpoch, MAX_SIGNED_REQUEST, Request, SignedRequest};
use taxproof_claims::trust::TrustedBank;

use crate::quotation::Quotation;
use crate::wallet::{Held, ImportError, Wallet};

/// Seconds by which a bank's clock may be ahead of the wallet's.
const CLOCK_SKEW: u64 = 300;

/// A request that this wallet can answer, truly or not.
#[derive(Debug)]
pub struct Question {
    pub(crate) request: Request,
    pub(crate) bank: TrustedBank,
    pub(crate) authority: Quotation,
    pub(crate) held: Held,
    pub(crate) epoch: AcceptedEpoch,
    pub(crate) policy: Policy,
    pub(crate) parameters: Parameters,
    pub(crate) compiled: Compiled,
    values: Values,
    result: PolicyResult,
}

/// Why a request cannot be answered.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum QuestionError {
    /// Not a request, or damaged on its way.
    #[error("this is not a request")]
    Format(#[from] DecodeError),
    /// The bank is not on the wallet's trust list: anybody may have made the request.
    #[error("the bank `{0}` is not on the trust list: add it with `taxproof enterprise trust`")]
    UnknownBank(String),
    /// Not signed by the bank that it names, or altered since.
    #[error("the request is not signed by `{0}`: it is forged or was altered")]
    Signature(String),
    /// Too late. Ask the bank for another.
    #[error("the request has expired: ask the bank for another")]
    Expired,
    /// Made in the future: the wallet's clock or the bank's is wrong.
    #[error("the request was made in the future: check this machine's clock")]
    NotYet,
    /// The wallet holds no credential of any authority that the bank accepts.
    #[error("the bank accepts credentials of {accepted}; this wallet holds none of these")]
    NoCredential {
        /// The authorities' names.
        accepted: String,
    },
    /// The wallet's credential is of another epoch than the bank accepts: import the newest one, or
    /// ask the bank for another request.
    #[error(
        "the bank does not accept epoch {epoch} of `{authority}`, which is the one that this wallet holds: \
         import the newest credential, or ask the bank for another request"
    )]
    OtherEpoch {
        /// Whose.
        authority: AuthorityId,
        /// The one held.
        epoch: u64,
    },
    /// The wallet's credential cannot be read.
    #[error(transparent)]
    Held(#[from] ImportError),
    /// The credential does not serve the request's curve or shape.
    #[error(transparent)]
    Credential(#[from] CredentialError),
    /// The request's policy is none for the credential's schema. The bank must mend it.
    #[error("the bank's policy is refused: “{0}”")]
    Policy(Quotation),
    /// The request's parameters are not the policy's. The bank must mend it.
    #[error("the request's parameters do not fit its policy: {0}")]
    Parameters(Quotation),
    /// The policy cannot be used at the epoch's date or with the record.
    #[error(transparent)]
    Compile(#[from] CompileError),
    /// The policy is for another shape than the request. The bank must mend it.
    #[error("the request is for the shape {request}, its policy for {policy}")]
    Shape {
        /// The request's.
        request: &'static str,
        /// The policy's.
        policy: &'static str,
    },
    /// Rules and numbers disagree: a mistake in this software, so nothing is said.
    #[error("the policy's rules and its numbers disagree about the record: please report this")]
    Disagreement,
}

impl Question {
    /// Verifies a signed request under the wallet's trust list, finds the credential that it is
    /// about (of one authority, if one is named), decodes and compiles the policy, and evaluates it.
    ///
    /// `now` is in seconds since 1970-01-01T00:00:00Z.
    ///
    /// # Errors
    /// Why it cannot be answered.
    pub fn read(
        wallet: &Wallet,
        signed_request: &[u8],
        authority: Option<&AuthorityId>,
        now: u64,
    ) -> Result<Self, QuestionError> {
        let (request, bank) = verify(wallet, signed_request, now)?;
        let (held, epoch) = credential_for(wallet, &request, authority)?;
        let header = &held.credential.epoch.header;
        let authority = wallet.trust().authority(&header.authority);
        let authority = Quotation::new(authority.map_or("", |authority| &authority.name));

        let policy = decode_policy(&request, &held)?;
        let parameters = parameters_of(&request, &policy)?;
        let as_of = header.date().ok_or(CompileError::Date)?;
        let compiled = policy.compile(as_of, &parameters)?;
        let values = held.credential.record(request.shape.layout())?.values;
        let result = policy.evaluate(&values, as_of, &parameters)?;
        let by_numbers = taxproof_claims::statement::evaluate(&compiled.numbers, &values);
        if (by_numbers.passed, by_numbers.band) != (result.passed, result.band) {
            return Err(QuestionError::Disagreement);
        }
        Ok(Self {
            request,
            bank,
            authority,
            held,
            epoch,
            policy,
            parameters,
            compiled,
            values,
            result,
        })
    }

    /// What the bank asks.
    pub const fn request(&self) -> &Request {
        &self.request
    }

    /// The policy.
    pub const fn policy(&self) -> &Policy {
        &self.policy
    }

    /// What the policy says of the record: for the applicant's eyes only.
    pub const fn result(&self) -> &PolicyResult {
        &self.result
    }

    /// The policy's numbers for the epoch's date and the request's parameters.
    pub const fn compiled(&self) -> &Compiled {
        &self.compiled
    }

    /// The credential's epoch, as its authority signed it.
    pub const fn signed_epoch(&self) -> &SignedEpochHeader {
        &self.held.credential.epoch
    }

    /// The record's values in the request's shape.
    pub(crate) const fn values(&self) -> &Values {
        &self.values
    }

    /// Why the policy does not hold, by names only; empty where it does.
    pub fn shortfall(&self) -> Vec<String> {
        if self.result.passed {
            return Vec::new();
        }
        let rules = self
            .result
            .rules
            .iter()
            .filter(|rule| rule.required && !rule.holds);
        let groups = self
            .result
            .groups
            .iter()
            .filter(|group| group.holding < group.at_least);
        let mut names: Vec<String> = rules
            .map(|rule| format!("the rule `{}`", rule.name))
            .chain(groups.map(|group| format!("the group `{}`", group.name)))
            .collect();
        if names.is_empty() {
            names.push("the score".to_owned());
        }
        names
    }

    pub(crate) const fn is_expired(&self, now: u64) -> bool {
        now >= self.request.expires_at
    }
}

fn verify(
    wallet: &Wallet,
    signed_request: &[u8],
    now: u64,
) -> Result<(Request, TrustedBank), QuestionError> {
    if signed_request.len() > MAX_SIGNED_REQUEST {
        let (length, limit) = (signed_request.len(), MAX_SIGNED_REQUEST);
        return Err(DecodeError::TooLong { length, limit }.into());
    }
    let signed = SignedRequest::decode(signed_request)?;
    let name = &signed.request.bank;
    let bank = wallet
        .trust()
        .bank(name)
        .ok_or_else(|| QuestionError::UnknownBank(name.clone()))?;
    signed
        .verify(&bank.key)
        .map_err(|_| QuestionError::Signature(name.clone()))?;
    if signed.request.issued_at > now.saturating_add(CLOCK_SKEW) {
        return Err(QuestionError::NotYet);
    }
    if now >= signed.request.expires_at {
        return Err(QuestionError::Expired);
    }
    Ok((signed.request, bank.clone()))
}

/// The first credential of the wallet's that the bank accepts.
fn credential_for(
    wallet: &Wallet,
    request: &Request,
    authority: Option<&AuthorityId>,
) -> Result<(Held, AcceptedEpoch), QuestionError> {
    let mut other_epoch = None;
    let wanted = |accepted: &&AcceptedEpoch| authority.is_none_or(|a| *a == accepted.authority);
    for accepted in request.accepted.iter().filter(wanted) {
        let Some(held) = wallet.credential(&accepted.authority)? else {
            continue;
        };
        let header = &held.credential.epoch.header;
        if header.digest() == accepted.header {
            return Ok((held, accepted.clone()));
        }
        other_epoch = Some(QuestionError::OtherEpoch {
            authority: accepted.authority.clone(),
            epoch: header.epoch,
        });
    }
    Err(other_epoch.unwrap_or_else(|| {
        let names = request
            .accepted
            .iter()
            .map(|a| format!("`{}`", a.authority));
        let names: std::collections::BTreeSet<String> = names.collect();
        let accepted = names.into_iter().collect::<Vec<_>>().join(", ");
        QuestionError::NoCredential { accepted }
    }))
}

fn decode_policy(request: &Request, held: &Held) -> Result<Policy, QuestionError> {
    let policy = Policy::decode(&request.policy, &held.schema)
        .map_err(|errors| QuestionError::Policy(Quotation::new(&errors.to_string())))?;
    let (shape, needed) = (request.shape.name, policy.shape().name);
    if shape == needed {
        Ok(policy)
    } else {
        Err(QuestionError::Shape {
            request: shape,
            policy: needed,
        })
    }
}

/// The request's parameters, which must be the policy's, in its order.
fn parameters_of(request: &Request, policy: &Policy) -> Result<Parameters, QuestionError> {
    let refused =
        |error: ParameterError| QuestionError::Parameters(Quotation::new(&error.to_string()));
    let declared = policy.parameters();
    let same = request.parameters.len() == declared.len()
        && request
            .parameters
            .iter()
            .zip(declared)
            .all(|(given, declared)| given.name == declared.name);
    if !same {
        let (expected, found) = (declared.len(), request.parameters.len());
        return Err(refused(ParameterError::Count { expected, found }));
    }
    let values = request.parameters.iter().map(|given| given.value).collect();
    Parameters::new(declared, values).map_err(refused)
}
