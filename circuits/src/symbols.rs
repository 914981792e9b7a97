//! Names of a circuit's wires, for tools that show them.

use ark_ff::PrimeField;
use taxproof_claims::shape::{
    BAND_THRESHOLDS, BIN_THRESHOLDS, CardShape, GROUPS, SET_SIZES, Shape, TREE_ARITY, TREE_DEPTH,
};

use crate::matrices::Matrices;

/// The names of a shape's wires.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Symbols {
    /// Of every column but the one, in order: public and private inputs by their role, other wires
    /// by the clause that first uses them and their column.
    pub names: Vec<String>,
    /// How many of the witness's columns are private inputs; they come first.
    pub private_inputs: usize,
}

impl Symbols {
    /// Names the columns of a shape's matrices.
    pub fn new<F: PrimeField>(shape: Shape, matrices: &Matrices<F>) -> Self {
        let mut names = Names::default();
        names.all(&FIXED);
        names.numbers(shape);
        let public = names.0.len();
        names.private_inputs(shape);
        let private_inputs = names.0.len() - public;
        let columns = matrices.instance + matrices.witness;
        let clauses = first_clauses(matrices);
        for (column, clause) in clauses.iter().enumerate().skip(names.0.len() + 1) {
            names.0.push(format!("main.{clause}.{column}"));
        }
        debug_assert_eq!(names.0.len() + 1, columns);
        Self {
            names: names.0,
            private_inputs,
        }
    }
}

/// The public inputs before the numbers, in the order of their declaration.
const FIXED: [&str; 11] = [
    "schema",
    "newest_period",
    "root",
    "context",
    "bank",
    "scope",
    "pseudonym",
    "scope_tag",
    "disclosed_id",
    "outcome",
    "consent",
];

/// For each column, the clause of the first row that has an entry there.
fn first_clauses<F: PrimeField>(matrices: &Matrices<F>) -> Vec<&'static str> {
    let mut of = vec!["unused"; matrices.instance + matrices.witness];
    for clause in matrices.clauses.iter().rev() {
        for matrix in &matrices.abc {
            for &(_, column) in matrix[clause.rows.clone()].iter().flatten() {
                of[column] = clause.name;
            }
        }
    }
    of
}

#[derive(Default)]
struct Names(Vec<String>);

impl Names {
    fn one(&mut self, name: &str) {
        self.0.push(format!("main.{name}"));
    }

    fn all(&mut self, names: &[&str]) {
        names.iter().for_each(|name| self.one(name));
    }

    fn list(&mut self, name: &str, length: usize) {
        (0..length).for_each(|i| self.one(&format!("{name}[{i}]")));
    }

    /// In the order of `Numbers::flatten`.
    fn numbers(&mut self, shape: Shape) {
        let Shape {
            periods,
            fields,
            attributes,
            ..
        } = shape;
        for i in 0..shape.linear {
            let rule = format!("linear[{i}]");
            self.list(&format!("{rule}.time"), periods);
            self.list(&format!("{rule}.weight"), fields);
            self.one(&format!("{rule}.threshold"));
            self.one(&format!("{rule}.min_periods"));
        }
        for i in 0..shape.counted {
            let rule = format!("counted[{i}]");
            self.list(&format!("{rule}.window"), periods);
            self.list(&format!("{rule}.weight"), fields);
            self.one(&format!("{rule}.threshold"));
            self.one(&format!("{rule}.at_least"));
            self.one(&format!("{rule}.min_periods"));
        }
        for i in 0..shape.range {
            self.list(&format!("range[{i}].attribute"), attributes);
            self.one(&format!("range[{i}].low"));
            self.one(&format!("range[{i}].high"));
        }
        for (i, size) in SET_SIZES.into_iter().enumerate() {
            self.list(&format!("set[{i}].attribute"), attributes);
            self.list(&format!("set[{i}].codes"), size);
            self.one(&format!("set[{i}].member"));
        }
        self.list("hard", shape.atoms());
        self.list("points", shape.atoms());
        self.one("cut_off");
        for i in 0..GROUPS {
            self.list(&format!("group[{i}].members"), shape.atoms());
            self.one(&format!("group[{i}].at_least"));
        }
        self.list("bands", BAND_THRESHOLDS);
        self.one("disclose_id");
        if let Some(card) = shape.card {
            self.card(shape, card);
        }
    }

    fn card(&mut self, shape: Shape, card: CardShape) {
        for i in 0..card.ratios {
            let variable = format!("card.ratio[{i}]");
            for sum in ["numerator", "denominator"] {
                self.list(&format!("{variable}.{sum}.time"), shape.periods);
                self.list(&format!("{variable}.{sum}.weight"), shape.fields);
                self.one(&format!("{variable}.{sum}.constant"));
            }
            self.one(&format!("{variable}.min_periods"));
            self.bins(&variable);
        }
        for i in 0..card.attributes {
            let variable = format!("card.attribute[{i}]");
            self.list(&format!("{variable}.attribute"), shape.attributes);
            self.one(&format!("{variable}.missing_value"));
            self.bins(&variable);
        }
    }

    fn bins(&mut self, variable: &str) {
        self.list(&format!("{variable}.thresholds"), BIN_THRESHOLDS);
        self.one(&format!("{variable}.base"));
        self.list(&format!("{variable}.steps"), BIN_THRESHOLDS);
        self.one(&format!("{variable}.missing"));
    }

    fn private_inputs(&mut self, shape: Shape) {
        self.list("attributes", shape.attributes);
        for period in 0..shape.periods {
            self.list(&format!("values[{period}]"), shape.fields);
        }
        self.all(&["id", "sk", "nk", "salt"]);
        for level in 0..TREE_DEPTH {
            self.list(&format!("path[{level}]"), TREE_ARITY);
        }
    }
}
