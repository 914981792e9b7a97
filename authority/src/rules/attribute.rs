//! Rules for attributes: quantities of an enterprise.

use serde::{Deserialize, Serialize};

use super::{Amounts, Condition, Frequency, Kind, Kinds};

/// An attribute. Months are counted up to the end of the newest quarter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "rule", rename_all = "snake_case", deny_unknown_fields)]
pub enum AttributeRule {
    /// The day since which the enterprise's pseudonym key is registered.
    HolderSince,
    /// A fact of the register.
    Register {
        /// The fact.
        of: String,
        /// The value where the register does not say, as a person writes it. Without it, the
        /// schema's `missing`; without that too, the enterprise is left out.
        #[serde(default)]
        default: Option<String>,
    },
    /// The day of the last payment.
    LastPayment {
        /// The amounts, added up; a payment is a sum above zero.
        of: Amounts,
        /// Of which filings.
        #[serde(default)]
        kinds: Kinds,
    },
    /// The longest run of months without a payment. Months before the enterprise existed are
    /// without one.
    PaymentGap {
        /// As of `last_payment`.
        of: Amounts,
        /// Of which filings.
        #[serde(default)]
        kinds: Kinds,
        /// How many months.
        months: u32,
    },
    /// Filings that were due and are not on record.
    MissingFilings {
        /// Of which kinds together.
        #[serde(default)]
        kinds: Kinds,
        /// How many months.
        months: u32,
        /// How often one is due.
        every: Frequency,
        /// For whom one is due each quarter instead.
        #[serde(default)]
        quarterly: Option<Condition>,
    },
    /// Filings in force whose amounts are all zero, among those whose last month is in the months.
    NilFilings {
        /// The amounts.
        of: Amounts,
        /// Of which filings.
        #[serde(default)]
        kinds: Kinds,
        /// How many months.
        months: u32,
    },
    /// Quarters on record without a filing, or without any of some amounts.
    MissingQuarters {
        /// Of which filings.
        #[serde(default)]
        kinds: Kinds,
        /// The amounts; none asks for the filing only.
        #[serde(default)]
        of: Amounts,
        /// How many months.
        months: u32,
    },
    /// The first day of the first filing's time.
    FirstFiling {
        /// Of which kinds.
        #[serde(default)]
        kinds: Kinds,
    },
    /// The last day of the last filing's time, up to the newest quarter.
    LastFiling {
        /// Of which kinds.
        #[serde(default)]
        kinds: Kinds,
    },
    /// Months without an invoice. Months before the enterprise existed are without one.
    IdleInvoiceMonths {
        /// How many months.
        months: u32,
    },
    /// Σ of amounts over the filings whose last month is in the months.
    Sum {
        /// The amounts.
        of: Amounts,
        /// Of which filings.
        #[serde(default)]
        kinds: Kinds,
        /// Only of filings that are paid, where the source says so.
        #[serde(default)]
        paid: bool,
        /// How many months.
        months: u32,
    },
    /// Months in which something was paid.
    PaidMonths {
        /// As of `last_payment`.
        of: Amounts,
        /// Of which filings.
        #[serde(default)]
        kinds: Kinds,
        /// Out of how many months.
        months: u32,
    },
    /// Months from that of the last payment to the newest quarter's last, 0 where it is later;
    /// without a payment, the schema's `missing`, else its most.
    MonthsSincePayment {
        /// As of `last_payment`.
        of: Amounts,
        /// Of which filings.
        #[serde(default)]
        kinds: Kinds,
    },
    /// Σ of the months' invoices, less those that take back.
    Invoiced {
        /// How many months.
        months: u32,
    },
    /// The longest run of days without an invoice that ends in the months or is open at their end.
    InvoiceGap {
        /// How many months.
        months: u32,
    },
    /// The largest buyer's share of what was invoiced.
    TopCustomerShare {
        /// How many months.
        months: u32,
    },
    /// How many buyers there were on balance.
    Customers {
        /// How many months.
        months: u32,
    },
    /// The same for every enterprise.
    Constant {
        /// As a person writes it.
        value: String,
    },
}

impl AttributeRule {
    pub(super) const fn result(&self) -> Kind {
        match self {
            Self::HolderSince
            | Self::LastPayment { .. }
            | Self::FirstFiling { .. }
            | Self::LastFiling { .. } => Kind::Day,
            Self::Register { .. } | Self::Constant { .. } => Kind::Any,
            Self::Sum { .. } => Kind::Amount,
            Self::Invoiced { .. } => Kind::Money,
            Self::TopCustomerShare { .. } => Kind::Share,
            Self::PaymentGap { .. }
            | Self::PaidMonths { .. }
            | Self::MonthsSincePayment { .. }
            | Self::InvoiceGap { .. }
            | Self::Customers { .. }
            | Self::MissingFilings { .. }
            | Self::NilFilings { .. }
            | Self::MissingQuarters { .. }
            | Self::IdleInvoiceMonths { .. } => Kind::Count,
        }
    }

    pub(super) const fn months(&self) -> Option<u32> {
        match self {
            Self::PaymentGap { months, .. }
            | Self::Sum { months, .. }
            | Self::PaidMonths { months, .. }
            | Self::Invoiced { months }
            | Self::InvoiceGap { months }
            | Self::TopCustomerShare { months }
            | Self::Customers { months }
            | Self::MissingFilings { months, .. }
            | Self::NilFilings { months, .. }
            | Self::MissingQuarters { months, .. }
            | Self::IdleInvoiceMonths { months } => Some(*months),
            _ => None,
        }
    }

    pub(crate) fn amounts(&self) -> &[String] {
        match self {
            Self::LastPayment { of, .. }
            | Self::PaymentGap { of, .. }
            | Self::Sum { of, .. }
            | Self::PaidMonths { of, .. }
            | Self::MonthsSincePayment { of, .. }
            | Self::NilFilings { of, .. }
            | Self::MissingQuarters { of, .. } => of,
            _ => &[],
        }
    }

    pub(crate) fn kinds(&self) -> &[String] {
        match self {
            Self::LastPayment { kinds, .. }
            | Self::PaymentGap { kinds, .. }
            | Self::Sum { kinds, .. }
            | Self::PaidMonths { kinds, .. }
            | Self::MonthsSincePayment { kinds, .. }
            | Self::MissingFilings { kinds, .. }
            | Self::NilFilings { kinds, .. }
            | Self::MissingQuarters { kinds, .. }
            | Self::FirstFiling { kinds }
            | Self::LastFiling { kinds } => kinds,
            _ => &[],
        }
    }

    /// The register's facts that the rule reads.
    pub(crate) fn facts(&self) -> Option<&str> {
        match self {
            Self::Register { of, .. } => Some(of),
            Self::MissingFilings { quarterly, .. } => {
                quarterly.as_ref().map(|c| c.register.as_str())
            }
            _ => None,
        }
    }
}
