//! Fixtures of this crate's tests.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parquet::data_type::{ByteArray, ByteArrayType};
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;
use taxproof_claims::credential::{RegisteredHolder, Registration};
use taxproof_claims::holder::HolderSecrets;
use taxproof_claims::subject::{EnterpriseId, IdScheme, uscc_check_character};

/// Some enterprises' ids.
pub(crate) fn ids(count: u32) -> Vec<EnterpriseId> {
    (0..count)
        .map(|i| {
            let body = format!("91330100{i:09}");
            let check = uscc_check_character(&body).expect("a code's first 17 characters");
            IdScheme::Uscc
                .parse(&format!("{body}{check}"))
                .expect("an id")
        })
        .collect()
}

/// A registration of some secrets, with a fresh recipient.
pub(crate) fn registration(id: &EnterpriseId, secrets: &HolderSecrets) -> Registration {
    Registration {
        enterprise: id.to_string(),
        recipient: age::x25519::Identity::generate().to_public().to_string(),
        holder: RegisteredHolder::of_each_curve(secrets),
    }
}

/// Writes a CSV file's rows as Parquet, all of them texts, in groups of rows, and gives the new file.
pub(crate) fn as_parquet(csv: &Path) -> PathBuf {
    let mut reader = csv::ReaderBuilder::new();
    let mut reader = reader.flexible(true).from_path(csv).expect("a file");
    let headers = reader.headers().expect("headers").clone();
    let rows = reader.records().collect::<Result<Vec<_>, _>>();
    let columns = headers.iter();
    let columns = columns.map(|name| format!("optional byte_array {name} (UTF8);"));
    let schema = format!("message rows {{ {} }}", columns.collect::<String>());
    let schema = Arc::new(parse_message_type(&schema).expect("a schema"));
    let path = csv.with_extension("parquet");
    let file = File::create(&path).expect("is made");
    let mut writer = SerializedFileWriter::new(file, schema, Arc::default()).expect("is begun");
    for rows in rows.expect("texts").chunks(3000) {
        let mut group = writer.next_row_group().expect("is begun");
        for index in 0..headers.len() {
            let cells: Vec<Option<&str>> = rows.iter().map(|row| row.get(index)).collect();
            let there = cells.iter().copied().flatten();
            let there: Vec<ByteArray> = there.map(ByteArray::from).collect();
            let levels: Vec<i16> = cells.iter().map(|cell| cell.is_some().into()).collect();
            let mut column = group.next_column().expect("is begun").expect("a column");
            let typed = column.typed::<ByteArrayType>();
            let written = typed.write_batch(&there, Some(&levels), None);
            written.expect("is written");
            column.close().expect("is closed");
        }
        group.close().expect("is closed");
    }
    writer.close().expect("is closed");
    path
}
