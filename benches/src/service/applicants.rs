//! Applicants' answers: for each request one presentation that passes, encrypted, as the message of
//! a call.

use ark_bn254::Fr;
use ark_serialize::CanonicalSerialize as _;
use prost::bytes::{BufMut as _, Bytes, BytesMut};
use rayon::prelude::*;
use taxproof_claims::curve::Curve;
use taxproof_claims::epoch::field_to_bytes;
use taxproof_claims::policy::Compiled;
use taxproof_claims::presentation::Presentation;
use taxproof_claims::request::{Request, bank_digest};
use taxproof_claims::statement::{Consent, FixedInputs, Outcome, PublicInputs};
use taxproof_claims::subject::EnterpriseId;
use taxproof_proto::v1::SubmitPresentationRequest;
use taxproof_prover::seal::seal;
use taxproof_verifier::prepared::Answer;

use super::ServiceError;
use super::bank::MadeUp;

/// An enterprise whose id is well formed.
const ENTERPRISE: &str = "91330100799655058B";
/// The only outcome that is asked for: passed.
const PASSED: u64 = 1;

/// An answer to a request.
#[derive(Debug, Clone)]
pub(super) struct Answered {
    pub(super) presentation: Presentation,
    /// What its proof says.
    pub(super) answer: Answer<Fr>,
}

/// What all answers to one bank have in common.
struct Applicant<'a> {
    bank: &'a MadeUp,
    compiled: Compiled,
    id: EnterpriseId,
}

/// An answer to each of a bank's requests, in their order.
pub(super) fn answer(bank: &MadeUp) -> Result<Vec<Answered>, ServiceError> {
    let scheme = bank.policy.schema().id_scheme;
    let applicant = Applicant {
        bank,
        compiled: bank.compiled()?,
        id: scheme.parse(ENTERPRISE).expect("its check digit fits"),
    };
    let claims = bank.requests.par_iter();
    let claims = claims.map(|request| applicant.claim(request));
    let (mut answers, statements): (Vec<_>, Vec<_>) = claims.unzip();
    for (answered, proof) in answers.iter_mut().zip(bank.forger.prove_all(&statements)) {
        let Answered { presentation, .. } = answered;
        proof
            .serialize_compressed(&mut presentation.proof)
            .expect("a vector takes every byte");
    }
    Ok(answers)
}

impl Applicant<'_> {
    /// An answer without its proof, and the public inputs of the proof.
    fn claim(&self, request: &Request) -> (Answered, Vec<Fr>) {
        let (policy, header) = (&self.bank.policy, self.bank.epoch.header());
        let accepted = &request.accepted[0];
        let context = request.context(
            accepted,
            policy.digest(request.profile),
            self.compiled.numbers.digest(request.profile),
        );
        let (shape, consent) = (policy.shape(), Consent::NONE);
        let answer = Answer {
            context: context.to_field(),
            pseudonym: Fr::from(77),
            scope_tag: Fr::from(78),
            disclosed_id: self.id.to_field(),
            outcome: Outcome::from_bits(shape, consent, PASSED).expect("passed is an outcome"),
            consent,
        };
        let root = header.root(Curve::Bn254, shape.layout());
        let fixed = FixedInputs {
            schema: header.schema.to_field(),
            newest_period: header.newest_period.index().into(),
            root: root.expect("the epoch has the shape's root"),
            context: answer.context,
            bank: bank_digest(&request.bank).to_field(),
            scope: answer.context,
            pseudonym: answer.pseudonym,
            scope_tag: answer.scope_tag,
            disclosed_id: answer.disclosed_id,
            outcome: Fr::from(PASSED),
            consent: Fr::from(consent.bits()),
        };
        let presentation = Presentation {
            request: request.digest(),
            epoch: accepted.clone(),
            pseudonym: field_to_bytes(answer.pseudonym),
            scope_tag: field_to_bytes(answer.scope_tag),
            disclosed_id: self.id.to_string(),
            outcome: PASSED,
            consent: consent.bits(),
            proof: Vec::new(),
        };
        let numbers = self.compiled.numbers.clone();
        let inputs = PublicInputs { fixed, numbers }.to_vec();
        let answered = Answered {
            presentation,
            answer,
        };
        (answered, inputs)
    }
}

/// Encrypts presentations to a bank, each as the message of a call of `SubmitPresentation`, which is
/// also one of those of `SubmitPresentations`.
pub(super) fn submissions(
    recipient: &str,
    answers: &[Answered],
) -> Result<Vec<Bytes>, ServiceError> {
    let message = |answered: &Answered| {
        let sealed_presentation = seal(recipient, &answered.presentation.encode())?;
        Ok(framed(&SubmitPresentationRequest {
            sealed_presentation,
            client_request_id: String::new(),
        }))
    };
    answers.par_iter().map(message).collect()
}

/// A message as gRPC frames it: not compressed, its length, itself.
pub(super) fn framed(message: &impl prost::Message) -> Bytes {
    let length = message.encoded_len();
    let mut bytes = BytesMut::with_capacity(5 + length);
    bytes.put_u8(0);
    bytes.put_u32(u32::try_from(length).expect("messages are short"));
    message
        .encode(&mut bytes)
        .expect("there is room for all of it");
    bytes.freeze()
}
