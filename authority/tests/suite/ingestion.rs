//! Reading files: formats, what is refused and why, and the independence of their order.

use proptest::prelude::*;
use taxproof_authority::error::AuthorityError;
use taxproof_authority::ledger::Ledger;
use taxproof_authority::mapping::{self, Mapping, MappingError};
use taxproof_authority::report::FileReport;
use taxproof_authority::{Sources, TableError};
use taxproof_claims::schema::Schema;
use taxproof_claims::shape::Q16;

use crate::fixture::{
    ALIBABA, Bureau, Declaration, FILINGS, HUAWEI, INVOICES, TAXPAYERS, day, period,
};

/// A schema of one field, so that mappings are short.
fn small_schema() -> Schema {
    let text = r#"
        id = "test-1"
        title = "a test"
        currency = "EUR"
        currency_digits = 2
        id_scheme = "plain"
        [[fields]]
        name = "tax"
        label = "tax"
        unit = "money"
        min = -281474976710655
        max = 281474976710655
        [[fields]]
        name = "stated"
        label = "stated"
        unit = "count"
        of = "statements"
        min = 0
        max = 9
        [[attributes]]
        name = "periods_available"
        label = "quarters"
        unit = "count"
        of = "quarters"
        min = 0
        max = 32
    "#;
    Schema::from_toml(text).expect("a schema")
}

/// A mapping for it: `source` is the section of filings without its amounts.
fn small_mapping(source: &str, amount: &str) -> String {
    format!(
        r#"
        schema = "test-1"
        title = "a test"
        [filings]
        enterprise = "id"
        unknown_enterprise = "accept"
        kind = {{ constant = "tax" }}
        {source}
        [filings.amounts]
        tax = {{ {amount} }}
        [derive.periods]
        deadline_days = 30
        [derive.fields]
        tax = {{ rule = "sum", of = ["tax"] }}
        stated = {{ rule = "has_amount", of = ["tax"] }}
        [derive.attributes]
        "#
    )
}

fn small(source: &str, amount: &str) -> Bureau {
    Bureau::new(small_schema(), &small_mapping(source, amount))
}

const LABEL: &str = "period = { label = \"p\" }";
const TAX: &str = "column = \"tax\"";

fn tax(bureau: &Bureau, id: &str) -> Vec<i64> {
    bureau.record(id, "2024Q2").field("tax")
}

/// Line, column and reason of each finding.
fn findings(report: &FileReport) -> Vec<(u64, String, String)> {
    let found = report.findings.iter();
    found
        .map(|f| {
            (
                f.line,
                f.column.clone().unwrap_or_default(),
                f.reason.to_string(),
            )
        })
        .collect()
}

fn found(line: u64, column: &str, reason: &str) -> (u64, String, String) {
    (line, column.to_owned(), reason.to_owned())
}

#[test]
fn ids_keep_their_zeros_and_lose_their_blanks() {
    let mut bureau = small(LABEL, TAX);
    let report = bureau.filings("id,p,tax\n  00012345 ,2024Q2, 5.00 \n12345,2024Q2,7\n");
    assert_eq!((report.rows, report.taken), (2, 2));
    assert_eq!(tax(&bureau, "00012345"), [500]);
    assert_eq!(tax(&bureau, "12345"), [700]);
}

#[test]
fn marks_at_the_beginning_and_accents() {
    let schema = small_schema();
    let mapping = small_mapping(
        "period = { label = \"período\" }",
        "column = \"imposto (R$)\"",
    );
    let mut bureau = Bureau::new(schema.clone(), &mapping);
    let report = bureau.filings("\u{feff}id,período,imposto (R$)\r\nA,2024Q2,5.00\r\n");
    assert_eq!((report.taken, report.findings.len()), (1, 0));

    // The same in Windows-1252, with semicolons and decimal commas.
    let source = "period = { label = \"período\" }\n\
                  csv = { delimiter = \";\", encoding = \"windows-1252\" }\n\
                  numbers = { decimal = \",\", thousands = \".\" }";
    let mapping = small_mapping(source, "column = \"imposto (R$)\"");
    let mut bureau = Bureau::new(schema.clone(), &mapping);
    let mut bytes = b"id;per\xedodo;imposto (R$)\n".to_vec();
    bytes.extend(b"A;2024Q2;-1.234,56\n");
    assert_eq!(bureau.filings(bytes).taken, 1);
    assert_eq!(tax(&bureau, "A"), [-123_456]);

    // And Chinese headers and texts in GB 18030.
    let source = "period = { label = \"税款所属期\" }\n\
                  csv = { encoding = \"gb18030\" }\n\
                  voided = { column = \"作废\", values = [\"是\"], valid = [\"否\"] }";
    let mapping = small_mapping(source, "column = \"应补退税额\"");
    let mut bureau = Bureau::new(schema, &mapping);
    let text = "id,税款所属期,作废,应补退税额\nA,2024Q2,否,7\nA,2024Q1,是,9\n";
    let (bytes, ..) = encoding(text);
    assert_eq!(bureau.filings(bytes).taken, 2);
    assert_eq!(tax(&bureau, "A"), [700]);
}

/// A text in GB 18030, by hand: the few characters that the test uses.
fn encoding(text: &str) -> (Vec<u8>, ()) {
    let known: [(char, [u8; 2]); 14] = [
        ('税', [0xcb, 0xb0]),
        ('款', [0xbf, 0xee]),
        ('所', [0xcb, 0xf9]),
        ('属', [0xca, 0xf4]),
        ('期', [0xc6, 0xda]),
        ('作', [0xd7, 0xf7]),
        ('废', [0xb7, 0xcf]),
        ('应', [0xd3, 0xa6]),
        ('补', [0xb2, 0xb9]),
        ('退', [0xcd, 0xcb]),
        ('额', [0xb6, 0xee]),
        ('是', [0xca, 0xc7]),
        ('否', [0xb7, 0xf1]),
        ('税', [0xcb, 0xb0]),
    ];
    let mut bytes = Vec::new();
    for c in text.chars() {
        match known.iter().find(|(k, _)| *k == c) {
            Some((_, two)) => bytes.extend(two),
            None => bytes.push(u8::try_from(u32::from(c)).expect("ASCII")),
        }
    }
    (bytes, ())
}

#[test]
fn wrong_bytes_are_refused_with_the_row() {
    let mut bureau = small(LABEL, TAX);
    let mut bytes = b"id,p,tax\nA,2024Q2,1\n".to_vec();
    bytes.extend(b"B,2024Q2,\xe9\nC,2024Q2,1\n");
    let report = bureau.filings(bytes);
    assert_eq!(report.taken, 2);
    assert_eq!(
        findings(&report),
        [found(3, "tax", "the cell is not written in UTF-8")]
    );
}

#[test]
fn a_cell_that_is_too_long_is_refused_and_others_are_read() {
    let mut bureau = small(LABEL, TAX);
    let [longest, longer] =
        [1 << 16, (1 << 16) + 1].map(|length| "1".to_owned() + &" ".repeat(length - 1));
    let report = bureau.filings(format!(
        "id,p,tax,note\nA,2024Q2,{longest},x\nB,2024Q2,{longer},x\nC,2024Q2,1,{longer}\n"
    ));
    assert_eq!((report.rows, report.taken), (3, 2));
    let reason = "the cell is 65537 bytes long, more than any name or number is";
    assert_eq!(findings(&report), [found(3, "tax", reason)]);
}

#[test]
fn a_quotation_mark_that_does_not_close_says_how_many_lines_it_swallowed() {
    let mut bureau = small(LABEL, TAX);
    let report = bureau.filings("id,p,tax\nA,2024Q1,1\nB,\"2024Q1,1\nC,2024Q1,1\nD,2024Q1,1\n");
    assert_eq!((report.rows, report.taken), (2, 1));
    assert_eq!(
        findings(&report),
        [found(
            3,
            "",
            "the row runs over 3 lines and has 2 cells, the header 3: \
             a quotation mark is not closed, and none of these lines is read"
        )]
    );
    // A line break within quotation marks is none.
    let report = bureau.filings("id,p,tax,name\nE,2024Q1,1,\"two\nlines\"\nF,2024Q1,1,x\n");
    assert_eq!((report.taken, findings(&report).len()), (2, 0));
}

#[test]
fn periods_come_in_several_ways() {
    for (source, header, q1, q2) in [
        (
            "period = { year = \"y\", quarter = \"q\" }",
            "y,q",
            "2024,1",
            "2024,2",
        ),
        (
            "period = { year = \"y\", month = \"m\" }",
            "y,m",
            "2024,03",
            "2024,4",
        ),
        ("period = { label = \"p\" }", "p", "2024Q1", "2024Q2"),
        ("period = { end = \"e\" }", "e", "2024-03-31", "2024-06-30"),
        (
            "period = { end = \"e\", months = 1, format = \"%d/%m/%Y\" }",
            "e",
            "29/02/2024",
            "30/04/2024",
        ),
        (
            "period = { from = \"a\", to = \"b\", format = \"%Y%m%d\" }",
            "a,b",
            "20240101,20240331",
            "20240401,20240630",
        ),
    ] {
        let mut bureau = small(source, TAX);
        let report = bureau.filings(format!("id,{header},tax\nA,{q1},1\nA,{q2},2\n"));
        assert_eq!(findings(&report), [], "{source}");
        assert_eq!(tax(&bureau, "A"), [200, 100], "{source}");
    }
}

#[test]
fn blanks_mean_what_the_mapping_says() {
    for (blank, taken, stated) in [
        ("zero", 2, Some([1, 1])),
        ("absent", 2, Some([0, 1])),
        ("no_filing", 1, Some([0, 1])),
        ("refuse", 1, None),
    ] {
        let mut bureau = small(LABEL, &format!("{TAX}, blank = \"{blank}\""));
        let report = bureau.filings("id,p,tax\nA,2024Q1,3\nA,2024Q2,  \n");
        assert_eq!(report.taken, taken, "{blank}");
        assert_eq!(report.no_filing, u64::from(blank == "no_filing"));
        assert_eq!(tax(&bureau, "A"), [0, 300], "{blank}");
        match stated {
            Some(stated) => {
                assert_eq!(bureau.record("A", "2024Q2").field("stated"), stated);
                assert_eq!(findings(&report), []);
            }
            None => assert_eq!(findings(&report), [found(3, "tax", "the cell is blank")]),
        }
    }
}

#[test]
fn signs_and_negatives_mean_what_the_mapping_says() {
    for (options, expected, refused) in [
        ("", -500, 0),
        ("negative = \"zero\"", 0, 0),
        ("negative = \"refuse\"", 0, 1),
        ("sign = \"minus\"", 500, 0),
        ("sign = \"minus\", negative = \"refuse\"", 500, 0),
    ] {
        let comma = if options.is_empty() { "" } else { ", " };
        let mut bureau = small(LABEL, &format!("{TAX}{comma}{options}"));
        let report = bureau.filings("id,p,tax\nA,2024Q1,0\nA,2024Q2,-5\n");
        assert_eq!(tax(&bureau, "A")[0], expected, "{options}");
        assert_eq!(report.refused(), refused, "{options}");
    }
}

#[test]
fn each_refusal_names_line_column_and_reason() {
    let mut bureau = Bureau::chinese();
    bureau.register(HUAWEI, "2020-01-01", "2");
    let good = Declaration::vat("2024-01", "2024-03");
    let with = |change: &dyn Fn(&mut Declaration)| {
        let mut declaration = good.clone();
        change(&mut declaration);
        declaration
    };
    let report = bureau.declare(&[
        good.clone(),
        with(&|d| d.enterprise = "914403001922038217"),
        with(&|d| d.enterprise = ALIBABA),
        with(&|d| d.enterprise = ""),
        with(&|d| d.base = "1,000.00".into()),
        with(&|d| d.due = "0.001".into()),
        with(&|d| d.due = "9999999999999".into()),
        with(&|d| d.due = String::new()),
        with(&|d| d.filed = "2024-04-31".into()),
        with(&|d| d.deadline = "15/04/2024".into()),
        with(&|d| d.from = "2024-01-02".into()),
        with(&|d| d.voided = "?"),
        with(&|d| d.voided_on = "2024-05-01"),
        with(&|d| d.filed = String::new()),
        good.clone(),
    ]);
    assert_eq!((report.rows, report.taken, report.duplicates), (15, 1, 1));
    assert_eq!(report.refused(), 13);
    let number = |text: &str| format!("`{text}` is not a number such as 1234.56");
    let expected = [
        found(
            3,
            "NSRSBH",
            "`914403001922038217` is not a unified social credit code: \
             its check character should be `6`",
        ),
        found(4, "NSRSBH", &format!("`{ALIBABA}` is not on record")),
        found(5, "NSRSBH", "the cell is blank"),
        found(6, "", "the row has 13 cells, the header 12"),
        found(
            7,
            "YBTSE",
            "`0.001` has more digits than the currency's smallest unit",
        ),
        found(
            8,
            "YBTSE",
            "`9999999999999` is too large: a record holds values below 2^48 smallest units",
        ),
        found(9, "YBTSE", "the cell is blank"),
        found(
            10,
            "NSSBRQ",
            "`2024-04-31` is not a day written as %Y-%m-%d",
        ),
        found(11, "SBQX", "`15/04/2024` is not a day written as %Y-%m-%d"),
        found(
            12,
            "SKSSQZ",
            "2024-01-02 to 2024-03-31 is not one to twelve whole months",
        ),
        found(
            13,
            "ZFBZ",
            "`?` is neither a voided nor a valid filing's flag",
        ),
        found(
            14,
            "ZFBZ",
            "the filing has a day of voiding but is not voided",
        ),
        found(15, "NSSBRQ", "the cell is blank"),
    ];
    assert_eq!(findings(&report), expected);
    assert!(
        report
            .findings
            .iter()
            .all(|f| !f.reason.remedy().is_empty())
    );

    let quoted = "\"1,000.00\"";
    let report = bureau.declare(&[with(&|d| d.base = quoted.into())]);
    assert_eq!(findings(&report), [found(2, "YSX", &number("1,000.00"))]);
}

#[test]
fn a_report_is_a_file_that_a_spreadsheet_opens() {
    let mut bureau = Bureau::chinese();
    let path = bureau.file(format!(
        "{FILINGS}{}",
        Declaration::vat("2024-01", "2024-03").row()
    ));
    let filings = vec![path.clone()];
    let report = bureau.ingest(&Sources {
        filings,
        ..Sources::default()
    });
    let report = report.expect("is read");
    assert_eq!(report.refused(), 1);
    let csv = std::fs::read_to_string(bureau.path("report-2.csv")).expect("is there");
    let expected = format!(
        "file,line,column,outcome,reason,remedy\n\
         {},2,NSRSBH,refused,`{HUAWEI}` is not on record,\
         \"the bureau: ingest the register of taxpayers that lists it, then this file again\"\n",
        path.display()
    );
    assert_eq!(csv, expected);
}

#[test]
fn the_register_and_invoices_refuse_what_they_cannot_read() {
    let mut bureau = Bureau::chinese();
    let report = bureau.taxpayers(format!(
        "{TAXPAYERS}{HUAWEI},2020-01-01,5131,03,2,A,0,2024-01-01\n\
         {HUAWEI},2020-01-01,5131,08,2,A,0,2024-01-01\n\
         {HUAWEI},2020-01-01,5131,03,2,A,0,\n"
    ));
    let expected = [
        found(3, "NSRZT_DM", "`08` has no name in the mapping"),
        found(4, "GXRQ", "the cell is blank"),
    ];
    assert_eq!(findings(&report), expected);
    let report = bureau.invoices(format!(
        "{INVOICES}1,{ALIBABA},a,2024-01-11,1.00,\n\
         ,{HUAWEI},a,2024-01-11,1.00,\n\
         3,{HUAWEI},a,2024-01-11,,\n\
         4,{HUAWEI},a,,1.00,\n"
    ));
    let expected = [
        found(2, "XFSBH", &format!("`{ALIBABA}` is not on record")),
        found(3, "FPHM", "the cell is blank"),
        found(4, "JE", "the cell is blank"),
        found(5, "KPRQ", "the cell is blank"),
    ];
    assert_eq!(findings(&report), expected);
}

#[test]
fn files_without_the_columns_are_refused_whole() {
    let mut bureau = small(LABEL, TAX);
    let of = |error: &AuthorityError| match error {
        AuthorityError::Table(TableError::NoColumn { column, .. }) => Some((0, column.clone())),
        AuthorityError::Table(TableError::TwoColumns { column, .. }) => Some((2, column.clone())),
        _ => None,
    };
    for (text, found, column) in [
        ("id,p\nA,2024Q2\n", 0, "tax"),
        ("id,p,tax,p\nA,,1,\n", 2, "p"),
    ] {
        let filings = vec![bureau.file(text)];
        let sources = Sources {
            filings,
            ..Sources::default()
        };
        let refused = bureau.ingest(&sources).expect_err("is refused");
        assert_eq!(
            of(&refused),
            Some((found, column.to_owned())),
            "{refused:?}"
        );
    }
    // What a file calls its columns steers no terminal, and fills none.
    let long = format!("id,p,\u{1b}[2J,{}\n", "x".repeat(10_000));
    let sources = Sources {
        filings: vec![bureau.file(long)],
        ..Sources::default()
    };
    let said = bureau.ingest(&sources).expect_err("is refused").to_string();
    assert!(said.contains("\\u{1b}[2J") && !said.contains('\u{1b}'));
    assert!(said.ends_with("x…") && said.len() < 2000, "{said}");
    let taxpayers = vec![bureau.file("id\n")];
    let refused = bureau.ingest(&Sources {
        taxpayers,
        ..Sources::default()
    });
    assert!(matches!(
        refused,
        Err(AuthorityError::NoSection("taxpayers"))
    ));
}

#[test]
fn long_and_unknown_filings_are_refused_unless_the_mapping_says_otherwise() {
    let source = "period = { from = \"a\", to = \"b\" }";
    let mut bureau = small(source, TAX);
    let report = bureau.filings(
        "id,a,b,tax\nA,2024-01-01,2024-12-31,1\nA,2024-03-01,2024-04-30,1\nA,2024-04-01,2024-05-31,1\n",
    );
    let expected = [
        found(2, "b", "2024-01 to 2024-12 is not within a quarter"),
        found(3, "b", "2024-03 to 2024-04 is not within a quarter"),
    ];
    assert_eq!(findings(&report), expected);
}

#[test]
fn mappings_are_checked() {
    let schema = Schema::cn_tax();
    let error = |from: &str, to: &str| {
        assert!(mapping::CN_TAX.contains(from), "{from}");
        let text = mapping::CN_TAX.replacen(from, to, 1);
        Mapping::from_toml(&text, &schema).expect_err("is wrong")
    };
    assert!(matches!(
        error("cn-tax-1", "cn-tax-2"),
        MappingError::Schema { .. }
    ));
    assert!(matches!(
        error("enterprise = \"NSRSBH\"", "enterprize = \"NSRSBH\""),
        MappingError::Syntax(_)
    ));
    assert!(matches!(
        error(
            "[filings.voided]",
            "[filings.csv]\nencoding = \"utf-16\"\n[filings.voided]"
        ),
        MappingError::Encoding(_)
    ));
    assert!(matches!(
        error(
            "[filings.voided]",
            "[filings.csv]\ndelimiter = \"\\\"\"\n[filings.voided]"
        ),
        MappingError::Delimiter('"')
    ));
    assert!(matches!(
        error(
            "[filings.voided]",
            "[filings.numbers]\nthousands = \".\"\n[filings.voided]"
        ),
        MappingError::Numbers
    ));
    assert!(matches!(
        error(
            "{ column = \"NSSBRQ\" }",
            "{ column = \"NSSBRQ\", format = \"%H\" }"
        ),
        MappingError::DayFormat(_)
    ));
    assert!(matches!(
        error("of = [\"base\", \"due\"]", "of = [\"bases\"]"),
        MappingError::NoSource { what: "amount", .. }
    ));
    assert!(matches!(
        error("kinds = [\"vat\"], paid", "kinds = [\"vta\"], paid"),
        MappingError::NoSource {
            what: "kind of filing",
            ..
        }
    ));
    assert!(matches!(
        error("of = \"grade\"", "of = \"grades\""),
        MappingError::NoSource { what: "fact", .. }
    ));
    assert!(matches!(
        error(
            "arrears = { rule = \"register\", of = \"arrears\" }",
            "arrears = { rule = \"constant\", value = \"0\" }"
        ),
        MappingError::NoUse { what: "fact", .. }
    ));
    assert!(matches!(
        error("type = \"money\"", "type = \"count\""),
        MappingError::Unit { what: "fact", .. }
    ));
    assert!(matches!(
        error("\"03\" = \"normal\"", "\"03\" = \"usual\""),
        MappingError::Code { .. }
    ));
    assert!(matches!(
        error("deadline = { column = \"SBQX\" }", ""),
        MappingError::NoDeadline(_)
    ));
    for (from, to) in [
        ("invoiced = { rule = \"invoiced\" }\n", ""),
        (
            "late_filings = { rule = \"late_filings\" }",
            "late_filings = { rule = \"invoiced\" }",
        ),
        ("months = 24 }", "months = 0 }"),
        ("holder_since =", "holder_after ="),
        (
            "grade = { rule = \"register\", of = \"grade\" }",
            "grade = { rule = \"register\", of = \"grade\", default = \"Z\" }",
        ),
    ] {
        assert!(matches!(error(from, to), MappingError::Rule(_)), "{from}");
    }
}

#[test]
fn ledgers_are_kept() {
    let mut bureau = Bureau::chinese();
    bureau.register(HUAWEI, "2020-01-01", "2");
    bureau.declare(&[
        Declaration::vat("2024-01", "2024-03"),
        Declaration::vat("2024-04", "2024-06")
            .voided("2024-08-01")
            .unpaid(),
    ]);
    bureau.invoices(format!("{INVOICES}1,{HUAWEI},买方,2024-01-11,-1.00,Y\n"));
    let before = bureau.account(HUAWEI);
    let path = bureau.path("ledger");
    bureau.ledger = Ledger::open(&path).expect("is opened");
    assert_eq!(bureau.account(HUAWEI), before);
    assert_eq!(bureau.ledger.len(), 1);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_bytes_make_it_panic(
        rows in proptest::collection::vec(
            proptest::collection::vec(
                prop_oneof![
                    Just(HUAWEI.as_bytes().to_vec()),
                    Just(b"10101".to_vec()),
                    Just(b"1900-01-01".to_vec()),
                    Just(b"9999-12-31".to_vec()),
                    Just(b"-2814749767106.55".to_vec()),
                    Just(b"Y".to_vec()),
                    Just(vec![]),
                    proptest::collection::vec(any::<u8>(), 0..12),
                ],
                12,
            ),
            0..12,
        ),
    ) {
        let mut bureau = Bureau::chinese();
        bureau.register(HUAWEI, "1900-01-01", "1");
        let lines = rows.iter().map(|cells| cells.join(&b','));
        let bytes = [FILINGS.as_bytes().to_vec(), lines.collect::<Vec<_>>().join(&b'\n')].concat();
        let report = bureau.filings(bytes);
        prop_assert!(report.rows >= report.taken + report.duplicates);
        let _ = bureau.derive_in(HUAWEI, period("2024Q2"), day("2024-07-28"), Q16.layout());
        let _ = bureau.derive_in(HUAWEI, period("9999Q4"), day("9999-12-31"), Q16.layout());
        let _ = bureau.derive_in(HUAWEI, period("1900Q1"), day("1900-04-28"), Q16.layout());
    }

    #[test]
    fn the_order_of_files_and_rows_does_not_matter(
        order in Just((0..12usize).collect::<Vec<_>>()).prop_shuffle(),
        split in 0..12usize,
        invoices_first in any::<bool>(),
    ) {
        let rows: Vec<String> = [
            Declaration::vat("2024-01", "2024-03"),
            Declaration::vat("2024-01", "2024-03").filed("2024-05-01", 2).amounts("7", "7"),
            Declaration::vat("2024-01", "2024-03").filed("2024-05-01", 2).amounts("6", "8"),
            Declaration::vat("2024-01", "2024-03").filed("2024-05-02", 3).voided("2024-06-01"),
            Declaration::vat("2024-01", "2024-03").filed("2024-05-02", 3).voided("2024-05-03"),
            Declaration::vat("2024-01", "2024-03").filed("2024-05-02", 3),
            Declaration::vat("2024-04", "2024-04").unpaid(),
            Declaration::vat("2024-05", "2024-05").amounts("0", "-1"),
            Declaration::vat("2024-06", "2024-06").tax("10104"),
            Declaration::vat("2024-06", "2024-06").voided(""),
            Declaration::vat("2024-06", "2024-06").filed("2024-08-08", 2),
            Declaration::vat("2024-04", "2024-04").unpaid(),
        ]
        .iter()
        .map(Declaration::row)
        .collect();
        let invoices = |bureau: &mut Bureau| {
            bureau.invoices(format!("{INVOICES}1,{HUAWEI},a,2024-01-11,3.00,\n"));
        };
        let straight = {
            let mut bureau = Bureau::chinese();
            bureau.register(HUAWEI, "2024-01-01", "2");
            bureau.filings(format!("{FILINGS}{}", rows.concat()));
            invoices(&mut bureau);
            bureau
        };
        let shuffled: Vec<&str> = order.iter().map(|&i| rows[i].as_str()).collect();
        let mut bureau = Bureau::chinese();
        bureau.register(HUAWEI, "2024-01-01", "2");
        if invoices_first {
            invoices(&mut bureau);
        }
        bureau.filings(format!("{FILINGS}{}", shuffled[split..].concat()));
        bureau.filings(format!("{FILINGS}{}", shuffled[..split].concat()));
        if !invoices_first {
            invoices(&mut bureau);
        }
        prop_assert_eq!(bureau.account(HUAWEI), straight.account(HUAWEI));
        let record = |bureau: &Bureau| {
            bureau.derive_in(HUAWEI, period("2024Q2"), day("2024-07-28"), Q16.layout())
        };
        prop_assert_eq!(record(&bureau), record(&straight));
    }
}
