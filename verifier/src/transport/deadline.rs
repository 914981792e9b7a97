//! `grpc-timeout`: how long a caller waits (gRPC over HTTP/2, "Timeout").

use std::time::Duration;

use http::HeaderMap;

/// The timeout is not one of gRPC's. The caller is at fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct NotATimeout;

/// How long the caller waits, if it says so.
pub(super) fn timeout(headers: &HeaderMap) -> Result<Option<Duration>, NotATimeout> {
    let Some(value) = headers.get("grpc-timeout") else {
        return Ok(None);
    };
    let text = value.to_str().map_err(|_| NotATimeout)?;
    let (digits, unit) = text
        .split_at_checked(text.len().saturating_sub(1))
        .ok_or(NotATimeout)?;
    // At most eight digits, so that no product below overflows.
    if digits.is_empty() || digits.len() > 8 || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Err(NotATimeout);
    }
    let count: u64 = digits.parse().map_err(|_| NotATimeout)?;
    Ok(Some(match unit {
        "H" => Duration::from_secs(count * 3600),
        "M" => Duration::from_secs(count * 60),
        "S" => Duration::from_secs(count),
        "m" => Duration::from_millis(count),
        "u" => Duration::from_micros(count),
        "n" => Duration::from_nanos(count),
        _ => return Err(NotATimeout),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Option<Duration>, NotATimeout> {
        let mut headers = HeaderMap::new();
        headers.insert("grpc-timeout", text.parse().expect("a header"));
        timeout(&headers)
    }

    #[test]
    fn every_unit_and_no_other() {
        assert_eq!(timeout(&HeaderMap::new()), Ok(None));
        for (text, milliseconds) in [
            ("1H", 3_600_000),
            ("2M", 120_000),
            ("3S", 3000),
            ("00000004m", 4),
            ("5000u", 5),
            ("6000000n", 6),
            ("99999999H", 99_999_999 * 3_600_000),
        ] {
            assert_eq!(parse(text), Ok(Some(Duration::from_millis(milliseconds))));
        }
        for bad in [
            "",
            "m",
            "5",
            "123456789m",
            "-1m",
            "+1m",
            "1.5S",
            "1s",
            "1 m",
        ] {
            assert_eq!(parse(bad), Err(NotATimeout), "{bad}");
        }
    }
}
