//! The README's quick starts, run as written: every `sh` block after `<!-- test -->`, in order, in
//! one shell, in a folder with the repository's policies, mappings and schemas.

use std::path::Path;
use std::process::Command;

fn blocks(readme: &str) -> Vec<&str> {
    readme
        .split("<!-- test -->\n```sh\n")
        .skip(1)
        .map(|rest| rest.split("```").next().expect("a block ends"))
        .collect()
}

fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("is bound").port()
}

#[test]
fn quick_starts_run_as_written() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let readme = std::fs::read_to_string(root.join("README.md")).expect("the README");
    let blocks = blocks(&readme);
    assert!(blocks.len() >= 6, "each role has a quick start");

    let folder = tempfile::tempdir().expect("a folder");
    for linked in ["policies", "mappings", "schemas"] {
        std::os::unix::fs::symlink(root.join(linked), folder.path().join(linked)).expect("a link");
    }
    let binary = Path::new(env!("CARGO_BIN_EXE_taxproof"));
    let path = format!(
        "{}:{}",
        binary.parent().expect("a folder").display(),
        std::env::var("PATH").expect("a path")
    );
    // As written, but for the port: another test's service, or somebody's, may have the usual one.
    let serve = "taxproof bank serve --dir play/bank";
    let (port, blocks) = (free_port(), blocks.join("\n"));
    assert!(blocks.contains(serve));
    let blocks = blocks
        .replace(serve, &format!("{serve} --listen 127.0.0.1:{port}"))
        .replace("127.0.0.1:7480", &format!("127.0.0.1:{port}"));
    let script =
        format!("set -euo pipefail\ntrap 'kill $(jobs -p) 2>/dev/null || true' EXIT\n{blocks}");
    let output = Command::new("bash")
        .args(["-c", &script])
        .current_dir(&folder)
        .env("PATH", path)
        .output()
        .expect("bash");
    let (out, err) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    assert!(output.status.success(), "stdout:\n{out}\nstderr:\n{err}");
    assert!(
        out.contains("passed"),
        "the bank's verdict is shown:\n{out}\n{err}"
    );
}
