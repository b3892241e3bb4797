//! What the system knows about a process: processor time and memory
//!
//! Processor time is that of all its threads, those that have ended too, user and system, in nanoseconds: the process'
//! clock. (The ticks of `/proc/PID/stat` are 10 ms long.)

use std::fs;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use nix::time::{ClockId, clock_getcpuclockid};
use nix::unistd::Pid;

/// How often it is asked whether a process rests
const PAUSE: Duration = Duration::from_millis(20);
/// More than this in a pause is work; what a runtime does for itself is less
const REST: Duration = Duration::from_micros(200);
/// How long work may go on after the last answer
const LIMIT: Duration = Duration::from_secs(10);

/// Bytes of a process
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Memory {
    pub(crate) rss: u64,
    pub(crate) pss: u64,
}

/// A process that is measured
#[derive(Debug)]
pub(crate) struct Process {
    id: i32,
    clock: ClockId,
}

impl Process {
    /// # Errors
    /// There is no such process.
    pub(crate) fn new(id: i32) -> anyhow::Result<Self> {
        let clock = clock_getcpuclockid(Pid::from_raw(id)).with_context(|| format!("no process {id}"))?;
        Ok(Self { id, clock })
    }

    fn cpu(&self) -> anyhow::Result<Duration> {
        // It has ended where it has no clock any more.
        Ok(self.clock.now().with_context(|| format!("process {} has ended", self.id))?.into())
    }

    /// Processor time of this program
    ///
    /// # Errors
    /// What the system says.
    pub(crate) fn own_cpu() -> anyhow::Result<Duration> {
        Ok(ClockId::CLOCK_PROCESS_CPUTIME_ID.now()?.into())
    }

    /// Its processor time once it has nothing to do
    ///
    /// # Errors
    /// It has ended, or does not come to rest.
    pub(crate) fn rested_cpu(&self) -> anyhow::Result<Duration> {
        let from = Instant::now();
        let mut last = self.cpu()?;
        loop {
            thread::sleep(PAUSE);
            let now = self.cpu()?;
            if now.saturating_sub(last) < REST {
                return Ok(now);
            }
            ensure!(
                from.elapsed() < LIMIT,
                "process {} has still something to do after {} s",
                self.id,
                LIMIT.as_secs()
            );
            last = now;
        }
    }

    /// Its memory once it has nothing to do
    ///
    /// # Errors
    /// It has ended, or may not be looked at.
    pub(crate) fn rested_memory(&self) -> anyhow::Result<Memory> {
        self.rested_cpu()?;
        let file = format!("/proc/{}/smaps_rollup", self.id);
        let text = fs::read_to_string(&file).with_context(|| format!("cannot read {file}"))?;
        memory(&text).with_context(|| format!("no Rss and Pss in {file}"))
    }
}

fn memory(text: &str) -> Option<Memory> {
    let of = |key: &str| {
        let rest = text.lines().find_map(|line| line.strip_prefix(key))?;
        Some(rest.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()? * 1_024)
    };
    Some(Memory { rss: of("Rss:")?, pss: of("Pss:")? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_read_in_bytes() {
        let text =
            "55e0-7ffd ---p 00000000 00:00 0    [rollup]\nRss:      2412 kB\nPss:       312 kB\nPss_Dirty: 9 kB\n";
        assert_eq!(memory(text), Some(Memory { rss: 2_412 * 1_024, pss: 312 * 1_024 }));
        assert_eq!(memory("Rss: 1 kB\n"), None);
    }

    #[test]
    fn own_process_has_a_clock_and_memory() {
        let own = Process::new(i32::try_from(std::process::id()).unwrap()).unwrap();
        assert!(own.rested_cpu().unwrap() > Duration::ZERO);
        assert!(own.rested_memory().unwrap().rss > 0);
    }

    #[test]
    fn process_that_has_ended_is_told() {
        let mut child = std::process::Command::new("true").spawn().unwrap();
        let id = i32::try_from(child.id()).unwrap();
        child.wait().unwrap();
        assert_eq!(Process::new(id).unwrap_err().to_string(), format!("no process {id}"));
    }
}
