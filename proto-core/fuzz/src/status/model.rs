//! What a status document says, found in the whole tree (PROTOCOL.md §4)
//!
//! Texts are shown by [`plain`]. Where the format leaves a choice it is made as [`Picker`](proto_core::status::Picker) says. It knows no capacity.

use std::collections::BTreeSet;

use super::tree::{Node, whole};
use crate::shown::plain;
use proto_core::status::Field;

/// What a document says
#[derive(Clone, Debug, Default)]
pub struct Model {
    /// `version.name`
    pub version_name: Option<String>,
    /// `version.protocol`
    pub protocol: Option<i64>,
    /// `players.max`
    pub max: Option<i64>,
    /// `players.online`
    pub online: Option<i64>,
    /// `players.sample`, with the elements that have no name
    pub sample: Option<Vec<Option<String>>>,
    /// `description`
    pub description: Option<String>,
    /// Bytes that the Base64 of `favicon` stands for
    pub favicon_bytes: Option<u32>,
    /// What is of another type than it should be
    pub malformed: BTreeSet<Malformed>,
    has_players: bool,
}

/// A [`Field`], in the order of the document
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Malformed(Field);

impl Malformed {
    /// The field's name
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.0.name()
    }
}

impl Ord for Malformed {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.0 as u8).cmp(&(other.0 as u8))
    }
}

impl PartialOrd for Malformed {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Model {
    /// Finds it
    ///
    /// # Panics
    /// Where the document is no object.
    #[must_use]
    pub fn of(document: &Node) -> Self {
        let Node::Object(members) = document else { panic!("no object") };
        let mut model = Self::default();
        for (key, value) in members {
            match (key.as_str(), value) {
                ("version", Node::Object(members)) => model.version(members),
                ("version", _) => model.malformed(Field::Version),
                ("players", Node::Object(members)) => {
                    model.has_players = true;
                    model.counts(members, true);
                }
                ("players", _) => model.malformed(Field::Players),
                ("clients", Node::Object(_)) if model.has_players => {}
                ("clients", Node::Object(members)) => model.counts(members, false),
                ("clients", _) => model.malformed(Field::Clients),
                ("description", Node::String(_) | Node::Array(_) | Node::Object(_)) => {
                    model.well_formed([Field::Description]);
                    let description = model.component(value);
                    model.description = Some(description);
                }
                ("description", _) => model.malformed(Field::Description),
                ("favicon", Node::String(uri)) => match favicon(uri) {
                    Some(bytes) => model.favicon_bytes = Some(bytes),
                    None => model.malformed(Field::Favicon),
                },
                ("favicon", _) => model.malformed(Field::Favicon),
                _ => {}
            }
        }
        model
    }

    /// Elements of the sample
    #[must_use]
    pub fn listed(&self) -> Option<u32> {
        self.sample.as_ref().map(|sample| u32::try_from(sample.len()).expect("a short document"))
    }

    /// The names of the sample, a line each
    #[must_use]
    pub fn names(&self) -> String {
        self.sample.iter().flatten().flatten().flat_map(|name| [name.as_str(), "\n"]).collect()
    }

    fn malformed(&mut self, field: Field) {
        self.malformed.insert(Malformed(field));
    }

    /// What is said of these again counts from here
    fn well_formed<const N: usize>(&mut self, fields: [Field; N]) {
        for field in fields {
            self.malformed.remove(&Malformed(field));
        }
    }

    fn version(&mut self, members: &[(String, Node)]) {
        (self.version_name, self.protocol) = (None, None);
        self.well_formed([Field::VersionName, Field::Protocol]);
        for (key, value) in members {
            match (key.as_str(), value) {
                ("name", Node::String(name)) => self.version_name = Some(plain(name)),
                ("name", _) => self.malformed(Field::VersionName),
                ("protocol", Node::Number(number)) => self.protocol = self.number(Field::Protocol, number),
                ("protocol", _) => self.malformed(Field::Protocol),
                _ => {}
            }
        }
    }

    fn counts(&mut self, members: &[(String, Node)], with_sample: bool) {
        (self.max, self.online, self.sample) = (None, None, None);
        self.well_formed([Field::Max, Field::Online, Field::Sample]);
        for (key, value) in members {
            match (key.as_str(), value) {
                ("max", Node::Number(number)) => self.max = self.number(Field::Max, number),
                ("max", _) => self.malformed(Field::Max),
                ("online", Node::Number(number)) => self.online = self.number(Field::Online, number),
                ("online", _) => self.malformed(Field::Online),
                ("sample", Node::Array(elements)) if with_sample => {
                    self.well_formed([Field::Sample]);
                    self.sample = Some(elements.iter().map(|element| self.sample_name(element)).collect());
                }
                ("sample", _) if with_sample => self.malformed(Field::Sample),
                _ => {}
            }
        }
    }

    /// What is beyond 64 bits is unknown
    fn number(&mut self, field: Field, text: &str) -> Option<i64> {
        let (value, exact) = whole(text);
        if !exact {
            self.malformed(field);
        }
        (exact || !matches!(value, i64::MIN | i64::MAX)).then_some(value)
    }

    fn sample_name(&mut self, element: &Node) -> Option<String> {
        let Node::Object(members) = element else {
            self.malformed(Field::Sample);
            return None;
        };
        let mut last = None;
        for (key, value) in members {
            match (key.as_str(), value) {
                ("name", Node::String(name)) => last = Some(plain(name)),
                ("name", _) => self.malformed(Field::Sample),
                _ => {}
            }
        }
        last
    }

    /// A component's own text, then what it contains
    fn component(&mut self, node: &Node) -> String {
        match node {
            Node::String(text) => plain(text),
            Node::Array(elements) => elements.iter().map(|element| self.component(element)).collect(),
            Node::Object(members) => {
                let (mut own, mut contained) = ((0, String::new()), String::new());
                for (key, value) in members {
                    let rank = match key.as_str() {
                        "text" => 3,
                        "fallback" => 2,
                        "translate" => 1,
                        "extra" | "with" => {
                            contained += &self.component(value);
                            continue;
                        }
                        _ => continue,
                    };
                    match value {
                        Node::String(text) if rank >= own.0 => own = (rank, plain(text)),
                        Node::String(_) => {}
                        _ => self.malformed(Field::Description),
                    }
                }
                own.1 + &contained
            }
            Node::Number(_) | Node::Bool(_) | Node::Null => {
                self.malformed(Field::Description);
                String::new()
            }
        }
    }
}

/// Three bytes for four characters of Base64; old servers fold it
fn favicon(uri: &str) -> Option<u32> {
    let base64 = uri.strip_prefix("data:image/png;base64,")?.replace(['\n', '\r'], "");
    let characters = base64.trim_end_matches('=').len();
    u32::try_from(characters * 3 / 4).ok()
}
