//! Generates the messages, clients and servers from `taxproof/v1`, without `protoc`.

use std::error::Error;

use prost::Message as _;

const FILES: [&str; 6] = [
    "taxproof/v1/decision.proto",
    "taxproof/v1/policy.proto",
    "taxproof/v1/presentation.proto",
    "taxproof/v1/receipt.proto",
    "taxproof/v1/request.proto",
    "taxproof/v1/trust.proto",
];

fn main() -> Result<(), Box<dyn Error>> {
    for file in FILES {
        println!("cargo::rerun-if-changed={file}");
    }
    let descriptors = protox::compile(FILES, ["."])?;
    let out = std::path::PathBuf::from(std::env::var("OUT_DIR")?);
    std::fs::write(out.join("descriptors.bin"), descriptors.encode_to_vec())?;
    tonic_prost_build::configure().compile_fds(descriptors)?;
    Ok(())
}
