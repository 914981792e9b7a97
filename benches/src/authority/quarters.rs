//! Amounts by quarter: a row a quarter with a record's eight fields as they are, and a row of the
//! register. It is the least that an authority can be told, where [`taxproof_authority::synthetic`] makes
//! up the declarations and invoices from which fields follow.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use taxproof_authority::synthetic::{FILINGS, Plan, TAXPAYERS};
use taxproof_claims::period::Period;
use taxproof_claims::subject::EnterpriseId;

/// What records of it are.
pub(super) const SCHEMA: &str = include_str!("quarters-schema.toml");
/// The mapping of the two files.
pub(super) const MAPPING: &str = include_str!("quarters.toml");

/// Writes both files into a folder that is there.
pub(super) fn write(plan: &Plan, folder: &Path) -> io::Result<Vec<EnterpriseId>> {
    let open = |name| {
        let file = File::create(folder.join(name));
        file.map(|file| BufWriter::with_capacity(1 << 20, file))
    };
    let mut amounts = open(FILINGS)?;
    let mut register = open(TAXPAYERS)?;
    writeln!(amounts, "NSRSBH,JD,ZZS,QYSDS,QTS,XSE,KPJE,CKE,GZ,TSE")?;
    writeln!(register, "NSRSBH,DJRQ,QJSE,GXRQ")?;
    let mut rng = StdRng::seed_from_u64(plan.seed);
    let first = (plan.newest.index() + 1).saturating_sub(plan.quarters);
    let quarters: Vec<Period> = (first..=plan.newest.index())
        .filter_map(|index| Period::from_index(index).ok())
        .collect();
    let ids: Vec<EnterpriseId> = (0..plan.enterprises).map(|i| plan.id(i)).collect();
    for id in &ids {
        for quarter in &quarters {
            write_quarter(&mut amounts, id, *quarter, &mut rng)?;
        }
        let day = rng.gen_range(1..29);
        writeln!(register, "{id},2015-03-{day:02},0.00,2026-10-25")?;
    }
    amounts.flush()?;
    register.flush()?;
    Ok(ids)
}

fn write_quarter(
    to: &mut impl Write,
    id: &EnterpriseId,
    quarter: Period,
    rng: &mut StdRng,
) -> io::Result<()> {
    write!(to, "{id},{quarter}")?;
    let sales: u64 = rng.gen_range(10_000_000..1_000_000_000);
    let (vat, income_tax, others) = (sales * 3 / 100, sales / 250, sales * 3 / 10_000);
    let (exports, wages, refunds) = (sales / 7, sales / 11, sales / 90);
    for fen in [
        vat, income_tax, others, sales, sales, exports, wages, refunds,
    ] {
        write!(to, ",{}.{:02}", fen / 100, fen % 100)?;
    }
    writeln!(to)
}
