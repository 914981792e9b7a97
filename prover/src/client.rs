//! The way to a bank's service: fetch a request, hand in a presentation.
//!
//! Presentations are encrypted to the bank before they get here, and requests are signed, so the
//! way itself is trusted with neither. The decision that comes back is only as good as the way.

use std::time::Duration;

use taxproof_claims::encoding::DecodeError;
use taxproof_claims::presentation::MAX_SEALED_PRESENTATION;
use taxproof_claims::request::{MAX_SIGNED_REQUEST, SignedRequest};
use taxproof_proto::v1::presentation_service_client::PresentationServiceClient;
use taxproof_proto::v1::request_service_client::RequestServiceClient;
use taxproof_proto::v1::{Decision, GetRequestRequest, SubmitPresentationRequest};
use tonic::transport::{Certificate, Channel, ClientTlsConfig, Endpoint};
use tonic::{Code, Status};

use crate::quotation::Quotation;

/// A bank that does not take a connection within this does not answer at all.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// Verification takes milliseconds; the rest is the bank's queue.
const CALL_TIMEOUT: Duration = Duration::from_secs(30);
/// Room for the messages around a request or a receipt.
const MAX_MESSAGE: usize = 2 * MAX_SIGNED_REQUEST;

/// Why a bank's service gave no answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ClientError {
    /// The text is no address such as `http://127.0.0.1:7480`.
    #[error("`{0}` is not an address of a service, such as http://127.0.0.1:7480")]
    Address(String),
    /// Nobody answers there. Try again later.
    #[error("the bank's service at {address} does not answer: {why}")]
    Unreachable {
        /// Where.
        address: String,
        /// What the system says.
        why: String,
    },
    /// Somebody answers there, whose certificate is not of the authority that is trusted.
    #[error("the bank's service at {address} cannot be trusted: {why}")]
    Untrusted {
        /// Where.
        address: String,
        /// What TLS says.
        why: String,
    },
    /// `https` says nothing of whose certificate to trust.
    #[error("{0} needs the certificate of the certificate authority that signed the bank's")]
    NoAuthority(String),
    /// The certificate authority's certificate goes with `https` alone.
    #[error("{0} is not `https`: a certificate authority's certificate would protect nothing")]
    NotTls(String),
    /// The bank refused. The text is the bank's.
    #[error("the bank refused ({code:?}): “{message}”")]
    Refused {
        /// What kind of refusal.
        code: Code,
        /// What it said.
        message: Quotation,
    },
    /// The bank's answer is not what its interface promises.
    #[error("the bank's answer is malformed")]
    Malformed(#[from] DecodeError),
    /// The bank sent another request than the one asked for.
    #[error("the bank sent another request than the one asked for")]
    OtherRequest,
    /// A presentation is never that long: a mistake in this software.
    #[error("the sealed presentation is longer than the protocol allows")]
    TooLong,
}

/// A connection to a bank's service.
#[derive(Debug, Clone)]
pub struct Client {
    channel: Channel,
}

impl Client {
    /// Connects. An `https` address needs `authority`: the certificate, in PEM, of the certificate
    /// authority that signed the bank's.
    ///
    /// # Errors
    /// The address is none, or nobody who can be trusted answers there.
    pub async fn connect(address: &str, authority: Option<&[u8]>) -> Result<Self, ClientError> {
        let quoted = || Quotation::new(address).to_string();
        let endpoint = Endpoint::from_shared(address.to_owned())
            .map_err(|_| ClientError::Address(quoted()))?
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(CALL_TIMEOUT);
        let https = match endpoint.uri().scheme_str() {
            Some("https") => true,
            Some("http") => false,
            _ => return Err(ClientError::Address(quoted())),
        };
        let endpoint = match (https, authority) {
            (false, None) => endpoint,
            (false, Some(_)) => return Err(ClientError::NotTls(quoted())),
            (true, None) => return Err(ClientError::NoAuthority(quoted())),
            (true, Some(authority)) => {
                let tls = ClientTlsConfig::new().ca_certificate(Certificate::from_pem(authority));
                let tls = endpoint.tls_config(tls);
                tls.map_err(|error| unconnected(quoted(), https, &error))?
            }
        };
        let channel = endpoint.connect().await;
        let channel = channel.map_err(|error| unconnected(quoted(), https, &error))?;
        Ok(Self { channel })
    }

    /// Fetches the signed request of an id, in its canonical encoding.
    ///
    /// # What is not checked
    /// The signature.
    ///
    /// # Errors
    /// The bank has no such request, or answers with another.
    pub async fn request(&self, id: &str) -> Result<Vec<u8>, ClientError> {
        let mut client =
            RequestServiceClient::new(self.channel.clone()).max_decoding_message_size(MAX_MESSAGE);
        let response = client
            .get_request(GetRequestRequest { id: id.to_owned() })
            .await
            .map_err(refused)?;
        let request = response
            .into_inner()
            .request
            .ok_or(DecodeError::Truncated)?;
        let signed = SignedRequest::decode(&request.signed_request)?;
        if signed.request.digest().to_string() == id {
            Ok(request.signed_request)
        } else {
            Err(ClientError::OtherRequest)
        }
    }

    /// Hands in a presentation and returns what the bank made of it.
    ///
    /// # Errors
    /// The bank refused it, or does not answer.
    pub async fn submit(&self, sealed_presentation: Vec<u8>) -> Result<Decision, ClientError> {
        if sealed_presentation.len() > MAX_SEALED_PRESENTATION {
            return Err(ClientError::TooLong);
        }
        let mut client = PresentationServiceClient::new(self.channel.clone())
            .max_decoding_message_size(MAX_MESSAGE);
        let request = SubmitPresentationRequest {
            sealed_presentation,
            client_request_id: String::new(),
        };
        let response = client.submit_presentation(request).await.map_err(refused)?;
        Ok(response
            .into_inner()
            .decision
            .ok_or(DecodeError::Truncated)?)
    }
}

fn unconnected(address: String, https: bool, error: &tonic::transport::Error) -> ClientError {
    // The cause says more than "transport error".
    let mut cause: &dyn std::error::Error = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    let why = cause.to_string();
    let of_system = cause.downcast_ref().and_then(std::io::Error::raw_os_error);
    match https && of_system.is_none() {
        true => ClientError::Untrusted { address, why },
        false => ClientError::Unreachable { address, why },
    }
}

fn refused(status: Status) -> ClientError {
    ClientError::Refused {
        code: status.code(),
        message: Quotation::new(status.message()),
    }
}
