//! The authority's side of a signature: asks, says who signs, and puts the shares together.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use frost_ed25519::round1::SigningCommitments;
use serde::{Deserialize, Serialize};
use taxproof_claims::digest::Digest;
use taxproof_claims::epoch::AuthorityId;
use taxproof_claims::signature::{Signature, SigningKey};

use super::error::{CustodianError, Sender};
use super::exchange::{Exchange, Wait};
use super::group::{Group, by_identifier, culprits};
use super::messages::{Chosen, Share, Step, file, gather, package_file, read};
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
    /// The key that was made for an authority in an exchange folder.
    pub(crate) fn of_exchange(
        exchange: &Exchange,
        wait: Duration,
        authority: &AuthorityId,
    ) -> Result<Self, AuthorityError> {
        let group = Group::read(exchange)?;
        if group.authority() != authority {
            let made = group.authority().clone();
            return Err(CustodianError::OtherAuthority(made, authority.clone()).into());
        }
        Ok(Self {
            exchange: exchange.path().to_owned(),
            wait: wait.as_secs(),
            group,
        })
    }

    pub(crate) const fn group(&self) -> &Group {
        &self.group
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
        progress.say(&format!("custodians are asked for {}", request.subject));
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
        let package = sealed::write(self.exchange, &name, Kind::Package, &chosen, self.requests)?;
        progress.begin("shares of the signature", threshold.into());
        let shares = self.shares(&signers, package, progress)?;
        Ok(self.aggregate(&chosen.package, shares)?)
    }

    /// Those of the first who approve, as many as must.
    fn commitments(
        &self,
        progress: &dyn Progress,
    ) -> Result<BTreeMap<u16, SigningCommitments>, AuthorityError> {
        let threshold = self.group.threshold();
        let read = |number| read(self.exchange, &self.request.session, number);
        let found = self.gather(self.group.numbers(), progress, read)?;
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
        package: Digest,
        progress: &dyn Progress,
    ) -> Result<BTreeMap<u16, Share>, AuthorityError> {
        let read = |number| self.share(number, package);
        let found = self.gather(signers.iter().copied(), progress, read)?;
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

    /// A share for the package that we wrote: for another it would look like a wrong one.
    fn share(&self, number: u16, package: Digest) -> Result<Option<Share>, AuthorityError> {
        let session = &self.request.session;
        let found = read::<Share>(self.exchange, session, number)?;
        if found.as_ref().is_some_and(|share| share.package != package) {
            let file = self.exchange.file(&file::<Share>(session, number));
            let why = "for a package that was not sent: somebody else may have the bureau's `requests.pem`";
            return Err(CustodianError::message(&file, Sender::Custodian(number), why).into());
        }
        Ok(found)
    }

    fn gather<T: Step>(
        &self,
        numbers: impl Iterator<Item = u16> + Clone,
        progress: &dyn Progress,
        read: impl Fn(u16) -> Result<Option<T>, AuthorityError>,
    ) -> Result<BTreeMap<u16, T>, AuthorityError> {
        let wait = Wait::of(self.wait);
        let needed = usize::from(self.group.threshold());
        gather(numbers, needed, &wait, progress, read)
    }

    fn aggregate(
        &self,
        package: &frost_ed25519::SigningPackage,
        shares: BTreeMap<u16, Share>,
    ) -> Result<Signature, CustodianError> {
        let shares = shares.into_iter().map(|(number, it)| (number, it.share));
        let shares = by_identifier(shares.collect())?;
        let signature = frost_ed25519::aggregate(package, &shares, self.group.public());
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
                file::<Share>(session, number),
            ]
        });
        let ours = [REQUEST.to_owned(), package_file(session)];
        for name in ours.into_iter().chain(of_custodians) {
            let _ = self.exchange.remove(&name);
        }
    }
}
