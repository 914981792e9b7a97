//! A scorecard's variables and their bins.

use super::Reader;
use super::texts::{ago, points, required_points, table_name, young_firms};
use crate::policy::error::Problem;
use crate::policy::exact::Rational;
use crate::policy::expression::Ago;
use crate::policy::rule::{Bins, Figure, Measure, Measured, Variable, YoungFirms};
use crate::policy::table::Table;
use crate::schema::Quantity;
use crate::shape::BIN_THRESHOLDS;

impl Reader<'_> {
    pub(super) fn variable(&self, table: &mut Table<'_>) -> Option<Variable> {
        let name = table_name(table, "variable");
        let mut young = YoungFirms::Fail;
        let mut can_be_missing = true;
        let measured = match table.one_of(&MEASURES) {
            Some("attribute") => {
                let found = self.attribute_of(table);
                table.expect_keys(&["bins"]);
                can_be_missing = found.is_none_or(|(_, quantity)| quantity.missing.is_some());
                found.and_then(|(attribute, quantity)| {
                    self.attribute_variable(table, attribute, quantity)
                })
            }
            Some(kind) => {
                let figure = self.figure(table, kind);
                young = young_firms(table);
                let measure = figure.as_ref().map_or(&Measure::Ratio, Figure::measure);
                let bins = self.bins(table, |table, key| {
                    self.threshold(table, key, measure)?.as_constant().cloned()
                });
                figure
                    .zip(bins)
                    .map(|(figure, bins)| Measured::Figure { figure, bins })
            }
            None => {
                let why = "a variable measures something: `total`, `average`, `growth`, `ratio` or \
                           `attribute`";
                table.report_here(Problem::Inconsistent(why));
                None
            }
        };
        let missing = match can_be_missing {
            true => table.required("missing").and(points(table, "missing")),
            false => Some(points(table, "missing").unwrap_or(0)),
        };
        table.finish();
        Some(Variable {
            name: name?,
            measured: measured?,
            young_firms: young,
            missing: missing?,
        })
    }

    fn attribute_variable(
        &self,
        table: &Table<'_>,
        attribute: usize,
        quantity: &Quantity,
    ) -> Option<Measured> {
        match Measure::of(quantity) {
            None => self.code_bins(table, attribute, quantity),
            Some(Measure::Date) => {
                let bins = self.bins(table, ago)?;
                Some(Measured::Age { attribute, bins })
            }
            Some(measure) => {
                let bins = self.bins(table, |table, key| {
                    self.threshold(table, key, &measure)?.as_constant().cloned()
                })?;
                Some(Measured::Attribute { attribute, bins })
            }
        }
    }

    fn bins<T: Comparable>(
        &self,
        table: &Table<'_>,
        end: impl Fn(&Table<'_>, &'static str) -> Option<T>,
    ) -> Option<Bins<T>> {
        let tables = bin_tables(table)?;
        let (last, others) = tables.split_last()?;
        let mut below: Vec<(T, i32)> = Vec::new();
        for bin in others {
            let upper = bin.required("below").and_then(|_| end(bin, "below"));
            let points = required_points(bin);
            bin.finish();
            let (upper, points) = (upper?, points?);
            if below
                .last()
                .is_some_and(|(previous, _)| !previous.is_below(&upper))
            {
                let why = "bins ascend: each is below a greater number than the one before";
                bin.report("below", Problem::Inconsistent(why));
                return None;
            }
            below.push((upper, points));
        }
        let rest = required_points(last);
        last.finish();
        Some(Bins { below, rest: rest? })
    }

    fn code_bins(&self, table: &Table<'_>, attribute: usize, q: &Quantity) -> Option<Measured> {
        let tables = bin_tables(table)?;
        let (last, others) = tables.split_last()?;
        let mut bins: Vec<(Vec<i64>, i32)> = Vec::new();
        for bin in others {
            let codes = bin
                .required("one_of")
                .and_then(|_| self.codes(bin, "one_of", q));
            let points = required_points(bin);
            bin.finish();
            let (codes, points) = (codes?, points?);
            if bins
                .iter()
                .any(|(earlier, _)| earlier.iter().any(|code| codes.contains(code)))
            {
                bin.report("one_of", Problem::Inconsistent("a code is in one bin only"));
                return None;
            }
            bins.push((codes, points));
        }
        let other = required_points(last);
        last.finish();
        Some(Measured::Codes {
            attribute,
            bins,
            other: other?,
        })
    }
}

/// Ends of bins, which ascend.
trait Comparable {
    fn is_below(&self, other: &Self) -> bool;
}

impl Comparable for Rational {
    fn is_below(&self, other: &Self) -> bool {
        self < other
    }
}

impl Comparable for Ago {
    fn is_below(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Months(a), Self::Months(b)) | (Self::Days(a), Self::Days(b)) => a < b,
            // Whether 3 months are more than 90 days depends on the date.
            _ => false,
        }
    }
}

fn bin_tables<'a>(table: &Table<'a>) -> Option<Vec<Table<'a>>> {
    table.required("bins")?;
    let tables = table.tables("bins");
    if !(2..=BIN_THRESHOLDS + 1).contains(&tables.len()) {
        let why = "a variable has 2 to 10 bins, the last without an upper end";
        table.report("bins", Problem::Inconsistent(why));
        return None;
    }
    Some(tables)
}

/// What a variable can measure.
const MEASURES: [&str; 5] = ["total", "average", "growth", "ratio", "attribute"];
