//! Synthetic enterprises: filings, register and invoices as a Chinese bureau exports them, for
//! demonstrations and tests. Nobody in them exists; their codes have valid check characters.
//!
//! The files fit the mapping `mappings/cn-tax.toml`. The same plan gives the same files.

use std::fs;
use std::io;
use std::path::Path;

use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use rand::{Rng, SeedableRng};
use taxproof_claims::amount::format_units;
use taxproof_claims::date::Date;
use taxproof_claims::period::Period;
use taxproof_claims::subject::{EnterpriseId, IdScheme, uscc_check_character};

use crate::calendar::{Month, Span, days_after};

/// What to generate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Plan {
    /// How many enterprises; their characters take turns.
    pub enterprises: u32,
    /// Another seed gives other figures.
    pub seed: u64,
    /// The last quarter with filings.
    pub newest: Period,
    /// Quarters of history.
    pub quarters: u32,
}

/// How an enterprise fares: what policies tell apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Character {
    /// Pays and files in time; grade A.
    Steady,
    /// Grows by about a fifth a year; grade A.
    Growing,
    /// Loses about a third a year; grade B.
    Declining,
    /// Registered two to five quarters ago; grade M.
    Young,
    /// Files late, files nil, corrects and voids; grade C.
    Irregular,
    /// Sells to one customer; grade B.
    Concentrated,
    /// Exports, with refunds of VAT; grade A.
    Exporter,
    /// Does not pay any more, and leaves filings out; grade D.
    Delinquent,
}

/// An enterprise that does not exist.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Enterprise {
    /// Its unified social credit code.
    pub id: EnterpriseId,
    /// Its name.
    pub name: String,
    /// How it fares.
    pub character: Character,
}

/// Files of a folder.
pub const FILINGS: &str = "filings.csv";
/// The register.
pub const TAXPAYERS: &str = "taxpayers.csv";
/// The invoices.
pub const INVOICES: &str = "invoices.csv";

const CHARACTERS: [Character; 8] = [
    Character::Steady,
    Character::Declining,
    Character::Growing,
    Character::Young,
    Character::Exporter,
    Character::Irregular,
    Character::Concentrated,
    Character::Delinquent,
];

const FILING_HEADER: [&str; 15] = [
    "NSRSBH", "ZSXM_DM", "SKSSQQ", "SKSSQZ", "SBQX", "NSSBRQ", "SBXH", "YSX", "YNSE", "YJSE",
    "JMSE", "YBTSE", "JKRQ", "ZFBZ", "ZFRQ",
];
const TAXPAYER_HEADER: [&str; 9] = [
    "NSRSBH", "NSRMC", "DJRQ", "HY_DM", "NSRZT_DM", "NSRLX", "XYDJ", "QJSE", "GXRQ",
];
const INVOICE_HEADER: [&str; 7] = ["FPHM", "XFSBH", "GFSBH", "KPRQ", "JE", "SE", "HZBZ"];

const VAT: &str = "10101";
const INCOME_TAX: &str = "10104";
const STAMP_DUTY: &str = "10111";

impl Plan {
    /// Eight years up to a quarter.
    pub const fn new(enterprises: u32, seed: u64, newest: Period) -> Self {
        Self {
            enterprises,
            seed,
            newest,
            quarters: 33,
        }
    }

    /// The code of an enterprise, counted from 0.
    pub fn id(&self, index: u32) -> EnterpriseId {
        id(self.seed, index)
    }

    /// Writes the three files into a folder that is there.
    ///
    /// # Errors
    /// A file cannot be written.
    pub fn write(&self, folder: &Path) -> io::Result<Vec<Enterprise>> {
        let open = |name: &str, header: &[&str]| -> io::Result<csv::Writer<fs::File>> {
            let mut writer = csv::Writer::from_path(folder.join(name))?;
            writer.write_record(header)?;
            Ok(writer)
        };
        let mut filings = open(FILINGS, &FILING_HEADER)?;
        let mut taxpayers = open(TAXPAYERS, &TAXPAYER_HEADER)?;
        let mut invoices = open(INVOICES, &INVOICE_HEADER)?;
        let mut enterprises = Vec::new();
        for index in 0..self.enterprises {
            let mut life = Life::begin(self, index);
            life.run();
            life.filings.shuffle(&mut life.rng);
            for row in &life.filings {
                filings.write_record(row)?;
            }
            taxpayers.write_record(life.taxpayer())?;
            for row in &life.invoices {
                invoices.write_record(row)?;
            }
            enterprises.push(life.enterprise);
        }
        filings.flush()?;
        taxpayers.flush()?;
        invoices.flush()?;
        Ok(enterprises)
    }
}

/// An enterprise's years.
struct Life {
    enterprise: Enterprise,
    rng: StdRng,
    registered: Date,
    months: Span,
    general: bool,
    /// Monthly sales at the end, in fen.
    scale: f64,
    industry: &'static str,
    customers: Vec<String>,
    arrears: i64,
    sequence: u32,
    filings: Vec<[String; 15]>,
    invoices: Vec<[String; 7]>,
}

/// A declaration before it is written.
struct Declaration {
    kind: &'static str,
    span: Span,
    due_on: Date,
    base: i64,
    payable: i64,
    prepaid: i64,
}

impl Life {
    fn begin(plan: &Plan, index: u32) -> Self {
        let mixed = plan.seed ^ u64::from(index).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let mut rng = StdRng::seed_from_u64(mixed);
        let character = CHARACTERS[index as usize % CHARACTERS.len()];
        let last = Month::last_of(plan.newest);
        let (months, registered) = if character == Character::Young {
            let months = Span::ending(last, rng.gen_range(6..=15));
            let registered = days_after(months.from.first_day(), rng.gen_range(0..20));
            (months, registered)
        } else {
            let months = Span::ending(last, 3 * plan.quarters);
            let years = Month::back(months.from, rng.gen_range(1..100));
            (months, days_after(years.first_day(), rng.gen_range(0..28)))
        };
        let general = character == Character::Exporter || rng.gen_bool(0.6);
        Self {
            enterprise: Enterprise {
                id: plan.id(index),
                name: name(&mut rng),
                character,
            },
            registered,
            months,
            general,
            scale: 10f64.powf(rng.gen_range(if general { 7.3..8.5 } else { 6.6..7.4 })),
            industry: INDUSTRIES[rng.gen_range(0..INDUSTRIES.len())],
            customers: (0..rng.gen_range(6..14))
                .map(|i| id(!plan.seed, index * 16 + i).to_string())
                .collect(),
            arrears: 0,
            sequence: 0,
            filings: Vec::new(),
            invoices: Vec::new(),
            rng,
        }
    }

    fn run(&mut self) {
        let mut quarter = 0;
        let mut year = 0;
        for month in self.months.from.until(self.months.to) {
            let sales = self.sales(month);
            self.sell(month, sales);
            quarter += sales;
            year += sales;
            if self.general {
                self.declare_vat(
                    Span {
                        from: month,
                        to: month,
                    },
                    sales,
                );
            }
            if month == Month::last_of(month.period()) {
                self.close_quarter(month, quarter);
                quarter = 0;
                if month.period().quarter() == 4 {
                    self.settle_year(month, year);
                    year = 0;
                }
            }
        }
    }

    fn sales(&mut self, month: Month) -> i64 {
        let years = f64::from(month.through(self.months.to)) / 12.0;
        let growth: f64 = match self.enterprise.character {
            Character::Growing => 1.2,
            Character::Declining => 0.67,
            _ => 1.03,
        };
        let season = if month.period().quarter() == 1 {
            0.8
        } else {
            1.07
        };
        let nil = self.enterprise.character == Character::Irregular && self.rng.gen_bool(0.2);
        if nil {
            return 0;
        }
        let noise = self.rng.gen_range(0.85..1.15);
        (self.scale * growth.powf(-years) * season * noise) as i64
    }

    /// Invoices of a month's sales; some are taken back and issued again.
    fn sell(&mut self, month: Month, sales: i64) {
        let count = if sales == 0 {
            0
        } else {
            self.rng.gen_range(3..7)
        };
        let mut rest = sales;
        for i in 0..count {
            let amount = if i + 1 == count {
                rest
            } else {
                rest / self.rng.gen_range(2..4)
            };
            rest -= amount;
            let concentrated = self.enterprise.character == Character::Concentrated;
            let buyer = if concentrated && self.rng.gen_bool(0.8) {
                0
            } else {
                self.rng.gen_range(0..self.customers.len())
            };
            let day = days_after(month.first_day(), self.rng.gen_range(0..27));
            self.invoice(day, buyer, amount);
            if self.rng.gen_bool(0.03) {
                self.invoice(days_after(day, 1), buyer, -amount);
                self.invoice(days_after(day, 1), buyer, amount);
            }
        }
    }

    fn invoice(&mut self, day: Date, buyer: usize, amount: i64) {
        let (year, ..) = day.ymd();
        // Year, region, channel, and a sequence of which the first nine digits are the seller's.
        let seller: u32 = self.enterprise.id.as_str().bytes().fold(7, |sum, byte| {
            sum.wrapping_mul(31).wrapping_add(byte.into()) % 1_000_000_000
        });
        let number = self.invoices.len();
        self.invoices.push([
            format!("{:02}331{seller:09}{number:06}", year % 100),
            self.enterprise.id.to_string(),
            self.customers[buyer].clone(),
            day.to_string(),
            yuan(amount),
            yuan(amount * 13 / 100),
            if amount < 0 { "Y" } else { "" }.to_owned(),
        ]);
    }

    fn close_quarter(&mut self, month: Month, sales: i64) {
        let span = Span::quarter(month.period());
        let span = Span {
            from: span.from.max(self.months.from),
            ..span
        };
        if !self.general {
            self.declare_vat(span, sales);
        }
        let profit = sales * 8 / 100;
        let due_on = fifteenth_after(span);
        self.declare(&Declaration {
            kind: INCOME_TAX,
            span,
            due_on,
            base: profit,
            payable: profit * 5 / 100,
            prepaid: 0,
        });
        self.declare(&Declaration {
            kind: STAMP_DUTY,
            span,
            due_on,
            base: sales,
            payable: sales * 3 / 10_000,
            prepaid: 0,
        });
    }

    /// The yearly settlement of income tax: more, or a refund of what was paid by quarter.
    fn settle_year(&mut self, december: Month, sales: i64) {
        let span = Span {
            from: december.back(11).max(self.months.from),
            to: december,
        };
        let due_on = days_after(december.last_day(), 151);
        // Not due yet at the end of the plan.
        if span.months() < 4 || due_on > self.months.to.last_day() {
            return;
        }
        let prepaid = sales * 8 / 100 * 5 / 100;
        let payable = prepaid * self.rng.gen_range(93..110) / 100;
        self.declare(&Declaration {
            kind: INCOME_TAX,
            span,
            due_on,
            base: payable * 20,
            payable,
            prepaid,
        });
    }

    fn declare_vat(&mut self, span: Span, sales: i64) {
        let refund = self.enterprise.character == Character::Exporter && self.rng.gen_bool(0.4);
        let payable = match (self.general, refund) {
            (true, false) => sales * 3 / 100,
            (true, true) => -(sales * 2 / 100),
            (false, _) => sales / 100,
        };
        self.declare(&Declaration {
            kind: VAT,
            span,
            due_on: fifteenth_after(span),
            base: sales,
            payable,
            prepaid: 0,
        });
    }

    /// Writes a declaration's versions, as its enterprise's character has it.
    fn declare(&mut self, declaration: &Declaration) {
        let recent = declaration.span.to.through(self.months.to) <= 9;
        let failing = self.enterprise.character == Character::Delinquent && recent;
        if failing && self.rng.gen_bool(0.5) {
            return;
        }
        let irregular = self.enterprise.character == Character::Irregular;
        let late = (irregular && self.rng.gen_bool(0.3)) || (failing && self.rng.gen_bool(0.5));
        let filed = if late {
            days_after(declaration.due_on, self.rng.gen_range(1..25))
        } else {
            let early = self.rng.gen_range(1..12);
            Date::from_days(declaration.due_on.days() - early).unwrap_or(declaration.due_on)
        };
        let due = declaration.payable - declaration.prepaid;
        if failing {
            self.arrears += due.max(0);
        }
        let odd = self.rng.gen_bool(if irregular { 0.15 } else { 0.03 });
        let version = Version {
            declaration,
            filed,
            paid: (!failing).then(|| days_after(filed, 1)),
            percent: 100,
            voided: None,
        };
        if !odd {
            self.write(&version);
        } else if self.rng.gen_bool(0.5) {
            // Voided, and filed again the next day.
            self.write(&Version {
                voided: Some(days_after(filed, 1)),
                percent: 130,
                ..version
            });
            self.write(&Version {
                filed: days_after(filed, 1),
                ..version
            });
        } else {
            // Corrected some weeks later.
            self.write(&Version {
                percent: 90,
                ..version
            });
            let corrected = days_after(filed, self.rng.gen_range(3..40));
            self.write(&Version {
                filed: corrected,
                ..version
            });
        }
    }

    fn write(&mut self, version: &Version<'_>) {
        self.sequence += 1;
        let declaration = version.declaration;
        let part = |amount: i64| amount / 100 * version.percent;
        let due = part(declaration.payable) - declaration.prepaid;
        self.filings.push([
            self.enterprise.id.to_string(),
            declaration.kind.to_owned(),
            declaration.span.from.first_day().to_string(),
            declaration.span.to.last_day().to_string(),
            declaration.due_on.to_string(),
            version.filed.to_string(),
            self.sequence.to_string(),
            yuan(part(declaration.base)),
            yuan(part(declaration.payable)),
            yuan(declaration.prepaid),
            yuan(0),
            yuan(due),
            version.paid.map(|d| d.to_string()).unwrap_or_default(),
            if version.voided.is_some() { "Y" } else { "N" }.to_owned(),
            version.voided.map(|d| d.to_string()).unwrap_or_default(),
        ]);
    }

    fn taxpayer(&self) -> [String; 9] {
        let (grade, status) = match self.enterprise.character {
            Character::Steady | Character::Growing | Character::Exporter => ("A", "03"),
            Character::Declining | Character::Concentrated => ("B", "03"),
            Character::Young => ("M", "03"),
            Character::Irregular => ("C", "03"),
            Character::Delinquent => ("D", "05"),
        };
        [
            self.enterprise.id.to_string(),
            self.enterprise.name.clone(),
            self.registered.to_string(),
            self.industry.to_owned(),
            status.to_owned(),
            if self.general { "1" } else { "2" }.to_owned(),
            grade.to_owned(),
            yuan(self.arrears),
            days_after(self.months.to.last_day(), 25).to_string(),
        ]
    }
}

/// A version of a declaration.
#[derive(Clone, Copy)]
struct Version<'a> {
    declaration: &'a Declaration,
    filed: Date,
    paid: Option<Date>,
    /// Of the amounts.
    percent: i64,
    voided: Option<Date>,
}

/// The 15th of the month after a span.
fn fifteenth_after(span: Span) -> Date {
    days_after(span.to.last_day(), 15)
}

fn yuan(fen: i64) -> String {
    format_units(fen.into(), 2).replace(',', "")
}

/// A unified social credit code: a Zhejiang company's, with an organisation code of GB 11714.
fn id(seed: u64, index: u32) -> EnterpriseId {
    let region = 330_100 + (index / 1_000_000) % 100;
    // A permutation of six digits, so that codes are not consecutive and none is there twice.
    let serial = (u64::from(index % 1_000_000) * 700_001 + seed % 1_000_000) % 1_000_000;
    let organisation = format!("MA{serial:06}");
    let body = format!(
        "91{region}{organisation}{}",
        organisation_check(&organisation)
    );
    let check = uscc_check_character(&body).expect("the characters are of the code's alphabet");
    IdScheme::Uscc
        .parse(&format!("{body}{check}"))
        .expect("the code ends in its check character")
}

/// The check character of an organisation code: 11 − (Σ value·weight mod 11).
fn organisation_check(code: &str) -> char {
    const WEIGHTS: [u32; 8] = [3, 7, 9, 10, 5, 8, 4, 2];
    let value = |c: char| c.to_digit(36).unwrap_or_default();
    let sum: u32 = code.chars().zip(WEIGHTS).map(|(c, w)| value(c) * w).sum();
    match 11 - sum % 11 {
        10 => 'X',
        11 => '0',
        digit => char::from(b'0' + digit as u8),
    }
}

/// Classes of GB/T 4754.
const INDUSTRIES: [&str; 8] = [
    "1751", "2927", "3484", "3825", "5131", "5281", "6513", "7281",
];

fn name(rng: &mut StdRng) -> String {
    let mut pick = |from: &[&'static str]| from[rng.gen_range(0..from.len())];
    let city = pick(&["杭州", "宁波", "温州", "绍兴", "嘉兴", "金华"]);
    let first = pick(&["华", "瑞", "恒", "嘉", "鼎", "信", "明", "德"]);
    let second = pick(&["泰", "丰", "源", "达", "盛", "诚", "远", "和"]);
    let trade = pick(&[
        "机械", "纺织", "电子", "贸易", "软件", "塑业", "五金", "物流",
    ]);
    format!("{city}{first}{second}{trade}有限公司")
}
