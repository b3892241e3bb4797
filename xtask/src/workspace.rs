//! Where the workspace is and what is in it
//!
//! It reads; it builds and changes nothing.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use serde_json::Value;

use crate::cmd::Cmd;

/// The folder of the workspace's `Cargo.toml`
pub(crate) fn root() -> PathBuf {
    // Set by `cargo run`, and right after the folder was moved, which the value of compile time is not.
    let manifest =
        std::env::var_os("CARGO_MANIFEST_DIR").map_or_else(|| env!("CARGO_MANIFEST_DIR").into(), PathBuf::from);
    manifest.parent().map_or_else(|| manifest.clone(), Path::to_path_buf)
}

/// The package files and scripts of the peers written by others
pub(crate) fn peer_files() -> PathBuf {
    root().join("tests").join("peers")
}

/// The workspace of the load generator and of the servers to compare with
pub(crate) fn load_files() -> PathBuf {
    root().join("tests").join("load")
}

/// Where the peers written by others are installed
pub(crate) fn peers() -> PathBuf {
    root().join("target").join("peers")
}

/// Folders of the workspaces within this one: each is a workspace of its own for a reason that its `Cargo.toml` tells
pub(crate) fn nested() -> anyhow::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let members = ["proto-core", "std-app", "embedded-app", "xtask", "tests"].map(|member| root().join(member));
    for folder in members {
        let entries = fs::read_dir(&folder).with_context(|| format!("cannot read {}", folder.display()))?;
        for entry in entries {
            let folder = entry.with_context(|| format!("cannot read {}", folder.display()))?.path();
            let manifest = fs::read_to_string(folder.join("Cargo.toml")).unwrap_or_default();
            if manifest.lines().any(|line| line.trim() == "[workspace]") {
                found.push(folder);
            }
        }
    }
    found.sort();
    Ok(found)
}

/// The members of the workspace, as cargo tells them
pub(crate) struct Members(Value);

impl Members {
    /// Asks cargo
    pub(crate) fn read(locked: bool) -> anyhow::Result<Self> {
        let text = Cmd::cargo()
            .quiet()
            .args(["metadata", "--no-deps", "--format-version", "1"])
            .args(locked.then_some("--locked"))
            .capture()?;
        Ok(Self(serde_json::from_str(&text).context("`cargo metadata` wrote no JSON")?))
    }

    /// The features of one package, without `default`
    pub(crate) fn features(&self, package: &str) -> anyhow::Result<Vec<String>> {
        let found = self.0["packages"].as_array().into_iter().flatten().find(|member| member["name"] == package);
        let features = found.and_then(|member| member["features"].as_object());
        let features = features.with_context(|| format!("no package {package} in the workspace"))?;
        Ok(features.keys().filter(|name| *name != "default").cloned().collect())
    }
}

/// Every file at `path` or below
pub(crate) fn files_below(path: &Path) -> anyhow::Result<Vec<PathBuf>> {
    if path.is_file() {
        return Ok(vec![path.to_owned()]);
    }
    let mut files = Vec::new();
    for entry in fs::read_dir(path).with_context(|| format!("cannot read {}", path.display()))? {
        files.extend(files_below(&entry?.path())?);
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn root_holds_the_workspace() {
        let manifest = fs::read_to_string(root().join("Cargo.toml")).unwrap();
        assert!(manifest.contains("[workspace]"));
    }

    #[test]
    fn nested_workspaces_are_found() {
        assert!(nested().unwrap().contains(&root().join("proto-core").join("no-panic")));
    }

    #[test]
    fn features_are_those_of_the_package() {
        let members = Members::read(false).unwrap();
        let features = members.features("proto-core").unwrap();
        assert!(features.contains(&"testing".to_owned()), "{features:?}");
        assert!(!features.contains(&"default".to_owned()), "{features:?}");
        assert!(members.features("no-such-package").unwrap_err().to_string().contains("no-such-package"));
    }
}
