//! Names of wires.

use std::collections::{BTreeMap, BTreeSet};

use ark_bn254::Fr;
use rand::SeedableRng;
use rand::rngs::StdRng;
use taxproof_claims::amount::to_field;
use taxproof_claims::shape::{Q16, Q16S, SHAPES, TREE_DEPTH};
use taxproof_samples::Scenario;

use crate::{StatementCircuit, Symbols, assign, matrices};

#[test]
fn every_wire_has_a_name_of_its_own() {
    for shape in SHAPES {
        let matrices = matrices::<Fr>(shape);
        let symbols = Symbols::new(shape, &matrices);
        assert_eq!(
            symbols.names.len() + 1,
            matrices.instance + matrices.witness,
            "{shape}"
        );
        let distinct: BTreeSet<_> = symbols.names.iter().collect();
        assert_eq!(distinct.len(), symbols.names.len());
        assert!(symbols.names.iter().all(|name| !name.contains("unused")));
        assert!(symbols.names.iter().all(|name| !name.contains(',')));
    }
}

/// The named wires hold what their names say.
#[test]
fn names_are_those_of_the_values() {
    let rng = &mut StdRng::seed_from_u64(21);
    for shape in [Q16, Q16S] {
        let scenario = Scenario::<Fr>::random(rng, shape);
        let (public, witness) = (scenario.public.clone(), scenario.witness.clone());
        let circuit = StatementCircuit::new(public.clone(), witness.clone()).unwrap();
        let z = assign(&circuit).unwrap().full();
        let symbols = Symbols::new(shape, &matrices::<Fr>(shape));
        let named: BTreeMap<&str, Fr> = symbols
            .names
            .iter()
            .zip(&z[1..])
            .map(|(name, &value)| (name.strip_prefix("main.").unwrap(), value))
            .collect();
        let numbers = &public.numbers;
        let last = shape.periods - 1;
        let mut expected: Vec<(String, Fr)> = vec![
            ("schema".into(), public.fixed.schema),
            ("consent".into(), public.fixed.consent),
            (
                format!("linear[1].time[{last}]"),
                to_field(numbers.linear[1].time[last].into()),
            ),
            (
                "linear[0].threshold".into(),
                to_field(numbers.linear[0].threshold),
            ),
            (
                "counted[1].at_least".into(),
                to_field(numbers.counted[1].at_least.into()),
            ),
            (
                "range[0].high".into(),
                to_field(numbers.range[0].high.into()),
            ),
            (
                "set[1].codes[2]".into(),
                to_field(numbers.sets[1].codes[2].into()),
            ),
            ("points[3]".into(), to_field(numbers.points[3].into())),
            ("cut_off".into(), to_field(numbers.cut_off.into())),
            (
                "group[1].at_least".into(),
                to_field(numbers.groups[1].at_least.into()),
            ),
            ("bands[0]".into(), to_field(numbers.bands[0].into())),
            ("disclose_id".into(), u64::from(numbers.disclose_id).into()),
            (
                format!("values[{last}][1]"),
                to_field(witness.values.rows()[last][1].into()),
            ),
            (
                "attributes[2]".into(),
                to_field(witness.values.attributes()[2].into()),
            ),
            ("id".into(), witness.id),
            ("sk".into(), witness.sk),
            ("nk".into(), witness.nk),
            ("salt".into(), witness.salt),
            ("path[3][7]".into(), witness.path[3][7]),
        ];
        if let Some(card) = &numbers.card {
            let bins = &card.ratios[1].bins;
            expected.push(("card.ratio[1].base".into(), to_field(bins.base.into())));
            let missing = card.attributes.last().unwrap().bins.missing;
            let variable = card.attributes.len() - 1;
            expected.push((
                format!("card.attribute[{variable}].missing"),
                to_field(missing.into()),
            ));
        }
        for (name, value) in expected {
            assert_eq!(named[name.as_str()], value, "{shape} {name}");
        }
        let private = &symbols.names[z.len() - 1 - assign(&circuit).unwrap().witness.len()..];
        assert_eq!(private[0], "main.attributes[0]");
        let last = &private[symbols.private_inputs - 1];
        assert_eq!(*last, format!("main.path[{}][7]", TREE_DEPTH - 1));
    }
}
