//! Links of the documents: each relative one leads to a file, and to a heading where it names one
//!
//! Links to other hosts are not followed: a check must not depend on who is up today.

use std::fs;
use std::path::Path;

use super::{Text, has_ending};

/// Every link of `file` that leads nowhere
pub(super) fn broken(file: &Text) -> Vec<String> {
    if !file.ends_with("md") {
        return Vec::new();
    }
    let folder = file.path.parent().unwrap_or(Path::new(""));
    let mut found = Vec::new();
    for (number, target) in targets(&file.content) {
        if is_foreign(&target) {
            continue;
        }
        let (path, heading) = target.split_once('#').unwrap_or((&target, ""));
        let path = path.replace("%20", " ");
        let full = if path.is_empty() { file.path.clone() } else { folder.join(&path) };
        if !full.exists() {
            found.push(format!("{}:{number}: the link to {target} leads to no file", file.name));
        } else if !heading.is_empty() && has_ending(&full, "md") {
            let text = fs::read_to_string(&full).unwrap_or_default();
            if !headings(&text).iter().any(|known| known == heading) {
                found.push(format!("{}:{number}: the link to {target} leads to no heading", file.name));
            }
        }
    }
    found
}

/// With a scheme, or a path of Rust's, which rustdoc checks
fn is_foreign(target: &str) -> bool {
    target.contains("::")
        || target.starts_with("//")
        || target.split(['/', '#']).next().is_some_and(|head| head.contains(':'))
}

/// The lines of a document that are no code, numbered from 1
fn prose(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut fence: Option<&str> = None;
    (1..).zip(text.lines()).filter(move |(_, line)| {
        let start = line.trim_start();
        if let Some(mark) = fence {
            if start.starts_with(mark) {
                fence = None;
            }
            false
        } else {
            fence = ["```", "~~~"].into_iter().find(|mark| start.starts_with(mark));
            fence.is_none()
        }
    })
}

/// What every link of the document leads to, with its line: `](target)`, `](<target> "title")` and `[name]: target`
fn targets(text: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for (number, line) in prose(text) {
        let line = without_code(line);
        let inline = line.split("](").skip(1);
        let reference =
            line.trim_start().starts_with('[').then(|| line.split_once("]:").map(|(_, rest)| rest)).flatten();
        for rest in inline.chain(reference) {
            let rest = rest.trim_start();
            let target = match rest.strip_prefix('<') {
                Some(quoted) => quoted.split('>').next(),
                None => rest.split([')', ' ', '\t']).next(),
            };
            found.extend(target.filter(|target| !target.is_empty()).map(|target| (number, target.to_owned())));
        }
    }
    found
}

/// The line with its code spans emptied
fn without_code(line: &str) -> String {
    line.split('`')
        .enumerate()
        .map(|(index, part)| if index % 2 == 0 { part } else { "" })
        .collect::<Vec<_>>()
        .join("`")
}

/// The names under which the headings of a document are linked to
fn headings(text: &str) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for (_, line) in prose(text) {
        let title = line.trim_start_matches('#');
        if title.len() == line.len() || !title.starts_with(' ') {
            continue;
        }
        let plain: String =
            title.trim().to_lowercase().chars().filter(|c| c.is_alphanumeric() || " -_".contains(*c)).collect();
        let name = plain.replace(' ', "-");
        let same = names.iter().filter(|known| **known == name).count();
        names.push(if same == 0 { name } else { format!("{name}-{same}") });
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_found_outside_of_code_only() {
        let text =
            "[a](one.md) and ![b](<two three.png> \"title\")\n`[c](no.md)`\n```\n[d](no.md)\n```\n[e]: four.md#x\n";
        let found: Vec<_> = targets(text);
        let wanted = [(1, "one.md"), (1, "two three.png"), (6, "four.md#x")];
        assert_eq!(found, wanted.map(|(line, target)| (line, target.to_owned())));
    }

    #[test]
    fn foreign_links_are_left_alone() {
        for target in ["https://example.org/a", "mailto:a@example.org", "crate::wire", "//example.org/a"] {
            assert!(is_foreign(target), "{target}");
        }
        for target in ["docs/a.md", "#part", "../b.md#c"] {
            assert!(!is_foreign(target), "{target}");
        }
    }

    #[test]
    fn headings_get_the_names_that_links_use() {
        assert_eq!(
            headings("# The wire, decided\n## 3. Two `machines`\n```\n# no\n```\n#no\n## 3. Two `machines`\n"),
            ["the-wire-decided", "3-two-machines", "3-two-machines-1"]
        );
    }
}
