//! Pages of lists. A page token is the place where the page before ended, in decimal.

use crate::bank::Refusal;
use crate::limits::PAGE;
use crate::store::Page;

/// The page that a caller asks for.
pub(super) fn page(size: u32, token: &str) -> Result<Page, Refusal> {
    let size = match size {
        0 => PAGE,
        size => size.min(PAGE),
    };
    let after = match token {
        "" => 0,
        token => token.parse().map_err(|_| Refusal::PageToken)?,
    };
    Ok(Page { after, size })
}

/// The token of the page after one that ended at `last`; empty where it was not full.
pub(super) fn next(page: Page, found: usize, last: Option<u64>) -> String {
    match last {
        Some(last) if found == page.size as usize => last.to_string(),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_have_bounds_and_tokens_are_ours() {
        let asked = |size, token| page(size, token).ok().map(|page| (page.after, page.size));
        assert_eq!(asked(0, ""), Some((0, PAGE)));
        assert_eq!(asked(u32::MAX, "7"), Some((7, PAGE)));
        assert_eq!(asked(2, "x"), None);
        assert_eq!(asked(2, "-1"), None);
        let two = Page { after: 0, size: 2 };
        assert_eq!(next(two, 2, Some(9)), "9");
        assert_eq!(next(two, 1, Some(9)), "");
        assert_eq!(next(two, 0, None), "");
    }
}
