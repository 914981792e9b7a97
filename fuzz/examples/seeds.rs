//! Writes the seeds of every target that has no committed input yet to `fuzz/seeds`.

use std::path::Path;

fn main() -> std::io::Result<()> {
    for target in taxproof_fuzz::TARGETS {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("seeds")
            .join(target.name);
        if folder.exists() {
            continue;
        }
        std::fs::create_dir_all(&folder)?;
        for (i, seed) in (target.seeds)().iter().enumerate() {
            std::fs::write(folder.join(format!("seed-{i:02}")), seed)?;
        }
    }
    Ok(())
}
