//! Rules for fields: quantities of one quarter.

use serde::{Deserialize, Serialize};

use super::{Amounts, Kind, Kinds};

/// A field of one quarter. "The quarter's filings" are those in force whose last month is in it;
/// `months` looks back over the months up to the quarter's end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "rule", rename_all = "snake_case", deny_unknown_fields)]
pub enum FieldRule {
    /// Σ of amounts over the quarter's filings, or a rolling sum.
    Sum {
        /// The amounts.
        of: Amounts,
        /// Of which filings.
        #[serde(default)]
        kinds: Kinds,
        /// Only of filings that are paid, where the source says so.
        #[serde(default)]
        paid: bool,
        /// Over how many months; the quarter's three unless given.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        months: Option<u32>,
    },
    /// The number of the quarter's filings.
    Filings {
        /// Of which kinds.
        #[serde(default)]
        kinds: Kinds,
    },
    /// 1 where the quarter has a filing, else 0.
    HasFiling {
        /// Of which kinds.
        #[serde(default)]
        kinds: Kinds,
    },
    /// 1 where one of the quarter's filings states one of the amounts, else 0.
    HasAmount {
        /// The amounts.
        of: Amounts,
        /// Of which filings.
        #[serde(default)]
        kinds: Kinds,
    },
    /// How many of the quarter's filings were first filed after their deadline.
    LateFilings {
        /// Of which kinds.
        #[serde(default)]
        kinds: Kinds,
    },
    /// Months in which something was paid.
    PaidMonths {
        /// The amounts, added up; a payment is a sum above zero.
        of: Amounts,
        /// Of which filings.
        #[serde(default)]
        kinds: Kinds,
        /// Out of how many months.
        months: u32,
    },
    /// Months since the last payment up to the quarter's end; the schema's most where there is none.
    MonthsSincePayment {
        /// As of `paid_months`.
        of: Amounts,
        /// Of which filings.
        #[serde(default)]
        kinds: Kinds,
    },
    /// Σ of the quarter's invoices, less those that take back, or a rolling sum.
    Invoiced {
        /// Over how many months; the quarter's three unless given.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        months: Option<u32>,
    },
    /// The longest run of days without an invoice that ends in the quarter or is open at its end.
    InvoiceGap,
    /// The largest buyer's share of what was invoiced in the months up to the quarter's end.
    TopCustomerShare {
        /// How many months.
        months: u32,
    },
    /// How many buyers there were on balance in the months up to the quarter's end.
    Customers {
        /// How many months.
        months: u32,
    },
    /// The same for every quarter on record.
    Constant {
        /// As a person writes it.
        value: String,
    },
}

impl FieldRule {
    pub(super) const fn result(&self) -> Kind {
        match self {
            Self::Sum { .. } => Kind::Amount,
            Self::Filings { .. }
            | Self::HasFiling { .. }
            | Self::HasAmount { .. }
            | Self::LateFilings { .. }
            | Self::PaidMonths { .. }
            | Self::MonthsSincePayment { .. }
            | Self::Customers { .. }
            | Self::InvoiceGap => Kind::Count,
            Self::Invoiced { .. } => Kind::Money,
            Self::TopCustomerShare { .. } => Kind::Share,
            Self::Constant { .. } => Kind::Any,
        }
    }

    pub(super) const fn months(&self) -> Option<u32> {
        match self {
            Self::TopCustomerShare { months }
            | Self::Customers { months }
            | Self::PaidMonths { months, .. } => Some(*months),
            Self::Sum { months, .. } | Self::Invoiced { months } => *months,
            _ => None,
        }
    }

    pub(crate) fn amounts(&self) -> &[String] {
        match self {
            Self::Sum { of, .. }
            | Self::HasAmount { of, .. }
            | Self::PaidMonths { of, .. }
            | Self::MonthsSincePayment { of, .. } => of,
            _ => &[],
        }
    }

    pub(crate) fn kinds(&self) -> &[String] {
        match self {
            Self::Sum { kinds, .. }
            | Self::Filings { kinds }
            | Self::HasFiling { kinds }
            | Self::HasAmount { kinds, .. }
            | Self::PaidMonths { kinds, .. }
            | Self::MonthsSincePayment { kinds, .. }
            | Self::LateFilings { kinds } => kinds,
            _ => &[],
        }
    }
}
