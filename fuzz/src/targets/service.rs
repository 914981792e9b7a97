//! Messages to the bank's service, of every method that its interface has, as bytes on the wire:
//! through the transport, the generated decoder, the service's own conversion and its store.

use std::sync::LazyLock;

use prost::Message as _;
use prost_types::FileDescriptorSet;
use taxproof_proto::v1;
use taxproof_verifier::epoch_log::LogProof;
use tonic::{Code, Status};

use super::objects::presentation;
use super::served::SERVED;
use crate::Target;
use crate::fixture::{authority_key, credential, policies, registration};
use crate::input::{Input, chosen};

/// The first byte of an input chooses a method, in the order of their names.
pub(super) const SERVICE: Target = Target::new(
    "service",
    |bytes| {
        let mut input = Input::new(bytes);
        let method = &METHODS[input.below(METHODS.len())];
        let message = input.rest().to_vec();
        let answer = SERVED.with(|served| served.runtime.block_on(served.call(method, message)));
        if let Err(status) = answer {
            assert!(!is_our_mistake(&status), "{method}: {status:?}");
        }
    },
    seeds,
)
.mebibytes(48)
.mutations(600);

/// A bank that fails says so by these codes; a caller's mistake has another. gRPC has `INTERNAL` for
/// messages that are no Protobuf, too.
fn is_our_mistake(status: &Status) -> bool {
    let internal = matches!(
        status.code(),
        Code::Internal | Code::Unknown | Code::DataLoss
    );
    let malformed = status
        .message()
        .starts_with("failed to decode Protobuf message");
    internal && !malformed
}

/// The paths of all methods of the interface, sorted.
static METHODS: LazyLock<Vec<String>> = LazyLock::new(|| {
    let files = FileDescriptorSet::decode(taxproof_proto::DESCRIPTORS);
    let files = files.expect("the build wrote the descriptors").file;
    let mut methods = Vec::new();
    for file in &files {
        for service in &file.service {
            let names = service.method.iter().map(|method| method.name());
            let path = |name| format!("/{}.{}/{name}", file.package(), service.name());
            methods.extend(names.map(path));
        }
    }
    methods.sort();
    methods
});

fn message(method: &str, message: &impl prost::Message) -> Vec<u8> {
    let ends = |path: &String| path.ends_with(&format!("/{method}"));
    let place = METHODS
        .iter()
        .position(ends)
        .expect("a method of the interface");
    chosen(place as u8, message.encode_to_vec())
}

fn seeds() -> Vec<Vec<u8>> {
    let name = || "ccb-limit".to_owned();
    let digest = || "ab".repeat(32);
    let mut seeds = vec![
        message("GetPolicy", &v1::GetPolicyRequest { policy: name() }),
        message(
            "ExplainPolicy",
            &v1::ExplainPolicyRequest { policy: name() },
        ),
        message(
            "RetirePolicy",
            &v1::RetirePolicyRequest { policy: digest() },
        ),
        message("GetRequest", &v1::GetRequestRequest { id: digest() }),
        message("CancelRequest", &v1::CancelRequestRequest { id: digest() }),
        message(
            "GetDecision",
            &v1::GetDecisionRequest {
                request_id: digest(),
            },
        ),
        message(
            "WatchDecisions",
            &v1::WatchDecisionsRequest { after_sequence: 1 },
        ),
        message("GetBank", &v1::GetBankRequest {}),
        message("ListAuthorities", &v1::ListAuthoritiesRequest {}),
    ];
    for policy in policies() {
        let request = v1::RegisterPolicyRequest {
            text: policy,
            format: v1::PolicyFormat::Toml.into(),
        };
        seeds.push(message("RegisterPolicy", &request));
    }
    seeds.extend(pages());
    seeds.extend(submissions());
    seeds
}

fn pages() -> [Vec<u8>; 4] {
    let (page_size, page_token) = (2, "1".to_owned());
    let token = || page_token.clone();
    [
        message(
            "ListPolicies",
            &v1::ListPoliciesRequest {
                page_size,
                page_token: token(),
            },
        ),
        message(
            "ListRequests",
            &v1::ListRequestsRequest {
                page_size,
                page_token: token(),
            },
        ),
        message(
            "ListDecisions",
            &v1::ListDecisionsRequest {
                page_size,
                page_token: token(),
            },
        ),
        message(
            "ListEpochs",
            &v1::ListEpochsRequest {
                authority: "zhejiang".to_owned(),
                page_size,
                page_token: token(),
            },
        ),
    ]
}

fn submissions() -> Vec<Vec<u8>> {
    let recipient = SERVED.with(|served| served.world.bank.recipient());
    let sealed = taxproof_prover::seal::seal(&recipient, &presentation().encode());
    let sealed_presentation = sealed.expect("anything can be encrypted");
    let client_request_id = "a-client-1".to_owned();
    let create = v1::CreateRequestRequest {
        policy: "ccb-limit".to_owned(),
        parameters: [("requested_amount".to_owned(), "500,000".to_owned())].into(),
        purpose: "a loan".to_owned(),
        validity_seconds: 600,
        client_request_id: client_request_id.clone(),
        authorities: Vec::new(),
    };
    let submit = v1::SubmitPresentationRequest {
        sealed_presentation: sealed_presentation.clone(),
        client_request_id: client_request_id.clone(),
    };
    let submit_all = v1::SubmitPresentationsRequest {
        sealed_presentation,
        client_request_id,
    };
    let epoch = credential(&registration()).epoch;
    let proof = LogProof::of_only(&epoch, authority_key());
    let add_epoch = v1::AddEpochRequest {
        signed_header: epoch.encode(),
        inclusion_proof: proof.inclusion.to_string(),
        consistency_proof: vec![vec![7; 32]],
    };
    vec![
        message("CreateRequest", &create),
        message("SubmitPresentation", &submit),
        message("SubmitPresentations", &submit_all),
        message("AddEpoch", &add_epoch),
    ]
}
