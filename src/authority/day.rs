//! The days that commands are told, and the one that it is.

use anyhow::{Context as _, bail};
use taxproof_claims::date::Date;

/// A day that has come; elsewhere on Earth it may be tomorrow's. What is dated ahead cannot be taken
/// back: no epoch is before the last.
pub(super) fn not_ahead(day: Date) -> anyhow::Result<Date> {
    let today = today()?;
    if day.days() > today.days() + 1 {
        bail!("{day} is ahead: today is {today}, if this machine's clock is right");
    }
    Ok(day)
}

/// By this machine's clock, in UTC.
pub(super) fn today() -> anyhow::Result<Date> {
    let seconds = u64::try_from(jiff::Timestamp::now().as_second());
    seconds
        .ok()
        .and_then(Date::of_unix_seconds)
        .context("the clock is wrong")
}
