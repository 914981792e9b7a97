//! Publication: a record for every registered enterprise, committed to, signed and handed out.

use rayon::prelude::*;
use taxproof_claims::curve::Curve;
use taxproof_claims::date::Date;
use taxproof_claims::epoch::{EpochHeader, SignedEpochHeader};
use taxproof_claims::period::Period;
use taxproof_claims::shape::{Layout, Q16};
use taxproof_claims::subject::EnterpriseId;

use crate::authority::Authority;
use crate::commitment::{Commitment, Epoch, Member};
use crate::derivation::{Terms, Underivable};
use crate::epochs::Preparation;
use crate::error::AuthorityError;
use crate::ledger::Ledger;
use crate::progress::Progress;
use crate::registration::{Registered, RegistrationError, recipient};
use crate::rules::Derivations;

/// What an epoch is to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Publication {
    /// Seconds since 1970-01-01T00:00:00Z. The ledger is read as of that day.
    pub time: u64,
    /// The newest period. Without it, the last one whose filings were all due before that day.
    pub newest_period: Option<Period>,
    /// Over whose scalar fields there is a root.
    pub curves: Vec<Curve>,
    /// For which layouts there is a root.
    pub layouts: Vec<Layout>,
    /// The number that the epoch must have, so that a script publishes it once.
    pub epoch: Option<u64>,
}

/// What was published, and who is not in it.
#[derive(Debug)]
pub struct Published {
    /// The epoch.
    pub epoch: SignedEpochHeader,
    /// Enterprises on the ledger that are not registered: they have no leaf.
    pub unregistered: usize,
    /// Registered enterprises of which nothing is on the ledger: they have no leaf.
    pub unknown: Vec<EnterpriseId>,
    /// Registered enterprises without a derivable record, and why: they have no leaf.
    pub left_out: Vec<(EnterpriseId, Underivable)>,
}

impl Publication {
    /// An epoch at a time, with the default curve and layout.
    pub fn at(time: u64) -> Self {
        Self {
            time,
            newest_period: None,
            curves: vec![Curve::Bn254],
            layouts: vec![Q16.layout()],
            epoch: None,
        }
    }

    fn roots(&self) -> Vec<(Curve, Layout)> {
        let mut roots = Vec::new();
        for &curve in &self.curves {
            for &layout in &self.layouts {
                if !roots.contains(&(curve, layout)) {
                    roots.push((curve, layout));
                }
            }
        }
        roots
    }
}

impl Authority {
    /// Publishes the next epoch: derives every registered enterprise's record, commits to all of
    /// them, signs the header and writes each one's credential, encrypted to it.
    ///
    /// # Errors
    /// There is nothing to commit to, the epoch would go back, or a file cannot be written. Nothing
    /// is published then.
    pub fn publish(
        &mut self,
        publication: &Publication,
        progress: &dyn Progress,
    ) -> Result<Published, AuthorityError> {
        self.catch_up_log()?;
        let derivations = self.derivations()?.ok_or(AuthorityError::NoDerivations)?;
        let (day, newest) = self.check_order(publication, &derivations)?;
        let roots = publication.roots();
        let largest = publication.layouts.iter().max().copied();
        let largest = largest.filter(|_| !roots.is_empty());
        let layout = largest.ok_or(AuthorityError::Roots)?;
        if !publication.layouts.iter().all(|l| self.schema.fits(*l)) {
            return Err(AuthorityError::Roots);
        }
        let epoch = Epoch {
            number: self.epochs.next(),
            profile: self.key.profile(),
            schema: self.schema.digest(),
            newest_period: newest,
        };
        let terms = Terms {
            schema: &self.schema,
            derivations: &derivations,
            layout,
            newest,
            as_of: day,
        };

        let ledger = self.ledger()?;
        let (members, absent) = self.members(&ledger, &terms, &epoch, progress)?;
        let commitment = Commitment::new(members, &epoch, &self.order, &roots, progress);
        let header = EpochHeader {
            profile: epoch.profile,
            authority: self.settings().id.clone(),
            epoch: epoch.number,
            time: publication.time,
            newest_period: newest,
            schema: epoch.schema,
            leaves: commitment.members.len() as u64,
            roots: commitment.roots(),
            previous: self.epochs.last_digest(),
        };
        let signed = header.sign(&self.key);

        let preparation = self.epochs.prepare()?;
        write_credentials(&commitment, &signed, &preparation, progress)?;
        drop(commitment);
        self.epochs.publish(preparation, signed.clone())?;
        self.catch_up_log()?;
        Ok(Published {
            epoch: signed,
            unregistered: absent.unregistered,
            unknown: absent.unknown,
            left_out: absent.left_out,
        })
    }

    /// The epoch's day and newest period, after checking that nothing goes back.
    fn check_order(
        &self,
        publication: &Publication,
        derivations: &Derivations,
    ) -> Result<(Date, Period), AuthorityError> {
        let next = self.epochs.next();
        if let Some(asked) = publication.epoch.filter(|asked| *asked != next) {
            return Err(AuthorityError::NotTheNextEpoch { next, asked });
        }
        let day = Date::of_unix_seconds(publication.time).ok_or(AuthorityError::Time)?;
        let newest = publication.newest_period;
        let newest = newest.or_else(|| derivations.newest_period(day));
        let newest = newest.ok_or(AuthorityError::Time)?;
        if newest.last_day() >= day {
            return Err(AuthorityError::PeriodNotOver(newest));
        }
        if let Some(last) = self.epochs.headers().last().map(|signed| &signed.header) {
            if publication.time < last.time {
                return Err(AuthorityError::TimeGoesBack);
            }
            if newest < last.newest_period {
                return Err(AuthorityError::PeriodGoesBack(last.newest_period, newest));
            }
        }
        Ok((day, newest))
    }

    fn members(
        &self,
        ledger: &Ledger,
        terms: &Terms<'_>,
        epoch: &Epoch,
        progress: &dyn Progress,
    ) -> Result<(Vec<Member<'_>>, Absent), AuthorityError> {
        progress.begin("deriving records", self.registrations.len() as u64);
        let registered: Vec<_> = self.registrations.iter().collect();
        let drawn: Vec<_> = registered
            .into_par_iter()
            .map(|(id, registered)| {
                progress.advance();
                let drawn = self.draw(id, registered, ledger, terms, epoch)?;
                Ok((id, drawn))
            })
            .collect::<Result<_, AuthorityError>>()?;
        let unregistered = ledger
            .accounts()
            .filter(|(id, _)| !self.registrations.contains_key(*id));
        let mut absent = Absent {
            unregistered: unregistered.count(),
            ..Absent::default()
        };
        let mut members = Vec::with_capacity(drawn.len());
        for (id, drawn) in drawn {
            match drawn {
                Drawn::Member(member) => members.push(member),
                Drawn::Unknown => absent.unknown.push(id.clone()),
                Drawn::LeftOut(why) => absent.left_out.push((id.clone(), why)),
            }
        }
        if members.is_empty() {
            return Err(AuthorityError::NothingToCommit {
                unregistered: absent.unregistered,
                left_out: absent.left_out.len() + absent.unknown.len(),
            });
        }
        Ok((members, absent))
    }

    fn draw<'a>(
        &self,
        id: &'a EnterpriseId,
        registered: &'a Registered,
        ledger: &Ledger,
        terms: &Terms<'_>,
        epoch: &Epoch,
    ) -> Result<Drawn<'a>, AuthorityError> {
        let Some(account) = ledger.account(id) else {
            return Ok(Drawn::Unknown);
        };
        Ok(match terms.derive(account, registered.holder_since) {
            Err(why) => Drawn::LeftOut(why),
            Ok(values) => Drawn::Member(Member {
                id,
                registration: &registered.registration,
                values,
                salt: self.seed(id)?.salt(epoch.profile, epoch.number),
            }),
        })
    }
}

/// What came of a registered enterprise.
enum Drawn<'a> {
    Member(Member<'a>),
    Unknown,
    LeftOut(Underivable),
}

/// Who has no leaf.
#[derive(Default)]
struct Absent {
    unregistered: usize,
    unknown: Vec<EnterpriseId>,
    left_out: Vec<(EnterpriseId, Underivable)>,
}

fn write_credentials(
    commitment: &Commitment<'_>,
    signed: &SignedEpochHeader,
    preparation: &Preparation,
    progress: &dyn Progress,
) -> Result<(), AuthorityError> {
    progress.begin("writing credentials", commitment.members.len() as u64);
    commitment
        .members
        .par_iter()
        .enumerate()
        .try_for_each(|(position, member)| {
            let credential = commitment.credential(position, signed);
            let bytes = zeroize::Zeroizing::new(credential.encode());
            let recipient = recipient(member.registration)?;
            let encrypted = age::encrypt(&recipient, &bytes).map_err(|_| {
                let text = member.registration.recipient.clone();
                RegistrationError::Recipient(text)
            })?;
            preparation.credential(member.id.as_str(), &encrypted)?;
            progress.advance();
            Ok(())
        })
}
