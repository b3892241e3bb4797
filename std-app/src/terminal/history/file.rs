//! The history's file: lenient to read, safe to write
//!
//! One line of text for each line typed, oldest first. Decides nothing about what is worth
//! keeping beyond what [`super::append`] does.

use std::collections::VecDeque;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::{MAX_LINE_BYTES, append};
use crate::terminal::clean::clean;

/// More than this is not read of a file, whoever wrote it
const MAX_FILE_BYTES: u64 = 4 << 20;

/// How long to wait for another program that is writing
const PATIENCE: Duration = Duration::from_secs(1);

/// The usable lines of a file, cleaned, oldest first; none where there is no file
pub(super) fn read(path: &Path) -> io::Result<Vec<String>> {
    let mut file = match regular(path).and_then(|()| File::open(path)) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let length = file.metadata()?.len();
    let skipped = length.saturating_sub(MAX_FILE_BYTES);
    file.seek(SeekFrom::Start(skipped))?;
    let mut bytes = Vec::new();
    file.take(MAX_FILE_BYTES).read_to_end(&mut bytes)?;
    let lines = bytes
        .split(|&byte| byte == b'\n')
        // Where the beginning was skipped, the first line is a part of one.
        .skip(usize::from(skipped > 0))
        .map(|line| line.strip_suffix(b"\r").unwrap_or(line))
        .filter(|line| line.len() <= MAX_LINE_BYTES)
        .filter_map(|line| str::from_utf8(line).ok())
        .map(|line| clean(line).into_owned())
        .filter(|line| !line.trim().is_empty())
        .collect();
    Ok(lines)
}

/// Adds `new` lines to the file and cuts it to `size`; what it holds then
pub(super) fn merge<'l>(path: &Path, new: impl Iterator<Item = &'l str>, size: usize) -> io::Result<VecDeque<String>> {
    // A link is followed, so that the file it leads to is replaced and the link stays.
    let path = &fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        fs::create_dir_all(folder)?;
    }
    // Before anything beside it is made; `read` looks again.
    match regular(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let _lock = lock(path)?;
    let mut lines = VecDeque::new();
    for line in read(path)? {
        append(&mut lines, &line, size);
    }
    for line in new {
        append(&mut lines, line, size);
    }
    replace(path, &lines)?;
    Ok(lines)
}

/// Refuses what is no regular file: opening a pipe waits for its other end, and a device would be replaced by a file
fn regular(path: &Path) -> io::Result<()> {
    let kind = fs::metadata(path)?;
    if kind.is_file() {
        return Ok(());
    }
    let what = if kind.is_dir() { "is a directory" } else { "is no regular file" };
    Err(io::Error::new(io::ErrorKind::InvalidInput, format!("{} {what}, expected a file", path.display())))
}

/// Writes beside the file and renames, so that the old file is there until the new one is whole
fn replace(path: &Path, lines: &VecDeque<String>) -> io::Result<()> {
    let temporary = beside(path, ".new")?;
    let written = write(&temporary, lines).and_then(|()| fs::rename(&temporary, path));
    if written.is_err() {
        // The first error is the one to tell.
        fs::remove_file(&temporary).ok();
    }
    written
}

fn write(path: &Path, lines: &VecDeque<String>) -> io::Result<()> {
    // Only the holder of the lock writes here, so what is there was left behind by a crash.
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = private().write(true).create_new(true).open(path)?;
    let mut text = String::new();
    for line in lines {
        text.push_str(line);
        text.push('\n');
    }
    // Not synced: it happens at each line typed, and what a power cut may lose is the last few of them.
    file.write_all(text.as_bytes())
}

/// Takes the lock beside the file, waiting a moment for another program
fn lock(path: &Path) -> io::Result<Option<File>> {
    let file = private().read(true).append(true).create(true).open(beside(path, ".lock")?)?;
    let deadline = Instant::now() + PATIENCE;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(Some(file)),
            Err(TryLockError::WouldBlock) if Instant::now() < deadline => {
                std::thread::sleep(Duration::from_millis(5));
            }
            Err(TryLockError::WouldBlock) => {
                return Err(io::Error::new(io::ErrorKind::TimedOut, "another program keeps the history locked"));
            }
            // Some network file systems have no locks; the rename alone must do there.
            Err(TryLockError::Error(error)) if error.kind() == io::ErrorKind::Unsupported => {
                return Ok(None);
            }
            Err(TryLockError::Error(error)) => return Err(error),
        }
    }
}

fn beside(path: &Path, suffix: &str) -> io::Result<PathBuf> {
    let name = path
        .file_name()
        .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "the history's path names no file"))?;
    let mut name = name.to_owned();
    name.push(suffix);
    Ok(path.with_file_name(name))
}

/// What is typed is nobody else's to read
#[cfg(unix)]
fn private() -> OpenOptions {
    use std::os::unix::fs::OpenOptionsExt;

    let mut options = OpenOptions::new();
    options.mode(0o600);
    options
}

/// The folder of a user's local data is closed to others by itself
#[cfg(not(unix))]
fn private() -> OpenOptions {
    OpenOptions::new()
}
