//! From a configuration to commented TOML, and from the table of settings to its reference

use std::fmt::Write as _;
use std::path::{Path, absolute};

use super::error::cleaned;
use super::setting::{self, Kind, Setting, TABLES, seconds_text};
use super::{Ascii, Config, Source};

/// Widest comment, in characters
const WIDTH: usize = 96;

pub(super) fn to_toml(config: &Config) -> String {
    let mut config = config.clone();
    let mut defaults = Config::default();
    let mut out = String::from("# Configuration of slp; read it with --config FILE.\n");
    for (table, about) in TABLES {
        out.push('\n');
        push_comment(&mut out, about);
        push_line(&mut out, &format!("[{table}]"));
        for setting in setting::in_table(table) {
            out.push('\n');
            push_comment(&mut out, setting.doc);
            push_comment(&mut out, &facts(setting, &mut defaults, &config));
            match value(&setting.kind, &mut config) {
                Some(value) => push_line(&mut out, &format!("{} = {value}", setting.key)),
                None => push_line(&mut out, &format!("# {} = {}", setting.key, setting.kind.example())),
            }
        }
    }
    out
}

/// Reference of all settings, as Markdown
///
/// `docs/config.md` holds exactly this text.
#[must_use]
pub fn reference() -> String {
    let mut defaults = Config::default();
    let mut out = String::from(
        "# Configuration\n\
         \n\
         `slp server` and `slp client` read the TOML file that `--config FILE` names; no other file is looked for.\n\
         Options of the command line go over the file, and the file over the defaults. `--print-config` prints the\n\
         settings in force with their meaning, as a file that loads again to the same.\n\
         \n\
         Times are numbers of seconds, whole or not: `5`, `0.5`. A wrong key or value is refused, in one line with its\n\
         place in the file and what was expected, and the exit status is 2:\n\
         \n\
         ```text\n\
         slp.toml:2:15: server.max_clients: expected a whole number from 1 to 1000000, found \"ten\"\n\
         ```\n\
         \n\
         This page is made from the table in `std-app/src/config/setting.rs`; `SLP_WRITE_DOCS=1 cargo test -p std-app\n\
         --test config` writes it anew.\n",
    );
    for (table, about) in TABLES {
        let _ = write!(
            out,
            "\n## `[{table}]`\n\n{about}\n\n| key | value | default | option | meaning |\n| --- | --- | --- | --- | --- |\n"
        );
        for setting in setting::in_table(table) {
            let default = value(&setting.kind, &mut defaults);
            let _ = writeln!(
                out,
                "| `{}` | {} | {} | {} | {} |",
                setting.key,
                cell(&setting.kind.expected()),
                default.map_or_else(|| "none".to_owned(), |value| format!("`{value}`")),
                setting.option.map_or_else(String::new, |option| format!("`{option}`")),
                cell(setting.doc),
            );
        }
    }
    out
}

/// Text within a Markdown table, where `[x]` and `_x_` would be markup
fn cell(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if matches!(c, '|' | '[' | ']' | '_' | '*' | '\\' | '<') {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

/// Range, default, option and origin of a setting
fn facts(setting: &Setting, defaults: &mut Config, config: &Config) -> String {
    let mut facts = setting.kind.expected();
    if let Some(first) = facts.get(..1).map(str::to_uppercase) {
        facts.replace_range(..1, &first);
    }
    let default = value(&setting.kind, defaults).unwrap_or_else(|| "none".to_owned());
    let _ = write!(facts, ". Default: {default}.");
    if let Some(option) = setting.option {
        let _ = write!(facts, " Option: {option}.");
    }
    match config.sources.set.get(&setting.name()) {
        Some(Source::Option(option)) => {
            let _ = write!(facts, " Set here by {option}.");
        }
        Some(Source::File(position)) => {
            let file = config.sources.file.as_deref().unwrap_or(Path::new(""));
            let file = cleaned(&file.to_string_lossy());
            let _ = write!(facts, " Set here by {file}:{}.", position.line);
        }
        None => {}
    }
    facts
}

/// A value as TOML; `None` when there is none, or none that TOML can hold
fn value(kind: &Kind, config: &mut Config) -> Option<String> {
    Some(match kind {
        Kind::Socket(place) => text(&place(config).to_string()),
        Kind::NameServer(place) => text(&(*place(config))?.to_string()),
        Kind::Target(place) => text(&place(config).to_string()),
        Kind::Whole(_, place) => place(config).to_string(),
        Kind::Signed(place) => place(config).to_string(),
        Kind::Text(_, place) => text(place(config)),
        Kind::Flag(place) => place(config).to_string(),
        Kind::Ascii(place) => match place(config) {
            Ascii::Auto => text("auto"),
            Ascii::Always => true.to_string(),
            Ascii::Never => false.to_string(),
        },
        Kind::Seconds(place) => seconds_text(*place(config)),
        Kind::Path(place) => path(place(config).as_deref()?)?,
        Kind::Favicon(place) => path(place(config).as_ref()?.path())?,
        Kind::Sample(place) => {
            let players: Vec<String> = place(config)
                .iter()
                .map(|player| format!("{{ name = {}, id = {} }}", text(&player.name), text(&player.id)))
                .collect();
            format!("[{}]", players.join(", "))
        }
    })
}

/// A path, absolute; `None` when it is not UTF-8
fn path(path: &Path) -> Option<String> {
    let whole = absolute(path).ok()?;
    Some(text(whole.to_str()?))
}

/// A text as a TOML basic string
fn text(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            // Bidi controls and the like may stand in TOML as they are, but not on a terminal.
            c if cleaned(c.encode_utf8(&mut [0; 4])).starts_with('\\') => {
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

fn push_line(out: &mut String, line: &str) {
    out.push_str(line);
    out.push('\n');
}

/// Appends `text` as comment lines of at most [`WIDTH`] characters, where words allow it
fn push_comment(out: &mut String, text: &str) {
    let mut width = 0;
    for word in text.split_whitespace() {
        let len = word.chars().count();
        if width > 0 && width + 1 + len > WIDTH {
            out.push('\n');
            width = 0;
        }
        if width == 0 {
            out.push('#');
            width = 1;
        }
        out.push(' ');
        out.push_str(word);
        width += 1 + len;
    }
    out.push('\n');
}
