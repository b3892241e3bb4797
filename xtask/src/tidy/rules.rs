//! The rules that need no more than one file
//!
//! Words that must not stand in the tree are put together here from two halves, since this file is in the tree too.

use super::Text;

/// How a source file begins; a crate's front page may be its README
const HEADS: &[&str] = &["//!", "#![doc = include_str!("];

/// Limit of a source file
const MOST_LINES: usize = 600;

/// Places on somebody's machine
const PLACES: &[&str] = &[
    concat!("/ho", "me/"),
    concat!("/ro", "ot/"),
    concat!("/t", "mp/"),
    concat!("/wo", "rk/"),
    concat!("/Us", "ers/"),
    concat!(r"C:\Us", r"ers\"),
];

/// Hosts that packages come from: a lock file that names one works only where it is reached
const HOSTS: &[&str] = &[
    concat!("registry.npm", "js.org"),
    concat!("registry.yarn", "pkg.com"),
    concat!("files.python", "hosted.org"),
    concat!("//py", "pi.org"),
    concat!("static.crates", ".io"),
    concat!("index.crates", ".io"),
    concat!("static.rust", "-lang.org"),
    concat!("deb.deb", "ian.org"),
];

/// Notes to oneself
const NOTES: &[&str] = &[concat!("TO", "DO"), concat!("FIX", "ME"), concat!("XX", "X")];

/// Every rule that `file` breaks
pub(super) fn broken(file: &Text) -> Vec<String> {
    let mut found = Vec::new();
    if file.ends_with("rs") {
        source(file, &mut found);
    }
    for (number, line) in (1..).zip(file.content.lines()) {
        let at = |what: String| format!("{}:{number}: {what}", file.name);
        found.extend(places(line).map(|place| at(format!("names the place {place}… on somebody's machine"))));
        found
            .extend(HOSTS.iter().filter(|host| line.contains(**host)).map(|host| at(format!("names the host {host}"))));
        // Hashes in a lock file can spell anything.
        if !file.ends_with("lock") && file.path.file_name().is_none_or(|name| name != "package-lock.json") {
            found.extend(NOTES.iter().filter(|note| has_word(line, note)).map(|note| at(format!("{note} left over"))));
        }
    }
    found
}

fn source(file: &Text, found: &mut Vec<String>) {
    let lines = file.content.lines().count();
    if lines > MOST_LINES {
        found.push(format!("{}: {lines} lines, at most {MOST_LINES} allowed", file.name));
    }
    if file.name == "mod.rs" || file.name.ends_with("/mod.rs") {
        found.push(format!("{}: put it beside its folder, named like it", file.name));
    }
    if !HEADS.iter().any(|head| file.content.starts_with(head)) {
        found.push(format!("{}:1: must begin with a `//!` head that says what it is for", file.name));
    }
    for (number, attribute) in relaxations(&file.content) {
        if !attribute.contains("reason") {
            found.push(format!("{}:{number}: `{attribute}` gives no reason", file.name));
        }
    }
}

/// Each place that stands in `line` as the beginning of a path rather than in the middle of one
fn places(line: &str) -> impl Iterator<Item = &'static str> {
    PLACES.iter().copied().filter(move |place| {
        line.match_indices(place).any(|(at, _)| {
            let before = line.get(..at).and_then(|text| text.chars().next_back());
            !before.is_some_and(|c| c.is_alphanumeric() || "_-./}$*".contains(c))
        })
    })
}

/// Whether `word` stands in `line` with no letter, digit or `_` at either end
fn has_word(line: &str, word: &str) -> bool {
    let inside = |c: char| c.is_alphanumeric() || c == '_';
    line.match_indices(word).any(|(at, _)| {
        let before = line.get(..at).and_then(|text| text.chars().next_back());
        let after = line.get(at + word.len()..).and_then(|text| text.chars().next());
        !before.is_some_and(inside) && !after.is_some_and(inside)
    })
}

/// Every attribute that relaxes a lint, with its line; it may go over several
fn relaxations(text: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for word in [concat!("allow", "("), concat!("expect", "(")] {
        for opening in ["#[", "#!["] {
            for (at, _) in text.match_indices(&format!("{opening}{word}")) {
                let rest = text.get(at..).unwrap_or_default();
                let end = rest.find(")]").map_or(rest.len(), |end| end + 2);
                let attribute = rest.get(..end).unwrap_or(rest).split_whitespace().collect::<Vec<_>>().join(" ");
                let line = text.get(..at).unwrap_or_default().lines().count().max(1);
                found
                    .push((if text.get(..at).is_some_and(|t| t.ends_with('\n')) { line + 1 } else { line }, attribute));
            }
        }
    }
    found
}
