//! From TOML to a configuration
//!
//! The file is walked key by key against the table of settings instead of being handed to a deserializer, so that every
//! fault has a place, names the setting in full and says what was expected.

use std::fs::File;
use std::io::{ErrorKind, Read};
use std::ops::Range;
use std::path::{Path, PathBuf};

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::error::{ConfigError, Position, cleaned};
use super::setting::{self, Kind, SETTINGS, Setting, TABLES};
use super::{Ascii, Config, Favicon, MAX_FILE_BYTES, SamplePlayer, Source};
use crate::cli::target::quoted;

/// Longest piece of the file that an error repeats, in characters
const MAX_FOUND_CHARS: usize = 60;

/// Longest name in the sample, in UTF-16 units
const MAX_NAME_UNITS: usize = 256;

const NIL_UUID: &str = "00000000-0000-0000-0000-000000000000";

pub(super) fn load(path: &Path) -> Result<Config, ConfigError> {
    let wrong = |message: String| ConfigError::of_file(path, message);
    if path.is_dir() {
        return Err(wrong("is a directory, expected a TOML file".to_owned()));
    }
    let mut bytes = Vec::new();
    let limit = u64::try_from(MAX_FILE_BYTES).unwrap_or(u64::MAX);
    File::open(path).and_then(|file| file.take(limit.saturating_add(1)).read_to_end(&mut bytes)).map_err(|error| {
        match error.kind() {
            ErrorKind::NotFound => wrong("no such file".to_owned()),
            kind => wrong(format!("cannot be read: {kind}")),
        }
    })?;
    if bytes.len() > MAX_FILE_BYTES {
        return Err(wrong(format!("is over {MAX_FILE_BYTES} bytes, the most for a configuration")));
    }
    match String::from_utf8(bytes) {
        Ok(text) => parse(&text, path),
        Err(error) => {
            let valid = error.utf8_error().valid_up_to();
            let before = String::from_utf8_lossy(error.as_bytes().get(..valid).unwrap_or_default());
            Err(ConfigError {
                position: Some(Position::of(&before, valid)),
                ..wrong(format!("is not UTF-8 (byte {valid})"))
            })
        }
    }
}

pub(super) fn parse(text: &str, file: &Path) -> Result<Config, ConfigError> {
    let document = DeTable::parse(text).map_err(|error| ConfigError {
        position: error.span().map(|span| Position::of(text, span.start)),
        ..ConfigError::of_file(file, one_line(error.message()))
    })?;
    let mut reader =
        Reader { text, folder: file.parent().unwrap_or(Path::new("")), config: Config::default(), faults: Vec::new() };
    reader.config.sources.file = Some(file.to_owned());
    reader.root(document.get_ref());
    let Reader { config, faults, .. } = reader;
    match faults.into_iter().min_by_key(|fault| fault.at) {
        None => {
            config.check()?;
            Ok(config)
        }
        Some(fault) => Err(ConfigError {
            file: Some(file.to_owned()),
            position: Some(Position::of(text, fault.at)),
            subject: fault.subject,
            message: fault.message,
        }),
    }
}

/// A fault at a byte of the file
struct Fault {
    at: usize,
    subject: Option<String>,
    message: String,
}

struct Reader<'t> {
    text: &'t str,
    /// Folder of the file
    folder: &'t Path,
    config: Config,
    faults: Vec<Fault>,
}

type Value<'t> = Spanned<DeValue<'t>>;

impl Reader<'_> {
    fn root(&mut self, root: &DeTable<'_>) {
        for (key, value) in root {
            let name = key.get_ref().as_ref();
            let known = TABLES.iter().find(|(table, _)| *table == name);
            match (known, value.get_ref()) {
                (Some((table, _)), DeValue::Table(settings)) => self.table(table, settings),
                (Some((table, _)), _) => {
                    let found = self.found(value.span());
                    self.fault(
                        value.span(),
                        Some((*table).to_owned()),
                        format!("expected a table [{table}], found {found}"),
                    );
                }
                (None, value) => {
                    let message = unknown_at_root(name, matches!(value, DeValue::Table(_)));
                    self.fault(key.span(), None, message);
                }
            }
        }
    }

    fn table(&mut self, table: &'static str, settings: &DeTable<'_>) {
        for (key, value) in settings {
            let name = key.get_ref().as_ref();
            match setting::in_table(table).find(|setting| setting.key == name) {
                Some(setting) => {
                    let position = Position::of(self.text, value.span().start);
                    let full = setting.name();
                    self.config.sources.set.insert(full, Source::File(position));
                    self.value(setting, value);
                }
                None => self.fault(key.span(), Some(table.to_owned()), unknown_in_table(table, name)),
            }
        }
    }

    /// Puts the value of `setting` in its place, or notes the fault
    fn value(&mut self, setting: &Setting, value: &Value<'_>) {
        let kept = match (&setting.kind, value.get_ref()) {
            (Kind::Socket(place), DeValue::String(text)) => keep(&mut self.config, *place, text.parse().ok()),
            (Kind::NameServer(place), DeValue::String(text)) => {
                let address: Option<std::net::SocketAddr> = text.parse().ok();
                let usable = address.filter(|address| address.port() != 0);
                keep(&mut self.config, *place, usable.map(Some))
            }
            (Kind::Target(place), DeValue::String(text)) => match text.parse() {
                Ok(address) => keep(&mut self.config, *place, Some(address)),
                Err(error) => {
                    self.fault(value.span(), Some(setting.name()), error.to_string());
                    true
                }
            },
            (Kind::Whole(range, place), value) => {
                let number = integer(value)
                    .and_then(|number| u32::try_from(number).ok())
                    .filter(|number| range.contains(number));
                keep(&mut self.config, *place, number)
            }
            (Kind::Signed(place), value) => {
                let number = integer(value).and_then(|number| i32::try_from(number).ok());
                keep(&mut self.config, *place, number)
            }
            (Kind::Text(most, place), DeValue::String(text)) => match setting::text_within(text, *most) {
                Ok(text) => keep(&mut self.config, *place, Some(text)),
                Err(message) => {
                    self.fault(value.span(), Some(setting.name()), message);
                    true
                }
            },
            (Kind::Flag(place), value) => keep(&mut self.config, *place, value.as_bool()),
            (Kind::Ascii(place), value) => keep(&mut self.config, *place, ascii(value)),
            (Kind::Seconds(place), value) => keep(&mut self.config, *place, number(value).and_then(setting::seconds)),
            (Kind::Path(place), DeValue::String(text)) => {
                let path = self.path(text);
                keep(&mut self.config, *place, path.map(Some))
            }
            (Kind::Favicon(place), DeValue::String(text)) => match self.favicon(text) {
                Ok(favicon) => keep(&mut self.config, *place, favicon.map(Some)),
                Err(message) => {
                    self.fault(value.span(), Some(setting.name()), message);
                    true
                }
            },
            (Kind::Sample(place), DeValue::Array(entries)) => {
                let players = entries
                    .iter()
                    .enumerate()
                    .filter_map(|(n, entry)| self.player(&format!("{}[{}]", setting.name(), n + 1), entry))
                    .collect();
                keep(&mut self.config, *place, Some(players))
            }
            _ => false,
        };
        if !kept {
            self.unexpected(setting.name(), value, &setting.kind.expected());
        }
    }

    fn player(&mut self, at: &str, entry: &Value<'_>) -> Option<SamplePlayer> {
        let DeValue::Table(fields) = entry.get_ref() else {
            self.unexpected(at.to_owned(), entry, "a table such as { name = \"Alex\" }");
            return None;
        };
        let mut name = None;
        let mut id = NIL_UUID.to_owned();
        for (key, value) in fields {
            match (key.get_ref().as_ref(), value.get_ref()) {
                ("name", DeValue::String(text)) => match setting::text_within(text, MAX_NAME_UNITS) {
                    Ok(text) => name = Some(text),
                    Err(message) => {
                        self.fault(value.span(), Some(format!("{at}.name")), message);
                        return None;
                    }
                },
                ("id", DeValue::String(text)) if is_uuid(text) => id = text.to_ascii_lowercase(),
                ("name", _) => {
                    self.unexpected(format!("{at}.name"), value, "a text in quotes");
                    return None;
                }
                ("id", _) => {
                    let expected = format!("a UUID such as \"{NIL_UUID}\"");
                    self.unexpected(format!("{at}.id"), value, &expected);
                    return None;
                }
                (other, _) => {
                    let message = match nearest(other, ["name", "id"]) {
                        Some(near) => {
                            format!("unknown key {}, did you mean \"{near}\"?", quoted(other))
                        }
                        None => format!("unknown key {}, expected name and id", quoted(other)),
                    };
                    self.fault(key.span(), Some(at.to_owned()), message);
                    return None;
                }
            }
        }
        if name.is_none() {
            self.fault(entry.span(), Some(at.to_owned()), "the name is missing".to_owned());
        }
        name.map(|name| SamplePlayer { name, id })
    }

    /// Loads the icon; `None` when the text is no path
    fn favicon(&self, text: &str) -> Result<Option<Favicon>, String> {
        let Some(path) = self.path(text) else {
            return Ok(None);
        };
        Favicon::load(&path).map(Some).map_err(|error| format!("{} {error}", quoted(&path.to_string_lossy())))
    }

    /// A path, relative ones from the folder of the file
    fn path(&self, text: &str) -> Option<PathBuf> {
        (!text.is_empty() && !text.contains('\0')).then(|| self.folder.join(text))
    }

    fn unexpected(&mut self, subject: String, value: &Value<'_>, expected: &str) {
        let found = self.found(value.span());
        self.fault(value.span(), Some(subject), format!("expected {expected}, found {found}"));
    }

    fn fault(&mut self, span: Range<usize>, subject: Option<String>, message: String) {
        self.faults.push(Fault { at: span.start, subject, message });
    }

    /// What stands in the file, on one line and cut
    fn found(&self, span: Range<usize>) -> String {
        let written = self.text.get(span).unwrap_or_default();
        let line = written.lines().next().unwrap_or_default();
        let mut found: String = line.chars().take(MAX_FOUND_CHARS).collect();
        if found.len() < written.len() {
            found.push('…');
        }
        cleaned(&found)
    }
}

/// Puts a value in its place; whether there was one
fn keep<T>(config: &mut Config, place: fn(&mut Config) -> &mut T, value: Option<T>) -> bool {
    value.map(|value| *place(config) = value).is_some()
}

fn integer(value: &DeValue<'_>) -> Option<i64> {
    let integer = value.as_integer()?;
    i64::from_str_radix(integer.as_str(), integer.radix()).ok()
}

fn number(value: &DeValue<'_>) -> Option<f64> {
    match value {
        DeValue::Float(float) => float.as_str().parse().ok(),
        // Beyond the range either way, where a cast would round.
        value => integer(value).and_then(|number| u32::try_from(number).ok()).map(f64::from),
    }
}

fn ascii(value: &DeValue<'_>) -> Option<Ascii> {
    match value {
        DeValue::Boolean(true) => Some(Ascii::Always),
        DeValue::Boolean(false) => Some(Ascii::Never),
        DeValue::String(text) if text == "auto" => Some(Ascii::Auto),
        _ => None,
    }
}

/// Whether a text is a UUID in its hyphenated form
fn is_uuid(text: &str) -> bool {
    text.len() == NIL_UUID.len()
        && text.bytes().zip(NIL_UUID.bytes()).all(|(byte, shape)| match shape {
            b'-' => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

fn unknown_at_root(name: &str, is_table: bool) -> String {
    let tables = TABLES.map(|(table, _)| table);
    let found = if is_table {
        format!("unknown table [{}]", cleaned(&name.chars().take(MAX_FOUND_CHARS).collect::<String>()))
    } else {
        format!("unknown key {}", quoted(name))
    };
    let homes: Vec<String> =
        SETTINGS.iter().filter(|setting| setting.key == name).map(|setting| format!("[{}]", setting.table)).collect();
    if !is_table && !homes.is_empty() {
        return format!("{} stands outside of its table, expected it below {}", quoted(name), homes.join(" or "));
    }
    match nearest(name, tables) {
        Some(near) => format!("{found}, did you mean [{near}]?"),
        None => format!("{found}, expected the tables [{}]", tables.join("], [")),
    }
}

fn unknown_in_table(table: &str, name: &str) -> String {
    let found = format!("unknown key {}", quoted(name));
    if let Some(home) = SETTINGS.iter().find(|setting| setting.key == name) {
        return format!("{found}, it belongs in [{}]", home.table);
    }
    let keys = || setting::in_table(table).map(|setting| setting.key);
    match nearest(name, keys()) {
        Some(near) => format!("{found}, did you mean \"{near}\"?"),
        None => format!("{found}, expected one of {}", keys().collect::<Vec<_>>().join(", ")),
    }
}

/// The candidate that `name` is most likely a slip for
///
/// Case and the kind of hyphen do not count; a third of the letters may be wrong.
fn nearest(name: &str, candidates: impl IntoIterator<Item = &'static str>) -> Option<&'static str> {
    let name: String =
        name.chars().take(MAX_FOUND_CHARS).map(|c| if c == '-' { '_' } else { c.to_ascii_lowercase() }).collect();
    candidates
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(&name, candidate), candidate))
        .filter(|(distance, candidate)| *distance <= candidate.len().div_ceil(3))
        .min()
        .map(|(_, candidate)| candidate)
}

/// The parser's message on one line
fn one_line(message: &str) -> String {
    cleaned(&message.split_whitespace().collect::<Vec<_>>().join(" "))
}
