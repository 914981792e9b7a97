//! Every policy in the repository compiles, and says what it always said.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use taxproof_claims::date::Date;
use taxproof_claims::digest::Profile;
use taxproof_claims::policy::{Format, Parameters, Policy};
use taxproof_claims::schema::Schema;
use taxproof_claims::shape::{Q16, Q16S};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn policies() -> BTreeMap<String, Policy> {
    let schema = Schema::cn_tax();
    let entries = fs::read_dir(root().join("policies")).expect("the folder of policies");
    let mut policies = BTreeMap::new();
    for entry in entries {
        let path = entry.expect("an entry").path();
        let text = fs::read_to_string(&path).expect("a text");
        let name = path
            .file_stem()
            .expect("a name")
            .to_string_lossy()
            .into_owned();
        match Policy::parse(&text, Format::Toml, &schema) {
            Ok(policy) => policies.insert(name, policy),
            Err(errors) => panic!("\n{}", errors.render(&path.display().to_string())),
        };
    }
    policies
}

fn smallest(policy: &Policy) -> Parameters {
    let values = policy.parameters().iter().map(|p| p.min).collect();
    Parameters::new(policy.parameters(), values).expect("the least values are within bounds")
}

#[test]
fn every_policy_compiles_and_travels() {
    let as_of: Date = "2026-10-20".parse().expect("a day");
    let policies = policies();
    assert!(policies.len() >= 15, "only {} policies", policies.len());
    for (name, policy) in &policies {
        assert_eq!(policy.id(), name);
        let compiled = policy.compile(as_of, &smallest(policy)).expect("compiles");
        assert_eq!(compiled.numbers.check(), Ok(()), "{name}");
        let expected = if name == "scorecard" { Q16S } else { Q16 };
        assert_eq!(policy.shape(), expected, "{name}");

        let received = Policy::decode(&policy.encode(), policy.schema()).expect("decodes");
        assert_eq!(received, *policy, "{name}");
        for profile in Profile::ALL {
            assert_eq!(received.digest(profile), policy.digest(profile), "{name}");
        }
        let again = received
            .compile(as_of, &smallest(policy))
            .expect("compiles");
        assert_eq!(again, compiled, "{name}");
    }
}

/// Rewrites the golden files where `TAXPROOF_BLESS` is set, so that a change can be reviewed.
#[test]
fn explanations_are_as_reviewed() {
    let policies = policies();
    let with_parameters = |name: &str, given: &[(&str, &str)]| {
        let policy = &policies[name];
        let parameters = policy.parse_parameters(given).expect("parameters");
        policy.explain(Some(&parameters)).to_string()
    };
    let explanations = [
        (
            "boc-enterprise-e-loan",
            policies["boc-enterprise-e-loan"].explain(None).to_string(),
        ),
        (
            "ccb-limit",
            with_parameters("ccb-limit", &[("requested_amount", "800,000")]),
        ),
        (
            "late-filings",
            policies["late-filings"].explain(None).to_string(),
        ),
        ("scorecard", policies["scorecard"].explain(None).to_string()),
    ];
    for (name, explanation) in explanations {
        let golden = root()
            .join("claims/tests/golden")
            .join(format!("{name}.explain.txt"));
        if std::env::var_os("TAXPROOF_BLESS").is_some() {
            fs::write(&golden, &explanation).expect("writes");
        }
        let reviewed = fs::read_to_string(&golden).expect("a golden file");
        assert_eq!(
            explanation, reviewed,
            "{name}: run with TAXPROOF_BLESS=1 and review"
        );
    }
}

#[test]
fn the_examples_of_the_documentation_are_policies() {
    let text = fs::read_to_string(root().join("docs/policy.md")).expect("the documentation");
    let header = "id = \"p\"\nversion = 1\ntitle = \"t\"\nschema = \"cn-tax-1\"\n";
    let examples: Vec<&str> = text
        .split("```toml\n")
        .skip(1)
        .map(|rest| rest.split("```").next().unwrap_or_default())
        .collect();
    assert_eq!(examples.len(), 3);
    let brazil_schema = root().join("schemas/br-listed.toml");
    let brazil_schema = fs::read_to_string(brazil_schema).expect("a schema file");
    for example in examples {
        let whole = match example.contains("version = ") {
            true => example.to_owned(),
            false => format!("{header}{example}"),
        };
        let brazil = whole.contains("br-listed-1");
        let schema = match brazil {
            true => Schema::from_toml(&brazil_schema).expect("a schema"),
            false => Schema::cn_tax(),
        };
        let policy = Policy::parse(&whole, Format::Toml, &schema)
            .unwrap_or_else(|errors| panic!("{}", errors.render("docs/policy.md")));
        let said = policy.explain(None).to_string();
        assert_eq!(said.contains("CNY"), !brazil, "{said}");
    }
}
