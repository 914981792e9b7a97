//! The repository's own files.

use std::fs;
use std::path::Path;

/// The repository's root.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every Rust source, by its path from the root.
pub(crate) fn sources() -> Vec<String> {
    let mut found = Vec::new();
    collect(root(), &mut found);
    found
}

fn collect(folder: &Path, found: &mut Vec<String>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if path.is_dir() && name != "target" && name != "node_modules" && !name.starts_with('.') {
            collect(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            let path = path.strip_prefix(root()).expect("below the root");
            found.push(path.to_string_lossy().into_owned());
        }
    }
}

/// The root's manifest and those of its crates, by their path from the root.
pub(crate) fn manifests() -> Vec<(String, toml::Table)> {
    let read = |path: String| {
        let text = fs::read_to_string(root().join(&path)).expect("a manifest");
        let table: toml::Table = text.parse().expect("TOML");
        (path, table)
    };
    let (name, workspace) = read("Cargo.toml".to_owned());
    let members = workspace["workspace"]["members"].as_array();
    let members = members.expect("members").iter().filter_map(|m| m.as_str());
    let mut all: Vec<_> = members
        .map(|member| read(format!("{member}/Cargo.toml")))
        .collect();
    all.push((name, workspace));
    all
}
