//! A request with its policy: what presentations are held against.

use std::sync::Arc;

use taxproof_claims::digest::{Digest, Profile};
use taxproof_claims::policy::{ParameterError, Parameters, Policy};
use taxproof_claims::request::Request;
use taxproof_claims::subject::IdScheme;

/// A policy, and what follows from it alone: found once for all requests that ask it.
#[derive(Debug)]
pub(crate) struct Terms {
    policy: Arc<Policy>,
    encoding: Vec<u8>,
    digests: [Digest; 2],
    schema: Digest,
}

impl Terms {
    pub(crate) fn new(policy: Arc<Policy>) -> Self {
        Self {
            encoding: policy.encode(),
            digests: Profile::ALL.map(|profile| policy.digest(profile)),
            schema: policy.schema().digest(),
            policy,
        }
    }

    pub(crate) const fn policy(&self) -> &Arc<Policy> {
        &self.policy
    }

    /// The policy's digest in a profile.
    fn digest(&self, profile: Profile) -> Digest {
        let [sm, international] = self.digests;
        match profile {
            Profile::Sm => sm,
            Profile::International => international,
        }
    }
}

/// A request that the bank made, with its policy.
#[derive(Debug, Clone)]
pub struct Question {
    request: Request,
    digest: Digest,
    terms: Arc<Terms>,
    parameters: Parameters,
}

/// A request and a policy do not go together. Whoever put them together is at fault.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NotAQuestion {
    /// The request asks something else.
    #[error("the request is about another policy")]
    OtherPolicy,
    /// The request's shape is not the policy's.
    #[error("the request names another shape than the policy's")]
    Shape,
    /// The request's parameters are not the policy's.
    #[error(transparent)]
    Parameters(#[from] ParameterError),
}

impl Question {
    /// Puts a request and its policy together.
    ///
    /// # Errors
    /// They do not belong together.
    pub fn new(request: Request, policy: Arc<Policy>) -> Result<Self, NotAQuestion> {
        let (digest, terms) = (request.digest(), Terms::new(policy));
        Self::named(request, digest, Arc::new(terms))
    }

    /// The same where the request's digest and the policy's terms are known.
    ///
    /// # What is not checked
    /// That the digest is the request's.
    pub(crate) fn named(
        request: Request,
        digest: Digest,
        terms: Arc<Terms>,
    ) -> Result<Self, NotAQuestion> {
        let policy = terms.policy();
        if terms.encoding != request.policy {
            return Err(NotAQuestion::OtherPolicy);
        }
        if policy.shape() != request.shape {
            return Err(NotAQuestion::Shape);
        }
        let declared = policy.parameters();
        if let Some((_, stray)) = declared
            .iter()
            .zip(&request.parameters)
            .find(|(declared, given)| declared.name != given.name)
        {
            return Err(ParameterError::Unknown(stray.name.clone()).into());
        }
        let values = request.parameters.iter().map(|p| p.value).collect();
        Ok(Self {
            parameters: Parameters::new(declared, values)?,
            digest,
            request,
            terms,
        })
    }

    /// The request.
    pub const fn request(&self) -> &Request {
        &self.request
    }

    /// The request's digest.
    pub const fn digest(&self) -> Digest {
        self.digest
    }

    /// The policy.
    pub fn policy(&self) -> &Arc<Policy> {
        self.terms.policy()
    }

    /// The policy's digest in the request's profile.
    pub fn policy_digest(&self) -> Digest {
        self.terms.digest(self.request.profile)
    }

    /// The digest of the policy's schema.
    pub(crate) fn schema(&self) -> Digest {
        self.terms.schema
    }

    /// The parameters that the request sets.
    pub(crate) const fn parameters(&self) -> &Parameters {
        &self.parameters
    }

    pub(crate) fn id_scheme(&self) -> IdScheme {
        self.policy().schema().id_scheme
    }
}
