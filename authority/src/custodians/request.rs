//! What an authority asks its custodians to sign, in full, so that they see and judge it.

use std::fmt;

use serde::{Deserialize, Serialize};
use taxproof_claims::digest::Digest;
use taxproof_claims::epoch::{AuthorityId, EpochHeader, SignedEpochHeader};
use taxproof_claims::signature::VerifyingKey;
use taxproof_log::{Checkpoint, Hash, Leaves, root};

/// A request for a signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// What names the session, and no other.
    pub session: SessionId,
    /// The key that is to sign.
    pub key: VerifyingKey,
    /// What is to be signed.
    pub subject: Subject,
}

/// What is to be signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// The header of the next epoch, and the signed one that it names as its predecessor.
    Header(EpochHeader, Option<SignedEpochHeader>),
    /// The head of the log of epochs.
    Head(Head),
}

/// A head of the log of epochs, by what it follows from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// The newest entry.
    entry: SignedEpochHeader,
    /// The leaves of all entries.
    leaves: Vec<Hash>,
}

/// The text is no request.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a request: {0}")]
pub struct NotARequest(String);

impl Subject {
    /// The head over some epochs, if there are any.
    pub(crate) fn head(headers: &[SignedEpochHeader]) -> Option<Self> {
        let leaf = |header: &SignedEpochHeader| Hash::leaf(&header.encode());
        let entry = headers.last()?.clone();
        let leaves = headers.iter().map(leaf).collect();
        Some(Self::Head(Head { entry, leaves }))
    }

    /// The bytes that are signed.
    pub fn message(&self) -> Vec<u8> {
        match self {
            Self::Header(header, _) => header.digest().0.to_vec(),
            Self::Head(head) => head.checkpoint().to_string().into_bytes(),
        }
    }

    /// The header that it is about: of the epoch, or of the newest entry.
    pub const fn header(&self) -> &EpochHeader {
        match self {
            Self::Header(header, _) => header,
            Self::Head(head) => &head.entry.header,
        }
    }

    /// What people compare and type: the header's digest, or the root of the log, each of all that it stands for.
    pub fn digest(&self) -> Digest {
        match self {
            Self::Header(header, _) => header.digest(),
            Self::Head(head) => Digest(head.checkpoint().root.0),
        }
    }

    /// Who asks.
    pub const fn authority(&self) -> &AuthorityId {
        &self.header().authority
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (epoch, digest) = (self.header().epoch, self.digest());
        match self {
            Self::Header(..) => write!(f, "epoch {epoch}, digest {digest}"),
            Self::Head(_) => write!(f, "the log's head at epoch {epoch}, root {digest}"),
        }
    }
}

impl Head {
    /// A head over leaves of which the newest entry's is the last, as many as its epoch's number says.
    ///
    /// # What is not checked
    /// The entry's signature.
    ///
    /// # Errors
    /// The leaves are others.
    fn new(entry: SignedEpochHeader, leaves: Vec<Hash>) -> Result<Self, NotARequest> {
        if leaves.last() != Some(&Hash::leaf(&entry.encode())) {
            return Err(NotARequest("the newest entry has no leaf".to_owned()));
        }
        if leaves.len() as u64 != entry.header.epoch {
            return Err(NotARequest(
                "the newest entry is another epoch's".to_owned(),
            ));
        }
        Ok(Self { entry, leaves })
    }

    /// The newest entry.
    pub const fn entry(&self) -> &SignedEpochHeader {
        &self.entry
    }

    /// What is signed.
    pub fn checkpoint(&self) -> Checkpoint {
        Checkpoint {
            origin: self.entry.header.authority.log_origin(),
            size: self.size(),
            root: self.root_over(self.leaves.len()),
            extension: String::new(),
        }
    }

    pub(super) const fn size(&self) -> u64 {
        self.leaves.len() as u64
    }

    /// The root over the first entries, of which there are as many.
    pub(super) fn root_at(&self, size: u64) -> Option<Hash> {
        let size = usize::try_from(size).ok()?;
        (size <= self.leaves.len()).then(|| self.root_over(size))
    }

    fn root_over(&self, size: usize) -> Hash {
        let leaves = Leaves(self.leaves[..size].to_vec());
        let Ok(root) = root(&leaves, size as u64);
        root
    }
}

impl Request {
    /// A request under a fresh name.
    pub(super) fn new(key: VerifyingKey, subject: Subject) -> Self {
        Self {
            session: SessionId(rand::random()),
            key,
            subject,
        }
    }

    /// How many digits of a digest a person types, at least: 80 bits, so that nobody finds something else with the same ones.
    pub const DIGITS: usize = 20;

    /// Whether somebody typed as many digits of [`Subject::digest`], its first ones, or more: a key that was pressed
    /// before does not approve.
    pub fn is_named_by(&self, typed: &str) -> bool {
        let typed = typed.trim().to_ascii_lowercase();
        let digest = self.subject.digest().to_string();
        typed.len() >= Self::DIGITS && digest.starts_with(&typed)
    }

    /// Its file.
    pub fn to_toml(&self) -> String {
        let subject = match &self.subject {
            Subject::Header(header, _) => Encoded::Header(hex::encode(header.encode())),
            Subject::Head(head) => Encoded::Head {
                entry: hex::encode(head.entry.encode()),
                leaves: head.leaves.iter().map(|leaf| hex::encode(leaf.0)).collect(),
            },
        };
        let before = match &self.subject {
            Subject::Header(_, Some(before)) => Some(hex::encode(before.encode())),
            _ => None,
        };
        let (session, key) = (self.session, self.key.clone());
        let text = Text {
            session,
            key,
            before,
            subject,
        };
        toml::to_string(&text).expect("texts and numbers are written as TOML")
    }

    /// Reads its file.
    ///
    /// # What is not checked
    /// The signatures of the newest entry and of the predecessor, and whether a custodian may sign this: he judges.
    ///
    /// # Errors
    /// The text is no request.
    pub fn from_toml(text: &str) -> Result<Self, NotARequest> {
        let text: Text =
            toml::from_str(text).map_err(|why| NotARequest(why.message().to_owned()))?;
        let bytes = |text: &str| hex::decode(text).map_err(|why| NotARequest(why.to_string()));
        let signed = |text: &str| {
            let signed = SignedEpochHeader::decode(&bytes(text)?);
            signed.map_err(|why| NotARequest(why.to_string()))
        };
        let before = text.before.as_deref().map(signed).transpose()?;
        let subject = match &text.subject {
            Encoded::Header(header) => {
                let header = EpochHeader::decode(&bytes(header)?);
                let header = header.map_err(|why| NotARequest(why.to_string()))?;
                Subject::Header(header, before)
            }
            Encoded::Head { .. } if before.is_some() => {
                return Err(NotARequest("a head has no predecessor".to_owned()));
            }
            Encoded::Head { entry, leaves } => {
                let entry = signed(entry)?;
                let leaves: Option<_> = leaves.iter().map(|leaf| hash(leaf)).collect();
                let leaves = leaves.ok_or_else(|| NotARequest("no leaves".to_owned()))?;
                Subject::Head(Head::new(entry, leaves)?)
            }
        };
        Ok(Self {
            session: text.session,
            key: text.key,
            subject,
        })
    }
}

fn hash(text: &str) -> Option<Hash> {
    let mut bytes = [0; Hash::LENGTH];
    hex::decode_to_slice(text, &mut bytes).ok()?;
    Some(Hash(bytes))
}

/// A request as its file has it.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Text {
    session: SessionId,
    key: VerifyingKey,
    #[serde(skip_serializing_if = "Option::is_none")]
    before: Option<String>,
    subject: Encoded,
}

/// Canonical encodings in hexadecimal digits.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
enum Encoded {
    Header(String),
    Head { entry: String, leaves: Vec<String> },
}

/// The name of a session: 128 random bits.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SessionId([u8; 16]);

impl fmt::Display for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl TryFrom<String> for SessionId {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let mut bytes = [0; 16];
        match hex::decode_to_slice(&text, &mut bytes) {
            // It is part of names of files.
            Ok(()) if hex::encode(bytes) == text => Ok(Self(bytes)),
            _ => Err("not a session: 32 lower-case hexadecimal digits"),
        }
    }
}

impl From<SessionId> for String {
    fn from(session: SessionId) -> Self {
        session.to_string()
    }
}
