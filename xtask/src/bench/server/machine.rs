//! The machine that is measured on, and its limits
//!
//! What cannot be read is told as unknown: it explains numbers and decides nothing.

use std::fs;

use crate::cmd::Cmd;

/// Descriptors that a process has besides its connections
const BESIDES: usize = 100;

/// Raises the limit of open descriptors for this process and all that it starts
///
/// # Errors
/// The system does not let us have enough for `connections`.
#[cfg(target_os = "linux")]
pub(super) fn raise_limit(connections: usize) -> anyhow::Result<()> {
    use anyhow::{Context as _, ensure};
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let wanted = u64::try_from(connections + BESIDES)?;
    if current.is_none_or(|current| current >= wanted) {
        return Ok(());
    }
    ensure!(
        maximum.is_none_or(|maximum| maximum >= wanted),
        "{connections} connections need {wanted} open files, and the limit is {}: see `ulimit -Hn`",
        maximum.unwrap_or_default()
    );
    setrlimit(Resource::Nofile, Rlimit { current: Some(wanted), maximum }).context("the limit of open files")
}

#[cfg(not(target_os = "linux"))]
pub(super) fn raise_limit(connections: usize) -> anyhow::Result<()> {
    anyhow::bail!("{} open files: not known how to have them here", connections + BESIDES)
}

/// What the numbers belong to
#[derive(Debug)]
pub(super) struct Machine {
    pub(super) date: String,
    pub(super) cpu: String,
    pub(super) cores: usize,
    pub(super) kernel: String,
    pub(super) rustc: String,
    /// Processes that wanted to run, on average over the last minute
    pub(super) load: String,
}

impl Machine {
    pub(super) fn read() -> Self {
        let ask = |program: &str, args: &[&str]| {
            Cmd::new(program).quiet().args(args).capture().unwrap_or_else(|_| "unknown".to_owned())
        };
        let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_else(|_| "unknown".to_owned());
        let rustc = ask("rustc", &["--version"]);
        Self {
            date: ask("date", &["-u", "+%Y-%m-%d"]),
            cpu: cpu(&fs::read_to_string("/proc/cpuinfo").unwrap_or_default()).to_owned(),
            cores: std::thread::available_parallelism().map_or(0, usize::from),
            kernel: format!("Linux {}", kernel.trim()),
            rustc: rustc.split(" (").next().unwrap_or_default().to_owned(),
            load: load(),
        }
    }
}

/// The load average of the last minute
pub(super) fn load() -> String {
    let text = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split(' ').next().filter(|text| !text.is_empty()).unwrap_or("unknown").to_owned()
}

fn cpu(info: &str) -> &str {
    let model = info.lines().find_map(|line| line.strip_prefix("model name"));
    model.and_then(|rest| rest.split_once(": ")).map_or("unknown", |(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn model_of_the_processor_is_found() {
        assert_eq!(cpu("processor\t: 0\nmodel name\t: Some CPU 3000\nstepping : 1\n"), "Some CPU 3000");
        assert_eq!(cpu(""), "unknown");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn limit_that_is_out_of_reach_is_told() {
        raise_limit(10).unwrap();
        let reason = raise_limit(usize::MAX / 2).map_err(|error| error.to_string());
        // Some systems have no limit at all.
        assert!(reason.is_ok() || reason.unwrap_err().contains("ulimit -Hn"));
    }
}
