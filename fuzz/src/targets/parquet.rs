//! A Parquet file of filings.

use std::sync::Arc;

use parquet::data_type::{
    ByteArray, ByteArrayType, FixedLenByteArray, FixedLenByteArrayType, Int32Type, Int64Type,
};
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;
use taxproof_authority::mapping::{CN_TAX, Mapping};

use super::authority::Desk;
use crate::Target;
use crate::fixture::{enterprise, schema};
use crate::input::{Input, part};

/// What a file begins and ends with.
const MAGIC: &[u8; 4] = b"PAR1";

/// Any footer and any pages, put together as in a file: a footer that is not where the file's end says would
/// be all that is tried. What is read says the same the second time.
pub(super) const PARQUET: Target = Target::new(
    "parquet",
    |bytes| {
        let mut input = Input::new(bytes);
        let footer = input.part();
        let length = (footer.len() as u32).to_le_bytes();
        let file = [MAGIC, input.rest(), footer, &length, MAGIC].concat();
        let register = format!(
            "{HEADERS}{},2020-01-15,6510,03,1,B,0.00,2026-09-30\n",
            enterprise()
        );
        let desk = Desk::new([register.as_bytes(), &file, b""]);
        let mapping = Mapping::from_toml(CN_TAX, schema()).expect("a mapping of the repository");
        let mut ledger = desk.ledger().expect("a ledger that is not there yet");
        if desk.ingest(&mut ledger, &mapping, schema()).is_err() {
            return;
        }
        let account = ledger.account(&enterprise()).expect("is read");
        let again = desk.ingest(&mut ledger, &mapping, schema());
        again.expect("files that were read are read again");
        let second = ledger.account(&enterprise()).expect("is read");
        assert!(account == second, "a second reading says more");
    },
    || {
        let file = file();
        let (head, end) = file.split_at(file.len() - 8);
        let length = end.first_chunk().expect("a file ends with a length");
        let (pages, footer) = head.split_at(head.len() - u32::from_le_bytes(*length) as usize);
        vec![[&part(footer), &pages[MAGIC.len()..]].concat()]
    },
)
.mebibytes(24)
.mutations(700);

const HEADERS: &str = "NSRSBH,DJRQ,HY_DM,NSRZT_DM,NSRLX,XYDJ,QJSE,GXRQ\n";

/// A file of two filings, with columns of texts, days, decimals and times.
fn file() -> Vec<u8> {
    let texts =
        ["NSRSBH", "ZSXM_DM", "ZFBZ"].map(|name| format!("required byte_array {name} (UTF8);"));
    let days = ["SKSSQQ", "SKSSQZ", "SBQX"].map(|name| format!("required int32 {name} (DATE);"));
    let sequence = "required int64 SBXH;";
    let amounts = ["YSX", "YNSE", "YJSE", "JMSE"];
    let amounts = amounts.map(|name| format!("required int64 {name} (DECIMAL(18,2));"));
    let rest = "optional fixed_len_byte_array(5) YBTSE (DECIMAL(10,2)); \
                required int64 NSSBRQ (TIMESTAMP(MILLIS,false)); optional int32 JKRQ (DATE); \
                optional int32 ZFRQ (DATE);";
    let columns = [
        texts.concat(),
        days.concat(),
        sequence.into(),
        amounts.concat(),
        rest.into(),
    ];
    let columns = columns.concat();
    let schema = parse_message_type(&format!("message rows {{ {columns} }}")).expect("a schema");
    let mut file = Vec::new();
    let written = "a file in memory is written";
    let mut writer =
        SerializedFileWriter::new(&mut file, Arc::new(schema), Arc::default()).expect(written);
    let mut group = writer.next_row_group().expect(written);
    let id = enterprise().to_string();
    let mut at = 0;
    while let Some(mut column) = group.next_column().expect(written) {
        let text = |text: &str| vec![ByteArray::from(text); 2];
        let written = match at {
            0..3 => {
                let cells = text([id.as_str(), "10101", "N"][at]);
                column
                    .typed::<ByteArrayType>()
                    .write_batch(&cells, None, None)
            }
            3..6 => {
                let days = [[20_635, 20_666], [20_665, 20_696], [20_680, 20_711]][at - 3];
                column.typed::<Int32Type>().write_batch(&days, None, None)
            }
            6..11 => column
                .typed::<Int64Type>()
                .write_batch(&[1_000, 2_000], None, None),
            11 => {
                let cells = [FixedLenByteArray::from(vec![255, 255, 255, 255, 0])];
                let typed = column.typed::<FixedLenByteArrayType>();
                typed.write_batch(&cells, Some(&[1, 0]), None)
            }
            12 => {
                let times = [1_784_000_000_000, 1_786_752_000_000];
                column.typed::<Int64Type>().write_batch(&times, None, None)
            }
            _ => column
                .typed::<Int32Type>()
                .write_batch(&[20_670], Some(&[0, 1]), None),
        };
        written.expect("a column is of its type");
        column.close().expect("is closed");
        at += 1;
    }
    group.close().expect("is closed");
    writer.close().expect("is closed");
    file
}
