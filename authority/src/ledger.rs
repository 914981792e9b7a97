//! The ledger: every version of every filing, the register's facts and the invoices, by enterprise.
//!
//! Nothing is ever taken out: a record is derived from what is on the ledger as of a day. Its
//! content does not depend on the order in which files were ingested, but for two rows of the
//! register for one enterprise and one day, of which the one read last holds.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, Write};

use serde::{Deserialize, Serialize};
use taxproof_claims::date::Date;
use taxproof_claims::schema::Schema;
use taxproof_claims::subject::EnterpriseId;

use crate::filing::{Filing, Voiding};
use crate::invoice::Invoice;
use crate::taxpayer::Facts;

/// Everything on record, by enterprise.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ledger {
    accounts: BTreeMap<EnterpriseId, Account>,
}

/// What is on record of one enterprise.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Account {
    #[serde(with = "pairs")]
    filings: BTreeMap<Filing, Voiding>,
    register: BTreeMap<Date, Facts>,
    invoices: BTreeSet<Invoice>,
}

/// What became of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Posting {
    /// It is on record now.
    New,
    /// It was on record already.
    Duplicate,
    /// It is on record now, beside another from which nothing tells it apart in time.
    Ambiguous,
}

/// A line of the ledger's file does not read.
#[derive(Debug, thiserror::Error)]
#[error("line {line} is damaged: {detail}")]
pub struct DamagedLine {
    /// From 1.
    pub line: usize,
    /// What is wrong with it.
    pub detail: String,
}

const FORMAT: &str = "taxproof/ledger/1";

#[derive(Serialize, Deserialize)]
struct Line<A> {
    id: String,
    account: A,
}

impl Ledger {
    /// How many enterprises are on record.
    pub fn len(&self) -> usize {
        self.accounts.len()
    }

    /// Whether nothing is on record.
    pub fn is_empty(&self) -> bool {
        self.accounts.is_empty()
    }

    /// An enterprise's account.
    pub fn account(&self, id: &EnterpriseId) -> Option<&Account> {
        self.accounts.get(id)
    }

    /// Every account.
    pub fn accounts(&self) -> impl Iterator<Item = (&EnterpriseId, &Account)> {
        self.accounts.iter()
    }

    /// An enterprise's account, begun if there is none.
    pub fn open_account(&mut self, id: EnterpriseId) -> &mut Account {
        self.accounts.entry(id).or_default()
    }

    /// Writes the ledger: a line with its format and how many accounts there are, then one of JSON
    /// an account.
    ///
    /// # Errors
    /// The writer's.
    pub fn write(&self, mut writer: impl Write) -> std::io::Result<()> {
        writeln!(writer, "{FORMAT} {}", self.accounts.len())?;
        for (id, account) in &self.accounts {
            let id = id.as_str().to_owned();
            serde_json::to_writer(&mut writer, &Line { id, account })?;
            writer.write_all(b"\n")?;
        }
        writer.flush()
    }

    /// Reads what [`Self::write`] wrote.
    ///
    /// # Errors
    /// The first line that does not read.
    pub fn read(reader: impl BufRead, schema: &Schema) -> Result<Self, DamagedLine> {
        let damaged = |line, detail: String| DamagedLine { line, detail };
        let mut lines = reader.lines();
        let first = lines.next().and_then(Result::ok).unwrap_or_default();
        let count = first.strip_prefix(FORMAT).map(str::trim_start);
        let count: usize = count
            .and_then(|count| count.parse().ok())
            .ok_or_else(|| damaged(1, format!("the file is not a `{FORMAT}`")))?;
        let mut ledger = Self::default();
        for (i, line) in lines.enumerate() {
            let number = i + 2;
            let line = line.map_err(|e| damaged(number, e.to_string()))?;
            let line: Line<Account> =
                serde_json::from_str(&line).map_err(|e| damaged(number, e.to_string()))?;
            let id = schema.id_scheme.parse(&line.id);
            let id = id.map_err(|e| damaged(number, e.to_string()))?;
            ledger.accounts.insert(id, line.account);
        }
        if ledger.accounts.len() != count {
            let detail = format!("{count} accounts should be there");
            return Err(damaged(ledger.accounts.len() + 1, detail));
        }
        Ok(ledger)
    }
}

impl Account {
    /// Puts a version of a filing on record.
    pub fn file(&mut self, filing: Filing, voiding: Voiding) -> Posting {
        if let Some(known) = self.filings.get_mut(&filing) {
            let merged = known.merge(voiding);
            let posting = if merged == *known {
                Posting::Duplicate
            } else {
                Posting::New
            };
            *known = merged;
            return posting;
        }
        let mut twins = self.filings.iter().filter(|(other, other_voiding)| {
            other.is_version_of(&filing)
                && other.order() == filing.order()
                && **other_voiding == Voiding::Stands
        });
        let ambiguous = voiding == Voiding::Stands && twins.next().is_some();
        self.filings.insert(filing, voiding);
        if ambiguous {
            Posting::Ambiguous
        } else {
            Posting::New
        }
    }

    /// Puts the register's facts for a day on record.
    pub fn note(&mut self, day: Date, facts: Facts) -> Posting {
        match self.register.insert(day, facts.clone()) {
            Some(known) if known == facts => Posting::Duplicate,
            _ => Posting::New,
        }
    }

    /// Puts an invoice on record.
    pub fn invoice(&mut self, invoice: Invoice) -> Posting {
        if self.invoices.contains(&invoice) {
            return Posting::Duplicate;
        }
        let number = invoice.number.clone();
        let mut same = self.invoices.range(first_of(&number)..);
        let ambiguous = same.next().is_some_and(|other| other.number == number);
        self.invoices.insert(invoice);
        if ambiguous {
            Posting::Ambiguous
        } else {
            Posting::New
        }
    }

    /// Every version of every filing, those of one filing together, and whether it was voided.
    pub fn filings(&self) -> impl Iterator<Item = (&Filing, Voiding)> {
        self.filings.iter().map(|(f, v)| (f, *v))
    }

    /// What the register said on a day.
    pub fn facts(&self, day: Date) -> Option<&Facts> {
        self.register.range(..=day).next_back().map(|(_, f)| f)
    }

    /// The invoices that count, up to a day: one a number.
    pub fn invoices(&self, day: Date) -> impl Iterator<Item = &Invoice> {
        let mut previous: Option<&str> = None;
        let counted = self.invoices.iter().filter(move |invoice| {
            let repeated = previous == Some(&invoice.number);
            previous = Some(&invoice.number);
            !repeated
        });
        counted.filter(move |invoice| invoice.date <= day)
    }
}

/// The least invoice of a number.
fn first_of(number: &str) -> Invoice {
    Invoice {
        number: number.to_owned(),
        amount: taxproof_claims::amount::Value::try_from(-((1 << 48) - 1))
            .expect("the least value of a record"),
        date: Date::new(-9999, 1, 1).expect("the first day of the calendar"),
        buyer: String::new(),
    }
}

/// A map whose keys are no texts, as a list of pairs.
mod pairs {
    use std::collections::BTreeMap;

    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(super) fn serialize<K: Serialize, V: Serialize, S: Serializer>(
        map: &BTreeMap<K, V>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(map)
    }

    pub(super) fn deserialize<'de, K, V, D>(deserializer: D) -> Result<BTreeMap<K, V>, D::Error>
    where
        K: Deserialize<'de> + Ord,
        V: Deserialize<'de>,
        D: Deserializer<'de>,
    {
        Ok(Vec::<(K, V)>::deserialize(deserializer)?
            .into_iter()
            .collect())
    }
}
