//! Presentations: what an applicant answers to a request.
//!
//! A presentation holds only what the bank cannot rebuild from the request that it stored. It
//! travels encrypted to the request's recipient.

use crate::digest::Digest;
use crate::encoding::{DecodeError, Reader, Writer};
use crate::epoch::MAX_NAME;
use crate::request::AcceptedEpoch;

/// An applicant's answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Presentation {
    /// The request's digest.
    pub request: Digest,
    /// Which of the request's epochs the proof is about.
    pub epoch: AcceptedEpoch,
    /// The pseudonym's field element, 32 big-endian bytes.
    pub pseudonym: Digest,
    /// The scope tag's field element, 32 big-endian bytes.
    pub scope_tag: Digest,
    /// The enterprise's id, where the policy asks for it; else empty.
    pub disclosed_id: String,
    /// [`crate::statement::Outcome`]'s integer.
    pub outcome: u64,
    /// [`crate::statement::Consent`]'s bits.
    pub consent: u64,
    /// The proof: A, B, C compressed; 128 bytes on BN254, 192 on BLS12-381.
    pub proof: Vec<u8>,
}

const TAG: &str = "taxproof/presentation/1";
const MAX_PROOF: usize = 192;
/// Longest encoding, in bytes.
pub const MAX_PRESENTATION: usize = 1024;
/// Longest encryption of one, in bytes.
pub const MAX_SEALED_PRESENTATION: usize = 4096;

impl Presentation {
    /// The canonical encoding.
    pub fn encode(&self) -> Vec<u8> {
        let mut w = Writer::object(TAG);
        w.fixed(&self.request.0);
        w.text(self.epoch.authority.as_str());
        w.fixed(&self.epoch.header.0);
        w.fixed(&self.pseudonym.0);
        w.fixed(&self.scope_tag.0);
        w.text(&self.disclosed_id);
        w.u64(self.outcome);
        w.u64(self.consent);
        w.bytes(&self.proof);
        w.finish()
    }

    /// Reads the canonical encoding.
    ///
    /// # What is not checked
    /// Whether the parts are canonical field elements, fit the policy, or prove anything.
    ///
    /// # Errors
    /// The bytes are not the encoding of a presentation.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut r = Reader::object(bytes, TAG)?;
        let presentation = Self {
            request: Digest(r.array()?),
            epoch: AcceptedEpoch {
                authority: r
                    .text(MAX_NAME)?
                    .parse()
                    .map_err(|_| DecodeError::Invalid("an authority's name is malformed"))?,
                header: Digest(r.array()?),
            },
            pseudonym: Digest(r.array()?),
            scope_tag: Digest(r.array()?),
            disclosed_id: r.text(MAX_NAME)?.to_owned(),
            outcome: r.u64()?,
            consent: r.u64()?,
            proof: r.bytes(MAX_PROOF)?.to_vec(),
        };
        r.finish()?;
        Ok(presentation)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn presentations_round_trip() {
        let presentation = Presentation {
            request: Digest([1; 32]),
            epoch: AcceptedEpoch {
                authority: "zhejiang".parse().expect("a name"),
                header: Digest([2; 32]),
            },
            pseudonym: Digest([3; 32]),
            scope_tag: Digest([4; 32]),
            disclosed_id: "91330100799655058B".to_owned(),
            outcome: 1,
            consent: 0,
            proof: vec![7; 128],
        };
        let bytes = presentation.encode();
        assert_eq!(Presentation::decode(&bytes), Ok(presentation));
        for cut in 0..bytes.len() {
            assert!(Presentation::decode(&bytes[..cut]).is_err());
        }
        assert!(Presentation::decode(&[&bytes[..], &[0]].concat()).is_err());
    }
}
