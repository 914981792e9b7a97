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

libfuzzer_sys::fuzz_target!(
    init: pass_over_contained_panics(),
    |input: &[u8]| taxproof_fuzz::run(&TARGET, input)
);

/// What panics in the library that reads Parquet is an error to ours; any other panic ends the run.
fn pass_over_contained_panics() {
    let end = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        let place = panic.location().map_or("", |place| place.file());
        if !place.contains("/parquet-") {
            end(panic);
        }
    }));
}
