"""A gRPC client that knows of the bank's interface only what the service's reflection says.

Each step prints one JSON object. `tests/clients.rs` runs the steps in turn; by hand:

    python client.py 127.0.0.1:7480 services --descriptors taxproof.bin
    python client.py 127.0.0.1:7480 register loan.toml
"""

import argparse
import json
from pathlib import Path

import grpc
from google.protobuf import descriptor_pb2, json_format
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message_factory import GetMessageClass
from google.rpc import error_details_pb2
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import (
    ProtoReflectionDescriptorDatabase,
)
from grpc_status import rpc_status

PACKAGE = "taxproof.v1."


class Bank:
    """The service behind a channel."""

    def __init__(self, channel):
        self.channel = channel
        self.reflected = ProtoReflectionDescriptorDatabase(channel)
        self.pool = DescriptorPool(self.reflected)

    def method(self, name):
        """`Service/Method` as something to call, and the class of its request."""
        service, method = name.split("/")
        found = self.pool.FindServiceByName(PACKAGE + service).FindMethodByName(method)
        kind = "stream" if found.client_streaming else "unary"
        kind += "_stream" if found.server_streaming else "_unary"
        call = getattr(self.channel, kind)(
            f"/{PACKAGE}{name}",
            request_serializer=lambda message: message.SerializeToString(),
            response_deserializer=GetMessageClass(found.output_type).FromString,
        )
        return call, GetMessageClass(found.input_type)

    def call(self, name, **fields):
        call, request = self.method(name)
        return call(request(**fields), timeout=20)

    def refusal(self, name, **fields):
        """How a call is refused: its code, and what google.rpc's details say."""
        try:
            self.call(name, **fields)
        except grpc.RpcError as error:
            return {"code": error.code().name, **details(error)}
        raise SystemExit(f"{name} was not refused")


def details(error):
    found = {}
    for packed in rpc_status.from_call(error).details:
        for kind in (
            error_details_pb2.ErrorInfo,
            error_details_pb2.BadRequest,
            error_details_pb2.ResourceInfo,
        ):
            if packed.Is(kind.DESCRIPTOR):
                message = kind()
                packed.Unpack(message)
                found[kind.DESCRIPTOR.name] = json_format.MessageToDict(message)
    return found


def decision(message):
    return {
        "request_id": message.request_id,
        "verdict": enum_name(message, "verdict"),
        "invalid_reason": enum_name(message, "invalid_reason"),
        "disclosed_id": message.disclosed_id,
        "sequence": message.sequence,
        "receipt": message.receipt.hex(),
    }


def enum_name(message, field):
    kind = message.DESCRIPTOR.fields_by_name[field].enum_type
    return kind.values_by_number[getattr(message, field)].name


def services(bank, arguments):
    """What there is; the descriptors of ours go to a file, for clients that want one."""
    names = sorted(bank.reflected.get_services())
    files, wanted = {}, [bank.pool.FindServiceByName(n).file for n in names if n.startswith(PACKAGE)]
    while wanted:
        file = wanted.pop()
        if file.name not in files:
            files[file.name] = file
            wanted += file.dependencies
    described = descriptor_pb2.FileDescriptorSet()
    # A file comes after those that it needs.
    done = set()

    def add(file):
        if file.name not in done:
            done.add(file.name)
            for needed in file.dependencies:
                add(needed)
            file.CopyToProto(described.file.add())

    for name in sorted(files):
        add(files[name])
    arguments.descriptors.write_bytes(described.SerializeToString())
    methods = {
        name: sorted(bank.pool.FindServiceByName(name).methods_by_name)
        for name in names
        if name.startswith(PACKAGE)
    }
    return {"services": names, "methods": methods}


def register(bank, arguments):
    _, request = bank.method("PolicyService/RegisterPolicy")
    formats = request.DESCRIPTOR.fields_by_name["format"].enum_type.values_by_name
    answer = bank.call(
        "PolicyService/RegisterPolicy",
        text=arguments.policy.read_text(),
        format=formats["POLICY_FORMAT_TOML"].number,
    )
    return {"id": answer.policy.id, "digest": answer.policy.digest}


def create(bank, arguments):
    answer = bank.call(
        "RequestService/CreateRequest", policy=arguments.policy, purpose="Working-capital loan"
    )
    arguments.out.write_bytes(answer.request.signed_request)
    return {"request_id": answer.request.id, "policy": answer.request.policy}


def submit(bank, arguments):
    answer = bank.call(
        "PresentationService/SubmitPresentation",
        sealed_presentation=arguments.presentation.read_bytes(),
    )
    return decision(answer.decision)


def batch(bank, arguments):
    call, request = bank.method("PresentationService/SubmitPresentations")
    sealed = [path.read_bytes() for path in arguments.presentations]
    stream = (
        request(sealed_presentation=one, client_request_id=f"{i}") for i, one in enumerate(sealed)
    )
    answer = call(stream, timeout=20)
    return {
        "results": [
            {
                "client_request_id": result.client_request_id,
                "decision": decision(result.decision) if result.HasField("decision") else None,
                "refusal": result.refusal.reason or None,
            }
            for result in answer.results
        ]
    }


def read(bank, arguments):
    """A decision in every way that there is to read one."""
    got = bank.call("DecisionService/GetDecision", request_id=arguments.request)
    receipt = bank.call("ReceiptService/GetReceipt", request_id=arguments.request)
    watch, request = bank.method("DecisionService/WatchDecisions")
    watching = watch(request(after_sequence=receipt.sequence - 1), timeout=20)
    watched = next(iter(watching)).decision
    watching.cancel()
    return {
        "state": enum_name(got, "state"),
        "got": decision(got.decision),
        "watched": decision(watched),
        "receipt": receipt.receipt.hex(),
        "receipt_digest": receipt.digest,
    }


def errors(bank, _):
    refused = bank.refusal
    return {
        "policy": refused("PolicyService/RegisterPolicy", text="id = 1", format=1),
        "unknown_policy": refused("RequestService/CreateRequest", policy="none", purpose="p"),
        "purpose": refused("RequestService/CreateRequest", policy="none", purpose=""),
        "presentation": refused(
            "PresentationService/SubmitPresentation", sealed_presentation=b"not sealed"
        ),
        "request": refused("ReceiptService/GetReceipt", request_id="0" * 64),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("address")
    steps = parser.add_subparsers(required=True)

    def step(run, **arguments):
        added = steps.add_parser(run.__name__)
        for name, options in arguments.items():
            added.add_argument(name.replace("__", "--"), **options)
        added.set_defaults(run=run)

    step(services, __descriptors={"type": Path, "required": True})
    step(register, policy={"type": Path})
    step(create, policy={}, out={"type": Path})
    step(submit, presentation={"type": Path})
    step(batch, presentations={"type": Path, "nargs": "+"})
    step(read, request={})
    step(errors)
    arguments = parser.parse_args()
    with grpc.insecure_channel(arguments.address) as channel:
        print(json.dumps(arguments.run(Bank(channel), arguments)))


if __name__ == "__main__":
    main()
