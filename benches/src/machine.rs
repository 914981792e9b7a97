//! Which machine it was, and how busy.

use std::fs;
use std::process::Command;

use serde::Serialize;

/// What a reader must know of the machine to compare.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Machine {
    cpu: String,
    cores: usize,
    ifma: bool,
    avx2: bool,
    memory_bytes: Option<u64>,
    kernel: Option<String>,
    governor: Option<String>,
    rustc: &'static str,
    commit: Option<String>,
    /// Runnable processes in the last minute, before and after: above the number of cores, others
    /// used them too.
    load_before: Option<f64>,
    load_after: Option<f64>,
}

impl Machine {
    pub(crate) fn look() -> Self {
        let cpuinfo = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let field = |name: &str| {
            let line = cpuinfo.lines().find(|line| line.starts_with(name))?;
            Some(line.split_once(':')?.1.trim().to_owned())
        };
        let text = |path: &str| Some(fs::read_to_string(path).ok()?.trim().to_owned());
        let memory = fs::read_to_string("/proc/meminfo").unwrap_or_default();
        Self {
            cpu: field("model name").unwrap_or_else(|| std::env::consts::ARCH.to_owned()),
            cores: std::thread::available_parallelism().map_or(1, usize::from),
            ifma: taxproof_engine::Kernels::ifma().is_some(),
            avx2: taxproof_engine::Kernels::avx2().is_some(),
            memory_bytes: kilobytes(&memory, "MemTotal:"),
            kernel: text("/proc/sys/kernel/osrelease"),
            governor: text("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"),
            rustc: env!("RUSTC_VERSION"),
            commit: commit(),
            load_before: load(),
            load_after: None,
        }
    }

    pub(crate) fn look_again(&mut self) {
        self.load_after = load();
    }

    /// Names and values, for people.
    pub(crate) fn lines(&self) -> Vec<(&'static str, String)> {
        let known =
            |value: &Option<String>| value.clone().unwrap_or_else(|| "not known".to_owned());
        let has = |it: bool| if it { "yes" } else { "no" }.to_owned();
        let load = |load: Option<f64>| load.map_or("not known".to_owned(), |l| format!("{l:.1}"));
        vec![
            ("processor", self.cpu.clone()),
            ("cores", self.cores.to_string()),
            ("AVX512-IFMA", has(self.ifma)),
            ("AVX2", has(self.avx2)),
            ("kernel", known(&self.kernel)),
            ("governor", known(&self.governor)),
            ("compiler", self.rustc.to_owned()),
            ("commit", known(&self.commit)),
            (
                "load before and after",
                format!("{}, {}", load(self.load_before), load(self.load_after)),
            ),
        ]
    }
}

fn load() -> Option<f64> {
    let text = fs::read_to_string("/proc/loadavg").ok()?;
    text.split(' ').next()?.parse().ok()
}

/// The commit of the folder that the command runs in, with a `+` where files have changed.
fn commit() -> Option<String> {
    let git = |arguments: &[&str]| {
        let output = Command::new("git").args(arguments).output().ok()?;
        let text = String::from_utf8(output.stdout).ok()?;
        output.status.success().then(|| text.trim().to_owned())
    };
    let commit = git(&["rev-parse", "--short=12", "HEAD"])?;
    let changed = git(&["status", "--porcelain", "--untracked-files=no"])?;
    Some(if changed.is_empty() {
        commit
    } else {
        commit + "+"
    })
}

fn kilobytes(text: &str, name: &str) -> Option<u64> {
    let line = text.lines().find(|line| line.starts_with(name))?;
    let number = line.split_whitespace().nth(1)?;
    Some(number.parse::<u64>().ok()? * 1024)
}

/// Forgets the most memory that this process has taken so far.
pub(crate) fn forget_peak() {
    // Where this is not allowed, the figure is that of the whole run, an upper bound.
    let _ = fs::write("/proc/self/clear_refs", "5");
}

/// The most memory that this process has taken, in bytes.
pub(crate) fn peak() -> Option<u64> {
    kilobytes(&fs::read_to_string("/proc/self/status").ok()?, "VmHWM:")
}

/// Seconds that this process has computed so far, on all cores, for itself and in the kernel.
pub(crate) fn cpu_seconds() -> Option<f64> {
    let stat = fs::read_to_string("/proc/self/stat").ok()?;
    // The name, in parentheses, may have blanks in it.
    let (_, after_name) = stat.rsplit_once(')')?;
    let mut times = after_name.split_whitespace().skip(UTIME);
    let mut ticks = || times.next()?.parse::<u64>().ok();
    Some((ticks()? + ticks()?) as f64 / TICKS)
}

/// Which of the numbers after the name is the first of the two times.
const UTIME: usize = 11;
/// What Linux counts a second as, for programs.
const TICKS: f64 = 100.0;

/// The memory that a process and its descendants take, in bytes.
pub(crate) fn memory_of_family(process: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let own = kilobytes(&status, "VmRSS:")?;
    let children = fs::read_to_string(format!("/proc/{process}/task/{process}/children"));
    let children = children.unwrap_or_default();
    let children = children.split_whitespace().filter_map(|id| id.parse().ok());
    Some(own + children.filter_map(memory_of_family).sum::<u64>())
}
