//! Any target under libFuzzer: `TAXPROOF_FUZZ_TARGET` names it.

#![no_main]

use std::sync::LazyLock;

use taxproof_fuzz::Target;

static TARGET: LazyLock<&Target> = LazyLock::new(|| {
    let name = std::env::var("TAXPROOF_FUZZ_TARGET").unwrap_or_default();
    taxproof_fuzz::find(&name).unwrap_or_else(|| {
        eprintln!(
            "TAXPROOF_FUZZ_TARGET is to be one of {:?}",
            taxproof_fuzz::TARGETS
        );
        std::process::exit(2)
    })
});

libfuzzer_sys::fuzz_target!(|input: &[u8]| taxproof_fuzz::run(&TARGET, input));
