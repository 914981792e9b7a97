//! The authority's side of a signature: asks, says who signs, and puts the shares together.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use frost_ed25519::round1::SigningCommitments;
use frost_ed25519::round2::SignatureShare;
use serde::{Deserialize, Serialize};
use taxproof_claims::signature::{Signature, SigningKey, VerifyingKey};

use super::error::CustodianError;
use super::exchange::{Exchange, Wait};
use super::group::{Group, by_identifier, culprits};
use super::messages::{Chosen, Step, file, gather, package_file, read};
use super::request::{Request, Subject};
use super::sealed::{self, Kind};
use crate::error::AuthorityError;
use crate::progress::Progress;

/// What an authority's folder says of a key that custodians hold.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CustodianKey {
    /// The folder to meet them in.
    exchange: PathBuf,
    /// How long to wait for them, in seconds.
    wait: u64,
    group: Group,
}

impl CustodianKey {
    /// The key of the group that was made in an exchange folder.
    pub(crate) fn of_exchange(exchange: &Exchange, wait: Duration) -> Result<Self, AuthorityError> {
        Ok(Self {
            exchange: exchange.path().to_owned(),
            wait: wait.as_secs(),
            group: Group::read(exchange)?,
        })
    }

    pub(crate) const fn verifying_key(&self) -> &VerifyingKey {
        self.group.key()
    }

    /// The custodians' signature of a message, which is that of what they are shown. They are asked under the
    /// authority's own key.
    pub(crate) fn sign(
        &self,
        message: &[u8],
        shown: Subject,
        requests: &SigningKey,
        progress: &dyn Progress,
    ) -> Result<Signature, AuthorityError> {
        let exchange = Exchange::open(&self.exchange)?;
        let request = Request::new(self.group.key().clone(), shown);
        let session = Session {
            exchange: &exchange,
            group: &self.group,
            request: &request,
            requests,
            wait: Duration::from_secs(self.wait),
        };
        let signed = session.run(progress);
        session.end();
        let signature = signed?;
        let verified = self.group.key().verify_bytes(message, &signature);
        verified.map_err(|_| CustodianError::OtherKey)?;
        Ok(signature)
    }
}

/// One signature, from the request on.
#[derive(Clone, Copy)]
struct Session<'a> {
    exchange: &'a Exchange,
    group: &'a Group,
    request: &'a Request,
    requests: &'a SigningKey,
    wait: Duration,
}

/// The file with what is to be signed now.
pub(super) const REQUEST: &str = "request.toml";

impl Session<'_> {
    fn run(&self, progress: &dyn Progress) -> Result<Signature, AuthorityError> {
        let threshold = self.group.threshold();
        let text = self.request.to_toml();
        sealed::write_text(self.exchange, REQUEST, Kind::Request, &text, self.requests)?;
        progress.begin("custodians who approve", threshold.into());
        let commitments = self.commitments(progress)?;
        let signers: Vec<u16> = commitments.keys().copied().collect();
        let message = self.request.subject.message();
        let commitments = by_identifier(commitments).map_err(CustodianError::from)?;
        let chosen = Chosen {
            session: self.request.session,
            package: frost_ed25519::SigningPackage::new(commitments, &message),
        };
        let name = package_file(&self.request.session);
        sealed::write(self.exchange, &name, Kind::Package, &chosen, self.requests)?;
        progress.begin("shares of the signature", threshold.into());
        let shares = self.shares(&signers, progress)?;
        let shares = by_identifier(shares).map_err(CustodianError::from)?;
        Ok(self.aggregate(&chosen.package, &shares)?)
    }

    /// Those of the first who approve, as many as must.
    fn commitments(
        &self,
        progress: &dyn Progress,
    ) -> Result<BTreeMap<u16, SigningCommitments>, AuthorityError> {
        let threshold = self.group.threshold();
        let found = self.gather(self.group.numbers(), progress)?;
        if found.len() == usize::from(threshold) {
            return Ok(found);
        }
        Err(CustodianError::Approvals {
            approved: found.into_keys().collect(),
            threshold,
            seconds: self.wait.as_secs(),
        }
        .into())
    }

    /// The shares of those who were chosen.
    fn shares(
        &self,
        signers: &[u16],
        progress: &dyn Progress,
    ) -> Result<BTreeMap<u16, SignatureShare>, AuthorityError> {
        let found = self.gather(signers.iter().copied(), progress)?;
        let mut missing = signers.to_vec();
        missing.retain(|signer| !found.contains_key(signer));
        if missing.is_empty() {
            return Ok(found);
        }
        Err(CustodianError::Missing {
            what: "shares of the signature",
            missing,
            seconds: self.wait.as_secs(),
        }
        .into())
    }

    fn gather<T: Step>(
        &self,
        numbers: impl Iterator<Item = u16> + Clone,
        progress: &dyn Progress,
    ) -> Result<BTreeMap<u16, T>, AuthorityError> {
        let wait = Wait::of(self.wait);
        let needed = usize::from(self.group.threshold());
        let session = &self.request.session;
        let read = |number| read(self.exchange, session, number);
        gather(numbers, needed, &wait, progress, read)
    }

    fn aggregate(
        &self,
        package: &frost_ed25519::SigningPackage,
        shares: &BTreeMap<frost_ed25519::Identifier, SignatureShare>,
    ) -> Result<Signature, CustodianError> {
        let signature = frost_ed25519::aggregate(package, shares, self.group.public());
        let signature = signature.map_err(|error| match culprits(&error, self.group.size()) {
            wrong if wrong.is_empty() => CustodianError::Frost(error),
            wrong => CustodianError::WrongShare(wrong),
        })?;
        let bytes = signature.serialize()?.try_into();
        bytes.map(Signature).map_err(|_| CustodianError::OtherKey)
    }

    /// Takes the session's files away. What cannot be removed does no harm: the next session has another name.
    fn end(&self) {
        let session = &self.request.session;
        let of_custodians = self.group.numbers().flat_map(|number| {
            [
                file::<SigningCommitments>(session, number),
                file::<SignatureShare>(session, number),
            ]
        });
        let ours = [REQUEST.to_owned(), package_file(session)];
        for name in ours.into_iter().chain(of_custodians) {
            let _ = self.exchange.remove(&name);
        }
    }
}
