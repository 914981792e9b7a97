//! Random records, numbers and policies for property tests, with what lies on a boundary more
//! often than chance would have it. Behind the feature `testing`.

mod edge;
mod wide;

pub use edge::{approach, near};
pub use wide::wide_policy_toml;

use std::fmt::Write as _;

use proptest::collection::vec;
use proptest::prelude::{Strategy, any};

use crate::amount::{Value, format_units};
use crate::date::Date;
use crate::numbers::{
    AttributeVariableNumbers, BinNumbers, Numbers, RatioVariableNumbers, SumNumbers,
};
use crate::record::Values;
use crate::schema::{Quantity, Schema, Unit};
use crate::shape::{
    BIN_THRESHOLDS, COUNTED_WEIGHT_BITS, LINEAR_WEIGHT_BITS, Layout, POINTS_BITS, Shape, VALUE_BITS,
};

/// A source of choices that shrinks well: fewer and smaller numbers make simpler things.
#[derive(Debug, Clone)]
pub struct Choices {
    numbers: Vec<u32>,
    next: usize,
}

/// Choices, enough for the largest policy or record.
pub fn choices() -> impl Strategy<Value = Choices> {
    choices_for(1)
}

/// Choices, enough for so many of the largest policies and records.
pub fn choices_for(count: usize) -> impl Strategy<Value = Choices> {
    vec(any::<u32>(), 1200 * count).prop_map(Choices::new)
}

impl Choices {
    /// Choices as given, and 0 for all further ones.
    pub const fn new(numbers: Vec<u32>) -> Self {
        Self { numbers, next: 0 }
    }

    /// A number below `n`; 0 when the choices have run out.
    pub fn below(&mut self, n: usize) -> usize {
        let number = self.numbers.get(self.next).copied().unwrap_or(0);
        self.next += 1;
        number as usize % n.max(1)
    }

    /// A number from `low` to `high`.
    pub fn between(&mut self, low: i64, high: i64) -> i64 {
        low + self.below(usize::try_from(high - low + 1).unwrap_or(1)) as i64
    }

    /// True once in `n` times.
    pub fn once_in(&mut self, n: usize) -> bool {
        self.below(n) == n - 1
    }

    /// One of some things.
    pub fn of<'t, T: ?Sized>(&mut self, things: &[&'t T]) -> &'t T {
        things[self.below(things.len())]
    }

    /// A number of less than `bits` bits in absolute value: mostly small, at times extreme.
    pub fn signed(&mut self, bits: u32) -> i64 {
        let largest = (1i64 << bits.min(62)) - 1;
        match self.below(8) {
            0..=3 => self.between(-largest.min(3), largest.min(3)),
            4 => largest,
            5 => -largest,
            _ => {
                let wide = (self.below(1 << 31) as i64) << 31 | self.below(1 << 31) as i64;
                wide % (largest + 1) * if self.once_in(2) { -1 } else { 1 }
            }
        }
    }
}

/// A day that policies of [`policy_toml`] are compiled for.
pub fn as_of() -> Date {
    Date::new(2026, 10, 31).expect("a day of the calendar")
}

/// A record's values that a schema allows. Half of all records hold only a few fen a field, so
/// that sums meet the thresholds of [`policy_toml`] exactly every now and then.
pub fn values(schema: &Schema, layout: Layout, choices: &mut Choices) -> Values {
    let tiny = !choices.once_in(3);
    let available = match choices.below(3) {
        0 => choices.below(layout.periods + 1),
        _ => layout.periods,
    };
    let field = |field: &Quantity, choices: &mut Choices| {
        let value = if tiny {
            choices.between(-3, 6)
        } else {
            choices.signed(VALUE_BITS)
        };
        Value::try_from(value.clamp(field.min, field.max)).expect("bounds of a schema are values")
    };
    let rows: Vec<Vec<Value>> = (0..available)
        .map(|_| schema.fields.iter().map(|f| field(f, choices)).collect())
        .collect();
    let mut attributes: Vec<Value> = Vec::new();
    for (i, quantity) in schema.attributes.iter().enumerate() {
        let value = match i {
            crate::schema::PERIODS_AVAILABLE => available as i64,
            _ => attribute(quantity, choices),
        };
        attributes.push(Value::try_from(value).expect("bounds of a schema are values"));
    }
    Values::new(layout, &attributes, &rows).expect("made for the layout")
}

fn attribute(quantity: &Quantity, choices: &mut Choices) -> i64 {
    if let Some(missing) = quantity.missing.filter(|_| choices.once_in(6)) {
        return missing;
    }
    let value = match &quantity.unit {
        Unit::Date => near_a_threshold(choices),
        Unit::Code { .. } => choices.between(1, 12),
        _ if choices.once_in(6) => choices.signed(VALUE_BITS),
        _ => choices.between(-3, 12),
    };
    value.clamp(quantity.min, quantity.max)
}

/// A day at or beside one that the lengths of time in [`policy_toml`] reach back to.
fn near_a_threshold(choices: &mut Choices) -> i64 {
    let months = choices.between(0, 26);
    let day = as_of().months_before(u32::try_from(months).unwrap_or(0));
    day.map_or(0, Date::days) + choices.between(-1, 1)
}

/// Numbers within the bounds of a shape, small or extreme.
pub fn numbers(shape: Shape, choices: &mut Choices) -> Numbers {
    let mut numbers = Numbers::neutral(shape);
    let small = |n: i64| i32::try_from(n).expect("of few bits");
    let weights = |bits: u32, length: usize, choices: &mut Choices| -> Vec<i32> {
        (0..length).map(|_| small(choices.signed(bits))).collect()
    };
    let count = |most: usize, choices: &mut Choices| choices.below(most + 1) as u32;
    for linear in &mut numbers.linear {
        linear.time = weights(LINEAR_WEIGHT_BITS, shape.periods, choices);
        linear.weight = weights(LINEAR_WEIGHT_BITS, shape.fields, choices);
        linear.threshold = threshold(shape.linear_sum_bits(), choices);
        linear.min_periods = count(shape.periods, choices);
    }
    for counted in &mut numbers.counted {
        counted.window = (0..shape.periods).map(|_| choices.once_in(2)).collect();
        counted.weight = weights(COUNTED_WEIGHT_BITS, shape.fields, choices);
        counted.threshold = threshold(shape.counted_sum_bits(), choices);
        counted.at_least = count(shape.periods + 1, choices);
        counted.min_periods = count(shape.periods, choices);
    }
    for range in &mut numbers.range {
        range.attribute = choices.below(shape.attributes);
        range.low = choices.signed(VALUE_BITS);
        range.high = choices.signed(VALUE_BITS);
    }
    for set in &mut numbers.sets {
        set.attribute = choices.below(shape.attributes);
        set.codes
            .iter_mut()
            .for_each(|code| *code = choices.signed(VALUE_BITS).abs().max(1));
        set.member = choices.once_in(2);
    }
    for hard in &mut numbers.hard {
        *hard = choices.once_in(4);
    }
    numbers.points = weights(POINTS_BITS, shape.atoms(), choices);
    numbers.cut_off = small(choices.signed(shape.score_bits()));
    for group in &mut numbers.groups {
        group.members = (0..shape.atoms()).map(|_| choices.once_in(3)).collect();
        group.at_least = count(3, choices);
    }
    numbers
        .bands
        .iter_mut()
        .for_each(|band| *band = small(choices.signed(shape.score_bits())));
    numbers.disclose_id = choices.once_in(2);
    if let Some(card) = &mut numbers.card {
        card.ratios
            .iter_mut()
            .for_each(|ratio| *ratio = ratio_variable(shape, choices));
        for variable in &mut card.attributes {
            *variable = AttributeVariableNumbers {
                attribute: choices.below(shape.attributes),
                missing_value: choices.signed(VALUE_BITS),
                bins: bins(VALUE_BITS, choices),
            };
        }
    }
    numbers
}

fn threshold(bits: u32, choices: &mut Choices) -> i128 {
    match choices.below(3) {
        0 => i128::from(choices.signed(5)),
        1 => i128::from(choices.signed(VALUE_BITS)),
        _ => (i128::from(choices.signed(60)) << bits.saturating_sub(60))
            .clamp(-(1 << bits), 1 << bits),
    }
}

fn ratio_variable(shape: Shape, choices: &mut Choices) -> RatioVariableNumbers {
    let sum = |constant: bool, bits: u32, choices: &mut Choices| SumNumbers {
        time: (0..shape.periods)
            .map(|_| choices.signed(bits) as i32)
            .collect(),
        weight: (0..shape.fields)
            .map(|_| choices.signed(bits) as i32)
            .collect(),
        constant,
    };
    let plain = choices.once_in(3);
    let denominator = match plain {
        true => SumNumbers {
            time: vec![0; shape.periods],
            weight: vec![0; shape.fields],
            constant: true,
        },
        false => sum(false, 3, choices),
    };
    // Thresholds times the largest denominator stay within the comparison.
    let room = shape.linear_sum_bits() + denominator.largest().leading_zeros() - u128::BITS;
    RatioVariableNumbers {
        numerator: sum(choices.once_in(4), LINEAR_WEIGHT_BITS, choices),
        denominator,
        min_periods: choices.below(shape.periods + 1) as u32,
        bins: bins(room.min(60), choices),
    }
}

fn bins(bits: u32, choices: &mut Choices) -> BinNumbers {
    let mut thresholds: Vec<i128> = (0..BIN_THRESHOLDS)
        .map(|_| i128::from(choices.signed(bits)))
        .collect();
    thresholds.sort_unstable();
    let point = |choices: &mut Choices| choices.signed(POINTS_BITS) as i32;
    let base = point(choices);
    let mut current = base;
    let steps = (0..BIN_THRESHOLDS).map(|_| {
        let step = point(choices) - current;
        current += step;
        step
    });
    BinNumbers {
        thresholds,
        base,
        steps: steps.collect(),
        missing: point(choices),
    }
}

/// A policy as a bank might write it, in TOML, of any kind of rule that the schema allows. Some
/// are refused: too large for every shape, never met, or asking for what a rule cannot say.
pub fn policy_toml(schema: &Schema, choices: &mut Choices) -> String {
    PolicyText {
        schema,
        choices,
        text: String::new(),
        parameters: Vec::new(),
        simple: false,
        base: None,
    }
    .write()
}

struct PolicyText<'a> {
    schema: &'a Schema,
    choices: &'a mut Choices,
    text: String,
    parameters: Vec<String>,
    /// Whether the rule at hand keeps to one comparison.
    simple: bool,
    /// The base of the rule at hand, where another rule is to say that it is above zero.
    base: Option<(String, String)>,
}

impl PolicyText<'_> {
    fn write(mut self) -> String {
        let card = self.choices.once_in(3);
        let rules = self.choices.below(7) + usize::from(!card);
        let scored = card || self.choices.once_in(2);
        let banded = scored && self.choices.once_in(2);
        let cut_off = !banded || self.choices.once_in(2);

        self.line("id = \"random\"\nversion = 1\ntitle = \"Random\"");
        self.line(&format!("schema = \"{}\"", self.schema.id));
        if !card && self.choices.once_in(6) {
            self.line("shape = \"Q32\"");
        }
        let failed = if rules > 0 && self.choices.once_in(2) {
            "failed_rules = \"all\""
        } else {
            ""
        };
        self.line(&format!("[learns]\nband = {banded}\n{failed}"));
        for i in 0..self.choices.below(3) {
            self.parameter(i);
        }
        let members = match rules > 1 && self.choices.once_in(2) {
            true => 2 + self.choices.below(rules - 1),
            false => 0,
        };
        for i in 0..rules {
            let points = scored && ((i == 0 && !card) || self.choices.once_in(2));
            // Points and groups take rules of one comparison; now and then one has more.
            self.simple = (points || i < members) && !self.choices.once_in(12);
            self.rule(i, points);
        }
        if members > 0 {
            let names: Vec<_> = (0..members).map(|i| format!("\"r{i}\"")).collect();
            let at_least = 1 + self.choices.below(members);
            self.line(&format!(
                "[[group]]\nname = \"g\"\nany_of = [{}]\nat_least = {at_least}",
                names.join(", ")
            ));
        }
        for i in 0..if card { 1 + self.choices.below(5) } else { 0 } {
            self.variable(i);
        }
        if scored {
            let base = self.choices.between(-20, 20);
            self.line(&format!("[score]\nbase = {base}"));
            if cut_off {
                let cut_off = base + self.choices.between(-10, 30);
                self.line(&format!("cut_off = {cut_off}"));
            }
            if banded {
                self.line(&format!("bands = [{}, {}]", base + 1, base + 12));
            }
        }
        self.text
    }

    fn line(&mut self, line: &str) {
        self.text.push_str(line);
        self.text.push('\n');
    }

    fn key(&mut self, key: &str, value: &str) {
        writeln!(self.text, "{key} = \"{value}\"").expect("texts grow");
    }

    fn parameter(&mut self, i: usize) {
        let name = format!("p{i}");
        let (min, max) = (self.money(-10), self.money(50));
        self.line(&format!(
            "[[parameter]]\nname = \"{name}\"\nunit = \"money\"\nmin = \"{min}\"\nmax = \"{max}\""
        ));
        self.parameters.push(name);
    }

    fn rule(&mut self, i: usize, points: bool) {
        self.line(&format!("[[rule]]\nname = \"r{i}\""));
        let of_rows = match self.choices.below(9) {
            0 | 1 => self.each_quarter(),
            2 => self.attribute(),
            3 => self.codes(),
            4 => self.parameter_rule(),
            5 => self.figure("total"),
            6 => self.figure("average"),
            7 => self.figure("growth"),
            _ => self.figure("ratio"),
        };
        if of_rows && self.choices.once_in(4) {
            self.line("young_firms = \"count_zero\"");
        }
        if points {
            let n = self.choices.between(1, 15) * if self.choices.once_in(4) { -1 } else { 1 };
            self.line(&format!("points = {n}"));
        }
        if self.choices.once_in(5) {
            self.line("veto = true");
        }
        if let Some((sum, window)) = self.base.take() {
            self.line(&format!("[[rule]]\nname = \"b{i}\""));
            self.key("total", &sum);
            self.key("over", &window);
            self.line("more_than = 0");
        }
    }

    fn each_quarter(&mut self) -> bool {
        let sum = self.sum(None);
        self.key("each_quarter", &sum);
        let oldest = self.window("over");
        self.bounds(1, false);
        let most = oldest.1 - oldest.0 + 1;
        match self.choices.below(if self.simple { 3 } else { 4 }) {
            0 => {}
            1 => {
                let n = 1 + self.choices.below(most);
                self.line(&format!("in_at_least = {n}"));
            }
            2 => {
                let n = self.choices.below(most);
                self.line(&format!("in_at_most = {n}"));
            }
            _ => {
                let least = 1 + self.choices.below(most);
                let n = self
                    .choices
                    .below(most)
                    .max(least)
                    .min(most.saturating_sub(1));
                self.line(&format!(
                    "in_at_least = {}\nin_at_most = {n}",
                    least.min(n.max(1))
                ));
            }
        }
        true
    }

    fn figure(&mut self, kind: &str) -> bool {
        let sum = self.sum(None);
        self.key(kind, &sum);
        match kind {
            "growth" => {
                let (newest, oldest) = self.window("from");
                self.window("to");
                // Another rule says that the base is above zero.
                if self.choices.once_in(3) {
                    self.base = Some((sum, format!("quarters {newest} to {oldest}")));
                }
            }
            "ratio" => {
                self.window("over");
                // The same fields over other quarters, or other fields over the same.
                if self.choices.once_in(3) {
                    self.key("to", &sum);
                    self.window("to_over");
                } else {
                    let base = self.sum(None);
                    self.key("to", &base);
                }
            }
            _ => {
                self.window("over");
                if kind == "average" {
                    let per = self.choices.of(&["year", "quarter"]);
                    self.key("per", per);
                }
            }
        }
        let ratio = matches!(kind, "growth" | "ratio");
        self.bounds(4, ratio);
        if ratio && self.base.is_none() && (self.simple || self.choices.once_in(2)) {
            self.line("base_not_positive = \"as_multiplied\"");
        }
        true
    }

    fn attribute(&mut self) -> bool {
        let names = self.attributes(|unit| !matches!(unit, Unit::Code { .. }));
        let name = names[self.choices.below(names.len())].clone();
        self.key("attribute", &name);
        let (_, quantity) = self.schema.attribute(&name).expect("of the schema");
        match quantity.unit {
            Unit::Date => {
                let key = self.choices.of(&["at_least_ago", "within"]);
                let ago = self
                    .choices
                    .of(&["2 years", "6 months", "1 month", "0 days", "40 days"]);
                self.key(key, ago);
                if key == "within" && self.choices.once_in(2) {
                    self.key("at_least_ago", "1 month");
                }
            }
            Unit::Money => self.bounds(1, false),
            _ => {
                let n = self.choices.between(0, 10);
                match self.choices.below(3) {
                    0 => self.line(&format!("at_least = {n}")),
                    1 => self.line(&format!("less_than = {}", n + 1)),
                    _ => self.line(&format!("at_least = {n}\nat_most = {}", n + 2)),
                }
            }
        }
        false
    }

    fn codes(&mut self) -> bool {
        let names = self.attributes(|unit| matches!(unit, Unit::Code { .. }));
        if names.is_empty() {
            return self.attribute();
        }
        let name = names[self.choices.below(names.len())].clone();
        self.key("attribute", &name);
        let codes = self.some_codes(&name, 0);
        let key = self.choices.of(&["one_of", "none_of"]);
        self.line(&format!("{key} = [{codes}]"));
        false
    }

    /// A list of codes of an attribute, as many as the choices say; every second from `skip` on.
    fn some_codes(&mut self, attribute: &str, skip: usize) -> String {
        let (_, quantity) = self.schema.attribute(attribute).expect("of the schema");
        let all: Vec<String> = match &quantity.unit {
            Unit::Code { names } if !names.is_empty() => {
                names.iter().map(|code| code.name.clone()).collect()
            }
            _ => (1..=12).map(|code| code.to_string()).collect(),
        };
        let picked: Vec<String> = all
            .iter()
            .enumerate()
            .filter(|(i, _)| i % 2 == skip % 2 || skip == 0)
            .filter(|_| self.choices.once_in(2))
            .map(|(_, code)| format!("\"{code}\""))
            .collect();
        match picked.is_empty() {
            true => format!("\"{}\"", all[skip % all.len()]),
            false => picked.join(", "),
        }
    }

    fn parameter_rule(&mut self) -> bool {
        match self.parameters.first().cloned() {
            Some(name) => {
                self.key("parameter", &name);
                self.bounds(1, false);
                false
            }
            None => self.figure("total"),
        }
    }

    fn variable(&mut self, i: usize) {
        self.line(&format!("[[variable]]\nname = \"v{i}\""));
        let kind = self
            .choices
            .of(&["total", "average", "growth", "ratio", "attribute", "codes"]);
        let codes = self.attributes(|unit| matches!(unit, Unit::Code { .. }));
        if kind == "codes" && !codes.is_empty() {
            let name = &codes[self.choices.below(codes.len())];
            self.key("attribute", name);
            let (first, second) = (self.some_codes(name, 1), self.some_codes(name, 2));
            self.line(&format!(
                "missing = -3\nbins = [{{ one_of = [{first}], points = 7 }}, \
                 {{ one_of = [{second}], points = -2 }}, {{ points = 1 }}]"
            ));
            return;
        }
        let ends = match kind {
            "growth" | "ratio" => ["-50 %", "0 %", "33.3 %", "150 %"].map(str::to_owned),
            "total" | "average" => [-3, 0, 1, 10].map(|n| self.money(n)),
            _ => return self.attribute_variable(),
        };
        let sum = self.sum(Some(matches!(kind, "total" | "average")));
        self.key(kind, &sum);
        match kind {
            "growth" => {
                self.window("from");
                self.window("to");
            }
            "ratio" => {
                self.window("over");
                let base = self.sum(None);
                self.key("to", &base);
                if self.choices.once_in(2) {
                    self.window("to_over");
                }
            }
            "average" => {
                self.window("over");
                self.key("per", "year");
            }
            _ => {
                self.window("over");
            }
        }
        if self.choices.once_in(3) {
            self.line("young_firms = \"count_zero\"");
        }
        self.line("missing = -4");
        self.bins(&ends);
    }

    fn attribute_variable(&mut self) {
        let names = self.attributes(|unit| matches!(unit, Unit::Count { .. } | Unit::Date));
        let name = names[self.choices.below(names.len())].clone();
        self.key("attribute", &name);
        let (_, quantity) = self.schema.attribute(&name).expect("of the schema");
        if quantity.missing.is_some() {
            self.line("missing = -5");
        }
        match quantity.unit {
            Unit::Date => {
                self.bins(&["0 months", "6 months", "1 year", "2 years"].map(str::to_owned))
            }
            _ => self.bins(&["1", "2", "5", "8"].map(str::to_owned)),
        }
    }

    fn bins(&mut self, ends: &[String]) {
        let mut bins = String::new();
        for end in ends {
            if self.choices.once_in(4) && !bins.is_empty() {
                continue;
            }
            let points = self.choices.between(-9, 20);
            write!(bins, "{{ below = \"{end}\", points = {points} }}, ").expect("texts grow");
        }
        let points = self.choices.between(-9, 20);
        self.line(&format!("bins = [{bins}{{ points = {points} }}]"));
    }

    /// A sum of one to three fields of one unit: of money, where that is asked for.
    fn sum(&mut self, money: Option<bool>) -> String {
        let all: Vec<&Quantity> = self.schema.fields.iter().collect();
        let money = money.unwrap_or_else(|| !self.choices.once_in(8));
        let of_money = |q: &&&Quantity| matches!(q.unit, Unit::Money) || !money;
        let fields: Vec<_> = all
            .iter()
            .filter(of_money)
            .map(|q| q.name.clone())
            .collect();
        let terms = if money { 1 + self.choices.below(3) } else { 1 };
        let mut sum = String::new();
        for _ in 0..terms {
            let field = &fields[self.choices.below(fields.len())];
            let factor = self
                .choices
                .of(&["", "", "5 * ", "2.5 * ", "0.25 * ", "12 % * "]);
            let sign = match (sum.is_empty(), self.choices.once_in(3)) {
                (true, false) => "",
                (_, true) => " - ",
                (false, false) => " + ",
            };
            write!(sum, "{sign}{factor}{field}").expect("texts grow");
        }
        sum
    }

    /// A window of at most a shape's quarters: its newest and oldest.
    fn window(&mut self, key: &str) -> (usize, usize) {
        let (newest, oldest) = match self.choices.below(4) {
            0 => (1, 1),
            1 => (1, 4),
            2 => (5, 8),
            _ => {
                let newest = 1 + self.choices.below(8);
                (newest, newest + self.choices.below(8))
            }
        };
        self.key(key, &format!("quarters {newest} to {oldest}"));
        (newest, oldest)
    }

    /// One or two bounds, of some fen or of some per cent, the first around 0.
    fn bounds(&mut self, spread: i64, ratio: bool) {
        let digits = self.schema.currency_digits;
        let text = |n: i64, choices: &mut Choices, parameters: &[String]| -> String {
            if ratio {
                return format!("{} %", n * 5);
            }
            let money = format_units(i128::from(n * spread), digits);
            match parameters.first() {
                Some(name) if choices.once_in(3) => {
                    let factor = choices.of(&["0.5", "-2", "12.5 %", "1"]);
                    format!("{money} + {factor} * {name}").replace("+ -", "- ")
                }
                _ => money,
            }
        };
        let n = self.choices.between(-12, 12);
        let low = self.choices.of(&["at_least", "more_than"]);
        let high = self.choices.of(&["at_most", "less_than"]);
        let (first, second) = match self.choices.below(if self.simple { 3 } else { 4 }) {
            0 | 1 => (Some(low), None),
            2 => (None, Some(high)),
            _ => (Some(low), Some(high)),
        };
        if let Some(key) = first {
            let value = text(n, self.choices, &self.parameters);
            self.key(key, &value);
        }
        if let Some(key) = second {
            let value = text(n + 6, self.choices, &self.parameters);
            self.key(key, &value);
        }
    }

    fn money(&self, units: i64) -> String {
        format_units(units.into(), self.schema.currency_digits)
    }

    fn attributes(&self, of: impl Fn(&Unit) -> bool) -> Vec<String> {
        let attributes = self.schema.attributes.iter().filter(|q| of(&q.unit));
        attributes.map(|q| q.name.clone()).collect()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::shape::SHAPES;

    proptest! {
        #[test]
        fn random_numbers_and_values_are_in_bounds(mut choices in choices()) {
            let schema = Schema::cn_tax();
            for shape in SHAPES {
                prop_assert_eq!(numbers(shape, &mut choices).check(), Ok(()));
                let values = values(&schema, shape.layout(), &mut choices);
                prop_assert_eq!(values.check(&schema), Ok(()));
            }
        }
    }
}
