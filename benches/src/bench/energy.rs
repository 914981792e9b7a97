//! What a race took of energy, where the machine tells.

use std::fs;
use std::path::PathBuf;

/// The processor packages' counters of energy, where the kernel shows them.
pub(super) struct Meter(Vec<PathBuf>);

impl Meter {
    pub(super) fn find() -> Self {
        let zones = fs::read_dir("/sys/class/powercap").into_iter().flatten();
        let packages = zones.flatten().map(|zone| zone.path()).filter(|path| {
            // Subzones, which have two colons in their names, are part of their packages.
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            name.matches(':').count() == 1 && fs::read(path.join("energy_uj")).is_ok()
        });
        Self(packages.map(|path| path.join("energy_uj")).collect())
    }

    /// Joules since some time; none where there is no counter.
    pub(super) fn read(&self) -> Option<f64> {
        let counters = self.0.iter().map(|path| {
            let text = fs::read_to_string(path).ok()?;
            text.trim().parse::<f64>().ok()
        });
        let counters: Option<Vec<f64>> = counters.collect();
        counters
            .filter(|c| !c.is_empty())
            .map(|c| c.iter().sum::<f64>() * 1e-6)
    }
}
