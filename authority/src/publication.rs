//! Publication: a record for every registered enterprise, committed to, signed and handed out.

use taxproof_claims::curve::Curve;
use taxproof_claims::date::Date;
use taxproof_claims::epoch::{EpochHeader, SignedEpochHeader};
use taxproof_claims::period::Period;
use taxproof_claims::shape::{Layout, Q16};
use taxproof_claims::subject::EnterpriseId;

use crate::authority::Authority;
use crate::bundles;
use crate::commitment::{Absent, Commitment, Task};
use crate::custodians::Subject;
use crate::derivation::{Terms, Underivable};
use crate::epochs::Preparation;
use crate::error::AuthorityError;
use crate::progress::Progress;
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
    /// Enterprises on the ledger that are not registered, or not any more: they have no leaf.
    pub unregistered: u64,
    /// Registered enterprises of which nothing is on the ledger: they have no leaf.
    pub unknown: Vec<EnterpriseId>,
    /// Registered enterprises without a derivable record, and why: they have no leaf.
    pub left_out: Vec<(EnterpriseId, Underivable)>,
}

/// An epoch that is to be signed.
struct Prepared {
    preparation: Preparation,
    header: EpochHeader,
    bits: u32,
    absent: Absent,
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
    /// them, signs the header and writes the bundles. Records that have not changed since the epoch before
    /// are not derived or hashed again, but salted afresh. Where custodians were asked to sign an epoch and it was not
    /// published, they are asked for the same again, whatever is on record since.
    ///
    /// # Errors
    /// There is nothing to commit to, the epoch would go back, or a file cannot be written. Nothing
    /// is published then.
    pub fn publish(
        &mut self,
        publication: &Publication,
        progress: &dyn Progress,
    ) -> Result<Published, AuthorityError> {
        // A log begins with its first epoch.
        if !self.headers().is_empty() {
            self.catch_up_log(progress)?;
        }
        self.check_number(publication)?;
        let prepared = match self.epochs.asked()? {
            None => self.prepare(publication, progress)?,
            Some((preparation, header, bits)) => {
                progress.say("asks again for what was prepared before");
                Prepared {
                    preparation,
                    header,
                    bits,
                    absent: Absent::default(),
                }
            }
        };
        self.sign_and_publish(prepared, progress)
    }

    /// Commits to the records of the next epoch.
    fn prepare(
        &self,
        publication: &Publication,
        progress: &dyn Progress,
    ) -> Result<Prepared, AuthorityError> {
        let derivations = self.derivations()?.ok_or(AuthorityError::NoDerivations)?;
        let (day, newest) = self.check_order(publication, &derivations)?;
        let roots = publication.roots();
        let largest = publication.layouts.iter().max().copied();
        let largest = largest.filter(|_| !roots.is_empty());
        let layout = largest.ok_or(AuthorityError::Roots)?;
        if !publication.layouts.iter().all(|l| self.schema.fits(*l)) {
            return Err(AuthorityError::Roots);
        }
        let bits = bundles::bits(self.registrations.len().min(self.ledger.len()));
        let previous = self.epochs.newest()?;
        let task = Task {
            ledger: &self.ledger,
            registrations: &self.registrations,
            terms: Terms {
                schema: &self.schema,
                derivations: &derivations,
                layout,
                newest,
                as_of: day,
            },
            profile: self.key.profile(),
            epoch: self.epochs.next(),
            schema: self.schema.digest(),
            order: &self.order,
            roots: &roots,
            previous: previous.as_ref(),
            bits,
        };
        let preparation = self.epochs.prepare()?;
        let folder = preparation.members();
        let committed = task.commit(&folder, progress)?;
        let header = EpochHeader {
            profile: task.profile,
            authority: self.settings().id.clone(),
            epoch: task.epoch,
            time: publication.time,
            newest_period: newest,
            schema: task.schema,
            leaves: committed.leaves,
            roots: committed.roots,
            previous: self.epochs.last_digest(),
        };
        if self.key.custodians().is_some() {
            preparation.keep(&header, bits)?;
        }
        Ok(Prepared {
            preparation,
            header,
            bits,
            absent: committed.absent,
        })
    }

    fn sign_and_publish(
        &mut self,
        prepared: Prepared,
        progress: &dyn Progress,
    ) -> Result<Published, AuthorityError> {
        let Prepared {
            preparation,
            header,
            bits,
            absent,
        } = prepared;
        let folder = preparation.members();
        let before = self.epochs.headers().last().cloned();
        let shown = || Some(Subject::Header(header.clone(), before));
        // Before anybody is asked, who could not be asked for another.
        let commitment = Commitment::open(&folder, &header)?;
        let signature = self.key.sign(&header.digest().0, shown, progress)?;
        let signed = SignedEpochHeader { header, signature };
        let to = preparation.bundles();
        bundles::write(&commitment, &signed, bits, &to, progress)?;
        self.epochs.publish(preparation, signed.clone())?;
        self.catch_up_log(progress)?;
        Ok(Published {
            epoch: signed,
            unregistered: absent.unregistered,
            unknown: absent.unknown,
            left_out: absent.left_out,
        })
    }

    fn check_number(&self, publication: &Publication) -> Result<(), AuthorityError> {
        let next = self.epochs.next();
        match publication.epoch.filter(|asked| *asked != next) {
            Some(asked) => Err(AuthorityError::NotTheNextEpoch { next, asked }),
            None => Ok(()),
        }
    }

    /// The epoch's day and newest period, after checking that nothing goes back.
    fn check_order(
        &self,
        publication: &Publication,
        derivations: &Derivations,
    ) -> Result<(Date, Period), AuthorityError> {
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
}
