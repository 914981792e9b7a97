//! Temporary probe.
#![allow(missing_docs, clippy::unwrap_used)]
use taxproof_claims::amount::Value;
use taxproof_claims::date::Date;
use taxproof_claims::policy::{Format, Parameters, Policy};
use taxproof_claims::record::Values;
use taxproof_claims::schema::{CN_TAX, Schema};
use taxproof_claims::statement::evaluate;

fn run(name: &str, text: &str, schema: &Schema, attributes: &[i64], rows: &[Vec<i64>]) {
    let policy = match Policy::parse(text, Format::Toml, schema) {
        Ok(p) => p,
        Err(e) => { println!("{name}: refused {e}"); return; }
    };
    let v = |n: &i64| Value::try_from(*n).unwrap();
    let attributes: Vec<_> = attributes.iter().map(v).collect();
    let rows: Vec<Vec<_>> = rows.iter().map(|r| r.iter().map(v).collect()).collect();
    let values = Values::new(policy.shape().layout(), &attributes, &rows).unwrap();
    println!("{name}: values check {:?}", values.check(schema));
    let as_of = Date::new(2026, 10, 20).unwrap();
    let p = Parameters::default();
    let said = policy.evaluate(&values, as_of, &p).unwrap();
    let compiled = policy.compile(as_of, &p).unwrap();
    let counted = evaluate(&compiled.numbers, &values);
    println!("{name}: policy says passed={} numbers say passed={}", said.passed, counted.passed);
    for (r, c) in said.rules.iter().zip(&compiled.rules) {
        let holds = c.atoms.iter().all(|&a| counted.atoms[a]);
        if holds != r.holds { println!("   {} policy {} numbers {} atoms {:?}", r.name, r.holds, holds, c.atoms); }
    }
}

fn head() -> String { "id = \"x\"\nversion = 1\ntitle = \"x\"\nschema = \"cn-tax-1\"\nshape = \"Q16\"\n".into() }

#[test]
fn probe() {
    let schema = Schema::cn_tax();
    // E1
    let mut t = head();
    for i in 0..6 {
        t += &format!("[[rule]]\nname = \"l{i}\"\ntotal = \"vat_paid\"\nover = \"last {} quarters\"\nat_least = \"-1000\"\n", i + 2);
    }
    t += "[[rule]]\nname = \"g\"\ngrowth = \"sales\"\nfrom = \"last 4 quarters\"\nto = \"last 4 quarters\"\nat_most = \"0 %\"\nbase_not_positive = \"as_multiplied\"\n";
    let rows: Vec<Vec<i64>> = (0..8).map(|_| vec![100, 0, 0, 500]).collect();
    run("growth-same-window at_most 0, spilled", &t, &schema, &[8], &rows);
    let t2 = t.replace("at_most = \"0 %\"", "at_least = \"0 %\"");
    let rows2: Vec<Vec<i64>> = (0..8).map(|i| vec![100, 0, 0, if i == 0 { -500 } else { 900 }]).collect();
    run("growth-same-window at_least 0, spilled", &t2, &schema, &[8], &rows2);
    // the other direction: a penalty avoided
    let t3 = t.replace("at_most = \"0 %\"", "at_most = \"0 %\"\npoints = -50") + "[score]\nbase = 40\ncut_off = 0\n";
    run("growth penalty avoided", &t3, &schema, &[8], &rows);

    // E2 negative codes
    let neg = CN_TAX.replacen("min = 0\nmax = 9999\nmissing = 0", "min = -5\nmax = 9999\nmissing = 0", 1);
    match Schema::from_toml(&neg) {
        Ok(s) => {
            let mut t = head();
            let codes: Vec<String> = (1..=40).map(|c| format!("\"{c}\"")).collect();
            t += &format!("[[rule]]\nname = \"i\"\nattribute = \"industry\"\nnone_of = [{}]\n", codes.join(","));
            run("negative code", &t, &s, &[0, 0, 0, 0, -3], &[]);
        }
        Err(e) => println!("negative code schema refused {e}"),
    }
    // E3 misspelt missing
    let bad = CN_TAX.replacen("missing = -1", "mising = -1", 1);
    println!("misspelt missing: {:?}", Schema::from_toml(&bad).map(|s| s.attributes[7].missing));
    let bad = CN_TAX.replacen("label = \"arrears", "xx = 5\nlabel = \"arrears", 1);
    println!("unknown key: {:?}", Schema::from_toml(&bad).is_ok());
    let bad = CN_TAX.replacen("{ name = \"B\", code = 2 }", "{ name = \"A\", code = 2 }", 1);
    println!("two codes of one name: {:?}", Schema::from_toml(&bad).is_ok());
    let bad = CN_TAX.replacen("{ name = \"B\", code = 2 }", "{ name = \"B\", code = 1 }", 1);
    println!("two names of one code: {:?}", Schema::from_toml(&bad).is_ok());
    let bad = CN_TAX.replacen("currency_digits = 2", "currency_digits = 4000000000", 1);
    println!("currency digits 4e9: {:?}", Schema::from_toml(&bad).is_ok());
    let bad = CN_TAX.replacen("of = \"quarters\"\nmin = 0\nmax = 32", "of = \"quarters\"\nmin = 0\nmax = 32\nmissing = 32", 1);
    println!("periods_available missing: {:?}", Schema::from_toml(&bad).is_ok());
    // decimals
    for text in [",000", ",123", "_1", "1_", "1__0", "0000,123", "-,123", "1,0_0", "00", "+5", "1_,000"] {
        println!("{text:?} -> {:?}", text.parse::<taxproof_claims::amount::Decimal>());
    }
    for text in ["+2026-09-30", "-000001-01-01", "002026-09-30", "2026-09-30"] {
        println!("{text:?} -> {:?}", text.parse::<Date>());
    }
    println!("header time {:?}", Date::of_unix_seconds(u64::MAX));
    println!("code +5 {:?}", { let (_, q) = schema.attribute("industry").unwrap(); schema.parse_value(q, "+5").map(|v| v.get()) });
}

#[test]
#[ignore]
fn huge_digits() {
    let bad = CN_TAX.replacen("currency_digits = 2", "currency_digits = 60", 1);
    let s = Schema::from_toml(&bad).unwrap();
    let t = head() + "[[rule]]\nname = \"l\"\ntotal = \"vat_paid\"\nover = \"last 2 quarters\"\nat_least = \"0\"\n";
    run("digits", &t, &s, &[8], &vec![vec![1]; 8]);
}
