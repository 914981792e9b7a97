//! The values of a record, derived from an account by a mapping's rules as of a day.

use taxproof_claims::amount::{Value, ValueTooLarge};
use taxproof_claims::date::Date;
use taxproof_claims::period::Period;
use taxproof_claims::record::{Values, ValuesError};
use taxproof_claims::schema::{Quantity, Schema, ValueError};
use taxproof_claims::shape::Layout;

use crate::calendar::{Month, Span};
use crate::ledger::Account;
use crate::named::Found;
use crate::rules::Derivations;
use crate::taxpayer::{Fact, Facts};

mod attributes;
mod fields;
mod invoiced;
mod standing;

use fields::{Quarter, Ruled};
use invoiced::Invoiced;
use standing::Filings;

/// What records are derived by: the same for every enterprise of an epoch.
#[derive(Debug, Clone, Copy)]
pub struct Terms<'a> {
    /// What the values are.
    pub schema: &'a Schema,
    /// How they follow.
    pub derivations: &'a Derivations,
    /// How many rows there are.
    pub layout: Layout,
    /// The first row.
    pub newest: Period,
    /// The day as of which the ledger is read: what is dated later has not happened yet.
    pub as_of: Date,
}

/// An enterprise has no record: somebody must complete or correct what is known of it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Underivable {
    /// The register does not say, and neither schema nor mapping has a value for that.
    #[error(
        "the register does not say `{0}`: the bureau completes it, or the mapping gives a default"
    )]
    Unknown(String),
    /// The register says what the schema has no code for.
    #[error("the register's `{quantity}`: {error}")]
    Fact {
        /// The attribute.
        quantity: String,
        /// What is wrong.
        error: ValueError,
    },
    /// A sum is more than a record holds.
    #[error("`{quantity}`: {error}")]
    TooLarge {
        /// The field or attribute.
        quantity: String,
        /// What it would be.
        error: ValueTooLarge,
    },
    /// A value is outside the schema's bounds.
    #[error(transparent)]
    Values(#[from] ValuesError),
    /// Two filings for one tax are about the same months and would count twice.
    #[error("two `{kind}` filings overlap, {first} and {second}: the source voids one of them")]
    Overlap {
        /// The kind.
        kind: String,
        /// The months of one.
        first: String,
        /// The months of the other.
        second: String,
    },
}

impl Terms<'_> {
    /// The values of an enterprise's record.
    ///
    /// # Errors
    /// Why there is none.
    pub fn derive(&self, account: &Account<'_>, holder_since: Date) -> Result<Values, Underivable> {
        let filings = Filings::standing(account, self.as_of);
        if let Some((kind, first, second)) = filings.overlap() {
            return Err(Underivable::Overlap {
                kind: kind.to_owned(),
                first: first.to_string(),
                second: second.to_string(),
            });
        }
        let facts = account.facts(self.as_of);
        let first = self.first_month(&filings, facts);
        let subject = Subject {
            terms: self,
            filings,
            facts,
            first,
            invoiced: Invoiced::new(account, self.as_of, self.first_day(first, facts)),
            holder_since,
        };
        subject.values()
    }

    /// The month in which the enterprise's obligations begin, or the source's history.
    fn first_month(&self, filings: &Filings<'_>, facts: Option<&Facts<'_>>) -> Option<Month> {
        let registered = self.registered(facts).and_then(Month::of);
        let first = registered.into_iter().chain(filings.first_month()).min()?;
        let history = self.derivations.periods.history_from;
        Some(history.map_or(first, |from| first.max(Month::first_of(from))))
    }

    /// The day from which days without an invoice count.
    fn first_day(&self, first: Option<Month>, facts: Option<&Facts<'_>>) -> Option<Date> {
        let registered = self.registered(facts);
        let in_first = registered.filter(|day| Month::of(*day) == first);
        Some(in_first.unwrap_or(first?.first_day()))
    }

    fn registered(&self, facts: Option<&Facts<'_>>) -> Option<Date> {
        let name = self.derivations.periods.registered.as_ref()?;
        match facts?.get(name)? {
            Fact::Day(day) => Some(*day),
            _ => None,
        }
    }
}

/// One enterprise, as the rules see it.
struct Subject<'a> {
    terms: &'a Terms<'a>,
    filings: Filings<'a>,
    facts: Option<&'a Facts<'a>>,
    first: Option<Month>,
    invoiced: Invoiced,
    holder_since: Date,
}

impl Subject<'_> {
    fn values(&self) -> Result<Values, Underivable> {
        let available = self.periods_available();
        let mut attributes = Vec::with_capacity(self.terms.schema.attributes.len());
        attributes.push(value("periods_available", available.into())?);
        for attribute in self.terms.schema.attributes.iter().skip(1) {
            attributes.push(self.attribute(attribute)?);
        }
        let rules = self.rules()?;
        let mut rows = Vec::with_capacity(available as usize);
        for period in (0..available).filter_map(|i| self.terms.newest.back(i)) {
            rows.push(self.row(&rules, period)?);
        }
        let values = Values::new(self.terms.layout, &attributes, &rows)?;
        values.check(self.terms.schema)?;
        Ok(values)
    }

    /// Quarters from the first to the newest, both counted, but no more than there are rows.
    fn periods_available(&self) -> u32 {
        let Some(first) = self.first else { return 0 };
        let quarters = (self.terms.newest.index() + 1).saturating_sub(first.period().index());
        quarters.min(u32::try_from(self.terms.layout.periods).unwrap_or(u32::MAX))
    }

    /// Each field with its rule.
    fn rules(&self) -> Result<Vec<Ruled<'_>>, Underivable> {
        let fields = &self.terms.schema.fields;
        let mut rules = Vec::with_capacity(fields.len());
        for field in fields {
            let rule = self.terms.derivations.fields.get(&field.name);
            let unknown = || Underivable::Unknown(field.name.clone());
            let rule = rule.ok_or_else(unknown)?;
            let found = rule.amounts().iter().map(|_| Found::default()).collect();
            rules.push(Ruled { field, rule, found });
        }
        Ok(rules)
    }

    fn row<'a>(&'a self, rules: &[Ruled<'a>], period: Period) -> Result<Vec<Value>, Underivable> {
        let quarter = Quarter {
            period,
            filings: self.filings.ending_within(Span::quarter(period)),
        };
        let mut row = Vec::with_capacity(rules.len());
        for ruled in rules {
            row.push(value(&ruled.field.name, self.field(ruled, &quarter)?)?);
        }
        Ok(row)
    }

    fn constant(&self, quantity: &Quantity, text: &str) -> Result<i64, Underivable> {
        let parsed = self.terms.schema.parse_value(quantity, text);
        parsed.map(Value::get).map_err(|error| Underivable::Fact {
            quantity: quantity.name.clone(),
            error,
        })
    }
}

fn value(quantity: &str, n: i128) -> Result<Value, Underivable> {
    Value::new(n).map_err(|error| Underivable::TooLarge {
        quantity: quantity.to_owned(),
        error,
    })
}

impl Derivations {
    /// The newest quarter of an epoch on a day: the last one whose filings were all due before it.
    pub fn newest_period(&self, day: Date) -> Option<Period> {
        let due = day.days() - i64::from(self.periods.deadline_days) - 1;
        let ended = Date::from_days(due)?;
        let running = Period::of(ended).ok()?;
        if running.last_day() <= ended {
            Some(running)
        } else {
            running.back(1)
        }
    }
}
