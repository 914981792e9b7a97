//! The chain's next links: what becomes of the new receipts of one transaction.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use taxproof_claims::digest::Digest;

use super::receipts::{
    KeptReceipt, NewReceipt, NotDecided, Replay, Row, kept, presentation_digest,
};
use super::{StoreError, digest};
use crate::mark::Seen;
use crate::receipt::Receipt;
use crate::signers::Signers;
use crate::together;

/// What the transaction found of the new receipts' requests and callers' ids. A request's digest
/// covers its nonce; that no nonce is used twice is the database's own constraint, too.
#[derive(Default)]
pub(super) struct Known {
    decided: HashMap<Digest, KeptReceipt>,
    cancelled: HashSet<Digest>,
    used: HashSet<String>,
}

impl Known {
    /// Receipts that were kept before.
    pub(super) fn decided(&mut self, rows: Vec<Row>) -> Result<(), StoreError> {
        for row in rows {
            let kept = kept(row)?;
            let request = kept.signed.receipt.presentation.request;
            self.decided.insert(request, kept);
        }
        Ok(())
    }

    /// Requests that were cancelled.
    pub(super) fn cancelled(&mut self, rows: Vec<(Vec<u8>,)>) -> Result<(), StoreError> {
        for (request,) in rows {
            self.cancelled.insert(digest(&request)?);
        }
        Ok(())
    }

    /// Callers' ids that were used.
    pub(super) fn used(&mut self, rows: Vec<(String,)>) {
        self.used.extend(rows.into_iter().map(|(id,)| id));
    }
}

/// What becomes of a new receipt.
pub(super) enum Fate {
    /// It was kept before, by the same presentation.
    Known(Box<KeptReceipt>),
    /// It is not kept.
    Refused(NotDecided),
    /// It is the one at this place among those to be kept.
    New(usize),
}

/// The chain's next links, of one transaction.
pub(super) struct Links {
    sequence: u64,
    previous: Digest,
    new: Vec<Link>,
    /// By request: two presentations of one may come together.
    places: HashMap<Digest, usize>,
    ids: HashSet<String>,
}

/// A receipt at its place in the chain.
struct Link {
    client_request_id: Option<String>,
    presentation: Digest,
    digest: Digest,
    receipt: Receipt,
}

/// A link that is signed.
pub(super) struct Signed {
    pub(super) client_request_id: Option<String>,
    pub(super) digest: Digest,
    pub(super) kept: KeptReceipt,
}

impl Links {
    /// The links after the newest receipt.
    pub(super) fn after(newest: Option<Seen>) -> Self {
        let newest = newest.unwrap_or(Seen {
            sequence: 0,
            digest: Digest([0; 32]),
        });
        Self {
            sequence: newest.sequence,
            previous: newest.digest,
            new: Vec::new(),
            places: HashMap::new(),
            ids: HashSet::new(),
        }
    }

    /// Decides what becomes of a new receipt, and makes it a link where it is kept.
    pub(super) fn fate(&mut self, new: NewReceipt, known: &Known) -> Fate {
        let presentation = presentation_digest(&new.receipt.presentation);
        let request = new.request();
        if let Some(before) = known.decided.get(&request) {
            return match before.presentation == presentation {
                true => Fate::Known(before.clone().into()),
                false => Fate::Refused(Replay::Decided.into()),
            };
        }
        if let Some(&place) = self.places.get(&request) {
            return match self.new[place].presentation == presentation {
                true => Fate::New(place),
                false => Fate::Refused(Replay::Decided.into()),
            };
        }
        if known.cancelled.contains(&request) {
            return Fate::Refused(NotDecided::Cancelled);
        }
        if let Some(id) = &new.client_request_id
            && (known.used.contains(id) || !self.ids.insert(id.clone()))
        {
            return Fate::Refused(Replay::ClientRequestId.into());
        }
        let receipt = Receipt {
            sequence: self.sequence + 1,
            previous: self.previous,
            ..new.receipt
        };
        let digest = receipt.digest();
        (self.sequence, self.previous) = (receipt.sequence, digest);
        let place = self.new.len();
        self.places.insert(request, place);
        self.new.push(Link {
            client_request_id: new.client_request_id,
            presentation,
            digest,
            receipt,
        });
        Fate::New(place)
    }

    /// Signs the links together, off the reactor.
    pub(super) async fn sign(self, signers: &Arc<Signers>) -> Result<Vec<Signed>, StoreError> {
        let signers = Arc::clone(signers);
        let sign = move || {
            let (rest, receipts): (Vec<_>, Vec<_>) = self
                .new
                .into_iter()
                .map(|link| {
                    let rest = (link.client_request_id, link.presentation, link.digest);
                    (rest, (link.receipt, link.digest))
                })
                .unzip();
            let signed = together::sign(receipts, signers.signing()).into_iter();
            let kept = |(signed, (client_request_id, presentation, digest))| Signed {
                client_request_id,
                digest,
                kept: KeptReceipt {
                    presentation,
                    signed,
                },
            };
            signed.zip(rest).map(kept).collect()
        };
        let signed = tokio::task::spawn_blocking(sign).await;
        signed.map_err(|error| std::io::Error::other(error).into())
    }
}
