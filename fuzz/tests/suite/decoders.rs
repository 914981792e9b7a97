//! Public functions that read bytes or texts, found in the sources, are the rows of the table in
//! `docs/fuzzing.md`, each with the target that it is in.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use taxproof_fuzz::find;

use crate::{alone, root};

const CRATES: [&str; 7] = [
    "authority",
    "claims",
    "engine",
    "interop",
    "log",
    "prover",
    "verifier",
];
/// What a function that reads is called, or begins with.
const VERBS: [&str; 10] = [
    "admit", "decode", "from", "import", "load", "map", "open", "parse", "peek", "read",
];
/// What it reads from.
const SOURCES: [&str; 6] = ["[u8]", "&str", "Read,", "Read)", "BufRead", "&File"];

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder of sources") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            found.push(path);
        }
    }
}

/// Whether a function's head, from `pub fn` to its body, is of one that reads.
fn reads(head: &str) -> Option<&str> {
    let (name, rest) = head.split_once(['(', '<'])?;
    let begins = |verb: &&str| {
        let rest = name.strip_prefix(*verb);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('_'))
    };
    let parameters = rest.split(" -> ").next()?;
    let takes = |source: &&str| parameters.contains(*source);
    let is_one = VERBS.iter().any(begins) || name == "unseal";
    (is_one && SOURCES.iter().any(takes)).then_some(name)
}

/// `Type::function` of every function that reads, and `Type::from_str` of every `FromStr`.
fn decoders_of(text: &str, module: &str) -> Vec<String> {
    let code = text
        .split("#[cfg(test)]\nmod tests")
        .next()
        .unwrap_or_default();
    let (mut found, mut of) = (Vec::new(), module.to_owned());
    let mut rest = code;
    while let Some((line, after)) = rest.split_once('\n') {
        if let Some(implemented) = line.strip_prefix("impl") {
            of = type_of(implemented);
            if implemented.contains("FromStr for") {
                found.push(format!("{of}::from_str"));
            }
        } else if line == "}" {
            of = module.to_owned();
        }
        let function = ["pub fn ", "pub const fn ", "pub async fn "];
        let head = function
            .iter()
            .find_map(|f| line.trim_start().strip_prefix(f));
        if let Some(head) = head {
            let whole = &rest[line.len() - head.len()..];
            let whole = whole.split([';', '{']).next().unwrap_or_default();
            found.extend(reads(whole).map(|name| format!("{of}::{name}")));
        }
        rest = after;
    }
    found
}

/// The type's name in `<…> Trait for Type<…> {`.
fn type_of(implemented: &str) -> String {
    let named = implemented.rsplit(" for ").next().unwrap_or_default();
    let named = match named.strip_prefix('<') {
        // The parameters of the implementation itself.
        Some(generic) => generic.split_once("> ").map_or("", |(_, rest)| rest),
        None => named,
    };
    let is_part = |c: char| c.is_alphanumeric() || c == '_' || c == ':';
    let name = named.trim_start().split(|c| !is_part(c)).next();
    name.unwrap_or_default().to_owned()
}

fn found() -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for krate in CRATES {
        let mut files = Vec::new();
        sources(&root().join(krate).join("src"), &mut files);
        for file in files {
            let stem = match file.file_stem().map(|stem| stem.to_string_lossy()) {
                Some(stem) if stem != "mod" && stem != "lib" => stem.into_owned(),
                _ => krate.to_owned(),
            };
            let text = fs::read_to_string(&file).expect("a source");
            let decoders = decoders_of(&text, &stem);
            found.extend(decoders.into_iter().map(|d| format!("{krate}: {d}")));
        }
    }
    found
}

/// The rows of the document's table: what reads, and the targets that it is in.
fn listed() -> BTreeMap<String, String> {
    let text = fs::read_to_string(root().join("docs/fuzzing.md")).expect("docs/fuzzing.md");
    let row = |line: &str| -> Option<(String, String)> {
        let mut cells = line.strip_prefix("| `")?.split("` | ");
        let decoder = cells.next()?.to_owned();
        let target = cells.next()?.trim_end_matches(" |").to_owned();
        decoder.contains(": ").then_some((decoder, target))
    };
    text.lines().filter_map(row).collect()
}

#[test]
fn every_decoder_is_listed_with_a_target() {
    let _alone = alone();
    let (found, listed) = (found(), listed());
    let names: BTreeSet<String> = listed.keys().cloned().collect();
    let missing: Vec<_> = found.difference(&names).collect();
    let gone: Vec<_> = names.difference(&found).collect();
    assert!(
        missing.is_empty() && gone.is_empty(),
        "docs/fuzzing.md lacks {missing:?}, and lists {gone:?}, which are not in the sources: write \
         a target for what is new in fuzz/src/targets, and list it"
    );
    for (decoder, targets) in listed {
        let named: Vec<&str> = targets.split('`').skip(1).step_by(2).collect();
        assert!(!named.is_empty(), "{decoder} has no target");
        for name in named {
            assert!(
                find(name).is_some(),
                "{decoder}: there is no target `{name}`"
            );
        }
    }
}

#[test]
fn decoders_are_found_in_sources() {
    let _alone = alone();
    let text = "impl FromStr for Name {\n}\nimpl<E: Curve> Key<E> {\n    pub fn open(\n        \
                file: &[u8],\n    ) -> Self {\n    }\n    pub fn points(&self) -> &[u8] {\n    }\n}\n\
                pub fn read_row(text: &str) -> Row {\n}\n#[cfg(test)]\nmod tests {\n    pub fn \
                read(text: &str) {\n    }\n}\n";
    let expected = ["Name::from_str", "Key::open", "rows::read_row"];
    assert_eq!(decoders_of(text, "rows"), expected);
}
