//! What is wrong with a policy is said where it is wrong.

use taxproof_claims::policy::{Format, Policy, PolicyErrors, Problem};
use taxproof_claims::schema::Schema;

const HEADER: &str = "id = \"p\"\nversion = 1\ntitle = \"t\"\nschema = \"cn-tax-1\"\n";

fn parse(text: &str) -> Result<Policy, PolicyErrors> {
    Policy::parse(text, Format::Toml, &Schema::cn_tax())
}

fn with_rules(rules: &str) -> Result<Policy, PolicyErrors> {
    parse(&format!("{HEADER}{rules}"))
}

/// The problems of a text, each with its line, column and key.
fn problems(result: Result<Policy, PolicyErrors>) -> Vec<(usize, usize, String, Problem)> {
    let errors = result.expect_err("a text with something wrong");
    errors
        .iter()
        .map(|e| (e.line, e.column, e.key.clone(), e.problem.clone()))
        .collect()
}

/// The only problem of rules that begin in line 5.
fn problem(rules: &str) -> Problem {
    let mut found = problems(with_rules(rules));
    assert_eq!(found.len(), 1, "{found:#?}");
    found.remove(0).3
}

/// A rule with these keys.
fn rule(keys: &str) -> Problem {
    problem(&format!("[[rule]]\nname = \"r\"\n{keys}"))
}

const TOTAL: &str = "total = \"vat_paid\"\nover = \"last 4 quarters\"\n";

#[test]
fn errors_show_the_line_and_what_to_do() {
    let text = format!(
        "{HEADER}[[rule]]\nname = \"tax\"\ntotal = \"vat_payed\"\nover = \"last 4 quarters\"\nmore_then = \"50,000\"\n"
    );
    let rendered = parse(&text)
        .expect_err("two slips")
        .render("policies/x.toml");
    let expected = "\
error: there is no field `vat_payed`
 --> policies/x.toml:7:9
  |
7 | total = \"vat_payed\"
  |         ^^^^^^^^^^^ in `rule.tax.total`
  = help: did you mean `vat_paid`?

error: unknown key `more_then`
 --> policies/x.toml:9:1
  |
9 | more_then = \"50,000\"
  | ^^^^^^^^^ in `rule.tax.more_then`
  = help: did you mean `more_than`?
";
    assert_eq!(rendered, expected);
}

#[test]
fn json_errors_have_places_too() {
    let text = "{\n \"id\": \"p\", \"version\": 1, \"title\": \"t\", \"schema\": \"cn-tax-1\",\n \
                \"rule\": [{\"name\": \"r\", \"attribute\": \"grade\",\n  \"one_of\": [\"A\", \"E\"]}]\n}";
    let found = problems(Policy::parse(text, Format::Json, &Schema::cn_tax()));
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(
        (found[0].0, found[0].1, found[0].2.as_str()),
        (4, 19, "rule.r.one_of")
    );
    assert!(matches!(found[0].3, Problem::Value(_)));
}

#[test]
fn several_errors_come_at_once_in_the_order_of_the_text() {
    let found = problems(parse(
        "id = \"P\"\nversion = 0\ntitle = \"\"\nschema = \"us-tax\"\nshape = \"Q17\"\n\
         [[rule]]\nname = \"a\"\nattribute = \"grad\"\none_of = [\"A\"]\n\
         [[group]]\nname = \"g\"\nany_of = [\"b\"]\n[learns]\nfailed_rules = [\"c\"]\nids = true\n",
    ));
    let at: Vec<_> = found
        .iter()
        .map(|(line, _, key, _)| (*line, key.as_str()))
        .collect();
    assert_eq!(
        at,
        [
            (1, "id"),
            (2, "version"),
            (3, "title"),
            (4, "schema"),
            (5, "shape"),
            (8, "rule.a.attribute"),
            (12, "group.g.any_of"),
            (12, "group.g.any_of"),
            (14, "learns.failed_rules"),
            (15, "learns.ids"),
        ]
    );
}

#[test]
fn keys_are_strict() {
    assert_eq!(
        problem("[[rule]]\nattribute = \"grade\"\none_of = [\"A\"]\n"),
        Problem::MissingKey("name")
    );
    assert!(matches!(
        rule(&format!("{TOTAL}at_least = 1\nin_at_least = 2\n")),
        Problem::UnknownKey { key, .. } if key == "in_at_least"
    ));
    assert!(matches!(
        rule(&format!("{TOTAL}at_least = true\n")),
        Problem::WrongType {
            found: "true or false",
            ..
        }
    ));
    assert!(matches!(
        rule(&format!("{TOTAL}at_least = 1\npoints = \"5\"\n")),
        Problem::WrongType { .. }
    ));
    let twice = problems(with_rules("[[rule]]\nname = \"r\"\nname = \"r\"\n"));
    assert!(
        twice
            .iter()
            .any(|(line, _, _, p)| *line == 7 && matches!(p, Problem::Syntax(_)))
    );
    assert!(
        matches!(parse(&"#".repeat(1 << 17)).expect_err("long").iter().next(), Some(e)
        if matches!(e.problem, Problem::TooLong { .. }))
    );
}

#[test]
fn amounts_and_words_are_exact() {
    for bad in ["\"5e4\"", "\"50.000,00\"", "\"5,00\"", "1e5", "\"\""] {
        assert!(
            matches!(
                rule(&format!("{TOTAL}at_least = {bad}\n")),
                Problem::BadValue { .. }
            ),
            "{bad}"
        );
    }
    for name in ["\"fifty\"", "nan"] {
        assert!(
            matches!(
                rule(&format!("{TOTAL}at_least = {name}\n")),
                Problem::UnknownName {
                    kind: "parameter",
                    ..
                }
            ),
            "{name}"
        );
    }
    assert!(matches!(
        rule(&format!("{TOTAL}at_least = \"0.001\"\n")),
        Problem::Value(_)
    ));
    assert!(matches!(
        rule(&format!("{TOTAL}at_least = \"5 %\"\n")),
        Problem::Units(_)
    ));
    assert!(matches!(
        rule("total = \"top_customer_share\"\nover = \"last quarter\"\nat_most = 50\n"),
        Problem::Units(_)
    ));
    assert!(matches!(
        rule("total = \"vat_paid + late_filings\"\nover = \"last quarter\"\nat_most = 50\n"),
        Problem::Units(_)
    ));
    for window in [
        "last 4 months",
        "4 quarters",
        "quarters 8 to 5",
        "last 0 quarters",
    ] {
        let keys = format!("total = \"vat_paid\"\nover = \"{window}\"\nat_least = 1\n");
        assert!(matches!(rule(&keys), Problem::BadValue { .. }), "{window}");
    }
    assert!(matches!(
        rule("total = \"vat_paid\"\nover = \"last 9 years\"\nat_least = 1\n"),
        Problem::OutOfRange { .. }
    ));
    assert!(matches!(
        rule("attribute = \"registered_on\"\nat_least_ago = \"two years\"\n"),
        Problem::BadValue { .. }
    ));
    assert!(matches!(
        rule("attribute = \"registered_on\"\nat_least = \"2024-13-01\"\n"),
        Problem::Value(_)
    ));
    assert_eq!(
        rule("attribute = \"industry\"\nnone_of = [\"0\"]\n"),
        Problem::Inconsistent("0 says that the code is not known, which no rule accepts")
    );
}

#[test]
fn exact_amounts_are_accepted_however_they_are_written() {
    let digest = |keys: &str| {
        let text = format!("[[rule]]\nname = \"r\"\n{TOTAL}{keys}\n");
        let policy = with_rules(&text).unwrap_or_else(|e| panic!("{}", e.render("p")));
        policy.digest(taxproof_claims::digest::Profile::Sm)
    };
    let plain = digest("at_least = \"50,000.50\"");
    for same in [
        "at_least = 50000.50",
        "at_least = 50_000.5 # yuan",
        "at_least='50000.50'",
        "at_least = \" 50,000 + 0.50\"",
    ] {
        assert_eq!(digest(same), plain, "{same}");
    }
    assert_ne!(digest("at_least = 50000.51"), plain);
    assert_ne!(digest("more_than = \"50,000.50\""), plain);
}

#[test]
fn what_contradicts_itself_is_refused() {
    let unsatisfiable = |keys: &str| {
        let found = rule(keys);
        assert!(
            matches!(found, Problem::Unsatisfiable(_)),
            "{keys}: {found:?}"
        );
    };
    unsatisfiable(&format!("{TOTAL}at_least = 5\nat_most = 4\n"));
    unsatisfiable(&format!("{TOTAL}more_than = 5\nat_most = 5\n"));
    unsatisfiable("total = \"late_filings\"\nover = \"last quarter\"\nat_least = 1001\n");
    unsatisfiable("each_quarter = \"late_filings\"\nover = \"last year\"\nless_than = 0\n");
    unsatisfiable("attribute = \"arrears\"\nless_than = 0\n");
    unsatisfiable("attribute = \"idle_invoice_months\"\nat_least = 13\n");
    unsatisfiable("attribute = \"grade\"\nnone_of = [\"A\", \"B\", \"M\", \"C\", \"D\"]\n");
    unsatisfiable(
        "each_quarter = \"sales\"\nover = \"last year\"\nat_least = 1\nin_at_least = 3\nin_at_most = 2\n",
    );
    let inconsistent = |keys: &str| {
        let found = rule(keys);
        assert!(
            matches!(found, Problem::Inconsistent(_)),
            "{keys}: {found:?}"
        );
    };
    inconsistent(&format!("{TOTAL}at_least = 5\nmore_than = 4\n"));
    inconsistent(&format!("{TOTAL}equals = 5\nat_most = 6\n"));
    inconsistent(TOTAL);
    inconsistent("total = \"vat_paid - vat_paid\"\nover = \"last year\"\nat_least = 0\n");
    inconsistent("total = \"vat_paid + 5\"\nover = \"last year\"\nat_least = 0\n");
    inconsistent("total = \"arrears\"\nover = \"last year\"\nat_least = 0\n");
    inconsistent("attribute = \"sales\"\nat_least = 0\n");
    inconsistent("attribute = \"grade\"\nat_least = 2\n");
    inconsistent("attribute = \"grade\"\none_of = [\"A\", \"A\"]\n");
    inconsistent("attribute = \"registered_on\"\nwithin = \"1 year\"\nat_least = \"2020-01-01\"\n");
    inconsistent(&format!("attribute = \"arrears\"\n{TOTAL}at_most = 1\n"));
    inconsistent(&format!("{TOTAL}at_least = 5\nveto = false\n"));
    inconsistent(&format!("{TOTAL}at_least = 5\npoints = 5\n"));
}

#[test]
fn what_one_rule_cannot_say_is_refused_with_a_reason() {
    let this_over_last = "ratio = \"vat_paid\"\nover = \"last 4 quarters\"\nto = \"sales\"\n\
                          to_over = \"quarters 5 to 8\"\nat_least = \"1 %\"\n";
    assert_eq!(rule(this_over_last), Problem::NotRankOne);
    assert!(
        Problem::NotRankOne
            .help()
            .is_some_and(|help| help.contains("scorecard"))
    );

    let fine =
        "ratio = \"vat_paid\"\nover = \"last year\"\nto = \"sales\"\nat_least = \"1.23456 %\"\n";
    assert_eq!(rule(fine), Problem::TooFine { bits: 15 });
    let fine = "each_quarter = \"vat_paid - 1.5 % * sales\"\nover = \"last year\"\nat_least = 0\n";
    assert_eq!(rule(fine), Problem::TooFine { bits: 7 });

    let between = "each_quarter = \"vat_paid\"\nover = \"last year\"\nat_least = 1\nat_most = 5\nin_at_least = 3\n";
    assert!(matches!(rule(between), Problem::SeveralComparisons(_)));

    let scored = |keys: &str| {
        problem(&format!(
            "[[rule]]\nname = \"r\"\n{keys}points = 5\n[score]\ncut_off = 3\n"
        ))
    };
    let growth = "growth = \"sales\"\nfrom = \"quarters 5 to 8\"\nto = \"last 4 quarters\"\nat_least = \"-20 %\"\n";
    assert!(matches!(scored(growth), Problem::SeveralComparisons(_)));
    assert!(matches!(
        scored(&format!("{TOTAL}at_least = 1\nat_most = 5\n")),
        Problem::SeveralComparisons(_)
    ));

    let grouped =
        format!("[[rule]]\nname = \"r\"\n{growth}[[group]]\nname = \"g\"\nany_of = [\"r\"]\n");
    assert!(matches!(problem(&grouped), Problem::SeveralComparisons(_)));

    let twins = format!(
        "[[rule]]\nname = \"a\"\n{TOTAL}at_least = 5\n[[rule]]\nname = \"b\"\n{TOTAL}more_than = \"4.99\"\n\
         [[group]]\nname = \"g\"\nany_of = [\"a\", \"b\"]\nat_least = 2\n"
    );
    assert!(matches!(problem(&twins), Problem::Inconsistent(_)));

    let share_of_parameter = "[[parameter]]\nname = \"p\"\nunit = \"money\"\nmin = 1\nmax = 2\n\
        [[rule]]\nname = \"r\"\nratio = \"vat_paid\"\nover = \"last year\"\nto = \"sales\"\nat_least = \"p\"\n";
    assert!(matches!(problem(share_of_parameter), Problem::Units(_)));
    let of_another_unit = "[[parameter]]\nname = \"p\"\nunit = \"count\"\nmin = 1\nmax = 2\n\
        [[rule]]\nname = \"r\"\ntotal = \"sales\"\nover = \"last year\"\nat_least = \"100 * p\"\n";
    assert!(matches!(problem(of_another_unit), Problem::Units(_)));
}

#[test]
fn a_policy_too_big_for_every_shape_says_what_runs_out() {
    let many = |n: usize, keys: &dyn Fn(usize) -> String| {
        let rules: Vec<_> = (0..n)
            .map(|i| format!("[[rule]]\nname = \"r{i}\"\n{}", keys(i)))
            .collect();
        with_rules(&rules.concat())
    };
    let linear = |i: usize| format!("{TOTAL}at_least = {i}\n");
    assert_eq!(many(6, &linear).expect("fits").shape().name, "Q16");
    assert_eq!(many(7, &linear).expect("fits").shape().name, "Q32");
    let what = |result| match problems(result).remove(0).3 {
        Problem::TooBig { what, shape } => format!("{what}: {shape}"),
        other => panic!("{other:?}"),
    };
    assert_eq!(
        what(many(11, &linear)),
        "comparisons of totals, averages, growth and ratios: Q32"
    );
    let counted = |i| format!("each_quarter = \"sales\"\nover = \"last year\"\nat_least = {i}\n");
    assert_eq!(what(many(7, &counted)), "comparisons of each quarter: Q32");
    let range = |i| format!("attribute = \"arrears\"\nat_most = {i}\n");
    assert_eq!(what(many(7, &range)), "comparisons of attributes: Q32");
    let set = |i: usize| {
        format!(
            "attribute = \"industry\"\none_of = [\"{}\", \"{}\"]\n",
            i + 5,
            i + 7
        )
    };
    assert_eq!(
        what(many(3, &set)),
        "lists of codes (one of up to 32, one of up to 8): Q32"
    );
    let asked = with_rules(&format!(
        "shape = \"Q16\"\n[[rule]]\nname = \"r\"\n{}",
        TOTAL.replace('4', "20") + "at_least = 1\n"
    ));
    assert_eq!(what(asked), "quarters: Q16");
    // A history that a record of 16 quarters cannot tell from a longer one.
    let history = |bound: &str| {
        with_rules(&format!(
            "[[rule]]\nname = \"r\"\nattribute = \"periods_available\"\n{bound}\n"
        ))
    };
    assert_eq!(history("at_least = 16").expect("fits").shape().name, "Q16");
    assert_eq!(history("at_least = 17").expect("fits").shape().name, "Q32");
    assert_eq!(history("at_most = 15").expect("fits").shape().name, "Q16");
    assert_eq!(history("at_most = 16").expect("fits").shape().name, "Q32");
}

#[test]
fn rules_of_one_quarter_and_short_ranges_of_codes_take_the_room_that_is_left() {
    let totals: String = (0..6)
        .map(|i| format!("[[rule]]\nname = \"t{i}\"\n{TOTAL}at_least = {i}\n"))
        .collect();
    let quarters: String = (0..3)
        .map(|i| format!("[[rule]]\nname = \"q{i}\"\ntotal = \"sales\"\nover = \"quarter {}\"\nat_least = 1\n", i + 1))
        .collect();
    assert_eq!(
        with_rules(&format!("{totals}{quarters}"))
            .expect("fits")
            .shape()
            .name,
        "Q16"
    );
    let sets = "[[rule]]\nname = \"a\"\nattribute = \"industry\"\nnone_of = [\"1\", \"5\"]\n\
                [[rule]]\nname = \"b\"\nattribute = \"grade\"\none_of = [\"A\", \"M\"]\n\
                [[rule]]\nname = \"c\"\nattribute = \"grade\"\none_of = [\"A\", \"B\"]\n\
                [[rule]]\nname = \"d\"\nattribute = \"status\"\nnone_of = [\"dishonest\"]\n";
    assert_eq!(with_rules(sets).expect("fits").shape().name, "Q16");
    let long: Vec<String> = (1..=33).map(|i| format!("\"{}\"", 2 * i)).collect();
    let long = format!(
        "attribute = \"industry\"\nnone_of = [{}]\n",
        long.join(", ")
    );
    assert!(matches!(rule(&long), Problem::TooBig { .. }));
}

#[test]
fn scores_that_decide_nothing_are_refused() {
    let points = format!("[[rule]]\nname = \"r\"\n{TOTAL}at_least = 1\npoints = 5\n");
    for score in [
        "",
        "[score]\nbase = 5\n",
        "[score]\nbands = [3]\n",
        "[score]\ncut_off = 3\n[learns]\nband = true\n",
        "[score]\ncut_off = 3\nbands = [5, 3]\n[learns]\nband = true\n",
        "[score]\ncut_off = 3\nbands = [1, 2, 3, 4]\n[learns]\nband = true\n",
    ] {
        let found = problem(&format!("{points}{score}"));
        assert!(
            matches!(found, Problem::Inconsistent(_)),
            "{score}: {found:?}"
        );
    }
    assert!(matches!(
        problem(&format!("{points}[score]\ncut_off = 6\n")),
        Problem::Unsatisfiable(_)
    ));
    assert!(with_rules(&format!("{points}[score]\ncut_off = 5\n")).is_ok());
    let unscored = format!("[[rule]]\nname = \"r\"\n{TOTAL}at_least = 1\n[score]\ncut_off = 0\n");
    assert!(matches!(problem(&unscored), Problem::Inconsistent(_)));
}

#[test]
fn only_the_canonical_text_of_a_policy_is_decoded() {
    let schema = Schema::cn_tax();
    let policy =
        with_rules(&format!("[[rule]]\nname = \"r\"\n{TOTAL}at_least = 1\n")).expect("a policy");
    let canonical = policy.canonical();
    assert_eq!(
        Policy::decode(canonical.as_bytes(), &schema).as_ref(),
        Ok(&policy)
    );
    let refuse = |text: String| {
        assert_ne!(text, canonical);
        let errors = Policy::decode(text.as_bytes(), &schema).expect_err("not canonical");
        errors.iter().next().map(|e| e.problem.clone())
    };
    let not_canonical = Some(Problem::NotCanonical);
    assert_eq!(refuse(format!("{canonical} ")), not_canonical);
    assert_eq!(
        refuse(canonical.replace("\"at_least\":\"1\"", "\"at_least\":\"1.00\"")),
        not_canonical
    );
    assert_eq!(
        refuse(canonical.replace(",\"young_firms\":\"fail\"", "")),
        not_canonical
    );
    assert_eq!(
        refuse(canonical.replace("1 * vat_paid", "vat_paid")),
        not_canonical
    );
    assert!(
        refuse(canonical.replace("vat_paid", "vat"))
            .is_some_and(|p| matches!(p, Problem::UnknownName { .. }))
    );
    for cut in 0..canonical.len() {
        assert!(Policy::decode(&canonical.as_bytes()[..cut], &schema).is_err());
    }
    assert!(Policy::decode(b"\xff\xfe", &schema).is_err());
}

#[test]
fn the_digest_notices_the_schema_and_every_change() {
    use taxproof_claims::digest::Profile;
    let text = format!("{HEADER}[[rule]]\nname = \"r\"\n{TOTAL}at_least = 1\n");
    let digest = |text: &str, schema: &Schema| {
        Policy::parse(text, Format::Toml, schema)
            .expect("a policy")
            .digest(Profile::International)
    };
    let schema = Schema::cn_tax();
    let base = digest(&text, &schema);
    assert_eq!(digest(&format!("# a comment\n{text}"), &schema), base);
    let mut other = schema.clone();
    other.fields[0].label.push('!');
    assert_ne!(digest(&text, &other), base);
    for (from, to) in [
        ("\"p\"", "\"q\""),
        ("version = 1", "version = 2"),
        ("\"t\"", "\"u\""),
        ("\"r\"", "\"s\""),
        ("last 4", "last 5"),
        ("at_least = 1", "at_least = 2"),
        ("at_least", "more_than"),
        ("[[rule]]", "[learns]\nid = true\n[[rule]]"),
        ("[[rule]]", "shape = \"Q32\"\n[[rule]]"),
        ("at_least = 1", "at_least = 1\nyoung_firms = \"count_zero\""),
    ] {
        assert_ne!(digest(&text.replace(from, to), &schema), base, "{from}");
    }
}
