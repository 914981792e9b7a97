//! A custodian's folder, and what he approves.
//!
//! | file | what | secret |
//! |---|---|---|
//! | `custodian.toml` | his number, the group, and the key under which the authority asks | |
//! | `share` | his share of the key: 32 bytes | yes |
//! | `history.toml` | what he approved last | |
//! | `lock` | held while a process works | |

use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::Duration;

use frost_ed25519::keys::KeyPackage;
use frost_ed25519::round1::{SigningCommitments, SigningNonces};
use frost_ed25519::{SigningPackage, round1, round2};
use rand::rngs::OsRng;
use taxproof_claims::digest::Digest;
use taxproof_claims::signature::VerifyingKey;

use super::error::{CustodianError, Sender};
use super::exchange::{Exchange, Wait};
use super::generation::{Generation, Place, is_vacant};
use super::group::Group;
use super::history::History;
use super::messages::{Chosen, Share, Signed, Step, file, package_file};
use super::request::{Request, SessionId, Subject};
use super::sealed::{self, Kind};
use super::session::REQUEST;
use super::settings::{self, Settings};
use super::share;
use crate::error::AuthorityError;
use crate::folder::{lock, make_dir, sync_dir};
use crate::progress::Progress;

/// A custodian's folder, open for one process. His share is erased from memory when it is dropped.
#[derive(Debug)]
pub struct Custodian {
    folder: PathBuf,
    settings: Settings,
    share: KeyPackage,
    history: History,
    /// Holds the lock until it is dropped.
    _lock: File,
}

/// What became of a request that a custodian approved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Approval {
    /// He gave his share of the signature.
    Signed,
    /// The session went on, or ended, without him.
    NotNeeded,
}

impl Custodian {
    /// Makes a key with the other custodians and keeps a share of it, in a folder that is empty or not there yet.
    ///
    /// # What is not checked
    /// Who the others are: all compare [`Group::digest`] and [`Group::key`] before the key is used.
    ///
    /// # Errors
    /// The others do not come in time, or send what does not fit, or a file cannot be written.
    pub fn create(
        folder: &Path,
        exchange: &Exchange,
        place: &Place,
        wait: Duration,
        progress: &dyn Progress,
    ) -> Result<Self, AuthorityError> {
        if !is_vacant(folder)? {
            return Err(CustodianError::NotEmpty(folder.to_owned()).into());
        }
        let generation = Generation::new(exchange, place, wait, progress)?;
        if !folder.exists() {
            make_dir(folder)?;
            sync_dir(&folder.join(".."))?;
        }
        let (share, group) = generation.run()?;
        share::keep(folder, &share)?;
        History::default().keep(folder)?;
        let settings = Settings {
            number: place.number(),
            bureau: None,
            group,
        };
        settings.begin(folder)?;
        generation.confirm(&settings.group)?;
        settings::confirm(folder)?;
        Self::open(folder)
    }

    /// Opens a custodian's folder and checks what is in it.
    ///
    /// # Errors
    /// It is no custodian's, another process has it open, or a file is damaged.
    pub fn open(folder: &Path) -> Result<Self, AuthorityError> {
        settings::check_there(folder)?;
        let lock = lock(folder)?;
        let settings = Settings::open(folder)?;
        Ok(Self {
            share: share::open(folder, settings.number, &settings.group)?,
            history: History::open(folder)?,
            folder: folder.to_owned(),
            settings,
            _lock: lock,
        })
    }

    /// His number.
    pub const fn number(&self) -> u16 {
        self.settings.number
    }

    /// The custodians of the key.
    pub const fn group(&self) -> &Group {
        &self.settings.group
    }

    /// The key under which the authority asks, once he has accepted it.
    pub const fn bureau(&self) -> Option<&VerifyingKey> {
        self.settings.bureau.as_ref()
    }

    /// Accepts the key under which the authority asks, once.
    ///
    /// # What is not checked
    /// Whose it is: he has heard it from the authority's people, not from the folder.
    ///
    /// # Errors
    /// He has accepted another, or it cannot be kept.
    pub fn accept(&mut self, bureau: VerifyingKey) -> Result<(), AuthorityError> {
        if let Some(held) = self.bureau().filter(|held| **held != bureau) {
            return Err(CustodianError::OtherBureau(Box::new(held.clone())).into());
        }
        self.settings.bureau = Some(bureau);
        self.settings.keep(&self.folder)
    }

    /// The number of the newest epoch that he approved.
    pub fn newest(&self) -> Option<u64> {
        self.history.newest()
    }

    /// Whether he approved this very header, or that of the log's newest entry, before.
    pub fn knows(&self, subject: &Subject) -> bool {
        self.history.knows(subject.header())
    }

    /// Waits for a request, other than that of a session which is over for him.
    ///
    /// # What is not checked
    /// Whether he may sign it: see [`Self::check`].
    ///
    /// # Errors
    /// None comes in time, it is damaged, for another key, or not signed by the key that he accepted.
    pub fn request(
        &self,
        exchange: &Exchange,
        after: Option<SessionId>,
        wait: Duration,
    ) -> Result<Request, AuthorityError> {
        let wait = Wait::of(wait);
        let found = wait.until(|| {
            let now = self.current(exchange)?;
            Ok(now.filter(|it| Some(it.session) != after))
        })?;
        let request = found.ok_or_else(|| CustodianError::NoRequest(wait.seconds()))?;
        let held = self.group().key();
        if request.key != *held {
            return Err(CustodianError::Foreign {
                asked: Box::new(request.key),
                held: Box::new(held.clone()),
            }
            .into());
        }
        Ok(request)
    }

    /// Checks that a request goes on from what he approved. `replaces` is the digest of a header that he approved
    /// and that was never published: another of the same epoch may take its place.
    ///
    /// # Errors
    /// He must not sign it.
    pub fn check(&self, request: &Request, replaces: Option<Digest>) -> Result<(), AuthorityError> {
        let checked = self.history.check(&request.subject, self.group(), replaces);
        Ok(checked.map_err(CustodianError::from)?)
    }

    /// Gives his share of the signature of what a request shows, and of nothing else. What he approves is kept before
    /// that, and only if he can give it; the nonces are in memory only, and used once.
    ///
    /// # Errors
    /// He must not sign it, or the authority does not go on, or with something else.
    pub fn approve(
        &mut self,
        exchange: &Exchange,
        request: &Request,
        replaces: Option<Digest>,
        wait: Duration,
    ) -> Result<Approval, AuthorityError> {
        self.check(request, replaces)?;
        let (nonces, commitments) = round1::commit(self.share.signing_share(), &mut OsRng);
        let ours = file::<SigningCommitments>(&request.session, self.number());
        if exchange.has(&ours) {
            let from = Sender::Custodian(self.number());
            let why = "there already: of an earlier run, or somebody else's under this number";
            return Err(CustodianError::message(&exchange.file(&ours), from, why).into());
        }
        self.write(exchange, request.session, commitments)?;
        let package = self.package(exchange, request, wait);
        let given = match package {
            Ok(Some((chosen, digest))) => self.give(exchange, request, (&chosen, digest), &nonces),
            Ok(None) => Ok(Approval::NotNeeded),
            Err(error) => Err(error),
        };
        if matches!(given, Ok(Approval::Signed)) {
            return given;
        }
        // Its nonces are gone: he may approve anew in the same session.
        let removed = exchange.remove(&ours);
        given.and_then(|approval| removed.map(|()| approval))
    }

    /// Gives his share, if he is among those who sign.
    fn give(
        &mut self,
        exchange: &Exchange,
        request: &Request,
        (chosen, digest): (&Chosen, Digest),
        nonces: &SigningNonces,
    ) -> Result<Approval, AuthorityError> {
        let Some(share) = self.sign(request, &chosen.package, nonces)? else {
            return Ok(Approval::NotNeeded);
        };
        let share = Share {
            package: digest,
            share,
        };
        let history = self.history.after(&request.subject);
        history.keep(&self.folder)?;
        self.history = history;
        self.write(exchange, request.session, share)?;
        Ok(Approval::Signed)
    }

    /// His share of the signature, if he is among those who sign.
    fn sign(
        &self,
        request: &Request,
        package: &SigningPackage,
        nonces: &SigningNonces,
    ) -> Result<Option<round2::SignatureShare>, CustodianError> {
        let signers = package.signing_commitments();
        let Some(ours) = signers.get(self.share.identifier()) else {
            return Ok(None);
        };
        if ours != nonces.commitments() {
            return Err(CustodianError::OtherCommitment);
        }
        let all = self.group().public().verifying_shares();
        let known = signers.keys().all(|signer| all.contains_key(signer));
        if !known || signers.len() != usize::from(self.group().threshold()) {
            return Err(CustodianError::OtherSigners);
        }
        // Of what was shown, not of what the authority sends.
        if *package.message() != request.subject.message() {
            return Err(CustodianError::OtherMessage);
        }
        Ok(Some(round2::sign(package, nonces, &self.share)?))
    }

    /// Who signs; `None` where the session ends before it is said.
    fn package(
        &self,
        exchange: &Exchange,
        request: &Request,
        wait: Duration,
    ) -> Result<Option<(Chosen, Digest)>, AuthorityError> {
        let session = request.session;
        let name = package_file(&session);
        let wait = Wait::of(wait);
        let found = wait.until(|| {
            let bureau = self.accepted()?;
            match sealed::read::<Chosen>(exchange, &name, Kind::Package, bureau)? {
                Some(found) if found.0.session == session => Ok(Some(Some(found))),
                Some((chosen, _)) => {
                    let why = format!("from another session, {}", chosen.session);
                    let path = exchange.file(&name);
                    Err(CustodianError::message(&path, Sender::Authority, why).into())
                }
                None => {
                    let open = self
                        .current(exchange)?
                        .is_some_and(|now| now.session == session);
                    Ok((!open).then_some(None))
                }
            }
        })?;
        Ok(found.ok_or_else(|| CustodianError::NoPackage(wait.seconds()))?)
    }

    fn write<T: Step>(
        &self,
        exchange: &Exchange,
        session: SessionId,
        content: T,
    ) -> Result<(), AuthorityError> {
        let number = self.number();
        let message = Signed {
            session,
            number,
            content,
        };
        exchange.write(&file::<T>(&session, number), &message)?;
        Ok(())
    }

    /// What the authority asks for now.
    fn current(&self, exchange: &Exchange) -> Result<Option<Request>, AuthorityError> {
        let text = sealed::read_text(exchange, REQUEST, Kind::Request, self.accepted()?)?;
        let Some(text) = text else {
            return Ok(None);
        };
        let request = Request::from_toml(&text);
        let path = exchange.file(REQUEST);
        let wrong = |why| CustodianError::message(&path, Sender::Authority, why);
        Ok(Some(request.map_err(wrong)?))
    }

    fn accepted(&self) -> Result<&VerifyingKey, CustodianError> {
        self.bureau().ok_or(CustodianError::NoBureau)
    }
}
