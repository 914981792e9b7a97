// Calls of the bank's service by gRPC-Web, for Node and for browsers: what the interface is comes
// from the descriptors that `client.py` got by reflection.

import { createFileRegistry, fromBinary } from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError, createClient } from "@connectrpc/connect";
import { createGrpcWebTransport } from "@connectrpc/connect-web";

// The steps, each a function from its arguments to what it found. Bytes are hexadecimal.
export function steps(baseUrl, descriptors) {
  const registry = createFileRegistry(fromBinary(FileDescriptorSetSchema, unhex(descriptors)));
  const transport = createGrpcWebTransport({ baseUrl, defaultTimeoutMs: 20_000 });
  const service = (name) => createClient(registry.getService(`taxproof.v1.${name}`), transport);
  const name = (message, field) => {
    const type = registry.getMessage(message.$typeName).field[field].enum;
    return type.value[message[field]] ? type.values.find((v) => v.number === message[field]).name : "";
  };
  const decision = (message) => ({
    request_id: message.requestId,
    verdict: name(message, "verdict"),
    invalid_reason: name(message, "invalidReason"),
    disclosed_id: message.disclosedId,
    sequence: Number(message.sequence),
    receipt: hex(message.receipt),
  });

  return {
    async create(policy) {
      const request = { policy, purpose: "Working-capital loan" };
      const answer = await service("RequestService").createRequest(request);
      const { id, policy: digest, signedRequest } = answer.request;
      return { request_id: id, policy: digest, out: hex(signedRequest) };
    },

    async submit(presentation) {
      const request = { sealedPresentation: unhex(presentation) };
      const answer = await service("PresentationService").submitPresentation(request);
      return decision(answer.decision);
    },

    async read(requestId) {
      const got = await service("DecisionService").getDecision({ requestId });
      const receipt = await service("ReceiptService").getReceipt({ requestId });
      const afterSequence = receipt.sequence - 1n;
      let watched;
      for await (const told of service("DecisionService").watchDecisions({ afterSequence })) {
        watched = decision(told.decision);
        break;
      }
      return {
        state: name(got, "state"),
        got: decision(got.decision),
        watched,
        receipt: hex(receipt.receipt),
        receipt_digest: receipt.digest,
      };
    },

    async errors() {
      return {
        policy: await refused(service("PolicyService").registerPolicy({ text: "id = 1", format: 1 })),
        unknown_policy: await refused(
          service("RequestService").createRequest({ policy: "none", purpose: "p" }),
        ),
        purpose: await refused(
          service("RequestService").createRequest({ policy: "none", purpose: "" }),
        ),
        presentation: await refused(
          service("PresentationService").submitPresentation({ sealedPresentation: unhex("00") }),
        ),
        request: await refused(
          service("ReceiptService").getReceipt({ requestId: "0".repeat(64) }),
        ),
      };
    },
  };
}

// How a call is refused: its code, and the types and bytes of google.rpc's details.
async function refused(call) {
  try {
    await call;
  } catch (error) {
    if (!(error instanceof ConnectError)) throw error;
    const code = Code[error.code].replace(/([a-z])([A-Z])/g, "$1_$2").toUpperCase();
    const details = error.details.map(({ type, value }) => [type, hex(value)]);
    return { code, details: Object.fromEntries(details) };
  }
  throw new Error("the call was not refused");
}

export function hex(bytes) {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

export function unhex(text) {
  return Uint8Array.from(text.match(/../g) ?? [], (digits) => parseInt(digits, 16));
}
