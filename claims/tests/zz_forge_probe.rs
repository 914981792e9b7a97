//! Temporary probe.
#![allow(missing_docs, clippy::unwrap_used)]
use taxproof_claims::amount::Value;
use taxproof_claims::date::Date;
use taxproof_claims::policy::{Format, Parameters, Policy};
use taxproof_claims::record::Values;
use taxproof_claims::schema::{CN_TAX, Schema};
use taxproof_claims::statement::evaluate;

struct R(u64);
impl R {
    fn n(&mut self, k: u64) -> u64 { self.0 ^= self.0 << 13; self.0 ^= self.0 >> 7; self.0 ^= self.0 << 17; (self.0 >> 11) % k }
    fn of<'a>(&mut self, xs: &[&'a str]) -> &'a str { xs[self.n(xs.len() as u64) as usize] }
    fn chance(&mut self, p: u64) -> bool { self.n(100) < p }
}
fn window(r: &mut R) -> String {
    r.of(&["last quarter", "last 2 quarters", "last 3 quarters", "last 4 quarters", "quarter 2", "quarter 3", "quarters 2 to 3", "quarters 3 to 4", "quarters 5 to 8", "last 8 quarters", "quarters 16 to 16", "last 16 quarters"]).to_owned()
}
const MAXV: i64 = (1 << 48) - 1;
fn sum(r: &mut R) -> String {
    r.of(&["vat_paid", "sales", "vat_paid + sales", "vat_paid - sales", "2 * sales", "-1 * sales", "-2 * vat_paid + 2 * sales", "0.5 * sales", "0.3 * sales - 0.2 * vat_paid", "3 * sales + 7 * vat_paid", "vat_paid + income_tax_paid + other_tax_paid", "127 * sales", "128 * sales", "32767 * sales"]).to_owned()
}
fn money(r: &mut R) -> String {
    match r.n(6) { 0 => "0".into(), 1 => format!("{}", r.n(4)), 2 => format!("-{}", r.n(4)), 3 => format!("0.0{}", r.n(6)), 4 => format!("-0.0{}", r.n(6)), _ => r.of(&["0.5 * amt", "amt", "-1 * amt + 1", "0.333 * amt", "2 * amt - amt2", "1 + amt2", "-0.01 * amt", "28147497671.06", "2814749767106.55", "-2814749767106.55"]).to_owned() }
}
fn bounds(r: &mut R, v: &mut dyn FnMut(&mut R) -> String) -> String {
    let lo = ["at_least", "more_than"]; let hi = ["at_most", "less_than"];
    match r.n(5) {
        0 => format!("equals = \"{}\"\n", v(r)),
        1 => { let (a, b) = (v(r), v(r)); let num = |x: &str| x.trim_end_matches([' ', '%']).parse::<f64>().ok(); let (a, b) = match (num(&a), num(&b)) { (Some(x), Some(y)) if x > y => (b, a), _ => (a, b) }; format!("{} = \"{}\"\n{} = \"{}\"\n", r.of(&lo), a, r.of(&hi), b) }
        2 | 3 => { let a = v(r); format!("{} = \"{}\"\n", r.of(&lo), a) }
        _ => { let a = v(r); format!("{} = \"{}\"\n", r.of(&hi), a) }
    }
}
fn rule(r: &mut R, i: usize) -> String {
    let mut t = format!("[[rule]]\nname = \"r{i}\"\n");
    let mut rows = true;
    match r.n(10) {
        0 | 1 => {
            t += &format!("each_quarter = \"{}\"\nover = \"{}\"\n", sum(r), window(r));
            t += &bounds(r, &mut money);
            if r.chance(40) { t += &format!("in_at_least = {}\n", 1 + r.n(4)); }
            if r.chance(30) { t += &format!("in_at_most = {}\n", r.n(4)); }
        }
        2 | 3 => { t += &format!("total = \"{}\"\nover = \"{}\"\n", sum(r), window(r)); t += &bounds(r, &mut money); }
        4 => { t += &format!("average = \"{}\"\nover = \"{}\"\nper = \"{}\"\n", sum(r), window(r), r.of(&["quarter", "year"])); t += &bounds(r, &mut money); }
        5 | 6 => {
            let ws = loop { let w = (window(r), window(r)); if w.0 != w.1 && !(w.0.contains("16 to 16") && w.1.contains("16 to 16")) { break w } };
            t += &format!("growth = \"{}\"\nfrom = \"{}\"\nto = \"{}\"\n", sum(r), ws.0, ws.1);
            t += &bounds(r, &mut |r| r.of(&["0 %", "-100 %", "100 %", "-200 %", "10 %", "-50 %", "33.3 %"]).to_owned());
            if r.chance(40) { t += "base_not_positive = \"as_multiplied\"\n"; }
        }
        7 => {
            let s = sum(r); let b = if r.chance(50) { s.clone() } else { sum(r) };
            t += &format!("ratio = \"{s}\"\nto = \"{b}\"\nover = \"{}\"\n", window(r));
            if r.chance(60) { t += &format!("to_over = \"{}\"\n", window(r)); }
            t += &bounds(r, &mut |r| r.of(&["0", "1", "0.5", "-1", "2", "50 %", "-0.25"]).to_owned());
            if r.chance(40) { t += "base_not_positive = \"as_multiplied\"\n"; }
        }
        8 => {
            rows = false;
            match r.n(6) {
                0 => { t += "attribute = \"last_payment_on\"\n"; t += r.of(&["within = \"3 months\"\n", "at_least_ago = \"1 year\"\n", "within = \"2 years\"\nat_least_ago = \"1 month\"\n", "at_least = \"1970-01-01\"\n", "at_most = \"1970-01-02\"\n", "within = \"60 years\"\n", "at_least_ago = \"0 days\"\n", "at_most = \"2243-10-17\"\n", "more_than = \"2026-07-20\"\n", "within = \"90 days\"\nat_most = \"2026-09-01\"\n"]); }
                1 => { t += "attribute = \"arrears\"\n"; t += &bounds(r, &mut money); }
                2 => { t += "attribute = \"periods_available\"\n"; t += &bounds(r, &mut |r| format!("{}", r.n(17))); }
                3 => { t += "attribute = \"missing_filings\"\n"; t += &bounds(r, &mut |r| r.of(&["0", "1", "2", "-1", "cnt", "2 * cnt", "0.5 * cnt", "1000"]).to_owned()); }
                4 => { t += "attribute = \"registered_on\"\n"; t += r.of(&["at_least_ago = \"2 years\"\n", "within = \"5 years\"\n", "at_least = \"1696-03-17\"\n"]); }
                _ => { t += "parameter = \"amt\"\n"; t += &bounds(r, &mut money); }
            }
        }
        _ => {
            rows = false;
            let (a, m) = if r.chance(50) { ("industry", 9999) } else { ("grade", 5) };
            let list: Vec<String> = if a == "grade" {
                let all = ["A", "B", "M", "C", "D"]; let lo = r.n(5); let hi = lo + r.n(5 - lo);
                (lo..=hi).map(|i| format!("\"{}\"", all[i as usize])).collect()
            } else {
                let lo = [1, 2, 9960, 50][r.n(4) as usize]; let len = [1, 5, 9, 33, 40][r.n(5) as usize];
                (lo..(lo + len).min(m + 1)).filter(|_| true).map(|i| format!("\"{i}\"")).collect()
            };
            t += &format!("attribute = \"{a}\"\n{} = [{}]\n", r.of(&["one_of", "none_of"]), list.join(","));
        }
    }
    if rows && r.chance(50) { t += "young_firms = \"count_zero\"\n"; }
    if r.chance(25) { t += &format!("points = {}\n", r.of(&["5", "-5", "32767", "-32767", "1"])); if r.chance(30) { t += "veto = true\n"; } }
    t
}
fn variable(r: &mut R, i: usize) -> String {
    let mut t = format!("[[variable]]\nname = \"v{i}\"\n");
    let ends: Vec<&str>;
    let mut young = true;
    match r.n(8) {
        0 => { t += &format!("total = \"{}\"\nover = \"{}\"\n", sum(r), window(r)); ends = vec!["-1", "-0.01", "0", "0.01", "0.02", "1", "28147497671.06"]; }
        1 => { t += &format!("average = \"{}\"\nover = \"{}\"\nper = \"{}\"\n", sum(r), window(r), r.of(&["quarter", "year"])); ends = vec!["-1", "-0.01", "0", "0.01", "1"]; }
        2 | 3 => { t += &format!("growth = \"{}\"\nfrom = \"{}\"\nto = \"{}\"\n", sum(r), window(r), window(r)); ends = vec!["-200 %", "-100 %", "-50 %", "0 %", "33.3 %", "100 %"]; }
        4 | 5 => { t += &format!("ratio = \"{}\"\nto = \"{}\"\nover = \"{}\"\nto_over = \"{}\"\n", sum(r), sum(r), window(r), window(r)); ends = vec!["-2", "-0.5", "0", "0.125", "1", "2"]; }
        6 => { young = false; match r.n(3) {
            0 => { t += "attribute = \"arrears\"\nmissing = 7\n"; ends = vec!["-1", "0", "0.01", "0.02", "1"]; }
            1 => { t += "attribute = \"last_payment_on\"\nmissing = 7\n"; ends = vec!["0 months", "1 month", "2 months", "1 year", "10 years", "57 years"]; }
            _ => { t += "attribute = \"periods_available\"\n"; ends = vec!["0", "1", "2", "5", "15", "16"]; } } }
        _ => { young = false; t += "attribute = \"industry\"\nmissing = -9\nbins = [ { one_of = [\"1\", \"3\", \"82\"], points = 4 }, { one_of = [\"2\", \"9999\"], points = 6 }, { points = -3 } ]\n"; return t; }
    }
    if young { t += "missing = -8\n"; if r.chance(50) { t += "young_firms = \"count_zero\"\n"; } }
    let mut bins: Vec<String> = ends.iter().filter(|_| r.chance(60)).map(|e| e.to_string()).collect();
    if bins.is_empty() { bins.push(ends[0].to_string()); }
    let mut b: Vec<String> = bins.iter().map(|e| format!("{{ below = \"{e}\", points = {} }}", r.n(9) as i64 - 4)).collect();
    b.push("{ points = 5 }".into());
    t += &format!("bins = [ {} ]\n", b.join(", "));
    t
}
fn policy(r: &mut R) -> String {
    let n = 1 + r.n(14) as usize;
    let mut t = String::from("id = \"x\"\nversion = 1\ntitle = \"x\"\nschema = \"cn-tax-1\"\n");
    if r.chance(30) { t += "shape = \"Q16S\"\n" } else if r.chance(50) { t += "shape = \"Q16\"\n" }
    t += "[[parameter]]\nname=\"amt\"\nunit=\"money\"\nmin=\"-3\"\nmax=\"3\"\n[[parameter]]\nname=\"amt2\"\nunit=\"money\"\nmin=\"-2814749767106.55\"\nmax=\"2814749767106.55\"\n[[parameter]]\nname=\"cnt\"\nunit=\"count\"\nmin=\"0\"\nmax=\"3\"\n";
    let rules: Vec<String> = (0..n).map(|i| rule(r, i)).collect();
    let vars: Vec<String> = if t.contains("Q16S") { (0..1 + r.n(8) as usize).map(|i| variable(r, i)).collect() } else { vec![] };
    let points = !vars.is_empty() || rules.iter().any(|x| x.contains("\npoints"));
    for x in &rules { t += x; }
    for x in &vars { t += x; }
    if r.chance(40) && n >= 2 {
        let k = 2 + r.n(n as u64 - 1) as usize;
        let names: Vec<String> = (0..k.min(n)).map(|i| format!("\"r{i}\"")).collect();
        t += &format!("[[group]]\nname=\"g\"\nany_of=[{}]\nat_least={}\n", names.join(","), 1 + r.n(k.min(n) as u64));
    }
    if points {
        let band = r.chance(50);
        t += "[score]\n";
        if r.chance(50) { t += "base = 3\n"; }
        t += &format!("cut_off = {}\n", r.of(&["0", "5", "-5", "10", "-32767"]));
        if band { t += "bands = [-5, 0, 10]\n[learns]\nband = true\nfailed_rules = \"all\"\n"; } else { t += "[learns]\nfailed_rules = \"all\"\n"; }
    }
    t
}
fn val(r: &mut R) -> i64 { match r.n(8) { 0 | 1 => 0, 2 => MAXV, 3 => -MAXV, 4 => r.n(600) as i64 - 300, 5 => (r.n(7) as i64 - 3) * 100, _ => r.n(11) as i64 - 5 } }

#[test]
fn fuzz() {
    let schema = Schema::cn_tax();
    let seed: u64 = std::env::var("SEED").ok().and_then(|s| s.parse().ok()).unwrap_or(88172645463325252);
    let mut r = R(seed);
    let cases: usize = std::env::var("CASES").ok().and_then(|s| s.parse().ok()).unwrap_or(60000);
    let (mut accepted, mut bad, mut passed) = (0, 0, 0);
    let mut errs = std::collections::BTreeMap::new();
    for _ in 0..cases {
        let text = policy(&mut r);
        let policy = match Policy::parse(&text, Format::Toml, &schema) { Ok(p) => p, Err(e) => {
            let k: String = e.to_string().lines().next().unwrap_or("").chars().rev().take(60).collect::<String>().chars().rev().collect();
            *errs.entry(k).or_insert(0) += 1; continue } };
        accepted += 1;
        for _ in 0..6 {
            let layout = policy.shape().layout();
            let q = layout.periods as u64;
            let av = if r.chance(50) { q } else { r.n(q + 1) };
            let mut rows: Vec<Vec<Value>> = Vec::new();
            let same = r.chance(30); let mono = val(&mut r);
            for _ in 0..av { rows.push((0..8).map(|f| { let v = if same { mono } else { val(&mut r) }; Value::try_from(match f { 5 | 6 | 7 => v.rem_euclid(300), _ => v }).unwrap() }).collect()); }
            let at = [av as i64, 20000, [-100000, 20000, 100000, 0][r.n(4) as usize], r.n(6) as i64, [0, 1, 2, 5, 50, 90, 9999, 9960, 82][r.n(9) as usize], 1, val(&mut r).abs(), [-1, 0, 1, 20700, 20746, 20747, 20381, 20382, 100000, 20654, 20655][r.n(11) as usize], 0, r.n(4) as i64, 0, 0];
            let at: Vec<Value> = at.iter().map(|&a| Value::try_from(a).unwrap()).collect();
            let values = Values::new(layout, &at, &rows).unwrap();
            values.check(&schema).unwrap();
            let pv: Vec<i64> = policy.parameters().iter().map(|p| match r.n(4) { 0 => p.min, 1 => p.max, _ => if p.name == "cnt" { r.n(4) as i64 } else { r.n(601) as i64 - 300 } }).collect();
            let p = Parameters::new(policy.parameters(), pv.clone()).unwrap();
            let as_of = Date::new(2026, 10, [20, 31][r.n(2) as usize]).unwrap();
            let said = policy.evaluate(&values, as_of, &p).unwrap();
            let c = policy.compile(as_of, &p).unwrap();
            let counted = evaluate(&c.numbers, &values);
            passed += usize::from(said.passed);
            let mut why = String::new();
            if said.passed != counted.passed { why += "VERDICT "; }
            let mut implied = false;
            for (x, k) in said.rules.iter().zip(&c.rules) {
                let holds = k.atoms.iter().all(|&a| counted.atoms[a]);
                if holds != x.holds { if k.base_is_implied && holds && !said.passed { implied = true; } else { why += &format!("{} policy {} numbers {}; ", x.name, x.holds, holds); } }
            }
            if let (Some(sc), false) = (said.score, implied) { let base = if text.contains("base = 3") { 3 } else { 0 }; if sc != counted.score + base { why += &format!("SCORE {sc} {} {:?} ", counted.score, said.variables.iter().map(|v| (v.name.clone(), v.points)).collect::<Vec<_>>()); } }
            if !implied && said.band != counted.band { why += "BAND "; }
            let zero = c.numbers.linear.iter().any(|l| l.time.iter().all(|&t| t == 0) && l.weight.iter().any(|&w| w != 0));
            let _ = zero;
            if !why.is_empty() {
                bad += 1;
                if bad <= 8 { println!("---- {why}\n{text}\npv {pv:?} attrs {:?} rows {:?}", values.attributes(), values.rows().iter().take(8).map(|r| r[..4].to_vec()).collect::<Vec<_>>()); }
            }
        }
    }
    println!("accepted {accepted} of {cases}, passed {passed}, bad {bad}");
    let mut e: Vec<_> = errs.into_iter().collect(); e.sort_by_key(|x| std::cmp::Reverse(x.1));
    for (k, n) in e.iter().take(12) { println!("{n} {k}"); }
    let _ = CN_TAX;
}
