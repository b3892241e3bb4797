//! Rules of the house that no lint knows, checked over every file of the tree
//!
//! No tool from outside is run. Each finding names file, line and rule. It looks at text only: what code means is clippy's.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;

mod links;
mod rules;

#[cfg(test)]
mod tests;

/// Folders that hold nothing of ours
const SKIPPED: &[&str] = &["target", ".git", "node_modules", "__pycache__"];

/// A text file of the tree
pub(crate) struct Text {
    /// From the root on, with `/` between folders
    name: String,
    path: PathBuf,
    content: String,
}

impl Text {
    /// Whether its name ends in a dot and `ending`
    fn ends_with(&self, ending: &str) -> bool {
        has_ending(&self.path, ending)
    }
}

fn has_ending(path: &Path, ending: &str) -> bool {
    path.extension().is_some_and(|found| found.eq_ignore_ascii_case(ending))
}

/// Everything in the tree below `root` that breaks a rule, each in one line
///
/// # Errors
///
/// When a file or folder cannot be read.
pub(crate) fn check(root: &Path) -> anyhow::Result<Vec<String>> {
    let mut files = Vec::new();
    collect(root, root, &mut files)?;
    files.sort_by(|a, b| a.name.cmp(&b.name));
    anyhow::ensure!(!files.is_empty(), "no text file below {}", root.display());
    Ok(files.iter().flat_map(|file| rules::broken(file).into_iter().chain(links::broken(file))).collect())
}

fn collect(root: &Path, folder: &Path, files: &mut Vec<Text>) -> anyhow::Result<()> {
    let context = || format!("cannot read {}", folder.display());
    for entry in fs::read_dir(folder).with_context(context)? {
        let entry = entry.with_context(context)?;
        let (path, kind) = (entry.path(), entry.file_type().with_context(context)?);
        if SKIPPED.iter().any(|skipped| entry.file_name() == *skipped) {
            continue;
        }
        if kind.is_dir() {
            collect(root, &path, files)?;
        } else if kind.is_file() {
            let bytes = fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
            // What is not UTF-8 is no text of ours: test vectors, pictures.
            if let Ok(content) = String::from_utf8(bytes) {
                let name = path.strip_prefix(root).unwrap_or(&path).to_string_lossy().replace('\\', "/");
                files.push(Text { name, path, content });
            }
        }
    }
    Ok(())
}
