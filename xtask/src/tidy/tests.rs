//! Every rule is broken once on purpose, in a tree made for it

use std::fs;

use super::check;

/// A file that breaks no rule, so that a tree is never empty
const GOOD: (&str, &str) = ("src/lib.rs", "//! Says what it is for\n");

/// The findings in a tree of these files
fn findings(files: &[(&str, &str)]) -> Vec<String> {
    let root = tempfile::tempdir().unwrap();
    for (name, text) in files.iter().chain([&GOOD]) {
        let path = root.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    check(root.path()).unwrap()
}

/// One file, one finding that holds `wanted`
#[track_caller]
fn assert_finds(name: &str, text: &str, wanted: &str) {
    let found = findings(&[(name, text)]);
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].starts_with(name) && found[0].contains(wanted), "{found:?}");
}

#[test]
fn clean_tree_has_no_findings() {
    let page = "# Title\n[the code](src/lib.rs), [here](#title), [out](https://example.org)\n";
    assert_eq!(findings(&[("README.md", page)]), Vec::<String>::new());
}

#[test]
fn this_tree_is_tidy_itself() {
    assert_eq!(check(&crate::workspace::root().join("xtask")).unwrap(), Vec::<String>::new());
}

#[test]
fn empty_tree_is_an_error_rather_than_tidy() {
    let root = tempfile::tempdir().unwrap();
    assert!(check(root.path()).unwrap_err().to_string().contains("no text file"));
}

#[test]
fn long_source_files_are_found() {
    let lines = |count: usize| format!("//! Head\n{}", "\n".repeat(count - 1));
    assert_finds("a.rs", &lines(601), "601 lines, at most 600");
    assert_eq!(findings(&[("a.rs", &lines(600))]), Vec::<String>::new());
}

#[test]
fn module_files_within_their_folder_are_found() {
    assert_finds("a/mod.rs", "//! Head\n", "beside its folder");
    assert_eq!(findings(&[("a/not_mod.rs", "//! Head\n")]), Vec::<String>::new());
}

#[test]
fn source_without_a_head_is_found() {
    assert_finds("a.rs", "fn main() {}\n", "must begin with");
    assert_finds("b.rs", "", "must begin with");
    let front_page = "#![doc = include_str!(\"../README.md\")]\n";
    assert_eq!(findings(&[("c.rs", front_page)]), Vec::<String>::new());
}

#[test]
fn relaxed_lints_without_a_reason_are_found() {
    let bare = concat!("//! Head\n\n#[al", "low(dead_code)]\nfn f() {}\n");
    assert_finds("a.rs", bare, "gives no reason");
    assert!(findings(&[("a.rs", bare)])[0].starts_with("a.rs:3: "));
    assert_finds("a.rs", concat!("//! Head\n#![ex", "pect(\n    dead_code\n)]\n"), "gives no reason");
    let reasoned = concat!("//! Head\n#[ex", "pect(\n    dead_code,\n    reason = \"why\"\n)]\nfn f() {}\n");
    assert_eq!(findings(&[("a.rs", reasoned)]), Vec::<String>::new());
}

#[test]
fn places_on_a_machine_are_found() {
    assert_finds("a.toml", concat!("x = \"/ho", "me/me/x\"\n"), "somebody's machine");
    assert_finds("a.sh", concat!("cd /t", "mp/x\n"), "somebody's machine");
    assert_finds("a.md", concat!(r"in C:\Us", r"ers\me", "\n"), "somebody's machine");
    assert_eq!(findings(&[("a.sh", concat!("cd \"$X/t", "mp/x\" docs/ho", "me/a\n"))]), Vec::<String>::new());
}

#[test]
fn hosts_of_registries_are_found() {
    assert_finds(
        "package-lock.json",
        concat!("{\"resolved\":\"https://registry.npm", "js.org/a\"}\n"),
        "names the host",
    );
}

#[test]
fn notes_left_over_are_found() {
    assert_finds("a.py", concat!("# TO", "DO later\n"), "left over");
    assert_finds("a.rs", concat!("//! Head\n// FIX", "ME(me): it\n"), "left over");
    assert_eq!(findings(&[("a.py", concat!("MASTO", "DON = 1\n"))]), Vec::<String>::new());
}

#[test]
fn links_that_lead_nowhere_are_found() {
    assert_finds("docs/a.md", "[gone](../gone.md)\n", "leads to no file");
    assert_finds("docs/a.md", "# Here\n[part](#there)\n", "leads to no heading");
    assert_eq!(findings(&[("docs/a.md", "# Here\n[part](#here), [code](../src/lib.rs)\n")]), Vec::<String>::new());
}

#[test]
fn what_is_not_ours_is_not_looked_at() {
    let files = [("target/a.rs", "none\n"), ("x/node_modules/b/mod.rs", "none\n")];
    assert_eq!(findings(&files), Vec::<String>::new());
    let root = tempfile::tempdir().unwrap();
    fs::write(root.path().join("good.rs"), "//! Head\n").unwrap();
    fs::write(root.path().join("vector.bin"), [0xff, 0xfe, b'/']).unwrap();
    assert_eq!(check(root.path()).unwrap(), Vec::<String>::new());
}
