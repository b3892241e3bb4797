//! The history: in memory, searched, and in a file that two programs share

use std::fs;

use tempfile::tempdir;

use super::*;

fn with(lines: &[&str]) -> History {
    let mut history = History::default();
    for line in lines {
        history.push(line);
    }
    history
}

fn lines(history: &History) -> Vec<&str> {
    history.lines().collect()
}

#[test]
fn recall_goes_back_and_returns_to_the_draft() {
    let mut history = with(&["one", "two"]);
    assert_eq!(history.older("half ty"), Some("two"));
    assert_eq!(history.older("two"), Some("one"));
    assert_eq!(history.older("one"), None);
    assert_eq!(history.newer().as_deref(), Some("two"));
    assert_eq!(history.newer().as_deref(), Some("half ty"));
    assert_eq!(history.newer(), None);
}

#[test]
fn an_empty_history_recalls_nothing() {
    let mut history = History::default();
    assert_eq!(history.older("x"), None);
    assert_eq!(history.newer(), None);
}

#[test]
fn blank_and_repeated_lines_are_not_kept() {
    assert_eq!(lines(&with(&["a", "a", " ", "", "b", "a"])), ["a", "b", "a"]);
}

#[test]
fn the_size_is_kept_and_0_keeps_nothing() {
    let mut history = History::new(2);
    for line in ["a", "b", "c"] {
        history.push(line);
    }
    assert_eq!(lines(&history), ["b", "c"]);
    let mut none = History::new(0);
    none.push("a");
    assert_eq!(none.lines().len(), 0);
}

#[test]
fn search_finds_older_and_newer_matches() {
    let mut history = with(&["ping 1", "status", "Ping 2", "help"]);
    history.search("dra");
    assert_eq!(history.found(), Some(Found { query: "", line: Some("dra") }));
    history.search_for("ping");
    assert_eq!(history.found().and_then(|found| found.line), Some("Ping 2"));
    assert!(history.search_older());
    assert_eq!(history.found().and_then(|found| found.line), Some("ping 1"));
    assert!(!history.search_older());
    assert!(history.search_newer());
    assert!(!history.search_newer());
    assert_eq!(history.accept().as_deref(), Some("Ping 2"));
    assert_eq!(history.found(), None);
}

#[test]
fn a_search_narrows_from_the_match_shown() {
    let mut history = with(&["ping 12", "ping 1", "pong"]);
    history.search("");
    history.search_for("p");
    assert_eq!(history.found().and_then(|found| found.line), Some("pong"));
    history.search_for("ping 1");
    assert_eq!(history.found().and_then(|found| found.line), Some("ping 1"));
    history.search_for("ping 12");
    assert_eq!(history.found().and_then(|found| found.line), Some("ping 12"));
    history.search_for("ping 123");
    assert_eq!(history.found(), Some(Found { query: "ping 123", line: None }));
    assert_eq!(history.accept(), None);
    assert!(history.found().is_some(), "the search goes on");
}

#[test]
fn a_cancelled_search_returns_the_draft() {
    let mut history = with(&["one"]);
    history.search("half");
    history.search_for("o");
    assert_eq!(history.cancel().as_deref(), Some("half"));
    assert_eq!(history.cancel(), None);
}

#[test]
fn lines_come_back_in_the_next_run() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("deep/er/history");
    let mut history = History::load(&path, 10).unwrap();
    history.push("one");
    history.push("zwei 世界");
    history.save().unwrap();
    assert_eq!(lines(&History::load(&path, 10).unwrap()), ["one", "zwei 世界"]);
    assert_eq!(lines(&History::load(&path, 1).unwrap()), ["zwei 世界"]);
}

#[test]
fn two_programs_keep_each_others_lines() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("history");
    let mut first = History::load(&path, 4).unwrap();
    let mut second = History::load(&path, 4).unwrap();
    first.push("first 1");
    second.push("second 1");
    first.save().unwrap();
    second.save().unwrap();
    first.push("first 2");
    first.save().unwrap();
    assert_eq!(lines(&first), ["first 1", "second 1", "first 2"], "a save brings what the other added");
    second.push("second 2");
    second.push("second 3");
    second.save().unwrap();
    let loaded = History::load(&path, 10).unwrap();
    assert_eq!(lines(&loaded), ["second 1", "first 2", "second 2", "second 3"], "cut to size");
}

#[test]
fn many_writers_lose_nothing() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("history");
    std::thread::scope(|scope| {
        for writer in 0..4 {
            let path = &path;
            scope.spawn(move || {
                let mut history = History::load(path, 1_000).unwrap();
                for number in 0..10 {
                    history.push(&format!("{writer} {number}"));
                    history.save().unwrap();
                }
            });
        }
    });
    let loaded = History::load(&path, 1_000).unwrap();
    let mut found = lines(&loaded);
    found.sort_unstable();
    found.dedup();
    assert_eq!(found.len(), 40);
}

#[test]
fn a_bad_file_gives_what_is_good_in_it() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("history");
    let mut bytes = b"good\n\xff\xfe\n\n   \r\nesc\x1b[2J\n".to_vec();
    bytes.extend(std::iter::repeat_n(b'x', MAX_LINE_BYTES + 1));
    bytes.extend(b"\n\0\nlast without end");
    fs::write(&path, bytes).unwrap();
    let history = History::load(&path, 10).unwrap();
    assert_eq!(lines(&history), ["good", "esc\u{FFFD}[2J", "\u{FFFD}", "last without end"]);
}

#[test]
fn of_a_huge_file_the_end_is_read() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("history");
    let mut text = "0123456789abcde\n".repeat(400_000);
    text.push_str("newest\n");
    fs::write(&path, text).unwrap();
    let history = History::load(&path, 3).unwrap();
    assert_eq!(lines(&history), ["0123456789abcde", "newest"], "and repeated lines are one");
}

#[test]
fn what_cannot_be_read_is_an_error_and_stays_as_it_is() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("history");
    fs::create_dir(&path).unwrap();
    assert!(History::load(&path, 10).is_err());
}

#[test]
fn a_save_that_fails_leaves_the_file_and_keeps_the_lines() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("history");
    let mut history = History::load(&path, 10).unwrap();
    history.push("old");
    history.save().unwrap();
    history.push("new");
    // A folder where the new file would be written: works against any user, root included.
    let blocker = folder.path().join("history.new");
    fs::create_dir(&blocker).unwrap();
    assert!(history.save().is_err());
    assert_eq!(fs::read_to_string(&path).unwrap(), "old\n");
    fs::remove_dir(&blocker).unwrap();
    history.save().unwrap();
    assert_eq!(fs::read_to_string(&path).unwrap(), "old\nnew\n");
}

#[test]
fn a_lock_that_stays_held_is_an_error() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("history");
    let lock = fs::File::create(folder.path().join("history.lock")).unwrap();
    lock.lock().unwrap();
    let mut history = History::load(&path, 10).unwrap();
    history.push("x");
    assert_eq!(history.save().unwrap_err().kind(), io::ErrorKind::TimedOut);
    drop(lock);
    history.save().unwrap();
}

#[test]
fn nothing_new_writes_nothing() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("history");
    History::load(&path, 10).unwrap().save().unwrap();
    let mut none = History::load(&path, 0).unwrap();
    none.push("x");
    none.save().unwrap();
    assert!(!path.exists());
}

#[cfg(unix)]
#[test]
fn the_file_is_its_owners_alone_and_a_link_stays_one() {
    use std::os::unix::fs::{PermissionsExt, symlink};

    let folder = tempdir().unwrap();
    let real = folder.path().join("real");
    let link = folder.path().join("link");
    fs::write(&real, "old\n").unwrap();
    symlink(&real, &link).unwrap();
    let mut history = History::load(&link, 10).unwrap();
    history.push("new");
    history.save().unwrap();
    assert_eq!(fs::read_to_string(&real).unwrap(), "old\nnew\n");
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert_eq!(fs::metadata(&real).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn the_state_folder_is_the_programs_own() {
    if let Some(folder) = state_dir("some-program") {
        assert!(folder.to_string_lossy().contains("some-program"), "{}", folder.display());
        assert!(folder.is_absolute());
    }
}

#[cfg(unix)]
#[test]
fn what_is_no_regular_file_is_refused_and_stays_what_it_is() {
    let folder = tempdir().unwrap();
    // A socket stands for devices and pipes: it can be made without help, and is no regular file either.
    let path = folder.path().join("history");
    let _socket = std::os::unix::net::UnixListener::bind(&path).unwrap();
    let error = History::load(&path, 10).unwrap_err();
    assert!(error.to_string().contains("is no regular file"), "{error}");
    let folder_error = History::load(folder.path(), 10).unwrap_err();
    assert!(folder_error.to_string().contains("is a directory"), "{folder_error}");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing was made beside it");
}

#[cfg(unix)]
#[test]
fn device_that_takes_the_files_place_later_is_not_replaced() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("history");
    let mut history = History::load(&path, 10).unwrap();
    history.push("ping");
    let _socket = std::os::unix::net::UnixListener::bind(&path).unwrap();
    assert!(history.save().unwrap_err().to_string().contains("is no regular file"));
    assert!(!fs::metadata(&path).unwrap().is_file());
}
