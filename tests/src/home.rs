//! A home folder of its own for each process, so that no test sees the user's files or another test's

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tempfile::TempDir;

/// A folder that is gone with its last clone
#[derive(Clone, Debug)]
pub struct Home(Arc<TempDir>);

impl Default for Home {
    fn default() -> Self {
        Self::new()
    }
}

impl Home {
    /// A new and empty one
    #[must_use]
    pub fn new() -> Self {
        Self(Arc::new(tempfile::Builder::new().prefix("slp-test-").tempdir().expect("a temporary folder")))
    }

    /// Where it is
    #[must_use]
    pub fn path(&self) -> &Path {
        self.0.path()
    }

    /// Writes a file into it and returns where it is
    #[must_use]
    pub fn file(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path().join(name);
        fs::write(&path, content).expect("a file in a temporary folder");
        path
    }

    /// What a process that lives here finds in its environment
    pub fn environment(&self) -> impl Iterator<Item = (&'static str, OsString)> {
        let folder = |name: &str| self.path().join(name).into_os_string();
        [
            ("HOME", self.path().as_os_str().to_owned()),
            ("XDG_CONFIG_HOME", folder("config")),
            ("XDG_DATA_HOME", folder("data")),
            ("XDG_STATE_HOME", folder("state")),
            ("XDG_CACHE_HOME", folder("cache")),
            ("LOCALAPPDATA", folder("local")),
            ("APPDATA", folder("roaming")),
            ("LC_ALL", "C.UTF-8".into()),
            ("TERM", "xterm-256color".into()),
            ("NO_COLOR", OsString::new()),
        ]
        .into_iter()
    }
}
