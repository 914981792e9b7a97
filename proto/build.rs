//! Generates the messages, clients and servers from `taxproof/v1`, without `protoc`.

use std::error::Error;

const FILES: [&str; 5] = [
    "taxproof/v1/decision.proto",
    "taxproof/v1/policy.proto",
    "taxproof/v1/presentation.proto",
    "taxproof/v1/request.proto",
    "taxproof/v1/trust.proto",
];

fn main() -> Result<(), Box<dyn Error>> {
    for file in FILES {
        println!("cargo::rerun-if-changed={file}");
    }
    let descriptors = protox::compile(FILES, ["."])?;
    tonic_prost_build::configure().compile_fds(descriptors)?;
    Ok(())
}
