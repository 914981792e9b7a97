//! A bureau's own folder, one of whose files is another.

use std::fs;
use std::path::{Path, PathBuf};

use taxproof_authority::mapping::{CN_TAX, Mapping};
use taxproof_authority::{Authority, Publication, Settings, audit};
use taxproof_claims::date::Date;
use taxproof_claims::digest::Profile;
use taxproof_log::LogReader;
use tempfile::TempDir;

use crate::Target;
use crate::fixture::{AUTHORITY, AUTHORITY_PEM, NOW, enterprise, folder, registration, schema};
use crate::input::{Input, chosen};
use crate::targets::authority::filed;

/// A folder with one epoch of one enterprise. Nothing of what is done with it writes to it.
pub(super) const BUREAU: Target = Target::new(
    "bureau",
    |bytes| {
        let mut input = Input::new(bytes);
        BUREAU_FOLDER.with(|bureau| {
            let path = &bureau.files[input.below(bureau.files.len())];
            let before = fs::read(path).expect("a file of the bureau");
            let written = "a file of the bureau can be written";
            fs::write(path, input.rest()).expect(written);
            inspect(bureau.folder.path());
            fs::write(path, before).expect(written);
        });
    },
    || {
        BUREAU_FOLDER.with(|bureau| {
            let read = |(i, path): (usize, &PathBuf)| {
                chosen(i as u8, fs::read(path).expect("a file of the bureau"))
            };
            bureau.files.iter().enumerate().map(read).collect()
        })
    },
)
.mebibytes(24)
.mutations(500);

struct Bureau {
    folder: TempDir,
    /// Sorted.
    files: Vec<PathBuf>,
}

thread_local! {
    static BUREAU_FOLDER: Bureau = Bureau::new();
}

impl Bureau {
    fn new() -> Self {
        let folder = folder();
        let made = "a bureau can publish an epoch";
        let settings = Settings {
            id: AUTHORITY.parse().expect("an authority's name"),
            name: "Zhejiang tax bureau".to_owned(),
            profile: Profile::Sm,
        };
        let text = toml::to_string(schema()).expect("a schema is a table");
        drop(Authority::init(folder.path(), &settings, &text).expect(made));
        fs::write(folder.path().join("key.pem"), AUTHORITY_PEM).expect(made);
        let mut authority = Authority::open(folder.path()).expect(made);
        let day = Date::from_days(20_000).expect("a day of the calendar");
        authority.register(registration(), day).expect(made);
        let mapping = Mapping::from_toml(CN_TAX, schema()).expect(made);
        let sources = filed().sources;
        let ingested = authority.ingest(&mapping, &sources, day, &());
        ingested.expect(made);
        let published = authority.publish(&Publication::at(NOW), &());
        assert!(published.expect(made).left_out.is_empty(), "{made}");
        let mut files = Vec::new();
        walk(folder.path(), &mut files);
        files.sort();
        Self { folder, files }
    }
}

/// The files of a folder that are read again: not the bundles, and what is for people.
fn walk(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder of the bureau") {
        let path = entry.expect("an entry").path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let unread = ["bundles", "reports", "lock", "header.json"];
        if path.is_dir() && !unread.contains(&&*name) {
            walk(&path, files);
        } else if path.is_file() && !unread.contains(&&*name) {
            files.push(path);
        }
    }
}

fn inspect(folder: &Path) {
    let Ok(authority) = Authority::open(folder) else {
        return;
    };
    let _ = authority.derivations();
    let _ = authority.ledger().account(&enterprise());
    let _ = authority.audit_leaves();
    if authority.issue(&enterprise()).is_ok() {
        assert_eq!(authority.headers().len(), 1);
    }
    let settings = authority.settings();
    let key = authority.trusted().key;
    let log = LogReader::new(taxproof_log::Folder::new(authority.log().files().path()));
    let _ = audit::audit(&log, &settings.id, &key, &[]);
}
