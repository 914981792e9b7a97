//! Policies as large as the language allows: every place taken, numbers at their bounds.

use std::fmt::Write as _;

use super::Choices;
use crate::amount::format_units;
use crate::date::Date;
use crate::schema::{Quantity, Schema, Unit};
use crate::shape::{COUNTED_WEIGHT_BITS, LINEAR_WEIGHT_BITS, POINTS_BITS};

/// A policy in TOML with windows of up to a whole record, coefficients of up to 15 bits, thresholds of up
/// to 70 bits, points, bins and lists as long as they may be. Many are refused.
pub fn wide_policy_toml(schema: &Schema, choices: &mut Choices) -> String {
    let card = choices.once_in(3);
    let periods = if !card && choices.once_in(3) { 32 } else { 16 };
    let writer = Writer {
        schema,
        choices,
        text: String::new(),
        periods,
        units: Vec::new(),
    };
    writer.write(card)
}

/// Days before 1700-01-01 cannot be written.
const OLDEST_DAY: i64 = -98_000;

struct Writer<'a> {
    schema: &'a Schema,
    choices: &'a mut Choices,
    text: String,
    periods: usize,
    /// The unit of each parameter.
    units: Vec<&'static str>,
}

impl Writer<'_> {
    fn write(mut self, card: bool) -> String {
        let bands = self.choices.below(4);
        let rules = 1 + self.choices.below(if self.periods == 32 { 12 } else { 7 });
        let groups = if rules > 3 { self.choices.below(3) } else { 0 };
        let scored = card || bands > 0 || self.choices.once_in(2);
        self.line("id = \"wide\"\nversion = 4294967295");
        self.key("title", &"税".repeat(200));
        self.line(&format!("schema = \"{}\"", self.schema.id));
        if self.periods == 32 {
            self.line("shape = \"Q32\"");
        }
        self.line(&format!(
            "[learns]\nid = true\nband = {}\nscope = \"registry\"\nfailed_rules = \"all\"",
            bands > 0
        ));
        for i in 0..self.choices.below(4) {
            self.parameter(i);
        }
        for i in 0..rules {
            let points = scored && (i == 0 || self.choices.once_in(3));
            self.rule(i, points || i < 2 * groups);
            if points {
                let n = self.points();
                let n = if n == 0 { 1 } else { n };
                self.line(&format!("points = {n}"));
            }
        }
        for g in 0..groups {
            let (first, second) = (2 * g, 2 * g + 1);
            let at_least = 1 + self.choices.below(2);
            self.line(&format!(
                "[[group]]\nname = \"g{g}\"\nany_of = [\"r{first}\", \"r{second}\"]\nat_least = {at_least}"
            ));
        }
        if card {
            for i in 0..1 + self.choices.below(10) {
                self.ratio_variable(i);
            }
            for i in 0..self.choices.below(7) {
                self.attribute_variable(i);
            }
        }
        if scored {
            self.score(bands);
        }
        self.text
    }

    fn line(&mut self, line: &str) {
        self.text.push_str(line);
        self.text.push('\n');
    }

    fn key(&mut self, key: &str, value: &str) {
        self.line(&format!("{key} = \"{value}\""));
    }

    fn points(&mut self) -> i64 {
        self.choices.signed(POINTS_BITS)
    }

    fn score(&mut self, bands: usize) {
        let base = self.points();
        self.line(&format!("[score]\nbase = {base}"));
        if bands == 0 || self.choices.once_in(2) {
            let cut_off = base + self.points();
            self.line(&format!("cut_off = {cut_off}"));
        }
        if bands > 0 {
            let mut ends: Vec<i64> = (0..bands).map(|_| base + self.points()).collect();
            ends.sort_unstable();
            ends.dedup();
            self.line(&format!("bands = {ends:?}"));
        }
    }

    fn parameter(&mut self, i: usize) {
        let unit = self.choices.of(&[&"money", &"count", &"percent"]);
        self.units.push(unit);
        let (min, max) = (self.choices.signed(40), self.choices.signed(40));
        let [min, max] = [min.min(max), min.max(max)].map(|n| self.parameter_text(unit, n.into()));
        self.line(&format!(
            "[[parameter]]\nname = \"p{i}\"\nunit = \"{unit}\"\nmin = \"{min}\"\nmax = \"{max}\""
        ));
    }

    fn parameter_text(&self, unit: &str, n: i128) -> String {
        match unit {
            "money" => format_units(n, self.schema.currency_digits),
            "percent" => format!("{} %", format_units(n, 2)),
            _ => n.to_string(),
        }
    }

    fn rule(&mut self, i: usize, simple: bool) {
        self.line(&format!("[[rule]]\nname = \"r{i}\""));
        match self.choices.below(8) {
            0 => return self.attribute(),
            1 => return self.codes(),
            2 if !self.units.is_empty() => return self.parameter_rule(simple),
            3 | 4 => self.each_quarter(simple),
            5 => self.quotient(),
            kind => {
                let key = if kind == 6 { "total" } else { "average" };
                let (unit, _) = self.sum(key, None, LINEAR_WEIGHT_BITS);
                self.window("over");
                if key == "average" {
                    let per = self.choices.of(&["year", "quarter"]);
                    self.key("per", per);
                }
                self.bounds(&unit, 70, simple);
            }
        }
        if self.choices.once_in(2) {
            self.line("young_firms = \"count_zero\"");
        }
    }

    fn each_quarter(&mut self, simple: bool) {
        let (unit, _) = self.sum("each_quarter", None, COUNTED_WEIGHT_BITS);
        let (newest, oldest) = self.window("over");
        let quarters = oldest - newest + 1;
        let count = self.choices.below(quarters);
        match self.choices.below(3) {
            0 => self.line(&format!("in_at_least = {}", count + 1)),
            1 => self.line(&format!("in_at_most = {count}")),
            _ => {}
        }
        self.bounds(&unit, 56, simple || count > 0);
    }

    /// A growth or ratio whose threshold is a decimal of many digits.
    fn quotient(&mut self) {
        if self.choices.once_in(2) {
            self.sum("growth", None, 3);
            self.window("from");
            self.window("to");
        } else {
            let (unit, sum) = self.sum("ratio", None, 3);
            self.window("over");
            if self.choices.once_in(2) {
                self.sum("to", Some(&unit), 3);
            } else {
                self.key("to", &sum);
                self.window("to_over");
            }
        }
        let threshold = self.fraction();
        let key = self
            .choices
            .of(&["at_least", "more_than", "at_most", "less_than"]);
        self.key(key, &threshold);
        self.line("base_not_positive = \"as_multiplied\"");
    }

    fn fraction(&mut self) -> String {
        let n = self.choices.signed(11);
        match self.choices.below(3) {
            0 => format!("{n} %"),
            1 => format_units(n.into(), 3),
            _ => n.to_string(),
        }
    }

    fn attribute(&mut self) {
        let quantity = self.quantity(|unit| !matches!(unit, Unit::Code { .. }));
        self.key("attribute", &quantity.name);
        if quantity.unit == Unit::Date && self.choices.once_in(2) {
            let key = self.choices.of(&["at_least_ago", "within"]);
            let ago = self.age();
            return self.key(key, &ago);
        }
        let near_end = [quantity.min, 0, quantity.max][self.choices.below(3)];
        let least = match quantity.unit {
            Unit::Date => quantity.min.max(OLDEST_DAY),
            _ => quantity.min,
        };
        let value = (near_end + self.choices.between(-1, 1)).clamp(least, quantity.max);
        let key = self.choices.of(&["at_least", "at_most", "equals"]);
        let text = self.quantity_text(&quantity, value.into());
        self.key(key, &text);
    }

    fn age(&mut self) -> String {
        let n = self.choices.below(40);
        format!(
            "{n} {}",
            self.choices.of(&["days", "months", "quarters", "years"])
        )
    }

    fn quantity(&mut self, of: impl Fn(&Unit) -> bool) -> Quantity {
        let fitting: Vec<_> = self
            .schema
            .attributes
            .iter()
            .filter(|q| of(&q.unit))
            .collect();
        fitting[self.choices.below(fitting.len())].clone()
    }

    fn quantity_text(&self, quantity: &Quantity, value: i128) -> String {
        match &quantity.unit {
            Unit::Money => format_units(value, self.schema.currency_digits),
            Unit::BasisPoints => format!("{} %", format_units(value, 2)),
            Unit::Date => {
                let day = i64::try_from(value).ok().and_then(Date::from_days);
                day.map_or_else(|| "1970-01-01".to_owned(), |day| day.to_string())
            }
            _ => value.to_string(),
        }
    }

    fn codes(&mut self) {
        let free = |unit: &Unit| matches!(unit, Unit::Code { names } if names.is_empty());
        if !self.schema.attributes.iter().any(|q| free(&q.unit)) {
            return self.attribute();
        }
        let quantity = self.quantity(free);
        self.key("attribute", &quantity.name);
        let (key, most) = [("one_of", 32), ("none_of", 8)][self.choices.below(2)];
        let mut codes: Vec<i64> = (0..1 + self.choices.below(most))
            .map(|_| self.choices.between(1, 40.min(quantity.max)))
            .collect();
        codes.sort_unstable();
        codes.dedup();
        let codes: Vec<_> = codes.iter().map(|code| format!("\"{code:02}\"")).collect();
        self.line(&format!("{key} = [{}]", codes.join(", ")));
    }

    fn parameter_rule(&mut self, simple: bool) {
        let i = self.choices.below(self.units.len());
        let unit = self.units[i].to_owned();
        self.key("parameter", &format!("p{i}"));
        self.bounds(&unit, 40, simple);
    }

    /// A sum of fields of one unit, with whole coefficients of up to `bits` bits: its unit and text.
    fn sum(&mut self, key: &str, unit: Option<&str>, bits: u32) -> (String, String) {
        let word = |quantity: &Quantity| match quantity.unit {
            Unit::Money => "money",
            Unit::BasisPoints => "percent",
            _ => "count",
        };
        let fields = &self.schema.fields;
        let first = fields[self.choices.below(fields.len())].clone();
        let unit = unit.map_or_else(|| word(&first).to_owned(), str::to_owned);
        let fitting: Vec<_> = fields
            .iter()
            .filter(|q| q.unit == first.unit && word(q) == unit)
            .collect();
        let fitting = if fitting.is_empty() {
            fields.iter().filter(|q| word(q) == unit).take(1).collect()
        } else {
            fitting
        };
        let mut text = String::new();
        for field in &fitting {
            if self.choices.once_in(2) || text.is_empty() {
                let factor = self.choices.signed(bits);
                let factor = if factor == 0 { 1 } else { factor };
                let sign = match (text.is_empty(), factor < 0) {
                    (_, true) => "- ",
                    (true, false) => "",
                    (false, false) => "+ ",
                };
                write!(text, "{sign}{} * {} ", factor.abs(), field.name).expect("texts grow");
            }
        }
        let text = text.trim_end().to_owned();
        self.key(key, &text);
        (unit, text)
    }

    fn window(&mut self, key: &str) -> (usize, usize) {
        let newest = 1 + match self.choices.below(2) {
            0 => 0,
            _ => self.choices.below(self.periods),
        };
        let oldest = match self.choices.below(3) {
            0 => self.periods,
            _ => newest + self.choices.below(self.periods - newest + 1),
        };
        self.key(key, &format!("quarters {newest} to {oldest}"));
        (newest, oldest)
    }

    /// One or two bounds of up to `bits` bits in minor units, at times with parameters.
    fn bounds(&mut self, unit: &str, bits: usize, simple: bool) {
        let low = self.threshold(bits);
        let keys = [["at_least", "more_than"], ["at_most", "less_than"]];
        let side = self.choices.below(2);
        let key = keys[side][self.choices.below(2)];
        let text = self.threshold_text(unit, low);
        self.key(key, &text);
        if side == 0 && !simple && self.choices.once_in(2) {
            let high = self.parameter_text(unit, low + 2 + low.abs() / 2);
            let key = keys[1][self.choices.below(2)];
            self.key(key, &high);
        }
    }

    fn threshold(&mut self, bits: usize) -> i128 {
        let n = i128::from(self.choices.signed(60));
        n >> 60usize.saturating_sub(self.choices.below(bits.min(60) + 1))
    }

    fn threshold_text(&mut self, unit: &str, n: i128) -> String {
        let mut text = self.parameter_text(unit, n);
        let fitting: Vec<_> = (0..self.units.len())
            .filter(|&i| self.units[i] == unit)
            .collect();
        if !fitting.is_empty() && self.choices.once_in(2) {
            let parameter = fitting[self.choices.below(fitting.len())];
            let factor = self
                .choices
                .of(&["- 32 *", "+ 0.0001 *", "- 12.5 % *", "+"]);
            write!(text, " {factor} p{parameter}").expect("texts grow");
        }
        text
    }

    fn ratio_variable(&mut self, i: usize) {
        self.line(&format!("[[variable]]\nname = \"v{i}\""));
        let missing = self.points();
        self.line(&format!("missing = {missing}"));
        if self.choices.once_in(2) {
            self.line("young_firms = \"count_zero\"");
        }
        let kind = self.choices.below(3);
        let unit = match kind {
            0 => {
                let (unit, _) = self.sum("total", None, LINEAR_WEIGHT_BITS);
                self.window("over");
                unit
            }
            1 => {
                self.sum("growth", None, 4);
                self.window("from");
                self.window("to");
                String::new()
            }
            _ => {
                let (unit, _) = self.sum("ratio", None, 4);
                self.window("over");
                self.sum("to", Some(&unit), 4);
                self.window("to_over");
                String::new()
            }
        };
        let mut ends: Vec<i128> = (0..1 + self.choices.below(9))
            .map(|_| match kind {
                0 => self.threshold(60),
                _ => self.choices.signed(9).into(),
            })
            .collect();
        ends.sort_unstable();
        ends.dedup();
        let text = |end: i128| match kind {
            0 => self.parameter_text(&unit, end),
            _ => format!("{end} %"),
        };
        let ends: Vec<String> = ends.into_iter().map(text).collect();
        self.bins(&ends);
    }

    fn attribute_variable(&mut self, i: usize) {
        self.line(&format!("[[variable]]\nname = \"a{i}\""));
        let quantity = self.quantity(|unit| !matches!(unit, Unit::Code { .. }));
        self.key("attribute", &quantity.name);
        if quantity.missing.is_some() || self.choices.once_in(3) {
            let missing = self.points();
            self.line(&format!("missing = {missing}"));
        }
        let is_date = quantity.unit == Unit::Date;
        let mut ends: Vec<i64> = (0..1 + self.choices.below(9))
            .map(|_| match is_date {
                true => self.choices.between(0, 120),
                false => self.choices.signed(48).clamp(quantity.min, quantity.max),
            })
            .collect();
        ends.sort_unstable();
        ends.dedup();
        let age = self.choices.of(&["days", "months"]);
        let text = |end: i64| match is_date {
            true => format!("{end} {age}"),
            false => self.quantity_text(&quantity, end.into()),
        };
        let ends: Vec<String> = ends.into_iter().map(text).collect();
        self.bins(&ends);
    }

    fn bins(&mut self, ends: &[String]) {
        let mut bins = String::new();
        for end in ends {
            let points = self.points();
            write!(bins, "{{ below = \"{end}\", points = {points} }}, ").expect("texts grow");
        }
        let points = self.points();
        self.line(&format!("bins = [{bins}{{ points = {points} }}]"));
    }
}
