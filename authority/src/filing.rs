//! Filings: one version of what an enterprise declared for one tax and one span of months.

mod encoding;

use std::borrow::Cow;

use taxproof_claims::amount::Value;
use taxproof_claims::date::Date;
use taxproof_claims::period::Period;
use taxproof_claims::schema::Schema;

use crate::calendar::{Month, Span, days_after};
use crate::mapping::{
    AmountColumn, Blank, DayColumn, FilingSource, LongFiling, Measure, Negative, PeriodColumns,
    Sign,
};
use crate::named::Named;
use crate::report::Reason;
use crate::table::{Refused, Row};

/// A version of a filing, without whether it was voided since. Versions are ordered by kind, tax,
/// span, day and sequence.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Filing<'a> {
    /// The kind of filing, as rules name it.
    pub kind: Cow<'a, str>,
    /// The tax, as the source names it: one kind may stand for several taxes.
    pub tax: Cow<'a, str>,
    /// The months that it is about.
    pub span: Span,
    /// The day of filing, where the source says it.
    pub filed_on: Option<Date>,
    /// What orders versions of one day, where the source has it.
    pub sequence: Option<i64>,
    /// The last day on which it was in time, where that is known.
    pub deadline: Option<Date>,
    /// Whether and when it was paid.
    pub payment: Payment,
    /// The amounts that it states, in smallest units, by name.
    pub amounts: Named<'a, Value>,
}

/// Whether and when a filing was paid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Payment {
    /// The source does not say: it counts as paid when it was first filed.
    AsFiled,
    /// Paid on a day.
    On(Date),
    /// Not paid.
    Unpaid,
}

/// Whether a version was voided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Voiding {
    /// It stands.
    Stands,
    /// Voided on a day.
    On(Date),
    /// Voided, nobody says when.
    Always,
}

impl Voiding {
    /// What holds when one row says one thing and another row of the same version another: voiding
    /// is not taken back.
    pub fn merge(self, other: Self) -> Self {
        match (self, other) {
            (Self::Always, _) | (_, Self::Always) => Self::Always,
            (Self::Stands, voiding) | (voiding, Self::Stands) => voiding,
            (Self::On(a), Self::On(b)) => Self::On(a.min(b)),
        }
    }

    /// Whether the version stands on a day.
    pub fn stands(self, day: Date) -> bool {
        match self {
            Self::Stands => true,
            Self::On(voided) => voided > day,
            Self::Always => false,
        }
    }
}

impl Filing<'_> {
    /// Σ of some amounts; those that it does not state add nothing.
    pub fn sum(&self, of: &[String]) -> i128 {
        let stated = of.iter().filter_map(|name| self.amounts.get(name));
        stated.map(|v| i128::from(v.get())).sum()
    }

    /// Whether two versions are of one filing: for one tax and one span.
    pub fn is_version_of(&self, other: &Filing<'_>) -> bool {
        self.is_of_tax_of(other) && self.span == other.span
    }

    /// Whether two filings are for one tax.
    pub fn is_of_tax_of(&self, other: &Filing<'_>) -> bool {
        (&self.kind, &self.tax) == (&other.kind, &other.tax)
    }

    /// What orders the versions of a filing.
    pub const fn order(&self) -> (Option<Date>, Option<i64>) {
        (self.filed_on, self.sequence)
    }
}

impl FilingSource {
    /// The columns that it reads, in that order.
    pub(crate) fn columns(&self) -> Vec<&str> {
        let voided = self.voided.iter();
        let voided = voided.flat_map(|v| [v.column.as_str()].into_iter().chain(day(&v.on)));
        let amounts = self.amounts.values().map(|a| a.column.as_str());
        let enterprise = self.enterprise.column().into_iter();
        enterprise
            .chain(self.period.columns())
            .chain(self.kind.column.as_deref())
            .chain(amounts)
            .chain(day(&self.paid_on))
            .chain(day(&self.filed_on))
            .chain(self.sequence.as_deref())
            .chain(day(&self.deadline))
            .chain(voided)
            .collect()
    }

    /// Reads a row of a known enterprise; `None` where it is no filing at all.
    pub(crate) fn read<'a>(
        &'a self,
        row: &'a Row<'_>,
        schema: &Schema,
    ) -> Result<Option<(Filing<'a>, Voiding)>, Refused> {
        let span = self.span(row)?;
        let (kind, tax) = self.kind(row)?;
        let Some(amounts) = self.amounts(row, schema)? else {
            return Ok(None);
        };
        let paid = self.paid_on.as_ref().map(|c| row.day(&c.column, &c.format));
        let filing = Filing {
            kind,
            tax,
            span,
            payment: match paid.transpose()? {
                None => Payment::AsFiled,
                Some(None) => Payment::Unpaid,
                Some(Some(day)) => Payment::On(day),
            },
            filed_on: row.needed_day(self.filed_on.as_ref())?,
            sequence: self.sequence(row)?,
            deadline: self.deadline(row, span)?,
            amounts,
        };
        Ok(Some((filing, self.voiding(row)?)))
    }

    fn span(&self, row: &Row<'_>) -> Result<Span, Refused> {
        let (span, column) = self.period.read(row)?;
        let within = span.from.period() == span.to.period();
        match self.longer_than_quarter {
            LongFiling::LastQuarter => Ok(span),
            LongFiling::Refuse if within => Ok(span),
            LongFiling::Refuse => {
                let reason = Reason::NotWithinQuarter(span.to_string());
                Err(Refused::cell(column, reason))
            }
        }
    }

    /// The kind of filing, and the tax as the source names it.
    fn kind<'a>(&'a self, row: &'a Row<'_>) -> Result<(Cow<'a, str>, Cow<'a, str>), Refused> {
        let Some(column) = &self.kind.column else {
            let constant = self.kind.constant.as_deref().unwrap_or_default();
            return Ok((constant.into(), constant.into()));
        };
        let text = row.filled(column)?;
        match self.kind.resolve(&text) {
            Some(kind) => Ok((kind, text)),
            None => {
                let reason = Reason::UnknownName(text.into_owned());
                Err(Refused::cell(column, reason))
            }
        }
    }

    fn sequence(&self, row: &Row<'_>) -> Result<Option<i64>, Refused> {
        let Some(column) = &self.sequence else {
            return Ok(None);
        };
        let text = row.filled(column)?;
        match text.parse() {
            Ok(sequence) => Ok(Some(sequence)),
            Err(_) => {
                let (text, example) = (text.into_owned(), "17".to_owned());
                let reason = crate::number::NumberError::Malformed { text, example };
                Err(Refused::cell(column, reason))
            }
        }
    }

    fn deadline(&self, row: &Row<'_>, span: Span) -> Result<Option<Date>, Refused> {
        let stated = match &self.deadline {
            Some(column) => row.day(&column.column, &column.format)?,
            None => None,
        };
        let by_rule = self
            .deadline_days
            .map(|days| days_after(span.to.last_day(), days));
        match (stated.or(by_rule), &self.deadline) {
            (None, Some(column)) => Err(Refused::cell(&column.column, Reason::Blank)),
            (deadline, _) => Ok(deadline),
        }
    }

    fn voiding(&self, row: &Row<'_>) -> Result<Voiding, Refused> {
        let Some(voided) = &self.voided else {
            return Ok(Voiding::Stands);
        };
        let flag = row.text(&voided.column)?;
        let on = voided.on.as_ref().map(|c| row.day(&c.column, &c.format));
        let is_voided = voided.values.iter().any(|value| **value == *flag);
        match (is_voided, on.transpose()?.flatten()) {
            (true, None) => Ok(Voiding::Always),
            (true, Some(day)) => Ok(Voiding::On(day)),
            (false, Some(_)) => Err(Refused::cell(&voided.column, Reason::VoidedWithoutFlag)),
            (false, None) => match &voided.valid {
                Some(valid) if valid.iter().all(|value| **value != *flag) => {
                    let reason = Reason::Flag(flag.into_owned());
                    Err(Refused::cell(&voided.column, reason))
                }
                _ => Ok(Voiding::Stands),
            },
        }
    }

    /// The amounts; `None` where a blank one says that the row is no filing.
    fn amounts(&self, row: &Row<'_>, schema: &Schema) -> Result<Option<Named<'_, Value>>, Refused> {
        let mut amounts = Vec::with_capacity(self.amounts.len());
        for (name, amount) in &self.amounts {
            match (self.amount(row, amount, schema)?, amount.blank) {
                (Some(value), _) => amounts.push((name.as_str(), value)),
                (None, Blank::Zero) => amounts.push((name.as_str(), Value::ZERO)),
                (None, Blank::Absent) => {}
                (None, Blank::NoFiling) => return Ok(None),
                (None, Blank::Refuse) => {
                    return Err(Refused::cell(&amount.column, Reason::Blank));
                }
            }
        }
        Ok(Some(amounts.into_iter().collect()))
    }

    fn amount(
        &self,
        row: &Row<'_>,
        amount: &AmountColumn,
        schema: &Schema,
    ) -> Result<Option<Value>, Refused> {
        let format = amount.numbers.as_ref().unwrap_or(&self.numbers);
        let digits = match amount.measure {
            Measure::Money => schema.currency_digits,
            Measure::Count => 0,
        };
        let Some(value) = row.number(&amount.column, format, digits)? else {
            return Ok(None);
        };
        let value = match amount.sign {
            Sign::Plus => value,
            Sign::Minus => negated(value),
        };
        if value >= Value::ZERO {
            return Ok(Some(value));
        }
        match amount.negative {
            Negative::Keep => Ok(Some(value)),
            Negative::Zero => Ok(Some(Value::ZERO)),
            Negative::Refuse => {
                let text = row.text(&amount.column)?;
                Err(Refused::cell(
                    &amount.column,
                    Reason::Negative(text.into_owned()),
                ))
            }
        }
    }
}

impl PeriodColumns {
    fn columns(&self) -> Vec<&str> {
        match self {
            Self::Quarter { year, quarter } => vec![year, quarter],
            Self::Month { year, month } => vec![year, month],
            Self::Label { label } => vec![label],
            Self::Days { from, to, .. } => vec![from, to],
            Self::End { end, .. } => vec![end],
        }
    }

    /// The span of a row, and the column to name where it does not do.
    fn read(&self, row: &Row<'_>) -> Result<(Span, &str), Refused> {
        match self {
            Self::Quarter { year, quarter } => {
                let (y, q) = (row.filled(year)?, row.filled(quarter)?);
                let period = y.parse().ok().zip(q.parse().ok());
                let period = period.and_then(|(y, q)| Period::new(y, q).ok());
                let span = period.map(Span::quarter);
                let refused = || Refused::cell(quarter, Reason::Period(format!("{y} {q}")));
                Ok((span.ok_or_else(refused)?, quarter))
            }
            Self::Month { year, month } => {
                let (y, m) = (row.filled(year)?, row.filled(month)?);
                let read = y.parse().ok().zip(m.parse().ok());
                let read = read.and_then(|(y, m)| Month::new(y, m));
                let span = read.map(|to| Span { from: to, to });
                let refused = || Refused::cell(month, Reason::Period(format!("{y} {m}")));
                Ok((span.ok_or_else(refused)?, month))
            }
            Self::Label { label } => {
                let text = row.filled(label)?;
                let period: Option<Period> = text.parse().ok();
                let span = period.map(Span::quarter);
                let refused = || Refused::cell(label, Reason::Period(text.into_owned()));
                Ok((span.ok_or_else(refused)?, label))
            }
            Self::Days { from, to, format } => {
                let (first, last) = (needed(row, from, format)?, needed(row, to, format)?);
                let reason = || Reason::Span(first.to_string(), last.to_string());
                let span = Span::of_days(first, last);
                Ok((span.ok_or_else(|| Refused::cell(to, reason()))?, to))
            }
            Self::End {
                end,
                months,
                format,
            } => {
                let last = needed(row, end, format)?;
                let month = Month::of(last).filter(|m| m.last_day() == last);
                let span = month.map(|to| Span::ending(to, *months));
                let refused = || Refused::cell(end, Reason::Period(last.to_string()));
                Ok((span.ok_or_else(refused)?, end))
            }
        }
    }
}

fn day(column: &Option<DayColumn>) -> Option<&str> {
    column.as_ref().map(|day| day.column.as_str())
}

fn needed(row: &Row<'_>, column: &str, format: &str) -> Result<Date, Refused> {
    row.day(column, format)?
        .ok_or_else(|| Refused::cell(column, Reason::Blank))
}

pub(crate) fn negated(value: Value) -> Value {
    Value::try_from(-value.get()).expect("values are bounded in absolute value")
}
