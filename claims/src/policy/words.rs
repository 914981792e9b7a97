//! A policy's rules in plain words, from what was checked and from the schema's labels only.

use num_traits::{One, Signed, ToPrimitive, Zero};

use super::Policy;
use super::exact::{Rational, power_of_ten, to_decimal_text, whole};
use super::expression::Window;
use super::parameters::Parameters;
use super::rule::{
    Affine, Base, Bins, Bound, Bounds, Figure, Measure, Measured, Per, Rule, Sum, Test, Variable,
};
use crate::amount::format_units;
use crate::schema::Quantity;

/// Says what a policy means, with the values of a request's parameters where they are known.
#[derive(Clone, Copy)]
pub(super) struct Words<'a> {
    pub(super) policy: &'a Policy,
    pub(super) parameters: Option<&'a Parameters>,
}

impl Words<'_> {
    /// A rule as a sentence without its full stop.
    pub(super) fn rule(self, rule: &Rule) -> String {
        match &rule.test {
            Test::EachQuarter {
                sum,
                over,
                bounds,
                count,
            } => {
                let (said, is) = (self.sum(sum), self.bounds(&sum.measure, bounds));
                let quarters = over.quarters();
                let often = match (count.at_least, count.at_most) {
                    (Some(n), None) if n == quarters && n == 1 => String::new(),
                    (Some(n), None) if n == quarters => "each of ".to_owned(),
                    (Some(n), None) => format!("at least {n} of "),
                    (None, Some(n)) => format!("at most {n} of "),
                    (least, most) => format!(
                        "at least {} and at most {} of ",
                        least.unwrap_or(0),
                        most.unwrap_or(quarters)
                    ),
                };
                format!("{said} is {is} in {often}{}", window(*over))
            }
            Test::Figure { figure, bounds, .. } => {
                format!(
                    "{} is {}",
                    self.figure(figure),
                    self.bounds(figure.measure(), bounds)
                )
            }
            Test::Attribute {
                attribute,
                bounds,
                at_least_ago,
                within,
            } => {
                let quantity = self.attribute(*attribute);
                let measure = Measure::of(quantity).unwrap_or(Measure::Ratio);
                let compared = [
                    (*bounds != Bounds::default()).then(|| self.bounds(&measure, bounds)),
                    at_least_ago
                        .map(|ago| format!("at least {} before the epoch's date", ago.canonical())),
                    within.map(|ago| format!("within {} before the epoch's date", ago.canonical())),
                ];
                let compared: Vec<_> = compared.into_iter().flatten().collect();
                format!("{}: {}", quantity.label, compared.join(" and "))
            }
            Test::Codes {
                attribute,
                codes,
                member,
            } => {
                let quantity = self.attribute(*attribute);
                let (verb, join) = if *member {
                    ("is", "or")
                } else {
                    ("is known and is not", "or")
                };
                format!(
                    "{}: {verb} {}",
                    quantity.label,
                    self.codes(quantity, codes, join)
                )
            }
            Test::Parameter { parameter, bounds } => {
                let parameter = &self.policy.parameters[*parameter];
                let own = Affine {
                    constant: Rational::zero(),
                    terms: vec![(
                        self.policy
                            .parameters
                            .iter()
                            .position(|p| p.name == parameter.name)
                            .unwrap_or(0),
                        whole(1),
                    )],
                };
                let measure = parameter.unit.measure();
                format!(
                    "the {} is {}",
                    self.affine(&measure, &own),
                    self.bounds(&measure, bounds)
                )
            }
        }
    }

    /// What a figure is, as the subject of a sentence.
    pub(super) fn figure(self, figure: &Figure) -> String {
        match figure {
            Figure::Total { sum, over } if over.quarters() == 1 => {
                format!("{} in {}", self.operand(sum), window(*over))
            }
            Figure::Total { sum, over } => {
                format!("the total of {} over {}", self.operand(sum), window(*over))
            }
            Figure::Average { sum, over, per } => {
                let per = match per {
                    Per::Quarter => "quarterly",
                    Per::Year => "yearly",
                };
                format!(
                    "the {per} average of {} over {}",
                    self.operand(sum),
                    window(*over)
                )
            }
            Figure::Growth { sum, from, to } => {
                let averages = if from.quarters() == to.quarters() {
                    ""
                } else {
                    "average "
                };
                format!(
                    "the growth of {averages}{} from {} to {}",
                    self.operand(sum),
                    window(*from),
                    window(*to)
                )
            }
            Figure::Ratio {
                sum,
                over,
                base,
                base_over,
            } => {
                let same = over == base_over;
                let base_window = if same {
                    "the same quarters".to_owned()
                } else {
                    window(*base_over)
                };
                format!(
                    "{} over {} as a share of {} over {base_window}",
                    self.operand(sum),
                    window(*over),
                    self.operand(base)
                )
            }
        }
    }

    /// A sum within a longer phrase.
    fn operand(self, sum: &Sum) -> String {
        match sum.terms.len() {
            1 => self.sum(sum),
            _ => format!("({})", self.sum(sum)),
        }
    }

    /// What is said of a base that is not above 0, where a rule has one.
    pub(super) fn base(self, rule: &Rule) -> Option<String> {
        let Test::Figure { figure, base, .. } = &rule.test else {
            return None;
        };
        let (sum, over) = match figure {
            Figure::Growth { sum, from, .. } => (sum, from),
            Figure::Ratio {
                base, base_over, ..
            } => (base, base_over),
            Figure::Total { .. } | Figure::Average { .. } => return None,
        };
        let base_words = format!("{} over {}", self.operand(sum), window(*over));
        Some(match base {
            Base::Fail => format!("fails where {base_words} is zero or negative"),
            Base::AsMultiplied => format!(
                "compares with the threshold times {base_words}, also where this is zero or negative"
            ),
        })
    }

    /// A variable's bins, one a line.
    pub(super) fn variable(self, variable: &Variable) -> (String, Vec<String>) {
        let policy = self.policy;
        match &variable.measured {
            Measured::Figure { figure, bins } => {
                let end = |end: &Rational| self.amount(figure.measure(), end);
                (self.figure(figure), bin_lines(bins, end))
            }
            Measured::Attribute { attribute, bins } => {
                let quantity = self.attribute(*attribute);
                let measure = Measure::of(quantity).unwrap_or(Measure::Ratio);
                (
                    quantity.label.clone(),
                    bin_lines(bins, |end| self.amount(&measure, end)),
                )
            }
            Measured::Age { attribute, bins } => {
                let label = &policy.schema.attributes[*attribute].label;
                let subject = format!("time from \"{label}\" to the epoch's date");
                (subject, bin_lines(bins, |end| end.canonical()))
            }
            Measured::Codes {
                attribute,
                bins,
                other,
            } => {
                let quantity = self.attribute(*attribute);
                let named = bins.iter().map(|(codes, points)| {
                    format!(
                        "{}: {}",
                        self.codes(quantity, codes, "or"),
                        points_words(*points)
                    )
                });
                let other = [format!("any other: {}", points_words(*other))];
                (quantity.label.clone(), named.chain(other).collect())
            }
        }
    }

    /// `VAT paid + 2 × income tax paid`.
    pub(super) fn sum(self, sum: &Sum) -> String {
        let fields = &self.policy.schema.fields;
        let terms = sum
            .terms
            .iter()
            .map(|(field, factor)| (fields[*field].label.clone(), factor));
        signed_terms(terms)
    }

    pub(super) fn bounds(self, measure: &Measure, bounds: &Bounds) -> String {
        let side = |bound: &Option<Bound>, [strict, not_strict]: [&str; 2]| {
            bound.as_ref().map(|bound| {
                let word = if bound.strict { strict } else { not_strict };
                format!("{word} {}", self.affine(measure, &bound.value))
            })
        };
        if bounds.low == bounds.high
            && let Some(Bound { value, .. }) = &bounds.low
        {
            return format!("exactly {}", self.affine(measure, value));
        }
        let low = side(&bounds.low, ["more than", "at least"]);
        let high = side(&bounds.high, ["less than", "at most"]);
        let both: Vec<_> = [low, high].into_iter().flatten().collect();
        both.join(" and ")
    }

    /// A threshold; where parameters are known, with what it comes to.
    fn affine(self, measure: &Measure, affine: &Affine) -> String {
        if affine.terms.is_empty() {
            return self.amount(measure, &affine.constant);
        }
        let names = affine.terms.iter().map(|(index, factor)| {
            (
                self.policy.parameters[*index].name.replace('_', " "),
                factor,
            )
        });
        let mut said = signed_terms(names);
        if !affine.constant.is_zero() {
            let sign = if affine.constant.is_negative() {
                "-"
            } else {
                "+"
            };
            said = format!(
                "{said} {sign} {}",
                self.amount(measure, &affine.constant.abs())
            );
        }
        match self
            .parameters
            .filter(|p| p.check(&self.policy.parameters).is_ok())
        {
            Some(parameters) => {
                format!("{said} ({})", self.amount(measure, &affine.at(parameters)))
            }
            None => said,
        }
    }

    /// An amount as a person reads it; rounded down, and said so, where it is not whole.
    pub(super) fn amount(self, measure: &Measure, amount: &Rational) -> String {
        let schema = &self.policy.schema;
        match measure {
            Measure::Money => {
                let units = amount.floor().to_integer().to_i128().unwrap_or(i128::MAX);
                let about = if amount.is_integer() { "" } else { "about " };
                let digits = schema.currency_digits;
                format!("{about}{} {}", schema.currency, format_units(units, digits))
            }
            Measure::Count(of) => {
                let singular = of
                    .strip_suffix('s')
                    .filter(|_| amount.is_one())
                    .unwrap_or(of);
                format!("{} {singular}", decimal(amount))
                    .trim_end()
                    .to_owned()
            }
            Measure::Percent => format!("{} %", decimal(&(amount / whole(100)))),
            Measure::Ratio => format!("{} %", decimal(&(amount * whole(100)))),
            Measure::Date => amount
                .to_integer()
                .to_i64()
                .and_then(crate::date::Date::from_days)
                .map_or_else(|| decimal(amount), |date| date.to_string()),
        }
    }

    pub(super) fn codes(self, quantity: &Quantity, codes: &[i64], join: &str) -> String {
        let named = codes
            .iter()
            .map(|&code| self.policy.schema.format_value(quantity, code.into()));
        listed(&named.collect::<Vec<_>>(), join)
    }

    pub(super) fn attribute(&self, index: usize) -> &Quantity {
        &self.policy.schema.attributes[index]
    }
}

/// `the last 8 quarters`, `quarters 5 to 8`.
pub(super) fn window(window: Window) -> String {
    match (window.newest, window.oldest) {
        (1, 1) => "the last quarter".to_owned(),
        (1, oldest) => format!("the last {oldest} quarters"),
        (newest, oldest) if newest == oldest => format!("quarter {newest}"),
        (newest, oldest) => format!("quarters {newest} to {oldest}"),
    }
}

/// `40 points`, `1 point`.
pub(super) fn points_words(points: i32) -> String {
    format!("{points} point{}", if points.abs() == 1 { "" } else { "s" })
}

/// `A, B or M`.
pub(super) fn listed(items: &[String], join: &str) -> String {
    match items {
        [] => String::new(),
        [only] => only.clone(),
        [first @ .., last] => format!("{} {join} {last}", first.join(", ")),
    }
}

fn bin_lines<T>(bins: &Bins<T>, end: impl Fn(&T) -> String) -> Vec<String> {
    let mut lines = Vec::new();
    let mut lower: Option<String> = None;
    for (upper, points) in &bins.below {
        let upper = end(upper);
        let range = match &lower {
            None => format!("below {upper}"),
            Some(lower) => format!("from {lower} to below {upper}"),
        };
        lines.push(format!("{range}: {}", points_words(*points)));
        lower = Some(upper);
    }
    let range = lower.map_or_else(String::new, |lower| format!("from {lower}"));
    lines.push(format!("{range}: {}", points_words(bins.rest)));
    lines
}

fn signed_terms<'f>(terms: impl Iterator<Item = (String, &'f Rational)>) -> String {
    let mut said = String::new();
    for (name, factor) in terms {
        let sign = match (said.is_empty(), factor.is_negative()) {
            (true, false) => "",
            (true, true) => "-",
            (false, false) => " + ",
            (false, true) => " - ",
        };
        said.push_str(sign);
        let magnitude = factor.abs();
        if !magnitude.is_one() {
            said.push_str(&format!("{} × ", decimal(&magnitude)));
        }
        said.push_str(&name);
    }
    said
}

/// A number in decimals, to four digits where it has more.
pub(super) fn decimal(number: &Rational) -> String {
    const SHOWN: u32 = 4;
    let scaled = number * power_of_ten(SHOWN);
    if let Some(exact) =
        to_decimal_text(number).filter(|_| scaled.is_integer() || number.is_integer())
    {
        return exact;
    }
    let rounded = scaled.floor() / power_of_ten(SHOWN);
    match to_decimal_text(number) {
        Some(exact) if exact.len() <= 16 => exact,
        _ => format!("about {}", to_decimal_text(&rounded).unwrap_or_default()),
    }
}
